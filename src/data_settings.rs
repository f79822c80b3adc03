//! Where the samples of an experiment come from: `[data]` of its file.

use crate::data_origin::DataOrigin;
use crate::error::{Error, Result};
use crate::file_kind::FileKind;
use crate::log_folder::LogFolder;
use crate::run_mark::is_run;
use crate::sample_file::SampleFile;
use datasets::{
    Augmentation, Binning, Echo, Layout, Randman, Setting, SpikeRecordings, SplitBy, Splitting,
    TimeUnit,
};
use plasticity::first_difference;
use serde::{Deserialize, Serialize};
use sim_core::Seed;
use std::path::{Path, PathBuf};

/// The entry with the `[data]` that a run began with.
pub(crate) const PINNED_DATA: &str = "data";

/// The samples, how they are binned and changed, and which of them validate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// A file or made-up data; made-up data by default.
    pub source: DataSource,
    /// Steps and channels.
    pub binning: Binning,
    /// Changes to training samples; none by default.
    pub augmentation: Augmentation,
    /// Which samples validate; 20 % of every class by default.
    pub split: Splitting,
}

/// Told apart by the key `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DataSource {
    /// Recordings as SHD and SSC publish them.
    File(FileSource),
    /// Random-manifold spikes whose classes differ in timing only.
    Randman(Randman),
    /// Channels that repeat others, later by a class's lag.
    Echo(Echo),
    /// Samples that a program made. Only that program has them.
    Memory(MemorySource),
}

/// Samples that a program made, by what they were.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MemorySource {
    /// What they were called.
    pub name: String,
    /// Number of channels.
    pub channels: usize,
    /// Number of classes.
    pub classes: usize,
}

/// Recordings in a file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSource {
    /// `.h5`, `.h5.gz` or `.zip`, or a folder of spike logs with a table `labels.csv` (columns
    /// `file`, `label` and, where known, `speaker`, `population`); `--data` on the command line. A
    /// relative path begins at the folder of the configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Number of channels (units) a spike can come from; inferred from the file where left out, see
    /// [`Layout::channels`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Number of classes; inferred from the file where left out, see [`Layout::classes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// What one unit of the times is: `"s"`, `"ms"`, `"us"`, `"ns"` or `{ samples_per_second =
    /// 16000 }`. Left out: seconds, but a file whose median recording would last longer than a
    /// minute is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<TimeUnit>,
}

impl Default for DataSource {
    fn default() -> Self {
        Self::Randman(Randman::default())
    }
}

impl DataSettings {
    /// The same settings with the samples of another file.
    pub fn use_file(&mut self, path: &Path) {
        let path = Some(path.to_owned());
        match &mut self.source {
            DataSource::File(file) => file.path = path,
            DataSource::Randman(_) | DataSource::Echo(_) | DataSource::Memory(_) => {
                self.source = DataSource::File(FileSource { path, ..FileSource::default() })
            }
        }
    }

    /// The same settings with another place of the file that validates.
    ///
    /// # Errors
    /// [`Error::Config`] where no file of its own validates.
    pub(crate) fn use_validation_file(&mut self, path: &Path) -> Result<()> {
        if self.split.by != SplitBy::File {
            let problem = "this run does not validate on a file of its own";
            return Err(Error::config(format!("--validation {}", path.display()), problem));
        }
        self.split.path = Some(path.to_owned());
        Ok(())
    }

    /// These settings without what may change while a run goes on: the name of the file, whose
    /// checksum is compared instead.
    pub(crate) fn pinned(&self) -> Self {
        let mut pinned = self.clone();
        if let DataSource::File(file) = &mut pinned.source {
            file.path = None;
        }
        // That of the validation file, too; the split is told by its kind.
        pinned.split.path = None;
        pinned
    }

