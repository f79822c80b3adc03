//! The subspaces that the tasks of a sequence take up in the inputs of each projection.

use crate::canvas::Canvas;
use crate::envelope::Envelope;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::legend::{Legend, Sample};
use crate::panel::Panel;
use crate::panel_rows::{Column, PanelRows, Row};
use crate::scale::{Scale, extent, grouped};
use crate::stroke::{Dash, Stroke};
use crate::theme::{
    DOUBLE_COLUMN_MM, NORMAL, PIXEL, Rgb, SINGLE_COLUMN_MM, STRONG, Size, THIN, density, in_order,
    mm,
};

const PANEL_HEIGHT: f64 = 66.0;
/// Residuals below this percentage are drawn at it: they would only stretch the axis.
const LEAST: f64 = 0.01;
/// Many batches are thinned to as many columns, each about two pixels wide.
const COLUMNS: usize = 400;
/// Batches are thinned where more than this would fall into a column.
const DENSE: usize = 2;
/// At most as many pairs of tasks have a line each in the legend.
const FEW_PAIRS: usize = 3;
/// At most as many angles of few pairs are points of their own.
const FEW_ANGLES: usize = 12;
const INPUTS: Stroke = Stroke { color: Rgb::INK, width: THIN, dash: Dash::Dashed };
const SEPARATOR: Stroke = Stroke { color: Rgb::LIGHT_GREY, width: PIXEL, dash: Dash::Solid };

/// What [`SubspacesFigure`] shows of one projection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectionSubspaces {
    /// For example "input → hidden 1".
    pub name: String,
    /// Task, counted from 0, and for each batch of its training the share of the activity's power
    /// that is outside the subspaces learned so far. In the order of training; a task may have
    /// several entries.
    pub residual: Vec<(usize, Vec<f32>)>,
    /// A pair of subspaces, for example "task 2 and 1", and its principal angles in degrees,
    /// ascending, between 0 (a common direction) and 90 (orthogonal).
    pub angles: Vec<(String, Vec<f64>)>,
    /// Dimensions (rows of the subspace's matrix) that each task takes up.
    pub rows: Vec<usize>,
    /// Dimensions there are: inputs of the projection.
    pub inputs: usize,
}

/// Residuals over the batches, principal angles between subspaces and the rows in use, a row of
/// panels per projection. What no projection has is left out.
///
/// All projections share the scale of the residual, which is logarithmic; what is below 0.01 % is
/// drawn there. More than 800 batches are shown as the medians and ranges of about 400 groups.
/// Colours of residuals and rows follow the order of the tasks, those of angles the order of the
/// pairs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubspacesFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside the title: of when the rows are, for example "after task 10"; may be empty.
    pub remark: String,
    /// One row each.
    pub projections: Vec<ProjectionSubspaces>,
}

impl ProjectionSubspaces {
    fn batches(&self) -> usize {
        self.residual.iter().map(|(_, shares)| shares.len()).sum()
    }

    fn used(&self) -> usize {
        self.rows.iter().sum()
    }

    fn longest_angles(&self) -> usize {
        self.angles.iter().map(|(_, angles)| angles.len()).max().unwrap_or(0)
    }

    fn check(&self) -> std::result::Result<(), String> {
        let tasks = self.rows.len();
        if let Some((task, _)) = self.residual.iter().find(|(task, _)| *task >= tasks) {
            return Err(format!(
                "has a residual of task {task} (from 0), but rows of {tasks} tasks"
            ));
        }
        for (pair, angles) in &self.angles {
            let wrong = |angle: &&f64| !(angle.is_nan() || (0.0..=90.0 + 1e-6).contains(*angle));
            if let Some(angle) = angles.iter().find(wrong) {
                return Err(format!(
                    "has an angle of {angle} for \"{pair}\", but angles are 0 to 90 degrees"
                ));
            }
        }
        Ok(())
    }
}

/// What the panels above each other show.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    Residual,
    Angles,
    Rows,
}

/// Whether as many batches on the axis are too many to show each.
fn are_dense(batches: usize) -> bool {
    batches > DENSE * COLUMNS
}

/// Percentage at which a share is drawn; NaN stays.
fn shown(share: f64) -> f64 {
    let percent = 100.0 * share;
    if percent < LEAST { LEAST } else { percent }
}

