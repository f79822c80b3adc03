//! The engine: a batch, step by step, and its gradient.

use crate::lanes::LANES;
use crate::layers::Layers;
use crate::method::TraceMethod;
use crate::ottt::StepLoss;
use crate::tile::{KEPT, Tile};
use rayon::prelude::*;
use sim_core::{
    Batch, BatchReport, Error, GradientEngine, Gradients, Kind, Network, ParameterId, Pass,
    PopulationReport, Result, SpikeFrames, Stage, StageTiming,
};
use simd::{Matrix, multiply};
use std::time::Instant;

/// Rows of a weight gradient that one task works out.
const ROWS: usize = 160;

/// Engine for feed-forward networks of dense projections without delays, whose memory does not grow
/// with the steps of a sample. It trains; batches that learn nothing are run by another engine.
#[derive(Debug)]
pub struct TraceEngine {
    method: TraceMethod,
    layers: Layers,
    tiles: Vec<Tile>,
    /// Runs batches that learn nothing.
    evaluator: Box<dyn GradientEngine>,
    /// Whether the last batch learned nothing.
    evaluated: bool,
    keeps_activity: bool,
    /// Spikes of each firing population in each sample, `[population][sample]`, where they are
    /// kept.
    activity: Vec<Vec<SpikeFrames>>,
    /// Samples of the last batch that learned.
    samples: usize,
    report: BatchReport,
    /// Of what runs outside of the tiles.
    timing: StageTiming,
}

impl TraceEngine {
    /// Checks that `network` is feed-forward with one source, one readout and dense projections
    /// without delays, and that its neurons are leaky integrate-and-fire neurons with a soft reset
    /// which learn nothing. `evaluator` runs batches that learn nothing.
    ///
    /// # Errors
    /// A sentence naming what does not fit.
    pub fn new(
        network: &Network,
        method: TraceMethod,
        evaluator: Box<dyn GradientEngine>,
    ) -> Result<Self> {
        let layers = Layers::new(network, method)?;
        let populations = vec![PopulationReport::default(); layers.sizes.len()];
        Ok(Self {
            method,
            layers,
            tiles: Vec::new(),
            evaluator,
            evaluated: false,
            keeps_activity: false,
            activity: Vec::new(),
            samples: 0,
            report: BatchReport { populations, ..BatchReport::default() },
            timing: StageTiming::default(),
        })
    }

    /// The engine, but it keeps the spikes of hidden populations while it trains, so that
    /// [`GradientEngine::activity`] tells them: one bit for each neuron, step and sample, and eight
    /// bytes for each spike. This memory grows with the steps; the gradient does not need it.
    pub fn with_activity(mut self) -> Self {
        self.keeps_activity = true;
        self
    }

    /// Bytes of everything that samples of a batch are worked out in, without the activity that is
    /// kept on request ([`Self::with_activity`]): it does not depend on the number of steps.
    pub fn working_bytes(&self) -> usize {
        self.tiles.iter().map(Tile::bytes).sum()
    }

    fn check(&self, network: &Network, batch: &Batch, pass: &Pass) -> Result<()> {
        let Self { method, layers, .. } = self;
        layers.check(network)?;
        pass.check()?;
        pass.check_gradient()?;
        batch.check(layers.sizes[layers.input], pass.horizon)?;
        let refuse = |problem: &str| Err(Error::Network(format!("gradient {method}: {problem}")));
        if batch.output != layers.output {
            return refuse("the batch reads another population than the output of the network");
        }
        if !batch.regularizers.is_empty() {
            return refuse("penalties on spikes have no gradient here");
        }
        if pass.dropout.is_some() {
            return refuse("there is no dropout here");
        }
        Ok(())
    }

    /// Runs the batch for `steps` steps, and overwrites `into`.
    fn run(&mut self, network: &Network, batch: &Batch, steps: usize, into: &mut Gradients) {
        let Self { method, layers, tiles, keeps_activity, timing, .. } = self;
        let (layers, method, samples) = (&*layers, *method, batch.frames.len());
        let is_dsr = method == TraceMethod::Dsr;
        tiles.resize_with(samples.div_ceil(LANES), Tile::default);
        let frames = || batch.frames.par_chunks(LANES).enumerate();
        tiles.par_iter_mut().zip(frames()).for_each(|(tile, (_, frames))| {
            tile.restart(layers, frames.len(), is_dsr, *keeps_activity);
        });
        into.iter_mut().for_each(|(_, gradient)| gradient.fill(0.0));
        let loss = StepLoss { objective: batch.objective, steps, samples };
        for t in 0..steps {
            tiles.par_iter_mut().zip(frames()).for_each(|(tile, (n, frames))| {
                tile.step(layers, network, frames, t);
                if !is_dsr {
                    tile.errors_of_step(layers, network, n * LANES, loss);
                }
            });
            if !is_dsr {
                add_weight_gradients(layers, tiles, into, timing);
            }
        }
        tiles.par_iter_mut().enumerate().for_each(|(n, tile)| {
            if is_dsr {
                let place = (n * LANES, samples);
                tile.errors_of_rates(layers, network, place, steps, batch.objective);
            } else {
                tile.predict(n * LANES, steps, batch.objective);
            }
        });
        if is_dsr {
            add_weight_gradients(layers, tiles, into, timing);
        }
    }

