//! From delays to what a projection computes with: the taps of each synapse, or its share in a few
//! fixed filters.
//!
//! A synapse of delay `d` is, by method:
//!
//! - [`GaussianMethod::Exact`]: the taps of the window, but for those below 1e-8 of the largest,
//!   which single precision does not see.
//! - [`GaussianMethod::Truncated`]: the neighbouring taps that hold all but `tolerance` of the
//!   mass.
//! - [`GaussianMethod::Smoothed`]: three or four taps of a narrow Gaussian before one wide
//!   Gaussian, which is the same for all synapses (`smoothing`).
//! - [`GaussianMethod::Polynomial`]: `sum_r c_r(d) f_r`, the Gaussians `f_r` at `n` Chebyshev
//!   points of the window, weighted by the polynomial through them (`basis`).
//! - [`GaussianMethod::Cheapest`]: whichever of the last three costs least for the width at hand.
//!
//! The error of all but the first is `tolerance`.
//!
//! The derivative with respect to the delay is the derivative of the taps that are used, so
//! gradients are exact for the method.

use crate::taps::basis::Basis;
use crate::taps::gaussian::{exact_width, gaussian_taps, truncated_width};
use crate::taps::smoothing::Smoothing;
use sim_core::{DelayKernel, GaussianMethod, KernelEvaluation, effective_sigma};
use simd::MOST_TAPS;
use std::sync::Arc;

/// Multiply-adds that the kernels of a projection take, whatever the loop that does them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelCost {
    /// Per synapse and spike (on the way back also per synapse and step): taps, or shares in fixed
    /// filters. A synapse near an end of the window costs more under `Smoothed`; that is not
    /// counted.
    pub per_synapse: usize,
    /// Per postsynaptic neuron and step: the fixed filters, 0 where there are none.
    pub per_neuron: usize,
}

/// The cost of the kernels of a projection of `pre` presynaptic neurons: `kernel`, with delays
/// `0..=max_delay` and raw width `sigma_raw`, both in steps.
pub fn kernel_cost(
    evaluation: KernelEvaluation,
    kernel: DelayKernel,
    max_delay: usize,
    sigma_raw: f64,
    pre: usize,
) -> KernelCost {
    match KernelSpread::new(kernel, evaluation, max_delay, sigma_raw, pre) {
        KernelSpread::Window(window) => KernelCost {
            per_synapse: window.width,
            per_neuron: window.smoothing().map_or(0, |smoothing| smoothing.filtering()),
        },
        KernelSpread::Basis(basis) => {
            KernelCost { per_synapse: basis.filters.len(), per_neuron: basis.filtering() }
        }
    }
}

/// How the synapses of one projection are evaluated, for one width of the kernel.
#[derive(Debug, Clone)]
pub enum KernelSpread {
    /// Neighbouring taps around the delay.
    Window(TapWindow),
    /// Shares in fixed filters.
    Basis(Arc<Basis>),
}

/// `width` neighbouring taps of a kernel in a window of delays `0..=max_delay`.
#[derive(Debug, Clone)]
pub struct TapWindow {
    /// Taps per synapse.
    pub width: usize,
    max_delay: usize,
    shape: WindowShape,
}

#[derive(Debug, Clone)]
enum WindowShape {
    /// `DelayKernel::pair` as it is; the kernel is `Linear` or `OneTap`.
    Taps(DelayKernel),
    /// Taps of the Gaussian.
    Gaussian { sigma: f64 },
    /// Taps before a Gaussian.
    Smoothed(Arc<Smoothing>),
}

/// More centres than this and the polynomial is not worth looking for.
const MOST_CENTRES: usize = 40;

