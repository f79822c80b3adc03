//! What a trainer leaves open: groups of parameters with rules of their own, protections, signs,
//! regularisers, and where an epoch may be stopped.

use crate::parameter_of;
use datasets::LabelledFrames;
use layered::LayeredEngine;
use plasticity::gradient::{
    AdamW, Constant, CrossEntropy, FiringRateBounds, Labelled, OptimizerSettings, Schedule, Sgd,
    WeightUpdate,
};
use plasticity::{
    CheckpointFile, EpochTrainer, ParameterGroup, Protection, TaskEnd, Trainer, TrainingSettings,
};
use rand::RngExt;
use sim_core::{
    Batch, GradientEngine, Gradients, Kind, Network, ParameterId, Polarity, Projection, Purpose,
    Regularizer, Seed, SpikeFrames, Synapses,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use synfire::FeedForward;

const SEED: Seed = Seed(8);
const CHANNELS: usize = 9;
const CLASSES: usize = 3;

fn network() -> Network {
    let settings =
        FeedForward { hidden: vec![20, 17], max_delay_ms: 8.0, ..FeedForward::default() };
    settings.build(CHANNELS, CLASSES, 1.0, SEED).unwrap()
}

fn frames(samples: usize) -> Vec<SpikeFrames> {
    let sample = |sample: usize| {
        let mut random = SEED.stream(Purpose::Synthesis, sample as u64, 0);
        let events: Vec<(u32, u32)> = (0..90)
            .map(|_| (random.random_range(0..CHANNELS as u32), random.random_range(0..30)))
            .collect();
        SpikeFrames::from_events(CHANNELS, 30, &events).unwrap()
    };
    (0..samples).map(sample).collect()
}

fn settings() -> TrainingSettings {
    let mut settings =
        TrainingSettings { batch_size: 10, epochs: 2, ..TrainingSettings::default() };
    settings.weights.schedule = Schedule::Constant(Constant { rate: 0.01, ..Constant::default() });
    settings.delays.schedule = Schedule::Constant(Constant { rate: 0.1, ..Constant::default() });
    settings
}

fn trainer_of(network: Network, settings: TrainingSettings) -> Trainer {
    let engine = Box::new(LayeredEngine::new(&network).unwrap());
    Trainer::new(network, engine, settings, SEED).unwrap()
}

/// Steps on the same samples over and over.
fn step(trainer: &mut Trainer, steps: usize) {
    step_with(trainer, steps, &[]);
}

fn step_with(trainer: &mut Trainer, steps: usize, regularizers: &[Box<dyn Regularizer>]) {
    let frames = frames(CLASSES);
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &[0, 1, 2] };
    let batch = Batch { regularizers, ..Batch::new(&frames, 3, &objective) };
    (0..steps).for_each(|_| _ = trainer.step(&batch).unwrap());
}

fn values(network: &Network, id: ParameterId) -> &[f32] {
    network.parameters().find(|parameter| parameter.id == id).unwrap().values
}

/// Parameters that differ between two networks.
fn moved(one: &Network, other: &Network) -> Vec<String> {
    let pairs = one.parameters().zip(other.parameters());
    let differing = pairs.filter(|(a, b)| a.values != b.values);
    differing.map(|(parameter, _)| one.parameter_name(parameter.id)).collect()
}

#[test]
fn a_group_follows_its_own_rule_and_the_rest_the_usual_ones() {
    let mut usual = trainer_of(network(), settings());
    step(&mut usual, 1);
    assert_eq!(moved(usual.network(), &network()).len(), 3 + 3 + 2 + 2);

    // The first projection is held, all delays behind it too; the norms take plain steps.
    let held = ParameterGroup {
        names: vec!["input->*".into()],
        learn: false,
        ..ParameterGroup::default()
    };
    let plain = ParameterGroup {
        kinds: vec![Kind::Gain, Kind::Bias],
        optimizer: OptimizerSettings::Sgd(Sgd::default()),
        schedule: Schedule::Constant(Constant { rate: 1e-3, ..Constant::default() }),
        ..ParameterGroup::default()
    };
    let groups = vec![held, plain];
    let mut grouped = trainer_of(network(), TrainingSettings { groups, ..settings() });
    let usual_count = usual.parameter_count();
    assert_eq!(grouped.parameter_count(), usual_count - 2 * CHANNELS * 20);
    step(&mut grouped, 1);
    let same = network();
    for id in [parameter_of::weight(0), parameter_of::delay(0)] {
        assert_eq!(values(grouped.network(), id), values(&same, id));
    }
    // What no group names goes on as usual: the gradients of the first step are the same.
    for id in [parameter_of::weight(1), parameter_of::delay(2)] {
        assert_eq!(values(grouped.network(), id), values(usual.network(), id));
    }
    // A plain step is the rate times the gradient, whatever its size; Adam's first is the rate.
    let steps = |trainer: &Trainer| -> Vec<f32> {
        let gains =
            [trainer.network(), &same].map(|network| values(network, parameter_of::gain(1)));
        gains[0].iter().zip(gains[1]).map(|(a, b)| (a - b).abs()).collect()
    };
    assert!(steps(&usual).iter().all(|step| (step - 0.01).abs() < 1e-4));
    let plain = steps(&grouped);
    let (least, most) = plain.iter().fold((f32::MAX, 0.0), |(least, most): (f32, f32), &step| {
        (least.min(step), most.max(step))
    });
    assert!(least < most / 4.0, "{plain:?}");
}

