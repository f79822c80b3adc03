//! How fast a recipe trains and infers on this machine: what `synfire bench` prints.
//!
//! Training cost depends on the width of the delay kernels, which shrinks over a run, and on how
//! often neurons fire, which training changes. So the network is first trained for some steps, and
//! steps are then timed at points spread over the recipe's schedule, each weighted by the share of
//! the run it stands for.

use crate::bench_samples::samples;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::gradient_engine::gradient_engine;
use crate::loaded_data::LoadedData;
use crate::roofline::Roofline;
use crate::threads::thread_pool;
use layered::LayeredEngine;
use plasticity::{EpochReport, EpochTrainer, TrainerTiming};
use serde::Serialize;
use sim_core::{
    Batch, ClockEngine, GradientEngine, Horizon, Network, Pass, SampleSource, SpikeFrames,
    StreamingEngine,
};
use simd::{Instructions, MachineRates, machine_instructions};
use std::ops::ControlFlow;
use std::time::Instant;

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchSettings {
    /// Training steps before anything is timed; default 50.
    pub warm_up_steps: usize,
    /// How many times each point is measured; the median counts; default 3.
    pub repeats: usize,
    /// Batches per measurement; default 2.
    pub batches: usize,
    /// Points of the part of the schedule in which the kernels' width shrinks; one more is taken
    /// behind it. Default 7.
    pub points: usize,
    /// Worker threads; one per processor by default.
    pub threads: Option<usize>,
    /// Whether stages are set beside what the machine could do; off by default.
    pub roofline: bool,
}

impl Default for BenchSettings {
    fn default() -> Self {
        Self {
            warm_up_steps: 50,
            repeats: 3,
            batches: 2,
            points: 7,
            threads: None,
            roofline: false,
        }
    }
}

/// One point of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BenchPoint {
    /// Epoch of the recipe, counted from 0.
    pub epoch: usize,
    /// Raw width of the kernels there, in steps.
    pub sigma: f64,
    /// Share of the run this point stands for.
    pub weight: f64,
    /// Training samples per second, median of the repeats.
    pub train_samples_per_s: f64,
    /// Slowest and fastest repeat.
    pub range: (f64, f64),
}

/// Time that the deployed network takes on one thread when its input streams in. The streaming
/// engine runs it; the clock engine runs it in double precision, to compare.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Milliseconds for a whole sample, median over samples.
    pub sample_ms: f64,
    /// Milliseconds for a whole sample, the longest.
    pub longest_ms: f64,
    /// Microseconds for a step, mean.
    pub step_us: f64,
    /// Microseconds that 99 of 100 steps take at most.
    pub step_99_us: f64,
    /// Milliseconds that the clock engine takes for a whole sample, median over samples.
    pub clock_engine_ms: f64,
}

/// The results of a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchReport {
    /// Name of the recipe.
    pub recipe: String,
    /// File, or `made-up spikes`.
    pub data: String,
    /// Instruction set of the hot loops.
    pub instructions: &'static str,
    /// What the recipe asks for and this processor lacks.
    pub precision_note: Option<&'static str>,
    /// Worker threads.
    pub threads: usize,
    /// Samples per step.
    pub batch_size: usize,
    /// Training samples per second over a whole run: the weighted mean of the points' times.
    pub train_samples_per_s: f64,
    /// Samples per second of the deployed network.
    pub inference_samples_per_s: f64,
    /// Synaptic events per second of the deployed network.
    pub synaptic_events_per_s: f64,
    /// One sample at a time, step by step, on one thread.
    pub streaming: Latency,
    /// Spikes per neuron and step, by hidden population, while timed.
    pub firing_rates: Vec<(String, f64)>,
    /// The points.
    pub points: Vec<BenchPoint>,
    /// Share of processor time per stage of training, over all points.
    pub stages: Vec<(&'static str, f64)>,
    /// Best rates of one core, where asked for.
    pub machine: Option<MachineRates>,
    /// Stages beside what the machine could do, by point; empty unless asked for.
    pub rooflines: Vec<Roofline>,
    /// Largest memory of the process so far in MiB, where the system tells.
    pub peak_memory_mib: Option<f64>,
}

