//! Which samples a method trains on in each task, and which it stores.

use crate::continual::method::{Method, ReplaySettings};
use crate::error::Result;
use datasets::{JoinedSamples, Task, TaskSequence};
use rand::seq::SliceRandom;
use sim_core::{Purpose, SampleSource, Seed};
use std::sync::Arc;

/// Samples to train on, by their indices in a source; an index may come several times.
#[derive(Debug, Clone)]
pub(crate) struct TaskSamples {
    pub source: Arc<dyn SampleSource>,
    pub indices: Vec<usize>,
}

/// The samples of `task`, as `method` trains on them.
///
/// # Errors
/// Sources that cannot be joined.
pub(crate) fn training_samples(
    sequence: &TaskSequence,
    task: usize,
    method: Method,
    replay: &ReplaySettings,
    seed: Seed,
) -> Result<TaskSamples> {
    let tasks = sequence.tasks();
    let own = Arc::clone(&tasks[task].train);
    let all = || (0..own.len()).collect::<Vec<_>>();
    match method {
        Method::Joint => joint(tasks, task, seed),
        Method::Replay if task > 0 => {
            let mut indices = all();
            let mut source = Arc::clone(&own);
            let mut kept = Vec::new();
            for earlier in &tasks[..task] {
                let first = source.len();
                let of_task = stored_samples(&*earlier.train, replay.per_class, seed);
                kept.extend(of_task.into_iter().map(|sample| first + sample));
                source = Arc::new(JoinedSamples::new(source, Arc::clone(&earlier.train))?);
            }
            // As many of them as make up the share, all equally often but for a remainder.
            let wanted = replay.share / (1.0 - replay.share) * own.len() as f64;
            kept.shuffle(&mut seed.stream(Purpose::Replay, task as u64, 1));
            indices.extend(kept.iter().cycle().take(wanted.round() as usize));
            Ok(TaskSamples { source, indices })
        }
        _ => Ok(TaskSamples { indices: all(), source: own }),
    }
}

/// The samples of all tasks, dealt at random to as many parts as there are tasks: after the last
/// part, each sample has been learned as often as in any other method.
fn joint(tasks: &[Task], part: usize, seed: Seed) -> Result<TaskSamples> {
    let mut source = Arc::clone(&tasks[0].train);
    for task in &tasks[1..] {
        source = Arc::new(JoinedSamples::new(source, Arc::clone(&task.train))?);
    }
    let mut order: Vec<usize> = (0..source.len()).collect();
    order.shuffle(&mut seed.stream(Purpose::Replay, 0, 0));
    let bound = |part: usize| part * order.len() / tasks.len();
    let indices = order[bound(part)..bound(part + 1)].to_vec();
    Ok(TaskSamples { source, indices })
}

/// Up to `per_class` samples of each class, chosen at random.
pub(crate) fn stored_samples(
    samples: &dyn SampleSource,
    per_class: usize,
    seed: Seed,
) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.shuffle(&mut seed.stream(Purpose::Replay, 0, 2));
    let mut of_class = vec![0; samples.classes()];
    order.retain(|&sample| {
        let stored = &mut of_class[samples.label(sample)];
        *stored += 1;
        *stored <= per_class
    });
    order
}

/// `count` of the samples at random, or all where there are fewer.
pub(crate) fn end_samples(samples: &dyn SampleSource, count: usize, seed: Seed) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.shuffle(&mut seed.stream(Purpose::Replay, 0, 3));
    order.truncate(count);
    order
}
