//! Made-up spike data whose classes differ in spike timing only ("Randman").
//!
//! Every class has smooth random manifolds of dimension `D` in the space of firing times. A sample
//! is a uniform random point `x` in `[0, 1]^D`; neuron `n` fires its spike `s` at the coordinate of
//! the embedded point, stretched to fill the duration. Every neuron fires exactly
//! `spikes_per_neuron` times in every sample, so counts carry no information. With random `a`, `b`,
//! `c` in `[0, 1)` for every class, spike, neuron, dimension and frequency:
//!
//! ```text
//! f(x) = prod_d sum_{k=0}^{K-1} a_dk / (k+1)^smoothness * sin(2 pi (k b_dk x_d + c_dk))
//! a_d0 = 0
//! K    = min(ceil(0.01^(-1/smoothness)), 1000)
//! t    = duration * (f(x) - min f) / (max f - min f)
//! ```
//! Reference: [Zenke 2021], <https://github.com/fzenke/randman>. *What differs from the reference*:
//! `min f` and `max f` come from probe points of their own instead of the samples drawn, so that a
//! sample does not depend on how many others there are; values outside are clamped. Jitter and
//! stretch are additions.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use sim_core::{Purpose, Seed};

use crate::error::Result;
use crate::new_samples::NewSample;
use crate::recordings::SpikeRecordings;
use crate::spike_times::TimeType;

/// Most spikes of all samples together: four times those of SHD's training file, 1.6 GB.
const MAX_SPIKES: usize = 1 << 28;
/// Most samples of all classes together; labels and offsets take about 1 GB.
const MAX_SAMPLES: usize = 1 << 25;
/// Most sine waves of all manifolds together, 3.2 GB.
const MAX_WAVES: usize = 1 << 27;

/// Points at which the range of a manifold's coordinates is measured.
const PROBES: usize = 256;

/// Parameters of the made-up data; see the module's equations. All together may ask for at most
/// 2^28 spikes, 2^25 samples and 2^27 sine waves (`classes * spikes_per_neuron * neurons *
/// dimension * K`), which keeps memory to some GB.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Randman {
    /// Number of classes. Default 10, in 2..=1000.
    pub classes: usize,
    /// Number of neurons, which are the channels. Default 70, in 1..=65536.
    pub neurons: usize,
    /// Spikes of each neuron in each sample. Default 1, in 1..=100.
    pub spikes_per_neuron: usize,
    /// Samples of each class. Default 200, in 1..=10000000.
    pub samples_per_class: usize,
    /// Time in which all spikes lie, in ms, before jitter and stretch. Default 200, must be > 0.
    pub duration_ms: f64,
    /// Dimension of a manifold: how many ways there are for samples of one class to differ. Default
    /// 1, in 1..=16.
    pub dimension: usize,
    /// Exponent of the spectrum's decay: large is smooth, and easy. Default 2, in 0.7..=20.
    pub smoothness: f64,
    /// Standard deviation in ms of a Gaussian shift of every single spike; times that become
    /// negative count as zero. Default 0.
    pub jitter_ms: f64,
    /// Every sample plays faster or slower by a factor uniform in `1 - stretch ..= 1 + stretch`.
    /// Default 0, in 0..=0.9.
    pub stretch: f64,
}

impl Default for Randman {
    fn default() -> Self {
        Self {
            classes: 10,
            neurons: 70,
            spikes_per_neuron: 1,
            samples_per_class: 200,
            duration_ms: 200.0,
            dimension: 1,
            smoothness: 2.0,
            jitter_ms: 0.0,
            stretch: 0.0,
        }
    }
}

impl Randman {
    /// Checks every field, and the products of fields that memory is needed for.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) that names the first field or product out of
    /// range.
    pub fn check(&self) -> Result<()> {
        let check = |field: &str, value, ok, allowed: &str| {
            sim_core::Error::check(field, value, ok, allowed)
        };
        let integer = |name: &str, value: usize, max: usize, allowed: &str| {
            check(name, value as f64, (1..=max).contains(&value), allowed)
        };
        check(
            "Randman::classes",
            self.classes as f64,
            (2..=1000).contains(&self.classes),
            "from 2 to 1000",
        )?;
        integer("Randman::neurons", self.neurons, 1 << 16, "from 1 to 65536")?;
        integer("Randman::spikes_per_neuron", self.spikes_per_neuron, 100, "from 1 to 100")?;
        integer(
            "Randman::samples_per_class",
            self.samples_per_class,
            10_000_000,
            "from 1 to 10000000",
        )?;
        integer("Randman::dimension", self.dimension, 16, "from 1 to 16")?;
        let duration = self.duration_ms > 0.0 && self.duration_ms <= 1e6;
        check("Randman::duration_ms", self.duration_ms, duration, "> 0 and at most 1000000")?;
        check(
            "Randman::smoothness",
            self.smoothness,
            (0.7..=20.0).contains(&self.smoothness),
            "from 0.7 to 20",
        )?;
        check("Randman::jitter_ms", self.jitter_ms, self.jitter_ms >= 0.0, ">= 0")?;
        check(
            "Randman::stretch",
            self.stretch,
            (0.0..=0.9).contains(&self.stretch),
            "from 0 to 0.9",
        )?;

        let samples = self.classes * self.samples_per_class;
        let coordinates = self.neurons * self.spikes_per_neuron;
        let products = [
            (
                "spikes (classes * samples_per_class * neurons * spikes_per_neuron)",
                samples * coordinates,
                MAX_SPIKES,
            ),
            ("samples (classes * samples_per_class)", samples, MAX_SAMPLES),
        ];
        for (what, value, most) in products {
            let allowed = format!("smaller: at most {most} {what} are made, but there are {value}");
            let samples = self.samples_per_class as f64;
            check("Randman::samples_per_class", samples, value <= most, &allowed)?;
        }
        let waves = self.waves();
        let allowed = format!(
            "larger, or dimension, neurons or classes smaller: at most {MAX_WAVES} sine waves are \
             added up, but there are {waves}"
        );
        check("Randman::smoothness", self.smoothness, waves <= MAX_WAVES, &allowed)?;
        Ok(())
    }

