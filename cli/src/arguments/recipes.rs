//! `synfire recipes`

use crate::recipe_name::RecipeName;
use clap::Args;

/// List the experiments inside the program, or print one
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire recipes
  synfire recipes shd-delays > my-experiment.toml")]
pub struct Recipes {
    /// Print the configuration file of this recipe
    #[arg(value_name = "NAME", value_parser = RecipeName, hide_possible_values = true)]
    pub name: Option<String>,
}
