//! Input on its way to a population, and the synapses that bring it: what the streaming engine's
//! inner loop runs over.
//!
//! The window is a stretch of rows, one per coming step, that slides over a longer buffer: the
//! place of an arrival lies always `delay * width + neuron` numbers behind the first number of the
//! current row, wherever the window is, so a synapse keeps that offset and no row is ever looked
//! up. When the window meets the end of the buffer, it is copied back to the start, about once in
//! as many steps as it has rows.
//!
//! Offsets have 16 bits, and the window hands out references to 65,536 numbers: there is no offset
//! that such a reference does not hold, so the compiler leaves the bounds check out of the inner
//! loop. Windows longer than that are taken in parts ([`Run`]). The end of the buffer is padded
//! with as many numbers that nobody touches.
//!
//! A synapse costs a load of its weight, a load and a store of the input it adds to, and a load of
//! its offset, which processors with two or three ports to memory feel; so four offsets share a
//! word. (Zen 3, ns per spike and synapse: one offset and weight of four bytes each in one array
//! 0.73, apart and the offset in 16 bits 0.61, four offsets to a word 0.53; vector loads of weights
//! in `unsafe` code 0.51, which is not worth it.)

use crate::error::{Error, Result};
use crate::population::Population;
use crate::step::arithmetic::StepArrivals;
use crate::synapses::Synapse;
use simd::{NEURONS_PER_BLOCK, NeuronBlock};

/// Numbers that a 16-bit offset can reach.
const REACH: usize = 1 << 16;

/// Summed input of one population for the current step and the `longest` steps after it.
///
/// Rows of `width` numbers, that is of neurons rounded up to whole blocks of [`NEURONS_PER_BLOCK`].
/// From the current row on, the rows behind the longest delay are zero.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ArrivalWindow {
    width: usize,
    /// Longest delay in steps.
    longest: usize,
    /// First number of the current row.
    current: usize,
    /// First number behind the rows; padding from here on.
    end: usize,
    input: Vec<f32>,
}

impl ArrivalWindow {
    /// A silent window for `neurons` neurons and delays of up to `longest` steps; `name` is the
    /// population to blame.
    ///
    /// # Errors
    /// [`Error::Network`] when it does not fit in memory.
    pub fn of_inputs(name: &str, neurons: usize, longest: usize) -> Result<Self> {
        let width = width_of(neurons);
        let rows = longest.saturating_add(1).saturating_mul(2);
        let end = rows.saturating_mul(width);
        let length = end.saturating_add(REACH);
        // Asked for and given back, so that the zeros below can come from the system without being
        // written.
        Vec::<f32>::new().try_reserve_exact(length).map_err(|_| {
            Error::Network(format!(
                "{neurons} neurons of {name} with delays of up to {longest} \
                                    steps do not fit in memory"
            ))
        })?;
        Ok(Self { width, longest, current: 0, end, input: vec![0.0; length] })
    }

    /// Input of the current step, by blocks of neurons.
    pub fn current(&self) -> &[NeuronBlock] {
        self.input[self.current..self.current + self.width].as_chunks().0
    }

    /// The numbers that lie `base` behind the first number of the current row, and after that.
    fn from(&mut self, base: usize) -> &mut [f32; REACH] {
        self.input[self.current + base..]
            .first_chunk_mut()
            .expect("the buffer is padded by the reach of an offset")
    }
}

impl StepArrivals for ArrivalWindow {
    fn new(population: &Population, longest: usize) -> Result<Self> {
        let inputs = population.ports().len() * width_of(population.size);
        Self::of_inputs(&population.name, inputs, longest)
    }

    fn advance(&mut self) {
        self.current += self.width;
        let coming = self.longest * self.width;
        if self.current + coming < self.end {
            return;
        }
        self.input.copy_within(self.current..self.current + coming, 0);
        self.input[coming..self.end].fill(0.0);
        self.current = 0;
    }

    fn clear(&mut self) {
        self.input[..self.end].fill(0.0);
        self.current = 0;
    }

    fn pending(&self) -> Vec<f64> {
        let rows = &self.input[self.current..][..(self.longest + 1) * self.width];
        rows.iter().map(|&input| f64::from(input)).collect()
    }

