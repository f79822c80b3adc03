//! Every hot loop of the crate `simd` alone, by instruction set and, where it has them, by
//! taps per synapse.
//!
//! `cargo bench --bench hot_loops`, or `cargo bench --bench hot_loops -- pull` for one of them.
//! Sizes are those of `shd-delays` at 10 ms: rows of 144 steps, 140 channels with some fifty spikes
//! each, panels of 32 postsynaptic neurons. An element is one multiply-add that the result needs;
//! padding to whole vectors counts as nothing. Transposes, sums over time and products of matrices
//! choose the instruction set themselves.

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use rand::RngExt;
use sim_core::{Purpose, Seed};
use simd::{
    Aligned, Bursts, DelayWindows, Instructions, MOST_TAPS, Matrix, Mixture, NEURONS_PER_BLOCK,
    NeuronBlock, RowLists, RowSource, RowSources, RowTable, Shift, TapRow, TileFactor,
    blocks_at_least, blocks_to_rows, combine, combine_each, combine_each_paired, gather_each,
    gather_rows, multiply, multiply_factors, pair, pair_rows, pair_with_next, rows_to_blocks,
    time_sums, to_lines,
};
use std::hint::black_box;
use std::iter::once;
use std::time::Duration;

/// Taps per synapse: from the deployed network to the first epochs of training.
const TAPS: [usize; 6] = [1, 2, 3, 4, 7, 12];
/// Steps of a row.
const STEPS: usize = 144;
/// Longest delay in steps.
const LONGEST: u32 = 24;
/// Postsynaptic neurons of a panel.
const NEURONS_PER_PANEL: usize = 32;
/// Presynaptic neurons.
const CHANNELS: usize = 140;
/// Spikes of one of them.
const SPIKES: usize = 57;

/// Uniform numbers, none of them so small that arithmetic slows down.
fn numbers(count: usize) -> Vec<f32> {
    let mut random = Seed(1).stream(Purpose::Weights, 0, 0);
    (0..count).map(|_| random.random_range(0.5..1.5)).collect()
}

/// The same on a cache line, as the engine keeps its rows.
fn aligned(count: usize) -> Aligned {
    let mut rows = Aligned::default();
    rows.resize(count).copy_from_slice(&numbers(count));
    rows
}

/// `count` indices below `end`, in order.
fn indices(count: usize, end: u32) -> Vec<u32> {
    let mut random = Seed(2).stream(Purpose::Weights, 0, 0);
    let mut indices: Vec<u32> = (0..count).map(|_| random.random_range(0..end)).collect();
    indices.sort_unstable();
    indices
}

fn windows(synapses: usize, taps: usize) -> DelayWindows {
    let first = indices(synapses, LONGEST + 2 - taps as u32);
    let mut windows = DelayWindows::default();
    windows.fill(synapses, taps, |synapse, window| {
        window.value[..taps].fill(1.0 / taps as f32);
        window.slope[..taps].fill(0.1);
        // Neighbours on a row have delays of their own.
        TapRow { first: first[synapse * 37 % synapses], row: (synapse * STEPS) as u32, weight: 0.7 }
    });
    windows.pair_up();
    windows
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    group
}

/// Times `run`, which is of kernels of `taps` taps.
fn time_taps(group: &mut BenchmarkGroup<WallTime>, name: &str, taps: usize, mut run: impl FnMut()) {
    group.bench_function(BenchmarkId::new(name, format!("{taps} taps")), |bencher| {
        bencher.iter(&mut run)
    });
}

fn spikes_to_rows(criterion: &mut Criterion) {
    // As many different steps, in bursts and alone.
    let steps: Vec<u32> =
        (0..STEPS as u32 - 48).filter(|step| step % 5 != 0 && step % 7 != 5).take(SPIKES).collect();
    assert_eq!(steps.len(), SPIKES);
    let heights = vec![1.0; SPIKES];
    let (mut bursts, mut rows) = (Bursts::default(), aligned(NEURONS_PER_PANEL * STEPS));
    for name in ["scatter", "gather", "scatter_bursts", "gather_bursts"] {
        let mut group = group(criterion, name);
        for taps in TAPS.into_iter().filter(|taps| !name.ends_with("bursts") || *taps <= MOST_TAPS)
        {
            bursts.refill(once((&steps[..], &heights[..])), taps.min(MOST_TAPS));
            let train = bursts.channel(0);
            let windows = windows(NEURONS_PER_PANEL, taps);
            let mut sums = vec![0.0; NEURONS_PER_PANEL * windows.stride()];
            group.throughput(Throughput::Elements((SPIKES * NEURONS_PER_PANEL * taps) as u64));
            for isa in Instructions::available() {
                time_taps(&mut group, isa.name(), taps, || match name {
                    "scatter" => windows.scatter(
                        isa,
                        0..NEURONS_PER_PANEL,
                        black_box(&steps),
                        &heights,
                        rows.as_mut_slice(),
                    ),
                    "scatter_bursts" => windows.scatter_bursts(
                        isa,
                        once((black_box(train), 0..NEURONS_PER_PANEL)),
                        rows.as_mut_slice(),
                    ),
                    "gather_bursts" => windows.gather_bursts(
                        isa,
                        once((black_box(train), 0..NEURONS_PER_PANEL)),
                        rows.as_slice(),
                        (0, &mut sums),
                    ),
                    _ => windows.gather(
                        isa,
                        0..NEURONS_PER_PANEL,
                        black_box(&steps),
                        &heights,
                        rows.as_slice(),
                        &mut sums,
                    ),
                });
            }
        }
    }
}

