//! The hot loops of synfire over plain slices, chosen at run time for the processor at hand.
//!
//! | file | holds |
//! |---|---|
//! | `delay_windows` | synapses whose kernels are a few neighbouring taps, and their loops |
//! | `bursts` | spikes that follow one another closely, taken together by two of these loops |
//! | `row_sums` | weighted sums of whole rows: [`combine`], [`combine_each`] |
//! | `gathered_rows` | sums of rows that a list names: [`gather_rows`], [`gather_each`] |
//! | `bf16` | pairs of bf16 numbers, and the whole-row loops on them |
//! | `paired` | the operands of those loops, and their plain twins |
//! | `time_sums` | sums of rows over time |
//! | `matrix`, `matrix_entry` | the matrices that products read, and their numbers |
//! | `matrix_product` | products of dense matrices: [`multiply`] |
//! | `tile_products` | the same on tile registers: [`multiply_factors`] |
//! | `transpose` | rows along time to blocks of neurons, and back |
//! | `neuron_block` | sixteen neighbouring neurons side by side |
//! | `rows` | lengths of rows |
//! | `aligned` | rows on cache lines |
//! | `lines` | rows of which any eight neighbours lie on one line |
//! | `instructions` | the instruction sets, and which of them the processor has |
//! | `dispatch` | a loop compiled for the instruction set at hand |
//! | `vector` | the vectors that a loop is written over |
//! | `avx512`, `avx2`, `neon` | these vectors in one instruction set each |
//! | `rates` | what the machine can do at best |
//!
//! A hot loop is a struct of its operands with two bodies: one is written over vectors and compiled
//! for every instruction set, the other is its plain twin, for other processors and for the tests.
//!
//! This is the only crate that uses `unsafe`: for the instruction sets and the tile registers, for
//! rows read at unchecked offsets, and for the pointers that `matrixmultiply` takes. Every public
//! function is safe: it checks once per call that everything its operands name lies inside. Results
//! may differ in the last bits between instruction sets (fused multiply-add, order of lanes) but
//! never between runs or numbers of threads.
//!
//! NEON is compiled on aarch64 only; no test of this project runs there. `benches/hot_loops.rs` of
//! the workspace times each loop. [`vectorize`] runs a safe closure compiled for the same
//! instruction sets; neuron models use it.
//!
//! ```
//! use simd::{Instructions, combine, padded};
//!
//! // Rows are as long as whole vectors; these hold one number each, then zeros.
//! let length = padded(1);
//! let mut rows = vec![0.0; 3 * length];
//! (rows[0], rows[length], rows[2 * length]) = (1.0, 10.0, 100.0);
//! let mut sum = vec![0.0; length];
//! combine(Instructions::detect(), &[2.0, 3.0, 4.0], &rows, length, &mut sum);
//! assert_eq!(sum[0], 432.0);
//! ```
#![allow(unsafe_code)]
#![allow(
    clippy::needless_range_loop,
    reason = "a loop by index over small arrays keeps them in registers; iterators may not"
)]

mod aligned;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bf16;
mod bursts;
mod delay_windows;
mod dispatch;
mod exponential;
mod gathered_rows;
mod instructions;
mod lines;
mod matrix;
mod matrix_entry;
mod matrix_product;
#[cfg(target_arch = "aarch64")]
mod neon;
mod neuron_block;
mod paired;
mod rates;
mod row_sums;
mod rows;
mod tile_products;
mod time_sums;
mod transpose;
mod vector;

pub use aligned::{Aligned, resize_with_room};
pub use bf16::{combine_each_paired, pair, pair_rows, pair_with_next};
pub use bursts::{Bursts, MOST_TAPS, SpikeTrain};
pub use delay_windows::{DelayWindows, RowSource, RowSources, Shift, TapRow, WindowTaps};
pub use dispatch::vectorize;
pub use exponential::exp;
pub use gathered_rows::{RowLists, RowTable, gather_each, gather_rows};
pub use instructions::Instructions;
pub use lines::to_lines;
pub use matrix::Matrix;
pub use matrix_entry::{Factor, MatrixEntry, PackedFactor};
pub use matrix_product::{multiply, multiply_on_all_threads};
pub use neuron_block::{NEURONS_PER_BLOCK, NeuronBlock};
pub use rates::MachineRates;
pub use row_sums::{Mixture, combine, combine_each};
pub use rows::{padded, row_stride};
pub use tile_products::factor::TileFactor;
pub use tile_products::product::{has_tiles, machine_instructions, multiply_factors};
pub use time_sums::time_sums;
pub use transpose::{blocks_at_least, blocks_to_rows, rows_to_blocks};
