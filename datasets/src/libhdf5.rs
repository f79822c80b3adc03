//! Reads the same files through the HDF5 library of the machine (feature `libhdf5`): a second
//! opinion on the built-in reader.

use std::collections::BTreeMap;
use std::path::Path;

use half::f16;
use hdf5::types::{
    FixedAscii, FixedUnicode, FloatSize, IntSize, TypeDescriptor as Type, VarLenArray, VarLenAscii,
    VarLenUnicode,
};
use hdf5::{Dataset, File, H5Type};

use crate::assembly::{Assembly, Description};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::recordings::{MetaInfo, SpikeRecordings};
use crate::spike_times::Time;

/// Samples read by one call of the library: whole datasets would be in memory twice, single samples
/// would be slow.
const BATCH: usize = 256;

/// Longest fixed-length string that is read; SHD's class names have 6 bytes.
const STRING_BYTES: usize = 256;

/// Reads an HDF5 file (not an archive); errors call it `name`.
pub(crate) fn read(path: &Path, name: &Path, layout: &Layout) -> Result<SpikeRecordings> {
    layout.check()?;
    let file = File::open(path)
        .map_err(|error| Error::file(name, format!("the HDF5 library cannot open it: {error}")))?;
    Container { file, name }.recordings(layout)
}

struct Container<'a> {
    file: File,
    name: &'a Path,
}

