//! Sizes of the weights of every projection on a logarithmic axis, excitatory and inhibitory ones
//! apart.

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::histogram::{Bins, five_quantiles, quantile, sorted_finite};
use crate::legend::{Legend, Sample};
use crate::panel::Panel;
use crate::panel_rows::{Column, PanelRows, Row};
use crate::scale::{Scale, extent, grouped};
use crate::stroke::{Dash, Stroke};
use crate::theme::{DOUBLE_COLUMN_MM, HAIRLINE, NORMAL, Rgb, STRONG, Size, THIN, mm};

const PANEL_HEIGHT: f64 = 66.0;
const MOST_BINS: usize = 60;
/// Quantiles of the normal distribution that are drawn: from -3.5 to 3.5 in steps of 0.1.
const LAST_QUANTILE: i32 = 35;
const QUANTILE_STEP: f64 = 0.1;
/// The upper quartile of the normal distribution.
const QUARTILE: f64 = 0.674_489_75;
/// What the signs are called, and their colours.
const SIGNS: [(&str, Rgb); 2] = [("excitatory", Rgb::VERMILLION), ("inhibitory", Rgb::BLUE)];

/// Sizes of weights at one moment of training, reduced to what the figure shows. Weights that are
/// zero have no sign, and are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeSnapshot {
    /// Epochs trained so far; 0 is the start.
    pub epoch: f64,
    /// The 5, 25, 50, 75 and 95 % quantiles of the sizes of excitatory and of inhibitory weights;
    /// NaN where there are none.
    pub quantiles: [[f64; 5]; 2],
}

impl SizeSnapshot {
    /// Takes the snapshot of all finite `weights`.
    pub fn of(epoch: f64, weights: &[f32]) -> Self {
        Self { epoch, quantiles: by_sign(weights).map(|sizes| five_quantiles(&sizes)) }
    }
}

/// The sizes of weights above and of weights below zero.
fn by_sign(weights: &[f32]) -> [Vec<f32>; 2] {
    let of = |sign: f32| weights.iter().map(move |weight| sign * weight).filter(|size| *size > 0.0);
    [of(1.0).collect(), of(-1.0).collect()]
}

/// What [`WeightSizesFigure`] shows of one projection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectionSizes {
    /// For example "input → hidden 1".
    pub name: String,
    /// All weights before training, in any order.
    pub start: Vec<f32>,
    /// All weights after training, in any order.
    pub end: Vec<f32>,
    /// Ascending in epochs; may be empty.
    pub history: Vec<SizeSnapshot>,
}

/// Histograms of the logarithms of sizes at start and end, their quantiles at the end against those
/// of the normal distribution, and their course over the epochs, a row per projection. Sizes that
/// are log-normal lie on a straight line in the middle panel.
///
/// The histograms leave the outermost 0.05 % at each side out of their range and count them in the
/// first and the last bin. The straight lines pass through the quartiles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightSizesFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside the title: when the end is, for example "after epoch 24"; may be empty.
    pub remark: String,
    /// The projections, one row each.
    pub projections: Vec<ProjectionSizes>,
}

/// Decimal logarithms of the sizes of one sign, at start and end.
struct Logarithms {
    start: Vec<f32>,
    end: Vec<f32>,
}

/// What is drawn of one projection.
struct Sizes<'a> {
    projection: &'a ProjectionSizes,
    /// Excitatory and inhibitory.
    signs: [Logarithms; 2],
    bins: Bins,
}

fn end_stroke(color: Rgb) -> Stroke {
    Stroke { color, width: NORMAL, dash: Dash::Solid }
}

fn start_stroke(color: Rgb) -> Stroke {
    Stroke { color: color.lighten(0.55), width: THIN, dash: Dash::Solid }
}

fn straight(color: Rgb) -> Stroke {
    Stroke { color: color.lighten(0.3), width: HAIRLINE, dash: Dash::Dashed }
}

fn median(color: Rgb) -> Stroke {
    Stroke { color, width: STRONG, dash: Dash::Solid }
}

fn band(color: Rgb) -> Rgb {
    color.lighten(0.72)
}

fn logarithms(sizes: Vec<f32>) -> Vec<f32> {
    sizes.into_iter().map(f32::log10).filter(|logarithm| logarithm.is_finite()).collect()
}

/// Quantiles of the normal distribution, each with the share of the distribution below it.
fn normal_quantiles() -> impl Iterator<Item = (f64, f64)> {
    let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    // Below the first one.
    let mut below = 2.326e-4;
    (-LAST_QUANTILE..=LAST_QUANTILE).map(move |step| {
        let z = f64::from(step) * QUANTILE_STEP;
        let here = below;
        below += QUANTILE_STEP * density(z + QUANTILE_STEP / 2.0);
        (z, here)
    })
}

