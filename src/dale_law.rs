//! Dale's law on a trained network: all weights that a neuron sends have one sign.
//!
//! A batch norm multiplies what reaches a neuron by a gain: a negative gain turns the signs of all
//! weights that end in the neuron, so that gains have to be at least 0.

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::run_folder::RunFolder;
use datasets::counted;
use plasticity::CheckpointFile;
use serde::Serialize;
use sim_core::{DenseSynapses, Network, Projection, Synapses};
use std::fmt;
use std::path::{Path, PathBuf};

/// How a network keeps Dale's law.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DaleReport {
    /// The checkpoint.
    pub file: PathBuf,
    /// What each population that sends to others sends, in the order of the network.
    pub populations: Vec<SentSigns>,
    /// Weights that were looked at.
    pub weights: usize,
    /// Those of them that are exactly zero.
    pub zeros: usize,
    /// Gains that were looked at.
    pub gains: usize,
    /// The first weight or gain that breaks the law, in one sentence; none where it holds.
    pub broken: Option<String>,
}

/// The signs that the neurons of a population send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentSigns {
    /// Name of the population.
    pub population: String,
    /// Neurons whose weights are at least 0, some of them above.
    pub excitatory: usize,
    /// Neurons whose weights are at most 0, some of them below.
    pub inhibitory: usize,
    /// Neurons all of whose weights are zero.
    pub without: usize,
}

/// A weight other than zero, by which the sign of its neuron is known.
#[derive(Debug, Clone, Copy)]
struct Witness {
    projection: usize,
    post: usize,
    weight: f32,
}

impl DaleReport {
    /// Looks at a checkpoint of a run, or at a file with a network.
    ///
    /// # Errors
    /// When `path` is neither, or the file is damaged or holds synapses that are not dense.
    pub fn of(path: &Path, checkpoint: Checkpoint) -> Result<Self> {
        if !path.is_dir() {
            return Self::of_file(path);
        }
        let folder = RunFolder::open(path)?;
        Self::of_file(&folder.existing_checkpoint(checkpoint)?)
    }

    fn of_file(path: &Path) -> Result<Self> {
        let network = CheckpointFile::open(path)?.bare_network()?;
        Ok(Self { file: path.to_owned(), ..Self::of_network(&network) })
    }

    /// Looks at a network.
    pub fn of_network(network: &Network) -> Self {
        let mut report = Self {
            file: PathBuf::new(),
            populations: Vec::new(),
            weights: 0,
            zeros: 0,
            gains: 0,
            broken: None,
        };
        for (source, population) in network.populations.iter().enumerate() {
            let mut signs: Vec<Option<Witness>> = vec![None; population.size];
            let mut sends = false;
            for (index, projection) in network.projections.iter().enumerate() {
                let Synapses::Dense(dense) = &projection.synapses else { continue };
                if projection.source == source {
                    sends = true;
                    report.see(network, (index, projection), dense, &mut signs);
                }
            }
            if sends {
                let of = |positive: bool| {
                    let is = |sign: &&Witness| (sign.weight > 0.0) == positive;
                    signs.iter().flatten().filter(is).count()
                };
                let (excitatory, inhibitory) = (of(true), of(false));
                report.populations.push(SentSigns {
                    population: population.name.clone(),
                    excitatory,
                    inhibitory,
                    without: population.size - excitatory - inhibitory,
                });
            }
        }
        for population in &network.populations {
            let Some(norm) = &population.norm else { continue };
            report.gains += norm.gain.len();
            let negative = norm.gain.iter().position(|gain| *gain < 0.0);
            report.broken = report.broken.take().or(negative.map(|entry| {
                format!(
                    "the gain of neuron {} of {} is {}, so its norm turns the sign of every \
                     weight that ends there",
                    entry % population.size,
                    population.name,
                    norm.gain[entry]
                )
            }));
        }
        report
    }

