//! Counting values into equal bins, and the outline of the result.

use crate::canvas::Canvas;
use crate::panel::Panel;
use crate::scale::extent;
use crate::stroke::Stroke;
use crate::theme::Rgb;

/// Equal bins side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bins {
    pub lo: f64,
    pub width: f64,
    pub count: usize,
    /// The range of possible values: no bin is drawn beyond it.
    pub range: (f64, f64),
}

/// The range of values without bounds.
const UNBOUNDED: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Bins {
    /// Bins over the bulk of several sets of values: all but the outermost 0.05 % at each side of
    /// each set, which the first and the last bin take in, so that one stray value does not squeeze
    /// the rest into a line.
    pub fn over_bulk(sets: &[&[f32]], most: usize) -> Self {
        let bulk = sets.iter().filter_map(|values| {
            let sorted = sorted_finite(values);
            Some((quantile(&sorted, 0.0005)?, quantile(&sorted, 0.9995)?))
        });
        let (lo, hi) = extent(bulk.flat_map(|(lo, hi)| [lo, hi])).unwrap_or((0.0, 1.0));
        let largest = sets.iter().map(|values| values.len()).max().unwrap_or(0);
        // Rice's rule: about as many bins as the cube root of the sample supports.
        let count = ((2.0 * (largest as f64).cbrt()) as usize).clamp(9.min(most), most);
        if hi - lo > 1e-9 * lo.abs().max(hi.abs()) {
            return Self { lo, width: (hi - lo) / count as f64, count, range: UNBOUNDED };
        }
        let width = if lo == 0.0 { 0.1 } else { 0.1 * lo.abs() };
        Self { lo: lo - width * count as f64 / 2.0, width, count, range: UNBOUNDED }
    }

    /// Bins centred on multiples of `step` from 0 to `max`, each one or more steps wide so that
    /// there are at most `most`. The bins at the ends reach half a step beyond, so that rounding
    /// moves no value out of its bin, but they are drawn within 0 to `max` only.
    pub fn on_steps(max: f64, step: f64, most: usize) -> Self {
        let steps = (max / step).round().max(0.0) as usize + 1;
        let merged = steps.div_ceil(most.max(1));
        Self {
            lo: -step / 2.0,
            width: step * merged as f64,
            count: steps.div_ceil(merged),
            range: (0.0, max),
        }
    }

    /// Left end of a bin as drawn; for the bin after the last, the right end of all bins.
    fn edge(&self, bin: usize) -> f64 {
        (self.lo + self.width * bin as f64).clamp(self.range.0, self.range.1)
    }

    /// Both ends of all bins as drawn.
    pub fn ends(&self) -> (f64, f64) {
        (self.edge(0), self.edge(self.count))
    }

    /// Percent of the finite values in each bin; values beyond the ends count in the outermost
    /// bins. Empty without finite values.
    pub fn percent(&self, values: &[f32]) -> Vec<f64> {
        let mut counts = vec![0_u64; self.count];
        for value in values.iter().map(|&value| f64::from(value)).filter(|value| value.is_finite())
        {
            // A cast saturates: what lies below the first bin counts in it.
            let bin = ((value - self.lo) / self.width).floor() as usize;
            counts[bin.min(self.count - 1)] += 1;
        }
        let total: u64 = counts.iter().sum();
        if total == 0 {
            Vec::new()
        } else {
            counts.into_iter().map(|count| 100.0 * count as f64 / total as f64).collect()
        }
    }

    /// Percent of the finite values per unit of the axis in each bin as drawn, so that bins cut off
    /// at the ends of the range compare with the others. Empty without finite values.
    pub fn density(&self, values: &[f32]) -> Vec<f64> {
        let width = |bin: usize| match self.edge(bin + 1) - self.edge(bin) {
            width if width > 0.0 => width,
            // The only delay there can be has no width of its own.
            _ => self.width,
        };
        self.percent(values)
            .into_iter()
            .enumerate()
            .map(|(bin, percent)| percent / width(bin))
            .collect()
    }

    /// Corners of the outline over heights, from the base line and back to it.
    fn outline(&self, heights: &[f64]) -> Vec<(f64, f64)> {
        let mut corners = vec![(self.edge(0), 0.0)];
        corners.extend(
            heights.iter().enumerate().flat_map(|(bin, &height)| {
                [(self.edge(bin), height), (self.edge(bin + 1), height)]
            }),
        );
        corners.push((self.edge(heights.len()), 0.0));
        corners
    }

    /// Draws the outline, filled when `fill` is given; nothing without heights.
    pub fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        panel: &Panel,
        heights: &[f64],
        stroke: Stroke,
        fill: Option<Rgb>,
    ) {
        if heights.is_empty() {
            return;
        }
        if let Some(color) = fill {
            for (bin, &height) in heights.iter().enumerate() {
                let (x, bottom) = panel.at(self.edge(bin + 1), 0.0);
                // Reaching a little under the outline hides the seams that smoothing leaves between
                // neighbours.
                canvas.rect(
                    panel.at(self.edge(bin), height),
                    (x + stroke.width / 4.0, bottom),
                    color,
                );
            }
        }
        panel.line(canvas, self.outline(heights), stroke);
    }
}

