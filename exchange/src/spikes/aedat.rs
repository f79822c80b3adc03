//! Spikes in AEDAT 3.1.
//!
//! Format: docs.inivation.com, "AEDAT 3.1" (header lines, packets); `common.h` and `spike.h` of
//! libcaer (header of a packet, spike events). Numbers are little-endian and signed.
//!
//! ```text
//! #!AER-DAT3.1\r\n
//! #Format: RAW\r\n
//! #Source 0: <population>\r\n
//! #-synfire {"neurons":128,"provenance":{...}}\r\n
//! #Start-Time: 1970-01-01 00:00:00 (TZ+0000)\r\n
//! #!END-HEADER\r\n
//! packets: int16 eventType = 12, int16 eventSource = 0, int32 eventSize = 8, eventTSOffset = 4,
//!          eventTSOverflow, eventCapacity, eventNumber, eventValid (the last three are equal),
//!          then eventNumber events of 8 bytes:
//!          int32 data: bit 0 is 1 (valid), bits 1 to 11 are 0 (core and chip), bits 12 to 31 the
//!          neuron; int32 timestamp in microseconds
//! ```
//! A time is `eventTSOverflow * 2^31 + timestamp`, so it may be any whole number of microseconds. A
//! packet ends where the overflow counter changes. The source's name is where the format has the
//! name of a device; a file holds one population, since most readers put all sources together. The
//! start is always the same, so that equal logs are equal files.
//!
//! No library that reads spike events was found on PyPI (dv-processing 2.0.4, aedat 2.3.0, faery
//! 0.7.1, dv 1.0.12 read AEDAT 4 or polarity events, as do aermanager 0.3.0 and bimvee 2.0.0).
//! tonic 1.7.0 reads the packets of any 3.x file, and gives data words and timestamps as they
//! are.

use crate::error::{Error, Result};
use crate::log::LogLayout;
use crate::provenance::Provenance;
use crate::spikes::format::{SpikeFormat, microseconds};
use crate::spikes::population::{PopulationSpikes, Sorting};
use crate::spikes::sink::SpikeSink;
use atomic_file::AtomicFile;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

const VERSION: &str = "#!AER-DAT3.1";
const END_OF_HEADER: &str = "#!END-HEADER";
const SOURCE: &str = "#Source 0: ";
const COMMENT: &str = "#-synfire ";
const PACKET_HEADER: usize = 28;
const EVENT: usize = 8;
/// Types of events: those of the stream itself, such as a reset of its clock, and spikes.
const SPECIAL_EVENT: i16 = 0;
const SPIKE_EVENT: i16 = 12;
/// Events of a packet.
const CAPACITY: usize = 1 << 14;
/// Bits of a timestamp that the overflow counter goes on from.
const TIME_BITS: u32 = 31;
const NEURON_BIT: u32 = 12;

/// What a comment of ours tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Comment {
    neurons: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provenance: Option<Provenance>,
}

/// A spike log in AEDAT 3.1.
#[derive(Debug)]
pub(crate) struct AedatSpikes {
    file: AtomicFile,
    overflow: i32,
    events: Vec<u8>,
    /// The last time in ms and the low bits of its microseconds.
    last: Option<(u64, u32)>,
}

impl AedatSpikes {
    pub(crate) fn create(
        path: &Path,
        layout: &LogLayout,
        provenance: Option<&Provenance>,
    ) -> Result<Self> {
        let mut file = AtomicFile::create(path)?;
        let [(population, size)] = layout.populations() else {
            return Err(SpikeFormat::Aedat.refuses("a file holds one population".into()));
        };
        let comment = Comment { neurons: *size as u64, provenance: provenance.cloned() };
        let comment = serde_json::to_string(&comment).expect("texts and numbers are JSON");
        file.write(
            format!(
                "{VERSION}\r\n#Format: RAW\r\n{SOURCE}{population}\r\n{COMMENT}{comment}\r\n\
                 #Start-Time: 1970-01-01 00:00:00 (TZ+0000)\r\n{END_OF_HEADER}\r\n"
            )
            .as_bytes(),
        )?;
        Ok(Self { file, overflow: 0, events: Vec::with_capacity(CAPACITY * EVENT), last: None })
    }

