//! `synfire recipes`

use crate::arguments::recipes::Recipes;
use crate::output;
use anyhow::Result;
use std::process::ExitCode;
use synfire::{Experiment, Recipe};

pub fn run(arguments: &Recipes) -> Result<ExitCode> {
    match &arguments.name {
        Some(name) => output::print(Recipe::find(name)?.text.trim_end())?,
        None => {
            let width = Recipe::all().iter().map(|recipe| recipe.name.len()).max().unwrap_or(0);
            for recipe in Recipe::all() {
                output::print(format!(
                    "{:width$}  {}",
                    recipe.name,
                    Experiment::recipe(recipe.name)?.description
                ))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
