//! What a run takes from a program: samples in memory, a loss, observers that stop it; and when it
//! ends by itself.

use datasets::{LabelledFrames, Randman, Split};
use plasticity::gradient::{CrossEntropy, FiringRateBounds, Loss};
use plasticity::{EarlyStopping, ParameterGroup, Protection};
use rand::RngExt;
use sim_core::{Kind, Network, ParameterId, Purpose, Readout, SampleLoss, Seed, SpikeFrames};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use synfire::{
    Checkpoint, EvaluatedSplit, Event, Experiment, Finish, OwnParts, Samples, Silent, TrainedRun,
    TrainingRun,
};

/// Spikes at random on the lower or on the upper channels.
fn samples(seed: u64) -> Samples {
    let sample = |sample: usize| {
        let mut random = Seed(seed).stream(Purpose::Synthesis, sample as u64, 0);
        let first = 3 * (sample % 2) as u32;
        let events: Vec<(u32, u32)> = (0..60)
            .map(|_| (first + random.random_range(0..4), random.random_range(0..25)))
            .collect();
        (SpikeFrames::from_events(7, 25, &events).unwrap(), sample % 2)
    };
    let source = Arc::new(LabelledFrames::new(2, (0..40).map(sample).collect()).unwrap());
    let split = Split::by_chance(&*source, 0.25, Seed(0)).unwrap();
    Samples { name: "random channels".into(), source, split }
}

fn parts() -> OwnParts {
    OwnParts::of_samples(samples(1))
}

fn experiment() -> Experiment {
    let mut experiment = Experiment::recipe("quickstart").unwrap();
    experiment.network.feed_forward_mut().expect("it is in a row").hidden = vec![10];
    experiment.training.epochs = 4;
    experiment.training.batch_size = 10;
    experiment
}

fn create(parts: OwnParts, folder: &Path) -> TrainingRun {
    TrainingRun::create_with(experiment(), parts, folder.into(), false, Some(2)).unwrap()
}

/// Files of a run that must be the same however often it was interrupted.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "weights.csv", "result.json"]
        .map(|file| std::fs::read(folder.join(file)).unwrap())
        .into()
}

/// The rows of `metrics.csv` without the time that they took.
fn rows(folder: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join("metrics.csv")).unwrap();
    let table: Vec<Vec<String>> =
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let seconds = table[0].iter().position(|name| name == "seconds").unwrap();
    let others = |mut row: Vec<String>| {
        row.remove(seconds);
        row
    };
    table.into_iter().map(others).collect()
}

/// Stops the run at the `number`th of the events that `counts` counts.
fn stopping(number: usize, counts: fn(&Event) -> bool) -> impl FnMut(Event<'_>) -> ControlFlow<()> {
    let mut seen = 0;
    move |event| {
        seen += usize::from(counts(&event));
        if seen == number && counts(&event) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[test]
fn a_run_on_samples_in_memory_stops_anywhere_and_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let outcome = create(parts(), &whole).finish(&mut Silent).unwrap();
    assert_eq!(outcome.pictures.len(), 14, "{:?}", outcome.warning);
    assert!(outcome.pictures.iter().all(|picture| picture.exists()));
    assert!(outcome.best.accuracy > 0.8, "{}", outcome.best.accuracy);

    let is_step: fn(&Event) -> bool = |event| matches!(event, Event::Step { .. });
    let is_epoch: fn(&Event) -> bool = |event| matches!(event, Event::Epoch(_));
    let is_line: fn(&Event) -> bool = |event| matches!(event, Event::Line(_));
    // Within an epoch, behind its last step, behind epochs, the last one too, before the first.
    let cases = [(is_step, 2), (is_step, 3), (is_epoch, 1), (is_epoch, 4), (is_line, 1)];
    for (case, (counts, number)) in cases.into_iter().enumerate() {
        let path = folder.path().join(format!("stopped-{case}"));
        let finish = create(parts(), &path).run(&mut stopping(number, counts)).unwrap();
        assert!(matches!(finish, Finish::Stopped { .. }), "case {case}: {finish:?}");
        let resumed = TrainingRun::resume_with(&path, parts(), None, Some(1)).unwrap();
        resumed.finish(&mut Silent).unwrap();
        assert!(files(&path) == files(&whole), "case {case}");
        assert_eq!(rows(&path), rows(&whole), "case {case}");
    }
}

#[test]
fn a_run_ends_where_validation_gets_no_better() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiment = experiment();
    experiment.training.epochs = 30;
    // No accuracy is better by that much than the first.
    experiment.training.early_stopping = Some(EarlyStopping { patience: 3, min_delta: 0.9 });
    let path = folder.path().join("run");
    let run = TrainingRun::create_with(experiment, parts(), path.clone(), false, Some(2)).unwrap();
    let mut epochs = 0;
    let mut counting = |event: Event<'_>| {
        if let Event::Epoch(epoch) = event {
            epochs += 1;
            assert_eq!(epoch.epoch, epochs);
        }
        ControlFlow::Continue(())
    };
    let outcome = run.finish(&mut counting).unwrap();
    assert_eq!(epochs, 4);
    let log = std::fs::read_to_string(path.join("log.txt")).unwrap();
    assert!(log.contains("stopped early after epoch 4 of 30: no better"), "{log}");
    assert_eq!(outcome.pictures.len(), 14);
    let refused = TrainingRun::resume_with(&path, parts(), None, None).unwrap_err().to_string();
    assert!(refused.contains("this run is finished"), "{refused}");
}