#[test]
fn a_parameter_of_several_groups_follows_the_first() {
    let constant = |rate| Schedule::Constant(Constant { rate, ..Constant::default() });
    let groups = vec![
        ParameterGroup {
            names: vec!["input->*".into()],
            schedule: constant(0.003),
            ..ParameterGroup::default()
        },
        ParameterGroup {
            kinds: vec![Kind::Weight],
            schedule: constant(0.05),
            ..ParameterGroup::default()
        },
    ];
    let mut trainer = trainer_of(network(), TrainingSettings { groups, ..settings() });
    assert_eq!((trainer.rate(Kind::Weight), trainer.rate(Kind::Delay)), (0.003, 0.003));
    step(&mut trainer, 1);
    // Adam's first step is the rate.
    for (projection, rate) in [(0, 0.003), (1, 0.05), (2, 0.05)] {
        let [before, after] = [&network(), trainer.network()]
            .map(|network| values(network, parameter_of::weight(projection)).to_vec());
        let steps = before.iter().zip(after).map(|(before, after)| (after - before).abs());
        let most = steps.fold(0.0, f32::max);
        assert!((most - rate).abs() < 1e-2 * rate, "projection {projection}: {most}");
    }
}

#[test]
fn delays_that_stay_as_they_are_stay_so_in_every_group() {
    let decaying = OptimizerSettings::AdamW(AdamW { weight_decay: 0.1, ..AdamW::default() });
    let all = ParameterGroup { optimizer: decaying, ..ParameterGroup::default() };
    let mut settings = TrainingSettings { groups: vec![all], ..settings() };
    settings.delays.learn = false;
    let mut trainer = trainer_of(network(), settings);
    assert_eq!(trainer.rate(Kind::Delay), 0.0);
    step(&mut trainer, 3);
    let moved = moved(trainer.network(), &network());
    assert!(moved.len() == 7 && moved.iter().all(|name| !name.ends_with(".delay")), "{moved:?}");
}

#[test]
fn a_group_of_what_is_not_there_is_refused() {
    let refused = |group: ParameterGroup| {
        let settings = TrainingSettings { groups: vec![group], ..settings() };
        let (network, engine) = (network(), Box::new(LayeredEngine::new(&network()).unwrap()));
        Trainer::new(network, engine, settings, SEED).unwrap_err().to_string()
    };
    let error =
        refused(ParameterGroup { names: vec!["inptu*".into()], ..ParameterGroup::default() });
    assert!(
        error.contains(
            "names is \"inptu*\", but must be the name of a parameter: input->hidden1.weight"
        ),
        "{error}"
    );
    let names = vec!["input->hidden1.weight".into()];
    let kinds = vec![Kind::Delay, Kind::Gain];
    let error = refused(ParameterGroup { names, kinds, ..ParameterGroup::default() });
    assert!(error.contains("the name of a parameter of the kind delay or gain"), "{error}");
    let kinds = vec![Kind::Threshold, Kind::TimeConstant];
    let error = refused(ParameterGroup { kinds, ..ParameterGroup::default() });
    let expected = "kinds is threshold or time_constant, but must be a kind of this network: ";
    assert!(error.contains(expected), "{error}");
    let refused_fixed = || {
        let kinds = vec![Kind::Delay];
        let groups = vec![ParameterGroup { kinds, ..ParameterGroup::default() }];
        let mut settings = TrainingSettings { groups, ..settings() };
        settings.delays.learn = false;
        settings.check().unwrap_err().to_string()
    };
    let expected = "TrainingSettings::groups[0] is a group of delays, but must be of other";
    assert!(refused_fixed().starts_with(expected), "{}", refused_fixed());
    let kinds = vec![Kind::RunningMean];
    let error = refused(ParameterGroup { kinds, ..ParameterGroup::default() });
    assert!(error.contains("must be of a kind that a gradient teaches"), "{error}");
}

