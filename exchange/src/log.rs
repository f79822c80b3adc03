//! Logs of a running simulation.

use crate::error::{Error, Result};
use sim_core::{Network, Record};
use std::collections::BTreeSet;

/// A file that a simulation is logged to, record by record. It appears under its name when it is
/// finished; until then, and if that never happens, an earlier file of that name stays.
pub trait Log: Send {
    /// Adds a record, without the parts that the log does not hold.
    ///
    /// # Errors
    /// [`Error::Disk`].
    fn write(&mut self, record: &Record) -> Result<()>;

    /// Completes the file.
    ///
    /// # Errors
    /// As [`Log::write`].
    fn finish(self: Box<Self>) -> Result<()>;

    /// The log as a trait object, for [`write_logs`].
    fn boxed(self) -> Box<dyn Log>
    where
        Self: Sized + 'static,
    {
        Box::new(self)
    }
}

/// Writes all records to all logs and completes the logs. A [`sim_core::ChannelRecorder`] runs this
/// on its thread.
///
/// # Errors
/// The first error of a log. Files that are not complete by then do not appear.
pub fn write_logs(
    records: impl Iterator<Item = Record>,
    mut logs: Vec<Box<dyn Log>>,
) -> Result<()> {
    for record in records {
        logs.iter_mut().try_for_each(|log| log.write(&record))?;
    }
    logs.into_iter().try_for_each(Log::finish)
}

/// What a log has to know of what it holds: the clock, and the names and sizes of the populations.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLayout {
    /// None for spikes of a program whose steps are not known, or that has none.
    dt_ms: Option<f64>,
    populations: Vec<(String, usize)>,
}

impl LogLayout {
    /// The layout of logs of `network`.
    ///
    /// # Errors
    /// As [`LogLayout::new`].
    pub fn of(network: &Network) -> Result<Self> {
        let populations = network
            .populations
            .iter()
            .map(|population| (population.name.clone(), population.size))
            .collect();
        Self::new(populations, Some(network.dt_ms))
    }

    /// The layout of logs of `populations`, names and sizes, with steps of `dt_ms` where there are
    /// steps.
    ///
    /// # Errors
    /// [`sim_core::Error::Network`] when a population's name cannot name a group of an HDF5 file:
    /// it is empty, `.` or `..`, or has a slash or a control character in it, or two populations
    /// share it; [`sim_core::Error::OutOfRange`] for a `dt_ms` that is not above 0.
    pub fn new(populations: Vec<(String, usize)>, dt_ms: Option<f64>) -> Result<Self> {
        if let Some(dt_ms) = dt_ms {
            let is_allowed = dt_ms > 0.0 && dt_ms.is_finite();
            sim_core::Error::check("dt_ms", dt_ms, is_allowed, "above 0 and finite")?;
        }
        let refused = |problem| Err(Error::Network(sim_core::Error::Network(problem)));
        let mut names = BTreeSet::new();
        for (name, _) in &populations {
            if matches!(name.as_str(), "" | "." | "..")
                || name.contains(|c: char| c == '/' || c.is_control())
            {
                return refused(format!(
                    "population {name:?} cannot be logged: its name must be plain text without \
                     slashes"
                ));
            }
            if !names.insert(name) {
                return refused(format!("two populations are called {name:?}"));
            }
        }
        Ok(Self { dt_ms, populations })
    }

    /// Names and sizes of the populations, in the order of the network.
    pub fn populations(&self) -> &[(String, usize)] {
        &self.populations
    }

    /// Length of a step in ms, where there are steps.
    pub fn dt_ms(&self) -> Option<f64> {
        self.dt_ms
    }

    /// The layout of a log of one of the populations.
    pub(crate) fn alone(&self, population: usize) -> Self {
        Self { dt_ms: self.dt_ms, populations: vec![self.populations[population].clone()] }
    }
}

/// The time of a step in ms: the number nearest to `step * dt_ms`. Where a millisecond is a whole
/// number of steps, or a step a whole number of nanoseconds, the time is a quotient of whole
/// numbers, since `3 * 0.1` is not `0.3`.
pub(crate) fn time_of_step(dt_ms: f64, step: usize) -> f64 {
    /// Whole numbers below this one are floats.
    const EXACT: f64 = (1_u64 << 53) as f64;
    let step = step as f64;
    let (per_ms, nanoseconds) = ((1.0 / dt_ms).round(), (dt_ms * 1e6).round());
    if per_ms >= 1.0 && 1.0 / per_ms == dt_ms {
        step / per_ms
    } else if nanoseconds / 1e6 == dt_ms && step * nanoseconds < EXACT {
        step * nanoseconds / 1e6
    } else {
        step * dt_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::Population;

    fn network(name: &str, dt_ms: f64) -> Network {
        let population = Population::source(name, 2);
        Network::new(dt_ms, vec![population], vec![])
    }

    #[test]
    fn times_are_the_numbers_people_write() {
        assert_eq!(
            [1, 3, 6, 7, 1_000_003].map(|step| time_of_step(0.1, step)),
            [0.1, 0.3, 0.6, 0.7, 100_000.3]
        );
        assert_eq!(time_of_step(10.0, 7), 70.0);
        assert_eq!([3, 10].map(|step| time_of_step(0.3, step)), [0.9, 3.0]);
        assert_eq!(time_of_step(1.0 / 3.0, 3), 1.0);
        let odd = std::f64::consts::FRAC_1_PI;
        assert_eq!(time_of_step(odd, 3), 3.0 * odd);
    }

    #[test]
    fn names_that_would_break_a_file_are_refused() {
        for name in ["", ".", "..", "a/b", "a\nb"] {
            let error = LogLayout::of(&network(name, 1.0)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("population {name:?} cannot be logged")), "{error}");
        }
        assert!(LogLayout::of(&network("layer 1, left", 1.0)).is_ok());
        let twice = LogLayout::new(vec![("a".into(), 1), ("a".into(), 2)], None).unwrap_err();
        assert_eq!(twice.to_string(), "two populations are called \"a\"");
        assert!(LogLayout::new(vec![], Some(f64::NAN)).is_err());
    }
}
