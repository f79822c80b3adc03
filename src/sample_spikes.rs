//! What enters a network and what it answers, beside an exported network: so that another program
//! can be held to every spike.

use crate::chosen_samples::ChosenSamples;
use crate::error::Result;
use crate::nearest_threshold::{NearestThreshold, recorded_columns};
use crate::simulation::Simulation;
use crate::threads::thread_pool;
use crate::trained_run::TrainedRun;
use exchange::{DeployedNetwork, SpikeTables, TableSample};
use rayon::prelude::*;
use sim_core::{Recording, Variables};
use std::path::{Path, PathBuf};

/// Samples that are simulated before their recordings are put into tables.
const ROUND: usize = 32;

/// Spikes of samples, and the network's answers to them.
#[derive(Debug, Clone)]
pub struct SampleSpikes {
    tables: SpikeTables,
    /// The potential that came nearest to its threshold; none where no neuron fires.
    pub nearest: Option<SampleNearest>,
}

/// The potential that came nearest to its threshold in several samples.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleNearest {
    /// Index of the sample.
    pub sample: usize,
    /// Name of the population.
    pub population: String,
    /// Where in the sample.
    pub nearest: NearestThreshold,
}

impl SampleNearest {
    /// As a sentence.
    pub fn describe(&self) -> String {
        let NearestThreshold { distance, neuron, step, .. } = self.nearest;
        format!(
            "the potential nearest to its threshold is {distance:.1e} away from it: neuron \
             {neuron} of {} at step {step} of sample {}",
            self.population, self.sample
        )
    }
}

impl SampleSpikes {
    /// Runs samples through the network of a run, which is `deployed`, in the clock engine. Samples
    /// of the tables are counted from 0, in the order of the chosen ones. All run for as many steps
    /// as the longest, and no population falls silent at the end of a sample, as it does while a
    /// network is evaluated: other programs know no such end. The chosen class is that of the
    /// sample's own steps. No result depends on the number of threads.
    ///
    /// # Errors
    /// As [`Simulation::of_sample`] and [`Simulation::run`].
    pub fn of(
        run: &TrainedRun,
        chosen: &ChosenSamples,
        deployed: &DeployedNetwork,
        threads: Option<usize>,
    ) -> Result<Self> {
        let (loss, network) = (run.loss()?, run.network());
        let variables = Variables::SPIKES.with_columns(&recorded_columns());
        let own =
            |&index: &usize| Simulation::of_sample(network, &chosen.data, index, run.horizon());
        let own_steps = |index: &usize| own(index).map(|simulation| simulation.steps());
        let own_steps = chosen.indices.iter().map(own_steps).collect::<Result<Vec<_>>>()?;
        let steps = own_steps.iter().copied().max().unwrap_or(0);
        let simulate = |(index, &own_steps): (&usize, &usize)| -> Result<_> {
            let simulation = own(index)?.through(steps);
            let mut recording = Recording::new(network.populations.len(), variables.clone());
            simulation.run(&mut recording)?;
            let predicted = simulation.through(own_steps).predicted(&recording, loss);
            let label = chosen.data.dataset.label(*index);
            let sample = TableSample { index: *index, label, predicted, own_steps };
            let nearest = NearestThreshold::of(deployed, &recording);
            Ok((sample, recording, nearest))
        };
        let mut tables = SpikeTables::new(deployed, steps);
        let mut nearest: Option<SampleNearest> = None;
        let samples: Vec<(&usize, &usize)> = chosen.indices.iter().zip(&own_steps).collect();
        let pool = thread_pool(threads)?;
        for round in samples.chunks(ROUND) {
            let done: Vec<_> = pool.install(|| {
                round.par_iter().map(|&sample| simulate(sample)).collect::<Result<_>>()
            })?;
            for (sample, recording, own) in done {
                tables.add(sample, &recording);
                let is_nearer = |own: &NearestThreshold| {
                    nearest.as_ref().is_none_or(|other| own.distance < other.nearest.distance)
                };
                if let Some(own) = own.filter(is_nearer) {
                    let population = deployed.populations[own.population].name.clone();
                    let sample = sample.index;
                    nearest = Some(SampleNearest { sample, population, nearest: own });
                }
            }
        }
        Ok(Self { tables, nearest })
    }

    /// Writes what entered the network to `input`, and what it answered to `expected`.
    ///
    /// # Errors
    /// [`crate::Error::Exchange`].
    pub(crate) fn write(&self, input: &Path, expected: &Path) -> Result<[PathBuf; 2]> {
        self.tables.write(input, expected)?;
        Ok([input.to_owned(), expected.to_owned()])
    }
}
