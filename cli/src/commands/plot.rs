//! `synfire plot`

use crate::arguments::Plot;
use crate::output;
use anyhow::Result;
use std::process::ExitCode;
use synfire::{Checkpoint, Picture, TrainedRun};

pub fn run(arguments: &Plot) -> Result<ExitCode> {
    let run = TrainedRun::open(&arguments.run, Checkpoint::Best)?;
    let asked: Vec<Picture> = arguments.figures.iter().map(|&name| name.into()).collect();
    // Of a run still under way there is everything but the confusion matrix.
    let all = || {
        Picture::ALL
            .into_iter()
            .filter(|&picture| picture != Picture::Confusion || run.folder().is_finished())
            .collect()
    };
    for picture in if asked.is_empty() { all() } else { asked } {
        for file in picture.draw(&run, None)? {
            output::print(file.display())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
