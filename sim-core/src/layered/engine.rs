//! The layered engine: feed-forward networks, a whole sample per population at once, with the
//! adjoint.
//!
//! A batch is walked population by population in topological order. Batch norm needs sums over the
//! whole batch, so each population takes two passes over the samples, and the way back one, at
//! whose end the adjoint of what comes before is run. What each part reads and writes:
//!
//! ```text
//! currents(p)   reads spikes of the sources of p        writes current(p), norm sums
//!               -- barrier: mean and variance of p --
//! neurons(p)    reads current(p)                        writes spikes(p); at the output also loss and gradient(p)
//! adjoint(p)    reads gradient(p) = dL/dS, current(p)   writes gradient(p) = dL/dZ, norm gradient sums
//!               -- barrier: sums of p --
//! synapses(p)   reads gradient(p), current(p)           writes gradient(p) = dL/dI, gradient of hidden sources; then
//!                                                       adjoint(source) of those that no other projection adds to
//!               -- barrier --
//!               reads gradient(p), spikes of sources    writes gradients of the projections into p, by blocks of neurons
//! ```
//!
//! Samples are dealt to a fixed number of chunks. Whatever is summed over samples has one owner,
//! who adds them in order, so the bits of a result do not depend on the number of threads.

use super::demand::{Demand, Wanted};
use super::events::StepEvents;
use super::objective::{Objective, SampleLoss};
use super::population::{LaneScratch, NormSums, PopulationPass, potentials, spike_rows};
use super::projection::{PlanSettings, ProjectionPlan, ProjectionScratch, Spikes, Write};
use super::spread::KernelEvaluation;
use super::timing::{Stage, StageTiming};
use crate::kernels::{Bursts, Instructions, padded};
use crate::spike_trains::SpikeTrains;
use crate::spikes::bits;
use crate::{
    Cells, DelayKernel, DenseSynapses, Error, LANES, Lanes, Network, Neuron, Population, Purpose,
    Result, Seed, SpikeFrames, Synapses,
};
use rand::RngExt;
use rayon::prelude::*;
use std::collections::HashMap;

/// Samples of a batch are dealt to this many chunks, whatever the number of threads.
const CHUNKS: usize = 16;

/// Which kernels a pass uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernels {
    /// Those of the projections, the Gaussian with raw width `sigma_raw` steps.
    Trained {
        /// Scheduled raw width in steps; the effective width is `|raw| + 0.27`.
        sigma_raw: f64,
        /// How it is evaluated.
        evaluation: KernelEvaluation,
    },
    /// One tap per kernel element at the rounded delay.
    Deployed,
}

/// Which statistics batch norm uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormStatistics {
    /// Mean and variance of the batch at hand.
    Batch,
    /// The running statistics of the network.
    Running,
}

/// Dropout of whole neurons: a mask drawn once per sample and neuron, constant over time, survivors
/// scaled by `1 / (1 - rate)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Share of hidden neurons dropped, `0 <= rate < 1`.
    pub rate: f64,
    /// Seed of the run.
    pub seed: Seed,
    /// Number of the training step, so that every step draws anew.
    pub step: u64,
}

/// How a batch is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pass {
    /// Kernels.
    pub kernels: Kernels,
    /// Norm statistics.
    pub norm: NormStatistics,
    /// Dropout, if any.
    pub dropout: Option<Dropout>,
}

impl Pass {
    /// One tap per synapse, running statistics, no dropout: the network as it is handed to
    /// hardware.
    pub const DEPLOYED: Self =
        Self { kernels: Kernels::Deployed, norm: NormStatistics::Running, dropout: None };
}

/// Mean and variance of the input of one population over a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BatchStatistics {
    /// Mean of each neuron.
    pub mean: Vec<f64>,
    /// Biased variance of each neuron.
    pub variance: Vec<f64>,
    /// Number of (sample, step) pairs.
    pub count: usize,
}

impl BatchStatistics {
    /// Variance with Bessel's correction, as kept in running statistics.
    pub fn unbiased_variance(&self, neuron: usize) -> f64 {
        self.variance[neuron] * self.count as f64 / (self.count.max(2) - 1) as f64
    }
}

/// Gradients of one projection.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SynapseGradient {
    /// dL/dw, shaped like the weights.
    pub weight: Vec<f32>,
    /// dL/dd per step of delay, shaped like the delays.
    pub delay: Vec<f32>,
}

/// Gradients of a population's norm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NormGradient {
    /// dL/d gain.
    pub gain: Vec<f32>,
    /// dL/d bias.
    pub bias: Vec<f32>,
}

/// Gradients of a network, one entry per projection and population.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gradients {
    /// By projection.
    pub projections: Vec<SynapseGradient>,
    /// By population; empty vectors where there is no norm.
    pub norms: Vec<NormGradient>,
}

