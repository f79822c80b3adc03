//! Training in the steady state allocates nothing: what a step works in is left over from the steps
//! before it.
//!
//! A binary of its own, because an allocator belongs to the whole program; and one test, because
//! tests run side by side and all would be counted.

// A `GlobalAlloc` can be written in no other way. This one hands everything on to the system's.
#![allow(unsafe_code)]

use datasets::{
    Align, Augmentation, Binning, ImageInput, ImageSet, ImageTask, ImageView, NewSample,
    Permutation, SpikeDataset, SpikeRecordings, TimeType,
};
use layered::LayeredEngine;
use plasticity::gradient::{
    Constant, CrossEntropy, FiringRateBounds, Labelled, Schedule, SigmaSchedule, SignedUpdate,
    WeightUpdate,
};
use plasticity::{EpochTrainer, ParameterGroup, Protection, TrainingSettings};
use sim_core::{
    Batch, DelayTaps, Dropout, GaussianMethod, GradientEngine, Gradients, Horizon,
    KernelEvaluation, Kind, Network, NormStatistics, ParameterId, Pass, Regularizer, SampleSource,
    Seed, SpikeFrames,
};
use simd::has_tiles;
use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use synfire::{Delays, FeedForward};

/// Without tile registers, the crate `matrixmultiply` multiplies large matrices. It packs blocks of
/// both factors into memory of its own, anew for each product: 256 rows of 1024 numbers and 64 rows
/// of 256 at most.
const PACKED_BYTES: usize = 4 * (256 * 1024 + 64 * 256) + 4096;

