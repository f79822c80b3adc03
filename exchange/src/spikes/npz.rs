//! Spikes in NumPy's archive of arrays.
//!
//! Format: `numpy.lib.format` (version 1.0) inside of a ZIP archive, as `numpy.savez` writes it.
//!
//! ```text
//! <population>/times_ms   float64 [spikes]
//! <population>/neurons    int64 [spikes], counted from 0
//! <population>/size       int64 []: number of neurons
//! dt_ms                   float64 []: length of a step, where there are steps
//! provenance              text []: JSON that tells where the file came from
//! ```
//! so that `np.load("spikes.npz")["hidden/times_ms"]` gives the times. Members are stored without
//! compression. Read back, too, are archives that `numpy.savez_compressed` wrote, numbers of other
//! widths, and archives of one population whose arrays are called `times_ms` and `neurons`. An
//! array of Python objects is a pickle, which is a program; it is refused.

use crate::error::{Error, Result};
use crate::log::LogLayout;
use crate::provenance::Provenance;
use crate::spikes::sink::SpikeSink;
use crate::spikes::spooled::SpooledSpikes;
use atomic_file::AtomicFile;
use std::io::{self, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// A spike log in NumPy's archive of arrays.
#[derive(Debug)]
pub(crate) struct NpzSpikes {
    file: AtomicFile,
    layout: LogLayout,
    provenance: Option<Provenance>,
    spikes: SpooledSpikes,
}

impl NpzSpikes {
    pub(crate) fn create(
        path: &Path,
        layout: &LogLayout,
        provenance: Option<&Provenance>,
    ) -> Result<Self> {
        Ok(Self {
            file: AtomicFile::create(path)?,
            layout: layout.clone(),
            provenance: provenance.cloned(),
            spikes: SpooledSpikes::new(path, layout),
        })
    }
}

impl SpikeSink for NpzSpikes {
    fn spikes(&mut self, population: usize, times_ms: &[f64], neurons: &[u64]) -> Result<()> {
        self.spikes.add(population, times_ms, neurons)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { mut file, layout, provenance, mut spikes } = *self;
        let path = file.path().to_owned();
        let failed = |error: zip::result::ZipError| {
            Error::from(atomic_file::Error::io(&path, "write the file", error.into()))
        };
        // What went wrong with the file itself, which the archive would only pass on as a text.
        let mut lost = None;
        let outcome = (|| {
            let target = Target { file: &mut file, lost: &mut lost };
            let mut archive = Archive { writer: ZipWriter::new_stream(target), path: &path };
            for (population, (name, size)) in layout.populations().iter().enumerate() {
                let shape = format!("({},)", spikes.count(population));
                archive.begin(&format!("{name}/times_ms"), "<f8", &shape).map_err(failed)?;
                let mut put = |bytes: &[u8]| archive.put(bytes);
                spikes.put_times(population, |time| time, &mut put)?;
                archive.begin(&format!("{name}/neurons"), "<i8", &shape).map_err(failed)?;
                let mut put = |bytes: &[u8]| archive.put(bytes);
                spikes.put_neurons(population, &mut put)?;
                archive.begin(&format!("{name}/size"), "<i8", "()").map_err(failed)?;
                archive.put(&(*size as i64).to_le_bytes())?;
            }
            if let Some(dt_ms) = layout.dt_ms() {
                archive.begin("dt_ms", "<f8", "()").map_err(failed)?;
                archive.put(&dt_ms.to_le_bytes())?;
            }
            if let Some(provenance) = &provenance {
                let text = provenance.to_json();
                let letters = text.chars().count();
                archive.begin("provenance", &format!("<U{letters}"), "()").map_err(failed)?;
                let text: Vec<u8> =
                    text.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
                archive.put(&text)?;
            }
            archive.writer.finish().map(drop).map_err(failed)
        })();
        match lost {
            Some(error) => return Err(error.into()),
            None => outcome?,
        }
        Ok(file.finish()?)
    }

    #[cfg(all(test, target_os = "linux"))]
    fn fill_disk(&mut self) {
        self.spikes.fill_disk();
    }
}

/// An archive that is being written.
struct Archive<'a, W: Write> {
    writer: ZipWriter<zip::write::StreamWriter<W>>,
    path: &'a Path,
}

impl<W: Write> Archive<'_, W> {
    /// Begins an array; its bytes follow.
    fn begin(&mut self, name: &str, kind: &str, shape: &str) -> zip::result::ZipResult<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            // An array may have more bytes than 32 bits count.
            .large_file(true)
            .last_modified_time(zip::DateTime::default());
        self.writer.start_file(format!("{name}.npy"), options)?;
        Ok(self.writer.write_all(&array_header(kind, shape))?)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.writer.write_all(bytes);
        Ok(written.map_err(|error| atomic_file::Error::io(self.path, "write the file", error))?)
    }
}

/// What stands before the numbers of an array.
fn array_header(kind: &str, shape: &str) -> Vec<u8> {
    /// Arrays begin at a multiple of this.
    const ALIGNMENT: usize = 64;
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let before = MAGIC.len() + 4;
    let length = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
    text.push_str(&" ".repeat(length - 1 - text.len()));
    text.push('\n');
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&[1, 0]);
    header.extend_from_slice(&(length as u16).to_le_bytes());
    header.extend_from_slice(text.as_bytes());
    header
}

/// The file that an archive is written to.
struct Target<'a> {
    file: &'a mut AtomicFile,
    lost: &'a mut Option<atomic_file::Error>,
}

impl Write for Target<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A writer of archives that is dropped tries once more, and would complain of it.
        if self.lost.is_some() {
            return Ok(bytes.len());
        }
        match self.file.write(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => {
                let text = error.to_string();
                *self.lost = Some(error);
                Err(io::Error::other(text))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
