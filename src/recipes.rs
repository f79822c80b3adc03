//! Experiments that ship with synfire.

use crate::error::{Error, Result};
use crate::nearest::hint;

/// An experiment inside the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Name as typed.
    pub name: &'static str,
    /// The configuration file, with its comments.
    pub text: &'static str,
}

macro_rules! recipes {
    ($($name:literal),* $(,)?) => {
        [$(Recipe { name: $name, text: include_str!(concat!("../recipes/", $name, ".toml")) }),*]
    };
}

const RECIPES: [Recipe; 6] = recipes![
    "quickstart",
    "shd-delays",
    "shd-fixed-delays",
    "shd-no-delays",
    "shd-delays-1ms",
    "ssc-delays"
];

impl Recipe {
    /// All recipes; the first is the default.
    pub fn all() -> &'static [Self] {
        &RECIPES
    }

    /// The recipe of that name.
    ///
    /// # Errors
    /// [`Error::Config`] that lists all names.
    pub fn find(name: &str) -> Result<Self> {
        RECIPES.iter().find(|recipe| recipe.name == name).copied().ok_or_else(|| {
            let names = RECIPES.iter().map(|recipe| recipe.name);
            let hint = hint(name, names.clone());
            let names = names.collect::<Vec<_>>().join(", ");
            let what = if name.contains('.') { "file or recipe" } else { "recipe" };
            Error::config(name, format!("there is no such {what}; there are {names}{hint}"))
        })
    }
}