/// What one sample keeps between passes, by population.
#[derive(Debug, Default)]
struct SampleState {
    current: Vec<Vec<f32>>,
    gradient: Vec<Vec<f32>>,
    fired: Vec<Vec<u16>>,
    kept: Vec<Vec<u16>>,
    demand: Vec<Demand>,
    /// Spikes that dropout leaves, at the height it gives them; the input population's are the
    /// batch's own.
    frames: Vec<SpikeFrames>,
    /// The same by step, and in bursts, where a projection wants them so.
    events: Vec<StepEvents>,
    bursts: Vec<Bursts>,
    sums: Vec<NormSums>,
    spikes: Vec<u64>,
    loss: SampleLoss,
}

/// What one chunk of samples reuses.
#[derive(Debug, Default)]
struct Chunk {
    projection: ProjectionScratch,
    wanted: Vec<Wanted>,
    lanes: Vec<Lanes>,
    gradient_lanes: Vec<Lanes>,
    fired: Vec<u16>,
    trains: SpikeTrains,
    output: Vec<f32>,
    output_gradient: Vec<f32>,
    /// For the objective.
    loss: Vec<f64>,
    timing: StageTiming,
}

/// Engine for feed-forward networks of dense projections. It holds no parameters, only working
/// memory, which is reused from batch to batch.
#[derive(Debug)]
pub struct LayeredEngine {
    instructions: Instructions,
    sizes: Vec<usize>,
    neurons: Vec<Option<Box<dyn Neuron>>>,
    /// Non-source populations in topological order.
    order: Vec<usize>,
    input: usize,
    output: usize,
    /// `(source, target)` by projection.
    ends: Vec<(usize, usize)>,
    /// By projection.
    back: Vec<Back>,
    plans: Vec<ProjectionPlan>,
    steps: Vec<usize>,
    samples: Vec<SampleState>,
    chunks: Vec<Chunk>,
    statistics: Vec<BatchStatistics>,
    /// `Z = scale * I + offset` by population and neuron.
    affine: Vec<Vec<(f32, f32)>>,
    /// `sqrt(variance + epsilon)` of the batch, by population with a norm.
    deviation: Vec<Vec<f64>>,
    /// `dI = a * dZ + b * I + c` by neuron, of the population that is on its way back.
    norm_adjoint: Vec<(f32, f32, f32)>,
    gradients: Gradients,
    timing: StageTiming,
    batch: usize,
    /// Whether the last pass over the samples went from the last to the first.
    from_the_end: bool,
}

impl LayeredEngine {
    /// Checks that `network` is feed-forward with one source, one output population and dense
    /// projections, and builds its neurons.
    ///
    /// # Errors
    /// A sentence naming what does not fit.
    pub fn new(network: &Network) -> Result<Self> {
        network.check()?;
        let populations = &network.populations;
        let neurons = populations
            .iter()
            .map(|population| match &population.cells {
                Cells::Source => Ok(None),
                Cells::Neurons(model) => model.build(network.dt_ms).map(Some),
            })
            .collect::<Result<Vec<_>>>()?;
        for (index, projection) in network.projections.iter().enumerate() {
            if !matches!(projection.synapses, Synapses::Dense(_)) {
                return Err(Error::Network(format!(
                    "{}: the layered engine needs dense synapses",
                    network.projection_name(index)
                )));
            }
        }
        let ends: Vec<_> = network
            .projections
            .iter()
            .map(|projection| (projection.source, projection.target))
            .collect();
        let sole = |what: &str, found: Vec<usize>| match found[..] {
            [only] => Ok(only),
            _ => Err(Error::Network(format!(
                "the layered engine needs one {what} population, but there are {}",
                found.len()
            ))),
        };
        let input =
            sole("source", (0..populations.len()).filter(|&p| neurons[p].is_none()).collect())?;
        let output = sole(
            "output",
            (0..populations.len()).filter(|&p| ends.iter().all(|end| end.0 != p)).collect(),
        )?;
        let order = topological_order(populations.len(), &ends, input).ok_or_else(|| {
            Error::Network(
                "the layered engine needs a feed-forward network, but a projection closes a loop"
                    .into(),
            )
        })?;
        for &p in &order {
            if ends.iter().all(|end| end.1 != p) {
                return Err(Error::Network(format!(
                    "no projection ends at population {}",
                    populations[p].name
                )));
            }
            if p != output && neurons[p].as_ref().is_some_and(|neuron| !neuron.fires()) {
                return Err(Error::Network(format!(
                    "population {} never fires, so nothing can follow it",
                    populations[p].name
                )));
            }
        }
        let count = populations.len();
        let gradients = Gradients {
            projections: network.projections.iter().map(|_| SynapseGradient::default()).collect(),
            norms: vec![NormGradient::default(); count],
        };
        Ok(Self {
            instructions: Instructions::detect(),
            sizes: populations.iter().map(|population| population.size).collect(),
            neurons,
            input,
            output,
            back: backward(&ends, &order),
            plans: ends.iter().map(|_| ProjectionPlan::default()).collect(),
            ends,
            order,
            steps: vec![0; count],
            samples: Vec::new(),
            chunks: (0..CHUNKS).map(|_| Chunk::default()).collect(),
            statistics: vec![BatchStatistics::default(); count],
            affine: vec![Vec::new(); count],
            deviation: vec![Vec::new(); count],
            norm_adjoint: Vec::new(),
            gradients,
            timing: StageTiming::default(),
            batch: 0,
            from_the_end: false,
        })
    }

