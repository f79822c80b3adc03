//! What a tensor of a network is.

use serde::{Deserialize, Serialize};

/// What a tensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Weights of a projection.
    Weight,
    /// Delays of a projection, in steps.
    Delay,
    /// Scale of a norm.
    Gain,
    /// Offset of a norm.
    Bias,
    /// Time constants of neurons, in ms.
    TimeConstant,
    /// Thresholds of neurons.
    Threshold,
    /// Strengths with which neurons adapt.
    Adaptation,
    /// Running mean of a norm; no setting can name it.
    #[serde(skip)]
    RunningMean,
    /// Running variance of a norm; no setting can name it.
    #[serde(skip)]
    RunningVariance,
}

impl Kind {
    /// Whether a gradient teaches it. The statistics of a norm follow the batches instead.
    pub fn is_learned(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVariance)
    }

    /// Whether it is a parameter that neurons learn.
    pub fn is_of_neurons(self) -> bool {
        matches!(self, Self::TimeConstant | Self::Threshold | Self::Adaptation)
    }

    /// Unit of its entries; `None` where they are bare numbers.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::Delay => Some("steps"),
            Self::TimeConstant => Some("ms"),
            _ => None,
        }
    }

    /// The word that configurations use.
    pub fn word(self) -> &'static str {
        self.name().trim_start_matches("norm.")
    }

    /// The last part of a tensor's name in a file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Delay => "delay",
            Self::Gain => "norm.gain",
            Self::Bias => "norm.bias",
            Self::TimeConstant => "time_constant",
            Self::Threshold => "threshold",
            Self::Adaptation => "adaptation",
            Self::RunningMean => "norm.running_mean",
            Self::RunningVariance => "norm.running_variance",
        }
    }
}
