use super::*;
use crate::data_settings::DataSource;
use crate::network::feed_forward::FeedForward;
use datasets::{SplitBy, Splitting};
use neurons::Model;
use plasticity::gradient::{Cosine, OneCycle, OptimizerSettings, Schedule};
use sim_core::{Kind, Synapses, rounded_delay};

fn message(text: &str) -> String {
    Experiment::parse(text, "made.toml", "made", &[]).unwrap_err().to_string()
}

fn with(changes: &[&str]) -> Result<Experiment> {
    let overrides = changes.iter().map(|text| Override::parse(text)).collect::<Result<Vec<_>>>()?;
    Experiment::recipe_with("quickstart", &overrides)
}

fn forward(experiment: &Experiment) -> &FeedForward {
    experiment.network.feed_forward().expect("the recipe is feed-forward")
}

#[test]
fn every_recipe_is_valid_and_survives_a_round_trip() {
    for recipe in Recipe::all() {
        let experiment = Experiment::recipe(recipe.name).unwrap();
        assert_eq!(experiment.name, recipe.name);
        assert!(!experiment.description.is_empty());
        let text = experiment.to_toml().unwrap();
        assert_eq!(
            Experiment::parse(&text, "resolved", "other", &[]).unwrap(),
            experiment,
            "{text}"
        );
    }
}

#[test]
fn the_paper_network_has_the_paper_numbers() {
    let experiment = Experiment::recipe("shd-delays").unwrap();
    let network = experiment.build_network(140, 20).unwrap();
    let count = |network: &Network, with_delays: bool| {
        let learned = network
            .parameters()
            .filter(|parameter| with_delays || parameter.id.kind != Kind::Delay);
        learned.map(|parameter| parameter.values.len()).sum::<usize>()
    };
    assert_eq!(count(&network, true), 214_016);
    assert_eq!(count(&network, false), 107_520);
    let training = &experiment.training;
    assert_eq!((training.epochs, training.batch_size, training.dropout), (150, 256, 0.4));
    assert_eq!(training.sigma.raw(0, 150), 12.0);
    assert_eq!(training.sigma.final_epoch(150), 37);
    assert_eq!(training.weights.schedule, Schedule::OneCycle(OneCycle::default()));
    assert_eq!(training.delays.schedule, Schedule::Cosine(Cosine::default()));
    let OptimizerSettings::Adam(adam) = training.weights.optimizer else {
        panic!("{:?}", training.weights.optimizer)
    };
    assert_eq!(adam.weight_decay, 1e-5);
    assert_eq!(
        experiment.data.split,
        Splitting { by: SplitBy::Speaker, speakers: vec![3, 9], ..Splitting::default() }
    );
    for projection in &network.projections {
        let Synapses::Dense(synapses) = &projection.synapses else {
            panic!("trained networks are dense")
        };
        assert_eq!(synapses.max_delay_steps, 24);
        let bound = (6.0 / synapses.pre as f64).sqrt() as f32;
        assert!(synapses.weight.iter().all(|weight| weight.abs() <= bound));
        assert!(synapses.weight.iter().any(|weight| weight.abs() > 0.99 * bound));
        let clamped = synapses.delay.iter().filter(|&&delay| delay == 24.0).count() as f64
            / synapses.delay.len() as f64;
        assert!(
            (clamped - 1.0 / 25.0).abs() < 0.01,
            "a 25th of the positions starts at the clamp: {clamped}"
        );
    }
}

#[test]
fn other_recipes_have_their_windows_and_sizes() {
    let steps = |name: &str| {
        let experiment = Experiment::recipe(name).unwrap();
        forward(&experiment).longest_delay_steps(experiment.dt_ms())
    };
    assert_eq!(
        ["shd-delays-1ms", "ssc-delays", "shd-fixed-delays", "shd-no-delays"].map(steps),
        [250, 30, 24, 0]
    );
    let ssc = Experiment::recipe("ssc-delays").unwrap();
    let ssc = ssc.build_network(140, 35).unwrap();
    let parameters: usize = ssc.parameters().map(|parameter| parameter.values.len()).sum();
    assert_eq!(parameters, 1_230_848);
    let fixed = Experiment::recipe("shd-fixed-delays").unwrap();
    assert!(!fixed.training.delays.learn);
    for projection in &fixed.build_network(140, 20).unwrap().projections {
        let Synapses::Dense(synapses) = &projection.synapses else {
            panic!("trained networks are dense")
        };
        assert!(
            synapses.delay.iter().all(|&delay| delay == rounded_delay(f64::from(delay), 24) as f32)
        );
    }
}

