//! The tensors of a network: one walk over all that is learned, and over what is learned beside it.
//!
//! | owner | kind | shape | range |
//! |---|---|---|---|
//! | dense projection | [`Kind::Weight`] | `[post, pre, element]` | all, or the sign of `pre` |
//! | | [`Kind::Delay`] | as the granularity says | `min_delay_steps..=max_delay_steps`, in steps |
//! | population with a norm | [`Kind::Gain`] | `[neuron]` | all, or at least 0 behind signed weights |
//! | | [`Kind::Bias`] | `[neuron]` | all |
//! | | [`Kind::RunningMean`] | `[neuron]` | all |
//! | | [`Kind::RunningVariance`] | `[neuron]` | at least 0 |
//! | population whose neurons learn | [`Kind::TimeConstant`] | `[neuron]` | as the model says |
//! | | [`Kind::Threshold`] | `[neuron]` | as the model says |
//! | | [`Kind::Adaptation`] | `[neuron]` | as the model says |
//!
//! The walk visits the projections and then the populations, each in the order of the network.
//! Optimisers, gradients, checkpoints and checks all follow it, so that a tensor that is added here
//! is known to all of them.
//!
//! A negative gain would turn the sign of every weight that reaches its neuron: where neurons that
//! have a polarity send to a population, its gains stay at least 0.

use crate::error::{Error, Result, plain};
use crate::kind::Kind;
use crate::network::Network;
use crate::polarity::Signs;
use crate::population::Population;
use crate::shape::Shape;
use crate::synapses::{DenseSynapses, Synapses};
use std::ops::RangeInclusive;

/// What a tensor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The projection of this index.
    Projection(usize),
    /// The population of this index.
    Population(usize),
}

/// A tensor of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParameterId {
    /// What it belongs to.
    pub owner: Owner,
    /// What it is.
    pub kind: Kind,
    /// Which of the parameters that a population's neurons learn; 0 for everything else.
    pub slot: usize,
}

impl ParameterId {
    /// A tensor of a projection.
    pub const fn of_projection(projection: usize, kind: Kind) -> Self {
        Self { owner: Owner::Projection(projection), kind, slot: 0 }
    }

    /// A tensor of a population's norm.
    pub const fn of_population(population: usize, kind: Kind) -> Self {
        Self { owner: Owner::Population(population), kind, slot: 0 }
    }

    /// A parameter that a population's neurons learn: entry `slot` of [`Population::learned`].
    ///
    /// [`Population::learned`]: crate::Population::learned
    pub const fn of_neurons(population: usize, kind: Kind, slot: usize) -> Self {
        Self { owner: Owner::Population(population), kind, slot }
    }
}

/// A tensor of a network, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter<'a> {
    /// Which it is.
    pub id: ParameterId,
    /// Its dimensions.
    pub shape: Shape,
    /// Its entries.
    pub values: &'a [f32],
    /// What an entry may be.
    pub range: RangeInclusive<f32>,
    /// The sign that each entry keeps, where it keeps one.
    pub signs: Option<Signs<'a>>,
}

/// A tensor of a network, to be changed.
#[derive(Debug, PartialEq)]
pub struct ParameterMut<'a> {
    /// Which it is.
    pub id: ParameterId,
    /// Its dimensions.
    pub shape: Shape,
    /// Its entries.
    pub values: &'a mut [f32],
    /// What an entry may be.
    pub range: RangeInclusive<f32>,
    /// The sign that each entry keeps, where it keeps one.
    pub signs: Option<Signs<'a>>,
}

/// Every finite number.
const ALL: RangeInclusive<f32> = f32::MIN..=f32::MAX;

/// Populations by their index. A set of the first 128 populations takes no memory: the walk makes
/// one in every step of training.
#[derive(Default)]
struct PopulationSet {
    first: u128,
    others: Vec<usize>,
}

impl FromIterator<usize> for PopulationSet {
    fn from_iter<I: IntoIterator<Item = usize>>(populations: I) -> Self {
        let mut set = Self::default();
        for population in populations {
            match population {
                0..128 => set.first |= 1 << population,
                _ => set.others.push(population),
            }
        }
        set
    }
}

impl PopulationSet {
    fn contains(&self, population: usize) -> bool {
        match population {
            0..128 => self.first >> population & 1 == 1,
            _ => self.others.contains(&population),
        }
    }
}

