//! The state of a simulation in a file: JSON, whose numbers come back with the same bits.

use crate::error::{Error, Result};
use crate::simulation::Simulation;
use crate::text_file::read_text;
use sim_core::Snapshot;
use std::path::Path;

/// Writes the state of a simulation.
///
/// # Errors
/// A number that is not finite; [`Error::Disk`] when the file cannot be written. An earlier file at
/// `path` stays as it was.
pub fn write_state(path: &Path, state: &Snapshot) -> Result<()> {
    if let Some(what) = state.not_finite() {
        return Err(sim_core::Error::NotFinite(format!("{what} is not a finite number")).into());
    }
    let text = serde_json::to_string(state).expect("a snapshot is plain numbers and names");
    Ok(atomic_file::write(path, text.as_bytes())?)
}

/// `simulation` from the state on that the file `path` holds.
///
/// # Errors
/// As [`read_state`]; [`Error::Setting`] when no step is left; [`Error::Folder`] when the state is
/// that of another network.
pub fn continue_from(simulation: Simulation, path: &Path) -> Result<Simulation> {
    simulation.from_state(read_state(path)?).map_err(|error| match error {
        Error::Core(source) => Error::folder(path, source.to_string()),
        other => other,
    })
}

/// Reads the state of a simulation.
///
/// # Errors
/// [`Error::Disk`], or [`Error::Config`] when the file holds something else.
pub fn read_state(path: &Path) -> Result<Snapshot> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|error| {
        let problem = format!("this is not the state of a simulation (--save-state): {error}");
        Error::config(path.display().to_string(), problem)
    })
}