fn pull(criterion: &mut Criterion) {
    let mut group = group(criterion, "pull");
    let length = STEPS + 48;
    let rows = aligned(CHANNELS * length);
    let mut paired = vec![0; rows.as_slice().len()];
    pair_with_next(rows.as_slice(), &mut paired);
    let mut sources = RowSources::default();
    sources.refill(
        (0..CHANNELS).map(|row| RowSource { row: (row * length) as u32, synapse: row as u32 }),
    );
    let mut out = aligned(STEPS);
    for taps in TAPS {
        let windows = windows(CHANNELS, taps);
        group.throughput(Throughput::Elements((CHANNELS * STEPS * taps) as u64));
        for isa in Instructions::available() {
            time_taps(&mut group, isa.name(), taps, || {
                windows.pull_ahead(
                    isa,
                    black_box(0..CHANNELS),
                    rows.as_slice(),
                    out.as_mut_slice(),
                );
            });
            if isa.has_bf16() {
                time_taps(&mut group, &format!("{} bf16", isa.name()), taps, || {
                    windows.pull_paired(
                        isa,
                        black_box(&sources),
                        0,
                        Shift::Earlier,
                        &paired,
                        out.as_mut_slice(),
                    );
                });
            }
        }
    }
}

/// As in training, a few rows at a time from the nearest cache.
fn pull_lines(criterion: &mut Criterion) {
    const NEAR: usize = 16;
    let mut group = group(criterion, "pull_lines");
    let length = STEPS + 48;
    let mut lines = aligned(2 * NEAR * length);
    to_lines(&numbers(NEAR * length), lines.as_mut_slice());
    let mut out = aligned(STEPS);
    for taps in TAPS {
        let windows = windows(NEAR, taps);
        group.throughput(Throughput::Elements((NEAR * STEPS * taps) as u64));
        for isa in Instructions::available() {
            time_taps(&mut group, isa.name(), taps, || {
                windows.pull_lines(isa, black_box(0..NEAR), lines.as_slice(), out.as_mut_slice());
            });
        }
    }
}

/// One row filtered along time, by a filter as long as the window.
fn filter(criterion: &mut Criterion) {
    let mut group = group(criterion, "combine");
    let filter = numbers(LONGEST as usize + 1);
    let row = aligned(STEPS + filter.len());
    let mut out = aligned(STEPS);
    group.throughput(Throughput::Elements((filter.len() * STEPS) as u64));
    for isa in Instructions::available() {
        group.bench_function(isa.name(), |bencher| {
            bencher.iter(|| combine(isa, black_box(&filter), row.as_slice(), 1, out.as_mut_slice()))
        });
    }
}

