//! The arithmetic of the streaming engine: `f32`, sixteen neurons at a time, with an arrival
//! window.

use crate::error::{Error, Result};
use crate::network::{Network, Projection};
use crate::neuron::Neuron;
use crate::population::Population;
use crate::spike_trains::bits;
use crate::spikes::Spike;
use crate::state::State;
use crate::step::arithmetic::{Arithmetic, StepNeurons, StepSynapses};
use crate::step::arrival_window::{ArrivalWindow, PackedSynapses};
use simd::{NEURONS_PER_BLOCK, NeuronBlock, vectorize};

/// Single precision.
#[derive(Debug)]
pub(crate) struct Single;

impl Arithmetic for Single {
    type Neurons = BlockNeurons;
    type Arrivals = ArrivalWindow;
    type Synapses = PackedSynapses;
}

/// The neurons of a population by blocks of [`NEURONS_PER_BLOCK`].
#[derive(Debug)]
pub(crate) struct BlockNeurons {
    neuron: Box<dyn Neuron>,
    /// Number of neurons.
    size: usize,
    /// `[block][constant]`, or empty where neurons share those of the model.
    constants: Vec<NeuronBlock>,
    state: State<NeuronBlock>,
    /// Factor of the norm, `[port][block]`; 1 without one.
    scale: Vec<NeuronBlock>,
    /// Offset of the norm, `[port][block]`; 0 without one.
    offset: Vec<NeuronBlock>,
    /// The normalised input of the current step, `[port][block]`; then, by block, the potential
    /// before the reset.
    input: Vec<NeuronBlock>,
    spikes: Vec<u16>,
    /// Which bits of each block have a neuron: all but those that fill up the last block.
    present: Vec<u16>,
    /// The state in double precision, as it was last asked for.
    shown: State<f64>,
}

impl StepNeurons for BlockNeurons {
    type Arrivals = ArrivalWindow;

    fn new(population: &Population, dt_ms: f64) -> Result<Option<Self>> {
        let Some(built) = population.build(dt_ms)? else { return Ok(None) };
        let (size, ports) = (population.size, built.neuron.ports());
        if built.neuron.is_graded() {
            return Err(Error::Network(format!(
                "population {}: graded spikes need the clock engine",
                population.name
            )));
        }
        let mut constants = Vec::new();
        built.block_constants(population, &mut constants);
        let blocks = size.div_ceil(NEURONS_PER_BLOCK);
        let (mut scale, mut offset) = (
            vec![[1.0; NEURONS_PER_BLOCK]; ports * blocks],
            vec![[0.0; NEURONS_PER_BLOCK]; ports * blocks],
        );
        if let Some(norm) = &population.norm {
            for input in 0..norm.gain.len() {
                let at = input / size * blocks * NEURONS_PER_BLOCK + input % size;
                let (factor, shift) = norm.deployed(input);
                scale.as_flattened_mut()[at] = factor;
                offset.as_flattened_mut()[at] = shift;
            }
        }
        let mut present = vec![u16::MAX; blocks];
        if let Some(last) = present.last_mut() {
            *last >>= blocks * NEURONS_PER_BLOCK - size;
        }
        Ok(Some(Self {
            size,
            constants,
            state: State::at_rest(built.neuron.variables(), blocks, [0.0; NEURONS_PER_BLOCK]),
            shown: State::at_rest(built.neuron.variables(), size, 0.0),
            neuron: built.neuron,
            scale,
            offset,
            input: vec![[0.0; NEURONS_PER_BLOCK]; ports * blocks],
            spikes: vec![0; blocks],
            present,
        }))
    }

    fn integrate(&mut self, arrived: &ArrivalWindow, fired: &mut Vec<Spike>) {
        let Self { neuron, constants, state, scale, offset, input, spikes, present, .. } = self;
        let arrived = arrived.current();
        vectorize(
            #[inline(always)]
            || {
                let norms = scale.iter().zip(&*offset);
                for ((input, arrived), (scale, offset)) in input.iter_mut().zip(arrived).zip(norms)
                {
                    for n in 0..NEURONS_PER_BLOCK {
                        input[n] = scale[n] * arrived[n] + offset[n];
                    }
                }
            },
        );
        neuron.step_blocks(constants, state, input, spikes);
        for (block, (spikes, present)) in spikes.iter().zip(&*present).enumerate() {
            let neurons =
                bits(spikes & present).map(|bit| (block * NEURONS_PER_BLOCK + bit) as u32);
            fired.extend(neurons.map(|neuron| Spike { neuron, count: 1.0 }));
        }
    }

    fn not_finite(&self) -> Option<(&'static str, usize, f64)> {
        let values = self.state.values().as_flattened();
        // All are looked at, so that there is no branch among them.
        let finite = vectorize(
            #[inline(always)]
            || values.iter().fold(true, |finite, value| finite & value.is_finite()),
        );
        if finite {
            return None;
        }
        let index = values.iter().position(|value| !value.is_finite())?;
        let width = self.state.entries() * NEURONS_PER_BLOCK;
        let name = self.state.variables()[index / width].name;
        Some((name, index % width, f64::from(values[index])))
    }

    fn state(&mut self) -> &State<f64> {
        let Self { state, shown, size, .. } = self;
        let columns = shown.values_mut().chunks_exact_mut(*size).enumerate();
        for (index, column) in columns {
            let neurons = state.column(index).as_flattened();
            column.iter_mut().zip(neurons).for_each(|(to, from)| *to = f64::from(*from));
        }
        &self.shown
    }

    fn set_state(&mut self, values: &[f64]) {
        let blocks = self.state.entries();
        self.state.reset([0.0; NEURONS_PER_BLOCK]);
        let columns = self.state.values_mut().chunks_exact_mut(blocks);
        for (blocks, column) in columns.zip(values.chunks_exact(self.size)) {
            let neurons = blocks.as_flattened_mut();
            neurons.iter_mut().zip(column).for_each(|(to, from)| *to = *from as f32);
        }
    }

    fn reset(&mut self) {
        self.state.reset([0.0; NEURONS_PER_BLOCK]);
    }
}

impl BlockNeurons {
    /// The first column, one entry per neuron.
    pub fn potential(&self) -> &[f32] {
        &self.state.column(0).as_flattened()[..self.size]
    }
}

impl StepSynapses for PackedSynapses {
    type Arrivals = ArrivalWindow;

    fn new(network: &Network, projection: &Projection, name: &str) -> Result<Self> {
        if projection.rule.is_some() {
            return Err(Error::Network(format!(
                "projection {name} learns while the network runs: that needs the clock engine"
            )));
        }
        let [source, target] =
            [projection.source, projection.target].map(|p| &network.populations[p]);
        let width = target.size.next_multiple_of(NEURONS_PER_BLOCK);
        let mut synapses = projection.synapses.deployed();
        let first = (projection.port * width) as u32;
        synapses.iter_mut().for_each(|synapse| synapse.post += first);
        let name = format!("projection {} -> {}", source.name, target.name);
        Self::pack(&name, source.size, target.ports().len() * width, synapses)
    }

    fn longest(&self) -> usize {
        self.longest_delay() as usize
    }

    fn deliver(&mut self, _step: usize, spikes: &[Spike], window: &mut ArrivalWindow) {
        for spike in spikes {
            self.deliver_spike(spike.neuron as usize, spike.count, window);
        }
    }
}
