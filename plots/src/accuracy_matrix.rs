//! How well every task is done after each task of a sequence.

use crate::canvas::Canvas;
use crate::error::Result;
use crate::figure::Figure;
use crate::font::{self, TextStyle};
use crate::heading::draw_heading;
use crate::heat_map::{CellSides, HeatMap, draw_frame};
use crate::scale::{Scale, extent};
use crate::stroke::Stroke;
use crate::task_accuracies::check;
use crate::theme::{MARGIN, NORMAL, NOTE, PIXEL, Rgb, Size, TITLE, density};

/// Cells of this side hold "97.5" in readable size.
const ROOMY: f64 = 12.0;
/// Few cells grow until one of both is reached: this side, or this extent of all, beside which the
/// name of the rows has room.
const LARGE_CELL: f64 = 20.0;
const LEAST_EXTENT: f64 = 64.0;
/// Frames take some of the room of their numbers.
const AIR: f64 = 2.4;
/// Height of the line beneath the heading, and of the heading.
const NOTE_LINE: f64 = 14.0;
const HEADING_LINE: f64 = 12.0;
/// The colours begin at a multiple of this, in percent.
const COLOR_STEP: f64 = 10.0;
/// Share of the colours that is left out, so that the lowest accuracy is not white.
const PALEST: f64 = 0.06;

/// Accuracies in percent, a row after each task, a column for each task they are on.
///
/// The accuracies on the task just trained, the diagonal, are framed. Accuracies on tasks that were
/// trained have a colour, on a scale from the least of them, rounded down to full 10 %, to 100 %;
/// those on tasks still to come have a grey number. Where all tasks are trained at once, a row is a
/// part of their samples: none is framed, and all have a colour. An accuracy that is NaN or missing leaves
/// its cell empty. Numbers that would not fit their cells lose their decimal, or are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccuracyMatrixFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside it, for example "ACC 95.3 %, BWT −1.1 %"; may be empty.
    pub remark: String,
    /// Names of the tasks in the order of their training.
    pub tasks: Vec<String>,
    /// `accuracy[i][j]`: fraction between 0 and 1 after training task i on task j. At most as many
    /// rows as tasks; each ends between its diagonal and the last task.
    pub accuracy: Vec<Vec<f64>>,
    /// Whether all tasks are trained at once, so that row i is that after part i of their samples.
    pub at_once: bool,
}

impl AccuracyMatrixFigure {
    fn has_heading(&self) -> bool {
        !(self.title.is_empty() && self.remark.is_empty())
    }

    fn layout(&self) -> HeatMap {
        let heading = if self.has_heading() { HEADING_LINE } else { 0.0 };
        let largest = LARGE_CELL.max(LEAST_EXTENT / self.tasks.len().max(1) as f64);
        let sides = CellSides { roomy: ROOMY, largest, air: AIR };
        let map = HeatMap::new(&self.tasks, 1, sides, |_| heading + NOTE_LINE);
        match self.at_once {
            true => map.with_rows((1..=self.tasks.len()).map(|part| part.to_string()).collect()),
            false => map,
        }
    }

    /// Whether the accuracy on a task after another one is that on a task that was trained.
    fn is_trained(&self, after: usize, on: usize) -> bool {
        self.at_once || on <= after
    }

    /// Percent at the pale end of the colours.
    fn lowest(&self) -> f64 {
        let trained = self.percents().filter(|&(i, j, _)| self.is_trained(i, j));
        let (lo, _) = extent(trained.map(|(.., percent)| percent)).unwrap_or((0.0, 0.0));
        // The allowance keeps accuracies such as 0.7 at their own step.
        let full = (lo / COLOR_STEP + 1e-9).floor() * COLOR_STEP;
        full.min(100.0 - COLOR_STEP)
    }

    /// Every accuracy that is known, as (row, column, percent).
    fn percents(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        let rows = self.accuracy.iter().enumerate();
        rows.flat_map(|(i, row)| row.iter().enumerate().map(move |(j, &a)| (i, j, 100.0 * a)))
            .filter(|(.., percent)| percent.is_finite())
    }

    /// Decimals and type size with which all numbers fit their cells; none if too small to read.
    fn numbers(&self, map: &HeatMap) -> Option<(usize, f64)> {
        let size = |decimals: usize| {
            let texts = self.percents().map(|(.., percent)| written(percent, decimals));
            texts.map(|text| map.number_size(&text)).reduce(f64::min)
        };
        [1, 0]
            .into_iter()
            .filter_map(|decimals| Some((decimals, size(decimals)?)))
            .find(|&(_, size)| HeatMap::is_legible(size))
    }

