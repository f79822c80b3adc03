//! What `synfire train` promises somebody who types nothing else: delays that learn what a network
//! without them cannot.

use synfire::{Experiment, Override};

/// Validation accuracy after the last epoch, with one tap per synapse.
fn accuracy(changes: &[&str]) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).unwrap()).collect();
    let experiment = Experiment::recipe_with("quickstart", &changes).unwrap();
    experiment.train(folder.path().join("run")).unwrap().last_accuracy
}

/// The whole default run, and without delays that of its neurons and that of neurons which remember
/// for as long as the lags: less than half a minute on two cores. `benches/RESULTS.md` has more
/// seeds and membranes; none comes near these bounds.
#[test]
fn the_default_run_learns_what_needs_delays() {
    let learned = accuracy(&[]);
    assert!(learned > 0.95, "learned delays: {learned}");
    let slow = ["network.neuron.tau_mem_ms=100", "network.readout.tau_mem_ms=100"];
    for membranes in [&[][..], &slow] {
        let without = accuracy(&[&["network.delays=none"], membranes].concat());
        assert!(without < 0.3, "no delays, {membranes:?}: {without}; chance is 0.2");
    }
}
