//! How close potentials come to their thresholds: what the rounding of another program could decide
//! otherwise.

use exchange::{DeployedNetwork, DeployedNeurons, DeployedPopulation};
use sim_core::{
    Decay, Dynamics, Firing, Membrane, PortDynamics, Recording, Reset, Synapse, Variable,
};

/// The potential that came closest to its threshold in a simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearestThreshold {
    /// `|V - threshold|`, before the reset.
    pub distance: f64,
    /// Index of the population.
    pub population: usize,
    /// The neuron.
    pub neuron: usize,
    /// The step.
    pub step: usize,
    /// Whether the neuron fired.
    pub fired: bool,
}

impl NearestThreshold {
    /// The potential that came closest to its threshold in a recording of all variables
    /// ([`sim_core::Variables`]), named by [`recorded_columns`], that begins at rest. `None` where
    /// no neuron can fire. Neurons that are held after a spike do not count: no input moves them.
    ///
    /// A recording holds potentials after the reset; the potential that a hard reset erased is
    /// summed up again from the spikes that arrived.
    pub fn of(network: &DeployedNetwork, recording: &Recording) -> Option<Self> {
        let populations = 0..network.populations.len();
        let nearest = populations.filter_map(|p| nearest_of(network, recording, p));
        nearest.min_by(|a, b| a.distance.total_cmp(&b.distance))
    }
}

/// The state variables that [`NearestThreshold::of`] reads.
pub fn recorded_columns() -> [&'static str; 5] {
    [Variable::POTENTIAL.name, REFRACTORY, ADAPTATION, CURRENTS[0], CURRENTS[1]]
}

const REFRACTORY: &str = "refractory";
const ADAPTATION: &str = "adaptation";
const CURRENTS: [&str; 2] = ["excitatory_current", "inhibitory_current"];

fn nearest_of(
    network: &DeployedNetwork,
    recording: &Recording,
    population: usize,
) -> Option<NearestThreshold> {
    let size = network.populations[population].size;
    let neurons = network.populations[population].neurons.as_ref()?;
    neurons.of(0).firing?;
    let input = Input::new(network, recording, population);
    let state = |name: &str, step: usize, neuron: usize| {
        recording.column(population, name).get(step * size + neuron).copied().unwrap_or(0.0)
    };
    let steps = recording.potentials(population).len() / size;
    let mut fired = recording.spikes(population).iter().peekable();
    let mut nearest: Option<NearestThreshold> = None;
    for step in 0..steps {
        for neuron in 0..size {
            let has_fired = fired.next_if_eq(&&(step as u32, neuron as u32)).is_some();
            // What the state was before this step; all is at rest before the first one.
            let before = |name| if step == 0 { 0.0 } else { state(name, step - 1, neuron) };
            if before(REFRACTORY) > 0.0 {
                continue;
            }
            let dynamics = neurons.of(neuron);
            let Firing { threshold, reset, adaptation, .. } = dynamics.firing?;
            let raised = adaptation.map_or(0.0, |own| own.strength * before(ADAPTATION));
            let potential = match (has_fired, reset) {
                (false, _) => state(Variable::POTENTIAL.name, step, neuron),
                (true, Reset::Soft) => state(Variable::POTENTIAL.name, step, neuron) + threshold,
                (true, Reset::Hard) => {
                    let arrived = input.of(neuron, step);
                    integrated(dynamics, network.dt_ms, before, &arrived, neurons, neuron, size)
                }
            };
            let distance = (potential - threshold - raised).abs();
            if nearest.is_none_or(|other| distance < other.distance) {
                let fired = has_fired;
                nearest = Some(NearestThreshold { distance, population, neuron, step, fired });
            }
        }
    }
    nearest
}

