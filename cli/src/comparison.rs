//! Where engines come to different verdicts.

use serde_json::{Value, json};
use synfire::datasets::shown_name;
use synfire::plasticity::{Evaluation, SampleOutcome};

/// Two best scores that are nearer to each other than this may change places by rounding.
const NEAR_TIE: f64 = 1e-4;

/// What one engine makes of the samples, beside another.
pub struct Comparison<'a> {
    /// Name of the engine.
    pub engine: &'static str,
    samples: usize,
    /// Largest difference between two scores.
    largest: f64,
    /// Outcomes whose predictions differ: the evaluation's, then the engine's.
    other: Vec<[&'a SampleOutcome; 2]>,
}

impl<'a> Comparison<'a> {
    /// Both evaluations are of the same samples in the same order.
    pub fn new(engine: &'static str, evaluation: &'a Evaluation, theirs: &'a Evaluation) -> Self {
        let pairs = || evaluation.outcomes.iter().zip(&theirs.outcomes);
        let scores = pairs().flat_map(|(a, b)| a.scores.iter().zip(&b.scores));
        Self {
            engine,
            samples: evaluation.samples,
            largest: scores.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max),
            other: pairs()
                .filter(|(a, b)| a.predicted != b.predicted)
                .map(|(a, b)| [a, b])
                .collect(),
        }
    }

    /// How many predictions agree, then a line for each that does not.
    pub fn text(&self, classes: &[String]) -> String {
        let mut lines = vec![format!(
            "{} engine: {} of {} predictions agree; scores differ by up to {:.1e}",
            self.engine,
            self.samples - self.other.len(),
            self.samples,
            self.largest
        )];
        lines.extend(self.other.iter().map(|[ours, theirs]| {
            let margin = ours.margin().unwrap_or(0.0);
            format!(
                "  sample {}: {} here, {} there; the two best scores are {margin:.1e} apart{}",
                ours.sample,
                shown_name(&classes[ours.predicted]),
                shown_name(&classes[theirs.predicted]),
                if margin < NEAR_TIE { ", a near-tie" } else { "" }
            )
        }));
        lines.join("\n")
    }

    /// The same as an object.
    pub fn object(&self) -> Value {
        let other = self.other.iter().map(|[ours, theirs]| {
            json!({
                "sample": ours.sample,
                "predicted": ours.predicted,
                "theirs": theirs.predicted,
                "margin": ours.margin(),
            })
        });
        json!({
            "engine": self.engine,
            "agree": self.samples - self.other.len(),
            "largest_difference": self.largest,
            "other": other.collect::<Vec<_>>(),
        })
    }
}
