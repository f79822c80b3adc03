//! Our neurons as NIR's.

use crate::networks::deployed::{DeployedNetwork, DeployedNeurons, DeployedPopulation};
use crate::networks::nir::graph::{Datum, Metadata};
use crate::networks::nir::neuron_node::{NeuronKind, NeuronNode};
use crate::networks::nir::seconds::seconds;
use sim_core::{Decay, Dynamics, Firing, PortDynamics, Reset};

/// The word for a rule by which a time constant becomes a factor per step.
pub(super) fn rule_word(decay: Decay) -> &'static str {
    match decay {
        Decay::Exact => "exact",
        Decay::Euler => "euler",
    }
}

/// The neurons of a population as a node with its metadata; none of a source.
///
/// # Errors
/// What NIR cannot say of them, one sentence each.
pub(super) fn neuron_node(
    network: &DeployedNetwork,
    index: usize,
) -> Result<Option<(NeuronNode, Metadata)>, Vec<String>> {
    let DeployedPopulation { name, size, neurons } = &network.populations[index];
    let Some(neurons) = neurons else { return Ok(None) };
    let problems = problems(network, index, neurons, *size);
    if !problems.is_empty() {
        return Err(problems.iter().map(|why| format!("population {name}: {why}")).collect());
    }
    let port = used_ports(network, index, neurons).first().copied().unwrap_or(0);
    let kind = kind(neurons.of(0), port, network.dt_ms);
    let node = NeuronNode::new(kind, *size, |n| {
        let parameters = parameters(neurons.of(n), port, network.dt_ms);
        kind.parameters().iter().map(|name| parameters(name)).collect()
    });
    let own_ms = |of: &dyn Fn(&Dynamics) -> f64| {
        Datum::Numbers((0..*size).map(|n| of(neurons.of(n))).collect())
    };
    let mut metadata =
        Metadata::default().with_text("population", name).with_index("population_index", index);
    if kind.leaks() {
        metadata = metadata
            .with_text("rule", rule_word(neurons.of(0).membrane.decay))
            .with("tau_ms", own_ms(&|own| own.membrane.tau_ms));
    }
    if kind.has_current() {
        metadata = metadata.with("tau_syn_ms", own_ms(&|own| port_tau_ms(own, port)));
    }
    Ok(Some((node, metadata)))
}

/// The ports that get input.
fn used_ports(network: &DeployedNetwork, index: usize, neurons: &DeployedNeurons) -> Vec<usize> {
    let size = network.populations[index].size;
    let has_bias = |port: usize| {
        let own = neurons.bias().get(port * size..(port + 1) * size).unwrap_or_default();
        own.iter().any(|input| *input != 0.0)
    };
    let is_reached = |port: usize| {
        let mut into = network.projections.iter().filter(|into| into.target == index);
        into.any(|into| into.port == port && !into.synapses.is_empty())
    };
    (0..neurons.ports()).filter(|&port| has_bias(port) || is_reached(port)).collect()
}

fn port_tau_ms(dynamics: &Dynamics, port: usize) -> f64 {
    match dynamics.ports.get(port) {
        Some(PortDynamics::Exponential { tau_ms, .. }) => *tau_ms,
        _ => 0.0,
    }
}

fn beta(dynamics: &Dynamics, dt_ms: f64) -> f64 {
    dynamics.membrane.decay.factor(dynamics.membrane.tau_ms, dt_ms)
}

fn kind(dynamics: &Dynamics, port: usize, dt_ms: f64) -> NeuronKind {
    let has_current = matches!(dynamics.ports.get(port), Some(PortDynamics::Exponential { .. }));
    let leaks = beta(dynamics, dt_ms) < 1.0;
    match (has_current, leaks, dynamics.firing.is_some()) {
        (true, _, true) => NeuronKind::CurrentAndFire,
        (true, _, false) => NeuronKind::Current,
        (false, true, true) => NeuronKind::LeakyAndFire,
        (false, true, false) => NeuronKind::Leaky,
        (false, false, true) => NeuronKind::IntegrateAndFire,
        (false, false, false) => NeuronKind::Integrator,
    }
}

/// The parameters of one neuron, by name.
fn parameters(dynamics: &Dynamics, port: usize, dt_ms: f64) -> impl Fn(&str) -> f64 {
    let beta = beta(dynamics, dt_ms);
    let scaled = dynamics.membrane.input_scaling;
    let tau_syn_ms = port_tau_ms(dynamics, port);
    let tau_ms = dynamics.membrane.tau_ms;
    // NIR fires above its threshold, we at ours.
    let threshold = dynamics.firing.map_or(0.0, |firing| firing.threshold.next_down());
    move |name| match name {
        "tau" | "tau_mem" => seconds(tau_ms),
        "tau_syn" => seconds(tau_syn_ms),
        "r" if scaled => 1.0,
        "r" if beta == 1.0 => 1.0 / seconds(dt_ms),
        "r" => resistance(beta),
        "w_in" => resistance(Decay::Euler.factor(tau_syn_ms, dt_ms)),
        "v_threshold" => threshold,
        // v_leak, v_reset: rest and reset are at 0.
        _ => 0.0,
    }
}

