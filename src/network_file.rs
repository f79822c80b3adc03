//! A network without training, described in TOML: any graph, simulated by the clock engine.
//!
//! ```toml
//! dt_ms = 0.1
//! duration_ms = 200.0
//! seed = 1
//!
//! [[populations]]                     # exactly one of neuron, spikes, poisson_hz
//! name = "noise"
//! size = 20
//! poisson_hz = 50.0
//!
//! [[populations]]
//! name = "excitatory"
//! size = 80
//! neuron = { model = "lif", tau_mem_ms = 10.0, threshold = 1.0, refractory_ms = 2.0 }
//!
//! [[projections]]                     # exactly one of synapses, random
//! source = "noise"
//! target = "excitatory"
//! random = { probability = 0.2, weight = [0.1, 0.3], delay_ms = [1.0, 5.0] }
//!
//! [[projections]]
//! source = "excitatory"
//! target = "excitatory"
//! synapses = [{ pre = 0, post = 1, weight = 0.5, delay_ms = 1.5 }]
//! ```

use crate::error::{Error, Result};
use crate::memory_need::MemoryNeed;
use crate::simulation::Simulation;
use crate::text_file;
use crate::toml_place;
use exchange::LogLayout;
use neurons::Model;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use sim_core::{
    Cells, ClockEngine, Network, NeuronModel, Population, Projection, Purpose, Seed, SpikeFrames,
    Synapse, Synapses, shown, whole_steps,
};
use std::path::Path;
use std::sync::Arc;

/// A network and how long it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// Length of a step in ms, above 0.
    pub dt_ms: f64,
    /// How long to simulate, in ms: a whole number of steps, at least one.
    pub duration_ms: f64,
    /// Seed of random spikes and synapses; 0.
    #[serde(default)]
    pub seed: u64,
    /// The populations.
    pub populations: Vec<PopulationEntry>,
    /// The projections; none by default.
    #[serde(default)]
    pub projections: Vec<ProjectionEntry>,
}

/// One population: neurons of a model, given spikes, or random spikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationEntry {
    /// Name, unique in the network.
    pub name: String,
    /// Number of neurons, at least 1.
    pub size: usize,
    /// What the neurons are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neuron: Option<Model>,
    /// Spikes as `[time_ms, neuron]`; a time is at least 0 and counts for the nearest step, which
    /// must be one of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spikes: Option<Vec<(f64, u32)>>,
    /// Every neuron fires at random, at this rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poisson_hz: Option<f64>,
}

/// One projection: given synapses or random ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionEntry {
    /// Name of the presynaptic population.
    pub source: String,
    /// Name of the postsynaptic population.
    pub target: String,
    /// The synapses one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synapses: Option<Vec<SynapseEntry>>,
    /// Synapses drawn at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random: Option<RandomSynapses>,
}

/// One synapse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynapseEntry {
    /// Presynaptic neuron.
    pub pre: u32,
    /// Postsynaptic neuron.
    pub post: u32,
    /// What a spike adds to the postsynaptic input.
    pub weight: f64,
    /// A whole number of steps, in ms.
    pub delay_ms: f64,
}

/// Every pair of neurons is joined with the same probability; no neuron is joined with itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomSynapses {
    /// Probability of a pair, `0..=1`.
    pub probability: f64,
    /// Weights are uniform between these two, within ±1e9.
    pub weight: [f64; 2],
    /// Delays are uniform between these two and then rounded to steps; in ms, whole numbers of
    /// steps, at least 0.
    pub delay_ms: [f64; 2],
}

/// Most steps of a run. What is beyond this and the limits below is taken for a mistake, and
/// refused before memory is asked for.
const MAX_STEPS: f64 = 1e9;
/// Longest random delay in steps.
const MAX_RANDOM_DELAY: f64 = 1e6;
/// Most neurons of all populations.
const MAX_NEURONS: f64 = 1e7;
/// Most pairs of neurons that random projections look at.
const MAX_PAIRS: f64 = 1e10;
/// Most synapses of all projections, random ones as many as are expected.
const MAX_SYNAPSES: f64 = 1e8;
/// Most random spikes of all populations, as many as are expected.
const MAX_SPIKES: f64 = 1e8;
/// Most inputs on their way: neurons of a population times steps of the longest delay to it, summed
/// over populations.
const MAX_PENDING: f64 = 5e8;

