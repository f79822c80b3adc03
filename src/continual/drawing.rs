//! The figures of a run over tasks, drawn from its tables.

use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::progress::CurveRow;
use crate::continual::tables;
use crate::error::{Error, Result};
use crate::figure_labels::projection_label;
use crate::run_folder::RunFolder;
use crate::text_file::read_text;
use plasticity::continual::AccuracyMatrix;
use plots::{
    AccuracyMatrixFigure, CurvesFigure, Figure, ForgettingFigure, ProjectionSubspaces, Rgb, Series,
    SeriesStyle, SubspacesFigure,
};
use std::path::{Path, PathBuf};

/// One of the figures of a run over tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskPicture {
    /// After each task, the accuracy on every task.
    Accuracy,
    /// The accuracy on each task from its own end on.
    Forgetting,
    /// Residuals over the batches, angles between the activity of tasks, rows that are kept.
    Subspaces,
    /// Loss and accuracy over the epochs of all tasks.
    Curves,
}

impl TaskPicture {
    /// All figures.
    pub const ALL: [Self; 4] = [Self::Accuracy, Self::Forgetting, Self::Subspaces, Self::Curves];

    /// Name of the figure and of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Forgetting => "forgetting",
            Self::Subspaces => "subspaces",
            Self::Curves => "curves",
        }
    }

    /// Its files in `folder`: PNG and SVG.
    pub fn files(self, folder: &Path) -> [PathBuf; 2] {
        ["png", "svg"].map(|ending| folder.join(format!("{}.{ending}", self.name())))
    }

    /// Draws the figure of a run, finished or not, from the tables in its folder into the folder's
    /// `plots`, which is made if it is missing.
    ///
    /// # Errors
    /// [`Error::Absent`] for subspaces where the run has none: after a single task of a method that
    /// keeps none; for forgetting where all tasks are trained at once; for curves before the first
    /// epoch has ended. When a table cannot be read, or the figure not be written.
    pub fn draw(self, folder: &RunFolder) -> Result<[PathBuf; 2]> {
        let run = Learned::read(folder)?;
        let Learned { title, remark, tasks, accuracy, at_once } = run;
        let absent = |problem: &str| {
            let name = folder.path().display().to_string();
            Err(Error::Absent { name, problem: problem.into() })
        };
        let figure: Box<dyn Figure> = match self {
            Self::Accuracy => {
                Box::new(AccuracyMatrixFigure { title, remark, tasks, accuracy, at_once })
            }
            Self::Forgetting if at_once => {
                return absent("all tasks are trained at once, and none is left to be forgotten");
            }
            Self::Forgetting => Box::new(ForgettingFigure { title, remark, tasks, accuracy }),
            Self::Subspaces => {
                let projections = subspaces(folder)?;
                if projections.is_empty() {
                    return absent(
                        "there are no subspaces of two tasks to compare yet, and none that a \
                         method keeps",
                    );
                }
                Box::new(SubspacesFigure { title, remark, projections })
            }
            Self::Curves => {
                let rows = tables::read_curve(&folder.curve(), tasks.len())?;
                if rows.is_empty() {
                    return absent("no epoch has ended yet");
                }
                Box::new(curves(title, remark, &rows, at_once))
            }
        };
        folder.make_part("plots")?;
        let files = self.files(&folder.plots());
        for file in &files {
            figure.save(file)?;
        }
        Ok(files)
    }
}

/// What the figures have in common.
struct Learned {
    title: String,
    /// Method and, once all tasks are learned, what they came to.
    remark: String,
    tasks: Vec<String>,
    accuracy: Vec<Vec<f64>>,
    /// Whether all tasks are trained at once.
    at_once: bool,
}

