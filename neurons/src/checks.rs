//! What holds of every neuron model that is written as equations.

use crate::surrogate::Surrogate;
use sim_core::{
    BeforeStep, Equations, Learnable, Neuron, NeuronScratch, Real, Spike, State, Stepped, Stepwise,
    Variable, gradient_error,
};
use simd::{NEURONS_PER_BLOCK, NeuronBlock};

/// Slopes of every kind.
pub(crate) const SURROGATES: [Surrogate; 3] = [
    Surrogate::Atan { alpha: 5.0 },
    Surrogate::FastSigmoid { beta: 4.0 },
    Surrogate::Triangle { half_width: 1.5, peak: 0.6 },
];

/// Input of all neurons, ports and steps, of either sign, and strong enough to fire.
pub(crate) fn input(step: usize, port: usize, neuron: usize) -> f32 {
    let phase = (step * 7 + port * 5 + neuron * 3) as f32;
    let sign = if port == 0 { 1.0 } else { -0.5 };
    sign * (0.3 + 0.6 * (phase * 0.37).sin())
}

/// The same equations, without an adjoint of their own.
#[derive(Debug)]
struct Derived<E>(E);

impl<E: Equations<S, P, K>, const S: usize, const P: usize, const K: usize> Equations<S, P, K>
    for Derived<E>
{
    const VARIABLES: &'static [Variable] = E::VARIABLES;

    fn learnable(&self) -> &[Learnable] {
        self.0.learnable()
    }

    fn constants<T: Real>(&self, learned: &[T]) -> [T; K] {
        self.0.constants(learned)
    }

    fn step<T: Real>(&self, constants: &[T; K], state: [T; S], input: [T; P]) -> Stepped<T, S> {
        self.0.step(constants, state, input)
    }

    fn fires(&self) -> bool {
        self.0.fires()
    }
}

/// Checks the gradient against finite differences, with the model's own parameters.
pub(crate) fn gradients<E: Equations<S, P, K>, const S: usize, const P: usize, const K: usize>(
    equations: E,
    what: &str,
) {
    let own: Vec<f64> = equations.learnable().iter().map(|learnable| learnable.initial).collect();
    let input: Vec<[f32; P]> =
        (0..60).map(|t| std::array::from_fn(|port| input(t, port, 0))).collect();
    let error = gradient_error(equations, &own, &input);
    assert!(error < 1e-3, "{what}: {error}");
}

/// Checks an adjoint that is written by hand against the one that follows from the equations, at
/// many states, whether or not they can be reached.
pub(crate) fn adjoint<E: Equations<S, P, K>, const S: usize, const P: usize, const K: usize>(
    equations: E,
    what: &str,
) {
    let own: Vec<f64> = equations.learnable().iter().map(|learnable| learnable.initial).collect();
    let constants = equations.constants(&own).map(|constant| constant as f32);
    let derived = Derived(equations);
    for case in 0..500 {
        let number = |k: usize| ((case * 31 + k * 17) as f32 * 0.61).sin() * 1.5;
        let mut state: [f32; S] = std::array::from_fn(number);
        // The last variable counts steps.
        state[S - 1] = [0.0, 0.0, 2.0][case % 3];
        let (input, d_state) =
            (std::array::from_fn(|p| number(10 + p)), std::array::from_fn(|s| number(20 + s)));
        let d_spike = number(30);
        let ours = derived.0.step_adjoint(&constants, state, input, d_spike, d_state, true);
        let theirs = derived.step_adjoint(&constants, state, input, d_spike, d_state, true);
        let flat = |gradients: BeforeStep<S, P, K>| {
            // The count of steps has no gradient.
            let BeforeStep { state, input, constants } = gradients;
            [&state[..S - 1], &input, &constants].concat()
        };
        for (k, (ours, theirs)) in flat(ours).into_iter().zip(flat(theirs)).enumerate() {
            let near = (ours - theirs).abs() <= 1e-5 * (1.0 + theirs.abs());
            assert!(near, "{what}, case {case}, gradient {k}: {ours}, but derived {theirs}");
        }
    }
}

