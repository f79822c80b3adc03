//! What a sequence of tasks came to, from the accuracies in between.

use sim_core::{Error, Result};

/// Accuracy after each task on every task: `accuracy[i][j]` is the accuracy on task `j`, a fraction
/// from 0 to 1, after training on task `i`.
///
/// Accuracies on tasks that are still to come are needed for [`forward_transfer`] alone; rows may
/// end at the diagonal otherwise.
///
/// [`forward_transfer`]: AccuracyMatrix::forward_transfer
///
/// ```
/// use plasticity::continual::AccuracyMatrix;
///
/// let matrix = AccuracyMatrix::new(vec![vec![0.9], vec![0.8, 0.95]])?;
/// assert!((matrix.average() - 0.875).abs() < 1e-12);
/// assert!((matrix.backward_transfer().unwrap() + 0.1).abs() < 1e-12);
/// # Ok::<(), sim_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AccuracyMatrix(Vec<Vec<f64>>);

impl AccuracyMatrix {
    /// The matrix of these accuracies.
    ///
    /// # Errors
    /// [`Error::Network`] without a task, or for a row that ends before its diagonal;
    /// [`Error::OutOfRange`] for what is no fraction.
    pub fn new(accuracy: Vec<Vec<f64>>) -> Result<Self> {
        if accuracy.is_empty() {
            return Err(Error::Network("accuracies need at least one task".into()));
        }
        let tasks = accuracy.len();
        for (task, row) in accuracy.iter().enumerate() {
            if row.len() <= task || row.len() > tasks {
                return Err(Error::Network(format!(
                    "after task {task} there are {} accuracies, but there must be {} to {tasks}",
                    row.len(),
                    task + 1
                )));
            }
            for (on, &value) in row.iter().enumerate() {
                let name = format!("accuracy[{task}][{on}]");
                Error::check(&*name, value, (0.0..=1.0).contains(&value), "from 0 to 1")?;
            }
        }
        Ok(Self(accuracy))
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.0.len()
    }

    /// ACC: mean accuracy on all tasks after the last one.
    pub fn average(&self) -> f64 {
        let last = &self.0[self.tasks() - 1];
        last.iter().sum::<f64>() / last.len() as f64
    }

    /// BWT: mean change of the accuracy on a task from the end of its training to the end of all,
    /// over all tasks but the last [Lopez-Paz and Ranzato 2017]. `None` for a single task.
    pub fn backward_transfer(&self) -> Option<f64> {
        let last = self.tasks() - 1;
        mean((0..last).map(|task| self.0[last][task] - self.0[task][task]))
    }

    /// FWT: mean accuracy on a task before it was trained, above `chance`, over all tasks but the
    /// first [Lopez-Paz and Ranzato 2017]; `chance[task]` is the accuracy of guessing. `None` for a
    /// single task, or where these accuracies are missing.
    ///
    /// # Panics
    /// If a task has no chance.
    pub fn forward_transfer(&self, chance: &[f64]) -> Option<f64> {
        let before: Option<Vec<f64>> = (1..self.tasks())
            .map(|task| self.0[task - 1].get(task).map(|before| before - chance[task]))
            .collect();
        mean(before?.into_iter())
    }

    /// Forgetting of each task but the last: its best accuracy before the last task was trained,
    /// minus that at the end [Chaudhry et al. 2018].
    pub fn forgetting(&self) -> Vec<f64> {
        let last = self.tasks() - 1;
        let of_task = |task: usize| {
            let before = self.0[task..last].iter().map(|row| row[task]);
            before.fold(0.0, f64::max) - self.0[last][task]
        };
        (0..last).map(of_task).collect()
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn three_tasks_by_hand() {
        let matrix = AccuracyMatrix::new(vec![
            vec![0.9, 0.2, 0.1],
            vec![0.95, 0.8, 0.3],
            vec![0.6, 0.75, 0.85],
        ])
        .unwrap();
        assert!(close(matrix.average(), 2.2 / 3.0));
        assert!(close(matrix.backward_transfer().unwrap(), (-0.3 - 0.05) / 2.0));
        assert!(close(matrix.forward_transfer(&[0.1; 3]).unwrap(), (0.1 + 0.2) / 2.0));
        let forgetting = matrix.forgetting();
        assert!(forgetting.len() == 2 && close(forgetting[0], 0.35) && close(forgetting[1], 0.05));
    }

    #[test]
    fn one_task_transfers_nothing() {
        let matrix = AccuracyMatrix::new(vec![vec![0.7]]).unwrap();
        assert!(close(matrix.average(), 0.7));
        assert_eq!((matrix.backward_transfer(), matrix.forward_transfer(&[0.1])), (None, None));
        assert!(matrix.forgetting().is_empty());
        let below = AccuracyMatrix::new(vec![vec![0.7], vec![0.6, 0.5]]).unwrap();
        assert_eq!(below.forward_transfer(&[0.1; 2]), None);
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        let refused = |rows: &[&[f64]]| {
            let rows = rows.iter().map(|row| row.to_vec()).collect();
            AccuracyMatrix::new(rows).unwrap_err().to_string()
        };
        assert_eq!(refused(&[]), "accuracies need at least one task");
        assert_eq!(
            refused(&[&[0.5], &[0.5]]),
            "after task 1 there are 1 accuracies, but there must be 2 to 2"
        );
        assert_eq!(refused(&[&[95.0]]), "accuracy[0][0] is 95, but must be from 0 to 1");
    }
}
