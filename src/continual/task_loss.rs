//! A loss in which only the outputs of a sample's own task compete.

use plasticity::gradient::Loss;
use sim_core::{Readout, SampleLoss};
use std::ops::Range;
use std::sync::Arc;

/// Each task has outputs of its own, and a sample is told its task: the loss reads the outputs of
/// the task that the sample's label belongs to, and predicts one of them. Gradients of all other
/// outputs are 0.
#[derive(Debug)]
pub(crate) struct TaskLoss {
    loss: Arc<dyn Loss>,
    outputs: Vec<Range<usize>>,
}

impl TaskLoss {
    /// `outputs` are those of each task; they do not overlap.
    pub(crate) fn new(loss: Arc<dyn Loss>, outputs: Vec<Range<usize>>) -> Self {
        Self { loss, outputs }
    }
}

impl Loss for TaskLoss {
    fn reads_spikes(&self) -> bool {
        self.loss.reads_spikes()
    }

    /// # Panics
    /// If no task has the label.
    fn evaluate(
        &self,
        readout: Readout<'_>,
        label: usize,
        gradient: Option<(&mut [f32], f64)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss {
        let own = self.outputs.iter().find(|outputs| outputs.contains(&label));
        let own = own.expect("the label is an output of a task").clone();
        let Readout { values, steps, .. } = readout;
        let rows = own.start * steps..own.end * steps;
        let readout = Readout { values: &values[rows.clone()], neurons: own.len(), steps };
        let gradient = gradient.map(|(gradient, scale)| {
            gradient.fill(0.0);
            (&mut gradient[rows], scale)
        });
        let sample = self.loss.evaluate(readout, label - own.start, gradient, memory);
        SampleLoss { predicted: own.start + sample.predicted, ..sample }
    }

    /// Scores of all outputs, whatever the task.
    fn scores(&self, readout: Readout<'_>, scores: &mut Vec<f64>) {
        self.loss.scores(readout, scores);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasticity::gradient::CrossEntropy;

    #[test]
    fn only_the_outputs_of_the_task_compete() {
        let loss = TaskLoss::new(Arc::new(CrossEntropy::Mean), vec![0..2, 2..5]);
        // Five outputs, two steps.
        let values = [9.0, 9.0, 1.0, 1.0, 0.5, 0.5, 3.0, 1.0, -1.0, 0.0];
        let readout = Readout { values: &values, neurons: 5, steps: 2 };
        let mut gradient = [7.0; 10];
        let sample = loss.evaluate(readout, 4, Some((&mut gradient, 1.0)), &mut Vec::new());
        assert_eq!(sample.predicted, 3);
        let scores = [0.5f64, 2.0, -0.5];
        let sum: f64 = scores.iter().map(|score| score.exp()).sum();
        assert!((sample.loss - (sum.ln() + 0.5)).abs() < 1e-12);
        assert_eq!(gradient[..4], [0.0; 4]);
        assert!((f64::from(gradient[6]) - 2.0f64.exp() / sum / 2.0).abs() < 1e-6);
        let mut all = Vec::new();
        loss.scores(readout, &mut all);
        assert_eq!(all, [9.0, 1.0, 0.5, 2.0, -0.5]);
    }
}