    /// Begins the spikes of a time.
    fn begin(&mut self, time_ms: f64) -> Result<u32> {
        let time = microseconds(time_ms).ok_or_else(|| {
            let problem = "is not a whole number of microseconds";
            SpikeFormat::Aedat.refuses(format!("the time {time_ms} ms {problem}"))
        })?;
        // Whole numbers that are floats have 53 bits.
        let overflow = (time >> TIME_BITS) as i32;
        if overflow != self.overflow {
            self.flush()?;
            self.overflow = overflow;
        }
        let low = (time & ((1 << TIME_BITS) - 1)) as u32;
        self.last = Some((time_ms.to_bits(), low));
        Ok(low)
    }

    fn flush(&mut self) -> Result<()> {
        if self.events.is_empty() {
            return Ok(());
        }
        let events = (self.events.len() / EVENT) as i32;
        let mut header = Vec::with_capacity(PACKET_HEADER);
        header.extend_from_slice(&SPIKE_EVENT.to_le_bytes());
        header.extend_from_slice(&0_i16.to_le_bytes());
        for field in [EVENT as i32, 4, self.overflow, events, events, events] {
            header.extend_from_slice(&field.to_le_bytes());
        }
        self.file.write(&header)?;
        self.file.write(&self.events)?;
        self.events.clear();
        Ok(())
    }
}

impl SpikeSink for AedatSpikes {
    fn spikes(&mut self, _: usize, times_ms: &[f64], neurons: &[u64]) -> Result<()> {
        for (&time, &neuron) in times_ms.iter().zip(neurons) {
            let low = match self.last {
                Some((last, low)) if last == time.to_bits() => low,
                _ => self.begin(time)?,
            };
            let event = u64::from(low) << 32 | neuron << NEURON_BIT | 1;
            self.events.extend_from_slice(&event.to_le_bytes());
            if self.events.len() == CAPACITY * EVENT {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        Ok(self.file.finish()?)
    }
}

/// Reads the spikes of a file.
pub(crate) fn read_aedat(path: &Path) -> Result<PopulationSpikes> {
    let file = atomic_file::open(path)?;
    let length = file.metadata().map_or(0, |there| there.len());
    let mut reader = Reader { path, file: BufReader::new(file), at: 0, length };
    let (population, size) = reader.header()?;
    let mut spikes = PopulationSpikes {
        population,
        times_ms: Vec::new(),
        node_ids: Vec::new(),
        sorting: Sorting::None,
        size,
    };
    while reader.packet(&mut spikes)? {}
    if spikes.times_ms.is_sorted() {
        spikes.sorting = Sorting::ByTime;
    }
    Ok(spikes)
}

struct Reader<'a> {
    path: &'a Path,
    file: BufReader<File>,
    /// Bytes that were read.
    at: u64,
    length: u64,
}

impl Reader<'_> {
    /// The population of the file, and its size if the file tells it.
    fn header(&mut self) -> Result<(String, Option<u64>)> {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let (mut population, mut size) = (stem.into_owned(), None);
        let mut is_first = true;
        while self.next_byte()? == Some(b'#') {
            let mut line = Vec::new();
            let read =
                self.file.read_until(b'\n', &mut line).map_err(|error| self.failed(error))?;
            self.at += read as u64;
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if std::mem::take(&mut is_first) && !line.starts_with("#!AER-DAT3.") {
                let problem = format!("begins with {line:?}, but must with {VERSION:?}");
                return Err(Error::file(self.path, problem));
            } else if line == END_OF_HEADER {
                return Ok((population, size));
            } else if let Some(name) = line.strip_prefix(SOURCE) {
                population = name.to_owned();
            } else if let Some(comment) = line.strip_prefix(COMMENT) {
                size = serde_json::from_str(comment).ok().map(|told: Comment| told.neurons);
            }
        }
        Err(Error::file(
            self.path,
            format!("is no AEDAT 3.1: no line {END_OF_HEADER:?} ends its header"),
        ))
    }

