//! What a run would be, before anything is written: what it builds, and what it takes.

use crate::bench::schedule_points;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::memory::{available_bytes, gib};
use crate::memory_need::MemoryNeed;
use crate::own_parts::OwnParts;
use crate::prepared_run::{Prepared, announcement};
use crate::run_folder::RunFolder;
use datasets::counted;
use plasticity::EpochTrainer;
use sim_core::SampleSource;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

/// Training steps before the clock runs, and those that are timed, at each width of the kernels.
const STEPS: [usize; 2] = [1, 2];
/// Widths of the kernels at which steps are timed, beside the last.
const POINTS: usize = 2;

/// What a run would be. Nothing is written.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// What a run says when it begins, a sentence each.
    pub announcement: Vec<String>,
    /// Weights, delays, gains and biases that would learn.
    pub parameters: usize,
    /// Memory that batches would take, by part; an estimate.
    pub memory: MemoryNeed,
    /// Bytes that are available.
    pub available_bytes: u64,
    /// Seconds of training and validation over all epochs, from steps that were timed here.
    pub seconds: f64,
    /// Training steps that were timed.
    pub timed_steps: usize,
}

impl DryRun {
    /// Prepares a run and times a few of its training steps. `folder` is the folder that the run
    /// would have, if it is known.
    ///
    /// # Errors
    /// As [`TrainingRun::create`](crate::TrainingRun::create).
    pub fn new(
        experiment: Experiment,
        folder: Option<&Path>,
        overwrite: bool,
        threads: Option<usize>,
    ) -> Result<Self> {
        if let Some(folder) = folder {
            RunFolder::refuse_taken(folder, overwrite)?;
        }
        let Prepared { experiment, data, split, mut trainer, threads, started, .. } =
            Prepared::new(experiment, OwnParts::default(), threads)?;
        let need = experiment.memory_need(&*data.dataset, true)?;
        let memory = need.map_or_else(MemoryNeed::default, |(_, need)| need);
        let available_bytes = available_bytes();
        threads.install(|| {
            let mut announcement = announcement(&experiment, &data, &split, &trainer);
            announcement.extend(started.iter().flat_map(|started| started.origin.lines()));
            let parameters = trainer.trainer().parameter_count();
            let points = schedule_points(&experiment, POINTS);
            let mut by_sample = 0.0;
            for &(epoch, weight) in &points {
                trainer.move_to_epoch(epoch);
                by_sample +=
                    weight * seconds_by_sample(&mut trainer, &*data.dataset, &split.train)?;
            }
            let some =
                &split.validation[..split.validation.len().min(experiment.training.batch_size)];
            let start = Instant::now();
            trainer.evaluate(&*data.dataset, some)?;
            let evaluated = start.elapsed().as_secs_f64() / some.len() as f64;
            let epoch_seconds =
                by_sample * split.train.len() as f64 + evaluated * split.validation.len() as f64;
            Ok(Self {
                announcement,
                parameters,
                memory,
                available_bytes,
                seconds: epoch_seconds * experiment.training.epochs as f64,
                timed_steps: points.len() * STEPS[1],
            })
        })
    }

    /// The report in sentences.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.announcement.clone();
        lines.push(format!(
            "memory: about {}, beside the recordings; {} are available",
            self.memory.in_words(),
            gib(self.available_bytes as f64)
        ));
        lines.push(format!(
            "time: about {} for all epochs, after {} timed here; neurons that learn fire \
             differently, so it may be half or twice that",
            duration(self.seconds),
            counted(self.timed_steps, "training step")
        ));
        lines.push("nothing was written".into());
        lines
    }
}

/// Seconds of a training step by sample, at the epoch where the trainer is.
fn seconds_by_sample(
    trainer: &mut EpochTrainer,
    samples: &dyn SampleSource,
    train: &[usize],
) -> Result<f64> {
    let batch = trainer.settings().batch_size.min(train.len());
    let [before, timed] = STEPS;
    let several: Vec<usize> =
        train.iter().copied().cycle().take(batch * (before + timed)).collect();
    let (mut steps, mut start) = (0, Instant::now());
    let _ = trainer.train_epoch(samples, &several, &mut |_| {
        steps += 1;
        if steps == before {
            start = Instant::now();
        }
        ControlFlow::Continue(())
    })?;
    Ok(start.elapsed().as_secs_f64() / (batch * timed) as f64)
}

/// Seconds in the unit that suits them.
fn duration(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        let shown = [0.04, 3.2, 119.0, 600.0, 9000.0, 500_000.0].map(duration);
        assert_eq!(shown, ["0.0 s", "3 s", "119 s", "10 min", "2.5 h", "5.8 days"]);
    }
}
