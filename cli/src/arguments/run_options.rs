//! What every command that makes or goes on with a run takes.

use crate::arguments::whole::{LARGEST_SEED, MOST_THREADS, whole};
use clap::Args;
use std::path::PathBuf;
use synfire::Override;

/// How a run is made, or gone on with.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// Change one value of the configuration, e.g. training.epochs=2; may be repeated
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "resume")]
    pub set: Vec<String>,
    /// Go on with the run in this folder, bit for bit as if it had not stopped
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// Threads; results do not depend on them [default: one per processor]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<u16>(1, MOST_THREADS),
    )]
    threads: Option<u16>,
    /// The seed all random numbers descend from, up to 2^63 - 1
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "resume",
        allow_negative_numbers = true,
        value_parser = whole::<u64>(0, LARGEST_SEED),
    )]
    seed: Option<u64>,
    /// Print nothing but errors and the result
    #[arg(long, short)]
    pub quiet: bool,
    /// Replace an earlier run in --out
    #[arg(long, conflicts_with = "resume")]
    pub overwrite: bool,
}

impl RunOptions {
    /// The number of threads that was asked for.
    pub fn threads(&self) -> Option<usize> {
        self.threads.map(usize::from)
    }

    /// The seed as a change of the configuration.
    pub fn seed(&self) -> Option<synfire::Result<Override>> {
        let change = |seed| Override::named(format!("--seed {seed}"), &format!("seed={seed}"));
        self.seed.map(change)
    }
}