/// Measures `experiment`. A recipe for a file that was not named is measured on made-up spikes:
/// 8,000 a sample, uniform over a second; only real recordings give the firing rates of real
/// training.
///
/// # Errors
/// As for a training run; nothing is written.
pub fn bench(experiment: &Experiment, settings: BenchSettings) -> Result<BenchReport> {
    experiment.check()?;
    experiment.network.check_trainable(experiment.dt_ms())?;
    thread_pool(settings.threads)?.install(|| measure(experiment, settings))
}

fn measure(experiment: &Experiment, settings: BenchSettings) -> Result<BenchReport> {
    let (loaded, indices) = samples(experiment)?;
    experiment.check_memory(&loaded, true)?;
    let LoadedData { dataset: data, origin, .. } = loaded;
    let name = origin.name;
    let network = experiment.build_network(data.channels(), data.classes())?;
    let (training, seed) = (experiment.training.clone(), experiment.seed());
    let engine = gradient_engine(&network, training.gradient, seed, false)?;
    let mut trainer = EpochTrainer::new(network, engine, training, seed)?;
    let batch_size = experiment.training.batch_size.min(indices.len());
    let several: Vec<usize> =
        indices.iter().copied().cycle().take(batch_size * settings.batches).collect();
    warm_up(&mut trainer, &*data, &indices, settings.warm_up_steps)?;

    let before = trainer.timing();
    let mut points = Vec::new();
    let mut firing_rates = Vec::new();
    let machine = settings.roofline.then(|| MachineRates::measure(Instructions::detect()));
    let mut rooflines = Vec::new();
    for (epoch, weight) in schedule_points(experiment, settings.points) {
        let mut rates = Vec::new();
        let mut sigma = 0.0;
        let before = trainer.timing();
        for _ in 0..settings.repeats {
            trainer.move_to_epoch(epoch);
            sigma = trainer.trainer().sigma();
            let start = Instant::now();
            if let ControlFlow::Continue(EpochReport { firing_rates: firing, .. }) =
                trainer.train_epoch(&*data, &several, &mut |_| ControlFlow::Continue(()))?
            {
                firing_rates = firing;
            }
            rates.push(several.len() as f64 / start.elapsed().as_secs_f64());
        }
        rates.sort_by(f64::total_cmp);
        points.push(BenchPoint {
            epoch,
            sigma,
            weight,
            train_samples_per_s: rates[rates.len() / 2],
            range: (rates[0], rates[rates.len() - 1]),
        });
        if let Some(machine) = &machine {
            let after = trainer.timing();
            let spent = after.since(&before);
            // Training goes on to the next epoch, but the work is counted for the epoch just timed.
            trainer.move_to_epoch(epoch);
            rooflines.push(Roofline::new(
                trainer.trainer(),
                batch_size,
                machine,
                &spent,
                several.len() * settings.repeats,
            ));
        }
    }
    let stages = stage_shares(&trainer.timing().since(&before));
    let horizon = trainer.settings().evaluation().horizon;
    let streaming = streaming(trainer.network(), horizon, &*data, &several)?;
    let (inference_samples_per_s, synaptic_events_per_s) =
        inference(&mut trainer, &*data, &several, settings.repeats)?;
    Ok(BenchReport {
        recipe: experiment.name.clone(),
        data: name,
        instructions: machine_instructions(),
        precision_note: experiment.training.kernel.precision_note(),
        threads: rayon::current_num_threads(),
        batch_size,
        train_samples_per_s: 1.0
            / points.iter().map(|point| point.weight / point.train_samples_per_s).sum::<f64>(),
        inference_samples_per_s,
        synaptic_events_per_s,
        streaming,
        firing_rates,
        points,
        stages,
        machine,
        rooflines,
        peak_memory_mib: peak_memory_mib(),
    })
}

