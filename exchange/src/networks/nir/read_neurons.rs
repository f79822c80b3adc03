//! NIR's neurons as ours.

use crate::networks::nir::graph::Metadata;
use crate::networks::nir::neuron_node::{NeuronKind, NeuronNode};
use crate::networks::nir::seconds::{milliseconds, seconds};
use crate::networks::nir::written_neurons::resistance;
use sim_core::{Decay, Dynamics, Firing, Membrane, PortDynamics, Reset};

/// A time constant of this many steps loses nothing in double precision: `1 - dt / tau` is 1.
const STEPS_OF_NO_LEAK: f64 = 1e17;

/// Neurons of a node, and what their parameters make of their input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReadNeurons {
    pub dynamics: Vec<Dynamics>,
    /// Factor of the weights that reach neuron `n`, and of its constant input.
    pub factor: Vec<f64>,
    /// Constant input that the parameters of neuron `n` add.
    pub constant: Vec<f64>,
    pub remarks: Vec<String>,
}

/// The neurons of the node called `name`.
///
/// # Errors
/// What our neurons cannot do, naming node, dataset and index.
pub(super) fn read_neurons(
    name: &str,
    node: &NeuronNode,
    metadata: &Metadata,
    dt_ms: f64,
) -> Result<ReadNeurons, String> {
    let decay = rule(name, node.kind, metadata)?;
    let kind = node.kind;
    let mut read = ReadNeurons {
        dynamics: Vec::with_capacity(node.size),
        factor: Vec::with_capacity(node.size),
        constant: Vec::with_capacity(node.size),
        remarks: Vec::new(),
    };
    if kind.has_current() {
        read.remarks.push(format!(
            "node {name} is a {}, taken by forward Euler: a spike moves the current in its step, \
             and the current moves the potential from the next step on",
            kind.name()
        ));
    }
    let constants = (0..node.size)
        .map(|n| Constants::of(name, node, metadata, decay, dt_ms, n))
        .collect::<Result<Vec<_>, _>>()?;
    let is_scaled = kind.leaks()
        && !constants.iter().all(|own| is_one(own.gain))
        && constants.iter().all(|own| own.r == 1.0);
    for (n, own) in constants.iter().enumerate() {
        let (rest, constant) = rest(name, node, n, own, is_scaled, &mut read.remarks)?;
        let firing = kind.fires().then(|| firing(name, node, n, rest)).transpose()?;
        let factor = own.current_gain * if is_scaled { 1.0 } else { own.gain };
        if !factor.is_finite() {
            return Err(format!("node {name}: r at index {n} is {}, which is too large", own.r));
        }
        read.factor.push(if is_one(factor) { 1.0 } else { factor });
        read.constant.push(constant);
        let port = match own.tau_syn_ms {
            Some(tau_ms) => PortDynamics::Exponential { tau_ms, decay },
            None => PortDynamics::Delta,
        };
        read.dynamics.push(Dynamics {
            membrane: Membrane { tau_ms: own.tau_ms, decay, input_scaling: is_scaled },
            ports: vec![port],
            firing,
        });
    }
    Ok(read)
}

/// What one neuron does in a step: `v = beta v + gain I` with a current or input `I`.
struct Constants {
    tau_ms: f64,
    tau_syn_ms: Option<f64>,
    beta: f64,
    r: f64,
    /// `(1 - beta) r`, or `dt r` without a leak.
    gain: f64,
    /// `(1 - alpha) w_in` of a current, else 1.
    current_gain: f64,
}

