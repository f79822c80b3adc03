//! Samples in memory, and how `[data]` of an experiment gets them there.

use crate::data_notes;
use crate::data_origin::DataOrigin;
use crate::data_settings::{DataSettings, DataSource, Reader, read};
use crate::error::{Error, Result};
use crate::split_table::SplitTable;
use datasets::{
    Augmentation, JoinedSamples, Layout, SpikeDataset, SpikeRecordings, Split, SplitBy, TimeUnit,
    shown_name,
};
use sim_core::{SampleSource, Seed};
use std::path::Path;
use std::sync::Arc;

/// Samples in memory, ready to train on.
#[derive(Debug, Clone)]
pub struct LoadedData {
    /// The samples as frames.
    pub dataset: Arc<dyn SampleSource>,
    /// Where the samples come from.
    pub origin: DataOrigin,
    /// Notes about the samples before they are used, a sentence each: parts of a file that could
    /// not be read, though nothing depends on them.
    pub notes: Vec<String>,
    /// The file of the validation samples if they have one of their own.
    pub validation: Option<ValidationFile>,
    /// What the file holds, in a line; none for samples that were made.
    pub described: Option<String>,
}

/// Where validation samples with a file of their own come from.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidationFile {
    /// The file.
    pub origin: DataOrigin,
    /// Index of the first sample of this file: the samples of the training file come before.
    pub first: usize,
}

/// The identity of the samples of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunSamples {
    /// Checksum of the file, or of samples in memory.
    pub sha256: Option<String>,
    /// Checksum of the validation file, if there is one.
    pub validation: Option<String>,
    /// Names of the classes in the order of the network's outputs, where they have names.
    pub class_names: Option<Vec<String>>,
    /// The median time of a sample's last spike in s, where it is known.
    pub median_length_s: Option<f64>,
    /// The split.
    pub split: SplitTable,
}

/// Samples of a run in a file, by the file's indices.
#[derive(Debug, Clone)]
pub(crate) struct OwnSplit {
    /// The samples that the run trained on, and the samples that validated it.
    pub split: Split,
    /// How many samples train and how many validate in the run, if samples were recognised one by
    /// one: the file may hold others, with times that were rounded otherwise. None if the file is
    /// the run's own.
    pub known_of: Option<[usize; 2]>,
}

/// Medians further apart by this factor are taken for times in different units: neighbouring units
/// differ by 1000.
const FARTHEST: f64 = 100.0;

/// What the recordings of another file must fit.
struct Fit<'a> {
    channels: usize,
    classes: usize,
    /// Names of the classes, where they have names.
    names: Option<&'a [String]>,
    /// The median time of a sample's last spike in s, where it is known.
    median_length_s: Option<f64>,
    /// The unit of the file's times, where somebody said it of this very file.
    time_unit: Option<TimeUnit>,
    /// Whether the file validates, or is another one.
    reader: Reader,
    /// Whose classes these are: of the run, or of the file that is trained on.
    whose: &'a str,
}

impl LoadedData {
    /// The file of a sample, and the sample's index there.
    pub fn place_of(&self, sample: usize) -> (&DataOrigin, usize) {
        match &self.validation {
            Some(file) if sample >= file.first => (&file.origin, sample - file.first),
            _ => (&self.origin, sample),
        }
    }

    /// Names of the classes; none if no class has a name.
    pub(crate) fn given_class_names(&self) -> Option<Vec<String>> {
        let names = self.class_names();
        let is_number = |(class, name): (usize, &String)| *name == class.to_string();
        (!names.iter().enumerate().all(is_number)).then_some(names)
    }

    /// Name of every class; its number if the file has no names.
    pub fn class_names(&self) -> Vec<String> {
        (0..self.dataset.classes()).map(|class| self.dataset.class_name(class)).collect()
    }
}

impl DataSettings {
    /// Recordings, split and binned: what training needs.
    ///
    /// # Errors
    /// As [`Self::recordings`], and what is wrong with the split.
    pub fn load_split(&self, seed: Seed) -> Result<(LoadedData, Split)> {
        self.load_split_as(seed, None)
    }

