//! Made-up spike data whose classes differ only in how late channels repeat others ("Echo").
//!
//! Channels come in `pairs`: channel `i` is a source, channel `pairs + i` its echo. Time is cut
//! into `cells` of `cell_ms`, and every channel fires exactly once in every cell. With `u` and `w`
//! independent and uniform in `[0, 1)`, the spikes of pair `i` in cell `k` of a sample of class `c`
//! come at
//!
//! ```text
//! source: (k + u_ik) cell
//! echo:   (k + v_ik) cell,   v_ik = u_i(k - lag_c)   with probability `fidelity`, where k >= lag_c
//!                            v_ik = w_ik             otherwise
//! lag_c = shortest_lag + c   in cells
//! ```
//! An echo repeats the places inside cells. So all spikes of all channels within `shortest_lag`
//! successive cells are independent and uniform in every class: counts, means, variances, orders
//! and coincidences of spikes nearer than that tell nothing, and neither does the place in the
//! sample. Classes differ only in how spikes that are one lag apart depend on each other, and the
//! source fires again in each of the `lag_c` cells between the two.
//!
//! Copies of spikes after a class's delay tell whether a network can hold times and not just
//! order; the task is our own.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use sim_core::{Purpose, Seed};
use std::ops::RangeInclusive;

use crate::error::Result;
use crate::new_samples::NewSample;
use crate::recordings::SpikeRecordings;
use crate::spike_times::TimeType;

/// Most spikes of all samples together: four times those of SHD's training file, 1.6 GB.
const MAX_SPIKES: usize = 1 << 28;
/// Most samples of all classes together; labels and offsets take about 1 GB.
const MAX_SAMPLES: usize = 1 << 25;
/// Most channels, as many as units are numbered.
const MAX_CHANNELS: usize = 1 << 16;

/// Parameters of the made-up data; see the module's equations. All together may ask for at most
/// 2^28 spikes and 2^25 samples, which keeps memory to some GB.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Echo {
    /// Number of classes, each with a lag of its own. Default 5, in 2..=1000.
    pub classes: usize,
    /// Pairs of a source and its echo, which makes twice as many channels. Default 10, in
    /// 1..=32768.
    pub pairs: usize,
    /// Samples of each class. Default 1000, in 1..=10000000.
    pub samples_per_class: usize,
    /// Cells of a sample, and so the spikes of each channel. Default 16, in 2..=100000, and more
    /// than the longest lag, `shortest_lag + classes - 1`.
    pub cells: usize,
    /// Length of a cell in ms. Default 20, above 0 and at most 10000. Where it is not a whole
    /// number of steps, an echo comes up to one step off.
    pub cell_ms: f64,
    /// Lag of the echoes of class 0 in cells; each further class has one cell more. Default 5, at
    /// least 1.
    pub shortest_lag: usize,
    /// Probability that the spike of an echo repeats its source. Default 1, above 0 and at most 1.
    pub fidelity: f64,
}

impl Default for Echo {
    fn default() -> Self {
        Self {
            classes: 5,
            pairs: 10,
            samples_per_class: 1000,
            cells: 16,
            cell_ms: 20.0,
            shortest_lag: 5,
            fidelity: 1.0,
        }
    }
}

impl Echo {
    /// Number of channels, sources before echoes.
    pub fn channels(&self) -> usize {
        2 * self.pairs
    }

    /// Checks every field, and the products of fields that memory is needed for.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) that names the first field or product out of
    /// range.
    pub fn check(&self) -> Result<()> {
        let check = |field: &str, value, ok, allowed: &str| {
            sim_core::Error::check(field, value, ok, allowed)
        };
        let integer = |name: &str, value: usize, range: RangeInclusive<usize>| {
            let allowed = format!("from {} to {}", range.start(), range.end());
            check(&format!("Echo::{name}"), value as f64, range.contains(&value), &allowed)
        };
        integer("classes", self.classes, 2..=1000)?;
        integer("pairs", self.pairs, 1..=MAX_CHANNELS / 2)?;
        integer("samples_per_class", self.samples_per_class, 1..=10_000_000)?;
        integer("cells", self.cells, 2..=100_000)?;
        let cell = self.cell_ms > 0.0 && self.cell_ms <= 10_000.0;
        check("Echo::cell_ms", self.cell_ms, cell, "above 0 and at most 10000")?;
        integer("shortest_lag", self.shortest_lag, 1..=100_000)?;
        let longest = self.lag(self.classes - 1);
        check(
            "Echo::shortest_lag + classes - 1",
            longest as f64,
            longest < self.cells,
            &format!("below cells, {}", self.cells),
        )?;
        let fidelity = self.fidelity > 0.0 && self.fidelity <= 1.0;
        check("Echo::fidelity", self.fidelity, fidelity, "above 0 and at most 1")?;

        let samples = self.classes * self.samples_per_class;
        let products = [
            (
                "spikes (classes * samples_per_class * 2 * pairs * cells)",
                samples * self.channels() * self.cells,
                MAX_SPIKES,
            ),
            ("samples (classes * samples_per_class)", samples, MAX_SAMPLES),
        ];
        for (what, value, most) in products {
            let allowed = format!("smaller: at most {most} {what} are made, but there are {value}");
            check(
                "Echo::samples_per_class",
                self.samples_per_class as f64,
                value <= most,
                &allowed,
            )?;
        }
        Ok(())
    }