/// The input gradient of the fixed filters: a matrix product.
fn product(criterion: &mut Criterion) {
    let mut group = group(criterion, "combine_each");
    let (rows, weights) =
        (aligned(NEURONS_PER_PANEL * STEPS), numbers(CHANNELS * NEURONS_PER_PANEL));
    let mixture = |per_output: usize| {
        move |n: usize| Mixture { weights: (n * per_output) as u32, out: (n * STEPS) as u32 }
    };
    let outputs: Vec<Mixture> = (0..CHANNELS).map(mixture(NEURONS_PER_PANEL)).collect();
    let mut out = aligned(CHANNELS * STEPS);
    group.throughput(Throughput::Elements((CHANNELS * NEURONS_PER_PANEL * STEPS) as u64));
    for isa in Instructions::available() {
        group.bench_function(isa.name(), |bencher| {
            let rows = rows.as_slice();
            bencher.iter(|| {
                combine_each(
                    isa,
                    black_box(&outputs),
                    (&weights, 0),
                    NEURONS_PER_PANEL,
                    rows,
                    STEPS,
                    out.as_mut_slice(),
                    STEPS,
                )
            })
        });
    }
    let pairs_of_weights: Vec<u32> =
        weights.chunks_exact(2).map(|two| pair(two[0], two[1])).collect();
    let mut pairs_of_rows = vec![0; NEURONS_PER_PANEL / 2 * STEPS];
    for (two, pairs) in
        rows.as_slice().chunks_exact(2 * STEPS).zip(pairs_of_rows.chunks_exact_mut(STEPS))
    {
        pair_rows(&two[..STEPS], &two[STEPS..], pairs);
    }
    let outputs: Vec<Mixture> = (0..CHANNELS).map(mixture(NEURONS_PER_PANEL / 2)).collect();
    for isa in Instructions::available().into_iter().filter(|isa| isa.has_bf16()) {
        group.bench_function(format!("{} bf16", isa.name()), |bencher| {
            let (weights, rows) = (&pairs_of_weights, &pairs_of_rows);
            bencher.iter(|| {
                combine_each_paired(
                    isa,
                    black_box(&outputs),
                    (weights, 0),
                    NEURONS_PER_PANEL / 2,
                    rows,
                    STEPS,
                    out.as_mut_slice(),
                    STEPS,
                )
            })
        });
    }
}

/// The spikes of a step through the fixed filters: rows of shares, added up.
fn shares(criterion: &mut Criterion) {
    let mut group = group(criterion, "gather_rows");
    let (planes, width) = (2 * NEURONS_PER_PANEL / NEURONS_PER_BLOCK, 2 * NEURONS_PER_PANEL);
    let table = aligned(STEPS * width);
    let (index, heights) = (indices(SPIKES, STEPS as u32), numbers(SPIKES));
    let mut out = aligned(width);
    group.throughput(Throughput::Elements((SPIKES * width) as u64));
    for isa in Instructions::available() {
        group.bench_function(isa.name(), |bencher| {
            let table = RowTable {
                numbers: table.as_slice(),
                row_stride: width,
                plane_stride: NEURONS_PER_BLOCK,
            };
            bencher.iter(|| {
                gather_rows(
                    isa,
                    (black_box(&index), &heights),
                    table,
                    planes,
                    out.as_mut_slice(),
                    NEURONS_PER_BLOCK,
                )
            })
        });
    }
}

/// Spikes of many columns through a block of a projection without delays.
fn lists(criterion: &mut Criterion) {
    const PLANES: usize = 10;
    const ROWS: usize = 48;
    const LISTS: usize = 96;
    const PER_LIST: usize = 12;
    let mut group = group(criterion, "gather_each");
    let width = PLANES * NEURONS_PER_BLOCK;
    let (table, mut out) = (aligned(ROWS * width), aligned(LISTS * width));
    let ends: Vec<u32> = (1..=LISTS).map(|list| (list * PER_LIST) as u32).collect();
    let index: Vec<u32> = (0..LISTS).flat_map(|_| indices(PER_LIST, ROWS as u32)).collect();
    let heights = numbers(LISTS * PER_LIST);
    let lists = RowLists { begin: 0, ends: &ends, index: &index, heights: &heights };
    group.throughput(Throughput::Elements((LISTS * PER_LIST * width) as u64));
    for isa in Instructions::available() {
        group.bench_function(isa.name(), |bencher| {
            let table = RowTable {
                numbers: table.as_slice(),
                row_stride: NEURONS_PER_BLOCK,
                plane_stride: ROWS * NEURONS_PER_BLOCK,
            };
            let strides = [width, NEURONS_PER_BLOCK];
            bencher.iter(|| {
                gather_each(isa, black_box(lists), table, PLANES, out.as_mut_slice(), strides)
            })
        });
    }
}

fn transposes(criterion: &mut Criterion) {
    let mut group = group(criterion, "transpose");
    let mut rows = aligned(NEURONS_PER_BLOCK * STEPS);
    let mut blocks: Vec<NeuronBlock> = vec![[0.0; NEURONS_PER_BLOCK]; STEPS];
    let mut masks = vec![0; STEPS];
    group.throughput(Throughput::Elements((NEURONS_PER_BLOCK * STEPS) as u64));
    group.bench_function("rows_to_blocks", |bencher| {
        bencher.iter(|| {
            rows_to_blocks(
                rows.as_slice(),
                STEPS,
                black_box(&[(1.5, 0.1); NEURONS_PER_BLOCK]),
                &mut blocks,
            )
        })
    });
    group.bench_function("blocks_to_rows", |bencher| {
        bencher.iter(|| {
            blocks_to_rows(black_box(&blocks), NEURONS_PER_BLOCK, rows.as_mut_slice(), STEPS)
        })
    });
    group.bench_function("blocks_at_least", |bencher| {
        bencher.iter(|| blocks_at_least(black_box(&blocks), 1.0, &mut masks))
    });
}

