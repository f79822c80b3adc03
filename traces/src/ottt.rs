//! Online training through time: the errors of one step.
//!
//! ```text
//! E_out[t] = gain dl[t]/dV_out[t] / T               l[t]: the loss of step t alone
//! E_p[t]   = gain slope(V_p[t] - threshold) * sum over q of W_pq^T E_q[t]
//! dL/dW    = sum over t of E_post[t] a[t]^T
//! ```
//! Errors stay within their step, so nothing has to be kept of earlier ones; `a` is the trace of
//! the source. What is left out of the gradient: that a spike moves the potentials of the neurons
//! behind it in later steps, too, and so their later errors.
//!
//! What differs from the released program: a trace decays as the potentials do that it reaches.
//! There it decays as those of the neurons that send it, and analog input has none. Where all
//! neurons share a time constant, that is the same but for the input and for a readout with a time
//! constant of its own.

use crate::lanes::LANES;
use crate::layers::Layers;
use crate::tile::{Tile, TilePopulation, hand_back};
use sim_core::{Network, Objective, Stage};

/// The losses of the steps of a batch.
#[derive(Clone, Copy)]
pub(crate) struct StepLoss<'a> {
    pub objective: &'a dyn Objective,
    /// Steps of the batch.
    pub steps: usize,
    /// Samples of the batch.
    pub samples: usize,
}

impl Tile {
    /// Works out the errors of the step that was run last, and adds its losses; `first` is the
    /// sample of the batch that is in the first lane.
    pub(crate) fn errors_of_step(
        &mut self,
        layers: &Layers,
        network: &Network,
        first: usize,
        loss: StepLoss,
    ) {
        let StepLoss { objective, steps, samples } = loss;
        let Self { populations, losses, one_step, slopes, timing, .. } = self;
        for population in &mut *populations {
            population.error.as_flattened_mut().fill(0.0);
        }
        timing.time(Stage::Loss, || {
            let TilePopulation { state, error, .. } = &mut populations[layers.output];
            let potentials = state.column(0).as_flattened();
            let scale = 1.0 / (steps as f64 * samples as f64);
            for (lane, sum) in losses.iter_mut().enumerate() {
                let values = potentials.iter().skip(lane).step_by(LANES).copied();
                let gradient = (error.as_flattened_mut(), lane, scale);
                let of_step = one_step.loss(objective, first + lane, values, Some(gradient));
                sum.loss += of_step.loss / steps as f64;
            }
        });
        for &p in layers.order.iter().rev() {
            timing.time(Stage::Neurons, || {
                let TilePopulation { current, before, error, .. } = &mut populations[p];
                slopes.pass(layers.members(p), before, current, error);
            });
            timing.time(Stage::InputGradient, || hand_back(populations, layers, network, p, 1.0));
        }
    }
}

impl Tile {
    /// Predicts the class of each sample from the mean potentials over all `steps` steps.
    pub(crate) fn predict(&mut self, first: usize, steps: usize, objective: &dyn Objective) {
        let Self { losses, potentials, one_step, timing, .. } = self;
        timing.time(Stage::Loss, || {
            for (lane, loss) in losses.iter_mut().enumerate() {
                let sums = potentials.iter().skip(lane).step_by(LANES);
                let means = sums.map(|&sum| (sum / steps as f64) as f32);
                loss.predicted = one_step.loss(objective, first + lane, means, None).predicted;
            }
        });
    }
}
