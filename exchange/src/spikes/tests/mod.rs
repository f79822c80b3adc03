//! Round trips in `round_trips`, what is refused in `refusals`, files of others in `foreign`.

mod foreign;
mod refusals;
mod round_trips;

use crate::log::LogLayout;
use crate::provenance::Provenance;
use crate::spikes::{PopulationSpikes, Sorting};

/// Populations `in`, `a "b", c` and `still`, the last one silent.
fn layout(dt_ms: Option<f64>) -> LogLayout {
    let population = |name: &str, size| (name.to_owned(), size);
    let populations =
        vec![population("a \"b\", c", 3), population("in", 5), population("still", 1)];
    LogLayout::new(populations, dt_ms).unwrap()
}

fn spikes(population: &str, times_ms: &[f64], node_ids: &[u64]) -> PopulationSpikes {
    PopulationSpikes {
        population: population.into(),
        times_ms: times_ms.to_vec(),
        node_ids: node_ids.to_vec(),
        sorting: Sorting::ByTime,
        size: None,
    }
}

fn provenance() -> Provenance {
    Provenance {
        synfire: "0.1.0".into(),
        commit: None,
        source: "run of \"Hörnchen\"".into(),
        sha256: "00ff".into(),
    }
}
