//! Reads spikes out of NumPy's archives; the layout is that of `npz`.

use crate::error::{Error, Result};
use crate::spikes::npz::MAGIC;
use crate::spikes::population::{PopulationSpikes, Sorting};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// How many times longer than in the archive an array can be: deflate reaches a thousand.
const MOST_DEFLATED: u64 = 1100;
/// The longest header of an array.
const LONGEST_HEADER: usize = 1 << 16;

/// The arrays of a population.
#[derive(Default)]
struct Arrays {
    times_ms: Option<Vec<f64>>,
    neurons: Option<Vec<u64>>,
    size: Option<u64>,
}

/// Reads the spikes of all populations, in the order of their names, and the length of a step in ms
/// if the archive tells it.
pub(crate) fn read_npz(path: &Path) -> Result<(Vec<PopulationSpikes>, Option<f64>)> {
    let archive = ZipArchive::new(BufReader::new(atomic_file::open(path)?));
    let archive = archive
        .map_err(|error| Error::file(path, format!("is not a readable npz archive ({error})")))?;
    let mut reader = Reader { path, archive };
    let (mut populations, mut dt_ms) = (BTreeMap::<String, Arrays>::new(), None);
    let names: Vec<String> = reader.archive.file_names().flatten().map(Cow::into_owned).collect();
    for member in &names {
        let Some(name) = member.strip_suffix(".npy") else { continue };
        // Arrays of one population need no name of it.
        let (population, column) = name.rsplit_once('/').unwrap_or(("", name));
        let (population, column) = (population.to_owned(), column.to_owned());
        match column.as_str() {
            "times_ms" => {
                populations.entry(population).or_default().times_ms = Some(reader.times(member)?);
            }
            "neurons" => {
                populations.entry(population).or_default().neurons = Some(reader.neurons(member)?);
            }
            "size" => {
                let size = reader.neurons(member)?.first().copied();
                populations.entry(population).or_default().size = size;
            }
            "dt_ms" if population.is_empty() => {
                let read = reader.times(member)?.first().copied();
                dt_ms = read.filter(|dt_ms| *dt_ms > 0.0);
            }
            _ => {}
        }
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let missing = |name: &str, column: &str| {
        let separator = if name.is_empty() { "" } else { "/" };
        Error::file(path, format!("array {name}{separator}{column} is missing"))
    };
    let spikes = populations
        .into_iter()
        .map(|(name, Arrays { times_ms, neurons, size })| {
            let times_ms = times_ms.ok_or_else(|| missing(&name, "times_ms"))?;
            let node_ids = neurons.ok_or_else(|| missing(&name, "neurons"))?;
            if times_ms.len() != node_ids.len() {
                let (neurons, times) = (node_ids.len(), times_ms.len());
                let problem = format!(
                    "population {name:?} has {neurons} entries of neurons, but {times} of times_ms"
                );
                return Err(Error::file(path, problem));
            }
            let population = if name.is_empty() { stem.clone().into_owned() } else { name };
            let sorting = if times_ms.is_sorted() { Sorting::ByTime } else { Sorting::None };
            Ok(PopulationSpikes { population, times_ms, node_ids, sorting, size })
        })
        .collect::<Result<Vec<_>>>()?;
    if spikes.is_empty() {
        let problem = "has no arrays <population>/times_ms and <population>/neurons";
        return Err(Error::file(path, problem));
    }
    Ok((spikes, dt_ms))
}

struct Reader<'a> {
    path: &'a Path,
    archive: ZipArchive<BufReader<File>>,
}

/// The kind and the bytes of an array of numbers.
struct Numbers {
    /// `f`, `i` or `u`.
    kind: u8,
    is_big_endian: bool,
    /// Bytes of a number.
    size: usize,
    bytes: Vec<u8>,
}

