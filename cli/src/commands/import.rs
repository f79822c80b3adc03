//! `synfire import`

use crate::arguments::changes::changes;
use crate::arguments::import::Import;
use crate::{experiment, output};
use anyhow::Result;
use std::process::ExitCode;
use synfire::TrainingRun;

pub fn run(arguments: &Import) -> Result<ExitCode> {
    let Import { weights, recipe, data, set, out, overwrite, threads } = arguments;
    let changes = changes(data.as_deref(), set).collect::<synfire::Result<Vec<_>>>()?;
    let experiment = experiment::named("import", recipe, &changes)?;
    let imported = TrainingRun::import(experiment, weights, out.clone(), *overwrite, *threads)?;
    imported.remarks.iter().for_each(output::say);
    output::print(imported.run.folder().path().display())?;
    Ok(ExitCode::SUCCESS)
}
