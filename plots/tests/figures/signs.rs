//! Figures of networks whose weights have signs.

use crate::checking::{assert_apart, assert_says, check, message};
use plots::{
    CurrentsFigure, PopulationCurrents, ProjectionSizes, PrunedSeries, PruningFigure, SizeSnapshot,
    WeightSizesFigure,
};

fn weights(count: usize, spread: f32) -> Vec<f32> {
    let weight = |n: usize| {
        let size = 0.1 * (spread * ((n * 7919 % count) as f32 / count as f32 - 0.5)).exp();
        if n.is_multiple_of(5) { -2.0 * size } else { size }
    };
    (0..count).map(weight).collect()
}

fn sizes(epochs: usize) -> WeightSizesFigure {
    let end = weights(5000, 3.0);
    let history = (0..epochs).map(|epoch| SizeSnapshot::of(epoch as f64, &end)).collect();
    let projection = ProjectionSizes {
        name: "hidden 1 → hidden 2".into(),
        start: weights(5000, 1.0),
        end,
        history,
    };
    WeightSizesFigure {
        title: "shd-dale".into(),
        remark: "end: after epoch 30 of 30".into(),
        projections: vec![
            ProjectionSizes { name: "input → hidden 1".into(), ..projection.clone() },
            projection,
        ],
    }
}

#[test]
fn sizes_of_both_signs() {
    let figure = sizes(31);
    let texts = check(&figure);
    assert_says(&texts, &["4,000 excitatory, 1,000 inhibitory", "log10 |weight|", "log-normal"]);
    assert_apart(&figure);
    check(&sizes(1));
    assert_says(&check(&sizes(0)), &["no epochs"]);
}

#[test]
fn sizes_of_one_sign_or_none() {
    for weights in [
        vec![0.5; 50],
        vec![0.0; 50],
        vec![-1e-30, 0.0, 1e30],
        vec![f32::NAN, f32::INFINITY, -1.0],
        vec![],
    ] {
        let projection = ProjectionSizes {
            name: "a → b".into(),
            start: weights.clone(),
            end: weights.clone(),
            history: vec![SizeSnapshot::of(0.0, &weights), SizeSnapshot::of(1.0, &weights)],
        };
        check(&WeightSizesFigure { projections: vec![projection], ..WeightSizesFigure::default() });
    }
    let figure = WeightSizesFigure::default();
    assert_eq!(message(&figure), "WeightSizesFigure: no projections to draw");
}

fn currents(steps: usize) -> CurrentsFigure {
    let course = |neuron: usize, sign: f32| -> Vec<f32> {
        (0..steps).map(|step| sign * ((step + 3 * neuron) % 17) as f32 / 10.0).collect()
    };
    let side = |sign: f32| (0..40).map(|neuron| course(neuron, sign)).collect();
    let population = PopulationCurrents {
        name: "hidden 1".into(),
        excitatory: side(1.0),
        inhibitory: side(-0.75),
        offset: vec![-0.25; 40],
        shown: 7,
    };
    CurrentsFigure {
        title: "shd-dale".into(),
        remark: "epoch 27, best of 30; shd_train.h5, sample 17".into(),
        step_ms: 10.0,
        populations: vec![
            PopulationCurrents { name: "hidden 2".into(), ..population.clone() },
            population,
        ],
    }
}

#[test]
fn currents_of_a_sample() {
    let figure = currents(100);
    assert_says(&check(&figure), &["hidden 1", "40 neurons", "time (ms)", "mean inhibition"]);
    assert_apart(&figure);
    assert_says(&check(&currents(0)), &["no currents"]);
    check(&currents(1));
    let mut figure = currents(5);
    figure.populations[0].excitatory[3].fill(f32::NAN);
    check(&figure);
    figure.populations[0] = PopulationCurrents::default();
    check(&figure);
}

#[test]
fn currents_that_contradict_each_other_are_refused() {
    let with = |change: fn(&mut PopulationCurrents)| {
        let mut figure = currents(5);
        change(&mut figure.populations[1]);
        message(&figure)
    };
    let said = with(|population| population.offset.truncate(3));
    let expected = "CurrentsFigure: population \"hidden 1\" has excitation of 40 neurons, but \
                    inhibition of 40 and offsets of 3";
    assert_eq!(said, expected);
    let said = with(|population| population.inhibitory[2].truncate(3));
    assert!(said.ends_with("has currents of 5 steps, and of 3"), "{said}");
    let said = with(|population| population.shown = 40);
    assert!(said.ends_with("shows neuron 40 of 40 (from 0)"), "{said}");
    assert_eq!(message(&CurrentsFigure::default()), "CurrentsFigure: no populations to draw");
}

#[test]
fn pruning_of_several_kinds() {
    let series = |label: &str, fall: f64| PrunedSeries {
        label: label.into(),
        points: [0.0, 0.5, 0.7, 0.9, 0.95]
            .map(|share: f64| [share, 0.78 - fall * share.powi(4), 0.01])
            .into(),
    };
    let figure = PruningFigure {
        title: "pruned by magnitude".into(),
        remark: "norms estimated anew".into(),
        series: vec![series("shd-dale, 5 runs", 0.3), series("shd-delays, 5 runs", 0.6)],
    };
    assert_says(&check(&figure), &["shd-dale, 5 runs", "accuracy (%)"]);
    assert_apart(&figure);
    let mut figure = figure;
    figure.series[1].points = vec![[0.5, 0.75, f64::NAN]];
    check(&figure);
    figure.series[0].points = Vec::new();
    check(&figure);
    figure.series = vec![PrunedSeries::default(); 7];
    assert_eq!(message(&figure), "PruningFigure: 7 kinds of networks, but at most 6");
    assert_eq!(message(&PruningFigure::default()), "PruningFigure: no networks to draw");
}
