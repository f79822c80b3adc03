//! One row per epoch: `metrics.csv`.
//!
//! After the columns that every run has there are `firing_rate_NAME` for each hidden population,
//! `penalty`, and for each population that fires its silent and saturated neurons: `silent_NAME`
//! and `saturated_NAME` while training, `validation_silent_NAME` and `validation_saturated_NAME`.
//! Then, for each projection, how its weights are spread and how they changed since the start of
//! the run ([`WeightGeometry`]): `sign_flips_NAME`, `log_skew_NAME`, `log_kurtosis_NAME`,
//! `change_distance_NAME` and `log_change_distance_NAME`. Rows that a program wrote which did not
//! count them have `NaN` there.

use crate::error::{Error, Result};
use crate::passive_neurons::{PassiveCounts, PassiveNeurons};
use crate::text_file;
use plasticity::gradient::WeightGeometry;
use plasticity::{EarlyStopping, EpochReport, Evaluation, Selection};
use std::path::Path;

/// What is known of one epoch once it is validated. Losses are in nats, accuracies and rates of
/// spikes per neuron and step in `0..=1`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EpochMetrics {
    /// Epochs finished, counting this one.
    pub epoch: usize,
    /// Mean loss over the epoch's training samples, as they were when their turn came, with dropout
    /// and the wide kernels.
    pub train_loss: f64,
    /// Accuracy on the training samples.
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
    /// Penalties of the regularisers, mean over the epoch's steps; NaN where a row does not tell.
    pub penalty: f64,
    /// Neurons that took no part, by population that fires; empty where a row does not tell.
    pub passive: Vec<PassiveNeurons>,
    /// How weights are spread and changed since the start of the run, by projection; empty where a
    /// row does not tell.
    pub weights: Vec<(String, WeightGeometry)>,
}

/// The first column: the number of the epoch.
const EPOCH: &str = "epoch";
/// Where a row keeps a number.
type Field = fn(&mut EpochMetrics) -> &mut f64;

/// The columns that follow in every run, each with its field.
const COLUMNS: [(&str, Field); 10] = [
    ("train_loss", |row| &mut row.train_loss),
    ("train_accuracy", |row| &mut row.train_accuracy),
    ("validation_loss", |row| &mut row.validation_loss),
    ("validation_accuracy", |row| &mut row.validation_accuracy),
    ("validation_standard_error", |row| &mut row.validation_standard_error),
    ("sigma_steps", |row| &mut row.sigma_steps),
    ("rate_weights", |row| &mut row.rate_weights),
    ("rate_delays", |row| &mut row.rate_delays),
    ("gradient_norm", |row| &mut row.gradient_norm),
    ("seconds", |row| &mut row.seconds),
];
const RATE_PREFIX: &str = "firing_rate_";
const PENALTY: &str = "penalty";
/// What is counted of each population, in the order of [`PassiveNeurons::counts`].
const PASSIVE_PREFIXES: [&str; 4] =
    ["silent_", "saturated_", "validation_silent_", "validation_saturated_"];

