//! The tables of a run over tasks, as CSV: written, and read again for summaries and figures.

use crate::continual::progress::{CurveRow, Progress};
use crate::continual::result::{ContinualResult, last_residual};
use crate::error::{Error, Result};
use crate::text_file;
use datasets::{TaskSequence, shown_name};
use plasticity::continual::SubspaceReport;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

const TASKS: &str = "task,train,validation,test,channels,first_output,outputs,name";
const ACCURACY: &str = "after_task,on_task,accuracy,accuracy_without_task";
const SUBSPACES: &str = "task,projection,rows,inputs,explained,residual";
const RESIDUALS: &str = "task,projection,batch,residual";
const OUTCOME: &str = "quantity,task,value";
const ANGLES: &str = "task,earlier_task,projection,index,degrees";
/// Before a column `test_accuracy_N` for each task.
const CURVE: &str = "task,epoch,train_loss,train_accuracy,validation_accuracy,protection_residual,\
                     mean_test_accuracy";

/// A task of a run: a row of `tasks.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskRow {
    /// What tables and figures call it.
    pub name: String,
    /// Training samples.
    pub train: usize,
    /// Held-out samples.
    pub validation: usize,
    /// Test samples.
    pub test: usize,
    /// Channels of every sample.
    pub channels: usize,
    /// The first of the outputs that stand for its classes.
    pub first_output: usize,
    /// Number of these outputs.
    pub outputs: usize,
}

/// Directions that a task added to what is kept of a projection: a row of `subspaces.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubspaceRow {
    pub projection: String,
    pub rows: usize,
    /// Neurons of the projection's source.
    pub inputs: usize,
}

/// What a batch of a task left outside of all directions: a row of `residuals.csv`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResidualRow {
    /// The task, counted from 1.
    pub task: usize,
    pub projection: String,
    pub residual: f32,
}

/// A principal angle between the activity of two tasks: a row of `angles.csv`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AngleRow {
    /// The later task, counted from 1.
    pub task: usize,
    /// The other one.
    pub earlier_task: usize,
    pub projection: String,
    pub degrees: f64,
}

pub(crate) fn write_tasks(sequence: &TaskSequence, path: &Path) -> Result<()> {
    let mut text = format!("{TASKS}\n");
    for (index, task) in sequence.tasks().iter().enumerate() {
        let [train, validation, test] =
            [&task.train, &task.validation, &task.test].map(|s| s.len());
        let name = quoted(&shown_name(&task.name));
        let (first, outputs) = (task.outputs.start, task.outputs.len());
        let (task, channels) = (index + 1, sequence.channels());
        writeln!(text, "{task},{train},{validation},{test},{channels},{first},{outputs},{name}")
            .expect("it is memory");
    }
    Ok(atomic_file::write(path, text.as_bytes())?)
}

/// Reads the text of `tasks.csv` at `path`.
pub(crate) fn parse_tasks(text: &str, path: &Path) -> Result<Vec<TaskRow>> {
    rows(text, path, TASKS, |row| {
        let cells: Vec<&str> = row.splitn(8, ',').collect();
        let number = |cell: usize| cells.get(cell)?.parse().ok();
        Some(TaskRow {
            name: unquoted(cells.get(7)?)?,
            train: number(1)?,
            validation: number(2)?,
            test: number(3)?,
            channels: number(4)?,
            first_output: number(5)?,
            outputs: number(6)?,
        })
    })
}

pub(crate) fn write_accuracy(progress: &Progress, path: &Path) -> Result<()> {
    let mut text = format!("{ACCURACY}\n");
    for (after, row) in progress.accuracy.iter().enumerate() {
        for (on, accuracy) in row.iter().enumerate() {
            let without = progress.without_task.get(after).map(|row| row[on].to_string());
            let without = without.unwrap_or_default();
            writeln!(text, "{},{},{accuracy},{without}", after + 1, on + 1).expect("it is memory");
        }
    }
    Ok(atomic_file::write(path, text.as_bytes())?)
}

