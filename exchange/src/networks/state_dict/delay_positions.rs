//! Positions of DCLS as delays.
//!
//! A kernel of DCLS has `K` positions, counted from its middle: element `k = P + floor(K / 2)` of
//! the kernel multiplies the input of `K - 1 - k` steps before [Khalfaoui-Hassani et al. 2023], so
//! that a position `P` is a delay of `K - 1 - floor(K / 2) - P` steps. The reference deploys a
//! network with positions rounded half to even.

use crate::tensor::Tensor;
use sim_core::rounded_delay;

/// Delays in steps of the kernel elements whose positions these are, for a kernel of
/// `max_delay_steps + 1` positions. Rounded as networks of synfire are deployed, each one is the
/// delay of the rounded position.
///
/// # Errors
/// A sentence that follows the name of the tensor: a position outside of the kernel.
pub(super) fn delays(positions: &Tensor, max_delay_steps: usize) -> Result<Vec<f32>, String> {
    let middle = max_delay_steps.div_ceil(2) as f64;
    let before = max_delay_steps as f64 - middle;
    let delay = |(element, position): (usize, &f64)| {
        if !(-middle..=before).contains(position) {
            return Err(format!(
                "is {position} at {:?}, but a largest delay of {max_delay_steps} steps has the \
                 positions {} to {before}",
                positions.place(element),
                -middle
            ));
        }
        let deployed = before - position.round_ties_even();
        Ok(nearest_that_rounds_to(before - position, deployed, max_delay_steps))
    };
    positions.finite()?.iter().enumerate().map(delay).collect()
}

/// `delay` in single precision, or the nearest number to it that is deployed as `deployed`: the
/// difference may come to lie on the wrong side of the border between two steps.
fn nearest_that_rounds_to(delay: f64, deployed: f64, max_delay_steps: usize) -> f32 {
    let mut single = delay as f32;
    while rounded_delay(f64::from(single), max_delay_steps) as f64 != deployed {
        single = if f64::from(single) > deployed { single.next_down() } else { single.next_up() };
    }
    single
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(positions: &[f64], max_delay_steps: usize) -> Result<Vec<f32>, String> {
        let positions = Tensor { shape: vec![positions.len()], values: positions.to_vec() };
        delays(&positions, max_delay_steps)
    }

    #[test]
    fn a_position_is_the_delay_counted_from_the_other_end() {
        assert_eq!(of(&[12.0, 0.0, -12.0, 6.25], 24).unwrap(), [0.0, 12.0, 24.0, 5.75]);
        assert_eq!(of(&[11.0, 0.0, -12.0], 23).unwrap(), [0.0, 11.0, 23.0], "an even kernel");
    }

    #[test]
    fn every_delay_is_deployed_as_that_of_the_rounded_position() {
        for max_delay_steps in [24_usize, 23, 10, 31] {
            let (middle, before) = (max_delay_steps.div_ceil(2) as i32, max_delay_steps / 2);
            let halves = (-2 * middle..=2 * before as i32).map(|half| half as f32 / 2.0);
            let positions: Vec<f64> = halves
                .flat_map(|half| [half.next_down(), half, half.next_up()])
                .map(f64::from)
                .filter(|position| (-f64::from(middle)..=before as f64).contains(position))
                .collect();
            let delays = of(&positions, max_delay_steps).unwrap();
            for (position, delay) in positions.iter().zip(delays) {
                let deployed = rounded_delay(f64::from(delay), max_delay_steps) as f64;
                assert_eq!(deployed, before as f64 - position.round_ties_even(), "{position}");
                assert!((f64::from(delay) - (before as f64 - position)).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_position_outside_of_the_kernel_is_refused() {
        assert_eq!(
            of(&[0.0, 12.5], 24).unwrap_err(),
            "is 12.5 at [1], but a largest delay of 24 steps has the positions -12 to 12"
        );
        assert!(of(&[f64::NAN], 24).unwrap_err().contains("finite"));
    }
}
