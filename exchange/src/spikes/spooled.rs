//! Spikes that wait on the disk until their number is known: the formats that begin a column with
//! its length need them.
//!
//! A time is stored once for all spikes that share it, a neuron in 4 bytes where its population
//! allows it; the columns of the file are made from that at the end.

use crate::error::Result;
use crate::log::LogLayout;
use crate::spool::{Column, Spool};
use std::path::Path;

/// Entries that are laid out at a time.
const CHUNK: usize = 1 << 13;
/// Bytes of a time and the number of its spikes.
const RUN: usize = 12;

/// The spikes of a log.
#[derive(Debug)]
pub(crate) struct SpooledSpikes {
    spool: Spool,
    populations: Vec<Population>,
}

#[derive(Debug, Default)]
struct Population {
    /// Times (`f64`) with the number of their spikes (`u32`).
    runs: Column,
    /// Neurons, `u64` or `u32`.
    neurons: Column,
    is_wide: bool,
    /// The last time and the number of its spikes, not yet in `runs`.
    run: (f64, u32),
    spikes: u64,
}

/// Takes bytes of a file in their order.
pub(crate) type Put<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

impl SpooledSpikes {
    /// No spikes yet, of the log that is going to be at `path`.
    pub(crate) fn new(path: &Path, layout: &LogLayout) -> Self {
        let population = |(_, size): &(String, usize)| Population {
            is_wide: u32::try_from(*size).is_err(),
            ..Population::default()
        };
        let populations: Vec<_> = layout.populations().iter().map(population).collect();
        Self { spool: Spool::new(path, 2 * populations.len()), populations }
    }

    /// Adds spikes of a population.
    pub(crate) fn add(&mut self, population: usize, times: &[f64], neurons: &[u64]) -> Result<()> {
        let Self { spool, populations } = self;
        let population = &mut populations[population];
        let mut rest = times;
        while let [time, ..] = *rest {
            let same = rest.iter().take_while(|other| other.to_bits() == time.to_bits()).count();
            rest = &rest[same..];
            population.extend_run(spool, time, same)?;
        }
        population.spikes += neurons.len() as u64;
        let mut bytes = [0; 8 * 512];
        for neurons in neurons.chunks(512) {
            let length = if population.is_wide {
                for (entry, neuron) in bytes.chunks_exact_mut(8).zip(neurons) {
                    entry.copy_from_slice(&neuron.to_le_bytes());
                }
                8 * neurons.len()
            } else {
                for (entry, neuron) in bytes.chunks_exact_mut(4).zip(neurons) {
                    entry.copy_from_slice(&(*neuron as u32).to_le_bytes());
                }
                4 * neurons.len()
            };
            spool.append(&mut population.neurons, &bytes[..length])?;
        }
        Ok(())
    }

    /// Number of spikes of a population.
    pub(crate) fn count(&self, population: usize) -> u64 {
        self.populations[population].spikes
    }

    /// The last time of a population in ms; 0 without spikes.
    pub(crate) fn last_ms(&self, population: usize) -> f64 {
        self.populations[population].run.0
    }

    /// Lays out the times of a population as 64-bit floats, each as `unit` makes it of a time in
    /// ms.
    pub(crate) fn put_times(
        &mut self,
        population: usize,
        unit: impl Fn(f64) -> f64,
        put: Put<'_>,
    ) -> Result<()> {
        let Self { spool, populations } = self;
        let Population { runs, run, .. } = &populations[population];
        let mut bytes = Vec::with_capacity(8 * CHUNK);
        let mut lay_out = |time: f64, mut count: usize| -> Result<()> {
            let time = unit(time).to_le_bytes();
            while count > 0 {
                let now = count.min(CHUNK - bytes.len() / 8);
                (0..now).for_each(|_| bytes.extend_from_slice(&time));
                count -= now;
                if bytes.len() == 8 * CHUNK {
                    put(&bytes)?;
                    bytes.clear();
                }
            }
            Ok(())
        };
        spool.read(runs, &mut |runs| {
            for run in runs.chunks_exact(RUN) {
                let (time, count) = run.split_at(8);
                let time = f64::from_le_bytes(time.try_into().expect("8 bytes"));
                let count = u32::from_le_bytes(count.try_into().expect("4 bytes"));
                lay_out(time, count as usize)?;
            }
            Ok(())
        })?;
        lay_out(run.0, run.1 as usize)?;
        put(&bytes)
    }

