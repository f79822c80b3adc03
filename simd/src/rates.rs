//! What one core can do at best: the rates that a roofline [Williams, Waterman and Patterson 2009]
//! sets beside the time a stage takes.

use crate::aligned::Aligned;
use crate::bursts::Bursts;
use crate::delay_windows::table::{DelayWindows, TapRow};
use crate::instructions::Instructions;
use crate::rows::row_stride;
use crate::vector::{HotLoop, Simd, Vector};
use serde::Serialize;
use std::hint::black_box;
use std::iter::once;
use std::time::Instant;

/// Best rates of one core with one instruction set, measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MachineRates {
    /// Multiply-adds of `f32` per second, operands in registers.
    pub multiply_adds_per_s: f64,
    /// Bytes read per second from 16 KiB, which stay in the nearest cache.
    pub nearest_bytes_per_s: f64,
    /// Bytes read per second from 256 KiB, which stay in the next cache.
    pub next_bytes_per_s: f64,
    /// Bytes read per second from 128 MiB, which stay in no cache.
    pub memory_bytes_per_s: f64,
    /// Bursts of spikes times synapses of three taps added to rows per second, rows in the nearest
    /// cache.
    pub scattered_per_s: f64,
    /// Bursts of spikes times synapses of three taps collected from rows per second.
    pub gathered_per_s: f64,
}

/// Seconds that one measurement is meant to take.
const LONG_ENOUGH: f64 = 0.02;

/// Measurements of a rate, of which the best counts.
const TRIES: usize = 5;

impl MachineRates {
    /// Measures on the calling thread: about a second.
    ///
    /// # Panics
    /// If the processor does not have the instructions.
    pub fn measure(isa: Instructions) -> Self {
        assert!(Instructions::available().contains(&isa), "this processor has no {}", isa.name());
        let read = |bytes: usize| {
            let mut numbers = Aligned::default();
            let numbers = numbers.resize(bytes / 4);
            numbers.fill(1.0);
            bytes as f64
                * best_rate(|rounds| {
                    let mut out = [0.0; ANY_VECTOR];
                    // SAFETY: the processor has the instructions; `numbers` holds whole tiles.
                    unsafe { isa.run(Read { numbers, rounds, out: &mut out }) };
                    black_box(out);
                })
        };
        let multiply_adds = best_rate(|rounds| {
            let mut out = [0.0; ANY_VECTOR];
            // SAFETY: the processor has the instructions.
            unsafe { isa.run(MultiplyAdd { rounds, out: &mut out }) };
            black_box(out);
        });
        let (scattered, gathered) = bursts(isa);
        Self {
            multiply_adds_per_s: multiply_adds * (TILE * isa.lanes()) as f64,
            nearest_bytes_per_s: read(16 << 10),
            next_bytes_per_s: read(256 << 10),
            memory_bytes_per_s: read(128 << 20),
            scattered_per_s: scattered,
            gathered_per_s: gathered,
        }
    }
}

/// Rounds per second of `f(rounds)`, best of a few tries.
fn best_rate(mut f: impl FnMut(usize)) -> f64 {
    let mut rounds = 1;
    let mut seconds = |rounds: usize| {
        let start = Instant::now();
        f(rounds);
        start.elapsed().as_secs_f64()
    };
    while rounds < 1 << 40 && seconds(rounds) < LONG_ENOUGH {
        rounds *= 2;
    }
    (0..TRIES).map(|_| rounds as f64 / seconds(rounds)).fold(0.0, f64::max)
}

