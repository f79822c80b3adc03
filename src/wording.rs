//! How numbers are put into words.

/// A number with its noun: `1 epoch`, `2 epochs`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
