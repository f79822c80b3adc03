//! A cheaper way to apply long smooth filters.

use crate::taps::filter::Filter;

/// Filters in pieces of `length` steps, each a quadratic:
/// `f[q * length + m] = sum_p coefficient_p[q] * shape_p[m]`. Applied in two stages, a piece costs
/// three values instead of `length`, and the shapes are applied once for all filters.
#[derive(Debug, Clone)]
pub struct Pieces {
    /// Steps of a piece.
    pub length: usize,
    /// The discrete Legendre polynomials of degrees 0, 1 and 2, of norm 1.
    pub shapes: [Filter; SHAPES],
    /// By filter: the coefficients of the shapes, `length` steps apart.
    pub coefficients: Vec<[Filter; SHAPES]>,
    /// By filter: the values behind the last whole piece.
    pub rest: Vec<Filter>,
}

/// Shapes of a piece.
pub const SHAPES: usize = 3;

impl Pieces {
    pub fn new(filters: &[Filter], length: usize, max_delay: usize) -> Self {
        let shapes = legendre(length);
        let whole = (max_delay + 1) / length;
        let value = |filter: &Filter, n: usize| {
            n.checked_sub(filter.first).and_then(|k| filter.value.get(k)).copied().unwrap_or(0.0)
        };
        let coefficients = |filter: &Filter| {
            let (first, end) = (
                filter.first / length,
                whole.min((filter.first + filter.value.len()).div_ceil(length)),
            );
            std::array::from_fn(|p| {
                let of = |q: usize| {
                    (0..length)
                        .map(|m| value(filter, q * length + m) as f64 * shapes[p][m])
                        .sum::<f64>() as f32
                };
                Filter::new(first * length, (first.min(end)..end).map(of).collect())
            })
        };
        let rest = |filter: &Filter| {
            let end = (filter.first + filter.value.len()).max(whole * length);
            Filter::new(whole * length, (whole * length..end).map(|n| value(filter, n)).collect())
        };
        Self {
            length,
            coefficients: filters.iter().map(coefficients).collect(),
            rest: filters.iter().map(rest).collect(),
            shapes: shapes
                .map(|shape| Filter::new(0, shape.iter().map(|&value| value as f32).collect())),
        }
    }

    /// Filter `r` as its pieces have it, over delays from 0.
    pub fn filter(&self, r: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.rest[r].first];
        for (shape, coefficients) in self.shapes.iter().zip(&self.coefficients[r]) {
            for (piece, coefficient) in
                values[coefficients.first..].chunks_exact_mut(self.length).zip(&coefficients.value)
            {
                piece
                    .iter_mut()
                    .zip(&shape.value)
                    .for_each(|(value, shape)| *value += (coefficient * shape) as f64);
            }
        }
        values.extend(self.rest[r].value.iter().map(|&value| value as f64));
        values
    }

    /// L1 distance of filter `r` to `filter`.
    pub fn error(&self, r: usize, filter: &Filter) -> f64 {
        let mut rest = self.filter(r);
        rest[filter.first..]
            .iter_mut()
            .zip(&filter.value)
            .for_each(|(rest, value)| *rest -= *value as f64);
        rest.iter().map(|rest| rest.abs()).sum()
    }

    /// Multiply-adds per step and postsynaptic neuron.
    pub fn cost(&self) -> usize {
        let coefficients: usize =
            self.coefficients.iter().flatten().map(|filter| filter.value.len()).sum();
        coefficients
            + self.rest.iter().map(|filter| filter.value.len()).sum::<usize>()
            + SHAPES * self.length
    }
}

/// The polynomials of degrees 0, 1 and 2 on `length` equally spaced points, orthogonal and of norm
/// 1.
fn legendre(length: usize) -> [Vec<f64>; SHAPES] {
    let mut shapes: [Vec<f64>; SHAPES] = Default::default();
    for degree in 0..SHAPES {
        let mut shape: Vec<f64> = (0..length)
            .map(|m| (m as f64 - (length - 1) as f64 / 2.0).powi(degree as i32))
            .collect();
        for lower in &shapes[..degree] {
            let overlap: f64 = shape.iter().zip(lower).map(|(a, b)| a * b).sum();
            shape.iter_mut().zip(lower).for_each(|(a, b)| *a -= overlap * b);
        }
        let norm = shape.iter().map(|a| a * a).sum::<f64>().sqrt();
        shapes[degree] = shape.iter().map(|a| a / norm).collect();
    }
    shapes
}
