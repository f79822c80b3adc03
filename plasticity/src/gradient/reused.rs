//! Memory that one step leaves to the next.

/// Memory that steps use again. It is no part of a state: all are equal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reused<T>(pub T);

impl<T> PartialEq for Reused<T> {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}
