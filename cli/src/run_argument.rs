//! The folder of a run, as typed: whoever names a file of it is told the command that works.

use anyhow::Result;
use std::path::Path;
use synfire::datasets::TimeUnit;
use synfire::{Checkpoint, Error, RunFolder, RunPart, TrainedRun};

/// The run in a folder with one of its networks; `time_unit` is that of other files than its own.
pub fn open(
    folder: &Path,
    checkpoint: Checkpoint,
    time_unit: Option<TimeUnit>,
) -> Result<TrainedRun> {
    let run = TrainedRun::open(folder, checkpoint)?;
    Ok(match time_unit {
        Some(unit) => run.with_time_unit(unit),
        None => run,
    })
}

/// Refuses a part of a run; `command` is what goes before the run's folder, e.g. `evaluate`.
pub fn refuse_part(path: &Path, command: &str) -> Result<()> {
    let Some(part) = RunPart::find(path) else { return Ok(()) };
    let checkpoint = match part.checkpoint() {
        None | Some(Checkpoint::Best) => String::new(),
        Some(_) if command.starts_with("train") => String::new(),
        Some(checkpoint) => format!(" --checkpoint {checkpoint}"),
    };
    let problem = format!(
        "this is {part}, but the run's folder belongs here: synfire {command} {}{checkpoint}",
        part.run().display()
    );
    Err(Error::Folder { path: path.to_owned(), problem }.into())
}

/// Refuses a run, or a part of it, where a recipe or a configuration belongs.
pub fn refuse_run(verb: &str, path: &Path) -> Result<()> {
    let is_configuration = path.extension().is_some_and(|ending| ending == "toml");
    let (what, run) = match RunPart::find(path) {
        _ if is_configuration => return Ok(()),
        Some(part) => (part.to_string(), part.run().to_owned()),
        None if RunFolder::open(path).is_ok() => {
            ("the folder of a run".to_owned(), path.to_owned())
        }
        None => return Ok(()),
    };
    let is_continual = RunFolder::open(&run).is_ok_and(|folder| folder.is_continual());
    let run = run.display();
    let expected = format!("this is {what}, but a recipe or a configuration file belongs here");
    let maker = if is_continual { "continual" } else { "train" };
    let problem = match verb {
        "train" | "continual" => format!(
            "{expected}: synfire {maker} --resume {run} goes on with the run, synfire {maker} \
             {run}/config.toml makes it again"
        ),
        _ => format!("{expected}: synfire {verb} {run}/config.toml"),
    };
    Err(Error::Config { origin: path.display().to_string(), problem }.into())
}
