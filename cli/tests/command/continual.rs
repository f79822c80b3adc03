//! Tasks that are learned one after the other.

use crate::sandbox::Sandbox;
use serde_json::Value;

/// Three permutations of few small images.
const TASKS: &str = r#"
end_samples = 60
[data]
source = { kind = "clusters", classes = 4, clusters_per_class = 2, side = 6, dimension = 10, train = 480, test = 200 }
input = { kind = "analog", mean = 0.5, std_dev = 0.25 }
steps = 3
[tasks]
kind = "permutations"
count = 3
[network]
hidden = [40]
batch_norm = false
delays = "none"
neuron = { model = "lif", tau_mem_ms = 2.0, decay = "euler", reset = "soft", surrogate = { slope = "sigmoid", alpha = 4.0 } }
readout = { model = "leaky_integrator", tau_mem_ms = 1.0, decay = "euler" }
[training]
epochs = 2
batch_size = 32
loss = "mean"
[training.weights]
optimizer = { kind = "sgd" }
schedule = { kind = "constant", rate = 0.2 }
[methods.hlop]
rows = [[10, 20], [8, 8]]
[methods.ewc]
strength = 100.0
[methods.gpm.directions]
thresholds = [0.95, 0.99]
"#;

/// A folder with `tasks.toml` in it: an experiment of three tasks.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tasks.toml", TASKS);
    sandbox
}

fn result(sandbox: &Sandbox, run: &str) -> Value {
    serde_json::from_str(&sandbox.text(format!("{run}/result.json"))).unwrap()
}

#[test]
fn every_method_learns_and_tells_what_it_keeps() {
    let sandbox = sandbox();
    for method in ["hlop", "sequential", "joint", "replay", "ewc", "gpm", "owm"] {
        let said = sandbox.ok(&["continual", "tasks.toml", "--method", method, "--out", method]);
        assert!(said.starts_with(&format!("{method}: ACC ")), "{said}");
        let result = result(&sandbox, method);
        let accuracy = result["accuracy"].as_array().unwrap();
        assert!(
            accuracy.len() == 3 && accuracy.iter().all(|row| row.as_array().unwrap().len() == 3)
        );
        let acc = result["acc"].as_f64().unwrap();
        assert!(acc > 0.4, "{method}: {acc}");
        assert_eq!(result["bwt"].is_null(), method == "joint", "{method}");
        let stored = &result["stored"];
        let rows = stored["rows"].as_u64().unwrap();
        assert_eq!(rows > 0, ["hlop", "gpm"].contains(&method), "{method}: {stored}");
        let keeps = ["hlop", "gpm", "owm", "ewc"].contains(&method);
        assert_eq!(stored["numbers"] != 0, keeps, "{method}: {stored}");
        assert_eq!(stored["samples"] != 0, method == "replay", "{method}: {stored}");
        for figure in ["accuracy", "forgetting", "subspaces", "curves"] {
            let is_drawn = sandbox.path(format!("{method}/plots/{figure}.svg")).exists();
            assert_eq!(is_drawn, (method, figure) != ("joint", "forgetting"), "{method}");
        }
    }
    let table = sandbox.text("hlop/accuracy.csv");
    assert_eq!(table.lines().count(), 10);
    let tasks = sandbox.text("hlop/tasks.csv");
    assert!(tasks.contains("1,480,0,200,36,0,4,\""), "{tasks}");
}

/// The tensors of a checkpoint, without its header, which also tells how long everything took.
fn tensors(checkpoint: &[u8]) -> &[u8] {
    let header = u64::from_le_bytes(checkpoint[..8].try_into().unwrap());
    &checkpoint[8 + header as usize..]
}

