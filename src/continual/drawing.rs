//! The figures of a run over tasks.

use crate::continual::result::ContinualResult;
use crate::drawing::projection_label;
use crate::error::Result;
use crate::run_folder::RunFolder;
use plasticity::Protection;
use plasticity::continual::principal_angles;
use plots::{AccuracyMatrixFigure, Figure, ForgettingFigure, ProjectionSubspaces, SubspacesFigure};
use sim_core::Network;
use std::path::PathBuf;

/// Names of the figures.
pub(crate) const FIGURES: [&str; 3] = ["accuracy", "forgetting", "subspaces"];

impl RunFolder {
    /// The files of the figures of a run over tasks: PNG and SVG.
    pub(crate) fn figures_of_tasks(&self) -> Vec<PathBuf> {
        let files =
            |name: &str| ["png", "svg"].map(|ending| self.plots().join(format!("{name}.{ending}")));
        FIGURES.iter().flat_map(|name| files(name)).collect()
    }
}

/// Draws all figures of a run that is called `name`; that of subspaces where the method has any.
///
/// # Errors
/// When one cannot be drawn or written.
pub(crate) fn draw(
    name: &str,
    (network, protection): (&Network, &dyn Protection),
    result: &ContinualResult,
    folder: &RunFolder,
) -> Result<()> {
    folder.make_part("plots")?;
    let percent = |share: f64| format!("{:.2} %", 100.0 * share).replace('-', "−");
    let bwt = result.bwt.map_or(String::new(), |bwt| format!(", BWT {}", percent(bwt)));
    let remark = format!("{}, ACC {}{bwt}", result.method, percent(result.acc));
    let (title, tasks) = (name.to_owned(), result.tasks.clone());
    let accuracy = result.accuracy.clone();
    let matrix = AccuracyMatrixFigure {
        title: title.clone(),
        remark: remark.clone(),
        tasks: tasks.clone(),
        accuracy: accuracy.clone(),
    };
    let forgetting = ForgettingFigure { title: title.clone(), remark, tasks, accuracy };
    save(&matrix, FIGURES[0], folder)?;
    save(&forgetting, FIGURES[1], folder)?;
    let projections = subspaces(network, protection);
    if projections.is_empty() {
        return Ok(());
    }
    let remark = format!("{}, after task {}", result.method, result.tasks.len());
    save(&SubspacesFigure { title, remark, projections }, FIGURES[2], folder)
}

fn save(figure: &dyn Figure, name: &str, folder: &RunFolder) -> Result<()> {
    for ending in ["png", "svg"] {
        figure.save(&folder.plots().join(format!("{name}.{ending}")))?;
    }
    Ok(())
}

/// What each protected projection has of subspaces, in the order of the reports.
fn subspaces(network: &Network, protection: &dyn Protection) -> Vec<ProjectionSubspaces> {
    let state = protection.state();
    let mut all: Vec<(String, ProjectionSubspaces)> = Vec::new();
    for report in protection.subspaces() {
        let place = all.iter().position(|(name, _)| *name == report.projection);
        let place = place.unwrap_or_else(|| {
            let index = (0..network.projections.len())
                .find(|&index| network.projection_name(index) == report.projection);
            let source = index.map(|index| network.projections[index].source);
            let inputs = source.map_or(0, |source| network.populations[source].size);
            let rows = state.get(&format!("{}.rows", report.projection));
            let groups = state.get(&format!("{}.groups", report.projection));
            let angles = rows
                .zip(groups)
                .map_or_else(Vec::new, |(rows, groups)| angles(rows, groups, inputs));
            let name = projection_label(&report.projection);
            let new = ProjectionSubspaces { name, angles, inputs, ..Default::default() };
            all.push((report.projection.clone(), new));
            all.len() - 1
        });
        let subspaces = &mut all[place].1;
        subspaces.rows.push(report.rows);
        if !report.residuals.is_empty() {
            subspaces.residual.push((report.task, report.residuals.clone()));
        }
    }
    all.into_iter().map(|(_, subspaces)| subspaces).collect()
}

/// Principal angles in degrees between what each task added and what the task before it did.
fn angles(rows: &[f32], groups: &[f32], inputs: usize) -> Vec<(String, Vec<f64>)> {
    let mut rest = rows;
    let blocks: Vec<Vec<f64>> = groups
        .iter()
        .map(|&count| {
            let (block, behind) = rest.split_at((count as usize * inputs).min(rest.len()));
            rest = behind;
            block.iter().map(|&entry| f64::from(entry)).collect()
        })
        .collect();
    let of_pair = |(index, pair): (usize, &[Vec<f64>])| {
        let angles = principal_angles(&pair[0], &pair[1], inputs).ok()?;
        let degrees = angles.into_iter().map(f64::to_degrees).collect();
        Some((format!("task {} and {}", index + 2, index + 1), degrees))
    };
    blocks.windows(2).enumerate().filter_map(of_pair).collect()
}
