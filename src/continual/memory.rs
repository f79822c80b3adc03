//! How much memory a run over tasks takes, before it asks for it.

use crate::continual::data::ImageSourceSettings;
use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::error::Result;
use crate::memory_need::MemoryNeed;
use crate::network::batch_memory::Work;
use crate::network::expansion::Sizes;
use crate::training_work::training_work;
use datasets::TaskSequence;
use sim_core::{Network, Synapses};

/// Bytes of a number.
const NUMBER: f64 = 4.0;

impl ContinualExperiment {
    /// Refuses made-up images that would not fit into memory.
    pub(crate) fn check_image_memory(&self) -> Result<()> {
        let ImageSourceSettings::Clusters(images) = &self.data.source else { return Ok(()) };
        let count = images.train as f64 + images.test as f64;
        let pixels = (images.side as f64).powi(2);
        // A byte per pixel, and the matrix of doubles that every image is projected by.
        let matrix = 8.0 * pixels * images.dimension as f64;
        let need = MemoryNeed::new([("images", count * pixels), ("their projection", matrix)]);
        need.check("data.source: making these images up", "lower train, test or side")
    }

    /// Refuses a network whose weights alone would not fit into memory, before it is built.
    pub(crate) fn check_network_memory(&self, sequence: &TaskSequence) -> Result<()> {
        let need = self.network.memory_need(sizes(sequence), self.data.dt_ms, Work::default())?;
        need.check(&self.network.size_in_words().1, "lower it")
    }

    /// Refuses batches, or a method, for which memory would not suffice.
    pub(crate) fn check_training_memory(
        &self,
        sequence: &TaskSequence,
        network: &Network,
    ) -> Result<()> {
        let longest = sequence.tasks().iter().map(|task| task.train.len()).max().unwrap_or(0);
        let work = Work {
            batch: self.training.batch_size.min(longest),
            steps: self.data.steps,
            entries: self.data.steps * sequence.channels(),
            ..training_work(&self.training, &self.network, self.data.dt_ms)
        };
        let batch = self.network.memory_need(sizes(sequence), self.data.dt_ms, work)?;
        let kept = self.kept_bytes(network, sequence.len());
        let (size, sized) = self.network.size_in_words();
        let need = batch.and("what the method keeps", kept);
        let remedy = if 2.0 * kept > need.total() {
            format!("take another method, or lower {size} or the pixels of the images")
        } else {
            format!("lower training.batch_size, data.steps or {size}")
        };
        need.check(&format!("training {sized} by the method {}", self.method), &remedy)
    }

    /// About how many bytes the method keeps beside the network.
    fn kept_bytes(&self, network: &Network, tasks: usize) -> f64 {
        let dense =
            network.projections.iter().filter_map(|projection| match &projection.synapses {
                Synapses::Dense(dense) => Some(dense),
                Synapses::Sparse(_) => None,
            });
        let of_each = dense.enumerate().map(|(place, dense)| {
            let (inputs, weights) = (dense.pre as f64, dense.weight.len() as f64);
            let rows = match self.method {
                Method::Hlop => self.methods.hlop.as_ref().map_or(0, |hlop| {
                    let listed = hlop.projections.as_ref();
                    let place = listed.map_or(Some(place), |all| {
                        all.iter().position(|&projection| projection == place)
                    });
                    let known = if hlop.rows.is_empty() { 0 } else { tasks };
                    let of_task = |task| Some(*hlop.rows_of(task).get(place?)?);
                    (0..known).filter_map(of_task).fold(0, usize::saturating_add)
                }),
                // A task has at most as many directions as samples.
                Method::Gpm => tasks.saturating_mul(self.end_samples),
                _ => 0,
            };
            let rows = (rows as f64).min(inputs);
            // Many rows are applied as one matrix.
            let whole = if 2.0 * rows > inputs { inputs * inputs } else { 0.0 };
            match self.method {
                Method::Hlop => 3.0 * rows * inputs + whole,
                Method::Gpm => {
                    let samples = self.end_samples as f64 * inputs;
                    rows * inputs + whole + 4.0 * samples
                }
                Method::Owm => inputs * inputs + weights,
                // Sums in double precision, the strengths, and where the springs are tied.
                Method::Ewc => 4.0 * weights,
                Method::Sequential | Method::Joint | Method::Replay => 0.0,
            }
        });
        NUMBER * of_each.sum::<f64>()
    }
}

fn sizes(sequence: &TaskSequence) -> Sizes {
    Sizes { channels: sequence.channels(), classes: sequence.outputs() }
}