/// Scattered and gathered bursts times synapses per second, of synapses with delays as in training.
fn bursts(isa: Instructions) -> (f64, f64) {
    const SYNAPSES: usize = 32;
    const STEPS: usize = 112;
    const TAPS: usize = 3;
    const LONGEST: usize = 22;
    let stride = row_stride(STEPS + LONGEST + DelayWindows::touched_for(TAPS));
    let mut table = DelayWindows::default();
    table.fill(SYNAPSES, TAPS, |synapse, taps| {
        taps.value.fill(0.01);
        taps.slope.fill(0.0);
        TapRow {
            first: (synapse * 7 % (LONGEST + 1)) as u32,
            row: (synapse * stride) as u32,
            weight: 1.0,
        }
    });
    let mut rows = Aligned::default();
    let rows = rows.resize(SYNAPSES * stride);
    let mut sums = vec![0.0; SYNAPSES * table.stride()];
    // Single spikes, too far apart for one burst.
    let spikes: Vec<u32> = (0..STEPS as u32).step_by(8).collect();
    let mut trains = Bursts::default();
    trains.refill(once((&spikes[..], &vec![1.0; spikes.len()][..])), TAPS);
    let train = trains.channel(0);
    let each = (SYNAPSES * spikes.len()) as f64;
    let scattered = best_rate(|rounds| {
        rows.fill(0.0);
        (0..rounds).for_each(|_| table.scatter_bursts(isa, once((train, 0..SYNAPSES)), rows));
    });
    let gathered = best_rate(|rounds| {
        (0..rounds).for_each(|_| {
            table.gather_bursts(isa, once((train, 0..SYNAPSES)), rows, (0, &mut sums))
        });
    });
    black_box(sums);
    (each * scattered, each * gathered)
}

/// Sums in flight.
const TILE: usize = 10;

/// As many numbers as any vector has.
const ANY_VECTOR: usize = 16;

/// Multiplies and adds in registers.
struct MultiplyAdd<'a> {
    rounds: usize,
    out: &'a mut [f32; ANY_VECTOR],
}

impl HotLoop for MultiplyAdd<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the processor has the instructions; no vector is longer than `out`.
        unsafe {
            let (factor, mut sum) = (S::Full::splat(black_box(0.5)), [S::Full::splat(1.0); TILE]);
            for _ in 0..self.rounds {
                for v in 0..TILE {
                    sum[v] = factor.add_product(sum[v], factor);
                }
            }
            store_total(sum, self.out);
        }
    }

    fn run_scalar(self) {
        let (factor, mut sum) = (black_box(0.5), [[1.0f32; ANY_VECTOR]; TILE]);
        for _ in 0..self.rounds {
            sum.as_flattened_mut().iter_mut().for_each(|sum| *sum = factor + *sum * factor);
        }
        self.out.copy_from_slice(&black_box(sum)[0]);
    }
}

/// Reads and adds up numbers.
struct Read<'a> {
    numbers: &'a [f32],
    rounds: usize,
    out: &'a mut [f32; ANY_VECTOR],
}

impl HotLoop for Read<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the processor has the instructions; tiles stay inside the numbers; no vector is
        // longer than `out`.
        unsafe {
            let (one, mut sum) = (S::Full::splat(1.0), [S::Full::splat(0.0); TILE]);
            for _ in 0..self.rounds {
                for tile in self.numbers.chunks_exact(TILE * S::Full::LANES) {
                    for v in 0..TILE {
                        sum[v] = sum[v]
                            .add_product(one, S::Full::load(tile.as_ptr().add(v * S::Full::LANES)));
                    }
                }
            }
            store_total(sum, self.out);
        }
    }

    fn run_scalar(self) {
        let mut sum = [0.0f32; ANY_VECTOR];
        for _ in 0..self.rounds {
            for numbers in self.numbers.as_chunks::<ANY_VECTOR>().0 {
                sum.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
            }
        }
        *self.out = sum;
    }
}

#[inline(always)]
unsafe fn store_total<V: Vector>(sum: [V; TILE], out: &mut [f32; ANY_VECTOR]) {
    // SAFETY: no vector is longer than `out`.
    unsafe {
        let one = V::splat(1.0);
        sum.into_iter()
            .fold(
                V::splat(0.0),
                #[inline(always)]
                |total, sum| total.add_product(one, sum),
            )
            .store(out.as_mut_ptr());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_a_computer() {
        let rates = MachineRates::measure(Instructions::detect());
        let MachineRates {
            multiply_adds_per_s,
            nearest_bytes_per_s,
            memory_bytes_per_s,
            scattered_per_s,
            gathered_per_s,
            ..
        } = rates;
        for rate in [
            multiply_adds_per_s,
            nearest_bytes_per_s,
            memory_bytes_per_s,
            scattered_per_s,
            gathered_per_s,
        ] {
            assert!((1e6..1e13).contains(&rate), "{rates:?}");
        }
    }
}
