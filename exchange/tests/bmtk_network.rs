//! A network that bmtk's `NetworkBuilder` made (`bmtk_network/make_network.py`), read and run.

use exchange::{DeployedNeurons, read_sonata_network};
use neurons::{CurrentLif, Lif};
use sim_core::{
    ClockEngine, Dynamics, Network, Population, PortDynamics, Projection, Recording, SpikeFrames,
    Synapses, Variables,
};
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bmtk_network")
}

#[test]
fn populations_types_weights_and_delays_are_bmtks() {
    let network = read_sonata_network(folder(), Some(0.1)).unwrap();
    let populations: Vec<_> = network
        .populations
        .iter()
        .map(|own| (&own.name[..], own.size, own.neurons.is_some()))
        .collect();
    assert_eq!(
        populations,
        [("cortex.exc", 8, true), ("cortex.inh", 4, true), ("ears", 10, false)]
    );
    let of = |name: &str| {
        let found = network.projections.iter().find(|own| own.name == name);
        found.unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(network.projections.len(), 4);
    // A type's weight and delay, two synapses on each edge, pA as a potential per step: C_m = 100.
    let synapses = &of("cortex.exc->cortex.inh").synapses;
    assert_eq!(synapses.len(), 32);
    let is_typed = |own: &sim_core::Synapse| {
        (own.weight, own.delay_steps) == (900.0 * 2.0 * (0.1 / 100.0), 15)
    };
    assert!(synapses.iter().all(is_typed), "{synapses:?}");
    // Weights and delays of single edges.
    let synapses = &of("cortex.exc->cortex.exc").synapses;
    assert_eq!(synapses.len(), 21);
    for own in synapses {
        assert_eq!((own.pre + own.post) % 3, 0);
        assert_eq!(own.weight, 0.5 + 0.25 * f64::from(own.pre));
        assert_eq!(own.delay_steps, 5 * (1 + own.post));
    }
    assert_eq!(of("cortex.inh->cortex.exc").synapses.len(), 32);
    assert_eq!((of("ears->cortex.exc").synapses.len(), of("ears->cortex.exc").source), (20, 2));
    let exc = network.populations[0].neurons.as_ref().and_then(DeployedNeurons::common).unwrap();
    assert_eq!((exc.membrane.tau_ms, exc.firing.unwrap().threshold), (20.0, 15.0));
    let error = read_sonata_network(folder(), None).unwrap_err().to_string();
    assert!(error.ends_with("SONATA has no time step: give the one to simulate with"), "{error}");
    let error = read_sonata_network(folder(), Some(0.4)).unwrap_err().to_string();
    assert!(
        error.contains("delay") && error.contains("a whole number of steps of 0.4 ms"),
        "{error}"
    );
}

fn population(name: &str, size: usize, dynamics: &Dynamics) -> Population {
    let (membrane, firing) = (dynamics.membrane, dynamics.firing.unwrap());
    match dynamics.ports[..] {
        [
            PortDynamics::Exponential { tau_ms: excitatory, .. },
            PortDynamics::Exponential { tau_ms: inhibitory, .. },
        ] => {
            let model = CurrentLif {
                tau_mem_ms: membrane.tau_ms,
                tau_excitatory_ms: excitatory,
                tau_inhibitory_ms: inhibitory,
                threshold: firing.threshold,
                refractory_ms: firing.refractory_ms,
                ..CurrentLif::default()
            };
            Population::neurons(name, size, model)
        }
        _ => {
            let model = Lif {
                tau_mem_ms: membrane.tau_ms,
                threshold: firing.threshold,
                refractory_ms: firing.refractory_ms,
                ..Lif::default()
            };
            Population::neurons(name, size, model)
        }
    }
}

#[test]
fn it_runs() {
    let read = read_sonata_network(folder(), Some(0.1)).unwrap();
    let populations = read.populations.iter().map(|own| match &own.neurons {
        None => Population::source(&own.name, own.size),
        Some(neurons) => population(&own.name, own.size, neurons.common().unwrap()),
    });
    let projections = read.projections.iter().map(|own| {
        Projection::new(own.source, own.target, Synapses::Sparse(own.synapses.clone()))
            .to_port(own.port)
    });
    let network = Network::new(read.dt_ms, populations.collect(), projections.collect());
    // Two or three channels reach each neuron after 1 ms, with 9 mV each: above the 15 mV.
    let events: Vec<(u32, u32)> = (0..10).map(|channel| (channel, 5)).collect();
    let input = [SpikeFrames::from_events(10, 200, &events).unwrap()];
    let mut recording = Recording::new(3, Variables::SPIKES);
    ClockEngine::build(&network).unwrap().run(&input, 200, &mut recording).unwrap();
    let first: Vec<(u32, u32)> = recording.spikes(0).iter().copied().take(8).collect();
    assert_eq!(first, (0..8).map(|neuron| (15, neuron)).collect::<Vec<_>>());
    assert!(
        recording.spikes(1).iter().all(|(step, _)| *step > 30) && !recording.spikes(1).is_empty()
    );
}
