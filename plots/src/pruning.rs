//! How accuracy falls as the smallest weights are pruned.

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::legend::{Legend, Sample};
use crate::panel_rows::{Column, PanelRows, Row};
use crate::scale::{Scale, extent};
use crate::stroke::{Dash, Stroke};
use crate::theme::{HAIRLINE, NORMAL, Rgb, SINGLE_COLUMN_MM, Size, mm};

const PANEL_HEIGHT: f64 = 110.0;
/// Half of the width of the caps of an interval.
const CAP: f64 = 1.6;
/// Radius of a mean.
const DOT: f64 = 1.3;

/// Accuracies of one kind of network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrunedSeries {
    /// In the legend.
    pub label: String,
    /// Share of the weights that were pruned, mean accuracy and half of its interval, both as
    /// shares; ascending. An interval that is not known is NaN.
    pub points: Vec<[f64; 3]>,
}

/// Accuracy against the share of weights that were pruned, a line per kind of network, with the
/// intervals of the means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PruningFigure {
    /// Above everything; may be empty.
    pub title: String,
    /// Beside the title, for example on which samples; may be empty.
    pub remark: String,
    /// In the order of the legend, at most six.
    pub series: Vec<PrunedSeries>,
}

const COLORS: [Rgb; 6] =
    [Rgb::BLUE, Rgb::VERMILLION, Rgb::GREEN, Rgb::ORANGE, Rgb::PURPLE, Rgb::SKY];
const DASHES: [Dash; 2] = [Dash::Solid, Dash::Dashed];

fn stroke(index: usize) -> Stroke {
    let (color, dash) = (COLORS[index % COLORS.len()], DASHES[index % DASHES.len()]);
    Stroke { color, width: NORMAL, dash }
}

impl PruningFigure {
    fn layout(&self) -> PanelRows<'_> {
        let mut legend = Legend::default();
        for (index, series) in self.series.iter().enumerate() {
            legend.add(Sample::Line(stroke(index)), series.label.clone());
        }
        let points = || self.series.iter().flat_map(|series| &series.points);
        let shares = extent(points().map(|[share, ..]| 100.0 * share));
        let accuracies = extent(points().flat_map(|&[_, mean, half]| {
            let half = if half.is_finite() { half } else { 0.0 };
            [100.0 * (mean - half), 100.0 * (mean + half)]
        }));
        PanelRows {
            width: mm(SINGLE_COLUMN_MM),
            panel_height: PANEL_HEIGHT,
            title: &self.title,
            remark: &self.remark,
            columns: vec![Column {
                legend,
                x_name: "pruned (% of each projection)",
                y_name: "accuracy (%)",
                share: 1.0,
            }],
            rows: vec![Row {
                name: String::new(),
                note: String::new(),
                scales: vec![(Scale::padded(shares), Scale::padded(accuracies))],
            }],
        }
    }
}

impl Figure for PruningFigure {
    fn size(&self) -> Size {
        self.layout().size()
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        let error = |message| Err(Error::Data { figure: "PruningFigure", message });
        if self.series.is_empty() {
            return error("no networks to draw".to_owned());
        }
        if self.series.len() > COLORS.len() {
            let most = COLORS.len();
            return error(format!("{} kinds of networks, but at most {most}", self.series.len()));
        }
        self.layout().draw(canvas, |canvas, _, _, panel| {
            for (index, series) in self.series.iter().enumerate() {
                let stroke = stroke(index);
                let percent = |&[share, mean, _]: &[f64; 3]| (100.0 * share, 100.0 * mean);
                panel.line(canvas, series.points.iter().map(percent), stroke);
                for &[share, mean, half] in &series.points {
                    let [low, middle, high] = [mean - half, mean, mean + half]
                        .map(|accuracy| panel.at(100.0 * share, 100.0 * accuracy));
                    let thin = Stroke::solid(stroke.color, HAIRLINE);
                    canvas.line(&[low, high], thin);
                    for (x, y) in [low, high] {
                        canvas.line(&[(x - CAP, y), (x + CAP, y)], thin);
                    }
                    if middle.1.is_finite() {
                        canvas.disc(middle, DOT, stroke.color);
                    }
                }
            }
        });
        Ok(())
    }
}
