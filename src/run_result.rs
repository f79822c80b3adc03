//! What a finished run came to: `result.json`.

use crate::class_accuracy::ClassAccuracy;
use crate::error::{Error, Result};
use crate::text_file;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a finished run came to: `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The validation samples in words.
    pub split: String,
    /// Number of these samples.
    pub samples: usize,
    /// The epoch that validation selected, counted from 1.
    pub best_epoch: usize,
    /// Its validation accuracy with one tap per synapse.
    pub accuracy: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Validation accuracy after the last epoch.
    pub last_accuracy: f64,
    /// Accuracy by class, with the number of samples behind it.
    #[serde(default)]
    pub by_class: Vec<ClassAccuracy>,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// `[true class][predicted class]` of the selected epoch.
    pub confusion: Vec<Vec<u32>>,
}

impl RunResult {
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).expect("a result has plain fields");
        text.push('\n');
        Ok(atomic_file::write(path, text.as_bytes())?)
    }

    /// Reads `result.json`.
    ///
    /// # Errors
    /// An error that names the file, when the file is missing or is something else.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&text_file::read_text(path)?, path)
    }

    /// Reads the text of the file at `path`.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        let wrong = |problem: String| {
            Error::folder(path, format!("this is not the result of a run: {problem}"))
        };
        let result: Self = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let classes = result.classes.len();
        if result.confusion.len() != classes {
            return Err(wrong(format!(
                "its confusion matrix has {} rows, but there are {classes} classes",
                result.confusion.len()
            )));
        }
        match result.confusion.iter().position(|row| row.len() != classes) {
            Some(row) => Err(wrong(format!(
                "row {row} of its confusion matrix has {} counts, but there are {classes} classes",
                result.confusion[row].len()
            ))),
            None => Ok(result),
        }
    }
}