impl Constants {
    fn of(
        name: &str,
        node: &NeuronNode,
        metadata: &Metadata,
        decay: Decay,
        dt_ms: f64,
        n: usize,
    ) -> Result<Self, String> {
        let time = |parameter: &str, told: &str| {
            let told = metadata.numbers(told).and_then(|told| told.get(n)).copied();
            let tau_ms = milliseconds(node.at(parameter, n), told);
            let field = format!("node {name}: {parameter} at index {n}, in ms,");
            decay.per_step(&field, tau_ms, dt_ms).map_err(|error| error.to_string())?;
            Ok::<f64, String>(tau_ms)
        };
        let r = node.at("r", n);
        if !node.kind.leaks() {
            let tau_ms = STEPS_OF_NO_LEAK * dt_ms;
            let gain = seconds(dt_ms) * r;
            let constants =
                Self { tau_ms, tau_syn_ms: None, beta: 1.0, r, gain, current_gain: 1.0 };
            return Ok(constants);
        }
        let has_current = node.kind.has_current();
        let tau_ms = time(if has_current { "tau_mem" } else { "tau" }, "tau_ms")?;
        let beta = decay.factor(tau_ms, dt_ms);
        let (tau_syn_ms, current_gain) = if has_current {
            let tau_syn_ms = time("tau_syn", "tau_syn_ms")?;
            let gain = node.at("w_in", n) * (1.0 - decay.factor(tau_syn_ms, dt_ms));
            (Some(tau_syn_ms), if is_one(gain) { 1.0 } else { gain })
        } else {
            (None, 1.0)
        };
        // What we wrote is recognised to the last bit.
        let gain = if r == resistance(beta) { 1.0 } else { (1.0 - beta) * r };
        Ok(Self { tau_ms, tau_syn_ms, beta, r, gain, current_gain })
    }
}

/// Whether a factor is 1 but for rounding.
fn is_one(factor: f64) -> bool {
    (factor - 1.0).abs() <= 8.0 * f64::EPSILON
}

/// The rule by which time constants become factors: the metadata's, else forward Euler.
fn rule(name: &str, kind: NeuronKind, metadata: &Metadata) -> Result<Decay, String> {
    match metadata.text("rule") {
        None | Some("euler") => Ok(Decay::Euler),
        Some("exact") if !kind.has_current() => Ok(Decay::Exact),
        Some(other) => Err(format!(
            "node {name}: metadata/rule is {other:?}, but must be {} of a {}",
            if kind.has_current() { "\"euler\"" } else { "\"euler\" or \"exact\"" },
            kind.name()
        )),
    }
}

/// The potential that becomes our 0, and the constant input that stands for `v_leak`.
fn rest(
    name: &str,
    node: &NeuronNode,
    n: usize,
    own: &Constants,
    is_scaled: bool,
    remarks: &mut Vec<String>,
) -> Result<(f64, f64), String> {
    let (leak, reset) = (node.at("v_leak", n), node.at("v_reset", n));
    let shifts = node.kind.fires() && (reset == leak || !node.kind.leaks());
    if reset == 0.0 && leak == 0.0 {
        Ok((0.0, 0.0))
    } else if shifts {
        let at = if node.kind.leaks() { "v_leak and v_reset are" } else { "v_reset is" };
        let remark = format!(
            "node {name}: {at} not 0; potentials count from there, and the neurons start there"
        );
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
        Ok((reset, 0.0))
    } else if reset == 0.0 && !node.kind.has_current() {
        Ok((0.0, if is_scaled { leak } else { (1.0 - own.beta) * leak }))
    } else {
        let current = if node.kind.has_current() { " where a current drives it" } else { "" };
        Err(format!(
            "node {name}: at index {n} v_leak is {leak} and v_reset is {reset}, but our neurons \
             rest where they are reset{current}: both must be equal, or v_reset 0"
        ))
    }
}

fn firing(name: &str, node: &NeuronNode, n: usize, rest: f64) -> Result<Firing, String> {
    // NIR fires above its threshold, we at ours.
    let above = node.at("v_threshold", n) - rest;
    let threshold = above.next_up();
    if !(threshold as f32).is_normal() || threshold < 0.0 {
        let values = if rest == 0.0 {
            format!("{above}, but must be above 0")
        } else {
            format!("{}, but must be above v_reset, {rest}", node.at("v_threshold", n))
        };
        return Err(format!("node {name}: v_threshold at index {n} is {values}"));
    }
    Ok(Firing { threshold, reset: Reset::Hard, refractory_ms: 0.0, holds: true, adaptation: None })
}
