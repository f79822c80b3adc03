//! Delays of whole steps in ms.

/// `steps` steps in ms, as a person would write it: where a millisecond is a whole number of steps,
/// a quotient, since `3 * 0.1` is not `0.3`. [`sim_core::whole_steps`] gives the steps back.
pub(super) fn time_ms(steps: u32, dt_ms: f64) -> f64 {
    let per_ms = (1.0 / dt_ms).round();
    if per_ms >= 1.0 && 1.0 / per_ms == dt_ms {
        f64::from(steps) / per_ms
    } else {
        f64::from(steps) * dt_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::whole_steps;

    #[test]
    fn every_delay_comes_back_as_the_steps_that_it_was() {
        for dt_ms in [1.0, 0.1, 0.3, 10.0, 1.0 / 3.0, 0.025, 7e-3] {
            let steps = (0..2000).chain([1 << 20, u32::MAX / 3, u32::MAX - 1, u32::MAX]);
            for steps in steps {
                assert_eq!(whole_steps("delay", time_ms(steps, dt_ms), dt_ms).unwrap(), steps);
            }
        }
        assert_eq!(time_ms(3, 0.1), 0.3);
    }
}