impl KernelSpread {
    /// Chooses the evaluation of `kernel` with delays `0..=max_delay` and raw width `sigma_raw` for
    /// a projection of `pre` presynaptic neurons.
    pub fn new(
        kernel: DelayKernel,
        evaluation: KernelEvaluation,
        max_delay: usize,
        sigma_raw: f64,
        pre: usize,
    ) -> Self {
        let sigma = effective_sigma(sigma_raw);
        let window = |width, shape| Self::Window(TapWindow { width, max_delay, shape });
        let gaussian = |width| window(width, WindowShape::Gaussian { sigma });
        let smoothed = |smoothing: Smoothing| {
            window(smoothing.width(), WindowShape::Smoothed(Arc::new(smoothing)))
        };
        let tolerance = evaluation.tolerance;
        match (kernel, evaluation.gaussian) {
            (DelayKernel::OneTap, _) => window(1, WindowShape::Taps(kernel)),
            (DelayKernel::Linear, _) => {
                window(if max_delay == 0 { 1 } else { 2 }, WindowShape::Taps(kernel))
            }
            (DelayKernel::Gaussian, GaussianMethod::Exact) => {
                gaussian(exact_width(sigma, max_delay))
            }
            (DelayKernel::Gaussian, GaussianMethod::Truncated) => {
                gaussian(truncated_width(sigma, tolerance, max_delay))
            }
            (DelayKernel::Gaussian, GaussianMethod::Smoothed) => {
                Smoothing::new(sigma, tolerance, max_delay)
                    .map_or_else(|| gaussian(exact_width(sigma, max_delay)), smoothed)
            }
            (DelayKernel::Gaussian, GaussianMethod::Polynomial) => {
                Basis::new(sigma, tolerance, max_delay, MOST_CENTRES).map_or_else(
                    || gaussian(exact_width(sigma, max_delay)),
                    |basis| Self::Basis(Arc::new(basis)),
                )
            }
            (DelayKernel::Gaussian, GaussianMethod::Cheapest) => {
                let width = truncated_width(sigma, tolerance, max_delay);
                // A window that fits into bursts is the cheapest of all.
                if width <= MOST_TAPS {
                    return gaussian(width);
                }
                let basis = Basis::new(sigma, tolerance, max_delay, MOST_CENTRES.min(width));
                let smoothing = Smoothing::new(sigma, tolerance, max_delay);
                let basis = basis.map(|basis| (basis.cost(pre), Self::Basis(Arc::new(basis))));
                let smoothing =
                    smoothing.map(|smoothing| (smoothing.cost(pre), smoothed(smoothing)));
                let others =
                    basis.into_iter().chain(smoothing).filter(|(cost, _)| *cost <= width as f64);
                others
                    .min_by(|(a, _), (b, _)| a.total_cmp(b))
                    .map_or_else(|| gaussian(width), |(_, spread)| spread)
            }
        }
    }
}

impl TapWindow {
    /// Writes the taps of a synapse of delay `delay` and their derivatives with respect to it,
    /// `width` each; returns the delay of the first tap or, before a filter, its position in the
    /// row.
    pub fn taps(&self, delay: f64, value: &mut [f32], slope: &mut [f32]) -> u32 {
        match &self.shape {
            WindowShape::Taps(kernel) => {
                let (first, taps) = kernel.pair(delay, self.max_delay);
                for (k, tap) in taps.iter().enumerate().take(self.width) {
                    (value[k], slope[k]) = (tap.0 as f32, tap.1 as f32);
                }
                first as u32
            }
            WindowShape::Gaussian { sigma } => {
                gaussian_taps(delay, self.max_delay, *sigma, &mut value[..self.width], slope)
            }
            WindowShape::Smoothed(smoothing) => smoothing.taps(delay, value, slope),
        }
    }

    /// The smoothing that follows the taps, if there is one.
    pub fn smoothing(&self) -> Option<&Arc<Smoothing>> {
        match &self.shape {
            WindowShape::Smoothed(smoothing) => Some(smoothing),
            _ => None,
        }
    }

