//! `synfire bench`

use crate::arguments::Bench;
use crate::output;
use anyhow::Result;
use std::fmt::Write;
use std::process::ExitCode;
use synfire::{BenchReport, BenchSettings, Experiment, Latency, bench, counted};

pub fn run(arguments: &Bench) -> Result<ExitCode> {
    let experiment = Experiment::recipe_with(&arguments.recipe, &arguments.overrides()?)?;
    let settings = BenchSettings {
        repeats: arguments.repeats.into(),
        warm_up_steps: arguments.warm_up,
        threads: arguments.threads.map(usize::from),
        ..BenchSettings::default()
    };
    let report = bench(&experiment, settings)?;
    if arguments.json {
        output::print(serde_json::to_string(&report)?)?;
    } else {
        output::print(text(&report)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &BenchReport) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let BenchReport { recipe, data, instructions, threads, batch_size, .. } = report;
    writeln!(text, "{recipe} on {data}: {instructions}, {}, batches of {batch_size}", counted(*threads, "thread"))?;
    writeln!(text, "training   {:>10.1} samples/s over a whole run", report.train_samples_per_s)?;
    writeln!(
        text,
        "inference  {:>10.1} samples/s, {:.2e} synaptic events/s",
        report.inference_samples_per_s, report.synaptic_events_per_s
    )?;
    let Latency { sample_ms, longest_ms, step_us } = report.streaming;
    writeln!(text, "streaming  {sample_ms:>10.2} ms per sample (at most {longest_ms:.2}), {step_us:.1} us per step, one thread")?;
    if let Some(memory) = report.peak_memory_mib {
        writeln!(text, "memory     {memory:>10.0} MiB at most")?;
    }
    writeln!(text, "\n epoch  sigma  share of run  samples/s     (slowest-fastest)")?;
    for point in &report.points {
        let (slowest, fastest) = point.range;
        writeln!(
            text,
            "{:>6} {:>6.2} {:>11.1} %  {:>9.1}  ({slowest:.1}-{fastest:.1})",
            point.epoch,
            point.sigma,
            100.0 * point.weight,
            point.train_samples_per_s
        )?;
    }
    writeln!(text, "\nshare of processor time in training")?;
    for (stage, share) in &report.stages {
        writeln!(text, "  {stage:<26} {:>5.1} %", 100.0 * share)?;
    }
    for (population, rate) in &report.firing_rates {
        writeln!(text, "{population} fires {rate:.3} times per neuron and step")?;
    }
    Ok(text.trim_end().to_owned())
}
