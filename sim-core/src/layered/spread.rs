//! From delays to taps: which rows of a presynaptic neuron a synapse reads, and with what weight.
//!
//! A projection reads *rows*. Row `r` of neuron `i` is its spike train convolved with filter `r`; with the identity filter it is the
//! train itself. A synapse of delay `d` reads `width` taps `(row, shift, value)`: `I[t] += w * sum_p value_p * row_p[t - shift_p]`.
//!
//! | method | filters | taps per synapse | error |
//! |---|---|---|---|
//! | [`GaussianMethod::Exact`] | identity | `K` | none |
//! | [`GaussianMethod::Truncated`] | identity | those holding all but `tolerance` of the mass | `tolerance` |
//! | [`GaussianMethod::Table`] | the Gaussian at centres `h` apart, smoothed once for all synapses | 2, interpolating linearly | about `h^2 / (8 sigma^2)` |
//! | [`GaussianMethod::Polynomial`] | the Gaussian at `n` Chebyshev points of the window | `n`, one polynomial through all centres | `tolerance` |
//! | [`GaussianMethod::Cheapest`] | whichever of the last three costs least for the width at hand | | `tolerance` |
//!
//! The derivative with respect to the delay is that of the taps actually used, so gradients are exact for the method chosen.

use crate::delay_kernel::{NORMALISER_EPSILON, SIGMA_OFFSET, effective_sigma};
use crate::{DelayKernel, Error, Result};
use serde::{Deserialize, Serialize};

/// How the Gaussian delay kernel is evaluated. Everything but `Exact` is an approximation, and a recipe that uses one names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GaussianMethod {
    /// Every tap of the window.
    #[default]
    Exact,
    /// Only the taps around the delay, all but `tolerance` of the mass.
    Truncated,
    /// Presynaptic trains smoothed once per centre of a grid; each synapse interpolates between two centres.
    Table,
    /// Presynaptic trains smoothed at a few centres; each synapse interpolates with the polynomial through all of them. Few are needed
    /// when the kernel is about as wide as its window; a kernel too narrow for it is evaluated exactly.
    Polynomial,
    /// The cheapest of the three at the width of the epoch: `Truncated` for narrow kernels, `Polynomial` for wide ones.
    Cheapest,
}

/// How kernels are evaluated in a pass over a batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KernelEvaluation {
    /// Evaluation of the Gaussian.
    pub gaussian: GaussianMethod,
    /// Typical largest L1 error of an approximated Gaussian kernel, as a share of its mass, nowhere more than twice that; 1e-5..=0.1, default
    /// 0.005.
    pub tolerance: f64,
}

impl Default for KernelEvaluation {
    fn default() -> Self {
        Self { gaussian: GaussianMethod::Exact, tolerance: 5e-3 }
    }
}

impl KernelEvaluation {
    /// Checks the tolerance.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when it is outside 1e-5..=0.1.
    pub fn check(&self) -> Result<()> {
        Error::check("KernelEvaluation::tolerance", self.tolerance, (1e-5..=0.1).contains(&self.tolerance), "in 1e-5..=0.1")
    }
}

/// A filter that makes one row from a spike train: `row[t] = sum_k value[k] * s[t - first - k]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Delay of the first value in steps; negative values look ahead and are made up for by the shifts of the taps.
    pub first: i32,
    /// Filter values.
    pub value: Vec<f32>,
}

/// One tap of a synapse, before its weight.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SpreadTap {
    /// Row of the presynaptic neuron.
    pub row: u32,
    /// Delay added to the row, in steps.
    pub shift: u32,
    /// Kernel value.
    pub value: f32,
    /// Its derivative with respect to the delay.
    pub slope: f32,
}

