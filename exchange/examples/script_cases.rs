//! Writes random networks as scripts for other simulators, with their input and with what the clock
//! engine makes of it: `.ci/run_scripts.py` runs the scripts and compares every spike.
//!
//! ```text
//! cargo run --release -p synfire-exchange --example script_cases -- FOLDER [CASE]
//! ```
//! Every case is a folder with `input.csv`, `spikes.csv` (what the neurons do), `potentials.csv`
//! (of the populations that do not fire), `steps.txt`, and a folder for each simulator: the export,
//! or `refused.txt`. The case `shd_size` is large, and written only where it is named.

use exchange::{
    Brian2Script, DeployedNetwork, NestScript, NetworkFormat, Provenance, PynnScript, write_network,
};
use neurons::{AdaptiveLif, CurrentLif, LeakyIntegrator, Lif};
use rand::RngExt;
use sim_core::{
    BatchNorm, Cells, ClockEngine, Decay, Network, Population, Projection, Purpose, Recording,
    Reset, Roles, Seed, SpikeFrames, Synapse, Synapses, Variables,
};
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// A network, and what goes into it.
struct Case {
    name: &'static str,
    network: Network,
    samples: usize,
    steps: usize,
    /// Chance that a channel fires in a step, and fires once more, up to 6 times.
    activity: f64,
}

/// Draws synapses, norms and spikes.
struct Draw(Seed, u64);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(Seed(seed), 0)
    }

    /// A stream of its own for every use.
    fn stream(&mut self) -> impl RngExt {
        self.1 += 1;
        self.0.stream(Purpose::Synthesis, 0, self.1)
    }

    /// Synapses between a share of all pairs.
    fn synapses(
        &mut self,
        [sources, targets]: [u32; 2],
        share: f64,
        weights: Range<f64>,
        delays: Range<u32>,
    ) -> Synapses {
        let mut random = self.stream();
        let mut synapses = Vec::new();
        for (pre, post) in (0..sources).flat_map(|pre| (0..targets).map(move |post| (pre, post))) {
            if random.random_bool(share) {
                let weight = random.random_range(weights.clone());
                let delay_steps = random.random_range(delays.clone());
                synapses.push(Synapse { pre, post, weight, delay_steps });
            }
        }
        Synapses::Sparse(synapses)
    }

    /// The population with a norm, which moves its input by up to `offset`.
    fn normed(&mut self, mut population: Population, offset: f32) -> Population {
        let mut random = self.stream();
        let inputs = population.size * population.ports().len();
        let mut norm = BatchNorm::new(inputs);
        for input in 0..inputs {
            norm.gain[input] = random.random_range(0.5..1.5);
            norm.bias[input] = random.random_range(-offset..offset);
            norm.running_mean[input] = random.random_range(-0.1..0.1);
            norm.running_variance[input] = random.random_range(0.5..2.0);
        }
        population.norm = Some(norm);
        population
    }

    /// One recording of a source.
    fn frames(&mut self, channels: usize, steps: usize, activity: f64) -> SpikeFrames {
        let mut random = self.stream();
        let mut events = Vec::new();
        for (channel, step) in (0..channels as u32)
            .flat_map(|channel| (0..steps as u32).map(move |step| (channel, step)))
        {
            for _ in 0..6 {
                if !random.random_bool(activity) {
                    break;
                }
                events.push((channel, step));
            }
        }
        SpikeFrames::from_events(channels, steps, &events).expect("the events are on the grid")
    }
}

/// A source, two hidden populations and a readout in a row, with a norm each.
fn layers(
    draw: &mut Draw,
    dt_ms: f64,
    sizes: [u32; 4],
    hidden: &Cells,
    weights: [f64; 3],
    delays: Range<u32>,
) -> Network {
    let named =
        |name: &str, size: u32, cells: &Cells| Population::new(name, size as usize, cells.clone());
    let readout = LeakyIntegrator { tau_mem_ms: 2.0 * dt_ms, ..LeakyIntegrator::default() };
    let populations = vec![
        Population::source("input", sizes[0] as usize),
        draw.normed(named("hidden0", sizes[1], hidden), 0.6),
        draw.normed(named("hidden1", sizes[2], hidden), 0.6),
        draw.normed(Population::neurons("readout", sizes[3] as usize, readout), 0.6),
    ];
    let projections = (0..3).map(|layer| {
        let (ends, weight) = ([sizes[layer], sizes[layer + 1]], weights[layer]);
        let synapses = draw.synapses(ends, 1.0, -weight..1.3 * weight, delays.clone());
        Projection::new(layer, layer + 1, synapses)
    });
    let projections = projections.collect();
    Network::new(dt_ms, populations, projections).with_roles(Roles::new(0, 3))
}