/// Of the weights of one projection, keeps those onto the first neuron, and counts batches.
#[derive(Debug, Default)]
struct FirstNeuron {
    /// Spikes seen of the first hidden population, by batch.
    seen: Vec<f32>,
}

impl FirstNeuron {
    fn kept(&self) -> std::ops::Range<usize> {
        // What it has seen decides what it keeps, so that a state that is lost shows.
        0..if self.seen.len() > 3 { CHANNELS } else { 2 * CHANNELS }
    }
}

impl Protection for FirstNeuron {
    fn watches(&self) -> bool {
        true
    }

    fn observe(&mut self, network: &Network, batch: &Batch, engine: &dyn GradientEngine) {
        assert_eq!(network.populations.len(), 4);
        let spikes = (0..batch.frames.len()).map(|sample| engine.activity(1, sample).len());
        self.seen.push(spikes.sum::<usize>() as f32);
    }

    fn protects(&self, id: ParameterId) -> bool {
        id == parameter_of::weight(0)
    }

    fn gradient(&self, id: ParameterId, _values: &[f32], gradient: &mut [f32]) {
        assert!(self.protects(id), "nothing else is asked");
        gradient[self.kept()].fill(0.0);
    }

    fn step(&self, _id: ParameterId, before: &[f32], after: &mut [f32]) {
        let kept = self.kept();
        after[kept.clone()].copy_from_slice(&before[kept]);
    }

    fn state(&self) -> BTreeMap<String, Vec<f32>> {
        BTreeMap::from([("seen".into(), self.seen.clone())])
    }

    fn restore(&mut self, mut state: BTreeMap<String, Vec<f32>>) -> Result<(), String> {
        self.seen = state.remove("seen").ok_or("there is no state seen")?;
        Ok(())
    }
}

#[test]
fn what_is_protected_stays_and_the_rest_learns() {
    let mut trainer = trainer_of(network(), settings());
    trainer = trainer.with_protection(Box::new(FirstNeuron::default()));
    step(&mut trainer, 6);
    let (before, after) = (network(), trainer.network());
    let [before, after] = [&before, after].map(|network| values(network, parameter_of::weight(0)));
    assert_eq!(before[..CHANNELS], after[..CHANNELS]);
    assert!(before[CHANNELS..].iter().zip(&after[CHANNELS..]).all(|(a, b)| a != b));
    assert_eq!(moved(trainer.network(), &network()).len(), 10);
}

/// Keeps three directions of the input, alike in every third channel, and the rest learns.
#[derive(Debug)]
struct Subspace;

impl Subspace {
    /// A direction of length 1.
    fn direction(number: usize) -> [f32; CHANNELS] {
        std::array::from_fn(
            |channel| if channel % 3 == number { 3_f32.sqrt().recip() } else { 0.0 },
        )
    }

    fn along(number: usize, row: &[f32]) -> f32 {
        Self::direction(number).iter().zip(row).map(|(u, w)| u * w).sum()
    }
}

impl Protection for Subspace {
    fn protects(&self, id: ParameterId) -> bool {
        id == parameter_of::weight(0)
    }

    fn gradient(&self, _id: ParameterId, _values: &[f32], gradient: &mut [f32]) {
        for row in gradient.chunks_exact_mut(CHANNELS) {
            for number in 0..3 {
                let along = Self::along(number, row);
                row.iter_mut().zip(Self::direction(number)).for_each(|(w, u)| *w -= along * u);
            }
        }
    }

    fn step(&self, id: ParameterId, before: &[f32], after: &mut [f32]) {
        after.iter_mut().zip(before).for_each(|(after, before)| *after -= before);
        self.gradient(id, before, after);
        after.iter_mut().zip(before).for_each(|(after, before)| *after += before);
    }
}

