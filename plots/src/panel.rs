//! A pair of axes: where data goes, ticks, labels.

use crate::canvas::Canvas;
use crate::font::{self, Anchor, TextStyle};
use crate::scale::Scale;
use crate::stroke::{Dash, Point, Stroke};
use crate::theme::{CAP_HEIGHT, HAIRLINE, LABEL, NOTE, Rgb, TICK, TICK_LENGTH};

/// Gap between tick and label, and between tick labels and the axis' name.
const GAP: f64 = 2.2;
/// Least distance between tick labels side by side.
const TICK_GAP: f64 = 6.0;
/// Least distance between ticks above each other.
const TICK_PITCH: f64 = 1.45 * TICK;
/// Radius of a value between gaps.
const LONELY: f64 = 1.2;
/// A name may be this much longer than its axis before it is shortened.
const OVERHANG: f64 = 6.0;

/// Height below a frame that ticks, their labels and the axis' name take up.
pub(crate) const X_GUTTER: f64 = TICK_LENGTH + GAP + TICK * CAP_HEIGHT + GAP + LABEL * 1.05;
/// Height below a frame that ticks and their labels take up.
pub(crate) const X_NUMBERS: f64 = TICK_LENGTH + GAP + TICK * CAP_HEIGHT;

/// A rectangle in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// What stands under a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum XAxis<'a> {
    /// Ticks only; a panel below carries the numbers.
    Bare,
    /// Ticks and numbers.
    Numbered,
    /// Ticks, numbers and a name.
    Named(&'a str),
}

/// Axes with a frame on the canvas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panel {
    pub frame: Rect,
    pub x: Scale,
    pub y: Scale,
}

/// As many ticks as fit a height.
fn y_ticks(scale: Scale, height: f64) -> Vec<f64> {
    let fits = |ticks: &[f64]| {
        ticks
            .windows(2)
            .all(|pair| (scale.share(pair[1]) - scale.share(pair[0])) * height >= TICK_PITCH)
    };
    (1..=6).rev().map(|count| scale.ticks(count)).find(|ticks| fits(ticks)).unwrap_or_default()
}

/// The name of an axis, shortened to a length; its power of ten stays, for without it the numbers
/// would be wrong.
fn axis_label(scale: Scale, name: &str, length: f64) -> String {
    let multiplier = scale.multiplier();
    let room = length + OVERHANG - font::text_width(&multiplier, LABEL, false);
    font::shorten(name, LABEL, false, room) + &multiplier
}

/// Width left of a frame that ticks, their labels and the axis' name take up.
pub(crate) fn y_gutter(scale: Scale, height: f64) -> f64 {
    let widest = y_ticks(scale, height)
        .into_iter()
        .map(|tick| font::text_width(&scale.tick_label(tick), TICK, false))
        .fold(0.0, f64::max);
    TICK_LENGTH + GAP + widest + GAP + LABEL * 1.05
}

impl Panel {
    /// Where a value lies on the canvas.
    pub fn at(&self, x: f64, y: f64) -> Point {
        let Rect { left, width, height, .. } = self.frame;
        (left + self.x.share(x) * width, self.frame.bottom() - self.y.share(y) * height)
    }

    /// Draws a line through data, clipped to the frame; a value that is not finite interrupts it.
    pub fn line(
        &self,
        canvas: &mut Canvas<'_>,
        data: impl IntoIterator<Item = (f64, f64)>,
        stroke: Stroke,
    ) {
        let points: Vec<Point> = data.into_iter().map(|(x, y)| self.at(x, y)).collect();
        canvas.line(&clip(&points, self.frame), stroke);
    }

    /// Draws dots at values between gaps, which have no line to be seen by.
    pub fn lonely_points(
        &self,
        canvas: &mut Canvas<'_>,
        data: impl IntoIterator<Item = (f64, f64)>,
        color: Rgb,
    ) {
        let data: Vec<(f64, f64)> = data.into_iter().collect();
        let known = |i: usize| data.get(i).is_some_and(|(_, y)| y.is_finite());
        for (i, &(x, y)) in data.iter().enumerate() {
            if !(known(i + 1) || i > 0 && known(i - 1)) && self.contains(x, y) {
                canvas.disc(self.at(x, y), LONELY, color);
            }
        }
    }