    /// The largest delay or position that [`taps`](Self::taps) returns.
    pub fn latest(&self) -> usize {
        self.smoothing().map_or(self.max_delay + 1 - self.width, |smoothing| smoothing.latest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taps::filter::Filter;

    const WINDOW: usize = 24;

    fn spread(gaussian: GaussianMethod, tolerance: f64, sigma_raw: f64) -> KernelSpread {
        KernelSpread::new(
            DelayKernel::Gaussian,
            KernelEvaluation { gaussian, tolerance, ..KernelEvaluation::default() },
            WINDOW,
            sigma_raw,
            256,
        )
    }

    /// Steps before and behind the window in which a smoothing may leave an error.
    const BESIDE: usize = 32;

    /// The kernel a spread really applies, `[-BESIDE..=max_delay + BESIDE]`, and its slope.
    fn applied(spread: &KernelSpread, delay: f64) -> (Vec<f64>, Vec<f64>) {
        let (mut value, mut slope) =
            (vec![0.0; WINDOW + 1 + 2 * BESIDE], vec![0.0; WINDOW + 1 + 2 * BESIDE]);
        match spread {
            KernelSpread::Window(window) => {
                let (mut taps, mut slopes) = (vec![0.0; window.width], vec![0.0; window.width]);
                let first = window.taps(delay, &mut taps, &mut slopes) as usize;
                if let Some(smoothing) = window.smoothing() {
                    for (kernel, applied) in
                        smoothing.kernel(delay).into_iter().zip([&mut value, &mut slope])
                    {
                        let from = (applied.len() - kernel.len()) / 2;
                        applied[from..][..kernel.len()].copy_from_slice(&kernel);
                    }
                } else {
                    for k in 0..window.width {
                        (value[BESIDE + first + k], slope[BESIDE + first + k]) =
                            (taps[k] as f64, slopes[k] as f64);
                    }
                }
            }
            KernelSpread::Basis(basis) => basis.shares(delay, |r, share, change| {
                let Filter { first, value: direct, .. } = &basis.filters[r];
                let direct = || {
                    [0.0]
                        .repeat(*first)
                        .into_iter()
                        .chain(direct.iter().map(|&x| x as f64))
                        .collect()
                };
                let filter: Vec<f64> =
                    basis.pieces.as_ref().map_or_else(direct, |pieces| pieces.filter(r));
                for (n, &x) in filter.iter().enumerate() {
                    value[BESIDE + n] += share * x;
                    slope[BESIDE + n] += change * x;
                }
            }),
        }
        (value, slope)
    }

    /// The kernel of the recipe and its slope, over the same delays.
    fn exact(delay: f64, raw: f64) -> (Vec<f64>, Vec<f64>) {
        let taps = DelayKernel::Gaussian.taps(delay, WINDOW, effective_sigma(raw));
        let beside = |values: Vec<f64>| [vec![0.0; BESIDE], values, vec![0.0; BESIDE]].concat();
        (beside(taps.value), beside(taps.slope))
    }

    fn l1(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
    }

    #[test]
    fn exact_spread_is_the_kernel() {
        for raw in [12.0, 2.0, 0.23] {
            let spread = spread(GaussianMethod::Exact, 5e-3, raw);
            for delay in [0.0, 0.3, 11.5, 23.99, 24.0] {
                let ((value, slope), exact) = (applied(&spread, delay), exact(delay, raw));
                assert!(
                    l1(&value, &exact.0) < 1e-6 && l1(&slope, &exact.1) < 1e-5,
                    "{raw} {delay}"
                );
            }
        }
    }

    #[test]
    fn approximations_keep_their_tolerance_over_all_delays() {
        for gaussian in [
            GaussianMethod::Truncated,
            GaussianMethod::Smoothed,
            GaussianMethod::Polynomial,
            GaussianMethod::Cheapest,
        ] {
            for tolerance in [1e-2, 5e-3, 1e-3] {
                for raw in [12.0, 6.0, 3.0, 1.5, 0.8, 0.4, 0.23] {
                    let spread = spread(gaussian, tolerance, raw);
                    for k in 0..=480 {
                        let delay = k as f64 / 20.0;
                        let error = l1(&applied(&spread, delay).0, &exact(delay, raw).0);
                        assert!(
                            error < 2.0 * tolerance,
                            "{gaussian:?} tolerance {tolerance} sigma {raw} delay {delay}: {error}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn slopes_are_those_of_the_approximation() {
        for (method, raw) in [
            (GaussianMethod::Polynomial, 12.0),
            (GaussianMethod::Polynomial, 3.0),
            (GaussianMethod::Smoothed, 6.0),
            (GaussianMethod::Smoothed, 4.0),
            (GaussianMethod::Smoothed, 2.0),
            (GaussianMethod::Smoothed, 1.0),
        ] {
            let spread = spread(method, 5e-3, raw);
            let is_exact =
                matches!(&spread, KernelSpread::Window(window) if window.smoothing().is_none());
            assert!(!is_exact, "{method:?} at {raw}");
            let centre =
                if let KernelSpread::Basis(basis) = &spread { basis.centres[1] } else { 11.4 };
            for delay in [0.2, 1.61, 7.33, centre, 22.7, 23.9] {
                let (ahead, behind, at) = (
                    applied(&spread, delay + 1e-3).0,
                    applied(&spread, delay - 1e-3).0,
                    applied(&spread, delay).1,
                );
                let numeric: Vec<f64> =
                    ahead.iter().zip(&behind).map(|(a, b)| (a - b) / 0.002).collect();
                assert!(l1(&numeric, &at) < 2e-4, "{method:?} {raw} {delay}");
            }
        }
    }
}
