//! Where the gradient of a population's spikes is wanted.
//!
//! dL/dS is the dear part of the way back: spikes are few, but it is defined at every step. dL/dS
//! is only read where a neuron is not dropped and its slope is not zero. A slope of compact support
//! (triangle, box) is zero at most steps. Demand is kept for sixteen steps at a time.

use simd::{NEURONS_PER_BLOCK, NeuronBlock, blocks_at_least};
use std::ops::Range;

/// Steps of a piece. A piece is wanted or not as a whole: rows are computed in vectors of as many
/// steps.
const PIECE: usize = 16;

/// Steps at which dL/dS of one neuron is wanted: a whole number of pieces. The last piece may end
/// behind the last step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub neuron: usize,
    pub steps: Range<usize>,
}

/// Which pieces are wanted in one sample of a population, one bit per neuron.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demand {
    /// `[block][piece]`
    pieces: Vec<u16>,
    per_block: usize,
}

impl Demand {
    /// Forgets all blocks; the next blocks have `steps` steps. Memory is reused.
    pub(crate) fn clear(&mut self, steps: usize) {
        self.pieces.clear();
        self.per_block = steps.div_ceil(PIECE);
    }

    /// Adds the next block of neurons: a piece of a neuron is wanted where one of its potentials
    /// lies in `support`.
    pub(crate) fn push_block(&mut self, potential: &[NeuronBlock], support: &Range<f32>) {
        if *support == (f32::NEG_INFINITY..f32::INFINITY) {
            self.pieces.resize(self.pieces.len() + self.per_block, u16::MAX);
            return;
        }
        let (mut inside, mut beyond) = ([0; PIECE], [0; PIECE]);
        for potential in potential.chunks(PIECE) {
            blocks_at_least(potential, support.start, &mut inside);
            blocks_at_least(potential, support.end, &mut beyond);
            let steps = inside.iter().zip(&beyond).take(potential.len());
            self.pieces.push(steps.fold(0, |bits, (inside, beyond)| bits | inside & !beyond));
        }
    }

    /// Wants nothing of neurons that are not `kept`; `kept` has one bit per neuron, by blocks.
    pub(crate) fn keep(&mut self, kept: &[u16]) {
        for (pieces, kept) in self.pieces.chunks_exact_mut(self.per_block).zip(kept) {
            pieces.iter_mut().for_each(|piece| *piece &= kept);
        }
    }

    /// Lists the wanted steps of the first `neurons` neurons, ascending. Memory is reused.
    pub(crate) fn list(&self, neurons: usize, wanted: &mut Vec<Wanted>) {
        wanted.clear();
        // Reserve for the worst case: dropout and slopes change how much remains.
        wanted.reserve(neurons * self.per_block.div_ceil(3));
        let all = 0..self.per_block * PIECE;
        for neuron in 0..neurons {
            let pieces = self.of_block(neuron);
            let is_wanted = |piece: &u16| piece >> (neuron % NEURONS_PER_BLOCK) & 1 == 1;
            if !pieces.is_empty() && pieces.iter().all(is_wanted) {
                wanted.push(Wanted { neuron, steps: all.clone() });
            } else {
                wanted.extend(self.runs(neuron).map(|steps| Wanted { neuron, steps }));
            }
        }
    }

    /// Runs of wanted steps of `neuron`. A single unwanted piece between two runs is taken along:
    /// one long run costs less than two short runs.
    fn runs(&self, neuron: usize) -> impl Iterator<Item = Range<usize>> {
        let pieces = self.of_block(neuron);
        let wanted = move |piece: usize| {
            pieces.get(piece).is_some_and(|piece| piece >> (neuron % NEURONS_PER_BLOCK) & 1 == 1)
        };
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = (next..pieces.len()).find(|&piece| wanted(piece))?;
            next = first + 1;
            while wanted(next) || wanted(next + 1) {
                next += 1;
            }
            Some(first * PIECE..next * PIECE)
        })
    }

    /// Neuron-steps in all runs of the first `neurons` neurons.
    pub(crate) fn steps(&self, neurons: usize) -> usize {
        (0..neurons).flat_map(|neuron| self.runs(neuron)).map(|run| run.len()).sum()
    }

    fn of_block(&self, neuron: usize) -> &[u16] {
        &self.pieces[neuron / NEURONS_PER_BLOCK * self.per_block..][..self.per_block]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_what_is_wanted() {
        let mut potential = vec![[9.0; NEURONS_PER_BLOCK]; 150];
        for step in [3, 40, 41, 70, 149] {
            potential[step][5] = 0.5;
        }
        let mut demand = Demand::default();
        demand.clear(150);
        demand.push_block(&potential, &(0.0..2.0));
        assert_eq!(demand.runs(5).collect::<Vec<_>>(), [0..80, 144..160]);
        let mut wanted = Vec::new();
        demand.list(NEURONS_PER_BLOCK, &mut wanted);
        assert_eq!(wanted, [0..80, 144..160].map(|steps| Wanted { neuron: 5, steps }));
        demand.keep(&[!(1 << 5)]);
        demand.list(NEURONS_PER_BLOCK, &mut wanted);
        assert!(wanted.is_empty());
    }

    #[test]
    fn a_slope_without_end_wants_everything() {
        let mut demand = Demand::default();
        demand.clear(20);
        demand
            .push_block(&[[f32::NAN; NEURONS_PER_BLOCK]; 20], &(f32::NEG_INFINITY..f32::INFINITY));
        assert!(demand.runs(0).eq(std::iter::once(0..32)));
    }
}
