use crate::error::Result;
use crate::experiment::Experiment;
use crate::network::feed_forward::FeedForward;
use crate::network::settings::NetworkSettings;
use sim_core::{Cells, DenseSynapses, Network, Polarity, Seed, Synapses};

/// A chain, as a graph describes it and as the usual kind does.
const CHAIN: &str = r#"
    [network]
    kind = "graph"
    [[network.populations]]
    name = "input"
    [[network.populations]]
    name = "hidden1"
    size = 5
    norm = true
    neuron = { model = "lif" }
    [[network.populations]]
    name = "output"
    neuron = { model = "leaky_integrator" }
    [[network.projections]]
    source = "input"
    target = "hidden1"
    dense = { max_delay_ms = 30.0, kernel_count = 2 }
    [[network.projections]]
    source = "hidden1"
    target = "output"
    dense = { max_delay_ms = 30.0, kernel_count = 2 }
"#;

/// The experiment of a text, on steps of 2 ms.
fn parse(text: &str) -> Result<Experiment> {
    let text = format!("{text}\n[data.binning]\ndt_ms = 2.0\n");
    Experiment::parse(&text, "x.toml", "x", &[])
}

fn settings(text: &str) -> NetworkSettings {
    parse(text).unwrap().network
}

fn build(text: &str) -> Network {
    settings(text).build(4, 3, 2.0, Seed(7)).unwrap()
}

fn dense(network: &Network) -> Vec<&DenseSynapses> {
    let projections = network.projections.iter();
    let of_each = projections.map(|projection| match &projection.synapses {
        Synapses::Dense(dense) => dense,
        Synapses::Sparse(_) => panic!("single synapses"),
    });
    of_each.collect()
}

