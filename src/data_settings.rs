//! Where the samples of an experiment come from: `[data]` of its file.

use crate::data_notes;
use crate::error::{Error, Result};
use datasets::{
    Augmentation, Binning, Echo, JoinedSamples, Layout, Randman, RecordingFile, SpikeDataset,
    SpikeRecordings, Split, SplitBy, Splitting, TimeUnit,
};
use plasticity::first_difference;
use serde::{Deserialize, Serialize};
use sim_core::{SampleSource, Seed};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The entry with the `[data]` that a run began with.
pub(crate) const PINNED_DATA: &str = "data";

/// The samples, how they are binned and changed, and which of them validate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// A file or made-up data; made-up data by default.
    pub source: Source,
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
pub enum Source {
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
    /// `.h5`, `.h5.gz` or `.zip`; `--data` on the command line.
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

impl Default for Source {
    fn default() -> Self {
        Self::Randman(Randman::default())
    }
}

/// Samples in memory, ready to train on.
#[derive(Debug, Clone)]
pub struct LoadedData {
    /// The samples as frames.
    pub dataset: Arc<dyn SampleSource>,
    /// Where they come from.
    pub origin: DataOrigin,
    /// What there is to say about them before they are used, a sentence each: what of a file could
    /// not be read, though nothing depends on it.
    pub notes: Vec<String>,
    /// The file of the validation samples if they have one of their own.
    pub validation: Option<ValidationFile>,
    /// What a reader made of the file, in a line; none for samples that were made.
    pub described: Option<String>,
}

/// Where validation samples with a file of their own come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationFile {
    /// The file.
    pub origin: DataOrigin,
    /// Index of its first sample: those of the training file come before.
    pub first: usize,
}

/// What identifies the samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataOrigin {
    /// The file as it was named, `random manifolds`, or what a program calls its samples.
    pub name: String,
    /// SHA-256 of the HDF5 file (never of the archive around it), or of samples in memory; none for
    /// made-up data, which the seed identifies.
    pub sha256: Option<String>,
    /// Channels of a file, before they are grouped.
    #[serde(skip)]
    pub channels: Option<usize>,
}

/// What tells the samples of a run from others.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunSamples {
    /// Checksum of the file, or of samples in memory.
    pub sha256: Option<String>,
    /// Checksum of the validation file, if there is one.
    pub validation: Option<String>,
    /// Names of the classes in the order of the network's outputs, where they have names.
    pub class_names: Option<Vec<String>>,
}