    /// The engine with kernels for another instruction set, to compare them.
    ///
    /// # Errors
    /// [`Error::Network`] when the processor does not have it.
    pub fn with_instructions(mut self, instructions: Instructions) -> Result<Self> {
        if !Instructions::available().contains(&instructions) {
            return Err(Error::Network(format!("this processor has no {}", instructions.name())));
        }
        self.instructions = instructions;
        Ok(self)
    }

    /// Runs a batch forward. Results are read with [`LayeredEngine::losses`] and its siblings.
    ///
    /// # Errors
    /// When the network is not of the shape the engine was built for, a sample does not have its
    /// channels, the dropout rate is not in `0..1`, or a loss is not finite.
    pub fn evaluate(
        &mut self,
        network: &Network,
        batch: &[SpikeFrames],
        pass: &Pass,
        objective: &dyn Objective,
    ) -> Result<()> {
        self.forward(network, batch, pass, objective, false)
    }

    /// Runs a batch forward and backward; returns the gradients of the mean loss, which may be
    /// changed: the next call writes all of them anew.
    ///
    /// # Errors
    /// As [`LayeredEngine::evaluate`]; when the pass takes running statistics, through which there
    /// is no gradient.
    pub fn train(
        &mut self,
        network: &Network,
        batch: &[SpikeFrames],
        pass: &Pass,
        objective: &dyn Objective,
    ) -> Result<&mut Gradients> {
        if pass.norm == NormStatistics::Running {
            return Err(Error::Network("training needs the norm statistics of the batch".into()));
        }
        self.forward(network, batch, pass, objective, true)?;
        for place in (0..self.order.len()).rev() {
            let p = self.order[place];
            if p == self.output {
                self.output_adjoint(network);
            }
            self.norm_gradient(network, p);
            self.synapses(network, p, batch, pass);
        }
        Ok(&mut self.gradients)
    }

    /// Gradients of the last call of [`LayeredEngine::train`], with what the caller has done to
    /// them since.
    pub fn gradients(&self) -> &Gradients {
        &self.gradients
    }

    /// Loss and prediction of each sample of the last batch.
    pub fn losses(&self) -> impl Iterator<Item = SampleLoss> {
        self.samples[..self.batch].iter().map(|sample| sample.loss)
    }

    /// Spikes per neuron and step of a firing population over the last batch, before dropout.
    pub fn firing_rate(&self, population: usize) -> f64 {
        let spikes: u64 =
            self.samples[..self.batch].iter().map(|sample| sample.spikes[population]).sum();
        spikes as f64 / (self.batch * self.steps[population] * self.sizes[population]).max(1) as f64
    }

    /// Share of the neuron-steps of a hidden population at which the last batch wanted dL/dS:
    /// neither dropped nor, as far as a row is worked out in parts, with a slope of zero.
    pub fn demand(&self, population: usize) -> f64 {
        let steps: usize = self.samples[..self.batch]
            .iter()
            .map(|sample| sample.demand[population].steps(self.sizes[population]))
            .sum();
        steps as f64
            / (self.batch * padded(self.steps[population]) * self.sizes[population]).max(1) as f64
    }

    /// Synaptic events of the last batch: spikes of every population times the synapses each meets.
    pub fn synaptic_events(&self) -> u64 {
        let of = |sample: &SampleState| {
            self.ends
                .iter()
                .map(|&(source, target)| sample.spikes[source] * self.sizes[target] as u64)
                .sum::<u64>()
        };
        self.samples[..self.batch].iter().map(of).sum()
    }

    /// Statistics of the last batch's input to a population that has a norm.
    pub fn statistics(&self, population: usize) -> &BatchStatistics {
        &self.statistics[population]
    }

    /// Summed input `I` of a population in one sample of the last batch: `[neuron][steps]` with the
    /// row length that goes with it.
    pub fn currents(&self, sample: usize, population: usize) -> (&[f32], usize) {
        (&self.samples[sample].current[population], padded(self.steps[population]))
    }

