//! What a run reports about neurons that take no part in it.
//!
//! A hidden population in which no neuron fires passes nothing on: the network behind it gives
//! every sample the same verdict, and no gradient comes back. Single silent neurons are no fault: a
//! trained network has some, and bounds on firing rates or more dropout may silence more on
//! purpose.

use crate::metrics::EpochMetrics;
use crate::network::settings::{NetworkSettings, PopulationKeys};
use crate::passive_neurons::PassiveNeurons;
use neurons::{Lif, Model};
use sim_core::Network;

/// A population is reported from this share of silent or saturated neurons on. The recipes train
/// with less than a tenth of either; from half on, most of a layer does no work.
const MANY: f64 = 0.5;

/// What can be wrong with a population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// No neuron fires, not even with the wide kernels of training.
    Dead,
    /// No neuron fires once there is one tap per synapse.
    DeadDeployed,
    /// Many do not fire.
    Silent,
    /// Many fire whatever their input is.
    Saturated,
}

impl Finding {
    /// Whether the finding is no news after the finding `earlier`.
    fn is_known_from(self, earlier: Self) -> bool {
        self == earlier || self == Self::Silent && earlier == Self::Dead
    }
}

/// The findings on a population of `neurons` neurons.
fn findings(passive: &PassiveNeurons, neurons: usize) -> impl Iterator<Item = Finding> + use<> {
    let PassiveNeurons { train, validation, .. } = *passive;
    let many = |count: usize| count as f64 >= MANY * neurons as f64;
    let silent = match () {
        () if train.silent == neurons => Some(Finding::Dead),
        () if validation.silent == neurons => Some(Finding::DeadDeployed),
        () if many(train.silent) => Some(Finding::Silent),
        () => None,
    };
    let saturated = many(train.saturated).then_some(Finding::Saturated);
    silent.into_iter().chain(saturated)
}

/// Lines on the findings of the last of `rows` that no earlier row had; `settings` are those of the
/// network.
pub(crate) fn remarks(
    settings: &NetworkSettings,
    network: &Network,
    rows: &[EpochMetrics],
) -> Vec<String> {
    let Some((row, before)) = rows.split_last() else { return Vec::new() };
    let mut lines = Vec::new();
    for passive in &row.passive {
        let Some(neurons) = size(network, &passive.population) else { continue };
        let of_same = |row: &EpochMetrics| {
            let of = |other: &&PassiveNeurons| other.population == passive.population;
            row.passive.iter().find(of).cloned()
        };
        for finding in findings(passive, neurons) {
            let mut earlier = before.iter().filter_map(of_same);
            let known =
                |row: PassiveNeurons| findings(&row, neurons).any(|it| finding.is_known_from(it));
            if !earlier.any(known) {
                let fact = fact(finding, passive, neurons, row.epoch);
                let remedies = remedies(settings, network.dt_ms, &passive.population, finding);
                lines.push(format!("warning: {fact}; {}", either(&remedies)));
            }
        }
    }
    lines
}

/// A warning that the network is dead, if a population passes nothing on in the selected epoch.
pub(crate) fn verdict(network: &Network, selected: &EpochMetrics) -> Option<String> {
    let is_dead = |passive: &&PassiveNeurons| {
        size(network, &passive.population) == Some(passive.validation.silent)
    };
    let dead = selected.passive.iter().find(is_dead)?;
    Some(format!(
        "warning: this network is dead: at the selected epoch {} none of the {} neurons of {} \
         fires in any validation sample, so every sample gets the same verdict",
        selected.epoch, dead.validation.silent, dead.population
    ))
}

fn size(network: &Network, population: &str) -> Option<usize> {
    let named = network.populations.iter().find(|other| other.name == population);
    named.map(|population| population.size)
}

fn fact(finding: Finding, passive: &PassiveNeurons, neurons: usize, epoch: usize) -> String {
    let (name, train) = (&passive.population, passive.train);
    match finding {
        Finding::Dead => format!(
            "none of the {neurons} neurons of {name} fired in any training sample of epoch \
             {epoch}, so nothing passes and the network cannot learn"
        ),
        Finding::DeadDeployed => format!(
            "none of the {neurons} neurons of {name} fired in any validation sample after epoch \
             {epoch}, with one tap per synapse, though some do while training"
        ),
        Finding::Silent => format!(
            "{} of the {neurons} neurons of {name} fired in no training sample of epoch {epoch}",
            train.silent
        ),
        Finding::Saturated => format!(
            "{} of the {neurons} neurons of {name} fired in nearly every step that they could in \
             epoch {epoch}, whatever their input",
            train.saturated
        ),
    }
}