/// Whatever is not in the run's folder has to be there again.
#[test]
fn a_run_is_not_resumed_with_other_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    create(parts(), &path).stop_after(1).run(&mut Silent).unwrap();
    let refused = |parts| {
        let resumed = TrainingRun::resume_with(&path, parts, None, None);
        resumed.unwrap_err().to_string()
    };
    let others = refused(OwnParts::of_samples(samples(2)));
    assert!(
        others.contains("these are not the data the run began with, random channels"),
        "{others}"
    );
    let Samples { split: Split { train, validation }, .. } = samples(1);
    let split = Split { train: validation, validation: train };
    let swapped = refused(OwnParts::of_samples(Samples { split, ..samples(1) }));
    assert!(swapped.contains("these are not the data the run began with"), "{swapped}");
    let none = refused(OwnParts::default());
    assert!(none.contains("these samples were made by a program"), "{none}");
    let loss = refused(OwnParts { loss: Some(Arc::new(CrossEntropy::Mean)), ..parts() });
    assert!(
        loss.contains(
            "the program that began this run brought no parts of its own, but this one brings loss"
        ),
        "{loss}"
    );
}

/// Keeps all weights onto the first hidden population.
#[derive(Debug)]
struct Held;

const HELD: ParameterId = ParameterId::of_projection(0, Kind::Weight);

impl Protection for Held {
    fn protects(&self, id: ParameterId) -> bool {
        id == HELD
    }

    fn gradient(&self, _id: ParameterId, _values: &[f32], gradient: &mut [f32]) {
        gradient.fill(0.0);
    }

    fn step(&self, _id: ParameterId, before: &[f32], after: &mut [f32]) {
        after.copy_from_slice(before);
    }
}