    /// Fills between two lines over the same `xs`, clipped to the frame.
    pub fn band(
        &self,
        canvas: &mut Canvas<'_>,
        xs: &[f64],
        lower: &[f64],
        upper: &[f64],
        color: Rgb,
    ) {
        let edge = |ys: &[f64]| -> Vec<Point> {
            let (top, bottom) = (self.frame.top, self.frame.bottom());
            let clamp = |(x, y): Point| (x, if y.is_finite() { y.clamp(top, bottom) } else { y });
            xs.iter().zip(ys).map(|(&x, &y)| clamp(self.at(x, y))).collect()
        };
        canvas.band(&edge(lower), &edge(upper), color);
    }

    /// Draws an upright line across the frame.
    pub fn upright(&self, canvas: &mut Canvas<'_>, x: f64) {
        let (x, _) = self.at(x, self.y.lo);
        if x >= self.frame.left && x <= self.frame.right() {
            canvas.line(
                &[(x, self.frame.top), (x, self.frame.bottom())],
                Stroke { color: Rgb::GREY, width: HAIRLINE, dash: Dash::Dashed },
            );
        }
    }

    /// Draws both axes with ticks and labels; the name of the y axis stands `gutter` left of the
    /// frame.
    pub fn axes(&self, canvas: &mut Canvas<'_>, x_axis: XAxis<'_>, y_name: &str, gutter: f64) {
        let Rect { left, top, .. } = self.frame;
        let (right, bottom) = (self.frame.right(), self.frame.bottom());
        let stroke = Stroke::solid(Rgb::INK, HAIRLINE);
        canvas.line(&[(left, top), (left, bottom), (right, bottom)], stroke);
        self.x_ticks(canvas, x_axis, stroke);

        for tick in self.y.minor_ticks() {
            let (_, y) = self.at(self.x.lo, tick);
            canvas.line(&[(left - TICK_LENGTH / 2.0, y), (left, y)], stroke);
        }
        for tick in y_ticks(self.y, self.frame.height) {
            let (_, y) = self.at(self.x.lo, tick);
            canvas.line(&[(left - TICK_LENGTH, y), (left, y)], stroke);
            let style = TextStyle::new(TICK, Rgb::INK).anchor(Anchor::End);
            canvas.text(
                (left - TICK_LENGTH - GAP, y + TICK * CAP_HEIGHT / 2.0),
                &self.y.tick_label(tick),
                style,
            );
        }
        let name = axis_label(self.y, y_name, self.frame.height);
        let style = TextStyle::new(LABEL, Rgb::INK).anchor(Anchor::Middle).vertical();
        canvas.text((left - gutter + LABEL * CAP_HEIGHT, (top + bottom) / 2.0), &name, style);
    }

    fn x_ticks(&self, canvas: &mut Canvas<'_>, x_axis: XAxis<'_>, stroke: Stroke) {
        let bottom = self.frame.bottom();
        let ticks = self.fitting_x_ticks();
        for &tick in &ticks {
            let (x, _) = self.at(tick, self.y.lo);
            canvas.line(&[(x, bottom), (x, bottom + TICK_LENGTH)], stroke);
        }
        if x_axis == XAxis::Bare {
            return;
        }
        let baseline = bottom + TICK_LENGTH + GAP + TICK * CAP_HEIGHT;
        for tick in ticks {
            let (x, _) = self.at(tick, self.y.lo);
            canvas.text(
                (x, baseline),
                &self.x.tick_label(tick),
                TextStyle::new(TICK, Rgb::INK).anchor(Anchor::Middle),
            );
        }
        let XAxis::Named(name) = x_axis else { return };
        let name = axis_label(self.x, name, self.frame.width);
        let style = TextStyle::new(LABEL, Rgb::INK).anchor(Anchor::Middle);
        canvas.text(
            ((self.frame.left + self.frame.right()) / 2.0, baseline + GAP + LABEL * 0.85),
            &name,
            style,
        );
    }

    /// As many ticks as their labels leave room for.
    fn fitting_x_ticks(&self) -> Vec<f64> {
        let fits = |ticks: &[f64]| {
            let half = |tick: f64| font::text_width(&self.x.tick_label(tick), TICK, false) / 2.0;
            ticks.windows(2).all(|pair| {
                self.at(pair[1], 0.0).0 - self.at(pair[0], 0.0).0
                    >= half(pair[0]) + half(pair[1]) + TICK_GAP
            })
        };
        (1..=8).rev().map(|count| self.x.ticks(count)).find(|ticks| fits(ticks)).unwrap_or_default()
    }

