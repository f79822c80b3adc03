//! Writes small random networks as other programs read them, with what they do in the clock engine:
//! what `.ci/read_networks.py` and `tests/interop/torch_loader.py` hold other programs to.
//!
//! ```text
//! cargo run -p synfire-exchange --example network_cases -- FOLDER
//! FOLDER/CASE/network.safetensors, FOLDER/CASE/sonata/
//! FOLDER/CASE/expected.json   dt_ms, steps, input: [[channel, step]],
//!                             populations: {NAME: {size, spikes: [[step, neuron]]}},
//!                             synapses: {PROJECTION: [[pre, post, weight, delay_steps]]},
//!                             output, potentials: [step][neuron], scores: [neuron], prediction
//! ```

use exchange::{DeployedNetwork, Provenance, SafetensorsNetwork, SonataNetwork, write_network};
use neurons::{LeakyIntegrator, Lif};
use serde_json::{Map, Value, json};
use sim_core::{
    BatchNorm, ClockEngine, Decay, DelayKernel, DenseSynapses, Granularity, Network, Population,
    Projection, Recording, Reset, Roles, SpikeFrames, Synapse, Synapses, Variables,
};
use std::error::Error;
use std::path::Path;

const STEPS: usize = 60;

/// Made-up numbers from 0 to 1, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    fn several(&mut self, count: usize, low: f64, high: f64) -> Vec<f32> {
        (0..count).map(|_| self.between(low, high) as f32).collect()
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() * end as f64) as usize
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("a folder is needed: network_cases FOLDER")?;
    for case in 0..8 {
        let folder = Path::new(&folder).join(format!("case_{case}"));
        std::fs::create_dir_all(&folder)?;
        write_case(&folder, &mut Numbers(case))?;
    }
    Ok(())
}

/// Layers with delays, norms and one of the forms of the LIF neuron; odd cases have single synapses
/// into the readout, and every third one time constants that differ.
fn network(numbers: &mut Numbers) -> sim_core::Result<Network> {
    let seed = numbers.0;
    let dt_ms = [1.0, 10.0, 0.1, 0.5][seed as usize % 4];
    let sizes = [4 + numbers.below(8), 3 + numbers.below(9), 3 + numbers.below(9), 4];
    let input_scaling = seed % 5 == 4;
    // Input that is scaled moves the potential less.
    let reach = if input_scaling { 0.1 } else { 1.0 };
    let lif = Lif {
        tau_mem_ms: dt_ms * numbers.between(1.0, 20.0),
        threshold: reach * numbers.between(0.5, 1.5),
        decay: if seed.is_multiple_of(2) { Decay::Exact } else { Decay::Euler },
        input_scaling,
        reset: if seed % 4 < 2 { Reset::Hard } else { Reset::Soft },
        refractory_ms: dt_ms * numbers.below(3) as f64,
        ..Lif::default()
    };
    let readout =
        LeakyIntegrator { tau_mem_ms: 8.0 * dt_ms, decay: lif.decay, ..LeakyIntegrator::default() };
    let mut first = Population::neurons("first", sizes[1], lif);
    if seed.is_multiple_of(3) {
        first = first.learning(&["tau_mem_ms", "threshold"], dt_ms)?;
        for learned in &mut first.learned {
            learned.values.iter_mut().for_each(|value| *value *= numbers.between(1.0, 1.5) as f32);
        }
    }
    let mut norm = BatchNorm::new(sizes[1]);
    norm.gain = numbers.several(sizes[1], 0.5, 1.5);
    norm.bias = numbers.several(sizes[1], -0.1, 0.4);
    norm.running_mean = numbers.several(sizes[1], -0.2, 0.2);
    norm.running_variance = numbers.several(sizes[1], 0.3, 1.5);
    first.norm = Some(norm);
    let populations = vec![
        Population::source("ears", sizes[0]),
        first,
        Population::neurons("second", sizes[2], lif),
        Population::neurons("words", sizes[3], readout),
    ];
    let projections = (0..3)
        .map(|layer| {
            let [pre, post] = [sizes[layer], sizes[layer + 1]];
            let elements_per_pair = if seed % 4 == 1 { 2 } else { 1 };
            let synapses = if layer == 2 && seed % 2 == 1 {
                let single = |_| Synapse {
                    pre: numbers.below(pre) as u32,
                    post: numbers.below(post) as u32,
                    weight: numbers.between(-0.5, 1.0),
                    delay_steps: numbers.below(9) as u32,
                };
                Synapses::Sparse((0..3 * pre).map(single).collect())
            } else {
                let count = pre * post * elements_per_pair;
                Synapses::Dense(DenseSynapses {
                    pre,
                    post,
                    elements_per_pair,
                    min_delay_steps: 0,
                    max_delay_steps: 8,
                    granularity: Granularity::Synaptic,
                    kernel: DelayKernel::Linear,
                    weight: numbers.several(count, -0.4, 0.9),
                    delay: numbers.several(count, 0.0, 8.0),
                })
            };
            Projection::new(layer, layer + 1, synapses)
        })
        .collect();
    Ok(Network::new(dt_ms, populations, projections).with_roles(Roles::new(0, 3)))
}

