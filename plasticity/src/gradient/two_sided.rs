//! The exponentiated update with two sides and a budget [Kivinen and Warmuth 1997, EG±]: a control,
//! since it does not keep signs.
//!
//! A weight is the difference of an excitatory and an inhibitory side, both above zero. A step `s`
//! multiplies them, and the sum of all sides of a neuron's incoming weights, its budget, stays:
//! ```text
//! p <- p exp(-c s),   m <- m exp(c s),   c s within ± the largest exponent
//! p, m <- U p / Z, U m / Z,   Z = sum of all p + m,   w = p - m
//! ```
//! What changed a weight since the last step, a protection or a bound, is first put on the side
//! that it strengthens, and stays: only there does the budget grow, under Dale's law where weights
//! are held at zero. A side above zero stays at least at the floor. A decay has no effect. Weights
//! that were pruned grow again where the budget gave both of their sides something.

use crate::gradient::weight_update::{Move, SignedUpdate};
use rayon::prelude::*;
use simd::exp;

/// Hands out the step itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step;

impl Move for Step {
    #[inline(always)]
    fn moved(self, _weight: f32, step: f32, _decay: f32) -> f32 {
        step
    }
}

/// The update; see the module.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TwoSided {
    factor: f32,
    most: f32,
    budget: f64,
    floor: f32,
}

impl From<SignedUpdate> for TwoSided {
    fn from(settings: SignedUpdate) -> Self {
        let SignedUpdate { rate_factor, largest_exponent, budget, floor, .. } = settings;
        let [factor, most, floor] = [rate_factor, largest_exponent, floor].map(|own| own as f32);
        Self { factor, most, budget, floor }
    }
}

impl TwoSided {
    /// The sides of weights at the start, in rows of so many: what the budget has beyond the sizes
    /// of the weights is spread over all sides.
    pub fn start(self, weights: &[f32], row: usize) -> [Vec<f32>; 2] {
        let mut sides = [Vec::with_capacity(weights.len()), Vec::with_capacity(weights.len())];
        for weights in weights.chunks(row) {
            let sizes: f64 = weights.iter().map(|weight| f64::from(weight.abs())).sum();
            let spare = ((self.budget - 1.0) * sizes / (2 * weights.len()) as f64) as f32;
            sides[0].extend(weights.iter().map(|weight| weight.max(0.0) + spare));
            sides[1].extend(weights.iter().map(|weight| (-weight).max(0.0) + spare));
        }
        sides
    }

    /// Takes the steps, in rows of so many weights.
    pub fn take(self, weights: &mut [f32], steps: &[f32], sides: &mut [Vec<f32>; 2], row: usize) {
        let [excitatory, inhibitory] = sides;
        weights
            .par_chunks_mut(row)
            .zip(steps.par_chunks(row))
            .zip(excitatory.par_chunks_mut(row).zip(inhibitory.par_chunks_mut(row)))
            .for_each(|((weights, steps), sides)| self.take_row(weights, steps, sides));
    }

    fn take_row(self, weights: &mut [f32], steps: &[f32], sides: (&mut [f32], &mut [f32])) {
        let (excitatory, inhibitory) = sides;
        let (mut before, mut after) = (0.0, 0.0);
        let sides = excitatory.iter_mut().zip(inhibitory.iter_mut());
        for (((p, m), &step), &weight) in sides.zip(steps).zip(&*weights) {
            let change = weight - (*p - *m);
            *p += change.max(0.0);
            *m += (-change).max(0.0);
            before += f64::from(*p) + f64::from(*m);
            let exponent = (self.factor * step).clamp(-self.most, self.most);
            *p = self.kept(*p, exp(-exponent));
            *m = self.kept(*m, exp(exponent));
            after += f64::from(*p) + f64::from(*m);
        }
        let scale = if after > 0.0 { (before / after) as f32 } else { 1.0 };
        for ((p, m), weight) in excitatory.iter_mut().zip(inhibitory).zip(weights) {
            *p = self.kept(*p, scale);
            *m = self.kept(*m, scale);
            *weight = *p - *m;
        }
    }

