//! Training of task after task that stops anywhere and goes on from a checkpoint: the same bits.

use crate::checkpoint_file::CheckpointFile;
use crate::continual::elastic_weights::{ElasticWeights, ElasticWeightsSettings};
use crate::continual::gradient_projection_memory::{
    Directions, GradientProjectionMemory, GradientProjectionMemorySettings,
};
use crate::continual::hebbian_projection::{HebbianProjection, HebbianProjectionSettings};
use crate::continual::orthogonal_weights::{OrthogonalWeights, OrthogonalWeightsSettings};
use crate::continual::small_network::{CLASSES, INPUTS, LABELS, images, small_network};
use crate::protection::Protection;
use crate::settings::TrainingSettings;
use crate::trainer::epochs::EpochTrainer;
use layered::LayeredEngine;
use sim_core::{SampleSource, Seed, SpikeFrames};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

const TASKS: usize = 3;
const STEPS_OF_A_TASK: usize = 3;

/// The images of a task.
#[derive(Debug)]
struct Task(Vec<SpikeFrames>);

impl SampleSource for Task {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn channels(&self) -> usize {
        INPUTS
    }

    fn classes(&self) -> usize {
        CLASSES
    }

    fn label(&self, sample: usize) -> usize {
        LABELS[sample]
    }

    fn frames_into(&self, sample: usize, _epoch: Option<u64>, frames: &mut SpikeFrames) {
        frames.clone_from(&self.0[sample]);
    }
}

/// One protection of each kind.
fn protections() -> [Box<dyn Protection>; 4] {
    let network = small_network();
    let rows = HebbianProjectionSettings::with_rows(vec![vec![2, 2], vec![1, 1]]);
    let memory = GradientProjectionMemorySettings {
        directions: Directions::Thresholds(vec![0.9, 0.8]),
        projections: None,
    };
    let springs = ElasticWeightsSettings { strength: 10.0 };
    [
        Box::new(HebbianProjection::new(&network, rows, Seed(6)).unwrap()),
        Box::new(GradientProjectionMemory::new(&network, memory).unwrap()),
        Box::new(OrthogonalWeights::new(&network, OrthogonalWeightsSettings::default()).unwrap()),
        Box::new(ElasticWeights::new(&network, springs).unwrap()),
    ]
}

/// A trainer of one epoch for each task.
fn trainer(protection: usize) -> EpochTrainer {
    let network = small_network();
    let settings = TrainingSettings {
        batch_size: LABELS.len() / STEPS_OF_A_TASK,
        epochs: TASKS,
        dropout: 0.0,
        ..TrainingSettings::default()
    };
    let engine = Box::new(LayeredEngine::new(&network).unwrap());
    let trainer = EpochTrainer::new(network, engine, settings, Seed(1)).unwrap();
    let [hebbian, memory, orthogonal, elastic] = protections();
    trainer.with_protection(match protection {
        0 => hebbian,
        1 => memory,
        2 => orthogonal,
        _ => elastic,
    })
}

/// Trains all tasks; after `stop` steps, another trainer goes on from a checkpoint. Returns the
/// checkpoint at the end.
fn trained(protection: usize, stop: Option<usize>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let (mut now, mut steps) = (trainer(protection), 0);
    let all: Vec<usize> = (0..LABELS.len()).collect();
    for task in 0..TASKS {
        let data = Task(images(task as u64));
        now.begin_task(task).unwrap();
        loop {
            let flow = now.train_epoch(&data, &all, &mut |_| {
                steps += 1;
                if Some(steps) == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if flow.unwrap().is_continue() {
                break;
            }
            now.save(&path, &BTreeMap::new()).unwrap();
            now = trainer(protection).resume(&CheckpointFile::open(&path).unwrap()).unwrap();
        }
        now.end_task(&data.0, &LABELS).unwrap();
    }
    assert_eq!(steps, TASKS * STEPS_OF_A_TASK);
    now.save(&path, &BTreeMap::new()).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn tasks_may_stop_behind_any_step() {
    for protection in 0..protections().len() {
        let whole = trained(protection, None);
        for stop in 1..=TASKS * STEPS_OF_A_TASK {
            assert!(trained(protection, Some(stop)) == whole, "{protection}, {stop} steps");
        }
    }
}

/// A checkpoint of one method is not taken for one of another.
#[test]
fn another_protection_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    for saved in 0..protections().len() {
        trainer(saved).save(&path, &BTreeMap::new()).unwrap();
        for other in (0..protections().len()).filter(|other| *other != saved) {
            let refused = trainer(other).resume(&CheckpointFile::open(&path).unwrap());
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("has no state"), "{refused}");
        }
    }
}
