//! What figures say of whose they are, and of when.

use crate::sandbox::Sandbox;

/// Whether a figure of a run says all of `words`.
fn says(sandbox: &Sandbox, figure: &str, words: &[&str]) {
    let text = sandbox.text(format!("run/plots/{figure}.svg"));
    for word in words {
        assert!(text.contains(word), "{figure} does not say {word}");
    }
}

fn best_epoch(sandbox: &Sandbox) -> u64 {
    let result: serde_json::Value = serde_json::from_str(&sandbox.text("run/result.json")).unwrap();
    result["best_epoch"].as_u64().unwrap()
}

#[test]
fn every_figure_names_its_run_and_its_epoch() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &[]);
    let best = format!("epoch {}, best of 4", best_epoch(&sandbox));
    for (figure, remark) in [
        ("raster", &best[..]),
        ("currents", &best),
        ("confusion", &best),
        ("weights", "end: after epoch 4 of 4"),
        ("sizes", "end: after epoch 4 of 4"),
        ("delays", "end: after epoch 4 of 4"),
        ("curves", "4 epochs"),
    ] {
        says(&sandbox, figure, &["tiny", remark]);
    }
    for figure in ["raster", "currents"] {
        says(&sandbox, figure, &["random manifolds, sample "]);
    }
}

#[test]
fn figures_of_an_unfinished_run_say_how_far_it_is() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "1"]);
    sandbox.ok(&["plot", "run"]);
    says(&sandbox, "weights", &["end: after epoch 1 of 4"]);
    says(&sandbox, "curves", &["1 of 4 epochs"]);
    says(&sandbox, "raster", &["epoch 1, best of 1"]);
}

#[test]
fn odd_networks_have_figures() {
    let sandbox = Sandbox::new();
    for (changes, title) in [
        (&["network.hidden=[1]", "training.epochs=1"][..], "one neuron"),
        (&["network.delays=none", "training.epochs=2"], "no delays"),
        (
            &["network.hidden=[3, 2, 1]", "training.epochs=1", "training.batch_size=1000"],
            "one batch",
        ),
        (
            &[
                "data.source.samples_per_class=5",
                "network.max_delay_ms=8.0",
                "network.delays=fixed_random",
            ],
            "a window of three steps",
        ),
        (&["training.epochs=1", "network.neuron.threshold=1e6"], "silent"),
    ] {
        let mut arguments = vec!["train", "tiny.toml", "--out", "run", "--overwrite", "--quiet"];
        changes.iter().for_each(|change| arguments.extend(["--set", change]));
        sandbox.ok(&arguments);
        for figure in ["raster", "weights", "sizes", "currents", "delays", "curves", "confusion"] {
            assert!(sandbox.path(format!("run/plots/{figure}.png")).exists(), "{title}: {figure}");
            says(&sandbox, figure, &["tiny"]);
        }
    }
}
