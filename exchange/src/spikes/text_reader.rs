//! Reads spikes from lines of text; the layouts are those of `text`.

use crate::error::{Error, Result};
use crate::log::time_of_step;
use crate::spikes::format::SpikeFormat;
use crate::spikes::population::{PopulationSpikes, Sorting};
use crate::spikes::text::{NEST_HEADER, NestHeader, csv_header};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Reads the spikes of all populations, in the order of their names. A file that names none is of
/// the population `population`, else of one that is called as the file. Steps are `dt_ms` long.
pub(crate) fn read_text(
    path: &Path,
    format: SpikeFormat,
    population: Option<&str>,
    dt_ms: Option<f64>,
) -> Result<Vec<PopulationSpikes>> {
    let mut reader = Reader {
        path,
        format,
        dt_ms,
        line: 0,
        columns: [0, 1, 2],
        populations: BTreeMap::new(),
        unnamed: stem(path, format),
    };
    if let Some(name) = population {
        reader.unnamed = name.into();
    }
    reader.read()?;
    Ok(reader.populations.into_values().collect())
}

/// The name of a file without the ending of its format.
fn stem(path: &Path, format: SpikeFormat) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match name.strip_suffix(&format!(".{}", format.ending())) {
        Some(stem) => stem.into(),
        None => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

struct Reader<'a> {
    path: &'a Path,
    format: SpikeFormat,
    dt_ms: Option<f64>,
    /// The line that is read, counted from 1.
    line: usize,
    /// Where time, population and neuron stand in a line of bmtk.
    columns: [usize; 3],
    populations: BTreeMap<String, PopulationSpikes>,
    /// The population of a file that names none.
    unnamed: String,
}

