//! Writes state variables, such as membrane potentials.

use crate::error::{Error, Result};
use crate::large_hdf5::{LargeDataset, encode, large_dataset, write_head};
use crate::log::{Log, LogLayout, time_of_step};
use crate::sonata::file::{FLOAT32, FLOAT64, UINT8, UINT32, UINT64, dataset, sonata_file, units};
use crate::spool::{Column, Spool};
use atomic_file::AtomicFile;
use hdf5_writer::{AttributeBuilder, Hdf5Builder};
use sim_core::{Record, Variable};
use std::path::Path;

/// One state variable of all neurons in every step as a SONATA report, with a group for every
/// population that has it. Its values are those at the end of a step, after the reset.
#[derive(Debug)]
pub struct SonataReport {
    file: AtomicFile,
    layout: LogLayout,
    dt_ms: f64,
    /// Name of the variable.
    variable: String,
    spool: Spool,
    populations: Vec<Rows>,
}

/// The values of one population.
#[derive(Debug, Default)]
struct Rows {
    first_step: usize,
    /// Unit of the values; empty for bare numbers.
    unit: &'static str,
    rows: usize,
    /// `[rows, neurons]`, the bytes of the dataset.
    data: Column,
}

impl SonataReport {
    /// Starts a report of the state variable `variable`. The file is going to be at `path`.
    ///
    /// # Errors
    /// [`Error::Disk`]; [`Error::File`] when the length of a step is not known.
    pub fn create(path: impl AsRef<Path>, layout: &LogLayout, variable: &str) -> Result<Self> {
        let path = path.as_ref();
        let dt_ms = layout.dt_ms().ok_or_else(|| {
            Error::file(path, "a report needs the length of a step, which is not known")
        })?;
        let populations: Vec<_> = layout.populations().iter().map(|_| Rows::default()).collect();
        Ok(Self {
            file: AtomicFile::create(path)?,
            layout: layout.clone(),
            dt_ms,
            variable: variable.into(),
            spool: Spool::new(path, populations.len()),
            populations,
        })
    }
}

impl Log for SonataReport {
    fn write(&mut self, record: &Record) -> Result<()> {
        let Record::Column { population, variable, step, values } = record else { return Ok(()) };
        if variable.name != self.variable {
            return Ok(());
        }
        let rows = &mut self.populations[*population];
        if rows.rows == 0 {
            rows.first_step = *step;
            rows.unit = variable.unit;
        }
        rows.rows += 1;
        let bytes: Vec<u8> = values.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect();
        self.spool.append(&mut rows.data, &bytes)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { mut file, layout, dt_ms, variable, mut spool, populations } = *self;
        let (mut content, mut large) = (sonata_file(), Vec::new());
        // Other programs call the membrane potential `v`.
        let potential = Variable::POTENTIAL.name;
        let variable = if variable == potential { "v" } else { &variable };
        for ((name, neurons), rows) in layout.populations().iter().zip(&populations) {
            if rows.rows > 0 {
                let population = (&name[..], *neurons as u64);
                let data;
                (content, data) = add_report(content, dt_ms, population, variable, rows);
                large.push(data);
            }
        }
        let small = encode(file.path(), content)?;
        write_head(&mut file, small, &large)?;
        for rows in &populations {
            spool.read(&rows.data, &mut |bytes| Ok(file.write(bytes)?))?;
        }
        Ok(file.finish()?)
    }
}

/// Adds the report of a population, whose data follows.
fn add_report(
    content: Hdf5Builder,
    dt_ms: f64,
    (name, neurons): (&str, u64),
    variable: &str,
    rows: &Rows,
) -> (Hdf5Builder, LargeDataset) {
    let path = |column: &str| format!("report/{name}/{column}");
    let counted = |end: u64| (0..end).flat_map(u64::to_le_bytes).collect::<Vec<u8>>();
    let pointers = |name: &str| {
        dataset(path(&format!("mapping/{name}")), UINT64, vec![neurons + 1], counted(neurons + 1))
    };
    let [start, end] = [0, rows.rows].map(|row| time_of_step(dt_ms, rows.first_step + row));
    let end = end_of_report(start, end, dt_ms, rows.rows);
    let time = [start, end, dt_ms].into_iter().flat_map(f64::to_le_bytes).collect();
    let sorted = AttributeBuilder::new("sorted", UINT8, vec![], vec![1]);
    let shape = vec![rows.rows as u64, neurons];
    let (values, large) = large_dataset(&path("data"), FLOAT32, shape, size_of::<f32>());
    let content = content
        .dataset(
            values
                .attribute(units(if rows.unit.is_empty() { "1" } else { rows.unit }))
                .attribute(AttributeBuilder::fixed_string("variable", variable)),
        )
        .dataset(
            dataset(path("mapping/node_ids"), UINT64, vec![neurons], counted(neurons))
                .attribute(sorted),
        )
        .dataset(pointers("index_pointers"))
        .dataset(pointers("index_pointer"))
        .dataset(dataset(
            path("mapping/element_ids"),
            UINT32,
            vec![neurons],
            vec![0; neurons as usize * size_of::<u32>()],
        ))
        .dataset(dataset(
            path("mapping/element_pos"),
            FLOAT64,
            vec![neurons],
            vec![0; neurons as usize * size_of::<f64>()],
        ))
        .dataset(dataset(path("mapping/time"), FLOAT64, vec![3], time).attribute(units("ms")));
    (content, large)
}

/// `end`, or the next larger number with which a reader finds `rows` rows that cuts `(end - start)
/// / dt` off to a whole number, as bmtk does: `0.3 / 0.1` is not quite 3.
fn end_of_report(start: f64, end: f64, dt_ms: f64, rows: usize) -> f64 {
    let mut end = end;
    while (end - start) / dt_ms < rows as f64 {
        end = end.next_up();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::end_of_report;

    #[test]
    fn no_reader_loses_the_last_row() {
        for dt_ms in [0.1, 0.025, 0.3, 0.7, 1.0, 1.1, 10.0] {
            for (first, rows) in [(0, 3), (0, 6), (7, 41), (1_000_003, 29), (0, 123_457)] {
                let (start, end) = (first as f64 * dt_ms, (first + rows) as f64 * dt_ms);
                let told = end_of_report(start, end, dt_ms, rows);
                assert_eq!(((told - start) / dt_ms) as usize, rows, "{dt_ms} ms");
                assert!((told - end).abs() <= 1e-9 * end, "{told} for {end}");
            }
        }
    }
}
