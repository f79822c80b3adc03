//! Oja's rule: what it converges to; and networks that learn, stopped and gone on with.

use crate::relay::Linear;
use neurons::Lif;
use plasticity::local::{Oja, PairStdp};
use rand::RngExt;
use sim_core::{
    ClockEngine, DelaySide, EventSnapshot, Network, Polarity, Population, Projection, Purpose,
    Recording, Seed, Spike, SpikeFrames, Synapse, Synapses, Variables,
};

/// Input of the four channels in one step: two independent factors, the first of which is stronger.
fn drawn(step: u64) -> [f32; 4] {
    let mut random = Seed(3).stream(Purpose::Synthesis, step, 0);
    let [strong, weak] = [2.0, 0.5].map(|size| size * (random.random::<f32>() - 0.5));
    // The directions (1, 1, 1, 1) / 2 and (1, -1, 1, -1) / 2.
    [strong + weak, strong - weak, strong + weak, strong - weak].map(|x| x / 2.0)
}

#[test]
fn a_linear_neuron_learns_the_principal_component_of_signed_input() {
    let start = [0.3, 0.1, -0.1, 0.2];
    let synapses = (0..4).map(|pre: u32| Synapse {
        pre,
        post: 0,
        weight: start[pre as usize],
        delay_steps: pre % 3,
    });
    // All channels are as late as the last one.
    let network = Network::new(
        1.0,
        vec![Population::source("input", 4), Population::neurons("neuron", 1, Linear)],
        vec![
            Projection::new(0, 1, Synapses::Sparse(synapses.collect()))
                .learning_by(Oja { rate: 0.02, tau_ms: 0.0 }),
        ],
    );
    let mut engine = ClockEngine::build(&network).unwrap();
    for step in 0..4000_u64 {
        // Delays of 0, 1, 2 and 0 steps: what is drawn for one moment arrives in one step.
        let spike = |channel: usize| {
            let moment = (step + channel as u64 % 3).wrapping_sub(2);
            let count = if moment < 1 << 40 { drawn(moment)[channel] } else { 0.0 };
            Spike { neuron: channel as u32, count }
        };
        let spikes: Vec<Spike> = (0..4).map(spike).filter(|spike| spike.count != 0.0).collect();
        engine.step(&[spikes], &mut ()).unwrap();
    }
    let mut weights = [0.0; 4];
    engine.synapses(0).synapses().for_each(|own| weights[own.pre as usize] = own.weight);
    let length = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
    let along = weights.iter().map(|w| w / 2.0).sum::<f64>();
    assert!((length - 1.0).abs() < 0.02, "{weights:?}");
    assert!(along.abs() > 0.995, "{weights:?}");
}

/// A recurrent network with delays, in which everything learns.
fn learning(side: DelaySide) -> Network {
    let mut random = Seed(5).stream(Purpose::Synthesis, 0, 1);
    let mut draw = |sources: u32, targets: u32, largest: f64| {
        let mut synapses = Vec::new();
        for pre in 0..sources {
            for post in 0..targets {
                let delay_steps = 1 + random.random_range(0..7);
                let weight = largest * random.random::<f64>();
                synapses.push(Synapse { pre, post, weight, delay_steps });
            }
        }
        Synapses::Sparse(synapses)
    };
    let rule = PairStdp { rate: 0.05, delay_side: side, ..PairStdp::default() };
    let lif = Lif { refractory_ms: 2.0, ..Lif::default() };
    Network::new(
        1.0,
        vec![Population::source("input", 6), Population::neurons("neurons", 9, lif)],
        vec![
            Projection::new(0, 1, draw(6, 9, 0.6)).learning_by(rule),
            Projection::new(1, 1, draw(9, 9, 0.2)).learning_by(Oja::default()),
        ],
    )
}

fn input(steps: usize) -> SpikeFrames {
    let mut random = Seed(6).stream(Purpose::Synthesis, 0, 2);
    let events: Vec<_> = (0..6 * steps / 4)
        .map(|_| (random.random_range(0..6), random.random_range(0..steps as u32)))
        .collect();
    SpikeFrames::from_events(6, steps, &events).unwrap()
}

