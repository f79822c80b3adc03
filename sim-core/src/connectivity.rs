//! Which neurons of two populations are joined, and by what: synapses drawn at random.

use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::field::Field;
use crate::polarity::Polarity;
use crate::random::{Purpose, Seed};
use crate::synapses::Synapse;
use crate::whole_steps::{shown, whole_steps};
use rand::RngExt;
use rand::seq::index;

/// Most steps of a delay that is drawn.
const MAX_DELAY_STEPS: f64 = 1e6;
/// Largest size of a weight that is drawn.
const MAX_WEIGHT: f64 = 1e9;

/// Which pairs of a presynaptic and a postsynaptic neuron have a synapse. No pair has two, and
/// within a population no neuron is joined with itself, but by [`Pairs::OneToOne`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Pairs {
    /// Each pair with this probability, independently: pairwise Bernoulli.
    Bernoulli(f64),
    /// So many presynaptic neurons of every postsynaptic one, all as likely: fixed in-degree.
    InDegree(usize),
    /// So many postsynaptic neurons of every presynaptic one, all as likely: fixed out-degree.
    OutDegree(usize),
    /// Neurons with the same index.
    OneToOne,
    /// All pairs.
    AllToAll,
}

/// The two sides of a projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Number of presynaptic neurons.
    pub pre: usize,
    /// Number of postsynaptic neurons.
    pub post: usize,
    /// Whether both sides are one population.
    pub is_same: bool,
    /// Whether the projection is part of a loop. Then delays of at least one step are drawn, but
    /// for those of a constant or a uniform distribution, which says itself where it begins.
    pub closes_loop: bool,
}

/// Rules by which synapses are drawn.
///
/// ```
/// use sim_core::{Connectivity, Distribution, Ends, Pairs, Seed};
///
/// let connectivity = Connectivity {
///     pairs: Pairs::InDegree(10),
///     weight: Distribution::LogNormal { mean: 0.2, std: 0.1 },
///     delay_ms: Distribution::Uniform([1.0, 5.0]),
/// };
/// let ends = Ends { pre: 80, post: 20, is_same: false, closes_loop: false };
/// let synapses = connectivity.draw(ends, 0.1, None, Seed(1), 0)?;
/// assert_eq!(synapses.len(), 200);
/// assert!(synapses.iter().all(|synapse| (10..=50).contains(&synapse.delay_steps)));
/// # Ok::<(), sim_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Connectivity {
    /// Which pairs have a synapse.
    pub pairs: Pairs,
    /// Weights, within ±1e9. Where neurons have a polarity, their sizes, at least 0.
    pub weight: Distribution,
    /// Delays in ms, from 0 to a million steps, rounded to steps. That of a constant and the two
    /// ends of a uniform distribution are whole numbers of steps.
    pub delay_ms: Distribution,
}

impl Connectivity {
    /// Checks the parameters on a grid of `dt_ms`; `has_polarity` tells whether the presynaptic
    /// neurons have the signs.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for the first that is not allowed.
    pub fn check(&self, dt_ms: f64, has_polarity: bool) -> Result<()> {
        if let Pairs::Bernoulli(probability) = self.pairs {
            let allowed = (0.0..=1.0).contains(&probability);
            Error::check("probability", probability, allowed, "from 0 to 1")?;
        }
        let (least, at_least) = match has_polarity {
            true => (0.0, "at least 0, since the presynaptic neuron has the sign,"),
            false => (-MAX_WEIGHT, "at least -1e9"),
        };
        self.weight.check("weight", [least, MAX_WEIGHT], [at_least, "at most 1e9"])?;
        let longest = MAX_DELAY_STEPS * dt_ms;
        let at_most = format!("at most {} ms, a million steps of {dt_ms} ms", shown(longest));
        self.delay_ms.check("delay_ms", [0.0, longest], ["at least 0", &at_most])?;
        let ends = match self.delay_ms {
            Distribution::Constant(delay_ms) => vec![(Field::from("delay_ms"), delay_ms)],
            Distribution::Uniform(ends) => {
                let of_pair = |(index, ms)| (Field::of_pair("delay_ms", index), ms);
                ends.into_iter().enumerate().map(of_pair).collect()
            }
            _ => Vec::new(),
        };
        ends.into_iter().try_for_each(|(field, ms)| whole_steps(field, ms, dt_ms).map(drop))
    }

