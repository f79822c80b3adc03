//! The samples that a recipe is timed on: its own, or spikes at random where it needs a file.

use crate::data_origin::DataOrigin;
use crate::data_settings::DataSource;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::loaded_data::LoadedData;
use datasets::{Augmentation, NewSample, SpikeDataset, SpikeRecordings, TimeType};
use rand::RngExt;
use sim_core::{Purpose, Seed};
use std::sync::Arc;

/// The recipe's samples and the training indices.
pub(crate) fn samples(experiment: &Experiment) -> Result<(LoadedData, Vec<usize>)> {
    let seed = experiment.seed();
    let DataSource::File(file) = &experiment.data.source else {
        return of_recipe(experiment, seed);
    };
    if file.path.is_some() {
        return of_recipe(experiment, seed);
    }
    let recordings = Arc::new(made_up(
        seed,
        file.channels.unwrap_or(700),
        file.classes.unwrap_or(20),
        2 * experiment.training.batch_size,
    )?);
    let indices: Vec<usize> = (0..recordings.len()).collect();
    let data = SpikeDataset::new(
        recordings,
        experiment.data.binning,
        Augmentation::default(),
        seed,
        &indices,
    )?;
    let origin = DataOrigin { name: "made-up spikes".into(), ..DataOrigin::default() };
    let loaded = LoadedData {
        dataset: Arc::new(data),
        origin,
        notes: Vec::new(),
        validation: None,
        described: None,
    };
    Ok((loaded, indices))
}

fn of_recipe(experiment: &Experiment, seed: Seed) -> Result<(LoadedData, Vec<usize>)> {
    let (loaded, split) = experiment.data.load_split(seed)?;
    Ok((loaded, split.train))
}

/// Spikes at random: as many as a spoken digit has, but without its pauses, and with nothing to
/// learn. A network fires differently on them.
fn made_up(seed: Seed, channels: usize, classes: usize, samples: usize) -> Result<SpikeRecordings> {
    const SPIKES: usize = 8000;
    let sample = |sample: usize| {
        let mut random = seed.stream(Purpose::Synthesis, sample as u64, 0);
        let mut seconds: Vec<f64> = (0..SPIKES).map(|_| random.random_range(0.0..1.0)).collect();
        seconds.sort_by(f64::total_cmp);
        let units = (0..SPIKES).map(|_| random.random_range(0..channels) as u16).collect();
        NewSample { seconds, units, label: (sample % classes) as u16 }
    };
    Ok(SpikeRecordings::from_samples(
        "made-up spikes",
        channels,
        classes,
        TimeType::Float16,
        (0..samples).map(sample),
    )?)
}
