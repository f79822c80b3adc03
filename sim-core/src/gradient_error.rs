//! The gradient of a neuron model against finite differences.
//!
//! A spike is a step, so differences of a loss say nothing about a surrogate gradient. They do for
//! the function whose gradient it is: the same neuron, whose spikes are straight lines with the
//! slope of the surrogate through the spikes that it fires. [`Moved`] numbers compute both at once:
//! the neuron as it is, which decides every comparison, and the line a little away from it.

use crate::equations::{Equations, Stepwise};
use crate::neuron::{BlockAdjoint, Neuron, NeuronScratch};
use crate::real::Real;
use simd::{NEURONS_PER_BLOCK, NeuronBlock};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// How far inputs and parameters are moved, as a share of their size or of 1.
const STEP: f64 = 1e-5;

/// A number as it is, and as it would be if something were moved a little.
#[derive(Debug, Clone, Copy)]
struct Moved {
    here: f64,
    there: f64,
}

impl PartialEq for Moved {
    fn eq(&self, other: &Self) -> bool {
        self.here == other.here
    }
}

impl PartialOrd for Moved {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.here.partial_cmp(&other.here)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl $trait for Moved {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                let there = $trait::$method(self.there, other.there);
                Self { here: $trait::$method(self.here, other.here), there }
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl Neg for Moved {
    type Output = Self;

    fn neg(self) -> Self {
        Self { here: -self.here, there: -self.there }
    }
}

impl Real for Moved {
    fn of(value: f64) -> Self {
        Self { here: value, there: value }
    }

    fn exp(self) -> Self {
        Self { here: self.here.exp(), there: self.there.exp() }
    }

    fn spike(self, slope: impl Fn(f32) -> f32) -> Self {
        let here = if self.here >= 0.0 { 1.0 } else { 0.0 };
        let slope = f64::from(slope(self.here as f32));
        Self { here, there: here + slope * (self.there - self.here) }
    }

    fn round_ties_even(self) -> Self {
        let here = self.here.round_ties_even();
        Self { here, there: here + (self.there - self.here) }
    }

    fn detached(self) -> Self {
        Self::of(self.here)
    }
}

/// Largest error of the gradient of one neuron that runs over `input`, `[step][port]`, with these
/// values of its learnable parameters: the difference between the adjoint of the layered engine, in
/// single precision, and central differences in double precision, as a share of the largest
/// gradient of the inputs or of the parameter; infinite where a gradient is not a finite number. A
/// sound model stays below 1e-3.
///
/// The loss is a sum of spikes (of a readout: of potentials), with other factors in each step.
///
/// # Panics
/// If `learned` has not one value for each learnable parameter.
pub fn gradient_error<E: Equations<S, P, K>, const S: usize, const P: usize, const K: usize>(
    equations: E,
    learned: &[f64],
    input: &[[f32; P]],
) -> f64 {
    assert_eq!(learned.len(), equations.learnable().len(), "one value per learnable parameter");
    let numeric = |moves: Moves, size: f64| {
        let step = STEP * size.abs().max(1.0);
        (loss(&equations, learned, input, moves, step)
            - loss(&equations, learned, input, moves, -step))
            / (2.0 * step)
    };
    let to_inputs: Vec<f64> = (0..input.len() * P)
        .map(|index| {
            let (step, port) = (index / P, index % P);
            numeric(Moves::Input { step, port }, f64::from(input[step][port]))
        })
        .collect();
    let to_learned: Vec<f64> =
        learned.iter().enumerate().map(|(k, &value)| numeric(Moves::Learned(k), value)).collect();
    let analytic = adjoint(Stepwise::new(equations), learned, input);
    let all = [&analytic.inputs, &analytic.learned, &to_inputs, &to_learned];
    if all.into_iter().flatten().any(|gradient| !gradient.is_finite()) {
        return f64::INFINITY;
    }
    let largest = |values: &[f64]| values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let share = |ours: &[f64], theirs: &[f64]| {
        let errors: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a - b).collect();
        let error = largest(&errors);
        if error == 0.0 { 0.0 } else { error / largest(theirs) }
    };
    let of_inputs = share(&analytic.inputs, &to_inputs);
    let each = analytic.learned.iter().zip(&to_learned);
    each.fold(of_inputs, |most, (&ours, &theirs)| most.max(share(&[ours], &[theirs])))
}

/// What is moved.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Moves {
    Input { step: usize, port: usize },
    Learned(usize),
}

/// Factor of a step's spike in the loss.
fn factor(step: usize) -> f64 {
    (1.0 + step as f64 * 0.7).cos()
}

fn loss<E: Equations<S, P, K>, const S: usize, const P: usize, const K: usize>(
    equations: &E,
    learned: &[f64],
    input: &[[f32; P]],
    moves: Moves,
    by: f64,
) -> f64 {
    let moved = |value: f64, is_moved: bool| Moved {
        here: value,
        there: if is_moved { value + by } else { value },
    };
    let learned = learned.iter().enumerate();
    let learned: Vec<Moved> =
        learned.map(|(k, &value)| moved(value, moves == Moves::Learned(k))).collect();
    let constants = equations.constants(&learned);
    let mut state = [Moved::of(0.0); S];
    let mut sum = 0.0;
    for (step, input) in input.iter().enumerate() {
        let input = std::array::from_fn(|port| {
            moved(f64::from(input[port]), moves == Moves::Input { step, port })
        });
        let stepped = equations.step(&constants, state, input);
        state = stepped.state;
        let shown = if equations.fires() { stepped.spike } else { state[0] };
        sum += factor(step) * shown.there;
    }
    sum
}

struct Gradient {
    /// `[step][port]`
    inputs: Vec<f64>,
    learned: Vec<f64>,
}

fn adjoint<const P: usize>(neuron: impl Neuron, learned: &[f64], input: &[[f32; P]]) -> Gradient {
    let steps = input.len();
    let all = |value: f64| -> NeuronBlock { [value as f32; NEURONS_PER_BLOCK] };
    let constants: Vec<NeuronBlock> = neuron.constants(learned).into_iter().map(all).collect();
    let by_port = |value: &dyn Fn(usize, usize) -> f64| -> Vec<NeuronBlock> {
        (0..P * steps).map(|index| all(value(index % steps, index / steps))).collect()
    };
    let mut gradient = by_port(&|step, port| if port == 0 { factor(step) } else { 0.0 });
    let mut constant_gradient = vec![all(0.0); constants.len()];
    neuron.adjoint(BlockAdjoint {
        constants: &constants,
        input: &mut by_port(&|step, port| f64::from(input[step][port])),
        spikes: &mut vec![0; steps],
        gradient: &mut gradient,
        constant_gradient: &mut constant_gradient,
        scratch: &mut NeuronScratch::default(),
    });
    let of_input = |index: usize| f64::from(gradient[index % P * steps + index / P][0]);
    let of_learned = |parameter: usize| {
        let slopes = neuron.constant_slopes(learned, parameter);
        let parts = slopes.iter().zip(&constant_gradient);
        parts.map(|(slope, gradient)| slope * f64::from(gradient[0])).sum()
    };
    Gradient {
        inputs: (0..steps * P).map(of_input).collect(),
        learned: (0..learned.len()).map(of_learned).collect(),
    }
}
