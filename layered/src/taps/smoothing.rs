//! Wide kernels as a few neighbouring taps before one fixed Gaussian.
//!
//! Two Gaussians one after the other are a Gaussian of the sum of their variances. So a kernel of
//! width `sigma` is a narrow one of variance `s2`, which differs from synapse to synapse and takes
//! three or four taps, before a wide one, which is the same for all synapses and is applied once
//! per postsynaptic neuron:
//! ```text
//! row_j[t] = sum_i w_ij sum_k a_k(d_ij) s_i[t - m_ij - k]
//! I_j      = f * row_j                       f_n = exp(-n^2 / (2 (sigma^2 - s2))) / sum
//! ```
//! The taps are `a_k(d) = E[l_k(X)]` with `X` normal around `d`, `l_k` the polynomials that are 1
//! at node `k` and 0 at the others: so their moments below their number are those of the Gaussian.
//! (Two taps would do for the kernels of widths above three steps, but not for their slopes:
//! between two steps those would be the difference of the two, wherever the delay lies.)
//!
//! The window cuts kernels off and scales up what is left. What `f` puts before a delay of 0 (and,
//! mirrored, beyond the longest) is a tail of the Gaussian, which depends on the distance `e` of
//! the delay to the end of the window and lies, for all distances, near a space of a few
//! dimensions: `g(n + e) ~ sum_r p_r(e) v_r[n]`, the `v_r` orthonormal, `p_r` the projections.
//! Synapses near an end take their `-p_r` as shares in rows that are filtered by `v_r` and added to
//! the current (`taps::tail_shares`). Two to four dimensions keep within half the tolerance; at a
//! width of 6 steps in a window of 250, one synapse in seven is near an end.

use crate::taps::filter::{Filter, windowed};
use crate::taps::gaussian::{Bumps, half_width};
use sim_core::DelayKernel;
use simd::{Instructions, MOST_TAPS, combine, row_stride};
use std::f64::consts::TAU;

/// Number of taps, and variance of the narrow Gaussian they stand for, in the order they are tried.
/// Each variance was found by trying: it has the smallest error where the kernel is narrowest. Away
/// from the ends, three taps have an error of 0.0045 of the mass at a width of 1.5 steps, and four
/// taps have 0.0042 at 1.2 steps.
const NARROW: [(usize, f64); 2] = [(3, 0.25), (4, 0.38)];

/// A tail of up to this share of the tolerance is not taken back: it stays beyond the window.
const LEFT: f64 = 0.5;

/// The largest error that a kernel may have, as a share of the tolerance. The narrowest kernels
/// come near it, and delays just outside the zones. The documented bound is twice the tolerance.
const OFF_BY: f64 = 1.5;

/// Steps that taps reach beyond the window at most.
const BEYOND: usize = 2;

/// Most dimensions of the tails: with more, the ends of the window cost more than smoothing saves.
const MOST_TAILS: usize = 4;

/// The parts that kernels of one width share.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothing {
    /// `f` from `-reach` to `reach` steps.
    filter: Vec<f32>,
    /// `v_r` at 1, 2, ... steps beyond the window.
    tails: Vec<Tail>,
    /// Delays nearer than this to an end of the window have a tail, in steps.
    zone: f64,
    width: usize,
    variance: f64,
    sigma: f64,
    max_delay: usize,
}

/// `v_r`.
#[derive(Debug, Clone, PartialEq)]
struct Tail {
    filter: Filter,
    exact: Vec<f64>,
}

/// Ends of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Delays below 0 are cut off.
    Shortest,
    /// Delays above the longest are cut off.
    Longest,
}

/// Lengths of the rows that a smoothing works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SmoothRows {
    /// Length of a row that goes through `f`.
    pub row: usize,
    /// Length of a row that goes through a `v_r`.
    pub tail: usize,
    /// Length of a gradient with zeros on either side.
    pub gradient: usize,
    /// Zeros before the gradient.
    pub before: usize,
}

impl Smoothing {
    /// The smoothing with the fewest taps and tails that keeps within `tolerance` at every delay
    /// tried; `None` if there is none.
    pub fn new(sigma: f64, tolerance: f64, max_delay: usize) -> Option<Self> {
        let zone = half_width(sigma, 2.0 * LEFT * tolerance);
        if zone > max_delay as f64 {
            return None;
        }
        NARROW.into_iter().filter(|(_, variance)| sigma * sigma > 2.0 * variance).find_map(
            |(width, variance)| {
                let rest = (sigma * sigma - variance).sqrt();
                let reach = half_width(rest, tolerance / 10.0).ceil();
                let filter = windowed(reach, reach, 2 * reach as usize, rest).value;
                let tails = tails(sigma, zone, reach as usize + BEYOND, tolerance / 2.0)?;
                let smoothing = Self { filter, tails, zone, width, variance, sigma, max_delay };
                smoothing.is_within(OFF_BY * tolerance).then_some(smoothing)
            },
        )
    }

