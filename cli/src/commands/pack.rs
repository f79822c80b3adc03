//! `synfire pack`

use crate::arguments::pack::Pack;
use crate::{output, output_file};
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;
use synfire::RunFolder;

pub fn run(arguments: &Pack) -> Result<ExitCode> {
    let folder = RunFolder::open(&arguments.run)?;
    let path = arguments.out.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("{}.zip", folder.name())));
    output_file::check(&path, arguments.overwrite)?;
    let packed = folder.pack(&path, arguments.overwrite)?;
    for file in &packed.left_out {
        let why = "left out, since it is no file of a run";
        output::say(format!("synfire: note: {}: {why}", file.display()));
    }
    let samples = if folder.is_continual() { "images" } else { "recordings" };
    output::print(format!(
        "{}: {} in {:.1} kB, without the {samples}; unzip makes the folder {} of it again",
        path.display(),
        synfire::datasets::counted(packed.files, "file"),
        packed.bytes as f64 / 1e3,
        packed.folder
    ))?;
    Ok(ExitCode::SUCCESS)
}