/// Bounds without an upper end, as settings and as a part; a protection.
#[test]
fn what_a_run_asks_for_beside_the_loss_acts_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let awake = || FiringRateBounds { lower_hz: 200.0, ..FiringRateBounds::default() };
    let plain = folder.path().join("plain");
    create(parts(), &plain).finish(&mut Silent).unwrap();
    let mut lists = vec![files(&plain)];
    for name in ["settings", "regularizer", "protection"] {
        let mut experiment = experiment();
        if name == "settings" {
            experiment.training.firing_rate = Some(awake());
        }
        let parts = || {
            let mut parts = parts();
            match name {
                "regularizer" => parts.regularizers.push(Box::new(awake())),
                "protection" => parts.protection = Some(Box::new(Held)),
                _ => {}
            }
            parts
        };
        let path = |stops: &str| folder.path().join(format!("{name}-{stops}"));
        let create = |path: PathBuf| {
            TrainingRun::create_with(experiment.clone(), parts(), path, false, Some(2)).unwrap()
        };
        create(path("whole")).finish(&mut Silent).unwrap();
        create(path("stopped")).stop_after(1).run(&mut Silent).unwrap();
        let resumed = TrainingRun::resume_with(&path("stopped"), parts(), None, Some(1)).unwrap();
        resumed.finish(&mut Silent).unwrap();
        lists.push(files(&path("whole")));
        assert!(files(&path("stopped")) == files(&path("whole")), "{name}");
    }
    // The weights of two runs differ, unless they are asked for the same in two ways.
    let weights = |list: usize| &lists[list][2];
    assert!(weights(1) != weights(0), "settings change nothing");
    assert!(weights(2) == weights(1), "settings and a part ask for the same");
    assert!(weights(3) != weights(0), "a protection changes nothing");
    let run = TrainedRun::open(&folder.path().join("protection-whole"), Checkpoint::Last).unwrap();
    let of = |network: &Network| {
        let held = network.parameters().find(|parameter| parameter.id == HELD).unwrap();
        held.values.to_vec()
    };
    assert_eq!(of(run.network()), of(run.start()));
}

#[test]
fn a_split_that_does_not_fit_the_samples_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (train, validation, problem) in [
        (vec![0, 1], vec![40], "the split has sample 40 of 40"),
        (vec![0, 1], vec![1, 2], "sample 1 is twice in the split"),
        (vec![], vec![1, 2], "the split leaves no sample for train"),
    ] {
        let split = Split { train, validation };
        let parts = OwnParts::of_samples(Samples { split, ..samples(1) });
        let path = folder.path().join("run");
        let refused = TrainingRun::create_with(experiment(), parts, path.clone(), false, None);
        let refused = refused.unwrap_err().to_string();
        assert!(refused == format!("random channels: {problem}"), "{refused}");
        assert!(!path.exists());
    }
}

/// The loss of the recipe, but of the potentials upside down.
#[derive(Debug)]
struct UpsideDown;

impl Loss for UpsideDown {
    fn evaluate(
        &self,
        readout: Readout<'_>,
        label: usize,
        gradient: Option<(&mut [f32], f64)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss {
        let values: Vec<f32> = readout.values.iter().map(|value| -value).collect();
        let readout = Readout { values: &values, ..readout };
        let gradient = gradient.map(|(gradient, scale)| (gradient, -scale));
        CrossEntropy::SumSoftmax.evaluate(readout, label, gradient, memory)
    }
}

#[test]
fn a_loss_of_its_own_trains_scores_and_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let own = || OwnParts { loss: Some(Arc::new(UpsideDown)), ..parts() };
    let path = folder.path().join("run");
    let mut experiment = experiment();
    experiment.training.epochs = 20;
    let run = TrainingRun::create_with(experiment, own(), path.clone(), false, None).unwrap();
    run.stop_after(2).run(&mut Silent).unwrap();
    let resumed = TrainingRun::resume_with(&path, own(), None, None).unwrap();
    let outcome = resumed.finish(&mut Silent).unwrap();
    assert!(outcome.best.accuracy > 0.8, "{}", outcome.best.accuracy);
    assert_eq!(outcome.pictures.len(), 14, "{:?}", outcome.warning);

    let run = TrainedRun::open(&path, Checkpoint::Best).unwrap();
    let refused = run.loss().map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("only that program can score its readout"), "{refused}");
    assert!(run.with_loss(Arc::new(UpsideDown)).loss().is_ok());
}