#[test]
fn appending_a_population_does_not_shift_the_others() {
    let one = with(&["network.hidden=[8]"]).unwrap().build_network(4, 3).unwrap();
    let two = with(&["network.hidden=[8, 6]"]).unwrap().build_network(4, 3).unwrap();
    let first = |network: &Network| match &network.projections[0].synapses {
        Synapses::Dense(synapses) => synapses.clone(),
        Synapses::Sparse(_) => unreachable!(),
    };
    assert_eq!(first(&one), first(&two));
}

#[test]
fn errors_know_file_line_and_what_was_expected() {
    let text = message("seed = 1\n[network]\nhiden = [3]\n");
    assert!(
        text.starts_with("made.toml:3:1: unknown field `hiden`, expected one of `hidden`"),
        "{text}"
    );
    let text = message("[training]\nepochs = \"many\"\n");
    assert!(text.starts_with("made.toml:2:10: invalid type: string \"many\", expected"), "{text}");
    let text = message("seed = \n");
    assert!(text.starts_with("made.toml:1:"), "{text}");
    assert!(!text.contains('\n'));
    assert_eq!(
        message("[network.neuron]\nmodel = 'lif'\ntau_mem_ms = -1.0"),
        "made.toml:3:14: network.neuron.tau_mem_ms is -1, but must be above 0"
    );
    assert_eq!(
        message("[network]\nhidden = []"),
        "made.toml:2:10: network.hidden is [], but must be a list of at least one population size"
    );
    assert_eq!(
        message("[training]\ndropout = 1.0"),
        "made.toml:2:11: training.dropout is 1, but must be at least 0 and below 1"
    );
    let text = message("[training]\nloss = 'spike_count'");
    assert!(text.contains("network.readout never fires"), "{text}");
    let text = message("name = '../up'");
    assert!(text.contains("name is \"../up\", but must be letters"), "{text}");
    assert!(
        Experiment::recipe("shd")
            .unwrap_err()
            .to_string()
            .starts_with("shd: there is no such recipe; there are quickstart, ")
    );
}

#[test]
fn overrides_replace_values_and_name_themselves_when_wrong() {
    let experiment = with(&[
        "training.epochs=3",
        "data.split.fraction = 0.5",
        "network.delays=none",
        "network.hidden=[2,3]",
    ])
    .unwrap();
    assert_eq!((experiment.training.epochs, experiment.data.split.fraction), (3, 0.5));
    assert_eq!(forward(&experiment).hidden, [2, 3]);
    assert!(!experiment.training.delays.learn, "without delays there is nothing to learn");
    let experiment =
        with(&["network.readout={model=\"lif\"}", "training.loss=spike_count"]).unwrap();
    assert!(matches!(forward(&experiment).readout, Model::Lif(_)));
    let text = with(&["training.epochs=3", "network.size=3"]).unwrap_err().to_string();
    assert!(
        text.starts_with("--set network.size=3: unknown field `size`, expected one of"),
        "{text}"
    );
    let text = with(&["training.epochs=few"]).unwrap_err().to_string();
    assert!(text.starts_with("--set training.epochs=few: invalid type: string \"few\""), "{text}");
    let text = with(&["seed.x=1"]).unwrap_err().to_string();
    assert_eq!(text, "--set seed.x=1: seed is a value, not a section");
    assert!(with(&["epochs"]).unwrap_err().to_string().contains("expected KEY=VALUE"));
    assert!(with(&["seed="]).unwrap_err().to_string().contains("invalid type: string"));
}

