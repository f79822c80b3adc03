//! A network as its outline tells of it, without anything in it: which tensors a file holds, and
//! what their entries mean, is known from the outline alone.

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::learned::LearnedParameter;
use crate::network::{Network, Projection};
use crate::neuron::{ModelDescription, Neuron, NeuronModel};
use crate::norm::BatchNorm;
use crate::outline::{
    ELEMENTS, GRANULARITY, KERNEL, LONGEST_DELAY, LearnedOutline, Outline, POLARITY,
    PopulationOutline, ProjectionOutline, SHORTEST_DELAY,
};
use crate::parameters::{Owner, ParameterId};
use crate::polarity::Polarity;
use crate::population::Population;
use crate::synapses::{DenseSynapses, Synapses};
use serde::de::DeserializeOwned;

impl Outline {
    /// The network of this outline, with neurons that cannot run and every tensor without
    /// entries: [`Network::tensors`] tells names, shapes, ranges and signs, but no values. `None`
    /// where the outline holds a word that this version does not know, or synapses that are not
    /// dense.
    pub fn bare_network(&self) -> Option<Network> {
        let populations = self.populations.iter().map(|outline| {
            let PopulationOutline { name, size, ports, .. } = outline;
            let bare = Bare { ports: ports.len().max(1) };
            let is_known = bare.ports <= NAMELESS.len();
            is_known.then(|| Population {
                norm: outline.norm.then(|| BatchNorm::new(0)),
                learned: outline.learned.iter().map(LearnedOutline::bare).collect(),
                ..Population::neurons(name, *size, bare)
            })
        });
        let populations = populations.collect::<Option<Vec<_>>>()?;
        let names = self.names();
        let projections = self.projections.iter().map(|outline| {
            let (source, target) = ends(&names, &outline.name)?;
            let (pre, post) = (populations[source].size, populations[target].size);
            let synapses = synapses(outline, pre, post)?;
            let projection = Projection::new(source, target, synapses);
            Some(Projection { polarity: polarity(outline)?, ..projection })
        });
        let projections = projections.collect::<Option<_>>()?;
        Some(Network::new(self.dt_ms, populations, projections))
    }

    /// Checks that each projection with signs has one for every presynaptic neuron.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a word that is no sign, [`Error::Length`] for signs of neurons that
    /// are not there; both name the projection.
    pub fn check_polarities(&self) -> Result<()> {
        let names = self.names();
        for outline in &self.projections {
            let Some(words) = outline.synapses.get(POLARITY) else { continue };
            let what = format!("projection {}: polarity", outline.name);
            let words: Vec<&str> = words.split(' ').collect();
            if let Some(word) = words.iter().find(|word| from_word::<Polarity>(word).is_none()) {
                return Err(Error::out_of_range(what, word, "excitatory or inhibitory"));
            }
            if let Some((source, _)) = ends(&names, &outline.name) {
                Error::check_length(&what, words.len(), self.populations[source].size)?;
            }
        }
        Ok(())
    }

    /// The names of the populations.
    fn names(&self) -> Vec<&str> {
        self.populations.iter().map(|population| &population.name[..]).collect()
    }
}

impl Network {
    /// Gives a tensor of a bare network its entries, whatever they are.
    ///
    /// # Panics
    /// If the network has no such tensor.
    pub fn fill(&mut self, id: ParameterId, entries: Vec<f32>) {
        let tensor = match id.owner {
            Owner::Projection(projection) => {
                let Synapses::Dense(dense) = &mut self.projections[projection].synapses else {
                    panic!("single synapses are no tensor");
                };
                if id.kind == Kind::Weight { &mut dense.weight } else { &mut dense.delay }
            }
            Owner::Population(population) => {
                let Population { norm, learned, .. } = &mut self.populations[population];
                match (id.kind, norm) {
                    (Kind::Gain, Some(norm)) => &mut norm.gain,
                    (Kind::Bias, Some(norm)) => &mut norm.bias,
                    (Kind::RunningMean, Some(norm)) => &mut norm.running_mean,
                    (Kind::RunningVariance, Some(norm)) => &mut norm.running_variance,
                    _ => &mut learned[id.slot].values,
                }
            }
        };
        *tensor = entries;
    }
}

impl LearnedOutline {
    fn bare(&self) -> LearnedParameter {
        let range = self.least..=self.most;
        LearnedParameter { name: self.name.clone(), kind: self.kind, range, values: Vec::new() }
    }
}

/// Ports of neurons of which nothing is known but their number.
const NAMELESS: &[&str] = &["port"; 64];

/// Neurons of which nothing is known but how many ports they have.
#[derive(Debug)]
struct Bare {
    ports: usize,
}

