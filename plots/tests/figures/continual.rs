//! Figures of runs that learn task after task.

use crate::checking::{assert_apart, assert_says, check, check_svg, message};
use plots::{
    AccuracyMatrixFigure, Figure, ForgettingFigure, Format, ProjectionSubspaces, SubspacesFigure,
};

/// The name of every task, counted from 1.
fn tasks(count: usize) -> Vec<String> {
    (1..=count).map(|task| format!("task {task}")).collect()
}

fn matrix(count: usize) -> AccuracyMatrixFigure {
    let accuracy = |i: usize, j: usize| {
        if j > i { 0.1 } else { 0.97 - 0.004 * (i - j) as f64 - 0.001 * j as f64 }
    };
    AccuracyMatrixFigure {
        title: "pmnist, seed 1".into(),
        remark: "ACC 95.27 %, BWT −1.13 %".into(),
        tasks: tasks(count),
        accuracy: (0..count).map(|i| (0..count).map(|j| accuracy(i, j)).collect()).collect(),
        at_once: false,
    }
}

fn forgetting(matrix: AccuracyMatrixFigure) -> ForgettingFigure {
    let AccuracyMatrixFigure { title, remark, tasks, accuracy, .. } = matrix;
    ForgettingFigure { title, remark, tasks, accuracy }
}

#[test]
fn matrix_of_one_task_and_of_many() {
    for count in [1, 2, 10, 20, 60] {
        let figure = matrix(count);
        let texts = check_svg(&figure);
        assert_says(&texts, &["ACC 95.27 %, BWT −1.13 %", "accuracy on", "task 1"]);
        assert_says(&texts, &["after training on", "accuracy (%)"]);
        assert_says(&texts, &[if count > 40 { "97" } else { "97.0" }]);
        assert_apart(&figure);
    }
    let texts = check(&matrix(20));
    assert_says(
        &texts,
        &["task 20", "10.0", "framed: the task just trained; grey: tasks still to come"],
    );
    assert!(matrix(20).size().width < matrix(60).size().width);
}

#[test]
fn matrix_that_ends_at_the_diagonal() {
    let mut figure = matrix(10);
    figure.accuracy.iter_mut().enumerate().for_each(|(i, row)| row.truncate(i + 1));
    let texts = check_svg(&figure);
    assert_says(&texts, &["framed: the task just trained", "90", "100"]);
    assert!(!texts.iter().any(|text| text == "10.0"));
}

#[test]
fn matrix_of_an_unfinished_run_and_of_missing_accuracies() {
    let mut figure = matrix(6);
    figure.accuracy.truncate(3);
    figure.accuracy[2][0] = f64::NAN;
    check_svg(&figure);
    figure.accuracy[1].fill(f64::NAN);
    check(&figure);
    figure.accuracy.clear();
    assert_says(&check(&figure), &["no accuracies yet", "task 6"]);
    assert_apart(&figure);
}

#[test]
fn matrix_of_tasks_that_are_trained_at_once() {
    let figure = AccuracyMatrixFigure { at_once: true, ..matrix(10) };
    let texts = check(&figure);
    assert_says(&texts, &["all tasks are trained at once", "after part", "10", "task 10", "10.0"]);
    assert!(!texts.iter().any(|text| text.contains("framed")));
    assert_apart(&figure);
}

#[test]
fn matrix_of_all_or_nothing() {
    for accuracy in [0.0, 1.0] {
        let figure = AccuracyMatrixFigure { accuracy: vec![vec![accuracy]], ..matrix(1) };
        assert_says(&check(&figure), &[if accuracy == 1.0 { "100" } else { "0.0" }]);
    }
}

