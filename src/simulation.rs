//! A network and its input, run by the clock engine.

use crate::error::{Error, Result};
use crate::loaded_data::LoadedData;
use crate::memory_need::MemoryNeed;
use crate::network::description::Description;
use exchange::{
    Log, LogLayout, PopulationSpikes, Provenance, SonataReport, SpikeFormat, SpikeLog, write_logs,
};
use plasticity::gradient::Loss;
use sim_core::{
    Cells, ChannelRecorder, ClockEngine, Horizon, Network, Readout, Recorder, Recording, Seed,
    Snapshot, SpikeFrames, State, Synapses, Variable, Variables,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records that may wait for the logs' writer.
const QUEUE: usize = 4096;

/// The result of a logged simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulationLog {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Number of spikes of every population, in the order of the network.
    pub spikes: Vec<usize>,
}

/// What a simulation logs, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// What is logged.
    pub variables: Variables,
    /// The formats of the spikes.
    pub formats: Vec<SpikeFormat>,
    /// What logs of spikes say of where they came from.
    pub provenance: Option<Provenance>,
    /// Whether that is written beside logs whose format has no room for it.
    pub sidecars: bool,
    /// Whether files of the same names are replaced; they are refused otherwise.
    pub overwrite: bool,
}

impl LogSettings {
    /// The files of a log of such a network, called `name`, in `folder`.
    ///
    /// # Errors
    /// [`Error::Folder`] for the first file that exists already and may not be replaced.
    pub fn files(&self, layout: &LogLayout, folder: &Path, name: &str) -> Result<Vec<PathBuf>> {
        let of_spikes = self.spike_logs(folder, name);
        let of_spikes = of_spikes.flat_map(|(format, path)| format.files(&path, layout));
        let of_columns = self.variables.columns.iter();
        let of_columns = of_columns.map(|column| folder.join(report_file(name, column)));
        let files: Vec<PathBuf> = of_spikes.chain(of_columns).collect();
        let sidecars = self.spike_logs(folder, name).filter(|_| self.sidecars);
        let sidecars = sidecars.flat_map(|(format, path)| {
            let files = format.files(&path, layout).into_iter();
            files.filter_map(move |file| format.sidecar(&file))
        });
        let mut all = files.iter().cloned().chain(sidecars);
        match all.find(|file| file.exists() && !self.overwrite) {
            Some(file) => Err(Error::folder(
                &file,
                "this file exists already; choose another folder (--out DIR), or --overwrite it",
            )),
            None => Ok(files),
        }
    }

    /// The logs of spikes, and where they are going to be.
    fn spike_logs(
        &self,
        folder: &Path,
        name: &str,
    ) -> impl Iterator<Item = (SpikeFormat, PathBuf)> {
        let formats = if self.variables.spikes { &self.formats[..] } else { &[] };
        let path = move |format: &SpikeFormat| {
            let file = format!("{name}.spikes.{}", format.ending());
            (*format, folder.join(file))
        };
        formats.iter().map(path)
    }
}

/// The file of a report: `NAME.v.h5` for the membrane potential, as other programs call it.
fn report_file(name: &str, column: &str) -> String {
    let column = if column == Variable::POTENTIAL.name { "v" } else { column };
    format!("{name}.{column}.h5")
}

/// Passes every step to the logs and to one more recorder, and counts spikes.
struct Shown<'a> {
    logs: &'a mut dyn Recorder,
    also: &'a mut dyn Recorder,
    spikes: Vec<usize>,
}

impl Recorder for Shown<'_> {
    fn record_spikes(
        &mut self,
        population: usize,
        step: usize,
        neurons: &[u32],
    ) -> sim_core::Result<()> {
        self.spikes[population] += neurons.len();
        self.logs.record_spikes(population, step, neurons)?;
        self.also.record_spikes(population, step, neurons)
    }

    fn wants_state(&self, population: usize) -> bool {
        self.logs.wants_state(population) || self.also.wants_state(population)
    }

    fn record_state(
        &mut self,
        population: usize,
        step: usize,
        state: &State<f64>,
    ) -> sim_core::Result<()> {
        if self.logs.wants_state(population) {
            self.logs.record_state(population, step, state)?;
        }
        if self.also.wants_state(population) {
            self.also.record_state(population, step, state)?;
        }
        Ok(())
    }
}