/// How the synapses of one projection spread over rows and taps, for one width of the kernel.
#[derive(Debug, Clone)]
pub struct Spread {
    /// One filter per row.
    pub filters: Vec<Filter>,
    /// Taps per kernel element.
    pub width: usize,
    max_delay: usize,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    /// `DelayKernel::taps` as they are; the kernel is `Linear` or `OneTap`.
    Taps(DelayKernel),
    /// `width` taps of the Gaussian.
    Gaussian { sigma: f64 },
    /// The values of the Lagrange polynomials of these centres.
    Polynomial { centres: Vec<f64> },
    /// Two neighbouring centres; `centres[m]` is the `(row, shift)` of centre `m * spacing`.
    Table { spacing: f64, centres: Vec<(u32, u32)> },
}

/// A table's two taps cost as much as this many others, whose rows stay in the nearest cache. `benches/projection.rs` compares.
const TABLE_COST: usize = 9;

/// More centres than this and the polynomial is not worth looking for.
const MOST_CENTRES: usize = 12;

/// The Gaussian is smaller than 1e-8 of its peak beyond this many sigmas.
const NEGLIGIBLE: f64 = 6.1;

impl Spread {
    /// Chooses rows and taps for `kernel` with delays `0..=max_delay` and raw width `sigma_raw`.
    pub fn new(kernel: DelayKernel, evaluation: KernelEvaluation, max_delay: usize, sigma_raw: f64) -> Self {
        let identity = vec![Filter { first: 0, value: vec![1.0] }];
        let sigma = effective_sigma(sigma_raw);
        let with_identity = |width, shape| Self { filters: identity, width, max_delay, shape };
        match (kernel, evaluation.gaussian) {
            (DelayKernel::OneTap, _) => with_identity(1, Shape::Taps(kernel)),
            (DelayKernel::Linear, _) => with_identity(if max_delay == 0 { 1 } else { 2 }, Shape::Taps(kernel)),
            (DelayKernel::Gaussian, GaussianMethod::Exact) => with_identity(max_delay + 1, Shape::Gaussian { sigma }),
            (DelayKernel::Gaussian, GaussianMethod::Truncated) => {
                with_identity(truncated_width(sigma, evaluation.tolerance, max_delay), Shape::Gaussian { sigma })
            }
            (DelayKernel::Gaussian, GaussianMethod::Table) if max_delay < 2 => with_identity(max_delay + 1, Shape::Gaussian { sigma }),
            (DelayKernel::Gaussian, GaussianMethod::Table) => Self::table(evaluation.tolerance, max_delay, sigma),
            (DelayKernel::Gaussian, GaussianMethod::Polynomial) => {
                match polynomial_centres(sigma, evaluation.tolerance, max_delay, MOST_CENTRES) {
                    Some(centres) => Self::polynomial(centres, max_delay, sigma),
                    None => with_identity(max_delay + 1, Shape::Gaussian { sigma }),
                }
            }
            (DelayKernel::Gaussian, GaussianMethod::Cheapest) => Self::cheapest(evaluation.tolerance, max_delay, sigma),
        }
    }

    fn cheapest(tolerance: f64, max_delay: usize, sigma: f64) -> Self {
        let truncated = truncated_width(sigma, tolerance, max_delay);
        let rival = truncated.min(TABLE_COST);
        if let Some(centres) = polynomial_centres(sigma, tolerance, max_delay, MOST_CENTRES).filter(|centres| centres.len() < rival) {
            return Self::polynomial(centres, max_delay, sigma);
        }
        let gaussian = if truncated > TABLE_COST { GaussianMethod::Table } else { GaussianMethod::Truncated };
        Self::new(DelayKernel::Gaussian, KernelEvaluation { gaussian, tolerance }, max_delay, sigma - SIGMA_OFFSET)
    }

    fn polynomial(centres: Vec<f64>, max_delay: usize, sigma: f64) -> Self {
        let filters = centres.iter().map(|&centre| windowed(centre, max_delay as f64, max_delay, sigma)).collect();
        Self { filters, width: centres.len(), max_delay, shape: Shape::Polynomial { centres } }
    }