    fn set_pending(&mut self, pending: &[f64]) {
        self.clear();
        self.input.iter_mut().zip(pending).for_each(|(to, from)| *to = *from as f32);
    }
}

/// Numbers in a row of `neurons` neurons.
fn width_of(neurons: usize) -> usize {
    neurons.next_multiple_of(NEURONS_PER_BLOCK)
}

/// The synapses of one projection by presynaptic neuron, six bytes each, in the order of delays,
/// then of target neurons: delivery walks forward through the window. They come in fours; the last
/// four of a run are filled up with weights of 0.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PackedSynapses {
    /// The runs of neuron `i` are `run[first_run[i]..first_run[i + 1]]`.
    first_run: Vec<usize>,
    run: Vec<Run>,
    /// Numbers behind the base of the run, four synapses to a word, the first in the lowest bits.
    offsets: Vec<u64>,
    weights: Vec<[f32; 4]>,
    longest: u32,
}

/// Fours `start..end` of synapses of one neuron, whose arrivals lie less than the reach of an
/// offset behind `base`. Of windows with fewer than 65,536 numbers there is one run per neuron.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    base: usize,
    start: usize,
    end: usize,
}

impl PackedSynapses {
    /// Packs the synapses from `sources` to `targets` neurons; those of weight 0 are left out.
    /// `name` is the projection to blame.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a weight too large for single precision.
    pub fn pack(
        name: &str,
        sources: usize,
        targets: usize,
        mut synapses: Vec<Synapse>,
    ) -> Result<Self> {
        if let Some(synapse) = synapses.iter().find(|synapse| !(synapse.weight as f32).is_finite())
        {
            let what =
                format!("{name}: weight of the synapse from {} to {}", synapse.pre, synapse.post);
            return Err(Error::out_of_range(what, synapse.weight, "a number of single precision"));
        }
        synapses.retain(|synapse| synapse.weight as f32 != 0.0);
        // Stable: synapses that agree in all three keep the order in which they were given.
        synapses.sort_by_key(|synapse| (synapse.pre, synapse.delay_steps, synapse.post));
        let mut packed = Self {
            first_run: Vec::with_capacity(sources + 1),
            run: Vec::new(),
            offsets: Vec::with_capacity(synapses.len().div_ceil(4)),
            weights: Vec::with_capacity(synapses.len().div_ceil(4)),
            longest: synapses.iter().map(|synapse| synapse.delay_steps).max().unwrap_or(0),
        };
        // Saturating: a window so large is refused when it is made.
        let place = |synapse: &Synapse| {
            (synapse.delay_steps as usize)
                .saturating_mul(width_of(targets))
                .saturating_add(synapse.post as usize)
        };
        let mut runs = synapses
            .chunk_by(|a, b| a.pre == b.pre && place(a) / REACH == place(b) / REACH)
            .peekable();
        for neuron in 0..sources {
            packed.first_run.push(packed.run.len());
            while let Some(run) = runs.next_if(|run| run[0].pre as usize == neuron) {
                let start = packed.offsets.len();
                for four in run.chunks(4) {
                    let (mut offsets, mut weights) = (0, [0.0; 4]);
                    for (n, synapse) in four.iter().enumerate() {
                        offsets |= ((place(synapse) % REACH) as u64) << (16 * n);
                        weights[n] = synapse.weight as f32;
                    }
                    packed.offsets.push(offsets);
                    packed.weights.push(weights);
                }
                packed.run.push(Run {
                    base: place(&run[0]) / REACH * REACH,
                    start,
                    end: packed.offsets.len(),
                });
            }
        }
        packed.first_run.push(packed.run.len());
        Ok(packed)
    }

    /// Longest delay in steps, 0 without synapses.
    pub fn longest_delay(&self) -> u32 {
        self.longest
    }

