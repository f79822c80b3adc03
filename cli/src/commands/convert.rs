//! `synfire convert`

use crate::arguments::convert::Convert;
use crate::arguments::nir_delays::NirDelayForm;
use crate::output;
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use synfire::exchange::{ReadOptions, SpikeFormat, convert};
use synfire::{
    Error, ExportFormat, NetworkExport, NetworkTarget, NirDelays, ReceivedNetwork, provenance_of,
};

pub fn run(arguments: &Convert) -> Result<ExitCode> {
    let nir_delays = NirDelayForm::of(arguments.nir_delays, arguments.to)
        .map_err(|problem| wrong(arguments, problem))?;
    let (files, remarks) = match arguments.to {
        ExportFormat::Spikes(format) => (spikes(arguments, format)?, Vec::new()),
        ExportFormat::Network(target) => network(arguments, target, nir_delays)?,
    };
    if arguments.json {
        output::print(
            json!({ "format": arguments.to.name(), "files": files, "remarks": remarks }),
        )?;
    } else {
        remarks.iter().for_each(output::say);
        files.iter().map(|file| file.display()).try_for_each(output::print)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn spikes(arguments: &Convert, format: SpikeFormat) -> Result<Vec<PathBuf>> {
    let Convert { input, output, .. } = arguments;
    if ReceivedNetwork::is_at(input) {
        let problem = format!(
            "{} is a format of logs of spikes, but this is a network: synfire simulate runs it",
            format.name()
        );
        return Err(wrong(arguments, problem));
    }
    let options = ReadOptions {
        format: arguments.from,
        dt_ms: arguments.dt_ms,
        population: arguments.population.clone(),
        sample: arguments.sample,
    };
    let provenance = provenance_of(input)?;
    let overwrite = arguments.overwrite;
    Ok(convert(input, &options, output, format, Some(&provenance), overwrite)
        .map_err(Error::from)?)
}

fn network(
    arguments: &Convert,
    target: NetworkTarget,
    nir_delays: NirDelays,
) -> Result<(Vec<PathBuf>, Vec<String>)> {
    let Convert { input, output, dt_ms, overwrite, .. } = arguments;
    let of_logs = [
        (arguments.from.is_some(), "--from"),
        (arguments.population.is_some(), "--population"),
        (arguments.sample.is_some(), "--sample"),
    ];
    if let Some((_, option)) = of_logs.into_iter().find(|(given, _)| *given) {
        let problem =
            format!("{option} belongs to logs of spikes, but {} is a network", target.name());
        return Err(wrong(arguments, problem));
    }
    let received = ReceivedNetwork::read(input, *dt_ms)?;
    let export = NetworkExport {
        target,
        nir_delays,
        provenance: provenance_of(input)?,
        overwrite: *overwrite,
    };
    let exported = export.write(&received.deployed, None, output)?;
    Ok((exported.files, [received.remarks, exported.remarks].concat()))
}

fn wrong(arguments: &Convert, problem: String) -> anyhow::Error {
    Error::Config { origin: arguments.input.display().to_string(), problem }.into()
}
