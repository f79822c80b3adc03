//! Synapses whose kernels are a few neighbouring taps, and the loops over them.
//!
//! Synapse `s` takes a spike of step `t` to the steps `t + first_s ..` with values
//! `value_s[0..width]`.
//!
//! | loop | direction | work |
//! |---|---|---|
//! | [`DelayWindows::scatter`] | spikes to currents: `row_s[t + first_s + k] += h w_s value_s[k]` | one short vector per spike and synapse |
//! | [`DelayWindows::gather`] | gradients to spikes: `sum_s[k] += h row_s[t + first_s + k]`, its adjoint in the weights | one short vector per spike and synapse |
//! | [`DelayWindows::scatter_bursts`], [`DelayWindows::gather_bursts`] | the same for kernels of up to [`MOST_TAPS`] taps | one short vector per burst and synapse |
//! | [`DelayWindows::pull`] | whole rows: `out[t] += sum_s sum_k w_s value_s[k] row_s[t - first_s - k]` | one multiply-add per step, tap and synapse |
//! | [`DelayWindows::pull_ahead`] | the other way: `out[t] += sum_s sum_k w_s value_s[k] row_s[t + first_s + k]` | the same |
//! | [`DelayWindows::pull_lines`] | the same, from rows in [`lines`](super::lines) | the same |
//! | [`DelayWindows::pull_paired`] | either way, on bf16 | half of that |

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