/// What is told of the weights of each projection, in the order of [`geometry_cells`].
const GEOMETRY_PREFIXES: [&str; 5] =
    ["sign_flips_", "log_skew_", "log_kurtosis_", "change_distance_", "log_change_distance_"];

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
            penalty: report.penalty,
            passive: PassiveNeurons::of(&report.activity, &validation.activity),
            weights: Vec::new(),
        }
    }

    /// The epoch in one line for people.
    pub(crate) fn line(&self, epochs: usize) -> String {
        format!(
            "epoch {:>3}/{epochs}  loss {:.4}  train {:5.1} %  validation {:5.1} ± {:.1} %  sigma \
             {:.2}  {:.1} s",
            self.epoch,
            self.train_loss,
            100.0 * self.train_accuracy,
            100.0 * self.validation_accuracy,
            100.0 * self.validation_standard_error,
            self.sigma_steps,
            self.seconds
        )
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

    /// The rows of the first `epochs` epochs; rows of an epoch that was not finished are dropped.
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
        let expected: Vec<&str> = columns().collect();
        if !names.starts_with(&expected) {
            return Err(wrong(0, format!("expected the columns {}", expected.join(","))));
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
            let of = |prefix: &'static str| {
                let others = names.iter().zip(&numbers).skip(expected.len());
                others.filter_map(move |(name, &number)| Some((name.strip_prefix(prefix)?, number)))
            };
            let mut row = EpochMetrics {
                epoch: numbers[0] as usize,
                firing_rates: of(RATE_PREFIX).map(|(name, rate)| (name.to_owned(), rate)).collect(),
                penalty: of(PENALTY).next().map_or(f64::NAN, |(_, penalty)| penalty),
                passive: of(PASSIVE_PREFIXES[0])
                    .filter_map(|(name, _)| passive(name, &names, &numbers))
                    .collect(),
                weights: of(GEOMETRY_PREFIXES[0])
                    .filter_map(|(name, _)| Some((name.into(), geometry(name, &names, &numbers)?)))
                    .collect(),
                ..EpochMetrics::default()
            };
            for ((_, field), number) in COLUMNS.iter().zip(&numbers[1..]) {
                *field(&mut row) = *number;
            }
            epochs.push(row);
        }
        Ok(Self { epochs })
    }

    /// Writes the table, whole or not at all. An epoch takes seconds to hours, so a rewrite per
    /// epoch costs nothing and can never leave half a row behind.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut names: Vec<String> = columns().map(str::to_owned).collect();
        // The newest row has most columns: rows before a resume may lack what was not counted then.
        if let Some(row) = self.epochs.last() {
            names.extend(row.firing_rates.iter().map(|(name, _)| format!("{RATE_PREFIX}{name}")));
            names.push(PENALTY.to_owned());
            let of = |row: &PassiveNeurons| {
                PASSIVE_PREFIXES.map(|prefix| format!("{prefix}{}", row.population))
            };
            names.extend(row.passive.iter().flat_map(of));
            let of = |(name, _): &(String, WeightGeometry)| {
                GEOMETRY_PREFIXES.map(|prefix| format!("{prefix}{name}"))
            };
            names.extend(row.weights.iter().flat_map(of));
        }
        let mut text = names.join(",");
        text.push('\n');
        for row in &self.epochs {
            let mut written = row.clone();
            let mut cells = vec![row.epoch as f64];
            cells.extend(COLUMNS.iter().map(|(_, field)| *field(&mut written)));
            cells.extend(row.firing_rates.iter().map(|(_, rate)| rate));
            cells.push(row.penalty);
            let counts = row.passive.iter().flat_map(PassiveNeurons::counts);
            cells.extend(counts.map(|count| count as f64));
            cells.extend(row.weights.iter().flat_map(|(_, geometry)| geometry_cells(geometry)));
            cells.resize(names.len(), f64::NAN);
            text.push_str(&cells.iter().map(f64::to_string).collect::<Vec<_>>().join(","));
            text.push('\n');
        }
        Ok(atomic_file::write(path, text.as_bytes())?)
    }
}

/// The names of the columns that every run has.
fn columns() -> impl Iterator<Item = &'static str> {
    std::iter::once(EPOCH).chain(COLUMNS.iter().map(|(name, _)| *name))
}

/// The counts of one population in a row, where they are whole numbers.
fn passive(population: &str, names: &[&str], numbers: &[f64]) -> Option<PassiveNeurons> {
    let count = |prefix: &str| {
        let of = |name: &&str| name.strip_prefix(prefix) == Some(population);
        let number = numbers[names.iter().position(of)?];
        (number >= 0.0 && number.fract() == 0.0).then_some(number as usize)
    };
    let [silent, saturated, validation_silent, validation_saturated] = PASSIVE_PREFIXES.map(count);
    Some(PassiveNeurons {
        population: population.to_owned(),
        train: PassiveCounts { silent: silent?, saturated: saturated? },
        validation: PassiveCounts { silent: validation_silent?, saturated: validation_saturated? },
    })
}

/// The numbers of one projection in a row.
fn geometry_cells(geometry: &WeightGeometry) -> [f64; 5] {
    let WeightGeometry { sign_flips, log_skew, log_kurtosis, .. } = *geometry;
    let WeightGeometry { change_distance, log_change_distance, .. } = *geometry;
    [sign_flips as f64, log_skew, log_kurtosis, change_distance, log_change_distance]
}

/// What a row tells of the weights of one projection.
fn geometry(projection: &str, names: &[&str], numbers: &[f64]) -> Option<WeightGeometry> {
    let number = |prefix: &str| {
        let of = |name: &&str| name.strip_prefix(prefix) == Some(projection);
        names.iter().position(of).map(|column| numbers[column])
    };
    let [flips, log_skew, log_kurtosis, change_distance, log_change_distance] =
        GEOMETRY_PREFIXES.map(number);
    let flips = flips.filter(|flips| *flips >= 0.0 && flips.fract() == 0.0)?;
    Some(WeightGeometry {
        sign_flips: flips as usize,
        log_skew: log_skew?,
        log_kurtosis: log_kurtosis?,
        change_distance: change_distance?,
        log_change_distance: log_change_distance?,
    })
}

/// Checks that a table has the rows of the epochs `first..=last`, in order and without gaps. Errors
/// say `whose` rows they are. Later rows are not checked.
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
mod tests;
