use super::*;
use crate::continual::circuit_settings::LateralAnswer;
use crate::continual::small_network::{
    INPUTS, LABELS, along, end, end_of, images, learn, show, small_network, step, trainer,
    trainer_of, weights, with_elements,
};
use crate::gradient::cross_entropy::CrossEntropy;
use crate::gradient::labelled::Labelled;
use crate::gradient::optimizer::{Adam, OptimizerSettings, Sgd};
use crate::gradient::schedule::{Constant, Schedule};
use crate::gradient::weight_update::WeightUpdate;
use crate::settings::TrainingSettings;
use crate::trainer::step::Trainer;
use layered::LayeredEngine;
use sim_core::SpikeFrames;
use sim_core::{Pass, Synapses};

/// What a checkpoint keeps.
type State = BTreeMap<String, Vec<f32>>;

/// Three rows in the input, two behind the hidden neurons; one of each in later tasks.
fn settings() -> HebbianProjectionSettings {
    let circuit = CircuitSettings { rate: 0.05, ..CircuitSettings::default() };
    HebbianProjectionSettings {
        circuit,
        ..HebbianProjectionSettings::with_rows(vec![vec![3, 2], vec![1, 1]])
    }
}

fn protection(settings: HebbianProjectionSettings) -> HebbianProjection {
    HebbianProjection::new(&small_network(), settings, Seed(6)).unwrap()
}

/// Weights of both projections.
fn both(network: &Network) -> [Vec<f32>; 2] {
    [0, 1].map(|projection| weights(network, projection))
}

/// The rows of the first task of a projection, as a checkpoint has them.
fn first_rows(protection: &dyn Protection, name: &str, count: usize) -> Vec<f32> {
    protection.state()[&format!("{name}.rows")][..count].to_vec()
}

#[test]
fn what_the_first_task_uses_is_kept_whatever_the_optimiser() {
    let momentum = Sgd { momentum: 0.9, ..Sgd::default() };
    for (optimizer, rate) in [
        (OptimizerSettings::Sgd(Sgd::default()), 0.2),
        (OptimizerSettings::Sgd(momentum), 0.05),
        (OptimizerSettings::Adam(Adam::default()), 0.02),
    ] {
        let mut trainer = trainer(optimizer, rate, Box::new(protection(settings())));
        learn(&mut trainer, 0, 150);
        let before = both(trainer.network());
        learn(&mut trainer, 1, 60);
        let after = both(trainer.network());
        let cases = [("input->hidden", 3, INPUTS), ("hidden->output", 2, 6)];
        for (place, (name, rows, pre)) in cases.into_iter().enumerate() {
            let rows = first_rows(trainer.protection(), name, rows * pre);
            let kept = along((&before[place], &after[place]), 1, (&rows, pre));
            assert!(kept < 1e-5, "{optimizer:?}, {name}: {kept:e}");
        }
        let of_input = &trainer.protection().subspaces()[0];
        let explained = of_input.explained.unwrap();
        assert!(explained > 0.999, "images in three directions have three rows: {explained}");
        assert!(trainer.protecting() > std::time::Duration::ZERO);
    }
}

/// Signs win over what is protected, and what they take from it is little and told.
#[test]
fn what_the_first_task_uses_is_kept_by_updates_that_keep_signs() {
    for update in [WeightUpdate::Exponentiated, WeightUpdate::SignFrozen] {
        let mut training = TrainingSettings { dropout: 0.0, ..TrainingSettings::default() };
        let rate = 0.01;
        training.weights.schedule = Schedule::Constant(Constant { rate, ..Constant::default() });
        training.weights.update = update;
        let network = small_network();
        let engine = Box::new(LayeredEngine::new(&network).unwrap());
        let mut trainer = Trainer::new(network, engine, training, Seed(1))
            .unwrap()
            .with_protection(Box::new(protection(settings())));
        learn(&mut trainer, 0, 100);
        trainer.begin_task(1).unwrap();
        let frames = images(1);
        let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &LABELS };
        let before = weights(trainer.network(), 0);
        for _ in 0..40 {
            let report = trainer.step(&Batch::new(&frames, 2, &objective)).unwrap();
            assert!(report.protection_residual <= 1e-3, "{update:?}: {report:?}");
        }
        let after = weights(trainer.network(), 0);
        let rows = first_rows(trainer.protection(), "input->hidden", 3 * INPUTS);
        let kept = along((&before, &after), 1, (&rows, INPUTS));
        assert!(kept <= 1e-3, "{update:?}: {kept:e}");
        let signs = before.iter().zip(&after).all(|(before, after)| before * after >= 0.0);
        assert!(signs, "{update:?}: no weight changes its sign");
    }
}