/// Draws the residual of every task beside that of the one before, on an axis of `most` batches.
fn draw_residual(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    projection: &ProjectionSubspaces,
    most: usize,
    color: impl Fn(usize) -> Rgb,
) {
    let finite = |(_, shares): &(usize, Vec<f32>)| shares.iter().any(|share| share.is_finite());
    if !projection.residual.iter().any(finite) {
        return panel.nothing(canvas, "no batches");
    }
    let mut first = 0.0;
    for (task, shares) in &projection.residual {
        let after = first + shares.len() as f64;
        if first > 0.0 {
            let (x, _) = panel.at(first, 1.0);
            canvas.line(&[(x, panel.frame.top), (x, panel.frame.bottom())], SEPARATOR);
        }
        let columns = if are_dense(most) { COLUMNS * shares.len() / most } else { shares.len() };
        let envelope = Envelope::of(shares, columns);
        let xs: Vec<f64> = envelope.xs.iter().map(|x| first + x).collect();
        let level = |values: &[f64]| values.iter().copied().map(shown).collect::<Vec<f64>>();
        let (color, median) = (color(*task), level(&envelope.median));
        if are_dense(most) {
            let (lowest, highest) = (level(&envelope.lowest), level(&envelope.highest));
            panel.band(canvas, &xs, &lowest, &highest, range_color(color));
        }
        let points = || xs.iter().copied().zip(median.iter().copied());
        panel.line(canvas, points(), Stroke::solid(color, THIN));
        panel.lonely_points(canvas, points(), color);
        first = after;
    }
}

/// The colour of the range around a median.
fn range_color(median: Rgb) -> Rgb {
    median.lighten(0.6)
}

/// Draws the angles of every pair against their places in its list.
fn draw_angles(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    angles: &[(String, Vec<f64>)],
    color: impl Fn(&str) -> Rgb,
) {
    let few = angles.len() <= FEW_PAIRS;
    if !angles.iter().any(|(_, angles)| angles.iter().any(|angle| angle.is_finite())) {
        return panel.nothing(canvas, "no angles");
    }
    for (pair, angles) in angles {
        let color = color(pair);
        let points = angles.iter().enumerate().map(|(i, &angle)| ((i + 1) as f64, angle));
        panel.line(canvas, points.clone(), Stroke::solid(color, NORMAL));
        panel.lonely_points(canvas, points.clone(), color);
        if few && angles.len() <= FEW_ANGLES {
            let known = points.filter(|(_, angle)| angle.is_finite());
            known.for_each(|(x, angle)| canvas.disc(panel.at(x, angle), STRONG, color));
        }
    }
}

/// Draws the rows in use as stairs: a task's rows lie on those of the tasks before it and stay.
fn draw_rows(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    projection: &ProjectionSubspaces,
    color: impl Fn(usize) -> Rgb,
) {
    if projection.rows.is_empty() {
        return panel.nothing(canvas, "no tasks");
    }
    let end = projection.rows.len() as f64 + 0.5;
    let mut below = 0.0;
    for (task, &rows) in projection.rows.iter().enumerate() {
        let above = below + rows as f64;
        canvas.rect(panel.at(task as f64 + 0.5, below), panel.at(end, above), color(task));
        below = above;
    }
    let inputs = projection.inputs as f64;
    panel.line(canvas, [(panel.x.lo, inputs), (panel.x.hi, inputs)], INPUTS);
}

impl SubspacesFigure {
    /// Tasks of the projection that has most.
    fn tasks(&self) -> usize {
        self.projections.iter().map(|projection| projection.rows.len()).max().unwrap_or(0)
    }

    fn task_color(&self, task: usize) -> Rgb {
        in_order(task, self.tasks())
    }

    /// The pairs of tasks of all projections, each once, in the order in which they first appear.
    fn pairs(&self) -> Vec<&str> {
        let mut pairs: Vec<&str> = Vec::new();
        for (pair, _) in self.projections.iter().flat_map(|projection| &projection.angles) {
            if !pairs.contains(&pair.as_str()) {
                pairs.push(pair);
            }
        }
        pairs
    }

    /// Batches of the projection that has most, which all share their axis with.
    fn most_batches(&self) -> usize {
        self.projections.iter().map(ProjectionSubspaces::batches).max().unwrap_or(0)
    }

    fn add_tasks(&self, legend: &mut Legend) {
        let tasks = self.tasks();
        let name = if tasks > 1 { format!("task 1 to {tasks}") } else { "task 1".to_owned() };
        if tasks > 0 {
            legend
                .add(Sample::Shades((0..tasks).map(|task| self.task_color(task)).collect()), name);
        }
    }

    fn residual_legend(&self) -> Legend {
        let mut legend = Legend::default();
        self.add_tasks(&mut legend);
        if are_dense(self.most_batches()) {
            legend.add(Sample::Line(Stroke::solid(Rgb::GREY, THIN)), "median");
            let range = Stroke::solid(Rgb::GREY, 0.0);
            legend.add(Sample::Area(range_color(Rgb::GREY), range), "range");
        }
        legend
    }

    fn angles_legend(&self, pairs: &[&str]) -> Legend {
        let mut legend = Legend::default();
        let count = pairs.len();
        if let ([first, .., last], true) = (pairs, count > FEW_PAIRS) {
            let colors = (0..count).map(|index| pair_color(index, count)).collect();
            legend.add(Sample::Shades(colors), format!("{first} … {last}"));
            return legend;
        }
        for (index, &pair) in pairs.iter().enumerate() {
            legend.add(Sample::Line(Stroke::solid(pair_color(index, count), NORMAL)), pair);
        }
        legend
    }

