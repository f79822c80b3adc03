use super::table::DelayWindows;
use super::*;
use crate::bf16::pair_with_next;
use crate::bursts::{Bursts, MOST_TAPS};
use crate::instructions::Instructions;
use crate::lines::to_lines;
use crate::paired::{PairPull, pair_pull};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// The steps of a channel's spikes, ascending, and how many fall on each.
fn channel(spikes: impl IntoIterator<Item = u32>) -> (Vec<u32>, Vec<f32>) {
    let mut counts = BTreeMap::new();
    spikes.into_iter().for_each(|step| *counts.entry(step).or_insert(0.0) += 1.0);
    counts.into_iter().unzip()
}

fn bursts<'a>(channels: impl IntoIterator<Item = &'a (Vec<u32>, Vec<f32>)>, taps: usize) -> Bursts {
    let mut bursts = Bursts::default();
    bursts.refill(channels.into_iter().map(|(steps, heights)| (&steps[..], &heights[..])), taps);
    bursts
}

#[test]
fn every_instruction_set_agrees_with_the_scalar_twin() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for (width, synapses) in
        [(1, 40), (2, 16), (3, 13), (4, 32), (6, 5), (7, 9), (9, 8), (16, 8), (25, 33)]
    {
        let (latest, steps) = (24, 100usize);
        let stride = steps + latest as usize + DelayWindows::touched_for(width);
        let mut table = DelayWindows::default();
        let kernels: Vec<(u32, Vec<f32>)> = (0..synapses)
            .map(|_| {
                (
                    random.random_range(0..=latest),
                    (0..width).map(|_| random.random_range(-1.0..1.0)).collect(),
                )
            })
            .collect();
        table.fill(synapses, width, |synapse, taps| {
            taps.value[..width].copy_from_slice(&kernels[synapse].1);
            TapRow { first: kernels[synapse].0, row: (synapse * stride) as u32, weight: 0.5 }
        });
        let rows: Vec<f32> =
            (0..synapses * stride + 256).map(|_| random.random_range(-1.0..1.0)).collect();
        let drawn: Vec<u32> = (0..300).map(|_| random.random_range(0..steps as u32)).collect();
        let channel = channel(drawn.into_iter().filter(|step| step % 9 < 4));
        let (spikes, heights) = (&channel.0[..], &channel.1[..]);
        let bursts = bursts([&channel], MOST_TAPS);
        let train = bursts.channel(0);
        let result = |isa| {
            let mut scattered = rows.clone();
            table.scatter(isa, 1..synapses, spikes, heights, &mut scattered);
            let mut sums = vec![0.5; (synapses - 1) * table.stride()];
            table.gather(isa, 1..synapses, spikes, heights, &rows, &mut sums);
            if width <= MOST_TAPS {
                let single = (scattered.clone(), sums.clone());
                scattered.copy_from_slice(&rows);
                sums.fill(0.5);
                table.scatter_bursts(isa, std::iter::once((train, 1..synapses)), &mut scattered);
                table.gather_bursts(
                    isa,
                    std::iter::once((train, 1..synapses)),
                    &rows,
                    (1, &mut sums),
                );
                let near =
                    |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
                assert!(
                    near(&scattered, &single.0),
                    "{isa:?}: bursts of {width} taps are not their spikes"
                );
                let taps = |sums: &[f32]| {
                    sums.chunks_exact(table.stride())
                        .flat_map(|sums| sums[..width].to_vec())
                        .collect::<Vec<_>>()
                };
                assert!(
                    near(&taps(&sums), &taps(&single.1)),
                    "{isa:?}: bursts of {width} taps are not their spikes"
                );
            }
            let source = |n| RowSource {
                row: table.reach() as u32 + n,
                synapse: (n + 3) % (synapses as u32 - 1),
            };
            let mut sources = RowSources::default();
            sources.refill((0..synapses as u32).map(source));
            for length in [16, 112, 160, 240] {
                let (mut later, mut earlier) = (rows[..length].to_vec(), rows[..length].to_vec());
                table.pull(isa, &sources, 1, &rows, &mut later);
                table.pull_ahead(isa, 1..synapses, &rows, &mut earlier);
                let mut lines = vec![0.0; 2 * rows.len().next_multiple_of(8)];
                to_lines(&rows, &mut lines);
                let mut from_lines = rows[..length].to_vec();
                table.pull_lines(isa, 1..synapses, &lines, &mut from_lines);
                assert_eq!(
                    earlier, from_lines,
                    "{isa:?}, width {width}: the same products in the same order"
                );
                scattered.extend(later.into_iter().chain(earlier));
            }
            scattered.extend(sums.chunks_exact(table.stride()).flat_map(|sums| &sums[..width]));
            scattered
        };
        let expected = result(Instructions::Scalar);
        for isa in Instructions::available() {
            for (a, b) in result(isa).iter().zip(&expected) {
                assert!((a - b).abs() < 1e-3, "{isa:?}, width {width}: {a} and {b}");
            }
        }
    }
}