    /// Checks that populations of these sizes have such pairs.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a degree beyond the other side; [`Error::Unfit`] for pairs one to
    /// one of populations that differ in size.
    pub fn check_ends(&self, ends: Ends) -> Result<()> {
        let degree = |name: &str, degree: usize, others: usize, side: &str| {
            let most = others.saturating_sub(usize::from(ends.is_same));
            let but_itself = if ends.is_same { " other than itself" } else { "" };
            let allowed = format!("at most {most}, the number of {side} neurons{but_itself}");
            Error::check(name, degree as f64, degree <= most, &allowed)
        };
        match self.pairs {
            Pairs::InDegree(of_each) => degree("in_degree", of_each, ends.pre, "presynaptic"),
            Pairs::OutDegree(of_each) => degree("out_degree", of_each, ends.post, "postsynaptic"),
            Pairs::OneToOne if ends.pre != ends.post => {
                let Ends { pre, post, .. } = ends;
                let problem = format!(
                    "is one_to_one, but there are {pre} presynaptic and {post} postsynaptic neurons"
                );
                Err(Error::unfit("pairs", problem))
            }
            _ => Ok(()),
        }
    }

    /// How many synapses are expected between populations of these sizes.
    pub fn expected(&self, ends: Ends) -> f64 {
        let (pre, post) = (ends.pre as f64, ends.post as f64);
        match self.pairs {
            Pairs::Bernoulli(probability) => pre * post * probability.clamp(0.0, 1.0),
            Pairs::InDegree(of_each) => post * of_each as f64,
            Pairs::OutDegree(of_each) => pre * of_each as f64,
            Pairs::OneToOne => pre.min(post),
            Pairs::AllToAll => pre * post,
        }
    }

    /// How many pairs of neurons are looked at one by one to draw them.
    pub fn pairs_looked_at(&self, ends: Ends) -> f64 {
        match self.pairs {
            Pairs::Bernoulli(_) => ends.pre as f64 * ends.post as f64,
            _ => self.expected(ends),
        }
    }

