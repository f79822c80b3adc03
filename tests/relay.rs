//! Neurons that do what a test tells them.

use sim_core::{
    Equations, ModelDescription, Neuron, NeuronModel, Real, Result, Stepped, Stepwise, Variable,
};

/// Fires when its port `teacher` says so, whatever arrives at its other port, `ignored`.
#[derive(Debug)]
pub struct Relay;

impl NeuronModel for Relay {
    fn build(&self, _dt_ms: f64) -> Result<Box<dyn Neuron>> {
        Ok(Box::new(Stepwise::new(Self)))
    }

    fn describe(&self) -> ModelDescription {
        described("relay")
    }

    fn ports(&self) -> &'static [&'static str] {
        &["teacher", "ignored"]
    }
}

impl Equations<1, 2, 0> for Relay {
    const VARIABLES: &'static [Variable] = &[Variable::POTENTIAL];

    fn constants<T: Real>(&self, _learned: &[T]) -> [T; 0] {
        []
    }

    fn step<T: Real>(&self, _: &[T; 0], _: [T; 1], [teacher, _]: [T; 2]) -> Stepped<T, 1> {
        let spike = (teacher - T::of(1.0)).spike(|_| 0.0);
        Stepped { state: [T::of(0.0)], spike, drive: teacher }
    }
}

/// A linear neuron: in every step it sends its input on as a graded spike, of either sign.
#[derive(Debug)]
pub struct Linear;

impl NeuronModel for Linear {
    fn build(&self, _dt_ms: f64) -> Result<Box<dyn Neuron>> {
        Ok(Box::new(Stepwise::new(Self)))
    }

    fn describe(&self) -> ModelDescription {
        described("linear")
    }
}

impl Equations<1, 1, 0> for Linear {
    const VARIABLES: &'static [Variable] = &[Variable::POTENTIAL];

    fn constants<T: Real>(&self, _learned: &[T]) -> [T; 0] {
        []
    }

    fn step<T: Real>(&self, _: &[T; 0], _: [T; 1], [input]: [T; 1]) -> Stepped<T, 1> {
        Stepped { state: [input], spike: input, drive: input }
    }

    fn is_graded(&self) -> bool {
        true
    }
}

fn described(name: &str) -> ModelDescription {
    let [parameters, defaults] = Default::default();
    ModelDescription { name: name.into(), parameters, defaults }
}
