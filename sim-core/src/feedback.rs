//! The weights by which errors go back through a projection.

use crate::random::{Purpose, Seed};
use crate::synapses::DenseSynapses;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The weights by which the gradient of spikes goes back through a projection, to the neurons that
/// fired them. Spikes go forward by the projection's own weights, whatever these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// The projection's own weights: the gradient itself.
    #[default]
    Symmetric,
    /// Weights that are drawn once and stay, uniform between `-1 / sqrt(n)` and `1 / sqrt(n)` for
    /// neurons with `n` synapses of the projection: feedback alignment [Lillicrap et al. 2016].
    Random,
    /// The signs of the projection's own weights, each `1 / sqrt(n)` in size [Liao et al. 2016].
    Sign,
}

impl Feedback {
    /// Overwrites `into` with the weights that stand for those of `synapses`, in the same order;
    /// `projection` is its index in the network. The sign of 0 is 0.
    ///
    /// Random weights depend on the seed, the projection and the number of weights alone, so each
    /// call gives the same.
    pub fn weights(
        self,
        synapses: &DenseSynapses,
        projection: usize,
        seed: Seed,
        into: &mut Vec<f32>,
    ) {
        let size = (1.0 / ((synapses.pre * synapses.elements_per_pair) as f64).sqrt()) as f32;
        into.clear();
        match self {
            Self::Symmetric => into.extend_from_slice(&synapses.weight),
            Self::Random => {
                let mut random = seed.stream(Purpose::Feedback, projection as u64, 0);
                let draw = |_: &f32| random.random_range(-size..=size);
                into.extend(synapses.weight.iter().map(draw));
            }
            Self::Sign => {
                let sign = |&weight: &f32| if weight == 0.0 { 0.0 } else { weight.signum() * size };
                into.extend(synapses.weight.iter().map(sign));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delay_kernel::DelayKernel;
    use crate::synapses::Granularity;

    #[test]
    fn weights_keep_their_bounds_their_signs_and_their_seed() {
        let synapses = DenseSynapses {
            pre: 4,
            post: 3,
            elements_per_pair: 4,
            min_delay_steps: 0,
            max_delay_steps: 0,
            granularity: Granularity::Synaptic,
            kernel: DelayKernel::OneTap,
            weight: (0..48).map(|n| n as f32 - 5.0).collect(),
            delay: vec![0.0; 48],
        };
        let weights = |feedback: Feedback, projection, seed| {
            let mut weights = vec![7.0; 3];
            feedback.weights(&synapses, projection, Seed(seed), &mut weights);
            weights
        };
        assert_eq!(weights(Feedback::Symmetric, 0, 1), synapses.weight);
        let signs = weights(Feedback::Sign, 0, 1);
        assert_eq!(signs[3..8], [-0.25, -0.25, 0.0, 0.25, 0.25]);
        let random = weights(Feedback::Random, 0, 1);
        assert!(random.len() == 48 && random.iter().all(|weight| weight.abs() <= 0.25));
        let largest = random.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
        assert!(largest > 0.2, "they fill their range: {largest}");
        assert_eq!(random, weights(Feedback::Random, 0, 1));
        assert!(random != weights(Feedback::Random, 1, 1));
        assert!(random != weights(Feedback::Random, 0, 2));
    }
}
