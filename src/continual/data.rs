//! Where the samples of tasks come from: `[data]` of a continual experiment.

use crate::continual::setting::within;
use crate::error::{Error, Result};
use datasets::{ImageClusters, ImageData, ImageInput};
use serde::{Deserialize, Serialize};
use sim_core::Seed;
use std::path::{Path, PathBuf};

/// Images, and how they become the input of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContinualData {
    /// Where the images come from.
    pub source: ImageSourceSettings,
    /// How an image becomes input.
    pub input: ImageInput,
    /// Steps for which an image is shown, at least 1; 6.
    pub steps: usize,
    /// Length of a step in ms, above 0; 1.
    pub dt_ms: f64,
    /// Training images that validate instead, the same in every task; none.
    pub held_out: usize,
}

/// Where images come from; told apart by the key `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ImageSourceSettings {
    /// A folder with four IDX files, as those of MNIST: images and labels to train on
    /// (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`) and to test on (`t10k-..`), with or
    /// without `.gz`.
    Images(ImageFolderSettings),
    /// Images that the program makes up: classes of several clusters each.
    Clusters(ImageClusters),
}

/// A folder with images.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageFolderSettings {
    /// The folder; needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

impl Default for ContinualData {
    fn default() -> Self {
        Self {
            source: ImageSourceSettings::Images(ImageFolderSettings::default()),
            input: ImageInput::default(),
            steps: 6,
            dt_ms: 1.0,
            held_out: 0,
        }
    }
}

impl ContinualData {
    /// Checks every field that can be checked without images.
    ///
    /// # Errors
    /// The first field that is not allowed, by its key.
    pub fn check(&self) -> Result<()> {
        let steps = self.steps as f64;
        sim_core::Error::check(
            "data.steps",
            steps,
            (1..=100_000).contains(&self.steps),
            "from 1 to 100000",
        )?;
        sim_core::Error::check("data.dt_ms", self.dt_ms, self.dt_ms > 0.0, "above 0")?;
        self.input.check().map_err(|error| within(error, "data.input"))?;
        match &self.source {
            ImageSourceSettings::Images(_) => Ok(()),
            ImageSourceSettings::Clusters(images) => {
                images.check().map_err(|error| within(error, "data.source"))
            }
        }
    }

    /// Takes the images of another folder, if one is named, in place of those that a run was made
    /// with.
    ///
    /// # Errors
    /// [`Error::Config`] where the images are made up; [`Error::Absent`] when no folder is named,
    /// and that of the run is gone.
    pub(crate) fn use_folder(&mut self, folder: Option<&Path>) -> Result<()> {
        match (&mut self.source, folder) {
            (ImageSourceSettings::Clusters(_), None) => {}
            (ImageSourceSettings::Images(images), None) => {
                let gone = images.path.as_ref().filter(|path| !path.exists());
                return gone.map_or(Ok(()), |path| {
                    let problem = "the images of this run are no longer there; say where they are \
                                   with --data FOLDER";
                    Err(Error::Absent { name: path.display().to_string(), problem: problem.into() })
                });
            }
            (ImageSourceSettings::Images(images), Some(folder)) => {
                images.path = Some(folder.to_owned());
            }
            (ImageSourceSettings::Clusters(_), Some(folder)) => {
                let problem = "the run makes its own images, and no folder takes their place; \
                               leave --data out";
                return Err(Error::config(folder.display().to_string(), problem));
            }
        }
        Ok(())
    }

    /// What the samples are called.
    pub fn name(&self) -> String {
        match &self.source {
            ImageSourceSettings::Images(ImageFolderSettings { path: Some(path) }) => {
                path.display().to_string()
            }
            ImageSourceSettings::Images(_) => "images".into(),
            ImageSourceSettings::Clusters(_) => "made-up images".into(),
        }
    }

    /// Reads the images, or makes them by `seed`.
    ///
    /// # Errors
    /// No folder is named; what is wrong with its files.
    pub fn load(&self, seed: Seed) -> Result<ImageData> {
        match &self.source {
            ImageSourceSettings::Images(ImageFolderSettings { path: Some(path) }) => {
                Ok(ImageData::read(path)?)
            }
            ImageSourceSettings::Images(_) => Err(Error::config(
                "data.source.path",
                "the folder of the images is missing; name it with --data FOLDER (for MNIST, the \
                 folder of its four IDX files)",
            )),
            ImageSourceSettings::Clusters(images) => Ok(images.images(seed)?),
        }
    }
}