    /// Lays out the neurons of a population as 64-bit integers.
    pub(crate) fn put_neurons(&mut self, population: usize, put: Put<'_>) -> Result<()> {
        let Self { spool, populations } = self;
        let Population { neurons, is_wide, .. } = &populations[population];
        if *is_wide {
            return spool.read(neurons, put);
        }
        let mut bytes = vec![0; 8 * CHUNK];
        spool.read(neurons, &mut |neurons| {
            for neurons in neurons.chunks(4 * CHUNK) {
                for (wide, narrow) in bytes.chunks_exact_mut(8).zip(neurons.chunks_exact(4)) {
                    wide[..4].copy_from_slice(narrow);
                }
                put(&bytes[..2 * neurons.len()])?;
            }
            Ok(())
        })
    }

    /// The same spikes on a full disk.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn fill_disk(&mut self) {
        self.spool.fill_disk();
    }
}

impl Population {
    fn extend_run(&mut self, spool: &mut Spool, time: f64, mut spikes: usize) -> Result<()> {
        while spikes > 0 {
            let (last, count) = &mut self.run;
            let fits = spikes.min((u32::MAX - *count) as usize);
            if *count == 0 || (last.to_bits() == time.to_bits() && fits > 0) {
                *last = time;
                *count += fits as u32;
                spikes -= fits;
            } else {
                let mut bytes = [0; RUN];
                bytes[..8].copy_from_slice(&last.to_le_bytes());
                bytes[8..].copy_from_slice(&count.to_le_bytes());
                *count = 0;
                spool.append(&mut self.runs, &bytes)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_back_in_order_from_memory_and_disk() {
        let folder = tempfile::tempdir().unwrap();
        let size = |wide: bool| if wide { 1 << 40 } else { 1 << 20 };
        let populations = vec![("narrow".into(), size(false)), ("wide".into(), size(true))];
        let layout = LogLayout::new(populations, None).unwrap();
        let mut spikes = SpooledSpikes::new(&folder.path().join("log"), &layout);
        let mut expected = [(vec![], vec![]), (vec![], vec![])];
        for batch in 0..2000_u64 {
            let population = (batch % 3 == 0) as usize;
            let times: Vec<f64> =
                (0..batch % 150).map(|spike| (batch * 7 + spike / 50) as f64).collect();
            let limit = size(population == 1) as u64;
            let neurons: Vec<u64> =
                (0..times.len() as u64).map(|spike| (batch * 1_000_003 + spike) % limit).collect();
            spikes.add(population, &times, &neurons).unwrap();
            expected[population].0.extend(times);
            expected[population].1.extend(neurons);
        }
        for (population, (times, neurons)) in expected.into_iter().enumerate() {
            let (mut read_times, mut read_neurons) = (vec![], vec![]);
            spikes
                .put_times(population, |time| time, &mut |bytes| {
                    read_times.extend_from_slice(bytes);
                    Ok(())
                })
                .unwrap();
            spikes
                .put_neurons(population, &mut |bytes| {
                    read_neurons.extend_from_slice(bytes);
                    Ok(())
                })
                .unwrap();
            assert_eq!(spikes.count(population), times.len() as u64);
            assert!(read_times == times.iter().flat_map(|t| t.to_le_bytes()).collect::<Vec<_>>());
            assert!(
                read_neurons == neurons.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>()
            );
        }
    }
}