impl Reader<'_> {
    fn problem(&self, member: &str, problem: impl Display) -> Error {
        Error::file(self.path, format!("array {member} {problem}"))
    }

    /// Times, or other floats that are finite and at least 0.
    fn times(&mut self, member: &str) -> Result<Vec<f64>> {
        let Numbers { kind: b'f', size, is_big_endian, bytes } = self.numbers(member, "f")? else {
            unreachable!("other kinds are refused");
        };
        let float = |bytes: &[u8]| {
            let bits = unsigned(bytes, is_big_endian);
            if size == 8 { f64::from_bits(bits) } else { f64::from(f32::from_bits(bits as u32)) }
        };
        let times: Vec<f64> = bytes.chunks_exact(size).map(float).collect();
        match times.iter().position(|time| !(time.is_finite() && *time >= 0.0)) {
            Some(index) => Err(self.problem(
                member,
                format!("at index {index} is {}, but must be finite and at least 0", times[index]),
            )),
            None => Ok(times),
        }
    }

    fn neurons(&mut self, member: &str) -> Result<Vec<u64>> {
        let Numbers { kind, size, is_big_endian, bytes } = self.numbers(member, "iu")?;
        let is_negative = |value: u64| kind == b'i' && value >> (8 * size as u32 - 1) == 1;
        let neurons: Vec<u64> =
            bytes.chunks_exact(size).map(|bytes| unsigned(bytes, is_big_endian)).collect();
        match neurons.iter().position(|&neuron| is_negative(neuron)) {
            Some(index) => {
                Err(self.problem(member, format!("at index {index} is below 0, but must not be")))
            }
            None => Ok(neurons),
        }
    }

    /// The numbers of a member, whose kind must be one of `kinds`.
    fn numbers(&mut self, member: &str, kinds: &str) -> Result<Numbers> {
        let path = self.path;
        let problem = |problem: String| Error::file(path, format!("array {member} {problem}"));
        let damaged = |error: &dyn Display| {
            problem(format!("cannot be decoded, the file may be damaged ({error})"))
        };
        let mut file = self.archive.by_name(member).map_err(|error| damaged(&error))?;
        if !matches!(file.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            let method = file.compression();
            return Err(problem(format!("is compressed by {method}, but must by deflate")));
        }
        let most = file.compressed_size().saturating_mul(MOST_DEFLATED);
        let mut start = [0; 10];
        file.read_exact(&mut start).map_err(|error| damaged(&error))?;
        let [_, _, _, _, _, _, major, _, low, high] = start;
        if !start.starts_with(MAGIC) || !matches!(major, 1..=3) {
            return Err(problem("is no array of NumPy, format 1 to 3".into()));
        }
        let mut length = usize::from(u16::from_le_bytes([low, high]));
        if major > 1 {
            let mut rest = [0; 2];
            file.read_exact(&mut rest).map_err(|error| damaged(&error))?;
            length |= usize::from(u16::from_le_bytes(rest)) << 16;
        }
        if length > LONGEST_HEADER {
            return Err(problem(format!("has a header of {length} bytes, which is too long")));
        }
        let mut header = vec![0; length];
        file.read_exact(&mut header).map_err(|error| damaged(&error))?;
        let header = String::from_utf8_lossy(&header);
        let descr = value_of(&header, "descr").unwrap_or_default().trim_matches(['\'', '"']);
        if descr.contains('O') {
            return Err(problem(
                "holds Python objects, which are a pickle and could run a program; save numbers"
                    .into(),
            ));
        }
        let (kind, size, is_big_endian) = match descr.as_bytes() {
            [order @ (b'<' | b'>' | b'|' | b'='), kind, size @ (b'1' | b'2' | b'4' | b'8')]
                if kinds.as_bytes().contains(kind) && !(*kind == b'f' && *size < b'4') =>
            {
                (*kind, usize::from(size - b'0'), *order == b'>')
            }
            _ => {
                let expected = if kinds == "f" { "floats of 32 or 64 bits" } else { "integers" };
                return Err(problem(format!("is of type {descr:?}, but must hold {expected}")));
            }
        };
        let shape = value_of(&header, "shape").unwrap_or_default();
        let entries = match &lengths(shape)[..] {
            [] => 1,
            [entries] => *entries,
            _ => return Err(problem(format!("has shape {shape}, but must have one dimension"))),
        };
        let bytes = entries.saturating_mul(size as u64);
        if bytes > most {
            return Err(problem(format!("claims {entries} entries, more than the file holds")));
        }
        let mut numbers = Vec::new();
        file.take(bytes).read_to_end(&mut numbers).map_err(|error| damaged(&error))?;
        if (numbers.len() as u64) < bytes {
            return Err(problem(format!("is cut off: it should have {entries} entries")));
        }
        Ok(Numbers { kind, is_big_endian, size, bytes: numbers })
    }
}

/// The value of a key in the header of an array, which is a Python dictionary.
fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let at = header.find(&format!("'{key}':"))? + key.len() + 3;
    let value = header[at..].trim_start();
    let end = match value.as_bytes().first()? {
        b'(' => value.find(')')? + 1,
        b'[' => value.find(']')? + 1,
        _ => value.find(',')?,
    };
    Some(&value[..end])
}

/// The numbers of a tuple; something that is no number ends up as a length that no file has.
fn lengths(tuple: &str) -> Vec<u64> {
    let inner = tuple.trim_matches(['(', ')']);
    let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

fn unsigned(bytes: &[u8], is_big_endian: bool) -> u64 {
    let append = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    if is_big_endian { bytes.iter().fold(0, append) } else { bytes.iter().rev().fold(0, append) }
}
