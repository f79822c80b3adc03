//! What can be typed: a file per command.

pub mod bench;
pub mod changes;
pub mod check;
pub mod completions;
pub mod continual;
pub mod convert;
pub mod data;
pub mod evaluate;
pub mod export;
pub mod import;
pub mod info;
pub mod nir_delays;
pub mod pack;
pub mod plot;
pub mod prune;
pub mod recipes;
pub mod run_options;
pub mod simulate;
pub mod split;
pub mod train;
pub mod whole;

use bench::Bench;
use check::Check;
use clap::{Parser, Subcommand};
use completions::Completions;
use continual::Continual;
use convert::Convert;
use data::Data;
use evaluate::Evaluate;
use export::Export;
use import::Import;
use info::Info;
use pack::Pack;
use plot::Plot;
use prune::Prune;
use recipes::Recipes;
use simulate::Simulate;
use train::Train;

/// Train spiking networks whose synaptic delays learn, and look at what they do.
#[derive(Debug, Parser)]
#[command(name = "synfire", version, max_term_width = 110)]
#[command(after_help = "Examples:
  synfire train                                    makes its own spike data and learns delays on it
  synfire train shd-delays --data shd_train.h5.gz  the published network on spoken digits
  synfire continual                                learns task after task without forgetting
  synfire evaluate runs/shd-delays-1 --json
  synfire plot runs/shd-delays-1
  synfire pack runs/shd-delays-1

`synfire COMMAND --help` tells more about a command.")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Train(Train),
    Continual(Continual),
    Evaluate(Evaluate),
    Simulate(Simulate),
    Export(Export),
    Convert(Convert),
    Import(Import),
    Plot(Plot),
    Info(Info),
    Check(Check),
    Prune(Prune),
    Pack(Pack),
    Data(Data),
    Bench(Bench),
    Recipes(Recipes),
    Completions(Completions),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                help.starts_with("Examples:\n") || help.contains("\n\nExamples:\n"),
                "{}: {help}",
                command.get_name()
            );
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }

    #[test]
    fn resuming_takes_no_new_configuration() {
        for wrong in [
            &["--set", "a=1"][..],
            &["--seed", "1"],
            &["--from", "runs/b"],
            &["--out", "x"],
            &["--overwrite"],
            &["quickstart"],
        ] {
            let typed = ["synfire", "train", "--resume", "runs/a"].iter().chain(wrong);
            assert!(Arguments::try_parse_from(typed).is_err(), "{wrong:?}");
        }
        assert!(
            Arguments::try_parse_from([
                "synfire",
                "train",
                "--resume",
                "runs/a",
                "--data",
                "b.h5",
                "--threads",
                "2"
            ])
            .is_ok()
        );
    }
}