    /// Spikes of a firing population in one sample of the last batch, as `(neuron, step)` ordered
    /// by step.
    pub fn spikes(&self, sample: usize, population: usize) -> Vec<(usize, usize)> {
        let steps = self.steps[population];
        let fired = &self.samples[sample].fired[population];
        let blocks = fired.len() / steps.max(1);
        let at = |step: usize| {
            (0..blocks).flat_map(move |block| {
                bits(fired[block * steps + step]).map(move |lane| (block * LANES + lane, step))
            })
        };
        (0..steps).flat_map(at).collect()
    }

    /// Steps of a population in the last batch.
    pub fn steps(&self, population: usize) -> usize {
        self.steps[population]
    }

    /// Time per stage since the engine was built.
    pub fn timing(&self) -> StageTiming {
        self.chunks.iter().fold(self.timing, |mut sum, chunk| {
            sum.add(&chunk.timing);
            sum
        })
    }

    fn forward(
        &mut self,
        network: &Network,
        batch: &[SpikeFrames],
        pass: &Pass,
        objective: &dyn Objective,
        train: bool,
    ) -> Result<()> {
        let sizes = network.populations.iter().map(|population| population.size);
        let ends =
            network.projections.iter().map(|projection| (projection.source, projection.target));
        if !(sizes.eq(self.sizes.iter().copied()) && ends.eq(self.ends.iter().copied())) {
            return Err(Error::Network(
                "the engine was built for a network of other populations or projections".into(),
            ));
        }
        if let Some(sample) =
            batch.iter().position(|frames| frames.channels() != self.sizes[self.input])
        {
            let (actual, expected) = (batch[sample].channels(), self.sizes[self.input]);
            return Err(Error::Length {
                name: format!("channels of sample {sample} of the batch"),
                actual,
                expected,
            });
        }
        if let Some(Dropout { rate, .. }) = pass.dropout {
            Error::check(
                "Dropout::rate",
                rate,
                (0.0..1.0).contains(&rate),
                "at least 0 and below 1",
            )?;
        }
        if let Kernels::Trained { evaluation, .. } = pass.kernels {
            evaluation.check()?;
        }
        self.prepare(network, batch, pass, train);
        for place in 0..self.order.len() {
            let p = self.order[place];
            self.currents_pass(p, batch, pass);
            self.normalise(network, p, pass);
            self.neurons_pass(p, pass, objective, train);
        }
        if let Some(slot) = self.losses().position(|loss| !loss.loss.is_finite()) {
            return Err(Error::NotFinite(format!(
                "the loss of sample {slot} of the batch is not a finite number; try a lower learning rate"
            )));
        }
        Ok(())
    }

    /// Steps, taps and memory for a batch.
    fn prepare(&mut self, network: &Network, batch: &[SpikeFrames], pass: &Pass, train: bool) {
        self.batch = batch.len();
        self.steps.fill(0);
        // A sample of no steps at all is as legal as one without spikes.
        self.steps[self.input] = batch.iter().map(SpikeFrames::steps).max().unwrap_or(0).max(1);
        for &p in &self.order {
            for (projection, _) in self.ends.iter().enumerate().filter(|(_, end)| end.1 == p) {
                let steps = ProjectionPlan::steps_out(
                    dense(network, projection),
                    self.steps[self.ends[projection].0],
                );
                self.steps[p] = self.steps[p].max(steps);
            }
        }
        let plans = &mut self.plans;
        self.timing.time(Stage::Prepare, || {
            for (projection, plan) in plans.iter_mut().enumerate() {
                let synapses = dense(network, projection);
                let (kernel, evaluation, sigma_raw) = match pass.kernels {
                    Kernels::Trained { sigma_raw, evaluation } => {
                        (synapses.kernel, evaluation, sigma_raw)
                    }
                    Kernels::Deployed => (DelayKernel::OneTap, KernelEvaluation::default(), 0.0),
                };
                let (source, target) = self.ends[projection];
                let settings = PlanSettings {
                    kernel,
                    evaluation,
                    sigma_raw,
                    steps_in: self.steps[source],
                    steps_out: self.steps[target],
                };
                plan.prepare(self.instructions, synapses, settings);
            }
        });
        if self.samples.len() < batch.len() {
            self.samples.resize_with(batch.len(), SampleState::default);
        }
        let (sizes, steps, order) = (&self.sizes, &self.steps, &self.order);
        let (input, by_step, burst_taps) =
            (self.input, self.wants_events(self.input), self.wants_bursts(self.input));
        self.samples[..batch.len()].par_iter_mut().zip(batch).for_each(|(sample, frames)| {
            sample.resize(sizes, steps, order, train);
            sample.spikes[input] = frames.len() as u64;
            if by_step {
                sample.events[input].refill(frames, steps[input]);
            }
            if let Some(taps) = burst_taps {
                sample.bursts[input].refill(frames, taps);
            }
        });
    }

