//! `synfire simulate`

use crate::arguments::changes::changes;
use crate::arguments::simulate::{Recordable, Simulate};
use crate::{experiment, output, output_file, progress, run_argument};
use anyhow::Result;
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use synfire::datasets::shown_name;
use synfire::exchange::{LogLayout, PopulationSpikes, ReadOptions, read_log};
use synfire::sim_core::{Cells, Network, Population, Variables};
use synfire::{
    ChosenSamples, Experiment, LoadedData, LogSettings, NetworkFile, ReceivedNetwork, Recipe,
    RunFolder, SampleChoice, SimulatedSample, SimulationLog, UntrainedNetwork, continue_from,
    provenance_of, write_state,
};

pub fn run(arguments: &Simulate) -> Result<ExitCode> {
    let spikes = arguments.record.contains(&Recordable::Spikes);
    let mut columns: Vec<&String> = Vec::new();
    for what in &arguments.record {
        match what {
            Recordable::Column(name) if !columns.contains(&name) => columns.push(name),
            _ => {}
        }
    }
    let variables = Variables { spikes, ..Variables::NONE }.with_columns(&columns);
    let settings = LogSettings {
        variables,
        formats: arguments.logs.clone(),
        provenance: None,
        sidecars: false,
        overwrite: arguments.overwrite,
    };
    run_argument::refuse_part(&arguments.network, "simulate")?;
    let of_state = arguments.save_state.is_some() || arguments.from_state.is_some();
    let is_received =
        RunFolder::open(&arguments.network).is_err() && ReceivedNetwork::is_at(&arguments.network);
    let is_experiment = !arguments.network.is_dir() && is_experiment(&arguments.network);
    if !arguments.set.is_empty() && !is_experiment {
        let problem = "--set changes an experiment, and this is none";
        return Err(wrong(arguments, problem));
    }
    if of_state && (is_experiment || arguments.network.is_dir()) {
        let problem = "--save-state and --from-state belong to a file that describes a network; \
                       samples start at rest";
        return Err(wrong(arguments, problem));
    }
    if !is_received && (arguments.duration_ms.is_some() || arguments.dt_ms.is_some()) {
        let problem = "--duration-ms and --dt-ms belong to a network that another program wrote";
        return Err(wrong(arguments, problem));
    }
    if arguments.input.is_some() && (is_experiment || arguments.network.is_dir() && !is_received) {
        let problem = "--input belongs to a file that describes a network; a run or an experiment \
                       hears samples (--data)";
        return Err(wrong(arguments, problem));
    }
    match arguments.network.is_dir() {
        _ if is_received => of_file(arguments, &settings),
        true => of_run(arguments, &settings),
        false if is_experiment => of_experiment(arguments, &settings),
        false => of_file(arguments, &settings),
    }
}

/// Whether a file holds an experiment, or a recipe has this name.
fn is_experiment(path: &Path) -> bool {
    let is_recipe = || path.to_str().is_some_and(|name| Recipe::find(name).is_ok());
    Experiment::is_in(path) || !path.exists() && is_recipe()
}

fn wrong(arguments: &Simulate, problem: &str) -> anyhow::Error {
    let origin = arguments.network.display().to_string();
    synfire::Error::Config { origin, problem: problem.into() }.into()
}

/// Which samples were asked for.
fn choice(arguments: &Simulate) -> SampleChoice {
    match (&arguments.sample, arguments.split) {
        (Some(list), _) => SampleChoice::Listed(list.clone()),
        (None, Some(split)) => SampleChoice::Split(split.into()),
        (None, None) => SampleChoice::First,
    }
}

/// The settings of logs that say which file the network came from.
fn came_from(file: &Path, settings: &LogSettings) -> Result<LogSettings> {
    Ok(LogSettings { provenance: Some(provenance_of(file)?), ..settings.clone() })
}

