//! Where random numbers come from: weights and delays of synapses.

use crate::error::{Error, Result, plain};
use rand::{Rng, RngExt};
use rand_distr::{Distribution as _, Exp, LogNormal, Normal};

/// How often a number outside its bounds is drawn again, before the nearest bound is taken.
const TRIES: usize = 1000;

/// How random numbers are spread.
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
                Error::check(format!("first {name}"), first, ordered, &above)?;
                Error::check(format!("second {name}"), second, second <= greatest, at_most)
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
