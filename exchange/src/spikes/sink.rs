//! What writes one file of a spike log.

use crate::error::Result;
use std::fmt::Debug;

/// A file that takes spikes which a log has checked: times are finite and ascend in each
/// population, neurons are there.
pub(crate) trait SpikeSink: Send + Debug {
    /// Adds spikes of a population of the file. Both columns have one entry per spike.
    fn spikes(&mut self, population: usize, times_ms: &[f64], neurons: &[u64]) -> Result<()>;

    /// Completes the file.
    fn finish(self: Box<Self>) -> Result<()>;

    /// The same file on a full disk.
    #[cfg(all(test, target_os = "linux"))]
    fn fill_disk(&mut self) {}
}