/// What a projection receives in each step of old images, and its weights before and after.
type Received = (Vec<Vec<f32>>, [Vec<f32>; 2]);

/// What is old and new of both projections when a second task has been learned: what they receive in
/// each step of the first task's images, and their weights before and after.
fn second_task(protection: Box<dyn Protection>) -> (Trainer, [Received; 2]) {
    let mut trainer = trainer(OptimizerSettings::default(), 0.02, protection);
    learn(&mut trainer, 0, 100);
    let (before, hidden) = (both(trainer.network()), sent_by_hidden(trainer.network(), 0));
    learn(&mut trainer, 1, 40);
    let after = both(trainer.network());
    assert!(hidden.iter().flatten().any(|&spike| spike != 0.0), "neurons fire");
    let image = |frames: &SpikeFrames| (0..INPUTS).map(|n| frames.channel(n).1[0]).collect();
    let received = [images(0).iter().map(image).collect(), hidden];
    let weights = before.into_iter().zip(after).map(|(before, after)| [before, after]);
    let of_projections = received.into_iter().zip(weights).collect::<Vec<_>>();
    (trainer, of_projections.try_into().expect("there are two"))
}

/// How far the currents of a step move between two sets of weights.
fn moved([before, after]: &[Vec<f32>; 2], step: &[f32]) -> f64 {
    let changes = before.iter().zip(after).map(|(before, after)| f64::from(after - before));
    let changes: Vec<f64> = changes.collect();
    let current = |change: &[f64]| change.iter().zip(step).map(|(w, &x)| w * f64::from(x)).sum();
    length(&changes.chunks(step.len()).map(current).collect::<Vec<f64>>())
}

/// In every step of every old sample, the change of a current is no longer than the change of the
/// weights times what the rows leave of the step's spikes; together, the changes are a small part of
/// those without protection.
#[test]
fn currents_of_old_samples_are_kept_in_each_step() {
    let (_, free) = second_task(Box::new(()));
    for activity in [Activity::Rates, Activity::Spikes] {
        let rows = vec![vec![3, 5], vec![1, 1]];
        let settings = HebbianProjectionSettings { activity, rows, ..settings() };
        let (trainer, kept) = second_task(Box::new(protection(settings)));
        let names = [("input->hidden", 3), ("hidden->output", 5)];
        for (((name, count), (steps, weights)), free) in names.into_iter().zip(kept).zip(&free) {
            let pre = steps[0].len();
            let rows = first_rows(trainer.protection(), name, count * pre);
            let [before, after] = &weights;
            let change: Vec<f64> =
                before.iter().zip(after).map(|(a, b)| f64::from(b - a)).collect();
            for step in &steps {
                let mut left: Vec<f64> = step.iter().map(|&x| x.into()).collect();
                for row in rows.chunks(pre) {
                    let along: f64 = row.iter().zip(step).map(|(&h, &x)| f64::from(h * x)).sum();
                    left.iter_mut().zip(row).for_each(|(x, &h)| *x -= along * f64::from(h));
                }
                let most = length(&change) * length(&left) + 1e-5;
                let moved = moved(&weights, step);
                assert!(moved < most, "{name}: {moved} of {most}");
            }
            let all = |steps: &[Vec<f32>], weights| -> f64 {
                steps.iter().map(|step| moved(weights, step)).sum::<f64>() / steps.len() as f64
            };
            let (kept, free) = (all(&steps, &weights), all(&free.0, &free.1));
            // Three rows span the images; five leave one of six directions of the hidden neurons, and
            // mean rates say less of single steps than the spikes of all steps do.
            let share = match (name, activity) {
                ("input->hidden", _) => 1e-3,
                (_, Activity::Rates) => 0.25,
                (_, Activity::Spikes) => 0.12,
            };
            assert!(kept < share * free, "{activity:?}, {name}: {kept} of {free}");
        }
    }
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// What the hidden neurons send in each step of each image of a task.
fn sent_by_hidden(network: &Network, task: u64) -> Vec<Vec<f32>> {
    let frames = images(task);
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &LABELS };
    let mut engine = LayeredEngine::new(network).unwrap();
    let batch = Batch::new(&frames, 2, &objective);
    engine.evaluate(network, &batch, &Pass::DEPLOYED).unwrap();
    let mut steps = Vec::new();
    (0..frames.len()).for_each(|n| Activity::Spikes.append(engine.activity(1, n), &mut steps));
    steps.chunks(6).map(<[f32]>::to_vec).collect()
}