    fn next_byte(&mut self) -> Result<Option<u8>> {
        let path = self.path;
        let buffer = self.file.fill_buf();
        let buffer =
            buffer.map_err(|error| atomic_file::Error::io(path, "read the file", error))?;
        Ok(buffer.first().copied())
    }

    fn failed(&self, error: std::io::Error) -> Error {
        atomic_file::Error::io(self.path, "read the file", error).into()
    }

    /// Reads the next packet; false at the end of the file.
    fn packet(&mut self, spikes: &mut PopulationSpikes) -> Result<bool> {
        if self.next_byte()?.is_none() {
            return Ok(false);
        }
        let begin = self.at;
        let problem =
            |problem: String| Error::file(self.path, format!("packet at byte {begin} {problem}"));
        if self.length < begin + PACKET_HEADER as u64 {
            return Err(problem("is cut off".into()));
        }
        let mut header = [0; PACKET_HEADER];
        self.file.read_exact(&mut header).map_err(|error| self.failed(error))?;
        let short = |at: usize| i16::from_le_bytes([header[at], header[at + 1]]);
        let long = |at: usize| i32::from_le_bytes(std::array::from_fn(|byte| header[at + byte]));
        let (kind, source) = (short(0), short(2));
        let [size, offset, overflow, capacity, number, _] = [4, 8, 12, 16, 20, 24].map(long);
        if size < 1 || capacity < 0 || !(0..=capacity).contains(&number) || overflow < 0 {
            return Err(problem("has an impossible header".into()));
        }
        let length = size as u64 * capacity as u64;
        if self.length - begin - (PACKET_HEADER as u64) < length {
            let problem_text =
                format!("is cut off: it should have {capacity} events of {size} bytes");
            return Err(problem(problem_text));
        }
        if kind != SPECIAL_EVENT {
            if kind != SPIKE_EVENT || size as usize != EVENT || offset != 4 {
                return Err(problem(format!(
                    "has events of type {kind} and {size} bytes, but must have spikes: type \
                     {SPIKE_EVENT}, {EVENT} bytes"
                )));
            }
            if source != 0 {
                return Err(problem(format!("is of source {source}, but only source 0 is read")));
            }
        }
        let mut events = vec![0; length as usize];
        self.file.read_exact(&mut events).map_err(|error| self.failed(error))?;
        self.at += PACKET_HEADER as u64 + length;
        if kind == SPECIAL_EVENT {
            return Ok(true);
        }
        for (index, event) in events.chunks_exact(EVENT).take(number as usize).enumerate() {
            let event = u64::from_le_bytes(event.try_into().expect("8 bytes"));
            let (data, timestamp) = (event as u32, (event >> 32) as u32 as i32);
            if data & 1 == 0 {
                continue;
            }
            let place = data >> 1 & 0x7ff;
            let wrong = if timestamp < 0 {
                format!("has the time {timestamp}, but times must be at least 0")
            } else if place != 0 {
                let (core, chip) = (place & 0x1f, place >> 5);
                format!("is of core {core} of chip {chip}, but only core 0 of chip 0 is read")
            } else {
                let time = (overflow as u64) << TIME_BITS | timestamp as u64;
                spikes.times_ms.push(time as f64 / 1e3);
                spikes.node_ids.push(u64::from(data >> NEURON_BIT));
                continue;
            };
            return Err(Error::file(
                self.path,
                format!("event {index} of the packet at byte {begin} {wrong}"),
            ));
        }
        Ok(true)
    }
}
