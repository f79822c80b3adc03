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

const RECIPES: [Recipe; 7] = recipes![
    "quickstart",
    "shd-delays",
    "shd-fixed-delays",
    "shd-no-delays",
    "shd-dale",
    "shd-delays-1ms",
    "ssc-delays"
];

/// Experiments over tasks.
const CONTINUAL: [Recipe; 4] =
    recipes!["permuted-clusters", "pmnist", "pmnist-reference", "split-mnist"];

impl Recipe {
    /// All recipes of `synfire train`; the first is the default.
    pub fn all() -> &'static [Self] {
        &RECIPES
    }

    /// All recipes of `synfire continual`; the first is the default.
    pub fn continual() -> &'static [Self] {
        &CONTINUAL
    }

    /// The recipe of `synfire train` of that name.
    ///
    /// # Errors
    /// [`Error::Config`] that lists all names.
    pub fn find(name: &str) -> Result<Self> {
        Self::find_in(&RECIPES, name, &CONTINUAL, "continual")
    }

    /// The recipe of `synfire continual` of that name.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_continual(name: &str) -> Result<Self> {
        Self::find_in(&CONTINUAL, name, &RECIPES, "train")
    }

    /// The recipe of any command of that name.
    ///
    /// # Errors
    /// [`Error::Config`] that lists the names there are.
    pub fn find_any(name: &str) -> Result<Self> {
        let all = [&RECIPES[..], &CONTINUAL].concat();
        Self::find_in(&all, name, &[], "")
    }

    /// `others` are those of another command.
    fn find_in(recipes: &[Self], name: &str, others: &[Self], command: &str) -> Result<Self> {
        if let Some(recipe) = recipes.iter().find(|recipe| recipe.name == name) {
            return Ok(*recipe);
        }
        let names = recipes.iter().map(|recipe| recipe.name);
        if others.iter().any(|recipe| recipe.name == name) {
            let problem =
                format!("this recipe belongs to another command: synfire {command} {name}");
            return Err(Error::config(name, problem));
        }
        let hint = hint(name, names.clone());
        let names = names.collect::<Vec<_>>().join(", ");
        let what = if name.contains('.') { "file or recipe" } else { "recipe" };
        Err(Error::config(name, format!("there is no such {what}; there are {names}{hint}")))
    }
}
