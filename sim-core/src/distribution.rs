//! Where random numbers come from: weights and delays of synapses.

use crate::error::{Error, Result, plain};
use crate::field::Field;
use rand::{Rng, RngExt};
use rand_distr::{Distribution as _, Exp, LogNormal, Normal};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// How often a number outside its bounds is drawn again, before the nearest bound is taken.
const TRIES: usize = 1000;

/// How random numbers are spread. In files: one number, `[least, greatest]`, or a section with the
/// key `kind`, such as `{ kind = "normal", mean = 0.5, std = 0.1 }`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Distribution {
    /// All numbers are this one.
    Constant(f64),
    /// Uniform from the first number to the second.
    Uniform([f64; 2]),
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, at least 0.
        std: f64,
    },
    /// Log-normal: the logarithm is normal.
    LogNormal {
        /// Mean of the numbers, above 0, and not of their logarithms.
        mean: f64,
        /// Standard deviation of the numbers, at least 0.
        std: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean, above 0.
        mean: f64,
    },
}

impl Distribution {
    /// Checks the parameters: a mean, or both ends of a uniform distribution, must lie within
    /// `bounds`. `name` is what errors call the number that is drawn, and `allowed` the bounds in
    /// words, first the lower one.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for the first parameter that is not allowed.
    pub fn check(&self, name: &str, bounds: [f64; 2], allowed: [&str; 2]) -> Result<()> {
        let [least, greatest] = bounds;
        let [at_least, at_most] = allowed;
        let both = format!("{at_least} and {at_most}");
        let within = |what: String, value: f64| {
            Error::check(what, value, (least..=greatest).contains(&value), &both)
        };
        let deviation =
            |std: f64| Error::check(format!("{name}.std"), std, std >= 0.0, "at least 0");
        match *self {
            Self::Constant(value) => within(name.to_owned(), value),
            Self::Uniform([first, second]) => {
                let ordered = first >= least && first <= second;
                let above = format!("{at_least} and at most the second {name}");
                Error::check(Field::of_pair(name, 0), first, ordered, &above)?;
                Error::check(Field::of_pair(name, 1), second, second <= greatest, at_most)
            }
            Self::Normal { mean, std } => {
                within(format!("{name}.mean"), mean)?;
                deviation(std)
            }
            Self::LogNormal { mean, std } => {
                positive(name, mean)?;
                within(format!("{name}.mean"), mean)?;
                deviation(std)
            }
            Self::Exponential { mean } => {
                positive(name, mean)?;
                within(format!("{name}.mean"), mean)
            }
        }
    }

    /// One number within `bounds`, of a distribution whose parameters were found valid. What lies
    /// outside is drawn again, up to a thousand times, and then becomes the nearest bound.
    pub fn draw(&self, random: &mut impl Rng, bounds: [f64; 2]) -> f64 {
        let [least, greatest] = bounds;
        match *self {
            Self::Constant(value) => value,
            Self::Uniform([first, second]) => random.random_range(first..=second),
            Self::Normal { mean, std } => {
                let normal = Normal::new(mean, std).expect("its parameters were found valid");
                truncated(|| normal.sample(random), least, greatest)
            }
            Self::LogNormal { mean, std } => {
                let normal = LogNormal::from_mean_cv(mean, std / mean);
                let normal = normal.expect("its parameters were found valid");
                truncated(|| normal.sample(random), least, greatest)
            }
            Self::Exponential { mean } => {
                let waits = Exp::new(1.0 / mean).expect("its parameters were found valid");
                truncated(|| waits.sample(random), least, greatest)
            }
        }
    }
}

fn positive(name: &str, mean: f64) -> Result<()> {
    if mean > 0.0 {
        return Ok(());
    }
    Err(Error::out_of_range(format!("{name}.mean"), plain(mean), "above 0"))
}

fn truncated(mut draw: impl FnMut() -> f64, least: f64, greatest: f64) -> f64 {
    let mut number = draw();
    for _ in 1..TRIES {
        if (least..=greatest).contains(&number) {
            return number;
        }
        number = draw();
    }
    number.clamp(least, greatest)
}

