//! Dale's law: all synapses of a neuron have one sign.

use serde::{Deserialize, Serialize};

/// The sign that all outgoing weights of a neuron have. A weight of zero has either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// Weights are at least 0.
    Excitatory,
    /// Weights are at most 0.
    Inhibitory,
}

impl Polarity {
    /// How many of `neurons` neurons are excitatory where the share `excitatory` is: rounded to
    /// whole neurons.
    pub fn excitatory_count(excitatory: f64, neurons: usize) -> usize {
        (excitatory * neurons as f64).round() as usize
    }

    /// The signs of `neurons` neurons of which the share `excitatory` is excitatory: the first
    /// ones. All others are inhibitory.
    pub fn shared(excitatory: f64, neurons: usize) -> Vec<Self> {
        let first = Self::excitatory_count(excitatory, neurons);
        let sign = |neuron| if neuron < first { Self::Excitatory } else { Self::Inhibitory };
        (0..neurons).map(sign).collect()
    }

    /// What a configuration calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Excitatory => "excitatory",
            Self::Inhibitory => "inhibitory",
        }
    }

    /// `weight` with its size and this sign.
    pub fn signed(self, weight: f32) -> f32 {
        match self {
            Self::Excitatory => weight.abs(),
            Self::Inhibitory => -weight.abs(),
        }
    }

    /// Whether a weight has the sign.
    pub fn allows(self, weight: f32) -> bool {
        match self {
            Self::Excitatory => weight >= 0.0,
            Self::Inhibitory => weight <= 0.0,
        }
    }

    /// The nearest weight that has the sign; what is not a number stays what it is.
    pub fn confine(self, weight: f32) -> f32 {
        if self.allows(weight) || weight.is_nan() { weight } else { 0.0 }
    }

    /// As [`confine`](Self::confine), in double precision.
    pub(crate) fn confine_double(self, weight: f64) -> f64 {
        match self {
            Self::Excitatory if weight < 0.0 => 0.0,
            Self::Inhibitory if weight > 0.0 => 0.0,
            _ => weight,
        }
    }
}

/// The signs of a projection's weights, `[post][pre][element]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signs<'a> {
    polarity: &'a [Polarity],
    elements_per_pair: usize,
}

impl<'a> Signs<'a> {
    /// `polarity` has the sign of every presynaptic neuron.
    pub(crate) fn new(polarity: &'a [Polarity], elements_per_pair: usize) -> Self {
        Self { polarity, elements_per_pair }
    }

    /// The signs of the weights, in their order, without end.
    pub fn iter(&self) -> impl Iterator<Item = Polarity> + 'a {
        let elements = self.elements_per_pair;
        self.polarity.iter().flat_map(move |&sign| std::iter::repeat_n(sign, elements)).cycle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_the_wrong_sign_becomes_zero() {
        let confined = [-1.5, -0.0, 0.0, 2.5].map(|weight| {
            [Polarity::Excitatory, Polarity::Inhibitory].map(|sign| sign.confine(weight))
        });
        assert_eq!(confined, [[0.0, -1.5], [0.0, 0.0], [0.0, 0.0], [2.5, 0.0]]);
        assert!(Polarity::Excitatory.confine(f32::NAN).is_nan());
    }

    #[test]
    fn the_first_neurons_are_the_excitatory_ones() {
        let signs = |share, neurons| {
            let signs = Polarity::shared(share, neurons);
            signs.iter().map(|sign| &sign.word()[..2]).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(signs(0.8, 5), "ex ex ex ex in");
        assert_eq!(signs(0.5, 3), "ex ex in");
        assert_eq!((signs(0.0, 2), signs(1.0, 2)), ("in in".into(), "ex ex".into()));
        let weights = [-0.5, 0.5].map(|weight| Polarity::Inhibitory.signed(weight));
        assert_eq!(weights, [-0.5, -0.5]);
    }

    #[test]
    fn every_element_of_a_pair_has_the_sign_of_its_presynaptic_neuron() {
        use Polarity::{Excitatory, Inhibitory};
        let signs = Signs::new(&[Excitatory, Inhibitory], 2);
        let two_posts: Vec<_> = signs.iter().take(8).collect();
        let one = [Excitatory, Excitatory, Inhibitory, Inhibitory];
        assert_eq!(two_posts, [one, one].concat());
    }
}
