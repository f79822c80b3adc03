//! A log of spikes in any format.

use crate::error::{Error, Result};
use crate::log::{Log, LogLayout, time_of_step};
use crate::provenance::Provenance;
use crate::spikes::aedat::AedatSpikes;
use crate::spikes::format::SpikeFormat;
use crate::spikes::nir_data::NirSpikes;
use crate::spikes::npz::NpzSpikes;
use crate::spikes::population::PopulationSpikes;
use crate::spikes::sink::SpikeSink;
use crate::spikes::sonata::SonataSpikes;
use crate::spikes::text::TextSpikes;
use atomic_file::AtomicFile;
use sim_core::Record;
use std::path::{Path, PathBuf};

/// A log of spikes, written while they come. Memory is bounded, whatever the number of spikes: what
/// a format needs to know first waits on the disk. Each file appears when it is whole.
#[derive(Debug)]
pub struct SpikeLog {
    layout: LogLayout,
    /// The files, in the order of the populations where each has its own.
    files: Vec<PathBuf>,
    /// One for all populations, or one for each.
    sinks: Vec<Box<dyn SpikeSink>>,
    /// Where it came from, for every file that cannot say it.
    sidecars: Vec<AtomicFile>,
    progress: Vec<Progress>,
    /// Whether spikes were refused: such a log is never completed.
    is_broken: bool,
    /// The columns of a record.
    times_ms: Vec<f64>,
    neurons: Vec<u64>,
}

/// How far the log of a population has come.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    spikes: u64,
    last_ms: f64,
}

impl SpikeLog {
    /// Starts a log of the populations of `layout`, which is going to be at `path`, or in the
    /// files of [`SpikeFormat::files`]. `provenance` goes into each file, or beside it.
    ///
    /// # Errors
    /// [`Error::Format`] when the format cannot hold such a log; [`Error::Disk`].
    pub fn create(
        path: impl AsRef<Path>,
        format: SpikeFormat,
        layout: &LogLayout,
        provenance: Option<&Provenance>,
    ) -> Result<Self> {
        format.check(layout)?;
        let files = format.files(path.as_ref(), layout);
        let own_layout = |file: usize| match format.holds_populations() {
            true => layout.clone(),
            false => layout.alone(file),
        };
        let sinks = files
            .iter()
            .enumerate()
            .map(|(index, file)| sink(file, format, &own_layout(index), provenance))
            .collect::<Result<Vec<_>>>()?;
        let mut sidecars = Vec::new();
        if let Some(provenance) = provenance {
            let json = provenance.to_json() + "\n";
            for path in files.iter().filter_map(|file| format.sidecar(file)) {
                let mut sidecar = AtomicFile::create(&path)?;
                sidecar.write(json.as_bytes())?;
                sidecars.push(sidecar);
            }
        }
        Ok(Self {
            sidecars,
            progress: vec![Progress::default(); layout.populations().len()],
            layout: layout.clone(),
            files,
            sinks,
            is_broken: false,
            times_ms: Vec::new(),
            neurons: Vec::new(),
        })
    }

    /// The files of the log; files beside them that tell where they came from are not listed.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Adds spikes of a population, given by its place in the layout. Both columns have one entry
    /// per spike; times in ms must not descend within a population, over all calls. Once spikes
    /// were refused, the log cannot be completed.
    ///
    /// # Errors
    /// [`Error::Network`] naming the spike for a time that is not finite, below 0 or earlier than
    /// the one before, or a neuron beyond the population; [`Error::Format`] for a time that the
    /// format cannot hold; [`Error::Disk`].
    pub fn spikes(&mut self, population: usize, times_ms: &[f64], neurons: &[u64]) -> Result<()> {
        let outcome =
            self.check(population, times_ms, neurons).and_then(|()| match &mut self.sinks[..] {
                [sink] => sink.spikes(population, times_ms, neurons),
                sinks => sinks[population].spikes(0, times_ms, neurons),
            });
        self.is_broken |= outcome.is_err();
        outcome
    }

