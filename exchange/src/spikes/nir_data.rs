//! Spikes in NIR's data file.
//!
//! Format: `nir.write_data` and `nir.read_data` of nir 1.0.8 (`nir/serialization.py`,
//! `docs/source/nirdata.md` of neuromorphs/NIR). Tags are attributes, and must be scalar text of
//! variable length: the reader compares them with text, and takes text of fixed length for bytes.
//!
//! ```text
//! /                              __type__ = "NIRGraphData"
//! /nodes/<population>            __type__ = "NIRNodeData"
//! /nodes/<population>/observables/spikes
//!                                __type__ = "EventData", n_neurons (int64), t_max (float64, s),
//!                                dt (float64, s) where there are steps
//! .../spikes/idx                 int64 [1, spikes], counted from 0
//! .../spikes/time                float64 [1, spikes], in s
//! ```
//! The format names no unit. Times are in seconds, as all converters of NIR graphs take time
//! constants. The end `t_max` is that of the step of the last spike, where there are steps, else
//! the last time. What a time in seconds cannot tell, `dt` does: the time of a step comes back
//! exactly. Other times come back exactly up to 15 digits.

use crate::error::{Error, Result};
use crate::hdf5_reading::{ReadFile, base_name, text};
use crate::large_hdf5::{LargeDataset, encode, large_dataset, write_head};
use crate::log::{LogLayout, time_of_step};
use crate::provenance::Provenance;
use crate::sonata::file::{FLOAT64, UINT8, provenance_attributes};
use crate::spikes::format::whole;
use crate::spikes::population::{PopulationSpikes, Sorting};
use crate::spikes::sink::SpikeSink;
use crate::spikes::spooled::SpooledSpikes;
use atomic_file::AtomicFile;
use hdf5_reader::group::Group;
use hdf5_writer::{
    AttributeBuilder, ByteOrder, Datatype, Hdf5Builder, StringEncoding, StringPadding, VarLenKind,
};
use std::path::Path;

const INT64: Datatype =
    Datatype::FixedPoint { size: 8, signed: true, byte_order: ByteOrder::LittleEndian };
const TYPE: &str = "__type__";
const SPIKES: &str = "spikes";

/// A spike log in NIR's data file.
#[derive(Debug)]
pub(crate) struct NirSpikes {
    file: AtomicFile,
    layout: LogLayout,
    provenance: Option<Provenance>,
    spikes: SpooledSpikes,
}

impl NirSpikes {
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

    /// The small file, whose texts lie in heaps that begin at `heap`, the datasets that follow, and
    /// the heaps.
    fn content(&self, heap: u64) -> (Hdf5Builder, Vec<LargeDataset>, Vec<u8>) {
        let mut heaps = Heaps { start: heap, bytes: Vec::new() };
        let [tag] = heaps.texts(["NIRGraphData"]);
        let content = provenance_attributes(Hdf5Builder::new(), self.provenance.as_ref());
        let mut content = content.attribute(tag);
        let mut large = Vec::new();
        let float = |name: &str, value: f64| {
            AttributeBuilder::new(name, FLOAT64, vec![], value.to_le_bytes())
        };
        for (population, (name, size)) in self.layout.populations().iter().enumerate() {
            let node = format!("nodes/{name}");
            let group = format!("{node}/observables/{SPIKES}");
            let [node_tag, data_tag] = heaps.texts(["NIRNodeData", "EventData"]);
            let size = (*size as i64).to_le_bytes();
            let t_max = float("t_max", self.t_max(population));
            let n_neurons = AttributeBuilder::new("n_neurons", INT64, vec![], size);
            content = content.group_attribute(&node, node_tag);
            for attribute in [data_tag, n_neurons, t_max]
                .into_iter()
                .chain(self.layout.dt_ms().map(|dt_ms| float("dt", seconds(dt_ms))))
            {
                content = content.group_attribute(&group, attribute);
            }
            for (column, datatype) in [("idx", INT64), ("time", FLOAT64)] {
                let shape = vec![1, self.spikes.count(population)];
                let path = format!("{group}/{column}");
                let (dataset, data) = large_dataset(&path, datatype, shape, size_of::<u64>());
                content = content.dataset(dataset);
                large.push(data);
            }
        }
        (content, large, heaps.bytes)
    }

