//! Learning task after task: an experiment, a run, what it came to.
//!
//! | file | question it answers |
//! |---|---|
//! | `experiment` | what does a configuration file of `synfire continual` hold? |
//! | `data` | where do images come from, and how do they become input? |
//! | `method` | by which method are earlier tasks kept? |
//! | `task_loss` | which outputs compete, where each task has its own? |
//! | `task_samples` | which samples does a method train on in a task? |
//! | `memory` | does a run fit into memory? |
//! | `prepared_tasks` | what is there before anything is trained? |
//! | `run`, `progress` | how is the walk over tasks stopped, and gone on with? |
//! | `result`, `tables` | what did the tasks come to? |
//! | `task_activity` | how far do the tasks overlap? |
//! | `task_evaluation` | how well does a network do on the tasks that it has learned? |
//! | `drawing` | which figures show it? |
//! | `summary` | what is in a run? |
//! | `seeds` | what do several seeds come to? |

pub(crate) mod data;
pub(crate) mod drawing;
pub(crate) mod experiment;
pub(crate) mod folder;
mod memory;
pub(crate) mod method;
pub(crate) mod prepared_tasks;
pub(crate) mod progress;
pub(crate) mod result;
pub(crate) mod run;
pub(crate) mod seeds;
mod setting;
pub(crate) mod summary;
pub(crate) mod tables;
mod task_activity;
pub(crate) mod task_evaluation;
mod task_loss;
mod task_samples;

#[cfg(test)]
mod tests;
