//! How well a deployed network does on labelled samples.

use crate::batches::BatchFrames;
use crate::error::Result;
use crate::gradient::loss::Loss;
use crate::trainer::activity::{ActivitySums, PopulationActivity, firing_populations};
use crate::trainer::outcome::SampleOutcome;
use crate::trainer::tally::Tally;
use serde::{Deserialize, Serialize};
use sim_core::{
    Batch, Cells, Error, GradientEngine, Horizon, Network, Objective, Pass, Readout, SampleLoss,
    SampleSource,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;

/// How samples are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationSettings {
    /// Most samples that run together, at least 1; no result depends on it.
    pub batch_size: usize,
    /// For how many steps each sample runs.
    pub horizon: Horizon,
    /// Whether outcomes hold the scores of all classes.
    pub scores: bool,
}

/// Result of an evaluation with deployed delays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// Number of samples.
    pub samples: usize,
    /// Samples whose class was predicted.
    pub correct: usize,
    /// Mean loss.
    pub loss: f64,
    /// `confusion[true class][predicted class]`.
    pub confusion: Vec<Vec<u32>>,
    /// Spikes per neuron and step, by hidden population.
    pub firing_rates: Vec<(String, f64)>,
    /// Neurons that took no part, by population that fires; empty where nobody counted them.
    pub activity: Vec<PopulationActivity>,
    /// The outcome of every sample, in the order of the request.
    pub outcomes: Vec<SampleOutcome>,
}

impl Evaluation {
    /// The evaluation that the outcomes of samples of `classes` classes add up to.
    ///
    /// # Errors
    /// [`Error::Network`] when a predicted class does not exist.
    pub fn new(
        classes: usize,
        outcomes: Vec<SampleOutcome>,
        firing_rates: Vec<(String, f64)>,
    ) -> Result<Self> {
        let mut confusion = vec![vec![0; classes]; classes];
        for outcome in &outcomes {
            *predicted(&mut confusion[outcome.label], outcome.predicted)? += 1;
        }
        // In the order of the indices, so that the sum does not depend on the order of the request.
        let mut losses: Vec<_> =
            outcomes.iter().map(|outcome| (outcome.sample, outcome.loss)).collect();
        losses.sort_by_key(|&(sample, _)| sample);
        let total: f64 = losses.iter().map(|&(_, loss)| loss).sum();
        Ok(Self {
            samples: outcomes.len(),
            correct: outcomes.iter().filter(|outcome| outcome.is_correct()).count(),
            loss: total / outcomes.len().max(1) as f64,
            confusion,
            firing_rates,
            activity: Vec::new(),
            outcomes,
        })
    }

    /// Share of samples whose class was predicted.
    pub fn accuracy(&self) -> f64 {
        self.tally().accuracy()
    }

    /// Standard error of the accuracy, `sqrt(p (1 - p) / n)`.
    pub fn standard_error(&self) -> f64 {
        self.tally().standard_error()
    }

    /// Counts of all samples.
    pub fn tally(&self) -> Tally {
        Tally { samples: self.samples, correct: self.correct }
    }

    /// Counts by class, of classes that have samples.
    pub fn by_class(&self) -> BTreeMap<usize, Tally> {
        Tally::by(&self.outcomes, |outcome| Some(outcome.label))
    }

    /// Counts by speaker, of samples whose speaker is known.
    pub fn by_speaker(&self) -> BTreeMap<u16, Tally> {
        Tally::by(&self.outcomes, |outcome| outcome.speaker)
    }
}

