//! Draws the figures of a run from what its folder holds.

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::figure_labels::{projection_label, spaced};
use crate::history::{delays_ms, of_kind};
use crate::loaded_data::LoadedData;
use crate::metrics::EpochMetrics;
use crate::picture::Picture;
use crate::run_result::RunResult;
use crate::simulation::Simulation;
use crate::synaptic_currents::synaptic_currents;
use crate::trained_run::TrainedRun;
use datasets::{counted, shown_name};
use plots::{
    BestEpoch, ConfusionFigure, CurrentsFigure, CurvesFigure, DelaysFigure, Figure,
    PopulationSpikes, ProjectionDelays, ProjectionSizes, ProjectionWeights, RasterFigure,
    ReadoutTraces, Series, SeriesStyle, WeightSizesFigure, WeightsFigure,
};
use sim_core::{Kind, Network, Recording, Variables};
use std::path::PathBuf;

impl Picture {
    /// Draws the figure of a run into the run's folder `plots`, which is made if it is missing. The
    /// raster and the currents are those of `sample`, by default of the first validation sample.
    ///
    /// # Errors
    /// When a file of the run cannot be read or the figure not be written; the confusion matrix
    /// needs a finished run.
    pub fn draw(
        self,
        run: &TrainedRun,
        sample: Option<(&LoadedData, usize)>,
    ) -> Result<[PathBuf; 2]> {
        let files = self.files(&run.folder().plots());
        let figure: Box<dyn Figure> = match self {
            Self::Raster => Box::new(of_sample(run, sample, raster)?),
            Self::Currents => Box::new(of_sample(run, sample, currents)?),
            Self::Weights => Box::new(weights(run)?),
            Self::Sizes => Box::new(sizes(run)?),
            Self::Delays => Box::new(delays(run)?),
            Self::Curves => Box::new(curves(run)?),
            Self::Confusion => Box::new(confusion(run)?),
        };
        let folder = run.folder().plots();
        std::fs::create_dir_all(&folder)
            .map_err(|source| Error::io(&folder, "make the folder", source))?;
        for file in &files {
            figure.save(file)?;
        }
        Ok(files)
    }
}

/// A figure of a sample: the one given, or the first validation sample.
fn of_sample<F>(
    run: &TrainedRun,
    sample: Option<(&LoadedData, usize)>,
    draw: fn(&TrainedRun, &LoadedData, usize) -> Result<F>,
) -> Result<F> {
    match sample {
        Some((data, index)) => draw(run, data, index),
        None => {
            let chosen = run.sample(None, None)?;
            draw(run, &chosen.data, chosen.index)
        }
    }
}

fn raster(run: &TrainedRun, data: &LoadedData, index: usize) -> Result<RasterFigure> {
    let network = run.network();
    let simulation = Simulation::of_sample(network, data, index, run.horizon())?;
    let output = network.output()?;
    let mut variables = vec![Variables::SPIKES; network.populations.len()];
    variables[output] = Variables::ALL;
    let mut recording = Recording::selecting(variables);
    simulation.run(&mut recording)?;
    let classes = shown_names(data.class_names());
    let (origin, place) = data.place_of(index);
    let count = network.populations[output].size;
    let by_step = recording.potentials(output);
    let potentials: Vec<Vec<f32>> = (0..count)
        .map(|class| {
            by_step.iter().skip(class).step_by(count).map(|&potential| potential as f32).collect()
        })
        .collect();
    let dt_ms = network.dt_ms;
    let populations =
        network.populations[..output].iter().enumerate().map(|(index, population)| {
            PopulationSpikes {
                name: spaced(&population.name),
                unit: if index == 0 { "channel".into() } else { "neuron".into() },
                size: population.size,
                spikes: recording
                    .spikes(index)
                    .iter()
                    .map(|&(step, neuron)| ((f64::from(step) * dt_ms) as f32, neuron))
                    .collect(),
            }
        });
    Ok(RasterFigure {
        title: run.experiment().name.clone(),
        remark: checkpoint(run),
        sample: format!("{}, sample {place}", origin.short_name()),
        duration_ms: simulation.steps() as f64 * dt_ms,
        populations: populations.collect(),
        readout: Some(ReadoutTraces {
            name: "readout".into(),
            step_ms: dt_ms,
            potentials,
            true_class: Some(data.dataset.label(index)),
            predicted_class: Some(simulation.predicted(&recording, run.loss()?)),
            classes,
        }),
    })
}

fn currents(run: &TrainedRun, data: &LoadedData, index: usize) -> Result<CurrentsFigure> {
    let network = run.network();
    let simulation = Simulation::of_sample(network, data, index, run.horizon())?;
    let (steps, count) = (simulation.steps(), network.populations.len());
    let mut recording = Recording::selecting(vec![Variables::SPIKES; count]);
    simulation.run(&mut recording)?;
    let (origin, place) = data.place_of(index);
    Ok(CurrentsFigure {
        title: run.experiment().name.clone(),
        remark: format!("{}; {}, sample {place}", checkpoint(run), origin.short_name()),
        step_ms: network.dt_ms,
        populations: (0..count)
            .filter_map(|population| synaptic_currents(network, population, &recording, steps))
            .collect(),
    })
}

fn sizes(run: &TrainedRun) -> Result<WeightSizesFigure> {
    let (newest, history) = (newest(run)?, run.history()?);
    let weights = |network| of_kind(network, Kind::Weight);
    let ends = weights(run.start()).zip(weights(newest.network()));
    let projections =
        ends.zip(history.sizes).enumerate().map(|(index, ((start, end), history))| {
            ProjectionSizes {
                name: projection_name(run.start(), index),
                start: start.values.to_vec(),
                end: end.values.to_vec(),
                history,
            }
        });
    Ok(WeightSizesFigure {
        title: run.experiment().name.clone(),
        remark: end(&newest),
        projections: projections.collect(),
    })
}