impl NeuronModel for Bare {
    fn build(&self, _dt_ms: f64) -> Result<Box<dyn Neuron>> {
        Err(Error::Network("a network that is made of an outline cannot run".into()))
    }

    fn describe(&self) -> ModelDescription {
        let [parameters, defaults] = Default::default();
        ModelDescription { name: "bare".into(), parameters, defaults }
    }

    fn ports(&self) -> &'static [&'static str] {
        &NAMELESS[..self.ports]
    }
}

/// Which of the populations with these names a projection of this name joins.
fn ends(populations: &[&str], name: &str) -> Option<(usize, usize)> {
    let find = |name: &str| {
        let places = || 0..populations.len();
        places().flat_map(|source| places().map(move |target| (source, target))).find(
            |&(source, target)| {
                let rest = name.strip_prefix(populations[source]);
                rest.and_then(|rest| rest.strip_prefix("->")) == Some(populations[target])
            },
        )
    };
    // The second projection between two populations ends in `#2`.
    find(name).or_else(|| find(name.rsplit_once('#')?.0))
}

/// The sign of every presynaptic neuron, where the outline has signs; the outer `None` stands for
/// an unknown word.
fn polarity(outline: &ProjectionOutline) -> Option<Option<Vec<Polarity>>> {
    match outline.synapses.get(POLARITY) {
        Some(words) => Some(Some(words.split(' ').map(from_word).collect::<Option<_>>()?)),
        None => Some(None),
    }
}

fn synapses(outline: &ProjectionOutline, pre: usize, post: usize) -> Option<Synapses> {
    let told = |key: &str| outline.synapses.get(key).map(String::as_str);
    Some(Synapses::Dense(DenseSynapses {
        pre,
        post,
        elements_per_pair: told(ELEMENTS)?.parse().ok()?,
        min_delay_steps: told(SHORTEST_DELAY).unwrap_or("0").parse().ok()?,
        max_delay_steps: told(LONGEST_DELAY)?.parse().ok()?,
        granularity: from_word(told(GRANULARITY)?)?,
        kernel: from_word(told(KERNEL)?)?,
        weight: Vec::new(),
        delay: Vec::new(),
    }))
}

/// The value that configuration files call by this word.
fn from_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delay_kernel::DelayKernel;
    use crate::synapses::Granularity;
    use crate::test_networks::{Unbuilt, network, neurons, source};

    #[test]
    fn its_tensors_are_those_of_the_network() {
        let dense = |pre, post, granularity| {
            let (max_delay_steps, kernel) = (4, DelayKernel::Linear);
            let (weight, delay) = (vec![0.0; 2 * pre * post], Vec::new());
            let dense = DenseSynapses {
                pre,
                post,
                elements_per_pair: 2,
                min_delay_steps: 0,
                max_delay_steps,
                granularity,
                kernel,
                weight,
                delay,
            };
            Synapses::Dense(DenseSynapses {
                delay: vec![0.0; dense.delay_shape().entries()],
                ..dense
            })
        };
        let signs = vec![Polarity::Excitatory, Polarity::Inhibitory];
        let mut whole = network(
            vec![source("ears", 2), neurons("ears#2", 3, Unbuilt)],
            vec![
                Projection::new(0, 1, dense(2, 3, Granularity::Axonal)).with_polarity(signs),
                Projection::new(0, 1, dense(2, 3, Granularity::Synaptic)),
                Projection::new(1, 1, dense(3, 3, Granularity::Dendritic)),
            ],
        );
        whole.populations[1].norm = Some(BatchNorm::new(3));
        let bare = whole.outline().bare_network().unwrap();
        let told = |network: &Network| -> Vec<_> {
            network
                .tensors()
                .map(|tensor| {
                    let name = network.parameter_name(tensor.id);
                    (name, tensor.shape, tensor.range, tensor.signs.is_some())
                })
                .collect()
        };
        assert_eq!(told(&bare), told(&whole));
        assert_eq!(told(&bare)[0].1.axes(), ["postsynaptic", "presynaptic", "kernel element"]);
        assert_eq!(told(&bare)[1].1.axes(), ["presynaptic"]);

        let mut unknown = whole.outline();
        unknown.projections[0].synapses.insert(KERNEL.into(), "new".into());
        assert!(unknown.bare_network().is_none());
        assert!(unknown.check_polarities().is_ok());
        for (words, expected) in [
            ("excitatory", "projection ears->ears#2: polarity has length 1, but must have 2"),
            ("excitatory green", "polarity is green, but must be excitatory or inhibitory"),
        ] {
            let mut wrong = whole.outline();
            wrong.projections[0].synapses.insert(POLARITY.into(), words.into());
            let error = wrong.check_polarities().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
