//! Errors of settings that another crate checks.

use crate::error::Error;

/// An error of the datasets, whose setting stands in a section.
pub(crate) fn within(error: datasets::Error, section: &str) -> Error {
    match error {
        datasets::Error::Parameter(error) => Error::setting(error.within(section)),
        other => other.into(),
    }
}
