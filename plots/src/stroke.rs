//! Lines: their look, and how a pattern cuts them.

use crate::theme::Rgb;

/// A place in points from the upper left corner.
pub type Point = (f64, f64);

/// The pattern of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    /// Unbroken.
    #[default]
    Solid,
    /// Long strokes.
    Dashed,
    /// Short strokes.
    Dotted,
}

impl Dash {
    /// Lengths of stroke and gap in points.
    fn pattern(self) -> Option<(f64, f64)> {
        match self {
            Dash::Solid => None,
            Dash::Dashed => Some((3.4, 1.7)),
            Dash::Dotted => Some((1.2, 1.4)),
        }
    }

    /// The pieces of a line that are drawn.
    pub(crate) fn cut(self, run: &[Point]) -> Vec<Vec<Point>> {
        match self.pattern() {
            None => vec![run.to_vec()],
            Some((on, off)) => dashes(run, on, off),
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Colour, opaque.
    pub color: Rgb,
    /// Width in points.
    pub width: f64,
    /// Pattern.
    pub dash: Dash,
}

impl Stroke {
    /// An unbroken line.
    pub fn solid(color: Rgb, width: f64) -> Self {
        Self { color, width, dash: Dash::Solid }
    }
}

/// Cuts a line into strokes of length `on` with gaps of length `off`, measured along it.
fn dashes(run: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let mut strokes = Vec::new();
    let mut current: Vec<Point> = run.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, on);
    for ends in run.windows(2) {
        let (from, to) = (ends[0], ends[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut walked = 0.0;
        while length - walked > left {
            walked += left;
            let share = walked / length;
            let point = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            if drawing {
                current.push(point);
                strokes.push(std::mem::take(&mut current));
            } else {
                current = vec![point];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        left -= length - walked;
        if drawing {
            current.push(to);
        }
    }
    if drawing {
        strokes.push(current);
    }
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_the_line_in_pattern() {
        let strokes = dashes(&[(0.0, 0.0), (6.0, 0.0), (10.0, 0.0)], 3.0, 2.0);
        assert_eq!(
            strokes,
            vec![vec![(0.0, 0.0), (3.0, 0.0)], vec![(5.0, 0.0), (6.0, 0.0), (8.0, 0.0)]]
        );
    }
}