#[test]
fn each_kernel_element_is_kept() {
    let network = with_elements(2);
    let only = HebbianProjectionSettings {
        projections: Some(vec![0]),
        rows: vec![vec![3], vec![1]],
        ..settings()
    };
    let protection = HebbianProjection::new(&network, only, Seed(6)).unwrap();
    let adam = OptimizerSettings::default();
    let mut trainer = trainer_of(network, adam, 0.02, Box::new(protection));
    learn(&mut trainer, 0, 100);
    let before = both(trainer.network());
    learn(&mut trainer, 1, 40);
    let after = both(trainer.network());
    let rows = first_rows(trainer.protection(), "input->hidden", 3 * INPUTS);
    let kept = along((&before[0], &after[0]), 2, (&rows, INPUTS));
    assert!(kept < 1e-5, "{kept:e}");
    // What is not protected learns in all directions.
    let one: Vec<f32> = vec![6_f32.sqrt().recip(); 6];
    assert!(along((&before[1], &after[1]), 2, (&one, 6)) > 1e-2);
}

#[test]
fn the_first_task_is_free_and_later_ones_move_weights_alone() {
    let adam = OptimizerSettings::default();
    let mut free = trainer(adam, 0.02, Box::new(()));
    let mut protected = trainer(adam, 0.02, Box::new(protection(settings())));
    for trainer in [&mut free, &mut protected] {
        trainer.begin_task(0).unwrap();
        step(trainer, 0, 20);
    }
    assert_eq!(both(free.network()), both(protected.network()));
    let delays = |trainer: &Trainer| {
        let kind = sim_core::Kind::Delay;
        let delays = trainer.network().parameters().filter(|parameter| parameter.id.kind == kind);
        delays.flat_map(|delays| delays.values.to_vec()).collect::<Vec<_>>()
    };
    end(&mut protected, 0);
    let (delays_before, pinned) = (delays(&protected), protected.protection().pins_norms());
    learn(&mut protected, 1, 20);
    assert!(delays(&protected) == delays_before && pinned);
    let before = protected.protection().subspaces().to_vec();
    assert_eq!(before.len(), 4);
    let told: Vec<_> = before.iter().map(|report| (report.task, report.rows)).collect();
    assert_eq!(told, [(0, 3), (0, 2), (1, 1), (1, 1)]);
    assert!(before.iter().all(|report| report.residuals.len() == 20));
    let stored = protected.protection().stored();
    let numbers = 4 * INPUTS + 3 * 6;
    assert_eq!(stored, Stored { rows: 7, samples: 0, numbers });
}

/// A restored protection goes on with the same bits.
#[test]
fn a_restored_protection_goes_on() {
    let network = small_network();
    for activity in [Activity::Rates, Activity::Spikes] {
        let settings = HebbianProjectionSettings { activity, ..settings() };
        let mut whole = protection(settings.clone());
        let resume = |whole: &HebbianProjection| {
            let mut resumed = protection(settings.clone());
            resumed.restore(whole.state()).unwrap();
            assert_eq!((resumed.state(), resumed.stored()), (whole.state(), whole.stored()));
            assert_eq!(resumed.subspaces(), whole.subspaces());
            resumed
        };
        let mut early = resume(&whole);
        for task in 0..3 {
            for protection in [&mut whole, &mut early] {
                protection.begin_task(task).unwrap();
            }
            show(&network, task as u64, &mut [&mut whole, &mut early]);
            let mut within = resume(&whole);
            show(&network, task as u64, &mut [&mut whole, &mut early, &mut within]);
            assert_eq!(whole.state(), within.state());
            for protection in [&mut whole, &mut early, &mut within] {
                end_of(&network, task as u64, 12, protection).unwrap();
            }
            assert_eq!(whole.state(), within.state());
            early = resume(&whole);
        }
        assert_eq!(whole.state(), early.state());
    }
}

#[test]
fn a_state_of_another_protection_is_refused() {
    let network = small_network();
    let mut whole = protection(settings());
    whole.begin_task(0).unwrap();
    show(&network, 0, &mut [&mut whole]);
    let refused = |change: &dyn Fn(&mut State)| {
        let mut state = whole.state();
        change(&mut state);
        let mut resumed = protection(settings());
        let problem = resumed.restore(state).unwrap_err();
        assert_eq!(resumed.state(), protection(settings()).state(), "nothing has changed");
        problem
    };
    let rows = "input->hidden.rows";
    assert_eq!(
        refused(&|state| _ = state.remove(rows)),
        "the protection has no state input->hidden.rows"
    );
    assert_eq!(
        refused(&|state| _ = state.get_mut(rows).unwrap().pop()),
        "the lateral circuit of input->hidden has 3 rows with 23 entries of 8 inputs"
    );
    assert_eq!(
        refused(&|state| state.get_mut("input->hidden.batches").unwrap()[0] = 7.0),
        "the protection of input->hidden knows other tasks"
    );
    assert_eq!(
        refused(&|state| state.get_mut("tasks").unwrap()[0] = 0.5),
        "the protection's state tasks holds no whole numbers"
    );
    assert_eq!(
        refused(&|state| state.get_mut("tasks").unwrap()[1] = 3.0),
        "the state tasks of the protection holds no number of tasks"
    );
    assert_eq!(
        refused(&|state| _ = state.insert("more".into(), Vec::new())),
        "this protection has no state more"
    );
}

