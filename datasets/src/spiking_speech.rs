//! Reads recordings in the layout of the Heidelberg spiking data sets (SHD and SSC).
//!
//! ```text
//! spikes/times      variable-length float16, float32 or float64 per sample: seconds, ascending;
//!                   integers too where a unit is given
//! spikes/units      variable-length integers of any width per sample: 0 = highest frequency
//! labels            integers, one per sample
//! extra/channels    one integer, the number of channels       (optional)
//! extra/speaker     integers, one per sample                  (optional)
//! extra/keys        strings, the names of the classes         (optional)
//! extra/meta_info/* numbers or strings about the speakers     (optional)
//! ```
//! Reference: [Cramer 2022], <https://zenkelab.org/datasets/>. The file is read once, front to
//! back, one sample at a time, into [`SpikeRecordings`]; everything is checked on the way. The HDF5
//! decoder is written in Rust, so no system library is needed.

use std::collections::BTreeMap;
use std::path::Path;

use half::f16;
use hdf5_reader::{ByteOrder, Dataset, Datatype, VarLenKind};

use crate::assembly::{Assembly, Description};
use crate::container::file::{Container, Found};
use crate::container::numbers::{float, integer, type_name, without_names};
use crate::container::text::is_string;
use crate::container::unread::reason;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::recordings::{MetaInfo, SpikeRecordings};
use crate::sentence::{Sentence, Setting};
use crate::spike_times::Time;

/// Most left-out datasets that are noted one by one.
const MOST_NOTES: usize = 3;

/// Reads an HDF5 file (not an archive: see [`RecordingFile`](crate::RecordingFile)); errors call it
/// `name`.
pub(crate) fn read(path: &Path, name: &Path, layout: &Layout) -> Result<SpikeRecordings> {
    layout.check()?;
    Reader { file: Container::open(path, name)?, name }.recordings(layout)
}

/// A file that is read, and the name that errors give it.
struct Reader<'a> {
    file: Container<'a>,
    name: &'a Path,
}

impl<'a> Reader<'a> {
    fn recordings(&self, layout: &Layout) -> Result<SpikeRecordings> {
        let times = self.needed("spikes/times")?;
        if let Some(Datatype::FloatingPoint { size, .. }) = ragged_base(&times)
            && !self.is_ieee(&times, *size)?
        {
            let problem = format!(
                "holds {}, but not in the IEEE format that is expected",
                type_name(times.dtype())
            );
            return Err(Error::dataset(self.name, "spikes/times", problem));
        }
        match ragged_base(&times) {
            Some(&Datatype::FloatingPoint { size: 2, byte_order }) => {
                self.with_times::<f16, 2>(layout, &times, byte_order, f16::from_le_bytes)
            }
            Some(&Datatype::FloatingPoint { size: 4, byte_order }) => {
                self.with_times::<f32, 4>(layout, &times, byte_order, f32::from_le_bytes)
            }
            Some(&Datatype::FloatingPoint { size: 8, byte_order }) => {
                self.with_times::<f64, 8>(layout, &times, byte_order, f64::from_le_bytes)
            }
            Some(&Datatype::FixedPoint { size, signed, byte_order }) => {
                self.with_whole_times(layout, &times, (size, signed, byte_order))
            }
            _ => Err(self.wrong_type(
                &times,
                "spikes/times",
                "variable-length float16, float32 or float64",
            )),
        }
    }

    /// Times that are integers: float64 holds them exactly up to 2^53.
    fn with_whole_times(
        &self,
        layout: &Layout,
        times: &Dataset,
        (size, signed, order): (u8, bool, ByteOrder),
    ) -> Result<SpikeRecordings> {
        if layout.time_unit.is_none() {
            let problem = Sentence::from(format!(
                "holds {}, which are hardly seconds: say what one unit is (",
                type_name(times.dtype())
            ));
            let problem = problem.setting(Setting::TimeUnit).text(")");
            return Err(Error::dataset(self.name, "spikes/times", problem));
        }
        match (size, signed) {
            (1, false) => {
                self.with_times(layout, times, order, |b| f64::from(u8::from_le_bytes(b)))
            }
            (1, true) => self.with_times(layout, times, order, |b| f64::from(i8::from_le_bytes(b))),
            (2, false) => {
                self.with_times(layout, times, order, |b| f64::from(u16::from_le_bytes(b)))
            }
            (2, true) => {
                self.with_times(layout, times, order, |b| f64::from(i16::from_le_bytes(b)))
            }
            (4, false) => {
                self.with_times(layout, times, order, |b| f64::from(u32::from_le_bytes(b)))
            }
            (4, true) => {
                self.with_times(layout, times, order, |b| f64::from(i32::from_le_bytes(b)))
            }
            (8, false) => self.with_times(layout, times, order, |b| u64::from_le_bytes(b) as f64),
            (8, true) => self.with_times(layout, times, order, |b| i64::from_le_bytes(b) as f64),
            _ => Err(self.wrong_type(times, "spikes/times", "integers of 8 to 64 bits or floats")),
        }
    }