/// The walk over a network, for reading or for changing: this is the only list of its tensors.
macro_rules! walk {
    ($network:expr, $tensor:ident, $iter:ident, $as_ref:ident $(, $mut:tt)?) => {{
        let Network { projections, populations, .. } = $network;
        let signed = projections.iter().filter(|projection| projection.polarity.is_some());
        let signed: PopulationSet = signed.map(|projection| projection.target).collect();
        let of_projections = projections.$iter().enumerate().flat_map(|(index, projection)| {
            let tensors = match &$($mut)? projection.synapses {
                Synapses::Sparse(_) => None,
                Synapses::Dense(dense) => {
                    let (weights, delays) = (dense.weight_shape(), dense.delay_shape());
                    let (shortest, longest) = (dense.min_delay_steps, dense.max_delay_steps);
                    let DenseSynapses { elements_per_pair, weight, delay, .. } = dense;
                    let polarity = projection.polarity.as_deref();
                    let signs = polarity.map(|polarity| Signs::new(polarity, *elements_per_pair));
                    Some([
                        (Kind::Weight, weights, weight, ALL, signs),
                        (Kind::Delay, delays, delay, shortest as f32..=longest as f32, None),
                    ])
                }
            };
            tensors.into_iter().flatten().map(move |(kind, shape, values, range, signs)| {
                let id = ParameterId::of_projection(index, kind);
                $tensor { id, shape, values, range, signs }
            })
        });
        let of_populations = populations.$iter().enumerate().flat_map(move |(index, population)| {
            let norm_shape = population.input_shape();
            let neuron_shape = Shape::of([("neuron", population.size)]);
            let gains = if signed.contains(index) { 0.0..=f32::MAX } else { ALL };
            let tensors = population.norm.$as_ref().map(|norm| [
                (Kind::Gain, &$($mut)? norm.gain, gains),
                (Kind::Bias, &$($mut)? norm.bias, ALL),
                (Kind::RunningMean, &$($mut)? norm.running_mean, ALL),
                (Kind::RunningVariance, &$($mut)? norm.running_variance, 0.0..=f32::MAX),
            ]);
            let of_norm = tensors.into_iter().flatten().map(move |(kind, values, range)| {
                let id = ParameterId::of_population(index, kind);
                $tensor { id, shape: norm_shape, values, range, signs: None }
            });
            let learned = population.learned.$iter().enumerate();
            of_norm.chain(learned.map(move |(slot, learned)| {
                let id = ParameterId::of_neurons(index, learned.kind, slot);
                let (shape, range) = (neuron_shape, learned.range.clone());
                $tensor { id, shape, values: &$($mut)? learned.values, range, signs: None }
            }))
        });
        of_projections.chain(of_populations)
    }};
}

impl Network {
    /// All tensors, in the order of the walk.
    pub fn tensors(&self) -> impl Iterator<Item = Parameter<'_>> {
        walk!(self, Parameter, iter, as_ref)
    }

    /// All tensors, to be changed, in the order of the walk.
    pub fn tensors_mut(&mut self) -> impl Iterator<Item = ParameterMut<'_>> {
        walk!(self, ParameterMut, iter_mut, as_mut, mut)
    }

    /// The tensors that a gradient teaches, in the order of the walk.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.tensors().filter(|parameter| parameter.id.kind.is_learned())
    }

    /// The tensors that a gradient teaches, to be changed, in the order of the walk.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = ParameterMut<'_>> {
        self.tensors_mut().filter(|parameter| parameter.id.kind.is_learned())
    }

    /// Name of a tensor as files have it: `input->hidden1.weight`, `hidden1.norm.gain`,
    /// `hidden1.neuron.tau_mem_ms`.
    ///
    /// # Panics
    /// If the network has no such projection or population.
    pub fn parameter_name(&self, id: ParameterId) -> String {
        let owner = match id.owner {
            Owner::Projection(projection) => self.projection_name(projection),
            Owner::Population(population) => {
                let Population { name, learned, .. } = &self.populations[population];
                if id.kind.is_of_neurons() {
                    return format!("{name}.neuron.{}", learned[id.slot].name);
                }
                name.clone()
            }
        };
        format!("{owner}.{}", id.kind.name())
    }
}

impl Parameter<'_> {
    /// Checks the number of entries, their range and their signs; `name` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Length`], or [`Error::OutOfRange`] naming the first entry that is not allowed.
    pub fn check(&self, name: &str) -> Result<()> {
        Error::check_length(name, self.values.len(), self.shape.entries())?;
        let wrong = |entry: usize, allowed: String| {
            // The shortest decimal number that is this one in single precision.
            let value = self.values[entry];
            let value = plain(value.to_string().parse().unwrap_or(f64::from(value)));
            Err(Error::out_of_range(format!("{name}, entry {entry}"), value, allowed))
        };
        if let Some(entry) = self.values.iter().position(|value| !self.range.contains(value)) {
            let (start, end) = (self.range.start(), self.range.end());
            return wrong(
                entry,
                match (*start, *end) {
                    (f32::MIN, f32::MAX) => "a finite number".into(),
                    (_, f32::MAX) => format!("a finite number, at least {start}"),
                    _ => format!("a number from {start} to {end}"),
                },
            );
        }
        let Some(signs) = self.signs else { return Ok(()) };
        let mut signed = self.values.iter().zip(signs.iter());
        match signed.position(|(&value, sign)| !sign.allows(value)) {
            Some(entry) => wrong(entry, "of the sign of its presynaptic neuron".into()),
            None => Ok(()),
        }
    }
}

/// Whether every number is finite.
pub fn all_finite(values: &[f32]) -> bool {
    // Part by part without a way out, so that the loop becomes vector code.
    let all = |part: &[f32]| part.iter().fold(true, |all, value| all & value.is_finite());
    values.chunks(1024).all(all)
}