#[test]
fn a_subspace_is_kept_whatever_the_optimiser() {
    let decaying = AdamW { weight_decay: 0.1, ..AdamW::default() };
    for (optimizer, rate) in [
        (OptimizerSettings::default(), 0.01),
        (OptimizerSettings::AdamW(decaying), 0.01),
        (OptimizerSettings::Sgd(Sgd { momentum: 0.9, ..Sgd::default() }), 0.1),
    ] {
        let mut settings = settings();
        settings.weights.optimizer = optimizer;
        settings.weights.schedule = Schedule::Constant(Constant { rate, ..Constant::default() });
        let mut trainer = trainer_of(network(), settings).with_protection(Box::new(Subspace));
        step(&mut trainer, 50);
        let [before, after] = [&network(), trainer.network()]
            .map(|network| values(network, parameter_of::weight(0)).to_vec());
        let change: Vec<f32> = before.iter().zip(after).map(|(a, b)| b - a).collect();
        let largest = change.iter().fold(0.0, |most, change| change.abs().max(most));
        let along = |row| (0..3).map(move |number| Subspace::along(number, row).abs());
        let along = change.chunks_exact(CHANNELS).flat_map(along).fold(0.0, f32::max);
        let rounding = 1e-6 * largest.max(1.0);
        assert!(largest > 0.05 && along < rounding, "{optimizer:?}: {largest}, {along}");
    }
}

/// Signs win over what is protected; the synapses that may still move take over what the others
/// cannot, and little is left.
#[test]
fn signs_and_a_subspace_are_kept_together() {
    let has_polarity = [false, false, true, true];
    for (update, has_polarity) in [
        WeightUpdate::Exponentiated,
        WeightUpdate::SignFrozen,
        WeightUpdate::Exponentiated,
        WeightUpdate::Additive,
    ]
    .into_iter()
    .zip(has_polarity)
    {
        let mut network = network();
        let Synapses::Dense(dense) = &mut network.projections[0].synapses else { panic!() };
        dense.weight[4] = 0.0;
        if has_polarity {
            dense.weight.iter_mut().for_each(|weight| *weight = weight.abs());
            network.projections[0].polarity = Some(vec![Polarity::Excitatory; CHANNELS]);
        }
        let before = values(&network, parameter_of::weight(0)).to_vec();
        let mut settings = settings();
        settings.weights.update = update;
        let mut trainer = trainer_of(network, settings).with_protection(Box::new(Subspace));
        let frames = frames(CLASSES);
        let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &[0, 1, 2] };
        let (mut worst, mut length) = (0.0_f64, 0.0);
        let mut last = before.clone();
        for _ in 0..50 {
            let report = trainer.step(&Batch::new(&frames, 3, &objective)).unwrap();
            worst = worst.max(report.protection_residual);
            let now = values(trainer.network(), parameter_of::weight(0)).to_vec();
            let square = now.iter().zip(&last).map(|(n, l)| f64::from(n - l).powi(2));
            length += square.sum::<f64>().sqrt();
            last = now;
        }
        assert!(worst > 0.0 && worst <= 1e-3, "{update:?}, {has_polarity}: {worst}");
        let keeps_zeros = update != WeightUpdate::Additive;
        for (before, after) in before.iter().zip(&last) {
            assert!(before * after >= 0.0, "{update:?}: {before} became {after}");
            let same_zeros = (*before == 0.0) == (*after == 0.0);
            assert!(!keeps_zeros || same_zeros, "{update:?}: {before} became {after}");
        }
        let change: Vec<f32> = before.iter().zip(&last).map(|(b, l)| l - b).collect();
        let along = |row| (0..3).map(move |number| f64::from(Subspace::along(number, row)).powi(2));
        let along = change.chunks_exact(CHANNELS).flat_map(along).sum::<f64>().sqrt();
        assert!(length > 0.5 && along <= 1e-3 * length, "{update:?}: {along} of {length}");
    }
}

/// Keeps all weights of one projection from the end of a task on.
#[derive(Debug, Default)]
struct AfterTask {
    tasks: usize,
}

impl Protection for AfterTask {
    fn protects(&self, id: ParameterId) -> bool {
        self.tasks > 0 && id == parameter_of::weight(0)
    }

    fn gradient(&self, _id: ParameterId, _values: &[f32], gradient: &mut [f32]) {
        gradient.fill(0.0);
    }

    fn step(&self, _id: ParameterId, before: &[f32], after: &mut [f32]) {
        after.copy_from_slice(before);
    }

