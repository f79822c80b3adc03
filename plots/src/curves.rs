//! Learning curves: loss and accuracy against epochs, with the schedules beneath them.

use std::borrow::Cow;

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::heading::draw_heading;
use crate::legend::{Legend, Sample};
use crate::panel::{Panel, Rect, X_GUTTER, X_NUMBERS, XAxis, y_gutter};
use crate::scale::{Scale, extent, three_digits};
use crate::stroke::{Dash, Stroke};
use crate::theme::{MARGIN, NORMAL, Rgb, SINGLE_COLUMN_MM, STRONG, Size, THIN, TITLE, mm};

const UPPER_HEIGHT: f64 = 82.0;
const LOWER_HEIGHT: f64 = 42.0;
const TITLE_HEIGHT: f64 = 14.0;
const LEGEND_GAP: f64 = 4.0;
const ROW_GAP: f64 = 8.0;
const COLUMN_GAP: f64 = 9.0;
const RIGHT_MARGIN: f64 = 10.0;
/// Rates whose peaks differ by more than this factor are drawn as shares of their peaks.
const SHARED_AXIS: f64 = 5.0;
/// Accuracies are given as shares.
const PERCENT: f64 = 100.0;
/// Series of at most this many points show each point.
const FEW_POINTS: usize = 12;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesStyle {
    /// Colour.
    pub color: Rgb,
    /// Pattern.
    pub dash: Dash,
    /// Thin and pale: one run of several behind their mean.
    pub faint: bool,
}

impl SeriesStyle {
    /// A run's training curve.
    pub const TRAIN: Self = Self::solid(Rgb::BLUE);
    /// A run's validation curve.
    pub const VALIDATION: Self = Self::solid(Rgb::VERMILLION);
    /// The training curve of a run to compare with.
    pub const REFERENCE_TRAIN: Self = Self { dash: Dash::Dashed, ..Self::solid(Rgb::SKY) };
    /// The validation curve of a run to compare with.
    pub const REFERENCE_VALIDATION: Self = Self { dash: Dash::Dashed, ..Self::solid(Rgb::ORANGE) };
    /// Schedule of something that acts on weights.
    pub const WEIGHTS: Self = Self::solid(Rgb::PURPLE);
    /// Schedule of something that acts on delays.
    pub const DELAYS: Self = Self::solid(Rgb::GREEN);

    /// An unbroken line of a colour.
    pub const fn solid(color: Rgb) -> Self {
        Self { color, dash: Dash::Solid, faint: false }
    }

    /// The same, thin and pale.
    pub const fn faint(self) -> Self {
        Self { faint: true, ..self }
    }

    fn stroke(self) -> Stroke {
        let (color, width) =
            if self.faint { (self.color.lighten(0.45), THIN) } else { (self.color, NORMAL) };
        Stroke { color, width, dash: self.dash }
    }
}

/// One line of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name in the legend. Series of the same name and style share one entry; an empty name has
    /// none.
    pub label: String,
    /// Epochs, ascending.
    pub xs: Vec<f64>,
    /// Values, one per epoch; NaN interrupts the line.
    pub ys: Vec<f64>,
    /// Look.
    pub style: SeriesStyle,
}

impl Series {
    /// A series from its parts.
    pub fn new(label: impl Into<String>, xs: Vec<f64>, ys: Vec<f64>, style: SeriesStyle) -> Self {
        Self { label: label.into(), xs, ys, style }
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.xs.iter().copied().zip(self.ys.iter().copied())
    }
}

/// The epoch that was selected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestEpoch {
    /// The epoch, on the scale of [`Series::xs`].
    pub epoch: f64,
    /// The accuracy it was selected for, between 0 and 1.
    pub accuracy: f64,
}

/// Loss and accuracy of one or several runs, the schedules of learning rates and sigma, and the
/// selected epoch.
///
/// Panels without series are left out. Series are drawn in their order, later ones on top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurvesFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside the title, for example "24 of 30 epochs"; may be empty.
    pub remark: String,
    /// Loss of training, validation, reference runs, in nats.
    pub loss: Vec<Series>,
    /// Accuracies between 0 and 1, shown in percent.
    pub accuracy: Vec<Series>,
    /// Learning rates. When their largest values differ by more than a factor of five, each rate is
    /// shown as percent of its largest value, which the legend gives. Rates of weights are plain
    /// numbers, rates of delays are time steps: labels should say so, e.g. "delays (steps)".
    pub learning_rate: Vec<Series>,
    /// Width of the delay kernel in time steps.
    pub sigma: Vec<Series>,
    /// The selected epoch, marked in loss and accuracy when given.
    pub best: Option<BestEpoch>,
}

/// A panel before it has a place.
struct Plot<'a> {
    name: &'static str,
    series: Cow<'a, [Series]>,
    /// What values are multiplied with for display.
    unit: f64,
    y: Scale,
    best: Option<BestEpoch>,
}

