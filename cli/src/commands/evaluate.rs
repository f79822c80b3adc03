//! `synfire evaluate`

use crate::arguments::Evaluate;
use crate::{output, run_argument};
use anyhow::Result;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use synfire::{ClassAccuracy, TrainedRun};

pub fn run(arguments: &Evaluate) -> Result<ExitCode> {
    run_argument::refuse_part(&arguments.run, "evaluate")?;
    let run = TrainedRun::open(&arguments.run, arguments.checkpoint)?;
    let result = run.evaluate(
        arguments.data.as_deref(),
        arguments.split.map(Into::into),
        arguments.threads.map(usize::from),
    )?;
    result.notes.iter().for_each(output::say);
    let evaluation = &result.evaluation;
    let (accuracy, error) = (evaluation.accuracy(), evaluation.standard_error());
    if arguments.json {
        output::print(json!({
            "run": arguments.run.display().to_string(),
            "checkpoint": arguments.checkpoint.to_string(),
            "data": result.data,
            "split": result.split,
            "samples": evaluation.samples,
            "correct": evaluation.correct,
            "accuracy": accuracy,
            "standard_error": error,
            "loss": evaluation.loss,
            "firing_rates": evaluation.firing_rates.iter().cloned().collect::<BTreeMap<_, _>>(),
            "trained_on": result.trained_on,
            "by_class": result.by_class(),
            "classes": result.classes,
            "confusion": evaluation.confusion,
        }))?;
    } else {
        let (accuracy, error) = (100.0 * accuracy, 100.0 * error);
        output::print(format!(
            "{} of {}: accuracy {accuracy:.2} ± {error:.2} % ({} of {} samples), loss {:.4}, one tap per synapse",
            result.split, result.data, evaluation.correct, evaluation.samples, evaluation.loss
        ))?;
        output::print(ClassAccuracy::line(&result.by_class()))?;
    }
    Ok(ExitCode::SUCCESS)
}