    /// Number of sine waves in each dimension of a coordinate.
    fn frequencies(&self) -> usize {
        0.01f64.powf(-1.0 / self.smoothness).ceil().min(1000.0) as usize
    }

    /// Number of sine waves of all manifolds.
    fn waves(&self) -> usize {
        self.classes * self.spikes_per_neuron * self.neurons * self.dimension * self.frequencies()
    }

    /// Makes the recordings: sample `i` is of class `i % classes`, so that any run of samples is
    /// balanced. The same seed gives the same data, and a sample does not depend on how many there
    /// are.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) as [`check`](Self::check).
    pub fn recordings(&self, seed: Seed) -> Result<SpikeRecordings> {
        self.check()?;
        let manifolds: Vec<Manifold> = (0..self.classes * self.spikes_per_neuron)
            .map(|index| Manifold::new(self, seed, index as u64))
            .collect();
        let of_class: Vec<&[Manifold]> = manifolds.chunks_exact(self.spikes_per_neuron).collect();
        let samples = (0..self.classes * self.samples_per_class).map(|sample| {
            let class = sample % self.classes;
            // Stream 0 of each number belongs to a manifold.
            let rng =
                seed.stream(Purpose::Synthesis, class as u64, (sample / self.classes) as u64 + 1);
            self.sample(of_class[class], class as u16, rng)
        });
        SpikeRecordings::from_samples(
            "random manifolds",
            self.neurons,
            self.classes,
            TimeType::Float32,
            samples,
        )
    }

    fn sample(&self, manifolds: &[Manifold], label: u16, mut rng: impl Rng) -> NewSample {
        let point: Vec<f64> = (0..self.dimension).map(|_| rng.random()).collect();
        let factor = if self.stretch > 0.0 {
            rng.random_range(1.0 - self.stretch..=1.0 + self.stretch)
        } else {
            1.0
        };
        let mut spikes = Vec::with_capacity(self.neurons * manifolds.len());
        for manifold in manifolds {
            for (unit, coordinate) in manifold.embed(&point).enumerate() {
                let jitter_ms = if self.jitter_ms > 0.0 {
                    self.jitter_ms * rng.sample::<f64, _>(StandardNormal)
                } else {
                    0.0
                };
                let t_ms = (self.duration_ms * factor * coordinate + jitter_ms).max(0.0);
                spikes.push((t_ms / 1000.0, unit as u16));
            }
        }
        spikes.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let (seconds, units) = spikes.into_iter().unzip();
        NewSample { seconds, units, label }
    }
}

/// One sine wave `amplitude * sin(frequency * x + phase)`.
struct Wave {
    amplitude: f64,
    frequency: f64,
    phase: f64,
}

/// A smooth random map from `[0, 1]^D` to `[0, 1]` for each neuron.
struct Manifold {
    dimension: usize,
    /// `[neurons, dimension, frequencies]`.
    waves: Vec<Wave>,
    frequencies: usize,
    /// Smallest value of each neuron's function, and one over its span.
    range: Vec<(f64, f64)>,
}

impl Manifold {
    fn new(parameters: &Randman, seed: Seed, index: u64) -> Self {
        let mut rng = seed.stream(Purpose::Synthesis, index, 0);
        let frequencies = parameters.frequencies();
        let mut waves = Vec::with_capacity(parameters.neurons * parameters.dimension * frequencies);
        for _ in 0..parameters.neurons * parameters.dimension {
            for k in 0..frequencies {
                let [a, b, c]: [f64; 3] = rng.random();
                let amplitude =
                    if k == 0 { 0.0 } else { a * ((k + 1) as f64).powf(-parameters.smoothness) };
                waves.push(Wave { amplitude, frequency: TAU * k as f64 * b, phase: TAU * c });
            }
        }
        let mut manifold = Self {
            dimension: parameters.dimension,
            waves,
            frequencies,
            range: vec![(0.0, 1.0); parameters.neurons],
        };
        let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY); parameters.neurons];
        for _ in 0..PROBES {
            let point: Vec<f64> = (0..parameters.dimension).map(|_| rng.random()).collect();
            for (end, value) in ends.iter_mut().zip(manifold.values(&point)) {
                *end = (end.0.min(value), end.1.max(value));
            }
        }
        manifold.range = ends
            .iter()
            .map(|&(min, max)| (min, 1.0 / (max - min).max(f64::MIN_POSITIVE)))
            .collect();
        manifold
    }

    /// The function `f` of every neuron at one point.
    fn values(&self, point: &[f64]) -> impl Iterator<Item = f64> {
        self.waves.chunks_exact(self.dimension * self.frequencies).map(move |neuron| {
            let sum = |(waves, x): (&[Wave], &f64)| {
                waves
                    .iter()
                    .map(|wave| wave.amplitude * (wave.frequency * x + wave.phase).sin())
                    .sum::<f64>()
            };
            neuron.chunks_exact(self.frequencies).zip(point).map(sum).product()
        })
    }

    /// The point's coordinates, one for each neuron, in `[0, 1]`.
    fn embed(&self, point: &[f64]) -> impl Iterator<Item = f64> {
        self.values(point)
            .zip(&self.range)
            .map(|(value, (min, per_span))| ((value - min) * per_span).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests;
