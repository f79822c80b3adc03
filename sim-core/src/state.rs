//! The state of a population, by named columns.

use std::fmt::Debug;

/// A variable of a neuron: a column of a population's state. Variables are 0 at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name, such as `potential`: what recordings, snapshots and probes call it.
    pub name: &'static str,
    /// Its unit; empty for a bare number.
    pub unit: &'static str,
}

impl Variable {
    /// A bare number.
    pub const fn new(name: &'static str) -> Self {
        Self { name, unit: "" }
    }

    /// The membrane potential after the step's reset, in units of the threshold's scale.
    pub const POTENTIAL: Self = Self::new("potential");

    /// Steps for which the neuron still ignores its input.
    pub const REFRACTORY: Self = Self { name: "refractory", unit: "steps" };
}

/// State of a population: one column of entries per variable. An entry is a neuron (`f64`, clock
/// engine) or a block of neurons ([`simd::NeuronBlock`], streaming and layered engine).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State<T> {
    variables: &'static [Variable],
    entries: usize,
    /// `[column][entry]`
    values: Vec<T>,
}

impl<T: Copy> State<T> {
    /// `entries` entries of `variables` at rest: all are `zero`.
    pub fn at_rest(variables: &'static [Variable], entries: usize, zero: T) -> Self {
        Self { variables, entries, values: vec![zero; variables.len() * entries] }
    }

    /// Brings all columns to rest.
    pub fn reset(&mut self, zero: T) {
        self.values.fill(zero);
    }

    /// What the columns hold, in their order. The first is the membrane potential.
    pub fn variables(&self) -> &'static [Variable] {
        self.variables
    }

    /// Number of entries of each column.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The column of this index.
    ///
    /// # Panics
    /// If there is none.
    pub fn column(&self, index: usize) -> &[T] {
        &self.values[index * self.entries..][..self.entries]
    }

    /// The column of this name; `None` if there is none.
    pub fn named(&self, name: &str) -> Option<&[T]> {
        let index = self.variables.iter().position(|variable| variable.name == name)?;
        Some(self.column(index))
    }

    /// All columns, `[column][entry]`.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All columns to be changed, `[column][entry]`.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The first `N` columns, to be changed.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn columns_mut<const N: usize>(&mut self) -> [&mut [T]; N] {
        assert!(N <= self.variables.len(), "the state has {} columns", self.variables.len());
        let mut rest = &mut self.values[..];
        std::array::from_fn(|_| {
            let (column, behind) = std::mem::take(&mut rest).split_at_mut(self.entries);
            rest = behind;
            column
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_by_index() {
        static TWO: [Variable; 2] = [Variable::POTENTIAL, Variable::REFRACTORY];
        let mut state = State::at_rest(&TWO, 3, 0.0);
        let [potential, refractory] = state.columns_mut();
        potential[1] = 0.5;
        refractory.fill(2.0);
        assert_eq!(state.named("potential"), Some(&[0.0, 0.5, 0.0][..]));
        assert_eq!(state.column(1), [2.0; 3]);
        assert_eq!(state.named("current"), None);
        state.reset(0.0);
        assert_eq!(state.values(), [0.0; 6]);
    }
}