    /// As [`Self::load_split`]; where `names` are given, the classes of a file are numbered as
    /// these.
    pub(crate) fn load_split_as(
        &self,
        seed: Seed,
        names: Option<&[String]>,
    ) -> Result<(LoadedData, Split)> {
        let (mut recordings, origin) = self.recordings(seed)?;
        let mut numbered = None;
        if let (DataSource::File(_), Some(names)) = (&self.source, names) {
            let numbering;
            (recordings, numbering) = recordings.numbered_as(names.len(), Some(names))?;
            let whose = "the network that is started from";
            numbered = data_notes::of_numbering(&origin.name, numbering, names.len(), whose);
        }
        if self.split.by == SplitBy::File {
            let (mut loaded, split) = self.load_two_files(recordings, origin, seed)?;
            loaded.notes.extend(numbered);
            return Ok((loaded, split));
        }
        let split = self.split_of(&recordings, &origin, seed)?;
        let mut notes = data_notes::of_shape(&origin.name, &recordings);
        notes.extend(data_notes::of_length(&origin, self.binning.dt_ms, Reader::Training));
        notes.extend(self.split.unused());
        notes.extend(data_notes::of_silence(&origin.name, &recordings, Some(&split)));
        let mut loaded = self.binned(recordings, origin, Some(&split), seed)?;
        loaded.notes.extend(numbered.into_iter().chain(notes));
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
        let (channels, classes) = (recordings.channels(), recordings.classes());
        let median_length_s = origin.median_length_s;
        let mut notes = data_notes::of_shape(&origin.name, &recordings);
        notes.extend(data_notes::of_length(&origin, self.binning.dt_ms, Reader::Training));
        notes.extend(self.split.unused());
        let train: Vec<usize> = (0..recordings.len()).collect();
        notes.extend(data_notes::of_silence(&origin.name, &recordings, None));
        let whole = Split { train, validation: Vec::new() };
        let mut training = self.binned(recordings, origin, Some(&whole), seed)?;

        let fit = Fit {
            channels,
            classes,
            names: names.as_deref(),
            median_length_s,
            time_unit: self.split.time_unit,
            reader: Reader::Validation,
            whose: &training.origin.name,
        };
        let (recordings, origin, more) = self.read_for(&path, &fit)?;
        if origin.sha256.is_some() && origin.sha256 == training.origin.sha256 {
            let problem = "this is the file that is trained on, so it cannot validate; name \
                           another file, or hold out a part of this one with data.split.by";
            return Err(Error::samples(&origin.name, problem));
        }
        notes.extend(more);
        let validation = self.binned(recordings, origin, None, seed)?;
        let joined = JoinedSamples::new(training.dataset, validation.dataset.clone())
            .map_err(|error| unsuitable("data.split", &validation.origin, error))?;
        let split = Split::in_two(whole.train.len(), validation.dataset.len())
            .map_err(|error| unsuitable("data.split", &validation.origin, error))?;
        training.dataset = Arc::new(joined);
        notes.extend(data_notes::of_split(&validation.origin.name, &split, &*training.dataset));
        training.notes.extend(validation.notes);
        training.notes.extend(notes);
        training.validation =
            Some(ValidationFile { origin: validation.origin, first: whole.train.len() });
        Ok((training, split))
    }