    fn is_within(&self, tolerance: f64) -> bool {
        // In the middle of the window, kernels differ only in where they lie between two steps;
        // near an end, they differ more.
        let middle = self.max_delay / 2;
        let between = (0..8).map(|part| middle as f64 + part as f64 / 8.0);
        let ends = (0..=16)
            .map(|part| self.zone * part as f64 / 16.0)
            .flat_map(|delay| [delay, self.max_delay as f64 - delay]);
        between.chain(ends).all(|delay| self.error(delay.min(self.max_delay as f64)) <= tolerance)
    }

    /// L1 distance to the kernel of delay `delay`.
    fn error(&self, delay: f64) -> f64 {
        let exact = DelayKernel::Gaussian.taps(delay, self.max_delay, self.sigma).value;
        let [mut rest, _] = self.kernel(delay);
        rest[self.tail_reach()..].iter_mut().zip(&exact).for_each(|(rest, exact)| *rest -= exact);
        rest.iter().map(|rest| rest.abs()).sum()
    }

    /// The kernel of delay `delay` as it is applied, from [`tail_reach`](Self::tail_reach) steps
    /// before the window to as many behind, and its derivative with respect to the delay.
    pub fn kernel(&self, delay: f64) -> [Vec<f64>; 2] {
        let behind = self.tail_reach();
        let mut kernels = [(); 2].map(|()| vec![0.0; self.max_delay + 1 + 2 * behind]);
        let mut taps = [[0.0; MOST_TAPS]; 2];
        let [value, slope] = &mut taps;
        let first = self.taps(delay, value, slope) as usize;
        for (kernel, taps) in kernels.iter_mut().zip(taps) {
            for (k, tap) in taps[..self.width].iter().enumerate() {
                for (o, value) in self.filter.iter().enumerate() {
                    // A tap at `first` stands at a delay of `first - lead`.
                    kernel[behind + first + k + o - self.lead() - self.reach()] +=
                        (tap * value) as f64;
                }
            }
        }
        for end in self.ends(delay) {
            self.shares(end, delay, |r, share, slope| {
                for (k, value) in self.tails[r].exact.iter().enumerate() {
                    let n = if end == End::Shortest {
                        behind - 1 - k
                    } else {
                        behind + self.max_delay + 1 + k
                    };
                    kernels[0][n] += share * value;
                    kernels[1][n] += slope * value;
                }
            });
        }
        kernels
    }

    /// Taps per synapse.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows that are filtered by tails, per end of the window.
    pub fn tails(&self) -> usize {
        self.tails.len()
    }

    /// Multiply-adds per step and postsynaptic neuron.
    pub fn filtering(&self) -> usize {
        self.filter.len() + 2 * self.tails() * self.tail_reach()
    }

    /// Cost in taps of a window too wide for bursts, where delays are spread evenly: a synapse's
    /// own few taps, its shares in tails, and the filters, forward and twice back, per step and
    /// postsynaptic neuron. The factors are fitted to training steps of `shd-delays` at widths from
    /// 1 to 6 steps.
    pub fn cost(&self, pre: usize) -> f64 {
        let shares = 2.0 * self.zone / self.max_delay as f64 * self.tails() as f64;
        3.5 + 1.9 * shares + 6.0 * self.filtering() as f64 / pre as f64
    }

    /// Steps that `f` reaches to either side.
    fn reach(&self) -> usize {
        self.filter.len() / 2
    }

    /// Steps that tails reach beyond the window: as far as `f` and the taps.
    fn tail_reach(&self) -> usize {
        self.reach() + BEYOND
    }

    /// Position of a delay of 0 in a row: taps may lie a step before it.
    fn lead(&self) -> usize {
        self.reach() + 1
    }

    /// The last position that the first tap of a synapse can have in a row.
    pub fn latest(&self) -> usize {
        self.lead() + self.max_delay
    }

