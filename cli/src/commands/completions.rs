//! `synfire completions`

use crate::arguments::Arguments;
use crate::arguments::completions::Completions;
use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Write;
use std::process::ExitCode;
use synfire::Recipe;

pub fn run(arguments: &Completions) -> Result<ExitCode> {
    // Into memory first: the generator panics when its output is closed.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "synfire", &mut script);
    let script = String::from_utf8_lossy(&script);
    std::io::stdout().lock().write_all(completed(arguments.shell, &script).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The script with recipes wherever one can be named, beside files where those can be. The
/// generator knows the names, but offers them alone for zsh, and for fish not at all where they are
/// no value of an option. For bash files follow where no name begins as what was typed.
fn completed(shell: Shell, script: &str) -> String {
    let names = Recipe::all().iter().map(|recipe| recipe.name).collect::<Vec<_>>().join(" ");
    match shell {
        Shell::Zsh => {
            let alone = format!(":({names})' \\\n");
            let lines = script.split_inclusive('\n').map(|line| {
                if line.contains("::experiment -- ") {
                    line.replace(&alone, &format!(":{{compadd -- {names}; _files}}' \\\n"))
                } else {
                    line.to_owned()
                }
            });
            lines.collect()
        }
        Shell::Fish => {
            let offered = ["train", "bench", "recipes"].map(|command| {
                format!(
                    "complete -c synfire -n \"__fish_synfire_using_subcommand {command}\" \
                     -a \"{names}\"\n"
                )
            });
            format!("{script}{}", offered.concat())
        }
        _ => script.to_owned(),
    }
}
