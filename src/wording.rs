//! How numbers are put into words.

/// A number with its noun: `1 epoch`, `2 epochs`, `2 classes`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    let plural = if what.ends_with('s') { "es" } else { "s" };
    format!("{number} {what}{}", if number == 1 { "" } else { plural })
}