    /// Whether a projection wants the spikes of population `p` by step.
    fn wants_events(&self, p: usize) -> bool {
        self.ends.iter().zip(&self.plans).any(|(end, plan)| end.0 == p && plan.reads_steps())
    }

    /// The most taps for which a projection wants the spikes of population `p` in bursts.
    fn wants_bursts(&self, p: usize) -> Option<usize> {
        let from_here = self.ends.iter().zip(&self.plans).filter(|(end, _)| end.0 == p);
        from_here.filter_map(|(_, plan)| plan.burst_taps()).max()
    }

    /// Calls `f` for every chunk of samples with the number of its first. Every other pass starts
    /// from the end: the samples that the last pass has left in the cache come first.
    fn each_chunk(&mut self, f: impl Fn(usize, &mut [SampleState], &mut Chunk) + Sync) {
        let size = self.batch.div_ceil(CHUNKS).max(1);
        let chunks =
            self.samples[..self.batch].par_chunks_mut(size).zip(&mut self.chunks).enumerate();
        self.from_the_end = !self.from_the_end;
        let f = |(c, (samples, chunk)): (usize, (&mut [SampleState], &mut Chunk))| {
            f(c * size, samples, chunk)
        };
        if self.from_the_end { chunks.rev().for_each(f) } else { chunks.for_each(f) }
    }

    /// Calls `f` for every sample of the batch, chunk by chunk.
    fn each_sample(&mut self, f: impl Fn(usize, &mut SampleState, &mut Chunk) + Sync) {
        let from_the_end = !self.from_the_end;
        self.each_chunk(|first, samples, chunk| {
            let last = samples.len() - 1;
            for k in 0..samples.len() {
                let k = if from_the_end { last - k } else { k };
                f(first + k, &mut samples[k], chunk);
            }
        });
    }

    /// `I = sum over projections`, and its sums.
    fn currents_pass(&mut self, p: usize, batch: &[SpikeFrames], pass: &Pass) {
        let plans = std::mem::take(&mut self.plans);
        let ends = std::mem::take(&mut self.ends);
        let (steps, with, input) = (self.steps[p], self.instructions, self.input);
        let normed = pass.norm == NormStatistics::Batch;
        self.each_chunk(|first, samples, chunk| {
            if normed {
                samples.iter_mut().for_each(|sample| sample.sums[p].clear());
            }
            let into = || plans.iter().zip(&ends).filter(|(_, end)| end.1 == p);
            let last = into().count() - 1;
            for (n, (plan, &(source, _))) in into().enumerate() {
                for block in 0..plan.blocks() {
                    for (b, sample) in (first..).zip(samples.iter_mut()) {
                        let SampleState { current, frames, events, bursts, sums, .. } = sample;
                        let frames = if source == input { &batch[b] } else { &frames[source] };
                        let spikes =
                            Spikes { frames, events: &events[source], bursts: &bursts[source] };
                        let write = if n == 0 { Write::Set } else { Write::Add };
                        chunk.timing.time(Stage::Forward, || {
                            plan.forward(
                                with,
                                block,
                                spikes,
                                &mut chunk.projection,
                                &mut current[p],
                                write,
                            );
                        });
                        // While the block's rows are still in a near cache.
                        if normed && n == last {
                            chunk.timing.time(Stage::Neurons, || {
                                sums[p].of_rows(with, &current[p], plan.neurons(block), steps)
                            });
                        }
                    }
                }
            }
        });
        (self.plans, self.ends) = (plans, ends);
    }

    /// The norm of population `p` as `Z = scale * I + offset`.
    fn normalise(&mut self, network: &Network, p: usize, pass: &Pass) {
        let affine = &mut self.affine[p];
        affine.clear();
        let Some(norm) = &network.populations[p].norm else {
            affine.resize(self.sizes[p], (1.0, 0.0));
            return;
        };
        if pass.norm == NormStatistics::Running {
            affine.extend((0..self.sizes[p]).map(|neuron| norm.deployed(neuron)));
            return;
        }
        let count = self.batch * self.steps[p];
        let statistics = &mut self.statistics[p];
        NormSums::statistics(
            self.samples[..self.batch].iter().map(|sample| &sample.sums[p]),
            self.sizes[p],
            count,
            statistics,
        );
        let deviation = &mut self.deviation[p];
        deviation.clear();
        deviation.extend(
            statistics.variance.iter().map(|variance| (variance + norm.epsilon as f64).sqrt()),
        );
        affine.extend((0..self.sizes[p]).map(|neuron| {
            let scale = norm.gain[neuron] as f64 / deviation[neuron];
            (scale as f32, (norm.bias[neuron] as f64 - statistics.mean[neuron] * scale) as f32)
        }));
    }