    /// Checks that these are the settings that a checkpoint's run began with, `stored` as
    /// [`Self::pinned`] in JSON: else samples, their split or their changes would be others, and
    /// training samples could become validation samples.
    pub(crate) fn check_pinned(&self, stored: Option<&String>, config: &Path) -> Result<()> {
        let wrong = |problem: String| Err(Error::config(config.display().to_string(), problem));
        let Some(stored) = stored.and_then(|text| serde_json::from_str::<Self>(text).ok()) else {
            return wrong("its checkpoint does not tell the [data] it was trained on".into());
        };
        match first_difference("data", &stored, &self.pinned()) {
            Some(difference) => {
                wrong(format!("{difference}, so these are not the samples that the run began with"))
            }
            None => Ok(()),
        }
    }

    /// As [`Self::use_file`], for a network that exists: units and labels must fit it.
    pub(crate) fn use_file_of_shape(&mut self, path: &Path) {
        let shape = match &self.source {
            DataSource::File(_) => None,
            DataSource::Randman(randman) => Some((randman.neurons, randman.classes)),
            DataSource::Echo(echo) => Some((echo.channels(), echo.classes)),
            DataSource::Memory(memory) => {
                // The program's channels are those of the network: none are grouped.
                self.binning.channel_group = 1;
                Some((memory.channels, memory.classes))
            }
        };
        if let Some((channels, classes)) = shape {
            self.source = DataSource::File(FileSource {
                channels: Some(channels),
                classes: Some(classes),
                ..FileSource::default()
            });
        }
        self.use_file(path);
    }

    /// Writes down what the file turned out to have, so that the network can be built without it.
    pub(crate) fn fix_shape(&mut self, origin: &DataOrigin, classes: usize) {
        if let DataSource::File(file) = &mut self.source {
            file.channels = origin.channels.or(file.channels);
            file.classes = Some(classes);
        }
    }

    /// Channels after grouping and classes; `None` where only the file knows.
    pub fn shape(&self) -> Option<(usize, usize)> {
        let (channels, classes) = match &self.source {
            DataSource::File(file) => (file.channels?, file.classes?),
            DataSource::Randman(randman) => (randman.neurons, randman.classes),
            DataSource::Echo(echo) => (echo.channels(), echo.classes),
            DataSource::Memory(memory) => return Some((memory.channels, memory.classes)),
        };
        Some((self.binning.channels(channels), classes))
    }

    /// The validation samples in words, e.g. `speakers 3, 9`.
    pub fn held_out(&self) -> String {
        if matches!(self.source, DataSource::Memory(_)) {
            return "chosen by the program".into();
        }
        match self.split.by {
            SplitBy::Random => {
                format!("{} % of every class, by chance", 100.0 * self.split.fraction)
            }
            SplitBy::Speaker => {
                let speakers: Vec<String> =
                    self.split.speakers.iter().map(u16::to_string).collect();
                format!("speakers {}", speakers.join(", "))
            }
            SplitBy::File => {
                let path = self.split.path.as_deref().unwrap_or(Path::new("of its own"));
                format!("the file {}", path.file_name().map_or(path, Path::new).display())
            }
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        let source = match &self.source {
            DataSource::File(file) => file.layout().check(),
            DataSource::Randman(randman) => randman.check(),
            DataSource::Echo(echo) => echo.check(),
            DataSource::Memory(_) => Ok(()),
        };
        for (section, checked) in [
            ("data.source", source),
            ("data.binning", self.binning.check()),
            ("data.augmentation", self.augmentation.check()),
            ("data.split", self.split.check()),
        ] {
            checked.map_err(|error| Error::setting(error.within(section)))?;
        }
        if self.split.by == SplitBy::File && !matches!(self.source, DataSource::File(_)) {
            let problem = "data.split.by is \"file\", but the samples that are trained on are \
                           made, not read from a file (--data FILE)";
            return Err(Error::Setting {
                field: Some("data.split.by".into()),
                problem: problem.into(),
            });
        }
        Ok(())
    }

    /// Reads or makes the recordings.
    ///
    /// # Errors
    /// [`Error::Config`] when a file is needed but not named; otherwise what [`datasets`] finds
    /// wrong with it.
    pub fn recordings(&self, seed: Seed) -> Result<(SpikeRecordings, DataOrigin)> {
        let (recordings, name) = match &self.source {
            DataSource::Randman(randman) => (randman.recordings(seed)?, "random manifolds"),
            DataSource::Echo(echo) => (echo.recordings(seed)?, "echoes"),
            DataSource::Memory(memory) => {
                let problem = "these samples were made by a program, and only that program can \
                               bring them again; evaluate, simulate and plot take others with \
                               --data FILE";
                return Err(Error::Absent { name: memory.name.clone(), problem: problem.into() });
            }
            DataSource::File(source) => {
                let path = source.path.as_deref().ok_or_else(|| {
                    Error::config(
                        "data.source.path",
                        "this experiment needs spike recordings; name a file with --data FILE (an \
                         SHD or SSC .h5, .h5.gz or .zip)",
                    )
                })?;
                return read(path, &source.layout(), Reader::Training);
            }
        };
        let median_length_s = recordings.median_length_s();
        Ok((recordings, DataOrigin { name: name.into(), median_length_s, ..DataOrigin::default() }))
    }
}

/// Whose settings say how a file is read, and what errors call them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The file that is trained on.
    Training,
    /// The file that validates.
    Validation,
    /// Another file for a network that exists.
    Other,
}