fn sums(criterion: &mut Criterion) {
    let mut group = group(criterion, "time_sums");
    let (a, b) = (aligned(NEURONS_PER_PANEL * STEPS), aligned(NEURONS_PER_PANEL * STEPS));
    let mut sums = [(0.0, 0.0); NEURONS_PER_PANEL];
    group.throughput(Throughput::Elements((NEURONS_PER_PANEL * STEPS) as u64));
    group.bench_function("both", |bencher| {
        bencher.iter(|| {
            time_sums(
                Instructions::detect(),
                black_box(a.as_slice()),
                b.as_slice(),
                STEPS,
                STEPS,
                &mut sums,
            )
        })
    });
}

/// Both products of the projection of a gradient: a tile of its rows, 784 inputs, 400 directions.
fn matrices(criterion: &mut Criterion) {
    const TILE: usize = 128;
    const INPUTS: usize = 784;
    const DIRECTIONS: usize = 400;
    let mut group = group(criterion, "matrix_product");
    let (gradient, directions) = (numbers(TILE * INPUTS), numbers(DIRECTIONS * INPUTS));
    let along = numbers(TILE * DIRECTIONS);
    let directions = Matrix::of_rows(&directions, INPUTS);
    group.throughput(Throughput::Elements((TILE * INPUTS * DIRECTIONS) as u64));
    let mut product = vec![0.0; TILE * DIRECTIONS];
    group.bench_function("transposed", |bencher| {
        let gradient = Matrix::of_rows(&gradient, INPUTS);
        bencher
            .iter(|| multiply(&mut product, 0.0, black_box(gradient), directions.transposed(), 1.0))
    });
    let mut product = vec![0.0; TILE * INPUTS];
    group.bench_function("plain", |bencher| {
        let along = Matrix::of_rows(&along, DIRECTIONS);
        bencher.iter(|| multiply(&mut product, 0.0, black_box(along), directions, 1.0))
    });
}

/// A batch of 64 samples of 6 steps of 800 neurons times the weights of 800 others, factors packed
/// each time: on tile registers, numbers and spikes, and by the plain sums of `f32`.
fn tiles(criterion: &mut Criterion) {
    const NEURONS: usize = 800;
    const COLUMNS: usize = 384;
    let mut group = group(criterion, "tile_product");
    group.throughput(Throughput::Elements((COLUMNS * NEURONS * NEURONS) as u64));
    let (values, weights) = (numbers(COLUMNS * NEURONS), numbers(NEURONS * NEURONS));
    let weights_of = Matrix::of_rows(&weights, NEURONS);
    let (mut left, mut right) = (TileFactor::default(), TileFactor::default());
    let mut product = vec![0.0; COLUMNS * NEURONS];
    group.bench_function("numbers", |bencher| {
        bencher.iter(|| {
            left.pack_left(Matrix::of_rows(black_box(&values), NEURONS));
            right.pack_right(weights_of);
            multiply_factors(&mut product, 0.0, &left, &right, 1.0);
        })
    });
    let masks = indices(COLUMNS * NEURONS / NEURONS_PER_BLOCK, 1 << NEURONS_PER_BLOCK);
    group.bench_function("spikes", |bencher| {
        bencher.iter(|| {
            left.pack_left_bits([COLUMNS, NEURONS], |column, block| {
                black_box(&masks)[block * COLUMNS + column] as u16
            });
            right.pack_right(weights_of);
            multiply_factors(&mut product, 0.0, &left, &right, 1.0);
        })
    });
    group.bench_function("plain", |bencher| {
        bencher.iter(|| {
            for (row, of_row) in product.chunks_exact_mut(NEURONS).zip(values.chunks(NEURONS)) {
                row.fill(0.0);
                for (value, weights) in black_box(of_row).iter().zip(weights.chunks(NEURONS)) {
                    row.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
                }
            }
        })
    });
}

criterion_group!(
    benches,
    spikes_to_rows,
    pull,
    pull_lines,
    filter,
    product,
    shares,
    lists,
    transposes,
    sums,
    matrices,
    tiles
);
criterion_main!(benches);
