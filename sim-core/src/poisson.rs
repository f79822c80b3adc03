//! Spikes at random times.

use crate::error::{Error, Result};
use crate::random::{Purpose, Seed};
use crate::spikes::SpikeFrames;
use rand::RngExt;

/// Spikes of `neurons` neurons that fire independently at `rate_hz`, for `steps` steps of `dt_ms`:
/// a Poisson process whose times fall into steps. `population` tells its stream of random numbers
/// from those of other sources with the same seed; each neuron has a stream of its own, so the
/// spikes of one depend neither on the number of the others nor on `steps`.
///
/// ```
/// use sim_core::{Seed, poisson_spikes};
///
/// let second = poisson_spikes(50.0, 100, 10_000, 0.1, Seed(1), 0)?;
/// let spikes = second.len();
/// assert!((4700..5300).contains(&spikes), "{spikes} spikes of 100 neurons at 50 Hz");
/// # Ok::<(), sim_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::OutOfRange`] for a rate below 0 or above one spike per step.
pub fn poisson_spikes(
    rate_hz: f64,
    neurons: usize,
    steps: usize,
    dt_ms: f64,
    seed: Seed,
    population: u64,
) -> Result<SpikeFrames> {
    check_poisson_rate(rate_hz, dt_ms)?;
    // Waiting times between spikes, in steps, are exponential: steps without a spike cost nothing.
    // At 0 Hz they are infinite.
    let mean_wait = 1000.0 / (rate_hz * dt_ms);
    let mut events = Vec::new();
    for neuron in 0..neurons {
        let mut random = seed.stream(Purpose::SpikeSource, population, neuron as u64);
        let mut wait = || -mean_wait * (1.0 - random.random::<f64>()).ln();
        let mut time = wait();
        while time < steps as f64 {
            events.push((neuron as u32, time as u32));
            time += wait();
        }
    }
    SpikeFrames::from_events(neurons, steps, &events)
}

/// Checks the rate of a Poisson process on a grid of `dt_ms`.
///
/// # Errors
/// As [`poisson_spikes`], for the field `poisson_hz`.
pub fn check_poisson_rate(rate_hz: f64, dt_ms: f64) -> Result<()> {
    let most = 1000.0 / dt_ms;
    let allowed = format!("at least 0 and at most {most} Hz, a spike per step");
    Error::check("poisson_hz", rate_hz, (0.0..=most).contains(&rate_hz), &allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neuron_fires_the_same_whatever_runs_beside_it_and_however_long() {
        let of = |neurons, steps, population| {
            poisson_spikes(100.0, neurons, steps, 1.0, Seed(4), population).unwrap()
        };
        let (few, many) = (of(2, 500, 0), of(5, 1000, 0));
        for neuron in 0..2 {
            let (short, long) = (few.channel(neuron), many.channel(neuron));
            assert_eq!(short.0, &long.0[..short.0.len()]);
            assert!(long.0.get(short.0.len()).is_none_or(|&step| step >= 500));
        }
        assert_ne!(of(1, 500, 0).channel(0).0, of(1, 500, 1).channel(0).0);
        assert_eq!(of(3, 0, 0).len(), 0);
    }

    #[test]
    fn intervals_are_exponential() {
        let spikes = poisson_spikes(20.0, 50, 100_000, 0.1, Seed(7), 0).unwrap();
        let intervals: Vec<f64> = (0..50)
            .flat_map(|neuron| {
                let steps = spikes.channel(neuron).0;
                steps.windows(2).map(|pair| f64::from(pair[1] - pair[0])).collect::<Vec<_>>()
            })
            .collect();
        let count = intervals.len() as f64;
        let mean = intervals.iter().sum::<f64>() / count;
        let square = intervals.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>() / count;
        // As large a deviation as the mean of 500 steps; both to five standard errors.
        assert!((mean - 500.0).abs() < 5.0 * 500.0 / count.sqrt(), "{mean}");
        assert!((square.sqrt() / mean - 1.0).abs() < 5.0 / count.sqrt(), "{}", square.sqrt());
    }

    #[test]
    fn rates_beyond_a_spike_per_step_are_refused() {
        let refused =
            |rate_hz| poisson_spikes(rate_hz, 1, 1, 0.5, Seed(0), 0).unwrap_err().to_string();
        let allowed = "but must be at least 0 and at most 2000 Hz, a spike per step";
        assert_eq!(refused(2001.0), format!("poisson_hz is 2001, {allowed}"));
        assert_eq!(refused(-1.0), format!("poisson_hz is -1, {allowed}"));
        assert!(poisson_spikes(0.0, 1, 9, 0.5, Seed(0), 0).is_ok_and(|spikes| spikes.is_empty()));
    }
}
