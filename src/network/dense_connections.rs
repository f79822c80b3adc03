//! Synapses that join all pairs of two populations, and whose delays learn.

use crate::error::Result;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use sim_core::{
    DelayKernel, DenseSynapses, Distribution, Error, Granularity, Polarity, Purpose, Seed, plain,
    rounded_delay, shown,
};

/// Longest delay window in steps.
const MAX_WINDOW: usize = 10_000;

/// What the synapses have for delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delays {
    /// Random at first, then learned.
    #[default]
    Learned,
    /// Random, rounded to whole steps once and kept: one tap per kernel element from the start.
    FixedRandom,
    /// All zero, within a loop of projections one step: one weight per pair.
    None,
}

/// What the sizes of weights are drawn from. Both starts have the mean square `gain^2 2 / (pre *
/// kernel_count)` ([He et al. 2015], for rectifiers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightStart {
    /// Uniform between 0 and `gain * sqrt(6 / (pre * kernel_count))`.
    #[default]
    Uniform,
    /// Log-normal, with a mean that is 1.5 times the standard deviation [Cornford et al. 2024].
    LogNormal,
}

impl WeightStart {
    /// Whether it is the uniform start.
    pub fn is_uniform(&self) -> bool {
        *self == Self::Uniform
    }
}

/// Mean of a log-normal start over its standard deviation.
const MEAN_OVER_DEVIATION: f64 = 1.5;

/// Synapses from every neuron of a population to every neuron of another, with delays that learn.
///
/// Weights start with sizes as [`WeightStart`] says and random signs, delays uniform over the window: the reference draws positions `P` from
/// `U(-floor(K/2) - 1, floor(K/2))` and clamps them to `±floor(K/2)`, which in delays
/// `d = floor(K/2) - P` is `min(U(0, D + 1), D)` [Hammouamri et al. 2023]. Where neurons have a
/// polarity, weights start with its sign, and are balanced: see `balanced`. Where the projection is part of a loop, delays are at
/// least one step: no spike arrives in the step in which it is fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DenseConnections {
    /// What the synapses have for delays; learned.
    pub delays: Delays,
    /// Length of the delay window in ms, above 0; 250. The window has `K = round(max_delay_ms /
    /// dt_ms)` steps, one more where that is even, so the longest delay is `(K - 1) dt_ms`; delays
    /// need `K > 1`.
    pub max_delay_ms: f64,
    /// Instead of `max_delay_ms`: the longest delay in steps, an even number from 2 to 10000, so
    /// that the window of one step more has a centre; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_delay_steps: Option<usize>,
    /// What has a delay of its own; every synapse.
    pub delay_granularity: Granularity,
    /// How a weight is spread around its delay while training; Gaussian.
    pub delay_kernel: DelayKernel,
    /// Kernel elements per pair of neurons, each with its own weight and delay, at least 1; 1.
    pub kernel_count: usize,
    /// Factor on the range of the initial weights, above 0 and at most 1e6; 1.
    pub weight_gain: f64,
    /// What the sizes of the initial weights are drawn from; uniform.
    #[serde(skip_serializing_if = "WeightStart::is_uniform")]
    pub weight_start: WeightStart,
    /// Whether weights start balanced where both excitatory and inhibitory neurons send to a
    /// population: few inhibitory neurons then have larger weights than many excitatory ones, so
    /// that all weights of a neuron add up to 0 in the mean, and their mean square is as without
    /// signs; true.
    #[serde(skip_serializing_if = "is_true")]
    pub balanced: bool,
}

/// Whether a setting has its default.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
pub(crate) fn is_true(setting: &bool) -> bool {
    *setting
}

impl Default for DenseConnections {
    fn default() -> Self {
        Self {
            delays: Delays::Learned,
            max_delay_ms: 250.0,
            max_delay_steps: None,
            delay_granularity: Granularity::Synaptic,
            delay_kernel: DelayKernel::Gaussian,
            kernel_count: 1,
            weight_gain: 1.0,
            weight_start: WeightStart::Uniform,
            balanced: true,
        }
    }
}

/// One projection of dense synapses, as they are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DenseDraw<'a> {
    /// Number of presynaptic neurons.
    pub pre: usize,
    /// Number of postsynaptic neurons.
    pub post: usize,
    /// Whether the projection is part of a loop.
    pub closes_loop: bool,
    /// The sign of each presynaptic neuron.
    pub polarity: Option<&'a [Polarity]>,
    /// Neurons that send to the population, over all its dense projections: excitatory and
    /// inhibitory ones. None where some have no polarity.
    pub senders: Option<[usize; 2]>,
    /// What tells the random numbers of this projection from those of others.
    pub stream: [u64; 2],
}