impl Reader<'_> {
    fn problem(&self, problem: impl Display) -> Error {
        Error::file(self.path, format!("line {} {problem}", self.line))
    }

    fn read(&mut self) -> Result<()> {
        let mut file = BufReader::new(atomic_file::open(self.path)?);
        let path = self.path;
        let mut line = Vec::new();
        let mut has_columns = false;
        if csv_header(self.format).is_none() || self.names_no_population() {
            // A file without spikes is one of a silent population.
            self.spikes_of(&self.unnamed.clone());
        }
        loop {
            line.clear();
            let read = file.read_until(b'\n', &mut line);
            if read.map_err(|error| atomic_file::Error::io(path, "read the file", error))? == 0 {
                break;
            }
            self.line += 1;
            let text =
                std::str::from_utf8(&line).map_err(|_| self.problem("is no text (UTF-8)"))?;
            let text = text.trim_end_matches(['\n', '\r']);
            if text.starts_with('#') {
                self.comment(text);
            } else if !has_columns && self.format != SpikeFormat::Gdf {
                has_columns = true;
                self.header(text)?;
            } else if !text.is_empty() {
                self.spike(text)?;
            }
        }
        if !has_columns && self.format != SpikeFormat::Gdf {
            return Err(Error::file(
                path,
                "is empty, but must begin with the names of its columns",
            ));
        }
        for spikes in self.populations.values_mut().filter(|spikes| spikes.times_ms.is_sorted()) {
            spikes.sorting = Sorting::ByTime;
        }
        Ok(())
    }

    fn names_no_population(&self) -> bool {
        matches!(self.format, SpikeFormat::CsvSteps | SpikeFormat::CsvMicroseconds)
    }

    fn spikes_of(&mut self, population: &str) -> &mut PopulationSpikes {
        if !self.populations.contains_key(population) {
            let spikes = PopulationSpikes {
                population: population.to_owned(),
                times_ms: Vec::new(),
                node_ids: Vec::new(),
                sorting: Sorting::None,
                size: None,
            };
            self.populations.insert(population.to_owned(), spikes);
        }
        self.populations.get_mut(population).expect("it is there now")
    }

    /// A NEST file of ours names its population.
    fn comment(&mut self, text: &str) {
        let told = text.strip_prefix(NEST_HEADER).filter(|_| self.format == SpikeFormat::Nest);
        if let Some(header) = told.and_then(|json| serde_json::from_str::<NestHeader>(json).ok()) {
            self.populations.clear();
            self.unnamed = header.population;
            self.spikes_of(&self.unnamed.clone()).size = Some(header.size);
        }
    }

    fn header(&mut self, text: &str) -> Result<()> {
        let expected = match self.format {
            SpikeFormat::CsvBmtk => {
                let names: Vec<&str> = text.split_whitespace().collect();
                let place = |name: &str| names.iter().position(|is| *is == name);
                let places = ["timestamps", "population", "node_ids"].map(place);
                if let [Some(time), Some(population), Some(neuron)] = places {
                    self.columns = [time, population, neuron];
                    return Ok(());
                }
                "timestamps, population and node_ids, with blanks between them"
            }
            SpikeFormat::Nest => {
                let mut names = text.split_whitespace();
                if names.next() == Some("sender") && names.next() == Some("time_ms") {
                    return Ok(());
                }
                "sender and time_ms, with a tab between them"
            }
            format => {
                let header = csv_header(format).unwrap_or_default();
                if text.replace(' ', "") == header {
                    return Ok(());
                }
                header
            }
        };
        Err(self.problem(format!("must have the names of the columns: {expected}")))
    }

    fn spike(&mut self, text: &str) -> Result<()> {
        let separator = match self.format {
            SpikeFormat::Nest | SpikeFormat::Gdf => None,
            SpikeFormat::CsvBmtk => Some(' '),
            _ => Some(','),
        };
        let fields: Vec<String> = match separator {
            None => text.split_whitespace().map(str::to_owned).collect(),
            Some(separator) => {
                let fields = fields(text, separator);
                fields.ok_or_else(|| self.problem("has a quoted name without an end"))?
            }
        };
        let field = |index: usize| {
            let missing =
                || self.problem(format!("has {} columns, which is too few", fields.len()));
            fields.get(index).map(|field| field.trim()).ok_or_else(missing)
        };
        let (population, time_ms, neuron) = match self.format {
            SpikeFormat::CsvPlain => {
                (Some(field(0)?), self.milliseconds(field(1)?)?, self.neuron(field(2)?, 0)?)
            }
            SpikeFormat::CsvBmtk => {
                let [time, population, neuron] = self.columns;
                let (time, neuron) = (field(time)?, field(neuron)?);
                (Some(field(population)?), self.milliseconds(time)?, self.neuron(neuron, 0)?)
            }
            SpikeFormat::CsvSteps => {
                let step = self.whole("timestep", field(0)?)?;
                let dt_ms = self.dt_ms.ok_or_else(|| {
                    let problem = "counts steps; reading it needs the length of a step in ms";
                    Error::file(self.path, problem)
                })?;
                (None, time_of_step(dt_ms, step as usize), self.neuron(field(1)?, 0)?)
            }
            SpikeFormat::CsvMicroseconds => {
                let time = self.whole("time_us", field(0)?)?;
                (None, time as f64 / 1e3, self.neuron(field(1)?, 0)?)
            }
            _ => (None, self.milliseconds(field(1)?)?, self.neuron(field(0)?, 1)?),
        };
        let population = population.map_or_else(|| self.unnamed.clone(), str::to_owned);
        let spikes = self.spikes_of(&population);
        spikes.times_ms.push(time_ms);
        spikes.node_ids.push(neuron);
        Ok(())
    }

    fn milliseconds(&self, field: &str) -> Result<f64> {
        match field.parse::<f64>() {
            Ok(time) if time.is_finite() && time >= 0.0 => Ok(time),
            _ => Err(self.problem(format!(
                "has the time {field:?}, but times must be numbers, finite and at least 0"
            ))),
        }
    }

    fn whole(&self, what: &str, field: &str) -> Result<u64> {
        field.parse().map_err(|_| {
            self.problem(format!(
                "has the {what} {field:?}, but it must be a whole number from 0 on"
            ))
        })
    }

    /// A neuron, counted from `first` in the file.
    fn neuron(&self, field: &str, first: u64) -> Result<u64> {
        let number = field.parse::<u64>().ok().and_then(|number| number.checked_sub(first));
        number.ok_or_else(|| {
            let what = if first == 0 { "neuron" } else { "node" };
            self.problem(format!(
                "has the {what} {field:?}, but {what}s are whole numbers from {first} on"
            ))
        })
    }
}

/// The fields of a line, without their quotes (RFC 4180); none when a quote is not closed.
fn fields(line: &str, separator: char) -> Option<Vec<String>> {
    if !line.contains('"') {
        return Some(line.split(separator).map(str::to_owned).collect());
    }
    let mut fields = vec![String::new()];
    let mut letters = line.chars().peekable();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        let field = fields.last_mut().expect("there is a first field");
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if field.is_empty() => is_quoted = true,
            letter if letter == separator && !is_quoted => fields.push(String::new()),
            letter => field.push(letter),
        }
    }
    (!is_quoted).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_those_of_rfc_4180() {
        let owned = |fields: &[&str]| Some(fields.iter().map(|&field| field.to_owned()).collect());
        assert_eq!(fields("1,\"a \"\"b\"\", c\",2", ','), owned(&["1", "a \"b\", c", "2"]));
        assert_eq!(fields("1 \"a b\" 2", ' '), owned(&["1", "a b", "2"]));
        assert_eq!(fields("1,2", ','), owned(&["1", "2"]));
        assert_eq!(fields("1,\"2", ','), None);
    }
}