/// Reads the text of `accuracy.csv` at `path`: `[after task][on task]`.
pub(crate) fn parse_accuracy(text: &str, path: &Path) -> Result<Vec<Vec<f64>>> {
    let rows = rows(text, path, ACCURACY, |row| {
        let mut cells = row.split(',');
        let (after, _on) = (cells.next()?, cells.next()?);
        Some((after.parse::<usize>().ok()?, cells.next()?.parse().ok()?))
    })?;
    let after = rows.chunk_by(|one, other| one.0 == other.0);
    Ok(after.map(|of_task| of_task.iter().map(|&(_, accuracy)| accuracy).collect()).collect())
}

/// `curve.csv` of a run over so many tasks; cells of tasks that were not trained yet are empty.
pub(crate) fn write_curve(curve: &[CurveRow], tasks: usize, path: &Path) -> Result<()> {
    let mut text = CURVE.to_owned();
    (1..=tasks).for_each(|task| write!(text, ",test_accuracy_{task}").expect("it is memory"));
    text.push('\n');
    for row in curve {
        let CurveRow { task, epoch, train_loss, train_accuracy, protection_residual, .. } = row;
        let shown = |share: Option<f64>| share.map_or(String::new(), |share| share.to_string());
        let (validation, mean) = (shown(row.validation_accuracy), row.mean_test_accuracy());
        write!(
            text,
            "{task},{epoch},{train_loss},{train_accuracy},{validation},{protection_residual},{mean}"
        )
        .expect("it is memory");
        for task in 0..tasks {
            let on = shown(row.test_accuracy.get(task).copied());
            write!(text, ",{on}").expect("it is memory");
        }
        text.push('\n');
    }
    Ok(atomic_file::write(path, text.as_bytes())?)
}

/// Reads `curve.csv` of a run over so many tasks.
pub(crate) fn read_curve(path: &Path, tasks: usize) -> Result<Vec<CurveRow>> {
    let columns = (1..=tasks).map(|task| format!(",test_accuracy_{task}"));
    let header = [CURVE.to_owned()].into_iter().chain(columns).collect::<String>();
    read(path, &header, |row| {
        let cells: Vec<&str> = row.split(',').collect();
        let number = |cell: usize| cells.get(cell)?.parse().ok();
        let of_tasks = cells.get(7..7 + tasks)?.iter().take_while(|cell| !cell.is_empty());
        Some(CurveRow {
            task: cells.first()?.parse().ok()?,
            epoch: cells.get(1)?.parse().ok()?,
            train_loss: number(2)?,
            train_accuracy: number(3)?,
            validation_accuracy: number(4),
            protection_residual: number(5)?,
            test_accuracy: of_tasks.map(|cell| cell.parse().ok()).collect::<Option<_>>()?,
        })
    })
}

/// `subspaces.csv`, a row per task and projection, and `residuals.csv`, a row per batch of these;
/// `inputs` tells how many neurons send to a projection.
pub(crate) fn write_subspaces(
    reports: &[SubspaceReport],
    inputs: impl Fn(&str) -> usize,
    [subspaces, residuals]: [&Path; 2],
) -> Result<()> {
    let mut text = format!("{SUBSPACES}\n");
    let mut of_batches = format!("{RESIDUALS}\n");
    for SubspaceReport { task, projection, rows, explained, residuals } in reports {
        let (task, name, inputs) = (task + 1, quoted(projection), inputs(projection));
        let explained = explained.map_or(String::new(), |share| share.to_string());
        let last = last_residual(residuals).map_or(String::new(), |share| share.to_string());
        writeln!(text, "{task},{name},{rows},{inputs},{explained},{last}").expect("it is memory");
        for (batch, residual) in (1..).zip(residuals) {
            writeln!(of_batches, "{task},{name},{batch},{residual}").expect("it is memory");
        }
    }
    atomic_file::write(subspaces, text.as_bytes())?;
    Ok(atomic_file::write(residuals, of_batches.as_bytes())?)
}

