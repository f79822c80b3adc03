//! Differentiation on spike representation: the errors of weighted firing rates.
//!
//! ```text
//! x    = sum over t of beta^(T-t) S[t] / sum over t of beta^(T-t)    of what a source sends
//! I    = sum over projections of W x                                 the weighted mean current
//! r    = clamp(gain I / threshold, 0, 1)                             the weighted rate
//! m    = gain W (mean over t of a[t])                                of the output: mean potential
//! E_out = gain dl/dm
//! E_p   = dL/dr_p gain / threshold   where 0 < gain I_p / threshold < 1, else 0
//! dL/dr_p = sum over q of c_q W_pq^T E_q,   dL/dW = E_post x^T
//! ```
//! `a` is the trace of the source, so `x` is its last value over the sum of the weights; of
//! projections into the output `x` is the mean of the traces. `c` is 1, and for the output the mean
//! over the steps of the trace of a source that always sends 1.
//!
//! A neuron that starts at rest, and from which every spike subtracts the threshold, fires at the
//! rate `r` but for what is left in its potential behind the last step, over the sum of the
//! weights: `gain I - threshold (weighted rate) = U[T] / sum`. The clamp is what rates below zero
//! and above one spike per step become.
//!
//! What differs from the released program: a neuron fires at the threshold that its spike subtracts
//! (there at a fraction of it), thresholds stay as they are, all steps of a sample lead to the
//! output (there weighted as rates are), and weights that discount earlier steps enter once (there
//! errors are weighted by them, too).

use crate::lanes::LANES;
use crate::layers::{Layers, Members};
use crate::tile::{Tile, TilePopulation, TileProjection, currents, hand_back};
use sim_core::{Network, Objective, Stage};

/// `dr/dI`: none where the rate is clamped.
#[inline]
fn rate_slope(current: f32, gain: f32, threshold: f32) -> f32 {
    let inside = gain * current > 0.0 && gain * current < threshold;
    if inside { gain / threshold } else { 0.0 }
}

impl Tile {
    /// Works out the errors behind the last of `steps` steps, and the losses of mean potentials;
    /// `first` is the sample of the batch, of `samples`, that is in the first lane. Traces become
    /// weighted means.
    pub(crate) fn errors_of_rates(
        &mut self,
        layers: &Layers,
        network: &Network,
        (first, samples): (usize, usize),
        steps: usize,
        objective: &dyn Objective,
    ) {
        let Self { populations, projections, losses, potentials, one_step, timing, .. } = self;
        for (projection, &(_, target)) in projections.iter_mut().zip(&layers.ends) {
            weigh(projection, target == layers.output, layers.members(target).beta, steps);
        }
        for population in &mut *populations {
            population.error.as_flattened_mut().fill(0.0);
        }
        timing.time(Stage::Loss, || {
            let error = populations[layers.output].error.as_flattened_mut();
            for (lane, loss) in losses.iter_mut().enumerate() {
                let sums = potentials.iter().skip(lane).step_by(LANES);
                let means = sums.map(|&sum| (sum / steps as f64) as f32);
                let gradient = (&mut *error, lane, 1.0 / samples as f64);
                *loss = one_step.loss(objective, first + lane, means, Some(gradient));
            }
        });
        for &p in layers.order.iter().rev() {
            let Members { beta, gain, threshold, .. } = *layers.members(p);
            let TilePopulation { current, error, .. } = &mut populations[p];
            let error = error.as_flattened_mut();
            let share = match threshold {
                None => {
                    error.iter_mut().for_each(|error| *error *= gain as f32);
                    mean_trace_of_one(beta, steps)
                }
                Some(threshold) => {
                    let current = current.as_flattened_mut();
                    current.fill(0.0);
                    timing.time(Stage::Forward, || {
                        for index in layers.ending_at(p) {
                            let TileProjection { current: part, trace, .. } =
                                &mut projections[index];
                            currents(part, network, index, trace);
                            current.iter_mut().zip(&*part).for_each(|(sum, part)| *sum += part);
                        }
                    });
                    let slope = |current| rate_slope(current, gain as f32, threshold as f32);
                    error.iter_mut().zip(&*current).for_each(|(error, &i)| *error *= slope(i));
                    1.0
                }
            };
            timing.time(Stage::InputGradient, || {
                hand_back(populations, layers, network, p, share as f32);
            });
        }
    }
}

/// Turns the trace of a projection to the weighted mean of what its source sent.
fn weigh(projection: &mut TileProjection, into_output: bool, beta: f64, steps: usize) {
    let TileProjection { trace, trace_sum, .. } = projection;
    let weights = if into_output { steps as f64 } else { geometric(beta, steps) };
    if into_output {
        trace.copy_from_slice(trace_sum);
    }
    trace.iter_mut().for_each(|trace| *trace *= (1.0 / weights) as f32);
}

/// Sum of `beta^k` over `terms` terms from `k = 0`.
fn geometric(beta: f64, terms: usize) -> f64 {
    (0..terms).fold(0.0, |sum, _| 1.0 + beta * sum)
}

/// Mean over `steps` steps of the trace of a source that always sends 1.
fn mean_trace_of_one(beta: f64, steps: usize) -> f64 {
    let sums = (0..steps).scan(0.0, |sum, _| {
        *sum = 1.0 + beta * *sum;
        Some(*sum)
    });
    sums.sum::<f64>() / steps as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `r` of the module.
    fn rate(current: f64, gain: f64, threshold: f64) -> f64 {
        (gain * current / threshold).clamp(0.0, 1.0)
    }

    #[test]
    fn the_slope_is_that_of_the_clamped_rate() {
        for (gain, threshold) in [(1.0, 1.0), (0.3, 0.7), (0.05, 1.4)] {
            for n in -20..60 {
                let current = (f64::from(n) + 0.37) * 0.05 * threshold / gain;
                let step = 1e-6 * threshold / gain;
                let moved =
                    rate(current + step, gain, threshold) - rate(current - step, gain, threshold);
                let slope = rate_slope(current as f32, gain as f32, threshold as f32);
                let error = (f64::from(slope) - moved / (2.0 * step)).abs();
                assert!(error < 1e-5 * gain / threshold, "{gain} {threshold} {current}: {error}");
            }
        }
    }

    #[test]
    fn sums_of_powers_have_their_closed_forms() {
        assert_eq!((geometric(0.0, 5), geometric(1.0, 5), geometric(0.5, 3)), (1.0, 5.0, 1.75));
        assert_eq!(mean_trace_of_one(0.0, 4), 1.0);
        assert_eq!(mean_trace_of_one(0.5, 3), (1.0 + 1.5 + 1.75) / 3.0);
    }
}