impl Container<'_> {
    fn recordings(&self, layout: &Layout) -> Result<SpikeRecordings> {
        let times = self.needed("spikes/times")?;
        match self.ragged_base(&times, "spikes/times")? {
            Some(Type::Float(FloatSize::U2)) => self.with_times::<f16>(layout, &times),
            Some(Type::Float(FloatSize::U4)) => self.with_times::<f32>(layout, &times),
            Some(Type::Float(FloatSize::U8)) => self.with_times::<f64>(layout, &times),
            _ => Err(Error::dataset(
                self.name,
                "spikes/times",
                "must hold variable-length float16, float32 or float64",
            )),
        }
    }

    fn with_times<T: Time + H5Type>(
        &self,
        layout: &Layout,
        times: &Dataset,
    ) -> Result<SpikeRecordings> {
        let units = self.needed("spikes/units")?;
        match self.ragged_base(&units, "spikes/units")? {
            Some(Type::Unsigned(IntSize::U1)) => {
                self.with_units::<T, u8>(layout, times, &units, "uint8")
            }
            Some(Type::Unsigned(IntSize::U2)) => {
                self.with_units::<T, u16>(layout, times, &units, "uint16")
            }
            Some(Type::Unsigned(IntSize::U4)) => {
                self.with_units::<T, u32>(layout, times, &units, "uint32")
            }
            Some(Type::Unsigned(IntSize::U8)) => {
                self.with_units::<T, u64>(layout, times, &units, "uint64")
            }
            Some(Type::Integer(IntSize::U1)) => {
                self.with_units::<T, i8>(layout, times, &units, "int8")
            }
            Some(Type::Integer(IntSize::U2)) => {
                self.with_units::<T, i16>(layout, times, &units, "int16")
            }
            Some(Type::Integer(IntSize::U4)) => {
                self.with_units::<T, i32>(layout, times, &units, "int32")
            }
            Some(Type::Integer(IntSize::U8)) => {
                self.with_units::<T, i64>(layout, times, &units, "int64")
            }
            _ => {
                Err(Error::dataset(self.name, "spikes/units", "must hold variable-length integers"))
            }
        }
    }

    fn with_units<T: Time + H5Type, U: Copy + Into<i128> + H5Type>(
        &self,
        layout: &Layout,
        times: &Dataset,
        units: &Dataset,
        unit_type: &str,
    ) -> Result<SpikeRecordings> {
        let samples = self.samples(times, "spikes/times")?;
        if self.samples(units, "spikes/units")? != samples {
            let problem = format!("{} samples, but spikes/times has {samples}", units.size());
            return Err(Error::dataset(self.name, "spikes/units", problem));
        }
        let mut assembly = Assembly::<T>::new(self.name, layout)?;
        for start in (0..samples).step_by(BATCH) {
            let batch = start..samples.min(start + BATCH);
            let times = times
                .read_slice_1d::<VarLenArray<T>, _>(batch.clone())
                .map_err(|error| self.failed("spikes/times", &error))?;
            let units = units
                .read_slice_1d::<VarLenArray<U>, _>(batch)
                .map_err(|error| self.failed("spikes/units", &error))?;
            for (times, units) in times.iter().zip(&units) {
                assembly.push(times.as_slice(), units.as_slice())?;
            }
        }
        assembly.finish(Description {
            labels: self.integers(&self.needed("labels")?, "labels")?,
            speakers: self
                .find("extra/speaker")?
                .map(|dataset| self.integers(&dataset, "extra/speaker")),
            class_names: self
                .find("extra/keys")?
                .map(|dataset| self.class_names(&dataset))
                .transpose()?,
            channels: match self.find("extra/channels")? {
                Some(dataset) => self.integers(&dataset, "extra/channels")?.first().copied(),
                None => None,
            },
            meta_info: self.meta_info()?,
            notes: Vec::new(),
            unit_type: unit_type.into(),
            whole_times: None,
        })
    }

    fn failed(&self, dataset: &str, error: &hdf5::Error) -> Error {
        Error::dataset(self.name, dataset, format!("cannot be read by the HDF5 library ({error})"))
    }

    fn needed(&self, path: &str) -> Result<Dataset> {
        self.find(path)?.ok_or_else(|| Error::MissingDataset {
            path: self.name.to_owned(),
            dataset: path.into(),
        })
    }

    fn find(&self, path: &str) -> Result<Option<Dataset>> {
        if !self.exists(path) {
            return Ok(None);
        }
        self.file.dataset(path).map(Some).map_err(|error| self.failed(path, &error))
    }

    /// Whether there is a link at `path`; the library can be asked for one level at a time only.
    fn exists(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().all(|end| self.file.link_exists(&path[..end]))
    }

    fn descriptor(&self, dataset: &Dataset, path: &str) -> Result<Type> {
        dataset
            .dtype()
            .and_then(|datatype| datatype.to_descriptor())
            .map_err(|error| self.failed(path, &error))
    }

    fn ragged_base(&self, dataset: &Dataset, path: &str) -> Result<Option<Type>> {
        match self.descriptor(dataset, path)? {
            Type::VarLenArray(base) => Ok(Some(*base)),
            _ => Ok(None),
        }
    }

    fn samples(&self, dataset: &Dataset, path: &str) -> Result<usize> {
        match dataset.shape()[..] {
            [samples] => Ok(samples),
            ref shape => Err(Error::dataset(
                self.name,
                path,
                format!("has {} dimensions, but must have one: the samples", shape.len()),
            )),
        }
    }

    fn integers(&self, dataset: &Dataset, path: &str) -> Result<Vec<i128>> {
        let failed = |error| self.failed(path, &error);
        self.samples(dataset, path)?;
        match self.descriptor(dataset, path)? {
            Type::Integer(_) => {
                Ok(dataset.read_raw::<i64>().map_err(failed)?.into_iter().map(i128::from).collect())
            }
            Type::Unsigned(_) => {
                Ok(dataset.read_raw::<u64>().map_err(failed)?.into_iter().map(i128::from).collect())
            }
            _ => Err(Error::dataset(self.name, path, "must hold integers")),
        }
    }

    fn class_names(&self, dataset: &Dataset) -> Result<Vec<String>> {
        let names = self.words(dataset, "extra/keys")?;
        names.ok_or_else(|| Error::dataset(self.name, "extra/keys", "must hold strings"))
    }

    /// The strings of a dataset, if it holds strings.
    fn words(&self, dataset: &Dataset, path: &str) -> Result<Option<Vec<String>>> {
        fn decode<S>(
            words: hdf5::Result<Vec<S>>,
            bytes: impl Fn(&S) -> &[u8],
        ) -> hdf5::Result<Vec<String>> {
            Ok(words?
                .iter()
                .map(|word| String::from_utf8_lossy(bytes(word)).into_owned())
                .collect())
        }
        let words = match self.descriptor(dataset, path)? {
            Type::FixedAscii(..=STRING_BYTES) => {
                decode(dataset.read_raw::<FixedAscii<STRING_BYTES>>(), FixedAscii::as_bytes)
            }
            Type::FixedUnicode(..=STRING_BYTES) => {
                decode(dataset.read_raw::<FixedUnicode<STRING_BYTES>>(), FixedUnicode::as_bytes)
            }
            Type::VarLenAscii => decode(dataset.read_raw::<VarLenAscii>(), VarLenAscii::as_bytes),
            Type::VarLenUnicode => {
                decode(dataset.read_raw::<VarLenUnicode>(), VarLenUnicode::as_bytes)
            }
            _ => return Ok(None),
        };
        words.map(Some).map_err(|error| self.failed(path, &error))
    }

    fn meta_info(&self) -> Result<BTreeMap<String, MetaInfo>> {
        const GROUP: &str = "extra/meta_info";
        let mut meta_info = BTreeMap::new();
        if !self.exists(GROUP) {
            return Ok(meta_info);
        }
        let group = self.file.group(GROUP).map_err(|error| self.failed(GROUP, &error))?;
        for dataset in group.datasets().map_err(|error| self.failed(GROUP, &error))? {
            let path = dataset.name();
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let info = match self.descriptor(&dataset, &path) {
                Ok(Type::Integer(_) | Type::Unsigned(_) | Type::Float(_)) => MetaInfo::Numbers(
                    dataset.read_raw::<f64>().map_err(|error| self.failed(&path, &error))?,
                ),
                Ok(_) => match self.words(&dataset, &path)? {
                    Some(words) => MetaInfo::Words(words),
                    None => continue,
                },
                Err(_) => continue,
            };
            meta_info.insert(name, info);
        }
        Ok(meta_info)
    }
}
