//! The name that somebody meant who typed another.

use strsim::damerau_levenshtein;

/// The name among `names` that somebody meant who typed `typed`, if there is a near one. A name is
/// near if at most a third of its letters are missing, added, swapped or changed, or if it alone
/// begins with `typed`.
pub(crate) fn nearest<'a>(
    typed: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let wanted = typed.to_lowercase();
    let distance = |name: &str| damerau_levenshtein(&wanted, &name.to_lowercase());
    let slip = names
        .clone()
        .map(|name| (distance(name), name))
        .filter(|(distance, name)| 3 * distance <= name.chars().count().max(3))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name);
    slip.or_else(|| {
        let mut longer = names.filter(|name| wanted.len() > 2 && name.starts_with(&wanted));
        longer.next().filter(|_| longer.next().is_none())
    })
}

/// `; did you mean NAME?`, or nothing where no name is near.
pub(crate) fn hint<'a>(typed: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    nearest(typed, names).map_or(String::new(), |name| format!("; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        let names = ["epochs", "batch_size", "dropout", "shd-delays", "shd-delays-1ms"];
        for (typed, expected) in [
            ("epoch", Some("epochs")),
            ("Batch_Size", Some("batch_size")),
            ("batchsize", Some("batch_size")),
            ("droptou", Some("dropout")),
            ("shd_delays", Some("shd-delays")),
            ("batch", Some("batch_size")),
            ("shd", None),
            ("beta", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names.iter().copied()), expected, "{typed}");
        }
    }
}
