//! Names of classes and tasks beside an axis: short, and no two alike.

use crate::font;
use std::collections::BTreeSet;

/// The names at a type size, shortened where they are wider than `longest`; their numbers, counted
/// from `first`, are before them where shortening would make two alike.
pub(crate) fn short_names(names: &[String], size: f64, longest: f64, first: usize) -> Vec<String> {
    let shorten = |name: &str| font::shorten(name, size, false, longest);
    let short: Vec<String> = names.iter().map(|name| shorten(name)).collect();
    let apart: BTreeSet<&String> = short.iter().collect();
    if apart.len() == short.len() {
        return short;
    }
    let numbered = |(index, name): (usize, &String)| shorten(&format!("{}: {name}", first + index));
    names.iter().enumerate().map(numbered).collect()
}

/// Width of the widest name at a type size.
pub(crate) fn widest(names: &[String], size: f64) -> f64 {
    names.iter().map(|name| font::text_width(name, size, false)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_shortening_makes_alike_are_numbered() {
        let long = |end: &str| format!("a class whose name is long and ends in {end}");
        let short = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            short_names(&names, 7.0, 96.0, 1)
        };
        let drawn = short(&[&long("one"), &long("two"), "three"]);
        assert!(drawn[0].starts_with("1: a class") && drawn[1].starts_with("2: a class"));
        assert_eq!(short(&["one", &long("two")])[0], "one");
        assert!(widest(&drawn, 7.0) <= 96.0);
    }
}
