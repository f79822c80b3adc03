//! `synfire train`

use crate::arguments::train::Train;
use crate::progress::Display;
use crate::{experiment, interrupt, output, run_argument};
use anyhow::Result;
use std::path::Path;
use std::process::ExitCode;
use synfire::{ClassAccuracy, DryRun, Finish, RunFolder, TrainingRun};

pub fn run(arguments: &Train) -> Result<ExitCode> {
    let threads = arguments.run.threads();
    if let (Some(run), Some(epochs)) = (&arguments.run.resume, arguments.epochs) {
        return Err(keeps_its_epochs(run, epochs).into());
    }
    let mut run = match &arguments.run.resume {
        Some(folder) => {
            run_argument::refuse_part(folder, "train --resume")?;
            let (data, validation) = (arguments.data.as_deref(), arguments.validation.as_deref());
            let finished = RunFolder::open(folder).ok().filter(RunFolder::is_finished);
            if let (Some(run), true) = (finished, data.or(validation).is_some()) {
                run.remember_recordings(data, validation)?;
                let run = folder.display();
                output::print(format!("{run}: the new place of its recordings is remembered"))?;
                return Ok(ExitCode::SUCCESS);
            }
            TrainingRun::resume_moved(folder, data, validation, threads)?
        }
        None => {
            let named = &arguments.experiment;
            let experiment = experiment::named("train", named, &arguments.overrides()?)?;
            if !arguments.run.quiet
                && let Some(note) = experiment::note_on_name(named, &experiment)
            {
                output::say(note);
            }
            if arguments.dry_run {
                let (folder, overwrite) = (arguments.out.as_deref(), arguments.run.overwrite);
                DryRun::new(experiment, folder, overwrite, threads)?
                    .lines()
                    .into_iter()
                    .try_for_each(output::print)?;
                return Ok(ExitCode::SUCCESS);
            }
            match &arguments.out {
                Some(folder) => TrainingRun::create(
                    experiment,
                    folder.clone(),
                    arguments.run.overwrite,
                    threads,
                )?,
                None => TrainingRun::create_next(experiment, Path::new("runs"), threads)?,
            }
        }
    };
    // Until here nothing was there to be saved.
    interrupt::save_first();
    if let Some(epochs) = arguments.stop_after {
        run = run.stop_after(epochs);
    }
    let mut display = Display::new(arguments.run.quiet);
    let finish = run.run(&mut display)?;
    drop(display);
    match finish {
        Finish::Completed(outcome) => {
            let (best, folder) = (outcome.best, outcome.folder.display());
            let (accuracy, error) = (100.0 * best.accuracy, 100.0 * best.standard_error);
            output::print(format!(
                "validation accuracy {accuracy:.1} ± {error:.1} % (epoch {}), {folder}",
                best.epoch
            ))?;
            output::print(ClassAccuracy::line(&outcome.by_class))?;
            // With the lines of the run it has been seen already.
            if let Some(verdict) = outcome.verdict.filter(|_| arguments.run.quiet) {
                output::say(format!("synfire: {verdict}"));
            }
            if let Some(warning) = outcome.warning {
                output::say(format!("synfire: warning: {warning}"));
                return Ok(ExitCode::FAILURE);
            }
            Ok(ExitCode::SUCCESS)
        }
        Finish::Stopped { folder, epochs } => {
            if !arguments.run.quiet {
                output::say(format!(
                    "stopped after {}; go on with synfire train --resume {}",
                    synfire::datasets::counted(epochs, "epoch"),
                    folder.display()
                ));
            }
            Ok(interrupt::asked().map_or(ExitCode::SUCCESS, ExitCode::from))
        }
    }
}

/// Why a run that goes on takes no number of epochs, and what does.
fn keeps_its_epochs(run: &Path, epochs: usize) -> synfire::Error {
    let run = run.display();
    let problem = format!(
        "a run that goes on keeps its number of epochs, over which its schedules are spread; more \
         epochs are another run, which may start from its weights: synfire train {run}/config.toml \
         --from {run} --epochs {epochs}"
    );
    synfire::Error::Config { origin: "--epochs".into(), problem }
}