    /// Whether a value lies within the frame.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        (0.0..=1.0).contains(&self.x.share(x)) && (0.0..=1.0).contains(&self.y.share(y))
    }

    /// Writes `message` into the middle of an empty frame.
    pub fn nothing(&self, canvas: &mut Canvas<'_>, message: &str) {
        let center = (
            self.frame.left + self.frame.width / 2.0,
            self.frame.top + self.frame.height / 2.0 + NOTE * CAP_HEIGHT / 2.0,
        );
        canvas.text(center, message, TextStyle::new(NOTE, Rgb::GREY).anchor(Anchor::Middle));
    }
}

/// Cuts a line to a rectangle; NaN points separate the pieces.
fn clip(points: &[Point], frame: Rect) -> Vec<Point> {
    const BREAK: Point = (f64::NAN, f64::NAN);
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for ends in points.windows(2) {
        let Some((from, to)) = clip_segment(ends[0], ends[1], frame) else {
            kept.push(BREAK);
            continue;
        };
        if kept.last() != Some(&from) {
            kept.push(BREAK);
            kept.push(from);
        }
        kept.push(to);
    }
    kept
}

/// The part of a segment inside a rectangle (Liang and Barsky 1984), if any.
fn clip_segment(from: Point, to: Point, frame: Rect) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    if !(dx.is_finite() && dy.is_finite()) {
        return None;
    }
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    let sides = [
        (-dx, from.0 - frame.left),
        (dx, frame.right() - from.0),
        (-dy, from.1 - frame.top),
        (dy, frame.bottom() - from.1),
    ];
    for (speed, distance) in sides {
        if speed == 0.0 {
            // Parallel to this side; the allowance is for values that lie on the frame up to
            // rounding.
            if distance < -1e-9 {
                return None;
            }
        } else if speed < 0.0 {
            enter = enter.max(distance / speed);
        } else {
            leave = leave.min(distance / speed);
        }
    }
    let point = |share: f64| (from.0 + dx * share, from.1 + dy * share);
    (enter <= leave).then(|| {
        (
            if enter == 0.0 { from } else { point(enter) },
            if leave == 1.0 { to } else { point(leave) },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect { left: 0.0, top: 0.0, width: 10.0, height: 10.0 };

    #[test]
    fn clipping_keeps_the_inside() {
        assert_eq!(clip_segment((1.0, 1.0), (9.0, 9.0), FRAME), Some(((1.0, 1.0), (9.0, 9.0))));
        assert_eq!(clip_segment((-5.0, 5.0), (15.0, 5.0), FRAME), Some(((0.0, 5.0), (10.0, 5.0))));
        assert_eq!(clip_segment((-5.0, -1.0), (15.0, -1.0), FRAME), None);
        assert_eq!(clip_segment((0.0, f64::NAN), (1.0, 1.0), FRAME), None);
    }

    #[test]
    fn a_line_that_leaves_and_returns_is_broken() {
        let kept = clip(&[(1.0, 5.0), (5.0, 15.0), (9.0, 5.0)], FRAME);
        let runs: Vec<&[Point]> =
            kept.split(|point| point.0.is_nan()).filter(|run| !run.is_empty()).collect();
        assert_eq!(runs, [[(1.0, 5.0), (3.0, 10.0)], [(7.0, 10.0), (9.0, 5.0)]]);
    }

    #[test]
    fn a_shortened_name_keeps_its_power_of_ten() {
        let label = axis_label(Scale::linear(0.0, 1e-5), "learning rate", 50.0);
        assert!(
            label.ends_with("… (×10⁻⁵)")
                && font::text_width(&label, LABEL, false) <= 50.0 + OVERHANG,
            "{label}"
        );
    }

    #[test]
    fn tick_labels_keep_their_distance() {
        let panel = Panel {
            frame: Rect { width: 40.0, ..FRAME },
            x: Scale::linear(0.0, 10_000.0),
            y: Scale::linear(0.0, 1.0),
        };
        let ticks = panel.fitting_x_ticks();
        assert!(!ticks.is_empty() && ticks.len() < 4, "{ticks:?}");
    }
}
