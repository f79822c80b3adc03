//! Pruning by magnitude, and regrowth.
//!
//! A weight of zero is no synapse. Updates that multiply leave a zero as it is, so that what is
//! pruned stays pruned without a mask; it grows again only where it is asked to
//! ([`regrow`]), with the sign of its presynaptic neuron.

use rand::RngExt;
use rand::seq::SliceRandom;
use sim_core::{Error, Kind, Network, Owner, Purpose, Result, Seed};

/// Sets the smallest weights of each projection to zero: the share `share` of them, rounded to
/// whole weights; of equals, the first. Weights that are zero already count. Returns how many
/// weights are zero then, and how many there are.
///
/// # Errors
/// [`Error::OutOfRange`] for a share below 0 or above 1.
pub fn prune(network: &mut Network, share: f64) -> Result<[usize; 2]> {
    Error::check("share", share, (0.0..=1.0).contains(&share), "from 0 to 1")?;
    let [mut zeros, mut all] = [0; 2];
    for weights in network.parameters_mut().filter(|tensor| tensor.id.kind == Kind::Weight) {
        let count = (share * weights.values.len() as f64).round() as usize;
        let mut order: Vec<usize> = (0..weights.values.len()).collect();
        // A stable order of sizes keeps equals in theirs.
        order.sort_by(|&a, &b| weights.values[a].abs().total_cmp(&weights.values[b].abs()));
        order[..count].iter().for_each(|&entry| weights.values[entry] = 0.0);
        zeros += weights.values.iter().filter(|weight| **weight == 0.0).count();
        all += weights.values.len();
    }
    Ok([zeros, all])
}

/// Lets the share `share` of the zeros of each projection, rounded to whole weights and chosen by
/// chance, grow again: with `size`, and the sign of its presynaptic neuron, or a random sign where
/// neurons have no polarity. Returns how many grew. The same `seed` and `round` choose the same
/// weights.
///
/// # Errors
/// [`Error::OutOfRange`] for a share below 0 or above 1, and for a size that is not above 0.
pub fn regrow(
    network: &mut Network,
    share: f64,
    size: f32,
    seed: Seed,
    round: u64,
) -> Result<usize> {
    Error::check("share", share, (0.0..=1.0).contains(&share), "from 0 to 1")?;
    Error::check("size", size.into(), size > 0.0, "above 0")?;
    let mut grown = 0;
    for weights in network.parameters_mut().filter(|tensor| tensor.id.kind == Kind::Weight) {
        let Owner::Projection(projection) = weights.id.owner else { continue };
        let mut random = seed.stream(Purpose::Weights, projection as u64, 1 << 32 | round);
        let is_zero = |entry: &usize| weights.values[*entry] == 0.0;
        let mut zeros: Vec<usize> = (0..weights.values.len()).filter(is_zero).collect();
        zeros.shuffle(&mut random);
        zeros.truncate((share * zeros.len() as f64).round() as usize);
        zeros.sort_unstable();
        grown += zeros.len();
        let signs = weights.signs;
        let mut signs = signs.as_ref().map(|signs| signs.iter().enumerate());
        for entry in zeros {
            let sign = signs.as_mut().and_then(|signs| signs.find(|(place, _)| *place == entry));
            weights.values[entry] = match sign {
                Some((_, sign)) => sign.signed(size),
                None if random.random() => size,
                None => -size,
            };
        }
    }
    Ok(grown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::{
        DelayKernel, DenseSynapses, Granularity, Polarity, Population, Projection, Synapses,
    };

    fn network(weight: Vec<f32>, polarity: Option<Vec<Polarity>>) -> Network {
        let dense = DenseSynapses {
            pre: 2,
            post: weight.len() / 2,
            elements_per_pair: 1,
            min_delay_steps: 0,
            max_delay_steps: 0,
            granularity: Granularity::Synaptic,
            kernel: DelayKernel::OneTap,
            delay: vec![0.0; weight.len()],
            weight,
        };
        let post = dense.post;
        let projection = Projection::new(0, 1, Synapses::Dense(dense));
        Network::new(
            1.0,
            vec![
                Population::source("in", 2),
                Population::neurons("out", post, neurons::LeakyIntegrator::default()),
            ],
            vec![Projection { polarity, ..projection }],
        )
    }

    fn weights(network: &Network) -> Vec<f32> {
        network.parameters().next().unwrap().values.to_vec()
    }

    #[test]
    fn the_smallest_go_first() {
        let start = vec![0.5, -0.25, 0.25, 1.0, -0.125, 2.0];
        for (share, expected) in [
            (0.0, vec![0.5, -0.25, 0.25, 1.0, -0.125, 2.0]),
            (0.35, vec![0.5, 0.0, 0.25, 1.0, 0.0, 2.0]),
            (0.5, vec![0.5, 0.0, 0.0, 1.0, 0.0, 2.0]),
            (1.0, vec![0.0; 6]),
        ] {
            let mut network = network(start.clone(), None);
            let [zeros, all] = prune(&mut network, share).unwrap();
            assert_eq!(weights(&network), expected, "{share}");
            assert_eq!((zeros, all), (expected.iter().filter(|w| **w == 0.0).count(), 6));
        }
        let refused = prune(&mut network(start, None), 1.5).unwrap_err().to_string();
        assert_eq!(refused, "share is 1.5, but must be from 0 to 1");
    }

    #[test]
    fn what_grows_again_has_the_sign_of_its_neuron() {
        let signs = vec![Polarity::Excitatory, Polarity::Inhibitory];
        let start: Vec<f32> =
            (0..200).map(|n| if n < 100 { 0.0 } else { [1.0, -1.0][n % 2] }).collect();
        let mut network = network(start.clone(), Some(signs));
        assert_eq!(regrow(&mut network, 0.3, 0.01, Seed(4), 0).unwrap(), 30);
        let grown = weights(&network);
        assert_eq!(grown[100..], start[100..]);
        for (entry, &weight) in grown[..100].iter().enumerate() {
            assert!(weight == 0.0 || weight == [0.01, -0.01][entry % 2], "{entry}: {weight}");
        }
        assert_eq!(grown[..100].iter().filter(|weight| **weight != 0.0).count(), 30);
        let mut again = super::tests::network(start.clone(), None);
        regrow(&mut again, 0.3, 0.01, Seed(4), 1).unwrap();
        let places = |weights: &[f32]| -> Vec<bool> { weights.iter().map(|w| *w != 0.0).collect() };
        assert_ne!(places(&weights(&again)), places(&grown), "another round chooses others");
        let of_sign = |positive: bool| {
            weights(&again)[..100].iter().filter(|w| **w != 0.0 && (**w > 0.0) == positive).count()
        };
        assert!(of_sign(true) > 5 && of_sign(false) > 5);
    }
}
