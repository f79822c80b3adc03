//! `synfire bench`

use crate::arguments::bench::Bench;
use crate::{experiment, output};
use anyhow::Result;
use std::fmt::Write;
use std::process::ExitCode;
use synfire::simd::MachineRates;
use synfire::{BenchReport, BenchSettings, Latency, Roofline, StageRoofline, bench};

pub fn run(arguments: &Bench) -> Result<ExitCode> {
    let named = arguments.recipe.as_ref().unwrap_or(&arguments.experiment);
    let experiment = experiment::named("bench", named, &arguments.overrides()?)?;
    let settings = BenchSettings {
        repeats: arguments.repeats.into(),
        warm_up_steps: arguments.warm_up,
        threads: arguments.threads.map(usize::from),
        roofline: arguments.stages,
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
    writeln!(
        text,
        "{recipe} on {data}: {instructions}, {}, batches of {batch_size}",
        synfire::datasets::counted(*threads, "thread")
    )?;
    if let Some(note) = report.precision_note {
        writeln!(text, "{note}")?;
    }
    writeln!(text, "training   {:>10.1} samples/s over a whole run", report.train_samples_per_s)?;
    writeln!(
        text,
        "inference  {:>10.1} samples/s, {:.2e} synaptic events/s",
        report.inference_samples_per_s, report.synaptic_events_per_s
    )?;
    let Latency { sample_ms, longest_ms, step_us, step_99_us, clock_engine_ms } = report.streaming;
    writeln!(
        text,
        "streaming  {sample_ms:>10.2} ms per sample (at most {longest_ms:.2}), {step_us:.1} us per \
         step (99 % below {step_99_us:.1}), one thread"
    )?;
    writeln!(
        text,
        "           {clock_engine_ms:>10.2} ms per sample by the clock engine in double precision"
    )?;
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
    if let (Some(machine), Some(roofline)) = (&report.machine, report.rooflines.last()) {
        write_roofline(&mut text, machine, roofline)?;
    }
    Ok(text.trim_end().to_owned())
}

/// Rates of one core, then a line for each stage at the last width.
fn write_roofline(
    text: &mut String,
    machine: &MachineRates,
    roofline: &Roofline,
) -> std::fmt::Result {
    let giga = |rate: f64| rate / 1e9;
    writeln!(text, "\none core at best")?;
    writeln!(text, "  multiply-adds {:>9.1} G/s", giga(machine.multiply_adds_per_s))?;
    writeln!(text, "  nearest cache {:>9.1} GB/s", giga(machine.nearest_bytes_per_s))?;
    writeln!(text, "  next cache    {:>9.1} GB/s", giga(machine.next_bytes_per_s))?;
    writeln!(text, "  memory        {:>9.1} GB/s", giga(machine.memory_bytes_per_s))?;
    writeln!(text, "  scatter       {:>9.2} G bursts x synapses/s", giga(machine.scattered_per_s))?;
    writeln!(text, "  gather        {:>9.2} G bursts x synapses/s", giga(machine.gathered_per_s))?;
    writeln!(
        text,
        "\nper sample at width {:.2}      multiply-adds      bytes  floor, us  taken, us  ratio",
        roofline.sigma
    )?;
    for StageRoofline { stage, work, floor_us, measured_us } in &roofline.stages {
        writeln!(
            text,
            "  {stage:<26} {:>11.3} M {:>8.3} MB {floor_us:>10.1} {measured_us:>10.1} {:>6.1}",
            work.multiply_adds / 1e6,
            work.bytes / 1e6,
            measured_us / floor_us
        )?;
    }
    Ok(())
}
