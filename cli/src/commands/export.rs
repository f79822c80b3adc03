//! `synfire export`

use crate::arguments::export::Export;
use crate::arguments::nir_delays::NirDelayForm;
use crate::options::option;
use crate::{output, output_file, run_argument};
use anyhow::Result;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use synfire::datasets::{Layout, RecordingFile};
use synfire::exchange::{DeployedNetwork, SpikeFormat};
use synfire::sim_core::Variables;
use synfire::{
    ChosenSamples, Error, ExportFormat, LogSettings, NetworkExport, NetworkFile, NetworkTarget,
    NirDelays, RecordingLogs, RunFolder, SampleChoice, SampleList, SampleSpikes, SimulatedSample,
    TrainedRun, labels_of, provenance_of, write_labels,
};

/// What there is to export.
enum Source {
    Run(Box<TrainedRun>),
    Network,
    Recordings,
}

pub fn run(arguments: &Export) -> Result<ExitCode> {
    let source = source(arguments)?;
    let nir_delays = NirDelayForm::of(arguments.nir_delays, arguments.to)
        .map_err(|problem| wrong(&arguments.source, &problem))?;
    let files = match (arguments.to, source) {
        (ExportFormat::Network(target), source) => {
            return network(arguments, target, nir_delays, &source);
        }
        (ExportFormat::Spikes(format), Source::Run(run)) => of_run(arguments, format, &run)?,
        (ExportFormat::Spikes(format), Source::Network) => of_network(arguments, format)?,
        (ExportFormat::Spikes(format), Source::Recordings) => of_recordings(arguments, format)?,
    };
    if arguments.json {
        output::print(json!({ "format": arguments.to.name(), "files": files }))?;
    } else {
        files.iter().map(|file| file.display()).try_for_each(output::print)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn source(arguments: &Export) -> Result<Source> {
    let Export { source, checkpoint, time_unit, .. } = arguments;
    run_argument::refuse_part(source, "export")?;
    let is_network = source.extension().is_some_and(|ending| ending == "toml");
    let kind = match () {
        () if RunFolder::open(source).is_ok() => {
            let unit = time_unit.filter(|_| arguments.data.is_some());
            Source::Run(Box::new(run_argument::open(source, *checkpoint, unit)?))
        }
        () if is_network => Source::Network,
        () if source.is_dir() => {
            let problem = "this is neither the folder of a run nor a file; networks and logs of \
                           other programs are written in another format with synfire convert";
            return Err(wrong(source, problem));
        }
        () => Source::Recordings,
    };
    let is_run = matches!(kind, Source::Run(_));
    let needs_run = [
        (arguments.data.is_some(), "--data"),
        (arguments.split.is_some(), "--split"),
        (arguments.threads.is_some(), "--threads"),
    ];
    if let Some((_, option)) = needs_run.into_iter().find(|(given, _)| *given && !is_run) {
        return Err(wrong(source, &format!("{option} belongs to the folder of a run")));
    }
    if time_unit.is_some() && arguments.data.is_none() && !matches!(kind, Source::Recordings) {
        return Err(wrong(source, "--time-unit belongs to recordings, or to the file of --data"));
    }
    if arguments.dt_ms.is_some() && !matches!(kind, Source::Recordings) {
        return Err(wrong(source, "--dt-ms belongs to recordings; a network has steps of its own"));
    }
    Ok(kind)
}

fn wrong(path: &Path, problem: &str) -> anyhow::Error {
    Error::Config { origin: path.display().to_string(), problem: problem.into() }.into()
}

fn network(
    arguments: &Export,
    target: NetworkTarget,
    nir_delays: NirDelays,
    source: &Source,
) -> Result<ExitCode> {
    let overwrite = arguments.overwrite;
    let (deployed, origin) = match source {
        Source::Run(run) => (DeployedNetwork::of(run.network())?, run.checkpoint()),
        Source::Network => {
            let simulation = NetworkFile::read_simulation(&arguments.source)?;
            (DeployedNetwork::of(simulation.network())?, &*arguments.source)
        }
        Source::Recordings => {
            let problem = format!(
                "{} is a format of networks, but this is neither the folder of a run nor a file \
                 that describes a network (.toml)",
                target.name()
            );
            return Err(wrong(&arguments.source, &problem));
        }
    };
    let samples = match source {
        Source::Run(run) => samples_beside(arguments, run)?,
        _ if arguments.sample.is_some() => {
            let problem = "--sample belongs to the folder of a run: a network file has no samples";
            return Err(wrong(&arguments.source, problem));
        }
        _ => None,
    };
    let export =
        NetworkExport { target, nir_delays, provenance: provenance_of(origin)?, overwrite };
    let spikes = match (&samples, source) {
        (Some(chosen), Source::Run(run)) => {
            let threads = arguments.threads.map(usize::from);
            Some(SampleSpikes::of(run, chosen, &deployed, threads)?)
        }
        _ => None,
    };
    let exported = export.write(&deployed, spikes.as_ref(), &arguments.out)?;
    let nearest = spikes.and_then(|spikes| spikes.nearest);
    if arguments.json {
        output::print(json!({
            "format": target.name(),
            "files": exported.files,
            "remarks": exported.remarks,
            "populations": deployed.populations.len(),
            "synapses": deployed.synapses(),
            "nearest_to_threshold": nearest.map(|own| own.nearest.distance),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let nearest = nearest.map(|own| own.describe());
    exported.remarks.iter().chain(&nearest).for_each(output::say);
    exported.files.iter().map(|file| file.display()).try_for_each(output::print)?;
    Ok(ExitCode::SUCCESS)
}

/// The samples whose spikes are to lie beside a network, if any were asked for.
fn samples_beside(arguments: &Export, run: &TrainedRun) -> Result<Option<ChosenSamples>> {
    let Some(choice) = choice(arguments) else { return Ok(None) };
    Ok(Some(run.samples(arguments.data.as_deref(), &choice)?))
}

fn choice(arguments: &Export) -> Option<SampleChoice> {
    let split = arguments.split.map(|split| SampleChoice::Split(split.into()));
    arguments.sample.clone().map(SampleChoice::Listed).or(split)
}

fn of_run(arguments: &Export, format: SpikeFormat, run: &TrainedRun) -> Result<Vec<PathBuf>> {
    let chosen = run.samples(arguments.data.as_deref(), &choice(arguments).unwrap_or_default())?;
    let settings = LogSettings {
        variables: Variables::SPIKES,
        formats: vec![format],
        provenance: Some(provenance_of(run.checkpoint())?),
        sidecars: true,
        overwrite: arguments.overwrite,
    };
    let (mut files, folder) = (Vec::new(), &arguments.out);
    output_file::check_new(&labels_of(folder), arguments.overwrite)?;
    let threads = arguments.threads.map(usize::from);
    run.simulate(&chosen, &settings, folder, threads, |sample: SimulatedSample| {
        files.extend(sample.log.files);
        Ok::<(), anyhow::Error>(())
    })?;
    files.push(write_labels(folder, &chosen, run.network(), format)?);
    Ok(files)
}

fn of_network(arguments: &Export, format: SpikeFormat) -> Result<Vec<PathBuf>> {
    let path = &arguments.source;
    if arguments.sample.is_some() {
        return Err(wrong(path, "--sample belongs to the folder of a run, or to recordings"));
    }
    let settings = LogSettings {
        variables: Variables::SPIKES,
        formats: vec![format],
        provenance: Some(provenance_of(path)?),
        sidecars: true,
        overwrite: arguments.overwrite,
    };
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let simulation = NetworkFile::read_simulation(path)?;
    Ok(simulation.log(&settings, &arguments.out, &name, &mut ())?.files)
}

fn of_recordings(arguments: &Export, format: SpikeFormat) -> Result<Vec<PathBuf>> {
    let Export { source, dt_ms, overwrite, .. } = arguments;
    let layout = Layout { time_unit: arguments.time_unit, ..Layout::default() };
    let file = RecordingFile::open(source).map_err(Error::from)?;
    let recordings = file.read(&layout).map_err(|error| error.called(option))?;
    let logs = RecordingLogs {
        format,
        dt_ms: *dt_ms,
        provenance: provenance_of(source)?,
        overwrite: *overwrite,
    };
    let samples = arguments.sample.clone().unwrap_or(SampleList::ALL);
    Ok(logs.write(&recordings, &samples, &arguments.out)?)
}