fn of_run(arguments: &Simulate, settings: &LogSettings) -> Result<ExitCode> {
    let run = run_argument::open(&arguments.network, arguments.checkpoint, arguments.time_unit)?;
    let settings = &came_from(run.checkpoint(), settings)?;
    let chosen = run.samples(arguments.data.as_deref(), &choice(arguments))?;
    if arguments.data.is_some() {
        chosen.data.notes.iter().for_each(output::say);
    }
    let folder = arguments.out.clone().unwrap_or_else(|| run.folder().spikes());
    let threads = arguments.threads.map(usize::from);
    let mut told = ToldSamples::new(arguments, run.network(), &chosen, &folder);
    run.simulate(&chosen, settings, &folder, threads, |sample| told.tell(&sample))?;
    told.finish()
}

fn of_experiment(arguments: &Simulate, settings: &LogSettings) -> Result<ExitCode> {
    if arguments.time_unit.is_some() {
        let problem = "--time-unit is of other files than a run's own; an experiment says it with \
                       --set data.source.time_unit=UNIT";
        return Err(wrong(arguments, problem));
    }
    let changes = changes(arguments.data.as_deref(), &arguments.set);
    let changes = changes.collect::<synfire::Result<Vec<_>>>()?;
    let experiment = match arguments.network.to_str() {
        Some(typed) => experiment::named("simulate", typed, &changes)?,
        None => Experiment::read_for("simulate", &arguments.network, &changes)?,
    };
    let threads = arguments.threads.map(usize::from);
    let untrained = UntrainedNetwork::new(experiment, threads)?;
    untrained.data().notes.iter().for_each(output::say);
    let chosen = untrained.samples(&choice(arguments))?;
    let folder = arguments.out.clone().unwrap_or_else(|| ".".into());
    let mut told = ToldSamples::new(arguments, untrained.network(), &chosen, &folder);
    untrained.simulate(&chosen, settings, &folder, threads, |sample| told.tell(&sample))?;
    told.finish()
}

/// Tells what became of each sample, and then of all.
struct ToldSamples<'a> {
    json: bool,
    network: &'a Network,
    chosen: &'a ChosenSamples,
    folder: &'a Path,
    progress: ProgressBar,
    correct: usize,
    files: Vec<PathBuf>,
}

impl<'a> ToldSamples<'a> {
    fn new(
        arguments: &Simulate,
        network: &'a Network,
        chosen: &'a ChosenSamples,
        folder: &'a Path,
    ) -> Self {
        let progress = progress::samples(chosen.indices.len());
        let (json, correct, files) = (arguments.json, 0, Vec::new());
        Self { json, network, chosen, folder, progress, correct, files }
    }

    fn tell(&mut self, sample: &SimulatedSample) -> Result<()> {
        self.progress.inc(1);
        self.correct += usize::from(sample.label == sample.predicted);
        let data = &self.chosen.data;
        let (file, place) = data.place_of(sample.index);
        let (index, name) = (sample.index, &file.name);
        let [class, predicted] = class_names(data, sample);
        if self.json {
            return output::print(json!({
                "data": name,
                "sample": index,
                "sample_of_data": place,
                "class": class,
                "predicted": predicted,
                "steps": sample.steps,
                "dt_ms": self.network.dt_ms,
                "spikes": spikes(self.network, &sample.log),
                "files": sample.log.files,
            }));
        }
        self.files.extend_from_slice(&sample.log.files);
        // Those of a validation file come after those of the training file.
        let which = match place == index {
            true => format!("{index} of {name}"),
            false => format!("{index} ({place} of {name})"),
        };
        let [class, predicted] = [&class, &predicted].map(|name| shown_name(name));
        output::print(format!("sample {which}: class {class}, predicted {predicted}"))
    }

