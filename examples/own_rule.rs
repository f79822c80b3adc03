//! A learning rule of one's own: a reward makes synapses grow that were reached since the last one.

use std::ops::Range;
use synfire::neurons::Lif;
use synfire::sim_core::{
    ClockEngine, Learner, LearningRule, Network, Population, Projection, Result, Spike, Synapse,
    SynapseTable, Synapses,
};

#[derive(Debug)]
struct Rewarded;

impl LearningRule for Rewarded {
    fn build(&self, synapses: &SynapseTable, _dt_ms: f64) -> Result<Box<dyn Learner>> {
        Ok(Box::new(Eligible(vec![0.0; synapses.len()])))
    }
}

/// Spikes that reached each synapse since the last reward.
#[derive(Debug)]
struct Eligible(Vec<f64>);

impl Learner for Eligible {
    fn presynaptic(&mut self, _: usize, spike: Spike, reached: Range<usize>, _: &mut SynapseTable) {
        reached.for_each(|synapse| self.0[synapse] += f64::from(spike.count));
    }

    fn modulate(&mut self, reward: f64, synapses: &mut SynapseTable) {
        for (synapse, spikes) in self.0.iter_mut().enumerate() {
            let grown = synapses.weight(synapse) + reward * std::mem::take(spikes);
            synapses.set_weight(synapse, grown);
        }
    }

    fn columns(&self) -> Vec<(&'static str, &[f64])> {
        vec![("spikes", &self.0)]
    }

    fn columns_mut(&mut self) -> Vec<&mut [f64]> {
        vec![&mut self.0]
    }
}

fn main() -> Result<()> {
    let synapse = |pre| Synapse { pre, post: 0, weight: 0.2, delay_steps: pre };
    let synapses = Synapses::Sparse((0..3).map(synapse).collect());
    let neuron = Population::neurons("out", 1, Lif::default());
    let rewarded = Projection::new(0, 1, synapses).learning_by(Rewarded);
    let network = Network::new(1.0, vec![Population::source("in", 3), neuron], vec![rewarded]);
    let mut engine = ClockEngine::build(&network)?;
    for step in 0..60 {
        engine.step(&[vec![Spike { neuron: step % 3, count: 1.0 }]], &mut ())?;
        engine.modulate(0, if step % 3 == 0 { 0.01 } else { 0.0 });
    }
    let weights = [0, 1, 2].map(|synapse| engine.synapses(0).weight(synapse));
    println!("weights: {weights:.2?}");
    assert!(weights[0] > 1.5 * weights[1], "only the first channel was rewarded");
    Ok(())
}
