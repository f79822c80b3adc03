//! The update of a lateral circuit by one vector and one iteration, without momentum.

use crate::running_circuit::dot;

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
