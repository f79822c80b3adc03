//! Some samples of a batch, which run side by side: their forward pass, step by step.
//!
//! ```text
//! I[t] = W S[t]                       of each projection, all samples at once
//! V[t], S[t]                          by the neuron model
//! a[t] = beta a[t-1] + S[t]           the trace of what the source of a projection sends
//! ```
//! `beta` is that of the postsynaptic neurons: their potential is `gain W a[t]` but for resets, so
//! `gain a[t]` is its derivative by the weights.
//!
//! Nothing here is `[step]`, except for the spikes that are kept on request.

use crate::input::Input;
use crate::kept_spikes::KeptSpikes;
use crate::lanes::{BLOCKS, LANES, lanes};
use crate::layers::{Layers, Members, dense};
use crate::one_step::OneStep;
use crate::slopes::Slopes;
use sim_core::{NORMALISER_SHARE, Network, SampleLoss, SpikeFrames, Stage, StageTiming, State};
use simd::{Matrix, NEURONS_PER_BLOCK, NeuronBlock, multiply};

/// The share of a weight that the normaliser of a delay kernel keeps where the window is one step.
pub(crate) const KEPT: f32 = NORMALISER_SHARE as f32;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Tile {
    pub populations: Vec<TilePopulation>,
    pub projections: Vec<TileProjection>,
    input: Input,
    /// By sample.
    pub losses: Vec<SampleLoss>,
    /// Potentials of the output, summed over the steps so far, `[neuron][lane]`.
    pub potentials: Vec<f64>,
    pub one_step: OneStep,
    pub slopes: Slopes,
    pub timing: StageTiming,
}

/// A population in the samples of a tile.
#[derive(Debug, Default)]
pub(crate) struct TilePopulation {
    /// What it sends in the step, `[neuron][lane]`.
    pub sent: Vec<f32>,
    /// Summed input of the step, `[neuron][lane]` in blocks.
    pub current: Vec<NeuronBlock>,
    /// The state before the step, and behind it; an entry is a block of lanes of a neuron.
    pub before: State<NeuronBlock>,
    pub state: State<NeuronBlock>,
    /// Potential before the reset.
    drive: Vec<NeuronBlock>,
    fired: Vec<u16>,
    /// dL/dS, then dL/dI, `[neuron][lane]` in blocks.
    pub error: Vec<NeuronBlock>,
    /// Spikes of each neuron over the samples' own steps.
    pub counts: Vec<u32>,
    /// Spikes in all steps.
    pub spikes: u64,
    pub kept: KeptSpikes,
}

/// A projection in the samples of a tile.
#[derive(Debug, Default)]
pub(crate) struct TileProjection {
    /// `[post][lane]`
    pub current: Vec<f32>,
    /// `[pre][lane]`
    pub trace: Vec<f32>,
    /// Sum of the traces of all steps, where it is wanted.
    pub trace_sum: Vec<f32>,
}

impl Tile {
    /// Brings the tile to rest, for `samples` samples. `sums` tells whether traces into the output
    /// are summed, `keeps` whether spikes are kept.
    pub(crate) fn restart(&mut self, layers: &Layers, samples: usize, sums: bool, keeps: bool) {
        let Self { populations, projections, input, losses, potentials, .. } = self;
        populations.resize_with(layers.sizes.len(), TilePopulation::default);
        for (p, (population, &size)) in populations.iter_mut().zip(&layers.sizes).enumerate() {
            refill(&mut population.sent, size * LANES, 0.0);
            population.spikes = 0;
            population.kept.clear();
            if let Some(Members { neuron, threshold, .. }) = &layers.members[p] {
                let zero = [0.0; NEURONS_PER_BLOCK];
                for blocks in
                    [&mut population.current, &mut population.drive, &mut population.error]
                {
                    refill(blocks, size * BLOCKS, zero);
                }
                refill(&mut population.fired, size * BLOCKS, 0);
                refill(&mut population.counts, size, 0);
                for state in [&mut population.before, &mut population.state] {
                    if state.entries() != size * BLOCKS {
                        *state = State::at_rest(neuron.variables(), size * BLOCKS, zero);
                    }
                    state.reset(zero);
                }
                population.kept.is_wanted = keeps && threshold.is_some();
            }
        }
        projections.resize_with(layers.ends.len(), TileProjection::default);
        for (projection, &(source, target)) in projections.iter_mut().zip(&layers.ends) {
            refill(&mut projection.current, layers.sizes[target] * LANES, 0.0);
            refill(&mut projection.trace, layers.sizes[source] * LANES, 0.0);
            let summed = if sums && target == layers.output { projection.trace.len() } else { 0 };
            refill(&mut projection.trace_sum, summed, 0.0);
        }
        input.restart(layers.sizes[layers.input]);
        refill(losses, samples, SampleLoss::default());
        refill(potentials, layers.sizes[layers.output] * LANES, 0.0);
    }

