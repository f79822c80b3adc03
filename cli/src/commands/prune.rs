//! `synfire prune`

use crate::arguments::prune::Prune;
use crate::{output, output_file, run_argument};
use anyhow::Result;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use synfire::plots::{Figure, Format};
use synfire::{PrunedAccuracy, check_shares, pruning_figure};

pub fn run(arguments: &Prune) -> Result<ExitCode> {
    check_shares(&arguments.shares)?;
    for run in &arguments.runs {
        run_argument::refuse_part(run, "prune")?;
    }
    if let Some(file) = &arguments.figure {
        Format::of(file)?;
        output_file::check(file, arguments.overwrite)?;
    }
    let (mut named, mut measured) = (Vec::new(), Vec::new());
    for path in &arguments.runs {
        let run = run_argument::open(path, arguments.checkpoint, None)?;
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
