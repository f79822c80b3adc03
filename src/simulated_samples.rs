//! Samples of a run, one after the other through the clock engine, each with logs of its own.

use crate::chosen_samples::ChosenSamples;
use crate::error::{Error, Result};
use crate::network::description::Description;
use crate::simulation::{LogSettings, Simulation, SimulationLog};
use crate::threads::thread_pool;
use crate::trained_run::TrainedRun;
use plasticity::gradient::Loss;
use rayon::prelude::*;
use sim_core::{ClockEngine, Horizon, Network, Seed};
use std::path::Path;
use std::sync::Arc;

/// Samples that an engine simulates before those of the others are waited for.
const RUN: usize = 4;

/// What became of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedSample {
    /// Index of the sample.
    pub index: usize,
    /// Its class.
    pub label: usize,
    /// The class it was taken for.
    pub predicted: usize,
    /// Number of steps.
    pub steps: usize,
    /// Its logs.
    pub log: SimulationLog,
}

impl TrainedRun {
    /// Simulates `samples` and logs sample K into `folder` as `sample-K`, see [`Simulation::log`].
    /// `each` is shown every sample as soon as those before it are done, in the order of their
    /// indices. Neither that order nor a byte of the logs depends on the number of threads.
    ///
    /// # Errors
    /// A log that is there already and is not to be replaced, before anything is simulated; as
    /// [`Simulation::log`]; what `each` returns. What was logged by then stays.
    pub fn simulate<E: From<Error> + Send>(
        &self,
        samples: &ChosenSamples,
        settings: &LogSettings,
        folder: &Path,
        threads: Option<usize>,
        each: impl FnMut(SimulatedSample) -> std::result::Result<(), E> + Send,
    ) -> std::result::Result<(), E> {
        let simulator = SampleSimulator {
            network: self.network(),
            loss: self.loss()?,
            horizon: self.horizon(),
            sources: None,
        };
        simulator.run(samples, settings, folder, threads, each)
    }
}

/// A network and what reads it, through which samples go.
#[derive(Clone, Copy)]
pub(crate) struct SampleSimulator<'a> {
    /// The network.
    pub network: &'a Arc<Network>,
    /// What scores its output.
    pub loss: &'a dyn Loss,
    /// For how many steps a sample runs.
    pub horizon: Horizon,
    /// The description of the network, which tells the spikes of sources that are no samples, and
    /// the seed of those at random; none where samples enter the only source.
    pub sources: Option<(&'a Description<'a>, Seed)>,
}

impl SampleSimulator<'_> {
    /// Simulates `samples` and logs them, see [`TrainedRun::simulate`].
    pub(crate) fn run<E: From<Error> + Send>(
        &self,
        samples: &ChosenSamples,
        settings: &LogSettings,
        folder: &Path,
        threads: Option<usize>,
        mut each: impl FnMut(SimulatedSample) -> std::result::Result<(), E> + Send,
    ) -> std::result::Result<(), E> {
        let Self { network, loss, horizon, sources } = *self;
        for &index in &samples.indices {
            settings.files(folder, &name(index))?;
        }
        let simulate = |engine: &mut ClockEngine, index: usize| -> Result<SimulatedSample> {
            let data = &samples.data;
            let mut simulation = Simulation::of_sample(network, data, index, horizon)?;
            if let Some((description, seed)) = sources {
                simulation.add_sources(description, seed, index)?;
            }
            let mut output = simulation.output_recording();
            let log = simulation.log_on(engine, settings, folder, &name(index), &mut output)?;
            let predicted = simulation.predicted(&output, loss);
            let (label, steps) = (data.dataset.label(index), simulation.steps());
            Ok(SimulatedSample { index, label, predicted, steps, log })
        };
        thread_pool(threads)?.install(|| {
            let count = rayon::current_num_threads().min(samples.indices.len());
            let mut engines = Simulation::engines(network, count)?;
            for round in samples.indices.chunks(count * RUN) {
                let runs = engines.par_iter_mut().zip(round.par_chunks(RUN));
                let done: Vec<Vec<Result<SimulatedSample>>> = runs
                    .map(|(engine, run)| run.iter().map(|&index| simulate(engine, index)).collect())
                    .collect();
                for sample in done.into_iter().flatten() {
                    each(sample?)?;
                }
            }
            Ok(())
        })
    }
}

/// What the logs of a sample are called.
fn name(index: usize) -> String {
    format!("sample-{index}")
}