    fn table(tolerance: f64, max_delay: usize, sigma: f64) -> Self {
        let cut = half_width(sigma, tolerance / 10.0);
        let spacing = centre_spacing(sigma, tolerance, cut, max_delay);
        let count = (max_delay as f64 / spacing).round() as usize + 1;
        let mut filters: Vec<Filter> = Vec::new();
        // Away from the window's ends the kernel only moves, so one row per fraction of a step serves all whole steps.
        let mut row_of_fraction = std::collections::BTreeMap::new();
        let centres = (0..count)
            .map(|m| {
                let centre = m as f64 * spacing;
                let shared = spacing <= 1.0 && centre - cut >= 0.0 && centre + cut <= max_delay as f64;
                if !shared {
                    filters.push(windowed(centre, cut, max_delay, sigma));
                    return (filters.len() as u32 - 1, 0);
                }
                let whole = centre.floor();
                let fraction = ((centre - whole) / spacing).round() as u32;
                let row = *row_of_fraction.entry(fraction).or_insert_with(|| {
                    let mut filter = windowed(centre, cut, max_delay, sigma);
                    filter.first -= whole as i32;
                    filters.push(filter);
                    filters.len() as u32 - 1
                });
                (row, whole as u32)
            })
            .collect();
        Self { filters, width: 2, max_delay, shape: Shape::Table { spacing, centres } }
    }

    /// The taps of one synapse of delay `delay`; `taps` has `width` entries.
    pub fn taps(&self, delay: f64, taps: &mut [SpreadTap]) {
        match &self.shape {
            Shape::Taps(kernel) => {
                let exact = kernel.taps(delay, self.max_delay, 0.0);
                for (k, tap) in taps.iter_mut().enumerate() {
                    *tap =
                        SpreadTap { row: 0, shift: (exact.first + k) as u32, value: exact.value[k] as f32, slope: exact.slope[k] as f32 };
                }
            }
            Shape::Gaussian { sigma } => gaussian_taps(delay, self.max_delay, *sigma, taps),
            Shape::Polynomial { centres } => {
                for (row, (tap, (value, slope))) in taps.iter_mut().zip(lagrange(centres, delay)).enumerate() {
                    *tap = SpreadTap { row: row as u32, shift: 0, value: value as f32, slope: slope as f32 };
                }
            }
            Shape::Table { spacing, centres } => {
                let position = delay / spacing;
                let first = (position.max(0.0) as usize).min(centres.len() - 2);
                let fraction = (position - first as f64) as f32;
                let slope = (1.0 / spacing) as f32;
                let tap = |(row, shift), value, slope| SpreadTap { row, shift, value, slope };
                taps.copy_from_slice(&[tap(centres[first], 1.0 - fraction, -slope), tap(centres[first + 1], fraction, slope)]);
            }
        }
    }
}

/// `width` taps of the window-normalised Gaussian around `delay`, see `delay_kernel::gaussian`.
fn gaussian_taps(delay: f64, max_delay: usize, sigma: f64, taps: &mut [SpreadTap]) {
    let width = taps.len();
    let first = (delay - (width as f64 - 1.0) / 2.0).round().clamp(0.0, (max_delay + 1 - width) as f64) as usize;
    let inverse_variance = 1.0 / (sigma * sigma);
    let bump = |n: usize| {
        let x = n as f64 - delay;
        (-0.5 * x * x * inverse_variance).exp()
    };
    let from = ((delay - NEGLIGIBLE * sigma).ceil().max(0.0) as usize).min(first);
    let to = ((delay + NEGLIGIBLE * sigma).floor() as usize).clamp(first + width - 1, max_delay);
    let (mut sum, mut moment) = (NORMALISER_EPSILON, 0.0);
    for n in from..=to {
        let value = bump(n);
        sum += value;
        moment += value * (n as f64 - delay);
        if let Some(tap) = n.checked_sub(first).and_then(|k| taps.get_mut(k)) {
            tap.value = value as f32;
        }
    }
    let (scale, pull) = (1.0 / sum, moment / sum);
    for (k, tap) in taps.iter_mut().enumerate() {
        let phi = tap.value as f64 * scale;
        let slope = phi * ((first + k) as f64 - delay - pull) * inverse_variance;
        *tap = SpreadTap { row: 0, shift: (first + k) as u32, value: phi as f32, slope: slope as f32 };
    }
}

