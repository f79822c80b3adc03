//! The formats of spike logs, and what each of them can hold.

use crate::error::{Error, Result};
use crate::log::{LogLayout, time_of_step};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Neurons of an AEDAT source: an event has 20 bits for its neuron.
const AEDAT_NEURONS: usize = 1 << 20;

/// A format of spike logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpikeFormat {
    /// SONATA HDF5.
    Sonata,
    /// What NEST's ASCII recording backend writes: header, node id, time in ms.
    Nest,
    /// Node id and time in ms without a header, as Neo's `NestIO` reads them.
    Gdf,
    /// NIR's data file: HDF5 with `EventData`.
    NirData,
    /// AEDAT 3.1 with spike events.
    Aedat,
    /// Text with the columns `timestep,neuron`.
    CsvSteps,
    /// Text with the columns `time_us,neuron`.
    CsvMicroseconds,
    /// Text with the columns `population,time_ms,neuron`.
    CsvPlain,
    /// Text with bmtk's columns `timestamps population node_ids`, separated by blanks.
    CsvBmtk,
    /// NumPy's archive of arrays.
    Npz,
}

/// What is fixed for a format.
struct Facts {
    format: SpikeFormat,
    name: &'static str,
    ending: &'static str,
    /// Whether one file holds all populations.
    holds_populations: bool,
    /// Whether the file itself says where it came from.
    holds_provenance: bool,
}

