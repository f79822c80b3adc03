//! `synfire plot`

use crate::arguments::plot::Plot;
use crate::{output, run_argument};
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;
use synfire::{Error, Picture, TrainedRun};

pub fn run(arguments: &Plot) -> Result<ExitCode> {
    run_argument::refuse_part(&arguments.run, "plot")?;
    let run = run_argument::open(&arguments.run, arguments.checkpoint, arguments.time_unit)?;
    let asked: Vec<Picture> = arguments.figures.iter().map(|&name| name.into()).collect();
    let all = asked.is_empty();
    let mut failures = Vec::new();
    for picture in if all { Picture::ALL.to_vec() } else { asked } {
        if all && picture == Picture::Confusion && !run.folder().is_finished() {
            note(picture, "the run is not finished; it is drawn when it is");
            continue;
        }
        match draw(&run, picture, arguments) {
            Ok(files) => {
                files.iter().try_for_each(|file| output::print(file.display()))?;
            }
            Err(error @ Error::Absent { .. }) if all => note(picture, &error.to_string()),
            // What else can be drawn is, whatever is wrong with one figure.
            Err(error) => failures.push(error),
        }
    }
    let last = failures.pop();
    failures.into_iter().for_each(|error| output::report(&error.into()));
    last.map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()))
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

fn note(picture: Picture, why: &str) {
    output::say(format!("synfire: note: {} is not drawn: {why}", picture.name()));
}
