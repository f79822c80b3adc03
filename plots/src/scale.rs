//! From data to a position along an axis: range, ticks and their labels.

/// The smallest and the largest finite value, if there is any.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite.fold(None, |range, value| {
        Some(range.map_or((value, value), |(lo, hi): (f64, f64)| (lo.min(value), hi.max(value))))
    })
}

/// An axis' range and the law by which it is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub lo: f64,
    pub hi: f64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Linear,
    /// Linear with ticks at whole numbers only (epochs).
    Counting,
    /// Linear with ticks at whole parts of a right angle.
    Degrees,
    /// By the logarithm; both ends are above zero.
    Logarithmic,
}

impl Scale {
    /// Linear between two values; equal or non-finite ends are moved apart.
    pub fn linear(lo: f64, hi: f64) -> Self {
        let (lo, hi) = apart(lo, hi);
        Self { lo, hi, kind: Kind::Linear }
    }

    /// Linear over whole numbers such as epochs; a few of them, each a point of its own, keep off
    /// the ends.
    pub fn counting(range: Option<(f64, f64)>) -> Self {
        let (lo, hi) = range.unwrap_or((0.0, 1.0));
        let air = match hi - lo {
            0.0 => 0.5,
            ..12.0 => 0.04 * (hi - lo),
            _ => 0.0,
        };
        Self { kind: Kind::Counting, ..Self::linear(lo - air, hi + air) }
    }

    /// From 0 to 90 degrees.
    pub fn degrees() -> Self {
        Self { lo: 0.0, hi: 90.0, kind: Kind::Degrees }
    }

    /// Linear, widened to full ticks around the data; without data from 0 to 1.
    pub fn rounded(range: Option<(f64, f64)>) -> Self {
        let (lo, hi) = range.unwrap_or((0.0, 1.0));
        let (lo, hi) = apart(lo, hi);
        let step = tick_step(hi - lo, 5.0);
        // The allowance keeps a range that ends on a tick, up to rounding, from growing by a whole
        // step.
        Self::linear((lo / step + 1e-9).floor() * step, (hi / step - 1e-9).ceil() * step)
    }

    /// Linear over the data with a little air at both ends; without data from 0 to 1.
    pub fn padded(range: Option<(f64, f64)>) -> Self {
        let (lo, hi) = range.map_or((0.0, 1.0), |(lo, hi)| apart(lo, hi));
        let air = 0.04 * (hi - lo);
        Self::linear(lo - air, hi + air)
    }

    /// Linear from zero (or below, if the data is) to a little above the data; without data to 1.
    pub fn from_zero(range: Option<(f64, f64)>) -> Self {
        let (lo, hi) = range.unwrap_or((0.0, 0.0));
        Self::linear(lo.min(0.0), if hi > 0.0 { 1.06 * hi } else { 1.0 })
    }

    /// Logarithmic, widened to 1, 2 or 5 times a power of ten around the data; from 0.1 to 1
    /// without data or with data that is not above zero.
    pub fn logarithmic(range: Option<(f64, f64)>) -> Self {
        let (lo, hi) = range.filter(|&(lo, _)| lo > 0.0).unwrap_or((0.1, 1.0));
        let (below, hi) = (round_below(lo), round_above(hi));
        let lo = if below < hi { below } else { round_below(below / 1.5) };
        Self { lo, hi, kind: Kind::Logarithmic }
    }

