//! What leaves a simulation: spikes and state variables, kept in memory or streamed to a writer.
//!
//! The clock engine shows every step to a [`Recorder`]. [`Recording`] keeps what it is shown.
//! [`ChannelRecorder`] hands it through a bounded channel to a thread that writes: memory stays
//! bounded however long the run is, and a writer that is slower than the simulation slows it down
//! instead of losing anything.

use crate::error::{Error, Result};
use crate::state::{State, Variable};
use crossbeam::channel::{Receiver, Sender, bounded};
use std::borrow::Cow;
use std::fmt::Display;
use std::thread::JoinHandle;

/// Receives every step of a simulation, in order. Populations are identified by their index in the
/// network.
pub trait Recorder {
    /// The spikes of `population` in `step`: ascending neurons, one entry per spike (coincident
    /// spikes of a source repeat their neuron). Not called where there is none.
    ///
    /// # Errors
    /// [`Error::Recording`]; the simulation stops.
    fn record_spikes(&mut self, population: usize, step: usize, neurons: &[u32]) -> Result<()>;

    /// Whether the state of `population` shall be shown.
    fn wants_state(&self, population: usize) -> bool;

    /// The state of all neurons of `population` at the end of `step`, after the reset. Called where
    /// it is wanted, and not for sources.
    ///
    /// # Errors
    /// As [`Recorder::record_spikes`].
    fn record_state(&mut self, population: usize, step: usize, state: &State<f64>) -> Result<()>;
}

/// Keeps nothing: for a network whose state is read after each step, or only timed.
impl Recorder for () {
    fn record_spikes(&mut self, _population: usize, _step: usize, _neurons: &[u32]) -> Result<()> {
        Ok(())
    }

    fn wants_state(&self, _population: usize) -> bool {
        false
    }

    fn record_state(&mut self, _population: usize, _step: usize, _: &State<f64>) -> Result<()> {
        Ok(())
    }
}

/// Which variables a recorder keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    /// Whether spikes are kept.
    pub spikes: bool,
    /// Names of the state variables that are kept, of all neurons in every step; large. A name that
    /// a population does not have is no error: it has no such column.
    pub columns: Cow<'static, [Cow<'static, str>]>,
}

impl Variables {
    /// Spikes alone.
    pub const SPIKES: Self = Self { spikes: true, columns: Cow::Borrowed(&[]) };
    /// Spikes and potentials.
    pub const ALL: Self = Self { spikes: true, columns: Cow::Borrowed(&[POTENTIAL]) };
    /// Nothing.
    pub const NONE: Self = Self { spikes: false, columns: Cow::Borrowed(&[]) };

    /// The same, with these state variables instead.
    pub fn with_columns(self, names: &[impl AsRef<str>]) -> Self {
        let owned = |name: &str| Cow::Owned(name.to_owned());
        Self { columns: names.iter().map(|name| owned(name.as_ref())).collect(), ..self }
    }

    /// The columns of `state` that are kept, by name.
    fn of<'a>(&self, state: &'a State<f64>) -> impl Iterator<Item = (Variable, &'a [f64])> {
        let kept = |variable: &Variable| self.columns.iter().any(|name| *name == variable.name);
        let variables = state.variables().iter().enumerate();
        variables
            .filter(move |(_, variable)| kept(variable))
            .map(|(index, variable)| (*variable, state.column(index)))
    }
}

const POTENTIAL: Cow<'static, str> = Cow::Borrowed(Variable::POTENTIAL.name);

/// A recording in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// By population.
    variables: Vec<Variables>,
    spikes: Vec<Vec<(u32, u32)>>,
    /// Name and `[step][neuron]` of each column, by population.
    columns: Vec<Vec<(&'static str, Vec<f64>)>>,
}

impl Recording {
    /// An empty recording of a network with `populations` populations.
    pub fn new(populations: usize, variables: Variables) -> Self {
        Self::selecting(vec![variables; populations])
    }

    /// An empty recording that keeps of each population what `variables` says.
    pub fn selecting(variables: Vec<Variables>) -> Self {
        let populations = variables.len();
        Self {
            variables,
            spikes: vec![Vec::new(); populations],
            columns: vec![Vec::new(); populations],
        }
    }

    /// Spikes of a population as `(step, neuron)`, in ascending order.
    pub fn spikes(&self, population: usize) -> &[(u32, u32)] {
        &self.spikes[population]
    }

