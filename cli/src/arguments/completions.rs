//! `synfire completions`

use clap::Args;
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire completions bash > ~/.local/share/bash-completion/completions/synfire
  synfire completions zsh > ~/.zfunc/_synfire                     with fpath+=~/.zfunc before \
compinit in ~/.zshrc
  synfire completions fish > ~/.config/fish/completions/synfire.fish

Recipes are offered where one can be named, beside files where those can be.")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}