    /// Position of a value: 0 at the lower end, 1 at the upper. On a logarithmic scale a value that
    /// is not above zero has no finite one.
    pub fn share(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Logarithmic => {
                let lo = self.lo.log10();
                (value.log10() - lo) / (self.hi.log10() - lo)
            }
            Kind::Linear | Kind::Counting | Kind::Degrees => {
                (value - self.lo) / (self.hi - self.lo)
            }
        }
    }

    /// At most about `count` ticks at round values within the range.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        if self.kind == Kind::Logarithmic {
            return self.logarithmic_ticks(count.max(1));
        }
        let step = tick_step(self.hi - self.lo, count.max(1) as f64);
        let step = match self.kind {
            Kind::Counting => step.max(1.0),
            Kind::Degrees => {
                if count > 2 {
                    30.0
                } else {
                    45.0
                }
            }
            Kind::Linear | Kind::Logarithmic => step,
        };
        let (first, last) =
            ((self.lo / step - 1e-6).ceil() as i64, (self.hi / step + 1e-6).floor() as i64);
        (first..=last).map(|i| i as f64 * step).collect()
    }

    /// 1, 2 and 5 times each power of ten where there is room for them, else every power of ten or
    /// every second, third, ...
    fn logarithmic_ticks(&self, count: usize) -> Vec<f64> {
        let decades = (self.hi / self.lo).log10();
        let (first, last) = (decade(self.lo), decade(self.hi));
        let mut ticks: Vec<f64> = if 3.0 * decades <= count as f64 {
            (first..=last).flat_map(|n| [1.0, 2.0, 5.0].map(|factor| factor * power(n))).collect()
        } else {
            let step = (decades / count as f64).ceil() as usize;
            (first..=last).rev().step_by(step).map(power).collect()
        };
        ticks.retain(|tick| (self.lo * (1.0 - 1e-9)..=self.hi * (1.0 + 1e-9)).contains(tick));
        ticks.sort_unstable_by(f64::total_cmp);
        ticks
    }

    /// Multiples of the powers of ten that stand between the ticks of a logarithmic scale without
    /// labels; none on other scales.
    pub fn minor_ticks(&self) -> Vec<f64> {
        if self.kind != Kind::Logarithmic || self.hi / self.lo > 1e4 {
            return Vec::new();
        }
        let multiples = (decade(self.lo)..=decade(self.hi))
            .flat_map(|n| (1..=9).map(move |factor| f64::from(factor) * power(n)));
        multiples.filter(|&tick| tick > self.lo && tick < self.hi).collect()
    }

    /// Power of ten taken out of the labels and put into the axis' name; 0 for values of everyday
    /// size, and on a logarithmic scale.
    pub fn exponent(&self) -> i32 {
        if self.kind == Kind::Logarithmic {
            return 0;
        }
        let largest = self.lo.abs().max(self.hi.abs());
        if (0.000_5..100_000.0).contains(&largest) { 0 } else { largest.log10().floor() as i32 }
    }

    /// Label of a tick: no needless zeros, a true minus sign.
    pub fn tick_label(&self, value: f64) -> String {
        let everyday = self.lo >= 0.000_5 && self.hi < 100_000.0;
        if self.kind == Kind::Logarithmic && !everyday {
            return scientific(value);
        }
        plain(value / 10_f64.powi(self.exponent()))
    }

    /// What follows the axis' name: its power of ten, if it has one.
    pub fn multiplier(&self) -> String {
        match self.exponent() {
            0 => String::new(),
            power => format!(" (×10{})", superscript(power)),
        }
    }
}

/// Two ends that differ: equal ends move apart by half their size, and ends that are not finite
/// become 0 and 1.
fn apart(lo: f64, hi: f64) -> (f64, f64) {
    if !(lo.is_finite() && hi.is_finite()) {
        return (0.0, 1.0);
    }
    let (lo, hi) = (lo.min(hi), lo.max(hi));
    if hi - lo > 1e-9 * lo.abs().max(hi.abs()) {
        return (lo, hi);
    }
    let half = if lo == 0.0 { 0.5 } else { 0.5 * lo.abs() };
    (lo - half, hi + half)
}

/// Exponent of the power of ten at or below a positive value.
fn decade(value: f64) -> i32 {
    (value.log10() + 1e-9).floor() as i32
}

fn power(decade: i32) -> f64 {
    10_f64.powi(decade)
}

/// The largest of 1, 2, 5 times a power of ten that is at most a positive value.
fn round_below(value: f64) -> f64 {
    let power = power(decade(value));
    let factor = [5.0, 2.0].into_iter().find(|factor| factor * power <= value * (1.0 + 1e-9));
    factor.unwrap_or(1.0) * power
}

/// The smallest of 1, 2, 5 times a power of ten that is at least a positive value.
fn round_above(value: f64) -> f64 {
    let power = power(decade(value));
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= value * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// The smallest of 1, 2, 5 times a power of ten that cuts `range` into at most `count` pieces.
fn tick_step(range: f64, count: f64) -> f64 {
    let raw = range / count;
    let power = 10_f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= raw * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// A tick's value with at most six significant digits, none of them a trailing zero.
fn plain(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = (5 - magnitude).clamp(0, 12) as usize;
    let digits = format!("{:.decimals$}", value.abs());
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        &digits
    };
    if value < 0.0 && digits != "0" { format!("−{digits}") } else { digits.to_owned() }
}

/// A positive value with three significant digits at most.
pub(crate) fn three_digits(value: f64) -> String {
    let unit = 10_f64.powf(value.log10().floor() - 2.0);
    plain((value / unit).round() * unit)
}

/// A positive value as a power of ten, with a factor before it unless it is 1.
fn scientific(value: f64) -> String {
    let exponent = decade(value);
    match plain(value / power(exponent)).as_str() {
        "1" => format!("10{}", superscript(exponent)),
        factor => format!("{factor}×10{}", superscript(exponent)),
    }
}

fn superscript(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    power
        .to_string()
        .chars()
        .map(|c| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]))
        .collect()
}

