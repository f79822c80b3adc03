//! One population over one sample: norm, neurons and their adjoints.
//!
//! Currents are stored by input (`[port][neuron][padded steps]`), because projections run along
//! time. Neurons run through time one step after the other, so [`NEURONS_PER_BLOCK`] of them are
//! turned into `[step][neuron]` and advance side by side.

use crate::demand::Demand;
use crate::norm_pass::NormSums;
use crate::plan::NumberOrder;
use sim_core::{BlockAdjoint, Neuron, NeuronScratch};
use simd::{
    Instructions, NEURONS_PER_BLOCK, NeuronBlock, blocks_to_rows, padded, rows_to_blocks, vectorize,
};

/// A population's neurons behind its norm `Z = scale * I + offset`.
pub(crate) struct PopulationPass<'a> {
    pub isa: Instructions,
    pub neurons: &'a dyn Neuron,
    /// Constants of each neuron, `[block][constant]`; empty where they share the model's.
    pub constants: &'a [NeuronBlock],
    /// By input.
    pub affine: &'a [(f32, f32)],
    pub size: usize,
    pub steps: usize,
    /// How currents and gradients lie. In blocks there is one port, and no norm.
    pub order: NumberOrder,
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
    /// The input, `[port][step]`, then the potential, `[step]`.
    pub potential: &'a mut Vec<NeuronBlock>,
    /// `[port][step]`
    pub gradient: &'a mut Vec<NeuronBlock>,
    pub fired: &'a mut Vec<u16>,
    pub neurons: &'a mut NeuronScratch,
}

