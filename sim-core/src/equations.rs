//! Neurons written as the equations of one step.

use crate::learned::Learnable;
use crate::neuron::{Neuron, StepAdjoint};
use crate::real::{Dual, Real};
use crate::spikes::Spike;
use crate::state::{State, Variable};
use simd::{NEURONS_PER_BLOCK, NeuronBlock, vectorize};
use std::fmt::Debug;
use std::ops::Range;

/// The equations of one step of a neuron with `S` state variables, `P` ports and `K` constants.
/// They are written once, for any [`Real`]: [`Stepwise`] makes of them the steps of all engines,
/// the adjoint and the gradients of learned parameters.
///
/// A step computes with additions, products, comparisons, choices and rounding.
/// `examples/own_neuron.rs` has equations of its own.
pub trait Equations<const S: usize, const P: usize, const K: usize>: Debug + Send + Sync {
    /// The state variables, `S` of them; the first is the membrane potential after the reset.
    const VARIABLES: &'static [Variable];

    /// The parameters that neurons can learn, with the model's own values.
    fn learnable(&self) -> &[Learnable] {
        &[]
    }

    /// The constants of a step from the values of the learnable parameters, in their order.
    fn constants<T: Real>(&self, learned: &[T]) -> [T; K];

    /// One step: `state` is that before the step, `input` the sum of each port.
    fn step<T: Real>(&self, constants: &[T; K], state: [T; S], input: [T; P]) -> Stepped<T, S>;

    /// Whether the neurons fire; a readout does not.
    fn fires(&self) -> bool {
        true
    }

    /// As [`Neuron::is_graded`].
    fn is_graded(&self) -> bool {
        false
    }

    /// As [`Neuron::most_spikes`].
    fn most_spikes(&self, steps: usize) -> usize {
        steps
    }

    /// As [`Neuron::slope_support`].
    fn slope_support(&self) -> Range<f32> {
        f32::NEG_INFINITY..f32::INFINITY
    }

    /// The adjoint of [`step`](Self::step): from the gradient `d_spike` of the spike and `d_state`
    /// of the state behind the step to those of everything before it. Without a version of its own
    /// it is computed with dual numbers, one pass through the equations for each of the `S + P + K`
    /// numbers that the step depends on; gradients of the constants only where they are `wanted`.
    #[inline(always)]
    fn step_adjoint(
        &self,
        constants: &[f32; K],
        state: [f32; S],
        input: [f32; P],
        d_spike: f32,
        d_state: [f32; S],
        wanted: bool,
    ) -> BeforeStep<S, P, K> {
        let by = |moves: usize| {
            let dual =
                |index: usize, value| Dual { value, slope: if index == moves { 1.0 } else { 0.0 } };
            let state = std::array::from_fn(|s| dual(s, state[s]));
            let input = std::array::from_fn(|p| dual(S + p, input[p]));
            let constants = std::array::from_fn(|k| dual(S + P + k, constants[k]));
            let stepped = self.step(&constants, state, input);
            let mut sum = d_spike * stepped.spike.slope;
            for (after, gradient) in stepped.state.iter().zip(d_state) {
                sum += gradient * after.slope;
            }
            sum
        };
        BeforeStep {
            state: std::array::from_fn(by),
            input: std::array::from_fn(|p| by(S + p)),
            constants: std::array::from_fn(|k| if wanted { by(S + P + k) } else { 0.0 }),
        }
    }
}

/// What a step leaves behind.
#[derive(Debug, Clone, Copy)]
pub struct Stepped<T, const S: usize> {
    /// The state behind the step.
    pub state: [T; S],
    /// The spike: 0 for none, 1 for one; any number where spikes are graded.
    pub spike: T,
    /// The membrane potential before the reset, less what the threshold was raised by.
    pub drive: T,
}

/// The gradients of everything that a step depends on.
#[derive(Debug, Clone, Copy)]
pub struct BeforeStep<const S: usize, const P: usize, const K: usize> {
    /// Of the state before the step.
    pub state: [f32; S],
    /// Of the input.
    pub input: [f32; P],
    /// Of the constants.
    pub constants: [f32; K],
}

/// Neurons that run by their [`Equations`].
#[derive(Debug)]
pub struct Stepwise<E, const S: usize, const P: usize, const K: usize> {
    equations: E,
    /// The constants that neurons share which learn nothing.
    shared: [f64; K],
}

impl<E: Equations<S, P, K>, const S: usize, const P: usize, const K: usize> Stepwise<E, S, P, K> {
    /// Neurons that share the constants of the model until an engine hands over others.
    pub fn new(equations: E) -> Self {
        const { assert!(S > 0 && E::VARIABLES.len() == S, "one name per state variable") };
        const { assert!(P > 0, "a neuron has a port") };
        let own: Vec<f64> =
            equations.learnable().iter().map(|learnable| learnable.initial).collect();
        let shared = equations.constants(&own);
        Self { equations, shared }
    }

    /// The equations.
    pub fn equations(&self) -> &E {
        &self.equations
    }

    /// The constants that neurons share which learn nothing.
    pub fn shared(&self) -> &[f64; K] {
        &self.shared
    }

    /// The constants of one block in single precision.
    #[inline(always)]
    fn of_block(&self, constants: &[NeuronBlock], block: usize) -> [NeuronBlock; K] {
        std::array::from_fn(|k| match constants {
            [] => [self.shared[k] as f32; NEURONS_PER_BLOCK],
            _ => constants[block * K + k],
        })
    }
}

