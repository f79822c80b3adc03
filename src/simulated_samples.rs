//! Samples of a run, one after the other through the clock engine, each with logs of its own.

use crate::chosen_samples::ChosenSamples;
use crate::error::{Error, Result};
use crate::network::description::Description;
use crate::simulation::{LogSettings, Simulation, SimulationLog};
use crate::threads::thread_pool;
use crate::trained_run::TrainedRun;
use exchange::LogLayout;
use plasticity::gradient::Loss;
use rayon::prelude::*;
use sim_core::{ClockEngine, Horizon, Network, Seed};
use std::path::Path;
use std::sync::Arc;

/// Samples that each engine simulates before it waits for the other engines.
const RUN: usize = 4;

/// The result of one simulated sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedSample {
    /// Index of the sample.
    pub index: usize,
    /// Its class.
    pub label: usize,
    /// The predicted class.
    pub predicted: usize,
    /// Number of steps.
    pub steps: usize,
    /// Its logs.
    pub log: SimulationLog,
}

impl TrainedRun {
    /// Simulates `samples` and logs sample K into `folder` as `sample-K`, see [`Simulation::log`].
    /// `each` receives the samples in the order of their indices, each soon after all samples
    /// before it are done. Neither that order nor a byte of the logs depends on the number of
    /// threads.
    ///
    /// # Errors
    /// Before anything is simulated: a log that exists already and may not be replaced. Later: as
    /// [`Simulation::log`]; what `each` returns. Finished logs stay.
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
    /// The description of the network, which gives the spikes of sources other than the samples,
    /// and the seed of random spikes; none where samples enter the only source.
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
        let layout = LogLayout::of(network).map_err(Error::from)?;
        for &index in &samples.indices {
            settings.files(&layout, folder, &name(index))?;
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

/// Name of the logs of a sample.
fn name(index: usize) -> String {
    format!("sample-{index}")
}
