//! The value of an argument that names a recipe, or something else that the command looks into.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};
use std::ffi::OsStr;
use synfire::Recipe;

/// Takes any text; completions offer the recipes.
#[derive(Debug, Clone, Copy)]
pub struct RecipeName;

impl TypedValueParser for RecipeName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Recipe::all().iter().map(|recipe| PossibleValue::new(recipe.name))))
    }
}
