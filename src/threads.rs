//! The threads of a run.

use crate::error::{Error, Result};

/// More threads than this are taken for a mistake; they would take longer to start than most runs.
const MOST_THREADS: usize = 1024;

/// A pool of its own, so that a library never changes the threads of the program it is part of.
pub(crate) fn thread_pool(threads: Option<usize>) -> Result<rayon::ThreadPool> {
    if let Some(threads) = threads {
        sim_core::Error::check(
            "number of threads",
            threads as f64,
            (1..=MOST_THREADS).contains(&threads),
            "from 1 to 1024",
        )?;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    pool.map_err(|error| Error::config("threads", error))
}
