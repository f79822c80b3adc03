//! The command `synfire`: parses what was typed and calls the library. Results go to stdout,
//! progress and errors to stderr.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | failed |
//! | 2 | wrong usage: an argument, a configuration or an override |
//! | 130, 143, 129 | ended by SIGINT (Ctrl-C), SIGTERM or SIGHUP; a run's state is saved |
#![forbid(unsafe_code)]

mod accuracy_table;
mod arguments;
mod commands;
mod comparison;
mod experiment;
mod interrupt;
mod options;
mod output;
mod output_file;
mod predictions;
mod progress;
mod recipe_name;
mod run_argument;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = interrupt::listen().and_then(|()| match arguments.command {
        Command::Train(train) => commands::train::run(&train),
        Command::Continual(continual) => commands::continual::run(&continual),
        Command::Evaluate(evaluate) => commands::evaluate::run(&evaluate),
        Command::Simulate(simulate) => commands::simulate::run(&simulate),
        Command::Export(export) => commands::export::run(&export),
        Command::Convert(convert) => commands::convert::run(&convert),
        Command::Import(import) => commands::import::run(&import),
        Command::Plot(plot) => commands::plot::run(&plot),
        Command::Pack(pack) => commands::pack::run(&pack),
        Command::Info(info) => commands::info::run(&info),
        Command::Check(check) => commands::check::run(&check),
        Command::Prune(prune) => commands::prune::run(&prune),
        Command::Data(data) => commands::data::run(&data),
        Command::Bench(bench) => commands::bench::run(&bench),
        Command::Recipes(recipes) => commands::recipes::run(&recipes),
        Command::Completions(completions) => commands::completions::run(&completions),
    });
    match outcome {
        Ok(code) => code,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::report(&error);
            let is_usage = error
                .chain()
                .filter_map(|cause| cause.downcast_ref::<synfire::Error>())
                .any(synfire::Error::is_usage);
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}
