//! What one unit of a file's times is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Result;

/// What one unit of a file's times is: `"s"`, `"ms"`, `"us"`, `"ns"` or `{ samples_per_second =
/// 16000 }` in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// A second, as SHD and SSC have it.
    #[default]
    S,
    /// A millisecond.
    Ms,
    /// A microsecond.
    Us,
    /// A nanosecond.
    Ns,
    /// A sample of a recording at this rate in Hz, which must be finite and > 0.
    SamplesPerSecond(f64),
}

impl TimeUnit {
    /// How many units make a second.
    pub fn per_second(self) -> f64 {
        match self {
            Self::S => 1.0,
            Self::Ms => 1e3,
            Self::Us => 1e6,
            Self::Ns => 1e9,
            Self::SamplesPerSecond(rate) => rate,
        }
    }

    /// Checks the rate.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] for a rate that is not finite and > 0.
    pub fn check(self) -> Result<()> {
        let rate = self.per_second();
        let name = "Layout::time_unit.samples_per_second";
        Ok(sim_core::Error::check(name, rate, rate > 0.0, "a finite number > 0")?)
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S => f.write_str("s"),
            Self::Ms => f.write_str("ms"),
            Self::Us => f.write_str("us"),
            Self::Ns => f.write_str("ns"),
            Self::SamplesPerSecond(rate) => write!(f, "samples at {rate} per second"),
        }
    }
}

impl FromStr for TimeUnit {
    type Err = String;

    /// Reads `s`, `ms`, `us`, `ns` or `samples_per_second=16000`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "s" => return Ok(Self::S),
            "ms" => return Ok(Self::Ms),
            "us" | "µs" => return Ok(Self::Us),
            "ns" => return Ok(Self::Ns),
            _ => {}
        }
        let rate = text.strip_prefix("samples_per_second=").and_then(|rate| rate.parse().ok());
        match rate.filter(|rate: &f64| rate.is_finite() && *rate > 0.0) {
            Some(rate) => Ok(Self::SamplesPerSecond(rate)),
            None => Err("expected s, ms, us, ns or samples_per_second=RATE".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Section {
        time_unit: TimeUnit,
    }

    #[test]
    fn it_is_a_word_or_a_rate() {
        for (text, unit, per_second) in [
            ("time_unit = \"s\"\n", TimeUnit::S, 1.0),
            ("time_unit = \"ms\"\n", TimeUnit::Ms, 1e3),
            ("time_unit = \"us\"\n", TimeUnit::Us, 1e6),
            ("time_unit = \"ns\"\n", TimeUnit::Ns, 1e9),
            ("[time_unit]\nsamples_per_second = 16000.0\n", TimeUnit::SamplesPerSecond(16e3), 16e3),
        ] {
            let section: Section = toml::from_str(text).unwrap();
            assert_eq!((section.time_unit, section.time_unit.per_second()), (unit, per_second));
            assert_eq!(toml::to_string(&section).unwrap(), text);
        }
        let whole: Section = toml::from_str("time_unit = { samples_per_second = 16000 }").unwrap();
        assert_eq!(whole.time_unit, TimeUnit::SamplesPerSecond(16e3));
        assert!(toml::from_str::<Section>("time_unit = \"min\"").is_err());
    }

    #[test]
    fn it_can_be_typed() {
        assert_eq!("ms".parse(), Ok(TimeUnit::Ms));
        assert_eq!("samples_per_second=44100".parse(), Ok(TimeUnit::SamplesPerSecond(44100.0)));
        for wrong in ["min", "samples_per_second=0", "samples_per_second=x", ""] {
            assert!(wrong.parse::<TimeUnit>().is_err(), "{wrong}");
        }
        let error = TimeUnit::SamplesPerSecond(-1.0).check().unwrap_err().to_string();
        assert_eq!(
            error,
            "Layout::time_unit.samples_per_second is -1, but must be a finite number > 0"
        );
    }
}