/// Trains at the recipe's highest rate until firing rates have settled.
fn warm_up(
    trainer: &mut EpochTrainer,
    data: &dyn SampleSource,
    indices: &[usize],
    steps: usize,
) -> Result<()> {
    let mut left = steps;
    // The width reaches its end at `final_epoch`; neurons then fire as they do for most of a run.
    let settings = trainer.settings();
    let epoch = settings.sigma.final_epoch(settings.epochs).min(settings.epochs - 1);
    while left > 0 {
        trainer.move_to_epoch(epoch);
        let _ = trainer.train_epoch(data, indices, &mut |_| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    Ok(())
}

/// Epochs to measure with the share of the run each stands for: `points` in the part where the
/// width shrinks, one behind it.
pub(crate) fn schedule_points(experiment: &Experiment, points: usize) -> Vec<(usize, f64)> {
    let epochs = experiment.training.epochs;
    let shrinking = if experiment.network.has_gaussians(experiment.dt_ms()) {
        experiment.training.sigma.final_epoch(epochs).min(epochs)
    } else {
        0
    };
    let points = points.min(shrinking);
    let mut chosen: Vec<(usize, f64)> = (0..points)
        .map(|k| {
            (
                (2 * k + 1) * shrinking / (2 * points),
                shrinking as f64 / epochs as f64 / points as f64,
            )
        })
        .collect();
    if shrinking < epochs {
        chosen.push(((shrinking + epochs) / 2, (epochs - shrinking) as f64 / epochs as f64));
    }
    chosen
}

fn stage_shares(spent: &TrainerTiming) -> Vec<(&'static str, f64)> {
    let total: f64 = spent.parts().map(|(_, spent)| spent.as_secs_f64()).sum();
    spent.parts().map(|(name, spent)| (name, spent.as_secs_f64() / total)).collect()
}

/// Samples and synaptic events per second of the deployed network.
fn inference(
    trainer: &mut EpochTrainer,
    data: &dyn SampleSource,
    indices: &[usize],
    repeats: usize,
) -> Result<(f64, f64)> {
    let mut rates = Vec::new();
    for _ in 0..repeats {
        let start = Instant::now();
        trainer.evaluate(data, indices)?;
        rates.push(indices.len() as f64 / start.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    let rate = rates[rates.len() / 2];
    let horizon = trainer.settings().evaluation().horizon;
    let mut frames: Vec<_> =
        indices.iter().take(64).map(|&sample| data.frames(sample, None)).collect();
    frames.iter_mut().for_each(|frames| horizon.cut(frames));
    let network = trainer.network();
    let mut engine = LayeredEngine::new(network)?;
    let batch = Batch::new(&frames, trainer.output(), &());
    engine.evaluate(network, &batch, &Pass { horizon, ..Pass::DEPLOYED })?;
    let events = network.projections.iter().map(|projection| {
        let spikes = engine.report().populations[projection.source].spikes;
        spikes * network.populations[projection.target].size as u64
    });
    Ok((rate, rate * events.sum::<u64>() as f64 / frames.len() as f64))
}

/// Runs up to 64 samples one after the other through the streaming engine, then through the clock
/// engine.
fn streaming(
    network: &Network,
    horizon: Horizon,
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<Latency> {
    let output = network.output()?;
    let steps_of = |frames: &SpikeFrames| horizon.steps(network, output, frames.steps());
    let samples: Vec<_> =
        indices.iter().take(64).map(|&sample| data.frames(sample, None)).collect();
    let mut engine = StreamingEngine::new(network).map_err(Error::from)?;
    let (mut samples_ms, mut steps_us) = (Vec::new(), Vec::new());
    for frames in &samples {
        // Spikes by step, as a sensor sends them: sorting a recording is no part of the network's
        // latency.
        let train = frames.by_step();
        engine.reset();
        let start = Instant::now();
        let mut earlier = start;
        for step in 0..steps_of(frames)? {
            engine.step(train.get(step).map_or(&[], Vec::as_slice)).map_err(Error::from)?;
            let now = Instant::now();
            steps_us.push(1e6 * (now - earlier).as_secs_f64());
            earlier = now;
        }
        samples_ms.push(1e3 * start.elapsed().as_secs_f64());
    }
    let mut clock = ClockEngine::build(network).map_err(Error::from)?;
    let mut clock_ms = Vec::new();
    for frames in &samples {
        clock.reset();
        let start = Instant::now();
        clock.run(std::slice::from_ref(frames), steps_of(frames)?, &mut ()).map_err(Error::from)?;
        clock_ms.push(1e3 * start.elapsed().as_secs_f64());
    }
    [&mut samples_ms, &mut steps_us, &mut clock_ms]
        .into_iter()
        .for_each(|times| times.sort_by(f64::total_cmp));
    Ok(Latency {
        sample_ms: samples_ms[samples_ms.len() / 2],
        longest_ms: samples_ms[samples_ms.len() - 1],
        step_us: steps_us.iter().sum::<f64>() / steps_us.len() as f64,
        step_99_us: steps_us[(steps_us.len() - 1) * 99 / 100],
        clock_engine_ms: clock_ms[clock_ms.len() / 2],
    })
}

/// `VmHWM` of Linux' `/proc/self/status`.
fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()? / 1024.0)
}
