//! `synfire recipes`

use crate::arguments::recipes::Recipes;
use crate::output;
use anyhow::Result;
use std::process::ExitCode;
use synfire::{ContinualExperiment, Experiment, Recipe};

pub fn run(arguments: &Recipes) -> Result<ExitCode> {
    match &arguments.name {
        Some(name) => output::print(Recipe::find_any(name)?.text.trim_end())?,
        None => {
            let train = Recipe::all()
                .iter()
                .map(|recipe| Ok((recipe.name, Experiment::recipe(recipe.name)?.description)));
            let continual = Recipe::continual().iter().map(|recipe| {
                Ok((recipe.name, ContinualExperiment::recipe(recipe.name, &[])?.description))
            });
            let train = train.collect::<synfire::Result<Vec<_>>>()?;
            let continual = continual.collect::<synfire::Result<Vec<_>>>()?;
            let names = train.iter().chain(&continual).map(|(name, _)| name.len());
            let width = names.max().unwrap_or(0);
            for (name, description) in train {
                output::print(format!("{name:width$}  {description}"))?;
            }
            for (name, description) in continual {
                output::print(format!("{name:width$}  {description} (synfire continual)"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
