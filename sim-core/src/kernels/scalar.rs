//! The plain twins of the vector kernels.

use super::tap_table::Tap;

/// `out[t] += weight * rows[offset + t]` for every selected tap.
pub(super) fn accumulate(rows: &[f32], taps: &[Tap], index: &[u32], out: &mut [f32]) {
    for &k in index {
        let Tap { offset, weight } = taps[k as usize];
        for (out, row) in out.iter_mut().zip(&rows[offset as usize..]) {
            *out += weight * row;
        }
    }
}

/// `sums[k] += sum_t signal[t] * rows[offset + t]` for every selected tap.
pub(super) fn correlate(rows: &[f32], taps: &[Tap], index: &[u32], signal: &[f32], sums: &mut [f32]) {
    for &k in index {
        let row = &rows[taps[k as usize].offset as usize..];
        sums[k as usize] += signal.iter().zip(row).map(|(a, b)| a * b).sum::<f32>();
    }
}
