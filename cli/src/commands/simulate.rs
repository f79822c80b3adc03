//! `synfire simulate`

use crate::arguments::simulate::{Recordable, Simulate};
use crate::{output, progress, run_argument};
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use synfire::datasets::shown_name;
use synfire::sim_core::{Network, Variables};
use synfire::{LoadedData, LogSettings, NetworkFile, SampleChoice, SimulatedSample, SimulationLog};

pub fn run(arguments: &Simulate) -> Result<ExitCode> {
    let records = |what| arguments.record.contains(&what);
    let variables =
        Variables { spikes: records(Recordable::Spikes), potentials: records(Recordable::V) };
    if arguments.csv.is_some() && !variables.spikes {
        let problem = "--csv names the columns of spikes, but no spikes are recorded (--record)";
        return Err(synfire::Error::Setting { field: None, problem: problem.into() }.into());
    }
    let csv = arguments.csv.map(Into::into).unwrap_or_default();
    let settings = LogSettings { variables, csv, overwrite: arguments.overwrite };
    run_argument::refuse_part(&arguments.network, "simulate")?;
    if arguments.network.is_dir() {
        of_run(arguments, settings)
    } else {
        of_file(arguments, settings)
    }
}

fn of_run(arguments: &Simulate, settings: LogSettings) -> Result<ExitCode> {
    let run = run_argument::open(&arguments.network, arguments.checkpoint, arguments.time_unit)?;
    let choice = match (&arguments.sample, arguments.split) {
        (Some(list), _) => SampleChoice::Listed(list.clone()),
        (None, Some(split)) => SampleChoice::Split(split.into()),
        (None, None) => SampleChoice::First,
    };
    let chosen = run.samples(arguments.data.as_deref(), &choice)?;
    if arguments.data.is_some() {
        chosen.data.notes.iter().for_each(output::say);
    }
    let folder = arguments.out.clone().unwrap_or_else(|| run.folder().spikes());
    let count = chosen.indices.len();
    let progress = progress::samples(count);
    let (mut correct, mut files) = (0, Vec::new());
    let each = |sample: SimulatedSample| {
        progress.inc(1);
        correct += usize::from(sample.label == sample.predicted);
        if arguments.json {
            return output::print(of_sample(run.network(), &chosen.data, &sample));
        }
        files.extend_from_slice(&sample.log.files);
        let (file, place) = chosen.data.place_of(sample.index);
        let (index, name) = (sample.index, &file.name);
        // Those of a validation file come after those of the training file.
        let which = match place == index {
            true => format!("{index} of {name}"),
            false => format!("{index} ({place} of {name})"),
        };
        let [class, predicted] = class_names(&chosen.data, &sample);
        let [class, predicted] = [&class, &predicted].map(|name| shown_name(name));
        output::print(format!("sample {which}: class {class}, predicted {predicted}"))
    };
    run.simulate(&chosen, settings, &folder, arguments.threads.map(usize::from), each)?;
    progress.finish_and_clear();
    match (arguments.json, count) {
        (true, _) => {}
        (false, 1) => print_files(&files)?,
        (false, _) => output::print(format!(
            "{correct} of {count} samples were taken for their own class; {} files in {}",
            files.len(),
            folder.display()
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn of_sample(network: &Network, data: &LoadedData, sample: &SimulatedSample) -> Value {
    let (file, place) = data.place_of(sample.index);
    let [class, predicted] = class_names(data, sample);
    json!({
        "data": file.name,
        "sample": sample.index,
        "sample_of_data": place,
        "class": class,
        "predicted": predicted,
        "steps": sample.steps,
        "dt_ms": network.dt_ms,
        "spikes": spikes(network, &sample.log),
        "files": sample.log.files,
    })
}

/// Names of a sample's class and of the one it was taken for.
fn class_names(data: &LoadedData, sample: &SimulatedSample) -> [String; 2] {
    [sample.label, sample.predicted].map(|class| data.dataset.class_name(class))
}

fn of_file(arguments: &Simulate, settings: LogSettings) -> Result<ExitCode> {
    let path = &arguments.network;
    if arguments.data.is_some() || arguments.sample.is_some() || arguments.split.is_some() {
        let problem = "a network file brings its own spikes; --data, --sample and --split belong \
                       to the folder of a run";
        let origin = path.display().to_string();
        return Err(synfire::Error::Config { origin, problem: problem.into() }.into());
    }
    let simulation = NetworkFile::read_simulation(path)?;
    let folder = arguments.out.clone().unwrap_or_else(|| ".".into());
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let log = simulation.log(settings, &folder, &name, &mut ())?;
    let network = simulation.network();
    if arguments.json {
        output::print(json!({
            "steps": simulation.steps(),
            "dt_ms": network.dt_ms,
            "spikes": spikes(network, &log),
            "files": log.files,
        }))?;
    } else {
        print_files(&log.files)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Spikes of every population by name.
fn spikes(network: &Network, log: &SimulationLog) -> Map<String, Value> {
    let populations = network.populations.iter().zip(&log.spikes);
    populations.map(|(population, &spikes)| (population.name.clone(), spikes.into())).collect()
}

fn print_files(files: &[PathBuf]) -> Result<()> {
    files.iter().map(PathBuf::as_path).map(Path::display).try_for_each(output::print)
}