/// Points of a quantile plot: quantile of the normal distribution, and that of the values.
fn quantile_points(values: &[f32]) -> Vec<(f64, f64)> {
    let sorted = sorted_finite(values);
    // Beyond half a value of either end there is nothing to tell.
    let least = 0.5 / sorted.len().max(1) as f64;
    let known = normal_quantiles().filter(|(_, share)| (least..=1.0 - least).contains(share));
    known.filter_map(|(z, share)| Some((z, quantile(&sorted, share)?))).collect()
}

impl<'a> Sizes<'a> {
    fn of(projection: &'a ProjectionSizes) -> Self {
        let [start, end] = [&projection.start, &projection.end].map(|weights| by_sign(weights));
        let ([first, second], [third, fourth]) = (start, end);
        let signs = [(first, third), (second, fourth)];
        let signs =
            signs.map(|(start, end)| Logarithms { start: logarithms(start), end: logarithms(end) });
        let sets: Vec<&[f32]> =
            signs.iter().flat_map(|sizes| [&sizes.start[..], &sizes.end]).collect();
        let bins = Bins::over_bulk(&sets, MOST_BINS);
        Self { projection, signs, bins }
    }

    /// Each sign that there is, with its colour.
    fn signs(&self) -> impl Iterator<Item = (&Logarithms, Rgb)> {
        let all = self.signs.iter().zip(SIGNS).map(|(sizes, (_, color))| (sizes, color));
        all.filter(|(sizes, _)| !(sizes.start.is_empty() && sizes.end.is_empty()))
    }

    /// A course over the epochs, as logarithms.
    fn course(&self, sign: usize, share: usize) -> Vec<f64> {
        let history = self.projection.history.iter();
        history.map(|snapshot| snapshot.quantiles[sign][share].log10()).collect()
    }

    fn row(&self) -> Row {
        let heights = self.signs().flat_map(|(sizes, _)| {
            [self.bins.percent(&sizes.start), self.bins.percent(&sizes.end)].concat()
        });
        let highest = heights.fold(0.0, f64::max);
        let quantiles = self.signs().flat_map(|(sizes, _)| quantile_points(&sizes.end));
        let quantiles = extent(quantiles.map(|(_, value)| value));
        let reach = f64::from(LAST_QUANTILE) * QUANTILE_STEP;
        let epochs = extent(self.projection.history.iter().map(|snapshot| snapshot.epoch));
        let courses = (0..2).flat_map(|sign| [self.course(sign, 0), self.course(sign, 4)].concat());
        let [excitatory, inhibitory] = by_sign(&self.projection.end).map(|sizes| sizes.len());
        let zeros = self.projection.end.len().saturating_sub(excitatory + inhibitory);
        let mut note = format!(
            "{} excitatory, {} inhibitory",
            grouped(excitatory as u64),
            grouped(inhibitory as u64)
        );
        if zeros > 0 {
            note += &format!(", {} zero", grouped(zeros as u64));
        }
        Row {
            name: self.projection.name.clone(),
            note,
            scales: vec![
                (Scale::padded(Some(self.bins.ends())), Scale::from_zero(Some((0.0, highest)))),
                (Scale::linear(-reach, reach), Scale::padded(quantiles)),
                (Scale::counting(epochs), Scale::padded(extent(courses))),
            ],
        }
    }

    fn draw_histograms(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        for (sizes, color) in self.signs() {
            self.bins.draw(
                canvas,
                panel,
                &self.bins.percent(&sizes.start),
                start_stroke(color),
                None,
            );
        }
        for (sizes, color) in self.signs() {
            self.bins.draw(canvas, panel, &self.bins.percent(&sizes.end), end_stroke(color), None);
        }
        if self.signs().next().is_none() {
            panel.nothing(canvas, "no data");
        }
    }

    fn draw_quantiles(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        let reach = f64::from(LAST_QUANTILE) * QUANTILE_STEP;
        for (sizes, color) in self.signs() {
            let sorted = sorted_finite(&sizes.end);
            let quartiles = [0.25, 0.75].map(|share| quantile(&sorted, share));
            if let [Some(lower), Some(upper)] = quartiles {
                let (middle, slope) = ((lower + upper) / 2.0, (upper - lower) / (2.0 * QUARTILE));
                let ends = [-reach, reach].map(|z| (z, middle + slope * z));
                panel.line(canvas, ends, straight(color));
            }
        }
        for (sizes, color) in self.signs() {
            panel.line(canvas, quantile_points(&sizes.end), end_stroke(color));
        }
        if self.signs().all(|(sizes, _)| sizes.end.is_empty()) {
            panel.nothing(canvas, "no data");
        }
    }

