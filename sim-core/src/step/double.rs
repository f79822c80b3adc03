//! The arithmetic of the clock engine: `f64`, neuron by neuron, with a delay ring.

use crate::error::Result;
use crate::neuron::Neuron;
use crate::population::Population;
use crate::spikes::Spike;
use crate::state::State;
use crate::step::arithmetic::{Arithmetic, StepNeurons};
use crate::step::delay_ring::DelayRing;
use crate::step::plastic::ClockSynapses;
use simd::vectorize;

/// Double precision.
#[derive(Debug)]
pub(crate) struct Double;

impl Arithmetic for Double {
    type Neurons = ClockNeurons;
    type Arrivals = DelayRing;
    type Synapses = ClockSynapses;
}

/// The neurons of a population, one entry each.
#[derive(Debug)]
pub(crate) struct ClockNeurons {
    neuron: Box<dyn Neuron>,
    /// `[constant][neuron]`, or empty where neurons share those of the model.
    constants: Vec<f64>,
    state: State<f64>,
    /// `(scale, offset)` of the norm of each input, `[port][neuron]`; empty without one.
    norm: Vec<(f64, f64)>,
    /// The normalised input of the current step; unused without a norm.
    normalised: Vec<f64>,
}

impl StepNeurons for ClockNeurons {
    type Arrivals = DelayRing;

    fn new(population: &Population, dt_ms: f64) -> Result<Option<Self>> {
        let Some(built) = population.build(dt_ms)? else { return Ok(None) };
        let constants = built.constants(population);
        let widen = |(scale, offset): (f32, f32)| (f64::from(scale), f64::from(offset));
        let norm: Vec<_> = population
            .norm
            .iter()
            .flat_map(|norm| (0..norm.gain.len()).map(|n| widen(norm.deployed(n))))
            .collect();
        Ok(Some(Self {
            state: State::at_rest(built.neuron.variables(), population.size, 0.0),
            neuron: built.neuron,
            constants,
            normalised: vec![0.0; norm.len()],
            norm,
        }))
    }

    fn integrate(&mut self, arrived: &DelayRing, spikes: &mut Vec<Spike>) {
        let arrived = arrived.current();
        let inputs = self.normalised.iter_mut().zip(arrived).zip(&self.norm);
        for ((normalised, input), (scale, offset)) in inputs {
            *normalised = scale * input + offset;
        }
        let input = if self.norm.is_empty() { arrived } else { &self.normalised };
        self.neuron.step(&self.constants, &mut self.state, input, spikes);
    }

    fn not_finite(&self) -> Option<(&'static str, usize, f64)> {
        let values = self.state.values();
        // All are looked at, so that there is no branch among them.
        let finite = vectorize(
            #[inline(always)]
            || values.iter().fold(true, |finite, value| finite & value.is_finite()),
        );
        if finite {
            return None;
        }
        let index = values.iter().position(|value| !value.is_finite())?;
        let (column, neuron) = (index / self.state.entries(), index % self.state.entries());
        Some((self.state.variables()[column].name, neuron, values[index]))
    }

    fn state(&mut self) -> &State<f64> {
        &self.state
    }

    fn set_state(&mut self, values: &[f64]) {
        self.state.values_mut().copy_from_slice(values);
    }

    fn reset(&mut self) {
        self.state.reset(0.0);
    }
}

impl ClockNeurons {
    /// The state, `[column][neuron]`.
    pub fn columns(&self) -> &State<f64> {
        &self.state
    }
}