    /// Whether the floats of a ragged dataset have the exponent width of IEEE 754, which the
    /// decoder takes for granted.
    fn is_ieee(&self, dataset: &Dataset, size: u8) -> Result<bool> {
        /// Place of the exponent width: after 8 bytes of the variable-length type and 13 bytes of
        /// its base type.
        const EXPONENT_WIDTH: usize = 21;
        let message =
            dataset.raw_datatype().map_err(|error| self.file.unread("spikes/times", &error))?;
        let expected = match size {
            2 => 5,
            4 => 8,
            _ => 11,
        };
        Ok(message.get(EXPONENT_WIDTH) == Some(&expected))
    }

    fn with_times<T: Time, const N: usize>(
        &self,
        layout: &Layout,
        times: &Dataset,
        order: ByteOrder,
        decode: fn([u8; N]) -> T,
    ) -> Result<SpikeRecordings> {
        let times = Ragged::new(self, times, "spikes/times", order, decode)?;
        let units = self.needed("spikes/units")?;
        let Some(&Datatype::FixedPoint { size, signed, byte_order }) = ragged_base(&units) else {
            return Err(self.wrong_type(&units, "spikes/units", "variable-length integers"));
        };
        let units = (&units, byte_order);
        match (size, signed) {
            (1, false) => self.with_units(layout, times, units, u8::from_le_bytes),
            (1, true) => self.with_units(layout, times, units, i8::from_le_bytes),
            (2, false) => self.with_units(layout, times, units, u16::from_le_bytes),
            (2, true) => self.with_units(layout, times, units, i16::from_le_bytes),
            (4, false) => self.with_units(layout, times, units, u32::from_le_bytes),
            (4, true) => self.with_units(layout, times, units, i32::from_le_bytes),
            (8, false) => self.with_units(layout, times, units, u64::from_le_bytes),
            (8, true) => self.with_units(layout, times, units, i64::from_le_bytes),
            _ => Err(self.wrong_type(
                units.0,
                "spikes/units",
                "variable-length integers of 8 to 64 bits",
            )),
        }
    }

    fn with_units<T: Time, U: Copy + Into<i128>, const N: usize, const M: usize>(
        &self,
        layout: &Layout,
        times: Ragged<'_, T, N>,
        (units, order): (&Dataset, ByteOrder),
        decode: fn([u8; M]) -> U,
    ) -> Result<SpikeRecordings> {
        let Datatype::VarLen { base, .. } = units.dtype() else {
            unreachable!("the caller looked at its base")
        };
        let unit_type = type_name(base);
        let units = Ragged::new(self, units, "spikes/units", order, decode)?;
        if units.samples() != times.samples() {
            let problem =
                format!("{} samples, but spikes/times has {}", units.samples(), times.samples());
            return Err(Error::dataset(self.name, "spikes/units", problem));
        }
        let whole_times = match ragged_base(&times.dataset) {
            Some(base @ Datatype::FixedPoint { .. }) => Some(type_name(base)),
            _ => None,
        };
        let mut assembly = Assembly::new(self.name, layout)?;
        // A damaged count cannot be larger than the file allows.
        let spikes = times.spikes().min(self.file.bytes() / N as u64) as usize;
        assembly.reserve(times.samples(), spikes)?;
        let (mut sample_times, mut sample_units) = (Vec::new(), Vec::new());
        for sample in 0..times.samples() {
            times.read(sample, &mut sample_times)?;
            units.read(sample, &mut sample_units)?;
            assembly.push(&sample_times, &sample_units)?;
        }
        let mut notes = Vec::new();
        assembly.finish(Description {
            labels: self.integers(&self.needed("labels")?, "labels")?,
            speakers: self
                .find("extra/speaker")?
                .map(|dataset| self.integers(&dataset, "extra/speaker")),
            class_names: self
                .find("extra/keys")?
                .map(|dataset| self.class_names(&dataset, &mut notes))
                .transpose()?,
            channels: match self.find("extra/channels")? {
                Some(dataset) => self.integers(&dataset, "extra/channels")?.first().copied(),
                None => None,
            },
            meta_info: self.meta_info(&mut notes),
            notes,
            unit_type,
            whole_times,
        })
    }