/// A whole number with thin groups of three digits.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for start in (first..digits.len()).step_by(3) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&digits[start..start + 3]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, count: usize) -> Vec<String> {
        scale.ticks(count).into_iter().map(|tick| scale.tick_label(tick)).collect()
    }

    #[test]
    fn labels_carry_no_needless_zeros() {
        assert_eq!(labels(Scale::linear(0.0, 700.0), 4), ["0", "200", "400", "600"]);
        assert_eq!(labels(Scale::linear(-0.4, 0.4), 4), ["−0.4", "−0.2", "0", "0.2", "0.4"]);
        assert_eq!(labels(Scale::linear(0.0, 1.0), 5), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    }

    #[test]
    fn powers_of_ten_move_into_the_name() {
        let scale = Scale::linear(0.0, 1e-5);
        assert_eq!(labels(scale, 2), ["0", "0.5", "1"]);
        assert_eq!(scale.multiplier(), " (×10⁻⁵)");
        assert_eq!(Scale::linear(0.0, 240.0).multiplier(), "");
    }

    #[test]
    fn rounding_goes_to_full_ticks_and_no_further() {
        assert_eq!(Scale::rounded(Some((0.3, 9.1))), Scale::linear(0.0, 10.0));
        assert_eq!(Scale::rounded(Some((0.0, 100.0))), Scale::linear(0.0, 100.0));
        assert_eq!(Scale::rounded(None), Scale::linear(0.0, 1.0));
    }

    #[test]
    fn logarithmic_scales_go_to_round_values() {
        let over = |lo, hi| Scale::logarithmic(Some((lo, hi)));
        assert_eq!((over(0.013, 0.71).lo, over(0.013, 0.71).hi), (0.01, 1.0));
        assert_eq!((over(0.3, 0.3).lo, over(0.3, 0.3).hi), (0.2, 0.5));
        assert_eq!((over(1.0, 1.0).lo, over(1.0, 1.0).hi), (0.5, 1.0));
        assert_eq!(over(0.0, 1.0), Scale::logarithmic(None));
        assert!((over(0.01, 1.0).share(0.1) - 0.5).abs() < 1e-12);
        assert!(!over(0.01, 1.0).share(0.0).is_finite());
        assert_eq!(labels(over(0.01, 1.0), 6), ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(labels(over(0.01, 1.0), 5), ["0.01", "0.1", "1"]);
        assert_eq!(labels(over(1e-6, 1.0), 3), ["10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]);
        assert_eq!(labels(over(2e-5, 5e-5), 3), ["2×10⁻⁵", "5×10⁻⁵"]);
        assert_eq!(over(0.1, 1.0).minor_ticks().len(), 8);
        assert!(Scale::linear(0.1, 1.0).minor_ticks().is_empty());
    }

    #[test]
    fn right_angles_are_cut_into_whole_parts() {
        assert_eq!(labels(Scale::degrees(), 4), ["0", "30", "60", "90"]);
        assert_eq!(labels(Scale::degrees(), 1), ["0", "45", "90"]);
    }

    #[test]
    fn epochs_are_whole() {
        assert_eq!(labels(Scale::counting(Some((1.0, 3.0))), 8), ["1", "2", "3"]);
        assert_eq!(labels(Scale::counting(Some((1.0, 1.0))), 4), ["1"]);
        assert_eq!(labels(Scale::counting(None), 4), ["0", "1"]);
    }

    #[test]
    fn three_digits_are_enough_for_a_legend() {
        assert_eq!(
            [0.00998743, 0.2, 1e-5, 123.46].map(three_digits),
            ["0.00999", "0.2", "0.00001", "123"]
        );
    }

    #[test]
    fn degenerate_ranges_are_moved_apart() {
        for (lo, hi) in [
            (0.0, 0.0),
            (3.0, 3.0),
            (-2.0, -2.0),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
            (5.0, 1.0),
            (1e300, 1e300),
        ] {
            let scale = Scale::linear(lo, hi);
            assert!(scale.lo < scale.hi && !scale.ticks(4).is_empty(), "{lo} {hi}: {scale:?}");
        }
    }

    #[test]
    fn digits_in_groups() {
        assert_eq!(
            [0, 12, 999, 1000, 15_000, 1_234_567].map(grouped),
            ["0", "12", "999", "1,000", "15,000", "1,234,567"]
        );
    }
}
