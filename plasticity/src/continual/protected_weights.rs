//! The projections whose weights a protection keeps apart from earlier tasks.

use crate::trainer::activity::firing_populations;
use sim_core::{Cells, Error, Field, Kind, Network, Owner, ParameterId, Result, Synapses};

/// The weights of one projection, `[post][pre][element]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProtectedWeight {
    /// The projection.
    pub projection: usize,
    /// Its name.
    pub name: String,
    /// The population that it comes from.
    pub source: usize,
    /// Neurons of that population.
    pub pre: usize,
    /// Kernel elements per pair.
    pub elements: usize,
}

/// The protected weights, in the order in which they are named.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProtectedWeights(pub Vec<ProtectedWeight>);

impl ProtectedWeights {
    /// The weights of these projections of a network, or of all that are dense.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a projection that is not there, is named twice, is not dense, or
    /// comes from neurons that never fire; [`Error::Network`] where nothing is left to protect.
    pub fn new(network: &Network, projections: Option<&[usize]>) -> Result<Self> {
        let firing = firing_populations(network)?;
        let sends = |source: usize| {
            matches!(network.populations[source].cells, Cells::Source) || firing.contains(&source)
        };
        let weight = |projection: usize| {
            let of_network = network.projections.get(projection)?;
            let Synapses::Dense(dense) = &of_network.synapses else { return None };
            sends(of_network.source).then(|| ProtectedWeight {
                projection,
                name: network.projection_name(projection),
                source: of_network.source,
                pre: dense.pre,
                elements: dense.elements_per_pair,
            })
        };
        let Some(projections) = projections else {
            let weights: Vec<_> = (0..network.projections.len()).filter_map(weight).collect();
            return if weights.is_empty() { nothing_to_protect() } else { Ok(Self(weights)) };
        };
        let mut weights: Vec<ProtectedWeight> = Vec::with_capacity(projections.len());
        for &projection in projections {
            if weights.iter().any(|other| other.projection == projection) {
                return Err(Error::unfit("projections", format!("names {projection} twice")));
            }
            let Some(found) = weight(projection) else {
                let known = (0..network.projections.len()).filter(|&index| weight(index).is_some());
                let known: Vec<String> = known.map(|index| index.to_string()).collect();
                if known.is_empty() {
                    return nothing_to_protect();
                }
                let allowed =
                    format!("the index of a dense projection of spikes: {}", known.join(", "));
                return Err(Error::out_of_range("projections", projection, allowed));
            };
            weights.push(found);
        }
        if weights.is_empty() {
            return Err(Error::unfit("projections", "is an empty list, which protects nothing"));
        }
        Ok(Self(weights))
    }

    /// Checks that a setting has one entry for each of them.
    ///
    /// # Errors
    /// [`Error::Unfit`] naming the setting.
    pub fn check_entries(&self, setting: impl Into<Field>, entries: usize) -> Result<()> {
        let count = self.0.len();
        if entries == count {
            return Ok(());
        }
        let have =
            if entries == 1 { "has 1 entry".into() } else { format!("has {entries} entries") };
        let problem = format!("{have}, but must have {count}, one for each protected projection");
        Err(Error::unfit(setting, problem))
    }

    /// The place of the weights that this parameter is.
    pub fn place(&self, id: ParameterId) -> Option<usize> {
        let ParameterId { owner: Owner::Projection(projection), kind: Kind::Weight, .. } = id
        else {
            return None;
        };
        self.0.iter().position(|weight| weight.projection == projection)
    }

    /// The populations that they come from.
    pub fn sources(&self) -> Vec<usize> {
        self.0.iter().map(|weight| weight.source).collect()
    }
}

fn nothing_to_protect<T>() -> Result<T> {
    let problem = "a network without dense projections has nothing to protect";
    Err(Error::Network(problem.into()))
}