/// A distribution as files have it where a section describes it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Described {
    Normal { mean: f64, std: f64 },
    LogNormal { mean: f64, std: f64 },
    Exponential { mean: f64 },
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match *self {
            Self::Constant(value) => value.serialize(serializer),
            Self::Uniform(ends) => ends.serialize(serializer),
            Self::Normal { mean, std } => Described::Normal { mean, std }.serialize(serializer),
            Self::LogNormal { mean, std } => {
                Described::LogNormal { mean, std }.serialize(serializer)
            }
            Self::Exponential { mean } => Described::Exponential { mean }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct OfFile;

        impl<'de> Visitor<'de> for OfFile {
            type Value = Distribution;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a number, [least, greatest] or a section such as { kind = \"normal\", \
                             mean = 0.5, std = 0.1 }",
                )
            }

            fn visit_f64<E>(self, value: f64) -> std::result::Result<Distribution, E> {
                Ok(Distribution::Constant(value))
            }

            fn visit_i64<E>(self, value: i64) -> std::result::Result<Distribution, E> {
                Ok(Distribution::Constant(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> std::result::Result<Distribution, E> {
                Ok(Distribution::Constant(value as f64))
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut entries: A,
            ) -> std::result::Result<Distribution, A::Error> {
                let mut ends = Vec::new();
                while let Some(end) = entries.next_element()? {
                    ends.push(end);
                }
                match ends[..] {
                    [least, greatest] => Ok(Distribution::Uniform([least, greatest])),
                    _ => Err(serde::de::Error::invalid_length(ends.len(), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                section: A,
            ) -> std::result::Result<Distribution, A::Error> {
                let described = Described::deserialize(MapAccessDeserializer::new(section))?;
                Ok(match described {
                    Described::Normal { mean, std } => Distribution::Normal { mean, std },
                    Described::LogNormal { mean, std } => Distribution::LogNormal { mean, std },
                    Described::Exponential { mean } => Distribution::Exponential { mean },
                })
            }
        }

        deserializer.deserialize_any(OfFile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed};

    const ALL: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

    /// Mean and standard deviation of many draws.
    fn moments(distribution: Distribution, bounds: [f64; 2]) -> [f64; 2] {
        let mut random = Seed(3).stream(Purpose::Weights, 0, 0);
        let numbers: Vec<f64> =
            (0..40_000).map(|_| distribution.draw(&mut random, bounds)).collect();
        assert!(numbers.iter().all(|number| (bounds[0]..=bounds[1]).contains(number)));
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let squares = numbers.iter().map(|number| (number - mean).powi(2));
        [mean, (squares.sum::<f64>() / numbers.len() as f64).sqrt()]
    }

    #[test]
    fn draws_have_mean_and_deviation_of_their_distribution() {
        let cases = [
            (Distribution::Constant(0.5), [0.5, 0.0]),
            (Distribution::Uniform([1.0, 3.0]), [2.0, 2.0 / 12f64.sqrt()]),
            (Distribution::Normal { mean: -1.0, std: 0.5 }, [-1.0, 0.5]),
            (Distribution::LogNormal { mean: 2.0, std: 1.0 }, [2.0, 1.0]),
            (Distribution::Exponential { mean: 1.5 }, [1.5, 1.5]),
        ];
        for (distribution, expected) in cases {
            for (found, expected) in moments(distribution, ALL).into_iter().zip(expected) {
                // Four standard errors of the widest, and more for the tail of the log-normal.
                assert!((found - expected).abs() < 0.04, "{distribution:?}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn what_lies_outside_the_bounds_is_drawn_again() {
        // Half of a normal distribution: its mean is the deviation times the root of 2 / pi.
        let half = Distribution::Normal { mean: 0.0, std: 1.0 };
        let [mean, _] = moments(half, [0.0, f64::INFINITY]);
        assert!((mean - (2.0 / std::f64::consts::PI).sqrt()).abs() < 0.02, "{mean}");
        // What practically never falls inside ends at the nearest bound.
        let far = Distribution::Normal { mean: 100.0, std: 0.1 };
        assert_eq!(far.draw(&mut Seed(0).stream(Purpose::Weights, 0, 0), [0.0, 1.0]), 1.0);
    }

    #[test]
    fn files_have_a_number_two_ends_or_a_section() {
        for (text, distribution) in [
            ("0.5", Distribution::Constant(0.5)),
            ("[1.0,2.0]", Distribution::Uniform([1.0, 2.0])),
            (
                r#"{"kind":"normal","mean":0.5,"std":0.1}"#,
                Distribution::Normal { mean: 0.5, std: 0.1 },
            ),
            (
                r#"{"kind":"lognormal","mean":0.5,"std":0.1}"#,
                Distribution::LogNormal { mean: 0.5, std: 0.1 },
            ),
            (r#"{"kind":"exponential","mean":2.0}"#, Distribution::Exponential { mean: 2.0 }),
        ] {
            assert_eq!(serde_json::from_str::<Distribution>(text).unwrap(), distribution);
            assert_eq!(serde_json::to_string(&distribution).unwrap(), text);
        }
        assert_eq!(serde_json::from_str::<Distribution>("3").unwrap(), Distribution::Constant(3.0));
        let refused = |text| serde_json::from_str::<Distribution>(text).unwrap_err().to_string();
        assert!(refused("[1.0]").starts_with("invalid length 1, expected a number, [least,"));
        assert!(refused(r#"{"kind":"gamma"}"#).contains("unknown variant `gamma`"));
        assert!(refused(r#"{"kind":"exponential","mean":1.0,"std":2.0}"#).contains("`std`"));
        assert!(refused("\"x\"").contains("expected a number, [least, greatest] or a section"));
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let of = |distribution: Distribution| {
            let checked = distribution.check("weight", [0.0, 9.0], ["at least 0", "at most 9"]);
            checked.unwrap_err().to_string()
        };
        for (distribution, expected) in [
            (Distribution::Constant(10.0), "weight is 10, but must be at least 0 and at most 9"),
            (
                Distribution::Uniform([2.0, 1.0]),
                "first weight is 2, but must be at least 0 and at most the second weight",
            ),
            (Distribution::Uniform([2.0, 10.0]), "second weight is 10, but must be at most 9"),
            (
                Distribution::Normal { mean: 1.0, std: -1.0 },
                "weight.std is -1, but must be at least 0",
            ),
            (
                Distribution::Normal { mean: f64::NAN, std: 1.0 },
                "weight.mean is NaN, but must be at least 0 and at most 9",
            ),
            (
                Distribution::LogNormal { mean: 0.0, std: 1.0 },
                "weight.mean is 0, but must be above 0",
            ),
            (Distribution::Exponential { mean: -1.0 }, "weight.mean is -1, but must be above 0"),
        ] {
            assert_eq!(of(distribution), expected);
        }
    }
}
