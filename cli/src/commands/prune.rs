//! `synfire prune`

use crate::arguments::prune::Prune;
use crate::{output, run_argument};
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;
use synfire::PrunedAccuracy;

pub fn run(arguments: &Prune) -> Result<ExitCode> {
    run_argument::refuse_part(&arguments.run, "prune")?;
    let run = run_argument::open(&arguments.run, arguments.checkpoint, None)?;
    let (data, shares) = (arguments.data.as_deref(), &arguments.shares);
    let pruned = run.prune(shares, data, arguments.reestimate_norms, arguments.threads)?;
    if arguments.json {
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
        output::print(json!({
            "run": arguments.run.display().to_string(),
            "checkpoint": arguments.checkpoint.to_string(),
            "reestimated_norms": arguments.reestimate_norms,
            "pruned": rows.collect::<Vec<_>>(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output::print("pruned     zeros of weights      accuracy (%)     loss")?;
    for pruned in &pruned {
        output::print(row(pruned))?;
    }
    Ok(ExitCode::SUCCESS)
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
