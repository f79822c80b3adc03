//! One file per verb.

pub mod bench;
pub mod check;
pub mod completions;
pub mod continual;
pub mod convert;
pub mod data;
pub mod data_check;
pub mod evaluate;
mod evaluate_tasks;
pub mod export;
pub mod import;
pub mod info;
pub mod pack;
pub mod plot;
pub mod prune;
pub mod recipes;
pub mod simulate;
pub mod train;
