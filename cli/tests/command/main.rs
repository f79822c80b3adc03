//! The command from end to end, in temporary folders.

mod bad_input;
mod check;
mod checkpoints;
mod completions;
mod continual;
mod continual_folder;
mod exports;
mod figures;
#[cfg(unix)]
mod kills;
#[cfg(unix)]
mod locks;
mod logs;
mod misplaced;
mod moved;
mod networks;
mod output_files;
mod own_data;
mod passive;
mod predictions;
mod recording_files;
mod results;
#[cfg(unix)]
mod running;
mod sandbox;
mod settings;
mod shared;
#[cfg(unix)]
mod signals;
mod started;
mod training;
mod validation_file;