    /// Looks at the weights of a projection; `signs` are those that its neurons are known to send.
    fn see(
        &mut self,
        network: &Network,
        (index, projection): (usize, &Projection),
        dense: &DenseSynapses,
        signs: &mut [Option<Witness>],
    ) {
        let elements = dense.elements_per_pair;
        self.weights += dense.weight.len();
        for (entry, &weight) in dense.weight.iter().enumerate() {
            if weight == 0.0 {
                self.zeros += 1;
                continue;
            }
            let (pre, post) = (entry / elements % dense.pre, entry / elements / dense.pre);
            let known = *signs[pre].get_or_insert(Witness { projection: index, post, weight });
            let polarity = projection.polarity.as_ref().map(|polarity| polarity[pre]);
            let reason = match polarity {
                Some(sign) if !sign.allows(weight) => Some(format!("is {}", sign.word())),
                None if (known.weight > 0.0) != (weight > 0.0) => Some(format!(
                    "sends {} to neuron {} of {}, too",
                    known.weight,
                    known.post,
                    network.populations[network.projections[known.projection].target].name
                )),
                _ => None,
            };
            if let (None, Some(reason)) = (&self.broken, reason) {
                let name = |population: usize| &network.populations[population].name;
                self.broken = Some(format!(
                    "the weight from neuron {pre} of {} to neuron {post} of {} is {weight}, but \
                     the neuron {reason}",
                    name(projection.source),
                    name(projection.target)
                ));
            }
        }
    }

    /// Whether the law holds.
    pub fn holds(&self) -> bool {
        self.broken.is_none()
    }

    /// The report where the law holds.
    ///
    /// # Errors
    /// [`Error::Folder`] naming the file and what breaks the law.
    pub fn proven(self) -> Result<Self> {
        match self.broken {
            Some(broken) => {
                Err(Error::folder(&self.file, format!("Dale's law is broken: {broken}")))
            }
            None => Ok(self),
        }
    }
}

impl fmt::Display for DaleReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: Dale's law holds for {} ({} of them zero) and {}",
            self.file.display(),
            counted(self.weights, "weight"),
            self.zeros,
            counted(self.gains, "gain")
        )?;
        for SentSigns { population, excitatory, inhibitory, without } in &self.populations {
            write!(f, "{population}: {excitatory} excitatory, {inhibitory} inhibitory")?;
            if *without > 0 {
                write!(f, ", {without} without a weight")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::overrides::Override;

    fn network(changes: &[&str]) -> Network {
        let changes: Vec<Override> =
            changes.iter().map(|change| Override::parse(change).unwrap()).collect();
        let experiment = Experiment::recipe_with("quickstart", &changes).unwrap();
        experiment.build_network(20, 5).unwrap()
    }

    fn dense(network: &mut Network, projection: usize) -> &mut DenseSynapses {
        let Synapses::Dense(dense) = &mut network.projections[projection].synapses else {
            panic!("the recipe's synapses are dense")
        };
        dense
    }

    const DALE: [&str; 3] =
        ["network.hidden=[10]", "network.excitatory=0.8", "network.excitatory_input=1"];

    #[test]
    fn a_network_with_polarities_keeps_the_law() {
        let mut network = network(&DALE);
        dense(&mut network, 1).weight[3] = 0.0;
        let report = DaleReport::of_network(&network);
        assert!(report.holds(), "{report:?}");
        let signs: Vec<_> =
            report.populations.iter().map(|p| (p.excitatory, p.inhibitory)).collect();
        assert_eq!(signs, [(20, 0), (8, 2)]);
        assert_eq!((report.weights, report.zeros, report.gains), (250, 1, 10));
        assert!(report.to_string().contains("hidden1: 8 excitatory, 2 inhibitory"));
    }

    #[test]
    fn the_first_that_breaks_the_law_is_named() {
        let broken = |changes: &[&str], change: &dyn Fn(&mut Network)| {
            let mut network = network(changes);
            change(&mut network);
            DaleReport::of_network(&network).broken.unwrap_or_default()
        };
        // Row 1, neuron 9 of ten.
        let said = broken(&DALE, &|network| dense(network, 1).weight[19] = 0.25);
        let expected = "the weight from neuron 9 of hidden1 to neuron 1 of output is 0.25, but the \
                        neuron is inhibitory";
        assert_eq!(said, expected);
        let said = broken(&DALE, &|network| {
            network.populations[1].norm.as_mut().unwrap().gain[4] = -0.5;
        });
        let expected = "the gain of neuron 4 of hidden1 is -0.5, so its norm turns the sign of \
                        every weight that ends there";
        assert_eq!(said, expected);
        let said = broken(&["network.hidden=[10]"], &|network| {
            let weights = &mut dense(network, 0).weight;
            weights.iter_mut().for_each(|weight| *weight = weight.abs());
            (weights[0], weights[40]) = (0.5, -0.125);
        });
        let expected = "the weight from neuron 0 of input to neuron 2 of hidden1 is -0.125, but \
                        the neuron sends 0.5 to neuron 0 of hidden1, too";
        assert_eq!(said, expected);
    }
}
