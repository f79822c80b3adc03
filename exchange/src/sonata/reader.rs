//! Reads spikes that this program or another one wrote.

use crate::error::{Error, Result};
use hdf5_reader::error::Error as Hdf5Error;
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype, Hdf5File};
use sim_core::SpikeFrames;
use std::path::Path;

/// The order of the spikes of a population, as a file claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Sorting {
    /// None, or none that is known.
    #[default]
    None = 0,
    /// Ascending neurons.
    ById = 1,
    /// Ascending times.
    ByTime = 2,
}

/// The spikes of one population, in the order of the file. Both columns have one entry per spike.
#[derive(Debug, Clone, PartialEq)]
pub struct PopulationSpikes {
    /// Name of the population.
    pub population: String,
    /// Times in ms, finite and not below 0.
    pub times_ms: Vec<f64>,
    /// Neurons, counted from 0.
    pub node_ids: Vec<u64>,
    /// The order that the file claims; not checked.
    pub sorting: Sorting,
}

impl PopulationSpikes {
    /// The spikes as the input of a simulation: neuron `n` becomes channel `n`, time `t` the step
    /// `floor(t / dt)`. Times within a millionth of a step below a step's start belong to it: `0.3
    /// / 0.1` is not quite 3.
    ///
    /// # Errors
    /// [`sim_core::Error::OutOfRange`] for a neuron beyond `channels`, a time beyond `steps` steps,
    /// or a `dt_ms` that is not above 0.
    pub fn frames(
        &self,
        channels: usize,
        steps: usize,
        dt_ms: f64,
    ) -> sim_core::Result<SpikeFrames> {
        sim_core::Error::check("dt_ms", dt_ms, dt_ms > 0.0, "above 0")?;
        let mut events = Vec::with_capacity(self.times_ms.len());
        for (index, (time, node)) in self.times_ms.iter().zip(&self.node_ids).enumerate() {
            let place = |what: &str| format!("{what} of spike {index} of {}", self.population);
            let step = (time / dt_ms + 1e-6).floor();
            if *node >= channels.min(u32::MAX as usize) as u64 {
                return Err(sim_core::Error::out_of_range(
                    place("neuron"),
                    node,
                    format!("below {channels}"),
                ));
            }
            if step >= steps.min(u32::MAX as usize) as f64 {
                let allowed = format!("before the end of {steps} steps of {dt_ms} ms");
                return Err(sim_core::Error::out_of_range(place("time in ms"), time, allowed));
            }
            events.push((*node as u32, step as u32));
        }
        SpikeFrames::from_events(channels, steps, &events)
    }
}

/// Reads the spikes of all populations of a SONATA file, in the order of their names. `timestamps`
/// may be floats of 32 or 64 bits and must be in ms, `node_ids` integers of any width; `sorting`
/// may be an enumeration, an integer or text.
///
/// # Errors
/// [`Error::Disk`] when the file cannot be opened; [`Error::File`] naming dataset and index when it
/// is not HDF5, lacks what it needs, or holds what cannot be right.
pub fn read_spikes(path: impl AsRef<Path>) -> Result<Vec<PopulationSpikes>> {
    let path = path.as_ref();
    atomic_file::open(path)?;
    let file = Hdf5File::open(path).map_err(|error| {
        Error::file(path, format!("is not a readable HDF5 file ({})", innermost(&error)))
    })?;
    let group = match file.group("spikes") {
        Ok(group) => group,
        Err(error) if is_absent(&error) => {
            return Err(Error::file(
                path,
                "there is no group spikes, but SONATA spike files need it",
            ));
        }
        Err(error) => return Err(damaged(path, "spikes", &error)),
    };
    let groups = group.groups().map_err(|error| damaged(path, "spikes", &error))?;
    let mut populations =
        groups.iter().map(|group| Reader { path, group }.read()).collect::<Result<Vec<_>>>()?;
    populations.sort_by(|a, b| a.population.cmp(&b.population));
    Ok(populations)
}

