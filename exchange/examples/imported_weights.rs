//! Runs weights and delays that PyTorch trained in the clock engine, in the network that they were
//! trained in: the delay-learning reference [Hammouamri et al. 2023].
//!
//! ```text
//! cargo run -p synfire-exchange --example imported_weights -- WEIGHTS MAX_DELAY_STEPS INPUT OUTPUT
//! WEIGHTS   a state dict as .safetensors or .npz
//! INPUT     JSON: [{"steps": 40, "events": [[channel, step], ...]}, ...], one entry per sample
//! OUTPUT    JSON: remarks, and of each sample spikes: [layer][[step, neuron]] and
//!           potentials: [step][neuron] of the readout
//! ```

use exchange::{ImportedLayer, ImportedNorm, read_weights};
use neurons::{LeakyIntegrator, Lif};
use serde::Deserialize;
use serde_json::json;
use sim_core::{
    BatchNorm, ClockEngine, Decay, DelayKernel, DenseSynapses, Granularity, Horizon, Network,
    Population, Projection, Recording, Roles, SpikeFrames, Synapses, Variables,
};
use std::error::Error;

const DT_MS: f64 = 10.0;
/// The reference's leak: `1 - 1 / 1.005`.
const TAU_MS: f64 = 10.05;

#[derive(Deserialize)]
struct Sample {
    steps: usize,
    events: Vec<(u32, u32)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [weights, max_delay_steps, input, output] = &arguments[..] else {
        return Err("usage: imported_weights WEIGHTS MAX_DELAY_STEPS INPUT OUTPUT".into());
    };
    let max_delay_steps = max_delay_steps.parse()?;
    let imported = read_weights(weights, Some(max_delay_steps))?;
    let network = network(imported.layers, max_delay_steps);
    let (last, channels) = (network.populations.len() - 1, network.populations[0].size);
    let samples: Vec<Sample> = serde_json::from_str(&std::fs::read_to_string(input)?)?;
    let mut engine = ClockEngine::build(&network)?;
    let mut results = Vec::new();
    for Sample { steps, events } in samples {
        let mut ends = Vec::new();
        Horizon::Sample.ends(&network, steps, &mut ends)?;
        engine.reset();
        engine.set_ends(&ends);
        let mut recording = Recording::new(network.populations.len(), Variables::ALL);
        let frames = SpikeFrames::from_events(channels, steps, &events)?;
        engine.run(&[frames], ends[last], &mut recording)?;
        let classes = network.populations[last].size;
        let potentials: Vec<&[f64]> = recording.potentials(last).chunks_exact(classes).collect();
        let spikes: Vec<_> = (1..last).map(|p| recording.spikes(p)).collect();
        results.push(json!({"spikes": spikes, "potentials": potentials}));
    }
    let text = json!({"remarks": imported.remarks, "samples": results}).to_string();
    Ok(std::fs::write(output, text)?)
}

fn network(layers: Vec<ImportedLayer>, max_delay_steps: usize) -> Network {
    let mut populations = vec![Population::source("input", layers[0].pre)];
    let mut projections = Vec::new();
    let count = layers.len();
    for (index, layer) in layers.into_iter().enumerate() {
        let name = format!("layer {}", index + 1);
        let mut population = if index + 1 == count {
            let readout =
                LeakyIntegrator { tau_mem_ms: TAU_MS, decay: Decay::Euler, ..Default::default() };
            Population::neurons(name, layer.post, readout)
        } else {
            let lif = Lif { tau_mem_ms: TAU_MS, decay: Decay::Euler, ..Lif::default() };
            Population::neurons(name, layer.post, lif)
        };
        population.norm = layer.norm.map(norm);
        populations.push(population);
        let delay = layer.delay_steps.unwrap_or_else(|| vec![0.0; layer.weight.len()]);
        projections.push(Projection::new(
            index,
            index + 1,
            Synapses::Dense(DenseSynapses {
                pre: layer.pre,
                post: layer.post,
                elements_per_pair: layer.elements_per_pair,
                min_delay_steps: 0,
                max_delay_steps,
                granularity: Granularity::Synaptic,
                kernel: DelayKernel::Gaussian,
                weight: layer.weight,
                delay,
            }),
        ));
    }
    Network::new(DT_MS, populations, projections).with_roles(Roles::new(0, count))
}

fn norm(imported: ImportedNorm) -> BatchNorm {
    let ImportedNorm { gain, bias, running_mean, running_variance } = imported;
    let start = BatchNorm::new(gain.len());
    BatchNorm { gain, bias, running_mean, running_variance, ..start }
}
