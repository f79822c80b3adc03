//! Changed copies of a sample, a new one every epoch.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::binning::TimedSpike;
use crate::error::Result;

/// How a training sample is changed, in this order: blend, shift, drop, jitter. All are off by
/// default.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// All spikes of a sample move by the same whole number of units, uniform in `-n..=n`, counted
    /// before grouping; spikes that leave the range are dropped. EventProp on SHD uses 40 of 700
    /// [Nowotny 2025]. Default 0.
    pub channel_shift: u32,
    /// Standard deviation in ms of a Gaussian shift of every single spike; times that become
    /// negative count as zero. Default 0, in 0..=1000.
    pub time_jitter_ms: f64,
    /// Probability of losing a spike, each on its own. Default 0, in 0..1.
    pub spike_drop: f64,
    /// Probability of blending a sample with another training sample of its class: both move
    /// half-way to each other's centre of mass in time and units, then each spike of either is kept
    /// with probability 1/2, and spikes outside of time or units are dropped, as EventProp does
    /// [Nowotny 2025]. Default 0, in 0..=1.
    pub blend: f64,
}

impl Augmentation {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) that names the first field out of range.
    pub fn check(&self) -> Result<()> {
        let check = |field: &str, value, ok, allowed: &str| {
            sim_core::Error::check(field, value, ok, allowed)
        };
        check(
            "Augmentation::channel_shift",
            f64::from(self.channel_shift),
            self.channel_shift <= 1 << 16,
            "at most 65536",
        )?;
        check(
            "Augmentation::time_jitter_ms",
            self.time_jitter_ms,
            (0.0..=1000.0).contains(&self.time_jitter_ms),
            "from 0 to 1000",
        )?;
        check(
            "Augmentation::spike_drop",
            self.spike_drop,
            (0.0..1.0).contains(&self.spike_drop),
            "at least 0 and below 1",
        )?;
        Ok(check(
            "Augmentation::blend",
            self.blend,
            (0.0..=1.0).contains(&self.blend),
            "from 0 to 1",
        )?)
    }

    /// Whether nothing is changed at all.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// Changes the spikes of one sample with `units` units. `partner` draws another sample of the
    /// same class, puts the spikes of that sample into the list it is given, which is `other`, and
    /// returns whether there is such a sample.
    pub(crate) fn apply<R: Rng>(
        &self,
        spikes: &mut Vec<TimedSpike>,
        other: &mut Vec<TimedSpike>,
        units: usize,
        rng: &mut R,
        partner: impl FnOnce(&mut R, &mut Vec<TimedSpike>) -> bool,
    ) {
        if self.blend > 0.0 && rng.random_bool(self.blend) && partner(rng, other) {
            blend(spikes, other, units, rng);
        }
        if self.channel_shift > 0 {
            let n = i64::from(self.channel_shift);
            shift_units(spikes, rng.random_range(-n..=n), units);
        }
        if self.spike_drop > 0.0 {
            spikes.retain(|_| !rng.random_bool(self.spike_drop));
        }
        if self.time_jitter_ms > 0.0 {
            for spike in spikes {
                spike.t_ms += self.time_jitter_ms * rng.sample::<f64, _>(StandardNormal);
            }
        }
    }
}

/// Moves all spikes by `shift` units and drops those that leave `0..units`.
fn shift_units(spikes: &mut Vec<TimedSpike>, shift: i64, units: usize) {
    spikes.retain_mut(|spike| {
        let unit = i64::from(spike.unit) + shift;
        let inside = (0..units as i64).contains(&unit);
        if inside {
            spike.unit = unit as u16;
        }
        inside
    });
}

/// Leaves in `one` half of the spikes of each sample, after both moved half-way to each other's
/// centre of mass.
fn blend(one: &mut Vec<TimedSpike>, other: &mut Vec<TimedSpike>, units: usize, rng: &mut impl Rng) {
    if one.is_empty() || other.is_empty() {
        return;
    }
    let (centre, other_centre) = (centre_of_mass(one), centre_of_mass(other));
    let half_way = ((other_centre.0 - centre.0) / 2.0, (other_centre.1 - centre.1) / 2.0);
    for (spikes, sign) in [(&mut *one, 1.0), (&mut *other, -1.0)] {
        spikes.retain(|_| rng.random_bool(0.5));
        spikes.iter_mut().for_each(|spike| spike.t_ms += sign * half_way.0);
        spikes.retain(|spike| spike.t_ms >= 0.0);
        shift_units(spikes, (sign * half_way.1).round() as i64, units);
    }
    one.append(other);
}

/// Mean time in ms and mean unit of spikes, of which there is at least one.
fn centre_of_mass(spikes: &[TimedSpike]) -> (f64, f64) {
    let sum = spikes
        .iter()
        .fold((0.0, 0.0), |sum, spike| (sum.0 + spike.t_ms, sum.1 + f64::from(spike.unit)));
    (sum.0 / spikes.len() as f64, sum.1 / spikes.len() as f64)
}

#[cfg(test)]
mod tests {
    use sim_core::{Purpose, Seed};

    use super::*;