/// A source and a recurrent population whose last port takes the weights below 0.
fn recurrent(draw: &mut Draw, dt_ms: f64, cells: Population, gain: f64) -> Network {
    let (size, last) = (cells.size as u32, cells.ports().len() - 1);
    let populations = vec![Population::source("input", 8), cells];
    let mut projection = |source: usize, weights: Range<f64>, delays, port| {
        let ends = [if source == 0 { 8 } else { size }, size];
        let synapses = draw.synapses(ends, 0.5, weights, delays);
        Projection::new(source, 1, synapses).to_port(port)
    };
    let projections = vec![
        projection(0, 0.2 * gain..0.9 * gain, 0..5, 0),
        projection(1, 0.05 * gain..0.3 * gain, 1..9, 0),
        projection(1, -0.3 * gain..-0.05 * gain, 1..7, last),
    ];
    Network::new(dt_ms, populations, projections)
}

fn cases() -> Vec<Case> {
    let mut draw = Draw::new(17);
    let case = |name, network| Case { name, network, samples: 4, steps: 120, activity: 0.25 };
    let of = |model: Lif| Population::neurons("cells", 20, model).cells;
    let euler = Lif { tau_mem_ms: 10.05, decay: Decay::Euler, ..Lif::default() };
    let scaled = Lif { tau_mem_ms: 4.0, input_scaling: true, ..Lif::default() };
    let soft = Lif { tau_mem_ms: 8.0, reset: Reset::Soft, ..Lif::default() };
    let mut cases = Vec::new();

    let sizes = [12, 20, 16, 5];
    let network = layers(&mut draw, 1.0, sizes, &of(scaled), [2.0, 3.0, 1.0], 0..1);
    cases.push(case("no_delays", network));
    let network = layers(&mut draw, 10.0, [14, 32, 32, 5], &of(euler), [0.6, 0.6, 0.5], 0..25);
    cases.push(case("shd_like", network));
    let network = layers(&mut draw, 1.0, sizes, &of(soft), [0.4, 0.4, 0.4], 0..6);
    cases.push(case("soft_reset", network));
    let held = Lif { refractory_ms: 3.0, ..soft };
    let network = layers(&mut draw, 1.0, sizes, &of(held), [0.6, 0.6, 0.4], 0..6);
    cases.push(case("soft_reset_held", network));
    let network = layers(&mut draw, 1.0 / 3.0, sizes, &of(soft), [0.4, 0.4, 0.4], 0..6);
    cases.push(case("third_of_a_millisecond", network));

    let held = Lif { tau_mem_ms: 6.0, refractory_ms: 1.5, ..Lif::default() };
    let network = recurrent(&mut draw, 0.5, Population::neurons("cells", 20, held), 1.0);
    cases.push(case("recurrent_held", network));
    let network = recurrent(&mut draw, 0.1, Population::neurons("cells", 20, Lif::default()), 1.0);
    cases.push(case("recurrent_biased", {
        let mut network = network;
        network.populations[1] = draw.normed(network.populations[1].clone(), 0.2);
        network
    }));

    let adaptive = AdaptiveLif { tau_adaptation_ms: 30.0, adaptation: 0.4, ..Default::default() };
    let cells = Population::neurons("cells", 20, adaptive);
    cases.push(case("adaptive", recurrent(&mut draw, 1.0, cells, 1.0)));
    let waiting = AdaptiveLif { refractory_ms: 4.0, ..adaptive };
    let cells = draw.normed(Population::neurons("cells", 20, waiting), 0.2);
    cases.push(case("adaptive_waiting", recurrent(&mut draw, 1.0, cells, 1.0)));
    let hard = AdaptiveLif { reset: Reset::Hard, ..waiting };
    let cells = Population::neurons("cells", 20, hard);
    cases.push(case("adaptive_hard", recurrent(&mut draw, 1.0, cells, 1.0)));

    let current = CurrentLif { refractory_ms: 2.0, ..CurrentLif::default() };
    let cells = Population::neurons("cells", 20, current);
    cases.push(case("currents", recurrent(&mut draw, 0.5, cells, 0.6)));
    let equal = CurrentLif { tau_inhibitory_ms: 20.0, input_scaling: true, ..current };
    let cells = Population::neurons("cells", 20, equal);
    cases.push(case("currents_scaled", recurrent(&mut draw, 0.5, cells, 8.0)));
    let euler = CurrentLif { decay: Decay::Euler, ..current };
    let cells = draw.normed(Population::neurons("cells", 20, euler), 0.1);
    cases.push(case("currents_euler_biased", recurrent(&mut draw, 1.0, cells, 0.4)));
    let soft = CurrentLif { reset: Reset::Soft, refractory_ms: 0.0, ..current };
    let cells = Population::neurons("cells", 20, soft);
    cases.push(case("currents_soft", recurrent(&mut draw, 1.0, cells, 0.4)));

    let mut cells = Population::neurons("cells", 20, held)
        .learning(&["tau_mem_ms", "threshold"], 0.5)
        .expect("a Lif learns them");
    for learned in &mut cells.learned {
        let mut random = draw.stream();
        learned.values.iter_mut().for_each(|value| *value *= random.random_range(0.6..1.6));
    }
    cases.push(case("each_its_own", recurrent(&mut draw, 0.5, cells, 1.0)));
    let mut cells = Population::neurons("cells", 20, current)
        .learning(&["tau_mem_ms", "tau_excitatory_ms", "tau_inhibitory_ms", "threshold"], 0.5)
        .expect("a CurrentLif learns them");
    for learned in &mut cells.learned {
        let mut random = draw.stream();
        learned.values.iter_mut().for_each(|value| *value *= random.random_range(0.6..1.6));
    }
    cases.push(case("each_its_own_currents", recurrent(&mut draw, 0.5, cells, 0.6)));
    cases.push(case("fast_circle", fast_circle(&mut draw)));
    cases
}

