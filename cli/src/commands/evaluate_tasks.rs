//! `synfire evaluate` of a run over tasks

use crate::arguments::evaluate::{Engine, Evaluate};
use crate::output;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;
use synfire::plasticity::Tally;
use synfire::{Error, Method, TaskAccuracy, TaskEvaluation};

pub fn run(arguments: &Evaluate) -> Result<ExitCode> {
    refuse_others(arguments)?;
    let evaluation = TaskEvaluation::of_run(
        &arguments.run,
        arguments.checkpoint,
        arguments.data.as_deref(),
        arguments.threads.map(usize::from),
    )?;
    if !evaluation.is_own_data {
        output::say(format!(
            "synfire: note: {}: these are not the images and tasks that the run was trained on",
            evaluation.data
        ));
    }
    if arguments.json {
        output::print(object(arguments, &evaluation))?;
    } else {
        output::print(table(&evaluation))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses options that a run over tasks does not have.
fn refuse_others(arguments: &Evaluate) -> Result<()> {
    let Evaluate { split, by, time_unit, predictions, compare, engine, batch_size, .. } = arguments;
    let typed = [
        ("--split", split.is_some()),
        ("--by", !by.is_empty()),
        ("--time-unit", time_unit.is_some()),
        ("--predictions", predictions.is_some()),
        ("--compare", *compare),
        ("--engine", !matches!(engine, Engine::Layered)),
        ("--batch-size", batch_size.is_some()),
    ];
    let Some((option, _)) = typed.into_iter().find(|(_, is_typed)| *is_typed) else {
        return Ok(());
    };
    let problem = format!(
        "this is a run over tasks, which is evaluated on the test samples of its tasks; leave \
         {option} out"
    );
    Err(Error::Folder { path: arguments.run.clone(), problem }.into())
}

fn object(arguments: &Evaluate, evaluation: &TaskEvaluation) -> serde_json::Value {
    let TaskEvaluation { method, data, is_own_data, tasks, ended, planned } = evaluation;
    let task = |(index, task): (usize, &TaskAccuracy)| {
        json!({
            "task": index + 1,
            "name": task.name,
            "samples": task.samples,
            "accuracy": task.tally().accuracy(),
            "standard_error": task.tally().standard_error(),
            "accuracy_without_task": task.tally_without_task().map(|tally| tally.accuracy()),
        })
    };
    json!({
        "run": arguments.run.display().to_string(),
        "checkpoint": format!("task-{ended}"),
        "method": method,
        "data": data,
        "is_own_data": is_own_data,
        "tasks_planned": planned,
        "tasks": tasks.iter().enumerate().map(task).collect::<Vec<_>>(),
        "accuracy": evaluation.mean(),
        "accuracy_without_task": evaluation.mean_without_task(),
    })
}

/// A row for each task, and one for their mean; a column more where the task may be told.
fn table(evaluation: &TaskEvaluation) -> String {
    let TaskEvaluation { method, data, tasks, ended, planned, .. } = evaluation;
    let width = tasks.iter().map(|task| task.name.chars().count()).max().unwrap_or(0).max(4);
    let with_untold = evaluation.mean_without_task().is_some();
    let percent = |share: f64| format!("{:>6.2} %", 100.0 * share);
    let counts = |tally: Tally| {
        format!("{:>6.2} ± {:.2} %", 100.0 * tally.accuracy(), 100.0 * tally.standard_error())
    };
    let heading = if with_untold { "  task told       not told" } else { "  accuracy" };
    let mut lines = vec![
        format!(
            "{method}, after {ended} of {planned} {}: test samples of {data}, one tap per synapse",
            if *method == Method::Joint { "parts of all tasks" } else { "tasks" }
        ),
        format!("task  {:<width$}  samples{heading}", "name"),
    ];
    lines.extend(tasks.iter().enumerate().map(|(index, task)| {
        let untold = task.tally_without_task().map(counts).unwrap_or_default();
        let row = format!(
            "{:>4}  {:<width$}  {:>7}  {}  {untold}",
            index + 1,
            task.name,
            task.samples,
            counts(task.tally()),
        );
        row.trim_end().to_owned()
    }));
    let untold = evaluation.mean_without_task().map(percent);
    let untold = untold.map_or(String::new(), |untold| format!("         {untold}"));
    lines.push(format!("mean  {:width$}           {}{untold}", "", percent(evaluation.mean())));
    lines.join("\n")
}
