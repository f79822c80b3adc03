//! `synfire simulate`

use crate::arguments::{Recordable, Simulate};
use crate::{output, run_argument};
use anyhow::Result;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use synfire::sim_core::Variables;
use synfire::{LogSettings, NetworkFile, Simulation, SimulationLog, TrainedRun};

pub fn run(arguments: &Simulate) -> Result<ExitCode> {
    let records = |what| arguments.record.contains(&what);
    let variables =
        Variables { spikes: records(Recordable::Spikes), potentials: records(Recordable::V) };
    let settings =
        LogSettings { variables, csv: arguments.csv.into(), overwrite: arguments.overwrite };
    run_argument::refuse_part(&arguments.network, "simulate")?;
    if arguments.network.is_dir() {
        of_run(arguments, settings)
    } else {
        of_file(arguments, settings)
    }
}

fn of_run(arguments: &Simulate, settings: LogSettings) -> Result<ExitCode> {
    let run = TrainedRun::open(&arguments.network, arguments.checkpoint)?;
    let chosen = run.sample(arguments.data.as_deref(), arguments.sample)?;
    if arguments.data.is_some() {
        chosen.data.notes.iter().for_each(output::say);
    }
    let simulation = run.simulation(&chosen)?;
    let folder = arguments.out.clone().unwrap_or_else(|| run.folder().spikes());
    let mut output = simulation.output_recording();
    let log =
        simulation.log(settings, &folder, &format!("sample-{}", chosen.index), &mut output)?;
    let predicted = simulation.predicted(&output, run.loss()?);
    let class = |class: usize| chosen.data.dataset.class_name(class);
    let label = chosen.data.dataset.label(chosen.index);
    let (file, index) = chosen.data.place_of(chosen.index);
    if arguments.json {
        output::print(json!({
            "data": file.name,
            "sample": index,
            "class": class(label),
            "predicted": class(predicted),
            "steps": simulation.steps(),
            "dt_ms": simulation.network().dt_ms,
            "spikes": spikes(&simulation, &log),
            "files": log.files,
        }))?;
    } else {
        output::print(format!(
            "sample {} of {}: class {}, predicted {}",
            index,
            file.name,
            class(label),
            class(predicted)
        ))?;
        print_files(&log.files)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn of_file(arguments: &Simulate, settings: LogSettings) -> Result<ExitCode> {
    if arguments.data.is_some() || arguments.sample.is_some() {
        let problem = "a network file brings its own spikes; --data and --sample belong to the folder of a run";
        return Err(synfire::Error::Config {
            origin: arguments.network.display().to_string(),
            problem: problem.into(),
        }
        .into());
    }
    let path = &arguments.network;
    let simulation = NetworkFile::read(path)?.simulation(&path.display().to_string())?;
    let folder = arguments.out.clone().unwrap_or_else(|| ".".into());
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let log = simulation.log(settings, &folder, &name, &mut ())?;
    if arguments.json {
        output::print(json!({
            "steps": simulation.steps(),
            "dt_ms": simulation.network().dt_ms,
            "spikes": spikes(&simulation, &log),
            "files": log.files,
        }))?;
    } else {
        print_files(&log.files)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Spikes of every population by name.
fn spikes(
    simulation: &Simulation,
    log: &SimulationLog,
) -> serde_json::Map<String, serde_json::Value> {
    let populations = simulation.network().populations.iter().zip(&log.spikes);
    populations.map(|(population, &spikes)| (population.name.clone(), spikes.into())).collect()
}

fn print_files(files: &[PathBuf]) -> Result<()> {
    files.iter().map(PathBuf::as_path).map(Path::display).try_for_each(output::print)
}
