//! A lateral circuit as part of a network that runs in the clock engine.
//!
//! ```text
//! presynaptic ─► trace ─┬─► relay ────H────► subspace of each task: y = H x
//!                       │     ▲                 │ │
//!                       │     └─────-H^T────────┘ │ of all tasks: x~ is what H learns from
//!                       └─► projected ◄──-H^T─────┘ of ended tasks: their x~
//!                               └──W──► what learns from the projected trace
//! ```
//! One presentation takes [`RunningCircuit::STEPS`] steps, the first of which are the even steps of
//! a simulation. In the first one, `trace` samples its presynaptic neurons and sends `x`; `relay`
//! and `projected` pass it on, and the subspace neurons answer with `y`. In the second one, `relay`
//! and `projected` are reached by the same `x` once more, over a synapse with a delay of one step,
//! and by the feedback `-H^T y`: they send `x~ = x - H^T y`. Subspace neurons and traces are silent
//! in it. `plasticity/src/local/lateral.rs` says what each synapse sees of this and how it learns.
//!
//! Synapses that leave `projected` carry `x` in the first step, so that their neurons compute with
//! the true trace, and `x~` in the second one, so that a rule may learn from the projected one:
//! [`plasticity::local::ThreeFactor`] does.

use neurons::LinearRate;
use plasticity::local::{Lateral, LateralSynapses};
use sim_core::{
    ClockEngine, Error, Network, NeuronModel, Population, Projection, Result, Synapse, Synapses,
};

/// How a lateral circuit runs and learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunningCircuitSettings {
    /// Time constant in ms of the traces of presynaptic spikes, at least 0; with 0 a trace is what
    /// the presynaptic neuron sends in the first step of a presentation.
    pub tau_ms: f64,
    /// Rate at which the rows of the current task learn from one presentation, at least 0.
    pub rate: f64,
    /// Largest change of a weight by one presentation, divided by the rate; above 0.
    pub clamp: f64,
    /// Levels of either sign in which subspace neurons send `y`; 0 for `y` itself.
    pub levels: u32,
    /// Largest `y` that is sent in levels, above 0.
    pub scale: f64,
}

impl Default for RunningCircuitSettings {
    /// No time constant, rate 0.01, products within ±10, `y` without levels; a scale of 20 for who
    /// sets them.
    fn default() -> Self {
        Self { tau_ms: 0.0, rate: 0.01, clamp: 10.0, levels: 0, scale: 20.0 }
    }
}

/// The populations and projections of one lateral circuit, by their indices in a network.
///
/// A circuit begins without rows. [`begin_task`](Self::begin_task) adds the rows of a task, which
/// learn; [`end_task`](Self::end_task) freezes them, and from then on they are taken out of the
/// projected trace. Both change the network: an engine is built for every task. Where a network has
/// several circuits, all of them end a task before one of them begins another.
///
/// ```
/// use synfire::sim_core::{ClockEngine, Network, Population, Spike};
/// use synfire::{RunningCircuit, RunningCircuitSettings};
///
/// let mut network = Network::new(1.0, vec![Population::source("input", 2)], vec![]);
/// let settings = RunningCircuitSettings { rate: 0.1, ..RunningCircuitSettings::default() };
/// let mut circuit = RunningCircuit::add(&mut network, 0, settings)?;
/// circuit.begin_task(&mut network, &[1.0, 0.0])?;
/// let mut engine = ClockEngine::build(&network)?;
/// // All input lies in the direction (0.6, 0.8): the only row turns there.
/// let x = [(0, 0.6), (1, 0.8)].map(|(neuron, count)| Spike { neuron, count });
/// for _ in 0..200 {
///     engine.step(&[x.to_vec()], &mut ())?;
///     engine.step(&[vec![]], &mut ())?;
/// }
/// let row = circuit.rows(&engine, 0);
/// assert!((row[0] - 0.6).abs() < 1e-4 && (row[1] - 0.8).abs() < 1e-4);
/// circuit.end_task(&mut network, &engine)?;
/// # Ok::<(), synfire::sim_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RunningCircuit {
    settings: RunningCircuitSettings,
    name: String,
    trace: usize,
    relay: usize,
    projected: usize,
    tasks: Vec<TaskRows>,
    /// Whether the rows of the last task still learn.
    is_learning: bool,
}

/// The rows of one task.
#[derive(Debug, Clone, Copy)]
struct TaskRows {
    /// The subspace neurons, a population.
    subspace: usize,
    /// The projections of `H` and `-H^T`.
    forward: usize,
    feedback: usize,
}

