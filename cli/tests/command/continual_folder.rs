//! What the other commands make of the folder of a run over tasks.

use crate::continual::sandbox;
use crate::sandbox::Sandbox;
use serde_json::Value;
use std::fs;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Three tasks learned in `run`, and what they came to.
fn learned() -> (Sandbox, Value) {
    let sandbox = sandbox();
    sandbox.ok(&["continual", "tasks.toml", "--out", "run", "--quiet"]);
    let result = json(&sandbox.text("run/result.json"));
    (sandbox, result)
}

/// As if the run had been killed behind its first task.
fn cut(sandbox: &Sandbox) {
    let first = sandbox.read("run/checkpoints/task-01.safetensors");
    sandbox.write("run/checkpoints/last.safetensors", first);
    for file in
        ["result.json", "checkpoints/task-02.safetensors", "checkpoints/task-03.safetensors"]
    {
        fs::remove_file(sandbox.path(format!("run/{file}"))).unwrap();
    }
    let table = sandbox.text("run/accuracy.csv");
    let of_first: Vec<&str> = table.lines().take(4).collect();
    sandbox.write("run/accuracy.csv", of_first.join("\n"));
}

#[test]
fn a_summary_says_what_the_run_is() {
    let (sandbox, result) = learned();
    let said = sandbox.ok(&["info", "run"]);
    let acc = format!("{:.2} %", 100.0 * result["acc"].as_f64().unwrap());
    for expected in [
        "run         run (finished)",
        "method      hlop; it keeps 62 directions, ",
        &format!("tasks       3 of 3 learned; ACC {acc}, BWT "),
        "2 epochs each; all tasks share the outputs",
        "480 samples to train, 200 to test, 4 classes",
        "network     input 36 source, hidden1 40 lif, output 4 leaky_integrator; 1600 trainable",
        "angles.csv",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let summary = json(&sandbox.ok(&["info", "run", "--json"]));
    assert_eq!((&summary["acc"], &summary["bwt"]), (&result["acc"], &result["bwt"]));
    assert_eq!(
        (&summary["accuracy"], &summary["stored"]),
        (&result["accuracy"], &result["stored"])
    );

    let said = sandbox.ok(&["pack", "run"]);
    assert!(said.contains("run.zip: ") && said.contains("without the images"), "{said}");
    assert!(!said.contains("left out, since it is no file of a run"), "{said}");
    let packed = json(&sandbox.ok(&["info", "run.zip", "--json"]));
    assert_eq!((&packed["tasks"], &packed["acc"]), (&summary["tasks"], &summary["acc"]));

    cut(&sandbox);
    let said = sandbox.ok(&["info", "run"]);
    let expected = "tasks       1 of 3 learned; mean accuracy on them ";
    assert!(said.contains("(not finished)") && said.contains(expected), "{said}");
}

#[test]
fn every_network_of_the_run_is_evaluated_on_the_tasks_that_it_has_learned() {
    let (sandbox, result) = learned();
    let accuracy = |evaluation: &Value| -> Vec<Value> {
        let tasks = evaluation["tasks"].as_array().unwrap().iter();
        tasks.map(|task| task["accuracy"].clone()).collect()
    };
    let last = json(&sandbox.ok(&["evaluate", "run", "--json", "--threads", "2"]));
    assert_eq!(&accuracy(&last), result["accuracy"][2].as_array().unwrap());
    assert_eq!(last["accuracy"], result["acc"]);
    let second = ["evaluate", "run", "--checkpoint", "task-2", "--json"];
    let second = json(&sandbox.ok(&second));
    assert_eq!(accuracy(&second), result["accuracy"][1].as_array().unwrap()[..2]);
    let said = sandbox.ok(&["evaluate", "run"]);
    assert!(said.starts_with("hlop, after 3 of 3 tasks: test samples of made-up images"), "{said}");
    assert_eq!(said.lines().count(), 6);

    let part = "run/checkpoints/task-02.safetensors";
    let said = sandbox.fails(1, &["evaluate", part]);
    assert!(said.ends_with("synfire evaluate run --checkpoint task-2"), "{said}");
    for (options, expected) in [
        (&["--checkpoint", "task-7"][..], "but there are: last, task-1, task-2, task-3"),
        (&["--split", "validation"], "leave --split out"),
    ] {
        let said = sandbox.fails(1, &[&["evaluate", "run"][..], options].concat());
        assert!(said.contains(expected), "{options:?}: {said}");
    }
    let said = sandbox.fails(2, &["evaluate", "run", "--data", "mnist"]);
    assert!(said.contains("makes its own images"), "{said}");
    cut(&sandbox);
    let config = sandbox.text("run/config.toml");
    let of_folder = "[data.source]\nkind = \"images\"\npath = \"/nowhere/images\"\n";
    let (before, rest) = config.split_once("[data.source]").unwrap();
    let behind = &rest[rest.find("\n[").unwrap()..];
    sandbox.write("run/config.toml", format!("{before}{of_folder}{behind}"));
    for command in [&["evaluate", "run"][..], &["continual", "--resume", "run"]] {
        let said = sandbox.fails(1, command);
        let expected = "/nowhere/images: the images of this run are no longer there; say where they \
                        are with --data FOLDER";
        assert!(said.starts_with(expected), "{command:?}: {said}");
    }
    sandbox.write("run/config.toml", config);
    let said = sandbox.ok(&["evaluate", "run"]);
    assert!(said.starts_with("hlop, after 1 of 3 tasks"), "{said}");
}

#[test]
fn heads_are_told_or_not_in_an_evaluation() {
    let sandbox = sandbox();
    let classes = "tasks={ kind = 'classes', per_task = 2, heads = 'per_task' }";
    let begin = ["continual", "tasks.toml", "--method", "sequential", "--out", "run", "--set"];
    sandbox.ok(&[&begin[..], &[classes]].concat());
    let result = json(&sandbox.text("run/result.json"));
    let evaluation = json(&sandbox.ok(&["evaluate", "run", "--json"]));
    for (task, of_task) in evaluation["tasks"].as_array().unwrap().iter().enumerate() {
        for key in ["accuracy", "accuracy_without_task"] {
            assert_eq!(of_task[key], result[key][1][task], "{key}");
        }
    }
    let said = sandbox.ok(&["evaluate", "run"]);
    assert!(said.contains("task told       not told"), "{said}");
    let said = sandbox.ok(&["info", "run"]);
    assert!(said.contains("it keeps nothing") && said.contains("has outputs of its own"), "{said}");
}

#[test]
fn figures_are_drawn_again_from_the_tables() {
    let (sandbox, _) = learned();
    let figures = ["accuracy", "forgetting", "subspaces", "curves"];
    let drawn = figures.map(|figure| sandbox.read(format!("run/plots/{figure}.svg")));
    fs::remove_dir_all(sandbox.path("run/plots")).unwrap();
    let said = sandbox.ok(&["plot", "run"]);
    assert_eq!(said.lines().count(), 8, "{said}");
    for (figure, before) in figures.iter().zip(&drawn) {
        assert!(sandbox.read(format!("run/plots/{figure}.svg")) == *before, "{figure}");
    }
    sandbox.ok(&["plot", "run", "forgetting"]);
    let said = sandbox.fails(1, &["plot", "run", "raster"]);
    let expected = "raster is a figure of a run of synfire train; this run has the figures \
                    accuracy, forgetting, subspaces, curves";
    assert!(said.ends_with(expected), "{said}");
    let said = sandbox.fails(1, &["plot", "run", "--sample", "3"]);
    assert!(said.ends_with("leave --sample out"), "{said}");
    let said = String::from_utf8(sandbox.run(&["plot", "run", "angles"]).stderr).unwrap();
    assert!(said.contains("forgetting, subspaces"), "{said}");
    sandbox.write("run/angles.csv", "task\n");
    let said = sandbox.fails(1, &["plot", "run", "subspaces"]);
    assert!(
        said.contains("angles.csv: line 1: expected a row of task,earlier_task,projection"),
        "{said}"
    );
    cut(&sandbox);
    sandbox.ok(&["plot", "run", "accuracy"]);
}

#[test]
fn a_command_for_other_runs_says_which_takes_this_one() {
    let (sandbox, _) = learned();
    for command in [&["simulate", "run"][..], &["train", "--resume", "run"]] {
        let said = sandbox.fails(1, command);
        assert!(said.contains("this is a run over tasks"), "{command:?}: {said}");
    }
    sandbox.ok(&["train", "tiny.toml", "--out", "other", "--epochs", "1", "--quiet"]);
    let said = sandbox.fails(1, &["plot", "other", "subspaces"]);
    assert!(said.contains("is a figure of a run over tasks"), "{said}");
    let said = sandbox.fails(1, &["evaluate", "other", "--checkpoint", "task-1"]);
    assert!(said.contains("this is no run over tasks"), "{said}");
    let said = sandbox.fails(1, &["continual", "--resume", "other"]);
    assert!(said.contains("synfire train --resume"), "{said}");
}

/// Which directions tasks use is measured with every method, and is not what a method keeps.
#[test]
fn the_activity_of_tasks_is_compared_with_every_method() {
    let sandbox = sandbox();
    for method in ["sequential", "hlop"] {
        sandbox.ok(&["continual", "tasks.toml", "--method", method, "--out", method, "--quiet"]);
        let table = sandbox.text(format!("{method}/angles.csv"));
        let degrees: Vec<f64> = table
            .lines()
            .skip(1)
            .map(|row| row.rsplit(',').next().unwrap().parse().unwrap())
            .collect();
        // Three pairs of tasks, eight directions of each of two projections.
        assert_eq!(degrees.len(), 48, "{method}");
        let most = degrees.iter().fold(0.0, |most: f64, &angle| most.max(angle));
        assert!(degrees[0] < 60.0 && most <= 90.0, "{method}: {degrees:?}");
        assert!(sandbox.path(format!("{method}/plots/subspaces.svg")).exists());
    }
}

/// Paths that are typed begin where the person is, those of a file at its folder.
#[test]
fn a_list_of_orders_is_found_where_it_was_named() {
    let sandbox = sandbox();
    let orders = |shift: usize| {
        let order: Vec<usize> = (0..36).map(|pixel| (pixel + shift) % 36).collect();
        format!("[{order:?}]")
    };
    fs::create_dir(sandbox.path("deep")).unwrap();
    let tasks = sandbox.text("tasks.toml");
    sandbox.write("deep/tasks.toml", &tasks);
    sandbox.write("deep/own.toml", tasks.replace("count = 3", "file = \"orders.json\""));
    sandbox.write("orders.json", orders(1));
    let run = |file: &str, out: &str, set: &[&str]| {
        let begin = ["continual", file, "--method", "sequential", "--quiet", "--out", out];
        sandbox.run(&[&begin[..], set].concat())
    };
    let typed = ["--set", "tasks={ kind = 'permutations', file = 'orders.json' }"];
    let output = run("deep/tasks.toml", "typed", &typed);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let config = sandbox.text("typed/config.toml");
    let place = sandbox.path("orders.json").canonicalize().unwrap();
    assert!(config.contains(&format!("file = \"{}\"", place.display())), "{config}");

    let said = String::from_utf8(run("deep/own.toml", "own", &[]).stderr).unwrap();
    let expected = "tasks.file is orders.json, but relative paths in a configuration file begin at \
                    its folder";
    let remedy = "--set tasks.file=orders.json takes the one in the working directory";
    assert!(said.contains(expected) && said.contains(remedy), "{said}");
    assert!(run("deep/own.toml", "here", &["--set", "tasks.file=orders.json"]).status.success());
    sandbox.write("deep/orders.json", orders(2));
    assert!(run("deep/own.toml", "own", &[]).status.success());
    assert!(sandbox.read("own/accuracy.csv") != sandbox.read("here/accuracy.csv"));
    assert!(sandbox.read("typed/accuracy.csv") == sandbox.read("here/accuracy.csv"));
}
