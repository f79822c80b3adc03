//! Names of the files and folders within a run's folder.

use crate::run_mark::ENVIRONMENT;

pub(crate) const CONFIG: &str = "config.toml";
pub(crate) const SPLIT: &str = "split.csv";
pub(crate) const METRICS: &str = "metrics.csv";
pub(crate) const WEIGHTS: &str = "weights.csv";
pub(crate) const DELAYS: &str = "delays.csv";
pub(crate) const RESULT: &str = "result.json";
pub(crate) const LOG: &str = "log.txt";

/// The files at the top.
pub(crate) const FILES: [&str; 8] =
    [CONFIG, ENVIRONMENT, SPLIT, METRICS, WEIGHTS, DELAYS, RESULT, LOG];

/// The folders.
pub(crate) const PARTS: [&str; 3] = ["checkpoints", "plots", "spikes"];
