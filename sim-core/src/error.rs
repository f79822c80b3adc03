//! What can go wrong when a network is described or built.

use crate::field::Field;
use std::fmt::Display;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error that names the quantity, its value and what is allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number outside its range.
    #[error("{field} is {value}, but must be {allowed}")]
    OutOfRange {
        /// The quantity, e.g. `Lif::tau_mem_ms`.
        field: Field,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A setting that does not fit another.
    #[error("{field} {problem}")]
    Unfit {
        /// The setting.
        field: Field,
        /// What the setting does, and what is needed.
        problem: String,
    },
    /// An array of the wrong length.
    #[error("{name} has length {actual}, but must have {expected}")]
    Length {
        /// The array.
        name: String,
        /// Its length.
        actual: usize,
        /// The length it must have.
        expected: usize,
    },
    /// A network whose parts do not fit together.
    #[error("{0}")]
    Network(String),
    /// A result that is not a finite number.
    #[error("{0}")]
    NotFinite(String),
    /// A recording that could not be kept.
    #[error("{0}")]
    Recording(String),
}

/// A number as people read it: with an exponent if its digits would fill a line.
pub fn plain(value: f64) -> String {
    let few = value == 0.0 || (1e-6..1e16).contains(&value.abs());
    if few || !value.is_finite() { value.to_string() } else { format!("{value:e}") }
}

impl Error {
    /// An [`Error::OutOfRange`].
    pub fn out_of_range(
        field: impl Into<Field>,
        value: impl Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self::OutOfRange { field: field.into(), value: value.to_string(), allowed: allowed.into() }
    }

    /// The error of a value that came from a section of a configuration: its field is called by
    /// the path to it. An error that is not about a field stays as it is.
    pub fn within(self, section: &str) -> Self {
        match self {
            Self::OutOfRange { field, value, allowed } => {
                Self::OutOfRange { field: field.within(section), value, allowed }
            }
            Self::Unfit { field, problem } => Self::Unfit { field: field.within(section), problem },
            other => other,
        }
    }

    /// The setting that is wrong, where one is.
    pub fn field(&self) -> Option<&Field> {
        match self {
            Self::OutOfRange { field, .. } | Self::Unfit { field, .. } => Some(field),
            _ => None,
        }
    }

    /// An [`Error::Unfit`].
    pub fn unfit(field: impl Into<Field>, problem: impl Into<String>) -> Self {
        Self::Unfit { field: field.into(), problem: problem.into() }
    }

    /// Checks that `value` is finite and fulfils `ok`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] otherwise.
    pub fn check(field: impl Into<Field>, value: f64, ok: bool, allowed: &str) -> Result<()> {
        if value.is_finite() && ok {
            Ok(())
        } else {
            Err(Self::out_of_range(field, plain(value), allowed))
        }
    }

    /// Checks the length of an array.
    ///
    /// # Errors
    /// [`Error::Length`] when `actual` is not `expected`.
    pub fn check_length(name: &str, actual: usize, expected: usize) -> Result<()> {
        if actual == expected {
            return Ok(());
        }
        Err(Self::Length { name: name.into(), actual, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_an_exponent() {
        let numbers =
            [0.0, -3.5, 1_000_000_000_000.0, 1e300, -1.5e-12, f64::NAN, f64::INFINITY].map(plain);
        assert_eq!(numbers, ["0", "-3.5", "1000000000000", "1e300", "-1.5e-12", "NaN", "inf"]);
        let error =
            Error::check("Lif::tau_mem_ms", -1e300, false, "above 0").unwrap_err().to_string();
        assert_eq!(error, "Lif::tau_mem_ms is -1e300, but must be above 0");
    }
}
