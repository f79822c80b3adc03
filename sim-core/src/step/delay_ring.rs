//! Input that arrives in later steps.

use crate::error::{Error, Result};
use crate::population::Population;
use crate::step::arithmetic::StepArrivals;
use crate::step::arrival::Arrival;

/// Summed input of one population for the current step and the `max_delay` steps after it.
///
/// A ring of rows `[max_delay + 1][inputs]`, an input being a port of a neuron; the row of the
/// current step moves on by one with every step, and the row it leaves becomes the one for the
/// longest delay.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DelayRing {
    inputs: usize,
    rows: usize,
    current: usize,
    input: Vec<f64>,
}

impl DelayRing {
    /// A silent ring for `inputs` inputs and delays `0..=max_delay`; `name` is the population to
    /// blame.
    ///
    /// # Errors
    /// [`Error::Network`] when the ring does not fit in memory.
    pub fn of_inputs(name: &str, inputs: usize, max_delay: usize) -> Result<Self> {
        let mut input = Vec::new();
        let rows = max_delay.saturating_add(1);
        let length = rows.saturating_mul(inputs);
        input.try_reserve_exact(length).map_err(|_| {
            Error::Network(format!(
                "{inputs} inputs of {name} with delays of up to {max_delay} \
                                    steps do not fit in memory"
            ))
        })?;
        input.resize(length, 0.0);
        Ok(Self { inputs, rows, current: 0, input })
    }

    /// Input of the current step, one entry per neuron.
    pub fn current(&self) -> &[f64] {
        &self.input[self.current * self.inputs..][..self.inputs]
    }

    /// Adds `count` times what `arrivals`, ordered by delay, bring to the input of this and later
    /// steps.
    #[inline]
    pub fn deliver(&mut self, arrivals: &[Arrival], count: f64) {
        let current = self.current * self.inputs;
        let (wrapped, ahead) = self.input.split_at_mut(current);
        let (before_end, behind_end) =
            arrivals.split_at(arrivals.partition_point(|arrival| arrival.offset < ahead.len()));
        let length = ahead.len();
        for arrival in before_end {
            ahead[arrival.offset] += arrival.weight * count;
        }
        for arrival in behind_end {
            wrapped[arrival.offset - length] += arrival.weight * count;
        }
    }

    /// Adds `count` times what `arrivals` bring to the input of this step, whatever their delay.
    pub fn deliver_now(&mut self, arrivals: &[Arrival], count: f64) {
        let row = &mut self.input[self.current * self.inputs..][..self.inputs];
        for arrival in arrivals {
            row[arrival.offset % self.inputs] += arrival.weight * count;
        }
    }
}

impl StepArrivals for DelayRing {
    fn new(population: &Population, longest: usize) -> Result<Self> {
        Self::of_inputs(&population.name, population.ports().len() * population.size, longest)
    }

    fn advance(&mut self) {
        self.input[self.current * self.inputs..][..self.inputs].fill(0.0);
        self.current = if self.current + 1 < self.rows { self.current + 1 } else { 0 };
    }

    fn clear(&mut self) {
        self.input.fill(0.0);
        self.current = 0;
    }

    fn pending(&self) -> Vec<f64> {
        let (wrapped, ahead) = self.input.split_at(self.current * self.inputs);
        [ahead, wrapped].concat()
    }

    fn set_pending(&mut self, pending: &[f64]) {
        self.current = 0;
        self.input.copy_from_slice(pending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ring_that_cannot_be_held_is_refused() {
        let error = DelayRing::of_inputs("hidden", 1 << 20, usize::MAX / 2).unwrap_err();
        assert!(error.to_string().starts_with("1048576 inputs of hidden"), "{error}");
    }

    proptest! {
        /// Everything that is added arrives once, at its step.
        #[test]
        fn it_equals_a_table_of_all_steps(
            max_delay in 0_usize..9,
            events in proptest::collection::vec(
                (0_usize..30, 0_usize..9, 0_usize..3, 1_i32..100),
                0..200,
            ),
        ) {
            let mut ring = DelayRing::of_inputs("any", 3, max_delay).unwrap();
            let mut table = vec![[0.0; 3]; 40];
            for step in 0..40 {
                for &(_, delay, neuron, amount) in events.iter().filter(|event| event.0 == step) {
                    let delay = delay.min(max_delay);
                    ring.deliver(&[Arrival::new(delay, neuron, 3, amount as f64)], 1.0);
                    table[(step + delay).min(39)][neuron] += amount as f64;
                }
                prop_assert_eq!(ring.current(), &table[step][..]);
                ring.advance();
            }
        }
    }
}
