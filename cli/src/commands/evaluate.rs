//! `synfire evaluate`

use crate::accuracy_table::Grouping;
use crate::arguments::evaluate::Evaluate;
use crate::commands::evaluate_tasks;
use crate::comparison::Comparison;
use crate::{accuracy_table, output, output_file, predictions, run_argument};
use anyhow::Result;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use synfire::{ClassAccuracy, Error, ForwardEngine, RunFolder, SplitEvaluation};

pub fn run(arguments: &Evaluate) -> Result<ExitCode> {
    run_argument::refuse_part(&arguments.run, "evaluate")?;
    if RunFolder::open(&arguments.run)?.is_continual() {
        return evaluate_tasks::run(arguments);
    }
    if let Some(file) = &arguments.predictions {
        output_file::check(file, arguments.overwrite)?;
    }
    let run = run_argument::open(&arguments.run, arguments.checkpoint, arguments.time_unit)?;
    if let Some(file) = &arguments.predictions {
        let folder = run.folder();
        output_file::check_table(
            file,
            &[folder.split(), folder.metrics(), folder.weights(), folder.delays()],
        )?;
    }
    let evaluated = |engine: ForwardEngine| {
        let mut run = run.clone().with_engine(engine);
        if let Some(samples) = arguments.batch_size {
            run = run.with_batch_size(samples as usize);
        }
        let evaluated = run.evaluate(
            arguments.data.as_deref(),
            arguments.split.map(Into::into),
            arguments.threads.map(usize::from),
        );
        evaluated.map_err(|error| match error {
            // Of another file all samples are evaluated unless a split is asked for.
            Error::Absent { name, problem } => {
                let hint = "the run's validation samples are then --split validation";
                Error::Absent { name, problem: format!("{problem}; {hint}") }
            }
            other => other,
        })
    };
    let engine = arguments.engine.into();
    let result = evaluated(engine)?;
    result.notes.iter().for_each(output::say);
    let evaluation = &result.evaluation;
    if arguments.by.contains(&Grouping::Speaker) && evaluation.by_speaker().is_empty() {
        let problem = "these samples tell of no speakers (extra/speaker)".into();
        return Err(Error::Samples { name: result.data, problem }.into());
    }
    if let Some(file) = &arguments.predictions {
        predictions::write(file, &result)?;
    }
    let mut others: Vec<(ForwardEngine, SplitEvaluation)> = Vec::new();
    if arguments.compare {
        for other in ForwardEngine::ALL.into_iter().filter(|&other| other != engine) {
            others.push((other, evaluated(other)?));
        }
    }
    let comparisons: Vec<Comparison> = others
        .iter()
        .map(|(engine, theirs)| Comparison::new(engine.name(), evaluation, &theirs.evaluation))
        .collect();
    let (accuracy, error) = (evaluation.accuracy(), evaluation.standard_error());
    if arguments.json {
        let mut object = json!({
            "run": arguments.run.display().to_string(),
            "checkpoint": arguments.checkpoint.to_string(),
            "data": result.data,
            "split": result.split,
            "engine": engine.name(),
            "samples": evaluation.samples,
            "correct": evaluation.correct,
            "accuracy": accuracy,
            "standard_error": error,
            "loss": evaluation.loss,
            "firing_rates": evaluation.firing_rates.iter().cloned().collect::<BTreeMap<_, _>>(),
            "trained_on": result.trained_on,
            "by_class": result.by_class(),
            "by_speaker": accuracy_table::array(&result, Grouping::Speaker),
            "classes": result.classes,
            "confusion": evaluation.confusion,
        });
        if arguments.compare {
            object["comparisons"] = comparisons.iter().map(Comparison::object).collect();
        }
        output::print(object)?;
    } else {
        let (accuracy, error) = (100.0 * accuracy, 100.0 * error);
        output::print(format!(
            "{} of {}: accuracy {accuracy:.2} ± {error:.2} % ({} of {} samples), loss {:.4}, one \
             tap per synapse",
            result.split, result.data, evaluation.correct, evaluation.samples, evaluation.loss
        ))?;
        if arguments.by.is_empty() {
            output::print(ClassAccuracy::line(&result.by_class()))?;
        }
        for &by in &arguments.by {
            output::print(accuracy_table::text(&result, by))?;
        }
        for comparison in &comparisons {
            output::print(comparison.text(&result.classes))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
