//! The spikes of one population, in memory.

use crate::error::{Error, Result};
use sim_core::SpikeFrames;
use std::path::Path;

/// The order of the spikes of a population, as a file claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Sorting {
    /// None, or none that is known.
    #[default]
    None = 0,
    /// Ascending neurons.
    ById = 1,
    /// Ascending times.
    ByTime = 2,
}

/// The spikes of one population, in the order of the file. Both columns have one entry per spike.
#[derive(Debug, Clone, PartialEq)]
pub struct PopulationSpikes {
    /// Name of the population.
    pub population: String,
    /// Times in ms, finite and not below 0.
    pub times_ms: Vec<f64>,
    /// Neurons, counted from 0.
    pub node_ids: Vec<u64>,
    /// The order that the file claims; not checked.
    pub sorting: Sorting,
    /// Number of neurons, where the file tells it.
    pub size: Option<u64>,
}

impl PopulationSpikes {
    /// The spikes as the input of a simulation: neuron `n` becomes channel `n`, time `t` the step
    /// `floor(t / dt)`. Times within a millionth of a step below a step's start belong to it: `0.3
    /// / 0.1` is not quite 3.
    ///
    /// # Errors
    /// [`sim_core::Error::OutOfRange`] for a neuron beyond `channels`, a time beyond `steps` steps,
    /// or a `dt_ms` that is not above 0.
    pub fn frames(
        &self,
        channels: usize,
        steps: usize,
        dt_ms: f64,
    ) -> sim_core::Result<SpikeFrames> {
        sim_core::Error::check("dt_ms", dt_ms, dt_ms > 0.0, "above 0")?;
        let mut events = Vec::with_capacity(self.times_ms.len());
        for (index, (time, node)) in self.times_ms.iter().zip(&self.node_ids).enumerate() {
            let place = |what: &str| format!("{what} of spike {index} of {}", self.population);
            let step = (time / dt_ms + 1e-6).floor();
            if *node >= channels.min(u32::MAX as usize) as u64 {
                return Err(sim_core::Error::out_of_range(
                    place("neuron"),
                    node,
                    format!("below {channels}"),
                ));
            }
            if step >= steps.min(u32::MAX as usize) as f64 {
                let allowed = format!("before the end of {steps} steps of {dt_ms} ms");
                return Err(sim_core::Error::out_of_range(place("time in ms"), time, allowed));
            }
            events.push((*node as u32, step as u32));
        }
        SpikeFrames::from_events(channels, steps, &events)
    }

    /// Brings the spikes into the order of their times; spikes of one time stay as they are.
    pub fn sort_by_time(&mut self) {
        if !self.times_ms.is_sorted() {
            let mut order: Vec<usize> = (0..self.times_ms.len()).collect();
            order.sort_by(|&a, &b| self.times_ms[a].total_cmp(&self.times_ms[b]));
            self.times_ms = order.iter().map(|&spike| self.times_ms[spike]).collect();
            self.node_ids = order.iter().map(|&spike| self.node_ids[spike]).collect();
        }
        self.sorting = Sorting::ByTime;
    }

    /// Number of neurons: as the file tells it, else up to the last one that fires.
    pub(crate) fn neurons(&self) -> u64 {
        let last = self.node_ids.iter().max();
        self.size.unwrap_or_else(|| last.map_or(0, |last| last.saturating_add(1)))
    }
}

/// The spikes of the population `name` out of those that were read from `path`.
///
/// # Errors
/// [`Error::File`] when the file holds other populations only; the error names them.
pub fn spikes_of(
    populations: Vec<PopulationSpikes>,
    name: &str,
    path: &Path,
) -> Result<PopulationSpikes> {
    let names: Vec<String> =
        populations.iter().map(|there| format!("{:?}", there.population)).collect();
    let found = populations.into_iter().find(|there| there.population == name);
    found.ok_or_else(|| {
        let held = if names.is_empty() { "none".into() } else { names.join(", ") };
        Error::file(path, format!("has no spikes of population {name:?}, but of {held}"))
    })
}