/// The sentence of an experiment whose text has `to` instead of `from`.
fn message(from: &str, to: &str) -> String {
    assert!(CHAIN.contains(from), "{from}");
    parse(&CHAIN.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_chain_is_bit_for_bit_the_usual_kind() {
    let usual = FeedForward {
        hidden: vec![5],
        max_delay_ms: 30.0,
        kernel_count: 2,
        ..FeedForward::default()
    };
    let usual = usual.build(4, 3, 2.0, Seed(7)).unwrap();
    let graph = build(CHAIN);
    assert_eq!(dense(&graph), dense(&usual));
    assert_eq!(graph.outline().difference(&usual.outline()), None);
    assert_eq!((graph.input(), graph.output()), (Ok(0), Ok(2)));
}

#[test]
fn recurrence_is_added_to_what_stays_the_same() {
    let forward = "[network]\nhidden = [6, 5]\nmax_delay_ms = 20.0\n";
    let recurrent = format!(
        "{forward}kind = \"recurrent\"\n[network.recurrence]\nmax_delay_ms = 10.0\n\
         delay_granularity = \"axonal\"\n"
    );
    let (forward, recurrent) = (build(forward), build(&recurrent));
    let (before, with) = (dense(&forward), dense(&recurrent));
    assert_eq!(before[..], with[..3]);
    let ends: Vec<_> =
        recurrent.projections[3..].iter().map(|back| (back.source, back.target)).collect();
    assert_eq!(ends, [(1, 1), (2, 2)]);
    for back in &with[3..] {
        assert_eq!((back.min_delay_steps, back.max_delay_steps), (1, 4));
        assert!(back.delay.iter().all(|delay| (1.0..=4.0).contains(delay)));
        assert_eq!(back.delay.len(), back.pre, "axonal");
    }
    assert_ne!(with[3].weight[..25], with[4].weight[..25]);
    let none =
        "[network]\nkind = \"recurrent\"\nhidden = [6]\nrecurrence = { delays = \"none\" }\n";
    assert_eq!(dense(&build(none))[2].delay, vec![1.0; 36], "a spike takes a step");
}

#[test]
fn what_closes_a_loop_has_delays_of_at_least_a_step() {
    let back = "[[network.projections]]\nsource = \"hidden1\"\ntarget = \"hidden1\"\n";
    let network = build(&format!("{CHAIN}{back}dense = {{ max_delay_ms = 30.0 }}\n"));
    let shortest: Vec<usize> = dense(&network).iter().map(|dense| dense.min_delay_steps).collect();
    assert_eq!(shortest, [0, 0, 1]);
    sim_core::ClockEngine::build(&network).unwrap();
}

#[test]
fn weights_start_with_the_sign_of_their_population() {
    let of = |network: &Network, projection: usize| -> Vec<Option<Polarity>> {
        let dense = dense(network)[projection];
        let sign = |neuron: usize| {
            let elements = dense.elements_per_pair;
            let of_post = dense.weight.chunks_exact(dense.pre * elements);
            let weights =
                of_post.flat_map(|row| row[neuron * elements..(neuron + 1) * elements].to_vec());
            let weights: Vec<f32> = weights.collect();
            [Polarity::Excitatory, Polarity::Inhibitory]
                .into_iter()
                .find(|sign| weights.iter().all(|&weight| sign.allows(weight)))
        };
        (0..dense.pre).map(sign).collect()
    };
    let (ex, inh) = (Some(Polarity::Excitatory), Some(Polarity::Inhibitory));
    let free = build(CHAIN);
    let signed = build(
        &CHAIN
            .replace("name = \"input\"", "name = \"input\"\npolarity = \"inhibitory\"")
            .replace("size = 5", "size = 5\nexcitatory = 0.6"),
    );
    assert_eq!(of(&signed, 0), [inh; 4]);
    assert_eq!(of(&signed, 1), [ex, ex, ex, inh, inh]);
    let sizes = |network: &Network| {
        let weights = dense(network)[1].weight.clone();
        weights.into_iter().map(f32::abs).collect::<Vec<_>>()
    };
    let unbalanced = build(
        &CHAIN
            .replace("dense = { ", "dense = { balanced = false, ")
            .replace("size = 5", "size = 5\nexcitatory = 0.6"),
    );
    assert_eq!(sizes(&free), sizes(&unbalanced), "only the signs differ");
    // Three excitatory and two inhibitory neurons are balanced.
    for (entry, (free, size)) in sizes(&free).iter().zip(sizes(&signed)).enumerate() {
        let neuron = entry / dense(&signed)[1].elements_per_pair % 5;
        let ratio = if neuron < 3 { 2.0_f32 / 3.0 } else { 1.5 };
        assert!((size - ratio.sqrt() * free).abs() < 1e-6, "{entry}: {free}, {size}");
    }
    let usual = build("[network]\nhidden = [4]\nexcitatory = 0.5\nexcitatory_input = 1.0\n");
    assert_eq!((of(&usual, 0), of(&usual, 1)), (vec![ex; 4], vec![ex, ex, inh, inh]));
    usual.check().unwrap();
}

#[test]
fn entries_that_do_not_fit_are_named_with_their_line() {
    for (from, to, expected) in [
        ("size = 5", "size = 0", "x.toml:8:12: hidden1: size is 0, but must be at least 1"),
        (
            "size = 5",
            "",
            "x.toml:6:5: hidden1: size is missing; only the input and the output have theirs from \
             the samples",
        ),
        (
            "size = 5",
            "size = 5\npoisson_hz = 3.0",
            "x.toml:6:5: hidden1: a population has exactly one of neuron, spikes and poisson_hz",
        ),
        (
            "size = 5",
            "size = 5\nexcitatory = 1.5",
            "x.toml:9:14: hidden1: excitatory is 1.5, but must be from 0 to 1",
        ),
        (
            "size = 5",
            "size = 5\nexcitatory = 0.05",
            "x.toml:9:14: hidden1: excitatory is 0.05, which makes all 5 neurons inhibitory; say so \
             with polarity = \"inhibitory\"",
        ),
        (
            "name = \"output\"",
            "name = \"output\"\npolarity = \"inhibitory\"",
            "x.toml:13:12: output: polarity is the sign of what a population sends, but output \
             sends nothing",
        ),
        (
            "size = 5",
            "size = 5\nexcitatory = 0.5\npolarity = \"excitatory\"",
            "x.toml:9:14: hidden1: polarity and excitatory are one setting; leave one out",
        ),
        (
            "model = \"lif\"",
            "model = \"lif\", tau_mem_ms = -1.0",
            "x.toml:10:44: hidden1: neuron.tau_mem_ms is -1, but must be above 0",
        ),
        (
            "kind = \"graph\"",
            "kind = \"graph\"\noutput = \"words\"",
            "x.toml:4:10: network.output: there is no population words; there are input, hidden1, \
             output",
        ),
        (
            "kind = \"graph\"",
            "kind = \"graph\"\ninput = \"hidden1\"",
            "x.toml:7:5: hidden1: this is the input, where samples enter, so it has none of \
             neuron, spikes and poisson_hz",
        ),
        (
            "target = \"output\"",
            "target = \"exit\"",
            "x.toml:20:14: projection 1: there is no population exit; there are input, hidden1, \
             output",
        ),
        (
            "target = \"hidden1\"",
            "target = \"hidden1\"\nport = \"inhibitory\"",
            "x.toml:17:8: projection input -> hidden1: lif has no port inhibitory; its only one is \
             input",
        ),
        (
            "max_delay_ms = 30.0",
            "max_delay_ms = -1.0",
            "x.toml:17:30: network.projections[0].dense.max_delay_ms is -1, but must be above 0",
        ),
        (
            "dense = { max_delay_ms = 30.0, kernel_count = 2 }",
            "random = { in_degree = 2, out_degree = 2, weight = 1.0, delay_ms = 1.0 }",
            "x.toml:17:14: projection input -> hidden1: random synapses have exactly one of \
             probability, in_degree, out_degree and pairs",
        ),
        (
            "dense = { max_delay_ms = 30.0, kernel_count = 2 }",
            "random = { in_degree = 2, weight = [1.0, -1.0], delay_ms = 1.0 }",
            "x.toml:17:41: projection input -> hidden1: first weight is 1, but must be at least \
             -1e9 and at most the second weight",
        ),
        (
            "dense = { max_delay_ms = 30.0, kernel_count = 2 }",
            "",
            "x.toml:14:5: projection input -> hidden1: a projection has exactly one of synapses, \
             random and dense",
        ),
        (
            "neuron = { model = \"leaky_integrator\" }",
            "",
            "x.toml:11:5: output: a population has exactly one of neuron, spikes and poisson_hz",
        ),
        ("norm = true", "nrom = true", "x.toml:9:5: unknown field `nrom`, expected"),
        ("kind = \"graph\"", "kind = \"grahp\"", "x.toml:3:12: unknown variant `grahp`"),
        (
            "kind = \"graph\"",
            "kind = \"recurrent\"",
            "x.toml:4:15: unknown field `populations`, expected one of `recurrence`, `hidden`",
        ),
        (
            "kind = \"graph\"",
            "",
            "x.toml:4:5: populations belong to a network of kind = \"graph\", which is not said",
        ),
        (
            "kind = \"graph\"",
            "kind = \"graph\"\noutput = \"input\"",
            "x.toml:5:5: input: this is the output, so it needs a neuron",
        ),
    ] {
        let message = message(from, to);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
    let open = "[[network.populations]]\nname = \"side\"\nsize = 2\nneuron = { model = \"lif\" }\n";
    assert_eq!(
        parse(&format!("{CHAIN}{open}")).unwrap_err().to_string(),
        "x.toml: network: no projection leaves output and side; say which population is read: \
         output = \"NAME\""
    );
}

#[test]
fn sizes_that_samples_do_not_have_are_refused() {
    // Made-up data have 70 channels, of which five each are one.
    assert_eq!(
        message("name = \"input\"", "name = \"input\"\nsize = 9"),
        "x.toml:6:8: the input input has 9 neurons, but the samples have 14 channels; leave its \
         size out"
    );
    let network = settings(&CHAIN.replace("name = \"input\"", "name = \"input\"\nsize = 14"));
    assert!(network.build(14, 3, 2.0, Seed(0)).is_ok());
    assert!(network.build(4, 3, 2.0, Seed(0)).is_err());
}

#[test]
fn what_cannot_be_trained_is_told_by_name() {
    let obstacle = |text: &str| {
        let checked = settings(text).check_trainable(2.0);
        checked.err().map(|error| error.to_string())
    };
    let refused = |text: String, expected: &str| {
        let message = obstacle(&text).unwrap();
        let whole = format!(
            "this network cannot be trained: {expected}; synfire simulate FILE.toml runs it as it \
             is described"
        );
        assert_eq!(message, whole);
    };
    assert_eq!(obstacle(CHAIN), None);
    assert_eq!(obstacle(""), None);
    let skip = "[[network.projections]]\nsource = \"input\"\ntarget = \"output\"\ndense = {}\n";
    assert_eq!(obstacle(&format!("{CHAIN}{skip}")), None, "skips train");
    refused(
        "[network]\nkind = \"recurrent\"\n".into(),
        "projection hidden1 -> hidden1 closes a loop, and training runs through feed-forward \
         networks",
    );
    refused(
        format!("{CHAIN}[[network.populations]]\nname = \"noise\"\nsize = 3\npoisson_hz = 5.0\n"),
        "population noise brings spikes of its own, and training knows one source, the samples",
    );
    refused(
        CHAIN.replacen(
            "dense = { max_delay_ms = 30.0, kernel_count = 2 }",
            "random = { pairs = \"all_to_all\", weight = 1.0, delay_ms = 2.0 }",
            1,
        ),
        "projection input -> hidden1 has single synapses, and training needs dense ones (dense = \
         {})",
    );
    let side = "[[network.populations]]\nname = \"side\"\nsize = 2\nneuron = { model = \"lif\" }\n";
    let named = CHAIN.replace("kind = \"graph\"", "kind = \"graph\"\noutput = \"output\"");
    refused(format!("{named}{side}"), "population side has no input: no projection ends there");
    refused(
        format!(
            "{named}{side}[[network.projections]]\nsource = \"input\"\ntarget = \"side\"\n\
             dense = {{}}\n"
        ),
        "population side leads nowhere, so nothing can teach it: the output is output",
    );
    refused(
        CHAIN
            .replace("kind = \"graph\"", "kind = \"graph\"\noutput = \"hidden1\"")
            .replace("{ model = \"lif\" }", "{ model = \"leaky_integrator\" }")
            .replace("size = 5\n", "")
            .replace("name = \"output\"", "name = \"output\"\nsize = 2"),
        "population hidden1 is the output, and training needs one that no projection leaves",
    );
    refused(
        CHAIN.replace("{ model = \"lif\" }", "{ model = \"leaky_integrator\" }"),
        "population hidden1 never fires, so nothing can follow it",
    );
}

#[test]
fn a_graph_survives_being_written() {
    let experiment = parse(CHAIN).unwrap();
    let again = |experiment: &Experiment| {
        let text = experiment.to_toml().unwrap();
        Experiment::parse(&text, "x.toml", "x", &[]).unwrap().network
    };
    assert_eq!(again(&experiment), experiment.network);
    let recurrent = parse("[network]\nkind = \"recurrent\"\nhidden = [3]\n").unwrap();
    assert_eq!(again(&recurrent), recurrent.network);
    let network = build(CHAIN);
    assert!(matches!(network.populations[0].cells, Cells::Source));
}