    fn check(&mut self, population: usize, times_ms: &[f64], neurons: &[u64]) -> Result<()> {
        let Some((name, size)) = self.layout.populations().get(population) else {
            let populations = format!("below {}, the number of populations", self.progress.len());
            return Err(sim_core::Error::out_of_range("population", population, populations).into());
        };
        sim_core::Error::check_length("neurons of spikes", neurons.len(), times_ms.len())?;
        let progress = &mut self.progress[population];
        let size = *size as u64;
        let mut last_ms = progress.last_ms;
        for (index, (&time, &neuron)) in times_ms.iter().zip(neurons).enumerate() {
            // Not a number is never at least the last time.
            if !(time >= last_ms && time <= f64::MAX && neuron < size) {
                let place = |what: &str| {
                    format!("{what} of spike {} of {name}", progress.spikes + index as u64)
                };
                return Err(Error::Network(if neuron >= size {
                    let allowed = format!("below {size}, the size of the population");
                    sim_core::Error::out_of_range(place("neuron"), neuron, allowed)
                } else if time.is_finite() && time >= 0.0 {
                    let allowed = format!("at least that of the spike before, {last_ms}");
                    sim_core::Error::out_of_range(place("time in ms"), time, allowed)
                } else {
                    let allowed = "finite and at least 0";
                    sim_core::Error::out_of_range(place("time in ms"), time, allowed)
                }));
            }
            last_ms = time;
        }
        *progress = Progress { spikes: progress.spikes + times_ms.len() as u64, last_ms };
        Ok(())
    }

    /// Completes the files.
    ///
    /// # Errors
    /// [`Error::Disk`]; [`Error::File`] when spikes were refused.
    pub fn finish(self) -> Result<()> {
        if self.is_broken {
            let problem = "the log was not written, since it is not complete";
            return Err(Error::file(&self.files[0], problem));
        }
        self.sinks.into_iter().try_for_each(SpikeSink::finish)?;
        Ok(self.sidecars.into_iter().try_for_each(AtomicFile::finish)?)
    }

    /// The same log on a full disk.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn fill_disk(&mut self) {
        self.sinks.iter_mut().for_each(|sink| sink.fill_disk());
    }
}

fn sink(
    path: &Path,
    format: SpikeFormat,
    layout: &LogLayout,
    provenance: Option<&Provenance>,
) -> Result<Box<dyn SpikeSink>> {
    Ok(match format {
        SpikeFormat::Sonata => Box::new(SonataSpikes::create(path, layout, provenance)?),
        SpikeFormat::NirData => Box::new(NirSpikes::create(path, layout, provenance)?),
        SpikeFormat::Npz => Box::new(NpzSpikes::create(path, layout, provenance)?),
        SpikeFormat::Aedat => Box::new(AedatSpikes::create(path, layout, provenance)?),
        SpikeFormat::Nest
        | SpikeFormat::Gdf
        | SpikeFormat::CsvSteps
        | SpikeFormat::CsvMicroseconds
        | SpikeFormat::CsvPlain
        | SpikeFormat::CsvBmtk => Box::new(TextSpikes::create(path, format, layout, provenance)?),
    })
}

impl Log for SpikeLog {
    fn write(&mut self, record: &Record) -> Result<()> {
        let Record::Spikes { population, step, neurons } = record else { return Ok(()) };
        let Some(dt_ms) = self.layout.dt_ms() else {
            let problem = "steps cannot be logged, since the length of a step is not known";
            return Err(Error::file(&self.files[0], problem));
        };
        let mut columns = (std::mem::take(&mut self.times_ms), std::mem::take(&mut self.neurons));
        columns.0.clear();
        columns.0.resize(neurons.len(), time_of_step(dt_ms, *step));
        columns.1.clear();
        columns.1.extend(neurons.iter().map(|&neuron| u64::from(neuron)));
        let outcome = self.spikes(*population, &columns.0, &columns.1);
        (self.times_ms, self.neurons) = columns;
        outcome
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Self::finish(*self)
    }
}

/// Writes spikes that are in memory. Populations are matched with those of `layout` by name; one
/// without spikes is written as silent.
///
/// # Errors
/// As [`SpikeLog::create`] and [`SpikeLog::spikes`]; [`Error::Network`] for spikes of a population
/// that `layout` does not have.
pub fn write_spikes(
    path: impl AsRef<Path>,
    format: SpikeFormat,
    layout: &LogLayout,
    spikes: &[PopulationSpikes],
    provenance: Option<&Provenance>,
) -> Result<Vec<PathBuf>> {
    let mut log = SpikeLog::create(path, format, layout, provenance)?;
    for PopulationSpikes { population, times_ms, node_ids, .. } in spikes {
        let place = layout.populations().iter().position(|(name, _)| name == population);
        let place = place.ok_or_else(|| {
            let names: Vec<_> = layout.populations().iter().map(|(name, _)| &name[..]).collect();
            let held = names.join(", ");
            Error::Network(sim_core::Error::Network(format!(
                "these are spikes of population {population}, but the log is one of {held}"
            )))
        })?;
        log.spikes(place, times_ms, node_ids)?;
    }
    let files = log.files().to_vec();
    log.finish()?;
    Ok(files)
}