    /// Runs step `t` of `frames`, the samples of the tile.
    pub(crate) fn step(
        &mut self,
        layers: &Layers,
        network: &Network,
        frames: &[SpikeFrames],
        t: usize,
    ) {
        let Self { populations, projections, input, potentials, timing, .. } = self;
        let is_new = input.read(frames, t, &mut populations[layers.input].sent);
        // A sample of no steps at all runs for one.
        let own = lanes(frames, |frames| t < frames.steps().max(1));
        for &p in &layers.order {
            let Members { neuron, beta, .. } = layers.members(p);
            timing.time(Stage::Forward, || {
                populations[p].current.as_flattened_mut().fill(0.0);
                for index in layers.ending_at(p) {
                    let TileProjection { current, trace, trace_sum } = &mut projections[index];
                    let source = layers.ends[index].0;
                    let sent = &populations[source].sent;
                    if is_new || source != layers.input {
                        currents(current, network, index, sent);
                    }
                    decay_and_add(trace, *beta as f32, sent);
                    trace_sum.iter_mut().zip(&*trace).for_each(|(sum, trace)| *sum += trace);
                    let sum = populations[p].current.as_flattened_mut().iter_mut();
                    sum.zip(&*current).for_each(|(sum, current)| *sum += current);
                }
            });
            let population = &mut populations[p];
            timing.time(Stage::Neurons, || {
                let TilePopulation { current, before, state, drive, fired, .. } = population;
                before.values_mut().copy_from_slice(state.values());
                drive.copy_from_slice(current);
                neuron.step_blocks(&[], state, drive, fired);
                if neuron.fires() {
                    population.send(own);
                }
            });
        }
        let output = populations[layers.output].state.column(0).as_flattened();
        potentials.iter_mut().zip(output).for_each(|(sum, &v)| *sum += f64::from(v));
    }

    /// Bytes of everything that it holds but for the spikes that are kept on request.
    pub(crate) fn bytes(&self) -> usize {
        let of_populations = self.populations.iter().map(TilePopulation::bytes).sum::<usize>();
        let floats = |values: &Vec<f32>| values.capacity() * size_of::<f32>();
        let of_projection = |projection: &TileProjection| {
            let TileProjection { current, trace, trace_sum } = projection;
            floats(current) + floats(trace) + floats(trace_sum)
        };
        of_populations
            + self.projections.iter().map(of_projection).sum::<usize>()
            + self.input.bytes()
            + self.losses.capacity() * size_of::<SampleLoss>()
            + self.potentials.capacity() * size_of::<f64>()
            + self.one_step.bytes()
            + self.slopes.bytes()
    }
}

impl TilePopulation {
    fn bytes(&self) -> usize {
        let Self { sent, current, before, state, drive, fired, error, counts, .. } = self;
        let blocks = [current, drive, error].map(Vec::capacity).iter().sum::<usize>()
            + before.values().len()
            + state.values().len();
        sent.capacity() * size_of::<f32>()
            + blocks * size_of::<NeuronBlock>()
            + fired.capacity() * size_of::<u16>()
            + counts.capacity() * size_of::<u32>()
    }

    /// Turns the masks of the step to what the population sends, and counts spikes: those of each
    /// neuron in the `own` lanes only.
    fn send(&mut self, own: [u16; BLOCKS]) {
        let Self { sent, fired, counts, spikes, kept, .. } = self;
        let neurons = fired.as_chunks::<BLOCKS>().0.iter().zip(sent.chunks_exact_mut(LANES));
        for ((fired, sent), count) in neurons.zip(counts) {
            let blocks = fired.iter().zip(sent.chunks_exact_mut(NEURONS_PER_BLOCK));
            for ((&fired, sent), own) in blocks.zip(own) {
                *spikes += u64::from(fired.count_ones());
                *count += (fired & own).count_ones();
                let lanes = sent.iter_mut().enumerate();
                lanes.for_each(|(lane, sent)| *sent = f32::from(fired >> lane & 1));
            }
        }
        kept.push(fired);
    }
}

/// `I = W S` of a projection, `[post][lane]`.
pub(crate) fn currents(into: &mut [f32], network: &Network, projection: usize, sent: &[f32]) {
    let synapses = dense(network, projection);
    let weights = Matrix::of_rows(&synapses.weight, synapses.pre);
    multiply(into, 0.0, weights, Matrix::of_rows(sent, LANES), KEPT);
}

/// Adds `share W^T E`, with the errors of population `p`, to the errors of its hidden sources.
pub(crate) fn hand_back(
    populations: &mut [TilePopulation],
    layers: &Layers,
    network: &Network,
    p: usize,
    share: f32,
) {
    for projection in layers.ending_at(p) {
        let source = layers.ends[projection].0;
        if source == layers.input {
            continue;
        }
        let ends = populations.get_disjoint_mut([p, source]);
        let [from, to] = ends.expect("no projection closes a loop");
        let synapses = dense(network, projection);
        let weights = Matrix::of_rows(&synapses.weight, synapses.pre).transposed();
        let error = Matrix::of_rows(from.error.as_flattened(), LANES);
        multiply(to.error.as_flattened_mut(), 1.0, weights, error, share * KEPT);
    }
}

/// `a[t] = beta a[t-1] + S[t]`
fn decay_and_add(trace: &mut [f32], beta: f32, sent: &[f32]) {
    trace.iter_mut().zip(sent).for_each(|(trace, sent)| *trace = beta * *trace + sent);
}

/// Makes `length` entries of `value` of it. Memory is reused.
fn refill<T: Clone>(values: &mut Vec<T>, length: usize, value: T) {
    values.clear();
    values.resize(length, value);
}
