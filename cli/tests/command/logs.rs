//! What `simulate` logs, for other programs to read.

use crate::sandbox::Sandbox;
use hdf5_reader::Hdf5File;

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
    sandbox.ok(&["simulate", "odd.toml", "--csv", "bmtk", "--out", "sim"]);
    assert_eq!(
        sandbox.text("sim/odd.spikes.csv"),
        "timestamps population node_ids\n0.1 \"in put\" 0\n0.1 \"in put\" 2\n0.2 \"in put\" 1\n"
    );
    sandbox.train("run", &["--epochs", "1"]);
    let spikes = |arguments: &[&str], file: &str| {
        sandbox.ok(&[&["simulate", "run", "--sample", "7"], arguments].concat());
        sandbox.text(file)
    };
    let plain = spikes(&["--out", "plain"], "plain/sample-7.spikes.csv");
    let bmtk = spikes(&["--out", "bmtk", "--csv", "bmtk"], "bmtk/sample-7.spikes.csv");
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
