//! A large projection without delays over a batch of short samples: three products of dense
//! matrices.
//!
//! ```text
//! I   = W S                                          currents
//! dS  = W^T dI                                       gradient of the source
//! dW  = dI S^T                                       gradient of the weights
//! ```
//! `W` is `[post][pre]`; `S` is `[pre][column]` and `I` is `[post][column]`, with one *column* per
//! sample and step. Input that repeats in every step, as an image does, is multiplied once: it has
//! one column per sample, and the gradient is summed over the steps first. Behind the end of a
//! sample that is shorter than the longest of its batch, there is no current.
//!
//! Columns lie in tiles of as many (`COLUMNS`), filled up with zeros, and products are worked out tile by
//! tile, each by one thread. All tiles have the same shape, so no bit of a column depends on the
//! columns beside it, and none depends on the number of threads.

use crate::demand::Wanted;
use crate::product_plan::ProductPlan;
use rayon::prelude::*;
use sim_core::{DenseSynapses, NORMALISER_EPSILON, SpikeFrames};
use simd::{Matrix, multiply, padded};

/// Columns of a tile, of samples that run step by step and of those that repeat: multiples of the
/// rows that a dense product holds in registers, and parts of usual batches.
const COLUMNS: [usize; 2] = [192, 64];

/// Rows of a product that one task works out.
const ROWS: usize = 160;

/// Steps below which samples are short: rows along time are then too short for other loops.
const SHORT: usize = 64;

/// Synapses from which on a dense product pays: fewer are worked out faster spike by spike, and
/// without the memory in which a dense product packs its factors anew each time.
const LARGE: usize = 1 << 16;

/// The share of a weight that the normaliser of a delay kernel keeps where the window is one step.
const KEPT: f32 = (1.0 / (1.0 + NORMALISER_EPSILON)) as f32;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct JointProduct {
    pre: usize,
    post: usize,
    steps_in: usize,
    steps_out: usize,
    repeats: bool,
    samples: usize,
    /// `[tile][pre][column]`
    spikes: Vec<f32>,
    /// Currents, then their gradient, `[tile][post][column]`.
    currents: Vec<f32>,
    /// Gradient of the source, `[tile][pre][column]`.
    source: Vec<f32>,
}

impl JointProduct {
    /// Whether a projection is such a product: it has one weight per pair, no delay and many
    /// synapses, and samples are short or repeat.
    pub(crate) fn suits(synapses: &DenseSynapses, steps: usize, repeats: bool) -> bool {
        ProductPlan::suits(synapses)
            && synapses.pre * synapses.post >= LARGE
            && (repeats || steps < SHORT)
    }

    /// Makes ready for a batch whose source and target run for so many steps.
    pub(crate) fn prepare(
        &mut self,
        synapses: &DenseSynapses,
        [steps_in, steps_out]: [usize; 2],
        repeats: bool,
    ) {
        let DenseSynapses { pre, post, .. } = *synapses;
        *self = Self { pre, post, steps_in, steps_out, repeats, ..std::mem::take(self) };
    }

    /// Columns of a sample.
    fn width(&self) -> usize {
        if self.repeats { 1 } else { self.steps_in }
    }

    /// Columns of a tile.
    fn columns(&self) -> usize {
        COLUMNS[usize::from(self.repeats)]
    }

    fn tiles(&self) -> usize {
        (self.samples * self.width()).div_ceil(self.columns())
    }

