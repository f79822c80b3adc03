//! The update of a lateral circuit by one vector and one iteration, without momentum.

use crate::running_circuit::{Inputs, dot, largest_difference, orthonormal};
use plasticity::continual::{CircuitSettings, LateralAnswer, LateralCircuit};

/// A circuit, dense and in `f64`.
pub struct BatchRule {
    /// `[row][input]`
    pub rows: Vec<Vec<f64>>,
    /// So many of the first rows stay as they are.
    pub frozen: usize,
    pub rate: f64,
    pub clamp: f64,
    /// Largest `y` and its levels.
    pub levels: Option<(f64, f64)>,
}

/// What a circuit makes of a vector.
pub struct Response {
    pub y: Vec<f64>,
    /// `x - H^T y`
    pub residual: Vec<f64>,
    /// The same of the frozen rows alone.
    pub projected: Vec<f64>,
}

impl BatchRule {
    /// The response to `x`, by which the rows learn.
    pub fn present(&mut self, x: &[f64]) -> Response {
        let respond = |row: &Vec<f64>| {
            let y = dot(row, x);
            self.levels.map_or(y, |(scale, levels)| {
                (y.clamp(-scale, scale) / scale * levels).round_ties_even() / levels * scale
            })
        };
        let y: Vec<f64> = self.rows.iter().map(respond).collect();
        let left_by = |count: usize| -> Vec<f64> {
            let entry = |(input, x)| {
                let rows = self.rows[..count].iter().zip(&y);
                x - rows.map(|(row, y)| row[input] * y).sum::<f64>()
            };
            x.iter().enumerate().map(entry).collect()
        };
        let (residual, projected) = (left_by(self.rows.len()), left_by(self.frozen));
        for (row, y) in self.rows.iter_mut().zip(&y).skip(self.frozen) {
            for (entry, residual) in row.iter_mut().zip(&residual) {
                *entry += self.rate * (y * residual).clamp(-self.clamp, self.clamp);
            }
        }
        Response { y, residual, projected }
    }
}

/// The rule is that of [`LateralCircuit::learn`], with one vector, one iteration and no momentum.
#[test]
fn the_rule_is_that_of_the_lateral_circuit() {
    const WIDTH: usize = 10;
    for levels in [None, Some((20.0, 40.0))] {
        let (rate, clamp) = (0.02, 0.5);
        let lateral = match levels {
            None => LateralAnswer::Linear,
            Some((scale, levels)) => LateralAnswer::Quantised { scale, levels: levels as u32 },
        };
        let settings = CircuitSettings { rate, momentum: 0.0, iterations: 1, clamp, lateral };
        let mut circuit = LateralCircuit::<f64>::new(WIDTH, settings).unwrap();
        let mut rule = BatchRule { rows: Vec::new(), frozen: 0, rate, clamp, levels };
        let directions = orthonormal(2, 5, WIDTH);
        let inputs = Inputs { stream: 4, directions, sizes: vec![3.0; 5], noise: 0.1 };
        for (stream, count) in [(1, 3), (3, 2)] {
            let rows = orthonormal(stream, count, WIDTH);
            circuit.add_given_rows(&rows.concat()).unwrap();
            rule.frozen = rule.rows.len();
            rule.rows.extend(rows);
            for index in 0..50 {
                let x: Vec<f64> = inputs.draw(index).into_iter().map(f64::from).collect();
                circuit.learn(&x);
                rule.present(&x);
                assert!(largest_difference(circuit.rows(), &rule.rows.concat()) < 1e-12);
            }
            circuit.freeze(false);
        }
    }
}
