//! Rows of samples with names, above the panels they explain, so that they never cover data.

use crate::canvas::Canvas;
use crate::font::{self, TextStyle};
use crate::stroke::Stroke;
use crate::theme::{CAP_HEIGHT, HAIRLINE, Rgb, TICK};

const SAMPLE: f64 = 11.0;
const SAMPLE_GAP: f64 = 2.6;
const ENTRY_GAP: f64 = 8.0;
/// Height of one row.
const ROW: f64 = 9.0;

/// Width of one of several shades beside each other.
const SHADE: f64 = 3.6;
/// Many shades are as wide as this together.
const WIDEST_SHADES: f64 = 36.0;

/// How a series looks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sample {
    Line(Stroke),
    /// An area and its outline.
    Area(Rgb, Stroke),
    /// A circle.
    Ring(Stroke),
    /// Colours of several series in their order.
    Shades(Vec<Rgb>),
}

impl Sample {
    fn width(&self) -> f64 {
        match self {
            Sample::Shades(colors) => (SHADE * colors.len() as f64).clamp(SAMPLE, WIDEST_SHADES),
            Sample::Line(_) | Sample::Area(..) | Sample::Ring(_) => SAMPLE,
        }
    }
}

/// Names for the looks of a figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legend {
    entries: Vec<(Sample, String)>,
}

impl Legend {
    /// Adds an entry unless it is already there: several runs may share one.
    pub fn add(&mut self, sample: Sample, name: impl Into<String>) {
        let entry = (sample, name.into());
        if !entry.1.is_empty() && !self.entries.contains(&entry) {
            self.entries.push(entry);
        }
    }

    /// Height of all rows when each is at most `width` wide.
    pub fn height(&self, width: f64) -> f64 {
        self.places(width).last().map_or(0.0, |&(_, y)| y + ROW)
    }

    /// Upper left corner of every entry, relative to the legend's.
    fn places(&self, width: f64) -> Vec<(f64, f64)> {
        let (mut x, mut y) = (0.0, 0.0);
        let place = |(sample, name): &(Sample, String)| {
            let sample = sample.width() + SAMPLE_GAP;
            let entry = sample + font::text_width(name, TICK, false).min(width - sample);
            if x > 0.0 && x + entry > width {
                (x, y) = (0.0, y + ROW);
            }
            let at = (x, y);
            x += entry + ENTRY_GAP;
            at
        };
        self.entries.iter().map(place).collect()
    }

    /// Draws the entries from a corner on, in rows at most `width` wide.
    pub fn draw(&self, canvas: &mut Canvas<'_>, left: f64, top: f64, width: f64) {
        for ((sample, name), (dx, dy)) in self.entries.iter().zip(self.places(width)) {
            let (x, middle) = (left + dx, top + dy + ROW / 2.0);
            match sample {
                &Sample::Line(stroke) => canvas.line(&[(x, middle), (x + SAMPLE, middle)], stroke),
                &Sample::Area(fill, outline) => {
                    let (upper, lower) = (middle - 2.6, middle + 2.6);
                    canvas.rect((x, upper), (x + SAMPLE, lower), fill);
                    if outline.width >= HAIRLINE {
                        canvas.line(&[(x, upper), (x + SAMPLE, upper)], outline);
                    }
                }
                &Sample::Ring(stroke) => canvas.ring((x + SAMPLE / 2.0, middle), 2.0, stroke),
                Sample::Shades(colors) => {
                    let right = x + sample.width();
                    let shade = sample.width() / colors.len() as f64;
                    // Each shade reaches to the right end and the next ones cover it, which leaves
                    // no seams.
                    for (index, &color) in colors.iter().enumerate() {
                        let left = x + shade * index as f64;
                        canvas.rect((left, middle - 2.6), (right, middle + 2.6), color);
                    }
                }
            }
            let sample = sample.width() + SAMPLE_GAP;
            let text = font::shorten(name, TICK, false, width - sample);
            canvas.text(
                (x + sample, middle + TICK * CAP_HEIGHT / 2.0),
                &text,
                TextStyle::new(TICK, Rgb::INK),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_wrap_and_repeat_only_once() {
        let mut legend = Legend::default();
        assert_eq!(legend.height(100.0), 0.0);
        for name in ["train", "validation", "train", ""] {
            legend.add(Sample::Line(Stroke::solid(Rgb::BLUE, 1.0)), name);
        }
        assert_eq!(legend.height(1000.0), ROW);
        assert_eq!(legend.height(50.0), 2.0 * ROW);
        assert_eq!(Sample::Shades(vec![Rgb::BLUE; 5]).width(), 5.0 * SHADE);
        assert_eq!(Sample::Shades(vec![Rgb::BLUE; 900]).width(), WIDEST_SHADES);
        assert!(legend.places(20.0).iter().all(|&(x, _)| x == 0.0));
    }
}