    /// Currents of all samples: `frames` gives the spikes of each.
    pub(crate) fn forward<'a>(
        &mut self,
        weights: &[f32],
        samples: usize,
        frames: impl Fn(usize) -> &'a SpikeFrames + Sync,
    ) {
        self.samples = samples;
        let (width, pre, post, repeats) = (self.width(), self.pre, self.post, self.repeats);
        let (all, tiles, wide) = (samples * width, self.tiles(), self.columns());
        self.spikes.resize(tiles * pre * wide, 0.0);
        self.currents.resize(tiles * post * wide, 0.0);
        let by_tile = self.spikes.par_chunks_exact_mut(pre * wide).enumerate();
        by_tile.for_each(|(tile, spikes)| {
            spikes.fill(0.0);
            let columns = tile * wide..all.min((tile + 1) * wide);
            for sample in columns.start / width..columns.end.div_ceil(width) {
                let frames = frames(sample);
                for (neuron, row) in spikes.chunks_exact_mut(wide).enumerate() {
                    let (steps, heights) = frames.channel(neuron);
                    for (&step, &height) in steps.iter().zip(heights) {
                        if repeats && step != steps[0] {
                            break;
                        }
                        let column = sample * width + if repeats { 0 } else { step as usize };
                        if columns.contains(&column) {
                            row[column - columns.start] = height;
                        }
                    }
                }
            }
        });
        let weights = Matrix::of_rows(weights, pre);
        let by_tile = self.currents.par_chunks_exact_mut(post * wide);
        by_tile.zip(self.spikes.par_chunks_exact(pre * wide)).for_each(|(currents, spikes)| {
            let rows = currents.par_chunks_mut(ROWS * wide).enumerate();
            rows.for_each(|(part, currents)| {
                let spikes = Matrix::of_rows(spikes, wide);
                multiply(currents, 0.0, weights.rows_from(part * ROWS, ROWS), spikes, KEPT);
            });
        });
    }

    /// Writes or adds the currents of a sample, `[post][padded steps]`; where input repeats, they
    /// last for the first `shown` steps.
    pub(crate) fn currents_of(&self, sample: usize, shown: usize, add: bool, out: &mut [f32]) {
        let length = padded(self.steps_out);
        let shown = if self.repeats { shown } else { self.steps_in };
        for (neuron, row) in out.chunks_exact_mut(length).take(self.post).enumerate() {
            if !add {
                row.fill(0.0);
            }
            for (step, out) in row[..shown].iter_mut().enumerate() {
                *out += self.currents[self.place(self.post, neuron, sample, step)];
            }
        }
    }

    /// Where the number of a neuron, one of `neurons`, in a step of a sample is.
    fn place(&self, neurons: usize, neuron: usize, sample: usize, step: usize) -> usize {
        let wide = self.columns();
        let column = if self.repeats { sample } else { sample * self.steps_in + step };
        (column / wide * neurons + neuron) * wide + column % wide
    }

    /// Takes over dL/dI of all samples, each `[post][padded steps]`, and works out the gradient of
    /// the source where it is `wanted`. Where input repeats, each sample lasts for as many steps as
    /// `shown` says.
    pub(crate) fn back<'a>(
        &mut self,
        weights: &[f32],
        gradient: impl Fn(usize) -> &'a [f32] + Sync,
        shown: impl Fn(usize) -> usize + Sync,
        wanted: bool,
    ) {
        let (pre, post, steps, width) = (self.pre, self.post, self.steps_in, self.width());
        let (all, length) = (self.samples * width, padded(self.steps_out));
        let (repeats, wide) = (self.repeats, self.columns());
        let by_tile = self.currents.par_chunks_exact_mut(post * wide).enumerate();
        by_tile.for_each(|(tile, to)| {
            to.fill(0.0);
            let columns = tile * wide..all.min((tile + 1) * wide);
            for sample in columns.start / width..columns.end.div_ceil(width) {
                let rows = gradient(sample).chunks_exact(length);
                for (row, to) in rows.zip(to.chunks_exact_mut(wide)) {
                    if repeats {
                        to[sample - columns.start] = row[..shown(sample)].iter().sum();
                        continue;
                    }
                    let first = sample * steps;
                    let here = first.max(columns.start)..(first + steps).min(columns.end);
                    to[here.start - columns.start..here.end - columns.start]
                        .copy_from_slice(&row[here.start - first..here.end - first]);
                }
            }
        });
        if !wanted {
            return;
        }
        self.source.resize(self.tiles() * pre * wide, 0.0);
        let weights = Matrix::of_rows(weights, pre).transposed();
        let by_tile = self.source.par_chunks_exact_mut(pre * wide);
        by_tile.zip(self.currents.par_chunks_exact(post * wide)).for_each(|(to, gradient)| {
            let rows = to.par_chunks_mut(ROWS * wide).enumerate();
            rows.for_each(|(part, to)| {
                let gradient = Matrix::of_rows(gradient, wide);
                multiply(to, 0.0, weights.rows_from(part * ROWS, ROWS), gradient, KEPT);
            });
        });
    }

    /// Adds dL/ds of a sample, where it is `wanted`, to `out`, `[pre][padded steps]`.
    pub(crate) fn add_source_gradient(&self, sample: usize, wanted: &[Wanted], out: &mut [f32]) {
        let length = padded(self.steps_in);
        for Wanted { neuron, steps } in wanted {
            let row = &mut out[neuron * length..][..self.steps_in];
            let end = steps.end.min(self.steps_in);
            for (step, out) in row[..end].iter_mut().enumerate().skip(steps.start) {
                *out += self.source[self.place(self.pre, *neuron, sample, step)];
            }
        }
    }

    /// Writes dL/dW, `[post][pre]`.
    pub(crate) fn weight_gradient(&self, weight: &mut [f32]) {
        let Self { pre, post, .. } = *self;
        let wide = self.columns();
        let rows = weight.par_chunks_mut(ROWS * pre).enumerate();
        rows.for_each(|(part, to)| {
            if self.samples == 0 {
                to.fill(0.0);
            }
            let tiles = self.currents.chunks_exact(post * wide);
            for (tile, (gradient, spikes)) in
                tiles.zip(self.spikes.chunks_exact(pre * wide)).enumerate()
            {
                let gradient = Matrix::of_rows(gradient, wide).rows_from(part * ROWS, ROWS);
                let spikes = Matrix::of_rows(spikes, wide).transposed();
                multiply(to, if tile == 0 { 0.0 } else { 1.0 }, gradient, spikes, KEPT);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::{DelayKernel, Granularity};

    const PRE: usize = 170;
    const POST: usize = 37;

    fn number(n: usize) -> f32 {
        ((n * 7919) % 1013) as f32 / 500.0 - 1.0
    }

    fn synapses() -> DenseSynapses {
        DenseSynapses {
            pre: PRE,
            post: POST,
            elements_per_pair: 1,
            min_delay_steps: 0,
            max_delay_steps: 0,
            granularity: Granularity::Synaptic,
            kernel: DelayKernel::OneTap,
            weight: (0..PRE * POST).map(number).collect(),
            delay: vec![0.0; PRE * POST],
        }
    }

    fn frames(sample: usize, steps: usize, repeats: bool) -> SpikeFrames {
        if repeats {
            let values: Vec<f32> = (0..PRE).map(|n| number(n + 31 * sample)).collect();
            return SpikeFrames::constant(&values, steps).unwrap();
        }
        let value = |n: usize| if (n + sample).is_multiple_of(5) { 1.0 } else { 0.0 };
        let values: Vec<f32> = (0..PRE * steps).map(value).collect();
        SpikeFrames::from_values(PRE, steps, &values).unwrap()
    }

    /// Currents, gradients of the source and of the weights of a batch, `shown` steps by sample.
    fn run(shown: &[usize], repeats: bool) -> (Vec<Vec<f32>>, Vec<Vec<f32>>, Vec<f32>) {
        let synapses = synapses();
        let steps = shown.iter().copied().max().unwrap();
        let samples: Vec<SpikeFrames> =
            shown.iter().enumerate().map(|(b, &steps)| frames(b, steps, repeats)).collect();
        let mut joint = JointProduct::default();
        joint.prepare(&synapses, [steps, steps + 2], repeats);
        joint.forward(&synapses.weight, shown.len(), |b| &samples[b]);
        let (length_in, length) = (padded(steps), padded(steps + 2));
        let mut currents = vec![vec![0.5; POST * length]; shown.len()];
        for (b, currents) in currents.iter_mut().enumerate() {
            joint.currents_of(b, shown[b], false, currents);
        }
        let gradient = |b: usize| -> Vec<f32> {
            let at = |n: usize| if n % length < steps { number(n + b) } else { 0.0 };
            (0..POST * length).map(at).collect()
        };
        let gradients: Vec<Vec<f32>> = (0..shown.len()).map(gradient).collect();
        joint.back(&synapses.weight, |b| &gradients[b], |b| shown[b], true);
        let mut source = vec![vec![0.0; PRE * length_in]; shown.len()];
        let wanted: Vec<Wanted> =
            (0..PRE).map(|neuron| Wanted { neuron, steps: 0..length_in }).collect();
        for (b, source) in source.iter_mut().enumerate() {
            joint.add_source_gradient(b, &wanted, source);
        }
        let mut weight = vec![7.0; PRE * POST];
        joint.weight_gradient(&mut weight);

        // The plain twin.
        let near = |ours: f32, theirs: f64| (f64::from(ours) - theirs).abs() < 2e-4;
        let mut expected = vec![0.0; PRE * POST];
        for b in 0..shown.len() {
            let mut dense = vec![0.0; PRE * steps];
            for neuron in 0..PRE {
                let (at, heights) = samples[b].channel(neuron);
                at.iter().zip(heights).for_each(|(&step, &height)| {
                    dense[neuron * steps + step as usize] = f64::from(height);
                });
            }
            for post in 0..POST {
                for step in 0..length {
                    let sum = |pre: usize| {
                        f64::from(synapses.weight[post * PRE + pre]) * dense[pre * steps + step]
                    };
                    let sum: f64 = if step < steps { (0..PRE).map(sum).sum() } else { 0.0 };
                    assert!(near(currents[b][post * length + step], sum), "{b} {post} {step}");
                }
                for pre in 0..PRE {
                    let terms = (0..steps).map(|step| {
                        dense[pre * steps + step] * f64::from(gradients[b][post * length + step])
                    });
                    expected[post * PRE + pre] += terms.sum::<f64>();
                }
            }
            if !repeats {
                for pre in 0..PRE {
                    for step in 0..steps {
                        let terms = (0..POST).map(|post| {
                            f64::from(synapses.weight[post * PRE + pre])
                                * f64::from(gradients[b][post * length + step])
                        });
                        assert!(near(source[b][pre * length_in + step], terms.sum()));
                    }
                }
            }
        }
        let pairs = weight.iter().zip(&expected);
        assert!(pairs.clone().all(|(&ours, &theirs)| near(ours / 10.0, theirs / 10.0)));
        (currents, source, weight)
    }

    #[test]
    fn products_are_those_of_the_plain_sums() {
        run(&[6; 40], false);
        run(&[6, 4, 1, 6, 5], true);
        run(&[1], false);
        run(&[50, 50, 50], false);
    }

    #[test]
    fn no_sample_depends_on_those_beside_it_nor_on_threads() {
        let few = run(&[6; 3], false);
        let many = run(&[6; 33], false);
        for b in 0..3 {
            assert_eq!(few.0[b], many.0[b]);
            assert_eq!(few.1[b], many.1[b]);
        }
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(|| run(&[6; 33], false)) == many);
        }
    }
}