#[test]
fn a_run_goes_on_bit_for_bit_on_any_number_of_threads() {
    let sandbox = sandbox();
    let tables = ["accuracy.csv", "curve.csv", "residuals.csv", "angles.csv", "subspaces.csv"];
    let files = tables.into_iter().chain(["outcome.csv", "checkpoints/last.safetensors"]);
    for method in ["hlop", "sequential", "joint", "replay", "ewc", "gpm", "owm"] {
        let (whole, cut) = (format!("{method}-whole"), format!("{method}-cut"));
        let begin = ["continual", "tasks.toml", "--method", method, "--threads"];
        sandbox.ok(&[&begin[..], &["1", "--out", &whole]].concat());
        sandbox.ok(&[&begin[..], &["3", "--out", &cut]].concat());
        let read = |run: &str, file: &str| sandbox.read(format!("{run}/{file}"));
        let check = |what: &str| {
            for file in files.clone() {
                let (whole, cut) = (read(&whole, file), read(&cut, file));
                let same = match file.ends_with("safetensors") {
                    true => tensors(&whole) == tensors(&cut),
                    false => whole == cut,
                };
                assert!(same, "{method}, {what}: {file}");
            }
        };
        check("threads");
        // As if killed behind the first task: its checkpoint is the last one.
        let first = read(&cut, "checkpoints/task-01.safetensors");
        sandbox.write(&format!("{cut}/checkpoints/last.safetensors"), first);
        std::fs::remove_file(sandbox.path(format!("{cut}/result.json"))).unwrap();
        sandbox.ok(&["continual", "--resume", &cut, "--threads", "2"]);
        check("resumed");
    }
}

#[test]
fn tasks_with_heads_of_their_own_are_told_or_not() {
    let sandbox = sandbox();
    let classes = "tasks={ kind = 'classes', per_task = 2, heads = 'per_task' }";
    let projections = "methods.hlop={ rows = [[10]], projections = [0] }";
    sandbox.ok(&[
        "continual",
        "tasks.toml",
        "--set",
        classes,
        "--set",
        projections,
        "--out",
        "run",
    ]);
    let result = result(&sandbox, "run");
    let last = |key: &str| {
        let row = result[key].as_array().unwrap().last().unwrap().clone();
        row.as_array().unwrap().iter().map(|share| share.as_f64().unwrap()).sum::<f64>() / 2.0
    };
    let (told, untold) = (last("accuracy"), last("accuracy_without_task"));
    assert!(told > 0.7 && untold < told, "{told} told, {untold} untold");
}

#[test]
fn seeds_beyond_the_last_are_refused_before_the_first_is_trained() {
    let sandbox = Sandbox::new();
    let last = "9223372036854775807";
    let said = sandbox.fails(1, &["continual", "--seed", last, "--seeds", "2", "--out", "many"]);
    assert!(said.contains(&format!("--seeds 2 from seed {last} on needs seeds beyond")), "{said}");
    assert!(!sandbox.path("many").exists());
}

#[test]
fn several_seeds_make_a_table() {
    let sandbox = sandbox();
    let said = sandbox.ok(&["continual", "tasks.toml", "--seeds", "2", "--out", "many", "--quiet"]);
    assert!(said.starts_with("2 seeds: ACC ") && said.contains(" ± "), "{said}");
    let told = sandbox.ok(&["info", "many"]);
    let line = said.split(", many").next().unwrap();
    assert!(told.starts_with(line) && told.contains("\nseed 1      hlop: ACC "), "{told}");
    let table = sandbox.text("many/seeds.csv");
    let first: Vec<&str> = table.lines().map(|row| row.split(',').next().unwrap()).collect();
    assert_eq!(first, ["seed", "0", "1", "mean", "half_interval"]);
    assert!(result(&sandbox, "many/seed-0")["acc"] != result(&sandbox, "many/seed-1")["acc"]);
    // Another seed more: what is there is used, and what was stopped goes on.
    std::fs::remove_file(sandbox.path("many/seed-1/result.json")).unwrap();
    let before = sandbox.text("many/seeds.csv");
    let more = ["continual", "tasks.toml", "--seeds", "3", "--out", "many"];
    let output = sandbox.run(&more);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("resumed after 3 tasks") && !said.contains("many/seed-0"), "{said}");
    let of_run = |row: &str| row.rsplit_once(',').unwrap().0.to_owned();
    let after = sandbox.text("many/seeds.csv");
    assert!(before.lines().take(3).map(of_run).eq(after.lines().take(3).map(of_run)), "{after}");
    assert_eq!(after.lines().count(), 6);
    let other = [&more[..], &["--set", "end_samples=50"]].concat();
    assert!(sandbox.fails(1, &other).contains("there is a finished run"));
}