/// The Gaussian around `centre` cut `cut` steps to either side and at the window's ends, normalised to the mass it keeps.
fn windowed(centre: f64, cut: f64, max_delay: usize, sigma: f64) -> Filter {
    let first = (centre - cut).ceil().max(0.0) as usize;
    let last = ((centre + cut).floor() as usize).min(max_delay);
    let bump: Vec<f64> = (first..=last).map(|n| (-0.5 * ((n as f64 - centre) / sigma).powi(2)).exp()).collect();
    let sum: f64 = bump.iter().sum();
    Filter { first: first as i32, value: bump.iter().map(|value| (value / sum) as f32).collect() }
}

/// Half the width, in steps, outside which a Gaussian of width `sigma` keeps about `tolerance` of its mass:
/// from the tail bound `P(|x| > z) ~ exp(-z^2 / 2) * 2 / (z sqrt(2 pi))`, solved by fixed-point iteration.
fn half_width(sigma: f64, tolerance: f64) -> f64 {
    let mut z = 2.0f64;
    for _ in 0..20 {
        z = (-2.0 * (tolerance * z * (std::f64::consts::TAU).sqrt() / 2.0).ln()).max(0.01).sqrt();
    }
    z * sigma
}

/// `count` Chebyshev points of `0..=max_delay`, ascending.
fn chebyshev(count: usize, max_delay: usize) -> Vec<f64> {
    let half = max_delay as f64 / 2.0;
    let point = |k: usize| half - half * (std::f64::consts::PI * (2 * k + 1) as f64 / (2 * count) as f64).cos();
    (0..count).map(point).collect()
}

/// The fewest Chebyshev points, up to `most`, whose polynomial stays within `tolerance` of the kernel at every delay tried: between all
/// neighbouring points and at both ends.
fn polynomial_centres(sigma: f64, tolerance: f64, max_delay: usize, most: usize) -> Option<Vec<f64>> {
    let kernel = |delay: f64| windowed(delay, max_delay as f64, max_delay, sigma).value;
    (2..=most).map(|count| chebyshev(count, max_delay)).find(|centres| {
        let rows: Vec<_> = centres.iter().map(|&centre| kernel(centre)).collect();
        let between = centres.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
        between.chain([0.0, max_delay as f64]).all(|delay| {
            let weights = lagrange(centres, delay);
            let error = |n: usize, exact: f32| {
                exact as f64 - rows.iter().zip(&weights).map(|(row, (weight, _))| row[n] as f64 * weight).sum::<f64>()
            };
            kernel(delay).iter().enumerate().map(|(n, &exact)| error(n, exact).abs()).sum::<f64>() <= tolerance
        })
    })
}

/// Value and derivative at `x` of each Lagrange polynomial over `points`, as products: there are few, and `x` may be a point itself.
fn lagrange(points: &[f64], x: f64) -> Vec<(f64, f64)> {
    let polynomial = |k: usize| {
        let (mut value, mut slope) = (1.0, 0.0);
        for (_, point) in points.iter().enumerate().filter(|(other, _)| *other != k) {
            let scale = 1.0 / (points[k] - point);
            slope = (slope * (x - point) + value) * scale;
            value *= (x - point) * scale;
        }
        (value, slope)
    };
    (0..points.len()).map(polynomial).collect()
}

/// Taps that hold all but `tolerance` of a Gaussian wherever its centre lies.
fn truncated_width(sigma: f64, tolerance: f64, max_delay: usize) -> usize {
    ((2.0 * half_width(sigma, tolerance)).ceil() as usize).max(2).min(max_delay + 1)
}

