//! How the gradients of a training are worked out.

use crate::gradient::cross_entropy::CrossEntropy;
use serde::{Deserialize, Serialize};
use sim_core::Feedback;
use std::fmt;

/// How gradients are worked out; told apart by the key `kind`, by default `"bptt"`. Evaluations do
/// not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum GradientMethod {
    /// Backpropagation through time, with the surrogate slopes of the neurons.
    Bptt {
        /// The weights by which errors go back; by default those of the way forward.
        #[serde(default)]
        feedback: Feedback,
    },
    /// Online training through time [Xiao et al. 2022]: in each step, its error times a trace of
    /// what came before, in memory that does not grow with the steps. It needs soft resets, `loss`
    /// `"mean"` or `"sum_softmax"`, of which it takes the mean over single steps, and no delays,
    /// norms, dropout or bounds on firing rates.
    Ottt {},
    /// Differentiation on spike representation [Meng et al. 2022]: errors of weighted firing rates,
    /// through the clamp that rates have, in memory that does not grow with the steps. It needs
    /// soft resets, `loss` `"mean"`, and no delays, norms, dropout or bounds on firing rates.
    Dsr {},
}

impl Default for GradientMethod {
    /// Backpropagation by the weights of the way forward.
    fn default() -> Self {
        Self::Bptt { feedback: Feedback::default() }
    }
}

impl fmt::Display for GradientMethod {
    /// The kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bptt { .. } => "bptt",
            Self::Ottt {} => "ottt",
            Self::Dsr {} => "dsr",
        })
    }
}

impl GradientMethod {
    /// Whether it is the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it goes back over all steps, and so knows delays, norms, dropout and penalties.
    pub fn goes_back(self) -> bool {
        matches!(self, Self::Bptt { .. })
    }

    /// The losses that it can take, in words; none if it takes all.
    pub(crate) fn losses(self) -> Option<(&'static [CrossEntropy], &'static str)> {
        match self {
            Self::Bptt { .. } => None,
            Self::Ottt {} => Some((
                &[CrossEntropy::Mean, CrossEntropy::SumSoftmax],
                "\"mean\" or \"sum_softmax\", which single steps have, with the gradient ottt",
            )),
            Self::Dsr {} => Some((
                &[CrossEntropy::Mean],
                "\"mean\", which is one of mean potentials, with the gradient dsr",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradient::firing_rate::FiringRateBounds;
    use crate::settings::TrainingSettings;

    fn settings(text: &str) -> Result<TrainingSettings, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn settings_without_a_method_are_those_of_before() {
        let before = settings("{}").unwrap();
        assert_eq!(before.gradient, GradientMethod::Bptt { feedback: Feedback::Symmetric });
        assert!(!serde_json::to_string(&before).unwrap().contains("feedback"));
        let with = |method: &str| settings(&format!(r#"{{"gradient": {method}}}"#));
        for (text, method) in [
            (r#"{"kind": "bptt"}"#, GradientMethod::default()),
            (
                r#"{"kind": "bptt", "feedback": "sign"}"#,
                GradientMethod::Bptt { feedback: Feedback::Sign },
            ),
            (r#"{"kind": "ottt"}"#, GradientMethod::Ottt {}),
            (r#"{"kind": "dsr"}"#, GradientMethod::Dsr {}),
        ] {
            let read = with(text).unwrap();
            assert_eq!(read.gradient, method);
            let again = settings(&serde_json::to_string(&read).unwrap()).unwrap();
            assert_eq!(again, read);
        }
        for wrong in [
            r#"{"kind": "rtrl"}"#,
            r#"{"kind": "ottt", "feedback": "sign"}"#,
            r#"{"kind": "bptt", "feedback": "none"}"#,
        ] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_method_does_not_know_is_refused() {
        let of = |gradient| TrainingSettings {
            gradient,
            loss: CrossEntropy::Mean,
            ..TrainingSettings::default()
        };
        for gradient in [GradientMethod::Ottt {}, GradientMethod::Dsr {}] {
            of(gradient).check().unwrap();
            let message = |settings: TrainingSettings| settings.check().unwrap_err().to_string();
            let said = message(TrainingSettings { dropout: 0.2, ..of(gradient) });
            let expected = format!("dropout is 0.2, but must be 0 with the gradient {gradient}");
            assert!(said.ends_with(&expected), "{said}");
            let firing_rate = Some(FiringRateBounds::default());
            let said = message(TrainingSettings { firing_rate, ..of(gradient) });
            assert!(
                said.contains(&format!("the gradient {gradient} knows no penalties")),
                "{said}"
            );
            let said = message(TrainingSettings { loss: CrossEntropy::Last, ..of(gradient) });
            assert!(said.contains(r#"loss is "last", but must be "mean""#), "{said}");
        }
        let loss = CrossEntropy::SumSoftmax;
        TrainingSettings { loss, ..of(GradientMethod::Ottt {}) }.check().unwrap();
        assert!(TrainingSettings { loss, ..of(GradientMethod::Dsr {}) }.check().is_err());
    }
}
