//! What can go wrong when a network is described or built.

use std::fmt::Display;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error that names the quantity, its value and what is allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number outside its range.
    #[error("{name} is {value}, but must be {allowed}")]
    OutOfRange {
        /// The quantity, e.g. `Lif::tau_mem_ms`.
        name: String,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: String,
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

impl Error {
    /// An [`Error::OutOfRange`].
    pub fn out_of_range(name: impl Into<String>, value: impl Display, allowed: impl Into<String>) -> Self {
        Self::OutOfRange { name: name.into(), value: value.to_string(), allowed: allowed.into() }
    }

    /// Checks that `value` is finite and fulfils `ok`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] otherwise.
    pub fn check(name: &str, value: f64, ok: bool, allowed: &str) -> Result<()> {
        if value.is_finite() && ok { Ok(()) } else { Err(Self::out_of_range(name, value, allowed)) }
    }
}
