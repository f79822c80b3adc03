//! What each class was taken for.

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::font::{self, Anchor, TextStyle};
use crate::heading::draw_heading;
use crate::scale::grouped;
use crate::stroke::Stroke;
use crate::theme::{
    CAP_HEIGHT, DOUBLE_COLUMN_MM, HAIRLINE, LABEL, MARGIN, MIDDLE_COLUMN_MM, NOTE, PIXEL, Rgb,
    SINGLE_COLUMN_MM, Size, TICK, TITLE, density, mm,
};
use std::collections::BTreeSet;

/// Side of a cell that lets class names stand beside each other in readable size.
const ROOMY: f64 = 6.5;
/// Cells of few classes do not grow beyond this.
const LARGEST_CELL: f64 = 34.0;
/// Names are shortened beyond this width; four letters that are drawn as escapes fit.
const LONGEST_NAME: f64 = 96.0;
/// Counts in smaller type than this would be specks.
const SMALLEST_COUNT: f64 = 3.9;
/// Least distance of a count from the sides of its cell, both together.
const COUNT_AIR: f64 = 1.4;
/// A line and a remark; each further line adds its own height.
const HEADER: f64 = 27.0;
const TITLE_LINE: f64 = 10.5;
const BAR_WIDTH: f64 = 6.0;
/// Right of the matrix: gap, colour bar, its labels and its name.
const BAR_SPACE: f64 = 8.0 + BAR_WIDTH + 4.0 + 12.0 + 3.0 + LABEL;
const NAME_GAP: f64 = 3.0;
/// Least distance between names beside each other.
const NAME_AIR: f64 = 4.0;
const AXIS_NAME: f64 = LABEL * 1.05 + 3.0;

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
    /// Beside the title: which network this is, for example "epoch 7, best of 24"; may be empty.
    pub remark: String,
    /// Which samples these are, for example "validation (speakers 3 and 9)".
    pub split: String,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Samples, row by row: `[true class, predicted class]`, so `classes.len()` squared.
    pub counts: Vec<u64>,
}

/// Where everything lies.
struct Layout {
    size: Size,
    cell: f64,
    left: f64,
    top: f64,
    /// Type size of the class names, and how many classes share a name when there are too many.
    name_size: f64,
    stride: usize,
    /// Whether the names below the matrix stand upright, for want of room beside each other.
    upright: bool,
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

    /// The names of the classes at a type size, shortened where they are too long. Where shortening
    /// makes two names alike, the numbers of the classes come first.
    fn names(&self, size: f64) -> Vec<String> {
        let shorten = |name: &str| font::shorten(name, size, false, LONGEST_NAME);
        let names: Vec<String> = self.classes.iter().map(|name| shorten(name)).collect();
        let apart: BTreeSet<&String> = names.iter().collect();
        if apart.len() == names.len() {
            return names;
        }
        let numbered = |(class, name): (usize, &String)| shorten(&format!("{class}: {name}"));
        self.classes.iter().enumerate().map(numbered).collect()
    }