    /// What the batch came to, and the spikes of its samples where they are kept.
    fn summarise(&mut self, batch: &[SpikeFrames], steps: usize) {
        let Self { layers, tiles, report, activity, .. } = self;
        report.losses.clear();
        report.losses.extend(tiles.iter().flat_map(|tile| &tile.losses));
        let own_steps: usize = batch.iter().map(|frames| frames.steps().max(1)).sum();
        for (p, population) in report.populations.iter_mut().enumerate() {
            let of_tiles = || tiles.iter().map(|tile| &tile.populations[p]);
            population.steps = steps;
            population.spikes = match p == layers.input {
                true => batch.iter().map(|frames| frames.len() as u64).sum(),
                false => of_tiles().map(|tile| tile.spikes).sum(),
            };
            let neuron_steps = batch.len() * steps * layers.sizes[p];
            population.firing_rate = population.spikes as f64 / neuron_steps.max(1) as f64;
            population.counts.clear();
            population.most_spikes = 0;
            if layers.members[p].as_ref().is_some_and(|members| members.threshold.is_some()) {
                population.most_spikes = own_steps as u64;
                population.counts.resize(layers.sizes[p], 0);
                for tile in of_tiles() {
                    let counts = population.counts.iter_mut().zip(&tile.counts);
                    counts.for_each(|(sum, &count)| *sum += u64::from(count));
                }
            }
        }
        activity.resize_with(layers.sizes.len(), Vec::new);
        let hidden = layers.order.iter().filter(|&&p| p != layers.output);
        for &p in hidden.filter(|_| self.keeps_activity) {
            let (of_population, room) = (&mut activity[p], batch.len());
            of_population.resize_with(of_population.len().max(room), SpikeFrames::default);
            of_population[..room].par_iter_mut().enumerate().for_each(|(sample, frames)| {
                let kept = &tiles[sample / LANES].populations[p].kept;
                kept.fill(sample % LANES, (layers.sizes[p], steps), frames);
            });
        }
        self.samples = batch.len();
    }
}

impl GradientEngine for TraceEngine {
    fn evaluate(&mut self, network: &Network, batch: &Batch, pass: &Pass) -> Result<()> {
        self.evaluated = true;
        self.evaluator.evaluate(network, batch, pass)
    }

    fn train(
        &mut self,
        network: &Network,
        batch: &Batch,
        pass: &Pass,
        into: &mut Gradients,
    ) -> Result<()> {
        self.check(network, batch, pass)?;
        into.check(network)?;
        let longest = batch.frames.iter().map(SpikeFrames::steps).max().unwrap_or(0);
        let steps = pass.horizon.with_window(longest, 0);
        self.evaluated = false;
        self.run(network, batch, steps, into);
        self.summarise(batch.frames, steps);
        if let Some(slot) = self.report.losses.iter().position(|loss| !loss.loss.is_finite()) {
            return Err(Error::NotFinite(format!(
                "the loss of sample {slot} of the batch is not a finite number; try a lower \
                 learning rate"
            )));
        }
        Ok(())
    }

    fn report(&self) -> &BatchReport {
        if self.evaluated { self.evaluator.report() } else { &self.report }
    }

    /// # Panics
    /// As the trait says; behind a batch that learned, also without
    /// [`TraceEngine::with_activity`].
    fn activity(&self, population: usize, sample: usize) -> &SpikeFrames {
        if self.evaluated {
            return self.evaluator.activity(population, sample);
        }
        assert!(self.keeps_activity, "the engine keeps no spikes: TraceEngine::with_activity");
        assert!(sample < self.samples, "the last batch had {} samples", self.samples);
        &self.activity[population][sample]
    }

    fn timing(&self) -> StageTiming {
        let mut timing = self.timing;
        self.tiles.iter().for_each(|tile| timing.add(&tile.timing));
        timing.add(&self.evaluator.timing());
        timing
    }
}

/// Adds `E a^T` of all samples to the gradient of the weights of each projection. Tiles follow each
/// other in the sum of each weight, so its bits do not depend on the number of threads.
fn add_weight_gradients(
    layers: &Layers,
    tiles: &[Tile],
    into: &mut Gradients,
    timing: &mut StageTiming,
) {
    let start = Instant::now();
    for (projection, &(source, target)) in layers.ends.iter().enumerate() {
        let id = ParameterId::of_projection(projection, Kind::Weight);
        let ([weight], pre) = (into.of_mut([id]), layers.sizes[source]);
        weight.par_chunks_mut(ROWS * pre).enumerate().for_each(|(part, to)| {
            for tile in tiles {
                let error = tile.populations[target].error.as_flattened();
                let error = Matrix::of_rows(error, LANES).rows_from(part * ROWS, ROWS);
                let trace = Matrix::of_rows(&tile.projections[projection].trace, LANES);
                multiply(to, 1.0, error, trace.transposed(), KEPT);
            }
        });
    }
    let spent = start.elapsed() * rayon::current_num_threads() as u32;
    timing.book(Stage::WeightGradient, spent);
}

#[cfg(test)]
mod tests;