#[test]
fn values_out_of_range_are_called_by_their_key_and_blamed_on_who_set_them() {
    for (change, expected) in [
        ("training.epochs=0", "training.epochs is 0"),
        ("training.kernel.tolerance=1", "training.kernel.tolerance is 1"),
        ("training.weights.schedule.peak=-1", "training.weights.schedule.peak is -1"),
        ("training.delays.schedule.peak=-1", "training.delays.schedule.peak is -1"),
        ("training.delays.optimizer.beta1=1", "training.delays.optimizer.beta1 is 1"),
        ("training.sigma.start=0", "training.sigma.start is 0"),
        ("data.binning.dt_ms=0", "data.binning.dt_ms is 0"),
        ("data.source.classes=1", "data.source.classes is 1"),
        ("network.neuron.surrogate.alpha=-1", "network.neuron.surrogate.alpha is -1"),
        ("network.readout.tau_mem_ms=-1", "network.readout.tau_mem_ms is -1"),
        ("network.weight_gain=1e308", "network.weight_gain is 1"),
        (
            "network.hidden=[1048576,1048576]",
            "network.hidden is [1048576, 1048576], but must be small enough for at most 268435456 \
             synapses",
        ),
        ("network.hidden=[1048576]", "network.hidden is [1048576]"),
        ("training.loss=spike_count", "training.loss counts output spikes"),
        ("network.excitatory=0", "network.excitatory is 0, but must be above 0 and at most 1"),
        (
            "network.excitatory=0.001",
            "network.excitatory is 0.001, which makes all of hidden1 inhibitory",
        ),
        ("network.excitatory_input=1.5", "network.excitatory_input is 1.5"),
        ("training.weights.signed_update.budget=-1", "training.weights.signed_update.budget is -1"),
        (
            "training.weights.signed_update.rate_factor=0",
            "training.weights.signed_update.rate_factor is 0",
        ),
    ] {
        // Neither the changes before nor those behind are to blame.
        let more =
            if change.contains("1048576]") { "data.source.pairs=300" } else { "description=other" };
        let text = with(&[more, change, "seed=3"]).unwrap_err().to_string();
        assert!(text.starts_with(&format!("--set {change}: {expected}")), "{text}");
    }
    let text = with(&["seed=18446744073709551615"]).unwrap_err().to_string();
    assert!(text.ends_with("integers lie between -2^63 and 2^63 - 1"), "{text}");
}

#[test]
fn contradictions_are_refused() {
    let text = with(&["training.epochs=3", "training.epochs=4"]).unwrap_err().to_string();
    assert_eq!(text, "--set training.epochs=4: contradicts --set training.epochs=3");
    assert_eq!(with(&["training.epochs=3", "training.epochs=3"]).unwrap().training.epochs, 3);
}

#[test]
fn a_section_that_the_file_leaves_out_begins_as_its_default() {
    let parse = |change: &str| {
        Experiment::parse("", "made.toml", "made", &[Override::parse(change).unwrap()]).unwrap()
    };
    let source = parse("data.source.samples_per_class=20").data.source;
    assert!(matches!(source, DataSource::Randman(randman) if randman.samples_per_class == 20));
    let neuron = forward(&parse("network.neuron.surrogate.alpha=3")).neuron;
    assert!(
        matches!(neuron, Model::Lif(lif) if lif.surrogate == neurons::Surrogate::Atan { alpha: 3.0 })
    );
    assert!(
        matches!(parse("training.weights.schedule.peak=0.1").training.weights.schedule, Schedule::OneCycle(one) if one.peak == 0.1)
    );
}

#[test]
fn a_named_file_replaces_made_up_data() {
    let file = Override::file(Path::new("shd.h5")).unwrap();
    for change in ["data.source.channels=70", "data.source={kind=\"file\", channels=70}"] {
        let overrides = [file.clone(), Override::parse(change).unwrap()];
        let DataSource::File(source) =
            Experiment::recipe_with("quickstart", &overrides).unwrap().data.source
        else {
            panic!("{change}")
        };
        assert_eq!(
            (source.channels, source.path.as_deref()),
            (Some(70), Some(Path::new("shd.h5")))
        );
    }
    let overrides = [file, Override::parse("data.source={kind=\"randman\"}").unwrap()];
    let text = Experiment::recipe_with("quickstart", &overrides).unwrap_err().to_string();
    assert_eq!(text, "--data shd.h5: a file is named, but data.source.kind is not \"file\"");
    let text =
        Experiment::recipe("shd-delays").unwrap().data.recordings(Seed(0)).unwrap_err().to_string();
    assert!(text.contains("--data FILE"), "{text}");
}

