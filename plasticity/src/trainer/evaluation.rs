//! What a network is worth, as it is deployed, on labelled samples.

use crate::batches::BatchFrames;
use crate::error::Result;
use crate::gradient::labelled::Labelled;
use crate::gradient::loss::Loss;
use crate::trainer::activity::{ActivitySums, PopulationActivity, firing_populations};
use serde::{Deserialize, Serialize};
use sim_core::{Batch, Cells, Error, GradientEngine, Network, Pass, SampleSource};
use std::ops::ControlFlow;

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
    /// Neurons that took no part, by population that fires.
    pub activity: Vec<PopulationActivity>,
}

impl Evaluation {
    /// Share of samples whose class was predicted.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples.max(1) as f64
    }

    /// Standard error of the accuracy, `sqrt(p (1 - p) / n)`.
    pub fn standard_error(&self) -> f64 {
        let p = self.accuracy();
        (p * (1.0 - p) / self.samples.max(1) as f64).sqrt()
    }
}

/// Evaluates a network as it is deployed, one tap per synapse and running norm statistics, on
/// `indices` of `data`. Samples are padded to the longest of their batch. `engine` must have been
/// built for the network.
///
/// # Errors
/// What the engine refuses; a sample that does not have the network's channels; a loss that is not
/// finite, or predicts a class that is not there.
pub fn evaluate(
    network: &Network,
    engine: &mut dyn GradientEngine,
    loss: &dyn Loss,
    batch_size: usize,
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<Evaluation> {
    evaluate_with((engine, &mut BatchFrames::default()), network, loss, batch_size, data, indices)
}

pub(crate) fn evaluate_with(
    (engine, frames): (&mut dyn GradientEngine, &mut BatchFrames),
    network: &Network,
    loss: &dyn Loss,
    batch_size: usize,
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<Evaluation> {
    let output = output_population(network)?;
    check_samples(network, (output, loss), data, indices)?;
    let hidden = hidden_populations(network);
    let fires = firing_populations(network)?;
    let mut activity = vec![ActivitySums::default(); fires.len()];
    let classes = data.classes();
    let mut evaluation =
        Evaluation { confusion: vec![vec![0; classes]; classes], ..Evaluation::default() };
    let (mut firing, mut labels) = (vec![0.0; hidden.len()], Vec::new());
    let batches: Vec<&[usize]> = indices.chunks(batch_size.max(1)).collect();
    let _: ControlFlow<()> = frames.each(data, &batches, None, |batch, frames| {
        relabel(&mut labels, data, batch);
        let labelled = Labelled { loss, labels: &labels };
        engine.evaluate(network, &Batch::new(frames, output, &labelled), &Pass::DEPLOYED)?;
        let report = engine.report();
        evaluation.loss += report.total_loss();
        for (result, &label) in report.losses.iter().zip(&labels) {
            evaluation.samples += 1;
            evaluation.correct += (result.predicted == label) as usize;
            *predicted(&mut evaluation.confusion[label], result.predicted)? += 1;
        }
        for (sum, &population) in firing.iter_mut().zip(&hidden) {
            *sum += report.populations[population].firing_rate;
        }
        for (sums, &population) in activity.iter_mut().zip(&fires) {
            sums.add(&report.populations[population]);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    evaluation.loss /= evaluation.samples.max(1) as f64;
    let names = hidden.iter().map(|&population| network.populations[population].name.clone());
    let means = firing.iter().map(|sum| sum / batches.len().max(1) as f64);
    evaluation.firing_rates = names.zip(means).collect();
    let told = activity.iter().zip(&fires);
    let name = |population: usize| &network.populations[population].name;
    evaluation.activity = told.map(|(sums, &p)| sums.tell(name(p))).collect();
    Ok(evaluation)
}

/// Overwrites `labels` with those of a batch.
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

/// Checks that the samples fit the network at all; single samples are looked at as they come.
pub(crate) fn check_samples(
    network: &Network,
    (output, loss): (usize, &dyn Loss),
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<()> {
    let output = &network.populations[output];
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
    for &index in indices {
        below("sample", index, data.len())?;
        below("label", data.label(index), data.classes())?;
    }
    Ok(())
}

/// The population that a loss reads.
pub(crate) fn output_population(network: &Network) -> Result<usize> {
    let outputs: Vec<usize> = network.outputs().collect();
    match outputs[..] {
        [output] => Ok(output),
        _ => Err(Error::Network(format!(
            "training needs one output population, but there are {}",
            outputs.len()
        ))
        .into()),
    }
}

/// Populations that fire and hand their spikes on.
pub(crate) fn hidden_populations(network: &Network) -> Vec<usize> {
    let is_target = |p: usize| network.projections.iter().any(|projection| projection.target == p);
    let is_source = |p: usize| network.projections.iter().any(|projection| projection.source == p);
    (0..network.populations.len()).filter(|&p| is_source(p) && is_target(p)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_comes_with_its_standard_error() {
        let evaluation = Evaluation { samples: 100, correct: 90, ..Evaluation::default() };
        assert_eq!(evaluation.accuracy(), 0.9);
        assert!((evaluation.standard_error() - 0.03).abs() < 1e-12);
        assert_eq!(Evaluation::default().accuracy(), 0.0);
    }
}