    fn draw_header(&self, canvas: &mut Canvas<'_>, width: f64) {
        let room = width - 2.0 * MARGIN;
        let mut baseline = MARGIN + NOTE;
        if self.has_heading() {
            draw_heading(canvas, (&self.title, &self.remark), MARGIN + TITLE, room);
            baseline += HEADING_LINE;
        }
        let to_come = self.percents().any(|(i, j, _)| !self.is_trained(i, j));
        let note = if self.percents().next().is_none() {
            "no accuracies yet"
        } else if self.at_once {
            "all tasks are trained at once"
        } else if to_come {
            "framed: the task just trained; grey: tasks still to come"
        } else {
            "framed: the task just trained"
        };
        let note = font::shorten(note, NOTE, false, room);
        canvas.text((MARGIN, baseline), &note, TextStyle::new(NOTE, Rgb::GREY));
    }

    fn draw_cells(&self, canvas: &mut Canvas<'_>, map: &HeatMap, color: impl Fn(f64) -> Rgb) {
        let numbers = self.numbers(map);
        let lowest = self.lowest();
        let share = |percent: f64| (percent - lowest) / (100.0 - lowest);
        for (row, column, percent) in self.percents() {
            let mut ink = Rgb::GREY;
            if self.is_trained(row, column) {
                let color = color(share(percent));
                map.fill(canvas, row, column, color);
                ink = font::ink_on(color);
            }
            if let Some((decimals, size)) = numbers {
                map.number(canvas, (row, column), &written(percent, decimals), size, ink);
            }
        }
        map.draw_lines(canvas);
        for task in (0..self.accuracy.len()).filter(|_| !self.at_once) {
            let (from, to) = (map.corner(task, task), map.corner(task + 1, task + 1));
            // A white line within keeps the frame apart from dark cells.
            let within = NORMAL / 2.0 + PIXEL / 2.0;
            draw_frame(
                canvas,
                (from.0 + within, from.1 + within),
                (to.0 - within, to.1 - within),
                Stroke::solid(Rgb::WHITE, PIXEL),
            );
            draw_frame(canvas, from, to, Stroke::solid(Rgb::INK, NORMAL));
        }
    }
}

/// A percentage as the cells show it; all of them, exactly, needs no decimal.
fn written(percent: f64, decimals: usize) -> String {
    if percent == 100.0 { "100".to_owned() } else { format!("{percent:.decimals$}") }
}

impl Figure for AccuracyMatrixFigure {
    fn size(&self) -> Size {
        self.layout().size
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        check("AccuracyMatrixFigure", &self.tasks, &self.accuracy)?;
        let map = self.layout();
        let color = |share: f64| density(PALEST + (1.0 - PALEST) * share);
        self.draw_header(canvas, map.size.width);
        self.draw_cells(canvas, &map, color);
        let rows = if self.at_once { "after part" } else { "after training on" };
        map.draw_names(canvas, rows, "accuracy on");
        let scale = Scale::linear(self.lowest(), 100.0);
        let label = |tick: f64| (scale.share(tick), scale.tick_label(tick));
        let labels: Vec<(f64, String)> = scale.ticks(5).into_iter().map(label).collect();
        map.draw_color_bar(canvas, ("accuracy (%)", "%"), &labels, color);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(tasks: usize, accuracy: impl Fn(usize, usize) -> f64) -> AccuracyMatrixFigure {
        AccuracyMatrixFigure {
            tasks: (1..=tasks).map(|task| format!("task {task}")).collect(),
            accuracy: (0..tasks).map(|i| (0..tasks).map(|j| accuracy(i, j)).collect()).collect(),
            ..AccuracyMatrixFigure::default()
        }
    }

    #[test]
    fn colours_begin_beneath_the_tasks_that_were_trained() {
        let lowest = |lo: f64| figure(3, |i, j| if j <= i { lo } else { 0.1 }).lowest();
        assert_eq!([0.93, 0.7, 0.301, 0.0, 1.0].map(lowest), [90.0, 70.0, 30.0, 0.0, 90.0]);
        assert_eq!(figure(3, |_, _| f64::NAN).lowest(), 0.0);
        assert_eq!(AccuracyMatrixFigure::default().lowest(), 0.0);
    }

    #[test]
    fn twenty_tasks_keep_their_decimals_and_hundred_go_without_numbers() {
        let numbers = |tasks: usize| {
            let figure = figure(tasks, |_, _| 0.9512);
            figure.numbers(&figure.layout())
        };
        assert!(numbers(10).is_some_and(|(decimals, size)| decimals == 1 && size > 6.0));
        assert!(numbers(20).is_some_and(|(decimals, size)| decimals == 1 && size > 5.0));
        assert_eq!(numbers(100), None);
    }

    #[test]
    fn hundred_percent_needs_no_decimal() {
        assert_eq!(written(100.0, 1), "100");
        assert_eq!([written(95.25, 1), written(95.25, 0), written(0.0, 1)], ["95.2", "95", "0.0"]);
    }
}