#[test]
fn pairs_of_bf16_are_near_single_precision() {
    let isa = Instructions::detect();
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for (width, latest) in [(1, 24), (2, 23), (3, 22), (7, 18), (12, 13)] {
        let mut table = DelayWindows::default();
        let kernels: Vec<(u32, Vec<f32>)> = (0..9)
            .map(|_| {
                (
                    random.random_range(0..=latest),
                    (0..width).map(|_| random.random_range(-1.0..1.0)).collect(),
                )
            })
            .collect();
        table.fill(9, width, |synapse, taps| {
            taps.value[..width].copy_from_slice(&kernels[synapse].1);
            TapRow { first: kernels[synapse].0, row: 0, weight: 0.5 }
        });
        table.pair_up();
        let rows: Vec<f32> = (0..400).map(|_| random.random_range(-1.0..1.0)).collect();
        let mut paired = vec![0; rows.len()];
        pair_with_next(&rows, &mut paired);
        let mut sources = RowSources::default();
        sources.refill((0..8).map(|n| RowSource { row: table.reach() as u32 + n, synapse: n }));
        for shift in [Shift::Later, Shift::Earlier] {
            let (mut single, mut plain, mut fast) =
                (vec![0.0; 240], vec![0.0; 240], vec![0.0; 240]);
            match shift {
                Shift::Later => table.pull(isa, &sources, 1, &rows, &mut single),
                Shift::Earlier => {
                    for n in 0..8 {
                        table.pull_ahead(
                            isa,
                            n + 1..n + 2,
                            &rows[table.reach() + n..],
                            &mut single,
                        );
                    }
                }
            }
            let RowSources { list, .. } = &sources;
            let (pairs, used_pairs) = (table.stride / 2, width.div_ceil(2));
            let (first, weights) = (&table.first[..], &table.pairs[..]);
            pair_pull(PairPull {
                first,
                weights,
                pairs,
                used_pairs,
                sources: list,
                offset: 1,
                shift,
                rows: &paired,
                out: &mut plain,
            });
            let scale = (8 * width) as f32 * 0.5;
            assert!(
                single.iter().zip(&plain).all(|(a, b)| (a - b).abs() < scale / 256.0),
                "width {width}, {shift:?}"
            );
            if isa.has_bf16() {
                table.pull_paired(isa, &sources, 1, shift, &paired, &mut fast);
                assert!(
                    fast.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5 * scale),
                    "width {width}, {shift:?}"
                );
            }
        }
    }
}