impl NetworkFile {
    /// Reads a description.
    ///
    /// # Errors
    /// One sentence that names the file, the line and what was expected.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text_file::read_network(path)?;
        let origin = path.display().to_string();
        toml_place::read(&origin, &text)
            .map_err(|error| text_file::experiment_instead(&origin, &text).unwrap_or(error))
    }

    /// The network with its random synapses and spikes drawn; `origin` is what errors call the
    /// file.
    ///
    /// # Errors
    /// The first entry that is not allowed.
    pub fn simulation(&self, origin: &str) -> Result<Simulation> {
        let build = || -> Result<Simulation> {
            sim_core::Error::check("dt_ms", self.dt_ms, self.dt_ms > 0.0, "above 0")?;
            let dt_ms = self.dt_ms;
            let [first, last] = [1.0, MAX_STEPS].map(|steps| shown(steps * dt_ms));
            let allowed = format!("from {first} to {last} ms, 1 to 1e9 steps of {dt_ms} ms");
            // Within rounding; what is between two steps is refused below.
            let inside = (1.0 - 1e-6..MAX_STEPS + 0.5).contains(&(self.duration_ms / dt_ms));
            sim_core::Error::check("duration_ms", self.duration_ms, inside, &allowed)?;
            let steps = whole_steps("duration_ms", self.duration_ms, dt_ms)?;
            self.check_size(f64::from(steps))?;
            let steps = steps as usize;
            let mut inputs = Vec::new();
            let mut populations = Vec::with_capacity(self.populations.len());
            for (index, entry) in self.populations.iter().enumerate() {
                let cells = match (&entry.neuron, &entry.spikes, entry.poisson_hz) {
                    (Some(model), None, None) => {
                        model
                            .build(self.dt_ms)
                            .map_err(|error| error.within(&format!("{}: neuron", entry.name)))?;
                        Cells::Neurons(Arc::new(*model))
                    }
                    (None, Some(spikes), None) => {
                        inputs.push(self.given(entry, spikes, steps)?);
                        Cells::Source
                    }
                    (None, None, Some(rate_hz)) => {
                        inputs.push(self.poisson(entry, index, rate_hz, steps)?);
                        Cells::Source
                    }
                    _ => {
                        return Err(Error::config(
                            &entry.name,
                            "a population has exactly one of neuron, spikes and poisson_hz",
                        ));
                    }
                };
                populations.push(Population::new(entry.name.clone(), entry.size, cells));
            }
            let projections = self
                .projections
                .iter()
                .enumerate()
                .map(|(index, entry)| self.projection(entry, index));
            let network =
                Network::new(self.dt_ms, populations, projections.collect::<Result<_>>()?);
            // What would stop the simulation or its log is an error of this file.
            ClockEngine::check(&network)?;
            LogLayout::of(&network)?;
            check_pending(&network)?;
            Ok(Simulation::new(network, inputs, steps))
        };
        build().map_err(|error| match error {
            Error::Memory { problem } => Error::Memory { problem: format!("{origin}: {problem}") },
            other => Error::config(origin, other),
        })
    }

    /// Checks everything that memory or time is in proportion to.
    fn check_size(&self, steps: f64) -> Result<()> {
        if let Some(empty) = self.populations.iter().find(|population| population.size == 0) {
            let name = format!("{}: size", empty.name);
            return Err(sim_core::Error::out_of_range(name, 0, "at least 1").into());
        }
        let neurons: f64 = self.populations.iter().map(|population| population.size as f64).sum();
        let spikes: f64 = self
            .populations
            .iter()
            .map(|population| {
                let per_step = population.poisson_hz.unwrap_or(0.0) * self.dt_ms / 1000.0;
                population.size as f64 * per_step.clamp(0.0, 1.0) * steps
            })
            .sum();
        let size = |name: &String| {
            self.populations
                .iter()
                .find(|population| population.name == *name)
                .map_or(0.0, |population| population.size as f64)
        };
        let (mut pairs, mut synapses) = (0.0, 0.0);
        for projection in &self.projections {
            synapses += projection.synapses.as_ref().map_or(0.0, |given| given.len() as f64);
            if let Some(random) = &projection.random {
                let between = size(&projection.source) * size(&projection.target);
                pairs += between;
                synapses += between * random.probability.clamp(0.0, 1.0);
            }
        }
        for (what, value, most) in [
            ("size of all populations", neurons, MAX_NEURONS),
            ("number of pairs of neurons in random projections", pairs, MAX_PAIRS),
            ("number of synapses", synapses.round(), MAX_SYNAPSES),
            ("number of spikes that poisson_hz makes in duration_ms", spikes.round(), MAX_SPIKES),
        ] {
            // What is not a number counts for nothing here, and is refused where its entry is read.
            let value = value.max(0.0);
            sim_core::Error::check(what, value, value <= most, &format!("at most {most}"))?;
        }
        // Measured, rounded up: a list that grows is copied, and engine and network keep one each.
        let need = MemoryNeed::new([
            ("synapses", 80.0 * synapses),
            ("neurons", 200.0 * neurons),
            ("random spikes", 64.0 * spikes),
            ("steps", 24.0 * steps),
        ]);
        need.check("this network", "lower size, probability, poisson_hz or duration_ms")
    }

    fn given(
        &self,
        entry: &PopulationEntry,
        spikes: &[(f64, u32)],
        steps: usize,
    ) -> Result<SpikeFrames> {
        let dt_ms = self.dt_ms;
        let [end, last] = [steps as f64 - 0.5, steps as f64 - 1.0].map(|step| shown(step * dt_ms));
        let times = format!(
            "at least 0 and below {end} ms: it counts for the nearest step of {dt_ms} ms, and the \
             last of duration_ms = {} is at {last} ms",
            self.duration_ms
        );
        let mut events = Vec::with_capacity(spikes.len());
        for (index, &(time_ms, neuron)) in spikes.iter().enumerate() {
            let name = |what: &str| format!("{}: {what} of spike {index}", entry.name);
            let step = (time_ms / dt_ms).round();
            let inside = time_ms >= 0.0 && step < steps as f64;
            sim_core::Error::check(name("time"), time_ms, inside, &times)?;
            if neuron as usize >= entry.size {
                let allowed = format!("below {}, the size of {}", entry.size, entry.name);
                return Err(sim_core::Error::out_of_range(name("neuron"), neuron, allowed).into());
            }
            events.push((neuron, step as u32));
        }
        Ok(SpikeFrames::from_events(entry.size, steps, &events)?)
    }

    fn poisson(
        &self,
        entry: &PopulationEntry,
        population: usize,
        rate_hz: f64,
        steps: usize,
    ) -> Result<SpikeFrames> {
        let most = 1000.0 / self.dt_ms;
        let allowed = format!("at least 0 and at most {most} Hz, a spike per step");
        sim_core::Error::check(
            format!("{}: poisson_hz", entry.name),
            rate_hz,
            (0.0..=most).contains(&rate_hz),
            &allowed,
        )?;
        // Waiting times between spikes, in steps, are exponential: steps without a spike cost
        // nothing. At 0 Hz they are infinite.
        let mean_wait = 1000.0 / (rate_hz * self.dt_ms);
        let mut events = Vec::new();
        for neuron in 0..entry.size {
            let mut rng =
                Seed(self.seed).stream(Purpose::SpikeSource, population as u64, neuron as u64);
            let mut wait = || -mean_wait * (1.0 - rng.random::<f64>()).ln();
            let mut time = wait();
            while time < steps as f64 {
                events.push((neuron as u32, time as u32));
                time += wait();
            }
        }
        Ok(SpikeFrames::from_events(entry.size, steps, &events)?)
    }

    fn projection(&self, entry: &ProjectionEntry, index: usize) -> Result<Projection> {
        let find = |name: &String| {
            let known = || {
                self.populations
                    .iter()
                    .map(|population| population.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let found = self.populations.iter().position(|population| population.name == *name);
            found.ok_or_else(|| {
                Error::config(
                    format!("projection {index}"),
                    format!("there is no population {name}; there are {}", known()),
                )
            })
        };
        let (source, target) = (find(&entry.source)?, find(&entry.target)?);
        let name = format!("projection {} -> {}", entry.source, entry.target);
        let synapses = match (&entry.synapses, &entry.random) {
            (Some(synapses), None) => {
                let given = synapses.iter().enumerate();
                given
                    .map(|(index, synapse)| {
                        self.synapse(synapse, &format!("{name}: delay_ms of synapse {index}"))
                    })
                    .collect::<Result<_>>()?
            }
            (None, Some(random)) => self.draw(random, &name, index, (source, target))?,
            _ => {
                return Err(Error::config(
                    name,
                    "a projection has exactly one of synapses and random",
                ));
            }
        };
        Ok(Projection::new(source, target, Synapses::Sparse(synapses)))
    }

    fn synapse(&self, entry: &SynapseEntry, name: &str) -> Result<Synapse> {
        let &SynapseEntry { pre, post, weight, delay_ms } = entry;
        Ok(Synapse { pre, post, weight, delay_steps: whole_steps(name, delay_ms, self.dt_ms)? })
    }

    fn draw(
        &self,
        random: &RandomSynapses,
        name: &str,
        index: usize,
        (source, target): (usize, usize),
    ) -> Result<Vec<Synapse>> {
        let RandomSynapses { probability, weight, delay_ms } = *random;
        let check = |what: &str, value: f64, ok: bool, allowed: &str| {
            sim_core::Error::check(format!("{name}: {what}"), value, ok, allowed)
        };
        check("probability", probability, (0.0..=1.0).contains(&probability), "from 0 to 1")?;
        check(
            "first weight",
            weight[0],
            weight[0] >= -1e9 && weight[0] <= weight[1],
            "at least -1e9 and at most the second weight",
        )?;
        check("second weight", weight[1], weight[1] <= 1e9, "at most 1e9")?;
        check(
            "first delay_ms",
            delay_ms[0],
            delay_ms[0] >= 0.0 && delay_ms[0] <= delay_ms[1],
            "at least 0 and at most the second delay_ms",
        )?;
        let longest = shown(MAX_RANDOM_DELAY * self.dt_ms);
        check(
            "second delay_ms",
            delay_ms[1],
            delay_ms[1] <= MAX_RANDOM_DELAY * self.dt_ms,
            &format!("at most {longest} ms, a million steps of {} ms", self.dt_ms),
        )?;
        for (what, delay_ms) in [("first delay_ms", delay_ms[0]), ("second delay_ms", delay_ms[1])]
        {
            whole_steps(&format!("{name}: {what}"), delay_ms, self.dt_ms)?;
        }
        let mut synapses = Vec::new();
        for pre in 0..self.populations[source].size as u32 {
            let mut rng = Seed(self.seed).stream(Purpose::Weights, index as u64, u64::from(pre));
            for post in 0..self.populations[target].size as u32 {
                if rng.random_bool(probability) && !(source == target && pre == post) {
                    let delay_steps =
                        (rng.random_range(delay_ms[0]..=delay_ms[1]) / self.dt_ms).round() as u32;
                    synapses.push(Synapse {
                        pre,
                        post,
                        weight: rng.random_range(weight[0]..=weight[1]),
                        delay_steps,
                    });
                }
            }
        }
        Ok(synapses)
    }
}

/// Checks what the delays keep on the way; only now are all of them known.
fn check_pending(network: &Network) -> Result<()> {
    let pending = network.populations.iter().enumerate().map(|(index, population)| {
        let delays =
            network.projections.iter().filter(|projection| projection.target == index).flat_map(
                |projection| match &projection.synapses {
                    Synapses::Sparse(synapses) => synapses.as_slice(),
                    Synapses::Dense(_) => &[],
                },
            );
        population.size as f64
            * delays.map(|synapse| f64::from(synapse.delay_steps)).fold(0.0, f64::max)
    });
    let what = "number of neurons times steps of the longest delay_ms to them";
    let pending: f64 = pending.sum();
    let allowed = format!("at most {MAX_PENDING}");
    sim_core::Error::check(what, pending, pending <= MAX_PENDING, &allowed)?;
    let need = MemoryNeed::new([("input on its way", 8.0 * pending)]);
    need.check("this network", "lower size or delay_ms")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::Variables;

    const TEXT: &str = r#"
        dt_ms = 0.1
        duration_ms = 100.0
        [[populations]]
        name = "given"
        size = 2
        spikes = [[1.0, 0], [3.0, 1]]
        [[populations]]
        name = "noise"
        size = 50
        poisson_hz = 100.0
        [[populations]]
        name = "target"
        size = 3
        neuron = { model = "lif", tau_mem_ms = 10.0 }
        [[projections]]
        source = "given"
        target = "target"
        synapses = [{ pre = 0, post = 1, weight = 1.5, delay_ms = 0.3 }, { pre = 1, post = 2, weight = 2.0, delay_ms = 2.0 }]
        [[projections]]
        source = "target"
        target = "target"
        random = { probability = 1.0, weight = [0.25, 0.25], delay_ms = [1.0, 2.0] }
    "#;

    fn message(text: &str) -> String {
        let file: NetworkFile = toml::from_str(text).unwrap();
        file.simulation("net.toml").unwrap_err().to_string()
    }

    #[test]
    fn spikes_arrive_after_their_delays() {
        let simulation =
            toml::from_str::<NetworkFile>(TEXT).unwrap().simulation("net.toml").unwrap();
        let recording = simulation.record(Variables::SPIKES).unwrap();
        assert_eq!(recording.spikes(2), [(13, 1), (50, 2)]);
        let noise = recording.spikes(1).len() as f64;
        assert!(
            (noise - 500.0).abs() < 5.0 * 500f64.sqrt(),
            "100 Hz of 50 neurons for 0.1 s: {noise}"
        );
        let Synapses::Sparse(random) = &simulation.network().projections[1].synapses else {
            unreachable!()
        };
        assert_eq!(random.len(), 6, "nobody is joined with itself");
        assert!(
            random
                .iter()
                .all(|synapse| synapse.weight == 0.25 && (10..=20).contains(&synapse.delay_steps))
        );
    }

    #[test]
    fn what_no_machine_holds_is_refused_before_memory_is_asked_for() {
        let of = |from: &str, to: &str| message(&TEXT.replace(from, to));
        let text = of("size = 50", "size = 1000000000000");
        assert!(
            text.contains("size of all populations is 1000000000005, but must be at most 10000000"),
            "{text}"
        );
        assert!(
            of("size = 3", "size = 1000000")
                .contains("pairs of neurons in random projections is 1000000000000")
        );
        assert!(
            of("size = 3", "size = 50000")
                .contains("number of synapses is 2500000002, but must be at most 100000000")
        );
        let text = of("duration_ms = 100.0", "duration_ms = 1e8");
        assert!(
            text.contains("number of spikes that poisson_hz makes in duration_ms is 500000000"),
            "{text}"
        );
        assert!(
            of("duration_ms = 100.0", "duration_ms = 1e12")
                .contains("duration_ms is 1000000000000")
        );
        assert!(
            of("delay_ms = 2.0", "delay_ms = 1e8")
                .contains("number of neurons times steps of the longest delay_ms")
        );
        let text = of("weight = [0.25, 0.25]", "weight = [-1e308, 1e308]");
        assert!(text.contains("first weight is -1") && text.contains("at least -1e9"), "{text}");
        assert!(
            of("weight = [0.25, 0.25]", "weight = [0.25, inf]")
                .contains("second weight is inf, but must be at most 1e9")
        );
    }

    #[test]
    fn wrong_entries_are_named() {
        let of = |from: &str, to: &str| message(&TEXT.replace(from, to));
        assert_eq!(
            of("delay_ms = 0.3", "delay_ms = 0.35"),
            "net.toml: projection given -> target: delay_ms of synapse 0 is 0.35, but must be a whole number of steps of 0.1 ms; the nearest are 0.3 and 0.4 ms"
        );
        assert_eq!(
            of("poisson_hz = 100.0", ""),
            "net.toml: noise: a population has exactly one of neuron, spikes and poisson_hz"
        );
        assert!(
            of("source = \"given\"", "source = \"taken\"")
                .contains("there is no population taken; there are given, noise, target")
        );
        assert!(
            of("probability = 1.0", "probability = 1.5")
                .contains("probability is 1.5, but must be from 0 to 1")
        );
        assert!(
            of("duration_ms = 100.0", "duration_ms = 0.0")
                .contains("duration_ms is 0, but must be from 0.1 to 100000000 ms")
        );
        assert!(
            of("tau_mem_ms = 10.0", "tau_mem_ms = 0.0")
                .contains("target: neuron.tau_mem_ms is 0, but must be above 0")
        );
        let text = of("delay_ms = [1.0, 2.0]", "delay_ms = [0.0, 0.0]");
        assert_eq!(text, "net.toml: projections with zero delay form a cycle: target -> target");
        let text = of("name = \"noise\"", "name = \"a/b\"");
        assert_eq!(
            text,
            "net.toml: population \"a/b\" cannot be logged: its name must be plain text without slashes"
        );
        assert!(of("poisson_hz = 100.0", "poisson_hz = -1.0").contains("noise: poisson_hz is -1"));
        assert!(
            toml::from_str::<NetworkFile>(&TEXT.replace("size = 50", "count = 50"))
                .unwrap_err()
                .message()
                .contains("count")
        );
    }

    #[test]
    fn limits_of_spikes_are_those_that_hold() {
        let spike = |entry: &str| message(&TEXT.replace("[1.0, 0]", entry));
        let late = "but must be at least 0 and below 99.95 ms: it counts for the nearest step of \
                    0.1 ms, and the last of duration_ms = 100 is at 99.9 ms";
        for time in ["99.96", "100", "1e9", "-0.04", "-1e-12"] {
            let expected = format!("given: time of spike 0 is {time}, {late}");
            let text = spike(&format!("[{time}, 0]"));
            assert!(text.contains(&expected.replace("1e9", "1000000000")), "{text}");
        }
        assert_eq!(
            spike("[1.0, 2]"),
            "net.toml: given: neuron of spike 0 is 2, but must be below 2, the size of given"
        );
        for accepted in ["[99.94, 0]", "[0.0, 1]", "[-0.0, 0]", "[0.04, 0]"] {
            let text = TEXT.replace("[1.0, 0]", accepted);
            assert!(toml::from_str::<NetworkFile>(&text).unwrap().simulation("").is_ok());
        }
        for (size, name) in [("size = 2", "given"), ("size = 50", "noise"), ("size = 3", "target")]
        {
            assert_eq!(
                message(&TEXT.replace(size, "size = 0")),
                format!("net.toml: {name}: size is 0, but must be at least 1")
            );
        }
    }

    #[test]
    fn times_between_two_steps_are_refused_with_both() {
        for (from, to, expected) in [
            (
                "duration_ms = 100.0",
                "duration_ms = 100.04",
                "duration_ms is 100.04, but must be a whole number of steps of 0.1 ms; the nearest are 100 and 100.1 ms",
            ),
            (
                "duration_ms = 100.0",
                "duration_ms = 0.05",
                "duration_ms is 0.05, but must be from 0.1 to 100000000 ms, 1 to 1e9 steps of 0.1 ms",
            ),
            (
                "delay_ms = [1.0, 2.0]",
                "delay_ms = [1.04, 2.0]",
                "first delay_ms is 1.04, but must be a whole number of steps of 0.1 ms; the nearest are 1 and 1.1 ms",
            ),
            (
                "delay_ms = [1.0, 2.0]",
                "delay_ms = [1.0, 1.04]",
                "second delay_ms is 1.04, but must be",
            ),
            (
                "tau_mem_ms = 10.0",
                "refractory_ms = 0.25",
                "target: neuron.refractory_ms is 0.25, but must be a whole number of steps of 0.1 ms; the nearest are 0.2 and 0.3 ms",
            ),
        ] {
            let text = message(&TEXT.replace(from, to));
            assert!(text.contains(expected), "{text}");
        }
    }
}