/// What is to be simulated.
#[derive(Debug, Clone)]
pub struct Simulation {
    network: Arc<Network>,
    inputs: Vec<SpikeFrames>,
    steps: usize,
    /// The step at which each population falls silent, where there is one.
    ends: Vec<usize>,
    /// The state to go on from; at rest without one.
    start: Option<Snapshot>,
}

impl Simulation {
    /// `steps` steps of `network`; `inputs` holds the spikes of each source, in the order of the
    /// populations.
    pub fn new(network: Network, inputs: Vec<SpikeFrames>, steps: usize) -> Self {
        Self { network: Arc::new(network), inputs, steps, ends: Vec::new(), start: None }
    }

    /// The same simulation, continued from the state that another simulation of this network
    /// reached.
    ///
    /// # Errors
    /// [`Error::Setting`] when no step is left; [`Error::Core`] when the state is that of another
    /// network.
    pub fn from_state(self, state: Snapshot) -> Result<Self> {
        if state.step >= self.steps {
            let problem = format!(
                "the state is that after {} steps, but the simulation has {}; a longer \
                 duration_ms goes on",
                state.step, self.steps
            );
            return Err(Error::Setting { field: None, problem });
        }
        Self::engine(&self.network)?.restore(&state)?;
        Ok(Self { start: Some(state), ..self })
    }

    /// The simulation of one sample, for as many steps as `horizon` says, through a network with an
    /// output.
    ///
    /// # Errors
    /// As [`Horizon::steps`]; as [`Network::output`].
    pub fn of_sample(
        network: &Arc<Network>,
        data: &LoadedData,
        sample: usize,
        horizon: Horizon,
    ) -> Result<Self> {
        let frames = data.dataset.frames(sample, None);
        let mut ends = Vec::new();
        horizon.ends(network, frames.steps(), &mut ends)?;
        let steps = ends[network.output()?];
        Ok(Self { network: Arc::clone(network), steps, inputs: vec![frames], ends, start: None })
    }

    /// Adds the spikes of all sources of `description` other than the sample. Random spikes are
    /// drawn anew for every index of a sample.
    pub(crate) fn add_sources(
        &mut self,
        description: &Description<'_>,
        seed: Seed,
        sample: usize,
    ) -> Result<()> {
        let frames = self.inputs.pop().expect("a sample is the only input so far");
        let sample = Some((&frames, sample));
        self.inputs = description.inputs(&self.network, self.steps, seed, sample)?;
        Ok(())
    }

    /// The same simulation with the spikes of a log in place of those of its sources. What the log
    /// holds of populations that fire by themselves is left aside: a log of a whole simulation can
    /// be replayed.
    ///
    /// # Errors
    /// [`Error::Setting`] for a population that the network does not have, or a log without any
    /// source; [`Error::Core`] for a neuron or a time beyond the simulation.
    pub fn with_spikes(mut self, spikes: &[PopulationSpikes]) -> Result<Self> {
        let populations = &self.network.populations;
        let is_source = |p: &usize| matches!(populations[*p].cells, Cells::Source);
        let sources: Vec<usize> = (0..populations.len()).filter(is_source).collect();
        let names = sources.iter().map(|&p| &populations[p].name[..]).collect::<Vec<_>>();
        let refused = |log: &str| {
            let problem = format!(
                "these are spikes of {log}, but the sources of the network are {}",
                if names.is_empty() { "none".into() } else { names.join(", ") }
            );
            Err(Error::Setting { field: None, problem })
        };
        let mut is_replayed = spikes.is_empty();
        for log in spikes {
            let name = &log.population;
            if let Some(place) = names.iter().position(|own| own == name) {
                let channels = populations[sources[place]].size;
                self.inputs[place] = log.frames(channels, self.steps, self.network.dt_ms)?;
                is_replayed = true;
            } else if populations.iter().all(|own| own.name != *name) {
                return refused(name);
            }
        }
        let held: Vec<&str> = spikes.iter().map(|log| &log.population[..]).collect();
        if is_replayed { Ok(self) } else { refused(&held.join(", ")) }
    }