fn write_case(folder: &Path, numbers: &mut Numbers) -> Result<(), Box<dyn Error>> {
    let network = network(numbers)?;
    let deployed = DeployedNetwork::of(&network)?;
    let channels = network.populations[0].size;
    let events: Vec<(u32, u32)> = (0..6 * channels)
        .map(|_| (numbers.below(channels) as u32, numbers.below(STEPS - 20) as u32))
        .collect();
    let input = SpikeFrames::from_events(channels, STEPS, &events)?;
    let mut recording = Recording::new(network.populations.len(), Variables::ALL);
    ClockEngine::build(&network)?.run(&[input], STEPS, &mut recording)?;
    let output = network.output()?;
    let classes = network.populations[output].size;
    let potentials: Vec<&[f64]> = recording.potentials(output).chunks_exact(classes).collect();
    let scores = scores(&potentials, classes);
    // Of equal scores the first, as argmax has it.
    let best = (0..classes).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let populations: Map<String, Value> = network
        .populations
        .iter()
        .enumerate()
        .map(|(p, population)| {
            let spikes = recording.spikes(p);
            (population.name.clone(), json!({"size": population.size, "spikes": spikes}))
        })
        .collect();
    let synapses: Map<String, Value> = deployed
        .projections
        .iter()
        .map(|projection| {
            let row = |own: &Synapse| json!([own.pre, own.post, own.weight, own.delay_steps]);
            (projection.name.clone(), projection.synapses.iter().map(row).collect())
        })
        .collect();
    let expected = json!({
        "dt_ms": network.dt_ms, "steps": STEPS, "input": events, "populations": populations,
        "synapses": synapses, "output": network.populations[output].name,
        "potentials": potentials, "scores": scores, "prediction": best,
    });
    std::fs::write(folder.join("expected.json"), expected.to_string())?;
    let provenance = Provenance {
        synfire: env!("CARGO_PKG_VERSION").into(),
        commit: None,
        source: "random numbers of the example network_cases".into(),
        sha256: String::new(),
    };
    let path = folder.join("network.safetensors");
    write_network(&SafetensorsNetwork, &deployed, &provenance, &path)?;
    write_network(&SonataNetwork, &deployed, &provenance, &folder.join("sonata"))?;
    Ok(())
}

/// Sum over the steps of the softmax of the potentials.
fn scores(potentials: &[&[f64]], classes: usize) -> Vec<f64> {
    let mut scores = vec![0.0; classes];
    for row in potentials {
        let largest = row.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = row.iter().map(|v| (v - largest).exp()).sum();
        for (score, v) in scores.iter_mut().zip(*row) {
            *score += (v - largest).exp() / total;
        }
    }
    scores
}
