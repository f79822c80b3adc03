//! Rows along time to lanes side by side, and back; lanes to bits.

use crate::instructions::Instructions;
use crate::lanes::{LANES, Lanes};

/// Steps and lanes of a tile that is turned in registers.
const TILE: usize = 4;

/// `lanes[t][lane] = scale * rows[lane * stride + t] + offset` for the lanes that have an entry in
/// `affine = [(scale, offset)]`; the others become zero.
///
/// # Panics
/// If a row is missing or shorter than `lanes`.
pub fn rows_to_lanes(rows: &[f32], stride: usize, affine: &[(f32, f32)], lanes: &mut [Lanes]) {
    rows_to_lanes_with(Instructions::detect(), rows, stride, affine, lanes);
}

fn rows_to_lanes_with(
    with: Instructions,
    rows: &[f32],
    stride: usize,
    affine: &[(f32, f32)],
    lanes: &mut [Lanes],
) {
    let (count, steps) = (affine.len(), lanes.len());
    assert!(
        count <= LANES
            && (count == 0 || (count - 1).strict_mul(stride).strict_add(steps) <= rows.len()),
        "a row is missing"
    );
    let (mut scale, mut offset) = ([0.0; LANES], [0.0; LANES]);
    for (lane, &(factor, constant)) in affine.iter().enumerate() {
        (scale[lane], offset[lane]) = (factor, constant);
    }
    match with {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has it; the rows hold `steps` numbers, as just checked.
        Instructions::Avx512 if count == LANES => unsafe {
            return crate::avx512::rows_to_lanes(rows.as_ptr(), stride, [&scale, &offset], lanes);
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Instructions::Avx2 if count == LANES => unsafe {
            return crate::avx2::rows_to_lanes(rows.as_ptr(), stride, [&scale, &offset], lanes);
        },
        _ => {}
    }
    if count < LANES {
        lanes.fill([0.0; LANES]);
    }
    let (whole_lanes, whole_steps) = (count - count % TILE, steps - steps % TILE);
    for lane in (0..whole_lanes).step_by(TILE) {
        let factors = [
            *scale[lane..].first_chunk().expect("whole tiles"),
            *offset[lane..].first_chunk().expect("whole tiles"),
        ];
        for step in (0..whole_steps).step_by(TILE) {
            // SAFETY: the tile's rows hold `steps` numbers, as checked above, and its lanes lie
            // below `LANES`.
            unsafe {
                let from = rows.as_ptr().add(lane * stride + step);
                let to = lanes.as_mut_ptr().cast::<f32>().add(step * LANES + lane);
                turn(from, stride, to, LANES, factors);
            }
        }
    }
    for lane in 0..count {
        let first = if lane < whole_lanes { whole_steps } else { 0 };
        let row = &rows[lane * stride + first..];
        lanes[first..]
            .iter_mut()
            .zip(row)
            .for_each(|(lanes, number)| lanes[lane] = scale[lane] * number + offset[lane]);
    }
}

/// `rows[lane * stride + t] = lanes[t][lane]` for `count` lanes.
///
/// # Panics
/// If a row is missing or shorter than `lanes`.
pub fn lanes_to_rows(lanes: &[Lanes], count: usize, rows: &mut [f32], stride: usize) {
    lanes_to_rows_with(Instructions::detect(), lanes, count, rows, stride);
}

fn lanes_to_rows_with(
    with: Instructions,
    lanes: &[Lanes],
    count: usize,
    rows: &mut [f32],
    stride: usize,
) {
    let steps = lanes.len();
    assert!(
        count <= LANES
            && (count == 0 || (count - 1).strict_mul(stride).strict_add(steps) <= rows.len()),
        "a row is missing"
    );
    match with {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 if count == LANES => {
            // SAFETY: the processor has it; the rows hold `steps` numbers, as just checked.
            return unsafe { crate::avx512::lanes_to_rows(lanes, rows.as_mut_ptr(), stride) };
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 if count == LANES => {
            // SAFETY: the processor has it; the rows hold `steps` numbers, as just checked.
            return unsafe { crate::avx2::lanes_to_rows(lanes, rows.as_mut_ptr(), stride) };
        }
        _ => {}
    }
    let (whole_lanes, whole_steps) = (count - count % TILE, steps - steps % TILE);
    let same = [[1.0; TILE], [0.0; TILE]];
    for lane in (0..whole_lanes).step_by(TILE) {
        for step in (0..whole_steps).step_by(TILE) {
            // SAFETY: as in `rows_to_lanes`.
            unsafe {
                let from = lanes.as_ptr().cast::<f32>().add(step * LANES + lane);
                turn(from, LANES, rows.as_mut_ptr().add(lane * stride + step), stride, same);
            }
        }
    }
    for lane in 0..count {
        let first = if lane < whole_lanes { whole_steps } else { 0 };
        rows[lane * stride + first..]
            .iter_mut()
            .zip(&lanes[first..])
            .for_each(|(number, lanes)| *number = lanes[lane]);
    }
}

/// Bit `n` of `masks[t]` tells whether `lanes[t][n] >= threshold`.
#[inline]
pub fn lanes_at_least(lanes: &[Lanes], threshold: f32, masks: &mut [u16]) {
    match Instructions::detect() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has it.
        Instructions::Avx512 => unsafe { crate::avx512::lanes_at_least(lanes, threshold, masks) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has it.
        Instructions::Avx2 => unsafe { crate::avx2::lanes_at_least(lanes, threshold, masks) },
        _ => lanes_at_least_scalar(lanes, threshold, masks),
    }
}

/// The plain twin.
fn lanes_at_least_scalar(lanes: &[Lanes], threshold: f32, masks: &mut [u16]) {
    for (lanes, mask) in lanes.iter().zip(masks) {
        *mask = (0..LANES).fold(0, |mask, n| mask | u16::from(lanes[n] >= threshold) << n);
    }
}

/// `to[b * to_stride + a] = factor[a] * from[a * from_stride + b] + constant[a]` for `a` and `b`
/// below [`TILE`].
///
/// # Safety
/// All those numbers may be read and written.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn turn(
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    [factor, constant]: [[f32; TILE]; 2],
) {
    use std::arch::x86_64::*;
    // SAFETY: the caller's promise; these are SSE instructions, which every x86-64 processor has.
    unsafe {
        let row = |a: usize| _mm_loadu_ps(from.add(a * from_stride));
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        let (ab, cd, ab_high, cd_high) = (
            _mm_unpacklo_ps(a, b),
            _mm_unpacklo_ps(c, d),
            _mm_unpackhi_ps(a, b),
            _mm_unpackhi_ps(c, d),
        );
        let turned = [
            _mm_movelh_ps(ab, cd),
            _mm_movehl_ps(cd, ab),
            _mm_movelh_ps(ab_high, cd_high),
            _mm_movehl_ps(cd_high, ab_high),
        ];
        let (factor, constant) = (_mm_loadu_ps(factor.as_ptr()), _mm_loadu_ps(constant.as_ptr()));
        for (b, turned) in turned.into_iter().enumerate() {
            _mm_storeu_ps(to.add(b * to_stride), _mm_add_ps(_mm_mul_ps(factor, turned), constant));
        }
    }
}

/// As above.
///
/// # Safety
/// All those numbers may be read and written.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn turn(
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    [factor, constant]: [[f32; TILE]; 2],
) {
    for a in 0..TILE {
        for b in 0..TILE {
            // SAFETY: the caller's promise.
            unsafe {
                *to.add(b * to_stride + a) =
                    factor[a] * *from.add(a * from_stride + b) + constant[a]
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_turn_to_lanes_and_back() {
        let shapes =
            [(16, 16), (16, 48), (16, 43), (16, 8), (16, 11), (13, 6), (3, 3), (1, 1), (0, 5)];
        for (with, (count, steps)) in
            Instructions::available().into_iter().flat_map(|with| shapes.map(|shape| (with, shape)))
        {
            let stride = steps + 2;
            let rows: Vec<f32> = (0..16 * stride).map(|n| n as f32).collect();
            let affine: Vec<(f32, f32)> =
                (0..count).map(|lane| (1.0 + lane as f32, -2.0)).collect();
            let mut lanes = vec![[7.0; LANES]; steps];
            rows_to_lanes_with(with, &rows, stride, &affine, &mut lanes);
            for (t, lanes) in lanes.iter().enumerate() {
                for (lane, &number) in lanes.iter().enumerate() {
                    let expected = affine
                        .get(lane)
                        .map_or(0.0, |(scale, offset)| scale * rows[lane * stride + t] + offset);
                    assert_eq!(
                        number,
                        expected,
                        "{}, {count} lanes, {steps} steps: lane {lane}, step {t}",
                        with.name()
                    );
                }
            }
            let mut back = vec![-1.0; 16 * stride];
            lanes_to_rows_with(with, &lanes, count, &mut back, stride);
            for (n, &number) in back.iter().enumerate() {
                let (lane, t) = (n / stride, n % stride);
                assert_eq!(
                    number,
                    if lane < count && t < steps { lanes[t][lane] } else { -1.0 },
                    "{}",
                    with.name()
                );
            }
        }
    }

    #[test]
    fn bits_tell_which_lanes_reach_the_threshold() {
        let lanes: Vec<Lanes> = (0..5)
            .map(|t| std::array::from_fn(|n| ((t * 7 + n * 5) % 11) as f32))
            .chain([[f32::NAN; LANES]])
            .collect();
        for tell in [lanes_at_least, lanes_at_least_scalar] {
            let mut masks = vec![0; lanes.len()];
            tell(&lanes, 4.0, &mut masks);
            for (lanes, mask) in lanes.iter().zip(masks) {
                assert!(
                    (0..LANES).all(|n| (mask >> n & 1 == 1) == (lanes[n] >= 4.0)),
                    "{lanes:?}: {mask:b}"
                );
            }
        }
    }
}