    fn spikes(count: usize, first_unit: u16, delay_ms: f64) -> Vec<TimedSpike> {
        (0..count)
            .map(|index| TimedSpike {
                t_ms: delay_ms + index as f64,
                unit: first_unit + (index % 50) as u16,
            })
            .collect()
    }

    fn apply(
        augmentation: Augmentation,
        sample: u64,
        partner: Option<Vec<TimedSpike>>,
    ) -> Vec<TimedSpike> {
        let mut rng = Seed(5).stream(Purpose::Augmentation, 0, sample);
        let (mut spikes, mut other) = (spikes(1000, 100, 0.0), Vec::new());
        augmentation.apply(&mut spikes, &mut other, 200, &mut rng, |_, other| {
            other.extend(partner.iter().flatten());
            partner.is_some()
        });
        spikes
    }

    #[test]
    fn off_changes_nothing() {
        assert!(Augmentation::default().is_off());
        assert_eq!(apply(Augmentation::default(), 0, None), spikes(1000, 100, 0.0));
    }

    #[test]
    fn a_shift_moves_all_units_alike_and_drops_what_leaves() {
        let augmentation = Augmentation { channel_shift: 90, ..Augmentation::default() };
        let mut shifts = Vec::new();
        for sample in 0..300 {
            let shifted = apply(augmentation, sample, None);
            let first = &shifted[0];
            let shift = i64::from(first.unit) - 100 - (first.t_ms as i64) % 50;
            let expected = spikes(1000, 100, 0.0)
                .into_iter()
                .filter(|spike| (0..200).contains(&(i64::from(spike.unit) + shift)));
            assert_eq!(
                shifted,
                expected
                    .map(|spike| TimedSpike {
                        unit: (i64::from(spike.unit) + shift) as u16,
                        ..spike
                    })
                    .collect::<Vec<_>>()
            );
            shifts.push(shift);
        }
        assert!(shifts.iter().all(|shift| shift.abs() <= 90));
        assert!(shifts.iter().any(|&shift| shift < -60) && shifts.iter().any(|&shift| shift > 60));
    }

    #[test]
    fn drop_and_jitter_have_their_size() {
        let left: usize = (0..20)
            .map(|sample| {
                apply(Augmentation { spike_drop: 0.3, ..Augmentation::default() }, sample, None)
                    .len()
            })
            .sum();
        // 20,000 draws: standard deviation 65.
        assert!((left as f64 - 14_000.0).abs() < 300.0, "{left}");

        let jittered =
            apply(Augmentation { time_jitter_ms: 4.0, ..Augmentation::default() }, 0, None);
        let moves: Vec<f64> = jittered
            .iter()
            .zip(spikes(1000, 100, 0.0))
            .map(|(after, before)| after.t_ms - before.t_ms)
            .collect();
        let mean = moves.iter().sum::<f64>() / 1000.0;
        let deviation = (moves.iter().map(|by| (by - mean).powi(2)).sum::<f64>() / 1000.0).sqrt();
        // Standard errors: 0.13 and 0.09.
        assert!(mean.abs() < 0.6 && (deviation - 4.0).abs() < 0.4, "{mean} {deviation}");
    }

    #[test]
    fn a_blend_meets_half_way_and_keeps_half_of_both() {
        let augmentation = Augmentation { blend: 1.0, ..Augmentation::default() };
        let blended = apply(augmentation, 0, Some(spikes(1000, 60, 80.0)));
        // 2,000 draws: standard deviation 22; nothing leaves, but the partner's first 40 ms move
        // before zero no more than the sample's own.
        assert!((blended.len() as f64 - 1000.0).abs() < 110.0, "{}", blended.len());
        let (time, unit) = centre_of_mass(&blended);
        assert!((time - (499.5 + 40.0)).abs() < 40.0, "{time}");
        assert!((unit - (124.5 - 20.0)).abs() < 2.0, "{unit}");
        assert!(blended.iter().all(|spike| spike.t_ms >= 0.0 && (80..130).contains(&spike.unit)));
        assert_eq!(apply(augmentation, 0, None), spikes(1000, 100, 0.0));
        assert_eq!(apply(augmentation, 0, Some(Vec::new())), spikes(1000, 100, 0.0));
    }

    #[test]
    fn wrong_fields_are_named() {
        let message = |augmentation: Augmentation| augmentation.check().unwrap_err().to_string();
        let off = Augmentation::default();
        assert_eq!(
            message(Augmentation { blend: 1.5, ..off }),
            "Augmentation::blend is 1.5, but must be from 0 to 1"
        );
        assert_eq!(
            message(Augmentation { time_jitter_ms: -1.0, ..off }),
            "Augmentation::time_jitter_ms is -1, but must be from 0 to 1000"
        );
        let error = message(Augmentation { time_jitter_ms: 1e9, ..off });
        assert_eq!(error, "Augmentation::time_jitter_ms is 1000000000, but must be from 0 to 1000");
        assert_eq!(
            message(Augmentation { spike_drop: 1.0, ..off }),
            "Augmentation::spike_drop is 1, but must be at least 0 and below 1"
        );
        assert!(toml::from_str::<Augmentation>("channel_shift = -1").is_err());
    }
}