pub(crate) fn read_subspaces(path: &Path) -> Result<Vec<SubspaceRow>> {
    read(path, SUBSPACES, |row| {
        let (_task, rest) = row.split_once(',')?;
        let mut cells = rest.rsplitn(5, ',');
        let [_residual, _explained, inputs, rows] = std::array::from_fn(|_| cells.next());
        let (inputs, rows) = (inputs?, rows?);
        Some(SubspaceRow {
            projection: unquoted(cells.next()?)?,
            rows: rows.parse().ok()?,
            inputs: inputs.parse().ok()?,
        })
    })
}

pub(crate) fn read_residuals(path: &Path) -> Result<Vec<ResidualRow>> {
    read(path, RESIDUALS, |row| {
        let (task, projection, residual) = numbered(row)?;
        Some(ResidualRow { task, projection, residual: residual.parse().ok()? })
    })
}

pub(crate) fn write_angles(angles: &[AngleRow], path: &Path) -> Result<()> {
    let mut text = format!("{ANGLES}\n");
    fn key(row: &AngleRow) -> (usize, usize, &str) {
        (row.task, row.earlier_task, &row.projection)
    }
    for of_pair in angles.chunk_by(|one, other| key(one) == key(other)) {
        for (index, AngleRow { task, earlier_task, projection, degrees }) in (1..).zip(of_pair) {
            let name = quoted(projection);
            writeln!(text, "{task},{earlier_task},{name},{index},{degrees}").expect("it is memory");
        }
    }
    Ok(atomic_file::write(path, text.as_bytes())?)
}

pub(crate) fn read_angles(path: &Path) -> Result<Vec<AngleRow>> {
    read(path, ANGLES, |row| {
        let (task, of_pair) = row.split_once(',')?;
        let (earlier_task, projection, degrees) = numbered(of_pair)?;
        let (task, degrees) = (task.parse().ok()?, degrees.parse().ok()?);
        Some(AngleRow { task, earlier_task, projection, degrees })
    })
}

/// ACC, BWT, FWT, the mean accuracy right after each task, and the forgetting of each task.
pub(crate) fn write_outcome(result: &ContinualResult, path: &Path) -> Result<()> {
    let ContinualResult { acc, bwt, fwt, learned, forgetting, .. } = result;
    let whole = [("acc", Some(acc)), ("bwt", bwt.as_ref()), ("fwt", fwt.as_ref())];
    let whole = whole.into_iter().chain([("learned", Some(learned))]);
    let whole = whole.filter_map(|(quantity, value)| Some(format!("{quantity},,{}", value?)));
    let of_tasks = (1..).zip(forgetting).map(|(task, value)| format!("forgetting,{task},{value}"));
    let rows: Vec<String> = [OUTCOME.into()].into_iter().chain(whole).chain(of_tasks).collect();
    Ok(atomic_file::write(path, (rows.join("\n") + "\n").as_bytes())?)
}

/// A name as a cell: it may have commas and quotation marks.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn unquoted(cell: &str) -> Option<String> {
    Some(cell.strip_prefix('"')?.strip_suffix('"')?.replace("\"\"", "\""))
}

/// Task, projection and last cell of a row that has a number before the last.
fn numbered(row: &str) -> Option<(usize, String, &str)> {
    let (task, rest) = row.split_once(',')?;
    let (rest, last) = rest.rsplit_once(',')?;
    let (projection, _number) = rest.rsplit_once(',')?;
    Some((task.parse().ok()?, unquoted(projection)?, last))
}

/// The rows of a table; none where there is no such file yet.
fn read<T>(path: &Path, header: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    rows(&text_file::read_text(path)?, path, header, parse)
}

