//! A made-up run that learns task after task.

use crate::dice::Dice;
use plots::{AccuracyMatrixFigure, ForgettingFigure, ProjectionSubspaces, SubspacesFigure};

fn tasks(count: usize) -> Vec<String> {
    (1..=count).map(|task| format!("task {task}")).collect()
}

/// Accuracies that fall by about `loss` per later task.
fn accuracies(dice: &mut Dice, tasks: usize, loss: f64) -> Vec<Vec<f64>> {
    let first: Vec<f64> =
        (0..tasks).map(|j| 0.972 - 0.0018 * j as f64 + 0.001 * dice.normal()).collect();
    let mut accuracy = |i: usize, j: usize| {
        let lost = (1.0 - (-loss * i.saturating_sub(j) as f64).exp()) * (0.6 + 0.3 * dice.normal());
        if j > i { 0.1 + 0.02 * dice.normal() } else { first[j] - lost.abs() * 0.9 }
    };
    (0..tasks).map(|i| (0..tasks).map(|j| accuracy(i, j).clamp(0.0, 1.0)).collect()).collect()
}

fn summary(accuracy: &[Vec<f64>]) -> String {
    let Some((last, count)) = accuracy.last().map(|row| (row, row.len() as f64)) else {
        return String::new();
    };
    let acc = last.iter().sum::<f64>() / count;
    let lost: f64 = last.iter().enumerate().map(|(j, value)| value - accuracy[j][j]).sum();
    let bwt = format!("{:.2}", 100.0 * lost / (count - 1.0)).replace('-', "−");
    format!("ACC {:.2} %, BWT {bwt} %", 100.0 * acc)
}

/// The matrix of `count` tasks.
pub fn accuracy_matrix(dice: &mut Dice, count: usize, loss: f64) -> AccuracyMatrixFigure {
    let accuracy = accuracies(dice, count, loss);
    AccuracyMatrixFigure {
        title: "pmnist, hlop, seed 1".into(),
        remark: summary(&accuracy),
        tasks: tasks(count),
        accuracy,
        at_once: false,
    }
}

/// The curves of `count` tasks.
pub fn forgetting(dice: &mut Dice, count: usize, loss: f64) -> ForgettingFigure {
    let AccuracyMatrixFigure { title, remark, tasks, accuracy, .. } =
        accuracy_matrix(dice, count, loss);
    ForgettingFigure { title, remark, tasks, accuracy }
}

/// The subspaces of three projections over tasks of 938 batches each.
pub fn subspaces(dice: &mut Dice, count: usize) -> SubspacesFigure {
    let mut projection = |(name, inputs, first, later): (&str, usize, usize, usize)| {
        let rows: Vec<usize> = (0..count)
            .map(|task| if task == 0 { first } else { (later - 2 * task).max(10) })
            .collect();
        let residual = (0..count).map(|task| {
            let floor = 0.02 + 0.15 * (1.0 - (-(task as f64) / 6.0).exp());
            let start = if task == 0 { 0.9 } else { 0.45 };
            let share = |batch: usize| {
                let mean = floor + (start - floor) * (-(batch as f64) / 90.0).exp();
                (mean * (0.12 * dice.normal()).exp()) as f32
            };
            (task, (0..938).map(share).collect())
        });
        let residual = residual.collect();
        let angles = (1..count).map(|task| {
            let angle = |index: usize| 90.0 - 55.0 * (-(index as f64) / (4.0 + task as f64)).exp();
            (format!("task {} and {task}", task + 1), (0..rows[task]).map(angle).collect())
        });
        let angles = angles.collect();
        ProjectionSubspaces { name: name.into(), residual, angles, rows, inputs }
    };
    SubspacesFigure {
        title: "pmnist, hlop, seed 1".into(),
        remark: format!("after task {count}"),
        projections: [
            ("input → hidden 1", 784, 80, 50),
            ("hidden 1 → hidden 2", 800, 200, 50),
            ("hidden 2 → readout", 800, 100, 50),
        ]
        .into_iter()
        .map(&mut projection)
        .collect(),
    }
}
