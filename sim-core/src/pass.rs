//! How a batch is run through a network.

use crate::error::{Error, Result};
use crate::horizon::Horizon;
use crate::kernel_evaluation::KernelEvaluation;
use crate::norm::NormStatistics;
use crate::random::Seed;

/// Which taps the synapses of a pass have: how a weight is spread around its delay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DelayTaps {
    /// Those of the projections' delay kernels, the Gaussian with raw width `sigma_raw` steps.
    Trained {
        /// Scheduled raw width in steps; the effective width is `|raw| + 0.27`.
        sigma_raw: f64,
        /// How it is evaluated.
        evaluation: KernelEvaluation,
    },
    /// One tap per kernel element at the rounded delay.
    Deployed,
}

/// Dropout of whole neurons: a mask drawn once per sample and neuron, constant over time, survivors
/// scaled by `1 / (1 - rate)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Share of hidden neurons dropped, `0 <= rate < 1`.
    pub rate: f64,
    /// Seed of the run.
    pub seed: Seed,
    /// Number of the training step, so that every step draws anew.
    pub step: u64,
}

/// How a batch is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pass {
    /// The taps of every synapse.
    pub delay_taps: DelayTaps,
    /// Norm statistics.
    pub norm: NormStatistics,
    /// Dropout, if any.
    pub dropout: Option<Dropout>,
    /// For how many steps samples run.
    pub horizon: Horizon,
}

impl Pass {
    /// One tap per synapse, running statistics, no dropout, each sample over its own steps: the
    /// network as it is handed to hardware.
    pub const DEPLOYED: Self = Self {
        delay_taps: DelayTaps::Deployed,
        norm: NormStatistics::Running,
        dropout: None,
        horizon: Horizon::Sample,
    };

    /// Checks dropout, the evaluation of the delay kernels and the horizon.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first setting that is not allowed; [`Error::Network`] when
    /// norms take the statistics of a batch whose samples run for different numbers of steps.
    pub fn check(&self) -> Result<()> {
        self.horizon.check()?;
        if self.norm == NormStatistics::Batch && self.horizon == Horizon::Sample {
            return Err(Error::Network(
                "the norm statistics of a batch need samples that all run for the same steps"
                    .into(),
            ));
        }
        if let Some(Dropout { rate, .. }) = self.dropout {
            let allowed = "at least 0 and below 1";
            Error::check("Dropout::rate", rate, (0.0..1.0).contains(&rate), allowed)?;
        }
        match self.delay_taps {
            DelayTaps::Trained { evaluation, .. } => evaluation.check(),
            DelayTaps::Deployed => Ok(()),
        }
    }

    /// Checks that there is a gradient through the pass: there is none where each sample runs for
    /// steps of its own.
    ///
    /// # Errors
    /// [`Error::Network`] otherwise.
    pub fn check_gradient(&self) -> Result<()> {
        match self.horizon {
            Horizon::Batch | Horizon::Steps(_) => Ok(()),
            Horizon::Sample => {
                let problem = "training needs samples that all run for the same steps";
                Err(Error::Network(problem.into()))
            }
        }
    }
}