    /// Recordings of a file, with their classes numbered as they must be, and what is to be said of
    /// them.
    fn read_for(
        &self,
        path: &Path,
        fit: &Fit<'_>,
    ) -> Result<(SpikeRecordings, DataOrigin, Vec<String>)> {
        let own_unit = match &self.source {
            DataSource::File(file) => file.time_unit,
            DataSource::Randman(_) | DataSource::Echo(_) | DataSource::Memory(_) => None,
        };
        let time_unit = fit.time_unit.or(own_unit);
        let layout = Layout { channels: Some(fit.channels), classes: None, time_unit };
        let (recordings, origin) = read(path, &layout, fit.reader)?;
        let mut notes = Vec::new();
        if let (Some(_), Some((first, second))) = (fit.names, recordings.classes_of_one_name()) {
            notes.push(format!(
                "{}: classes {first} and {second} are both called {} and are taken for one",
                origin.name,
                shown_name(&recordings.class_name(first))
            ));
        }
        let (recordings, numbering) = recordings.numbered_as(fit.classes, fit.names)?;
        match (fit.doubt(&origin, time_unit.unwrap_or_default()), fit.time_unit) {
            (Some(doubt), None) => {
                let setting = fit.reader.unit_setting();
                let problem = format!("{doubt}; say what their unit is: {setting}");
                return Err(Error::samples(&origin.name, problem));
            }
            (Some(doubt), Some(_)) => notes.push(format!("{}: {doubt}", origin.name)),
            (None, _) => {}
        }
        notes.extend(data_notes::of_length(&origin, self.binning.dt_ms, fit.reader));
        let numbered = data_notes::of_numbering(&origin.name, numbering, fit.classes, fit.whose);
        notes.extend(numbered);
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

    /// The samples of a file for the network of a run whose samples are `own`. If they are samples
    /// of that run, also their split; in a run with a validation file of its own, one side of that
    /// split is empty. `time_unit` is the unit of the file's times, by default the unit of the run.
    ///
    /// # Errors
    /// As [`Self::recordings`]; classes that the network does not have; times that are hardly in
    /// the unit of the run's.
    pub(crate) fn load_for(
        &self,
        path: &Path,
        own: &RunSamples,
        time_unit: Option<TimeUnit>,
        seed: Seed,
    ) -> Result<(LoadedData, Option<OwnSplit>)> {
        let (channels, classes) = match &self.source {
            DataSource::File(file) => (file.channels.unwrap_or(1), file.classes.unwrap_or(1)),
            DataSource::Randman(randman) => (randman.neurons, randman.classes),
            DataSource::Echo(echo) => (echo.channels(), echo.classes),
            DataSource::Memory(memory) => (memory.channels, memory.classes),
        };
        let fit = Fit {
            channels,
            classes,
            names: own.class_names.as_deref(),
            median_length_s: own.median_length_s,
            time_unit,
            reader: Reader::Other,
            whose: "the run",
        };
        let (recordings, origin, notes) = self.read_for(path, &fit)?;
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
        let split = match split {
            Some(split) => Some(OwnSplit { split, known_of: None }),
            None => own.split.find(&*loaded.dataset).map(|split| {
                let known_of = Some(own.split.sizes());
                OwnSplit { split, known_of }
            }),
        };
        Ok((loaded, split))
    }

    fn split_of(
        &self,
        recordings: &SpikeRecordings,
        origin: &DataOrigin,
        seed: Seed,
    ) -> Result<Split> {
        let split = self.split.split(recordings, seed);
        split.map_err(|error| unsuitable("data.split", origin, error))
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
            DataSource::File(_) => Some(data_notes::described(&recordings)),
            DataSource::Randman(_) | DataSource::Echo(_) | DataSource::Memory(_) => None,
        };
        let (notes, recordings) = (recordings.notes().to_vec(), Arc::new(recordings));
        let dataset = SpikeDataset::new(recordings, self.binning, augmentation, seed, train)
            .map_err(|error| unsuitable("data.binning", &origin, error))?;
        Ok(LoadedData { dataset: Arc::new(dataset), origin, notes, validation: None, described })
    }
}

/// Names the section whose settings the samples do not suit.
fn unsuitable(section: &str, origin: &DataOrigin, error: datasets::Error) -> Error {
    let error = error.called(|setting| Reader::Training.name(setting)).within(section);
    match error {
        // These name the file themselves.
        datasets::Error::Content { .. } | datasets::Error::File { .. } => error.into(),
        other => Error::samples(&origin.name, format!("{section}: {other}")),
    }
}

impl Fit<'_> {
    /// The error that recordings last much longer or shorter than expected, so that their times are
    /// hardly in `unit`.
    fn doubt(&self, origin: &DataOrigin, unit: TimeUnit) -> Option<String> {
        let (expected, found) = (self.median_length_s?, origin.median_length_s?);
        let ratio = found / expected;
        let is_likely = (1.0 / FARTHEST..=FARTHEST).contains(&ratio);
        if is_likely || expected == 0.0 || found == 0.0 {
            return None;
        }
        let [found, expected] = [found, expected].map(|seconds| format!("{seconds:.3e} s"));
        Some(format!(
            "spikes/times: the median recording lasts {found} if times are in {unit}, but \
             {expected} in what the network is trained on"
        ))
    }
}