/// Panels side by side beneath a common legend.
struct Row<'a> {
    plots: Vec<Plot<'a>>,
    legend: Legend,
    height: f64,
}

impl Row<'_> {
    fn legend_height(&self) -> f64 {
        let height = self.legend.height(text_width());
        if height > 0.0 { height + LEGEND_GAP } else { 0.0 }
    }
}

fn width() -> f64 {
    mm(SINGLE_COLUMN_MM)
}

fn text_width() -> f64 {
    width() - 2.0 * MARGIN
}

fn values(series: &[Series]) -> impl Iterator<Item = f64> {
    series.iter().flat_map(|one| one.ys.iter().copied())
}

impl CurvesFigure {
    fn rows(&self) -> Vec<Row<'_>> {
        let loss = Plot {
            best: self.known_best(),
            ..Plot::plain("loss (nats)", &self.loss, Scale::rounded(extent(values(&self.loss))))
        };
        let lower = [
            self.rate_plot(),
            Plot::plain("σ (steps)", &self.sigma, Scale::from_zero(extent(values(&self.sigma)))),
        ];
        let rows =
            [([loss, self.accuracy_plot()].into(), UPPER_HEIGHT), (Vec::from(lower), LOWER_HEIGHT)];
        let filled = rows.into_iter().map(|(plots, height): (Vec<Plot<'_>>, f64)| {
            let plots: Vec<Plot<'_>> =
                plots.into_iter().filter(|plot| !plot.series.is_empty()).collect();
            Row { legend: self.legend(&plots), plots, height }
        });
        filled.filter(|row| !row.plots.is_empty()).collect()
    }

    /// The best epoch, if it can be drawn.
    fn known_best(&self) -> Option<BestEpoch> {
        self.best.filter(|best| best.epoch.is_finite() && best.accuracy.is_finite())
    }

    fn accuracy_plot(&self) -> Plot<'_> {
        let best = self.known_best();
        let percent = extent(
            values(&self.accuracy)
                .chain(best.map(|best| best.accuracy))
                .map(|accuracy| 100.0 * accuracy),
        );
        let y = Scale::rounded(percent);
        // Equal accuracies must not open an axis beyond what an accuracy can be.
        let y = if percent.is_some_and(|(lo, hi)| lo >= 0.0 && hi <= 100.0) {
            Scale::linear(y.lo.max(0.0), y.hi.min(100.0))
        } else {
            y
        };
        Plot { name: "accuracy (%)", series: Cow::Borrowed(&self.accuracy), unit: PERCENT, y, best }
    }

    /// Draws the rates on an axis from zero: as they are or, where the smaller of two rates would
    /// lie on that axis, as percent of their own peaks. The axis is not logarithmic, since annealed
    /// rates end near zero.
    fn rate_plot(&self) -> Plot<'_> {
        let peak = |series: &Series| {
            extent(series.ys.iter().copied()).map(|(_, hi)| hi).filter(|&peak| peak > 0.0)
        };
        if extent(self.learning_rate.iter().filter_map(peak))
            .is_none_or(|(lo, hi)| hi <= SHARED_AXIS * lo)
        {
            let y = Scale::from_zero(extent(values(&self.learning_rate)));
            return Plot::plain("learning rate", &self.learning_rate, y);
        }
        let of_peak = |(index, series): (usize, &Series)| {
            let Some(peak) = peak(series) else { return series.clone() };
            let label = format!("{}: 100 % = {}", series.label, three_digits(peak));
            // Rates of the same schedule lie on one another: dashes let the first be seen.
            let style = if index > 0 {
                SeriesStyle { dash: Dash::Dashed, ..series.style }
            } else {
                series.style
            };
            Series {
                label,
                ys: series.ys.iter().map(|rate| rate / peak).collect(),
                style,
                ..series.clone()
            }
        };
        let series: Vec<Series> = self.learning_rate.iter().enumerate().map(of_peak).collect();
        Plot {
            name: "rate (%)",
            series: Cow::Owned(series),
            unit: PERCENT,
            y: Scale::from_zero(Some((0.0, 100.0))),
            best: None,
        }
    }

    fn legend(&self, plots: &[Plot<'_>]) -> Legend {
        let mut legend = Legend::default();
        for series in plots.iter().flat_map(|plot| plot.series.iter()) {
            legend.add(Sample::Line(series.style.stroke()), series.label.as_str());
        }
        if let Some(best) = plots.iter().find_map(|plot| plot.best) {
            legend.add(
                Sample::Ring(best_stroke()),
                format!("best epoch {}: {:.1} %", best.epoch, 100.0 * best.accuracy),
            );
        }
        legend
    }

    /// Widths left of the frames of the first and the second column.
    fn gutters(rows: &[Row<'_>]) -> [f64; 2] {
        let gutter = |column: usize| {
            let plots = rows.iter().filter_map(|row| Some((row.plots.get(column)?, row.height)));
            plots.map(|(plot, height)| y_gutter(plot.y, height)).fold(0.0, f64::max)
        };
        [gutter(0), gutter(1)]
    }

    fn check(&self) -> Result<()> {
        let panels = [
            ("loss", &self.loss),
            ("accuracy", &self.accuracy),
            ("learning_rate", &self.learning_rate),
            ("sigma", &self.sigma),
        ];
        let error = |message| Err(Error::Data { figure: "CurvesFigure", message });
        for (panel, series) in panels {
            if let Some(Series { label, xs, ys, .. }) =
                series.iter().find(|one| one.xs.len() != one.ys.len())
            {
                return error(format!(
                    "{panel} series \"{label}\" has {} epochs, but {} values",
                    xs.len(),
                    ys.len()
                ));
            }
        }
        if panels.iter().all(|(_, series)| series.is_empty()) {
            return error("no series to draw".to_owned());
        }
        Ok(())
    }

    fn has_heading(&self) -> bool {
        !(self.title.is_empty() && self.remark.is_empty())
    }

    fn title_height(&self) -> f64 {
        if self.has_heading() { TITLE_HEIGHT } else { 0.0 }
    }
}

fn best_stroke() -> Stroke {
    Stroke::solid(Rgb::INK, THIN)
}

impl<'a> Plot<'a> {
    /// Series as they are.
    fn plain(name: &'static str, series: &'a [Series], y: Scale) -> Self {
        Self { name, series: Cow::Borrowed(series), unit: 1.0, y, best: None }
    }

    fn draw(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        if let Some(best) = self.best {
            panel.upright(canvas, best.epoch);
        }
        for series in self.series.iter() {
            let stroke = series.style.stroke();
            panel.line(canvas, series.points().map(|(x, y)| (x, y * self.unit)), stroke);
            self.dots(canvas, panel, series, stroke);
        }
        if extent(values(&self.series)).is_none() {
            panel.nothing(canvas, "no epochs");
        }
        if let Some(best) = self.best.filter(|best| {
            self.unit == PERCENT && panel.contains(best.epoch, best.accuracy * self.unit)
        }) {
            canvas.ring(panel.at(best.epoch, best.accuracy * self.unit), 2.0, best_stroke());
        }
    }

    /// Draws the points of a short series, and points between gaps, which no line shows.
    fn dots(&self, canvas: &mut Canvas<'_>, panel: &Panel, series: &Series, stroke: Stroke) {
        let few = series.ys.len() <= FEW_POINTS;
        let known = |i: usize| series.ys.get(i).is_some_and(|y| y.is_finite());
        for (i, (x, y)) in series.points().enumerate() {
            let lonely = !(known(i + 1) || i > 0 && known(i - 1));
            let y = y * self.unit;
            if (few || lonely) && panel.contains(x, y) {
                canvas.disc(
                    panel.at(x, y),
                    if series.style.faint { 0.9 } else { STRONG },
                    stroke.color,
                );
            }
        }
    }
}

impl Figure for CurvesFigure {
    fn size(&self) -> Size {
        let rows = self.rows();
        let panels: f64 =
            rows.iter().map(|row| row.legend_height() + row.height + X_NUMBERS + ROW_GAP).sum();
        Size {
            width: width(),
            height: MARGIN + self.title_height() + panels - X_NUMBERS - ROW_GAP + X_GUTTER + MARGIN,
        }
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        self.check()?;
        let rows = self.rows();
        let gutters = Self::gutters(&rows);
        let all = [&self.loss, &self.accuracy, &self.learning_rate, &self.sigma];
        let epochs = Scale::counting(extent(
            all.into_iter().flatten().flat_map(|series| series.xs.iter().copied()),
        ));
        let half = (width() - MARGIN - gutters[0] - COLUMN_GAP - gutters[1] - RIGHT_MARGIN) / 2.0;

        if self.has_heading() {
            let heading = (&self.title[..], &self.remark[..]);
            draw_heading(canvas, heading, MARGIN + TITLE, text_width());
        }
        let mut top = MARGIN + self.title_height();
        for (index, row) in rows.iter().enumerate() {
            row.legend.draw(canvas, MARGIN, top, text_width());
            top += row.legend_height();
            for (column, plot) in row.plots.iter().enumerate() {
                let left = MARGIN + gutters[0] + column as f64 * (half + COLUMN_GAP + gutters[1]);
                let width = if row.plots.len() == 1 { width() - RIGHT_MARGIN - left } else { half };
                let panel = Panel {
                    frame: Rect { left, top, width, height: row.height },
                    x: epochs,
                    y: plot.y,
                };
                plot.draw(canvas, &panel);
                let x_axis =
                    if index + 1 == rows.len() { XAxis::Named("epoch") } else { XAxis::Numbered };
                panel.axes(canvas, x_axis, plot.name, gutters[column]);
            }
            top += row.height + X_NUMBERS + ROW_GAP;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