/// One population of a file.
struct Reader<'a> {
    path: &'a Path,
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
            population: self.name().into(),
            times_ms,
            node_ids,
            sorting: self.sorting(),
        })
    }

    fn name(&self) -> &str {
        self.group.name().rsplit('/').next().unwrap_or_default()
    }

    fn problem(&self, column: &str, problem: impl std::fmt::Display) -> Error {
        Error::file(self.path, format!("spikes/{}/{column} {problem}", self.name()))
    }

    fn column(&self, column: &str) -> Result<Dataset> {
        let dataset = self.group.dataset(column).map_err(|error| {
            if is_absent(&error) {
                self.problem(column, "is missing")
            } else {
                damaged(self.path, column, &error)
            }
        })?;
        match dataset.ndim() {
            1 => Ok(dataset),
            other => Err(self
                .problem(column, format!("has {other} dimensions, but must have one: the spikes"))),
        }
    }

    fn bytes(&self, dataset: &Dataset, column: &str) -> Result<Vec<u8>> {
        dataset.read_native_bytes().map_err(|error| {
            damaged(self.path, &format!("spikes/{}/{column}", self.name()), &error)
        })
    }

    fn times(&self) -> Result<Vec<f64>> {
        let dataset = self.column("timestamps")?;
        if let Ok(units) = dataset.attribute("units").and_then(|units| units.read_string())
            && units != "ms"
        {
            return Err(self.problem(
                "timestamps",
                format!("is in units of {units:?}, but must be in \"ms\""),
            ));
        }
        let size = match dataset.dtype() {
            Datatype::FloatingPoint { size: size @ (4 | 8), .. } => usize::from(*size),
            _ => {
                return Err(
                    self.problem("timestamps", "must hold floating-point numbers of 32 or 64 bits")
                );
            }
        };
        let bytes = self.bytes(&dataset, "timestamps")?;
        let times: Vec<f64> = bytes.chunks_exact(size).map(float).collect();
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
        let (size, signed) = match dataset.dtype() {
            Datatype::FixedPoint { size: size @ (1 | 2 | 4 | 8), signed, .. } => {
                (usize::from(*size), *signed)
            }
            _ => return Err(self.problem("node_ids", "must hold integers of 8 to 64 bits")),
        };
        let bytes = self.bytes(&dataset, "node_ids")?;
        let node = |(index, bytes)| {
            let value = integer(bytes, signed);
            u64::try_from(value).map_err(|_| {
                self.problem(
                    "node_ids",
                    format!("at index {index} is {value}, but must be at least 0"),
                )
            })
        };
        bytes.chunks_exact(size).enumerate().map(node).collect()
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

/// A float of 4 or 8 native bytes.
fn float(bytes: &[u8]) -> f64 {
    match bytes.try_into() {
        Ok(bytes) => f64::from_ne_bytes(bytes),
        Err(_) => {
            f64::from(f32::from_ne_bytes(bytes.try_into().expect("floats have 4 or 8 bytes")))
        }
    }
}

/// An integer of at most 8 native bytes.
fn integer(bytes: &[u8], signed: bool) -> i128 {
    let append = |value: i128, byte: &u8| value << 8 | i128::from(*byte);
    let value = if cfg!(target_endian = "little") {
        bytes.iter().rev().fold(0, append)
    } else {
        bytes.iter().fold(0, append)
    };
    let bits = 8 * bytes.len();
    if signed && value >> (bits - 1) == 1 { value - (1 << bits) } else { value }
}

fn damaged(path: &Path, place: &str, error: &Hdf5Error) -> Error {
    Error::file(
        path,
        format!("{place} cannot be decoded, the file may be damaged ({})", innermost(error)),
    )
}

fn is_absent(error: &Hdf5Error) -> bool {
    match error {
        Hdf5Error::Context { source, .. } => is_absent(source),
        Hdf5Error::DatasetNotFound(_) | Hdf5Error::GroupNotFound(_) => true,
        _ => false,
    }
}

fn innermost(error: &Hdf5Error) -> &Hdf5Error {
    match error {
        Hdf5Error::Context { source, .. } => innermost(source),
        other => other,
    }
}
