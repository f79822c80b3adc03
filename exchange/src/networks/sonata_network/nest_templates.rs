//! NEST's neurons, as bmtk names them in `model_template`, in the terms of
//! [`Dynamics`].
//!
//! Potentials are measured from `E_L`. `nest:iaf_psc_delta`: weights are in mV and stay as they
//! are; a constant current `I_e` adds `(1 - beta) tau_m I_e / C_m` in every step.
//! `nest:iaf_psc_exp`: weights are in pA and are multiplied by `dt / C_m`, which is what a current
//! means here without input scaling; those of at least 0 go to the port with `tau_syn_ex`, the
//! others to that with `tau_syn_in`. Defaults and equations: NEST 3.10, `models/iaf_psc_delta.h`,
//! `models/iaf_psc_exp.h`.

use serde_json::{Map, Value};
use sim_core::{Decay, Dynamics, Firing, Membrane, PortDynamics, Reset};

/// A neuron of NEST.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NestNeuron {
    /// What it does.
    pub dynamics: Dynamics,
    /// Constant input of its first port.
    pub bias: f64,
    /// By what weights that end there are multiplied.
    pub weight_factor: f64,
}

/// The model that a template names, with these parameters in NEST's names and units.
///
/// # Errors
/// A sentence: a template or parameter that is not known, or what has no counterpart.
pub(super) fn nest_neuron(
    template: &str,
    parameters: &Map<String, Value>,
    dt_ms: f64,
) -> Result<NestNeuron, String> {
    let has_currents = match template {
        "nest:iaf_psc_delta" => false,
        "nest:iaf_psc_exp" => true,
        other => {
            return Err(format!(
                "the model template {other:?} is not known; nest:iaf_psc_delta, nest:iaf_psc_exp \
                 and what synfire wrote can be read"
            ));
        }
    };
    let mut left: Vec<&str> = parameters.keys().map(String::as_str).collect();
    let mut number = |name: &str, default: f64| {
        left.retain(|other| *other != name);
        match parameters.get(name) {
            None => Ok(default),
            Some(value) => value
                .as_f64()
                .filter(|number| number.is_finite())
                .ok_or_else(|| format!("{name} is {value}, but must be a finite number")),
        }
    };
    let rest = number("E_L", -70.0)?;
    let capacity = number("C_m", 250.0)?;
    let tau_m = number("tau_m", 10.0)?;
    let threshold = number("V_th", -55.0)? - rest;
    let reset = number("V_reset", -70.0)?;
    let refractory_ms = number("t_ref", 2.0)?;
    let current = number("I_e", 0.0)?;
    let start = number("V_m", rest)?;
    let taus = match has_currents {
        true => Some([number("tau_syn_ex", 2.0)?, number("tau_syn_in", 2.0)?]),
        false => None,
    };
    let noise = if has_currents {
        // `rho` is the rate at a threshold that is crossed at random; without `delta` there is
        // none.
        number("rho", 0.01)?;
        number("delta", 0.0)?
    } else {
        0.0
    };
    if !has_currents
        && parameters.get("refractory_input").is_some_and(|on| on != &Value::from(false))
    {
        return Err("refractory_input keeps what arrives in the refractory time, which has no \
                    counterpart: set it to false"
            .into());
    }
    left.retain(|name| has_currents || *name != "refractory_input");
    if let Some(unknown) = left.first() {
        return Err(format!("{unknown} is a parameter that is not known of {template}"));
    }
    for (is_wrong, problem) in [
        (
            noise != 0.0,
            format!("delta is {noise}: a threshold that is crossed at random has no counterpart"),
        ),
        (
            reset != rest,
            format!("V_reset is {reset} and E_L is {rest}, but a spike must reset to rest"),
        ),
        (
            start != rest,
            format!("V_m is {start} and E_L is {rest}, but neurons must start at rest"),
        ),
        (threshold <= 0.0, format!("V_th is {}, but must be above E_L, {rest}", threshold + rest)),
        (capacity <= 0.0, format!("C_m is {capacity}, but must be above 0")),
        (tau_m <= 0.0, format!("tau_m is {tau_m}, but must be above 0")),
        (
            has_currents && current != 0.0,
            format!(
                "I_e is {current}: a constant current beside the synaptic ones has no counterpart"
            ),
        ),
    ] {
        if is_wrong {
            return Err(problem);
        }
    }
    let beta: f64 = Decay::Exact.factor(tau_m, dt_ms);
    let port = |tau_ms| PortDynamics::Exponential { tau_ms, decay: Decay::Exact };
    Ok(NestNeuron {
        dynamics: Dynamics {
            membrane: Membrane { tau_ms: tau_m, decay: Decay::Exact, input_scaling: false },
            ports: taus.map_or(vec![PortDynamics::Delta], |taus| taus.map(port).to_vec()),
            firing: Some(Firing {
                threshold,
                reset: Reset::Hard,
                refractory_ms,
                holds: true,
                adaptation: None,
            }),
        },
        bias: if has_currents { 0.0 } else { (1.0 - beta) * tau_m / capacity * current },
        weight_factor: if has_currents { dt_ms / capacity } else { 1.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(template: &str, parameters: Value) -> Result<NestNeuron, String> {
        nest_neuron(template, parameters.as_object().unwrap(), 0.1)
    }

    #[test]
    fn potentials_are_measured_from_rest() {
        let parameters = json!({"E_L": -65.0, "V_reset": -65.0, "V_th": -50.0, "I_e": 500.0});
        let neuron = of("nest:iaf_psc_delta", parameters).unwrap();
        let firing = neuron.dynamics.firing.unwrap();
        assert_eq!(
            (firing.threshold, firing.refractory_ms, neuron.weight_factor),
            (15.0, 2.0, 1.0)
        );
        // The input settles at I_e tau_m / C_m = 20 mV.
        let beta = (-0.01_f64).exp();
        assert!((neuron.bias / (1.0 - beta) - 20.0).abs() < 1e-12);
        let neuron = of("nest:iaf_psc_exp", json!({"C_m": 100.0, "tau_syn_in": 4.0})).unwrap();
        assert_eq!((neuron.dynamics.ports.len(), neuron.weight_factor), (2, 0.1 / 100.0));
    }

    #[test]
    fn what_has_no_counterpart_is_named() {
        for (template, parameters, expected) in [
            ("nest:izhikevich", json!({}), "the model template \"nest:izhikevich\" is not known"),
            ("nest:iaf_psc_delta", json!({"V_reset": -60.0}), "V_reset is -60 and E_L is -70"),
            ("nest:iaf_psc_delta", json!({"V_m": 0.0}), "V_m is 0 and E_L is -70"),
            (
                "nest:iaf_psc_delta",
                json!({"tau_syn_ex": 2.0}),
                "tau_syn_ex is a parameter that is not",
            ),
            ("nest:iaf_psc_delta", json!({"refractory_input": true}), "refractory_input"),
            ("nest:iaf_psc_delta", json!({"V_th": "high"}), "V_th is \"high\""),
            ("nest:iaf_psc_exp", json!({"I_e": 1.0}), "I_e is 1"),
            ("nest:iaf_psc_exp", json!({"delta": 1.0}), "delta is 1"),
            ("nest:iaf_psc_exp", json!({"V_th": -80.0}), "V_th is -80, but must be above E_L"),
        ] {
            let problem = of(template, parameters).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