    /// Spikes of a hidden population; loss and its gradient at the output.
    fn neurons_pass(&mut self, p: usize, pass: &Pass, objective: &dyn Objective, train: bool) {
        let neurons = self.neurons[p].take().expect("sources are not in the order");
        let affine = std::mem::take(&mut self.affine[p]);
        let (steps, size, is_output, batch) =
            (self.steps[p], self.sizes[p], p == self.output, self.batch);
        let population = PopulationPass {
            instructions: self.instructions,
            neurons: &*neurons,
            affine: &affine,
            size,
            steps,
        };
        let (by_step, burst_taps, height) =
            (self.wants_events(p), self.wants_bursts(p), dropout_scale(pass.dropout));
        self.each_sample(|b, sample, chunk| {
            chunk.timing.time(Stage::Neurons, || {
                let demand = &mut sample.demand[p];
                sample.spikes[p] = population.fire(
                    &sample.current[p],
                    &mut chunk.lanes,
                    &mut sample.fired[p],
                    demand,
                );
                keep(&mut sample.kept[p], size, if is_output { None } else { pass.dropout }, b, p);
                demand.keep(&sample.kept[p]);
                if !is_output {
                    sample.frames[p].refill(
                        size,
                        steps,
                        &sample.fired[p],
                        &sample.kept[p],
                        height,
                        &mut chunk.trains,
                    );
                }
                if by_step {
                    sample.events[p].refill(&sample.frames[p], steps);
                }
                if let Some(taps) = burst_taps {
                    sample.bursts[p].refill(&sample.frames[p], taps);
                }
            });
            if !is_output {
                return;
            }
            chunk.timing.time(Stage::Loss, || {
                chunk.output.resize(size * steps, 0.0);
                if neurons.fires() {
                    spike_rows(&sample.fired[p], size, steps, &mut chunk.output);
                } else {
                    potentials(
                        &population,
                        &sample.current[p],
                        &mut chunk.lanes,
                        &mut chunk.fired,
                        &mut chunk.output,
                    );
                }
                if !train {
                    sample.loss =
                        objective.evaluate(b, &chunk.output, steps, None, &mut chunk.loss);
                    return;
                }
                chunk.output_gradient.resize(size * steps, 0.0);
                let gradient = Some((&mut chunk.output_gradient[..], 1.0 / batch as f32));
                sample.loss =
                    objective.evaluate(b, &chunk.output, steps, gradient, &mut chunk.loss);
                for (row, gradient) in sample.gradient[p]
                    .chunks_exact_mut(padded(steps))
                    .zip(chunk.output_gradient.chunks_exact(steps))
                {
                    row[..steps].copy_from_slice(gradient);
                }
            });
        });
        self.affine[p] = affine;
        self.neurons[p] = Some(neurons);
    }

    /// dL/dS of the output to dL/dZ.
    fn output_adjoint(&mut self, network: &Network) {
        let p = self.output;
        let (neurons, affine) =
            (std::mem::take(&mut self.neurons), std::mem::take(&mut self.affine));
        let steps = std::mem::take(&mut self.steps);
        let adjoint = Adjoint {
            network,
            neurons: &neurons,
            affine: &affine,
            steps: &steps,
            instructions: self.instructions,
            scale: 1.0,
        };
        self.each_sample(|_, sample, chunk| adjoint.run(p, sample, chunk));
        (self.neurons, self.affine, self.steps) = (neurons, affine, steps);
    }

    /// dL/d gain and dL/d bias from each sample's sums of dZ and dZ * I.
    fn norm_gradient(&mut self, network: &Network, p: usize) {
        if network.populations[p].norm.is_none() {
            return;
        }
        let gradient = &mut self.gradients.norms[p];
        gradient.gain.resize(self.sizes[p], 0.0);
        gradient.bias.resize(self.sizes[p], 0.0);
        for neuron in 0..self.sizes[p] {
            let (mut bias, mut product) = (0.0, 0.0);
            for sample in &self.samples[..self.batch] {
                let (first, second) = sample.sums[p].of(neuron);
                bias += first;
                product += second;
            }
            // dL/d gain is the sum of dZ * (I - mean) / deviation.
            gradient.gain[neuron] = ((product - self.statistics[p].mean[neuron] * bias)
                / self.deviation[p][neuron]) as f32;
            gradient.bias[neuron] = bias as f32;
        }
    }

