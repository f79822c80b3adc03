use super::*;
use crate::continual::principal_angles::principal_angles;
use crate::continual::small_network::{
    INPUTS, along, end_of, images, learn, small_network, trainer, weights,
};
use crate::gradient::optimizer::OptimizerSettings;

fn settings(directions: Directions) -> GradientProjectionMemorySettings {
    GradientProjectionMemorySettings { directions, projections: Some(vec![0]) }
}

fn memory(directions: Directions) -> GradientProjectionMemory {
    GradientProjectionMemory::new(&small_network(), settings(directions)).unwrap()
}

/// The images of a task, `[image][input]`: what the source sends in each step.
fn rates(task: u64) -> Vec<f64> {
    let mut values = Vec::new();
    images(task).iter().for_each(|image| Activity::Rates.append(image, &mut values));
    values.into_iter().map(f64::from).collect()
}

fn run(memory: &mut GradientProjectionMemory, tasks: std::ops::Range<usize>) {
    for task in tasks {
        memory.begin_task(task).unwrap();
        end_of(&small_network(), task as u64, 12, memory).unwrap();
    }
}

#[test]
fn directions_are_those_of_the_singular_values() {
    let samples = rates(0);
    let (values, directions) = principal_directions(&samples, INPUTS);
    assert!(values[2] > 1e-2 * values[0] && values[3] < 1e-5 * values[0], "{values:?}");
    // Each threshold lies just below what so many directions explain.
    let total: f64 = values.iter().map(|value| value * value).sum();
    for count in 1..=3 {
        let explained = values[..count].iter().map(|value| value * value).sum::<f64>() / total;
        let threshold = explained * (1.0 - 1e-5);
        let mut by_threshold = memory(Directions::Thresholds(vec![threshold]));
        let mut by_rows = memory(Directions::Rows(vec![vec![count]]));
        for memory in [&mut by_threshold, &mut by_rows] {
            run(memory, 0..1);
            let report = &memory.subspaces()[0];
            assert_eq!((report.rows, report.task), (count, 0));
            assert!((f64::from(report.explained.unwrap()) - explained).abs() < 1e-6);
            let kept: Vec<f64> = memory.kept().flatten().map(|&entry| entry.into()).collect();
            let expected = &directions[..count * INPUTS];
            let angles = principal_angles(&kept, expected, INPUTS).unwrap();
            assert!(angles.iter().all(|angle| *angle < 1e-5), "{angles:?}");
        }
    }
}

#[test]
fn a_task_adds_what_is_not_kept_yet() {
    let mut whole = memory(Directions::Rows(vec![vec![5], vec![1], vec![8]]));
    run(&mut whole, 0..3);
    let rows: Vec<_> = whole.subspaces().iter().map(|report| report.rows).collect();
    // The images of a task lie in three directions.
    assert_eq!(rows, [3, 1, 3]);
    let all: Vec<f32> = whole.kept().flatten().copied().collect();
    for (n, a) in all.chunks(INPUTS).enumerate() {
        for (m, b) in all.chunks(INPUTS).enumerate() {
            let product: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((product - f64::from(u8::from(n == m))).abs() < 1e-6, "{n}, {m}");
        }
    }
    // A task that is kept already adds nothing, and a threshold that is met asks for nothing.
    let mut twice = memory(Directions::Thresholds(vec![0.9999]));
    for task in 0..2 {
        twice.begin_task(task).unwrap();
        end_of(&small_network(), 0, 12, &mut twice).unwrap();
    }
    assert_eq!(twice.subspaces()[1].rows, 0);
    assert!(twice.subspaces()[1].explained.unwrap() > 0.9999);
    assert_eq!(twice.stored(), Stored { rows: 3, samples: 0, numbers: 3 * INPUTS });
}

#[test]
fn directions_are_kept_under_adam() {
    let protection = Box::new(memory(Directions::Thresholds(vec![0.9999])));
    let mut trainer = trainer(OptimizerSettings::default(), 0.02, protection);
    learn(&mut trainer, 0, 40);
    let before = weights(trainer.network(), 0);
    learn(&mut trainer, 1, 40);
    let after = weights(trainer.network(), 0);
    let rows = trainer.protection().state()["input->hidden.rows"][..3 * INPUTS].to_vec();
    let kept = along((&before, &after), 1, (&rows, INPUTS));
    assert!(kept < 1e-5, "{kept:e}");
}

#[test]
fn a_restored_memory_goes_on() {
    let directions = || Directions::Rows(vec![vec![2], vec![1]]);
    let mut whole = memory(directions());
    run(&mut whole, 0..2);
    whole.begin_task(2).unwrap();
    let mut resumed = memory(directions());
    resumed.restore(whole.state()).unwrap();
    assert_eq!(resumed.subspaces(), whole.subspaces());
    for memory in [&mut whole, &mut resumed] {
        end_of(&small_network(), 2, 12, memory).unwrap();
    }
    assert_eq!(resumed.state(), whole.state());
    let mut other = memory(directions());
    let mut state = whole.state();
    state.get_mut("input->hidden.groups").unwrap().pop();
    let refused = other.restore(state).unwrap_err();
    assert_eq!(refused, "the protection of input->hidden knows other tasks");
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let refused = |directions: Directions| {
        GradientProjectionMemory::new(&small_network(), settings(directions))
            .unwrap_err()
            .to_string()
    };
    for (directions, sentence) in [
        (
            Directions::Thresholds(vec![]),
            "has 0 entries, but must have 1, one for each protected projection",
        ),
        (Directions::Thresholds(vec![1.5]), "[0] is 1.5, but must be above 0 and at most 1"),
        (
            Directions::Rows(vec![]),
            "is empty, but must be a list with the rows of at least one task",
        ),
        (
            Directions::Rows(vec![vec![1], vec![]]),
            "rows[1] has 0 entries, but must have 1, one for each protected projection",
        ),
    ] {
        let told = refused(directions);
        assert!(told.ends_with(sentence), "{told}");
    }
    let text = r#"{"directions": {"thresholds": [0.95, 0.99]}}"#;
    let settings: GradientProjectionMemorySettings = serde_json::from_str(text).unwrap();
    assert_eq!(settings.directions, Directions::Thresholds(vec![0.95, 0.99]));
}
