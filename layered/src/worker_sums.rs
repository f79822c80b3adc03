//! Memory for sums over the samples of a batch, one piece per thread.

use sim_core::ShardSums;
use std::sync::{Mutex, MutexGuard};

/// Memory in which a thread adds up the sums of one task after another. It stays in the cache of
/// the thread.
#[derive(Debug, Default)]
pub(crate) struct WorkerSums(Vec<Mutex<ShardSums<f32>>>);

impl WorkerSums {
    /// Makes room for sums of up to `numbers` numbers on every thread of the pool.
    pub(crate) fn make_room(&mut self, numbers: usize) {
        let Self(workers) = self;
        workers.resize_with(workers.len().max(rayon::current_num_threads()), Mutex::default);
        for worker in workers {
            worker.get_mut().expect("no task panicked").make_room(numbers);
        }
    }

    /// The memory of the calling thread. A single task may run on a thread outside the pool; the
    /// memory of the first thread is free then.
    pub(crate) fn of_this_thread(&self) -> MutexGuard<'_, ShardSums<f32>> {
        let thread = rayon::current_thread_index().unwrap_or(0);
        self.0[thread].lock().expect("no task panicked")
    }
}
