//! Networks that the tests write, and how they write them.

use crate::networks::deployed::{
    DeployedNetwork, DeployedNeurons, DeployedPopulation, DeployedProjection,
};
use crate::networks::format::{NetworkFormat, write_network};
use crate::networks::nir::format::NirFormat;
use crate::networks::nir::reader::{NirNetwork, read_nir};
use crate::provenance::Provenance;
use sim_core::{Decay, Dynamics, Firing, Membrane, PortDynamics, Reset, Roles, Synapse};

pub(super) fn provenance() -> Provenance {
    Provenance {
        synfire: "0.1.0".into(),
        commit: Some("1234abc".into()),
        source: "best.safetensors".into(),
        sha256: "00ff".into(),
    }
}

/// A network written and read again.
pub(super) fn through_file(format: NirFormat, network: &DeployedNetwork) -> NirNetwork {
    assert_eq!(format.obstacles(network), Vec::<String>::new());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.nir");
    let written = write_network(&format, network, &provenance(), &path).unwrap();
    assert_eq!(written, std::slice::from_ref(&path));
    read_nir(&path, None).unwrap()
}

/// Neurons of one kind: `threshold` where they fire.
pub(super) fn leaky(tau_ms: f64, decay: Decay, threshold: Option<f64>) -> Dynamics {
    Dynamics {
        membrane: Membrane { tau_ms, decay, input_scaling: false },
        ports: vec![PortDynamics::Delta],
        firing: threshold.map(|threshold| Firing {
            threshold,
            reset: Reset::Hard,
            refractory_ms: 0.0,
            holds: true,
            adaptation: None,
        }),
    }
}

pub(super) fn population(
    name: &str,
    size: usize,
    dynamics: Option<Dynamics>,
) -> DeployedPopulation {
    let neurons = dynamics.map(DeployedNeurons::shared);
    DeployedPopulation { name: name.into(), size, neurons }
}

/// A projection of these synapses, `(pre, post, weight, delay)`.
pub(super) fn projection(
    name: &str,
    [source, target]: [usize; 2],
    synapses: &[(u32, u32, f64, u32)],
) -> DeployedProjection {
    let synapse = |&(pre, post, weight, delay_steps): &(u32, u32, f64, u32)| Synapse {
        pre,
        post,
        weight,
        delay_steps,
    };
    DeployedProjection {
        name: name.into(),
        source,
        target,
        port: 0,
        synapses: synapses.iter().map(synapse).collect(),
        polarity: None,
    }
}

/// Two channels, two hidden neurons that also reach each other, one readout.
pub(super) fn small() -> DeployedNetwork {
    let hidden = leaky(10.05, Decay::Euler, Some(1.0));
    DeployedNetwork {
        dt_ms: 10.0,
        populations: vec![
            population("cochlea", 2, None),
            population("hidden", 2, Some(hidden)),
            population("readout", 1, Some(leaky(20.0, Decay::Euler, None))),
        ],
        projections: vec![
            projection(
                "cochlea->hidden",
                [0, 1],
                &[(0, 0, 0.5, 0), (1, 0, -0.25, 3), (0, 1, 1.5, 2), (1, 1, 0.75, 0)],
            ),
            projection("hidden->hidden", [1, 1], &[(1, 0, 0.125, 1), (0, 1, -1.0, 1)]),
            projection("hidden->readout", [1, 2], &[(0, 0, 1.0, 0), (1, 0, 2.0, 0)]),
        ],
        roles: Roles::new(0, 2),
    }
}