fn rows<T>(
    text: &str,
    path: &Path,
    header: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>> {
    let wrong = |line: usize| {
        let problem = format!("line {}: expected a row of {header}", line + 1);
        Error::folder(path, problem)
    };
    let mut lines = text.lines().enumerate();
    if lines.next().is_none_or(|(_, first)| first != header) {
        return Err(wrong(0));
    }
    lines.map(|(line, row)| parse(row).ok_or_else(|| wrong(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, three] = ["a", "b", "c"].map(|name| folder.path().join(name));
        let report = |task, projection: &str, residuals: &[f32]| SubspaceReport {
            task,
            projection: projection.into(),
            rows: 7,
            explained: (task == 0).then_some(0.5),
            residuals: residuals.into(),
        };
        let reports = [report(0, "a, \"b\"->c", &[0.5, 0.25]), report(1, "x->y", &[])];
        write_subspaces(&reports, |name| name.len(), [&one, &two]).unwrap();
        let row = |projection: &str, inputs| SubspaceRow {
            projection: projection.into(),
            rows: 7,
            inputs,
        };
        assert_eq!(read_subspaces(&one).unwrap(), [row("a, \"b\"->c", 9), row("x->y", 4)]);
        let residual =
            |residual| ResidualRow { task: 1, projection: "a, \"b\"->c".into(), residual };
        assert_eq!(read_residuals(&two).unwrap(), [residual(0.5), residual(0.25)]);
        let angle = |task, earlier_task, degrees| AngleRow {
            task,
            earlier_task,
            projection: "x->y".into(),
            degrees,
        };
        let angles = [angle(2, 1, 12.5), angle(2, 1, 90.0), angle(3, 1, 1e-9), angle(3, 2, 1.0)];
        write_angles(&angles, &three).unwrap();
        assert_eq!(read_angles(&three).unwrap(), angles);
        assert!(read_angles(&folder.path().join("none")).unwrap().is_empty());
        let progress = Progress {
            accuracy: vec![vec![0.75, 0.5], vec![0.5, 1.0]],
            without_task: vec![vec![0.25; 2]; 2],
            ..Progress::default()
        };
        write_accuracy(&progress, &one).unwrap();
        let text = text_file::read_text(&one).unwrap();
        assert_eq!(parse_accuracy(&text, &one).unwrap(), progress.accuracy);
    }

    #[test]
    fn a_curve_has_the_tasks_so_far() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("curve.csv");
        let row = |task: usize, validation_accuracy| CurveRow {
            task,
            epoch: 1,
            train_loss: 0.25,
            train_accuracy: 0.5,
            validation_accuracy,
            protection_residual: 0.0625,
            test_accuracy: vec![0.75; task],
        };
        let rows = [row(1, None), row(2, Some(0.125))];
        write_curve(&rows, 2, &path).unwrap();
        assert_eq!(read_curve(&path, 2).unwrap(), rows);
        let text = text_file::read_text(&path).unwrap();
        assert!(text.contains("\n1,1,0.25,0.5,,0.0625,0.75,0.75,\n"), "{text}");
        let message = read_curve(&path, 3).unwrap_err().to_string();
        assert!(message.contains("line 1: expected a row of"), "{message}");
    }

    #[test]
    fn a_row_of_another_table_is_named() {
        let read = |text: &str| parse_tasks(&format!("{TASKS}\n{text}"), Path::new("tasks.csv"));
        let task = read("1,48,0,20,36,0,4,\"say \"\"a, b\"\"\"\n").unwrap();
        assert_eq!(
            (task[0].name.as_str(), task[0].channels, task[0].outputs),
            ("say \"a, b\"", 36, 4)
        );
        let message = read("1,48,0,20,36,0,4,\"a\"\n2,48\n").unwrap_err().to_string();
        assert_eq!(message, format!("tasks.csv: line 3: expected a row of {TASKS}"));
        let message = parse_tasks("a,b\n", Path::new("tasks.csv")).unwrap_err().to_string();
        assert_eq!(message, format!("tasks.csv: line 1: expected a row of {TASKS}"));
    }
}