    /// A state variable of a population, `[step][neuron]`; empty where none was recorded.
    pub fn column(&self, population: usize, name: &str) -> &[f64] {
        let found = self.columns[population].iter().find(|(column, _)| *column == name);
        found.map_or(&[], |(_, values)| values)
    }

    /// Potentials of a population, `[step][neuron]`; empty where none were recorded.
    pub fn potentials(&self, population: usize) -> &[f64] {
        self.column(population, Variable::POTENTIAL.name)
    }
}

impl Recorder for Recording {
    fn record_spikes(&mut self, population: usize, step: usize, neurons: &[u32]) -> Result<()> {
        if self.variables[population].spikes {
            self.spikes[population].extend(neurons.iter().map(|&neuron| (step as u32, neuron)));
        }
        Ok(())
    }

    fn wants_state(&self, population: usize) -> bool {
        !self.variables[population].columns.is_empty()
    }

    fn record_state(&mut self, population: usize, _step: usize, state: &State<f64>) -> Result<()> {
        let kept = &mut self.columns[population];
        for (Variable { name, .. }, values) in self.variables[population].of(state) {
            match kept.iter_mut().find(|(column, _)| *column == name) {
                Some((_, column)) => column.extend_from_slice(values),
                None => kept.push((name, values.to_vec())),
            }
        }
        Ok(())
    }
}

/// One piece of a recording on its way to a writer.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// See [`Recorder::record_spikes`].
    Spikes {
        /// Index of the population.
        population: usize,
        /// Step of the spikes.
        step: usize,
        /// One entry per spike, ascending.
        neurons: Vec<u32>,
    },
    /// One state variable of [`Recorder::record_state`].
    Column {
        /// Index of the population.
        population: usize,
        /// The variable.
        variable: Variable,
        /// Step at whose end it was read.
        step: usize,
        /// One entry per neuron.
        values: Vec<f64>,
    },
}

/// The receiving end of a [`ChannelRecorder`]: ends once the recorder is finished and everything
/// has been read.
#[derive(Debug)]
pub struct Records(Receiver<Record>);

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.0.recv().ok()
    }
}

/// Streams a recording to a writer on a thread of its own.
///
/// ```
/// use sim_core::{ChannelRecorder, Record, Recorder, Variables};
///
/// let mut recorder = ChannelRecorder::spawn(64, Variables::SPIKES, |records| {
///     let are_spikes = |record: &Record| matches!(record, Record::Spikes { .. });
///     Ok::<_, std::io::Error>(records.filter(are_spikes).count())
/// });
/// recorder.record_spikes(0, 7, &[1, 4])?;
/// assert_eq!(recorder.finish().expect("this writer never fails"), 1);
/// # Ok::<(), sim_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ChannelRecorder<T, E> {
    variables: Variables,
    sender: Option<Sender<Record>>,
    writer: Option<JoinHandle<std::result::Result<T, E>>>,
    /// Set as soon as the writer is found to have ended.
    outcome: Option<std::result::Result<T, E>>,
}

impl<T: Send + 'static, E: Display + Send + 'static> ChannelRecorder<T, E> {
    /// Starts `write` on a thread. At most `capacity` records wait for it (at least 1); then the
    /// simulation waits.
    pub fn spawn(
        capacity: usize,
        variables: Variables,
        write: impl FnOnce(Records) -> std::result::Result<T, E> + Send + 'static,
    ) -> Self {
        let (sender, receiver) = bounded(capacity.max(1));
        let writer = std::thread::spawn(move || write(Records(receiver)));
        Self { variables, sender: Some(sender), writer: Some(writer), outcome: None }
    }

    /// Waits until everything is written, and gives what the writer returned.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Panics
    /// If the writer panicked.
    pub fn finish(mut self) -> std::result::Result<T, E> {
        self.join();
        self.outcome.take().expect("join leaves an outcome")
    }

    fn send(&mut self, record: Record) -> Result<()> {
        let taken = self.sender.as_ref().is_some_and(|sender| sender.send(record).is_ok());
        if taken {
            return Ok(());
        }
        // The writer ended before its records did: its own error says why.
        self.join();
        Err(Error::Recording(match &self.outcome {
            Some(Err(error)) => error.to_string(),
            _ => "the writer of the recording stopped reading before the simulation ended".into(),
        }))
    }