/// Factors on the sizes of excitatory and of inhibitory weights, drawn for `pre` presynaptic
/// neurons, that balance all `senders` [Cornford et al. 2021]: with `n` excitatory and `m`
/// inhibitory neurons the sizes are as `1 / n` to `1 / m`, and the mean square over all `n + m` is
/// that of as many neurons without signs.
fn balance(pre: usize, senders: [usize; 2]) -> [f64; 2] {
    let [n, m] = senders.map(|count| count as f64);
    if n == 0.0 || m == 0.0 {
        return [1.0; 2];
    }
    let of_all = (pre as f64 / (n + m)).sqrt();
    [of_all * (m / n).sqrt(), of_all * (n / m).sqrt()]
}

/// Checks a factor on the range of initial weights, which errors call `name`.
///
/// # Errors
/// Where it is not above 0 and at most 1e6.
pub(crate) fn check_weight_gain(name: &str, gain: f64) -> Result<()> {
    Ok(Error::check(name, gain, gain > 0.0 && gain <= 1e6, "above 0 and at most 1e6")?)
}

impl DenseConnections {
    /// Checks every field; `section` is what errors call the section that has them.
    ///
    /// # Errors
    /// The first field that is not allowed, with its value.
    pub(crate) fn check(&self, section: &str, dt_ms: f64) -> Result<()> {
        self.check_longest_delay(section, dt_ms)?;
        let (name, count) = (format!("{section}.kernel_count"), self.kernel_count);
        Error::check(&name, count as f64, (1..=64).contains(&count), "from 1 to 64")?;
        if self.delays == Delays::None {
            let alone = format!(
                "1 where {section}.delays is \"none\", since kernel elements would differ in \
                 nothing"
            );
            Error::check(&name, count as f64, count == 1, &alone)?;
        }
        check_weight_gain(&format!("{section}.weight_gain"), self.weight_gain)
    }

    fn check_longest_delay(&self, section: &str, dt_ms: f64) -> Result<()> {
        if let Some(steps) = self.max_delay_steps {
            let odd = steps % 2 == 1;
            let (before, after) = (steps.saturating_sub(1).max(2), steps + 1);
            let centre = "even, so that the window of one step more has a centre";
            let allowed = match steps {
                0..=10_000 if odd && before < after => {
                    format!("{centre}; the nearest are {before} and {after}")
                }
                0..=10_000 if odd => format!("{centre}; the nearest is {after}"),
                _ => "from 2 to 10000".into(),
            };
            let fits = !odd && (2..=10_000).contains(&steps);
            let name = format!("{section}.max_delay_steps");
            return Ok(Error::check(name, steps as f64, fits, &allowed)?);
        }
        let longest = shown(MAX_WINDOW as f64 * dt_ms);
        let allowed = format!("above 0 and at most {longest} ms, {MAX_WINDOW} steps of {dt_ms} ms");
        let fits = self.max_delay_ms > 0.0 && self.max_delay_ms <= MAX_WINDOW as f64 * dt_ms;
        let name = format!("{section}.max_delay_ms");
        Error::check(&name, self.max_delay_ms, fits, &allowed)?;
        if self.delays != Delays::None && self.longest_delay_steps(dt_ms) == 0 {
            let shortest = shown(1.5 * dt_ms);
            let allowed = format!(
                "at least {shortest} ms, 1.5 steps of {dt_ms} ms, since with a shorter window every delay is 0; for a network without delays set {section}.delays to \"none\""
            );
            Error::check(&name, self.max_delay_ms, false, &allowed)?;
        }
        Ok(())
    }

    /// Longest delay on a grid of `dt_ms`, in steps; that of a projection that is part of no loop.
    pub fn longest_delay_steps(&self, dt_ms: f64) -> usize {
        if self.delays == Delays::None {
            return 0;
        }
        if let Some(steps) = self.max_delay_steps {
            return steps;
        }
        let window = ((self.max_delay_ms / dt_ms).round() as usize).max(1);
        // The longest delay of a window with an odd number of steps, and so with a centre: K - 1,
        // or K where K had to be made odd.
        window - window % 2
    }

