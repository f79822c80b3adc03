use super::*;
use crate::norm::BatchNorm;
use crate::population::Population;
use crate::test_networks::{Leaky, PROBE, RELAY, network, neurons, source, sparse};

fn spike(neuron: u32) -> Spike {
    Spike { neuron, count: 1.0 }
}

#[test]
fn a_chain_without_delays_is_crossed_in_one_step_whatever_the_order_of_its_populations() {
    let populations =
        vec![neurons("last", 1, RELAY), neurons("first", 1, RELAY), source("input", 1)];
    let one = [(0, 0, 1.0, 0)];
    let mut engine =
        StreamingEngine::new(&network(populations, vec![sparse(1, 0, &one), sparse(2, 1, &one)]))
            .unwrap();
    for silent in [false, true, false, false] {
        engine.step(if silent { &[] } else { &[Spike { neuron: 0, count: 1.0 }] }).unwrap();
        for population in 0..3 {
            assert_eq!(engine.fired(population), if silent { &[][..] } else { &[0] });
        }
    }
    assert_eq!(engine.next_step(), 4);
}

#[test]
fn delays_loops_and_coincident_spikes_keep_their_time() {
    let net = network(
        vec![source("input", 2), neurons("loop", 2, RELAY), neurons("probe", 1, PROBE)],
        vec![
            sparse(0, 1, &[(0, 0, 1.0, 1)]),
            sparse(1, 1, &[(0, 1, 1.0, 3), (1, 0, 1.0, 2)]),
            sparse(0, 2, &[(1, 0, 0.25, 2), (1, 0, 0.5, 200)]),
        ],
    );
    let mut engine = StreamingEngine::new(&net).unwrap();
    for step in 0..250 {
        engine
            .step(if step == 0 {
                &[Spike { neuron: 0, count: 1.0 }, Spike { neuron: 1, count: 3.0 }]
            } else {
                &[]
            })
            .unwrap();
        let expected: &[u32] = match step % 5 {
            1 => &[0],
            4 => &[1],
            _ => &[],
        };
        assert_eq!(engine.fired(1), expected, "step {step}");
        assert_eq!(
            engine.potential(2),
            [if step == 2 {
                0.75
            } else if step == 200 {
                1.5
            } else {
                0.0
            }],
            "step {step}"
        );
    }
}

#[test]
fn norms_are_applied_and_padding_never_fires() {
    // Without input the norm's offset makes every neuron fire at every step, in the filled-up block
    // too if they were asked.
    for size in [1, 15, 16, 17] {
        let bias = BatchNorm { bias: vec![2.0; size], ..BatchNorm::new(size) };
        let populations = vec![
            source("input", 1),
            Population { norm: Some(bias), ..neurons("busy", size, RELAY) },
        ];
        let always =
            Population { ..neurons("always", size, Leaky { decay: 0.0, threshold: -1.0 }) };
        let mut engine =
            StreamingEngine::new(&network([populations, vec![always]].concat(), vec![])).unwrap();
        engine.step(&[]).unwrap();
        let everyone: Vec<u32> = (0..size as u32).collect();
        assert_eq!((engine.fired(1), engine.fired(2)), (&everyone[..], &everyone[..]));
        assert_eq!((engine.potential(1).len(), engine.potential(0).len()), (size, 0));
    }
}

#[test]
fn a_reset_forgets_everything() {
    let populations = vec![
        source("input", 1),
        neurons("leaky", 1, Leaky { decay: 0.5, threshold: 9.0 }),
        neurons("relay", 1, RELAY),
    ];
    let net = network(
        populations,
        vec![sparse(0, 1, &[(0, 0, 1.0, 0), (0, 0, 1.0, 7)]), sparse(0, 2, &[(0, 0, 1.0, 3)])],
    );
    let mut engine = StreamingEngine::new(&net).unwrap();
    for steps in 0..20 {
        for _ in 0..steps {
            engine.step(&[spike(0)]).unwrap();
        }
        engine.reset();
        assert_eq!(
            (engine.next_step(), engine.potential(1), engine.fired(0), engine.fired(2)),
            (0, &[0.0][..], &[][..], &[][..])
        );
        for _ in 0..12 {
            engine.step(&[]).unwrap();
            assert_eq!(
                (engine.potential(1), engine.fired(2)),
                (&[0.0][..], &[][..]),
                "after {steps} steps"
            );
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let message = |net: &Network| StreamingEngine::new(net).unwrap_err().to_string();
    let probe = || neurons("probe", 1, PROBE);
    assert_eq!(
        message(&network(vec![probe()], vec![])),
        "a network that streams has one source, but this one has 0"
    );
    let two = network(vec![source("left", 1), source("right", 1)], vec![]);
    assert_eq!(message(&two), "a network that streams has one source, but this one has 2");
    let own = network(vec![source("input", 1), probe()], vec![sparse(1, 1, &[(0, 0, 1.0, 0)])]);
    assert_eq!(message(&own), "projections with zero delay form a cycle: probe -> probe");
    let heavy = network(vec![source("input", 1), probe()], vec![sparse(0, 1, &[(0, 0, -1e39, 1)])]);
    let refused = message(&heavy);
    assert!(
        refused.starts_with("projection input -> probe: weight of the synapse from 0 to 0 is -1"),
        "{refused}"
    );
    let slow = Network { dt_ms: 100.0, ..network(vec![source("input", 1), probe()], vec![]) };
    assert_eq!(message(&slow), "Leaky::dt_ms is 100, but must be below 100");
    let twins = network(vec![source("input", 1), source("input", 1)], vec![]);
    assert_eq!(message(&twins), "two populations are called input");
}

#[test]
fn input_that_does_not_fit_is_named_and_the_step_is_not_taken() {
    let net = network(
        vec![source("ears", 2), neurons("probe", 17, PROBE)],
        vec![sparse(0, 1, &[(0, 16, -3e38, 0)])],
    );
    let mut engine = StreamingEngine::new(&net).unwrap();
    let mut message = |spike| engine.step(&[spike]).unwrap_err().to_string();
    assert_eq!(message(spike(2)), "neuron of an input spike of ears is 2, but must be below 2");
    for count in [0.0, f32::NAN, f32::INFINITY] {
        let expected = "but must be a finite number other than 0";
        assert_eq!(
            message(Spike { neuron: 0, count }),
            format!("count of an input spike of ears is {count}, {expected}")
        );
    }
    assert_eq!(engine.next_step(), 0);
    let overflow = engine.step(&[Spike { neuron: 0, count: 2.0 }]).unwrap_err();
    assert_eq!(overflow.to_string(), "potential of neuron 16 of probe is -inf after step 0");
    engine.reset();
    engine.step(&[spike(0)]).unwrap();
    assert_eq!(engine.potential(1)[16], -3e38);
}

#[test]
fn graded_and_signed_input_multiplies_the_weight() {
    let net = network(
        vec![source("ears", 2), neurons("probe", 1, PROBE)],
        vec![sparse(0, 1, &[(0, 0, 2.0, 0), (1, 0, 4.0, 0)])],
    );
    let mut engine = StreamingEngine::new(&net).unwrap();
    let spike = |neuron, count| Spike { neuron, count };
    engine.step(&[spike(0, -0.5), spike(1, 0.75)]).unwrap();
    assert_eq!(engine.potential(1), [2.0]);
}
