//! Spike times in the precision that their file has them in.

use std::fmt;
use std::ops::Range;

use half::f16;
use serde::{Deserialize, Serialize};

/// Precision in which spike times are stored, in memory as in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeType {
    /// 2 bytes per time, as SHD and SSC are published: steps of about 0.5 ms around 0.7 s.
    Float16,
    /// 4 bytes per time.
    #[default]
    Float32,
    /// 8 bytes per time.
    Float64,
}

impl fmt::Display for TimeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        })
    }
}

/// Spike times of all samples, one after the other, in the precision and unit of their source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SpikeTimes {
    Float16(Vec<f16>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
}

impl SpikeTimes {
    pub(crate) fn time_type(&self) -> TimeType {
        match self {
            Self::Float16(_) => TimeType::Float16,
            Self::Float32(_) => TimeType::Float32,
            Self::Float64(_) => TimeType::Float64,
        }
    }

    /// One time.
    pub(crate) fn value(&self, spike: usize) -> f64 {
        match self {
            Self::Float16(times) => valid_half(times[spike]),
            Self::Float32(times) => f64::from(times[spike]),
            Self::Float64(times) => times[spike],
        }
    }

    /// Appends the times of some spikes to `values`.
    pub(crate) fn extend_values(&self, spikes: Range<usize>, values: &mut Vec<f64>) {
        match self {
            Self::Float16(times) => {
                values.extend(times[spikes].iter().map(|&time| valid_half(time)))
            }
            Self::Float32(times) => {
                values.extend(times[spikes].iter().map(|&time| f64::from(time)))
            }
            Self::Float64(times) => values.extend_from_slice(&times[spikes]),
        }
    }
}

/// The exact value of a float16 that is finite and not negative, as all stored times are. The time
/// is converted before any scaling, since 1000 times 66 s is beyond the range of float16. This
/// conversion runs on vector units, which the general conversion does not.
#[inline]
fn valid_half(time: f16) -> f64 {
    // Exponent and mantissa where float32 has them; the exponent is then too small by the
    // difference of the biases, 127 - 15.
    let scale = f32::from_bits((127 + 127 - 15) << 23);
    f64::from(f32::from_bits(u32::from(time.to_bits() & 0x7fff) << 13) * scale)
}

/// A precision in which times are stored.
pub(crate) trait Time: Copy {
    /// A time may be off its grid by this many times its rounding (see [`crate::clock`]).
    const TOLERANCE: f64;
    /// The time as it is stored, in the unit of its file, exactly.
    fn value(self) -> f64;
    /// The nearest time to `value`.
    fn from_value(value: f64) -> Self;
    /// Half of the distance to the next larger time: how much the stored one was rounded at most.
    fn half_ulp(self) -> f64;
    /// Whether all times are finite, have no sign bit and ascend (may be equal): the quick check
    /// that nearly every sample passes.
    fn are_plainly_valid(times: &[Self]) -> bool;
    /// The column of all times.
    fn column(times: Vec<Self>) -> SpikeTimes;
}

impl Time for f16 {
    /// Nobody calculates in float16.
    const TOLERANCE: f64 = 1.0;
    fn value(self) -> f64 {
        self.to_f64()
    }
    fn from_value(value: f64) -> Self {
        Self::from_f64(value)
    }
    fn half_ulp(self) -> f64 {
        // The distance between normal numbers follows from their exponent; all smaller numbers have
        // the distance of the smallest normal ones.
        let exponent = i32::from((self.to_bits() & 0x7c00) >> 10).max(1) - 15 - 10;
        f64::powi(2.0, exponent - 1)
    }
    fn are_plainly_valid(times: &[Self]) -> bool {
        // Bit patterns of numbers without a sign bit ascend as the numbers do; infinity and NaN
        // come after all finite ones.
        times.windows(2).all(|pair| pair[0].to_bits() <= pair[1].to_bits())
            && times.last().is_none_or(|last| last.to_bits() < Self::INFINITY.to_bits())
    }
    fn column(times: Vec<Self>) -> SpikeTimes {
        SpikeTimes::Float16(times)
    }
}

impl Time for f32 {
    const TOLERANCE: f64 = 3.0;
    fn value(self) -> f64 {
        f64::from(self)
    }
    fn from_value(value: f64) -> Self {
        value as Self
    }
    fn half_ulp(self) -> f64 {
        (f64::from(self.next_up()) - f64::from(self)) / 2.0
    }
    fn are_plainly_valid(times: &[Self]) -> bool {
        times.windows(2).all(|pair| pair[0] <= pair[1])
            && times.first().is_none_or(|&first| first >= 0.0)
            && times.last().is_none_or(|last| last.is_finite())
    }
    fn column(times: Vec<Self>) -> SpikeTimes {
        SpikeTimes::Float32(times)
    }
}

impl Time for f64 {
    const TOLERANCE: f64 = 3.0;
    fn value(self) -> f64 {
        self
    }
    fn from_value(value: f64) -> Self {
        value
    }
    fn half_ulp(self) -> f64 {
        (self.next_up() - self) / 2.0
    }
    fn are_plainly_valid(times: &[Self]) -> bool {
        times.windows(2).all(|pair| pair[0] <= pair[1])
            && times.first().is_none_or(|&first| first >= 0.0)
            && times.last().is_none_or(|last| last.is_finite())
    }
    fn column(times: Vec<Self>) -> SpikeTimes {
        SpikeTimes::Float64(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_valid_float16_is_converted_exactly() {
        for bits in (0..f16::INFINITY.to_bits()).chain([f16::NEG_ZERO.to_bits()]) {
            let half = f16::from_bits(bits);
            assert_eq!(valid_half(half), half.to_f64());
        }
    }

    #[test]
    fn a_time_knows_how_much_it_was_rounded() {
        for bits in 0..f16::INFINITY.to_bits() - 1 {
            let (one, next) = (f16::from_bits(bits), f16::from_bits(bits + 1));
            assert_eq!(one.half_ulp(), (next.to_f64() - one.to_f64()) / 2.0, "{one}");
        }
        assert_eq!((1.0_f32.half_ulp(), 1.0_f64.half_ulp()), (2_f64.powi(-24), 2_f64.powi(-53)));
    }
}
