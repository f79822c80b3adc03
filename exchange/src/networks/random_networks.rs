//! Random deployed networks, for tests of round trips.

use crate::networks::deployed::{
    DeployedNetwork, DeployedNeurons, DeployedPopulation, DeployedProjection,
};
use crate::provenance::Provenance;
use proptest::prelude::*;
use sim_core::{
    Adaptation, Decay, Dynamics, Firing, Membrane, Polarity, PortDynamics, Reset, Roles, Synapse,
};

const DT_MS: [f64; 4] = [1.0, 0.1, 10.0, 0.3];

fn decay() -> impl Strategy<Value = Decay> {
    prop_oneof![Just(Decay::Exact), Just(Decay::Euler)]
}

fn port() -> impl Strategy<Value = PortDynamics> {
    prop_oneof![
        Just(PortDynamics::Delta),
        (10.0..50.0, decay())
            .prop_map(|(tau_ms, decay)| PortDynamics::Exponential { tau_ms, decay }),
    ]
}

fn firing(dt_ms: f64) -> impl Strategy<Value = Firing> {
    let adaptation = (10.0..500.0, decay(), 0.0..3.0)
        .prop_map(|(tau_ms, decay, strength)| Adaptation { tau_ms, decay, strength });
    let reset = prop_oneof![Just(Reset::Hard), Just(Reset::Soft)];
    (0.1..3.0, reset, 0_u32..4, any::<bool>(), proptest::option::of(adaptation)).prop_map(
        move |(threshold, reset, refractory_steps, holds, adaptation)| Firing {
            threshold,
            reset,
            refractory_ms: f64::from(refractory_steps) * dt_ms,
            holds,
            adaptation,
        },
    )
}

fn dynamics(dt_ms: f64) -> impl Strategy<Value = Dynamics> {
    let membrane = (10.0..50.0, decay(), any::<bool>())
        .prop_map(|(tau_ms, decay, input_scaling)| Membrane { tau_ms, decay, input_scaling });
    let ports = proptest::collection::vec(port(), 1..3);
    let firing = proptest::option::of(firing(dt_ms));
    (membrane, ports, firing).prop_map(|(membrane, ports, firing)| Dynamics {
        membrane,
        ports,
        firing,
    })
}

fn neurons(dt_ms: f64, size: usize) -> impl Strategy<Value = DeployedNeurons> {
    let own_taus = proptest::option::of(proptest::collection::vec(11.0..60.0, size));
    (dynamics(dt_ms), own_taus).prop_flat_map(move |(dynamics, own_taus)| {
        let inputs = dynamics.ports.len() * size;
        let neurons = match own_taus {
            None => DeployedNeurons::shared(dynamics),
            Some(taus) => DeployedNeurons::each(
                taus.into_iter()
                    .map(|tau_ms| {
                        let membrane = Membrane { tau_ms, ..dynamics.membrane };
                        Dynamics { membrane, ..dynamics.clone() }
                    })
                    .collect(),
            ),
        };
        proptest::option::of(proptest::collection::vec(-1.0..1.0, inputs))
            .prop_map(move |bias| neurons.clone().with_bias(bias.unwrap_or_default()))
    })
}

/// Synapses, all of them in the order of pairs or single ones.
fn synapses(pre: usize, post: usize) -> impl Strategy<Value = Vec<Synapse>> {
    let single = (0..pre as u32, 0..post as u32, -2.0..2.0, 0_u32..1000)
        .prop_map(|(pre, post, weight, delay_steps)| Synapse { pre, post, weight, delay_steps });
    let all = (1_usize..3).prop_flat_map(move |elements| {
        proptest::collection::vec((-2.0..2.0, 0_u32..30), pre * post * elements).prop_map(
            move |values| {
                let synapse = |(index, (weight, delay_steps)): (usize, (f64, u32))| {
                    let pair = index / elements;
                    let (pre, post) = ((pair % pre) as u32, (pair / pre) as u32);
                    Synapse { pre, post, weight, delay_steps }
                };
                values.into_iter().enumerate().map(synapse).collect()
            },
        )
    });
    prop_oneof![proptest::collection::vec(single, 0..20), all]
}

/// A source, two populations of neurons, and a projection between any two that may have one.
pub(crate) fn networks() -> impl Strategy<Value = DeployedNetwork> {
    let sizes = (1_usize..6, 1_usize..6, 1_usize..6);
    (0..DT_MS.len(), sizes).prop_flat_map(|(dt, (a, b, c))| {
        let dt_ms = DT_MS[dt];
        let ends = [(0, 1), (1, 2), (1, 1), (0, 2), (2, 1)];
        let sizes = [a, b, c];
        let projections: Vec<_> = ends
            .into_iter()
            .map(|(source, target)| {
                let signed = any::<Option<bool>>();
                let synapses = synapses(sizes[source], sizes[target]);
                (Just((source, target)), synapses, signed, any::<bool>())
            })
            .collect();
        let roles = proptest::option::of(Just(Roles::new(0, 2)));
        (neurons(dt_ms, b), neurons(dt_ms, c), projections, roles).prop_map(
            move |(hidden, output, projections, roles)| {
                let population = |name: &str, size, neurons| DeployedPopulation {
                    name: name.into(),
                    size,
                    neurons,
                };
                let names = ["ears", "layer 1, left", "λ"];
                let ports = [0, hidden.ports(), output.ports()];
                let projections = projections
                    .into_iter()
                    .map(|((source, target), mut synapses, signed, last_port)| {
                        let polarity = signed.map(|excitatory| {
                            let sign = if excitatory { 1.0 } else { -1.0 };
                            synapses.iter_mut().for_each(|synapse| {
                                synapse.weight = sign * synapse.weight.abs();
                            });
                            let sign = if excitatory {
                                Polarity::Excitatory
                            } else {
                                Polarity::Inhibitory
                            };
                            vec![sign; sizes[source]]
                        });
                        DeployedProjection {
                            name: format!("{}->{}", names[source], names[target]),
                            source,
                            target,
                            port: if last_port { ports[target] - 1 } else { 0 },
                            synapses,
                            polarity,
                        }
                    })
                    .collect();
                DeployedNetwork {
                    dt_ms,
                    populations: vec![
                        population(names[0], a, None),
                        population(names[1], b, Some(hidden)),
                        population(names[2], c, Some(output)),
                    ],
                    projections,
                    roles: roles.unwrap_or_default(),
                }
            },
        )
    })
}

/// Where test networks come from.
pub(crate) fn provenance() -> Provenance {
    Provenance {
        synfire: "0.1.0".into(),
        commit: None,
        source: "a test".into(),
        sha256: "00ff".into(),
    }
}
