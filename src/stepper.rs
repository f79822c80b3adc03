//! Runs samples one by one through an engine that goes step by step.

use crate::error::Result;
use plasticity::SampleOutcome;
use plasticity::gradient::Loss;
use sim_core::{
    ClockEngine, Error, Horizon, Network, Readout, SampleSource, Spike, StreamingEngine,
};

/// An engine that goes step by step, and what is read from it.
#[derive(Debug)]
pub(crate) struct Stepper<'a> {
    engine: Engine,
    loss: &'a dyn Loss,
    /// The population that the loss reads, and its neurons.
    output: (usize, usize),
    /// Populations whose spikes are counted.
    hidden: Vec<usize>,
    horizon: Horizon,
    /// Steps that are added to a sample's steps on the longest way to each population.
    windows: Vec<usize>,
    /// The step at which each population falls silent in the current sample.
    ends: Vec<usize>,
    /// `[neuron][step]` of the output.
    values: Vec<f32>,
}

#[derive(Debug)]
enum Engine {
    Clock { engine: ClockEngine, input: [Vec<Spike>; 1] },
    Streaming(StreamingEngine),
}

/// The result of one sample.
#[derive(Debug)]
pub(crate) struct Stepped {
    pub outcome: SampleOutcome,
    /// Spikes of each hidden population, and the steps that it ran for.
    pub spikes: Vec<(u64, usize)>,
}

impl<'a> Stepper<'a> {
    /// The clock engine.
    ///
    /// # Errors
    /// What the engine or the horizon refuses.
    pub(crate) fn clock(network: &Network, loss: &'a dyn Loss, horizon: Horizon) -> Result<Self> {
        let engine = Engine::Clock { engine: ClockEngine::build(network)?, input: [Vec::new()] };
        Self::new(engine, network, loss, horizon)
    }

    /// The streaming engine.
    ///
    /// # Errors
    /// What the engine or the horizon refuses.
    pub(crate) fn streaming(
        network: &Network,
        loss: &'a dyn Loss,
        horizon: Horizon,
    ) -> Result<Self> {
        Self::new(Engine::Streaming(StreamingEngine::new(network)?), network, loss, horizon)
    }

    fn new(
        engine: Engine,
        network: &Network,
        loss: &'a dyn Loss,
        horizon: Horizon,
    ) -> Result<Self> {
        let output = network.output()?;
        let size = network.populations[output].size;
        let mut windows = Vec::new();
        horizon.windows(network, &mut windows)?;
        let hidden = network.hidden().collect();
        let (ends, values) = (Vec::new(), Vec::new());
        Ok(Self { engine, loss, output: (output, size), hidden, horizon, windows, ends, values })
    }

    /// Runs one sample from rest.
    ///
    /// # Errors
    /// What the engine refuses; a loss that is not finite.
    pub(crate) fn run(&mut self, data: &dyn SampleSource, sample: usize) -> Result<Stepped> {
        let Self { engine, loss, output, hidden, horizon, windows, ends, values } = self;
        let (output, neurons) = *output;
        let frames = data.frames(sample, None);
        ends.clear();
        ends.extend(windows.iter().map(|&window| horizon.with_window(frames.steps(), window)));
        let (steps, trains) = (ends[output], frames.by_step());
        let mut spikes: Vec<_> = hidden.iter().map(|&population| (0, ends[population])).collect();
        values.clear();
        values.resize(neurons * steps, 0.0);
        engine.reset();
        engine.set_ends(ends);
        for step in 0..steps {
            engine.step(trains.get(step).map_or(&[], Vec::as_slice))?;
            for ((count, _), &population) in spikes.iter_mut().zip(&*hidden) {
                *count += engine.fired(population).len() as u64;
            }
            if loss.reads_spikes() {
                for &neuron in engine.fired(output) {
                    values[neuron as usize * steps + step] = 1.0;
                }
            } else {
                engine.read(output, values[step..].iter_mut().step_by(steps));
            }
        }
        let readout = Readout { values, neurons, steps };
        let outcome = SampleOutcome::of_readout(data, sample, *loss, readout);
        if !outcome.loss.is_finite() {
            let problem = format!("the loss of sample {sample} is not a finite number");
            return Err(Error::NotFinite(problem).into());
        }
        Ok(Stepped { outcome, spikes })
    }
}

impl Engine {
    fn reset(&mut self) {
        match self {
            Self::Clock { engine, .. } => engine.reset(),
            Self::Streaming(engine) => engine.reset(),
        }
    }

    fn set_ends(&mut self, ends: &[usize]) {
        match self {
            Self::Clock { engine, .. } => engine.set_ends(ends),
            Self::Streaming(engine) => engine.set_ends(ends),
        }
    }

    fn step(&mut self, spikes: &[Spike]) -> Result<()> {
        match self {
            Self::Clock { engine, input } => {
                input[0].clear();
                input[0].extend_from_slice(spikes);
                engine.step(input, &mut ())?;
            }
            Self::Streaming(engine) => engine.step(spikes)?,
        }
        Ok(())
    }

    fn fired(&self, population: usize) -> &[u32] {
        match self {
            Self::Clock { engine, .. } => engine.fired(population),
            Self::Streaming(engine) => engine.fired(population),
        }
    }

    /// Writes the potentials of a population.
    fn read<'a>(&self, population: usize, to: impl Iterator<Item = &'a mut f32>) {
        match self {
            Self::Clock { engine, .. } => {
                to.zip(engine.potential(population)).for_each(|(to, &v)| *to = v as f32);
            }
            Self::Streaming(engine) => {
                to.zip(engine.potential(population)).for_each(|(to, &v)| *to = v);
            }
        }
    }
}