/// The rate that falls is whole at first, and hardly there in the end.
#[test]
fn rates_fall_within_a_task() {
    let moved = |share: f64, rates_fall: bool| {
        let mut protection = protection(HebbianProjectionSettings { rates_fall, ..settings() });
        protection.begin_task(0).unwrap();
        let before = protection.circuits()[0].rows().to_vec();
        protection.move_to(share);
        show(&small_network(), 0, &mut [&mut protection]);
        let after = protection.circuits()[0].rows();
        before.iter().zip(after).map(|(b, a)| f64::from(a - b).abs()).sum::<f64>()
    };
    let constant = moved(0.0, false);
    assert_eq!((moved(0.0, true), moved(0.999, false)), (constant, constant));
    assert!(moved(0.5, true) < 0.7 * constant && moved(0.999, true) < 1e-3 * constant);
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let refused = |settings: HebbianProjectionSettings| {
        HebbianProjection::new(&small_network(), settings, Seed(6)).unwrap_err().to_string()
    };
    let with = |rows: Vec<Vec<usize>>| HebbianProjectionSettings { rows, ..settings() };
    for (settings, sentence) in [
        (with(vec![]), "rows is empty, but must be a list with the rows of at least one task"),
        (
            with(vec![vec![3, 2], vec![1]]),
            "rows[1] has 1 entry, but must have 2, one for each protected projection",
        ),
        (
            with(vec![vec![3, 2], vec![3, 5]]),
            "rows gives hidden->output 7 rows by the end of task 2, but it has 6 inputs",
        ),
        (with(vec![vec![3, 0]]), "rows[0] of hidden->output is 0, but must be at least 1"),
        (
            with(vec![vec![3, 2], vec![0, 1], vec![1, 1]]),
            "rows[1] of input->hidden is 0, but must be at least 1: other tasks follow task 2",
        ),
        (
            HebbianProjectionSettings { rates: Some(vec![0.1]), ..settings() },
            "rates has 1 entry, but must have 2, one for each protected projection",
        ),
        (
            HebbianProjectionSettings { projections: Some(vec![5]), ..settings() },
            "projections is 5, but must be the index of a dense projection of spikes: 0, 1",
        ),
    ] {
        let told = refused(settings);
        assert!(told.ends_with(sentence), "{told}");
    }
    // The last task has nothing to be kept from, and a full projection keeps everything already.
    let last = protection(with(vec![vec![3, 2], vec![0, 0]]));
    last.check_tasks(2).unwrap();
    let said = last.check_tasks(4).unwrap_err().to_string();
    assert!(
        said.ends_with(
            "rows[1] of input->hidden is 0, but must be at least 1: other tasks \
                            follow task 2"
        ),
        "{said}"
    );
    protection(with(vec![vec![8, 6], vec![0, 0]])).check_tasks(4).unwrap();
    // Room is used up task by task.
    let mut full = protection(with(vec![vec![3, 2], vec![3, 1]]));
    let end = |protection: &mut HebbianProjection, task: u64| {
        end_of(&small_network(), task, 12, protection).unwrap();
    };
    full.check_tasks(2).unwrap();
    let ahead = full.check_tasks(3).unwrap_err().to_string();
    full.begin_task(0).unwrap();
    end(&mut full, 0);
    full.begin_task(1).unwrap();
    end(&mut full, 1);
    let problem = full.begin_task(2).unwrap_err().to_string();
    assert_eq!(problem, ahead);
    assert_eq!(
        problem,
        "HebbianProjection::rows gives input->hidden 9 rows by the end of task 3, but it has 8 inputs"
    );
    // In an over-complete task, nothing was added to any circuit.
    assert_eq!((full.circuits()[0].row_count(), full.circuits()[1].row_count()), (6, 3));
}

