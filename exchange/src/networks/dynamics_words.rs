//! Dynamics as words in JSON, and what each neuron of a population has for itself.
//!
//! ```json
//! {"tau_mem_ms": 10.0, "decay": "exact", "input_scaling": false,
//!  "ports": [{"input": "exponential", "tau_ms": 5.0, "decay": "exact"}, {"input": "delta"}],
//!  "firing": {"threshold": 1.0, "reset": "hard", "refractory_ms": 2.0, "holds": true,
//!             "adaptation": {"tau_ms": 200.0, "decay": "exact", "strength": 1.8}}}
//! ```
//! `firing` is absent of a readout, `adaptation` where the threshold stays. What the words mean is
//! [`Dynamics`].

use crate::networks::deployed::DeployedNeurons;
use serde::{Deserialize, Serialize};
use sim_core::{Adaptation, Decay, Dynamics, Firing, Membrane, PortDynamics, Reset};

/// [`Dynamics`] in the words of the head of this file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DynamicsWords {
    tau_mem_ms: f64,
    decay: Decay,
    input_scaling: bool,
    ports: Vec<PortWords>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    firing: Option<FiringWords>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case", deny_unknown_fields)]
enum PortWords {
    Delta {},
    Exponential { tau_ms: f64, decay: Decay },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FiringWords {
    threshold: f64,
    reset: Reset,
    refractory_ms: f64,
    holds: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    adaptation: Option<AdaptationWords>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdaptationWords {
    tau_ms: f64,
    decay: Decay,
    strength: f64,
}

impl From<&Dynamics> for DynamicsWords {
    fn from(dynamics: &Dynamics) -> Self {
        let Membrane { tau_ms, decay, input_scaling } = dynamics.membrane;
        let port = |port: &PortDynamics| match *port {
            PortDynamics::Delta => PortWords::Delta {},
            PortDynamics::Exponential { tau_ms, decay } => PortWords::Exponential { tau_ms, decay },
        };
        let adaptation =
            |Adaptation { tau_ms, decay, strength }| AdaptationWords { tau_ms, decay, strength };
        let firing = |firing: Firing| FiringWords {
            threshold: firing.threshold,
            reset: firing.reset,
            refractory_ms: firing.refractory_ms,
            holds: firing.holds,
            adaptation: firing.adaptation.map(adaptation),
        };
        Self {
            tau_mem_ms: tau_ms,
            decay,
            input_scaling,
            ports: dynamics.ports.iter().map(port).collect(),
            firing: dynamics.firing.map(firing),
        }
    }
}

impl From<DynamicsWords> for Dynamics {
    fn from(words: DynamicsWords) -> Self {
        let DynamicsWords { tau_mem_ms, decay, input_scaling, ports, firing } = words;
        let port = |port| match port {
            PortWords::Delta {} => PortDynamics::Delta,
            PortWords::Exponential { tau_ms, decay } => PortDynamics::Exponential { tau_ms, decay },
        };
        let adaptation =
            |AdaptationWords { tau_ms, decay, strength }| Adaptation { tau_ms, decay, strength };
        let fires = |words: FiringWords| Firing {
            threshold: words.threshold,
            reset: words.reset,
            refractory_ms: words.refractory_ms,
            holds: words.holds,
            adaptation: words.adaptation.map(adaptation),
        };
        Self {
            membrane: Membrane { tau_ms: tau_mem_ms, decay, input_scaling },
            ports: ports.into_iter().map(port).collect(),
            firing: firing.map(fires),
        }
    }
}

/// The numbers of dynamics that a neuron can have for itself, by name: `tau_mem_ms`, `threshold`,
/// `refractory_ms`, `tau_adaptation_ms`, `adaptation`, and of port `p` with a current
/// `tau_port_ms_p`.
pub(crate) fn numbers(dynamics: &mut Dynamics) -> Vec<(String, &mut f64)> {
    let mut numbers = vec![("tau_mem_ms".to_owned(), &mut dynamics.membrane.tau_ms)];
    for (index, port) in dynamics.ports.iter_mut().enumerate() {
        if let PortDynamics::Exponential { tau_ms, .. } = port {
            numbers.push((format!("tau_port_ms_{index}"), tau_ms));
        }
    }
    if let Some(firing) = &mut dynamics.firing {
        numbers.push(("threshold".to_owned(), &mut firing.threshold));
        numbers.push(("refractory_ms".to_owned(), &mut firing.refractory_ms));
        if let Some(adaptation) = &mut firing.adaptation {
            numbers.push(("tau_adaptation_ms".to_owned(), &mut adaptation.tau_ms));
            numbers.push(("adaptation".to_owned(), &mut adaptation.strength));
        }
    }
    numbers
}

/// The numbers in which neurons differ, one entry per neuron each; `None` where neurons differ in
/// more than numbers.
pub(crate) fn own_numbers(
    neurons: &DeployedNeurons,
    size: usize,
) -> Option<Vec<(String, Vec<f64>)>> {
    if neurons.common().is_some() {
        return Some(Vec::new());
    }
    let mut first = neurons.of(0).clone();
    let mut columns: Vec<(String, Vec<f64>)> =
        numbers(&mut first).into_iter().map(|(name, _)| (name, Vec::with_capacity(size))).collect();
    for n in 0..size {
        let mut own = neurons.of(n).clone();
        let mut shared = first.clone();
        let places = numbers(&mut shared);
        let own_places = numbers(&mut own);
        if places.len() != own_places.len() {
            return None;
        }
        for (((_, column), (_, place)), (_, value)) in
            columns.iter_mut().zip(places).zip(own_places)
        {
            column.push(*value);
            *place = *value;
        }
        if shared != own {
            return None;
        }
    }
    columns.retain(|(_, column)| column.iter().any(|value| *value != column[0]));
    Some(columns)
}

/// Neurons of these dynamics, with numbers of their own in place of the shared ones.
///
/// # Errors
/// A sentence: a number that these dynamics do not have, or not one entry per neuron.
pub(crate) fn with_own_numbers(
    dynamics: Dynamics,
    size: usize,
    columns: &[(String, Vec<f64>)],
) -> Result<DeployedNeurons, String> {
    let mut each = vec![dynamics.clone(); if columns.is_empty() { 1 } else { size }];
    for (name, column) in columns {
        if column.len() != size {
            return Err(format!(
                "{name} has {} entries, but there are {size} neurons",
                column.len()
            ));
        }
        for (own, value) in each.iter_mut().zip(column) {
            let place = numbers(own).into_iter().find(|(other, _)| other == name);
            *place.ok_or_else(|| format!("{name} is no number that these neurons have"))?.1 =
                *value;
        }
    }
    Ok(if columns.is_empty() {
        DeployedNeurons::shared(dynamics)
    } else {
        DeployedNeurons::each(each)
    })
}
