//! Accuracy by class or by speaker, as a table.

use serde_json::{Value, json};
use synfire::SplitEvaluation;
use synfire::datasets::shown_name;
use synfire::plasticity::Tally;

/// What samples are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Grouping {
    /// Their class
    Class,
    /// Their speaker, where the recordings tell of speakers
    Speaker,
}

impl Grouping {
    fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Speaker => "speaker",
        }
    }
}

/// A name and the samples that bear it, of all that have samples.
pub fn rows(result: &SplitEvaluation, by: Grouping) -> Vec<(String, Tally)> {
    let evaluation = &result.evaluation;
    match by {
        Grouping::Class => {
            let classes = evaluation.by_class().into_iter();
            classes.map(|(class, tally)| (result.classes[class].clone(), tally)).collect()
        }
        Grouping::Speaker => {
            let speakers = evaluation.by_speaker().into_iter();
            speakers.map(|(speaker, tally)| (speaker.to_string(), tally)).collect()
        }
    }
}

/// The rows beneath each other: name, samples, correct ones, accuracy ± standard error in percent.
pub fn text(result: &SplitEvaluation, by: Grouping) -> String {
    let mut rows = rows(result, by);
    rows.iter_mut().for_each(|(name, _)| *name = shown_name(name).into_owned());
    let names = rows.iter().map(|(name, _)| name.chars().count());
    let width = names.chain([by.name().len()]).max().unwrap_or(0);
    let mut lines = vec![format!("{:<width$}  samples  correct  accuracy", by.name())];
    lines.extend(rows.iter().map(|(name, tally)| {
        format!(
            "{name:<width$}  {:>7}  {:>7}  {:>6.2} ± {:.2} %",
            tally.samples,
            tally.correct,
            100.0 * tally.accuracy(),
            100.0 * tally.standard_error()
        )
    }));
    lines.join("\n")
}

/// The rows as an array of objects.
pub fn array(result: &SplitEvaluation, by: Grouping) -> Value {
    let object = |(name, tally): (String, Tally)| {
        json!({
            by.name(): name,
            "samples": tally.samples,
            "correct": tally.correct,
            "accuracy": tally.accuracy(),
            "standard_error": tally.standard_error(),
        })
    };
    rows(result, by).into_iter().map(object).collect()
}