impl Learned {
    fn read(folder: &RunFolder) -> Result<Self> {
        let ContinualExperiment { name: title, method, .. } =
            ContinualExperiment::read(&folder.config(), &[])?;
        let path = folder.tasks();
        let tasks = tables::parse_tasks(&read_text(&path)?, &path)?;
        let path = folder.accuracy();
        let accuracy = match path.exists() {
            true => tables::parse_accuracy(&read_text(&path)?, &path)?,
            false => Vec::new(),
        };
        let (learned, all) = (accuracy.len(), tasks.len());
        let remark = if learned < all {
            format!("{method}, after {learned} of {all} tasks")
        } else {
            let matrix = AccuracyMatrix::new(accuracy.clone())?;
            let percent = |share: f64| format!("{:.2} %", 100.0 * share).replace('-', "−");
            let bwt = matrix.backward_transfer().filter(|_| method != Method::Joint);
            let bwt = bwt.map_or(String::new(), |bwt| format!(", BWT {}", percent(bwt)));
            format!("{method}, ACC {}{bwt}", percent(matrix.average()))
        };
        let tasks = tasks.into_iter().map(|task| task.name).collect();
        Ok(Self { title, remark, tasks, accuracy, at_once: method == Method::Joint })
    }
}

/// Loss and accuracies against the epochs, counted over all tasks.
fn curves(title: String, remark: String, rows: &[CurveRow], at_once: bool) -> CurvesFigure {
    let series = |label: &str, style: SeriesStyle, of: &dyn Fn(&CurveRow) -> f64| {
        let epochs = (1..=rows.len()).map(|epoch| epoch as f64);
        Series::new(label, epochs.collect(), rows.iter().map(of).collect(), style)
    };
    let train = SeriesStyle::TRAIN;
    let mut accuracy = vec![series("training", train, &|row| row.train_accuracy)];
    if rows.iter().any(|row| row.validation_accuracy.is_some()) {
        let of_row = |row: &CurveRow| row.validation_accuracy.unwrap_or(f64::NAN);
        accuracy.push(series("held out", SeriesStyle::VALIDATION, &of_row));
    }
    if !at_once {
        let own = |row: &CurveRow| row.test_accuracy.last().copied().unwrap_or(f64::NAN);
        accuracy.push(series("test of the task", SeriesStyle::solid(Rgb::GREEN), &own));
    }
    let name = if at_once { "test, mean of all tasks" } else { "test, mean of the tasks so far" };
    let mean = SeriesStyle::solid(Rgb::INK);
    accuracy.push(series(name, mean, &CurveRow::mean_test_accuracy));
    CurvesFigure {
        title,
        remark,
        loss: vec![series("training", train, &|row| row.train_loss)],
        accuracy,
        ..CurvesFigure::default()
    }
}

/// What is known of subspaces, by projection: of all projections whose angles were measured, and of
/// those that the method protects.
fn subspaces(folder: &RunFolder) -> Result<Vec<ProjectionSubspaces>> {
    let mut all = Vec::new();
    for row in tables::read_angles(&folder.angles())? {
        let angles = &mut of(&mut all, &row.projection).angles;
        let pair = format!("task {} and {}", row.task, row.earlier_task);
        match angles.last_mut().filter(|(last, _)| *last == pair) {
            Some((_, degrees)) => degrees.push(row.degrees),
            None => angles.push((pair, vec![row.degrees])),
        }
    }
    for row in tables::read_subspaces(&folder.subspaces())? {
        let subspaces = of(&mut all, &row.projection);
        subspaces.rows.push(row.rows);
        subspaces.inputs = row.inputs;
    }
    for row in tables::read_residuals(&folder.residuals())? {
        let residual = &mut of(&mut all, &row.projection).residual;
        let task = row.task - 1;
        match residual.last_mut().filter(|(last, _)| *last == task) {
            Some((_, shares)) => shares.push(row.residual),
            None => residual.push((task, vec![row.residual])),
        }
    }
    Ok(all.into_iter().map(|(_, subspaces)| subspaces).collect())
}

/// The entry of a projection, which is made if it is missing.
fn of<'a>(
    all: &'a mut Vec<(String, ProjectionSubspaces)>,
    projection: &str,
) -> &'a mut ProjectionSubspaces {
    let place = all.iter().position(|(name, _)| name == projection).unwrap_or_else(|| {
        let subspaces =
            ProjectionSubspaces { name: projection_label(projection), ..Default::default() };
        all.push((projection.to_owned(), subspaces));
        all.len() - 1
    });
    &mut all[place].1
}
