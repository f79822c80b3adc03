//! What enters a network over several samples, and what it answers, as tables that programs read
//! with NumPy: the scripts of exported networks take them and write such.
//!
//! ```text
//! input.npz     sample, step, neuron, count   int64 [rows]: `count` spikes of a neuron of a source
//!               population                    text [rows]: its name, where there are several sources
//!               steps, samples                int64 []
//! expected.npz  sample, population, step, neuron   int64 [rows]: a spike of a neuron
//!               populations                   text [populations]: their names, by index
//!               steps, samples                int64 []
//!               indices, labels, predicted    int64 [samples]: which samples these are, their
//!                                             classes, and the classes that the network chose
//!               own_steps                     int64 [samples]: over how many steps it chose
//!               potentialI                    float64 [samples, steps, neurons]: of each population
//!                                             I that never fires
//! ```

use crate::error::{Error, Result};
use crate::networks::deployed::DeployedNetwork;
use crate::npy::{NpyArray, npz};
use sim_core::Recording;
use std::collections::BTreeMap;
use std::path::Path;

/// A sample of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSample {
    /// Its index in the data.
    pub index: usize,
    /// Its class.
    pub label: usize,
    /// The class that the network chose.
    pub predicted: usize,
    /// Over how many steps it chose.
    pub own_steps: usize,
}

/// The spikes of several samples, all over the same number of steps.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeTables {
    steps: usize,
    /// By population: name, number of neurons, and whether it is a source.
    populations: Vec<(String, usize, bool)>,
    samples: Vec<TableSample>,
    /// Sample, population, step, neuron and count.
    input: Vec<[i64; 5]>,
    /// Sample, population, step and neuron.
    spikes: Vec<[i64; 4]>,
    /// Potentials `[sample, step, neuron]` of populations that never fire.
    potentials: BTreeMap<usize, Vec<f64>>,
}

impl SpikeTables {
    /// Tables of samples of `steps` steps through `network`, without a sample yet.
    pub fn new(network: &DeployedNetwork, steps: usize) -> Self {
        let populations = network.populations.iter();
        let fires = |own: &crate::networks::deployed::DeployedPopulation| match &own.neurons {
            None => true,
            Some(neurons) => neurons.of(0).firing.is_some(),
        };
        let silent = network.populations.iter().enumerate().filter(|(_, own)| !fires(own));
        Self {
            steps,
            potentials: silent.map(|(index, _)| (index, Vec::new())).collect(),
            populations: populations
                .map(|own| (own.name.clone(), own.size, own.neurons.is_none()))
                .collect(),
            samples: Vec::new(),
            input: Vec::new(),
            spikes: Vec::new(),
        }
    }

    /// Adds the next sample: spikes and potentials of a recording of all of its steps.
    pub fn add(&mut self, sample: TableSample, recording: &Recording) {
        let index = self.samples.len() as i64;
        self.samples.push(sample);
        for (population, (_, _, is_source)) in self.populations.iter().enumerate() {
            for spikes in recording.spikes(population).chunk_by(|a, b| a == b) {
                let (step, neuron) = spikes[0];
                let row = [index, population as i64, step.into(), neuron.into()];
                let [sample, population, step, neuron] = row;
                match is_source {
                    true => {
                        let count = spikes.len() as i64;
                        self.input.push([sample, population, step, neuron, count]);
                    }
                    false => self.spikes.push(row),
                }
            }
        }
        for (&population, potentials) in &mut self.potentials {
            potentials.extend_from_slice(recording.potentials(population));
        }
    }

    /// Writes both tables.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn write(&self, input: &Path, expected: &Path) -> Result<()> {
        write(input, &self.input_arrays())?;
        write(expected, &self.expected_arrays())
    }

    fn input_arrays(&self) -> Vec<(String, NpyArray)> {
        let rows = self.input.len();
        let column = |place: usize| {
            let values: Vec<i64> = self.input.iter().map(|row| row[place]).collect();
            NpyArray::i64s(&[rows], &values)
        };
        let mut arrays = self.sizes();
        let named = [("sample", 0), ("step", 2), ("neuron", 3), ("count", 4)];
        arrays.extend(named.map(|(name, place)| (name.to_owned(), column(place))));
        if self.populations.iter().filter(|(_, _, is_source)| *is_source).count() > 1 {
            let name = |row: &[i64; 5]| &self.populations[row[1] as usize].0[..];
            let names: Vec<&str> = self.input.iter().map(name).collect();
            arrays.push(("population".into(), NpyArray::texts(&[rows], &names)));
        }
        arrays
    }

    fn expected_arrays(&self) -> Vec<(String, NpyArray)> {
        let (rows, samples) = (self.spikes.len(), self.samples.len());
        let column = |place: usize| {
            let values: Vec<i64> = self.spikes.iter().map(|row| row[place]).collect();
            NpyArray::i64s(&[rows], &values)
        };
        let of_samples = |value: fn(&TableSample) -> usize| {
            let values: Vec<i64> = self.samples.iter().map(|own| value(own) as i64).collect();
            NpyArray::i64s(&[samples], &values)
        };
        let names: Vec<&str> = self.populations.iter().map(|(name, _, _)| &name[..]).collect();
        let mut arrays = self.sizes();
        let named = [("sample", 0), ("population", 1), ("step", 2), ("neuron", 3)];
        arrays.extend(named.map(|(name, place)| (name.to_owned(), column(place))));
        arrays.extend([
            ("populations".into(), NpyArray::texts(&[names.len()], &names)),
            ("indices".into(), of_samples(|own| own.index)),
            ("labels".into(), of_samples(|own| own.label)),
            ("predicted".into(), of_samples(|own| own.predicted)),
            ("own_steps".into(), of_samples(|own| own.own_steps)),
        ]);
        for (&population, values) in &self.potentials {
            let shape = [samples, self.steps, self.populations[population].1];
            arrays.push((format!("potential{population}"), NpyArray::f64s(&shape, values)));
        }
        arrays
    }

    fn sizes(&self) -> Vec<(String, NpyArray)> {
        let one = |value: usize| NpyArray::i64s(&[], &[value as i64]);
        vec![("steps".into(), one(self.steps)), ("samples".into(), one(self.samples.len()))]
    }
}

fn write(path: &Path, arrays: &[(String, NpyArray)]) -> Result<()> {
    let bytes = npz(arrays).map_err(|error| Error::file(path, error))?;
    Ok(atomic_file::write(path, &bytes)?)
}