    /// Adds what `count` coincident spikes of `neuron` bring to the window of the target
    /// population.
    #[inline]
    pub fn deliver_spike(&self, neuron: usize, count: f32, window: &mut ArrivalWindow) {
        for run in &self.run[self.first_run[neuron]..self.first_run[neuron + 1]] {
            let fours =
                self.offsets[run.start..run.end].iter().zip(&self.weights[run.start..run.end]);
            let input = window.from(run.base);
            // Nearly all spikes come alone.
            if count == 1.0 {
                fours.for_each(|(&offsets, &weights)| add(offsets, weights, input));
            } else {
                fours.for_each(|(&offsets, &weights)| {
                    add(offsets, weights.map(|weight| weight * count), input)
                });
            }
        }
    }
}

/// Adds four numbers at the places that the four parts of `offsets` say.
#[inline(always)]
fn add(offsets: u64, amounts: [f32; 4], input: &mut [f32; REACH]) {
    input[offsets as u16 as usize] += amounts[0];
    input[(offsets >> 16) as u16 as usize] += amounts[1];
    input[(offsets >> 32) as u16 as usize] += amounts[2];
    input[(offsets >> 48) as usize] += amounts[3];
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_that_cannot_be_held_is_refused() {
        let error = ArrivalWindow::of_inputs("hidden", 1 << 20, usize::MAX / 2).unwrap_err();
        assert!(
            error.to_string().starts_with("1048576 neurons of hidden with delays of up to"),
            "{error}"
        );
    }

    #[test]
    fn a_weight_that_single_precision_does_not_hold_is_refused() {
        let synapse = Synapse { pre: 0, post: 3, weight: 1e39, delay_steps: 0 };
        let message = PackedSynapses::pack("a -> b", 1, 4, vec![synapse]).unwrap_err().to_string();
        assert!(
            message.starts_with("a -> b: weight of the synapse from 0 to 3 is 1000"),
            "{message}"
        );
        assert!(message.ends_with(", but must be a number of single precision"), "{message}");
    }

    #[test]
    fn synapses_without_weight_are_left_out() {
        let synapse = |weight, delay_steps| Synapse { pre: 0, post: 0, weight, delay_steps };
        let packed = PackedSynapses::pack(
            "",
            1,
            1,
            vec![synapse(0.0, 0), synapse(0.5, 2), synapse(1e-300, 9)],
        )
        .unwrap();
        assert_eq!((packed.longest_delay(), packed.weights.len()), (2, 1));
    }

    proptest! {
        /// Everything that is sent arrives once, at its step; also where a window takes several
        /// runs (the widest has 10 x 20,000 numbers).
        #[test]
        fn it_equals_a_table_of_all_steps(
            targets in prop_oneof![Just(3_usize), Just(40), Just(20_000)],
            drawn in proptest::collection::vec(
                (0_u32..4, any::<u32>(), 1_i32..100, 0_u32..10),
                0..60,
            ),
            spikes in proptest::collection::vec((0_usize..25, 0_usize..4, 1_u8..3), 0..40),
        ) {
            let synapses: Vec<Synapse> = drawn
                .into_iter()
                .map(|(pre, post, weight, delay_steps)| Synapse {
                    pre,
                    post: post % targets as u32,
                    weight: weight.into(),
                    delay_steps,
                })
                .collect();
            let packed = PackedSynapses::pack("", 4, targets, synapses.clone()).unwrap();
            let mut window =
                ArrivalWindow::of_inputs("", targets, packed.longest_delay() as usize).unwrap();
            for round in 0..2 {
                for step in 0..36 {
                    for &(_, neuron, count) in spikes.iter().filter(|spike| spike.0 == step) {
                        packed.deliver_spike(neuron, count.into(), &mut window);
                    }
                    let mut expected = vec![0.0; width_of(targets)];
                    for synapse in &synapses {
                        let sent = |spike: &&(usize, usize, u8)| {
                            spike.0 + synapse.delay_steps as usize == step
                                && spike.1 == synapse.pre as usize
                        };
                        expected[synapse.post as usize] += spikes
                            .iter()
                            .filter(sent)
                            .map(|spike| synapse.weight as f32 * spike.2 as f32)
                            .sum::<f32>();
                    }
                    prop_assert_eq!(
                        window.current().as_flattened(),
                        &expected[..],
                        "round {} step {}",
                        round,
                        step
                    );
                    window.advance();
                    if round == 0 && step == 20 {
                        break;
                    }
                }
                window.clear();
            }
        }
    }
}