    /// dL/dI from dL/dZ, then gradients of the projections into `p` and of their sources: dL/dZ as
    /// soon as no other projection adds to it.
    fn synapses(&mut self, network: &Network, p: usize, batch: &[SpikeFrames], pass: &Pass) {
        let mut plans = std::mem::take(&mut self.plans);
        let ends = std::mem::take(&mut self.ends);
        let (with, input) = (self.instructions, self.input);
        self.norm_adjoint(p);
        let (back, norm_adjoint) =
            (std::mem::take(&mut self.back), std::mem::take(&mut self.norm_adjoint));
        let (neurons, affine) =
            (std::mem::take(&mut self.neurons), std::mem::take(&mut self.affine));
        let steps = std::mem::take(&mut self.steps);
        let scale = dropout_scale(pass.dropout);
        let adjoint = Adjoint {
            network,
            neurons: &neurons,
            affine: &affine,
            steps: &steps,
            instructions: with,
            scale,
        };
        self.each_sample(|_, sample, chunk| {
            let SampleState { current, gradient, .. } = sample;
            chunk.timing.time(Stage::Neurons, || {
                super::population::norm_adjoint(
                    &norm_adjoint,
                    &current[p],
                    steps[p],
                    &mut gradient[p],
                )
            });
            let sources = plans
                .iter()
                .zip(&ends)
                .zip(&back)
                .filter(|((_, end), _)| end.1 == p && end.0 != input);
            for ((plan, &(source, _)), back) in sources {
                let SampleState { gradient, demand, .. } = sample;
                chunk.timing.time(Stage::InputGradient, || {
                    demand[source].list(plan.pre(), &mut chunk.wanted);
                    let [gradient, out] = gradient
                        .get_disjoint_mut([p, source])
                        .expect("no projection closes a loop");
                    if back.write == Write::Set {
                        out.fill(0.0);
                    }
                    for block in 0..plan.blocks() {
                        plan.input_gradient(
                            with,
                            block,
                            gradient,
                            &chunk.wanted,
                            &mut chunk.projection,
                            out,
                        );
                    }
                });
                // It is complete, and in a near cache.
                if back.is_last {
                    adjoint.run(source, sample, chunk);
                }
            }
        });
        (self.back, self.norm_adjoint) = (back, norm_adjoint);
        (self.neurons, self.affine, self.steps) = (neurons, affine, steps);
        let samples = &self.samples[..self.batch];
        for (projection, (plan, &(source, target))) in plans.iter_mut().zip(&ends).enumerate() {
            if target != p {
                continue;
            }
            let synapses = dense(network, projection);
            let SynapseGradient { weight, delay } = &mut self.gradients.projections[projection];
            weight.resize(synapses.weight.len(), 0.0);
            delay.resize(synapses.delay.len(), 0.0);
            let sample = |b: usize| {
                let SampleState { gradient, frames, events, bursts, .. } = &samples[b];
                let frames = if source == input { &batch[b] } else { &frames[source] };
                (
                    Spikes { frames, events: &events[source], bursts: &bursts[source] },
                    &gradient[p][..],
                )
            };
            let spent = plan.weight_gradient(with, synapses, samples.len(), sample, weight, delay);
            self.timing.book(Stage::WeightGradient, spent);
        }
        (self.plans, self.ends) = (plans, ends);
    }

    /// The backward norm of population `p` as `dI = a * dZ + b * I + c`, by neuron.
    fn norm_adjoint(&mut self, p: usize) {
        let gradient = &self.gradients.norms[p];
        self.norm_adjoint.clear();
        if gradient.gain.is_empty() {
            self.norm_adjoint.resize(self.sizes[p], (1.0, 0.0, 0.0));
            return;
        }
        let count = (self.batch * self.steps[p]) as f64;
        self.norm_adjoint.extend((0..self.sizes[p]).map(|neuron| {
            // dI = (gain / deviation) * (dZ - mean(dZ) - normalised I * mean(dZ * normalised I))
            let (scale, _) = self.affine[p][neuron];
            let slope =
                -(scale as f64) * gradient.gain[neuron] as f64 / count / self.deviation[p][neuron];
            let offset = -(scale as f64) * gradient.bias[neuron] as f64 / count
                - slope * self.statistics[p].mean[neuron];
            (scale, slope as f32, offset as f32)
        }));
    }
}

impl SampleState {
    fn resize(&mut self, sizes: &[usize], steps: &[usize], order: &[usize], train: bool) {
        for rows in [&mut self.current, &mut self.gradient] {
            rows.resize(sizes.len(), Vec::new());
        }
        for masks in [&mut self.fired, &mut self.kept] {
            masks.resize(sizes.len(), Vec::new());
        }
        self.demand.resize(sizes.len(), Demand::default());
        self.frames.resize(sizes.len(), SpikeFrames::default());
        self.events.resize_with(sizes.len(), StepEvents::default);
        self.bursts.resize_with(sizes.len(), Bursts::default);
        self.sums.resize(sizes.len(), NormSums::default());
        self.spikes.resize(sizes.len(), 0);
        for &p in order {
            self.current[p].resize(sizes[p] * padded(steps[p]), 0.0);
            self.fired[p].resize(sizes[p].div_ceil(LANES) * steps[p], 0);
            if train {
                self.gradient[p].resize(sizes[p] * padded(steps[p]), 0.0);
            }
        }
    }
}

