//! One training step of the `shd-delays` network by kernel evaluation, kernel width and instruction
//! set, and one on images.
//!
//! `cargo bench --bench projection`; it tells whether the constants of
//! `layered/src/taps/spread.rs` and `layered/src/window_plan.rs` fit a machine.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use layered::LayeredEngine;
use rand::RngExt;
use sim_core::{
    Batch, DelayTaps, GaussianMethod, GradientEngine, Gradients, Horizon, KernelEvaluation,
    Network, NormStatistics, Objective, Pass, Precision, Purpose, Readout, SampleLoss, Seed,
    SpikeFrames,
};
use simd::Instructions;
use std::hint::black_box;
use synfire::{Delays, Experiment, FeedForward};

const SAMPLES: usize = 16;

/// A loss whose gradient is one everywhere: only the engine is measured.
struct Flat;

impl Objective for Flat {
    fn evaluate(
        &self,
        _slot: usize,
        _readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        if let Some((gradient, scale)) = gradient {
            gradient.fill(scale as f32);
        }
        SampleLoss::default()
    }
}

/// 8,000 spikes in a second over 140 channels, as dense as SHD at 10 ms.
fn frames(sample: u64) -> SpikeFrames {
    let mut random = Seed(0).stream(Purpose::Synthesis, sample, 0);
    let events: Vec<(u32, u32)> =
        (0..8000).map(|_| (random.random_range(0..140), random.random_range(0..100))).collect();
    SpikeFrames::from_events(140, 100, &events).expect("events of the grid")
}

fn network() -> Network {
    Experiment::recipe("shd-delays")
        .and_then(|experiment| experiment.build_network(140, 20))
        .expect("a recipe that ships")
}

fn trained(gaussian: GaussianMethod, precision: Precision, sigma_raw: f64) -> Pass {
    let evaluation = KernelEvaluation { gaussian, precision, ..KernelEvaluation::default() };
    Pass {
        delay_taps: DelayTaps::Trained { sigma_raw, evaluation },
        norm: NormStatistics::Batch,
        dropout: None,
        horizon: Horizon::Batch,
    }
}

fn by_evaluation(criterion: &mut Criterion) {
    let (network, frames) = (network(), (0..SAMPLES as u64).map(frames).collect::<Vec<_>>());
    let batch = Batch::new(&frames, network.output().expect("it has one"), &Flat);
    let mut gradients = Gradients::zeros(&network);
    let mut engine = LayeredEngine::new(&network).expect("a feed-forward network");
    let mut group = criterion.benchmark_group("training step");
    group.sample_size(10).throughput(Throughput::Elements(SAMPLES as u64));
    for sigma in [0.23, 1.0, 3.0, 12.0] {
        let singly = [
            GaussianMethod::Exact,
            GaussianMethod::Truncated,
            GaussianMethod::Smoothed,
            GaussianMethod::Polynomial,
            GaussianMethod::Cheapest,
        ];
        let all = singly
            .map(|method| (method, Precision::Single))
            .into_iter()
            .chain([(GaussianMethod::Cheapest, Precision::Bf16)]);
        for (method, precision) in all {
            let pass = trained(method, precision, sigma);
            group.bench_function(
                BenchmarkId::new(format!("{method:?}, {precision:?}"), sigma),
                |bencher| {
                    bencher.iter(|| {
                        engine.train(&network, &batch, &pass, &mut gradients).expect("finite");
                        black_box(&gradients);
                    });
                },
            );
        }
    }
    group.bench_function("deployed, forward only", |bencher| {
        bencher.iter(|| engine.evaluate(&network, &batch, &Pass::DEPLOYED).expect("finite"));
    });
}

fn by_instructions(criterion: &mut Criterion) {
    let (network, frames) = (network(), (0..SAMPLES as u64).map(frames).collect::<Vec<_>>());
    let batch = Batch::new(&frames, network.output().expect("it has one"), &Flat);
    let mut gradients = Gradients::zeros(&network);
    let pass = trained(GaussianMethod::Truncated, Precision::Single, 0.23);
    let mut group = criterion.benchmark_group("instruction sets");
    group.sample_size(10).throughput(Throughput::Elements(SAMPLES as u64));
    for instructions in Instructions::available() {
        let mut engine = LayeredEngine::new(&network)
            .and_then(|engine| engine.with_instructions(instructions))
            .expect("available");
        group.bench_function(instructions.name(), |bencher| {
            bencher.iter(|| {
                engine.train(&network, &batch, &pass, &mut gradients).expect("finite");
                black_box(&gradients);
            });
        });
    }
}

/// Digits of 784 real values that are shown for some steps, through 784-800-500-10 without delays:
/// as they are, and written out step by step.
fn images(criterion: &mut Criterion) {
    const IMAGES: usize = 64;
    let settings = FeedForward {
        hidden: vec![800, 500],
        delays: Delays::None,
        batch_norm: false,
        ..FeedForward::default()
    };
    let network = settings.build(784, 10, 1.0, Seed(0)).expect("a chain");
    let pass = trained(GaussianMethod::Exact, Precision::Single, 0.23);
    let mut engine = LayeredEngine::new(&network).expect("a feed-forward network");
    let mut gradients = Gradients::zeros(&network);
    let mut group = criterion.benchmark_group("images");
    group.sample_size(10).throughput(Throughput::Elements(IMAGES as u64));
    for steps in [6, 20] {
        let shown: Vec<_> = (0..IMAGES as u64).map(|sample| image(sample, steps)).collect();
        let written: Vec<_> = shown.iter().map(written_out).collect();
        for (name, frames) in [("shown", shown), ("written out", written)] {
            let batch = Batch::new(&frames, 3, &Flat);
            group.bench_function(BenchmarkId::new(name, steps), |bencher| {
                bencher.iter(|| {
                    engine.train(&network, &batch, &pass, &mut gradients).expect("finite");
                    black_box(&gradients);
                });
            });
        }
    }
}

/// A fifth of the values of an image is not 0, about as in handwritten digits.
fn image(sample: u64, steps: usize) -> SpikeFrames {
    let mut random = Seed(0).stream(Purpose::Synthesis, sample, 1);
    let mut value =
        || if random.random_range(0..5) == 0 { random.random_range(0.0..3.0) } else { 0.0 };
    let values: Vec<f32> = (0..784).map(|_| value()).collect();
    SpikeFrames::constant(&values, steps).expect("finite values")
}

fn written_out(image: &SpikeFrames) -> SpikeFrames {
    let mut values = vec![0.0; image.channels() * image.steps()];
    for (channel, row) in values.chunks_exact_mut(image.steps()).enumerate() {
        row.fill(image.channel(channel).1.first().copied().unwrap_or(0.0));
    }
    SpikeFrames::from_values(image.channels(), image.steps(), &values).expect("finite values")
}

criterion_group!(benches, by_evaluation, by_instructions, images);
criterion_main!(benches);