impl<E: Equations<S, P, K>, const S: usize, const P: usize, const K: usize> Neuron
    for Stepwise<E, S, P, K>
{
    fn variables(&self) -> &'static [Variable] {
        E::VARIABLES
    }

    fn ports(&self) -> usize {
        P
    }

    fn learnable(&self) -> &[Learnable] {
        self.equations.learnable()
    }

    fn constants(&self, learned: &[f64]) -> Vec<f64> {
        self.equations.constants(learned).to_vec()
    }

    fn constant_slopes(&self, learned: &[f64], parameter: usize) -> Vec<f64> {
        let dual = |(index, &value): (usize, &f64)| Dual {
            value,
            slope: if index == parameter { 1.0 } else { 0.0 },
        };
        let learned: Vec<_> = learned.iter().enumerate().map(dual).collect();
        self.equations.constants(&learned).map(|constant| constant.slope).to_vec()
    }

    fn fires(&self) -> bool {
        self.equations.fires()
    }

    fn is_graded(&self) -> bool {
        self.equations.is_graded()
    }

    fn most_spikes(&self, steps: usize) -> usize {
        self.equations.most_spikes(steps)
    }

    fn slope_support(&self) -> Range<f32> {
        self.equations.slope_support()
    }

    fn step(
        &self,
        constants: &[f64],
        state: &mut State<f64>,
        input: &[f64],
        spikes: &mut Vec<Spike>,
    ) {
        let neurons = state.entries();
        let values = state.values_mut();
        for n in 0..neurons {
            let own: [f64; K] = match constants {
                [] => self.shared,
                _ => std::array::from_fn(|k| constants[k * neurons + n]),
            };
            let before = std::array::from_fn(|s| values[s * neurons + n]);
            let input = std::array::from_fn(|p| input[p * neurons + n]);
            let stepped = self.equations.step(&own, before, input);
            (0..S).for_each(|s| values[s * neurons + n] = stepped.state[s]);
            if stepped.spike != 0.0 {
                spikes.push(Spike { neuron: n as u32, count: stepped.spike as f32 });
            }
        }
    }

    fn step_blocks(
        &self,
        constants: &[NeuronBlock],
        state: &mut State<NeuronBlock>,
        input: &mut [NeuronBlock],
        spikes: &mut [u16],
    ) {
        let blocks = state.entries();
        let values = state.values_mut();
        vectorize(
            #[inline(always)]
            || {
                for block in 0..blocks {
                    let constants = self.of_block(constants, block);
                    let mut columns: [NeuronBlock; S] =
                        std::array::from_fn(|s| values[s * blocks + block]);
                    let inputs: [NeuronBlock; P] =
                        std::array::from_fn(|p| input[p * blocks + block]);
                    let (mut drive, mut spike) =
                        ([0.0; NEURONS_PER_BLOCK], [0.0; NEURONS_PER_BLOCK]);
                    for n in 0..NEURONS_PER_BLOCK {
                        let own = std::array::from_fn(|k| constants[k][n]);
                        let before = std::array::from_fn(|s| columns[s][n]);
                        let inputs = std::array::from_fn(|p| inputs[p][n]);
                        let stepped = self.equations.step(&own, before, inputs);
                        let behind = columns.iter_mut().zip(stepped.state);
                        behind.for_each(|(column, state)| column[n] = state);
                        drive[n] = stepped.drive;
                        spike[n] = stepped.spike;
                    }
                    (0..S).for_each(|s| values[s * blocks + block] = columns[s]);
                    input[block] = drive;
                    spikes[block] = (0..NEURONS_PER_BLOCK)
                        .fold(0, |mask, n| mask | u16::from(spike[n] != 0.0) << n);
                }
            },
        );
    }

    fn step_adjoint(&self, step: StepAdjoint) {
        let StepAdjoint { constants, before, input, d_spike, d_state, d_input, d_constants } = step;
        let wanted = !d_constants.is_empty();
        vectorize(
            #[inline(always)]
            || {
                let constants = self.of_block(constants, 0);
                let before: &[NeuronBlock; S] = before.try_into().expect("one entry per column");
                let input: &[NeuronBlock; P] = input.try_into().expect("one entry per port");
                let behind: [NeuronBlock; S] = std::array::from_fn(|s| d_state[s]);
                let mut to_constants = [[0.0; NEURONS_PER_BLOCK]; K];
                for n in 0..NEURONS_PER_BLOCK {
                    let gradients = self.equations.step_adjoint(
                        &std::array::from_fn(|k| constants[k][n]),
                        std::array::from_fn(|s| before[s][n]),
                        std::array::from_fn(|p| input[p][n]),
                        d_spike[n],
                        std::array::from_fn(|s| behind[s][n]),
                        wanted,
                    );
                    (0..S).for_each(|s| d_state[s][n] = gradients.state[s]);
                    (0..P).for_each(|p| d_input[p][n] = gradients.input[p]);
                    (0..K).for_each(|k| to_constants[k][n] = gradients.constants[k]);
                }
                for (sum, gradient) in d_constants.iter_mut().zip(&to_constants) {
                    (0..NEURONS_PER_BLOCK).for_each(|n| sum[n] += gradient[n]);
                }
            },
        );
    }
}
