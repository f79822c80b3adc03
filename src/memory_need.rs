//! How much memory is about to be asked for, by part.

use crate::error::{Error, Result};
use crate::memory::{available_bytes, gib};

/// Bytes by part.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MemoryNeed {
    parts: Vec<(&'static str, f64)>,
}

impl MemoryNeed {
    /// The need of these parts, each with its bytes. Bytes are `f64`, since a need that is too
    /// large may be beyond any integer.
    pub(crate) fn new(parts: impl IntoIterator<Item = (&'static str, f64)>) -> Self {
        Self { parts: parts.into_iter().filter(|(_, bytes)| *bytes > 0.0).collect() }
    }

    /// The same, and one part more.
    pub(crate) fn and(mut self, part: &'static str, bytes: f64) -> Self {
        self.parts.extend((bytes > 0.0).then_some((part, bytes)));
        self
    }

    /// The parts with their bytes, as estimated.
    pub fn parts(&self) -> &[(&'static str, f64)] {
        &self.parts
    }

    /// Bytes of all parts together.
    pub fn total(&self) -> f64 {
        self.parts.iter().map(|(_, bytes)| bytes).sum()
    }

    /// The bytes of one part.
    pub(crate) fn of(&self, part: &str) -> f64 {
        self.parts.iter().filter(|(name, _)| *name == part).map(|(_, bytes)| bytes).sum()
    }

    /// What is needed in words, e.g. `3.0 GiB (gradients 1.0 GiB, spikes 2.0 GiB)`.
    pub fn in_words(&self) -> String {
        let parts: Vec<String> =
            self.parts.iter().map(|(name, bytes)| format!("{name} {}", gib(*bytes))).collect();
        format!("{} ({})", gib(self.total()), parts.join(", "))
    }

    /// Checks that there is enough memory; `problem` begins the sentence of the error, and `remedy`
    /// ends it.
    ///
    /// # Errors
    /// [`Error::Setting`] where there is less.
    pub(crate) fn check(&self, problem: &str, remedy: &str) -> Result<()> {
        self.check_against(available_bytes() as f64, problem, remedy)
    }

    fn check_against(&self, available: f64, problem: &str, remedy: &str) -> Result<()> {
        if self.total() <= available {
            return Ok(());
        }
        let (needed, available) = (self.in_words(), gib(available));
        Err(Error::Memory {
            problem: format!(
                "{problem} takes about {needed} of memory, but {available} are available; {remedy}"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: f64 = (1u64 << 30) as f64;

    #[test]
    fn what_is_needed_is_said_by_part() {
        let need = MemoryNeed::new([("gradients", GIB), ("nothing", 0.0), ("spikes", 2.0 * GIB)]);
        assert_eq!(need.in_words(), "3.0 GiB (gradients 1.0 GiB, spikes 2.0 GiB)");
        assert!(need.check_against(3.0 * GIB, "it", "wait").is_ok());
        assert_eq!(
            need.check_against(2.5 * GIB, "it", "wait").unwrap_err().to_string(),
            "it takes about 3.0 GiB (gradients 1.0 GiB, spikes 2.0 GiB) of memory, but 2.5 GiB are \
             available; wait"
        );
    }

    #[test]
    fn what_is_beyond_every_integer_is_refused_too() {
        let need = MemoryNeed::new([("weights", 1e300), ("delays", 1e300)]);
        assert!(need.check("it", "wait").is_err());
    }
}