    fn freezes(&self, id: ParameterId) -> bool {
        self.tasks > 0 && id == parameter_of::delay(0)
    }

    fn pins_norms(&self) -> bool {
        self.tasks > 0
    }

    fn begin_task(&mut self, task: usize) -> sim_core::Result<()> {
        assert_eq!(task, self.tasks);
        Ok(())
    }

    fn end_task(&mut self, task: &mut TaskEnd) -> sim_core::Result<()> {
        assert_eq!((task.frames.len(), task.labels, task.output), (CLASSES, &[0, 1, 2][..], 3));
        // What it sees can be trained on.
        let objective = Labelled { loss: task.loss, labels: task.labels };
        let batch = Batch::new(task.frames, task.output, &objective);
        let mut gradients = Gradients::zeros(task.network);
        task.engine.train(task.network, &batch, &task.pass, &mut gradients)?;
        self.tasks += 1;
        Ok(())
    }
}

/// Running statistics of a norm.
fn statistics(network: &Network) -> [Vec<f32>; 2] {
    let norm = network.populations[1].norm.as_ref().unwrap();
    [norm.running_mean.clone(), norm.running_variance.clone()]
}

/// Momentum alone would go on moving what is kept, and Adam's moments would: optimisers begin anew.
#[test]
fn a_protection_hears_that_tasks_begin_and_end() {
    let plain = OptimizerSettings::Sgd(Sgd { momentum: 0.9, ..Sgd::default() });
    for optimizer in [OptimizerSettings::default(), plain] {
        let mut settings = settings();
        settings.weights.optimizer = optimizer;
        let mut trainer = trainer_of(network(), settings);
        trainer = trainer.with_protection(Box::new(AfterTask::default()));
        let kept = |trainer: &Trainer| {
            [parameter_of::weight(0), parameter_of::delay(0)]
                .map(|id| values(trainer.network(), id).to_vec())
        };
        trainer.begin_task(0).unwrap();
        step(&mut trainer, 2);
        let (first, of_norm) = (kept(&trainer), statistics(trainer.network()));
        assert_ne!(first[0], values(&network(), parameter_of::weight(0)));
        assert_ne!(first[1], values(&network(), parameter_of::delay(0)));
        let rest = values(trainer.network(), parameter_of::weight(1)).to_vec();
        let samples = frames(CLASSES);
        let few = trainer.end_task(&samples, &[0], &CrossEntropy::SumSoftmax, 3).unwrap_err();
        let expected = "labels of the samples of a task has length 1, but must have 3";
        assert_eq!(few.to_string(), expected);
        trainer.end_task(&samples, &[0, 1, 2], &CrossEntropy::SumSoftmax, 3).unwrap();
        let ended = kept(&trainer);
        assert_eq!(ended[0], first[0]);
        for (kept, learned) in ended[1].iter().zip(&first[1]) {
            assert!(kept.fract() == 0.0 && (kept - learned).abs() <= 0.5, "{learned} to {kept}");
        }
        trainer.begin_task(1).unwrap();
        step(&mut trainer, 2);
        assert_eq!(kept(&trainer), ended);
        assert_eq!(statistics(trainer.network()), of_norm);
        assert_ne!(values(trainer.network(), parameter_of::weight(1)), rest);
    }
}

/// Freezes the delays of the first projection, if it is told to.
#[derive(Debug)]
struct Freezes(bool);

impl Protection for Freezes {
    fn freezes(&self, id: ParameterId) -> bool {
        self.0 && id == parameter_of::delay(0)
    }

    fn protects(&self, _id: ParameterId) -> bool {
        false
    }

    fn gradient(&self, _id: ParameterId, _values: &[f32], _gradient: &mut [f32]) {
        unreachable!("nothing is protected");
    }

    fn step(&self, _id: ParameterId, _before: &[f32], _after: &mut [f32]) {
        unreachable!("nothing is protected");
    }
}

/// What is frozen does not count in the length of the gradient.
#[test]
fn a_frozen_parameter_has_no_share_in_the_gradient() {
    let norm = |groups: Vec<ParameterGroup>, protection: Freezes| {
        let settings = TrainingSettings { groups, ..settings() };
        let mut trainer = trainer_of(network(), settings).with_protection(Box::new(protection));
        let frames = frames(CLASSES);
        let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &[0, 1, 2] };
        trainer.step(&Batch::new(&frames, 3, &objective)).unwrap().gradient_norm
    };
    let held = |names: &[&str]| {
        let names = names.iter().map(|&name| name.into()).collect();
        vec![ParameterGroup { names, learn: false, ..ParameterGroup::default() }]
    };
    let frozen = norm(held(&["input->hidden1.weight"]), Freezes(true));
    let held_both = norm(held(&["input->hidden1.*"]), Freezes(false));
    assert_eq!(frozen, held_both);
    assert!(frozen < norm(held(&["input->hidden1.weight"]), Freezes(false)));
}