#[test]
fn forgetting_of_one_task_and_of_many() {
    for count in [1, 2, 10, 20, 60] {
        let figure = forgetting(matrix(count));
        let texts = check_svg(&figure);
        assert_says(&texts, &["task 1", "accuracy (%)", "tasks trained"]);
        assert_says(&texts, &["mean of the tasks so far"]);
        assert!(!texts.iter().any(|text| text == "0"), "the axis begins near the data");
        assert_apart(&figure);
    }
    let mut figure = forgetting(matrix(20));
    assert_says(&check(&figure), &["task 20"]);
    figure.accuracy[19][0] = 0.2;
    assert_says(&check_svg(&figure), &["0"]);
}

#[test]
fn forgetting_of_an_unfinished_run_and_of_missing_accuracies() {
    let mut figure = forgetting(matrix(6));
    figure.accuracy.truncate(4);
    figure.accuracy[2][1] = f64::NAN;
    check(&figure);
    figure.accuracy.iter_mut().for_each(|row| row.fill(f64::NAN));
    assert_says(&check_svg(&figure), &["no accuracies yet"]);
    figure.accuracy.clear();
    figure.title.clear();
    figure.remark.clear();
    assert_says(&check(&figure), &["no accuracies yet", "task 6"]);
    assert_apart(&figure);
}

fn subspaces(tasks: usize, batches: usize) -> SubspacesFigure {
    let share = |batch: usize| 0.04 + 0.6 / (1.0 + batch as f32) + 0.01 * (batch % 7) as f32;
    let pair = |task: usize| {
        let angles = (1..=40).map(|i| 90.0 - 60.0 / f64::from(i)).collect();
        (format!("task {} and {task}", task + 1), angles)
    };
    let projection = |name: &str| ProjectionSubspaces {
        name: name.into(),
        residual: (0..tasks).map(|task| (task, (0..batches).map(share).collect())).collect(),
        angles: (1..tasks).map(pair).collect(),
        rows: (0..tasks).map(|task| if task == 0 { 80 } else { 30 }).collect(),
        inputs: 784,
    };
    SubspacesFigure {
        title: "pmnist, seed 1".into(),
        remark: format!("after task {tasks}"),
        projections: ["input → hidden 1", "hidden 1 → hidden 2", "hidden 2 → readout"]
            .map(projection)
            .into(),
    }
}

#[test]
fn subspaces_of_one_task_and_of_many() {
    for tasks in [1, 2, 3, 10, 20] {
        let figure = subspaces(tasks, 938);
        let texts = check_svg(&figure);
        assert_says(&texts, &["input → hidden 1", "hidden 2 → readout", "residual (%)", "batches"]);
        assert_says(&texts, &["rows", "task", "inputs", "median"]);
        // A single task has no angles to another.
        for text in ["principal angle (°)", "index"] {
            assert_eq!(texts.iter().any(|said| said == text), tasks > 1, "{tasks} tasks: {text}");
        }
        assert_apart(&figure);
    }
    let figure = subspaces(10, 938);
    let expected = ["task 1 to 10", "task 2 and 1 … task 10 and 9", "350 rows, 784 inputs"];
    assert_says(&check(&figure), &expected);
    assert!(figure.render(Format::Svg).unwrap().len() < 200_000);
    assert_says(&check_svg(&subspaces(1, 938)), &["task 1"]);
    assert_says(&check_svg(&subspaces(3, 938)), &["task 2 and 1", "task 3 and 2"]);
}

#[test]
fn subspaces_of_few_batches_are_not_thinned() {
    for batches in [0, 1, 2, 20] {
        let texts = check_svg(&subspaces(4, batches));
        assert!(!texts.iter().any(|text| text == "median"));
        assert_eq!(texts.iter().any(|text| text == "no batches"), batches == 0);
    }
}

