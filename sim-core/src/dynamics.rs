//! What a neuron model computes, as types: what exporters and other machines match on.
//!
//! ```text
//! i_p[t] = alpha_p i_p[t-1] + I_p[t]                 of every exponential port p
//! V[t]   = beta U[t-1] + sum of gain I_p[t]          over the delta ports, and
//!                      + sum of couple_p i_p[t-1]    over the exponential ports
//! S[t]   = V[t] >= threshold + strength a[t]         where the neuron fires
//! a[t+1] = rho a[t] + S[t]                           where the threshold adapts
//! alpha_p, beta, rho: the factors per step of their time constants ([`Decay`])
//! gain = 1, or 1 - beta with input scaling
//! couple_p: with exact decay the solution of tau dV/dt = -V + (tau / C) i_p over one step, with
//!           Euler decay dt / C;  C = dt, or tau with input scaling
//! ```

use crate::decay::Decay;
use serde::{Deserialize, Serialize};

/// A neuron model in these terms; times in ms, potentials in units of the threshold's scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Dynamics {
    /// How the membrane forgets.
    pub membrane: Membrane,
    /// What each port does with its input, in the order of the ports.
    pub ports: Vec<PortDynamics>,
    /// When the neuron fires, and what that does; `None` for a readout.
    pub firing: Option<Firing>,
}

/// A leaky membrane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Membrane {
    /// Time constant in ms.
    pub tau_ms: f64,
    /// How the time constant becomes a factor per step.
    pub decay: Decay,
    /// Whether a constant input `I` settles at `V = I`; else an input of one step adds itself.
    pub input_scaling: bool,
}

/// What a port does with its input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PortDynamics {
    /// It moves the potential in the step in which it arrives.
    Delta,
    /// It moves a current that decays exponentially and drives the membrane.
    Exponential {
        /// Time constant of the current in ms.
        tau_ms: f64,
        /// How the time constant becomes a factor per step.
        decay: Decay,
    },
}

/// When a neuron fires, and what that does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Firing {
    /// Potential at which it fires.
    pub threshold: f64,
    /// What a spike does to the potential.
    pub reset: Reset,
    /// How long the neuron does not fire after a spike, in ms.
    pub refractory_ms: f64,
    /// Whether the potential stays where the reset left it for that time; else it goes on.
    pub holds: bool,
    /// How spikes raise the threshold; `None` where they do not.
    pub adaptation: Option<Adaptation>,
}

/// How spikes raise the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptation {
    /// Time constant in ms.
    pub tau_ms: f64,
    /// How the time constant becomes a factor per step.
    pub decay: Decay,
    /// By how much one spike raises the threshold.
    pub strength: f64,
}

/// What a spike does to the potential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// The potential becomes 0.
    #[default]
    Hard,
    /// The threshold is subtracted.
    Soft,
}