#[test]
fn weights_keep_the_sign_of_their_neuron() {
    let mut network = network();
    let Synapses::Dense(dense) = &mut network.projections[1].synapses else { unreachable!() };
    let signs: Vec<Polarity> = (0..dense.pre)
        .map(|neuron| [Polarity::Excitatory, Polarity::Inhibitory][usize::from(neuron % 5 == 0)])
        .collect();
    for (weight, sign) in dense.weight.iter_mut().zip(signs.iter().cycle()) {
        *weight = match sign {
            Polarity::Excitatory => weight.abs(),
            Polarity::Inhibitory => -weight.abs(),
        };
    }
    network.projections[1].polarity = Some(signs.clone());
    let mut settings = settings();
    settings.weights.schedule = Schedule::Constant(Constant { rate: 0.2, ..Constant::default() });
    let mut trainer = trainer_of(network, settings);
    step(&mut trainer, 10);
    let weights = values(trainer.network(), parameter_of::weight(1));
    assert!(weights.iter().zip(signs.iter().cycle()).all(|(&weight, sign)| sign.allows(weight)));
    assert!(weights.contains(&0.0), "a large step ends at zero");
    let free = values(trainer.network(), parameter_of::weight(0));
    assert!(free.iter().any(|&weight| weight < 0.0) && free.iter().any(|&weight| weight > 0.0));
}

#[test]
fn bounds_move_firing_rates_into_them() {
    let rate_hz = |bounds: Option<FiringRateBounds>| {
        let regularizers: Vec<Box<dyn Regularizer>> =
            bounds.into_iter().map(|bounds| Box::new(bounds) as Box<dyn Regularizer>).collect();
        let mut trainer = trainer_of(network(), settings());
        step_with(&mut trainer, 60, &regularizers);
        1000.0 * trainer.engine().report().populations[1].firing_rate
    };
    let free = rate_hz(None);
    let below =
        FiringRateBounds { upper_hz: Some(free / 2.0), strength: 1e-2, ..Default::default() };
    let above = FiringRateBounds { lower_hz: 1.5 * free, strength: 1e-2, ..Default::default() };
    let (below, above) = (rate_hz(Some(below)), rate_hz(Some(above)));
    assert!(below < 0.7 * free && above > 1.3 * free, "{below} Hz, {free} Hz, {above} Hz");
}

#[test]
fn evaluation_changes_nothing_and_a_report_tells_of_the_step() {
    let mut trainer = trainer_of(network(), settings());
    let frames = frames(CLASSES);
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &[0, 1, 2] };
    let batch = Batch::new(&frames, 3, &objective);
    let losses = trainer.evaluate(&batch).unwrap().losses.clone();
    assert_eq!(losses.len(), CLASSES);
    assert!(moved(trainer.network(), &network()).is_empty());
    let reports = [0, 1].map(|_| trainer.step(&batch).unwrap());
    assert_eq!(reports.map(|report| report.step), [0, 1]);
    let mean = trainer.engine().report().losses.iter().map(|sample| sample.loss).sum::<f64>() / 3.0;
    assert!((reports[1].loss - mean).abs() < 1e-12);
    assert!(reports[1].gradient_norm > 0.0 && reports[1].penalty == 0.0);
}

fn data() -> LabelledFrames {
    let samples = frames(25).into_iter().enumerate().map(|(n, frames)| (frames, n % CLASSES));
    LabelledFrames::new(CLASSES, samples.collect()).unwrap()
}

fn epoch_trainer() -> EpochTrainer {
    let engine = Box::new(LayeredEngine::new(&network()).unwrap());
    let trainer = EpochTrainer::new(network(), engine, settings(), SEED).unwrap();
    trainer.with_protection(Box::new(FirstNeuron::default()))
}