    /// End of the log in s. `t_max / dt`, cut off to a whole number as `nir` does, is the number of
    /// steps.
    fn t_max(&self, population: usize) -> f64 {
        let last_ms = self.spikes.last_ms(population);
        match self.layout.dt_ms() {
            Some(dt_ms) if self.spikes.count(population) > 0 => {
                let steps = (last_ms / dt_ms + 1e-6).floor() + 1.0;
                let (mut t_max, dt) =
                    (seconds(time_of_step(dt_ms, steps as usize)), seconds(dt_ms));
                while t_max / dt < steps {
                    t_max = t_max.next_up();
                }
                t_max
            }
            _ => seconds(last_ms),
        }
    }
}

impl SpikeSink for NirSpikes {
    fn spikes(&mut self, population: usize, times_ms: &[f64], neurons: &[u64]) -> Result<()> {
        self.spikes.add(population, times_ms, neurons)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        // The small file is as long wherever the heaps lie.
        let length = encode(self.file.path(), self.content(0).0)?.len();
        let start = length.next_multiple_of(8);
        let (content, large, heaps) = self.content(start as u64);
        let mut small = encode(self.file.path(), content)?;
        small.resize(start, 0);
        small.extend(heaps);
        let Self { mut file, layout, mut spikes, .. } = *self;
        write_head(&mut file, small, &large)?;
        for population in 0..layout.populations().len() {
            let mut put = |bytes: &[u8]| Ok(file.write(bytes)?);
            spikes.put_neurons(population, &mut put)?;
            spikes.put_times(population, seconds, &mut put)?;
        }
        Ok(file.finish()?)
    }

    #[cfg(all(test, target_os = "linux"))]
    fn fill_disk(&mut self) {
        self.spikes.fill_disk();
    }
}

/// Global heaps (HDF5 File Format Specification 3.0, III.E), where texts of variable length lie.
/// The HDF5 writer makes such texts for arrays only.
struct Heaps {
    /// Where the first one begins in the file.
    start: u64,
    bytes: Vec<u8>,
}

impl Heaps {
    /// The least length that is allowed.
    const LENGTH: usize = 4096;

    /// Tags with the given texts, in one more heap.
    fn texts<const N: usize>(&mut self, texts: [&str; N]) -> [AttributeBuilder; N] {
        let (address, begin) = (self.start + self.bytes.len() as u64, self.bytes.len());
        self.bytes.extend_from_slice(b"GCOL\x01\0\0\0");
        self.bytes.extend_from_slice(&(Self::LENGTH as u64).to_le_bytes());
        let mut index = 0_u16;
        let tags = texts.map(|text| {
            index += 1;
            self.object(index, 1, text.len());
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
            let mut reference = (text.len() as u32).to_le_bytes().to_vec();
            reference.extend_from_slice(&address.to_le_bytes());
            reference.extend_from_slice(&u32::from(index).to_le_bytes());
            let datatype = Datatype::VarLen {
                base: Box::new(UINT8),
                kind: VarLenKind::String,
                encoding: StringEncoding::Utf8,
                padding: StringPadding::NullTerminate,
            };
            AttributeBuilder::new(TYPE, datatype, vec![], reference)
        });
        // The rest of the heap is free, this header included.
        self.object(0, 0, begin + Self::LENGTH - self.bytes.len());
        self.bytes.resize(begin + Self::LENGTH, 0);
        tags
    }

    fn object(&mut self, index: u16, references: u16, length: usize) {
        self.bytes.extend_from_slice(&index.to_le_bytes());
        self.bytes.extend_from_slice(&references.to_le_bytes());
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&(length as u64).to_le_bytes());
    }
}

/// A time in ms in seconds: the number with the same digits.
fn seconds(time_ms: f64) -> f64 {
    format!("{time_ms}e-3").parse().expect("a number is one in seconds, too")
}

/// A time in seconds in ms: that of a step where it is one, else the number with the same digits.
fn milliseconds(time_s: f64, dt_ms: Option<f64>) -> f64 {
    let digits = || format!("{time_s}e3").parse().expect("a number is one in ms, too");
    let step = dt_ms.and_then(|dt_ms| Some((dt_ms, whole(time_s * 1e3 / dt_ms)?)));
    let on_step = step.map(|(dt_ms, step)| time_of_step(dt_ms, step as usize));
    on_step.filter(|&time_ms| seconds(time_ms) == time_s).unwrap_or_else(digits)
}

