//! `synfire prune`

use crate::arguments::prune::Prune;
use crate::{output, output_file, run_argument};
use anyhow::Result;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use synfire::plots::{Figure, Format};
use synfire::{Error, PrunedAccuracy, TrainedRun, check_shares, pruning_figure};

pub fn run(arguments: &Prune) -> Result<ExitCode> {
    check_shares(&arguments.shares)?;
    for run in &arguments.runs {
        run_argument::refuse_part(run, "prune")?;
    }
    if let Some(file) = &arguments.figure {
        Format::of(file)?;
        output_file::check(file, arguments.overwrite)?;
    }
    let open = |path| run_argument::open(path, arguments.checkpoint, None);
    let runs: Vec<TrainedRun> =
        arguments.runs.iter().map(|path| open(path)).collect::<Result<_>>()?;
    if arguments.figure.is_some() {
        check_names(&arguments.runs, &runs)?;
    }
    let (mut named, mut measured) = (Vec::new(), Vec::new());
    for (path, run) in arguments.runs.iter().zip(&runs) {
        let (data, shares) = (arguments.data.as_deref(), &arguments.shares);
        let pruned = run.prune(shares, data, arguments.reestimate_norms, arguments.threads)?;
        measured.push((path, pruned.clone()));
        named.push((run.experiment().name.clone(), pruned));
    }
    if let Some(file) = &arguments.figure {
        let norms = if arguments.reestimate_norms { "norms estimated anew" } else { "" };
        // First the figure: who reads the output may stop reading.
        pruning_figure(&named, norms.into()).save(file)?;
    }
    if arguments.json {
        let objects = measured.iter().map(|(path, pruned)| object(path, arguments, pruned));
        let mut objects: Vec<Value> = objects.collect();
        let one = objects.len() == 1;
        output::print(if one { objects.remove(0) } else { json!({ "runs": objects }) })?;
        return Ok(ExitCode::SUCCESS);
    }
    measured.iter().try_for_each(|(path, pruned)| print(path, pruned))?;
    if let Some(file) = &arguments.figure {
        output::print(file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs of one name are a line of the figure: they must be seeds of one experiment.
fn check_names(paths: &[PathBuf], runs: &[TrainedRun]) -> Result<()> {
    let all: Vec<_> = paths.iter().zip(runs).collect();
    for (index, (path, run)) in all.iter().enumerate() {
        let experiment = run.experiment();
        for (earlier, other) in &all[..index] {
            let before = other.experiment();
            let problem = if before.name != experiment.name {
                continue;
            } else if (&before.network, &before.training)
                != (&experiment.network, &experiment.training)
            {
                let name = &experiment.name;
                format!(
                    "this run and {} are both called {name}, but have other settings; the figure \
                     shows runs of one name as seeds of one experiment: give one of them another \
                     name (--set name=..)",
                    earlier.display()
                )
            } else if before.seed == experiment.seed {
                let seed = experiment.seed;
                format!(
                    "this run and {} have the same seed, {seed}; the figure's interval is one over \
                     seeds",
                    earlier.display()
                )
            } else {
                continue;
            };
            return Err(Error::Folder { path: path.to_path_buf(), problem }.into());
        }
    }
    Ok(())
}

fn object(path: &Path, arguments: &Prune, pruned: &[PrunedAccuracy]) -> Value {
    let rows = pruned.iter().map(|pruned| {
        json!({
            "share": pruned.share,
            "zeros": pruned.zeros,
            "weights": pruned.weights,
            "samples": pruned.samples,
            "correct": pruned.correct,
            "accuracy": pruned.tally().accuracy(),
            "standard_error": pruned.tally().standard_error(),
            "loss": pruned.loss,
        })
    });
    json!({
        "run": path.display().to_string(),
        "checkpoint": arguments.checkpoint.to_string(),
        "reestimated_norms": arguments.reestimate_norms,
        "pruned": rows.collect::<Vec<_>>(),
    })
}

fn print(path: &Path, pruned: &[PrunedAccuracy]) -> Result<()> {
    output::print(path.display())?;
    output::print("pruned     zeros of weights      accuracy (%)     loss")?;
    pruned.iter().try_for_each(|pruned| output::print(row(pruned)))
}

fn row(pruned: &PrunedAccuracy) -> String {
    let tally = pruned.tally();
    let (accuracy, error) = (100.0 * tally.accuracy(), 100.0 * tally.standard_error());
    format!(
        "{:5.1} %  {:>9} of {:<9}  {accuracy:6.2} ± {error:4.2}   {:8.4}",
        100.0 * pruned.share,
        pruned.zeros,
        pruned.weights,
        pruned.loss
    )
}