impl PopulationPass<'_> {
    /// Number of ports.
    fn ports(&self) -> usize {
        self.neurons.ports()
    }

    /// Constants of each neuron of a block; empty where they share the model's.
    fn constants(&self, block: usize) -> &[NeuronBlock] {
        let constants = self.constants.len() / self.size.div_ceil(NEURONS_PER_BLOCK);
        &self.constants[block * constants..][..constants]
    }

    /// Number of neurons in a block.
    fn present(&self, block: usize) -> usize {
        NEURONS_PER_BLOCK.min(self.size - block * NEURONS_PER_BLOCK)
    }

    /// Runs all neurons; `fired` is `[block][step]`, one bit per neuron, none from step `end` on;
    /// `demand` learns where their slope is not zero. Returns the number of spikes.
    pub(crate) fn fire(
        &self,
        current: &[f32],
        end: usize,
        (blocks, scratch): (&mut Vec<NeuronBlock>, &mut NeuronScratch),
        fired: &mut [u16],
        demand: &mut Demand,
    ) -> u64 {
        demand.clear(self.steps);
        let (support, mut spikes) = (self.neurons.slope_support(), 0);
        for (block, fired) in fired.chunks_exact_mut(self.steps).enumerate() {
            self.forward(block, current, (blocks, scratch), fired);
            fired[end.min(self.steps)..].fill(0);
            demand.push_block(&blocks[..self.steps], &support);
            spikes += fired.iter().map(|fired| fired.count_ones() as u64).sum::<u64>();
        }
        spikes
    }

    /// The inputs of one block behind the norm, `[port][step]`.
    fn inputs(&self, block: usize, current: &[f32], blocks: &mut Vec<NeuronBlock>) {
        let (first, neurons, stride) =
            (block * NEURONS_PER_BLOCK, self.present(block), padded(self.steps));
        if self.order == NumberOrder::Blocks {
            blocks.clear();
            blocks.extend_from_slice(self.block_of(block, current));
            return;
        }
        blocks.resize(self.ports() * self.steps, [0.0; NEURONS_PER_BLOCK]);
        for (port, blocks) in blocks.chunks_exact_mut(self.steps).enumerate() {
            let first = port * self.size + first;
            let affine = &self.affine[first..first + neurons];
            rows_to_blocks(&current[first * stride..], stride, affine, blocks);
        }
    }

    /// The numbers of one block, `[step]`, where they lie in blocks.
    fn block_of<'n>(&self, block: usize, numbers: &'n [f32]) -> &'n [NeuronBlock] {
        let blocks = numbers.as_chunks::<NEURONS_PER_BLOCK>().0;
        &blocks[block * self.steps..][..self.steps]
    }

    /// Potentials and spikes of one block from its currents.
    fn forward(
        &self,
        block: usize,
        current: &[f32],
        (blocks, scratch): (&mut Vec<NeuronBlock>, &mut NeuronScratch),
        fired: &mut [u16],
    ) {
        self.inputs(block, current, blocks);
        self.neurons.forward(self.constants(block), blocks, fired, scratch);
        let present = ((1u32 << self.present(block)) - 1) as u16;
        fired.iter_mut().for_each(|fired| *fired &= present);
    }

    /// Turns `gradient`, whose first rows hold dL/dS of the spikes that leave, to dL/dZ of all
    /// inputs; writes the sums of dZ and dZ * I, and the gradient of the constants of each neuron,
    /// `[block][constant]`.
    pub(crate) fn adjoint(
        &self,
        current: &[f32],
        leaving: Leaving,
        gradient: &mut [f32],
        (mut sums, constant_gradient): (Option<&mut NormSums>, &mut Vec<NeuronBlock>),
        scratch: BlockScratch,
    ) {
        let (stride, ports) = (padded(self.steps), self.ports());
        scratch.gradient.resize(ports * self.steps, [0.0; NEURONS_PER_BLOCK]);
        scratch.fired.resize(self.steps, 0);
        constant_gradient.clear();
        constant_gradient.resize(self.constants.len(), [0.0; NEURONS_PER_BLOCK]);
        if let Some(sums) = &mut sums {
            sums.clear();
        }
        for block in 0..leaving.kept.len() {
            let (first, neurons) = (block * NEURONS_PER_BLOCK, self.present(block));
            self.inputs(block, current, scratch.potential);
            let factors = leaving.factors(block);
            let arriving = &mut scratch.gradient[..self.steps];
            match self.order {
                NumberOrder::Rows => {
                    let rows = &gradient[first * stride..(first + neurons) * stride];
                    rows_to_blocks(rows, stride, &factors[..neurons], arriving);
                }
                NumberOrder::Blocks => {
                    for (to, from) in arriving.iter_mut().zip(self.block_of(block, gradient)) {
                        let numbers = to.iter_mut().zip(from).zip(&factors);
                        numbers.for_each(|((to, from), (factor, constant))| {
                            *to = factor * from + constant;
                        });
                    }
                }
            }
            let constants = self.constants(block);
            let to_constants = block * constants.len()..(block + 1) * constants.len();
            self.neurons.adjoint(BlockAdjoint {
                constants,
                input: scratch.potential,
                spikes: scratch.fired,
                gradient: scratch.gradient,
                constant_gradient: &mut constant_gradient[to_constants],
                scratch: scratch.neurons,
            });
            if self.order == NumberOrder::Blocks {
                let blocks = gradient.as_chunks_mut().0;
                blocks[block * self.steps..][..self.steps].copy_from_slice(scratch.gradient);
                continue;
            }
            for (port, blocks) in scratch.gradient.chunks_exact(self.steps).enumerate() {
                let first = port * self.size + first;
                let rows = &mut gradient[first * stride..(first + neurons) * stride];
                blocks_to_rows(blocks, neurons, rows, stride);
            }
            if let (Some(sums), 1) = (&mut sums, ports) {
                // While the block's rows are still in a near cache.
                let rows = &gradient[first * stride..(first + neurons) * stride];
                sums.push(self.isa, rows, &current[first * stride..], neurons, self.steps);
            }
        }
        if let (Some(sums), 2..) = (&mut sums, ports) {
            sums.push(self.isa, gradient, current, ports * self.size, self.steps);
        }
    }
}

/// Membrane potentials of the first `end` steps, `[neuron][step]`.
pub(crate) fn potentials(
    population: &PopulationPass,
    current: &[f32],
    end: usize,
    (blocks, scratch): (&mut Vec<NeuronBlock>, &mut NeuronScratch),
    fired: &mut Vec<u16>,
    out: &mut [f32],
) {
    fired.resize(population.steps, 0);
    for (block, rows) in out.chunks_mut(NEURONS_PER_BLOCK * end).enumerate() {
        population.forward(block, current, (blocks, scratch), fired);
        for (neuron, row) in rows.chunks_exact_mut(end).enumerate() {
            row.iter_mut().zip(blocks.iter()).for_each(|(out, blocks)| *out = blocks[neuron]);
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
