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

/// The samples of `task`, as `method` trains on them in an epoch of the trainer.
///
/// # Errors
/// Sources that cannot be joined.
pub(crate) fn training_samples(
    sequence: &TaskSequence,
    (task, epoch): (usize, usize),
    method: Method,
    replay: &ReplaySettings,
    seed: Seed,
) -> Result<TaskSamples> {
    let tasks = sequence.tasks();
    let own = Arc::clone(&tasks[task].train);
    let all = || (0..own.len()).collect::<Vec<_>>();
    match method {
        Method::Joint => joint(tasks, epoch, seed),
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

/// The samples of all tasks, dealt at random to as many epochs as there are tasks, and dealt anew
/// for the next as many: in the end, each sample has been learned as often as in any other method.
fn joint(tasks: &[Task], epoch: usize, seed: Seed) -> Result<TaskSamples> {
    let (deal, part) = (epoch / tasks.len(), epoch % tasks.len());
    let mut source = Arc::clone(&tasks[0].train);
    for task in &tasks[1..] {
        source = Arc::new(JoinedSamples::new(source, Arc::clone(&task.train))?);
    }
    let mut order: Vec<usize> = (0..source.len()).collect();
    order.shuffle(&mut seed.stream(Purpose::Replay, deal as u64, 0));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::experiment::ContinualExperiment;
    use crate::continual::prepared_tasks::PreparedTasks;
    use crate::overrides::Override;

    const PER_CLASS: usize = 3;

    /// Four tasks of ten classes, 200 training samples each.
    fn sequence() -> TaskSequence {
        let change = "data.source={ kind = 'clusters', train = 200, test = 20 }";
        let changes = [Override::parse(change).unwrap()];
        let experiment = ContinualExperiment::recipe("permuted-clusters", &changes).unwrap();
        PreparedTasks::new(&experiment, Some(1)).unwrap().sequence
    }

    fn samples(sequence: &TaskSequence, task: usize, method: Method, share: f64) -> TaskSamples {
        let replay = ReplaySettings { per_class: PER_CLASS, share };
        training_samples(sequence, (task, task), method, &replay, Seed(4)).unwrap()
    }

    #[test]
    fn a_task_is_learned_from_its_own_samples() {
        let sequence = sequence();
        for method in [Method::Hlop, Method::Sequential, Method::Replay] {
            let own = samples(&sequence, 0, method, 0.5);
            assert_eq!((own.indices, own.source.len()), ((0..200).collect(), 200), "{method}");
        }
    }

    #[test]
    fn replay_adds_stored_samples_of_all_earlier_tasks() {
        let sequence = sequence();
        for (task, share, added) in [(1, 0.5, 200), (2, 0.2, 50)] {
            let TaskSamples { source, indices } = samples(&sequence, task, Method::Replay, share);
            assert_eq!(source.len(), 200 * (task + 1));
            let (own, stored) = indices.split_at(200);
            assert!(own.iter().copied().eq(0..200));
            assert_eq!(stored.len(), added);
            let mut distinct = stored.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            let kept = 10 * PER_CLASS * task;
            assert_eq!(distinct.len(), kept.min(added), "all are used before one comes again");
            for earlier in 1..=task {
                let of_task = |sample: &&usize| **sample / 200 == earlier;
                assert!(distinct.iter().filter(of_task).count() <= 10 * PER_CLASS);
            }
        }
    }

    #[test]
    fn joint_parts_hold_each_sample_of_all_tasks_once_and_are_dealt_anew() {
        let sequence = sequence();
        let of_epoch = |epoch: usize| {
            let replay = ReplaySettings::default();
            training_samples(&sequence, (epoch / 2, epoch), Method::Joint, &replay, Seed(4))
                .unwrap()
        };
        let parts: Vec<Vec<usize>> = (0..8).map(|epoch| of_epoch(epoch).indices).collect();
        assert!(parts.iter().all(|part| part.len() == 200));
        assert!(parts[0].iter().any(|&sample| sample >= 600), "a part mixes the tasks");
        assert!(parts.iter().skip(1).all(|part| *part != parts[0]));
        for dealt in parts.chunks_exact(4) {
            let mut all = dealt.concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..800));
        }
    }

    #[test]
    fn stored_samples_are_some_of_each_class() {
        let sequence = sequence();
        let source = &*sequence.tasks()[0].train;
        let stored = stored_samples(source, PER_CLASS, Seed(4));
        assert_eq!(stored, stored_samples(source, PER_CLASS, Seed(4)));
        assert_ne!(stored, stored_samples(source, PER_CLASS, Seed(5)));
        for class in 0..10 {
            let of_class = stored.iter().filter(|&&sample| source.label(sample) == class);
            assert_eq!(of_class.count(), PER_CLASS, "class {class}");
        }
        assert_eq!(stored_samples(source, 1000, Seed(4)).len(), 200);
        assert_eq!(end_samples(source, 7, Seed(4)).len(), 7);
        assert_eq!(end_samples(source, 1000, Seed(4)).len(), 200);
    }
}