fn weights(run: &TrainedRun) -> Result<WeightsFigure> {
    let (newest, history) = (newest(run)?, run.history()?);
    let weights = |network| of_kind(network, Kind::Weight);
    let ends = weights(run.start()).zip(weights(newest.network()));
    let projections =
        ends.zip(history.weights).enumerate().map(|(index, ((start, end), history))| {
            ProjectionWeights {
                name: projection_name(run.start(), index),
                start: start.values.to_vec(),
                end: end.values.to_vec(),
                history,
            }
        });
    Ok(WeightsFigure {
        title: run.experiment().name.clone(),
        remark: end(&newest),
        projections: projections.collect(),
    })
}

fn delays(run: &TrainedRun) -> Result<DelaysFigure> {
    let (newest, history) = (newest(run)?, run.history()?);
    let network = newest.network();
    let step_ms = network.dt_ms;
    let ends = delays_ms(run.start())
        .into_iter()
        .zip(delays_ms(network))
        .zip(of_kind(network, Kind::Delay));
    let projections = ends.zip(history.delays).enumerate().map(
        |(index, (((start_ms, end_ms), delays), changes))| ProjectionDelays {
            name: projection_name(network, index),
            start_ms,
            end_ms,
            max_ms: f64::from(*delays.range.end()) * step_ms,
            step_ms,
            changes,
        },
    );
    Ok(DelaysFigure {
        title: run.experiment().name.clone(),
        remark: end(&newest),
        projections: projections.collect(),
    })
}

fn curves(run: &TrainedRun) -> Result<CurvesFigure> {
    let metrics = run.metrics()?;
    let series = |label: &str, value: fn(&EpochMetrics) -> f64, style| {
        Series::new(
            label,
            metrics.epochs.iter().map(|row| row.epoch as f64).collect(),
            metrics.epochs.iter().map(value).collect(),
            style,
        )
    };
    let learns = run.experiment().training.delays.learn;
    let mut learning_rate = vec![series("weights", |row| row.rate_weights, SeriesStyle::WEIGHTS)];
    if learns {
        learning_rate.push(series("delays (steps)", |row| row.rate_delays, SeriesStyle::DELAYS));
    }
    let (epochs, planned) = (metrics.epochs.len(), run.experiment().training.epochs);
    Ok(CurvesFigure {
        title: run.experiment().name.clone(),
        remark: if epochs == planned {
            counted(epochs, "epoch")
        } else {
            format!("{epochs} of {}", counted(planned, "epoch"))
        },
        loss: vec![
            series("train", |row| row.train_loss, SeriesStyle::TRAIN),
            series("validation", |row| row.validation_loss, SeriesStyle::VALIDATION),
        ],
        accuracy: vec![
            series("train", |row| row.train_accuracy, SeriesStyle::TRAIN),
            series("validation", |row| row.validation_accuracy, SeriesStyle::VALIDATION),
        ],
        learning_rate,
        // Its panel says what it is.
        sigma: if learns {
            vec![series("", |row| row.sigma_steps, SeriesStyle::DELAYS)]
        } else {
            Vec::new()
        },
        best: metrics
            .best()
            .map(|best| BestEpoch { epoch: best.epoch as f64, accuracy: best.validation_accuracy }),
    })
}

fn confusion(run: &TrainedRun) -> Result<ConfusionFigure> {
    let result = RunResult::read(&run.folder().result())?;
    let epochs = run.metrics().map_or(result.best_epoch, |metrics| metrics.epochs.len());
    Ok(ConfusionFigure {
        title: run.experiment().name.clone(),
        remark: format!("epoch {}, best of {epochs}", result.best_epoch),
        split: format!("validation ({})", result.split),
        classes: shown_names(result.classes),
        counts: result.confusion.into_iter().flatten().map(u64::from).collect(),
    })
}

/// The run after its newest epoch, with which the histories end, whatever checkpoint was opened.
fn newest(run: &TrainedRun) -> Result<TrainedRun> {
    TrainedRun::open(run.folder().path(), Checkpoint::Last)
}

/// Which epoch the end of weights and delays is: `end: after epoch 24 of 30`.
fn end(newest: &TrainedRun) -> String {
    let epochs = newest.experiment().training.epochs;
    match newest.is_within_epoch() {
        false => format!("end: after epoch {} of {epochs}", newest.epoch()),
        true => format!("end: within epoch {} of {epochs}", newest.epoch() + 1),
    }
}

/// Which network a figure shows: `epoch 7, best of 24`.
fn checkpoint(run: &TrainedRun) -> String {
    let epoch = run.epoch();
    if run.is_within_epoch() {
        return format!("within epoch {}", epoch + 1);
    }
    // A raster needs no table, and is drawn of a run that has lost it, too.
    let Ok(metrics) = run.metrics() else { return format!("epoch {epoch}") };
    let is_best = metrics.best().is_some_and(|best| best.epoch == epoch);
    format!("epoch {epoch}{} of {}", if is_best { ", best" } else { "" }, metrics.epochs.len())
}

fn projection_name(network: &Network, index: usize) -> String {
    projection_label(&network.projection_name(index))
}

/// Names of classes as figures show them.
fn shown_names(names: Vec<String>) -> Vec<String> {
    names.iter().map(|name| shown_name(name).into_owned()).collect()
}