    fn draw_course(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        let history = &self.projection.history;
        let epochs: Vec<f64> = history.iter().map(|snapshot| snapshot.epoch).collect();
        if epochs.is_empty() {
            return panel.nothing(canvas, "no epochs");
        }
        for (sign, (_, color)) in SIGNS.into_iter().enumerate() {
            let [low, high] = [0, 4].map(|share| self.course(sign, share));
            panel.band(canvas, &epochs, &low, &high, band(color));
        }
        for (sign, (_, color)) in SIGNS.into_iter().enumerate() {
            // Where bands overlap, their edges still show.
            for share in [0, 4] {
                let edge = epochs.iter().copied().zip(self.course(sign, share));
                panel.line(canvas, edge, Stroke { width: HAIRLINE, ..start_stroke(color) });
            }
            let of_median = || epochs.iter().copied().zip(self.course(sign, 2));
            panel.line(canvas, of_median(), median(color));
            panel.lonely_points(canvas, of_median(), color);
        }
    }
}

impl WeightSizesFigure {
    fn sizes(&self) -> Vec<Sizes<'_>> {
        self.projections.iter().map(Sizes::of).collect()
    }

    fn layout(&self, sizes: &[Sizes<'_>]) -> PanelRows<'_> {
        let [mut histograms, mut quantiles, mut courses] = [(); 3].map(|()| Legend::default());
        for (name, color) in SIGNS {
            histograms.add(Sample::Line(end_stroke(color)), format!("{name}, end"));
            histograms.add(Sample::Line(start_stroke(color)), format!("{name}, start"));
            quantiles.add(Sample::Line(end_stroke(color)), format!("{name}, end"));
            courses.add(Sample::Line(median(color)), format!("{name}, median"));
            let no_line = Stroke { width: 0.0, ..median(color) };
            courses.add(Sample::Area(band(color), no_line), "5–95 %");
        }
        quantiles.add(Sample::Line(straight(Rgb::GREY)), "log-normal");
        let column = |legend, x_name, y_name| Column { legend, x_name, y_name, share: 1.0 / 3.0 };
        PanelRows {
            width: mm(DOUBLE_COLUMN_MM),
            panel_height: PANEL_HEIGHT,
            title: &self.title,
            remark: &self.remark,
            columns: vec![
                column(histograms, "log10 |weight|", "synapses (%)"),
                column(quantiles, "normal quantile", "log10 |weight|"),
                column(courses, "epoch", "log10 |weight|"),
            ],
            rows: sizes.iter().map(Sizes::row).collect(),
        }
    }
}

impl Figure for WeightSizesFigure {
    fn size(&self) -> Size {
        self.layout(&self.sizes()).size()
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        if self.projections.is_empty() {
            let message = "no projections to draw".to_owned();
            return Err(Error::Data { figure: "WeightSizesFigure", message });
        }
        let sizes = self.sizes();
        self.layout(&sizes).draw(canvas, |canvas, index, column, panel| match column {
            0 => sizes[index].draw_histograms(canvas, panel),
            1 => sizes[index].draw_quantiles(canvas, panel),
            _ => sizes[index].draw_course(canvas, panel),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_tells_signs_apart_and_leaves_zeros_out() {
        let weights: Vec<f32> = (0..=100).map(|n| n as f32).chain([-3.0, -0.0]).collect();
        let snapshot = SizeSnapshot::of(2.0, &weights);
        assert_eq!(snapshot.quantiles[0][2], 50.5);
        assert_eq!(snapshot.quantiles[1], [3.0; 5]);
        assert!(SizeSnapshot::of(0.0, &[0.0]).quantiles[0][0].is_nan());
    }

    #[test]
    fn quantiles_of_normal_values_are_a_straight_line() {
        let shares: Vec<(f64, f64)> = normal_quantiles().collect();
        assert!((shares[35].1 - 0.5).abs() < 1e-4 && (shares[70].1 - 0.999_767).abs() < 1e-4);
        assert!((shares[45].1 - 0.841_345).abs() < 1e-3, "{:?}", shares[45]);
        // Values whose distribution is uniform: the points are the shares.
        let values: Vec<f32> = (0..=1000).map(|n| n as f32 / 1000.0).collect();
        for (z, value) in quantile_points(&values) {
            let share = shares[((z / QUANTILE_STEP).round() as i32 + LAST_QUANTILE) as usize].1;
            assert!((value - share).abs() < 1e-3, "{z}: {value}");
        }
        assert!(quantile_points(&[]).is_empty());
    }
}
