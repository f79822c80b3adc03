//! Gradients of the parameters of a network.

use crate::error::{Error, Result};
use crate::network::Network;
use crate::parameters::ParameterId;

/// One gradient per parameter, in the order of [`Network::parameters`]; a gradient has the shape of
/// its parameter. Gradients of delays are per step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gradients(Vec<(ParameterId, Vec<f32>)>);

impl Gradients {
    /// Zeros for every parameter of `network`.
    pub fn zeros(network: &Network) -> Self {
        let zeros = |entries: usize| vec![0.0; entries];
        let of =
            network.parameters().map(|parameter| (parameter.id, zeros(parameter.values.len())));
        Self(of.collect())
    }

    /// Checks that these are gradients of the parameters of `network`.
    ///
    /// # Errors
    /// [`Error::Network`] otherwise.
    pub fn check(&self, network: &Network) -> Result<()> {
        let ours = self.iter().map(|(id, gradient)| (id, gradient.len()));
        let theirs = network.parameters().map(|parameter| (parameter.id, parameter.values.len()));
        let problem = "the gradients were made for a network of other parameters";
        if ours.eq(theirs) { Ok(()) } else { Err(Error::Network(problem.into())) }
    }

    /// Every gradient with its parameter.
    pub fn iter(&self) -> impl Iterator<Item = (ParameterId, &[f32])> {
        self.0.iter().map(|(id, values)| (*id, &values[..]))
    }

    /// Every gradient with its parameter, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (ParameterId, &mut [f32])> {
        self.0.iter_mut().map(|(id, values)| (*id, &mut values[..]))
    }

    /// The gradient of one parameter.
    ///
    /// # Panics
    /// If the network has no such parameter.
    pub fn of(&self, id: ParameterId) -> &[f32] {
        &self.0[self.index(id)].1
    }

    /// The gradients of different parameters, to be changed.
    ///
    /// # Panics
    /// If the network lacks one of them, or one is named twice.
    pub fn of_mut<const N: usize>(&mut self, ids: [ParameterId; N]) -> [&mut [f32]; N] {
        let indices = ids.map(|id| self.index(id));
        let gradients = self.0.get_disjoint_mut(indices).expect("every parameter is named once");
        gradients.map(|(_, values)| &mut values[..])
    }

    fn index(&self, id: ParameterId) -> usize {
        let found = self.0.iter().position(|(other, _)| *other == id);
        found.unwrap_or_else(|| panic!("there is no gradient of {id:?}"))
    }
}
