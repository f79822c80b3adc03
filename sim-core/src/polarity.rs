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
}

/// The signs of a projection's weights, `[post][pre][element]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signs<'a> {
    polarity: &'a [Polarity],
    elements_per_pair: usize,
}

impl<'a> Signs<'a> {
    /// `polarity` is that of every presynaptic neuron.
    pub(crate) fn new(polarity: &'a [Polarity], elements_per_pair: usize) -> Self {
        Self { polarity, elements_per_pair }
    }

    /// The sign of every weight in the order of the weights, again and again.
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
    fn every_element_of_a_pair_has_the_sign_of_its_presynaptic_neuron() {
        use Polarity::{Excitatory, Inhibitory};
        let signs = Signs::new(&[Excitatory, Inhibitory], 2);
        let two_posts: Vec<_> = signs.iter().take(8).collect();
        let one = [Excitatory, Excitatory, Inhibitory, Inhibitory];
        assert_eq!(two_posts, [one, one].concat());
    }
}
