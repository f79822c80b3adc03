//! Evaluation by each of the engines that run a network as it is deployed.

use crate::error::Result;
use crate::stepper::{Stepped, Stepper};
use layered::LayeredEngine;
use plasticity::gradient::Loss;
use plasticity::{Evaluation, EvaluationSettings, check_samples, evaluate};
use rayon::prelude::*;
use sim_core::{Network, SampleSource};

/// Runs of samples for each thread, so that threads end at about the same time.
const RUNS_PER_THREAD: usize = 8;

/// An engine that runs a network as it is deployed. The results of the engines differ by rounding
/// only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardEngine {
    /// The layered engine: a batch at a time, in single precision.
    #[default]
    Layered,
    /// The clock engine: one step after the other, in double precision.
    Clock,
    /// The streaming engine: one step after the other, in single precision.
    Streaming,
}

impl ForwardEngine {
    /// All engines.
    pub const ALL: [Self; 3] = [Self::Layered, Self::Clock, Self::Streaming];

    /// The name of the engine: `layered`, `clock` or `streaming`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Layered => "layered",
            Self::Clock => "clock",
            Self::Streaming => "streaming",
        }
    }

    /// Evaluates a network, whose last population is read, on `indices` of `data`; as
    /// [`plasticity::evaluate`], except that engines that step know no batches and always give
    /// scores.
    ///
    /// # Errors
    /// What the engine refuses; a sample that does not fit the network; a loss that is not finite,
    /// or predicts a class that is not there.
    pub fn evaluate(
        self,
        network: &Network,
        loss: &dyn Loss,
        settings: EvaluationSettings,
        data: &dyn SampleSource,
        indices: &[usize],
    ) -> Result<Evaluation> {
        let horizon = settings.horizon;
        let stepper = || match self {
            Self::Streaming => Stepper::streaming(network, loss, horizon),
            Self::Clock | Self::Layered => Stepper::clock(network, loss, horizon),
        };
        if self == Self::Layered {
            let engine = &mut LayeredEngine::new(network)?;
            return Ok(evaluate(network, engine, loss, settings, data, indices)?);
        }
        check_samples(network, loss, data, indices)?;
        let runs = indices.len().div_ceil(RUNS_PER_THREAD * rayon::current_num_threads()).max(1);
        let stepped: Vec<Vec<Stepped>> = indices
            .par_chunks(runs)
            .map(|run| {
                let mut stepper = stepper()?;
                run.iter().map(|&sample| stepper.run(data, sample)).collect::<Result<Vec<_>>>()
            })
            .collect::<Result<_>>()?;
        let stepped: Vec<Stepped> = stepped.into_iter().flatten().collect();
        let firing_rates = network.hidden().enumerate().map(|(place, population)| {
            let of_samples = stepped.iter().map(|stepped| stepped.spikes[place]);
            let (spikes, steps) = of_samples
                .fold((0, 0), |(spikes, steps), (more, further)| (spikes + more, steps + further));
            let population = &network.populations[population];
            (population.name.clone(), spikes as f64 / (steps * population.size).max(1) as f64)
        });
        let firing_rates = firing_rates.collect();
        let outcomes = stepped.into_iter().map(|stepped| stepped.outcome).collect();
        Ok(Evaluation::new(data.classes(), outcomes, firing_rates)?)
    }
}