    /// A side times a factor. A side above zero stays above: zero could never grow again.
    fn kept(self, side: f32, factor: f32) -> f32 {
        let moved = side * factor;
        if moved < self.floor && side > 0.0 { self.floor } else { moved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::made_up::normal;

    const ROW: usize = 20;

    fn update() -> TwoSided {
        SignedUpdate { rate_factor: 2.0, budget: 1.5, ..SignedUpdate::default() }.into()
    }

    fn sums(sides: &[Vec<f32>; 2]) -> Vec<f64> {
        let rows = sides[0].chunks(ROW).zip(sides[1].chunks(ROW));
        rows.map(|(p, m)| p.iter().chain(m).map(|&side| f64::from(side)).sum()).collect()
    }

    /// Against the equations in `f64`.
    #[test]
    fn steps_follow_their_twin_within_the_budget() {
        let mut weights: Vec<f32> = normal(3 * ROW, 0);
        let mut sides = update().start(&weights, ROW);
        let budget = sums(&sides);
        for (row, budget) in weights.chunks(ROW).zip(&budget) {
            let sizes: f64 = row.iter().map(|w| f64::from(w.abs())).sum();
            assert!((budget / sizes - 1.5).abs() < 1e-6);
        }
        let mut twin: Vec<[f64; 2]> =
            sides[0].iter().zip(&sides[1]).map(|(&p, &m)| [p.into(), m.into()]).collect();
        let start = weights.clone();
        for t in 0..100 {
            let steps: Vec<f32> = normal::<f32>(3 * ROW, 1 + t).iter().map(|s| 0.1 * s).collect();
            update().take(&mut weights, &steps, &mut sides, ROW);
            for (row, steps) in twin.chunks_mut(ROW).zip(steps.chunks(ROW)) {
                let total = |row: &[[f64; 2]]| row.iter().flatten().sum::<f64>();
                let before = total(row);
                for ([p, m], &step) in row.iter_mut().zip(steps) {
                    let exponent = (2.0 * f64::from(step)).clamp(-1.0, 1.0);
                    (*p, *m) = (*p * (-exponent).exp(), *m * exponent.exp());
                }
                let scale = before / total(row);
                row.iter_mut().flatten().for_each(|side| *side *= scale);
            }
        }
        for (weight, [p, m]) in weights.iter().zip(&twin) {
            assert!((f64::from(*weight) - (p - m)).abs() < 2e-4 * (p + m), "{weight}, {p}, {m}");
        }
        for (now, budget) in sums(&sides).iter().zip(&budget) {
            assert!((now / budget - 1.0).abs() < 1e-4, "{now} of {budget}");
        }
        let flips = start.iter().zip(&weights).filter(|(s, w)| *s * *w < 0.0).count();
        assert!(flips > 0, "the update may change signs");
    }

    #[test]
    fn no_side_becomes_zero() {
        let settings =
            SignedUpdate { rate_factor: 1e6, largest_exponent: 80.0, ..Default::default() };
        let update = TwoSided::from(settings);
        let mut weights: Vec<f32> = normal(ROW, 0);
        let mut sides = update.start(&weights, ROW);
        for t in 0..20 {
            update.take(&mut weights, &normal::<f32>(ROW, 1 + t), &mut sides, ROW);
        }
        assert!(sides.iter().flatten().all(|side| *side >= 1e-18 && side.is_finite()), "{sides:?}");
        update.take(&mut weights, &[f32::NAN; ROW], &mut sides, ROW);
        assert!(weights.iter().all(|weight| weight.is_nan()), "what is no number is not hidden");
    }

    #[test]
    fn what_changed_a_weight_from_outside_stays_changed() {
        let mut weights = vec![0.5_f32, -0.25, 1.0];
        let mut sides = update().start(&weights, 3);
        (weights[0], weights[1]) = (0.0, 0.75);
        update().take(&mut weights, &[0.0; 3], &mut sides, 3);
        for (weight, expected) in weights.iter().zip([0.0, 0.75, 1.0]) {
            assert!((weight - expected).abs() < 1e-6, "{weights:?}");
        }
    }
}
