//! Rows along time to lanes side by side, and back.

use crate::{LANES, Lanes};

/// Steps and lanes of a tile that is turned in registers.
const TILE: usize = 4;

/// `lanes[t][lane] = scale * rows[lane * stride + t] + offset` for the lanes that have an entry in `affine = [(scale, offset)]`; the others
/// become zero.
///
/// # Panics
/// If a row is missing or shorter than `lanes`.
#[inline(always)]
pub fn rows_to_lanes(rows: &[f32], stride: usize, affine: &[(f32, f32)], lanes: &mut [Lanes]) {
    let count = affine.len();
    assert!(count <= LANES && (count == 0 || (count - 1) * stride + lanes.len() <= rows.len()), "a row is missing");
    if count < LANES {
        lanes.fill([0.0; LANES]);
    }
    let (tiles, rest) = lanes.as_chunks_mut::<TILE>();
    for (n, tile) in tiles.iter_mut().enumerate() {
        for lane in (0..count - count % TILE).step_by(TILE) {
            let turned = turn(std::array::from_fn(|q| four(rows, (lane + q) * stride + n * TILE)));
            for (lanes, turned) in tile.iter_mut().zip(turned) {
                for (q, number) in turned.into_iter().enumerate() {
                    let (scale, offset) = affine[lane + q];
                    lanes[lane + q] = scale * number + offset;
                }
            }
        }
        for lane in count - count % TILE..count {
            let (scale, offset) = affine[lane];
            tile.iter_mut().zip(four(rows, lane * stride + n * TILE)).for_each(|(lanes, number)| lanes[lane] = scale * number + offset);
        }
    }
    let done = tiles.len() * TILE;
    for (lane, &(scale, offset)) in affine.iter().enumerate() {
        rest.iter_mut().zip(&rows[lane * stride + done..]).for_each(|(lanes, number)| lanes[lane] = scale * number + offset);
    }
}

/// `rows[lane * stride + t] = lanes[t][lane]` for `count` lanes.
///
/// # Panics
/// If a row is missing or shorter than `lanes`.
#[inline(always)]
pub fn lanes_to_rows(lanes: &[Lanes], count: usize, rows: &mut [f32], stride: usize) {
    assert!(count <= LANES && (count == 0 || (count - 1) * stride + lanes.len() <= rows.len()), "a row is missing");
    let (tiles, rest) = lanes.as_chunks::<TILE>();
    for (n, tile) in tiles.iter().enumerate() {
        for lane in (0..count - count % TILE).step_by(TILE) {
            let turned = turn(std::array::from_fn(|q| four(&tile[q], lane)));
            for (q, turned) in turned.into_iter().enumerate() {
                rows[(lane + q) * stride + n * TILE..][..TILE].copy_from_slice(&turned);
            }
        }
        for lane in count - count % TILE..count {
            for (q, lanes) in tile.iter().enumerate() {
                rows[lane * stride + n * TILE + q] = lanes[lane];
            }
        }
    }
    let done = tiles.len() * TILE;
    for lane in 0..count {
        rows[lane * stride + done..].iter_mut().zip(rest).for_each(|(number, lanes)| *number = lanes[lane]);
    }
}

#[inline(always)]
fn four(numbers: &[f32], at: usize) -> [f32; TILE] {
    *numbers[at..].first_chunk().expect("rows were measured")
}

/// The transposed matrix.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn turn(rows: [[f32; TILE]; TILE]) -> [[f32; TILE]; TILE] {
    use std::arch::x86_64::*;
    // SAFETY: these are SSE instructions, which every x86-64 processor has; an array of four numbers and their vector have the same bits.
    unsafe {
        let [a, b, c, d] = rows.map(|row| _mm_loadu_ps(row.as_ptr()));
        let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
        let (ab_high, cd_high) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
        let turned = [_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab), _mm_movelh_ps(ab_high, cd_high), _mm_movehl_ps(cd_high, ab_high)];
        std::mem::transmute::<[__m128; TILE], [[f32; TILE]; TILE]>(turned)
    }
}

/// The transposed matrix.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn turn(rows: [[f32; TILE]; TILE]) -> [[f32; TILE]; TILE] {
    std::array::from_fn(|t| std::array::from_fn(|lane| rows[lane][t]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_turn_to_lanes_and_back() {
        for (count, steps) in [(16, 8), (16, 11), (13, 6), (3, 3), (1, 1), (0, 5)] {
            let stride = steps + 2;
            let rows: Vec<f32> = (0..16 * stride).map(|n| n as f32).collect();
            let affine: Vec<(f32, f32)> = (0..count).map(|lane| (1.0 + lane as f32, -2.0)).collect();
            let mut lanes = vec![[7.0; LANES]; steps];
            rows_to_lanes(&rows, stride, &affine, &mut lanes);
            for (t, lanes) in lanes.iter().enumerate() {
                for (lane, &number) in lanes.iter().enumerate() {
                    let expected = affine.get(lane).map_or(0.0, |(scale, offset)| scale * rows[lane * stride + t] + offset);
                    assert_eq!(number, expected, "{count} lanes, {steps} steps: lane {lane}, step {t}");
                }
            }
            let mut back = vec![-1.0; 16 * stride];
            lanes_to_rows(&lanes, count, &mut back, stride);
            for (n, &number) in back.iter().enumerate() {
                let (lane, t) = (n / stride, n % stride);
                assert_eq!(number, if lane < count && t < steps { lanes[t][lane] } else { -1.0 });
            }
        }
    }
}
