//! The tables of a run over tasks, as CSV.

use crate::continual::progress::{CurveRow, Progress};
use crate::error::Result;
use datasets::TaskSequence;
use plasticity::continual::SubspaceReport;
use std::fmt::Write;
use std::path::Path;

/// `tasks.csv`: a row per task.
pub(crate) fn write_tasks(sequence: &TaskSequence, path: &Path) -> Result<()> {
    let mut text = String::from("task,name,train,validation,test,first_output,outputs\n");
    for (index, task) in sequence.tasks().iter().enumerate() {
        let [train, validation, test] =
            [&task.train, &task.validation, &task.test].map(|s| s.len());
        let name = task.name.replace('"', "\"\"");
        let (first, outputs) = (task.outputs.start, task.outputs.len());
        let row =
            format!("{},\"{name}\",{train},{validation},{test},{first},{outputs}\n", index + 1);
        text.push_str(&row);
    }
    Ok(atomic_file::write(path, text.as_bytes())?)
}

/// `accuracy.csv`: a row per pair of tasks.
pub(crate) fn write_accuracy(progress: &Progress, path: &Path) -> Result<()> {
    let mut text = String::from("after_task,on_task,accuracy,accuracy_without_task\n");
    for (after, row) in progress.accuracy.iter().enumerate() {
        for (on, accuracy) in row.iter().enumerate() {
            let without = progress.without_task.get(after).map(|row| row[on].to_string());
            let without = without.unwrap_or_default();
            writeln!(text, "{},{},{accuracy},{without}", after + 1, on + 1).expect("it is memory");
        }
    }
    Ok(atomic_file::write(path, text.as_bytes())?)
}

/// `curve.csv`: a row per epoch.
pub(crate) fn write_curve(curve: &[CurveRow], path: &Path) -> Result<()> {
    let mut text = String::from("task,epoch,train_loss,train_accuracy,validation_accuracy\n");
    for row in curve {
        let CurveRow { task, epoch, train_loss, train_accuracy, validation_accuracy } = row;
        let validation = validation_accuracy.map_or(String::new(), |share| share.to_string());
        writeln!(text, "{task},{epoch},{train_loss},{train_accuracy},{validation}")
            .expect("it is memory");
    }
    Ok(atomic_file::write(path, text.as_bytes())?)
}

/// `subspaces.csv`, a row per task and projection, and `residuals.csv`, a row per batch of these.
pub(crate) fn write_subspaces(
    reports: &[SubspaceReport],
    [subspaces, residuals]: [&Path; 2],
) -> Result<()> {
    let mut text = String::from("task,projection,rows,explained\n");
    let mut of_batches = String::from("task,projection,batch,residual\n");
    for SubspaceReport { task, projection, rows, explained, residuals, .. } in reports {
        let task = task + 1;
        let explained = explained.map_or(String::new(), |share| share.to_string());
        writeln!(text, "{task},{projection},{rows},{explained}").expect("it is memory");
        for (batch, residual) in residuals.iter().enumerate() {
            writeln!(of_batches, "{task},{projection},{batch},{residual}").expect("it is memory");
        }
    }
    atomic_file::write(subspaces, text.as_bytes())?;
    Ok(atomic_file::write(residuals, of_batches.as_bytes())?)
}