/// Evaluates a network as it is deployed, one tap per synapse and running norm statistics, on
/// `indices` of `data`. No result depends on the batch size, the order of the samples or the number
/// of threads. `engine` must have been built for the network.
///
/// # Errors
/// What the engine refuses; a sample that does not have the network's channels; a loss that is not
/// finite, or that predicts a class that does not exist; [`Horizon::Batch`], with which a sample
/// would depend on the other samples of its batch.
pub fn evaluate(
    network: &Network,
    engine: &mut dyn GradientEngine,
    loss: &dyn Loss,
    settings: EvaluationSettings,
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<Evaluation> {
    evaluate_with((engine, &mut BatchFrames::default()), network, loss, settings, data, indices)
}

pub(crate) fn evaluate_with(
    (engine, frames): (&mut dyn GradientEngine, &mut BatchFrames),
    network: &Network,
    loss: &dyn Loss,
    settings: EvaluationSettings,
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<Evaluation> {
    let EvaluationSettings { batch_size, horizon, scores } = settings;
    if horizon == Horizon::Batch {
        let problem = "an evaluation runs each sample over its own steps or a fixed number";
        return Err(Error::Network(problem.into()).into());
    }
    let output = check_samples(network, loss, data, indices)?;
    let hidden: Vec<usize> = network.hidden().collect();
    let fires = firing_populations(network)?;
    let mut activity = vec![ActivitySums::default(); fires.len()];
    let mut windows = Vec::new();
    horizon.windows(network, &mut windows)?;
    let (pass, alike) = (Pass { horizon, ..Pass::DEPLOYED }, data.are_alike());
    // Samples of about the same length run together, so that hardly any sample runs beyond its own
    // end. Long samples come first, so that memory grows once.
    let steps: Vec<usize> = indices.iter().map(|&sample| data.steps(sample)).collect();
    let mut places: Vec<usize> = (0..indices.len()).collect();
    places.sort_by_key(|&place| std::cmp::Reverse(steps[place]));
    let sorted: Vec<usize> = places.iter().map(|&place| indices[place]).collect();
    let batches: Vec<&[usize]> = sorted.chunks(batch_size.max(1)).collect();
    let mut spikes = vec![0; hidden.len()];
    let mut outcomes = Vec::with_capacity(indices.len());
    let _: ControlFlow<()> = frames.each(data, &batches, (None, horizon), |batch, frames| {
        let scoring = Scoring::new(loss, data, batch, scores);
        let batch = Batch { alike, ..Batch::new(frames, output, &scoring) };
        engine.evaluate(network, &batch, &pass)?;
        let report = engine.report();
        outcomes.extend(scoring.outcomes(&report.losses));
        for (sum, &population) in spikes.iter_mut().zip(&hidden) {
            *sum += report.populations[population].spikes;
        }
        for (sums, &population) in activity.iter_mut().zip(&fires) {
            sums.add(&report.populations[population]);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut in_order: Vec<_> = places.into_iter().zip(outcomes).collect();
    in_order.sort_by_key(|&(place, _)| place);
    let outcomes = in_order.into_iter().map(|(_, outcome)| outcome).collect();
    let firing_rates = hidden.iter().zip(&spikes).map(|(&population, &spikes)| {
        let of_sample = |&steps: &usize| horizon.with_window(steps, windows[population]);
        let run: usize = steps.iter().map(of_sample).sum();
        let population = &network.populations[population];
        (population.name.clone(), spikes as f64 / (run * population.size).max(1) as f64)
    });
    let name = |population: usize| &network.populations[population].name;
    let activity = activity.iter().zip(&fires).map(|(sums, &p)| sums.tell(name(p)));
    let evaluation = Evaluation::new(data.classes(), outcomes, firing_rates.collect())?;
    Ok(Evaluation { activity: activity.collect(), ..evaluation })
}

/// The loss of each sample of a batch, and the scores of its classes.
struct Scoring<'a> {
    loss: &'a dyn Loss,
    data: &'a dyn SampleSource,
    samples: &'a [usize],
    /// The scores of each sample, if they are asked for.
    scores: Vec<Mutex<Vec<f64>>>,
}

impl<'a> Scoring<'a> {
    fn new(
        loss: &'a dyn Loss,
        data: &'a dyn SampleSource,
        samples: &'a [usize],
        scores: bool,
    ) -> Self {
        let scored = if scores { samples.len() } else { 0 };
        Self { loss, data, samples, scores: (0..scored).map(|_| Mutex::default()).collect() }
    }

    fn outcomes(self, losses: &[SampleLoss]) -> impl Iterator<Item = SampleOutcome> {
        let Self { data, samples, scores, .. } = self;
        let scores = scores.into_iter().chain(std::iter::repeat_with(Mutex::default));
        samples.iter().zip(losses).zip(scores).map(|((&sample, &of_sample), scores)| {
            let scores = scores.into_inner().expect("nothing panics while it holds the lock");
            SampleOutcome::new(data, sample, of_sample, scores)
        })
    }
}

impl Objective for Scoring<'_> {
    fn evaluate(
        &self,
        slot: usize,
        readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss {
        if let Some(scores) = self.scores.get(slot) {
            let scores = &mut *scores.lock().expect("one sample, one thread");
            self.loss.scores(readout, scores);
        }
        self.loss.evaluate(readout, self.data.label(self.samples[slot]), gradient, memory)
    }
}

/// Overwrites `labels` with the labels of a batch.
pub(crate) fn relabel(labels: &mut Vec<usize>, data: &dyn SampleSource, batch: &[usize]) {
    labels.clear();
    labels.extend(batch.iter().map(|&sample| data.label(sample)));
}

/// The count of a predicted class, in the row of the true one.
fn predicted(row: &mut [u32], class: usize) -> Result<&mut u32> {
    let classes = row.len();
    row.get_mut(class).ok_or_else(|| {
        Error::Network(format!("the loss predicts class {class}, but there are {classes}")).into()
    })
}

/// Checks that the samples fit the network and the loss, and returns the population that the loss
/// reads. Each sample's frames are checked when the sample runs.
///
/// # Errors
/// [`Error::Network`] when there are more or fewer classes than output neurons, the loss reads what
/// the output does not give, several populations could be the output, or there are no samples;
/// [`Error::OutOfRange`] for a sample or a label that does not exist.
pub fn check_samples(
    network: &Network,
    loss: &dyn Loss,
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<usize> {
    let index = network.output()?;
    let output = &network.populations[index];
    if output.size != data.classes() {
        return Err(Error::Network(format!(
            "the data have {} classes, but population {} has {} neurons",
            data.classes(),
            output.name,
            output.size
        ))
        .into());
    }
    if let Cells::Neurons(model) = &output.cells {
        let reads = |spikes: bool| if spikes { "spikes" } else { "potentials" };
        let (wanted, given) = (loss.reads_spikes(), model.build(network.dt_ms)?.fires());
        if wanted != given {
            return Err(Error::Network(format!(
                "the loss reads {}, but population {} gives {}",
                reads(wanted),
                output.name,
                reads(given)
            ))
            .into());
        }
    }
    if indices.is_empty() {
        return Err(Error::Network("there are no samples to go through".into()).into());
    }
    let below = |what: &str, number, limit| {
        let allowed = format!("below {limit}");
        if number < limit { Ok(()) } else { Err(Error::out_of_range(what, number, allowed)) }
    };
    for &sample in indices {
        below("sample", sample, data.len())?;
        below("label", data.label(sample), data.classes())?;
    }
    Ok(index)
}
