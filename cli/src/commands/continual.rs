//! `synfire continual`

use crate::arguments::continual::Continual;
use crate::arguments::whole::LARGEST_SEED;
use crate::progress::Display;
use crate::{interrupt, output, run_argument};
use anyhow::Result;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use synfire::datasets::counted;
use synfire::{ContinualExperiment, ContinualFinish, ContinualResult, ContinualRun, Error};
use synfire::{RunFolder, SeedTable};

pub fn run(arguments: &Continual) -> Result<ExitCode> {
    let threads = arguments.run.threads();
    if let Some(folder) = &arguments.run.resume {
        run_argument::refuse_part(folder, "continual --resume")?;
        return one(ContinualRun::resume(folder, arguments.data.as_deref(), threads)?, arguments);
    }
    let experiment = named(&arguments.experiment, arguments)?;
    if arguments.seeds > 1 {
        return several(experiment, arguments, threads);
    }
    let run = match &arguments.out {
        Some(folder) => {
            ContinualRun::create(experiment, folder.clone(), arguments.run.overwrite, threads)?
        }
        None => ContinualRun::create_next(experiment, Path::new("runs"), threads)?,
    };
    one(run, arguments)
}

/// Runs to the end, or to the person's stop.
fn one(run: ContinualRun, arguments: &Continual) -> Result<ExitCode> {
    interrupt::save_first();
    Ok(match finish(run, arguments)? {
        Ok((folder, result)) => {
            tell(&folder, &result, arguments.json)?;
            ExitCode::SUCCESS
        }
        Err(code) => code,
    })
}

/// A run for each seed, in folders `seed-0`, `seed-1`, .. of one folder. Whatever of them is there
/// already is used: finished runs as they are, others are gone on with.
fn several(
    experiment: ContinualExperiment,
    arguments: &Continual,
    threads: Option<usize>,
) -> Result<ExitCode> {
    let parent = match &arguments.out {
        Some(folder) => folder.clone(),
        None => RunFolder::next("runs", &experiment.name)?,
    };
    if RunFolder::open(&parent).is_ok() {
        let problem = "this is the folder of a run; the runs of several seeds need a folder of \
                       their own";
        return Err(Error::Folder { path: parent, problem: problem.into() }.into());
    }
    let last = experiment.seed.checked_add(arguments.seeds - 1);
    if last.is_none_or(|last| last > LARGEST_SEED) {
        let (seed, seeds) = (experiment.seed, arguments.seeds);
        anyhow::bail!("--seeds {seeds} from seed {seed} on needs seeds beyond {LARGEST_SEED}");
    }
    let mut results = Vec::new();
    for seed in (experiment.seed..).take(arguments.seeds as usize) {
        let folder = parent.join(format!("seed-{seed}"));
        let of_seed = ContinualExperiment { seed, ..experiment.clone() };
        let run = match earlier(&folder, &of_seed)?.filter(|_| !arguments.run.overwrite) {
            Some(run) if run.is_finished() => {
                results.push(ContinualResult::read(&run.result())?);
                continue;
            }
            Some(_) => ContinualRun::resume(&folder, None, threads)?,
            None => ContinualRun::create(of_seed, folder, arguments.run.overwrite, threads)?,
        };
        interrupt::save_first();
        match finish(run, arguments)? {
            Ok((_, result)) => results.push(result),
            Err(code) => {
                if !arguments.run.quiet {
                    let out = parent.display();
                    let without = if arguments.run.overwrite { " without --overwrite" } else { "" };
                    output::say(format!(
                        "the same command with --out {out}{without} goes on with all seeds"
                    ));
                }
                return Ok(code);
            }
        }
    }
    let table = SeedTable::of(results).expect("there is at least one seed");
    table.write(&parent)?;
    if arguments.json {
        output::print(json!({ "folder": parent, "table": table }))?;
    } else {
        output::print(format!("{}, {}", table.line(), parent.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The run of this experiment that is in the folder already; none where there is no run, or one of
/// another experiment, which is refused where a new one is made.
fn earlier(folder: &Path, experiment: &ContinualExperiment) -> Result<Option<RunFolder>> {
    let Some(run) = RunFolder::open(folder).ok().filter(RunFolder::is_continual) else {
        return Ok(None);
    };
    let own = ContinualExperiment::read(&run.config(), &[])?;
    Ok((own.to_toml()? == experiment.to_toml()?).then_some(run))
}

/// The result of a run with its folder, or the exit code of one that was stopped.
fn finish(
    run: ContinualRun,
    arguments: &Continual,
) -> Result<std::result::Result<(PathBuf, ContinualResult), ExitCode>> {
    let mut display = Display::new(arguments.run.quiet);
    let finish = run.run(&mut display)?;
    drop(display);
    match finish {
        ContinualFinish::Completed { folder, result, warning } => {
            if let Some(warning) = warning {
                output::say(format!("synfire: warning: figures are missing: {warning}"));
            }
            Ok(Ok((folder, *result)))
        }
        ContinualFinish::Stopped { folder, tasks } => {
            if !arguments.run.quiet {
                output::say(format!(
                    "stopped after {}; go on with synfire continual --resume {}",
                    counted(tasks, "task"),
                    folder.display()
                ));
            }
            Ok(Err(interrupt::asked().map_or(ExitCode::SUCCESS, ExitCode::from)))
        }
    }
}

fn tell(folder: &Path, result: &ContinualResult, json: bool) -> Result<()> {
    if json {
        return output::print(json!({ "folder": folder, "result": result }));
    }
    output::print(format!("{}: {}, {}", result.method, result.line(), folder.display()))
}

/// The experiment as typed, with all changes.
fn named(typed: &str, arguments: &Continual) -> Result<ContinualExperiment> {
    let path = Path::new(typed);
    let changes = arguments.overrides()?;
    run_argument::refuse_run("continual", path)?;
    let is_file = path.is_file() || path.extension().is_some_and(|ending| ending == "toml");
    if is_file {
        return Ok(ContinualExperiment::read(path, &changes)?);
    }
    if path.is_dir() || typed.contains(std::path::MAIN_SEPARATOR) {
        let problem = "a recipe or a configuration file was expected; a folder of images is named \
                       with --data FOLDER";
        return Err(Error::Config { origin: typed.into(), problem: problem.into() }.into());
    }
    Ok(ContinualExperiment::recipe(typed, &changes)?)
}
