//! What a run over tasks leaves on disk, and where.
//!
//! | path | content |
//! |---|---|
//! | `config.toml` | the resolved experiment; `synfire continual RUN/config.toml` makes it again |
//! | `environment.json` | program, machine, seed, checksum of the tasks |
//! | `tasks.csv` | the tasks, their samples and their outputs |
//! | `accuracy.csv` | after each task, the accuracy on every task |
//! | `curve.csv` | one row per epoch |
//! | `subspaces.csv`, `residuals.csv` | what each task uses of each protected projection |
//! | `checkpoints/last.safetensors` | everything needed to go on |
//! | `checkpoints/task-01.safetensors` | the network after a task |
//! | `result.json` | what it came to; there once the run is finished |
//! | `plots/` | figures |
//! | `log.txt` | what was printed |

use crate::run_folder::RunFolder;
use crate::run_names::{ACCURACY, CURVE, RESIDUALS, SUBSPACES, TASKS};
use std::path::PathBuf;

impl RunFolder {
    /// `tasks.csv`, which only a run over tasks has.
    pub fn tasks(&self) -> PathBuf {
        self.path().join(TASKS)
    }

    /// `accuracy.csv` of a run over tasks.
    pub fn accuracy(&self) -> PathBuf {
        self.path().join(ACCURACY)
    }

    /// `curve.csv` of a run over tasks.
    pub fn curve(&self) -> PathBuf {
        self.path().join(CURVE)
    }

    /// `subspaces.csv` of a run over tasks.
    pub fn subspaces(&self) -> PathBuf {
        self.path().join(SUBSPACES)
    }

    /// `residuals.csv` of a run over tasks.
    pub fn residuals(&self) -> PathBuf {
        self.path().join(RESIDUALS)
    }

    /// `checkpoints/task-01.safetensors`: the network after a task, counted from 1.
    pub fn after_task(&self, task: usize) -> PathBuf {
        self.path().join("checkpoints").join(format!("task-{task:02}.safetensors"))
    }

    /// Whether the run is one over tasks.
    pub fn is_continual(&self) -> bool {
        self.tasks().is_file()
    }
}
