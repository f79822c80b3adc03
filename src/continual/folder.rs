//! What a run over tasks leaves on disk, and where.
//!
//! | path | content |
//! |---|---|
//! | `config.toml` | the resolved experiment; `synfire continual RUN/config.toml` makes it again |
//! | `environment.json` | program, machine, seed, checksum of the tasks |
//! | `tasks.csv` | the tasks, their samples and their outputs |
//! | `accuracy.csv` | after each task, the accuracy on every task |
//! | `curve.csv` | after each epoch, loss and accuracy of training and the accuracy on each task so far |
//! | `subspaces.csv`, `residuals.csv` | what each task uses of each protected projection |
//! | `angles.csv` | how the activity of each task lies to that of every task before it |
//! | `checkpoints/last.safetensors` | everything needed to go on |
//! | `checkpoints/task-01.safetensors` | the network after a task |
//! | `result.json` | what it came to; there once the run is finished |
//! | `outcome.csv` | ACC, BWT, FWT and the forgetting of each task, once the run is finished |
//! | `plots/` | figures |
//! | `log.txt` | what was printed |

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::run_folder::RunFolder;
use crate::run_names::{ACCURACY, ANGLES, CURVE, OUTCOME, RESIDUALS, SUBSPACES, TASKS};
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

    /// `angles.csv` of a run over tasks.
    pub fn angles(&self) -> PathBuf {
        self.path().join(ANGLES)
    }

    /// `outcome.csv` of a run over tasks.
    pub fn outcome(&self) -> PathBuf {
        self.path().join(OUTCOME)
    }

    /// `checkpoints/task-01.safetensors`: the network after a task, counted from 1.
    pub fn after_task(&self, task: usize) -> PathBuf {
        self.checkpoint(Checkpoint::Task(task))
    }

    /// The tasks, counted from 1, whose own checkpoints are there.
    pub(crate) fn kept_tasks(&self) -> impl Iterator<Item = usize> {
        (1..=usize::MAX).take_while(|&task| self.after_task(task).is_file())
    }

    /// Refuses a run over tasks where a run of one experiment belongs.
    pub(crate) fn refuse_tasks(&self) -> Result<()> {
        if !self.is_continual() {
            return Ok(());
        }
        let problem = "this is a run over tasks, which is looked at with synfire info, plot and \
                       evaluate, and gone on with by synfire continual --resume";
        Err(Error::folder(self.path(), problem))
    }

    /// Whether the run is one over tasks.
    pub fn is_continual(&self) -> bool {
        self.tasks().is_file()
    }
}
