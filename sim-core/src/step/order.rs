//! In which order a step visits populations.

use crate::delay_kernel::rounded_delay;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::synapses::Synapses;

/// An order of the populations in which every projection with a zero delay points forwards;
/// otherwise the order of the network.
///
/// # Errors
/// What [`Network::check`] refuses; [`Error::Network`] naming the populations of a cycle.
pub(crate) fn step_order(network: &Network) -> Result<Vec<usize>> {
    network.check()?;
    let zero_delay: Vec<(usize, usize)> = network
        .projections
        .iter()
        .filter(|projection| match &projection.synapses {
            Synapses::Dense(dense) => dense
                .delay
                .iter()
                .any(|&delay| rounded_delay(f64::from(delay), dense.max_delay_steps) == 0),
            Synapses::Sparse(synapses) => synapses.iter().any(|synapse| synapse.delay_steps == 0),
        })
        .map(|projection| (projection.source, projection.target))
        .collect();
    let mut order = Vec::with_capacity(network.populations.len());
    let mut waiting: Vec<usize> = (0..network.populations.len()).collect();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|&target| {
            !zero_delay.iter().any(|(s, t)| *t == target && waiting.contains(s))
        });
        let Some(ready) = ready else { return Err(cycle(network, &zero_delay, &waiting)) };
        order.push(waiting.remove(ready));
    }
    Ok(order)
}

/// Every population of `waiting` has a zero-delay input from another one of them: walking against
/// the projections must meet a cycle.
fn cycle(network: &Network, zero_delay: &[(usize, usize)], waiting: &[usize]) -> Error {
    let mut path = vec![waiting[0]];
    loop {
        let last = path[path.len() - 1];
        let (source, _) = zero_delay
            .iter()
            .find(|(s, t)| *t == last && waiting.contains(s))
            .expect("nobody waiting is ready");
        let met = path.iter().position(|population| population == source);
        path.push(*source);
        if let Some(met) = met {
            let names: Vec<&str> = path[met..]
                .iter()
                .rev()
                .map(|&index| network.populations[index].name.as_str())
                .collect();
            return Error::Network(format!(
                "projections with zero delay form a cycle: {}",
                names.join(" -> ")
            ));
        }
    }
}