#[test]
fn a_network_that_learns_goes_on_from_a_snapshot_bit_for_bit() {
    for side in [DelaySide::Dendritic, DelaySide::Axonal] {
        let network = learning(side);
        let frames = input(300);
        let trains = frames.by_step();
        let mut whole = ClockEngine::build(&network).unwrap();
        let variables = Variables::ALL.with_columns(&["potential", "refractory"]);
        let mut expected = Recording::new(2, variables.clone());
        whole.run(&[frames], 300, &mut expected).unwrap();
        assert!(expected.spikes(1).len() > 200, "{}", expected.spikes(1).len());

        for stop in [1, 5, 140, 299] {
            let mut first = ClockEngine::build(&network).unwrap();
            let mut recording = Recording::new(2, variables.clone());
            for train in &trains[..stop] {
                first.step(std::slice::from_ref(train), &mut recording).unwrap();
            }
            // As text, as a file would have it.
            let text = serde_json::to_string(&first.snapshot()).unwrap();
            let mut second = ClockEngine::build(&network).unwrap();
            second.restore(&serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(second.next_step(), stop);
            for train in &trains[stop..] {
                second.step(std::slice::from_ref(train), &mut recording).unwrap();
            }
            assert_eq!(recording, expected, "{side:?}, stopped after {stop} steps");
            for projection in 0..2 {
                assert_eq!(second.synapses(projection), whole.synapses(projection));
            }
        }
        whole.reset();
        let mut again = Recording::new(2, variables);
        whole.run(&[input(300)], 300, &mut again).unwrap();
        assert_eq!(again, expected, "a reset brings the weights back");
    }
}

#[test]
fn weights_that_learn_keep_the_sign_of_their_neuron() {
    let mut network = learning(DelaySide::Axonal);
    let signs =
        |p: usize| if p.is_multiple_of(2) { Polarity::Excitatory } else { Polarity::Inhibitory };
    let polarity: Vec<Polarity> = (0..9).map(signs).collect();
    let projection = &mut network.projections[1];
    let Synapses::Sparse(synapses) = &mut projection.synapses else { unreachable!() };
    for synapse in synapses {
        synapse.weight *= if synapse.pre.is_multiple_of(2) { 1.0 } else { -1.0 };
    }
    projection.polarity = Some(polarity.clone());
    let mut engine = ClockEngine::build(&network).unwrap();
    engine.run(&[input(300)], 300, &mut ()).unwrap();
    let learned: Vec<Synapse> = engine.synapses(1).synapses().collect();
    let is_zero = |synapse: &&Synapse| synapse.weight == 0.0;
    assert!(learned.iter().filter(is_zero).count() > 5, "the rule pulls inhibition up to zero");
    for synapse in learned {
        assert!(polarity[synapse.pre as usize].allows(synapse.weight as f32), "{synapse:?}");
    }
}

#[test]
fn a_snapshot_of_another_network_is_refused_by_name() {
    let network = learning(DelaySide::Dendritic);
    let mut engine = ClockEngine::build(&network).unwrap();
    let snapshot = engine.snapshot();
    let refused = |network: &Network| {
        ClockEngine::build(network).unwrap().restore(&snapshot).unwrap_err().to_string()
    };
    let mut still = network.clone();
    still.projections[0].rule = None;
    assert_eq!(
        refused(&still),
        "projection input->neurons: the snapshot has a rule that this network does not have"
    );
    let mut renamed = network.clone();
    renamed.populations[0].name = "ears".into();
    assert_eq!(refused(&renamed), "the snapshot is of a network of other populations");
    let mut shorter = network.clone();
    let Synapses::Sparse(synapses) = &mut shorter.projections[1].synapses else { unreachable!() };
    synapses.pop();
    assert!(refused(&shorter).starts_with("projection neurons->neurons: the snapshot has other"));
}

#[test]
fn a_damaged_snapshot_is_refused() {
    for side in [DelaySide::Axonal, DelaySide::Dendritic] {
        let network = learning(side);
        let mut engine = ClockEngine::build(&network).unwrap();
        engine.run(&[input(140)], 140, &mut ()).unwrap();
        let whole = engine.snapshot();
        let plastic = whole.projections.iter().position(|part| {
            part.plastic.as_ref().is_some_and(|plastic| !plastic.under_way.is_empty())
        });
        let plastic = plastic.expect("some spikes are under way");
        let damages: [fn(&mut EventSnapshot); 4] = [
            |event| event.end += 9,
            |event| event.spike.neuron = 1000,
            |event| event.ahead = 1000,
            |event| event.end = event.first,
        ];
        for damage in damages {
            let mut damaged = whole.clone();
            let part = damaged.projections[plastic].plastic.as_mut().unwrap();
            damage(&mut part.under_way[0]);
            let error = engine.restore(&damaged).unwrap_err().to_string();
            assert!(error.ends_with("the snapshot has other synapses or another rule"), "{error}");
            assert!(engine.snapshot() == whole, "a snapshot that is refused changes nothing");
        }
    }
}