const fn facts(
    format: SpikeFormat,
    [name, ending]: [&'static str; 2],
    holds_populations: bool,
    holds_provenance: bool,
) -> Facts {
    Facts { format, name, ending, holds_populations, holds_provenance }
}

const FACTS: [Facts; 10] = [
    facts(SpikeFormat::Sonata, ["sonata", "h5"], true, true),
    facts(SpikeFormat::Nest, ["nest", "dat"], false, true),
    facts(SpikeFormat::Gdf, ["gdf", "gdf"], false, false),
    facts(SpikeFormat::NirData, ["nirdata", "nir.h5"], true, true),
    facts(SpikeFormat::Aedat, ["aedat", "aedat"], false, true),
    facts(SpikeFormat::CsvSteps, ["csv-steps", "steps.csv"], false, false),
    facts(SpikeFormat::CsvMicroseconds, ["csv-us", "us.csv"], false, false),
    facts(SpikeFormat::CsvPlain, ["csv", "csv"], true, false),
    facts(SpikeFormat::CsvBmtk, ["csv-bmtk", "bmtk.csv"], true, false),
    facts(SpikeFormat::Npz, ["npz", "npz"], true, true),
];

impl SpikeFormat {
    /// All formats.
    pub const ALL: [Self; 10] = [
        Self::Sonata,
        Self::Nest,
        Self::Gdf,
        Self::NirData,
        Self::Aedat,
        Self::CsvSteps,
        Self::CsvMicroseconds,
        Self::CsvPlain,
        Self::CsvBmtk,
        Self::Npz,
    ];

    fn facts(self) -> &'static Facts {
        FACTS.iter().find(|facts| facts.format == self).expect("every format has its facts")
    }

    /// The name by which people choose the format.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// How names of its files usually end, without the dot. No two formats share an ending, so
    /// logs of one name in several formats are different files.
    pub fn ending(self) -> &'static str {
        self.facts().ending
    }

    /// Whether one file holds several populations; otherwise a log is one file per population.
    pub fn holds_populations(self) -> bool {
        self.facts().holds_populations
    }

    /// Whether the file itself says where it came from; otherwise a file beside it does, see
    /// [`SpikeFormat::sidecar`].
    pub fn holds_provenance(self) -> bool {
        self.facts().holds_provenance
    }

    /// The files of a log that is written to `path`, in the order of the populations: `path`
    /// itself, or `NAME-POPULATION.ENDING` for each of several populations where a file holds only
    /// one.
    pub fn files(self, path: &Path, layout: &LogLayout) -> Vec<PathBuf> {
        let populations = layout.populations();
        if self.holds_populations() || populations.len() == 1 {
            return vec![path.to_owned()];
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let ending = format!(".{}", self.ending());
        let (name, ending) = match (name.strip_suffix(&ending), name.rfind('.')) {
            (Some(stem), _) => (stem, ending.as_str()),
            (None, Some(dot)) if dot > 0 => name.split_at(dot),
            _ => (name.as_str(), ""),
        };
        let file = |(population, _): &(String, usize)| format!("{name}-{population}{ending}");
        populations.iter().map(|population| path.with_file_name(file(population))).collect()
    }

    /// The file beside a log that says where the log came from: `FILE.provenance.json`; none where
    /// the log itself says it.
    pub fn sidecar(self, file: &Path) -> Option<PathBuf> {
        if self.holds_provenance() {
            return None;
        }
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".provenance.json");
        Some(file.with_file_name(name))
    }

    /// Says what the format cannot hold before anything is written.
    ///
    /// # Errors
    /// [`Error::Format`]: a log needs a population, AEDAT has 20 bits for a neuron, `nirdata` and
    /// `npz` 63, AEDAT and `csv-us` have whole microseconds, `csv-steps` whole steps.
    pub fn check(self, layout: &LogLayout) -> Result<()> {
        match self {
            _ if layout.populations().is_empty() => {
                Err(self.refuses("it has no population".into()))
            }
            Self::Aedat => {
                let too_large = |(_, size): &&(String, usize)| *size > AEDAT_NEURONS;
                if let Some((name, size)) = layout.populations().iter().find(too_large) {
                    return Err(self.refuses(format!(
                        "population {name:?} has {size} neurons, but an event has 20 bits for \
                         its neuron, {AEDAT_NEURONS} neurons"
                    )));
                }
                self.check_microseconds(layout)
            }
            Self::NirData | Self::Npz => {
                let too_large = |(_, size): &&(String, usize)| i64::try_from(*size).is_err();
                match layout.populations().iter().find(too_large) {
                    Some((name, _)) => Err(self.refuses(format!(
                        "population {name:?} has neurons beyond 2^63, but they are signed integers"
                    ))),
                    None => Ok(()),
                }
            }
            Self::CsvMicroseconds => self.check_microseconds(layout),
            Self::CsvSteps if layout.dt_ms().is_none() => Err(self.refuses(
                "it counts steps, and the length of a step is not known; give one".into(),
            )),
            _ => Ok(()),
        }
    }

    fn check_microseconds(self, layout: &LogLayout) -> Result<()> {
        match layout.dt_ms() {
            Some(dt_ms) if microseconds(time_of_step(dt_ms, 1)).is_none() => Err(self.refuses(
                format!("its times are whole microseconds, but a step is {dt_ms} ms long"),
            )),
            _ => Ok(()),
        }
    }

    /// An [`Error::Format`].
    pub(crate) fn refuses(self, problem: String) -> Error {
        Error::Format { format: self.name(), problem }
    }
}

/// The whole number of microseconds that a time is, up to a millionth of a microsecond and what a
/// float of this size leaves open.
pub(crate) fn microseconds(time_ms: f64) -> Option<u64> {
    whole(time_ms * 1e3)
}

/// The whole number that `value` is, up to a millionth and what a float of this size leaves open.
pub(crate) fn whole(value: f64) -> Option<u64> {
    /// Whole numbers up to here are floats.
    const EXACT: f64 = (1_u64 << 53) as f64;
    let nearest = value.round();
    let is_whole = (value - nearest).abs() <= 1e-6_f64.max(4.0 * f64::EPSILON * value);
    (is_whole && (0.0..=EXACT).contains(&nearest)).then_some(nearest as u64)
}

impl fmt::Display for SpikeFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for SpikeFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> std::result::Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat(name.into()))
    }
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = SpikeFormat::ALL.map(SpikeFormat::name).join(", ");
        write!(formatter, "there is no format of spike logs called {:?}, but {names}", self.0)
    }
}

