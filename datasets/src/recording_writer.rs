//! Writes recordings in the layout of the Heidelberg spiking data sets, which h5py and PyTables
//! read.

use std::path::Path;

use hdf5_writer::{ByteOrder, DatasetBuilder, Datatype, Hdf5Builder, UNLIMITED, WriteOptions};

use crate::error::{Error, Result};
use crate::float16;
use crate::packing::Packing;
use crate::recordings::{MetaInfo, SpikeRecordings};
use crate::spike_times::{SpikeTimes, Time};

/// Samples whose references (16 bytes each) lie together in the file.
const CHUNK_SAMPLES: u64 = 1024;

impl SpikeRecordings {
    /// Writes `spikes/times` in seconds in the precision they are held in, `spikes/units` and
    /// `labels` as uint16, `extra/channels`, and `extra/speaker`, `extra/keys` and
    /// `extra/meta_info/*` where present; classes without names are named by their numbers in
    /// `extra/keys`, so that a reader learns how many there are. A link at `path` is followed, and
    /// nothing but a regular file is replaced. The file is put together in memory (about three
    /// times its size) and appears whole or not at all. It is packed as its name says: `.h5` (or
    /// `.hdf5`, `.hdf`, `.he5`, no ending), or any of them with `.gz` behind it.
    ///
    /// # Errors
    /// [`Error::Disk`] when it cannot be written, or a folder, device, pipe or socket is at `path`;
    /// [`Error::File`] when its name has another ending, or a class name cannot be stored.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let packing = Packing::of(path)?;
        let bytes = self.encode().map_err(|error| {
            Error::file(path, format!("the recordings cannot be stored: {error}"))
        })?;
        Ok(atomic_file::write(path, &packing.pack(bytes))?)
    }

    /// Checks the name of a file for [`write`](Self::write), so that a wrong name is reported
    /// before recordings are made.
    ///
    /// # Errors
    /// [`Error::File`] for an ending that promises another format.
    pub fn check_name(path: impl AsRef<Path>) -> Result<()> {
        Packing::of(path.as_ref()).map(|_| ())
    }

    fn encode(&self) -> hdf5_writer::Result<Vec<u8>> {
        let samples = vec![self.len() as u64];
        let little = ByteOrder::LittleEndian;
        let (size, times) = match &self.times {
            SpikeTimes::Float16(times) => (2, self.times(times, |time| time.to_le_bytes())),
            SpikeTimes::Float32(times) => (4, self.times(times, |time| time.to_le_bytes())),
            SpikeTimes::Float64(times) => (8, self.times(times, |time| time.to_le_bytes())),
        };
        let units = self.rows(&self.units, |unit| unit.to_le_bytes());
        let float = if size == 2 {
            float16::stand_in()
        } else {
            Datatype::FloatingPoint { size, byte_order: little }
        };
        let uint16 = Datatype::FixedPoint { size: 2, signed: false, byte_order: little };
        let mut file = Hdf5Builder::new()
            .dataset(ragged("spikes/times", float, times)?)
            .dataset(ragged("spikes/units", uint16, units)?)
            .dataset(DatasetBuilder::typed_data("labels", samples.clone(), &self.labels)?)
            .dataset(DatasetBuilder::typed_data(
                "extra/channels",
                vec![1],
                &[self.channels as u32],
            )?);
        if let Some(speakers) = &self.speakers {
            file = file.dataset(DatasetBuilder::typed_data("extra/speaker", samples, speakers)?);
        }
        let numbered = || (0..self.classes).map(|class| class.to_string()).collect();
        let names: Vec<String> = self.class_names.clone().unwrap_or_else(numbered);
        file = file.dataset(DatasetBuilder::fixed_string_data(
            "extra/keys",
            vec![names.len() as u64],
            &names,
        )?);
        for (name, info) in &self.meta_info {
            let path = format!("extra/meta_info/{name}");
            file = file.dataset(match info {
                MetaInfo::Numbers(numbers) => {
                    DatasetBuilder::typed_data(path, vec![numbers.len() as u64], numbers)?
                }
                MetaInfo::Words(words) => {
                    DatasetBuilder::fixed_string_data(path, vec![words.len() as u64], words)?
                }
            });
        }
        let mut bytes = file
            .into_plan()?
            .encode(WriteOptions { byte_order: little, ..WriteOptions::default() })?;
        if size == 2 {
            assert!(float16::replace_stand_in(&mut bytes), "the stand-in was written above");
        }
        Ok(bytes)
    }

    /// The times of every sample, in seconds.
    fn times<T: Time, const N: usize>(
        &self,
        column: &[T],
        encode: impl Fn(T) -> [u8; N],
    ) -> Vec<Vec<u8>> {
        let per_second = self.time_unit().per_second();
        // Seconds are divided by one, which keeps their bits.
        self.rows(column, |time| encode(T::from_value(time.value() / per_second)))
    }

    fn rows<T: Copy, const N: usize>(
        &self,
        column: &[T],
        encode: impl Fn(T) -> [u8; N],
    ) -> Vec<Vec<u8>> {
        let row =
            |sample| column[self.range(sample)].iter().flat_map(|&value| encode(value)).collect();
        (0..self.len()).map(row).collect()
    }
}