/// Checks that blocks step by step have the bits of blocks over a sample, and agree with the steps
/// of single neurons in double precision up to the first potential near the threshold.
pub(crate) fn steps(neuron: &dyn Neuron, threshold: f32, what: &str) {
    const STEPS: usize = 80;
    let ports = neuron.ports();
    let mut samples: Vec<NeuronBlock> = (0..ports * STEPS)
        .map(|index| std::array::from_fn(|n| input(index % STEPS, index / STEPS, n)))
        .collect();
    let mut spikes = vec![0; STEPS];
    neuron.forward(&[], &mut samples, &mut spikes, &mut NeuronScratch::default());
    let mut blocks = State::at_rest(neuron.variables(), 2, [0.0; NEURONS_PER_BLOCK]);
    let mut single = State::at_rest(neuron.variables(), NEURONS_PER_BLOCK, 0.0);
    let mut comparable = [true; NEURONS_PER_BLOCK];
    for t in 0..STEPS {
        // The second block runs beside the first and must not disturb it.
        let of_port =
            |port: usize| [std::array::from_fn(|n| input(t, port, n)), [0.1; NEURONS_PER_BLOCK]];
        let mut now: Vec<NeuronBlock> = (0..ports).flat_map(of_port).collect();
        let mut mask = [0; 2];
        neuron.step_blocks(&[], &mut blocks, &mut now, &mut mask);
        assert_eq!((now[0], mask[0]), (samples[t], spikes[t]), "{what}, step {t}");
        let inputs: Vec<f64> = (0..ports * NEURONS_PER_BLOCK)
            .map(|index| {
                let (port, n) = (index / NEURONS_PER_BLOCK, index % NEURONS_PER_BLOCK);
                f64::from(input(t, port, n))
            })
            .collect();
        let mut fired: Vec<Spike> = Vec::new();
        neuron.step(&[], &mut single, &inputs, &mut fired);
        for n in 0..NEURONS_PER_BLOCK {
            comparable[n] &= (now[0][n] - threshold).abs() > 1e-4;
            if !comparable[n] {
                continue;
            }
            let fires = fired.iter().any(|spike| spike.neuron as usize == n);
            assert_eq!(mask[0] >> n & 1 == 1, fires, "{what}, step {t}, neuron {n}");
            for column in 0..neuron.variables().len() {
                let (ours, theirs) = (blocks.column(column)[0][n], single.column(column)[n]);
                assert!((f64::from(ours) - theirs).abs() < 1e-4, "{what}, step {t}, neuron {n}");
            }
        }
    }
    assert!(spikes.iter().any(|mask| *mask != 0) || !neuron.fires(), "{what} fires");
    assert!(comparable.iter().filter(|comparable| **comparable).count() > 8, "{what}");
}

/// Checks that constants of each neuron that are those of the model change nothing.
pub(crate) fn own_constants<
    E: Equations<S, P, K>,
    const S: usize,
    const P: usize,
    const K: usize,
>(
    equations: E,
) {
    let neuron = Stepwise::new(equations);
    let own: Vec<f64> = neuron.learnable().iter().map(|learnable| learnable.initial).collect();
    let constants: Vec<NeuronBlock> =
        neuron.constants(&own).iter().map(|&k| [k as f32; NEURONS_PER_BLOCK]).collect();
    let run = |constants: &[NeuronBlock]| {
        let mut samples: Vec<NeuronBlock> = (0..P * 40)
            .map(|index| std::array::from_fn(|n| input(index % 40, index / 40, n)))
            .collect();
        let mut spikes = vec![0; 40];
        neuron.forward(constants, &mut samples, &mut spikes, &mut NeuronScratch::default());
        (samples, spikes)
    };
    assert_eq!(run(&constants), run(&[]));
}
