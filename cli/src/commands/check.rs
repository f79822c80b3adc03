//! `synfire check`

use crate::arguments::check::Check;
use crate::output;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;
use synfire::DaleReport;

pub fn run(arguments: &Check) -> Result<ExitCode> {
    let report = DaleReport::of(&arguments.path, arguments.checkpoint)?;
    if arguments.json {
        let holds = report.holds();
        output::print(json!({ "holds": holds, "dale": report }))?;
        return Ok(ExitCode::from(u8::from(!holds)));
    }
    output::print(report.proven()?.to_string().trim_end())?;
    Ok(ExitCode::SUCCESS)
}
