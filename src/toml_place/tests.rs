use super::*;
use crate::experiment::Experiment;
use crate::network::file::NetworkFile;

fn experiment(text: &str) -> String {
    Experiment::parse(text, "x.toml", "x", &[]).unwrap_err().to_string()
}

#[test]
fn an_unknown_key_of_a_section_with_a_kind_has_its_own_line() {
    for (text, place, key) in [
        ("[network.neuron]\nmodel = \"lif\"\ntau_mem_ms = 20.0\nbeta = 0.9\n", "4:1", "beta"),
        ("[network]\nneuron = { model = \"lif\",\n tau = 2.0 }\n", "3:2", "tau"),
        ("[network]\n\nneuron.model = \"lif\"\nneuron.tau = 2.0\n", "4:8", "tau"),
        ("[data.source]\nkind = \"randman\"\n\nneuron = 3\n", "4:1", "neuron"),
        ("[training.weights]\nschedule = { kind = \"cosine\", step = 3 }\n", "2:31", "step"),
        (
            "[[training.groups]]\n[[training.groups]]\n[training.groups.optimizer]\nkind \
             = \"sgd\"\nbeta1 = 0.9\n",
            "5:1",
            "beta1",
        ),
        (
            "[[training.groups]]\noptimizer = { kind = \"adam\" }\n[[training.groups]]\noptimizer \
             = { kind = \"sgd\", nestrov = true }\n",
            "4:29",
            "nestrov",
        ),
    ] {
        let message = experiment(text);
        assert!(
            message.starts_with(&format!("x.toml:{place}: unknown field `{key}`, expected")),
            "{message}"
        );
    }
}

#[test]
fn wrong_types_and_unknown_words_there_have_their_own_line_too() {
    for (text, expected) in [
        (
            "[network.neuron]\nmodel = \"lif\"\ntau_mem_ms = \"fast\"\n",
            "x.toml:3:14: invalid type: string \"fast\", expected a number",
        ),
        (
            "[network.neuron]\nmodel = \"lif\"\nreset = \"hrad\"\n",
            "x.toml:3:9: unknown variant `hrad`, expected `hard` or `soft`; did you mean hard?",
        ),
        ("[network.neuron]\nmodel = \"liff\"\n", "x.toml:2:9: unknown variant `liff`"),
        (
            "[network.neuron]\nmodel = \"lif\"\n[network.neuron.surrogate]\nslope \
             = \"atan\"\nalpha = true\n",
            "x.toml:5:9: invalid type: boolean `true`",
        ),
        (
            "[data]\nsource = { kind = \"randman\", classes = 2.5 }\n",
            "x.toml:2:40: invalid type: floating point `2.5`, expected a whole number",
        ),
        ("[data.source]\nchannels = 3\n", "x.toml:1:1: missing field `kind`"),
    ] {
        let message = experiment(text);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn values_out_of_range_have_their_line() {
    for (text, expected) in [
        (
            "[network.neuron]\nmodel = \"lif\"\ntau_mem_ms = 0.0\n",
            "x.toml:3:14: network.neuron.tau_mem_ms is 0, but must be above 0",
        ),
        ("[network]\nhidden = [3,\n 0]\n", "x.toml:3:2: network.hidden[1] is 0"),
        (
            "[[training.groups]]\nschedule = { kind = \"constant\", rate = -1 }\n",
            "x.toml:2:40: training.groups[0].schedule.rate is -1",
        ),
        ("[data.split]\nby = \"speaker\"\n", "x.toml: data.split.speakers is empty"),
        ("seed = 9223372036854775808\n", "x.toml:1:8: "),
    ] {
        let message = experiment(text);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn network_files_have_the_same_places() {
    let head = "dt_ms = 0.1\nduration_ms = 1.0\n[[populations]]\nname = \"a\"\nsize = 1\n";
    for (text, expected) in [
        ("neuron = { model = \"lif\", tau = 1.0 }\n", "n.toml:6:27: unknown field `tau`"),
        ("[populations.neuron]\nmodel = \"lif\"\ntau = 1.0\n", "n.toml:8:1: unknown field `tau`"),
        ("neuron = { model = \"lif\", threshold = \"x\" }\n", "n.toml:6:39: invalid type"),
        ("poisson = 3.0\n", "n.toml:6:1: unknown field `poisson`"),
    ] {
        let text = format!("{head}{text}");
        let message = read::<NetworkFile>("n.toml", &text).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}
