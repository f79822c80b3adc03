//! Logs of a running simulation.

use crate::error::{Error, Result};
use sim_core::{Network, Record};

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

/// What a log has to know about the network: its clock and the names and sizes of its populations.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLayout {
    dt_ms: f64,
    populations: Vec<(String, usize)>,
}

impl LogLayout {
    /// The layout of logs of `network`.
    ///
    /// # Errors
    /// [`sim_core::Error::Network`] when a population's name cannot name a group of an HDF5 file:
    /// it is empty, `.` or `..`, or has a slash or a control character in it.
    pub fn of(network: &Network) -> Result<Self> {
        for population in &network.populations {
            let name = population.name.as_str();
            if matches!(name, "" | "." | "..")
                || name.contains(|c: char| c == '/' || c.is_control())
            {
                let problem = format!(
                    "population {name:?} cannot be logged: its name must be plain text without \
                     slashes"
                );
                return Err(Error::Network(sim_core::Error::Network(problem)));
            }
        }
        let populations = network
            .populations
            .iter()
            .map(|population| (population.name.clone(), population.size))
            .collect();
        Ok(Self { dt_ms: network.dt_ms, populations })
    }

    /// Names and sizes of the populations, in the order of the network.
    pub(crate) fn populations(&self) -> &[(String, usize)] {
        &self.populations
    }

    /// Length of a step in ms.
    pub(crate) fn dt_ms(&self) -> f64 {
        self.dt_ms
    }

    /// The time of a step in ms: the number nearest to `step * dt`. Where a millisecond is a whole
    /// number of steps, the time is a quotient, since `3 * 0.1` is not `0.3`.
    pub(crate) fn time_ms(&self, step: usize) -> f64 {
        let per_ms = (1.0 / self.dt_ms).round();
        if per_ms >= 1.0 && 1.0 / per_ms == self.dt_ms {
            step as f64 / per_ms
        } else {
            step as f64 * self.dt_ms
        }
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
        let tenth = LogLayout::of(&network("a", 0.1)).unwrap();
        assert_eq!(
            [1, 3, 6, 7, 1_000_003].map(|step| tenth.time_ms(step)),
            [0.1, 0.3, 0.6, 0.7, 100_000.3]
        );
        let ten = LogLayout::of(&network("a", 10.0)).unwrap();
        assert_eq!(ten.time_ms(7), 70.0);
        let odd = LogLayout::of(&network("a", 0.3)).unwrap();
        assert!((odd.time_ms(10) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn names_that_would_break_a_file_are_refused() {
        for name in ["", ".", "..", "a/b", "a\nb"] {
            let error = LogLayout::of(&network(name, 1.0)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("population {name:?} cannot be logged")), "{error}");
        }
        assert!(LogLayout::of(&network("layer 1, left", 1.0)).is_ok());
    }
}