    fn join(&mut self) {
        self.sender = None;
        if let Some(writer) = self.writer.take() {
            match writer.join() {
                Ok(outcome) => self.outcome = Some(outcome),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    }
}

impl<T: Send + 'static, E: Display + Send + 'static> Recorder for ChannelRecorder<T, E> {
    fn record_spikes(&mut self, population: usize, step: usize, neurons: &[u32]) -> Result<()> {
        if !self.variables.spikes {
            return Ok(());
        }
        self.send(Record::Spikes { population, step, neurons: neurons.to_vec() })
    }

    fn wants_state(&self, _population: usize) -> bool {
        !self.variables.columns.is_empty()
    }

    fn record_state(&mut self, population: usize, step: usize, state: &State<f64>) -> Result<()> {
        let columns: Vec<_> = self.variables.of(state).collect();
        columns.into_iter().try_for_each(|(variable, values)| {
            self.send(Record::Column { population, variable, step, values: values.to_vec() })
        })
    }
}

impl<T, E> Drop for ChannelRecorder<T, E> {
    /// Waits until everything is written. The writer's error is lost here;
    /// [`ChannelRecorder::finish`] gives it.
    fn drop(&mut self) {
        self.sender = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    static VARIABLES: [Variable; 2] = [Variable::POTENTIAL, Variable::new("adaptation")];

    /// The state of one neuron at a potential of 0.5.
    fn potential() -> State<f64> {
        let mut state = State::at_rest(&VARIABLES, 1, 0.0);
        state.values_mut().copy_from_slice(&[0.5, 0.25]);
        state
    }

    #[test]
    fn every_column_can_be_asked_for_by_name() {
        let variables = Variables::NONE.with_columns(&["adaptation", "current"]);
        let mut recording = Recording::new(1, variables);
        (0..3).for_each(|step| recording.record_state(0, step, &potential()).unwrap());
        assert_eq!(recording.column(0, "adaptation"), [0.25; 3]);
        assert!(recording.column(0, "current").is_empty());
        assert!(recording.potentials(0).is_empty());
    }

    fn counting(
        kept: Arc<Mutex<Vec<Record>>>,
    ) -> impl FnOnce(Records) -> std::result::Result<usize, String> {
        move |records| {
            let mut count = 0;
            for record in records {
                kept.lock().unwrap().push(record);
                count += 1;
            }
            Ok(count)
        }
    }

    #[test]
    fn nothing_is_lost_however_small_the_channel() {
        for finish in [true, false] {
            let kept = Arc::new(Mutex::new(Vec::new()));
            let mut recorder = ChannelRecorder::spawn(1, Variables::ALL, counting(kept.clone()));
            for step in 0..500 {
                recorder.record_spikes(0, step, &[step as u32]).unwrap();
                recorder.record_state(1, step, &potential()).unwrap();
            }
            if finish {
                assert_eq!(recorder.finish().unwrap(), 1000);
            } else {
                drop(recorder);
            }
            let kept = kept.lock().unwrap();
            assert_eq!(kept.len(), 1000);
            assert_eq!(kept[998], Record::Spikes { population: 0, step: 499, neurons: vec![499] });
        }
    }

    #[test]
    fn only_what_was_asked_for_is_kept() {
        let mut recording = Recording::new(1, Variables::SPIKES);
        recording.record_spikes(0, 3, &[1, 1, 2]).unwrap();
        assert!(!recording.wants_state(0));
        recording.record_state(0, 3, &potential()).unwrap();
        recording.record_spikes(0, 4, &[0]).unwrap();
        assert_eq!((recording.spikes(0).len(), recording.potentials(0).len()), (4, 0));
    }

    #[test]
    fn a_population_of_its_own_can_be_selected() {
        let mut recording = Recording::selecting(vec![Variables::NONE, Variables::ALL]);
        for population in 0..2 {
            recording.record_spikes(population, 0, &[0]).unwrap();
            recording.record_state(population, 0, &potential()).unwrap();
        }
        assert_eq!((recording.spikes(0).len(), recording.potentials(0).len()), (0, 0));
        assert_eq!((recording.spikes(1), recording.potentials(1)), (&[(0, 0)][..], &[0.5][..]));
    }

    #[test]
    fn the_error_of_the_writer_comes_back_through_both_ways() {
        let mut recorder = ChannelRecorder::spawn(2, Variables::SPIKES, |mut records| {
            records.next();
            Err::<(), _>("the disk is full".to_string())
        });
        let stopped = (0..100).find_map(|step| recorder.record_spikes(0, step, &[0]).err());
        assert_eq!(stopped, Some(Error::Recording("the disk is full".into())));
        assert_eq!(
            recorder.record_spikes(0, 100, &[0]).unwrap_err().to_string(),
            "the disk is full"
        );
        assert_eq!(recorder.finish().unwrap_err(), "the disk is full");
    }
}
