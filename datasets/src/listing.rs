//! Names and numbers as sentences show them: each name on one line, and none blank.

use crate::shown_name::shown_name;

/// A number with its noun: `1 epoch`, `2 epochs`, `2 classes`.
pub fn counted(number: usize, what: &str) -> String {
    let plural = if what.ends_with('s') { "es" } else { "s" };
    format!("{number} {what}{}", if number == 1 { "" } else { plural })
}

/// Up to eight names, and how many more there are.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    listed_up_to(8, names)
}

/// The first `most` names, and how many more there are.
pub(crate) fn listed_up_to(most: usize, names: &[impl AsRef<str>]) -> String {
    let names_shown = names.iter().take(most).map(|name| shown_name(name.as_ref()));
    let shown: Vec<_> = names_shown.collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_follow_their_number() {
        let told = [(0, "class"), (1, "class"), (2, "class"), (1, "epoch"), (2, "epoch")];
        let told = told.map(|(number, what)| counted(number, what));
        assert_eq!(told, ["0 classes", "1 class", "2 classes", "1 epoch", "2 epochs"]);
    }

    #[test]
    fn many_names_are_cut_short() {
        assert_eq!(listed(&["a", "b"]), "a, b");
        let many: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        assert_eq!(listed(&many), "0, 1, 2, 3, 4, 5, 6, 7 and 2 more");
    }
}