impl std::error::Error for UnknownFormat {}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(populations: &[(&str, usize)], dt_ms: Option<f64>) -> LogLayout {
        let own = |(name, size): &(&str, usize)| ((*name).to_owned(), *size);
        LogLayout::new(populations.iter().map(own).collect(), dt_ms).unwrap()
    }

    #[test]
    fn names_and_endings_tell_formats_apart() {
        for (index, format) in SpikeFormat::ALL.into_iter().enumerate() {
            assert_eq!(format.name().parse(), Ok(format));
            assert_eq!(
                SpikeFormat::ALL
                    .map(SpikeFormat::ending)
                    .iter()
                    .position(|ending| *ending == format.ending()),
                Some(index)
            );
        }
        let error = "hdf5".parse::<SpikeFormat>().unwrap_err().to_string();
        assert!(
            error.starts_with("there is no format of spike logs called \"hdf5\", but sonata, ")
        );
    }

    #[test]
    fn a_format_of_one_population_gets_a_file_for_each() {
        let two = layout(&[("in", 1), ("hidden 1", 2)], None);
        let files = |format: SpikeFormat, path: &str| {
            let files = format.files(Path::new(path), &two).into_iter();
            files.map(|file| file.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(files(SpikeFormat::Sonata, "a/run.h5"), ["a/run.h5"]);
        assert_eq!(files(SpikeFormat::Gdf, "a/run.gdf"), ["a/run-in.gdf", "a/run-hidden 1.gdf"]);
        assert_eq!(
            files(SpikeFormat::CsvSteps, "run.steps.csv"),
            ["run-in.steps.csv", "run-hidden 1.steps.csv"]
        );
        assert_eq!(files(SpikeFormat::CsvSteps, "run.txt"), ["run-in.txt", "run-hidden 1.txt"]);
        assert_eq!(files(SpikeFormat::Aedat, "run"), ["run-in", "run-hidden 1"]);
        let one = layout(&[("in", 1)], None);
        assert_eq!(SpikeFormat::Gdf.files(Path::new("x.gdf"), &one), [PathBuf::from("x.gdf")]);
        assert_eq!(
            SpikeFormat::Gdf.sidecar(Path::new("a/x.gdf")),
            Some(PathBuf::from("a/x.gdf.provenance.json"))
        );
    }

    #[test]
    fn what_a_format_cannot_hold_is_said_before_it_is_written() {
        let message = |format: SpikeFormat, layout: &LogLayout| {
            format.check(layout).map_err(|error| error.to_string())
        };
        let ears = layout(&[("ears", (1 << 20) + 1)], Some(1.0));
        assert_eq!(
            message(SpikeFormat::Aedat, &ears).unwrap_err(),
            "the format aedat cannot hold this: population \"ears\" has 1048577 neurons, but \
             an event has 20 bits for its neuron, 1048576 neurons"
        );
        assert_eq!(message(SpikeFormat::Npz, &ears), Ok(()));
        let vast = layout(&[("vast", usize::MAX)], None);
        assert!(message(SpikeFormat::NirData, &vast).unwrap_err().contains("beyond 2^63"));
        let odd = layout(&[("ears", 1)], Some(0.000_5));
        for format in [SpikeFormat::Aedat, SpikeFormat::CsvMicroseconds] {
            let error = message(format, &odd).unwrap_err();
            assert!(error.ends_with("whole microseconds, but a step is 0.0005 ms long"), "{error}");
            assert_eq!(message(format, &layout(&[("ears", 1)], Some(0.3))), Ok(()));
        }
        let error = message(SpikeFormat::CsvSteps, &layout(&[("ears", 1)], None)).unwrap_err();
        assert!(error.contains("the length of a step is not known"), "{error}");
    }

    #[test]
    fn whole_numbers_are_whole_up_to_rounding() {
        assert_eq!([0.0, 3.0 * 0.3 / 0.3, 7.000_000_1].map(whole), [Some(0), Some(3), Some(7)]);
        assert_eq!([0.01, -1.0, f64::NAN, 1e300].map(whole), [None; 4]);
        // A time of 32 bits is not a whole number of microseconds.
        assert_eq!([0.3, f64::from(0.3_f32)].map(microseconds), [Some(300), None]);
    }
}
