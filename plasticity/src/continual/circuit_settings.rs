//! Choices of a lateral circuit.

use serde::{Deserialize, Serialize};
use sim_core::{Error, Result};

/// How a lateral circuit learns.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `rate` | 0.01 | size of a step of the rows, above 0 |
/// | `momentum` | 0.9 | share of the last step that is kept, `0 <= momentum < 1` |
/// | `iterations` | 5 | steps on each batch, from 1 to 1000 |
/// | `clamp` | 10 | bound of each entry of the mean change, above 0 |
/// | `lateral` | linear | how the subspace neurons answer |
///
/// The defaults are those of the released code [Xiao et al. 2024]. Rows diverge where the rate
/// times the largest eigenvalue of the samples' second moment is far above 1; the clamp and the
/// momentum are what makes a rate of 0.01 safe for spikes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitSettings {
    /// Size of a step of the rows, above 0; 0.01.
    pub rate: f64,
    /// Share of the last step that is kept, `0 <= momentum < 1`; 0.9.
    pub momentum: f64,
    /// Steps on each batch, from 1 to 1000; 5.
    pub iterations: usize,
    /// Bound of each entry of the mean change, above 0; 10.
    pub clamp: f64,
    /// How the subspace neurons answer; linearly.
    pub lateral: LateralAnswer,
}

/// How the subspace neurons of a lateral circuit answer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LateralAnswer {
    /// With any number.
    #[default]
    Linear,
    /// With bursts of spikes of either sign: the answer is one of `2 levels + 1` numbers between
    /// `-scale` and `scale`, the nearest one; between two, the even one.
    Quantised {
        /// The largest answer, above 0; 20.
        #[serde(default = "scale")]
        scale: f64,
        /// Spikes of the longest burst, at least 1; 40.
        #[serde(default = "levels")]
        levels: u32,
    },
}

fn scale() -> f64 {
    20.0
}

fn levels() -> u32 {
    40
}

impl Default for CircuitSettings {
    fn default() -> Self {
        let lateral = LateralAnswer::Linear;
        Self { rate: 0.01, momentum: 0.9, iterations: 5, clamp: 10.0, lateral }
    }
}

/// Most iterations of a batch: more take longer than anybody waits.
const MOST_ITERATIONS: usize = 1000;

impl CircuitSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first setting that is not allowed.
    pub fn check(&self) -> Result<()> {
        let Self { rate, momentum, iterations, clamp, lateral } = *self;
        Error::check("CircuitSettings::rate", rate, rate > 0.0, "above 0")?;
        let kept = (0.0..1.0).contains(&momentum);
        Error::check("CircuitSettings::momentum", momentum, kept, "at least 0 and below 1")?;
        if !(1..=MOST_ITERATIONS).contains(&iterations) {
            let allowed = format!("from 1 to {MOST_ITERATIONS}");
            return Err(Error::out_of_range("CircuitSettings::iterations", iterations, allowed));
        }
        Error::check("CircuitSettings::clamp", clamp, clamp > 0.0, "above 0")?;
        let LateralAnswer::Quantised { scale, levels } = lateral else { return Ok(()) };
        Error::check("CircuitSettings::lateral.scale", scale, scale > 0.0, "above 0")?;
        if levels == 0 {
            return Err(Error::out_of_range("CircuitSettings::lateral.levels", 0, "at least 1"));
        }
        Ok(())
    }
}

impl LateralAnswer {
    /// The answer to an input of `y`: `y`, or
    /// `round(clamp(y, -scale, scale) / scale * levels) / levels * scale`, where what lies between
    /// two whole numbers becomes the even one.
    #[inline]
    pub fn answer(self, y: f64) -> f64 {
        match self {
            Self::Linear => y,
            Self::Quantised { scale, levels } => {
                let levels = f64::from(levels);
                (y.clamp(-scale, scale) / scale * levels).round_ties_even() / levels * scale
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_goes_to_the_even_burst() {
        let lateral = LateralAnswer::Quantised { scale: 20.0, levels: 40 };
        let answers = [0.24, 0.25, 0.26, 0.75, -0.25, -0.75, 19.9, 25.0, -1e9];
        let answers = answers.map(|y| lateral.answer(y));
        assert_eq!(answers, [0.0, 0.0, 0.5, 1.0, 0.0, -1.0, 20.0, 20.0, -20.0]);
        assert!(lateral.answer(f64::NAN).is_nan());
        assert_eq!(LateralAnswer::Linear.answer(0.3), 0.3);
    }

    #[test]
    fn each_setting_has_its_sentence() {
        let good = CircuitSettings::default();
        good.check().unwrap();
        let quantised = |scale, levels| CircuitSettings {
            lateral: LateralAnswer::Quantised { scale, levels },
            ..good
        };
        quantised(20.0, 40).check().unwrap();
        for (settings, sentence) in [
            (CircuitSettings { rate: 0.0, ..good }, "rate is 0, but must be above 0"),
            (
                CircuitSettings { momentum: 1.0, ..good },
                "momentum is 1, but must be at least 0 and below 1",
            ),
            (
                CircuitSettings { iterations: 0, ..good },
                "iterations is 0, but must be from 1 to 1000",
            ),
            (CircuitSettings { clamp: f64::NAN, ..good }, "clamp is NaN, but must be above 0"),
            (quantised(-1.0, 40), "lateral.scale is -1, but must be above 0"),
            (quantised(20.0, 0), "lateral.levels is 0, but must be at least 1"),
        ] {
            let refused = settings.check().unwrap_err().to_string();
            assert_eq!(refused, format!("CircuitSettings::{sentence}"));
        }
    }

    #[test]
    fn settings_are_a_configuration() {
        let quantised = r#"{"rate": 0.001, "lateral": {"kind": "quantised"}}"#;
        let settings: CircuitSettings = serde_json::from_str(quantised).unwrap();
        let lateral = LateralAnswer::Quantised { scale: 20.0, levels: 40 };
        assert_eq!(settings, CircuitSettings { rate: 0.001, lateral, ..Default::default() });
        let written = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<CircuitSettings>(&written).unwrap(), settings);
        assert!(serde_json::from_str::<CircuitSettings>(r#"{"rates": 1}"#).is_err());
    }
}
