//! What each class was taken for.

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::font::{self, TextStyle};
use crate::heading::draw_heading;
use crate::heat_map::{CellSides, HeatMap};
use crate::scale::grouped;
use crate::theme::{MARGIN, NOTE, Rgb, Size, TITLE, density};

/// Cells that let class names stand beside each other in readable size.
const SIDES: CellSides = CellSides { roomy: 6.5, largest: 34.0, air: 1.4 };
/// A line and a remark; each further line adds its own height.
const HEADER: f64 = 27.0;
const TITLE_LINE: f64 = 10.5;

/// A confusion matrix: rows are true classes, columns predicted ones; colour is the share of the
/// row, numbers are samples.
///
/// Numbers that would not fit their cell are left out. The line beneath the title gives the split's
/// accuracy and its standard error, both computed from the counts, on a line of their own where the
/// split is long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfusionFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside it: which network this is, for example "epoch 7, best of 24"; may be empty.
    pub remark: String,
    /// Which samples these are, for example "validation (speakers 3 and 9)".
    pub split: String,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Samples, row by row: `[true class, predicted class]`, so `classes.len()` squared.
    pub counts: Vec<u64>,
}

impl ConfusionFigure {
    /// Counts pairs of (true class, predicted class).
    ///
    /// # Errors
    /// [`Error::Data`] for an index outside `classes`.
    pub fn from_pairs(
        split: impl Into<String>,
        classes: Vec<String>,
        pairs: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Self> {
        let size = classes.len();
        let mut counts = vec![0; size * size];
        for (sample, (truth, predicted)) in pairs.into_iter().enumerate() {
            if truth >= size || predicted >= size {
                return Err(data_error(format!(
                    "sample {sample} has classes {truth} and {predicted}, but there are {size}"
                )));
            }
            counts[truth * size + predicted] += 1;
        }
        Ok(Self { split: split.into(), classes, counts, ..Self::default() })
    }

    /// Samples in all cells.
    pub fn samples(&self) -> u64 {
        sum(self.counts.iter())
    }

    fn correct(&self) -> u64 {
        sum(self.counts.iter().step_by(self.classes.len() + 1))
    }

    /// Share of samples on the diagonal; NaN without samples.
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.samples() as f64
    }

    /// Standard error of the accuracy, `sqrt(p (1 - p) / n)`; NaN without samples.
    pub fn standard_error(&self) -> f64 {
        let p = self.accuracy();
        (p * (1.0 - p) / self.samples() as f64).sqrt()
    }

    fn layout(&self) -> HeatMap {
        let header = |width: f64| {
            let lines = self.has_heading() as usize + self.verdict(width - 2.0 * MARGIN).len();
            HEADER + TITLE_LINE * (lines - 1) as f64
        };
        HeatMap::new(&self.classes, 0, SIDES, header)
    }

    fn has_heading(&self) -> bool {
        !(self.title.is_empty() && self.remark.is_empty())
    }

    /// Lines beneath the title: one where split and accuracy fit beside each other, else two, so
    /// that the accuracy is never cut off.
    fn verdict(&self, room: f64) -> Vec<String> {
        let accuracy = if self.samples() == 0 {
            "no samples".to_owned()
        } else {
            format!(
                "accuracy {:.1} ± {:.1} %",
                100.0 * self.accuracy(),
                100.0 * self.standard_error()
            )
        };
        if self.split.is_empty() {
            return vec![accuracy];
        }
        let both = format!("{}: {accuracy}", self.split);
        if font::text_width(&both, TITLE, true) <= room {
            vec![both]
        } else {
            vec![font::shorten(&self.split, TITLE, true, room), accuracy]
        }
    }

    fn draw_header(&self, canvas: &mut Canvas<'_>, map: &HeatMap) {
        let room = map.size.width - 2.0 * MARGIN;
        let mut baseline = MARGIN + TITLE;
        if self.has_heading() {
            draw_heading(canvas, (&self.title, &self.remark), baseline, room);
            baseline += TITLE_LINE;
        }
        for line in self.verdict(room) {
            canvas.text((MARGIN, baseline), &line, TextStyle::new(TITLE, Rgb::INK).bold());
            baseline += TITLE_LINE;
        }
        let remark = format!(
            "{} of {} samples correct; ± one standard error",
            grouped(self.correct()),
            grouped(self.samples())
        );
        canvas.text(
            (MARGIN, baseline - 0.5),
            &font::shorten(&remark, NOTE, false, room),
            TextStyle::new(NOTE, Rgb::GREY),
        );
    }

    fn draw_cells(&self, canvas: &mut Canvas<'_>, map: &HeatMap) {
        let count_size = self.count_size(map);
        for (row, counts) in self.counts.chunks_exact(self.classes.len()).enumerate() {
            let total = sum(counts.iter());
            for (column, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
                let color = density(count as f64 / total as f64);
                map.fill(canvas, row, column, color);
                if let Some(size) = count_size {
                    let ink = font::ink_on(color);
                    map.number(canvas, (row, column), &count.to_string(), size, ink);
                }
            }
        }
        map.draw_lines(canvas);
    }

    /// Type size at which all counts fit their cells, or at least all errors: the diagonal may then
    /// go without. None if too small to read.
    fn count_size(&self, map: &HeatMap) -> Option<f64> {
        let all = self.counts.iter().copied().max()?;
        let errors = self
            .counts
            .iter()
            .enumerate()
            .filter(|(i, _)| i % (self.classes.len() + 1) != 0)
            .map(|(_, &count)| count)
            .max();
        let sizes = [Some(all), errors].into_iter().flatten();
        sizes
            .map(|count| map.number_size(&count.to_string()))
            .find(|&size| HeatMap::is_legible(size))
    }
}

/// Sum that stops at the largest number instead of overflowing.
fn sum<'a>(counts: impl Iterator<Item = &'a u64>) -> u64 {
    counts.fold(0, |sum, &count| sum.saturating_add(count))
}

fn data_error(message: String) -> Error {
    Error::Data { figure: "ConfusionFigure", message }
}

impl Figure for ConfusionFigure {
    fn size(&self) -> Size {
        self.layout().size
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        let classes = self.classes.len();
        if classes == 0 {
            return Err(data_error("no classes to draw".to_owned()));
        }
        if self.counts.len() != classes * classes {
            return Err(data_error(format!(
                "{classes} classes need {} counts, but there are {}",
                classes * classes,
                self.counts.len()
            )));
        }
        let map = self.layout();
        self.draw_header(canvas, &map);
        self.draw_cells(canvas, &map);
        map.draw_names(canvas, "true class", "predicted class");
        let label = |percent: u8| (f64::from(percent) / 100.0, percent.to_string());
        let name = ("share of true class (%)", "%");
        map.draw_color_bar(canvas, name, &[0, 25, 50, 75, 100].map(label), density);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