/// The system's allocator, and how often it was asked for memory.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Relaxed);
    LARGEST.fetch_max(bytes, Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often memory was asked for, by any thread, and for how much at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Asked {
    times: usize,
    most_bytes: usize,
}

fn start_counting() {
    ALLOCATIONS.store(0, Relaxed);
    LARGEST.store(0, Relaxed);
}

fn counted() -> Asked {
    Asked { times: ALLOCATIONS.load(Relaxed), most_bytes: LARGEST.load(Relaxed) }
}

const SEED: Seed = Seed(11);
const CLASSES: usize = 3;
const CHANNELS: usize = 40;
/// Raw width of the Gaussian and how it is evaluated: shares in fixed filters, taps before one,
/// many taps around the delay, and few.
const WIDE: (f64, GaussianMethod) = (12.0, GaussianMethod::Polynomial);
const SMOOTHED: (f64, GaussianMethod) = (2.0, GaussianMethod::Smoothed);
const MIDDLE: (f64, GaussianMethod) = (2.0, GaussianMethod::Truncated);
const NARROW: (f64, GaussianMethod) = (0.23, GaussianMethod::Cheapest);

/// 90 samples, augmented in every way; sample `n` has `spikes(n)` spikes, two to a step.
fn data(spikes: impl Fn(usize) -> usize) -> SpikeDataset {
    let sample = |n: usize| {
        let spikes = spikes(n);
        let (seconds, units) =
            (0..spikes).map(|k| (k as f64 * 5e-4, (k * (7 + n) % CHANNELS) as u16)).unzip();
        NewSample { seconds, units, label: (n % CLASSES) as u16 }
    };
    let samples = (0..90).map(sample);
    let recordings =
        SpikeRecordings::from_samples("made", CHANNELS, CLASSES, TimeType::Float64, samples)
            .unwrap();
    let binning = Binning { dt_ms: 1.0, channel_group: 1, align: Align::Zero, max_steps: None };
    let augmentation =
        Augmentation { channel_shift: 2, time_jitter_ms: 1.0, spike_drop: 0.1, blend: 0.3 };
    let all: Vec<usize> = (0..recordings.len()).collect();
    SpikeDataset::new(Arc::new(recordings), binning, augmentation, SEED, &all).unwrap()
}

/// Norms, dropout, two hidden populations of more than one block of neurons each.
fn network_with(delays: Delays) -> Network {
    network_of(vec![37, 34], delays, true)
}

fn network_of(hidden: Vec<usize>, delays: Delays, batch_norm: bool) -> Network {
    let settings =
        FeedForward { hidden, max_delay_ms: 25.0, delays, batch_norm, ..FeedForward::default() };
    settings.build(CHANNELS, CLASSES, 1.0, SEED).unwrap()
}

/// Under Dale's law: excitatory input, a fifth of each hidden population inhibitory.
fn signed_network() -> Network {
    let settings = FeedForward {
        hidden: vec![37, 34],
        max_delay_ms: 25.0,
        excitatory: Some(0.8),
        excitatory_input: Some(1.0),
        ..FeedForward::default()
    };
    settings.build(CHANNELS, CLASSES, 1.0, SEED).unwrap()
}

fn network() -> Network {
    network_with(Delays::Learned)
}

fn evaluation(gaussian: GaussianMethod) -> KernelEvaluation {
    KernelEvaluation { gaussian, ..KernelEvaluation::default() }
}

/// Batches of 20, 7 and 20 samples of different lengths.
fn batches(data: &SpikeDataset) -> [Vec<SpikeFrames>; 3] {
    [0..20, 20..27, 27..47].map(|samples| samples.map(|sample| data.frames(sample, None)).collect())
}

/// Nine images, shown for 7 to 15 steps.
fn images() -> Vec<SpikeFrames> {
    let image = |n: usize| {
        let values: [f32; CHANNELS] = std::array::from_fn(|channel| (channel * n) as f32 * 0.01);
        SpikeFrames::constant(&values, 7 + n).unwrap()
    };
    (0..9).map(image).collect()
}

/// 90 images of a task, their pixels in another order, each shown for so many steps.
fn image_task(steps: usize) -> ImageTask {
    let pixels = (0..90 * CHANNELS).map(|pixel| (pixel * 37 % 256) as u8).collect();
    let labels = (0..90).map(|image| (image % CLASSES) as u8).collect();
    let images = ImageSet::new("made", 8, CHANNELS / 8, pixels, labels).unwrap();
    let order = (0..CHANNELS as u32).rev().collect();
    let view = ImageView {
        permutation: Some(Arc::new(Permutation::new(order).unwrap())),
        input: ImageInput::default(),
        steps,
        classes: (0..CLASSES as u8).collect(),
        first_output: 0,
        outputs: (0..CLASSES).map(|class| class.to_string()).collect(),
        seed: SEED,
        stream: 0,
    };
    ImageTask::new(Arc::new(images), (0..90).collect::<Vec<u32>>(), &view).unwrap()
}

/// Weights that learn by addition; sums of sizes may change.
const PLAIN: (WeightUpdate, bool) = (WeightUpdate::Additive, false);

/// Steps that [`engine_asks`] counts over, at least.
const STEPS: usize = 60;

/// What all batches ask for once each of them was there twice: `train` with these taps,
/// `evaluate` without.
fn engine_asks(
    network: &Network,
    batches: &[Vec<SpikeFrames>],
    delay_taps: Option<(f64, GaussianMethod)>,
) -> Asked {
    let mut engine = LayeredEngine::new(network).unwrap();
    let mut gradients = Gradients::zeros(network);
    let dropout = Some(Dropout { rate: 0.3, seed: SEED, step: 0 });
    let labels: Vec<usize> = (0..20).map(|slot| slot % CLASSES).collect();
    let bounds = FiringRateBounds { lower_hz: 20.0, upper_hz: Some(50.0), strength: 1e-3 };
    let regularizers: [Box<dyn Regularizer>; 1] = [Box::new(bounds)];
    let mut round = || {
        for frames in batches {
            for loss in [CrossEntropy::SumSoftmax, CrossEntropy::MaxOverTime] {
                let objective = Labelled { loss: &loss, labels: &labels };
                let (output, regularizers) = (3, &regularizers[..]);
                let batch = Batch { regularizers, ..Batch::new(frames, output, &objective) };
                match delay_taps {
                    Some((sigma_raw, gaussian)) => {
                        let delay_taps =
                            DelayTaps::Trained { sigma_raw, evaluation: evaluation(gaussian) };
                        let pass = Pass {
                            delay_taps,
                            norm: NormStatistics::Batch,
                            dropout,
                            horizon: Horizon::Batch,
                        };
                        engine.train(network, &batch, &pass, &mut gradients).unwrap();
                    }
                    None => {
                        // Penalties need samples of the same steps; verdicts their own.
                        let padded = Pass { horizon: Horizon::Batch, ..Pass::DEPLOYED };
                        engine.evaluate(network, &batch, &padded).unwrap();
                        let batch = Batch::new(frames, output, &objective);
                        engine.evaluate(network, &batch, &Pass::DEPLOYED).unwrap();
                    }
                }
                let hidden = network.populations[1].size;
                assert_eq!(engine.activity(1, 0).channels(), hidden);
            }
        }
    };
    (0..2).for_each(|_| round());
    start_counting();
    (0..STEPS.div_ceil(2 * batches.len())).for_each(|_| round());
    counted()
}

/// Keeps the delays of one projection, and looks at the activity behind another.
#[derive(Debug)]
struct Frozen;

impl Protection for Frozen {
    fn watches(&self) -> bool {
        true
    }

    fn observe(&mut self, _network: &Network, batch: &Batch, engine: &dyn GradientEngine) {
        assert!((0..batch.frames.len()).all(|sample| engine.activity(2, sample).channels() == 34));
    }

    fn protects(&self, id: ParameterId) -> bool {
        id == ParameterId::of_projection(1, Kind::Delay)
    }

    fn gradient(&self, _id: ParameterId, _values: &[f32], gradient: &mut [f32]) {
        gradient.fill(0.0);
    }

    fn step(&self, _id: ParameterId, before: &[f32], after: &mut [f32]) {
        after.copy_from_slice(before);
    }
}

/// The most that the steps of an epoch ask for. Counting starts behind an epoch's first step, which
/// begins its sums.
///
/// A list grows when a sample has more spikes or steps than any before it in its place, which would
/// happen ever more rarely, but never for the last time, while weights move and augmentation draws
/// anew. Here larger samples come first.
fn trainer_asks(
    network: Network,
    [larger, data]: [&dyn SampleSource; 2],
    (sigma, gaussian): (f64, GaussianMethod),
    (update, keep_sums): (WeightUpdate, bool),
) -> Asked {
    const LARGER: usize = 3;
    const WARM: usize = 8;
    const EPOCHS: usize = 13;
    let rate = Schedule::Constant(Constant { rate: 1e-4, ..Constant::default() });
    let mut settings = TrainingSettings {
        epochs: EPOCHS,
        batch_size: 8,
        dropout: 0.3,
        gradient_clip: Some(1e-3),
        firing_rate: Some(FiringRateBounds {
            lower_hz: 20.0,
            upper_hz: Some(50.0),
            strength: 1e-3,
        }),
        groups: vec![ParameterGroup {
            kinds: vec![Kind::Weight],
            names: vec!["input->*".into()],
            schedule: rate,
            update,
            signed_update: SignedUpdate { keep_sums, ..SignedUpdate::default() },
            ..ParameterGroup::default()
        }],
        kernel: evaluation(gaussian),
        sigma: SigmaSchedule { start: sigma, end: sigma, ..SigmaSchedule::default() },
        ..TrainingSettings::default()
    };
    settings.weights.schedule = rate;
    settings.weights.update = update;
    settings.weights.signed_update.keep_sums = keep_sums;
    settings.delays.schedule = rate;
    let engine = Box::new(LayeredEngine::new(&network).unwrap());
    let mut trainer = EpochTrainer::new(network, engine, settings, SEED).unwrap();
    trainer = trainer.with_protection(Box::new(Frozen));
    let all: Vec<usize> = (0..data.len()).collect();
    let mut asked = Asked::default();
    while trainer.epoch() < EPOCHS {
        let data = if trainer.epoch() < LARGER { larger } else { data };
        let (mut steps, mut of_epoch) = (0, Asked::default());
        let _ = trainer
            .train_epoch(data, &all, &mut |_| {
                steps += 1;
                if steps == 1 {
                    start_counting()
                } else {
                    of_epoch = counted()
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(steps, 12);
        if trainer.epoch() > WARM {
            asked = Asked {
                times: asked.times.max(of_epoch.times),
                most_bytes: asked.most_bytes.max(of_epoch.most_bytes),
            };
        }
    }
    asked
}

#[test]
fn a_step_allocates_nothing() {
    // Of 20 to 39 steps, and of 80.
    let (data, larger) = (data(|n| 40 + 7 * n % 38), data(|_| 160));
    let some = batches(&data);
    // Joined and taken one by one, shown and written out, one after the other.
    let products: Vec<_> =
        [images()].into_iter().chain(batches(&larger)).chain(some.clone()).collect();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for delay_taps in [Some(WIDE), Some(SMOOTHED), Some(MIDDLE), Some(NARROW), None] {
            let asked = pool.install(|| engine_asks(&network(), &some, delay_taps));
            assert_eq!(asked, Asked::default(), "engine, {threads} threads, {delay_taps:?}");
            let undelayed = network_with(Delays::None);
            let asked = pool.install(|| engine_asks(&undelayed, &products, delay_taps));
            assert_eq!(asked, Asked::default(), "products, {threads} threads, {delay_taps:?}");
            for batch_norm in [true, false] {
                // Large enough for products over a batch.
                let large = network_of(vec![280, 240], Delays::None, batch_norm);
                let asked = pool.install(|| engine_asks(&large, &products, delay_taps));
                let what = format!("norm {batch_norm}, {threads} threads, {delay_taps:?}");
                let is_fine = match has_tiles() {
                    true => asked == Asked::default(),
                    false => asked.most_bytes <= PACKED_BYTES,
                };
                assert!(is_fine, "large products, {what}: {asked:?}");
            }
        }
        // The thread that makes the frames is a new one each epoch. Where it or the trainer has to
        // wait for the other, for the first time in the epoch, the channel between them writes down
        // who waits: two lists of 4 entries, and the new thread's entry. No step adds to that.
        let check = |asked: Asked, what: &dyn Debug| {
            let is_nothing = asked.times <= 3 && asked.most_bytes <= 96;
            assert!(is_nothing, "trainer, {threads} threads, {what:?}: {asked:?}");
        };
        for delay_taps in [WIDE, SMOOTHED, MIDDLE, NARROW] {
            let sources: [&dyn SampleSource; 2] = [&larger, &data];
            let asked = pool.install(|| trainer_asks(network(), sources, delay_taps, PLAIN));
            check(asked, &delay_taps);
        }
        let shown = [image_task(12), image_task(6)];
        for delays in [Delays::None, Delays::Learned] {
            let network = network_with(delays);
            let shown: [&dyn SampleSource; 2] = [&shown[0], &shown[1]];
            let asked = pool.install(|| trainer_asks(network, shown, NARROW, PLAIN));
            check(asked, &(delays, "images"));
        }
        for update in [
            (WeightUpdate::Additive, false),
            (WeightUpdate::Exponentiated, false),
            (WeightUpdate::SignFrozen, true),
            (WeightUpdate::TwoSided, false),
        ] {
            // A two-sided update may change signs.
            let network = match update.0 {
                WeightUpdate::TwoSided => network(),
                _ => signed_network(),
            };
            let sources: [&dyn SampleSource; 2] = [&larger, &data];
            let asked = pool.install(|| trainer_asks(network, sources, NARROW, update));
            check(asked, &update);
        }
    }
    // Called by a thread that is not of the pool, rayon hands parallel loops over in blocks of 63,
    // which it allocates; a step has about 30.
    let asked = engine_asks(&network(), &some, Some(NARROW));
    assert!(
        asked.times < STEPS && asked.most_bytes <= 1520,
        "engine outside of the pool: {asked:?}"
    );
}
