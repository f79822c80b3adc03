//! Spikes that follow one another closely, taken together.
//!
//! Neurons fire in bursts. The spikes of one neuron within a few steps are a short vector of heights; with taps `w_0, w_1, ...` they add up to
//! `sum_k w_k heights[t - k]`, one vector of [`LANES`] steps that is added to a row at once, whatever the number of spikes in it.

/// Steps that a burst reaches with all its taps.
pub(super) const LANES: usize = 8;

/// Taps of a kernel that bursts are made for.
pub(super) const MOST_TAPS: usize = 4;

/// Zeros before the first height, so that a burst can be read as delayed by up to as many steps.
const BEFORE: usize = MOST_TAPS - 1;

/// The spikes of a few steps. On cache lines, so that no load of heights crosses them.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Burst {
    heights: [f32; BEFORE + LANES],
    /// Step of the first spike.
    pub start: u32,
}

impl Burst {
    pub const NONE: Self = Self { heights: [0.0; BEFORE + LANES], start: 0 };

    /// Heights at the steps `start..start + LANES`, each spike `steps` later than it was: that many and [`LANES`] numbers may be read.
    ///
    /// # Panics
    /// If `steps` is [`MOST_TAPS`] or more.
    #[inline(always)]
    pub fn delayed(&self, steps: usize) -> *const f32 {
        self.heights[BEFORE - steps..].as_ptr()
    }
}

/// Bursts handed out at a time: what is written to one has reached the cache before it is read.
pub(super) const TOGETHER: usize = 8;

/// Splits a train of spikes into bursts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Train<'a> {
    steps: &'a [u32],
    heights: &'a [f32],
    /// Steps from the first spike of a burst to behind the last.
    span: usize,
}

impl<'a> Train<'a> {
    /// Spikes at ascending `steps`, for kernels of `taps` taps.
    pub fn new(steps: &'a [u32], heights: &'a [f32], taps: usize) -> Self {
        Self { steps, heights, span: LANES + 1 - taps }
    }

    /// The next bursts, none when all have been.
    ///
    /// # Panics
    /// If steps do not ascend.
    #[inline(always)]
    pub fn next<'b>(&mut self, into: &'b mut [Burst; TOGETHER]) -> &'b [Burst] {
        let mut count = 0;
        while let (Some(&start), true) = (self.steps.first(), count < TOGETHER) {
            let burst = &mut into[count];
            *burst = Burst { start, ..Burst::NONE };
            let mut spikes = 0;
            for (&step, &height) in self.steps.iter().zip(self.heights) {
                let at = step.wrapping_sub(start) as usize;
                if at >= self.span {
                    assert!(step > start, "steps do not ascend");
                    break;
                }
                burst.heights[BEFORE + at] = height;
                spikes += 1;
            }
            (self.steps, self.heights) = (&self.steps[spikes..], &self.heights[spikes..]);
            count += 1;
        }
        &into[..count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_hold_every_spike_once() {
        let steps: Vec<u32> = (0..200).filter(|t| t % 7 < 2 || t % 31 < 9).collect();
        let heights: Vec<f32> = steps.iter().map(|&step| 1.0 + step as f32).collect();
        for taps in 1..=MOST_TAPS {
            let (mut train, mut bursts, mut found) = (Train::new(&steps, &heights, taps), [Burst::NONE; TOGETHER], Vec::new());
            loop {
                let bursts = train.next(&mut bursts);
                if bursts.is_empty() {
                    break;
                }
                for burst in bursts {
                    assert!(burst.heights[..BEFORE].iter().all(|height| *height == 0.0));
                    let spikes = burst.heights[BEFORE..].iter().enumerate().filter(|(_, height)| **height != 0.0);
                    for (at, &height) in spikes {
                        assert!(at + taps <= LANES, "taps leave the burst");
                        found.push((burst.start + at as u32, height));
                    }
                }
            }
            assert!(found.iter().copied().eq(steps.iter().copied().zip(heights.iter().copied())), "{taps} taps");
        }
    }

    #[test]
    #[should_panic(expected = "do not ascend")]
    fn a_train_out_of_order_is_refused() {
        Train::new(&[9, 3], &[1.0; 2], 1).next(&mut [Burst::NONE; TOGETHER]);
    }
}
