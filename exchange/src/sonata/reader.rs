//! Reads spikes that this program or another one wrote.

use crate::error::{Error, Result};
use crate::hdf5_reading::{ReadFile, base_name, text};
use crate::spikes::population::{PopulationSpikes, Sorting};
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype};
use std::path::Path;

/// Reads the spikes of all populations of a SONATA file, in the order of their names. `timestamps`
/// may be floats of 32 or 64 bits and must be in ms, `node_ids` integers of any width; `sorting`
/// may be an enumeration, an integer or text.
///
/// # Errors
/// [`Error::Disk`] when the file cannot be opened; [`Error::File`] naming dataset and index when it
/// is not HDF5, lacks what it needs, or holds what cannot be right.
pub fn read_spikes(path: impl AsRef<Path>) -> Result<Vec<PopulationSpikes>> {
    let file = ReadFile::open(path.as_ref())?;
    let Some(group) = file.group("spikes")? else {
        let problem = "there is no group spikes, but SONATA spike files need it";
        return Err(Error::file(file.path, problem));
    };
    let groups = file.groups(&group)?;
    let read = |group| Reader { file: &file, group }.read();
    let mut populations = groups.iter().map(read).collect::<Result<Vec<_>>>()?;
    populations.sort_by(|a, b| a.population.cmp(&b.population));
    Ok(populations)
}

/// One population of a file.
struct Reader<'a> {
    file: &'a ReadFile<'a>,
    group: &'a Group,
}

impl Reader<'_> {
    fn read(&self) -> Result<PopulationSpikes> {
        let times_ms = self.times()?;
        let node_ids = self.nodes()?;
        if times_ms.len() != node_ids.len() {
            let problem =
                format!("has {} entries, but timestamps has {}", node_ids.len(), times_ms.len());
            return Err(self.problem("node_ids", problem));
        }
        Ok(PopulationSpikes {
            population: base_name(self.group).into(),
            times_ms,
            node_ids,
            sorting: self.sorting(),
            size: None,
        })
    }

    fn name(&self, column: &str) -> String {
        format!("spikes/{}/{column}", base_name(self.group))
    }

    fn problem(&self, column: &str, problem: impl std::fmt::Display) -> Error {
        self.file.problem(&self.name(column), problem)
    }

    fn column(&self, column: &str) -> Result<Dataset> {
        let dataset = self.file.dataset(self.group, column, &self.name(column))?;
        match dataset.ndim() {
            1 => Ok(dataset),
            other => Err(self
                .problem(column, format!("has {other} dimensions, but must have one: the spikes"))),
        }
    }

    fn times(&self) -> Result<Vec<f64>> {
        let dataset = self.column("timestamps")?;
        if let Some(units) = text(dataset.attribute("units"))
            && units != "ms"
        {
            return Err(self.problem(
                "timestamps",
                format!("is in units of {units:?}, but must be in \"ms\""),
            ));
        }
        let times = self.file.floats(&dataset, &self.name("timestamps"))?;
        match times.iter().position(|time| !(time.is_finite() && *time >= 0.0)) {
            Some(index) => Err(self.problem(
                "timestamps",
                format!(
                    "at index {index} is {}, but times must be finite and at least 0",
                    times[index]
                ),
            )),
            None => Ok(times),
        }
    }

    fn nodes(&self) -> Result<Vec<u64>> {
        let dataset = self.column("node_ids")?;
        self.file.integers(&dataset, &self.name("node_ids"), |index, value| {
            u64::try_from(value).map_err(|_| {
                self.problem(
                    "node_ids",
                    format!("at index {index} is {value}, but must be at least 0"),
                )
            })
        })
    }

    fn sorting(&self) -> Sorting {
        let Ok(attribute) = self.group.attribute("sorting") else { return Sorting::None };
        let text = match &attribute.datatype {
            // The members name the values; each file may choose its own values.
            Datatype::Enum { members, .. } => members
                .iter()
                .find(|member| member.value == attribute.raw_data)
                .map(|member| member.name.clone())
                .unwrap_or_default(),
            Datatype::FixedPoint { .. } => match attribute.read_as_f64() {
                Ok(1.0) => "by_id".into(),
                Ok(2.0) => "by_time".into(),
                _ => String::new(),
            },
            _ => attribute.read_string().unwrap_or_default(),
        };
        match text.as_str() {
            "by_id" => Sorting::ById,
            "by_time" => Sorting::ByTime,
            _ => Sorting::None,
        }
    }
}