impl RunningCircuit {
    /// Steps of one presentation.
    pub const STEPS: usize = 2;

    /// Adds the circuit of a presynaptic population to a network, without rows: the populations
    /// `NAME_trace`, `NAME_relay` and `NAME_projected`, `NAME` being that of the population.
    ///
    /// # Errors
    /// [`Error::Network`] where there is no such population; [`Error::OutOfRange`] for a setting
    /// that is not allowed.
    pub fn add(
        network: &mut Network,
        presynaptic: usize,
        settings: RunningCircuitSettings,
    ) -> Result<Self> {
        let Some(Population { name, size, .. }) = network.populations.get(presynaptic) else {
            let there = network.populations.len();
            return Err(Error::Network(format!(
                "a lateral circuit of population {presynaptic}, but there are {there}"
            )));
        };
        let (name, size) = (name.clone(), *size);
        let of_population = format!("size of population {name}");
        Error::check(of_population, size as f64, size > 0, "at least 1")?;
        settings.check(network.dt_ms)?;
        let sampled = settings.sampled(network.dt_ms);
        let mut add = |role: &str, model: LinearRate| {
            network.populations.push(Population::neurons(format!("{name}_{role}"), size, model));
            network.populations.len() - 1
        };
        let trace = add("trace", LinearRate { tau_mem_ms: settings.tau_ms, ..sampled });
        let [relay, projected] =
            ["relay", "projected"].map(|role| add(role, LinearRate::default()));
        let one_to_one = |delays: &[u32]| {
            let of_neuron = |n: u32| {
                let synapse =
                    move |&delay_steps| Synapse { pre: n, post: n, weight: 1.0, delay_steps };
                delays.iter().map(synapse)
            };
            Synapses::Sparse((0..size as u32).flat_map(of_neuron).collect())
        };
        network.projections.push(Projection::new(presynaptic, trace, one_to_one(&[0])));
        for target in [relay, projected] {
            network.projections.push(Projection::new(trace, target, one_to_one(&[0, 1])));
        }
        let (tasks, is_learning) = (Vec::new(), false);
        Ok(Self { settings, name, trace, relay, projected, tasks, is_learning })
    }

    /// Adds the rows of a task, `[row][presynaptic neuron]`: subspace neurons `NAME_subspace_TASK`
    /// that learn from where the rows are, best orthonormal ones.
    ///
    /// # Errors
    /// [`Error::Network`] while the rows of the task before still learn; [`Error::Length`] where
    /// the rows are not whole ones; [`Error::OutOfRange`] for no row, for more rows of all tasks
    /// than there are presynaptic neurons, and for a weight that is not finite.
    pub fn begin_task(&mut self, network: &mut Network, rows: &[f64]) -> Result<()> {
        let task = self.tasks.len();
        if self.is_learning {
            let before = task - 1;
            return Err(Error::Network(format!(
                "the circuit of {}: task {before} has not ended, so task {task} cannot begin",
                self.name
            )));
        }
        let inputs = network.populations[self.relay].size;
        let of_task = format!("task {task} of the circuit of {}", self.name);
        let (count, number) = (rows.len() / inputs, format!("number of rows of {of_task}"));
        Error::check(&*number, count as f64, count > 0, "at least 1")?;
        Error::check_length(&format!("rows of {of_task}"), rows.len(), count * inputs)?;
        let taken: usize =
            self.tasks.iter().map(|task| network.populations[task.subspace].size).sum();
        let left = inputs - taken;
        let allowed =
            format!("at most {left}: of {inputs} dimensions, rows before it have {taken}");
        Error::check(&*number, count as f64, count <= left, &allowed)?;
        if let Some(weight) = rows.iter().find(|weight| !weight.is_finite()) {
            let weights = format!("a weight of the rows of {of_task}");
            return Err(Error::out_of_range(weights, weight, "a finite number"));
        }
        let (subspace, first) = (network.populations.len(), network.projections.len());
        let name = format!("{}_subspace_{task}", self.name);
        let neurons = self.settings.subspace(network.dt_ms);
        network.populations.push(Population::neurons(name, count, neurons));
        let forward = |(place, &weight): (usize, &f64)| {
            let [pre, post] = [place % inputs, place / inputs].map(|neuron| neuron as u32);
            Synapse { pre, post, weight, delay_steps: 0 }
        };
        let forward: Vec<Synapse> = rows.iter().enumerate().map(forward).collect();
        let back = |&Synapse { pre, post, weight, .. }: &Synapse| Synapse {
            pre: post,
            post: pre,
            weight: -weight,
            delay_steps: 1,
        };
        let feedback = Synapses::Sparse(forward.iter().map(back).collect());
        let [forward_rule, feedback_rule] = self.settings.rules();
        network.projections.extend([
            Projection::new(self.relay, subspace, Synapses::Sparse(forward))
                .learning_by(forward_rule),
            Projection::new(subspace, self.relay, feedback).learning_by(feedback_rule),
        ]);
        self.tasks.push(TaskRows { subspace, forward: first, feedback: first + 1 });
        self.is_learning = true;
        Ok(())
    }

