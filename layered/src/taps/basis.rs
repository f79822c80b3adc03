//! Wide kernels as shares in a few fixed filters.
//!
//! Seen as a function of the delay, at a fixed step of the window, a Gaussian is smooth even where
//! the window cuts it off. So the kernel of any delay is nearly the polynomial, in the delay,
//! through the kernels at a few Chebyshev points, and the wider the kernel the fewer.

use crate::taps::filter::{Filter, windowed};
use crate::taps::gaussian::half_width;
use crate::taps::pieces::{Pieces, SHAPES};

/// Gaussians at fixed centres.
#[derive(Debug, Clone, Default)]
pub struct Basis {
    /// One filter per centre.
    pub filters: Vec<Filter>,
    /// A cheaper way to apply the filters, where they are long.
    pub pieces: Option<Pieces>,
    pub(crate) centres: Vec<f64>,
    /// `1 / prod_m (centre_k - centre_m)`, scaled: the barycentric weights.
    scales: Vec<f64>,
}

impl Basis {
    /// The fewest Chebyshev points, up to `most`, whose polynomial stays within `tolerance` of the
    /// kernel at every delay tried: between all neighbouring points and at both ends.
    pub fn new(sigma: f64, tolerance: f64, max_delay: usize, most: usize) -> Option<Self> {
        // A polynomial cannot follow kernels whose centres are further apart than about two widths.
        let fewest = ((max_delay as f64 / (2.0 * sigma)) as usize).max(2);
        if fewest > most {
            return None;
        }
        let cut = half_width(sigma, tolerance / 10.0);
        let basis = (fewest..=most)
            .map(|count| Self::at(chebyshev(count, max_delay), cut, max_delay, sigma))
            .find(|basis| {
                let between = basis.centres.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
                between
                    .chain([0.0, max_delay as f64])
                    .all(|delay| basis.error(delay, max_delay, sigma) <= tolerance)
            });
        basis.map(|basis| basis.in_pieces(tolerance / 5.0, max_delay))
    }

    /// Takes the filters in pieces if that saves a quarter and no filter changes by more than
    /// `tolerance`.
    fn in_pieces(mut self, tolerance: f64, max_delay: usize) -> Self {
        let direct: usize = self.filters.iter().map(|filter| filter.value.len()).sum();
        let best = (2 * SHAPES..=max_delay / 2)
            .filter_map(|length| {
                let pieces = Pieces::new(&self.filters, length, max_delay);
                let close = self
                    .filters
                    .iter()
                    .enumerate()
                    .all(|(r, filter)| pieces.error(r, filter) <= tolerance);
                close.then_some((pieces.cost(), pieces))
            })
            .min_by_key(|(cost, _)| *cost);
        self.pieces = best.filter(|(cost, _)| 4 * cost <= 3 * direct).map(|(_, pieces)| pieces);
        self
    }

    fn at(centres: Vec<f64>, cut: f64, max_delay: usize, sigma: f64) -> Self {
        let filters =
            centres.iter().map(|&centre| windowed(centre, cut, max_delay, sigma)).collect();
        // Distances in quarters of the window, the logarithmic capacity of an interval: products of
        // many stay of order one.
        let unit = 4.0 / max_delay as f64;
        let scale = |k: usize| {
            let others = centres.iter().enumerate().filter(|(other, _)| *other != k);
            1.0 / others.map(|(_, point)| (centres[k] - point) * unit).product::<f64>()
        };
        Self { filters, pieces: None, scales: (0..centres.len()).map(scale).collect(), centres }
    }

    /// L1 distance to the kernel of delay `delay`.
    fn error(&self, delay: f64, max_delay: usize, sigma: f64) -> f64 {
        let mut rest: Vec<f64> = windowed(delay, max_delay as f64, max_delay, sigma)
            .value
            .iter()
            .map(|&value| value as f64)
            .collect();
        self.shares(delay, |r, share, _| {
            let Filter { first, value, .. } = &self.filters[r];
            rest[*first..]
                .iter_mut()
                .zip(value)
                .for_each(|(rest, value)| *rest -= share * *value as f64);
        });
        rest.iter().map(|rest| rest.abs()).sum()
    }

    /// Calls `f(r, share, slope)` for each filter: value and derivative at `delay` of the Lagrange
    /// polynomials over the centres, in barycentric form (Berrut and Trefethen 2004).
    pub fn shares(&self, delay: f64, mut f: impl FnMut(usize, f64, f64)) {
        /// Distance in steps to a centre below which the form would divide by zero; within it,
        /// shares change by less than their precision.
        const NEAR: f64 = 1e-7;
        let near = self.centres.iter().find(|centre| (delay - **centre).abs() < NEAR);
        let delay = near.map_or(delay, |centre| centre + NEAR);
        let (mut sum, mut inverses) = (0.0, 0.0);
        for (centre, scale) in self.centres.iter().zip(&self.scales) {
            let inverse = 1.0 / (delay - centre);
            sum += scale * inverse;
            inverses += inverse;
        }
        for (r, (centre, scale)) in self.centres.iter().zip(&self.scales).enumerate() {
            let inverse = 1.0 / (delay - centre);
            let share = scale * inverse / sum;
            f(r, share, share * (inverses - inverse));
        }
    }

    /// Cost, in taps of a window. A filter costs a multiply-add per step and synapse, as a tap
    /// does; and its length per step and postsynaptic neuron, once forward and twice back.
    /// `benches/projection.rs` compares.
    pub fn cost(&self, pre: usize) -> f64 {
        self.filters.len() as f64 + 3.0 * self.filtering() as f64 / pre as f64
    }

    /// Multiply-adds of all filters, per step and postsynaptic neuron.
    pub fn filtering(&self) -> usize {
        let direct: usize = self.filters.iter().map(|filter| filter.value.len()).sum();
        self.pieces.as_ref().map_or(direct, Pieces::cost)
    }
}

/// `count` Chebyshev points of `0..=max_delay`, ascending.
fn chebyshev(count: usize, max_delay: usize) -> Vec<f64> {
    let half = max_delay as f64 / 2.0;
    let point = |k: usize| {
        half - half * (std::f64::consts::PI * (2 * k + 1) as f64 / (2 * count) as f64).cos()
    };
    (0..count).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::DelayKernel;

    #[test]
    fn long_filters_come_in_pieces() {
        const LONG: usize = 250;
        for sigma in [90.0, 38.0, 14.0] {
            let basis = Basis::new(sigma, 5e-3, LONG, 40).expect("wide kernels have a basis");
            let pieces = basis.pieces.as_ref().expect("long filters come in pieces");
            for (r, filter) in basis.filters.iter().enumerate() {
                assert!(
                    pieces.error(r, filter) <= 1e-3,
                    "sigma {sigma}, filter {r}: {}",
                    pieces.error(r, filter)
                );
                assert!(pieces.filter(r).len() <= LONG + 1);
            }
            for delay in [0.0, 17.3, 125.0, 250.0] {
                let exact = DelayKernel::Gaussian.taps(delay, LONG, sigma);
                let mut rest = exact.value;
                basis.shares(delay, |r, share, _| {
                    rest.iter_mut().zip(pieces.filter(r)).for_each(|(rest, x)| *rest -= share * x);
                });
                let error: f64 = rest.iter().map(|rest| rest.abs()).sum();
                assert!(error < 1e-2, "sigma {sigma}, delay {delay}: {error}");
            }
        }
    }
}
