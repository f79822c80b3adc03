//! What `synfire train` promises somebody who types nothing else: delays that learn what a network
//! without them cannot.

use synfire::{Experiment, Override};

/// Validation accuracy at the best epoch, with one tap per synapse.
fn accuracy(changes: &[&str]) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let changes: Vec<Override> =
        changes.iter().map(|change| Override::parse(change).unwrap()).collect();
    let experiment = Experiment::recipe_with("quickstart", &changes).unwrap();
    experiment.train(folder.path().join("run")).unwrap().best.accuracy
}

/// The whole default run and the same one without delays: about half a minute on two cores.
/// `benches/RESULTS.md` has five seeds; none comes near these bounds.
#[test]
fn the_default_run_learns_what_needs_delays() {
    let (learned, without) = (accuracy(&[]), accuracy(&["network.delays=none"]));
    assert!(learned > 0.9, "learned delays: {learned}");
    assert!(learned - without >= 0.15, "learned delays: {learned}, none: {without}");
}
