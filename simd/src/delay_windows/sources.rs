//! The rows that a loop over whole rows reads.

/// One row that `DelayWindows::pull` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSource {
    /// Where the row starts: the index of the number that a delay of 0 brings to step 0 of the
    /// output.
    pub row: u32,
    /// The synapse that delays and weighs the row.
    pub synapse: u32,
}

/// Rows for `DelayWindows::pull`, with the limits that one check per call needs.
#[derive(Debug, Clone, Default)]
pub struct RowSources {
    pub(super) list: Vec<RowSource>,
    pub(super) first_row: usize,
    pub(super) last_row: usize,
    pub(super) last_synapse: usize,
}

impl RowSources {
    /// Makes room for `count` sources.
    pub fn reserve(&mut self, count: usize) {
        self.list.clear();
        self.list.reserve(count);
    }

    /// Replaces the sources by `sources`. Memory is reused.
    pub fn refill(&mut self, sources: impl Iterator<Item = RowSource>) {
        self.list.clear();
        self.list.extend(sources);
        self.first_row = self.list.iter().map(|source| source.row).min().unwrap_or(0) as usize;
        self.last_row = self.list.iter().map(|source| source.row).max().unwrap_or(0) as usize;
        self.last_synapse =
            self.list.iter().map(|source| source.synapse).max().unwrap_or(0) as usize;
    }
}

/// Which way delays shift rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// `row[t - delay]`: presynaptic rows to postsynaptic currents.
    Later,
    /// `row[t + delay]`: postsynaptic gradients back to presynaptic neurons.
    Earlier,
}