    fn needed(&self, path: &str) -> Result<Dataset> {
        self.find(path)?.ok_or_else(|| Error::MissingDataset {
            path: self.name.to_owned(),
            dataset: path.into(),
        })
    }

    fn find(&self, path: &str) -> Result<Option<Dataset>> {
        match self.file.find(path)? {
            Found::Dataset(dataset) => Ok(Some(*dataset)),
            Found::Nothing => Ok(None),
            Found::Group(_) => {
                Err(Error::dataset(self.name, path, "is a group, but must be a dataset"))
            }
        }
    }

    fn wrong_type(&self, dataset: &Dataset, path: &str, expected: &str) -> Error {
        Error::dataset(
            self.name,
            path,
            format!("holds {}, but must hold {expected}", type_name(dataset.dtype())),
        )
    }

    fn one_dimensional(&self, dataset: &Dataset, path: &str) -> Result<()> {
        match dataset.ndim() {
            1 => Ok(()),
            other => Err(Error::dataset(
                self.name,
                path,
                format!("has {other} dimensions, but must have one: the samples"),
            )),
        }
    }

    /// Integers, one per sample. Named integers count as the numbers behind their names; h5py
    /// stores booleans so, with the names FALSE and TRUE for 0 and 1.
    fn integers(&self, dataset: &Dataset, path: &str) -> Result<Vec<i128>> {
        let &Datatype::FixedPoint { size, signed, byte_order } = without_names(dataset.dtype())
        else {
            return Err(self.wrong_type(dataset, path, "integers"));
        };
        self.one_dimensional(dataset, path)?;
        if !matches!(size, 1 | 2 | 4 | 8) {
            return Err(self.wrong_type(dataset, path, "integers of 8 to 64 bits"));
        }
        let bytes = self.bytes(dataset, path)?;
        Ok(bytes
            .chunks_exact(usize::from(size))
            .map(|bytes| integer(bytes, signed, byte_order))
            .collect())
    }

    fn bytes(&self, dataset: &Dataset, path: &str) -> Result<Vec<u8>> {
        dataset.read_raw_bytes().map_err(|error| self.file.unread(path, &error))
    }

    fn class_names(&self, dataset: &Dataset, notes: &mut Vec<String>) -> Result<Vec<String>> {
        const PATH: &str = "extra/keys";
        if !is_string(dataset.dtype()) {
            return Err(self.wrong_type(dataset, PATH, "strings"));
        }
        self.strings(dataset, PATH, notes)
    }

    fn strings(
        &self,
        dataset: &Dataset,
        path: &str,
        notes: &mut Vec<String>,
    ) -> Result<Vec<String>> {
        let text = self.file.text(dataset, path)?;
        if text.latin1 {
            notes.push(format!(
                "{}: {path}: its text is no UTF-8 and was read as Latin-1",
                self.name.display()
            ));
        }
        Ok(text.strings)
    }

    /// Datasets of `extra/meta_info` that hold numbers or strings. Nothing depends on them: a
    /// dataset that cannot be read is left out, and a note says so.
    fn meta_info(&self, notes: &mut Vec<String>) -> BTreeMap<String, MetaInfo> {
        const GROUP: &str = "extra/meta_info";
        let mut meta_info = BTreeMap::new();
        let left_out = |error: Error| format!("{error}; left out, since nothing depends on it");
        let names = match self.file.find(GROUP) {
            Ok(Found::Group(group)) => self.file.members(&group, GROUP),
            Ok(Found::Dataset(_)) => {
                Err(Error::dataset(self.name, GROUP, "is a dataset, but must be a group"))
            }
            Ok(Found::Nothing) => return meta_info,
            Err(error) => Err(error),
        };
        let names = names.unwrap_or_else(|error| {
            notes.push(left_out(error));
            Vec::new()
        });
        let mut missing = Vec::new();
        for name in names {
            match self.info(&format!("{GROUP}/{name}"), notes) {
                Ok(info) => {
                    meta_info.insert(name, info);
                }
                Err(error) => missing.push(left_out(error)),
            }
        }
        if missing.len() > MOST_NOTES {
            let more = missing.len() - MOST_NOTES;
            missing.truncate(MOST_NOTES);
            let file = self.name.display();
            missing.push(format!("{file}: {GROUP}: {more} more datasets are left out"));
        }
        notes.extend(missing);
        meta_info
    }

