//! `synfire data check`

use crate::options::option;
use crate::output;
use anyhow::{Result, anyhow};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;
use synfire::datasets::{Layout, RecordingFile, Soundness, SpikeRecordings, Summary, counted};

/// What was found.
struct Report {
    fault: Option<String>,
    warnings: Vec<String>,
    /// None of a file that cannot be read.
    summary: Option<Summary>,
}

/// Checks one file: 0 if it is sound, 1 if it has a fault. With `strict` the first warning is one.
pub fn run(path: &Path, layout: &Layout, strict: bool, json: bool) -> Result<ExitCode> {
    let Report { fault, warnings, summary } = Report::of(path, layout, strict);
    if json {
        output::print(json!({
            "file": path.display().to_string(),
            "sound": fault.is_none(),
            "fault": fault,
            "warnings": warnings,
            "summary": summary,
        }))?;
        return Ok(if fault.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    for warning in &warnings {
        output::say(format!("synfire: warning: {warning}"));
    }
    if let Some(fault) = fault {
        return Err(anyhow!(fault));
    }
    summary.as_ref().map(sound).map_or(Ok(()), output::print)?;
    Ok(ExitCode::SUCCESS)
}

impl Report {
    fn of(path: &Path, layout: &Layout, strict: bool) -> Self {
        match read(path, layout) {
            Err(fault) => Self {
                fault: Some(fault.called(option).to_string()),
                warnings: Vec::new(),
                summary: None,
            },
            Ok((recordings, summary)) => {
                let Soundness { mut fault, mut warnings } = Soundness::of(&recordings, &summary);
                let doubt = summary.doubtful_unit.as_ref();
                fault =
                    fault.or_else(|| Some(format!("{}: spikes/times: {}", summary.file, doubt?)));
                if strict && fault.is_none() && !warnings.is_empty() {
                    fault = Some(warnings.remove(0));
                }
                Self { fault, warnings, summary: Some(summary) }
            }
        }
    }
}

fn read(path: &Path, layout: &Layout) -> synfire::datasets::Result<(SpikeRecordings, Summary)> {
    let file = RecordingFile::open(path)?;
    let recordings = file.read(layout)?;
    let summary = Summary::new(&file, &recordings)?;
    Ok((recordings, summary))
}

/// One line for a file without fault.
fn sound(summary: &Summary) -> String {
    let speakers = summary.speakers.as_ref().map(|speakers| counted(speakers.len(), "speaker"));
    format!(
        "{}: sound: {} of {}, {} on {}, {}",
        summary.file,
        counted(summary.samples, "sample"),
        counted(summary.classes.len(), "class"),
        counted(summary.spikes, "spike"),
        counted(summary.channels_used, "channel"),
        speakers.unwrap_or("speakers unknown".into()),
    )
}
