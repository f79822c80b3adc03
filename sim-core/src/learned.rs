//! Parameters of a neuron model that each neuron learns for itself.

use crate::error::{Error, Result, plain};
use crate::kind::Kind;
use std::ops::RangeInclusive;

/// A parameter that a model lets its neurons learn: time constants, thresholds, adaptation.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnable {
    /// The key of the model's configuration: `tau_mem_ms`.
    pub name: &'static str,
    /// What it is: parameters of one kind share optimiser and rate.
    pub kind: Kind,
    /// The model's own value, where learning starts.
    pub initial: f64,
    /// What a value may be, with steps of the length that the model was built for.
    pub range: RangeInclusive<f32>,
}

impl Learnable {
    /// A time constant in ms, from `least_ms` on: [`crate::Decay::least_tau_ms`].
    pub fn time_constant(name: &'static str, initial: f64, least_ms: f64) -> Self {
        let range = least_ms as f32..=f32::MAX;
        Self { name, kind: Kind::TimeConstant, initial, range }
    }

    /// A firing threshold, above 0.
    pub fn threshold(name: &'static str, initial: f64) -> Self {
        Self { name, kind: Kind::Threshold, initial, range: f32::MIN_POSITIVE..=f32::MAX }
    }

    /// A strength of adaptation, at least 0.
    pub fn adaptation(name: &'static str, initial: f64) -> Self {
        Self { name, kind: Kind::Adaptation, initial, range: 0.0..=f32::MAX }
    }
}

/// A parameter of a population's neurons that is learned: one value per neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedParameter {
    /// The key of the model's configuration: `tau_mem_ms`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What a value may be.
    pub range: RangeInclusive<f32>,
    /// The values, one per neuron, in the unit of the model's configuration.
    pub values: Vec<f32>,
}

impl LearnedParameter {
    /// The parameter that `learnable` has under this name, at its initial value in `neurons`
    /// neurons.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] where the model has no such parameter to learn, or a value that is not
    /// in the range of what is learned.
    pub fn find(learnable: &[Learnable], name: &str, neurons: usize) -> Result<Self> {
        let found = learnable.iter().find(|learnable| learnable.name == name);
        let found = found.ok_or_else(|| {
            let names: Vec<_> = learnable.iter().map(|learnable| learnable.name).collect();
            let allowed = match names[..] {
                [] => "nothing: this neuron model has no parameter to learn".to_owned(),
                _ => format!("among what this neuron model can learn: {}", names.join(", ")),
            };
            Error::out_of_range("learn", name, allowed)
        })?;
        let Learnable { initial, range, .. } = found;
        if !range.contains(&(*initial as f32)) {
            let (least, most) = (range.start(), range.end());
            let allowed = match *most {
                f32::MAX => format!("at least {least} to be learned"),
                _ => format!("from {least} to {most} to be learned"),
            };
            return Err(Error::out_of_range(name, plain(*initial), allowed));
        }
        Ok(Self {
            name: name.into(),
            kind: found.kind,
            range: found.range.clone(),
            values: vec![found.initial as f32; neurons],
        })
    }
}