#[test]
fn what_no_run_over_tasks_can_be_is_said() {
    let sandbox = sandbox();
    for (changes, expected) in [
        (
            &["methods.hlop.rows=[[50, 20]]"][..],
            "methods.hlop.rows gives input->hidden1 50 rows by the end of task",
        ),
        (&["methods.hlop.rows=[[0, 20]]"], "methods.hlop.rows[0]"),
        (
            &["methods.hlop.rows=[[10]]"],
            "methods.hlop.rows[0] has 1 entry, but must have 2, one for each protected projection",
        ),
        (
            &["tasks={ kind = 'classes', groups = [[0], [1, 2]] }"],
            "needs at least two to tell apart",
        ),
        (&["tasks={ kind = 'classes', groups = [[0, 9]] }"], "9"),
        (&["tasks.count=0"], "tasks.count is 0"),
        (&["data.source={ kind = 'images' }"], "name it with --data FOLDER"),
        (&["data.held_out=480"], "data.held_out is 480, but must be below 480"),
        (&["end_samples=0"], "end_samples is 0"),
        (
            &["methods.hlop.circuit.iterations=2000"],
            "methods.hlop.circuit.iterations is 2000, but must be from 1 to 1000",
        ),
        (
            &["methods.hlop.projections=[7]"],
            "methods.hlop.projections is 7, but must be the index of a dense projection of spikes: \
             0, 1",
        ),
        (&["methods.hlop.projections=[]"], "methods.hlop.projections is an empty list"),
        (
            &["method='gpm'", "methods.gpm.directions={ rows = [[40, 2]] }"],
            "methods.gpm.directions.rows[0] of input->hidden1 is 40, but must be at most 36",
        ),
        (
            &["method='gpm'", "methods.gpm.directions={ rows = [[4, 0]] }"],
            "methods.gpm.directions.rows[0] of hidden1->output is 0, but must be at least 1",
        ),
        (
            &["method='replay'", "methods.replay.share=0.999"],
            "methods.replay.share is 0.999, but must be above 0 and at most 0.99",
        ),
        // What no machine can hold: 2.6e11 numbers of a projector.
        (&["method='owm'", "network.hidden=[512000, 4]"], "by the method owm takes about "),
    ] {
        let set: Vec<&str> = changes.iter().flat_map(|change| ["--set", change]).collect();
        let output =
            sandbox.run(&[&["continual", "tasks.toml", "--out", "wrong"][..], &set].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{changes:?}");
        assert!(
            said.contains(expected) && said.trim_end().lines().count() == 1,
            "{changes:?}: {said}"
        );
    }
    let stiff = ["--method", "ewc", "--set", "methods.ewc.strength=1e12", "--quiet"];
    let said =
        sandbox.fails(1, &[&["continual", "tasks.toml", "--out", "stiff"][..], &stiff].concat());
    assert!(said.contains("task 2, epoch 1, batch"), "{said}");
    assert!(said.contains("methods.ewc.strength is too high"), "{said}");
    let said = sandbox.fails(2, &["continual", "tasks.toml", "--data", "."]);
    assert!(said.contains("makes its own images") && said.contains("leave --data out"), "{said}");
    let said = sandbox.fails(2, &["continual", "tiny.toml"]);
    assert!(said.contains("an experiment without tasks"), "{said}");
    let said = sandbox.fails(2, &["train", "tasks.toml"]);
    assert!(said.contains("synfire continual tasks.toml makes a run of it"), "{said}");
    let said = sandbox.fails(2, &["train", "pmnist"]);
    assert!(said.contains("synfire continual pmnist"), "{said}");
    let said = sandbox.fails(2, &["continual", "quickstart"]);
    assert!(said.contains("synfire train quickstart"), "{said}");

    sandbox.ok(&["continual", "tasks.toml", "--out", "run"]);
    let said = sandbox.fails(1, &["continual", "tasks.toml", "--seeds", "2", "--out", "run"]);
    assert!(said.contains("run: this is the folder of a run"), "{said}");
    let said = sandbox.fails(1, &["continual", "--resume", "run"]);
    assert!(said.contains("this run is finished"), "{said}");
    std::fs::remove_file(sandbox.path("run/result.json")).unwrap();
    let config = sandbox.text("run/config.toml");
    sandbox.write("run/config.toml", config.replace("count = 3", "count = 2"));
    let said = sandbox.fails(1, &["continual", "--resume", "run"]);
    assert!(said.contains("not the tasks that the run began with"), "{said}");
    sandbox.write("run/config.toml", config.replace("method = \"hlop\"", "method = \"ewc\""));
    let said = sandbox.fails(1, &["continual", "--resume", "run"]);
    assert!(said.contains("another method is another run"), "{said}");
    for (from, to, expected) in [
        (
            "rates_fall = false",
            "rates_fall = true",
            "methods.hlop.rates_fall was false when the run began, but config.toml says true",
        ),
        (
            "rates_fall = false",
            "rates_fall = false\nrates = [0.5, 0.5]",
            "methods.hlop.rates was not set when the run began, but config.toml says [0.5,0.5]",
        ),
        ("end_samples = 60", "end_samples = 59", "end_samples was 60 when the run began"),
    ] {
        let changed = config.replace(from, to);
        assert_ne!(changed, config, "{from}");
        sandbox.write("run/config.toml", changed);
        let said = sandbox.fails(1, &["continual", "--resume", "run"]);
        assert!(said.contains(expected), "{said}");
    }
    let said = sandbox.fails(2, &["train", "tiny.toml", "--set", "training.task_rate_factor=0.5"]);
    assert!(said.contains("training.task_rate_factor is 0.5, but one task has no later"), "{said}");
}

#[test]
fn a_curve_has_the_accuracy_on_each_task_so_far_after_every_epoch() {
    let sandbox = sandbox();
    for (method, so_far) in [("hlop", [1, 1, 2, 2, 3, 3]), ("joint", [3; 6])] {
        sandbox.ok(&["continual", "tasks.toml", "--method", method, "--out", method, "--quiet"]);
        let table = sandbox.text(format!("{method}/curve.csv"));
        let rows: Vec<Vec<&str>> = table.lines().map(|row| row.split(',').collect()).collect();
        assert_eq!(
            rows[0][6..],
            ["mean_test_accuracy", "test_accuracy_1", "test_accuracy_2", "test_accuracy_3"]
        );
        let known = |row: &Vec<&str>| row[7..].iter().filter(|cell| !cell.is_empty()).count();
        assert!(rows[1..].iter().map(known).eq(so_far), "{table}");
        // After its last epoch, a task has the accuracies of the matrix.
        let accuracy = &result(&sandbox, method)["accuracy"][2];
        let last: Vec<f64> = rows[6][7..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(accuracy, &serde_json::json!(last));
    }
    let said = sandbox.ok(&["info", "joint"]);
    let (together, parts) = ("all tasks at once", "tasks       3, in 3 of 3 parts; ACC ");
    assert!(said.contains(together) && said.contains(parts), "{said}");
    assert!(!said.contains("when it ended"), "{said}");
}

#[test]
fn joint_training_is_measured_on_all_tasks_from_its_first_part_on() {
    let sandbox = sandbox();
    let joint = ["continual", "tasks.toml", "--method", "joint", "--quiet", "--out", "joint"];
    sandbox.ok(&[&joint[..], &["--set", "data.held_out=60"]].concat());
    let said = sandbox.ok(&["evaluate", "joint", "--checkpoint", "task-1", "--json"]);
    let evaluation: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(evaluation["checkpoint"], "task-1");
    let of_tasks = evaluation["tasks"].as_array().unwrap();
    let accuracy: Vec<&Value> = of_tasks.iter().map(|task| &task["accuracy"]).collect();
    let row = result(&sandbox, "joint")["accuracy"][0].clone();
    assert!(accuracy.len() == 3 && accuracy.into_iter().eq(row.as_array().unwrap()), "{said}");
    let said = sandbox.ok(&["evaluate", "joint", "--checkpoint", "task-2"]);
    assert!(said.contains("joint, after 2 of 3 parts of all tasks: "), "{said}");
    // Shares of 60 held-out samples of each of three tasks, not of 60.
    let table = sandbox.text("joint/curve.csv");
    let validation = |row: &str| row.split(',').nth(4).unwrap().parse::<f64>().unwrap();
    let shares: Vec<f64> = table.lines().skip(1).map(validation).collect();
    let count = |share: f64, samples: f64| (share * samples - (share * samples).round()).abs();
    assert!(shares.iter().all(|&share| count(share, 180.0) < 1e-9), "{table}");
    assert!(shares.iter().any(|&share| count(share, 60.0) > 0.1), "{table}");
}

#[test]
fn layers_that_are_dead_and_losses_that_explode_are_told() {
    let sandbox = sandbox();
    for (change, expected) in [
        (
            "network.neuron.threshold=1e6",
            "warning: task 1: none of the 40 neurons of hidden1 fired in any training sample of \
             epoch 1, so nothing passes and the network cannot learn; lower \
             network.neuron.threshold (now 1000000)",
        ),
        (
            "training.weights.schedule.rate=1e4",
            " nats, and that of a guess 1.39; lower training.weights.schedule.rate",
        ),
    ] {
        let run = ["continual", "tasks.toml", "--method", "sequential", "--overwrite", "--out"];
        let output = sandbox.run(&[&run[..], &["run", "--set", change]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{change}: {said}");
        assert!(sandbox.text("run/log.txt").contains(expected), "{change}");
    }
}

/// `[training]` with each way to the gradient.
const GRADIENTS: [(&str, &str); 5] = [
    ("bptt", "{ kind = 'bptt' }"),
    ("random", "{ kind = 'bptt', feedback = 'random' }"),
    ("sign", "{ kind = 'bptt', feedback = 'sign' }"),
    ("ottt", "{ kind = 'ottt' }"),
    ("dsr", "{ kind = 'dsr' }"),
];

#[test]
fn every_way_to_the_gradient_learns_and_lets_a_projection_keep() {
    let sandbox = sandbox();
    for (name, gradient) in GRADIENTS {
        let set = format!("training.gradient={gradient}");
        let [hlop, sequential] = ["hlop", "sequential"].map(|method| {
            let run = format!("{name}-{method}");
            let tasks = ["continual", "tasks.toml", "--method", method, "--out", &run];
            sandbox.ok(&[&tasks[..], &["--set", &set, "--set", "training.epochs=4"]].concat());
            result(&sandbox, &run)
        });
        let number = |result: &Value, key: &str| result[key].as_f64().unwrap();
        let (learned, bwt) = (number(&sequential, "learned"), number(&sequential, "bwt"));
        assert!(learned > 0.6, "{name}: {learned} of four classes, each behind its task");
        let (acc, kept) = (number(&hlop, "acc"), number(&hlop, "bwt"));
        assert!(kept > bwt && acc > 0.45, "{name}: ACC {acc}, BWT {kept} and {bwt}");
    }
    let config = |run: &str| sandbox.text(format!("{run}/config.toml"));
    assert!(!config("bptt-hlop").contains("gradient"), "the default is not written");
    assert!(config("sign-hlop").contains("feedback = \"sign\""));
    let bits = |run: &str| sandbox.text(format!("{run}-sequential/accuracy.csv"));
    for (name, _) in &GRADIENTS[1..] {
        assert!(bits("bptt") != bits(name), "{name} is another way");
    }
}

#[test]
fn every_way_to_the_gradient_has_the_same_bits_on_any_number_of_threads() {
    let sandbox = sandbox();
    for (name, gradient) in &GRADIENTS[1..] {
        let set = format!("training.gradient={gradient}");
        for threads in ["1", "3"] {
            let run = format!("{name}-{threads}");
            let tasks = ["continual", "tasks.toml", "--set", &set, "--out", &run];
            sandbox.ok(&[&tasks[..], &["--set", "tasks.count=2", "--threads", threads]].concat());
        }
        for file in ["accuracy.csv", "curve.csv", "residuals.csv"] {
            let read = |threads: &str| sandbox.read(format!("{name}-{threads}/{file}"));
            assert!(read("1") == read("3"), "{name}: {file}");
        }
    }
}

#[test]
fn what_a_way_to_the_gradient_does_not_know_is_refused_before_anything_is_written() {
    let sandbox = sandbox();
    let lif = |keys: &str| format!("network.neuron={{ model = 'lif', {keys} }}");
    let hard = lif("reset = 'hard'");
    let held = lif("reset = 'soft', refractory_ms = 2.0");
    let bounds = "training.firing_rate={ lower_hz = 1.0, strength = 0.1 }";
    for kind in ["ottt", "dsr"] {
        let gradient = format!("training.gradient={{ kind = '{kind}' }}");
        for (change, expected) in [
            ("network.delays=learned", "input->hidden1 has delays of up to"),
            ("network.delays=fixed_random", "input->hidden1 has delays of up to"),
            ("network.batch_norm=true", "population hidden1 has a batch norm"),
            ("network.neuron_learn=['tau_mem_ms']", "population hidden1 learns parameters"),
            (&hard, "population hidden1 has a hard reset"),
            (&held, "population hidden1 has a refractory time"),
            ("training.dropout=0.5", "training.dropout is 0.5, but must be 0 with the gradient"),
            (bounds, "training.firing_rate is there, but the gradient"),
            ("training.loss=last", "training.loss is \"last\", but must be \"mean\""),
        ] {
            let tasks = ["continual", "tasks.toml", "--out", "no", "--set", &gradient];
            let said = sandbox.run(&[&tasks[..], &["--set", change]].concat());
            let told = String::from_utf8(said.stderr).unwrap();
            assert!(!said.status.success() && !sandbox.path("no").exists(), "{change}");
            let lines = told.trim_end().lines().count();
            assert!(
                told.contains(expected) && told.contains(kind) && lines == 1,
                "{change}: {told}"
            );
        }
    }
    // Feedback by other weights goes with delays and norms.
    let delays = ["network.delays=learned", "network.batch_norm=true", "tasks.count=1"];
    let feedback = "training.gradient={ kind = 'bptt', feedback = 'random' }";
    let set = [&delays[..], &[feedback]].concat();
    let set: Vec<&str> = set.iter().flat_map(|change| ["--set", change]).collect();
    sandbox.ok(&[&["continual", "tasks.toml", "--out", "delays", "--quiet"][..], &set].concat());
}

#[test]
fn a_run_of_one_task_takes_every_way_to_the_gradient() {
    let sandbox = sandbox();
    let plain = [
        "network.delays=none",
        "network.batch_norm=false",
        "network.neuron={ model = 'lif', tau_mem_ms = 8.0, reset = 'soft' }",
        "training.dropout=0",
        "training.loss=mean",
    ];
    let set: Vec<&str> = plain.iter().flat_map(|change| ["--set", change]).collect();
    for (name, gradient) in GRADIENTS {
        let gradient = format!("training.gradient={gradient}");
        let train = [&["train", "tiny.toml", "--quiet", "--set", &gradient][..], &set].concat();
        sandbox.ok(&[&train[..], &["--out", name]].concat());
        sandbox.ok(&[&train[..], &["--out", "parts", "--overwrite", "--stop-after", "2"]].concat());
        sandbox.ok(&["train", "--resume", "parts", "--quiet"]);
        sandbox.assert_same_run(name, "parts");
    }
    let said = sandbox.fails(2, &["train", "tiny.toml", "--set", "training.gradient.kind=ottt"]);
    assert!(said.contains("training.dropout is 0.2, but must be 0"), "{said}");
}