/// The potential before the reset, from the state before the step and what arrived at each port:
/// see [`Dynamics`].
fn integrated(
    dynamics: &Dynamics,
    dt_ms: f64,
    before: impl Fn(&'static str) -> f64,
    arrived: &[f64],
    neurons: &DeployedNeurons,
    neuron: usize,
    size: usize,
) -> f64 {
    let membrane = dynamics.membrane;
    let beta = membrane.decay.factor(membrane.tau_ms, dt_ms);
    let gain = if membrane.input_scaling { 1.0 - beta } else { 1.0 };
    let mut potential = beta * before(Variable::POTENTIAL.name);
    for (port, kind) in dynamics.ports.iter().enumerate() {
        match *kind {
            PortDynamics::Delta => {
                let bias = neurons.bias().get(port * size + neuron).copied().unwrap_or(0.0);
                potential += gain * (arrived[port] + bias);
            }
            PortDynamics::Exponential { tau_ms, decay } => {
                let current = before(CURRENTS[port.min(1)]);
                potential += coupling(dynamics, tau_ms, decay, dt_ms) * current;
            }
        }
    }
    potential
}

/// By how much one unit of a current moves the potential in a step: the solution of `tau dV/dt = -V
/// + (tau / C) i` over one step with exact decay, `dt / C` with Euler decay.
fn coupling(dynamics: &Dynamics, tau_current_ms: f64, decay: Decay, dt_ms: f64) -> f64 {
    let Membrane { tau_ms, input_scaling, .. } = dynamics.membrane;
    let capacity = if input_scaling { tau_ms } else { dt_ms };
    let beta = dynamics.membrane.decay.factor(tau_ms, dt_ms);
    match decay {
        Decay::Euler => dt_ms / capacity,
        Decay::Exact if tau_ms == tau_current_ms => dt_ms * beta / capacity,
        Decay::Exact => {
            let alpha = decay.factor(tau_current_ms, dt_ms);
            (alpha - beta) / (1.0 / tau_ms - 1.0 / tau_current_ms) / capacity
        }
    }
}

/// What arrives at the neurons of one population.
struct Input {
    /// Synapses by postsynaptic neuron: source, port and synapse.
    synapses: Vec<Vec<(usize, usize, Synapse)>>,
    ports: usize,
    /// Sizes of all populations.
    sizes: Vec<usize>,
    /// Number of spikes of each population, `[step][neuron]`, up to its last spike.
    counts: Vec<Vec<f64>>,
}

impl Input {
    fn new(network: &DeployedNetwork, recording: &Recording, target: usize) -> Self {
        let DeployedPopulation { size, neurons, .. } = &network.populations[target];
        let mut synapses = vec![Vec::new(); *size];
        for projection in network.projections.iter().filter(|own| own.target == target) {
            for &synapse in &projection.synapses {
                synapses[synapse.post as usize].push((projection.source, projection.port, synapse));
            }
        }
        let ports = neurons.as_ref().map_or(0, DeployedNeurons::ports);
        let sizes: Vec<usize> = network.populations.iter().map(|own| own.size).collect();
        let count = |(population, &size): (usize, &usize)| {
            let spikes = recording.spikes(population);
            let steps = spikes.last().map_or(0, |&(step, _)| step as usize + 1);
            let mut counts = vec![0.0; steps * size];
            for &(step, neuron) in spikes {
                counts[step as usize * size + neuron as usize] += 1.0;
            }
            counts
        };
        let counts = sizes.iter().enumerate().map(count).collect();
        Self { synapses, ports, sizes, counts }
    }

    /// The sum that arrives at each port of a neuron in a step.
    fn of(&self, neuron: usize, step: usize) -> Vec<f64> {
        let mut sums = vec![0.0; self.ports];
        for &(source, port, Synapse { pre, weight, delay_steps, .. }) in &self.synapses[neuron] {
            let Some(sent) = step.checked_sub(delay_steps as usize) else { continue };
            let slot = sent * self.sizes[source] + pre as usize;
            sums[port] += weight * self.counts[source].get(slot).copied().unwrap_or(0.0);
        }
        sums
    }
}

#[cfg(test)]
mod tests;
