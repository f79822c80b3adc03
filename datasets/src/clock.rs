//! Whether spike times are clocked, and on which grid.
//!
//! Times that a clock made lie on a grid, but the file rounds them: 0.003 s in float32 is a little
//! less than 0.003 s, and rounding it down to steps of 1 ms would move the spike to the step
//! before. So a clocked time counts as the grid time nearest to it; all other times are continuous
//! and rounded down.
//!
//! The rule: a time tells of a grid if its own rounding (half of the distance to the next number of
//! its type) is below a quarter of the grid's spacing. A grid fits if every time that tells of it
//! lies on it. Times are clocked at the coarsest grid of `1 / n` s that fits. `n` is a whole number
//! up to 1000, or a multiple of 25 or 64 up to 1,000,000, or the rate of the file's own unit. A
//! time lies on a grid if it is off by no more than its rounding (three times its rounding in
//! float32 and float64, since people also calculate in these). Where no grid fits so, a hundredth
//! of the spacing is allowed in addition: times that are sums of many steps drift.
//!
//! A grid counts only if enough times tell of it: at least 8 different times, at least a tenth of
//! all times, and so many that uniform times would all lie on the grid with a probability below
//! 2^-40. Else the times are continuous. So SHD is continuous: its first 30 ms show, in float16,
//! that it was made at 24 kHz, but its later times cannot be put back on that grid.

use std::fmt;

use serde::Serialize;
use sim_core::plain;

use crate::spike_times::Time;

/// Highest rate that is looked for, in Hz.
const MOST_PER_SECOND: u32 = 1_000_000;

/// Up to this rate every whole number is tried, beyond it only the rates that clocks have.
const EVERY_PER_SECOND: u32 = 1000;

/// Most times, from all over the file, that are looked at first.
const LOOKED_AT: usize = 1 << 16;

/// Fewest different times that make a grid.
const FEWEST: usize = 8;

/// Smallest share of all times that must tell of a grid.
const SMALLEST_SHARE: f64 = 0.1;

/// Fewest bits of evidence that make a grid.
const EVIDENCE_BITS: f64 = 40.0;

/// How far a time may be off beyond its rounding, in grid spacings: first as much as the
/// calculation here rounds, then as much as sums of many steps drift.
const SLACKS: [f64; 2] = [1e-6, 0.01];

/// A grid on which spike times lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Clock {
    /// Grid times per second.
    pub per_second: f64,
}

impl Clock {
    /// The grid that the times lie on, `None` if they are continuous. `unit` is how many units of
    /// the times make a second. `whole` tells that the file stores the times as integers, which
    /// always lie on a grid.
    pub(crate) fn of<T: Time>(times: &[T], unit: f64, whole: bool) -> Option<Self> {
        let stored = |time: &T| Stored {
            seconds: time.value() / unit,
            rounding: if whole { 0.0 } else { time.half_ulp() / unit },
            tolerance: if whole { 0.0 } else { T::TOLERANCE },
        };
        let mut some: Vec<Stored> =
            times.iter().step_by(times.len().div_ceil(LOOKED_AT).max(1)).map(stored).collect();
        some.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
        // Later times are rounded more, and the finer a grid, the fewer times tell of it.
        let needed = some.get((SMALLEST_SHARE * some.len() as f64) as usize).copied();
        some.dedup_by(|one, other| one.seconds == other.seconds);
        let tell = |&per_second: &f64| needed.is_some_and(|time| time.tells(per_second));
        for slack in SLACKS {
            for per_second in rates().take_while(tell).chain((unit > 1.0).then_some(unit)) {
                if !is_evident(&some, per_second, slack) {
                    continue;
                }
                match times.iter().map(stored).find(|time| !time.fits(per_second, slack)) {
                    None => return Some(Self { per_second }),
                    Some(misfit) => {
                        let place = some.partition_point(|time| time.seconds < misfit.seconds);
                        some.insert(place, misfit);
                    }
                }
            }
        }
        whole.then_some(Self { per_second: unit })
    }

    /// The number of the grid time nearest to a time.
    pub(crate) fn nearest(self, seconds: f64) -> f64 {
        (seconds * self.per_second).round()
    }

    /// The grid time with this number, in ms.
    pub(crate) fn ms(self, number: f64) -> f64 {
        1000.0 * number / self.per_second
    }

    /// Spacing of the grid in ms.
    pub fn grid_ms(self) -> f64 {
        self.ms(1.0)
    }
}

impl fmt::Display for Clock {
    /// The grid, e.g. `1 ms`, or `1/44100 s` where that is no short number of ms.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = plain(self.grid_ms());
        if ms.len() <= 6 { write!(f, "{ms} ms") } else { write!(f, "1/{} s", self.per_second) }
    }
}

/// The rates that are looked for, in Hz.
fn rates() -> impl Iterator<Item = f64> {
    let further = EVERY_PER_SECOND + 1..=MOST_PER_SECOND;
    let further = further.filter(|rate| rate % 25 == 0 || rate % 64 == 0);
    (1..=EVERY_PER_SECOND).chain(further).map(f64::from)
}

/// A time as a file stores it.
#[derive(Debug, Clone, Copy)]
struct Stored {
    seconds: f64,
    /// Half of the distance to the next number of its type, in seconds.
    rounding: f64,
    /// The time may be off by this many times its rounding.
    tolerance: f64,
}

impl Stored {
    /// Whether the time tells of a grid.
    fn tells(self, per_second: f64) -> bool {
        4.0 * self.rounding * per_second < 1.0
    }

    /// How far the time may be off, in grid spacings.
    fn allowed(self, per_second: f64, slack: f64) -> f64 {
        self.tolerance * self.rounding * per_second + slack
    }

    /// Whether the time lies on a grid, or cannot tell.
    fn fits(self, per_second: f64, slack: f64) -> bool {
        let place = self.seconds * per_second;
        !self.tells(per_second) || (place - place.round()).abs() <= self.allowed(per_second, slack)
    }
}

/// Whether all of some times, ascending, lie on a grid, and enough of them tell of it.
fn is_evident(times: &[Stored], per_second: f64, slack: f64) -> bool {
    let (mut bits, mut count) = (0.0, 0);
    // Later times are rounded more.
    for time in times.iter().take_while(|time| time.tells(per_second)) {
        if !time.fits(per_second, slack) {
            return false;
        }
        // Time zero lies on every grid.
        if time.seconds * per_second > 0.5 {
            count += 1;
            bits -= (2.0 * time.allowed(per_second, slack)).min(1.0).log2();
        }
    }
    count >= FEWEST && bits >= EVIDENCE_BITS
}

#[cfg(test)]
mod tests;
