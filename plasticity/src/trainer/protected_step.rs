//! The step of a parameter that is protected, and that stays in its range and keeps its signs.
//!
//! Range and signs may stand in the way of what is protected. Then the step is protected and
//! confined in turn: the synapses that may still move take over what the others cannot. Both sets
//! are convex, and no step at all lies in both, so the turns approach a step that does; how fast
//! depends on how many synapses stand at a bound. A neuron whose turns come to no end rests in this
//! step.

use crate::gradient::optimizer::Optimizer;
use crate::protection::Protection;
use rayon::prelude::*;
use sim_core::ParameterMut;

/// How often a step is protected and confined in turn, at most.
const TURNS: usize = 20;

/// The turns end where they move the step by less than this share of its length.
const ENOUGH: f64 = 1e-4;

/// A neuron rests if its last turn moves its step by more than this share of its length.
const MOST: f64 = 1e-3;

/// The entries of a parameter around its step; kept, so that steps allocate nothing.
#[derive(Debug, Default)]
pub(crate) struct ProtectedStep {
    before: Vec<f32>,
    protected: Vec<f32>,
    /// Of each row: the squares of what the last turn moved, and of the step.
    squares: Vec<[f64; 2]>,
}

impl ProtectedStep {
    /// Keeps the entries of before the optimiser's step.
    pub fn begin(&mut self, values: &[f32]) {
        self.before.clear();
        self.before.extend_from_slice(values);
    }

    /// Protects and confines the step that `optimizer` made since [`begin`](Self::begin). Returns
    /// what range and signs left of it in the directions that are protected: at most this share of
    /// the step's length, and at most 1e-3.
    pub fn finish(
        &mut self,
        protection: &dyn Protection,
        optimizer: &Optimizer,
        parameter: &mut ParameterMut,
    ) -> f64 {
        let row = optimizer.row();
        if parameter.is_unbounded() && !optimizer.keeps_signs() {
            protection.step(parameter.id, &self.before, parameter.values);
            return 0.0;
        }
        for _ in 0..TURNS {
            protection.step(parameter.id, &self.before, parameter.values);
            self.protected.clear();
            self.protected.extend_from_slice(parameter.values);
            // Range and sign come last: they hold for protected parameters, too.
            parameter.confine();
            optimizer.keep_signs(&self.before, parameter.values);
            let left = self.left(parameter.values, row);
            if left <= ENOUGH {
                return left;
            }
        }
        let rows = parameter.values.chunks_mut(row).zip(self.before.chunks(row));
        for ((values, before), squares) in rows.zip(&mut self.squares) {
            let [moved, step] = *squares;
            if moved > MOST * MOST * step {
                values.copy_from_slice(before);
                *squares = [0.0; 2];
            }
        }
        share(&self.squares)
    }

    /// What the last turn moved, as a share of the step; fills in the squares of each row.
    fn left(&mut self, values: &[f32], row: usize) -> f64 {
        let Self { before, protected, squares } = self;
        let rows = values.par_chunks(row).zip(before.par_chunks(row));
        rows.zip(protected.par_chunks(row))
            .map(|((values, before), protected)| {
                [square_of_distance(values, protected), square_of_distance(values, before)]
            })
            .collect_into_vec(squares);
        share(squares)
    }
}

/// The share of all rows together; 0 where nothing was moved.
fn share(squares: &[[f64; 2]]) -> f64 {
    let add = |sum: [f64; 2], row: &[f64; 2]| [sum[0] + row[0], sum[1] + row[1]];
    match squares.iter().fold([0.0; 2], add) {
        [0.0, _] => 0.0,
        [moved, step] => (moved / step).sqrt(),
    }
}

fn square_of_distance(from: &[f32], to: &[f32]) -> f64 {
    from.iter().zip(to).map(|(from, to)| (f64::from(*from) - f64::from(*to)).powi(2)).sum()
}
