//! The constants of a step, which a program that runs the network multiplies by.

use sim_core::{Decay, Dynamics, PortDynamics, whole_steps};

/// Constants of one neuron, as [`sim_core::Dynamics`] names them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepConstants {
    /// What is left of the potential after a step.
    pub beta: f64,
    /// By what input of a delta port is multiplied.
    pub gain: f64,
    /// What is left of the current of each port after a step; 0 of a delta port.
    pub alpha: Vec<f64>,
    /// What a current of 1 of each port adds to the potential in the next step; 0 of a delta port.
    pub couple: Vec<f64>,
    /// Where the neuron fires.
    pub firing: Option<FiringConstants>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct FiringConstants {
    pub threshold: f64,
    pub refractory_steps: u32,
    /// `(rho, strength)` of a threshold that adapts.
    pub adaptation: Option<(f64, f64)>,
}

impl StepConstants {
    /// Of dynamics that were checked.
    pub fn of(dynamics: &Dynamics, dt_ms: f64) -> Self {
        let membrane = dynamics.membrane;
        let beta: f64 = membrane.decay.factor(membrane.tau_ms, dt_ms);
        let of_port = |port: &PortDynamics| match *port {
            PortDynamics::Delta => (0.0, 0.0),
            PortDynamics::Exponential { tau_ms, decay } => {
                let capacity = if membrane.input_scaling { membrane.tau_ms } else { dt_ms };
                let couple = match decay {
                    Decay::Euler => dt_ms,
                    Decay::Exact => shared_decay(membrane.tau_ms, tau_ms, dt_ms),
                };
                (decay.factor(tau_ms, dt_ms), couple / capacity)
            }
        };
        let (alpha, couple) = dynamics.ports.iter().map(of_port).unzip();
        let firing = dynamics.firing.map(|firing| FiringConstants {
            threshold: firing.threshold,
            refractory_steps: whole_steps("refractory_ms", firing.refractory_ms, dt_ms)
                .expect("the network was checked"),
            adaptation: firing.adaptation.map(|adaptation| {
                (adaptation.decay.factor(adaptation.tau_ms, dt_ms), adaptation.strength)
            }),
        });
        let gain = if membrane.input_scaling { 1.0 - beta } else { 1.0 };
        Self { beta, gain, alpha, couple, firing }
    }
}

/// `exp(-dt / a) dt (exp(x) - 1) / x` with `x = dt (1 / a - 1 / b)`: what a current that decays
/// with `b` has moved a potential that decays with `a` by after `dt`.
fn shared_decay(a: f64, b: f64, dt_ms: f64) -> f64 {
    // The slower one goes in front, so that no exponential overflows.
    let (slower, faster) = if a >= b { (a, b) } else { (b, a) };
    let apart = dt_ms * (1.0 / slower - 1.0 / faster);
    let growth = if apart == 0.0 { 1.0 } else { apart.exp_m1() / apart };
    (-dt_ms / slower).exp() * dt_ms * growth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coupling_is_that_of_the_closed_form() {
        let closed = |a: f64, b: f64| ((-1.0 / b).exp() - (-1.0 / a).exp()) / (1.0 / a - 1.0 / b);
        for (a, b) in [(20.0, 5.0), (5.0, 20.0), (10.0, 9.0)] {
            assert!((shared_decay(a, b, 1.0) - closed(a, b)).abs() < 1e-14, "{a} {b}");
        }
        assert_eq!(shared_decay(10.0, 10.0, 1.0), (-0.1_f64).exp());
    }
}
