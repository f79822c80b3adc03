//! Synapses whose kernels are a few neighbouring taps, and the loops over them.
//!
//! Synapse `s` takes a spike of step `t` to the steps `t + first_s ..` with values
//! `value_s[0..width]`.
//!
//! | loop | what it adds |
//! |---|---|
//! | [`DelayWindows::scatter`] | spikes to currents: `row_s[t + first_s + k] += h w_s value_s[k]` |
//! | [`DelayWindows::gather`] | its adjoint in weights: `sum_s[k] += h row_s[t + first_s + k]` |
//! | [`DelayWindows::scatter_bursts`] | as `scatter`, by bursts, for up to [`MOST_TAPS`] taps |
//! | [`DelayWindows::gather_bursts`] | as `gather`, by bursts, for up to [`MOST_TAPS`] taps |
//! | [`DelayWindows::pull`] | `out[t] += sum_s sum_k w_s value_s[k] row_s[t - first_s - k]` |
//! | [`DelayWindows::pull_ahead`] | `out[t] += sum_s sum_k w_s value_s[k] row_s[t + first_s + k]` |
//! | [`DelayWindows::pull_lines`] | as `pull_ahead`, from rows in [`lines`](super::lines) |
//! | [`DelayWindows::pull_paired`] | as either `pull`, on bf16 |
//!
//! Scattering and gathering take one short vector per spike (or burst) and synapse. Pulling takes
//! one multiply-add per step, tap and synapse; on bf16, half of that.

mod gather;
mod pairs;
mod pull;
mod scatter;
pub(crate) mod sources;
pub(crate) mod table;
#[cfg(test)]
mod tests;

pub use sources::{RowSource, RowSources, Shift};
pub use table::{DelayWindows, TapRow, WindowTaps};
