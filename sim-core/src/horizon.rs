//! For how many steps a sample runs: the one rule for training, evaluation, simulation and
//! streaming.
//!
//! In training, a batch runs as the reference has it: its source as long as the longest sample, and
//! each population half of every delay window on the longest way to it longer, so that late input
//! still counts. In evaluation, each sample runs as if it were a batch of its own, or for a fixed
//! number of steps. Over whole windows, a trained network would be asked for steps that no batch of
//! its training had: five classes of random manifolds, with delays up to 100 ms, then fall from 97
//! to 55 %; if only the hidden neurons go on until the output ends, to 95 %.
//!
//! An evaluation sorts samples by length, so that a grid of samples has little padding; engines
//! that step are told when each population falls silent.

use crate::error::{Error, Result};
use crate::network::Network;
use crate::spikes::SpikeFrames;
use crate::synapses::Synapses;

/// For how many steps samples run.
///
/// A projection adds half of its delay window, so that late input still counts: the steps for which
/// the reference trains [Hammouamri et al. 2023]. The window is the longest delay that a projection
/// allows, whatever its delays have become; of single synapses it is their longest delay. Behind
/// these steps, no batch has ever trained a network, and it answers at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Horizon {
    /// A sample runs as if it were a batch of its own: a source over its steps, at least one, and
    /// every population longer by the windows on the longest way to it; then it falls silent. The
    /// result of a sample does not depend on the samples beside it.
    #[default]
    Sample,
    /// Every sample runs for this number of steps; later steps of a longer sample do not count.
    Steps(usize),
    /// All samples of a batch run as if they were as long as the longest, and a population adds the
    /// windows on the longest way to it: as the reference trains. The result of a sample depends on
    /// the longest sample of its batch.
    Batch,
}

impl Horizon {
    /// A fixed number of steps where there is one, else [`Horizon::Sample`].
    pub fn of_setting(steps: Option<usize>) -> Self {
        steps.map_or(Self::Sample, Self::Steps)
    }

    /// Overwrites `ends` by the step at which each population falls silent in a sample of `steps`
    /// steps that runs by itself.
    ///
    /// # Errors
    /// As [`Self::windows`].
    pub fn ends(self, network: &Network, steps: usize, ends: &mut Vec<usize>) -> Result<()> {
        self.windows(network, ends)?;
        ends.iter_mut().for_each(|end| *end = self.with_window(steps, *end));
        Ok(())
    }

    /// Steps for which a sample of `steps` steps runs by itself when population `output` is read.
    ///
    /// # Errors
    /// As [`Self::windows`].
    pub fn steps(self, network: &Network, output: usize, steps: usize) -> Result<usize> {
        let mut windows = Vec::new();
        self.windows(network, &mut windows)?;
        Ok(self.with_window(steps, windows[output]))
    }

    /// Steps for which a sample of `steps` steps runs when `window` are added.
    pub fn with_window(self, steps: usize, window: usize) -> usize {
        match self {
            Self::Steps(fixed) => fixed,
            // A sample of no steps at all is as legal as one without spikes.
            Self::Sample | Self::Batch => steps.max(1) + window,
        }
    }

    /// Overwrites `windows` by the steps that are added on the longest way from a source to each
    /// population. Memory is reused.
    ///
    /// # Errors
    /// [`Error::Network`] when projections close a loop: then no way is the longest, and only
    /// [`Horizon::Steps`] tells when a sample ends.
    pub fn windows(self, network: &Network, windows: &mut Vec<usize>) -> Result<()> {
        windows.clear();
        windows.resize(network.populations.len(), 0);
        // The longest way passes every population once at most.
        for _ in 0..=network.populations.len() {
            let mut grown = false;
            for projection in &network.projections {
                let window = windows[projection.source] + self.window(&projection.synapses);
                if window > windows[projection.target] {
                    windows[projection.target] = window;
                    grown = true;
                }
            }
            if !grown {
                return Ok(());
            }
        }
        Err(Error::Network(
            "projections close a loop, so no way through the network is the longest; a fixed \
             number of steps is needed"
                .into(),
        ))
    }