    /// The same simulation for `steps` steps, at whose end no population has fallen silent before.
    pub(crate) fn through(&self, steps: usize) -> Self {
        Self { steps, ends: Vec::new(), ..self.clone() }
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Runs from rest, or from the start state, and passes every step to `recorder`.
    ///
    /// # Errors
    /// What is wrong with the network, its input or the recorder.
    pub fn run(&self, recorder: &mut dyn Recorder) -> Result<()> {
        self.run_on(&mut Self::engine(&self.network)?, recorder)
    }

    /// As [`Self::run`], on an engine of the same network.
    fn run_on(&self, engine: &mut ClockEngine, recorder: &mut dyn Recorder) -> Result<()> {
        engine.reset();
        engine.set_ends(&self.ends);
        let Some(start) = &self.start else {
            return Ok(engine.run(&self.inputs, self.steps, recorder)?);
        };
        engine.restore(start)?;
        Ok(engine.run_steps(&self.inputs, start.step..self.steps, recorder)?)
    }

    fn engine(network: &Network) -> Result<ClockEngine> {
        let mut engines = Self::engines(network, 1)?;
        Ok(engines.remove(0))
    }

    /// `count` engines for `network`, at least one.
    ///
    /// # Errors
    /// What is wrong with the network, or that the engines would not fit into memory.
    pub(crate) fn engines(network: &Network, count: usize) -> Result<Vec<ClockEngine>> {
        check_memory(network, count)?;
        Ok((0..count).map(|_| ClockEngine::build(network)).collect::<sim_core::Result<_>>()?)
    }

    /// Runs from rest, or from the start state, and keeps the recording in memory.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn record(&self, variables: Variables) -> Result<Recording> {
        let mut recording = Recording::new(self.network.populations.len(), variables);
        self.run(&mut recording)?;
        Ok(recording)
    }

    /// An empty recording of what [`Self::predicted`] reads, and no more.
    pub fn output_recording(&self) -> Recording {
        let mut variables = vec![Variables::NONE; self.network.populations.len()];
        self.network.output().into_iter().for_each(|output| variables[output] = Variables::ALL);
        Recording::selecting(variables)
    }

    /// As [`Self::log`]; also returns the state after the last step.
    ///
    /// # Errors
    /// As [`Self::log`].
    pub fn log_with_state(
        &self,
        settings: &LogSettings,
        folder: &Path,
        name: &str,
    ) -> Result<(SimulationLog, Snapshot)> {
        let mut engine = Self::engine(&self.network)?;
        let log = self.log_on(&mut engine, settings, folder, name, &mut ())?;
        Ok((log, engine.snapshot()))
    }

    /// Runs once, from rest or from the start state, and logs into `folder` while it runs:
    /// `NAME.spikes.ENDING` for spikes in each format, `NAME.v.h5` (SONATA) for potentials,
    /// `NAME.COLUMN.h5` for every other state variable. Each file appears when it is complete.
    /// `also` receives every step, too.
    ///
    /// # Errors
    /// As [`Self::run`], or when the folder or a file cannot be written.
    pub fn log(
        &self,
        settings: &LogSettings,
        folder: &Path,
        name: &str,
        also: &mut dyn Recorder,
    ) -> Result<SimulationLog> {
        self.log_on(&mut Self::engine(&self.network)?, settings, folder, name, also)
    }