    /// Takes over into the network what all its projections have learned in `engine`, and freezes
    /// the rows of the last task: their projections have no rule any more, and `NAME_projected`
    /// receives their feedback from now on.
    ///
    /// # Errors
    /// [`Error::Network`] where no task has begun.
    ///
    /// # Panics
    /// If the engine is not one of this network.
    pub fn end_task(&mut self, network: &mut Network, engine: &ClockEngine) -> Result<()> {
        let Some(&TaskRows { subspace, forward, feedback }) =
            self.tasks.last().filter(|_| self.is_learning)
        else {
            return Err(Error::Network(format!(
                "the circuit of {}: no task has begun, so none can end",
                self.name
            )));
        };
        for (index, projection) in network.projections.iter_mut().enumerate() {
            if projection.rule.is_some() {
                let learned = engine.synapses(index).synapses().collect();
                projection.synapses = Synapses::Sparse(learned);
            }
        }
        for learned in [forward, feedback] {
            network.projections[learned].rule = None;
        }
        let to_projected = network.projections[feedback].synapses.clone();
        network.projections.push(Projection::new(subspace, self.projected, to_projected));
        self.is_learning = false;
        Ok(())
    }

    /// The rows `H` of a task as they are in `engine`, `[row][presynaptic neuron]`.
    ///
    /// # Panics
    /// If there is no such task, or the engine is not one of this network.
    pub fn rows(&self, engine: &ClockEngine, task: usize) -> Vec<f64> {
        let table = engine.synapses(self.tasks[task].forward);
        let mut rows = vec![0.0; table.len()];
        for synapse in table.synapses() {
            rows[synapse.post as usize * table.sources() + synapse.pre as usize] = synapse.weight;
        }
        rows
    }

    /// Number of tasks that have begun.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// The population that sends the trace `x`, in the first step of a presentation.
    pub fn trace(&self) -> usize {
        self.trace
    }

    /// The population that sends `x` and then what all rows leave of it.
    pub fn relay(&self) -> usize {
        self.relay
    }

    /// The population that sends `x` and then the projected trace: what the rows of ended tasks
    /// leave of it.
    pub fn projected(&self) -> usize {
        self.projected
    }

    /// The subspace neurons of a task, a population that sends `y` in the first step of a
    /// presentation.
    ///
    /// # Panics
    /// If there is no such task.
    pub fn subspace(&self, task: usize) -> usize {
        self.tasks[task].subspace
    }

    /// The projections of `H` and of `-H^T` of a task.
    ///
    /// # Panics
    /// If there is no such task.
    pub fn projections(&self, task: usize) -> [usize; 2] {
        [self.tasks[task].forward, self.tasks[task].feedback]
    }
}

impl RunningCircuitSettings {
    /// Checks every field, for steps of `dt_ms`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self, dt_ms: f64) -> Result<()> {
        let tau_ms = self.tau_ms;
        Error::check("RunningCircuitSettings::tau_ms", tau_ms, tau_ms >= 0.0, "at least 0")?;
        self.rules().iter().try_for_each(Lateral::check)?;
        self.subspace(dt_ms).build(dt_ms).map(drop)
    }

    /// Neurons that send in the first step of every presentation.
    fn sampled(&self, dt_ms: f64) -> LinearRate {
        LinearRate { period_ms: RunningCircuit::STEPS as f64 * dt_ms, ..LinearRate::default() }
    }

    fn subspace(&self, dt_ms: f64) -> LinearRate {
        LinearRate { levels: self.levels, scale: self.scale, ..self.sampled(dt_ms) }
    }

    /// The rules of forward and feedback synapses.
    fn rules(&self) -> [Lateral; 2] {
        let Self { rate, clamp, .. } = *self;
        [LateralSynapses::Forward, LateralSynapses::Feedback].map(|synapses| Lateral {
            rate,
            clamp,
            synapses,
        })
    }
}
