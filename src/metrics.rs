//! One row per epoch: `metrics.csv`.

use crate::error::{Error, Result};
use crate::text_file;
use plasticity::{EarlyStopping, EpochReport, Evaluation, Selection};
use std::path::Path;

/// What is known of one epoch once it is validated. Losses are in nats, accuracies and rates of
/// spikes per neuron and step in `0..=1`.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochMetrics {
    /// Epochs finished, counting this one.
    pub epoch: usize,
    /// Mean loss over the epoch's training samples, as they were when their turn came, with dropout
    /// and the wide kernels.
    pub train_loss: f64,
    /// Accuracy on them.
    pub train_accuracy: f64,
    /// Mean loss on the validation samples of the network as deployed: one tap per synapse.
    pub validation_loss: f64,
    /// Accuracy on them.
    pub validation_accuracy: f64,
    /// Its standard error, `sqrt(p (1 - p) / n)`.
    pub validation_standard_error: f64,
    /// Raw width of the delay kernels in steps.
    pub sigma_steps: f64,
    /// Learning rate of weights.
    pub rate_weights: f64,
    /// Learning rate of delays, in steps.
    pub rate_delays: f64,
    /// Length of the gradient, mean over the epoch's steps.
    pub gradient_norm: f64,
    /// Time of training and validation in s.
    pub seconds: f64,
    /// Spikes per neuron and step while training, by population.
    pub firing_rates: Vec<(String, f64)>,
}

const COLUMNS: [&str; 11] = [
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "validation_standard_error",
    "sigma_steps",
    "rate_weights",
    "rate_delays",
    "gradient_norm",
    "seconds",
];
const RATE_PREFIX: &str = "firing_rate_";

/// All epochs of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// One row per finished epoch, in their order.
    pub epochs: Vec<EpochMetrics>,
}

impl EpochMetrics {
    pub(crate) fn new(report: &EpochReport, validation: &Evaluation, seconds: f64) -> Self {
        Self {
            epoch: report.epoch + 1,
            train_loss: report.loss,
            train_accuracy: report.accuracy,
            validation_loss: validation.loss,
            validation_accuracy: validation.accuracy(),
            validation_standard_error: validation.standard_error(),
            sigma_steps: report.sigma,
            rate_weights: report.rate_weights,
            rate_delays: report.rate_delays,
            gradient_norm: report.gradient_norm,
            seconds,
            firing_rates: report.firing_rates.clone(),
        }
    }

    /// The epoch in one line for people.
    pub(crate) fn line(&self, epochs: usize) -> String {
        format!(
            "epoch {:>3}/{epochs}  loss {:.4}  train {:5.1} %  validation {:5.1} ± {:.1} %  sigma {:.2}  {:.1} s",
            self.epoch,
            self.train_loss,
            100.0 * self.train_accuracy,
            100.0 * self.validation_accuracy,
            100.0 * self.validation_standard_error,
            self.sigma_steps,
            self.seconds
        )
    }

    fn numbers(&self) -> [f64; COLUMNS.len()] {
        [
            self.epoch as f64,
            self.train_loss,
            self.train_accuracy,
            self.validation_loss,
            self.validation_accuracy,
            self.validation_standard_error,
            self.sigma_steps,
            self.rate_weights,
            self.rate_delays,
            self.gradient_norm,
            self.seconds,
        ]
    }
}

impl Metrics {
    /// The row with the best validation accuracy; of equals, the first.
    pub fn best(&self) -> Option<&EpochMetrics> {
        let best = self.selection(None).best_epoch()?;
        Some(&self.epochs[best - 1])
    }

    /// The selection that has seen these epochs.
    pub(crate) fn selection(&self, early_stopping: Option<EarlyStopping>) -> Selection {
        let mut selection = Selection::new(early_stopping);
        for row in &self.epochs {
            selection.see(row.validation_accuracy);
        }
        selection
    }

    /// The rows of the first `epochs` epochs; those of an epoch that was not finished any more go.
    ///
    /// # Errors
    /// When a row is missing or out of order.
    pub(crate) fn up_to(mut self, epochs: usize, path: &Path) -> Result<Self> {
        check_epochs(path, "", 1, epochs, self.epochs.iter().map(|row| row.epoch as f64))?;
        self.epochs.truncate(epochs);
        Ok(self)
    }