    /// Writes the taps of a synapse of delay `delay` and their derivatives with respect to it;
    /// returns the position of the first tap of a spike of step 0 in a row.
    pub fn taps(&self, delay: f64, value: &mut [f32], slope: &mut [f32]) -> u32 {
        // With an odd number of nodes the delay lies around the middle one, with an even number
        // between the middle two.
        let nearest = if self.width % 2 == 1 { delay.round() } else { delay.floor() };
        let (taps, change) = match self.width {
            3 => three_taps(delay - nearest, self.variance),
            _ => four_taps(delay - nearest, self.variance),
        };
        let kept = self.kept(delay);
        for k in 0..self.width {
            value[k] = (taps[k] / kept.0) as f32;
            slope[k] = ((change[k] - taps[k] * kept.1 / kept.0) / kept.0) as f32;
        }
        (self.lead() + nearest as usize - (self.width - 1) / 2) as u32
    }

    /// The share of the mass that the window keeps, and its derivative with respect to the delay.
    fn kept(&self, delay: f64) -> (f64, f64) {
        let (mut kept, mut change) = (1.0, 0.0);
        for end in self.ends(delay) {
            self.each_of_tail(end, delay, |_, value, slope| {
                (kept, change) = (kept - value, change - slope)
            });
        }
        (kept, change)
    }

    /// The ends of the window that cut off a tail of `delay`.
    pub fn ends(&self, delay: f64) -> impl Iterator<Item = End> + use<> {
        let near = [
            (End::Shortest, delay < self.zone),
            (End::Longest, self.max_delay as f64 - delay < self.zone),
        ];
        near.into_iter().filter_map(|(end, near)| near.then_some(end))
    }

    /// Calls `f(r, share, slope)` for each tail: share of a synapse of delay `delay` in it and its
    /// derivative with respect to the delay.
    pub fn shares(&self, end: End, delay: f64, mut f: impl FnMut(usize, f64, f64)) {
        let mut projections = [(0.0, 0.0); MOST_TAILS];
        self.each_of_tail(end, delay, |k, value, slope| {
            for (tail, projection) in self.tails.iter().zip(&mut projections) {
                projection.0 += tail.exact[k] * value;
                projection.1 += tail.exact[k] * slope;
            }
        });
        let (kept, change) = self.kept(delay);
        for (r, (value, slope)) in projections[..self.tails()].iter().enumerate() {
            f(r, -value / kept, -(slope - value * change / kept) / kept);
        }
    }

    /// Calls `f(k, value, slope)` for the Gaussian at `k + 1` steps beyond an end of the window and
    /// its derivative with respect to the delay.
    fn each_of_tail(&self, end: End, delay: f64, mut f: impl FnMut(usize, f64, f64)) {
        let (distance, sign) =
            if end == End::Shortest { (delay, 1.0) } else { (self.max_delay as f64 - delay, -1.0) };
        let variance = self.sigma * self.sigma;
        for (k, value) in tail(self.sigma, distance).take(self.tail_reach()).enumerate() {
            f(k, value, -sign * value * (distance + (k + 1) as f64) / variance);
        }
    }

    /// Rows for sources of `steps_in` and targets of `steps_out` steps, both padded; spikes touch
    /// `touched` numbers from their first tap on.
    pub fn rows(&self, steps_in: usize, steps_out: usize, touched: usize) -> SmoothRows {
        let before = (self.lead() + self.reach()).max(self.tail_reach());
        let row = row_stride(
            (steps_in + self.latest() + touched).max(steps_out + self.lead() + self.reach()),
        );
        SmoothRows {
            row,
            tail: row_stride(
                (steps_in + touched).max(steps_out) + self.max_delay + 2 * self.tail_reach(),
            ),
            before,
            gradient: (before
                + row.max(steps_in + self.max_delay + self.tail_reach())
                + self.reach()
                + 1)
            .next_multiple_of(16),
        }
    }

    /// Position of a spike of step 0 in a row of tails.
    pub fn tail_lead(&self, end: End) -> usize {
        if end == End::Shortest { 0 } else { self.max_delay + self.tail_reach() }
    }

    /// Adds the current to `out`, from one neuron's row and its rows of tails,
    /// `[end][tail][length]`.
    pub fn apply(
        &self,
        isa: Instructions,
        rows: SmoothRows,
        row: &[f32],
        tails: &[f32],
        out: &mut [f32],
    ) {
        combine(isa, &self.filter, &row[self.lead() - self.reach()..], 1, out);
        let (before, behind) = tails.split_at(self.tails() * rows.tail);
        for (tail, row) in self.tails.iter().zip(before.chunks_exact(rows.tail)) {
            combine(isa, &tail.filter.value, &row[1..], 1, out);
        }
        for (tail, row) in self.tails.iter().zip(behind.chunks_exact(rows.tail)) {
            combine(isa, &tail.filter.reversed, row, 1, out);
        }
    }

