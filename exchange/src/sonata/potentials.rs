//! Writes membrane potentials.

use crate::error::Result;
use crate::log::{Log, LogLayout};
use crate::sonata::file::{
    FLOAT32, FLOAT64, UINT8, UINT32, UINT64, dataset, sonata_file, units, write_file,
};
use atomic_file::AtomicFile;
use hdf5_writer::{AttributeBuilder, Hdf5Builder};
use sim_core::Record;
use std::path::Path;

/// Membrane potentials of all neurons in every step as a SONATA report, with a group for every
/// population that has any. They are those at the end of a step, after the reset.
#[derive(Debug)]
pub struct SonataPotentials {
    file: AtomicFile,
    layout: LogLayout,
    populations: Vec<Rows>,
}

/// The potentials of one population.
#[derive(Debug, Clone, Default)]
struct Rows {
    first_step: usize,
    rows: usize,
    /// `[rows, neurons]`, the bytes of the dataset.
    data: Vec<u8>,
}

impl SonataPotentials {
    /// Starts a report that is going to be at `path`.
    ///
    /// # Errors
    /// [`crate::Error::Disk`].
    pub fn create(path: impl AsRef<Path>, layout: &LogLayout) -> Result<Self> {
        let populations = vec![Rows::default(); layout.populations().len()];
        Ok(Self { file: AtomicFile::create(path.as_ref())?, layout: layout.clone(), populations })
    }
}

impl Log for SonataPotentials {
    fn write(&mut self, record: &Record) -> Result<()> {
        let Record::Potentials { population, step, potential } = record else { return Ok(()) };
        let rows = &mut self.populations[*population];
        if rows.rows == 0 {
            rows.first_step = *step;
        }
        rows.rows += 1;
        rows.data.extend(potential.iter().flat_map(|&v| (v as f32).to_le_bytes()));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut content = sonata_file();
        for ((name, neurons), rows) in self.layout.populations().iter().zip(self.populations) {
            if rows.rows > 0 {
                content = add_report(content, &self.layout, name, *neurons as u64, rows);
            }
        }
        write_file(self.file, content)
    }
}

fn add_report(
    content: Hdf5Builder,
    layout: &LogLayout,
    name: &str,
    neurons: u64,
    rows: Rows,
) -> Hdf5Builder {
    let path = |column: &str| format!("report/{name}/{column}");
    let counted = |end: u64| (0..end).flat_map(u64::to_le_bytes).collect::<Vec<u8>>();
    let [start, end] =
        [rows.first_step, rows.first_step + rows.rows].map(|step| layout.time_ms(step));
    let time = [start, end, layout.dt_ms()].into_iter().flat_map(f64::to_le_bytes).collect();
    let sorted = AttributeBuilder::new("sorted", UINT8, vec![], vec![1]);
    content
        .dataset(
            dataset(path("data"), FLOAT32, vec![rows.rows as u64, neurons], rows.data)
                .attribute(units("1")),
        )
        .dataset(
            dataset(path("mapping/node_ids"), UINT64, vec![neurons], counted(neurons))
                .attribute(sorted),
        )
        .dataset(dataset(
            path("mapping/index_pointers"),
            UINT64,
            vec![neurons + 1],
            counted(neurons + 1),
        ))
        .dataset(dataset(
            path("mapping/element_ids"),
            UINT32,
            vec![neurons],
            vec![0; neurons as usize * size_of::<u32>()],
        ))
        .dataset(dataset(path("mapping/time"), FLOAT64, vec![3], time).attribute(units("ms")))
}