/// The factor with which an input of one step adds itself: NIR's neurons multiply it by `1 -
/// beta`.
pub(super) fn resistance(beta: f64) -> f64 {
    1.0 / (1.0 - beta)
}

/// What NIR cannot say of the neurons of a population.
fn problems(
    network: &DeployedNetwork,
    index: usize,
    neurons: &DeployedNeurons,
    size: usize,
) -> Vec<String> {
    let ports = used_ports(network, index, neurons);
    let port = ports.first().copied().unwrap_or(0);
    let first = neurons.of(0);
    let kind = kind(first, port, network.dt_ms);
    let mut problems: Vec<String> = Vec::new();
    let mut note = |problem: String| {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    };
    for n in 0..if neurons.common().is_some() { 1 } else { size } {
        let dynamics = neurons.of(n);
        if let Some(firing) = &dynamics.firing {
            firing_problems(firing).into_iter().for_each(&mut note);
        }
        if self::kind(dynamics, port, network.dt_ms) != kind
            || dynamics.membrane.decay != first.membrane.decay
        {
            note(format!(
                "neuron {n} is of another kind than neuron 0, but a node of NIR has one kind"
            ));
        }
        if kind.has_current() {
            current_problems(dynamics, &ports, network.dt_ms).into_iter().for_each(&mut note);
        } else if !ports.iter().all(|&port| dynamics.ports[port] == PortDynamics::Delta) {
            note(
                "one port has a current of its own and another has none, but a node of NIR has \
                  one input"
                    .into(),
            );
        } else if dynamics.membrane.input_scaling && beta(dynamics, network.dt_ms) == 1.0 {
            note("with input scaling nothing reaches a membrane that loses nothing".into());
        }
    }
    let is_reached = network.projections.iter().any(|into| into.target == index);
    if !neurons.bias().is_empty() && !is_reached {
        note(
            "it has a constant input but no projection that ends in it, and NIR has constant \
              inputs only in the Affine of a projection"
                .into(),
        );
    }
    problems
}

fn firing_problems(firing: &Firing) -> Vec<String> {
    let mut problems = Vec::new();
    if firing.adaptation.is_some() {
        problems.push(
            "its threshold adapts, for which NIR has no node; SONATA keeps it, and `lif` in place \
             of `adaptive_lif` trains without it"
                .into(),
        );
    }
    if firing.reset == Reset::Soft {
        problems.push(
            "its reset is soft, but NIR sets the potential to v_reset; train with reset = \"hard\""
                .into(),
        );
    }
    if firing.refractory_ms != 0.0 {
        problems.push(format!(
            "it has a refractory time of {} ms, for which NIR has no parameter; train with \
             refractory_ms = 0",
            firing.refractory_ms
        ));
    }
    if !(firing.threshold.is_finite() && firing.threshold > 0.0) {
        problems.push(format!("its threshold is {}, but must be above 0", firing.threshold));
    }
    problems
}

/// What NIR cannot say of neurons whose input moves currents.
fn current_problems(dynamics: &Dynamics, ports: &[usize], dt_ms: f64) -> Vec<String> {
    let mut taus = Vec::new();
    let mut is_euler = dynamics.membrane.decay == Decay::Euler;
    for &port in ports {
        match dynamics.ports[port] {
            PortDynamics::Exponential { tau_ms, decay } => {
                taus.push(tau_ms);
                is_euler &= decay == Decay::Euler;
            }
            PortDynamics::Delta => taus.push(0.0),
        }
    }
    let mut problems = Vec::new();
    if !is_euler {
        problems.push(
            "its currents decay exactly; NIR does not say when within a step a spike arrives, on \
             which the exact solution of CubaLIF depends; train with decay = \"euler\""
                .into(),
        );
    }
    if taus.iter().any(|tau| *tau != taus[0]) {
        problems.push(format!(
            "its ports have currents of {} ms, but CubaLIF has one current; give all ports one \
             time constant",
            taus.iter().map(f64::to_string).collect::<Vec<_>>().join(" and ")
        ));
    }
    let keeps_all = |tau_ms: f64| Decay::Euler.factor(tau_ms, dt_ms) == 1.0;
    if is_euler && (keeps_all(dynamics.membrane.tau_ms) || taus.iter().any(|tau| keeps_all(*tau))) {
        problems.push("a time constant is so long that nothing is lost in a step".into());
    }
    problems
}
