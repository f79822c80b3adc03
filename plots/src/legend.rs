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

/// How a series looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sample {
    Line(Stroke),
    /// An area and its outline.
    Area(Rgb, Stroke),
    /// A circle.
    Ring(Stroke),
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
        let place = |(_, name): &(Sample, String)| {
            let entry = SAMPLE
                + SAMPLE_GAP
                + font::text_width(name, TICK, false).min(width - SAMPLE - SAMPLE_GAP);
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
            match *sample {
                Sample::Line(stroke) => canvas.line(&[(x, middle), (x + SAMPLE, middle)], stroke),
                Sample::Area(fill, outline) => {
                    let (upper, lower) = (middle - 2.6, middle + 2.6);
                    canvas.rect((x, upper), (x + SAMPLE, lower), fill);
                    if outline.width >= HAIRLINE {
                        canvas.line(&[(x, upper), (x + SAMPLE, upper)], outline);
                    }
                }
                Sample::Ring(stroke) => canvas.ring((x + SAMPLE / 2.0, middle), 2.0, stroke),
            }
            let text = font::shorten(name, TICK, false, width - SAMPLE - SAMPLE_GAP);
            canvas.text(
                (x + SAMPLE + SAMPLE_GAP, middle + TICK * CAP_HEIGHT / 2.0),
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
        assert!(legend.places(20.0).iter().all(|&(x, _)| x == 0.0));
    }
}