    /// Lag of a class's echoes in cells.
    fn lag(&self, class: usize) -> usize {
        self.shortest_lag + class
    }

    /// Makes the recordings: sample `i` is of class `i % classes`, so that any run of samples is
    /// balanced. The same seed gives the same data, and a sample does not depend on how many there
    /// are.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) as [`check`](Self::check).
    pub fn recordings(&self, seed: Seed) -> Result<SpikeRecordings> {
        self.check()?;
        let samples = (0..self.classes * self.samples_per_class).map(|sample| {
            let class = sample % self.classes;
            let rng = seed.stream(Purpose::Synthesis, class as u64, (sample / self.classes) as u64);
            self.sample(class, rng)
        });
        SpikeRecordings::from_samples(
            "echoes",
            self.channels(),
            self.classes,
            TimeType::Float32,
            samples,
        )
    }

    fn sample(&self, class: usize, mut rng: impl Rng) -> NewSample {
        let lag = self.lag(class);
        let mut spikes = Vec::with_capacity(self.channels() * self.cells);
        let mut source = vec![0.0; self.cells];
        for pair in 0..self.pairs {
            source.fill_with(|| rng.random());
            for cell in 0..self.cells {
                let fresh: f64 = rng.random();
                let repeats = rng.random::<f64>() < self.fidelity;
                let echo = match cell.checked_sub(lag) {
                    Some(earlier) if repeats => source[earlier],
                    _ => fresh,
                };
                spikes.push((self.seconds(cell, source[cell]), pair as u16));
                spikes.push((self.seconds(cell, echo), (self.pairs + pair) as u16));
            }
        }
        spikes.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let (seconds, units) = spikes.into_iter().unzip();
        NewSample { seconds, units, label: class as u16 }
    }

    fn seconds(&self, cell: usize, place: f64) -> f64 {
        (cell as f64 + place) * self.cell_ms / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Echo {
        Echo { pairs: 3, samples_per_class: 200, ..Echo::default() }
    }

    /// Places inside their cells, `[channel][cell]`; every channel fires once in each.
    fn places(echo: &Echo, recordings: &SpikeRecordings, sample: usize) -> Vec<Vec<f64>> {
        let mut places = vec![Vec::new(); echo.channels()];
        for (second, &unit) in recordings.seconds(sample).zip(recordings.units(sample)) {
            let cell = second * 1000.0 / echo.cell_ms;
            let of_unit = &mut places[usize::from(unit)];
            of_unit.push(cell - of_unit.len() as f64);
        }
        places
    }

    /// All samples of each class.
    fn by_class(echo: &Echo) -> Vec<Vec<Vec<Vec<f64>>>> {
        let recordings = echo.recordings(Seed(1)).unwrap();
        let mut classes = vec![Vec::new(); echo.classes];
        for sample in 0..recordings.len() {
            classes[recordings.label(sample)].push(places(echo, &recordings, sample));
        }
        classes
    }

    /// Mean of independent numbers, and how far from `expected` it is in standard errors.
    fn errors_off(numbers: impl Iterator<Item = f64>, expected: f64) -> f64 {
        let numbers: Vec<f64> = numbers.collect();
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean - expected).abs() / (variance / n).sqrt()
    }

    #[test]
    fn every_channel_fires_once_in_every_cell() {
        for echo in [small(), Echo { cell_ms: 7.3, fidelity: 0.5, ..small() }] {
            let recordings = echo.recordings(Seed(2)).unwrap();
            assert_eq!(
                (recordings.len(), recordings.channels(), recordings.classes()),
                (1000, 6, 5)
            );
            for sample in 0..recordings.len() {
                assert_eq!(recordings.label(sample), sample % 5);
                for channel in places(&echo, &recordings, sample) {
                    assert_eq!(channel.len(), echo.cells);
                    // Times are stored in single precision.
                    assert!(channel.iter().all(|place| (-1e-5..1.00001).contains(place)));
                }
            }
        }
    }

    #[test]
    fn an_echo_repeats_its_source_after_the_lag_of_the_class() {
        let echo = Echo { fidelity: 0.6, samples_per_class: 40, ..small() };
        for (class, samples) in by_class(&echo).iter().enumerate() {
            for lag in 0..echo.cells {
                let repeats = |places: &Vec<Vec<f64>>| {
                    let same = |pair: usize, cell: usize| {
                        (places[pair][cell - lag] - places[pair + 3][cell]).abs() < 1e-4
                    };
                    let cells = (0..3).flat_map(|pair| (lag..16).map(move |cell| (pair, cell)));
                    let all: Vec<bool> = cells.map(|(pair, cell)| same(pair, cell)).collect();
                    all.iter().filter(|&&same| same).count() as f64 / all.len() as f64
                };
                let share = samples.iter().map(repeats).sum::<f64>() / samples.len() as f64;
                if lag == echo.shortest_lag + class {
                    assert!((share - 0.6).abs() < 0.06, "class {class}: {share}");
                } else {
                    assert!(share < 0.01, "class {class}, lag {lag}: {share}");
                }
            }
        }
    }