#[test]
fn a_changed_kind_takes_the_values_of_the_old_one_away() {
    let neuron =
        forward(&with(&["network.readout.model=lif", "training.loss=spike_count"]).unwrap())
            .readout;
    assert!(matches!(neuron, Model::Lif(_)));
    let text = with(&["network.neuron.model=leaky_integrator"]).unwrap_err().to_string();
    assert!(
        text.ends_with("network.neuron never fires, but hidden populations need a model that does"),
        "{text}"
    );
    let schedule =
        with(&["training.weights.schedule.kind=constant"]).unwrap().training.weights.schedule;
    assert_eq!(schedule, toml::from_str::<Schedule>("kind = 'constant'").unwrap());
    let surrogate = |changes: &[&str]| match forward(&with(changes).unwrap()).neuron {
        Model::Lif(lif) => lif.surrogate,
        other => panic!("{other:?}"),
    };
    let slope = "network.neuron.surrogate.slope=box";
    assert_eq!(surrogate(&[slope]), neurons::Surrogate::Box { half_width: 0.5, peak: 1.0 });
    assert_eq!(
        surrogate(&[slope, "network.neuron.surrogate.peak=2"]),
        neurons::Surrogate::Box { half_width: 0.5, peak: 2.0 }
    );
    assert_eq!(
        surrogate(&["network.neuron.surrogate.peak=2", slope]),
        neurons::Surrogate::Box { half_width: 0.5, peak: 2.0 }
    );
    // What both have stays, and what was typed never goes silently.
    let tau_ms = |changes: &[&str]| match forward(&with(changes).unwrap()).readout {
        Model::LeakyIntegrator(model) => model.tau_mem_ms,
        Model::Lif(model) => model.tau_mem_ms,
        other => panic!("{other:?}"),
    };
    assert_eq!(tau_ms(&["network.readout.model=lif", "training.loss=spike_count"]), tau_ms(&[]));
    let text =
        with(&["training.weights.schedule.end=0.1", "training.weights.schedule.kind=constant"])
            .unwrap_err()
            .to_string();
    assert!(text.contains("unknown field `end`"), "{text}");
    assert!(
        with(&["network.neuron.model=cube"])
            .unwrap_err()
            .to_string()
            .contains("unknown variant `cube`")
    );
    let DataSource::File(source) =
        with(&["data.source.kind=file", "data.source.path=a.h5"]).unwrap().data.source
    else {
        panic!()
    };
    assert_eq!((source.channels, source.classes), (None, None));
}

#[test]
fn wrong_types_are_said_in_words() {
    for (text, expected) in [
        ("seed = 'x'", "expected a whole number, at least 0"),
        ("[training]\nepochs = -1", "expected a whole number, at least 0"),
        ("[training]\ndropout = 'x'", "expected a number"),
        ("[data.split]\nspeakers = [70000]", "expected a whole number from 0 to 65535"),
        ("training = 3", "expected a section"),
        ("[network]\nneuron = 3", "expected a section"),
        ("[network]\nbatch_norm = 1", "expected true or false"),
    ] {
        let text = message(text);
        assert!(text.ends_with(expected), "{text}");
    }
}

#[test]
fn the_delays_that_are_built_are_said() {
    let words = |changes: &[&str]| {
        let experiment = Experiment::recipe_with(
            "shd-delays",
            &changes.iter().map(|text| Override::parse(text).unwrap()).collect::<Vec<_>>(),
        )
        .unwrap();
        let network = experiment.build_network(4, 2).unwrap();
        let Synapses::Dense(synapses) = &network.projections[0].synapses else { unreachable!() };
        (experiment.delays_in_words().join("; "), synapses.max_delay_steps)
    };
    let usual = "delays 0 to 240 ms (window of 25 steps of 10 ms), learned";
    for (changes, expected, steps) in [
        (&[][..], usual, 24),
        (&["network.max_delay_ms=240"], usual, 24),
        (
            &["network.max_delay_ms=249"],
            "delays 0 to 240 ms (window of 25 steps of 10 ms; network.max_delay_ms = 249 is \
             rounded to it), learned",
            24,
        ),
        (
            &["network.max_delay_ms=244.9"],
            "delays 0 to 240 ms (window of 25 steps of 10 ms; network.max_delay_ms = 244.9 is \
             rounded to it), learned",
            24,
        ),
        (&["network.max_delay_steps=24"], usual, 24),
        (
            &["network.max_delay_steps=2", "data.binning.dt_ms=0.7"],
            "delays 0 to 1.4 ms (window of 3 steps of 0.7 ms), learned",
            2,
        ),
        (
            &["network.delays=fixed_random"],
            "delays 0 to 240 ms (window of 25 steps of 10 ms), random, rounded to whole steps, \
             not learned",
            24,
        ),
        (
            &["training.delays.learn=false"],
            "delays 0 to 240 ms (window of 25 steps of 10 ms), random, not learned",
            24,
        ),
        (&["network.delays=none"], "no delays", 0),
    ] {
        assert_eq!(words(changes), (expected.to_owned(), steps), "{changes:?}");
    }
}