    /// Reads `metrics.csv`.
    ///
    /// # Errors
    /// One that names the file and the line that is not a row of this table.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&text_file::read_text(path)?, path)
    }

    /// Reads the text of the file at `path`.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        let wrong = |line: usize, problem: String| {
            Error::folder(path, format!("line {}: {problem}", line + 1))
        };
        let mut lines = text.lines().enumerate();
        let Some((_, header)) = lines.next() else { return Ok(Self::default()) };
        let names: Vec<&str> = header.split(',').collect();
        if names.get(..COLUMNS.len()) != Some(&COLUMNS) {
            return Err(wrong(0, format!("expected the columns {}", COLUMNS.join(","))));
        }
        let mut epochs = Vec::new();
        for (line, row) in lines {
            let numbers: Vec<f64> = row
                .split(',')
                .map(|cell| {
                    cell.parse().map_err(|_| wrong(line, format!("{cell:?} is not a number")))
                })
                .collect::<Result<_>>()?;
            if numbers.len() != names.len() {
                return Err(wrong(
                    line,
                    format!("{} numbers, but there are {} columns", numbers.len(), names.len()),
                ));
            }
            let rates = names.iter().zip(&numbers).skip(COLUMNS.len());
            epochs.push(EpochMetrics {
                epoch: numbers[0] as usize,
                train_loss: numbers[1],
                train_accuracy: numbers[2],
                validation_loss: numbers[3],
                validation_accuracy: numbers[4],
                validation_standard_error: numbers[5],
                sigma_steps: numbers[6],
                rate_weights: numbers[7],
                rate_delays: numbers[8],
                gradient_norm: numbers[9],
                seconds: numbers[10],
                firing_rates: rates
                    .map(|(name, &rate)| (name.trim_start_matches(RATE_PREFIX).to_owned(), rate))
                    .collect(),
            });
        }
        Ok(Self { epochs })
    }

    /// Writes the table, whole or not at all. An epoch takes seconds to hours, so a rewrite per
    /// epoch costs nothing and can never leave half a row behind.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let rates = self.epochs.first().map_or(&[][..], |first| &first.firing_rates);
        let mut text = COLUMNS.join(",");
        rates.iter().for_each(|(name, _)| text.push_str(&format!(",{RATE_PREFIX}{name}")));
        text.push('\n');
        for row in &self.epochs {
            let cells =
                row.numbers().into_iter().chain(row.firing_rates.iter().map(|(_, rate)| *rate));
            text.push_str(&cells.map(|number| number.to_string()).collect::<Vec<_>>().join(","));
            text.push('\n');
        }
        Ok(atomic_file::write(path, text.as_bytes())?)
    }
}

/// Checks that a table's rows are those of the epochs `first..=last`, in order and without gaps;
/// `whose` they are, for errors. What follows is left alone.
pub(crate) fn check_epochs(
    path: &Path,
    whose: &str,
    first: usize,
    last: usize,
    mut found: impl Iterator<Item = f64>,
) -> Result<()> {
    for epoch in first..=last {
        let problem = match found.next() {
            Some(found) if found == epoch as f64 => continue,
            Some(found) => {
                format!("epoch {found} stands where the row of epoch {epoch} was expected")
            }
            None => format!("the row of epoch {epoch} is missing"),
        };
        return Err(Error::folder(
            path,
            format!("{whose}{problem}, so this run cannot be resumed"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: usize, validation_accuracy: f64) -> EpochMetrics {
        EpochMetrics {
            epoch,
            train_loss: 1.25,
            train_accuracy: 0.5,
            validation_loss: 1.0 / 3.0,
            validation_accuracy,
            validation_standard_error: 0.01,
            sigma_steps: 12.0,
            rate_weights: 2e-8,
            rate_delays: 0.1,
            gradient_norm: f64::NAN,
            seconds: 3.5,
            firing_rates: vec![("hidden1".into(), 0.16), ("hidden2".into(), 0.14)],
        }
    }

    #[test]
    fn a_table_is_read_back_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        let mut metrics = Metrics { epochs: vec![row(1, 0.25), row(2, 0.75)] };
        metrics.write(&path).unwrap();
        let mut read = Metrics::read(&path).unwrap();
        for metrics in [&mut metrics, &mut read] {
            metrics.epochs.iter_mut().for_each(|row| row.gradient_norm = 0.0);
        }
        assert_eq!(read, metrics);
    }

    #[test]
    fn the_best_epoch_is_the_first_of_the_best() {
        let metrics = Metrics { epochs: vec![row(1, 0.2), row(2, 0.7), row(3, 0.7), row(4, 0.6)] };
        assert_eq!(metrics.best().unwrap().epoch, 2);
        assert_eq!(Metrics::default().best(), None);
    }

    #[test]
    fn missing_rows_are_named() {
        let path = Path::new("run/metrics.csv");
        let metrics = |epochs: &[usize]| Metrics {
            epochs: epochs.iter().map(|&epoch| row(epoch, 0.5)).collect(),
        };
        assert_eq!(metrics(&[1, 2, 3]).up_to(2, path).unwrap().epochs.len(), 2);
        let message = |epochs: &[usize]| metrics(epochs).up_to(3, path).unwrap_err().to_string();
        let end = "so this run cannot be resumed";
        assert_eq!(
            message(&[1, 2]),
            format!("run/metrics.csv: the row of epoch 3 is missing, {end}")
        );
        assert_eq!(
            message(&[1, 3]),
            format!("run/metrics.csv: epoch 3 stands where the row of epoch 2 was expected, {end}")
        );
    }

    #[test]
    fn a_damaged_row_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        Metrics { epochs: vec![row(1, 0.2)] }.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("1.25", "one")).unwrap();
        let message = Metrics::read(&path).unwrap_err().to_string();
        assert_eq!(message, format!("{}: line 2: \"one\" is not a number", path.display()));
    }
}