/// Reads the spikes of all nodes, in the order of their names, and the length of a step in ms if
/// the file tells it. `sample` chooses where a file holds several.
pub(crate) fn read_nir_data(
    path: &Path,
    sample: Option<usize>,
) -> Result<(Vec<PopulationSpikes>, Option<f64>)> {
    let file = ReadFile::open(path)?;
    let is_ours =
        |group: &Group, tag: &str| text(group.attribute(TYPE)).is_some_and(|is| is == tag);
    let root = file.file.root_group().map_err(|error| file.damaged("/", &error))?;
    if !is_ours(&root, "NIRGraphData") {
        return Err(Error::file(path, "has no __type__ \"NIRGraphData\", but NIR data files do"));
    }
    let Some(nodes) = file.group("nodes")? else {
        return Err(Error::file(path, "there is no group nodes, but NIR data files need it"));
    };
    let (mut populations, mut dt_ms) = (Vec::new(), None);
    for node in file.groups(&nodes)? {
        let place = format!("nodes/{}", base_name(&node));
        if !is_ours(&node, "NIRNodeData") {
            return Err(file.problem(&place, "is no node with data, but must be NIRNodeData"));
        }
        let observables = file.group(&format!("{place}/observables"))?;
        let observables = observables.map_or(Ok(vec![]), |group| file.groups(&group))?;
        let mut events: Vec<_> =
            observables.into_iter().filter(|group| is_ours(group, "EventData")).collect();
        if events.len() > 1 {
            events.retain(|group| base_name(group) == SPIKES);
        }
        let [events] = &events[..] else {
            let problem = "must have one observable of the kind EventData, or one called spikes";
            return Err(file.problem(&place, problem));
        };
        let place = format!("{place}/observables/{}", base_name(events));
        let number = |name: &str| events.attribute(name).and_then(|value| value.read_as_f64()).ok();
        let step = number("dt").filter(|dt| *dt > 0.0).map(|dt| milliseconds(dt, None));
        dt_ms = dt_ms.or(step);
        let size = number("n_neurons").filter(|size| *size >= 0.0).map(|size| size as u64);
        let (times_ms, node_ids) = columns(&file, events, &place, sample, step)?;
        let population = base_name(&node).to_owned();
        let sorting = if times_ms.is_sorted() { Sorting::ByTime } else { Sorting::None };
        populations.push(PopulationSpikes { population, times_ms, node_ids, sorting, size });
    }
    populations.sort_by(|a, b| a.population.cmp(&b.population));
    Ok((populations, dt_ms))
}

/// Times in ms and neurons of a sample, without the padding.
fn columns(
    file: &ReadFile<'_>,
    group: &Group,
    place: &str,
    sample: Option<usize>,
    dt_ms: Option<f64>,
) -> Result<(Vec<f64>, Vec<u64>)> {
    let [idx_name, time_name] = ["idx", "time"].map(|column| format!("{place}/{column}"));
    let idx = file.dataset(group, "idx", &idx_name)?;
    let time = file.dataset(group, "time", &time_name)?;
    let &[samples, events] = idx.shape() else {
        return Err(file.problem(&idx_name, "must have two dimensions: samples and events"));
    };
    if time.shape() != idx.shape() {
        let problem = format!("has shape {:?}, but idx has {:?}", time.shape(), idx.shape());
        return Err(file.problem(&time_name, problem));
    }
    let sample = match sample {
        None if samples == 1 => 0,
        Some(sample) if (sample as u64) < samples => sample,
        Some(sample) => {
            let problem = format!("has {samples} samples, but no sample {sample}");
            return Err(file.problem(place, problem));
        }
        None => {
            return Err(file.problem(place, format!("has {samples} samples; choose one of them")));
        }
    };
    let first = sample * events as usize;
    let times = file.floats(&time, &time_name)?;
    let neurons = file.integers(&idx, &idx_name, |index, value| match value {
        -1 => Ok(None),
        _ => u64::try_from(value).map(Some).map_err(|_| {
            let problem = format!("at index {index} is {value}, but must be at least -1");
            file.problem(&idx_name, problem)
        }),
    })?;
    let mut read = (Vec::new(), Vec::new());
    let mut last = (f64::NAN, f64::NAN);
    for index in first..first + events as usize {
        let Some(neuron) = neurons[index] else { continue };
        let time = times[index];
        if !(time.is_finite() && time >= 0.0) {
            let problem =
                format!("at index {index} is {time}, but times must be finite and at least 0");
            return Err(file.problem(&time_name, problem));
        }
        if time != last.0 {
            last = (time, milliseconds(time, dt_ms));
        }
        read.0.push(last.1);
        read.1.push(neuron);
    }
    Ok(read)
}