/// A dataset of variable-length rows; in chunks and extendible, since PyTables knows no other kind.
fn ragged(name: &str, base: Datatype, rows: Vec<Vec<u8>>) -> hdf5_writer::Result<DatasetBuilder> {
    let samples = rows.len() as u64;
    let dataset = DatasetBuilder::vlen_sequence_data(name, base, vec![samples], rows)?;
    Ok(dataset.chunked(vec![samples.clamp(1, CHUNK_SAMPLES)]).max_shape(vec![UNLIMITED]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;
    use crate::new_samples::NewSample;
    use crate::spike_times::TimeType;

    fn recordings(time_type: TimeType) -> SpikeRecordings {
        let samples = [
            NewSample { seconds: vec![0.0, 0.25, 0.25, 1.5], units: vec![699, 0, 3, 3], label: 1 },
            NewSample { seconds: vec![], units: vec![], label: 0 },
            NewSample { seconds: vec![0.125], units: vec![17], label: 2 },
        ];
        let mut recordings =
            SpikeRecordings::from_samples("made", 700, 3, time_type, samples).unwrap();
        recordings.meta_info.insert("age".into(), MetaInfo::Numbers(vec![31.0, 27.0]));
        recordings.meta_info.insert("gender".into(), MetaInfo::Words(vec!["f".into(), "m".into()]));
        recordings
            .with_speakers(vec![3, 0, 11])
            .with_class_names(["zero", "one", "fünf"].map(String::from).to_vec())
    }

    #[test]
    fn a_name_that_ends_in_gz_is_packed() {
        let folder = tempfile::tempdir().unwrap();
        let made = recordings(TimeType::Float16);
        for (name, packed) in
            [("a.h5.gz", true), ("A.H5.GZ", true), ("a.h5", false), ("a.HDF5", false)]
        {
            let path = folder.path().join(name);
            made.write(&path).unwrap();
            let is_gzip = std::fs::read(&path).unwrap().starts_with(&[0x1f, 0x8b]);
            assert_eq!(is_gzip, packed, "{name}");
        }
        let refused = made.write(folder.path().join("a.zip")).unwrap_err().to_string();
        assert!(refused.contains("not written as .zip"), "{refused}");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        for time_type in [TimeType::Float16, TimeType::Float32, TimeType::Float64] {
            let path = folder.path().join(format!("{time_type}.h5"));
            let recordings = recordings(time_type);
            recordings.write(&path).unwrap();
            assert_eq!(SpikeRecordings::read(&path, &Layout::default()).unwrap(), recordings);
        }
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 3, "no temporary file stays behind");
    }

    #[test]
    fn the_number_of_unnamed_classes_survives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("unnamed.h5");
        for classes in [5, 20, 35] {
            let recordings = SpikeRecordings::from_samples(
                "made",
                4,
                classes,
                TimeType::Float32,
                [NewSample::default()],
            )
            .unwrap();
            recordings.write(&path).unwrap();
            let read = SpikeRecordings::read(&path, &Layout::default()).unwrap();
            assert_eq!((read.classes(), read.class_name(3)), (classes, "3".to_owned()));
        }
    }

    #[test]
    fn recordings_without_samples_are_legal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.h5");
        recordings(TimeType::Float16).select(&[]).write(&path).unwrap();
        assert!(SpikeRecordings::read(&path, &Layout::default()).unwrap().is_empty());
    }

    #[test]
    fn an_unwritable_folder_is_named_and_the_earlier_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("out.h5");
        let error = recordings(TimeType::Float16).write(&path).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{}: cannot write the file: ", path.display())),
            "{error}"
        );

        let path = folder.path().join("out.h5");
        std::fs::write(&path, "earlier").unwrap();
        let unstorable = recordings(TimeType::Float16).with_class_names(vec!["a\0b".into()]);
        let error = unstorable.write(&path).unwrap_err().to_string();
        assert!(error.contains("the recordings cannot be stored"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "earlier");
    }
}