impl ProtectedWeight {
    /// Changes weights, or what is added to them, as rows along the presynaptic neurons: `change`
    /// gets `[post][pre]` for each kernel element in turn. `memory` is working memory.
    pub fn change_rows(
        &self,
        weights: &mut [f32],
        memory: &mut Vec<f32>,
        mut change: impl FnMut(&mut [f32]),
    ) {
        if self.elements == 1 {
            return change(weights);
        }
        for element in 0..self.elements {
            let of_element = weights[element..].iter().step_by(self.elements);
            memory.clear();
            memory.extend(of_element);
            change(memory);
            let of_element = weights[element..].iter_mut().step_by(self.elements);
            of_element.zip(&*memory).for_each(|(weight, changed)| *weight = *changed);
        }
    }
}

/// What is added to a parameter in a step, changed by `change`: `before` and `after` are its
/// entries before and after the step.
pub(crate) fn change_step(before: &[f32], after: &mut [f32], change: impl FnOnce(&mut [f32])) {
    after.iter_mut().zip(before).for_each(|(after, before)| *after -= before);
    change(after);
    after.iter_mut().zip(before).for_each(|(after, before)| *after += before);
}

/// Whether a parameter stays as the first task left it, by the kind of a parameter: what is not a
/// weight has no direction that earlier tasks do not use.
pub(crate) fn is_frozen_after_the_first_task(id: ParameterId) -> bool {
    id.kind != Kind::Weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::small_network::{small_network, with_elements};

    #[test]
    fn dense_projections_are_protected_in_order() {
        let network = small_network();
        let all = ProtectedWeights::new(&network, None).unwrap();
        assert_eq!((all.0.len(), all.sources()), (2, vec![0, 1]));
        assert_eq!((all.0[1].name.as_str(), all.0[1].pre), ("hidden->output", 6));
        let listed = ProtectedWeights::new(&network, Some(&[1])).unwrap();
        assert_eq!(listed.0[..], all.0[1..]);
        assert_eq!(listed.place(ParameterId::of_projection(1, Kind::Weight)), Some(0));
        for other in [
            ParameterId::of_projection(0, Kind::Weight),
            ParameterId::of_projection(1, Kind::Delay),
            ParameterId::of_population(1, Kind::Gain),
        ] {
            assert_eq!(listed.place(other), None);
        }
    }

    #[test]
    fn what_cannot_be_protected_is_refused() {
        let mut network = small_network();
        let refused = |network: &Network, list: &[usize]| {
            ProtectedWeights::new(network, Some(list)).unwrap_err().to_string()
        };
        let expected = "but must be the index of a dense projection of spikes: 0, 1";
        assert_eq!(refused(&network, &[7]), format!("projections is 7, {expected}"));
        assert_eq!(refused(&network, &[1, 1]), "projections names 1 twice");
        let nothing = "projections is an empty list, which protects nothing";
        assert_eq!(refused(&network, &[]), nothing);
        for projection in &mut network.projections {
            projection.synapses = Synapses::Sparse(Vec::new());
        }
        let expected = "a network without dense projections has nothing to protect";
        assert_eq!(refused(&network, &[0]), expected);
        let nothing = ProtectedWeights::new(&network, None).unwrap_err().to_string();
        assert_eq!(nothing, expected);
    }

    #[test]
    fn each_kernel_element_has_rows_of_its_own() {
        let weights = ProtectedWeights::new(&with_elements(2), Some(&[0])).unwrap();
        let (post, pre) = (6, weights.0[0].pre);
        let mut values: Vec<f32> = (0..2 * post * pre).map(|n| n as f32).collect();
        let mut seen = Vec::new();
        weights.0[0].change_rows(&mut values, &mut Vec::new(), |rows| {
            seen.push((rows.len(), rows[1]));
            rows.iter_mut().for_each(|row| *row = -*row);
        });
        assert_eq!(seen, [(post * pre, 2.0), (post * pre, 3.0)]);
        assert!((0..).zip(&values).all(|(n, value)| *value == -(n as f32)));
    }
}
