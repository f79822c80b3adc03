//! Times that must be whole numbers of time steps.

use crate::error::{Error, Result, plain};
use crate::field::Field;

/// How far from a whole number a quotient may be, as a share of it: times such as 0.3 ms are not
/// exact in binary, and some come from files in single precision.
const ROUNDING: f64 = 1e-7;
/// How far from a whole number a quotient may be in steps, however large the quotient is.
const MOST: f64 = 0.01;

/// Steps in `time_ms` on a grid of `dt_ms`; `name` is the field to blame.
///
/// # Errors
/// [`Error::OutOfRange`] unless `time_ms` is finite, at least 0, and a whole number of at most
/// 2^32 - 1 steps; for a time between two steps it names both.
pub fn whole_steps(name: impl Into<Field>, time_ms: f64, dt_ms: f64) -> Result<u32> {
    let steps = time_ms / dt_ms;
    let most = f64::from(u32::MAX);
    if !(0.0..=most).contains(&steps) {
        let last = shown(most * dt_ms);
        let allowed = format!("at least 0 and at most {last} ms, 2^32 - 1 steps of {dt_ms} ms");
        return Err(Error::out_of_range(name, plain(time_ms), allowed));
    }
    if (steps - steps.round()).abs() > (ROUNDING * steps).clamp(ROUNDING, MOST) {
        let [before, after] = [steps.floor(), steps.ceil()].map(|step| shown(step * dt_ms));
        let allowed = format!(
            "a whole number of steps of {dt_ms} ms; the nearest are {before} and {after} ms"
        );
        return Err(Error::out_of_range(name, plain(time_ms), allowed));
    }
    Ok(steps.round() as u32)
}

/// A product such as 3 x 0.1 without its rounding error, as a person would type it.
pub fn shown(time_ms: f64) -> String {
    let rounded = format!("{time_ms:.11e}").parse().unwrap_or(time_ms);
    plain(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_on_the_grid_are_counted_and_those_within_rounding_too() {
        for (time_ms, dt_ms, steps) in [
            (0.0, 0.1, 0),
            (-0.0, 0.1, 0),
            (0.3, 0.1, 3),
            (20.0, 0.1, 200),
            (20.000_000_000_1, 0.1, 200),
            (f64::from(1.2f32), 0.1, 12),
            (1e8, 0.1, 1_000_000_000),
            (1.0, 1.0 / 3.0, 3),
        ] {
            assert_eq!(whole_steps("t", time_ms, dt_ms).unwrap(), steps, "{time_ms} by {dt_ms}");
        }
    }

    #[test]
    fn a_time_between_two_steps_names_both() {
        for (time_ms, dt_ms, expected) in [
            (
                20.04,
                0.1,
                "t is 20.04, but must be a whole number of steps of 0.1 ms; the nearest are 20 and \
                 20.1 ms",
            ),
            (
                0.05,
                0.1,
                "t is 0.05, but must be a whole number of steps of 0.1 ms; the nearest are 0 and \
                 0.1 ms",
            ),
            (
                0.35,
                0.1,
                "t is 0.35, but must be a whole number of steps of 0.1 ms; the nearest are 0.3 and \
                 0.4 ms",
            ),
            (
                1.0,
                0.7,
                "t is 1, but must be a whole number of steps of 0.7 ms; the nearest are 0.7 and \
                 1.4 ms",
            ),
            (
                1e6 + 0.05,
                0.1,
                "t is 1000000.05, but must be a whole number of steps of 0.1 ms; the nearest are \
                 1000000 and 1000000.1 ms",
            ),
        ] {
            assert_eq!(whole_steps("t", time_ms, dt_ms).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn what_no_run_holds_is_refused() {
        for time_ms in [-0.04, -1e-300, 1e30, f64::NAN, f64::INFINITY] {
            let error = whole_steps("t", time_ms, 0.1).unwrap_err().to_string();
            assert!(
                error.ends_with(
                    "must be at least 0 and at most 429496729.5 ms, 2^32 - 1 steps of 0.1 ms"
                ),
                "{error}"
            );
        }
    }
}