/// Trains both epochs, and stops after `breaks` steps to go on from a checkpoint.
fn trained(folder: &Path, breaks: Option<usize>) -> Vec<u8> {
    let (path, data) = (folder.join("checkpoint.safetensors"), data());
    let all: Vec<usize> = (0..data_len(&data)).collect();
    let (mut trainer, mut steps, mut reports) = (epoch_trainer(), 0, 0);
    while trainer.epoch() < 2 {
        let flow = trainer.train_epoch(&data, &all, &mut |_| {
            steps += 1;
            if Some(steps) == breaks { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if flow.unwrap().is_continue() {
            reports += 1;
            continue;
        }
        assert_eq!(Some(steps), breaks, "a break is heard at once");
        trainer.save(&path, &BTreeMap::new()).unwrap();
        trainer = epoch_trainer().resume(&CheckpointFile::open(&path).unwrap()).unwrap();
    }
    assert_eq!((steps, reports), (6, 2), "no step is lost or taken twice");
    trainer.save(&path, &BTreeMap::new()).unwrap();
    std::fs::read(path).unwrap()
}

fn data_len(data: &LabelledFrames) -> usize {
    sim_core::SampleSource::len(data)
}

/// Wherever training stops, be it behind the last step of an epoch, it goes on as if it had not;
/// what a protection has learned goes on with it.
#[test]
fn training_may_stop_behind_any_step() {
    let folder = tempfile::tempdir().unwrap();
    let whole = trained(folder.path(), None);
    for breaks in 1..=6 {
        assert!(trained(folder.path(), Some(breaks)) == whole, "stopped behind step {breaks}");
    }
}

#[test]
fn a_loss_that_does_not_fit_the_readout_is_refused() {
    let engine = Box::new(LayeredEngine::new(&network()).unwrap());
    let settings = TrainingSettings { loss: CrossEntropy::SpikeCount, ..settings() };
    let mut trainer = EpochTrainer::new(network(), engine, settings, SEED).unwrap();
    let refused = trainer.train_epoch(&data(), &[0, 1], &mut |_| ControlFlow::Continue(()));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("the loss reads spikes, but population output gives"), "{refused}");
}

#[test]
fn a_state_that_is_not_finite_is_not_saved() {
    let engine = Box::new(LayeredEngine::new(&network()).unwrap());
    let lost = FirstNeuron { seen: vec![1.0, f32::NAN] };
    let trainer = EpochTrainer::new(network(), engine, settings(), SEED).unwrap();
    let trainer = trainer.with_protection(Box::new(lost));
    let path = tempfile::tempdir().unwrap().path().join("checkpoint.safetensors");
    let refused = trainer.save(&path, &BTreeMap::new()).unwrap_err().to_string();
    assert!(refused.contains("entry 1 of the protection's seen is NaN"), "{refused}");
    assert!(!path.exists());
}

#[test]
fn projections_between_the_same_populations_have_names_of_their_own() {
    let mut network = network();
    network.projections.insert(1, network.projections[0].clone());
    assert_eq!(network.projection_name(1), "input->hidden1#2");
    network.check().unwrap();
    let name = network.parameter_name(parameter_of::delay(1));
    assert_eq!(name, "input->hidden1#2.delay");

    let settings = FeedForward { hidden: vec![20, 20], ..FeedForward::default() };
    let mut network = settings.build(CHANNELS, CLASSES, 1.0, SEED).unwrap();
    network.populations[2].name = "hidden1#2".into();
    let onto = |target| Projection { target, ..network.projections[0].clone() };
    network.projections = vec![onto(1), onto(1), onto(2)];
    let refused = network.check().unwrap_err().to_string();
    assert_eq!(refused, "two projections are called input->hidden1#2");
}

#[test]
fn a_checkpoint_of_a_protection_needs_one() {
    let (folder, data) = (tempfile::tempdir().unwrap(), data());
    let path = folder.path().join("checkpoint.safetensors");
    let mut trainer = epoch_trainer();
    let all: Vec<usize> = (0..data_len(&data)).collect();
    let _ = trainer.train_epoch(&data, &all, &mut |_| ControlFlow::Continue(())).unwrap();
    trainer.save(&path, &BTreeMap::new()).unwrap();
    let engine = Box::new(LayeredEngine::new(&network()).unwrap());
    let bare = EpochTrainer::new(network(), engine, settings(), SEED).unwrap();
    let refused = bare.resume(&CheckpointFile::open(&path).unwrap()).unwrap_err().to_string();
    assert!(refused.contains("this protection has no state seen"), "{refused}");
}