/// Two sources, and two populations that answer each other within a step in all.
fn fast_circle(draw: &mut Draw) -> Network {
    let lif = Lif { tau_mem_ms: 5.0, ..Lif::default() };
    let populations = vec![
        Population::neurons("late \"one\"", 10, lif),
        Population::source("ears", 6),
        Population::neurons("early", 10, lif),
        Population::source("eyes", 4),
    ];
    let projections = [(1, 2, 6, 0), (3, 2, 4, 2), (2, 0, 10, 0), (0, 2, 10, 1)];
    let projection = |(source, target, sources, delay): (usize, usize, u32, u32)| {
        let synapses = draw.synapses([sources, 10], 0.5, -0.4..0.8, delay..delay + 3);
        Projection::new(source, target, synapses)
    };
    let projections = projections.map(projection).into();
    Network::new(1.0, populations, projections)
}

/// A network of the size of the SHD recipe with delays, and 100 recordings.
fn shd_size() -> Case {
    let mut draw = Draw::new(3);
    let lif = Lif { tau_mem_ms: 10.05, decay: Decay::Euler, ..Lif::default() };
    let cells = Population::neurons("cells", 1, lif).cells;
    let network = layers(&mut draw, 10.0, [140, 256, 256, 20], &cells, [0.06, 0.1, 0.1], 0..25);
    Case { name: "shd_size", network, samples: 100, steps: 100, activity: 0.37 }
}

/// Runs the case and writes its folder.
fn write_case(case: &Case, folder: &Path) -> Result<(), Box<dyn Error>> {
    let Case { network, samples, steps, activity, .. } = case;
    fs::create_dir_all(folder)?;
    let is_source = |population: &Population| matches!(population.cells, Cells::Source);
    let (mut input, mut spikes, mut potentials) = (
        String::from("sample,population,step,neuron,count\n"),
        String::from("sample,population,step,neuron\n"),
        String::from("sample,population,step,neuron,potential\n"),
    );
    let mut draw = Draw::new(29);
    let mut engine = ClockEngine::build(network)?;
    let mut fired = 0;
    for sample in 0..*samples {
        let mut frames = Vec::new();
        for source in &network.populations {
            if is_source(source) {
                let own = draw.frames(source.size, *steps, *activity);
                for (step, entries) in own.by_step().iter().enumerate() {
                    for spike in entries {
                        let (name, neuron, count) = (&source.name, spike.neuron, spike.count);
                        writeln!(input, "{sample},{name},{step},{neuron},{count}")?;
                    }
                }
                frames.push(own);
            }
        }
        let mut recording = Recording::new(network.populations.len(), Variables::ALL);
        engine.reset();
        engine.run(&frames, *steps, &mut recording)?;
        for (index, population) in network.populations.iter().enumerate() {
            if is_source(population) {
                continue;
            }
            for (step, neuron) in recording.spikes(index) {
                writeln!(spikes, "{sample},{index},{step},{neuron}")?;
                fired += 1;
            }
            let does_not_fire =
                population.build(network.dt_ms)?.is_some_and(|own| !own.neuron.fires());
            for (place, potential) in recording.potentials(index).iter().enumerate() {
                let (step, neuron) = (place / population.size, place % population.size);
                if does_not_fire {
                    writeln!(potentials, "{sample},{index},{step},{neuron},{potential:?}")?;
                }
            }
        }
    }
    println!(
        "{}: {fired} spikes of neurons, {} entries of input",
        case.name,
        input.lines().count() - 1
    );
    for (name, text) in [("input", input), ("spikes", spikes), ("potentials", potentials)] {
        fs::write(folder.join(format!("{name}.csv")), text)?;
    }
    fs::write(folder.join("steps.txt"), steps.to_string())?;

    let deployed = DeployedNetwork::of(network)?;
    let provenance = Provenance {
        synfire: env!("CARGO_PKG_VERSION").into(),
        commit: None,
        source: format!("example script_cases, {}", case.name),
        sha256: "0".repeat(64),
    };
    let formats: [&dyn NetworkFormat; 3] = [&NestScript, &Brian2Script, &PynnScript];
    for format in formats {
        let own = folder.join(format.name());
        let _ = fs::remove_dir_all(&own);
        if let Err(refused) = write_network(format, &deployed, &provenance, &own) {
            fs::create_dir_all(&own)?;
            fs::write(own.join("refused.txt"), refused.to_string())?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: script_cases FOLDER [CASE]")?;
    let chosen = arguments.next();
    let all = cases().into_iter().chain([shd_size()]);
    for case in all {
        let is_chosen = chosen.as_ref().map_or(case.name != "shd_size", |name| name == case.name);
        if is_chosen {
            write_case(&case, &Path::new(&folder).join(case.name))?;
        }
    }
    Ok(())
}
