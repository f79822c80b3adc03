//! The time of each stage of training beside the least time that the machine could take: the table
//! of `synfire bench --stages`.
//!
//! The work of a stage is counted from network, kernels and spikes, not from the loops that do it:
//! the multiply-adds that a spike, a synapse or a neuron-step cannot do without, and the bytes that
//! have to come from or go to a cache beyond the nearest, since a batch fills that many times over.
//! Its *floor* is the longer of two times: the multiply-adds at the peak rate of one core, and the
//! bytes at the rate of its second cache [Williams, Waterman and Patterson 2009]. The rest of a
//! stage's time is loads that the sums need, instructions that are neither, and waiting.
//!
//! | stage | multiply-adds per sample | numbers moved, 4 bytes each |
//! |---|---|---|
//! | data | 2 per count of the frames: a time becomes a step | 6 per count: in, and sorted twice |
//! | projection forward | spikes x synapses x taps, and filters x steps | currents, taps |
//! | weight and delay gradient | the same | gradient, sums twice |
//! | input gradient | wanted steps x synapses x taps, and filters x steps | both gradients, taps |
//! | norm and neurons | 16 per neuron-step: norm and its sums 8, neuron 8 | 8 per neuron-step |
//! | loss | 24 per class and step: an exponential is about 10 | 4 per class and step |
//! | prepare taps | 20 per synapse and tap and batch | 3 per tap, 3 per synapse |
//! | optimisers | 12 per parameter and batch | 7 per parameter |

use layered::{KernelCost, kernel_cost};
use plasticity::{Trainer, TrainerTiming};
use serde::Serialize;
use sim_core::{PopulationReport, Stage, StageTiming, Synapses};
use simd::MachineRates;
use std::time::Duration;

/// The work of a stage for one sample.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Work {
    /// Multiply-adds of `f32`.
    pub multiply_adds: f64,
    /// Bytes moved from or to a cache beyond the nearest.
    pub bytes: f64,
}

/// One stage: its work, the least time that it can take, and the time that it takes. Times are of
/// one core, in microseconds per sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StageRoofline {
    /// Name as printed.
    pub stage: &'static str,
    /// Work per sample.
    #[serde(flatten)]
    pub work: Work,
    /// The least that work takes at the machine's rates.
    pub floor_us: f64,
    /// Time measured.
    pub measured_us: f64,
}

/// The stages of training at one width of the kernels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Roofline {
    /// Raw width of the kernels in steps.
    pub sigma: f64,
    /// By stage, in the order of a training step.
    pub stages: Vec<StageRoofline>,
}

impl Roofline {
    /// Compares the work of `trainer`'s last batch, of `batch` samples, with `spent`, the times
    /// that the stages took for `samples` samples.
    pub(crate) fn new(
        trainer: &Trainer,
        batch: usize,
        rates: &MachineRates,
        spent: &TrainerTiming,
        samples: usize,
    ) -> Self {
        let row = |stage, work: Work, spent: Duration| StageRoofline {
            stage,
            work,
            floor_us: 1e6
                * (work.multiply_adds / rates.multiply_adds_per_s)
                    .max(work.bytes / rates.next_bytes_per_s),
            measured_us: 1e6 * spent.as_secs_f64() / samples as f64,
        };
        let engine = StageTiming::NAMES.iter().map(|&(stage, _)| work(trainer, batch, stage));
        let works =
            std::iter::once(data(trainer)).chain(engine).chain([optimisers(trainer, batch)]);
        let stages =
            spent.parts().zip(works).map(|((name, spent), work)| row(name, work, spent)).collect();
        Self { sigma: trainer.sigma(), stages }
    }
}

/// Work of one stage of the engine per sample.
fn work(trainer: &Trainer, batch: usize, stage: Stage) -> Work {
    let (network, engine, settings) = (trainer.network(), trainer.engine(), trainer.settings());
    let is_source = |population: usize| is_source(trainer, population);
    let neuron_steps = |population: usize| neuron_steps(trainer, population);
    let mut total = Work::default();
    let mut add = |multiply_adds: f64, numbers: f64| {
        total.multiply_adds += multiply_adds;
        total.bytes += 4.0 * numbers;
    };
    for projection in &network.projections {
        let Synapses::Dense(dense) = &projection.synapses else { continue };
        let (source, target) = (projection.source, projection.target);
        let KernelCost { per_synapse, per_neuron } = kernel_cost(
            settings.kernel,
            dense.kernel,
            dense.max_delay_steps,
            trainer.sigma(),
            dense.pre,
        );
        let kept = if is_source(source) { 1.0 } else { 1.0 - settings.dropout };
        let events = kept
            * report(trainer, source).firing_rate
            * neuron_steps(source)
            * (dense.post * dense.elements_per_pair) as f64;
        let (synapses, taps) =
            (dense.weight.len() as f64, (dense.weight.len() * per_synapse) as f64);
        let filters = per_neuron as f64 * neuron_steps(target);
        match stage {
            Stage::Forward => {
                add(events * per_synapse as f64 + filters, neuron_steps(target) + taps + synapses)
            }
            Stage::WeightGradient => {
                add(events * per_synapse as f64 + filters, neuron_steps(target) + 2.0 * taps)
            }
            Stage::InputGradient if !is_source(source) => {
                let wanted = engine.demand(source) * report(trainer, source).steps as f64;
                add(
                    wanted * taps + filters,
                    neuron_steps(target) + neuron_steps(source) + taps + synapses,
                );
            }
            Stage::Prepare => {
                add(20.0 * taps / batch as f64, (3.0 * taps + 3.0 * synapses) / batch as f64)
            }
            _ => {}
        }
    }
    for population in (0..network.populations.len()).filter(|&population| !is_source(population)) {
        let is_output =
            network.projections.iter().all(|projection| projection.source != population);
        match stage {
            Stage::Neurons => add(16.0 * neuron_steps(population), 8.0 * neuron_steps(population)),
            Stage::Loss if is_output => {
                add(24.0 * neuron_steps(population), 4.0 * neuron_steps(population))
            }
            _ => {}
        }
    }
    total
}

/// Work of making frames per sample.
fn data(trainer: &Trainer) -> Work {
    let sources = (0..trainer.network().populations.len())
        .filter(|&population| is_source(trainer, population));
    let counts: f64 = sources
        .map(|population| {
            report(trainer, population).firing_rate * neuron_steps(trainer, population)
        })
        .sum();
    Work { multiply_adds: 2.0 * counts, bytes: 24.0 * counts }
}

fn is_source(trainer: &Trainer, population: usize) -> bool {
    trainer.network().projections.iter().all(|projection| projection.target != population)
}

/// Neuron-steps of a population for one sample of the last batch.
fn neuron_steps(trainer: &Trainer, population: usize) -> f64 {
    let size = trainer.network().populations[population].size;
    (size * report(trainer, population).steps) as f64
}

/// What the last batch did to a population.
fn report(trainer: &Trainer, population: usize) -> &PopulationReport {
    &trainer.engine().report().populations[population]
}

/// Work of the optimisers per sample.
fn optimisers(trainer: &Trainer, batch: usize) -> Work {
    let parameters = trainer.parameter_count() as f64 / batch as f64;
    Work { multiply_adds: 12.0 * parameters, bytes: 28.0 * parameters }
}
