use super::*;
use sim_core::{Synapses, Variables};

const TEXT: &str = r#"
    dt_ms = 0.1
    duration_ms = 100.0
    [[populations]]
    name = "given"
    size = 2
    spikes = [[1.0, 0], [3.0, 1]]
    [[populations]]
    name = "noise"
    size = 50
    poisson_hz = 100.0
    [[populations]]
    name = "target"
    size = 3
    neuron = { model = "lif", tau_mem_ms = 10.0 }
    [[projections]]
    source = "given"
    target = "target"
    synapses = [{ pre = 0, post = 1, weight = 1.5, delay_ms = 0.3 }, { pre = 1, post = 2, weight = 2.0, delay_ms = 2.0 }]
    [[projections]]
    source = "target"
    target = "target"
    random = { probability = 1.0, weight = [0.25, 0.25], delay_ms = [1.0, 2.0] }
"#;

fn message(text: &str) -> String {
    let file: NetworkFile = toml::from_str(text).unwrap();
    file.simulation("net.toml").unwrap_err().to_string()
}

#[test]
fn spikes_arrive_after_their_delays() {
    let simulation = toml::from_str::<NetworkFile>(TEXT).unwrap().simulation("net.toml").unwrap();
    let recording = simulation.record(Variables::SPIKES).unwrap();
    assert_eq!(recording.spikes(2), [(13, 1), (50, 2)]);
    let noise = recording.spikes(1).len() as f64;
    assert!((noise - 500.0).abs() < 5.0 * 500f64.sqrt(), "100 Hz of 50 neurons for 0.1 s: {noise}");
    let Synapses::Sparse(random) = &simulation.network().projections[1].synapses else {
        unreachable!()
    };
    assert_eq!(random.len(), 6, "nobody is joined with itself");
    assert!(
        random
            .iter()
            .all(|synapse| synapse.weight == 0.25 && (10..=20).contains(&synapse.delay_steps))
    );
}

#[test]
fn what_no_machine_holds_is_refused_before_memory_is_asked_for() {
    let of = |from: &str, to: &str| message(&TEXT.replace(from, to));
    let text = of("size = 50", "size = 1000000000000");
    assert!(
        text.contains("size of all populations is 1000000000005, but must be at most 10000000"),
        "{text}"
    );
    assert!(
        of("size = 3", "size = 1000000")
            .contains("pairs of neurons in random projections is 1000000000000")
    );
    assert!(
        of("size = 3", "size = 50000")
            .contains("number of synapses is 2500000002, but must be at most 100000000")
    );
    let text = of("duration_ms = 100.0", "duration_ms = 1e8");
    assert!(
        text.contains("number of spikes that poisson_hz makes in duration_ms is 500000000"),
        "{text}"
    );
    assert!(
        of("duration_ms = 100.0", "duration_ms = 1e12").contains("duration_ms is 1000000000000")
    );
    assert!(
        of("delay_ms = 2.0", "delay_ms = 1e8")
            .contains("number of neurons times steps of the longest delay_ms")
    );
    let text = of("weight = [0.25, 0.25]", "weight = [-1e308, 1e308]");
    assert!(text.contains("first weight is -1") && text.contains("at least -1e9"), "{text}");
    assert!(
        of("weight = [0.25, 0.25]", "weight = [0.25, inf]")
            .contains("second weight is inf, but must be at most 1e9")
    );
}