    /// Cuts off the steps of a sample behind a fixed number of steps.
    pub fn cut(self, frames: &mut SpikeFrames) {
        if let Self::Steps(fixed) = self {
            frames.truncate(fixed);
        }
    }

    /// The steps that one projection adds.
    fn window(self, synapses: &Synapses) -> usize {
        let whole = match synapses {
            Synapses::Dense(synapses) => synapses.max_delay_steps,
            Synapses::Sparse(synapses) => {
                synapses.iter().map(|synapse| synapse.delay_steps as usize).max().unwrap_or(0)
            }
        };
        match self {
            Self::Sample | Self::Batch => whole / 2,
            Self::Steps(_) => 0,
        }
    }

    /// Checks a fixed number of steps.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when it is 0.
    pub fn check(self) -> Result<()> {
        match self {
            Self::Steps(0) => Err(Error::out_of_range("Horizon::Steps", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Projection;
    use crate::population::Population;
    use crate::synapses::{DenseSynapses, Synapse};

    fn network(populations: usize, ends: &[(usize, usize, usize)]) -> Network {
        let population = |p: usize| Population::source(format!("p{p}"), 1);
        let projection = |&(source, target, max_delay_steps)| {
            Projection::new(
                source,
                target,
                Synapses::Dense(DenseSynapses {
                    pre: 1,
                    post: 1,
                    elements_per_pair: 1,
                    min_delay_steps: 0,
                    max_delay_steps,
                    granularity: Default::default(),
                    kernel: Default::default(),
                    weight: vec![1.0],
                    delay: vec![0.0],
                }),
            )
        };
        Network::new(
            1.0,
            (0..populations).map(population).collect(),
            ends.iter().map(projection).collect(),
        )
    }

    #[test]
    fn windows_add_up_along_the_longest_way() {
        // A chain whose skip is longer than what it skips; listed backwards.
        let network = network(4, &[(2, 3, 4), (0, 2, 20), (1, 2, 7), (0, 1, 9)]);
        let steps = |horizon: Horizon, output| horizon.steps(&network, output, 30).unwrap();
        for horizon in [Horizon::Sample, Horizon::Batch] {
            assert_eq!([0, 1, 2, 3].map(|p| steps(horizon, p)), [30, 34, 40, 42]);
        }
        assert_eq!(steps(Horizon::Steps(11), 3), 11);
        assert_eq!(Horizon::Sample.steps(&network, 3, 0).unwrap(), 13);
        assert!(Horizon::Steps(0).check().is_err());
        assert_eq!(Horizon::of_setting(Some(3)), Horizon::Steps(3));
        assert_eq!(Horizon::of_setting(None), Horizon::Sample);
    }

    #[test]
    fn single_synapses_have_their_longest_delay() {
        let mut network = network(2, &[(0, 1, 0)]);
        let synapse = |delay_steps| Synapse { pre: 0, post: 0, weight: 1.0, delay_steps };
        network.projections[0].synapses = Synapses::Sparse(vec![synapse(3), synapse(8)]);
        assert_eq!(Horizon::Sample.steps(&network, 1, 5).unwrap(), 9);
        network.projections[0].synapses = Synapses::Sparse(vec![]);
        assert_eq!(Horizon::Sample.steps(&network, 1, 5).unwrap(), 5);
    }

    #[test]
    fn a_loop_has_no_longest_way() {
        let looped = network(3, &[(0, 1, 2), (1, 2, 2), (2, 1, 2)]);
        let refused = Horizon::Sample.steps(&looped, 2, 5).unwrap_err().to_string();
        assert!(refused.contains("close a loop"), "{refused}");
        assert_eq!(Horizon::Steps(9).steps(&looped, 2, 5).unwrap(), 9);
        // Without delays a loop adds nothing.
        let instant = network(3, &[(0, 1, 2), (1, 2, 0), (2, 1, 0)]);
        assert_eq!(Horizon::Sample.steps(&instant, 2, 5).unwrap(), 6);
    }
}