    fn finish(self) -> Result<ExitCode> {
        self.progress.finish_and_clear();
        match (self.json, self.chosen.indices.len()) {
            (true, _) => {}
            (false, 1) => print_files(&self.files)?,
            (false, count) => output::print(format!(
                "{} of {count} samples were taken for their own class; {} files in {}",
                self.correct,
                self.files.len(),
                self.folder.display()
            ))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Names of a sample's class and of the one it was taken for.
fn class_names(data: &LoadedData, sample: &SimulatedSample) -> [String; 2] {
    [sample.label, sample.predicted].map(|class| data.dataset.class_name(class))
}

fn of_file(arguments: &Simulate, settings: &LogSettings) -> Result<ExitCode> {
    let path = &arguments.network;
    if arguments.data.is_some() || arguments.sample.is_some() || arguments.split.is_some() {
        let problem = "a network file brings its own spikes; --data, --sample and --split belong \
                       to the folder of a run, or to an experiment";
        return Err(wrong(arguments, problem));
    }
    let mut simulation = match ReceivedNetwork::is_at(path) {
        true => {
            let received = ReceivedNetwork::read(path, arguments.dt_ms)?;
            received.remarks.iter().for_each(output::say);
            let spikes = input(arguments, &received.network)?;
            received
                .simulation(&spikes, arguments.duration_ms)
                .map_err(|error| of_input(arguments, error))?
        }
        false => {
            let simulation = NetworkFile::read_simulation(path)?;
            let spikes = input(arguments, simulation.network())?;
            simulation.with_spikes(&spikes).map_err(|error| of_input(arguments, error))?
        }
    };
    if let Some(state) = &arguments.from_state {
        simulation = continue_from(simulation, state)?;
    }
    let settings = &came_from(path, settings)?;
    let folder = arguments.out.clone().unwrap_or_else(|| ".".into());
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let log = match &arguments.save_state {
        None => simulation.log(settings, &folder, &name, &mut ())?,
        Some(file) => {
            let layout = LogLayout::of(simulation.network()).map_err(synfire::Error::from)?;
            let mut others = settings.files(&layout, &folder, &name)?;
            others.push(path.clone());
            others.extend(arguments.from_state.clone());
            output_file::check(file, arguments.overwrite)?;
            output_file::check_apart(file, &others, "this file has another use here")?;
            let (mut log, state) = simulation.log_with_state(settings, &folder, &name)?;
            write_state(file, &state)?;
            log.files.push(file.clone());
            log
        }
    };
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

/// The spikes of the log that is replayed, if there is one. A log that names no population is one
/// of the only source.
fn input(arguments: &Simulate, network: &Network) -> Result<Vec<PopulationSpikes>> {
    let Some(path) = &arguments.input else { return Ok(Vec::new()) };
    let is_source = |own: &&Population| matches!(own.cells, Cells::Source);
    let sources: Vec<&Population> = network.populations.iter().filter(is_source).collect();
    let options = ReadOptions {
        dt_ms: Some(arguments.dt_ms.unwrap_or(network.dt_ms)),
        population: match sources[..] {
            [source] => Some(source.name.clone()),
            _ => None,
        },
        ..ReadOptions::default()
    };
    let mut spikes = read_log(path, &options).map_err(synfire::Error::from)?;
    spikes.iter_mut().for_each(PopulationSpikes::sort_by_time);
    let times = spikes.iter().flat_map(|own| &own.times_ms);
    let is_between = |time: &&f64| {
        let steps = *time / network.dt_ms;
        (steps - steps.round()).abs() > 1e-6
    };
    let (between, all) = (times.clone().filter(is_between).count(), times.count());
    if between > 0 {
        output::say(format!(
            "{}: {between} of {all} spikes lie between two steps of {} ms, and count for the step \
             in which they fall",
            path.display(),
            network.dt_ms
        ));
    }
    Ok(spikes)
}

/// An error about the log that is replayed, if there is one.
fn of_input(arguments: &Simulate, error: synfire::Error) -> synfire::Error {
    match &arguments.input {
        Some(path) => {
            let origin = path.display().to_string();
            synfire::Error::Config { origin, problem: error.to_string() }
        }
        None => error,
    }
}

/// Spikes of every population by name.
fn spikes(network: &Network, log: &SimulationLog) -> Map<String, Value> {
    let populations = network.populations.iter().zip(&log.spikes);
    populations.map(|(population, &spikes)| (population.name.clone(), spikes.into())).collect()
}

fn print_files(files: &[PathBuf]) -> Result<()> {
    files.iter().map(PathBuf::as_path).map(Path::display).try_for_each(output::print)
}
