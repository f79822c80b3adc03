//! Spikes as text.
//!
//! ```text
//! population,time_ms,neuron          [`CsvLayout::Plain`]
//! hidden,12.5,3
//!
//! timestamps population node_ids     [`CsvLayout::Bmtk`]
//! 12.5 hidden 3
//! ```
//! One line per spike, in the order in which the simulation gave them: ascending time, then
//! population, then neuron, counted from 0. Times are in ms, written with as many digits as are
//! needed to tell them apart. A name with a separator or a quote in it is quoted as in RFC 4180.
//! Lines end with `\n`.

use crate::error::Result;
use crate::log::{Log, LogLayout};
use atomic_file::AtomicFile;
use sim_core::Record;
use std::fmt::Write;
use std::path::Path;

/// Columns of a spike log in CSV, and their separator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsvLayout {
    /// `population,time_ms,neuron`.
    #[default]
    Plain,
    /// `timestamps population node_ids` with blanks between them: what bmtk reads and writes.
    Bmtk,
}

impl CsvLayout {
    fn header(self) -> &'static str {
        match self {
            Self::Plain => "population,time_ms,neuron\n",
            Self::Bmtk => "timestamps population node_ids\n",
        }
    }

    fn separator(self) -> char {
        match self {
            Self::Plain => ',',
            Self::Bmtk => ' ',
        }
    }
}

/// A spike log in CSV, written while the simulation runs.
#[derive(Debug)]
pub struct CsvSpikes {
    file: AtomicFile,
    columns: CsvLayout,
    layout: LogLayout,
    /// The names of the populations as they stand in the file.
    names: Vec<String>,
    /// The lines of one record.
    lines: String,
}

impl CsvSpikes {
    /// Starts a log that is going to be at `path`.
    ///
    /// # Errors
    /// [`crate::Error::Disk`].
    pub fn create(path: impl AsRef<Path>, layout: &LogLayout, columns: CsvLayout) -> Result<Self> {
        let mut file = AtomicFile::create(path.as_ref())?;
        file.write(columns.header().as_bytes())?;
        let quote = |(name, _): &(String, usize)| quoted(name, columns.separator());
        let names = layout.populations().iter().map(quote).collect();
        Ok(Self { file, columns, layout: layout.clone(), names, lines: String::new() })
    }
}

impl Log for CsvSpikes {
    fn write(&mut self, record: &Record) -> Result<()> {
        let Record::Spikes { population, step, neurons } = record else { return Ok(()) };
        let (name, time) = (&self.names[*population], self.layout.time_ms(*step));
        self.lines.clear();
        for neuron in neurons {
            match self.columns {
                CsvLayout::Plain => writeln!(self.lines, "{name},{time},{neuron}"),
                CsvLayout::Bmtk => writeln!(self.lines, "{time} {name} {neuron}"),
            }
            .expect("a string takes every text");
        }
        Ok(self.file.write(self.lines.as_bytes())?)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(self.file.finish()?)
    }
}

/// A field as it stands in a line: quoted as in RFC 4180 where the separator, a quote or the end of
/// a line is in it.
pub fn quoted(name: &str, separator: char) -> String {
    if name.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::{Network, Population, Variable};

    /// The log of a network with the populations `in` and `a "b", c`.
    fn written(columns: CsvLayout) -> String {
        let population = |name: &str| Population::source(name, 9);
        let network = Network::new(0.1, vec![population("in"), population("a \"b\", c")], vec![]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spikes.csv");
        let layout = LogLayout::of(&network).unwrap();
        let mut log = CsvSpikes::create(&path, &layout, columns).unwrap().boxed();
        log.write(&Record::Spikes { population: 0, step: 3, neurons: vec![1, 1, 8] }).unwrap();
        log.write(&Record::Column {
            population: 1,
            variable: Variable::POTENTIAL,
            step: 3,
            values: vec![0.0; 9],
        })
        .unwrap();
        log.write(&Record::Spikes { population: 1, step: 20, neurons: vec![0] }).unwrap();
        assert!(!path.exists(), "it appears when it is whole");
        log.finish().unwrap();
        std::fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn lines_are_as_documented() {
        let expected =
            "population,time_ms,neuron\nin,0.3,1\nin,0.3,1\nin,0.3,8\n\"a \"\"b\"\", c\",2,0\n";
        assert_eq!(written(CsvLayout::Plain), expected);
        let expected = "timestamps population node_ids\n0.3 in 1\n0.3 in 1\n0.3 in \
                        8\n2 \"a \"\"b\"\", c\" 0\n";
        assert_eq!(written(CsvLayout::Bmtk), expected);
    }
}
