//! What a network took each sample for: a table in CSV.
//!
//! ```text
//! sample,key,speaker,label,predicted,predicted_key,correct,margin,loss,score_zero,score_one
//! 17,zero,4,0,1,one,false,0.25,1.2,3.5,3.75
//! ```
//! `sample` is the index among the samples of the run, of which those of a validation file come
//! after those of the training file. `key` is the name of the class `label`. `speaker` is empty
//! where none is known; `margin`, how far the best score is above the next, and the scores, one per
//! class, where the loss has none. Fields are quoted as in RFC 4180, numbers have as many digits as
//! tell them apart, lines end with `\n`.

use anyhow::Result;
use std::fmt::Write;
use std::path::Path;
use synfire::exchange::quoted;
use synfire::plasticity::SampleOutcome;
use synfire::{SplitEvaluation, atomic_file};

/// Writes the table to `path`; it appears when it is whole.
pub fn write(path: &Path, result: &SplitEvaluation) -> Result<()> {
    let mut file = atomic_file::AtomicFile::create(path)?;
    let names: Vec<String> = result.classes.iter().map(|name| quoted(name, ',')).collect();
    file.write(header(result).as_bytes())?;
    for outcome in &result.evaluation.outcomes {
        file.write(line(outcome, &names).as_bytes())?;
    }
    Ok(file.finish()?)
}

fn header(result: &SplitEvaluation) -> String {
    let mut header =
        "sample,key,speaker,label,predicted,predicted_key,correct,margin,loss".to_owned();
    if result.evaluation.outcomes.iter().any(|outcome| !outcome.scores.is_empty()) {
        for (index, class) in result.classes.iter().enumerate() {
            // Columns of one name would hide each other.
            let is_only = result.classes.iter().filter(|other| *other == class).count() == 1;
            let name =
                if is_only { format!("score_{class}") } else { format!("score_{class}_{index}") };
            header.push(',');
            header.push_str(&quoted(&name, ','));
        }
    }
    header.push('\n');
    header
}

/// `names` are those of the classes as they stand in a line.
fn line(outcome: &SampleOutcome, names: &[String]) -> String {
    let SampleOutcome { sample, label, speaker, predicted, loss, scores } = outcome;
    let speaker = speaker.map(|speaker| speaker.to_string()).unwrap_or_default();
    let margin = outcome.margin().map(|margin| margin.to_string()).unwrap_or_default();
    let [key, predicted_key] = [*label, *predicted].map(|class| &names[class]);
    let correct = outcome.is_correct();
    let mut line = format!(
        "{sample},{key},{speaker},{label},{predicted},{predicted_key},{correct},{margin},{loss}"
    );
    for score in scores {
        write!(line, ",{score}").expect("a string takes every text");
    }
    line.push('\n');
    line
}