impl Reader {
    /// How people say what the unit of the file's times is.
    pub(crate) fn unit_setting(self) -> String {
        let key = match self {
            Self::Training => "data.source.time_unit",
            Self::Validation => "data.split.time_unit",
            Self::Other => return "--time-unit s|ms|us|ns|samples_per_second=RATE".to_owned(),
        };
        format!("{key}, \"s\", \"ms\", \"us\", \"ns\" or {{ samples_per_second = RATE }}")
    }

    /// What people call a setting of the file.
    pub(crate) fn name(self, setting: Setting) -> String {
        let section = match (self, setting) {
            (_, Setting::MaxSteps) => return "data.binning.max_steps".to_owned(),
            (Self::Other, Setting::TimeUnit) => return self.unit_setting(),
            (Self::Training, _) => "data.source",
            (Self::Validation, Setting::TimeUnit) => "data.split",
            (Self::Validation | Self::Other, _) => "the network's data.source",
        };
        let key = match setting {
            Setting::Channels => "channels",
            Setting::Classes => "classes",
            Setting::TimeUnit | Setting::MaxSteps => "time_unit",
        };
        format!("{section}.{key}")
    }
}

/// Reads the recordings of a file.
pub(crate) fn read(
    path: &Path,
    layout: &Layout,
    reader: Reader,
) -> Result<(SpikeRecordings, DataOrigin)> {
    refuse_other_kind(path)?;
    let file = SampleFile::open(path)?;
    let name = path.display().to_string();
    let recordings = match &file {
        SampleFile::Recordings(file) => {
            let recordings =
                file.read(layout).map_err(|error| error.called(|setting| reader.name(setting)))?;
            if let Some(doubt) = recordings.doubtful_unit(&reader.unit_setting()) {
                return Err(Error::samples(&name, format!("spikes/times: {doubt}")));
            }
            recordings
        }
        SampleFile::Logs(folder) => folder.read(layout)?,
    };
    if let Some(problem) = recordings.emptiness() {
        return Err(Error::samples(&name, problem));
    }
    let median_length_s = recordings.median_length_s();
    let (channels, sha256) = (Some(recordings.channels()), Some(file.sha256()?));
    Ok((recordings, DataOrigin { name, sha256, channels, median_length_s }))
}

impl FileSource {
    fn layout(&self) -> Layout {
        let &Self { path: _, channels, classes, time_unit } = self;
        Layout { channels, classes, time_unit }
    }
}

/// Refuses what people name instead of recordings.
fn refuse_other_kind(path: &Path) -> Result<()> {
    let what = match path {
        _ if is_run(path) => Some("the folder of a run"),
        _ if LogFolder::is_in(path) => None,
        _ if path.is_dir() => Some("a folder"),
        _ => FileKind::instead(path, |kind| kind != FileKind::Checkpoint),
    };
    let problem = |what| {
        format!(
            "this is {what}, but a file of spike recordings was expected, or a folder of spike \
             logs with their labels.csv"
        )
    };
    what.map_or(Ok(()), |what| Err(Error::config(path.display().to_string(), problem(what))))
}