/// Distance of the table's centres: linear interpolation of a Gaussian over `h` has an L1 error of at most `h^2 / (8 sigma^2)`.
/// Where some centres are free of the window's ends it is one over a whole number, so that whole steps fall on the grid and centres a
/// whole number of steps apart share a row.
fn centre_spacing(sigma: f64, tolerance: f64, cut: f64, max_delay: usize) -> f64 {
    let spacing = sigma * (8.0 * tolerance).sqrt();
    let window = max_delay as f64;
    if spacing < 1.0 && 2.0 * cut < window { 1.0 / (1.0 / spacing).ceil() } else { window / (window / spacing).ceil() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel a spread really applies, `[0..=max_delay]`, and its slope.
    fn applied(spread: &Spread, delay: f64) -> (Vec<f64>, Vec<f64>) {
        let mut taps = vec![SpreadTap::default(); spread.width];
        spread.taps(delay, &mut taps);
        let (mut value, mut slope) = (vec![0.0; spread.max_delay + 1], vec![0.0; spread.max_delay + 1]);
        for tap in taps {
            let filter = &spread.filters[tap.row as usize];
            for (k, &f) in filter.value.iter().enumerate() {
                let n = (tap.shift as i32 + filter.first) as usize + k;
                value[n] += (tap.value * f) as f64;
                slope[n] += (tap.slope * f) as f64;
            }
        }
        (value, slope)
    }

    fn l1(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
    }

    #[test]
    fn exact_spread_is_the_kernel() {
        for raw in [12.0, 2.0, 0.23] {
            let spread = Spread::new(DelayKernel::Gaussian, KernelEvaluation::default(), 24, raw);
            for delay in [0.0, 0.3, 11.5, 23.99, 24.0] {
                let exact = DelayKernel::Gaussian.taps(delay, 24, effective_sigma(raw));
                let (value, slope) = applied(&spread, delay);
                assert!(l1(&value, &exact.value) < 1e-6 && l1(&slope, &exact.slope) < 1e-5, "{raw} {delay}");
            }
        }
    }

    #[test]
    fn approximations_keep_their_tolerance_over_all_delays() {
        for gaussian in [GaussianMethod::Truncated, GaussianMethod::Table, GaussianMethod::Polynomial, GaussianMethod::Cheapest] {
            for tolerance in [1e-2, 5e-3, 1e-3] {
                for raw in [12.0, 6.0, 3.0, 1.5, 0.8, 0.4, 0.23] {
                    let spread = Spread::new(DelayKernel::Gaussian, KernelEvaluation { gaussian, tolerance }, 24, raw);
                    for k in 0..=480 {
                        let delay = k as f64 / 20.0;
                        let exact = DelayKernel::Gaussian.taps(delay, 24, effective_sigma(raw));
                        let error = l1(&applied(&spread, delay).0, &exact.value);
                        assert!(error < 2.0 * tolerance, "{gaussian:?} tolerance {tolerance} sigma {raw} delay {delay}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn slopes_of_a_table_are_those_of_its_own_interpolation() {
        let evaluation = KernelEvaluation { gaussian: GaussianMethod::Table, tolerance: 5e-3 };
        let spread = Spread::new(DelayKernel::Gaussian, evaluation, 24, 0.5);
        let (ahead, behind, at) = (applied(&spread, 7.3301).0, applied(&spread, 7.3299).0, applied(&spread, 7.33).1);
        let numeric: Vec<f64> = ahead.iter().zip(&behind).map(|(a, b)| (a - b) / 0.0002).collect();
        assert!(l1(&numeric, &at) < 2e-2);
    }

    #[test]
    fn a_narrow_table_shares_its_rows() {
        let evaluation = KernelEvaluation { gaussian: GaussianMethod::Table, tolerance: 5e-3 };
        let spread = Spread::new(DelayKernel::Gaussian, evaluation, 250, 0.23);
        assert!(spread.filters.len() < 50, "{} rows", spread.filters.len());
    }
}