    fn layout(&self) -> Layout {
        let classes = self.classes.len().max(1) as f64;
        let names = self.names(TICK);
        let widest = names
            .iter()
            .map(|name| font::text_width(name, TICK, false))
            .fold(0.0, f64::max)
            .min(LONGEST_NAME);
        let left = MARGIN + AXIS_NAME + widest + NAME_GAP;
        let cell_in = |width: f64| (mm(width) - left - BAR_SPACE - MARGIN) / classes;
        let widths = [SINGLE_COLUMN_MM, MIDDLE_COLUMN_MM, DOUBLE_COLUMN_MM];
        let width =
            widths.into_iter().find(|&width| cell_in(width) >= ROOMY).unwrap_or(DOUBLE_COLUMN_MM);
        let cell = cell_in(width).min(LARGEST_CELL);
        let width =
            mm(width).min((left + cell * classes + BAR_SPACE + MARGIN).max(mm(SINGLE_COLUMN_MM)));
        let lines = self.has_heading() as usize + self.verdict(width - 2.0 * MARGIN).len();
        let top = MARGIN + HEADER + TITLE_LINE * (lines - 1) as f64;
        let name_size = TICK.min(cell / 1.05).max(5.0);
        let stride = (name_size / cell).ceil().max(1.0) as usize;
        let upright = widest * name_size / TICK + NAME_AIR > cell * stride as f64;
        let height = top
            + cell * classes
            + NAME_GAP
            + if upright { widest } else { name_size * CAP_HEIGHT }
            + AXIS_NAME
            + MARGIN;
        Layout { size: Size { width, height }, cell, left, top, name_size, stride, upright }
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

    fn draw_header(&self, canvas: &mut Canvas<'_>, layout: &Layout) {
        let room = layout.size.width - 2.0 * MARGIN;
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

    fn draw_cells(&self, canvas: &mut Canvas<'_>, layout: &Layout) {
        let classes = self.classes.len();
        let corner = |row: usize, column: usize| {
            (layout.left + layout.cell * column as f64, layout.top + layout.cell * row as f64)
        };
        let count_size = self.count_size(layout.cell);
        let fits = |text: &str, size: f64| {
            font::text_width(text, size, false) <= layout.cell - COUNT_AIR + 1e-9
        };
        for (row, counts) in self.counts.chunks_exact(classes).enumerate() {
            let total = sum(counts.iter());
            for (column, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
                let color = density(count as f64 / total as f64);
                canvas.rect(corner(row, column), corner(row + 1, column + 1), color);
                let text = count.to_string();
                if let Some(size) = count_size.filter(|&size| fits(&text, size)) {
                    let (x, y) = corner(row, column);
                    let center =
                        (x + layout.cell / 2.0, y + layout.cell / 2.0 + size * CAP_HEIGHT / 2.0);
                    canvas.text(
                        center,
                        &text,
                        TextStyle::new(size, font::ink_on(color)).anchor(Anchor::Middle),
                    );
                }
            }
        }
        self.draw_grid(canvas, layout);
        let (from, to) = (corner(0, 0), corner(classes, classes));
        canvas.line(
            &[from, (to.0, from.1), to, (from.0, to.1), from, (to.0, from.1)],
            Stroke::solid(Rgb::INK, HAIRLINE),
        );
    }

    /// Faint lines between the cells lead the eye from a name to its errors.
    fn draw_grid(&self, canvas: &mut Canvas<'_>, layout: &Layout) {
        let Layout { left, top, cell, .. } = *layout;
        let extent = cell * self.classes.len() as f64;
        let stroke = Stroke::solid(Rgb::LIGHT_GREY.lighten(0.6), PIXEL);
        for line in 1..self.classes.len() {
            let offset = cell * line as f64;
            canvas.line(&[(left + offset, top), (left + offset, top + extent)], stroke);
            canvas.line(&[(left, top + offset), (left + extent, top + offset)], stroke);
        }
    }

    /// Type size at which all counts fit their cells, or at least all counts off the diagonal; the
    /// diagonal may then have no counts. None if the type would be too small to read.
    fn count_size(&self, cell: f64) -> Option<f64> {
        let fitting = |largest: u64| {
            let width = font::text_width(&largest.to_string(), 1.0, false);
            ((cell - COUNT_AIR) / width).min(cell * 0.72).min(TICK)
        };
        let all = self.counts.iter().copied().max()?;
        let errors = self
            .counts
            .iter()
            .enumerate()
            .filter(|(i, _)| i % (self.classes.len() + 1) != 0)
            .map(|(_, &count)| count)
            .max();
        [Some(all), errors].into_iter().flatten().map(fitting).find(|&size| size >= SMALLEST_COUNT)
    }

    fn draw_names(&self, canvas: &mut Canvas<'_>, layout: &Layout) {
        let Layout { left, top, cell, name_size, upright, .. } = *layout;
        let extent = cell * self.classes.len() as f64;
        let (bottom, drop) = (top + extent, name_size * CAP_HEIGHT / 2.0);
        let style = TextStyle::new(name_size, Rgb::INK).anchor(Anchor::End);
        let names = self.names(name_size);
        for (class, name) in names.into_iter().enumerate().step_by(layout.stride) {
            let middle = cell * (class as f64 + 0.5) + drop;
            canvas.text((left - NAME_GAP, top + middle), &name, style);
            if upright {
                canvas.text((left + middle, bottom + NAME_GAP), &name, style.vertical());
            } else {
                let below = (left + middle - drop, bottom + NAME_GAP + name_size * CAP_HEIGHT);
                canvas.text(below, &name, style.anchor(Anchor::Middle));
            }
        }
        let axis = TextStyle::new(LABEL, Rgb::INK).anchor(Anchor::Middle);
        canvas.text(
            (MARGIN + LABEL * CAP_HEIGHT, top + extent / 2.0),
            "true class",
            axis.vertical(),
        );
        canvas.text(
            (left + extent / 2.0, layout.size.height - MARGIN - LABEL * 0.2),
            "predicted class",
            axis,
        );
    }

    fn draw_color_bar(&self, canvas: &mut Canvas<'_>, layout: &Layout) {
        let extent = layout.cell * self.classes.len() as f64;
        let left = layout.left + extent + 8.0;
        let height = extent.min(130.0);
        let (top, bottom) = (layout.top, layout.top + height);
        let stripes = 100;
        for stripe in 0..stripes {
            // Each stripe reaches to the top and the next ones cover it, which leaves no seams.
            let lower = bottom - height * f64::from(stripe) / f64::from(stripes);
            canvas.rect(
                (left, top),
                (left + BAR_WIDTH, lower),
                density((f64::from(stripe) + 0.5) / f64::from(stripes)),
            );
        }
        let right = left + BAR_WIDTH;
        canvas.line(
            &[
                (left, top),
                (right, top),
                (right, bottom),
                (left, bottom),
                (left, top),
                (right, top),
            ],
            Stroke::solid(Rgb::INK, HAIRLINE),
        );
        let percents: &[f64] =
            if height > 60.0 { &[0.0, 25.0, 50.0, 75.0, 100.0] } else { &[0.0, 100.0] };
        for &percent in percents {
            let y = bottom - height * percent / 100.0 + TICK * CAP_HEIGHT / 2.0;
            canvas.text((right + 4.0, y), &percent.to_string(), TextStyle::new(TICK, Rgb::INK));
        }
        let style = TextStyle::new(LABEL, Rgb::INK).anchor(Anchor::Middle).vertical();
        if font::text_width("share of true class (%)", LABEL, false) < height {
            canvas.text(
                (right + 19.0 + LABEL * CAP_HEIGHT, top + height / 2.0),
                "share of true class (%)",
                style,
            );
        } else {
            canvas.text((right + 19.0 + LABEL * CAP_HEIGHT, top + height / 2.0), "%", style);
        }
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
        let layout = self.layout();
        self.draw_header(canvas, &layout);
        self.draw_cells(canvas, &layout);
        self.draw_names(canvas, &layout);
        self.draw_color_bar(canvas, &layout);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