    /// The adjoint of [`apply`](Self::apply): writes a row and its rows of tails from a gradient
    /// with zeros on either side; tails are needed for `steps_in` steps, padded.
    pub fn apply_adjoint(
        &self,
        isa: Instructions,
        rows: SmoothRows,
        gradient: &[f32],
        steps_in: usize,
        row: &mut [f32],
        tails: &mut [f32],
    ) {
        row.fill(0.0);
        let start = rows.before - self.lead() - self.reach();
        combine(isa, &self.filter, &gradient[start..], 1, row);
        tails.fill(0.0);
        let (before, behind) = tails.split_at_mut(self.tails() * rows.tail);
        for (tail, row) in self.tails.iter().zip(before.chunks_exact_mut(rows.tail)) {
            combine(
                isa,
                &tail.filter.reversed,
                &gradient[rows.before - self.tail_reach()..],
                1,
                &mut row[..steps_in],
            );
        }
        let lead = self.tail_lead(End::Longest);
        for (tail, row) in self.tails.iter().zip(behind.chunks_exact_mut(rows.tail)) {
            combine(
                isa,
                &tail.filter.value,
                &gradient[rows.before + self.max_delay + 1..],
                1,
                &mut row[lead..lead + steps_in],
            );
        }
    }
}

/// Taps at -1, 0 and 1 with the moments below the third of a normal variable around `x`, and their
/// derivatives with respect to `x`.
fn three_taps(x: f64, variance: f64) -> ([f64; MOST_TAPS], [f64; MOST_TAPS]) {
    let second = x * x + variance;
    ([(second - x) / 2.0, 1.0 - second, (second + x) / 2.0, 0.0], [x - 0.5, -2.0 * x, x + 0.5, 0.0])
}

/// Taps at -1, 0, 1 and 2, with the moments up to the third.
fn four_taps(x: f64, variance: f64) -> ([f64; MOST_TAPS], [f64; MOST_TAPS]) {
    // The polynomials of the nodes, of what stands for 1, X, X^2 and X^3.
    let nodes = |one: f64, first: f64, second: f64, third: f64| {
        [
            (-third + 3.0 * second - 2.0 * first) / 6.0,
            (third - 2.0 * second - first + 2.0 * one) / 2.0,
            (-third + second + 2.0 * first) / 2.0,
            (third - first) / 6.0,
        ]
    };
    let second = x * x + variance;
    (nodes(1.0, x, second, x * x * x + 3.0 * x * variance), nodes(0.0, 1.0, 2.0 * x, 3.0 * second))
}

/// The Gaussian of mass 1 at `distance + 1`, `distance + 2`, ... from its centre.
fn tail(sigma: f64, distance: f64) -> impl Iterator<Item = f64> {
    let mut bumps = Bumps::new(distance + 1.0, 1.0, 1.0 / (sigma * sigma));
    let peak = 1.0 / (sigma * TAU.sqrt());
    std::iter::repeat_with(move || peak * bumps.next())
}

/// An orthonormal basis of tails. The tail that the basis fits worst is added to the basis, until
/// all tails are fitted within `tolerance`.
fn tails(sigma: f64, zone: f64, reach: usize, tolerance: f64) -> Option<Vec<Tail>> {
    /// Distances to the end of the window that are tried. They are so close that distances between
    /// them are fitted, too.
    const DISTANCES: usize = 64;
    let mut rest: Vec<Vec<f64>> = (0..=DISTANCES)
        .map(|n| tail(sigma, zone * n as f64 / DISTANCES as f64).take(reach).collect())
        .collect();
    let l1 = |values: &[f64]| values.iter().map(|value| value.abs()).sum::<f64>();
    let mut tails = Vec::new();
    loop {
        let worst =
            rest.iter().max_by(|a, b| l1(a).total_cmp(&l1(b))).expect("there are distances");
        if l1(worst) <= tolerance {
            return Some(tails);
        }
        if tails.len() == MOST_TAILS {
            return None;
        }
        let norm = worst.iter().map(|value| value * value).sum::<f64>().sqrt();
        let exact: Vec<f64> = worst.iter().map(|value| value / norm).collect();
        for rest in &mut rest {
            let overlap: f64 = rest.iter().zip(&exact).map(|(a, b)| a * b).sum();
            rest.iter_mut().zip(&exact).for_each(|(rest, exact)| *rest -= overlap * exact);
        }
        tails.push(Tail {
            filter: Filter::new(1, exact.iter().map(|value| *value as f32).collect()),
            exact,
        });
    }
}

#[cfg(test)]
mod tests;
