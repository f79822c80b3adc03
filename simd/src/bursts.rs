//! Spikes that follow one another closely, taken together.
//!
//! Neurons fire in bursts. The spikes of one neuron within a few steps are a short vector of
//! heights; with taps `w_0, w_1, ...` they add up to `sum_k w_k heights[t - k]`, one vector of
//! [`BURST_STEPS`] steps that is added to a row at once, whatever the number of spikes in it.

/// Steps that a burst reaches with all its taps.
pub(crate) const BURST_STEPS: usize = 8;

/// Taps of a kernel that bursts are made for.
pub const MOST_TAPS: usize = 4;

/// Heights at the steps of a burst, from its first spike on. A burst has its own part of a cache
/// line, so that only a delayed read crosses two lines.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(32))]
pub(crate) struct Heights([f32; BURST_STEPS]);

impl Heights {
    const NONE: Self = Self([0.0; BURST_STEPS]);
}

/// The spikes of a population over one sample, cut into bursts.
#[derive(Debug, Clone)]
pub struct Bursts {
    /// By channel, its first burst; behind the last channel, the number of bursts.
    first: Vec<u32>,
    /// Step of each burst's first spike.
    start: Vec<u32>,
    /// Heights of each burst. A burst without spikes stands before the first, see
    /// [`SpikeTrain::delayed`].
    heights: Vec<Heights>,
    taps: usize,
}

impl Default for Bursts {
    fn default() -> Self {
        Self { first: vec![0], start: Vec::new(), heights: vec![Heights::NONE], taps: 1 }
    }
}

impl Bursts {
    /// Replaces all bursts by the bursts of `channels`, for kernels of up to `taps` taps. A channel
    /// is the ascending steps of its spikes, and their heights. Memory is reused.
    ///
    /// # Panics
    /// If `taps` is not in `1..=MOST_TAPS`, or the steps of a channel do not ascend.
    pub fn refill<'a>(
        &mut self,
        channels: impl Iterator<Item = (&'a [u32], &'a [f32])>,
        taps: usize,
    ) {
        assert!((1..=MOST_TAPS).contains(&taps), "bursts are for 1 to {MOST_TAPS} taps");
        // The last tap of the last spike falls on the last step of the burst.
        let span = BURST_STEPS + 1 - taps;
        self.taps = taps;
        self.first.truncate(1);
        self.start.clear();
        self.heights.truncate(1);
        for (steps, heights) in channels {
            assert!(steps.is_sorted_by(|a, b| a < b), "steps do not ascend");
            let mut spikes = steps.iter().zip(heights).peekable();
            while let Some((&start, &height)) = spikes.next() {
                let mut heights = Heights::NONE;
                heights.0[0] = height;
                while let Some((&step, &height)) =
                    spikes.next_if(|(step, _)| ((**step - start) as usize) < span)
                {
                    heights.0[(step - start) as usize] = height;
                }
                self.start.push(start);
                self.heights.push(heights);
            }
            self.first
                .push(u32::try_from(self.start.len()).expect("bursts of a sample fit 32 bits"));
        }
    }

    /// The bursts of one channel.
    ///
    /// # Panics
    /// If there is no such channel.
    #[inline(always)]
    pub fn channel(&self, channel: usize) -> SpikeTrain<'_> {
        let bursts = self.first[channel] as usize..self.first[channel + 1] as usize;
        SpikeTrain {
            start: &self.start[bursts.clone()],
            heights: &self.heights[bursts.start..=bursts.end],
            taps: self.taps,
        }
    }
}

/// Bursts of one neuron, ascending and apart: no spike is in two of them.
#[derive(Debug, Clone, Copy)]
pub struct SpikeTrain<'a> {
    start: &'a [u32],
    /// Heights of the burst before the first, then of each burst.
    heights: &'a [Heights],
    taps: usize,
}

impl<'a> SpikeTrain<'a> {
    /// Whether the neuron is silent.
    pub fn is_empty(&self) -> bool {
        self.start.is_empty()
    }

    /// Taps of the widest kernel that the bursts are made for.
    pub(crate) fn taps(&self) -> usize {
        self.taps
    }

    /// Step of the first spike of each burst.
    #[inline(always)]
    pub(crate) fn starts(&self) -> &'a [u32] {
        self.start
    }

    /// Heights of burst `n`, delayed by `steps`, at the steps from the burst's start on:
    /// [`BURST_STEPS`] numbers may be read. The first of them lie before the burst, at the end of
    /// another burst, where heights are zero: the taps of its last spike lie within it. The burst
    /// must be of the train, and `steps` below the number of taps.
    #[inline(always)]
    pub(crate) fn delayed(&self, n: usize, steps: usize) -> *const f32 {
        debug_assert!(n < self.start.len() && steps < self.taps, "no such burst");
        self.heights.as_ptr().cast::<f32>().wrapping_add((n + 1) * BURST_STEPS - steps)
    }

    /// Step and height of each spike.
    pub(crate) fn spikes(&self) -> impl Iterator<Item = (u32, f32)> {
        let bursts = self.start.iter().zip(&self.heights[1..]);
        let steps = bursts.flat_map(|(&start, Heights(heights))| (start..).zip(*heights));
        steps.filter(|(_, height)| *height != 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_hold_every_spike_once() {
        let steps: Vec<u32> = (0..200).filter(|t| t % 7 < 2 || t % 31 < 9).collect();
        // Channel 1 is silent.
        let channels: Vec<(Vec<u32>, Vec<f32>)> = (0..3)
            .map(|channel| {
                let of_channel = |step: &&u32| step.is_multiple_of(channel + 1) && channel != 1;
                steps.iter().filter(of_channel).map(|&step| (step, (1 + step % 3) as f32)).unzip()
            })
            .collect();
        let mut bursts = Bursts::default();
        for taps in 1..=MOST_TAPS {
            bursts.refill(channels.iter().map(|(steps, heights)| (&steps[..], &heights[..])), taps);
            for (channel, (steps, heights)) in channels.iter().enumerate() {
                let train = bursts.channel(channel);
                assert!(
                    train.spikes().eq(steps.iter().copied().zip(heights.iter().copied())),
                    "{taps} taps, channel {channel}"
                );
                for (n, Heights(heights)) in train.heights[1..].iter().enumerate() {
                    assert!(
                        heights[BURST_STEPS + 1 - taps..].iter().all(|height| *height == 0.0),
                        "taps leave the burst"
                    );
                    for steps in 0..taps {
                        // SAFETY: as many numbers may be read.
                        let delayed =
                            unsafe { *train.delayed(n, steps).cast::<[f32; BURST_STEPS]>() };
                        assert!((0..BURST_STEPS).all(
                            |t| delayed[t] == if t < steps { 0.0 } else { heights[t - steps] }
                        ));
                    }
                }
                assert_eq!(train.is_empty(), channel == 1);
            }
        }
    }
}
