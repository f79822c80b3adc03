//! What `simulate` logs, for other programs to read.

use crate::sandbox::Sandbox;
use hdf5_reader::Hdf5File;
use serde_json::Value;

/// Populations whose names a table of blanks must quote, that never fire, or have one neuron; three
/// steps of 0.1 ms, which are not quite 0.3 ms.
const ODD_NAMES: &str = r#"
    dt_ms = 0.1
    duration_ms = 0.3
    [[populations]]
    name = "in put"
    size = 3
    spikes = [[0.1, 0], [0.1, 2], [0.2, 1]]
    [[populations]]
    name = "日本"
    size = 1
    neuron = { model = "leaky_integrator", tau_mem_ms = 10.0 }
    [[populations]]
    name = "still"
    size = 2
    neuron = { model = "lif", tau_mem_ms = 10.0 }
    [[projections]]
    source = "in put"
    target = "日本"
    synapses = [{ pre = 0, post = 0, weight = 2.0, delay_ms = 0.1 }]
"#;

#[test]
fn spikes_are_written_in_the_columns_of_bmtk() {
    let sandbox = Sandbox::new();
    sandbox.write("odd.toml", ODD_NAMES);
    sandbox.ok(&["simulate", "odd.toml", "--logs", "sonata,csv-bmtk", "--out", "sim"]);
    assert_eq!(
        sandbox.text("sim/odd.spikes.bmtk.csv"),
        "timestamps population node_ids\n0.1 \"in put\" 0\n0.1 \"in put\" 2\n0.2 \"in put\" 1\n"
    );
    sandbox.train("run", &["--epochs", "1"]);
    let spikes = |arguments: &[&str], file: &str| {
        sandbox.ok(&[&["simulate", "run", "--sample", "7"], arguments].concat());
        sandbox.text(file)
    };
    let plain = spikes(&["--out", "plain"], "plain/sample-7.spikes.csv");
    let bmtk = spikes(&["--out", "bmtk", "--logs", "csv-bmtk"], "bmtk/sample-7.spikes.bmtk.csv");
    let turned = plain.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{} {} {}", cells[1], cells[0], cells[2])
    });
    assert!(bmtk.lines().skip(1).eq(turned), "the same spikes in the same order");
}

#[test]
fn reports_have_what_each_reader_looks_for() {
    let sandbox = Sandbox::new();
    sandbox.write("odd.toml", ODD_NAMES);
    sandbox.ok(&["simulate", "odd.toml", "--record", "v", "--out", "sim"]);
    let file = Hdf5File::open(sandbox.path("sim/odd.v.h5")).unwrap();
    for (population, neurons) in [("日本", 1), ("still", 2)] {
        let of = |name: &str| file.dataset(&format!("report/{population}/{name}")).unwrap();
        assert_eq!(of("data").shape(), [3, neurons]);
        assert_eq!(of("data").attribute("variable").unwrap().read_string().unwrap(), "v");
        for (name, entries) in [
            ("index_pointers", neurons + 1),
            ("index_pointer", neurons + 1),
            ("node_ids", neurons),
            ("element_ids", neurons),
            ("element_pos", neurons),
        ] {
            assert_eq!(of(&format!("mapping/{name}")).shape(), [entries], "{population}: {name}");
        }
        let time: Vec<f64> = of("mapping/time").read_array().unwrap().into_iter().collect();
        let rows = ((time[1] - time[0]) / time[2]) as usize;
        assert_eq!(rows, 3, "{population}: cut off as bmtk does, {time:?}");
    }
    assert!(file.group("report/in put").is_err(), "sources have no potential");
}

#[test]
fn each_of_several_samples_gets_logs_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "2"]);
    let several = |arguments: &[&str]| {
        let fixed = ["simulate", "run", "--record", "spikes,v"];
        sandbox.ok(&[&fixed[..], arguments].concat())
    };
    let text = several(&["--split", "all", "--threads", "1", "--out", "one"]);
    assert_eq!(text.lines().count(), 61, "{text}");
    assert!(text.contains(" of 60 samples were taken for their own class; 180 files in one\n"));
    let lines = several(&["--sample", "all", "--threads", "3", "--out", "three", "--json"]);
    sandbox.ok(&["evaluate", "run", "--split", "all", "--predictions", "all.csv"]);
    let table = sandbox.text("all.csv");
    let rows = table.lines().skip(1).zip(lines.lines());
    assert_eq!(rows.clone().count(), 60);
    for (row, line) in rows {
        let (row, told): (Vec<&str>, Value) =
            (row.split(',').collect(), serde_json::from_str(line).unwrap());
        let predicted = told["predicted"].as_str().unwrap();
        assert_eq!((row[0], row[5]), (&*told["sample"].to_string(), predicted));
    }
    several(&["--sample", "41", "--out", "alone"]);
    for ending in ["spikes.h5", "spikes.csv", "v.h5"] {
        for sample in 0..60 {
            let file = format!("sample-{sample}.{ending}");
            let bytes = sandbox.read(format!("one/{file}"));
            assert_eq!(bytes, sandbox.read(format!("three/{file}")), "{file}");
        }
        let file = format!("sample-41.{ending}");
        assert_eq!(sandbox.read(format!("alone/{file}")), sandbox.read(format!("one/{file}")));
    }
}

#[test]
fn nothing_is_simulated_where_a_log_would_be_replaced() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    sandbox.ok(&["simulate", "run", "--sample", "9"]);
    let message = sandbox.fails(1, &["simulate", "run", "--sample", "3-5,9"]);
    assert!(message.contains("sample-9.spikes.h5: this file exists already"), "{message}");
    assert_eq!(sandbox.path("run/spikes").read_dir().unwrap().count(), 2);
    let text = sandbox.ok(&["simulate", "run", "--sample", "9,3-5,4", "--overwrite"]);
    let told: Vec<&str> = text.lines().map(|line| line.split(" of ").next().unwrap()).collect();
    assert_eq!(told[..4], ["sample 3", "sample 4", "sample 5", "sample 9"], "{text}");
    assert_eq!(sandbox.path("run/spikes").read_dir().unwrap().count(), 8);
}
