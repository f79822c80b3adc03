//! `synfire info`

use crate::arguments::data::{Data, DataAction, LayoutOptions};
use crate::arguments::info::Info;
use crate::commands::data;
use crate::output;
use anyhow::{Context, Result};
use serde::Serialize;
use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use synfire::plasticity::{CheckpointFile, CheckpointSummary};
use synfire::{
    ContinualSummary, Error, NetworkSummary, ReceivedNetwork, Recipe, RunPart, RunSummary,
    SeedTable,
};

pub fn run(arguments: &Info) -> Result<ExitCode> {
    let Info { path, dt_ms, json } = arguments;
    let is_network = RunPart::find(path).is_none() && ReceivedNetwork::is_at(path);
    if is_network {
        return show(&NetworkSummary::read(path, *dt_ms)?, *json);
    }
    if path.is_dir() {
        if let Some(table) = SeedTable::of_folder(path)? {
            return show(&table, *json);
        }
        return match ContinualSummary::of_folder(path)? {
            Some(run) => show(&run, *json),
            None => show(&RunSummary::of_folder(path)?, *json),
        };
    }
    let recipe = path.to_str().filter(|name| Recipe::find(name).is_ok());
    if let (Some(recipe), false) = (recipe, path.exists()) {
        let problem =
            format!("there is no such file; it is a recipe, which synfire recipes {recipe} prints");
        return Err(Error::Config { origin: recipe.into(), problem }.into());
    }
    let begin = beginning(path)?;
    if begin.starts_with(b"PK") {
        if let Some(run) = ContinualSummary::of_packed(path)? {
            return show(&run, *json);
        }
        if let Some(run) = RunSummary::of_packed(path)? {
            return show(&run, *json);
        }
    }
    // The length of the header comes first, in eight bytes.
    if begin.get(8) == Some(&b'{') {
        let file = CheckpointFile::open(path).map_err(Error::from)?;
        return show(&CheckpointSummary::new(&file).map_err(Error::from)?, *json);
    }
    if let Some(part) = RunPart::find(path) {
        let run = part.run().display();
        let problem = format!("this is {part}; synfire info {run} says what is in the run");
        return Err(Error::Folder { path: path.clone(), problem }.into());
    }
    if path.extension().is_some_and(|ending| ending == "toml") {
        return show(&NetworkSummary::read(path, *dt_ms)?, *json);
    }
    // Whatever `synfire data info` says of recordings, and of what it cannot read.
    let layout = LayoutOptions::default();
    data::run(&Data { action: DataAction::Info { file: path.clone(), layout, json: *json } })
}

/// The first bytes of a file, by which formats are told apart.
fn beginning(path: &Path) -> Result<Vec<u8>> {
    let file: File = synfire::atomic_file::open(path).map_err(Error::from)?;
    let mut bytes = Vec::new();
    file.take(16)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{}: cannot read the file", path.display()))?;
    Ok(bytes)
}

fn show(summary: &(impl Serialize + Display), json: bool) -> Result<ExitCode> {
    if json {
        let text = serde_json::to_string(summary).context("the summary is no JSON")?;
        output::print(text)?;
    } else {
        output::print(summary)?;
    }
    Ok(ExitCode::SUCCESS)
}
