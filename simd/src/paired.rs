//! The whole-row loops on pairs of bf16 numbers: their operands, and their plain twins.

use crate::delay_windows::sources::{RowSource, Shift};
use crate::row_sums::Mixture;

/// The numbers of a pair.
pub(crate) fn unpaired(pair: u32) -> (f32, f32) {
    (f32::from_bits(pair << 16), f32::from_bits(pair & 0xffff_0000))
}

/// Operands of [`DelayWindows::pull_paired`](crate::DelayWindows::pull_paired).
pub(crate) struct PairPull<'a> {
    pub first: &'a [u32],
    pub weights: &'a [u32],
    /// Pairs per synapse, and how many of them are not zero.
    pub pairs: usize,
    pub used_pairs: usize,
    pub sources: &'a [RowSource],
    pub offset: usize,
    pub shift: Shift,
    pub rows: &'a [u32],
    pub out: &'a mut [f32],
}

/// The plain twin of [`DelayWindows::pull_paired`](crate::DelayWindows::pull_paired).
pub(crate) fn pair_pull(pull: PairPull) {
    for source in pull.sources {
        let synapse = source.synapse as usize + pull.offset;
        for (k, &weights) in
            pull.weights[synapse * pull.pairs..][..pull.used_pairs].iter().enumerate()
        {
            let (first, second) = unpaired(weights);
            let delay = pull.first[synapse] as usize + 2 * k;
            let row = source.row as usize;
            // A pair holds a number and the next; towards the past the second tap is the earlier
            // number.
            let (start, low, high) = if pull.shift == Shift::Later {
                (row - delay - 1, second, first)
            } else {
                (row + delay, first, second)
            };
            for (out, &pair) in pull.out.iter_mut().zip(&pull.rows[start..]) {
                let (a, b) = unpaired(pair);
                *out += low * a + high * b;
            }
        }
    }
}

/// Operands of a product of rows of pairs: `out[o][x] += sum_m dot(weights[o][m], rows[m * stride +
/// x])`.
pub(crate) struct PairProduct<'a> {
    pub outputs: &'a [Mixture],
    pub weights: &'a [u32],
    pub count: usize,
    pub rows: &'a [u32],
    pub stride: usize,
    pub out: &'a mut [f32],
    pub length: usize,
}

/// The plain twin of [`combine_each_paired`](crate::combine_each_paired).
pub(crate) fn pair_product(product: PairProduct) {
    let PairProduct { outputs, weights, count, rows, stride, out, length } = product;
    for output in outputs {
        let out = &mut out[output.out as usize..][..length];
        for (m, &weights) in weights[output.weights as usize..][..count].iter().enumerate() {
            let (first, second) = unpaired(weights);
            for (out, &row) in out.iter_mut().zip(&rows[m * stride..]) {
                let (a, b) = unpaired(row);
                *out += first * a + second * b;
            }
        }
    }
}
