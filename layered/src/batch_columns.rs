//! Between the numbers of a population in one sample and the columns of a product over a batch,
//! `[column][neuron]`, with a column for each step of each sample.

use crate::demand::Wanted;
use crate::plan::Write;
use crate::product_plan::LONG;
use rayon::prelude::*;
use simd::{NEURONS_PER_BLOCK, blocks_to_rows, padded, rows_to_blocks};

/// Writes the currents of a sample, `[column][post]`, to its blocks.
pub(crate) fn columns_to_blocks(
    columns: &[f32],
    [post, steps]: [usize; 2],
    write: Write,
    out: &mut [f32],
) {
    for (plane, out) in out.chunks_exact_mut(NEURONS_PER_BLOCK * steps).enumerate() {
        let first = plane * NEURONS_PER_BLOCK;
        let present = NEURONS_PER_BLOCK.min(post - first);
        let blocks = out.as_chunks_mut::<NEURONS_PER_BLOCK>().0.iter_mut();
        for (block, column) in blocks.zip(columns.chunks_exact(post)) {
            let column = &column[first..first + present];
            match write {
                Write::Set => block[..present].copy_from_slice(column),
                Write::Add => block.iter_mut().zip(column).for_each(|(out, new)| *out += new),
            }
        }
    }
}

/// Writes the blocks of a sample to its columns, `[column][post]`.
pub(crate) fn blocks_to_columns(blocks: &[f32], [post, steps]: [usize; 2], columns: &mut [f32]) {
    for (plane, blocks) in blocks.chunks_exact(NEURONS_PER_BLOCK * steps).enumerate() {
        let first = plane * NEURONS_PER_BLOCK;
        let present = NEURONS_PER_BLOCK.min(post - first);
        let blocks = blocks.as_chunks::<NEURONS_PER_BLOCK>().0;
        for (column, block) in columns.chunks_exact_mut(post).zip(blocks) {
            column[first..first + present].copy_from_slice(&block[..present]);
        }
    }
}

/// Writes the gradient of the source of a sample, `[column][pre]`, to its blocks where it is
/// `wanted`. Where it is not, it is zero.
pub(crate) fn source_gradient_blocks(
    columns: &[f32],
    [pre, steps]: [usize; 2],
    wanted: &[Wanted],
    write: Write,
    out: &mut [f32],
) {
    let is_all = wanted.len() == pre
        && wanted.iter().all(|wanted| wanted.steps.start == 0 && wanted.steps.end >= steps);
    if is_all {
        return columns_to_blocks(columns, [pre, steps], write, out);
    }
    if write == Write::Set {
        out.fill(0.0);
    }
    let blocks = out.as_chunks_mut::<NEURONS_PER_BLOCK>().0;
    for Wanted { neuron, steps: range } in wanted {
        let (plane, place) = (neuron / NEURONS_PER_BLOCK, neuron % NEURONS_PER_BLOCK);
        for step in range.start..range.end.min(steps) {
            blocks[plane * steps + step][place] += columns[step * pre + neuron];
        }
    }
}

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
        for (part, columns) in columns[..steps * post].chunks(LONG * post).enumerate() {
            let count = columns.len() / post;
            for (block, column) in blocks.iter_mut().zip(columns.chunks_exact(post)) {
                block[..neurons].copy_from_slice(&column[first..first + neurons]);
            }
            write_rows(&blocks[..count], neurons, &mut rows[part * LONG..], length, write);
        }
        clear_behind(rows, steps, length, write);
    }
}

/// Clears what lies behind the steps of rows that are written anew.
pub(crate) fn clear_behind(rows: &mut [f32], steps: usize, length: usize, write: Write) {
    if write == Write::Set {
        rows.chunks_exact_mut(length).for_each(|row| row[steps..].fill(0.0));
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
        Write::Set => blocks_to_rows(blocks, neurons, rows, length),
        Write::Add => {
            for (neuron, row) in rows.chunks_mut(length).take(neurons).enumerate() {
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
            // The places of a last block that has few neurons may lie behind the row.
            let present = NEURONS_PER_BLOCK.min(wide - first);
            for (part, columns) in columns.chunks_mut(LONG * wide).enumerate() {
                let blocks = &mut blocks[..columns.len() / wide];
                rows_to_blocks(&rows[part * LONG..], length, &scales[..neurons], blocks);
                for (column, block) in columns.chunks_exact_mut(wide).zip(blocks) {
                    column[first..first + present].copy_from_slice(&block[..present]);
                }
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
        for (part, columns) in columns[..steps * pre].chunks(LONG * pre).enumerate() {
            let (begin, count) = (part * LONG, columns.len() / pre);
            for (block, column) in blocks.iter_mut().zip(columns.chunks_exact(pre)) {
                block[..neurons].copy_from_slice(&column[first..first + neurons]);
            }
            blocks_to_rows(&blocks[..count], neurons, &mut rows, LONG);
            for Wanted { neuron, steps } in here {
                let range = steps.start.max(begin)..steps.end.min(begin + count);
                let row = &rows[(neuron - first) * LONG..];
                let out = &mut out[(neuron - first) * length..];
                for step in range {
                    out[step] += row[step - begin];
                }
            }
        }
    }
}
