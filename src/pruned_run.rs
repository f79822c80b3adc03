//! How well a trained network does without its smallest weights.

use crate::continual::seeds::SeedMean;
use crate::error::{Error, Result};
use crate::split_evaluation::EvaluatedSplit;
use crate::threads::thread_pool;
use crate::trained_run::TrainedRun;
use layered::LayeredEngine;
use plasticity::{EpochTrainer, Tally, evaluate, prune};
use plots::{PrunedSeries, PruningFigure};
use serde::Serialize;
use std::path::Path;

/// A network without its smallest weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PrunedAccuracy {
    /// Share of each projection's weights that were pruned.
    pub share: f64,
    /// Weights that are zero.
    pub zeros: usize,
    /// All weights.
    pub weights: usize,
    /// Samples.
    pub samples: usize,
    /// Those whose class was predicted.
    pub correct: usize,
    /// Mean loss in nats.
    pub loss: f64,
}

impl PrunedAccuracy {
    /// The samples, and those that were right.
    pub fn tally(&self) -> Tally {
        Tally { samples: self.samples, correct: self.correct }
    }
}

/// Accuracy against the share of weights that were pruned, of runs with their names, all pruned to
/// the same shares. Runs of one name are seeds of one experiment: a line shows their mean with its
/// 95 % interval by Student's distribution, and of one run the 95 % interval over its samples.
pub fn pruning_figure(runs: &[(String, Vec<PrunedAccuracy>)], remark: String) -> PruningFigure {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in runs {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let series = |name: &str| {
        let of_name: Vec<_> =
            runs.iter().filter(|(other, _)| other == name).map(|(_, rows)| rows).collect();
        let point = |index: usize| {
            let tallies: Vec<Tally> = of_name.iter().map(|rows| rows[index].tally()).collect();
            let accuracies: Vec<f64> = tallies.iter().map(Tally::accuracy).collect();
            let mean = SeedMean::of(&accuracies).expect("a name is that of a run");
            let half = mean.half_interval.unwrap_or(1.96 * tallies[0].standard_error());
            [of_name[0][index].share, mean.mean, half]
        };
        let label = match of_name.len() {
            1 => name.to_owned(),
            count => format!("{name}, {count} runs"),
        };
        PrunedSeries { label, points: (0..of_name[0].len()).map(point).collect() }
    };
    PruningFigure {
        title: "pruned by magnitude".into(),
        remark,
        series: names.into_iter().map(series).collect(),
    }
}

/// Checks shares of weights to be pruned.
///
/// # Errors
/// The first that is not from 0 to 1, or not above the one before it.
pub fn check_shares(shares: &[f64]) -> Result<()> {
    for &share in shares {
        sim_core::Error::check("share", share, (0.0..=1.0).contains(&share), "from 0 to 1")?;
    }
    match shares.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(&[one, next]) => {
            let problem = format!("must ascend, but {next} follows {one}");
            Err(sim_core::Error::unfit("shares", problem).into())
        }
        _ => Ok(()),
    }
}

impl TrainedRun {
    /// Prunes the network by magnitude, projection by projection, without training it again, to
    /// each of `shares`, and evaluates what is left as it is deployed: on the run's validation
    /// samples, or on all samples of another file. `reestimate_norms` estimates the statistics of
    /// norms anew for each, from the run's training samples.
    ///
    /// # Errors
    /// As [`check_shares`]; what is wrong with the data, as in [`Self::evaluate`].
    pub fn prune(
        &self,
        shares: &[f64],
        data: Option<&Path>,
        reestimate_norms: bool,
        threads: Option<usize>,
    ) -> Result<Vec<PrunedAccuracy>> {
        check_shares(shares)?;
        let evaluated = self.data(data)?;
        let (loaded, parts) = &evaluated;
        let split = match data {
            Some(_) => EvaluatedSplit::All,
            None => EvaluatedSplit::Validation,
        };
        let own = parts.as_ref().map(|parts| &parts.split);
        let indices = self.split_indices(loaded, own, split)?;
        // Samples of another file are not those that the run was trained on.
        let is_other = reestimate_norms && data.is_some();
        let trained = is_other.then(|| self.data(None)).transpose()?;
        let training = reestimate_norms.then(|| trained.as_ref().unwrap_or(&evaluated));
        let (experiment, loss) = (self.experiment(), self.loss()?);
        experiment.check_memory(loaded, reestimate_norms)?;
        let of_share = |&share: &f64| -> Result<PrunedAccuracy> {
            let mut network = (**self.network()).clone();
            let [zeros, weights] = prune(&mut network, share).map_err(Error::from)?;
            if let Some((samples, parts)) = training {
                let engine = Box::new(LayeredEngine::new(&network)?);
                let settings = experiment.training.clone();
                let mut trainer = EpochTrainer::new(network, engine, settings, experiment.seed())?;
                let train = parts.as_ref().map_or(&[][..], |parts| &parts.split.train);
                trainer.recalibrate_norm(&*samples.dataset, train)?;
                network = trainer.deployed_network();
            }
            let engine = &mut LayeredEngine::new(&network)?;
            let (settings, samples) = (experiment.training.evaluation(), &*loaded.dataset);
            let evaluation = evaluate(&network, engine, loss, settings, samples, &indices)?;
            let (samples, correct) = (evaluation.samples, evaluation.correct);
            Ok(PrunedAccuracy { share, zeros, weights, samples, correct, loss: evaluation.loss })
        };
        thread_pool(threads)?.install(|| shares.iter().map(of_share).collect())
    }
}
