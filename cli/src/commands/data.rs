//! `synfire data`

use crate::arguments::data::{Data, DataAction};
use crate::commands::data_check;
use crate::options::option;
use crate::{output, output_file};
use anyhow::{Context, Result};
use std::process::ExitCode;
use synfire::datasets::{RecordingFile, SpikeRecordings, Summary};
use synfire::{DataSource, Experiment, Override};

pub fn run(arguments: &Data) -> Result<ExitCode> {
    match &arguments.action {
        DataAction::Info { file, layout, json } => {
            let file = RecordingFile::open(file)?;
            let recordings = file.read(&layout.layout()).map_err(|error| error.called(option))?;
            let summary = Summary::new(&file, &recordings)?;
            summary.notes.iter().for_each(output::say);
            if *json {
                output::print(
                    serde_json::to_string(&summary)
                        .context("the summary cannot be written as JSON")?,
                )?;
            } else {
                output::print(summary)?;
            }
        }
        DataAction::Check { file, layout, strict, json } => {
            return data_check::run(file, &layout.layout(), *strict, *json);
        }
        DataAction::Synth { file, set, seed, overwrite } => {
            SpikeRecordings::check_name(file)?;
            let in_source = |text: &String| {
                Override::named(format!("--set {text}"), &format!("data.source.{text}"))
            };
            let sections = set.iter().map(in_source).collect::<synfire::Result<Vec<_>>>()?;
            let text = "[data.source]\nkind = \"randman\"\n";
            let experiment = Experiment::parse(text, "data synth", "synth", &sections)?;
            if !matches!(experiment.data.source, DataSource::Randman(_) | DataSource::Echo(_)) {
                let problem = "only made-up spikes are written: kind is \"randman\" or \"echo\"";
                return Err(synfire::Error::Config {
                    origin: "data synth".into(),
                    problem: problem.into(),
                }
                .into());
            }
            output_file::check(file, *overwrite)?;
            let (recordings, _) = experiment.data.recordings(synfire::sim_core::Seed(*seed))?;
            recordings.write(file)?;
            output::print(format!(
                "{}: {} samples of {} classes on {} channels",
                file.display(),
                recordings.len(),
                recordings.classes(),
                recordings.channels()
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