/// The finite values in ascending order.
pub(crate) fn sorted_finite(values: &[f32]) -> Vec<f32> {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted
}

/// Quantile of ascending values with linear interpolation between neighbours; none without values.
pub(crate) fn quantile(sorted: &[f32], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = share.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    Some(f64::from(below) + (f64::from(above) - f64::from(below)) * position.fract())
}

/// The 5, 25, 50, 75 and 95 % quantiles of all finite values; NaN where there are none.
pub(crate) fn five_quantiles(values: &[f32]) -> [f64; 5] {
    let sorted = sorted_finite(values);
    [0.05, 0.25, 0.5, 0.75, 0.95].map(|share| quantile(&sorted, share).unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_is_counted_once() {
        let bins = Bins { lo: 0.0, width: 1.0, count: 3, range: UNBOUNDED };
        assert_eq!(
            bins.percent(&[-9.0, 0.5, 1.0, 2.9, 3.0, 99.0, f32::NAN, 1.5]),
            [200.0 / 7.0, 200.0 / 7.0, 300.0 / 7.0]
        );
        assert_eq!(bins.percent(&[f32::NAN]), [0.0; 0]);
    }

    #[test]
    fn delay_bins_are_centred_on_steps_and_drawn_where_delays_can_be() {
        let bins = Bins::on_steps(240.0, 10.0, 60);
        assert_eq!(bins, Bins { lo: -5.0, width: 10.0, count: 25, range: (0.0, 240.0) });
        assert_eq!(bins.ends(), (0.0, 240.0));
        let outline = bins.outline(&bins.percent(&[0.0, 240.0]));
        assert!(outline.iter().all(|&(x, _)| (0.0..=240.0).contains(&x)), "{outline:?}");
        assert_eq!(outline[1..3], [(0.0, 50.0), (5.0, 50.0)]);
        let uniform: Vec<f32> = (0..24_000).map(|n| (n as f32 + 0.5) / 100.0).collect();
        assert!(
            bins.density(&uniform).iter().all(|density| (density - 100.0 / 240.0).abs() < 1e-3),
            "{:?}",
            bins.density(&uniform)
        );
        assert_eq!(Bins::on_steps(0.0, 2.0, 60).density(&[0.0; 3]), [50.0]);
        let bins = Bins::on_steps(250.0, 1.0, 60);
        assert_eq!((bins.width, bins.count), (5.0, 51));
    }

    #[test]
    fn bulk_ignores_a_stray_value_and_survives_equal_ones() {
        let mut values: Vec<f32> = (0..10_000).map(|i| i as f32 / 10_000.0).collect();
        values.push(1e6);
        assert!(Bins::over_bulk(&[&values], 50).ends().1 < 1.1);
        for same in [0.0_f32, 2.0, -1e-20] {
            let bins = Bins::over_bulk(&[&[same; 100]], 50);
            assert_eq!(
                bins.percent(&[same; 100]).iter().filter(|&&share| share > 0.0).count(),
                1,
                "{same}"
            );
        }
        assert!(Bins::over_bulk(&[], 50).width > 0.0);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(quantile(&[5.0], 0.05), Some(5.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