fn dense(network: &Network, projection: usize) -> &DenseSynapses {
    match &network.projections[projection].synapses {
        Synapses::Dense(dense) => dense,
        Synapses::Sparse(_) => unreachable!("the engine was built for dense projections"),
    }
}

fn dropout_scale(dropout: Option<Dropout>) -> f32 {
    dropout.map_or(1.0, |dropout| (1.0 / (1.0 - dropout.rate)) as f32)
}

/// Draws which neurons of population `p` stay in sample `slot`, one bit each.
fn keep(kept: &mut Vec<u16>, size: usize, dropout: Option<Dropout>, slot: usize, p: usize) {
    kept.clear();
    let mut stream = dropout.map(|dropout| {
        dropout.seed.stream(Purpose::Dropout, dropout.step, (slot as u64) << 16 | p as u64)
    });
    for first in (0..size).step_by(LANES) {
        let lanes = LANES.min(size - first);
        kept.push((0..lanes).fold(0, |bits, lane| {
            let stays = match (&mut stream, dropout) {
                (Some(stream), Some(dropout)) => stream.random::<f64>() >= dropout.rate,
                _ => true,
            };
            bits | (stays as u16) << lane
        }));
    }
}

/// What a projection does with the gradient of its source on the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Back {
    /// The first to reach it sets it, all others add to it.
    write: Write,
    is_last: bool,
}

/// By projection, in the order of [`LayeredEngine::synapses`].
fn backward(ends: &[(usize, usize)], order: &[usize]) -> Vec<Back> {
    let mut backs = vec![Back { write: Write::Add, is_last: true }; ends.len()];
    let on_the_way = order
        .iter()
        .rev()
        .flat_map(|&p| (0..ends.len()).filter(move |&projection| ends[projection].1 == p));
    // The latest so far, by source.
    let mut latest = HashMap::new();
    for projection in on_the_way {
        match latest.insert(ends[projection].0, projection) {
            Some(before) => backs[before].is_last = false,
            None => backs[projection].write = Write::Set,
        }
    }
    backs
}

/// dL/dS of a population to dL/dZ, and the sums the norm's gradient needs.
struct Adjoint<'a> {
    network: &'a Network,
    neurons: &'a [Option<Box<dyn Neuron>>],
    affine: &'a [Vec<(f32, f32)>],
    steps: &'a [usize],
    instructions: Instructions,
    /// Height of a spike behind dropout.
    scale: f32,
}

impl Adjoint<'_> {
    fn run(&self, p: usize, sample: &mut SampleState, chunk: &mut Chunk) {
        let Population { size, norm, .. } = &self.network.populations[p];
        let neurons = self.neurons[p].as_deref().expect("the source has no gradient");
        let population = PopulationPass {
            instructions: self.instructions,
            neurons,
            affine: &self.affine[p],
            size: *size,
            steps: self.steps[p],
        };
        let Chunk { timing, lanes, gradient_lanes, fired, .. } = chunk;
        let scratch = LaneScratch { potential: lanes, gradient: gradient_lanes, fired };
        let SampleState { current, kept, gradient, sums, .. } = sample;
        let sums = norm.is_some().then_some(&mut sums[p]);
        timing.time(Stage::Neurons, || {
            population.adjoint(&current[p], &kept[p], self.scale, &mut gradient[p], sums, scratch)
        });
    }
}

/// Populations other than `input`, each after its sources; `None` if there is a loop.
fn topological_order(
    populations: usize,
    ends: &[(usize, usize)],
    input: usize,
) -> Option<Vec<usize>> {
    let mut order = vec![input];
    while order.len() < populations {
        let ready = |p: &usize| {
            !order.contains(p) && ends.iter().all(|end| end.1 != *p || order.contains(&end.0))
        };
        order.push((0..populations).find(ready)?);
    }
    order.remove(0);
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_is_set_by_the_first_projection_on_the_way_back_and_complete_with_the_last() {
        // A chain of three with all skips, the last step doubled.
        let ends = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 3)];
        let backs = backward(&ends, &[1, 2, 3]);
        let of =
            |projection: usize| (backs[projection].write == Write::Set, backs[projection].is_last);
        assert_eq!([3, 2].map(of), [(true, false), (false, true)], "of population 1");
        assert_eq!([4, 5].map(of), [(true, false), (false, true)], "of population 2");
        assert_eq!(
            backward(&[(0, 1), (1, 2)], &[1, 2])[1],
            Back { write: Write::Set, is_last: true }
        );
    }
}