    fn info(&self, path: &str, notes: &mut Vec<String>) -> Result<MetaInfo> {
        let dataset = self.needed(path)?;
        match *without_names(dataset.dtype()) {
            Datatype::FixedPoint { size: size @ (1 | 2 | 4 | 8), signed, byte_order } => {
                let bytes = self.bytes(&dataset, path)?;
                let numbers = bytes
                    .chunks_exact(usize::from(size))
                    .map(|bytes| integer(bytes, signed, byte_order) as f64);
                Ok(MetaInfo::Numbers(numbers.collect()))
            }
            Datatype::FloatingPoint { size: size @ (2 | 4 | 8), byte_order } => {
                let bytes = self.bytes(&dataset, path)?;
                let numbers =
                    bytes.chunks_exact(usize::from(size)).map(|bytes| float(bytes, byte_order));
                Ok(MetaInfo::Numbers(numbers.collect()))
            }
            ref datatype if is_string(datatype) => {
                Ok(MetaInfo::Words(self.strings(&dataset, path, notes)?))
            }
            _ => Err(self.wrong_type(&dataset, path, "numbers or strings")),
        }
    }
}

/// A dataset of variable-length rows of which one is decoded at a time.
///
/// A row is stored as a reference: its length (4 bytes), the address of a heap in the file, and the
/// number of an object in that heap.
struct Ragged<'a, T, const N: usize> {
    reader: &'a Reader<'a>,
    dataset: Dataset,
    path: &'static str,
    references: Vec<u8>,
    order: ByteOrder,
    decode: fn([u8; N]) -> T,
}

impl<'a, T, const N: usize> Ragged<'a, T, N> {
    fn new(
        reader: &'a Reader<'a>,
        dataset: &Dataset,
        path: &'static str,
        order: ByteOrder,
        decode: fn([u8; N]) -> T,
    ) -> Result<Self> {
        reader.one_dimensional(dataset, path)?;
        let references = reader.bytes(dataset, path)?;
        Ok(Self { reader, dataset: dataset.clone(), path, references, order, decode })
    }

    fn samples(&self) -> usize {
        self.references.len() / self.dataset.vlen_reference_size()
    }

    /// The lengths of all rows together, as the references say.
    fn spikes(&self) -> u64 {
        self.references
            .chunks_exact(self.dataset.vlen_reference_size())
            .map(|reference| length(reference) as u64)
            .sum()
    }

    fn read(&self, sample: usize, row: &mut Vec<T>) -> Result<()> {
        row.clear();
        let size = self.dataset.vlen_reference_size();
        let reference = &self.references[sample * size..(sample + 1) * size];
        if length(reference) == 0 {
            return Ok(());
        }
        let bytes = self
            .dataset
            .resolve_vlen_reference_bytes(reference, N)
            .map_err(|error| Error::sample(self.reader.name, self.path, sample, reason(&error)))?;
        if bytes.len() != length(reference) * N {
            let problem = format!(
                "has {} values, but {} were announced: the file may be damaged",
                bytes.len() / N,
                length(reference)
            );
            return Err(Error::sample(self.reader.name, self.path, sample, problem));
        }
        let (values, _) = bytes.as_chunks::<N>();
        match self.order {
            ByteOrder::LittleEndian => row.extend(values.iter().map(|&bytes| (self.decode)(bytes))),
            ByteOrder::BigEndian => row.extend(values.iter().map(|&(mut bytes)| {
                bytes.reverse();
                (self.decode)(bytes)
            })),
        }
        Ok(())
    }
}

/// The length a variable-length reference announces: its first four bytes.
fn length(reference: &[u8]) -> usize {
    reference.first_chunk().map_or(0, |&bytes| u32::from_le_bytes(bytes) as usize)
}

/// Element type of a dataset of variable-length rows.
fn ragged_base(dataset: &Dataset) -> Option<&Datatype> {
    match dataset.dtype() {
        Datatype::VarLen { base, kind: VarLenKind::Sequence, .. } => Some(base),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