    /// The delays on a grid of `dt_ms` in words, such as `delays 0 to 240 ms (window of 25 steps of
    /// 10 ms), learned`; `learn` tells whether training moves them.
    pub(crate) fn delays_in_words(
        &self,
        section: &str,
        closes_loop: bool,
        dt_ms: f64,
        learn: bool,
    ) -> String {
        let longest = self.longest_delay_steps(dt_ms);
        let (end, window) = (longest as f64 * dt_ms, (longest + 1) as f64 * dt_ms);
        let fate = match self.delays {
            Delays::None if closes_loop => return format!("delays of one step of {dt_ms} ms"),
            Delays::None => return "no delays".into(),
            Delays::Learned if learn => "learned",
            Delays::Learned => "random, not learned",
            Delays::FixedRandom => "random, rounded to whole steps, not learned",
        };
        let asked = self.max_delay_ms;
        let is = |ms: f64| (asked - ms).abs() <= 1e-9 * ms;
        let rounded = if self.max_delay_steps.is_some() || is(end) || is(window) {
            String::new()
        } else {
            format!("; {section}.max_delay_ms = {} is rounded to it", plain(asked))
        };
        let begin = if closes_loop { shown(dt_ms) } else { shown(0.0) };
        format!(
            "delays {begin} to {} ms (window of {} steps of {} ms{rounded}), {fate}",
            shown(end),
            longest + 1,
            plain(dt_ms)
        )
    }

    /// The synapses of one projection on a grid of `dt_ms`.
    pub(crate) fn draw(&self, draw: DenseDraw<'_>, dt_ms: f64, seed: Seed) -> DenseSynapses {
        let DenseDraw { pre, post, closes_loop, polarity, senders, stream: [a, b] } = draw;
        let factors = match senders.filter(|_| self.balanced) {
            Some(senders) => balance(pre, senders),
            None => [1.0; 2],
        };
        let min_delay_steps = usize::from(closes_loop);
        let max_delay_steps = self.longest_delay_steps(dt_ms).max(min_delay_steps);
        let mut synapses = DenseSynapses {
            pre,
            post,
            elements_per_pair: self.kernel_count,
            min_delay_steps,
            max_delay_steps,
            granularity: self.delay_granularity,
            // Delays that stay whole need no spread around them.
            kernel: if self.delays == Delays::Learned {
                self.delay_kernel
            } else {
                DelayKernel::OneTap
            },
            weight: Vec::new(),
            delay: Vec::new(),
        };
        let mut random = seed.stream(Purpose::Weights, a, b);
        let root_mean_square = self.weight_gain * (2.0 / (pre * self.kernel_count) as f64).sqrt();
        let bound = self.weight_gain * (6.0 / (pre * self.kernel_count) as f64).sqrt();
        let mean = root_mean_square / (1.0 + MEAN_OVER_DEVIATION.powi(-2)).sqrt();
        let mut draw = || match self.weight_start {
            WeightStart::Uniform => random.random_range(-bound..=bound),
            WeightStart::LogNormal => {
                let is_negative: bool = random.random();
                let sizes = Distribution::LogNormal { mean, std: mean / MEAN_OVER_DEVIATION };
                let size = sizes.draw(&mut random, [0.0, f64::INFINITY]);
                if is_negative { -size } else { size }
            }
        };
        synapses.weight = (0..post * pre * self.kernel_count)
            .map(|entry| {
                let weight = draw();
                let neuron = entry / self.kernel_count % pre;
                match polarity.map(|signs| signs[neuron]) {
                    Some(sign @ Polarity::Excitatory) => sign.signed((factors[0] * weight) as f32),
                    Some(sign @ Polarity::Inhibitory) => sign.signed((factors[1] * weight) as f32),
                    None => weight as f32,
                }
            })
            .collect();
        let mut random = seed.stream(Purpose::Delays, a, b);
        let (shortest, longest) = (min_delay_steps as f64, max_delay_steps as f64);
        let mut draw = || random.random_range(shortest..longest + 1.0).min(longest);
        let delay = |_| match self.delays {
            Delays::Learned => draw() as f32,
            Delays::FixedRandom => rounded_delay(draw(), max_delay_steps) as f32,
            Delays::None => shortest as f32,
        };
        synapses.delay = (0..synapses.delay_shape().entries()).map(delay).collect();
        synapses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(weight_start: WeightStart, polarity: Option<&[Polarity]>) -> Vec<f64> {
        let connections =
            DenseConnections { weight_start, weight_gain: 0.5, ..DenseConnections::default() };
        let count = |sign| polarity.map_or(0, |all| all.iter().filter(|one| **one == sign).count());
        let senders = [Polarity::Excitatory, Polarity::Inhibitory].map(count);
        let draw = DenseDraw {
            pre: 300,
            post: 400,
            closes_loop: false,
            polarity,
            senders: polarity.is_some().then_some(senders),
            stream: [0, 0],
        };
        let synapses = connections.draw(draw, 1.0, Seed(3));
        synapses.weight.into_iter().map(f64::from).collect()
    }

    fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
        let count = values.len() as f64;
        values.sum::<f64>() / count
    }

