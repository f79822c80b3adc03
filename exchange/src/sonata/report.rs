//! Writes state variables, such as membrane potentials.

use crate::error::Result;
use crate::log::{Log, LogLayout};
use crate::sonata::file::{
    FLOAT32, FLOAT64, UINT8, UINT32, UINT64, dataset, sonata_file, units, write_file,
};
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
    /// Name of the variable.
    variable: String,
    populations: Vec<Rows>,
}

/// The values of one population.
#[derive(Debug, Clone, Default)]
struct Rows {
    first_step: usize,
    /// Unit of the values; empty for bare numbers.
    unit: &'static str,
    rows: usize,
    /// `[rows, neurons]`, the bytes of the dataset.
    data: Vec<u8>,
}

impl SonataReport {
    /// Starts a report of the state variable `variable`. The file is going to be at `path`.
    ///
    /// # Errors
    /// [`crate::Error::Disk`].
    pub fn create(path: impl AsRef<Path>, layout: &LogLayout, variable: &str) -> Result<Self> {
        let populations = vec![Rows::default(); layout.populations().len()];
        let (file, layout) = (AtomicFile::create(path.as_ref())?, layout.clone());
        Ok(Self { file, layout, variable: variable.into(), populations })
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
        rows.data.extend(values.iter().flat_map(|&v| (v as f32).to_le_bytes()));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut content = sonata_file();
        // Other programs call the membrane potential `v`.
        let potential = Variable::POTENTIAL.name;
        let variable = if self.variable == potential { "v" } else { &self.variable };
        for ((name, neurons), rows) in self.layout.populations().iter().zip(self.populations) {
            if rows.rows > 0 {
                let population = (&name[..], *neurons as u64);
                content = add_report(content, &self.layout, population, variable, rows);
            }
        }
        write_file(self.file, content)
    }
}

fn add_report(
    content: Hdf5Builder,
    layout: &LogLayout,
    (name, neurons): (&str, u64),
    variable: &str,
    rows: Rows,
) -> Hdf5Builder {
    let path = |column: &str| format!("report/{name}/{column}");
    let counted = |end: u64| (0..end).flat_map(u64::to_le_bytes).collect::<Vec<u8>>();
    let pointers = |name: &str| {
        dataset(path(&format!("mapping/{name}")), UINT64, vec![neurons + 1], counted(neurons + 1))
    };
    let (start, dt_ms) = (layout.time_ms(rows.first_step), layout.dt_ms());
    let end = end_of_report(start, layout.time_ms(rows.first_step + rows.rows), dt_ms, rows.rows);
    let time = [start, end, dt_ms].into_iter().flat_map(f64::to_le_bytes).collect();
    let sorted = AttributeBuilder::new("sorted", UINT8, vec![], vec![1]);
    content
        .dataset(
            dataset(path("data"), FLOAT32, vec![rows.rows as u64, neurons], rows.data)
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
        .dataset(dataset(path("mapping/time"), FLOAT64, vec![3], time).attribute(units("ms")))
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