/// `a, b or c`.
fn either(ways: &[String]) -> String {
    match ways {
        [] => String::new(),
        [way] => way.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// What can be done about a finding, with the present values of the settings.
fn remedies(
    settings: &NetworkSettings,
    dt_ms: f64,
    population: &str,
    finding: Finding,
) -> Vec<String> {
    let Some(keys) = settings.keys_of(population, dt_ms) else { return Vec::new() };
    let PopulationKeys { neuron: section, model, is_output, has_norm, norm, gain } = keys;
    let saturated = finding == Finding::Saturated;
    let mut remedies = Vec::new();
    if let Model::Lif(Lif { threshold, tau_mem_ms, input_scaling, .. }) = &model {
        let (threshold_goes, tau_goes) =
            if saturated { ("raise", "lower") } else { ("lower", "raise") };
        remedies.push(format!("{threshold_goes} {section}.threshold (now {threshold})"));
        remedies.push(format!("{tau_goes} {section}.tau_mem_ms (now {tau_mem_ms})"));
        if *input_scaling && !saturated {
            remedies.push(format!("turn {section}.input_scaling off"));
        }
    }
    if !has_norm {
        let gain_goes = if saturated { "lower" } else { "raise" };
        remedies.extend(gain.map(|(key, value)| format!("{gain_goes} {key} (now {value})")));
        if !is_output {
            remedies.push(format!("turn {norm} on"));
        }
    }
    if !is_output {
        let bound = if saturated { "upper_hz" } else { "lower_hz" };
        remedies.push(format!("bound the rate with training.firing_rate.{bound}"));
    }
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::network::feed_forward::FeedForward;
    use crate::passive_neurons::PassiveCounts;

    /// Rows whose only population, of 8 neurons, has these counts: silent and saturated while
    /// training, silent and saturated in validation.
    fn rows(counts: &[[usize; 4]]) -> Vec<EpochMetrics> {
        let row = |(epoch, &[silent, saturated, deployed, _]): (usize, &[usize; 4])| EpochMetrics {
            epoch: epoch + 1,
            passive: vec![PassiveNeurons {
                population: "hidden1".into(),
                train: PassiveCounts { silent, saturated },
                validation: PassiveCounts { silent: deployed, saturated: 0 },
            }],
            ..EpochMetrics::default()
        };
        counts.iter().enumerate().map(row).collect()
    }

    fn experiment() -> (Experiment, Network) {
        let mut experiment = Experiment::recipe("quickstart").unwrap();
        feed_forward(&mut experiment).hidden = vec![8];
        let network = experiment.build_network(20, 5).unwrap();
        (experiment, network)
    }

    fn feed_forward(experiment: &mut Experiment) -> &mut FeedForward {
        experiment.network.feed_forward_mut().expect("the recipe is feed-forward")
    }

    /// How many lines each epoch brings.
    fn said(counts: &[[usize; 4]]) -> Vec<usize> {
        let (experiment, network) = experiment();
        let rows = rows(counts);
        (1..=rows.len())
            .map(|end| remarks(&experiment.network, &network, &rows[..end]).len())
            .collect()
    }

    #[test]
    fn a_few_silent_neurons_are_no_news() {
        assert_eq!(said(&[[0, 0, 0, 0], [3, 3, 7, 7]]), [0, 0]);
        assert!(said(&[]).is_empty());
    }

    #[test]
    fn each_finding_is_told_once() {
        assert_eq!(said(&[[8, 0, 8, 0], [8, 0, 8, 0], [5, 0, 8, 0], [4, 0, 0, 0]]), [1, 0, 1, 0]);
        assert_eq!(said(&[[0, 0, 0, 0], [4, 0, 4, 0], [5, 4, 5, 4], [8, 0, 8, 0]]), [0, 1, 1, 1]);
    }

    #[test]
    fn rows_that_do_not_tell_say_nothing() {
        let (experiment, network) = experiment();
        let mut rows = rows(&[[8, 0, 8, 0], [8, 0, 8, 0]]);
        rows[0].passive.clear();
        assert_eq!(remarks(&experiment.network, &network, &rows).len(), 1);
        assert!(remarks(&experiment.network, &network, &rows[..1]).is_empty());
    }

    #[test]
    fn what_to_change_fits_the_network() {
        let (mut experiment, network) = experiment();
        let silent = rows(&[[8, 0, 8, 0]]);
        let line = |experiment: &Experiment, rows: &[EpochMetrics]| {
            remarks(&experiment.network, &network, rows).swap_remove(0)
        };
        assert_eq!(
            line(&experiment, &silent),
            "warning: none of the 8 neurons of hidden1 fired in any training sample of epoch 1, so \
             nothing passes and the network cannot learn; lower network.neuron.threshold (now 1), \
             raise network.neuron.tau_mem_ms (now 2.5) or bound the rate with \
             training.firing_rate.lower_hz"
        );
        feed_forward(&mut experiment).batch_norm = false;
        let text = line(&experiment, &silent);
        assert!(
            text.contains("raise network.weight_gain (now 1), turn network.batch_norm on or"),
            "{text}"
        );
        let text = line(&experiment, &rows(&[[0, 8, 0, 8]]));
        assert!(
            text.contains("8 of the 8 neurons of hidden1 fired in nearly every step"),
            "{text}"
        );
        assert!(
            text.contains("raise network.neuron.threshold") && text.ends_with("upper_hz"),
            "{text}"
        );
    }

    #[test]
    fn a_verdict_is_spoken_over_dead_populations_only() {
        let (_, network) = experiment();
        let of = |counts| verdict(&network, &rows(&[counts])[0]);
        assert!(of([8, 0, 7, 0]).is_none() && of([0, 8, 0, 8]).is_none());
        assert!(of([0, 0, 8, 0]).unwrap().contains("none of the 8 neurons of hidden1 fires"));
        assert!(verdict(&network, &EpochMetrics::default()).is_none());
    }
}
