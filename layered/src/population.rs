//! One population over one sample: norm, neurons and their adjoints.
//!
//! Currents are stored by neuron (`[neuron][padded steps]`), because projections run along time.
//! Neurons run through time one step after the other, so [`NEURONS_PER_BLOCK`] of them are turned
//! into `[step][neuron]` and advance side by side.

use crate::demand::Demand;
use crate::norm_pass::NormSums;
use sim_core::Neuron;
use simd::{
    Instructions, NEURONS_PER_BLOCK, NeuronBlock, blocks_to_rows, padded, rows_to_blocks, vectorize,
};

/// A population's neurons behind its norm `Z = scale * I + offset`.
pub(crate) struct PopulationPass<'a> {
    pub isa: Instructions,
    pub neurons: &'a dyn Neuron,
    pub affine: &'a [(f32, f32)],
    pub size: usize,
    pub steps: usize,
}

/// What becomes of the spikes of a population in one sample.
#[derive(Clone, Copy)]
pub(crate) struct Leaving<'a> {
    /// Neurons that dropout leaves, one bit each by blocks.
    pub kept: &'a [u16],
    /// Height of their spikes.
    pub height: f32,
    /// Derivative of all penalties with respect to a spike in any step, by neuron.
    pub penalty: Option<&'a [f32]>,
}

impl Leaving<'_> {
    /// dL/dS of a neuron's spikes is `factor * dL/dS` of those that leave, `+ constant`: the two
    /// numbers for the neurons of a block.
    fn factors(&self, block: usize) -> [(f32, f32); NEURONS_PER_BLOCK] {
        let kept = self.kept[block];
        std::array::from_fn(|neuron| {
            let factor = if kept >> neuron & 1 == 1 { self.height } else { 0.0 };
            let penalty =
                self.penalty.and_then(|penalty| penalty.get(block * NEURONS_PER_BLOCK + neuron));
            (factor, penalty.copied().unwrap_or(0.0))
        })
    }
}

/// Working memory for a block of neurons.
pub(crate) struct BlockScratch<'a> {
    pub potential: &'a mut Vec<NeuronBlock>,
    pub gradient: &'a mut Vec<NeuronBlock>,
    pub fired: &'a mut Vec<u16>,
}

impl PopulationPass<'_> {
    /// Runs all neurons; `fired` is `[block][step]`, one bit per neuron, none from step `end` on;
    /// `demand` learns where their slope is not zero. Returns the number of spikes.
    pub(crate) fn fire(
        &self,
        current: &[f32],
        end: usize,
        blocks: &mut Vec<NeuronBlock>,
        fired: &mut [u16],
        demand: &mut Demand,
    ) -> u64 {
        blocks.resize(self.steps, [0.0; NEURONS_PER_BLOCK]);
        demand.clear(self.steps);
        let (support, mut spikes) = (self.neurons.slope_support(), 0);
        for (block, fired) in fired.chunks_exact_mut(self.steps).enumerate() {
            self.forward(block, current, blocks, fired);
            fired[end.min(self.steps)..].fill(0);
            demand.push_block(blocks, &support);
            spikes += fired.iter().map(|fired| fired.count_ones() as u64).sum::<u64>();
        }
        spikes
    }

    /// Potentials and spikes of one block from its currents.
    fn forward(
        &self,
        block: usize,
        current: &[f32],
        potential: &mut [NeuronBlock],
        fired: &mut [u16],
    ) {
        let first = block * NEURONS_PER_BLOCK;
        let neurons = NEURONS_PER_BLOCK.min(self.size - first);
        let rows = &current[first * padded(self.steps)..];
        let affine = &self.affine[first..first + neurons];
        rows_to_blocks(rows, padded(self.steps), affine, potential);
        self.neurons.forward(potential, fired);
        let present = ((1u32 << neurons) - 1) as u16;
        fired.iter_mut().for_each(|fired| *fired &= present);
    }

    /// Turns `gradient` from dL/dS of the spikes that leave to dL/dZ; writes the sums of dZ and
    /// dZ * I.
    pub(crate) fn adjoint(
        &self,
        current: &[f32],
        leaving: Leaving,
        gradient: &mut [f32],
        mut sums: Option<&mut NormSums>,
        scratch: BlockScratch,
    ) {
        let stride = padded(self.steps);
        scratch.potential.resize(self.steps, [0.0; NEURONS_PER_BLOCK]);
        scratch.gradient.resize(self.steps, [0.0; NEURONS_PER_BLOCK]);
        scratch.fired.resize(self.steps, 0);
        if let Some(sums) = &mut sums {
            sums.clear();
        }
        for block in 0..leaving.kept.len() {
            let first = block * NEURONS_PER_BLOCK;
            let neurons = NEURONS_PER_BLOCK.min(self.size - first);
            self.forward(block, current, scratch.potential, scratch.fired);
            let factors = leaving.factors(block);
            let rows = &mut gradient[first * stride..(first + neurons) * stride];
            rows_to_blocks(rows, stride, &factors[..neurons], scratch.gradient);
            self.neurons.adjoint(scratch.potential, scratch.fired, scratch.gradient);
            blocks_to_rows(scratch.gradient, neurons, rows, stride);
            if let Some(sums) = &mut sums {
                sums.push(self.isa, rows, &current[first * stride..], neurons, self.steps);
            }
        }
    }
}

/// Membrane potentials of the first `end` steps, `[neuron][step]`.
pub(crate) fn potentials(
    population: &PopulationPass,
    current: &[f32],
    end: usize,
    blocks: &mut Vec<NeuronBlock>,
    fired: &mut Vec<u16>,
    out: &mut [f32],
) {
    let steps = population.steps;
    blocks.resize(steps, [0.0; NEURONS_PER_BLOCK]);
    fired.resize(steps, 0);
    for (block, rows) in out.chunks_mut(NEURONS_PER_BLOCK * end).enumerate() {
        population.forward(block, current, blocks, fired);
        for (neuron, row) in rows.chunks_exact_mut(end).enumerate() {
            row.iter_mut().zip(blocks.iter()).for_each(|(out, block)| *out = block[neuron]);
        }
    }
}

/// Spikes of the first `end` of `steps` steps as zeros and ones, `[neuron][step]`.
pub(crate) fn spike_rows(
    fired: &[u16],
    size: usize,
    (steps, end): (usize, usize),
    out: &mut [f32],
) {
    for (neuron, row) in out.chunks_exact_mut(end).enumerate().take(size) {
        let fired = &fired[neuron / NEURONS_PER_BLOCK * steps..][..steps];
        row.iter_mut()
            .zip(fired)
            .for_each(|(out, fired)| *out = (fired >> (neuron % NEURONS_PER_BLOCK) & 1) as f32);
    }
}

/// Turns `gradient` from dL/dZ to `dI = a * dZ + b * I + c`, by neuron; zero beyond the steps, as
/// projections read whole rows.
pub(crate) fn norm_adjoint(
    factors: &[(f32, f32, f32)],
    current: &[f32],
    steps: usize,
    gradient: &mut [f32],
) {
    let stride = padded(steps);
    for ((gradient, current), &(a, b, c)) in
        gradient.chunks_exact_mut(stride).zip(current.chunks_exact(stride)).zip(factors)
    {
        vectorize(
            #[inline(always)]
            || {
                for (gradient, current) in gradient.iter_mut().zip(current) {
                    *gradient = a * *gradient + (b * current + c);
                }
            },
        );
        gradient[steps..].fill(0.0);
    }
}