    /// Of each class alone, against what independent and uniform places have.
    #[test]
    fn nothing_nearer_than_the_shortest_lag_tells_the_class() {
        let echo = Echo { samples_per_class: 400, ..small() };
        for (class, samples) in by_class(&echo).iter().enumerate() {
            for one in 0..echo.channels() {
                let all = || samples.iter().flat_map(|places| places[one].iter().copied());
                assert!(errors_off(all(), 0.5) < 5.0, "class {class}, channel {one}: mean");
                let squares = all().map(|place| (place - 0.5).powi(2));
                assert!(errors_off(squares, 1.0 / 12.0) < 5.0, "class {class}, channel {one}");
                for other in 0..echo.channels() {
                    for lag in usize::from(one >= other)..echo.shortest_lag {
                        let pairs = || {
                            samples.iter().flat_map(move |places| {
                                places[one].iter().zip(&places[other][lag..])
                            })
                        };
                        let text = format!("class {class}, {other} {lag} cells after {one}");
                        let products = pairs().map(|(a, b)| (a - 0.5) * (b - 0.5));
                        assert!(errors_off(products, 0.0) < 5.0, "{text}: covariance");
                        let earlier = pairs().map(|(a, b)| f64::from(a < b));
                        assert!(errors_off(earlier, 0.5) < 5.0, "{text}: order");
                        let close = pairs().map(|(a, b)| f64::from((a - b).abs() < 0.2));
                        assert!(errors_off(close, 0.36) < 5.0, "{text}: coincidences");
                    }
                }
            }
        }
    }

    #[test]
    fn the_lag_tells_the_class() {
        let echo = small();
        for (class, samples) in by_class(&echo).iter().enumerate() {
            for places in samples {
                // The lag at which echoes are nearest to their sources.
                let distance = |lag: usize| {
                    let of_pair = |pair: usize| {
                        let pairs = places[pair].iter().zip(&places[pair + 3][lag..]);
                        pairs.map(|(a, b)| (a - b).abs()).sum::<f64>() / (16 - lag) as f64
                    };
                    (0..3).map(of_pair).sum::<f64>()
                };
                let nearest = (5..10).min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
                assert_eq!(nearest, Some(5 + class));
            }
        }
    }

    #[test]
    fn the_seed_fixes_the_data_and_a_sample_stands_alone() {
        let make = |samples_per_class, seed| {
            Echo { samples_per_class, fidelity: 0.9, ..small() }.recordings(Seed(seed)).unwrap()
        };
        let recordings = make(6, 3);
        assert_eq!(recordings, make(6, 3));
        assert_ne!(recordings, make(6, 4));
        assert_eq!(recordings, make(9, 3).select(&(0..30).collect::<Vec<_>>()));
    }

    #[test]
    fn wrong_fields_are_named() {
        for (echo, message) in [
            (Echo { classes: 1, ..small() }, "Echo::classes is 1, but must be from 2 to 1000"),
            (Echo { pairs: 0, ..small() }, "Echo::pairs is 0, but must be from 1 to 32768"),
            (
                Echo { pairs: 32_769, ..small() },
                "Echo::pairs is 32769, but must be from 1 to 32768",
            ),
            (
                Echo { cells: 9, ..small() },
                "Echo::shortest_lag + classes - 1 is 9, but must be below cells, 9",
            ),
            (
                Echo { shortest_lag: 0, ..small() },
                "Echo::shortest_lag is 0, but must be from 1 to 100000",
            ),
            (
                Echo { cell_ms: f64::NAN, ..small() },
                "Echo::cell_ms is NaN, but must be above 0 and at most 10000",
            ),
            (
                Echo { fidelity: 1.5, ..small() },
                "Echo::fidelity is 1.5, but must be above 0 and at most 1",
            ),
            (
                Echo { pairs: 32_768, samples_per_class: 10_000_000, ..small() },
                "Echo::samples_per_class is 10000000, but must be smaller: at most 268435456 \
                 spikes (classes * samples_per_class * 2 * pairs * cells) are made, but there are \
                 52428800000000",
            ),
            (
                Echo {
                    classes: 4,
                    pairs: 1,
                    cells: 5,
                    shortest_lag: 1,
                    samples_per_class: 10_000_000,
                    ..small()
                },
                "Echo::samples_per_class is 10000000, but must be smaller: at most 268435456 \
                 spikes (classes * samples_per_class * 2 * pairs * cells) are made, but there are \
                 400000000",
            ),
        ] {
            assert_eq!(echo.recordings(Seed(0)).unwrap_err().to_string(), message);
        }
        assert!(toml::from_str::<Echo>("lag = 3").is_err());
    }
}
