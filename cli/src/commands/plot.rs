//! `synfire plot`

use crate::arguments::plot::{FigureName, Plot};
use crate::{output, run_argument};
use anyhow::Result;
use clap::ValueEnum;
use std::path::PathBuf;
use std::process::ExitCode;
use synfire::{Error, Picture, RunFolder, TaskPicture, TrainedRun};

pub fn run(arguments: &Plot) -> Result<ExitCode> {
    run_argument::refuse_part(&arguments.run, "plot")?;
    let folder = RunFolder::open(&arguments.run)?;
    if folder.is_continual() {
        return tasks(&folder, arguments);
    }
    let run = run_argument::open(&arguments.run, arguments.checkpoint, arguments.time_unit)?;
    let asked = arguments.figures.iter().map(|&name| match name.of_training() {
        Some(picture) => Ok(picture),
        None => Err(unknown(arguments, name, "a run over tasks", &Picture::ALL.map(Picture::name))),
    });
    let asked: Vec<Picture> = asked.collect::<Result<_>>()?;
    let all = asked.is_empty();
    let mut failures = Vec::new();
    for picture in if all { Picture::ALL.to_vec() } else { asked } {
        if all && picture == Picture::Confusion && !run.folder().is_finished() {
            note(picture.name(), "the run is not finished; it is drawn when it is");
            continue;
        }
        match draw(&run, picture, arguments) {
            Ok(files) => {
                files.iter().try_for_each(|file| output::print(file.display()))?;
            }
            Err(error @ Error::Absent { .. }) if all => note(picture.name(), &error.to_string()),
            // What else can be drawn is, whatever is wrong with one figure.
            Err(error) => failures.push(error),
        }
    }
    let last = failures.pop();
    failures.into_iter().for_each(|error| output::report(&error.into()));
    last.map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()))
}

/// Draws the figures of a run over tasks, which need nothing but its tables.
fn tasks(folder: &RunFolder, arguments: &Plot) -> Result<ExitCode> {
    let asked = arguments.figures.iter().map(|&name| match name.of_tasks() {
        Some(picture) => Ok(picture),
        None => {
            let names = TaskPicture::ALL.map(TaskPicture::name);
            Err(unknown(arguments, name, "a run of synfire train", &names))
        }
    });
    let asked: Vec<TaskPicture> = asked.collect::<Result<_>>()?;
    let typed = [("--data", arguments.data.is_some()), ("--sample", arguments.sample.is_some())];
    if let Some((option, _)) = typed.into_iter().find(|(_, is_typed)| *is_typed) {
        let problem = format!(
            "this is a run over tasks, whose figures are drawn from its tables; leave {option} out"
        );
        return Err(Error::Folder { path: arguments.run.clone(), problem }.into());
    }
    let all = asked.is_empty();
    for picture in if all { TaskPicture::ALL.to_vec() } else { asked } {
        match picture.draw(folder) {
            Ok(files) => files.iter().try_for_each(|file| output::print(file.display()))?,
            Err(error @ Error::Absent { .. }) if all => note(picture.name(), &error.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The error for a figure that runs of another kind have.
fn unknown(arguments: &Plot, name: FigureName, kind: &str, names: &[&str]) -> anyhow::Error {
    let name = name.to_possible_value().expect("no figure is hidden");
    let problem = format!(
        "{} is a figure of {kind}; this run has the figures {}",
        name.get_name(),
        names.join(", ")
    );
    Error::Folder { path: arguments.run.clone(), problem }.into()
}

fn draw(run: &TrainedRun, picture: Picture, arguments: &Plot) -> synfire::Result<[PathBuf; 2]> {
    if !picture.needs_samples() {
        return picture.draw(run, None);
    }
    let chosen = run.sample(arguments.data.as_deref(), arguments.sample)?;
    if arguments.data.is_some() {
        chosen.data.notes.iter().for_each(output::say);
    }
    picture.draw(run, Some((&chosen.data, chosen.index)))
}

fn note(picture: &str, why: &str) {
    output::say(format!("synfire: note: {picture} is not drawn: {why}"));
}