#[test]
fn what_no_projection_has_takes_no_room() {
    let mut figure = subspaces(10, 20);
    figure.projections.iter_mut().for_each(|projection| projection.residual.clear());
    let texts = check_svg(&figure);
    let expected = ["principal angle (°)", "rows", "350 rows, 784 inputs", "task 1 to 10"];
    assert_says(&texts, &expected);
    assert!(!texts.iter().any(|text| text == "residual (%)" || text == "no batches"));
    assert_apart(&figure);
    let width = figure.size().width;
    figure.projections.iter_mut().for_each(|projection| projection.rows.clear());
    let texts = check(&figure);
    assert_says(&texts, &["principal angle (°)", "task 2 and 1 … task 10 and 9"]);
    assert!(!texts.iter().any(|text| text == "rows" || text.contains("inputs")));
    assert_apart(&figure);
    assert!(figure.size().width < width);
}

#[test]
fn subspaces_that_are_missing_complete_or_not_numbers() {
    let mut figure = subspaces(3, 938);
    let [first, second, third] = &mut figure.projections[..] else { panic!("three projections") };
    (first.residual, first.angles, first.rows) = Default::default();
    second.residual[0].1.fill(f32::NAN);
    second.residual[1].1 = vec![0.0, f32::NAN, f32::INFINITY, -1.0, 0.5];
    second.residual[2].1.clear();
    second.angles[0].1[3] = f64::NAN;
    second.angles[1].1 = vec![12.0];
    third.rows = vec![700, 80, 90];
    let texts = check(&figure);
    assert_says(&texts, &["no batches", "no angles", "no tasks", "0.01", "870 rows, 784 inputs"]);
    assert_apart(&figure);
    check(&SubspacesFigure {
        projections: vec![ProjectionSubspaces::default()],
        ..SubspacesFigure::default()
    });
}

#[test]
fn contradicting_data_is_an_error() {
    let figure = AccuracyMatrixFigure { tasks: vec![], ..matrix(2) };
    assert_eq!(message(&figure), "AccuracyMatrixFigure: no tasks to draw");
    let mut figure = matrix(3);
    figure.accuracy[2].pop();
    assert_eq!(
        message(&figure),
        "AccuracyMatrixFigure: accuracy[2] has 2 values, but needs 3 (to its diagonal) to 3 (tasks)"
    );
    assert_eq!(
        message(&forgetting(figure)),
        "ForgettingFigure: accuracy[2] has 2 values, but needs 3 (to its diagonal) to 3 (tasks)"
    );
    let mut figure = matrix(2);
    figure.accuracy.push(vec![0.5; 2]);
    assert_eq!(
        message(&forgetting(figure)),
        "ForgettingFigure: 2 tasks allow 2 rows of accuracies, but there are 3"
    );
    assert_eq!(message(&SubspacesFigure::default()), "SubspacesFigure: no projections to draw");
    let mut figure = subspaces(2, 5);
    figure.projections[1].rows.pop();
    assert_eq!(
        message(&figure),
        "SubspacesFigure: projection \"hidden 1 → hidden 2\" has a residual of task 1 (from 0), \
         but rows of 1 tasks"
    );
}

#[test]
fn long_and_foreign_names_are_drawn() {
    let long = "a name much longer than any column of any page could ever hold".repeat(3);
    let mut figure = matrix(3);
    figure.title = long.clone();
    figure.tasks = vec![long.clone(), long.clone(), "日本".into()];
    assert_says(&check(&figure), &[r"3: \u65e5\u672c"]);
    assert_apart(&figure);
    let figure = forgetting(figure);
    assert_says(&check(&figure), &[r"3: \u65e5\u672c"]);
    assert_apart(&figure);
    let mut figure = subspaces(10, 20);
    figure.title = long.clone();
    figure.projections[0].name = long.clone();
    figure.projections[1].angles[0].0 = long;
    check_svg(&figure);
    assert_apart(&figure);
}

#[test]
fn without_title_and_remark_there_is_no_heading() {
    let bare = AccuracyMatrixFigure { title: String::new(), remark: String::new(), ..matrix(3) };
    assert_eq!(check_svg(&bare).len() + 2, check_svg(&matrix(3)).len());
    assert!(bare.size().height < matrix(3).size().height);
}