#[test]
fn tasks_come_in_turn_and_have_samples() {
    let network = small_network();
    let mut turns = protection(settings());
    let end = |protection: &mut HebbianProjection, samples: usize| {
        end_of(&network, 0, samples, protection).map_err(|error| error.to_string())
    };
    assert_eq!(end(&mut turns, 12), Err("a task ends that has not begun".into()));
    let begin = |protection: &mut HebbianProjection, task: usize| {
        protection.begin_task(task).map_err(|error| error.to_string())
    };
    assert_eq!(begin(&mut turns, 1), Err("task 1 begins, but task 0 is next".into()));
    begin(&mut turns, 0).unwrap();
    assert_eq!(begin(&mut turns, 1), Err("task 1 begins, but task 0 has not ended".into()));
    assert_eq!(end(&mut turns, 0), Err("task 0 ends without a sample to learn from".into()));
    end(&mut turns, 1).unwrap();
}

#[test]
fn a_circuit_that_diverges_is_told() {
    let network = small_network();
    let wild = CircuitSettings { rate: 1e30, clamp: 1e30, ..CircuitSettings::default() };
    let mut lost = protection(HebbianProjectionSettings { circuit: wild, ..settings() });
    lost.begin_task(0).unwrap();
    (0..5).for_each(|_| show(&network, 0, &mut [&mut lost]));
    let told = end_of(&network, 0, 12, &mut lost).unwrap_err().to_string();
    assert_eq!(
        told,
        "the lateral circuit of input->hidden diverged; try a lower rate of the circuit"
    );
}

#[test]
fn settings_are_a_configuration() {
    let text = r#"{"rows": [[80, 200, 100]], "activity": "spikes", "rates": [0.001, 0.01, 0.01],
        "circuit": {"lateral": {"kind": "quantised", "levels": 1000}}}"#;
    let settings: HebbianProjectionSettings = serde_json::from_str(text).unwrap();
    assert_eq!(settings.activity, Activity::Spikes);
    assert!(settings.orthonormal && settings.projections.is_none());
    let lateral = LateralAnswer::Quantised { scale: 20.0, levels: 1000 };
    assert_eq!(settings.circuit, CircuitSettings { lateral, ..CircuitSettings::default() });
    assert!(serde_json::from_str::<HebbianProjectionSettings>("{}").is_err(), "rows are needed");
}

/// With so many synapses, engines take out of images what they may not learn from.
#[test]
fn a_large_projection_of_images_learns_from_what_the_first_task_leaves() {
    const PIXELS: usize = 700;
    const HIDDEN: usize = 100;
    let mut network = small_network();
    (network.populations[0].size, network.populations[1].size) = (PIXELS, HIDDEN);
    for (projection, (pre, post)) in
        network.projections.iter_mut().zip([(PIXELS, HIDDEN), (HIDDEN, 3)])
    {
        let Synapses::Dense(dense) = &mut projection.synapses else { unreachable!() };
        (dense.pre, dense.post, dense.delay) = (pre, post, vec![0.0; pre * post]);
        let of_synapse = |n: usize| ((n * 7919) % 1013) as f32 / 5000.0 - 0.1;
        dense.weight = (0..pre * post).map(of_synapse).collect();
    }
    let image = |task: usize, n: usize| {
        let of_pixel = |pixel: usize| ((pixel * 31 + task * 17 + LABELS[n] * 5) % 29) as f32 / 20.0;
        let values: Vec<f32> = (0..PIXELS).map(of_pixel).collect();
        SpikeFrames::constant(&values, 4).unwrap()
    };
    let rows = HebbianProjectionSettings::with_rows(vec![vec![3, 2], vec![1, 1]]);
    let protection = HebbianProjection::new(&network, rows, Seed(6)).unwrap();
    let mut trainer =
        trainer_of(network, OptimizerSettings::Sgd(Sgd::default()), 0.02, Box::new(protection));
    let mut learn = |task: usize| {
        let frames: Vec<_> = (0..LABELS.len()).map(|n| image(task, n)).collect();
        let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &LABELS };
        trainer.begin_task(task).unwrap();
        for _ in 0..30 {
            trainer.step(&Batch::new(&frames, 2, &objective)).unwrap();
        }
        let has_mapped = trainer.engine().has_mapped(0);
        trainer.end_task(&frames, &LABELS, &CrossEntropy::SumSoftmax, 2).unwrap();
        let first = first_rows(trainer.protection(), "input->hidden", 3 * PIXELS);
        (both(trainer.network()), first, has_mapped)
    };
    let (before, rows, _) = learn(0);
    let (after, _, has_mapped) = learn(1);
    assert!(has_mapped, "the engine maps images");
    let kept = along((&before[0], &after[0]), 1, (&rows, PIXELS));
    assert!(kept < 1e-5, "{kept:e}");
}
