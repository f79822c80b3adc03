//! Between the rows of a population, `[neuron][padded steps]`, and the columns of a product over a
//! batch, `[column][neuron]`, with a column for each step of each sample.

use crate::demand::Wanted;
use crate::plan::Write;
use crate::product_plan::LONG;
use rayon::prelude::*;
use simd::{NEURONS_PER_BLOCK, blocks_to_rows, padded, rows_to_blocks};

/// Writes the currents of a sample, `[column][post]`, to its rows, for `[post, steps, length]`:
/// neurons, steps and the length of a row. Nothing arrives behind the steps.
pub(crate) fn columns_to_rows(
    columns: &[f32],
    [post, steps, length]: [usize; 3],
    write: Write,
    out: &mut [f32],
) {
    let mut blocks = [[0.0; NEURONS_PER_BLOCK]; LONG];
    let planes = out[..post * length].chunks_mut(NEURONS_PER_BLOCK * length);
    for (plane, rows) in planes.enumerate() {
        let (first, neurons) = (plane * NEURONS_PER_BLOCK, rows.len() / length);
        for (block, column) in blocks.iter_mut().zip(columns.chunks_exact(post)) {
            block[..neurons].copy_from_slice(&column[first..first + neurons]);
        }
        write_rows(&blocks[..steps], neurons, rows, length, write);
    }
}

/// Writes blocks of currents to the rows of some neurons.
pub(crate) fn write_rows(
    blocks: &[[f32; NEURONS_PER_BLOCK]],
    neurons: usize,
    rows: &mut [f32],
    length: usize,
    write: Write,
) {
    match write {
        Write::Set => {
            blocks_to_rows(blocks, neurons, rows, length);
            rows.chunks_exact_mut(length).for_each(|row| row[blocks.len()..].fill(0.0));
        }
        Write::Add => {
            for (neuron, row) in rows.chunks_exact_mut(length).take(neurons).enumerate() {
                let blocks = blocks.iter().map(|block| block[neuron]);
                row.iter_mut().zip(blocks).for_each(|(out, current)| *out += current);
            }
        }
    }
}

/// Writes `scale` times the gradient of the currents of all samples to `columns`, whose rows are
/// `wide` numbers; `[post, steps, length]` as for [`columns_to_rows`].
pub(crate) fn gradient_to_columns<'a>(
    gradient: &(dyn Fn(usize) -> &'a [f32] + Sync),
    [post, steps, length]: [usize; 3],
    wide: usize,
    scale: f32,
    columns: &mut [f32],
) {
    let by_sample = columns.par_chunks_exact_mut((steps * wide).max(1)).enumerate();
    by_sample.for_each(|(sample, columns)| {
        let scales = [(scale, 0.0); NEURONS_PER_BLOCK];
        let mut blocks = [[0.0; NEURONS_PER_BLOCK]; LONG];
        let rows = gradient(sample)[..post * length].chunks(NEURONS_PER_BLOCK * length);
        for (plane, rows) in rows.enumerate() {
            let (first, neurons) = (plane * NEURONS_PER_BLOCK, rows.len() / length);
            rows_to_blocks(rows, length, &scales[..neurons], &mut blocks[..steps]);
            for (column, block) in columns.chunks_exact_mut(wide).zip(&blocks) {
                // The places of a last block that has few neurons may lie behind the row.
                let present = NEURONS_PER_BLOCK.min(wide - first);
                column[first..first + present].copy_from_slice(&block[..present]);
            }
        }
    });
}

/// Writes the gradient of the source of a sample, `[column][pre]`, to its rows where it is
/// `wanted`, for `[pre, steps]`: neurons and steps. Where it is not, it is zero.
pub(crate) fn source_gradient(
    columns: &[f32],
    [pre, steps]: [usize; 2],
    wanted: &[Wanted],
    write: Write,
    out: &mut [f32],
) {
    let length = padded(steps);
    let block = |wanted: &Wanted| wanted.neuron / NEURONS_PER_BLOCK;
    let (mut wanted, mut rows) = (wanted, [0.0; NEURONS_PER_BLOCK * LONG]);
    for (n, out) in out[..pre * length].chunks_mut(NEURONS_PER_BLOCK * length).enumerate() {
        let count = wanted.iter().take_while(|wanted| block(wanted) == n).count();
        let (here, rest) = wanted.split_at(count);
        wanted = rest;
        if write == Write::Set {
            out.fill(0.0);
        }
        if here.is_empty() {
            continue;
        }
        let (first, neurons) = (n * NEURONS_PER_BLOCK, out.len() / length);
        let mut blocks = [[0.0; NEURONS_PER_BLOCK]; LONG];
        for (block, column) in blocks.iter_mut().zip(columns.chunks_exact(pre)) {
            block[..neurons].copy_from_slice(&column[first..first + neurons]);
        }
        blocks_to_rows(&blocks[..steps], neurons, &mut rows, LONG);
        for Wanted { neuron, steps: range } in here {
            let range = range.start..range.end.min(steps);
            let row = &rows[(neuron - first) * LONG..][range.clone()];
            let out = &mut out[(neuron - first) * length..][range];
            out.iter_mut().zip(row).for_each(|(out, gradient)| *out += gradient);
        }
    }
}
