//! Writes the same spikes in every format into a folder, with `expected.json`, which tells them:
//! `.ci/read_spike_logs.py FOLDER` reads them with the libraries that people have.
//!
//! ```sh
//! cargo run -p synfire-exchange --example write_logs -- FOLDER
//! ```

use exchange::{LogLayout, Provenance, SpikeFormat, SpikeLog};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::path::PathBuf;

const DT_MS: f64 = 0.1;
const STEPS: usize = 40_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: write_logs FOLDER")?);
    std::fs::create_dir_all(&folder)?;
    let populations = [("input", 700), ("hidden 1", 128), ("still", 3)];
    let sizes = populations.map(|(name, size)| (name.to_owned(), size));
    let layout = LogLayout::new(sizes.to_vec(), Some(DT_MS))?;
    let provenance = Provenance {
        synfire: env!("CARGO_PKG_VERSION").into(),
        commit: None,
        source: "exchange/examples/write_logs.rs".into(),
        sha256: "0".repeat(64),
    };
    let mut logs = SpikeFormat::ALL
        .into_iter()
        .map(|format| {
            let path = folder.join(format!("spikes.{}", format.ending()));
            SpikeLog::create(path, format, &layout, Some(&provenance))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut expected = Map::new();
    for (population, (name, size)) in populations.into_iter().enumerate().take(2) {
        let (mut times, mut neurons) = (Vec::new(), Vec::new());
        let mut number = 1_u64;
        for step in (0..STEPS).step_by(3 + 4 * population) {
            // One neuron that fires twice in the step, and some others.
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let first = (number >> 33) % size as u64;
            for neuron in [first, first, (first + 7) % size as u64] {
                times.push(step as f64 / 10.0);
                neurons.push(neuron);
            }
        }
        for log in &mut logs {
            // In pieces, as a simulation gives them.
            for (times, neurons) in times.chunks(1000).zip(neurons.chunks(1000)) {
                log.spikes(population, times, neurons)?;
            }
        }
        expected.insert(name.into(), json!({"size": size, "times_ms": times, "neurons": neurons}));
    }
    let still = json!({"size": 3, "times_ms": [], "neurons": []});
    expected.insert("still".into(), still);
    let expected = json!({
        "dt_ms": DT_MS,
        "provenance": provenance,
        "populations": Value::Object(expected),
    });
    logs.into_iter().try_for_each(SpikeLog::finish)?;
    std::fs::write(folder.join("expected.json"), expected.to_string())?;
    Ok(())
}