/// Trains of one, no, two near, two far, and three bursts, some to no synapses at all.
#[test]
fn many_trains_in_one_call_are_their_spikes() {
    let trains: [&[u32]; 6] =
        [&[3], &[], &[3, 9], &[3, 40], &[2, 8, 15], &[1, 2, 3, 4, 30, 31, 37, 60]];
    let channels = trains.map(|steps| channel(steps.iter().copied()));
    let synapses =
        |channel: usize| if channel == 3 { 33..33 } else { 11 * channel..11 * channel + 9 };
    for width in 1..=MOST_TAPS {
        let stride = 70 + 20 + DelayWindows::touched_for(width);
        let mut table = DelayWindows::default();
        table.fill(11 * trains.len(), width, |synapse, taps| {
            taps.value[..width]
                .iter_mut()
                .zip(1..)
                .for_each(|(value, k)| *value = 1.0 / (k + synapse) as f32);
            TapRow {
                first: (synapse * 7 % 20) as u32,
                row: (synapse % 11 * stride) as u32,
                weight: 2.0,
            }
        });
        let rows: Vec<f32> = (0..11 * stride).map(|n| (n % 17) as f32 - 8.0).collect();
        let bursts = bursts(&channels, width);
        for isa in Instructions::available() {
            let (mut scattered, mut single) = (rows.clone(), rows.clone());
            table.scatter_bursts(
                isa,
                (0..trains.len()).map(|c| (bursts.channel(c), synapses(c))),
                &mut scattered,
            );
            // Of the synapses from the second train's on.
            let (mut sums, mut single_sums) =
                (vec![0.0; 55 * table.stride()], vec![0.0; 55 * table.stride()]);
            table.gather_bursts(
                isa,
                (1..trains.len()).map(|c| (bursts.channel(c), synapses(c))),
                &rows,
                (11, &mut sums),
            );
            for c in 0..trains.len() {
                let (steps, heights) = &channels[c];
                table.scatter(isa, synapses(c), steps, heights, &mut single);
                if c > 0 {
                    let sums = &mut single_sums[(synapses(c).start - 11) * table.stride()..]
                        [..synapses(c).len() * table.stride()];
                    table.gather(isa, synapses(c), steps, heights, &rows, sums);
                }
            }
            assert!(
                scattered.iter().zip(&single).all(|(a, b)| (a - b).abs() < 1e-4),
                "{isa:?}: {width} taps scattered"
            );
            for (sums, single) in sums.chunks_exact(4).zip(single_sums.chunks_exact(4)) {
                let close = sums.iter().zip(single).take(width).all(|(a, b)| (a - b).abs() < 1e-4);
                assert!(close, "{isa:?}: {width} taps gathered");
            }
        }
    }
}

#[test]
#[should_panic(expected = "made for other kernels")]
fn bursts_for_fewer_taps_are_refused() {
    let mut table = DelayWindows::default();
    table.fill(1, 3, |_, _| TapRow { first: 0, row: 0, weight: 1.0 });
    let bursts = bursts([&channel([2])], 2);
    table.scatter_bursts(
        Instructions::Scalar,
        std::iter::once((bursts.channel(0), 0..1)),
        &mut [0.0; 32],
    );
}

#[test]
#[should_panic(expected = "leaves the rows")]
fn rows_too_short_to_be_pulled_are_refused() {
    let mut table = DelayWindows::default();
    table.fill(1, 3, |_, _| TapRow { first: 14, row: 0, weight: 1.0 });
    table.pull_ahead(Instructions::Scalar, 0..1, &[0.0; 32], &mut [0.0; 16]);
}

#[test]
#[should_panic(expected = "leaves the rows")]
fn lines_too_short_to_be_pulled_are_refused() {
    let mut table = DelayWindows::default();
    table.fill(1, 3, |_, _| TapRow { first: 14, row: 0, weight: 1.0 });
    table.pull_lines(Instructions::Scalar, 0..1, &[0.0; 2 * (14 + 3 + 16) - 1], &mut [0.0; 16]);
}

#[test]
#[should_panic(expected = "begin behind a synapse")]
fn sums_that_begin_behind_a_synapse_are_refused() {
    let mut table = DelayWindows::default();
    table.fill(2, 1, |_, _| TapRow { first: 0, row: 0, weight: 1.0 });
    let bursts = bursts([&channel([2])], 1);
    let trains = std::iter::once((bursts.channel(0), 0..1));
    table.gather_bursts(Instructions::detect(), trains, &[0.0; 32], (1, &mut [0.0; 8]));
}

#[test]
#[should_panic(expected = "leave the rows")]
fn a_spike_that_leaves_the_rows_is_refused() {
    let mut table = DelayWindows::default();
    table.fill(1, 1, |_, _| TapRow { first: 3, row: 0, weight: 1.0 });
    table.scatter(Instructions::Scalar, 0..1, &[7], &[1.0], &mut [0.0; 12]);
}