impl ParameterMut<'_> {
    /// Whether an entry may be any finite number, so that nothing confines it.
    pub fn is_unbounded(&self) -> bool {
        self.range == ALL && self.signs.is_none()
    }

    /// Moves every entry to the nearest number that its range and its sign allow. What is not a
    /// number stays what it is.
    pub fn confine(&mut self) {
        if self.range != ALL {
            let (start, end) = (*self.range.start(), *self.range.end());
            self.values.iter_mut().for_each(|value| *value = value.clamp(start, end));
        }
        if let Some(signs) = self.signs {
            let signed = self.values.iter_mut().zip(signs.iter());
            signed.for_each(|(value, sign)| *value = sign.confine(*value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delay_kernel::DelayKernel;
    use crate::network::Projection;
    use crate::norm::BatchNorm;
    use crate::polarity::Polarity;
    use crate::synapses::Granularity;
    use crate::test_networks::{Unbuilt, network, neurons, source};

    /// Two inputs, the second inhibitory, and three neurons behind a norm.
    fn small() -> Network {
        let dense = DenseSynapses {
            pre: 2,
            post: 3,
            elements_per_pair: 1,
            min_delay_steps: 0,
            max_delay_steps: 4,
            granularity: Granularity::Axonal,
            kernel: DelayKernel::Linear,
            weight: vec![0.5, -0.5, 1.0, 0.0, 0.0, -2.0],
            delay: vec![0.0, 3.5],
        };
        let signs = vec![Polarity::Excitatory, Polarity::Inhibitory];
        let projection = Projection::new(0, 1, Synapses::Dense(dense)).with_polarity(signs);
        let mut network =
            network(vec![source("ears", 2), neurons("cells", 3, Unbuilt)], vec![projection]);
        network.populations[1].norm = Some(BatchNorm::new(3));
        network
    }

    #[test]
    fn the_walk_names_every_tensor_with_its_shape_in_one_order() {
        let mut network = small();
        let seen = |id, shape: Shape| (network.parameter_name(id), shape.lengths().to_vec());
        let read: Vec<_> = network.tensors().map(|tensor| seen(tensor.id, tensor.shape)).collect();
        let norm = |part: &str| (format!("cells.norm.{part}"), vec![3]);
        assert_eq!(
            read,
            [
                ("ears->cells.weight".into(), vec![3, 2, 1]),
                ("ears->cells.delay".into(), vec![2]),
                norm("gain"),
                norm("bias"),
                norm("running_mean"),
                norm("running_variance"),
            ]
        );
        let learned: Vec<_> = network.parameters().map(|parameter| parameter.id).collect();
        assert_eq!(learned.len(), 4);
        let changed: Vec<_> = network.parameters_mut().map(|parameter| parameter.id).collect();
        assert_eq!(changed, learned);
    }

    #[test]
    fn a_set_holds_populations_of_any_index() {
        let set: PopulationSet = [0, 127, 128, 4000].into_iter().collect();
        let held: Vec<usize> = (0..5000).filter(|&population| set.contains(population)).collect();
        assert_eq!(held, [0, 127, 128, 4000]);
    }

    #[test]
    fn entries_are_confined_to_their_range_and_sign() {
        let mut network = small();
        for mut parameter in network.parameters_mut() {
            parameter.values.fill(-3.0);
            parameter.confine();
            let stays = parameter.values.iter().all(|value| *value == -3.0);
            assert_eq!(parameter.is_unbounded(), stays, "{:?}", parameter.id);
        }
        let of = |kind| {
            let found = network.parameters().find(|parameter| parameter.id.kind == kind);
            found.expect("the network has it").values.to_vec()
        };
        assert_eq!(of(Kind::Weight), [0.0, -3.0, 0.0, -3.0, 0.0, -3.0]);
        assert_eq!(of(Kind::Delay), [0.0, 0.0]);
        assert_eq!(of(Kind::Gain), [0.0; 3], "a gain turns no signs");
        assert_eq!(of(Kind::Bias), [-3.0; 3]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let message = |change: &dyn Fn(&mut Network)| {
            let mut network = small();
            change(&mut network);
            network.check().unwrap_err().to_string()
        };
        fn dense(network: &mut Network) -> &mut DenseSynapses {
            let Synapses::Dense(dense) = &mut network.projections[0].synapses else { panic!() };
            dense
        }
        assert_eq!(
            message(&|network| dense(network).weight[1] = f32::NAN),
            "ears->cells.weight, entry 1 is NaN, but must be a finite number"
        );
        assert_eq!(
            message(&|network| dense(network).delay[1] = 4.5),
            "ears->cells.delay, entry 1 is 4.5, but must be a number from 0 to 4"
        );
        assert_eq!(
            message(&|network| dense(network).weight[3] = 0.25),
            "ears->cells.weight, entry 3 is 0.25, but must be of the sign of its presynaptic neuron"
        );
        assert_eq!(
            message(&|network| dense(network).delay.clear()),
            "ears->cells.delay has length 0, but must have 2"
        );
    }
}