impl DataSettings {
    /// The same settings with the samples of another file.
    pub fn use_file(&mut self, path: &Path) {
        let path = Some(path.to_owned());
        match &mut self.source {
            Source::File(file) => file.path = path,
            Source::Randman(_) | Source::Echo(_) | Source::Memory(_) => {
                self.source = Source::File(FileSource { path, ..FileSource::default() })
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
        if let Source::File(file) = &mut pinned.source {
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
            Source::File(_) => None,
            Source::Randman(randman) => Some((randman.neurons, randman.classes)),
            Source::Echo(echo) => Some((echo.channels(), echo.classes)),
            Source::Memory(memory) => {
                // The program's channels are those of the network: none are grouped.
                self.binning.channel_group = 1;
                Some((memory.channels, memory.classes))
            }
        };
        if let Some((channels, classes)) = shape {
            self.source = Source::File(FileSource {
                channels: Some(channels),
                classes: Some(classes),
                ..FileSource::default()
            });
        }
        self.use_file(path);
    }

    /// Writes down what the file turned out to have, so that the network can be built without it.
    pub(crate) fn fix_shape(&mut self, origin: &DataOrigin, classes: usize) {
        if let Source::File(file) = &mut self.source {
            file.channels = origin.channels.or(file.channels);
            file.classes = Some(classes);
        }
    }

    /// Channels after grouping and classes; `None` where only the file knows.
    pub fn shape(&self) -> Option<(usize, usize)> {
        let (channels, classes) = match &self.source {
            Source::File(file) => (file.channels?, file.classes?),
            Source::Randman(randman) => (randman.neurons, randman.classes),
            Source::Echo(echo) => (echo.channels(), echo.classes),
            Source::Memory(memory) => return Some((memory.channels, memory.classes)),
        };
        Some((self.binning.channels(channels), classes))
    }

    /// The validation samples in words, e.g. `speakers 3, 9`.
    pub fn held_out(&self) -> String {
        if matches!(self.source, Source::Memory(_)) {
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
            Source::File(file) => file.layout().check(),
            Source::Randman(randman) => randman.check(),
            Source::Echo(echo) => echo.check(),
            Source::Memory(_) => Ok(()),
        };
        for (section, checked) in [
            ("data.source", source),
            ("data.binning", self.binning.check()),
            ("data.augmentation", self.augmentation.check()),
            ("data.split", self.split.check()),
        ] {
            checked.map_err(|error| Error::in_section(section, error))?;
        }
        if self.split.by == SplitBy::File && !matches!(self.source, Source::File(_)) {
            let problem = "data.split.by is \"file\", but the samples that are trained on are made, \
                           not read from a file (--data FILE)";
            return Err(Error::Setting { problem: problem.into() });
        }
        Ok(())
    }

    /// Reads or makes the recordings.
    ///
    /// # Errors
    /// [`Error::Config`] when a file is needed but not named; otherwise what [`datasets`] finds
    /// wrong with it.
    pub fn recordings(&self, seed: Seed) -> Result<(SpikeRecordings, DataOrigin)> {
        let (recordings, origin) = match &self.source {
            Source::Randman(randman) => (
                randman.recordings(seed)?,
                DataOrigin { name: "random manifolds".into(), sha256: None, channels: None },
            ),
            Source::Echo(echo) => {
                let origin = DataOrigin { name: "echoes".into(), sha256: None, channels: None };
                (echo.recordings(seed)?, origin)
            }
            Source::Memory(memory) => {
                let problem = "these samples were made by a program, and only that program can \
                               bring them again; evaluate, simulate and plot take others with \
                               --data FILE";
                return Err(Error::Absent { name: memory.name.clone(), problem: problem.into() });
            }
            Source::File(source) => {
                let path = source.path.as_deref().ok_or_else(|| {
                    Error::config(
                        "data.source.path",
                        "this experiment needs spike recordings; name a file with --data FILE (an SHD or SSC .h5, .h5.gz or .zip)",
                    )
                })?;
                return read(path, &source.layout());
            }
        };
        Ok((recordings, origin))
    }

    /// Recordings, split and binned: what training needs.
    ///
    /// # Errors
    /// As [`Self::recordings`], and what is wrong with the split.
    pub fn load_split(&self, seed: Seed) -> Result<(LoadedData, Split)> {
        let (recordings, origin) = self.recordings(seed)?;
        if self.split.by == SplitBy::File {
            return self.load_two_files(recordings, origin, seed);
        }
        let split = self.split_of(&recordings, &origin, seed)?;
        let mut notes = data_notes::of_shape(&origin.name, &recordings);
        notes.extend(data_notes::of_silence(&origin.name, &recordings, Some(&split)));
        let mut loaded = self.binned(recordings, origin, Some(&split), seed)?;
        loaded.notes.extend(notes);
        let (name, samples) = (&loaded.origin.name, &*loaded.dataset);
        let mut notes = data_notes::of_split(name, &split, samples);
        if self.split.by == SplitBy::Random {
            notes.extend(data_notes::of_share(name, self.split.fraction, &split, samples));
        }
        loaded.notes.extend(notes);
        Ok((loaded, split))
    }

    /// As [`Self::load_split`] where a second file validates.
    fn load_two_files(
        &self,
        recordings: SpikeRecordings,
        origin: DataOrigin,
        seed: Seed,
    ) -> Result<(LoadedData, Split)> {
        let path = self.split.path.clone().unwrap_or_default();
        let names = recordings.class_names().map(<[String]>::to_vec);
        let shape = (recordings.channels(), recordings.classes());
        let mut notes = data_notes::of_shape(&origin.name, &recordings);
        let train: Vec<usize> = (0..recordings.len()).collect();
        notes.extend(data_notes::of_silence(&origin.name, &recordings, None));
        let whole = Split { train, validation: Vec::new() };
        let mut training = self.binned(recordings, origin, Some(&whole), seed)?;

        let (recordings, origin, more) = self.read_for(&path, shape, names.as_deref())?;
        if origin.sha256.is_some() && origin.sha256 == training.origin.sha256 {
            let problem = "this is the file that is trained on, so it cannot validate; name another \
                           file, or hold out a part of this one with data.split.by";
            return Err(Error::samples(&origin.name, problem));
        }
        notes.extend(more);
        let validation = self.binned(recordings, origin, None, seed)?;
        let joined = JoinedSamples::new(training.dataset, validation.dataset.clone())
            .map_err(|error| unsuitable("data.split", &validation.origin, &error))?;
        let split = Split::in_two(whole.train.len(), validation.dataset.len())
            .map_err(|error| unsuitable("data.split", &validation.origin, &error))?;
        training.dataset = Arc::new(joined);
        notes.extend(data_notes::of_split(&validation.origin.name, &split, &*training.dataset));
        training.notes.extend(validation.notes);
        training.notes.extend(notes);
        training.validation =
            Some(ValidationFile { origin: validation.origin, first: whole.train.len() });
        Ok((training, split))
    }

    /// Recordings of a file for a network of so many channels and classes with these names, and
    /// what is to be said of them. Their classes are numbered as the network's.
    fn read_for(
        &self,
        path: &Path,
        (channels, classes): (usize, usize),
        names: Option<&[String]>,
    ) -> Result<(SpikeRecordings, DataOrigin, Vec<String>)> {
        let time_unit = match &self.source {
            Source::File(file) => file.time_unit,
            Source::Randman(_) | Source::Echo(_) | Source::Memory(_) => None,
        };
        let layout = Layout { channels: Some(channels), classes: None, time_unit };
        let (recordings, origin) = read(path, &layout)?;
        let (recordings, numbering) = recordings.numbered_as(classes, names)?;
        let mut notes: Vec<String> =
            data_notes::of_numbering(&origin.name, numbering, classes).into_iter().collect();
        notes.extend(data_notes::of_silence(&origin.name, &recordings, None));
        Ok((recordings, origin, notes))
    }

    /// Recordings as they are, binned but neither split nor changed: what evaluating another file
    /// needs.
    ///
    /// # Errors
    /// As [`Self::recordings`].
    pub fn load_whole(&self, seed: Seed) -> Result<LoadedData> {
        let (recordings, origin) = self.recordings(seed)?;
        self.binned(recordings, origin, None, seed)
    }

    /// The samples of a file for a network whose classes have these names, and the split of the
    /// run it was made by where they are those of that run, whose environment is `own`. Of a run
    /// with a validation file of its own, one side of the split is empty.
    ///
    /// # Errors
    /// As [`Self::recordings`]; classes that the network does not have.
    pub(crate) fn load_for(
        &self,
        path: &Path,
        own: &RunSamples,
        seed: Seed,
    ) -> Result<(LoadedData, Option<Split>)> {
        let (channels, classes) = match &self.source {
            Source::File(file) => (file.channels.unwrap_or(1), file.classes.unwrap_or(1)),
            Source::Randman(randman) => (randman.neurons, randman.classes),
            Source::Echo(echo) => (echo.channels(), echo.classes),
            Source::Memory(memory) => (memory.channels, memory.classes),
        };
        let names = own.class_names.as_deref();
        let (recordings, origin, notes) = self.read_for(path, (channels, classes), names)?;
        let is = |sha256: Option<&str>| sha256.is_some() && sha256 == origin.sha256.as_deref();
        let all = || (0..recordings.len()).collect();
        let split = if is(own.validation.as_deref()) {
            Some(Split { train: Vec::new(), validation: all() })
        } else if !is(own.sha256.as_deref()) {
            None
        } else if self.split.by == SplitBy::File {
            Some(Split { train: all(), validation: Vec::new() })
        } else {
            Some(self.split_of(&recordings, &origin, seed)?)
        };
        let mut loaded = self.binned(recordings, origin, split.as_ref(), seed)?;
        loaded.notes.extend(notes);
        Ok((loaded, split))
    }

    fn split_of(
        &self,
        recordings: &SpikeRecordings,
        origin: &DataOrigin,
        seed: Seed,
    ) -> Result<Split> {
        let split = self.split.split(recordings, seed);
        split.map_err(|error| unsuitable("data.split", origin, &error))
    }

    /// Recordings in steps and channels; training samples are changed where there is a split.
    fn binned(
        &self,
        recordings: SpikeRecordings,
        origin: DataOrigin,
        split: Option<&Split>,
        seed: Seed,
    ) -> Result<LoadedData> {
        let (augmentation, train) = match split {
            Some(split) => (self.augmentation, &split.train[..]),
            None => (Augmentation::default(), &[][..]),
        };
        let described = match self.source {
            Source::File(_) => Some(data_notes::described(&recordings)),
            Source::Randman(_) | Source::Echo(_) | Source::Memory(_) => None,
        };
        let (notes, recordings) = (recordings.notes().to_vec(), Arc::new(recordings));
        let dataset = SpikeDataset::new(recordings, self.binning, augmentation, seed, train)
            .map_err(|error| unsuitable("data.binning", &origin, &error))?;
        Ok(LoadedData { dataset: Arc::new(dataset), origin, notes, validation: None, described })
    }
}

/// Reads the recordings of a file.
fn read(path: &Path, layout: &Layout) -> Result<(SpikeRecordings, DataOrigin)> {
    let file = RecordingFile::open(path)?;
    let name = path.display().to_string();
    let recordings = file.read(layout).map_err(|error| error.with_keys_of("data.source"))?;
    let setting =
        "data.source.time_unit, \"s\", \"ms\", \"us\", \"ns\" or { samples_per_second = RATE }";
    if let Some(doubt) = recordings.doubtful_unit(setting) {
        return Err(Error::samples(&name, format!("spikes/times: {doubt}")));
    }
    if recordings.is_empty() {
        return Err(Error::samples(&name, "there are no samples in it: spikes/times is empty"));
    }
    let channels = Some(recordings.channels());
    Ok((recordings, DataOrigin { name, sha256: Some(file.sha256()?), channels }))
}

/// Names the section whose settings the samples do not suit.
fn unsuitable(section: &str, origin: &DataOrigin, error: &datasets::Error) -> Error {
    let text = error.to_string().replace("Binning::", "data.binning.");
    let text = text.replace("Layout::", "data.source.");
    let problem = text.strip_prefix(&format!("{}: ", origin.name)).unwrap_or(&text);
    Error::samples(&origin.name, format!("{section}: {problem}"))
}

impl DataOrigin {
    /// The name without its folder.
    pub fn short_name(&self) -> &str {
        Path::new(&self.name).file_name().and_then(|name| name.to_str()).unwrap_or(&self.name)
    }
}

impl FileSource {
    fn layout(&self) -> Layout {
        let &Self { path: _, channels, classes, time_unit } = self;
        Layout { channels, classes, time_unit }
    }
}

impl LoadedData {
    /// The file of a sample, and the sample's index there.
    pub fn place_of(&self, sample: usize) -> (&DataOrigin, usize) {
        match &self.validation {
            Some(file) if sample >= file.first => (&file.origin, sample - file.first),
            _ => (&self.origin, sample),
        }
    }

    /// Names of the classes; none where nobody named one.
    pub(crate) fn given_class_names(&self) -> Option<Vec<String>> {
        let names = self.class_names();
        let is_number = |(class, name): (usize, &String)| *name == class.to_string();
        (!names.iter().enumerate().all(is_number)).then_some(names)
    }

    /// Name of every class, its number where the file does not tell.
    pub fn class_names(&self) -> Vec<String> {
        (0..self.dataset.classes()).map(|class| self.dataset.class_name(class)).collect()
    }
}