/// What a configuration can say of an open trainer it says, and nothing else is in its file.
#[test]
fn early_stopping_bounds_and_groups_go_through_a_file() {
    let text = r#"
        [training]
        early_stopping = { patience = 7 }
        firing_rate = { upper_hz = 50.0, strength = 1e-3 }
        [[training.groups]]
        names = ["hidden*->output.*"]
        schedule = { kind = "constant", rate = 1e-4 }
    "#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    std::fs::write(&path, text).unwrap();
    let experiment = Experiment::read(&path, &[]).unwrap();
    let training = &experiment.training;
    assert_eq!(training.early_stopping, Some(EarlyStopping { patience: 7, min_delta: 0.0 }));
    let bounds = FiringRateBounds { upper_hz: Some(50.0), strength: 1e-3, ..Default::default() };
    assert_eq!(training.firing_rate, Some(bounds));
    assert_eq!(training.groups[0].names, ["hidden*->output.*"]);
    std::fs::write(&path, experiment.to_toml().unwrap()).unwrap();
    assert_eq!(Experiment::read(&path, &[]).unwrap(), experiment);
    let plain = Experiment::recipe("quickstart").unwrap().to_toml().unwrap();
    for key in ["early_stopping", "firing_rate", "groups"] {
        assert!(!plain.contains(key), "{key}");
    }
}

#[test]
fn settings_that_are_not_allowed_are_named_by_their_keys() {
    let refused = |change: &str| {
        let change = synfire::Override::parse(change).unwrap();
        Experiment::recipe_with("quickstart", &[change]).unwrap_err().to_string()
    };
    for (change, expected) in [
        ("training.early_stopping={patience=0}", "training.early_stopping.patience is 0"),
        ("training.firing_rate={strength=-1}", "training.firing_rate.strength is -1"),
        (
            "training.groups=[{optimizer={kind='adam', beta1=2.0}}]",
            "training.groups[0].optimizer.beta1 is 2",
        ),
        ("training.groups=[{kinds=['gian']}]", "gian"),
    ] {
        let message = refused(change);
        assert!(message.contains(expected), "{message}");
    }
}

/// What only the program has that trained the run it can bring again.
#[test]
fn a_run_on_samples_in_memory_is_read_back_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let outcome = create(parts(), &path).finish(&mut Silent).unwrap();
    let run = TrainedRun::open(&path, Checkpoint::Best).unwrap();
    let bare = run.clone().evaluate(None, None, None).unwrap_err();
    assert!(bare.to_string().contains("were made by a program"), "{bare}");
    let other = run.clone().with_samples(samples(2)).sample(None, None).unwrap_err();
    assert!(other.to_string().contains("not the data the run began with"), "{other}");
    // The program's channels are the network's: those of a file are not grouped.
    let file = folder.path().join("other.h5");
    let randman = Randman { classes: 2, neurons: 7, samples_per_class: 3, ..Randman::default() };
    randman.recordings(Seed(4)).unwrap().write(&file).unwrap();
    let other = run.evaluate(Some(&file), Some(EvaluatedSplit::All), None).unwrap();
    assert_eq!(other.evaluation.samples, 6);
    let run = run.with_samples(samples(1));
    let evaluation = run.evaluate(None, Some(EvaluatedSplit::Validation), None).unwrap().evaluation;
    assert_eq!(evaluation.accuracy(), outcome.best.accuracy);
    assert_eq!(run.sample(None, Some(39)).unwrap().index, 39);
}

#[test]
fn a_group_that_names_nothing_is_refused_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiment = experiment();
    let names = vec!["hidden9->*".to_owned()];
    experiment.training.groups = vec![ParameterGroup { names, ..ParameterGroup::default() }];
    let path = folder.path().join("run");
    let refused = TrainingRun::create_with(experiment, parts(), path.clone(), false, None);
    let refused = refused.unwrap_err();
    let expected = "training.groups.names is \"hidden9->*\", but must be the name of a parameter: \
                    input->hidden1.weight, ";
    assert!(refused.to_string().starts_with(expected), "{refused}");
    assert!(refused.is_usage() && !path.exists());
}

/// The program's own parts are named in the run's configuration, which cannot hold them.
#[test]
fn a_configuration_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let own = OwnParts { loss: Some(Arc::new(UpsideDown)), ..parts() };
    create(own, &path).stop_after(1).run(&mut Silent).unwrap();
    let text = std::fs::read_to_string(path.join("config.toml")).unwrap();
    assert!(text.starts_with("# A program brought to this run: loss. "), "{text}");
}
