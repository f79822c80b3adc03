//! Accuracies after each task of a sequence: what must hold for them, and what follows from them.

use crate::error::{Error, Result};

/// Checks `accuracy[i][j]`, the fraction after task i on task j, of the field of a figure.
///
/// # Errors
/// [`Error::Data`] without tasks; when there are more rows than tasks, or a row ends before its
/// diagonal or beyond the last task; and for a value that is neither NaN nor between 0 and 1.
pub(crate) fn check(figure: &'static str, tasks: &[String], accuracy: &[Vec<f64>]) -> Result<()> {
    let error = |message| Err(Error::Data { figure, message });
    let count = tasks.len();
    if count == 0 {
        return error("no tasks to draw".to_owned());
    }
    if accuracy.len() > count {
        return error(format!(
            "{count} tasks allow {count} rows of accuracies, but there are {}",
            accuracy.len()
        ));
    }
    for (i, row) in accuracy.iter().enumerate() {
        if row.len() <= i || row.len() > count {
            return error(format!(
                "accuracy[{i}] has {} values, but needs {} (to its diagonal) to {count} (tasks)",
                row.len(),
                i + 1
            ));
        }
        let wrong = |(_, value): &(usize, &f64)| !(value.is_nan() || (0.0..=1.0).contains(*value));
        if let Some((j, value)) = row.iter().enumerate().find(wrong) {
            return error(format!(
                "accuracy[{i}][{j}] is {value}, but must be a fraction between 0 and 1"
            ));
        }
    }
    Ok(())
}

/// The accuracies on tasks that were trained already, row by row: those up to the diagonal.
pub(crate) fn learned(accuracy: &[Vec<f64>]) -> impl Iterator<Item = &[f64]> {
    accuracy.iter().enumerate().map(|(i, row)| &row[..row.len().min(i + 1)])
}

/// After each task the mean accuracy on the tasks trained so far; NaN where one of them is unknown.
pub(crate) fn means(accuracy: &[Vec<f64>]) -> Vec<f64> {
    learned(accuracy).map(|row| row.iter().sum::<f64>() / row.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tasks: usize, accuracy: &[Vec<f64>]) -> String {
        let tasks: Vec<String> = (1..=tasks).map(|task| format!("task {task}")).collect();
        check("F", &tasks, accuracy).unwrap_err().to_string()
    }

    #[test]
    fn contradictions_are_named() {
        assert_eq!(message(0, &[]), "F: no tasks to draw");
        assert_eq!(
            message(1, &[vec![1.0], vec![1.0]]),
            "F: 1 tasks allow 1 rows of accuracies, but there are 2"
        );
        assert_eq!(
            message(3, &[vec![1.0], vec![1.0]]),
            "F: accuracy[1] has 1 values, but needs 2 (to its diagonal) to 3 (tasks)"
        );
        assert_eq!(
            message(1, &[vec![1.0; 2]]),
            "F: accuracy[0] has 2 values, but needs 1 (to its diagonal) to 1 (tasks)"
        );
        assert_eq!(
            message(2, &[vec![0.9, 95.2]]),
            "F: accuracy[0][1] is 95.2, but must be a fraction between 0 and 1"
        );
        for value in [-0.1, f64::INFINITY] {
            assert!(message(1, &[vec![value]]).ends_with("must be a fraction between 0 and 1"));
        }
    }

    #[test]
    fn rows_may_end_at_the_diagonal_or_at_the_last_task() {
        let tasks = ["a".to_owned(), "b".to_owned()];
        for accuracy in [vec![], vec![vec![1.0]], vec![vec![1.0, f64::NAN], vec![0.0, 1.0]]] {
            assert!(check("F", &tasks, &accuracy).is_ok(), "{accuracy:?}");
        }
    }

    #[test]
    fn means_are_over_the_tasks_so_far() {
        let accuracy = [vec![0.9, 0.1], vec![0.7, 0.8]];
        assert_eq!(means(&accuracy), [0.9, 0.75]);
        assert!(means(&[vec![f64::NAN]])[0].is_nan());
        assert_eq!(learned(&accuracy).map(<[f64]>::len).collect::<Vec<usize>>(), [1, 2]);
    }
}