    /// As [`Self::log`], on an engine of the same network.
    pub(crate) fn log_on(
        &self,
        engine: &mut ClockEngine,
        settings: &LogSettings,
        folder: &Path,
        name: &str,
        also: &mut dyn Recorder,
    ) -> Result<SimulationLog> {
        let layout = LogLayout::of(&self.network)?;
        let files = settings.files(&layout, folder, name)?;
        self.check_columns(engine, &settings.variables)?;
        fs::create_dir_all(folder)
            .map_err(|source| Error::io(folder, "make the folder", source))?;
        let LogSettings { variables, provenance, .. } = settings;
        let mut logs: Vec<Box<dyn Log>> = Vec::new();
        for (format, path) in settings.spike_logs(folder, name) {
            let has_room = format.holds_provenance() || settings.sidecars;
            let provenance = provenance.as_ref().filter(|_| has_room);
            logs.push(SpikeLog::create(path, format, &layout, provenance)?.boxed());
        }
        for column in variables.columns.iter() {
            let path = folder.join(report_file(name, column));
            logs.push(SonataReport::create(path, &layout, column)?.boxed());
        }
        let mut recorder =
            ChannelRecorder::spawn(QUEUE, variables.clone(), |records| write_logs(records, logs));
        let mut shown =
            Shown { logs: &mut recorder, also, spikes: vec![0; self.network.populations.len()] };
        let outcome = self.run_on(engine, &mut shown);
        let spikes = shown.spikes;
        // A writer that failed stopped the run; its own error says more.
        recorder.finish()?;
        outcome?;
        Ok(SimulationLog { files, spikes })
    }

    /// Refuses state variables that no population has.
    fn check_columns(&self, engine: &ClockEngine, variables: &Variables) -> Result<()> {
        let states = (0..self.network.populations.len()).filter_map(|p| engine.state(p));
        let mut known: Vec<&'static str> =
            states.flat_map(State::variables).map(|variable| variable.name).collect();
        known.sort_unstable();
        known.dedup();
        match variables.columns.iter().find(|column| !known.contains(&&***column)) {
            None => Ok(()),
            Some(column) => {
                let known = match &known[..] {
                    [] => "none of them has any".to_owned(),
                    known => format!("there are {}", known.join(", ")),
                };
                let problem =
                    format!("no population has a state variable {column} to record; {known}");
                Err(Error::Setting { field: None, problem })
            }
        }
    }

    /// The class that the output chose in the steps of this simulation, as `loss` scores it; the
    /// recording may go on behind them. The output's potentials must have been
    /// recorded, or its spikes for a loss that reads spikes.
    ///
    /// # Panics
    /// If the network has no output; [`Self::of_sample`] refuses one that has none.
    pub fn predicted(&self, recording: &Recording, loss: &dyn Loss) -> usize {
        let output = self.network.output().expect("the network has an output");
        let (neurons, steps) = (self.network.populations[output].size, self.steps);
        let mut values = vec![0.0; neurons * steps];
        if loss.reads_spikes() {
            let spikes = recording.spikes(output).iter();
            for &(step, neuron) in spikes.take_while(|&&(step, _)| (step as usize) < steps) {
                values[neuron as usize * steps + step as usize] = 1.0;
            }
        } else {
            let potentials = &recording.potentials(output)[..neurons * steps];
            for (index, &potential) in potentials.iter().enumerate() {
                values[index % neurons * steps + index / neurons] = potential as f32;
            }
        }
        let readout = Readout { values: &values, neurons, steps };
        loss.evaluate(readout, 0, None, &mut Vec::new()).predicted
    }
}

/// Refuses a network if `count` engines for it would not fit into memory.
fn check_memory(network: &Network, count: usize) -> Result<()> {
    let (mut synapses, mut on_its_way) = (0.0, 0.0);
    for projection in &network.projections {
        let target = network.populations[projection.target].input_shape().entries() as f64;
        let (count, longest) = match &projection.synapses {
            Synapses::Dense(dense) => (dense.weight.len(), dense.max_delay_steps),
            Synapses::Sparse(sparse) => {
                let delays = sparse.iter().map(|synapse| synapse.delay_steps as usize);
                (sparse.len(), delays.max().unwrap_or(0))
            }
        };
        // A rule adds what it remembers and an index by postsynaptic neuron.
        synapses += count as f64 * if projection.rule.is_some() { 3.0 } else { 1.0 };
        on_its_way += target * (longest + 1) as f64;
    }
    let engines = count as f64;
    // Bytes per synapse: what the engine keeps, and what it sorts while it is built.
    let parts =
        [("synapses", 40.0 * engines * synapses), ("input on its way", 8.0 * engines * on_its_way)];
    let remedy = match count {
        1 => "make the network smaller",
        _ => "take fewer threads, or make the network smaller",
    };
    MemoryNeed::new(parts).check("the simulation of this network", remedy)
}