    fn layout(&self, pairs: &[&str]) -> PanelRows<'_> {
        let batches = Scale::counting(Some((0.0, self.most_batches().max(1) as f64)));
        let shares = self.projections.iter().flat_map(|projection| &projection.residual);
        let shares = shares.flat_map(|(_, shares)| shares).map(|&share| shown(share.into()));
        // A little air beneath the least residual keeps its line off the axis.
        let range = extent(shares).map(|(lo, hi)| (if lo > LEAST { lo } else { lo / 1.5 }, hi));
        let residual = Scale::logarithmic(range.or(Some((1.0, 100.0))));
        let tasks = Scale::counting(Some((0.5, self.tasks().max(1) as f64 + 0.5)));
        let contents = self.contents();
        let row = |projection: &ProjectionSubspaces| {
            let (used, inputs) = (projection.used(), projection.inputs);
            let angles = projection.longest_angles().max(1) as f64;
            let scales = |content: &Content| match content {
                Content::Residual => (batches, residual),
                Content::Angles => (Scale::counting(Some((1.0, angles))), Scale::degrees()),
                Content::Rows => (tasks, Scale::from_zero(Some((0.0, used.max(inputs) as f64)))),
            };
            let note = format!("{} rows, {} inputs", grouped(used as u64), grouped(inputs as u64));
            let has_rows = contents.contains(&Content::Rows);
            Row {
                name: projection.name.clone(),
                note: if has_rows { note } else { String::new() },
                scales: contents.iter().map(scales).collect(),
            }
        };
        let column = |content: &Content| match content {
            Content::Residual => Column {
                legend: self.residual_legend(),
                x_name: "batches",
                y_name: "residual (%)",
                share: 0.48,
            },
            Content::Angles => Column {
                legend: self.angles_legend(pairs),
                x_name: "index",
                y_name: "principal angle (°)",
                share: 0.28,
            },
            Content::Rows => {
                let mut legend = Legend::default();
                // Colours are explained once.
                if !contents.contains(&Content::Residual) {
                    self.add_tasks(&mut legend);
                }
                legend.add(Sample::Line(INPUTS), "inputs");
                Column { legend, x_name: "task", y_name: "rows", share: 0.24 }
            }
        };
        let mut columns: Vec<Column<'_>> = contents.iter().map(column).collect();
        let all: f64 = columns.iter().map(|column| column.share).sum();
        columns.iter_mut().for_each(|column| column.share /= all);
        // A single column needs no more width than a column of the page.
        let width = if columns.len() > 1 { DOUBLE_COLUMN_MM } else { SINGLE_COLUMN_MM };
        PanelRows {
            width: mm(width),
            panel_height: PANEL_HEIGHT,
            title: &self.title,
            remark: &self.remark,
            columns,
            rows: self.projections.iter().map(row).collect(),
        }
    }

    /// What is drawn from left to right: all that any projection has.
    fn contents(&self) -> Vec<Content> {
        let all = [Content::Residual, Content::Angles, Content::Rows];
        let has = |content: &Content| {
            self.projections.iter().any(|projection| match content {
                Content::Residual => !projection.residual.is_empty(),
                Content::Angles => !projection.angles.is_empty(),
                Content::Rows => !projection.rows.is_empty(),
            })
        };
        let known: Vec<Content> = all.into_iter().filter(has).collect();
        if known.is_empty() { all.into() } else { known }
    }

    fn check(&self) -> Result<()> {
        let error = |message| Err(Error::Data { figure: "SubspacesFigure", message });
        if self.projections.is_empty() {
            return error("no projections to draw".to_owned());
        }
        for projection in &self.projections {
            if let Err(message) = projection.check() {
                return error(format!("projection \"{}\" {message}", projection.name));
            }
        }
        Ok(())
    }
}

/// Blues that grow darker from pair to pair, so that they are not taken for tasks.
fn pair_color(index: usize, count: usize) -> Rgb {
    density(0.4 + 0.6 * (index + 1) as f64 / count as f64)
}

impl Figure for SubspacesFigure {
    fn size(&self) -> Size {
        self.layout(&self.pairs()).size()
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        self.check()?;
        let pairs = self.pairs();
        let most = self.most_batches();
        let place = |pair: &str| pairs.iter().position(|other| *other == pair).unwrap_or(0);
        let contents = self.contents();
        self.layout(&pairs).draw(canvas, |canvas, index, column, panel| {
            let projection = &self.projections[index];
            let task_color = |task| self.task_color(task);
            match contents[column] {
                Content::Residual => draw_residual(canvas, panel, projection, most, task_color),
                Content::Angles => draw_angles(canvas, panel, &projection.angles, |pair| {
                    pair_color(place(pair), pairs.len())
                }),
                Content::Rows => draw_rows(canvas, panel, projection, task_color),
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
