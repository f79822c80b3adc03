//! Names of the files and folders within a run's folder.

use crate::run_mark::ENVIRONMENT;

pub(crate) const CONFIG: &str = "config.toml";
pub(crate) const SPLIT: &str = "split.csv";
pub(crate) const METRICS: &str = "metrics.csv";
pub(crate) const WEIGHTS: &str = "weights.csv";
pub(crate) const DELAYS: &str = "delays.csv";
pub(crate) const RESULT: &str = "result.json";
pub(crate) const LOG: &str = "log.txt";
pub(crate) const TASKS: &str = "tasks.csv";
pub(crate) const ACCURACY: &str = "accuracy.csv";
pub(crate) const CURVE: &str = "curve.csv";
pub(crate) const SUBSPACES: &str = "subspaces.csv";
pub(crate) const RESIDUALS: &str = "residuals.csv";
pub(crate) const ANGLES: &str = "angles.csv";
pub(crate) const OUTCOME: &str = "outcome.csv";

/// The files at the top.
pub(crate) const FILES: [&str; 15] = [
    CONFIG,
    ENVIRONMENT,
    SPLIT,
    METRICS,
    WEIGHTS,
    DELAYS,
    RESULT,
    LOG,
    TASKS,
    ACCURACY,
    CURVE,
    SUBSPACES,
    RESIDUALS,
    ANGLES,
    OUTCOME,
];

/// The folders.
pub(crate) const PARTS: [&str; 3] = ["checkpoints", "plots", "spikes"];
