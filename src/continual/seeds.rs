//! What several seeds of one experiment come to.

use crate::continual::result::{ContinualResult, StoredCounts};
use crate::error::{Error, Result};
use crate::text_file;
use datasets::counted;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// Mean over seeds with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SeedMean {
    /// Mean.
    pub mean: f64,
    /// Half of the 95 % interval of the mean, by Student's distribution; none for one seed.
    pub half_interval: Option<f64>,
}

/// A table over seeds: `seeds.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedTable {
    /// The results, by seed.
    pub runs: Vec<ContinualResult>,
    /// Mean accuracy on all tasks after the last one.
    pub acc: SeedMean,
    /// Backward transfer.
    pub bwt: Option<SeedMean>,
    /// Forward transfer.
    pub fwt: Option<SeedMean>,
    /// Mean accuracy on each task right after it was trained.
    pub learned: SeedMean,
}

/// What tables over seeds are called in their folder.
const SEEDS: &str = "seeds.json";

/// Quantiles at 97.5 % of Student's distribution for 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

impl SeedMean {
    /// Of one value per seed; `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let half_interval = (values.len() > 1).then(|| {
            let freedom = count - 1.0;
            // Beyond the table, the quantile falls to the normal one as 1 / freedom.
            let quantile = STUDENT.get(values.len() - 2).copied().unwrap_or(1.96 + 2.46 / freedom);
            quantile * (squares / (count - 1.0) / count).sqrt()
        });
        (!values.is_empty()).then_some(Self { mean, half_interval })
    }

    /// In per cent: `95.15 ± 0.12 %`.
    pub fn in_words(&self) -> String {
        let half =
            self.half_interval.map_or(String::new(), |half| format!(" ± {:.2}", 100.0 * half));
        format!("{:.2}{half} %", 100.0 * self.mean)
    }
}

impl SeedTable {
    /// The table of these results; `None` without any.
    pub fn of(runs: Vec<ContinualResult>) -> Option<Self> {
        let mean = |of: &dyn Fn(&ContinualResult) -> Option<f64>| {
            let values: Option<Vec<f64>> = runs.iter().map(of).collect();
            SeedMean::of(&values?)
        };
        let acc = mean(&|run| Some(run.acc))?;
        let learned = mean(&|run| Some(run.learned))?;
        let (bwt, fwt) = (mean(&|run| run.bwt), mean(&|run| run.fwt));
        Some(Self { runs, acc, bwt, fwt, learned })
    }

    /// Writes it as JSON, and a row per seed as CSV beside it.
    ///
    /// # Errors
    /// [`crate::Error::Disk`] when a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).expect("a table has plain fields");
        text.push('\n');
        atomic_file::write(&folder.join(SEEDS), text.as_bytes())?;
        Ok(atomic_file::write(&folder.join("seeds.csv"), self.csv().as_bytes())?)
    }

    /// Reads the table in a folder; `None` where there is none.
    ///
    /// # Errors
    /// One that names the file when it cannot be read, or is something else.
    pub fn of_folder(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(SEEDS);
        if !path.is_file() {
            return Ok(None);
        }
        serde_json::from_str(&text_file::read_text(&path)?).map(Some).map_err(|error| {
            let problem = format!("this is not a table over seeds of a run over tasks: {error}");
            Error::folder(&path, problem)
        })
    }

    /// A row per seed, then their means and half of the intervals of these.
    fn csv(&self) -> String {
        let mut rows = String::from(
            "seed,acc,bwt,fwt,learned,stored_rows,stored_samples,stored_numbers,training_seconds\n",
        );
        let shown = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        for run in &self.runs {
            let (bwt, fwt) = (shown(run.bwt), shown(run.fwt));
            let ContinualResult { seed, acc, learned, stored, training_seconds, .. } = run;
            let StoredCounts { rows: of_stored, samples, numbers } = stored;
            rows += &format!(
                "{seed},{acc},{bwt},{fwt},{learned},{of_stored},{samples},{numbers},\
                 {training_seconds}\n"
            );
        }
        let means = [Some(self.acc), self.bwt, self.fwt, Some(self.learned)];
        let row = |of: &dyn Fn(SeedMean) -> Option<f64>| {
            means.map(|mean| shown(mean.and_then(of))).join(",")
        };
        rows += &format!("mean,{},,,,\n", row(&|mean| Some(mean.mean)));
        rows + &format!("half_interval,{},,,,\n", row(&|mean| mean.half_interval))
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let changed = self.bwt.map_or(String::new(), |bwt| {
            let (learned, bwt) = (self.learned.in_words(), bwt.in_words());
            format!(" ({learned} right after each), BWT {bwt} (mean change since then)")
        });
        let (seeds, tasks) = (self.runs.len(), self.runs.first().map_or(0, |run| run.tasks.len()));
        let (seeds, tasks) = (counted(seeds, "seed"), counted(tasks, "task"));
        let kept = self.runs.first().map_or(String::new(), |run| run.stored.in_words());
        format!("{seeds}: ACC {} over {tasks}{changed}{kept}", self.acc.in_words())
    }
}

/// The line, and one for each seed.
impl fmt::Display for SeedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.line())?;
        for run in &self.runs {
            writeln!(f, "seed {:<7}{}: {}", run.seed, run.method, run.line())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        let mean = SeedMean::of(&[0.95, 0.952, 0.948]).unwrap();
        assert!((mean.mean - 0.95).abs() < 1e-12);
        // 4.303 * 0.002 / sqrt(3)
        assert!((mean.half_interval.unwrap() - 0.004_968_7).abs() < 1e-6);
        assert_eq!(SeedMean::of(&[0.5]).unwrap().in_words(), "50.00 %");
        assert_eq!(SeedMean::of(&[]), None);
    }
}