#[test]
fn delays_that_can_only_be_zero_are_refused() {
    for (dt_ms, window, shortest) in [
        ("2", "0.5", "at least 3 ms, 1.5 steps of 2 ms, since"),
        ("2", "2", "at least 3 ms"),
        ("10", "14.9", "at least 15 ms"),
        ("0.1", "0.14", "at least 0.15 ms"),
    ] {
        let changes =
            [format!("data.binning.dt_ms={dt_ms}"), format!("network.max_delay_ms={window}")];
        let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
        let error = with(&changes).unwrap_err().to_string();
        assert!(
            error.contains(&format!("network.max_delay_ms is {window}, but must be {shortest}")),
            "{error}"
        );
        let fixed = with(&[&changes[..], &["network.delays=fixed_random"]].concat()).unwrap_err();
        assert!(fixed.to_string().contains(shortest), "{fixed}");
        assert!(with(&[&changes[..], &["network.delays=none"]].concat()).is_ok());
    }
    let smallest = with(&["data.binning.dt_ms=2", "network.max_delay_ms=3"]).unwrap();
    assert_eq!(forward(&smallest).longest_delay_steps(2.0), 2);
    for (steps, expected) in [
        ("0", "network.max_delay_steps is 0, but must be from 2 to 10000"),
        ("1", "has a centre; the nearest is 2"),
        (
            "25",
            "network.max_delay_steps is 25, but must be even, so that the window of one step more \
             has a centre; the nearest are 24 and 26",
        ),
        ("10002", "from 2 to 10000"),
    ] {
        let error = with(&[&format!("network.max_delay_steps={steps}")]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_setting_has_one_unit() {
    let twice = "[training.sigma]\nstart = 3.0\nstart_ms = 30.0\n";
    assert_eq!(
        message(twice),
        "made.toml:2:9: training.sigma.start and training.sigma.start_ms are one setting in two units; leave one out"
    );
    let error = message("network = { max_delay_ms = 10.0, max_delay_steps = 4 }");
    assert!(error.contains("network.max_delay_ms and network.max_delay_steps"), "{error}");
    let error = message(
        "[[training.groups]]\nkinds = [\"delay\"]\n\
         schedule = { kind = \"cosine\", peak = 1.0, peak_ms = 1.0 }\n",
    );
    assert!(error.contains("training.groups[0].schedule.peak and"), "{error}");
    let both = with(&["network.max_delay_steps=4", "network.max_delay_ms=20"]);
    assert_eq!(
        both.unwrap_err().to_string(),
        "--set network.max_delay_ms=20: contradicts --set network.max_delay_steps=4"
    );
    // What a recipe has in one unit gives way to what is typed in the other, and so it is written.
    let experiment = with(&["training.sigma.start_ms=36", "network.max_delay_steps=4"]).unwrap();
    let text = experiment.to_toml().unwrap();
    assert!(
        text.contains("start_ms = 36")
            && !text.contains("\nstart = ")
            && !text.contains("max_delay_ms"),
        "{text}"
    );
    assert_eq!(Experiment::parse(&text, "resolved", "other", &[]).unwrap(), experiment);
}

#[test]
fn only_delays_have_rates_in_ms() {
    for (change, expected) in [
        (
            "training.weights.schedule.peak_ms=1",
            "training.weights.schedule.peak_ms is 1, but must be left out here, since only delays \
             are times",
        ),
        (
            "training.delays.schedule.peak_ms=0",
            "training.delays.schedule.peak_ms is 0, but must be above 0",
        ),
        (
            "training.groups=[{ kinds = ['weight'], schedule = { kind = 'constant', rate_ms = 1.0 \
             } }]",
            "training.groups[0].schedule.rate_ms is 1, but must be left out here",
        ),
        (
            "training.delays={ optimizer = { kind = 'sgd' }, schedule = { kind = 'cosine', peak_ms \
             = 1.0 } }",
            "training.delays.schedule.peak_ms is 1, but must be left out with the optimiser sgd",
        ),
    ] {
        let error = with(&[change]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let group =
        "training.groups=[{ kinds = ['delay'], schedule = { kind = 'constant', rate_ms = 1.0 } }]";
    assert!(with(&[group]).is_ok());
}