    /// Draws the synapses of projection number `projection` on a grid of `dt_ms`, in the order of
    /// their presynaptic neurons (for a fixed in-degree: of their postsynaptic ones). Where
    /// `polarity` tells the sign of each presynaptic neuron, its weights have it. Every neuron of
    /// the side that is gone through has a stream of random numbers of its own, so it does not
    /// matter who draws first.
    ///
    /// # Errors
    /// As [`Self::check`] and [`Self::check_ends`].
    pub fn draw(
        &self,
        ends: Ends,
        dt_ms: f64,
        polarity: Option<&[Polarity]>,
        seed: Seed,
        projection: u64,
    ) -> Result<Vec<Synapse>> {
        self.check(dt_ms, polarity.is_some())?;
        self.check_ends(ends)?;
        let Ends { pre, post, is_same, closes_loop } = ends;
        let least_ms = if closes_loop { dt_ms } else { 0.0 };
        let delays_ms = [least_ms, MAX_DELAY_STEPS * dt_ms];
        let weights = [if polarity.is_some() { 0.0 } else { -MAX_WEIGHT }, MAX_WEIGHT];
        let mut synapses = Vec::new();
        let mut join = |pre: usize, post: usize, random: &mut _| {
            let delay_steps = (self.delay_ms.draw(random, delays_ms) / dt_ms).round() as u32;
            let weight = self.weight.draw(random, weights);
            let weight = match polarity {
                Some(signs) if signs[pre] == Polarity::Inhibitory => -weight,
                _ => weight,
            };
            synapses.push(Synapse { pre: pre as u32, post: post as u32, weight, delay_steps });
        };
        let walked = if matches!(self.pairs, Pairs::InDegree(_)) { post } else { pre };
        for neuron in 0..walked {
            let mut random = seed.stream(Purpose::Weights, projection, neuron as u64);
            // The others by index, without the neuron itself where it is one of them.
            let other = |index: usize| index + usize::from(is_same && index >= neuron);
            let others = |count: usize| count - usize::from(is_same);
            match self.pairs {
                Pairs::Bernoulli(probability) => {
                    for target in 0..post {
                        if random.random_bool(probability) && !(is_same && neuron == target) {
                            join(neuron, target, &mut random);
                        }
                    }
                }
                Pairs::InDegree(of_each) => {
                    let mut sources = index::sample(&mut random, others(pre), of_each).into_vec();
                    sources.sort_unstable();
                    sources.into_iter().for_each(|pre| join(other(pre), neuron, &mut random));
                }
                Pairs::OutDegree(of_each) => {
                    let mut targets = index::sample(&mut random, others(post), of_each).into_vec();
                    targets.sort_unstable();
                    targets.into_iter().for_each(|post| join(neuron, other(post), &mut random));
                }
                Pairs::OneToOne => join(neuron, neuron, &mut random),
                Pairs::AllToAll => {
                    (0..others(post)).for_each(|post| join(neuron, other(post), &mut random));
                }
            }
        }
        Ok(synapses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APART: Ends = Ends { pre: 30, post: 20, is_same: false, closes_loop: false };
    const WITHIN: Ends = Ends { pre: 25, post: 25, is_same: true, closes_loop: true };

    fn drawn_by(pairs: Pairs, ends: Ends) -> Vec<Synapse> {
        let (weight, delay_ms) = (Distribution::Constant(0.5), Distribution::Uniform([1.0, 2.0]));
        Connectivity { pairs, weight, delay_ms }.draw(ends, 0.5, None, Seed(3), 1).unwrap()
    }

    /// How many synapses each neuron of one side has.
    fn degrees(synapses: &[Synapse], neurons: usize, of: fn(&Synapse) -> u32) -> Vec<usize> {
        let mut degrees = vec![0; neurons];
        synapses.iter().for_each(|synapse| degrees[of(synapse) as usize] += 1);
        degrees
    }

    #[test]
    fn degrees_are_those_that_were_asked_for() {
        for ends in [APART, WITHIN] {
            let of_posts = drawn_by(Pairs::InDegree(7), ends);
            assert_eq!(degrees(&of_posts, ends.post, |synapse| synapse.post), vec![7; ends.post]);
            let of_pres = drawn_by(Pairs::OutDegree(7), ends);
            assert_eq!(degrees(&of_pres, ends.pre, |synapse| synapse.pre), vec![7; ends.pre]);
            let all = drawn_by(Pairs::AllToAll, ends);
            assert_eq!(all.len(), ends.pre * (ends.post - usize::from(ends.is_same)));
            let some = drawn_by(Pairs::Bernoulli(0.3), ends).len() as f64;
            let expected = 0.3 * all.len() as f64;
            assert!((some - expected).abs() < 5.0 * (0.7 * expected).sqrt(), "{some}");
        }
        let chosen = drawn_by(Pairs::InDegree(7), APART);
        let of_pres = degrees(&chosen, APART.pre, |synapse| synapse.pre);
        assert!(of_pres.iter().any(|&degree| degree != of_pres[0]), "the other side is chance");
    }

    #[test]
    fn no_pair_is_joined_twice_and_no_neuron_with_itself() {
        let random = [Pairs::Bernoulli(0.5), Pairs::InDegree(9), Pairs::OutDegree(9)];
        for pairs in random.into_iter().chain([Pairs::AllToAll]) {
            for ends in [APART, WITHIN] {
                let synapses = drawn_by(pairs, ends);
                let mut joined: Vec<(u32, u32)> =
                    synapses.iter().map(|synapse| (synapse.pre, synapse.post)).collect();
                joined.sort_unstable();
                joined.dedup();
                assert_eq!(joined.len(), synapses.len(), "{pairs:?}");
                let same = joined.iter().any(|(pre, post)| pre == post);
                assert!(!(same && ends.is_same), "{pairs:?}");
            }
        }
        let own = drawn_by(Pairs::OneToOne, WITHIN);
        assert!(own.len() == 25 && own.iter().all(|synapse| synapse.pre == synapse.post));
    }

    #[test]
    fn a_neuron_draws_the_same_whoever_is_beside_it() {
        let wider = Ends { pre: 50, ..APART };
        let (few, many) =
            (drawn_by(Pairs::OutDegree(5), APART), drawn_by(Pairs::OutDegree(5), wider));
        assert_eq!(few[..], many[..few.len()]);
    }

    #[test]
    fn weights_take_the_sign_of_their_neuron_and_loops_at_least_a_step() {
        let connectivity = Connectivity {
            pairs: Pairs::AllToAll,
            weight: Distribution::Normal { mean: 0.5, std: 1.0 },
            delay_ms: Distribution::Exponential { mean: 0.5 },
        };
        let signs = Polarity::shared(0.8, WITHIN.pre);
        let synapses = connectivity.draw(WITHIN, 1.0, Some(&signs), Seed(0), 0).unwrap();
        let allowed = |synapse: &Synapse| signs[synapse.pre as usize].allows(synapse.weight as f32);
        assert!(synapses.iter().all(allowed));
        assert!(synapses.iter().any(|synapse| synapse.weight < 0.0));
        assert_eq!(synapses.iter().map(|synapse| synapse.delay_steps).min(), Some(1));
        let open = Ends { closes_loop: false, ..WITHIN };
        let synapses = connectivity.draw(open, 1.0, None, Seed(0), 0).unwrap();
        assert_eq!(synapses.iter().map(|synapse| synapse.delay_steps).min(), Some(0));
    }

    #[test]
    fn what_populations_cannot_have_is_refused() {
        let of = |pairs, ends| {
            let (weight, delay_ms) = (Distribution::Constant(1.0), Distribution::Constant(1.0));
            let drawn = Connectivity { pairs, weight, delay_ms }.draw(ends, 1.0, None, Seed(0), 0);
            drawn.unwrap_err().to_string()
        };
        assert_eq!(
            of(Pairs::InDegree(31), APART),
            "in_degree is 31, but must be at most 30, the number of presynaptic neurons"
        );
        assert_eq!(
            of(Pairs::OutDegree(25), WITHIN),
            "out_degree is 25, but must be at most 24, the number of postsynaptic neurons other \
             than itself"
        );
        assert_eq!(
            of(Pairs::OneToOne, APART),
            "pairs is one_to_one, but there are 30 presynaptic and 20 postsynaptic neurons"
        );
        assert_eq!(of(Pairs::Bernoulli(1.5), APART), "probability is 1.5, but must be from 0 to 1");
        let signed = Connectivity {
            pairs: Pairs::AllToAll,
            weight: Distribution::Constant(-1.0),
            delay_ms: Distribution::Constant(0.5),
        };
        assert_eq!(
            signed.check(0.5, true).unwrap_err().to_string(),
            "weight is -1, but must be at least 0, since the presynaptic neuron has the sign, and \
             at most 1e9"
        );
        let coarse = signed.check(1.0, false).unwrap_err().to_string();
        assert!(coarse.starts_with("delay_ms is 0.5, but must be a whole number of steps"));
    }
}
