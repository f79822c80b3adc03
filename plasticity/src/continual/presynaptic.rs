//! What populations send to the projections whose weights are protected.

use serde::{Deserialize, Serialize};
use sim_core::{Batch, Cells, FiredMasks, GradientEngine, Network, Pass, Result, SpikeFrames};

/// What of a population's activity is a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// The mean over the steps: one vector per sample.
    #[default]
    Rates,
    /// What is sent in each step: as many vectors per sample as it has steps, or one where all
    /// steps are the same by construction ([`SpikeFrames::repeats`]).
    Spikes,
}

impl Activity {
    /// Replaces `into` by the vectors of these samples, `[vector][neuron]`.
    pub(crate) fn gather<'a>(self, samples: impl Iterator<Item = Sent<'a>>, into: &mut Vec<f32>) {
        into.clear();
        samples.for_each(|sent| self.append_sent(sent, into));
    }

    /// Appends the vectors of what was sent in one sample to `into`, `[vector][neuron]`.
    fn append_sent(self, sent: Sent, into: &mut Vec<f32>) {
        let (first, masks) = match sent {
            Sent::Values(frames) => return self.append(frames, into),
            Sent::Spikes(masks) => (into.len(), masks),
        };
        let vectors = if self == Self::Spikes { masks.steps } else { 1 };
        into.resize(first + vectors * masks.neurons, 0.0);
        match self {
            Self::Rates => masks.rates(&mut into[first..]),
            Self::Spikes => masks.vectors(&mut into[first..]),
        }
    }

    /// Appends the vectors of one sample to `into`, `[vector][neuron]`.
    pub(crate) fn append(self, frames: &SpikeFrames, into: &mut Vec<f32>) {
        let (neurons, first) = (frames.channels(), into.len());
        let steps = frames.steps();
        let each = self == Self::Spikes && !frames.repeats();
        into.resize(first + if each { steps * neurons } else { neurons }, 0.0);
        let vectors = &mut into[first..];
        for neuron in 0..neurons {
            let (at, counts) = frames.channel(neuron);
            if each {
                for (&step, &count) in at.iter().zip(counts) {
                    vectors[step as usize * neurons + neuron] = count;
                }
            } else if frames.repeats() {
                // Summing equal numbers would round.
                vectors[neuron] = counts.first().copied().unwrap_or(0.0);
            } else if steps > 0 {
                vectors[neuron] = counts.iter().sum::<f32>() / steps as f32;
            }
        }
    }
}

/// What a population sent in one sample.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent<'a> {
    /// Any values.
    Values(&'a SpikeFrames),
    /// Spikes of one height.
    Spikes(FiredMasks<'a>),
}

/// What the source of a projection sent in each sample of a batch that the engine has just run.
pub(crate) fn sent<'a>(
    network: &Network,
    source: usize,
    frames: &'a [SpikeFrames],
    engine: &'a dyn GradientEngine,
) -> impl Iterator<Item = Sent<'a>> {
    let is_source = matches!(network.populations[source].cells, Cells::Source);
    let of_sample = move |sample| match is_source {
        true => Sent::Values(&frames[sample]),
        false => match engine.fired(source, sample) {
            Some(masks) => Sent::Spikes(masks),
            None => Sent::Values(engine.activity(source, sample)),
        },
    };
    (0..frames.len()).map(of_sample)
}

/// Samples that the engine runs together.
const TOGETHER: usize = 64;

/// What populations send in samples, as the network is deployed: the vectors of each of `sources`,
/// `[vector][neuron]`.
///
/// # Errors
/// What the engine refuses.
pub(crate) fn sent_in_samples(
    network: &Network,
    engine: &mut dyn GradientEngine,
    frames: &[SpikeFrames],
    sources: &[usize],
    activity: Activity,
) -> Result<Vec<Vec<f32>>> {
    let mut vectors = vec![Vec::new(); sources.len()];
    let output = network.output()?;
    for frames in frames.chunks(TOGETHER) {
        engine.evaluate(network, &Batch::new(frames, output, &()), &Pass::DEPLOYED)?;
        for (&source, vectors) in sources.iter().zip(&mut vectors) {
            for sent in sent(network, source, frames, &*engine) {
                activity.append_sent(sent, vectors);
            }
        }
    }
    Ok(vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_means_and_spikes_are_steps() {
        let frames = SpikeFrames::from_values(2, 3, &[1.0, 0.0, 2.0, 0.0, -3.0, 0.0]).unwrap();
        let of = |activity: Activity, frames: &SpikeFrames| {
            let mut vectors = vec![9.0];
            activity.append(frames, &mut vectors);
            vectors.split_off(1)
        };
        assert_eq!(of(Activity::Rates, &frames), [1.0, -1.0]);
        assert_eq!(of(Activity::Spikes, &frames), [1.0, 0.0, 0.0, -3.0, 2.0, 0.0]);
        // An image that is shown in every step is one vector, to the bit.
        let image = SpikeFrames::constant(&[0.1, 0.0], 7).unwrap();
        for activity in [Activity::Rates, Activity::Spikes] {
            assert_eq!(of(activity, &image), [0.1, 0.0]);
        }
        let empty = SpikeFrames::from_values(2, 0, &[]).unwrap();
        assert_eq!(of(Activity::Rates, &empty), [0.0, 0.0]);
        assert!(of(Activity::Spikes, &empty).is_empty());
    }
}