    #[test]
    fn both_starts_have_the_stated_moments() {
        let square = 0.25 * 2.0 / 300.0;
        for start in [WeightStart::Uniform, WeightStart::LogNormal] {
            let weights = drawn(start, None);
            let mean_square = mean(weights.iter().map(|w| w * w));
            assert!((mean_square / square - 1.0).abs() < 0.02, "{start:?}: {mean_square}");
            assert!(mean(weights.iter().copied()).abs() < 0.01 * square.sqrt(), "{start:?}");
        }
        // mean = 1.5 std, so mean^2 (1 + 1 / 2.25) is the mean square.
        let weights = drawn(WeightStart::LogNormal, None);
        let size = mean(weights.iter().map(|w| w.abs()));
        assert!((size / (square / (1.0 + 1.0 / 2.25)).sqrt() - 1.0).abs() < 0.01, "{size}");
        // The logarithm's variance is ln(1 + 1 / 2.25), and its distribution has no skew.
        let logarithms: Vec<f64> = weights.iter().map(|w| w.abs().ln()).collect();
        let middle = mean(logarithms.iter().copied());
        let variance = mean(logarithms.iter().map(|l| (l - middle).powi(2)));
        assert!((variance - (1.0 + 1.0 / 2.25_f64).ln()).abs() < 0.01, "{variance}");
        let skew = mean(logarithms.iter().map(|l| (l - middle).powi(3))) / variance.powf(1.5);
        assert!(skew.abs() < 0.03, "{skew}");
    }

    #[test]
    fn both_polarities_start_balanced() {
        let polarity = Polarity::shared(0.8, 300);
        for start in [WeightStart::Uniform, WeightStart::LogNormal] {
            let weights = drawn(start, Some(&polarity));
            let square = mean(weights.iter().map(|w| w * w));
            assert!((square / (0.25 * 2.0 / 300.0) - 1.0).abs() < 0.03, "{start:?}: {square}");
            let sum = mean(weights.iter().copied());
            assert!(sum.abs() < 0.01 * square.sqrt(), "{start:?}: {sum}");
            let mean_of = |of: Polarity| {
                let mut own = weights.iter().enumerate();
                let own: Vec<f64> = own
                    .by_ref()
                    .filter(|(entry, _)| polarity[entry % 300] == of)
                    .map(|(_, weight)| weight.abs())
                    .collect();
                mean(own.into_iter())
            };
            let ratio = mean_of(Polarity::Inhibitory) / mean_of(Polarity::Excitatory);
            assert!((ratio - 4.0).abs() < 0.1, "{start:?}: {ratio}");
        }
        // Interneurons that are a tenth as many: over both projections as over 330 neurons.
        let [of_many, _] = balance(300, [300, 30]);
        let [_, of_few] = balance(30, [300, 30]);
        let (many, few) = (of_many * (2.0_f64 / 300.0).sqrt(), of_few * (2.0_f64 / 30.0).sqrt());
        assert!((300.0 * many - 30.0 * few).abs() < 1e-12);
        assert!((300.0 * many * many + 30.0 * few * few - 2.0).abs() < 1e-12);
        assert_eq!(balance(300, [300, 0]), [1.0; 2]);
    }

    #[test]
    fn a_polarity_gives_the_sign() {
        let polarity = Polarity::shared(0.8, 300);
        for start in [WeightStart::Uniform, WeightStart::LogNormal] {
            let weights = drawn(start, Some(&polarity));
            let mut signed = weights.iter().enumerate();
            assert!(signed.all(|(entry, &weight)| polarity[entry % 300].allows(weight as f32)));
        }
    }
}