#[test]
fn wrong_entries_are_named() {
    let of = |from: &str, to: &str| message(&TEXT.replace(from, to));
    assert_eq!(
        of("delay_ms = 0.3", "delay_ms = 0.35"),
        "net.toml: projection given -> target: delay_ms of synapse 0 is 0.35, but must be a whole \
         number of steps of 0.1 ms; the nearest are 0.3 and 0.4 ms"
    );
    assert_eq!(
        of("poisson_hz = 100.0", ""),
        "net.toml: noise: a population has exactly one of neuron, spikes and poisson_hz"
    );
    assert!(
        of("source = \"given\"", "source = \"taken\"")
            .contains("there is no population taken; there are given, noise, target")
    );
    assert!(
        of("probability = 1.0", "probability = 1.5")
            .contains("probability is 1.5, but must be from 0 to 1")
    );
    assert!(
        of("duration_ms = 100.0", "duration_ms = 0.0")
            .contains("duration_ms is 0, but must be from 0.1 to 100000000 ms")
    );
    assert!(
        of("tau_mem_ms = 10.0", "tau_mem_ms = 0.0")
            .contains("target: neuron.tau_mem_ms is 0, but must be above 0")
    );
    let text = of("delay_ms = [1.0, 2.0]", "delay_ms = [0.0, 0.0]");
    assert_eq!(text, "net.toml: projections with zero delay form a cycle: target -> target");
    let text = of("name = \"noise\"", "name = \"a/b\"");
    assert_eq!(
        text,
        "net.toml: population \"a/b\" cannot be logged: its name must be plain text without slashes"
    );
    assert!(of("poisson_hz = 100.0", "poisson_hz = -1.0").contains("noise: poisson_hz is -1"));
    assert!(
        toml::from_str::<NetworkFile>(&TEXT.replace("size = 50", "count = 50"))
            .unwrap_err()
            .message()
            .contains("count")
    );
}

#[test]
fn limits_of_spikes_are_those_that_hold() {
    let spike = |entry: &str| message(&TEXT.replace("[1.0, 0]", entry));
    let late = "but must be at least 0 and below 99.95 ms: it counts for the nearest step of \
                0.1 ms, and the last of duration_ms = 100 is at 99.9 ms";
    for time in ["99.96", "100", "1e9", "-0.04", "-1e-12"] {
        let expected = format!("given: time of spike 0 is {time}, {late}");
        let text = spike(&format!("[{time}, 0]"));
        assert!(text.contains(&expected.replace("1e9", "1000000000")), "{text}");
    }
    assert_eq!(
        spike("[1.0, 2]"),
        "net.toml: given: neuron of spike 0 is 2, but must be below 2, the size of given"
    );
    for accepted in ["[99.94, 0]", "[0.0, 1]", "[-0.0, 0]", "[0.04, 0]"] {
        let text = TEXT.replace("[1.0, 0]", accepted);
        assert!(toml::from_str::<NetworkFile>(&text).unwrap().simulation("").is_ok());
    }
    for (size, name) in [("size = 2", "given"), ("size = 50", "noise"), ("size = 3", "target")] {
        assert_eq!(
            message(&TEXT.replace(size, "size = 0")),
            format!("net.toml: {name}: size is 0, but must be at least 1")
        );
    }
}

#[test]
fn times_between_two_steps_are_refused_with_both() {
    for (from, to, expected) in [
        (
            "duration_ms = 100.0",
            "duration_ms = 100.04",
            "duration_ms is 100.04, but must be a whole number of steps of 0.1 ms; the nearest are \
             100 and 100.1 ms",
        ),
        (
            "duration_ms = 100.0",
            "duration_ms = 0.05",
            "duration_ms is 0.05, but must be from 0.1 to 100000000 ms, 1 to 1e9 steps of 0.1 ms",
        ),
        (
            "delay_ms = [1.0, 2.0]",
            "delay_ms = [1.04, 2.0]",
            "first delay_ms is 1.04, but must be a whole number of steps of 0.1 ms; the nearest \
             are 1 and 1.1 ms",
        ),
        ("delay_ms = [1.0, 2.0]", "delay_ms = [1.0, 1.04]", "second delay_ms is 1.04, but must be"),
        (
            "tau_mem_ms = 10.0",
            "refractory_ms = 0.25",
            "target: neuron.refractory_ms is 0.25, but must be a whole number of steps of 0.1 ms; \
             the nearest are 0.2 and 0.3 ms",
        ),
    ] {
        let text = message(&TEXT.replace(from, to));
        assert!(text.contains(expected), "{text}");
    }
}
