//! How well each class is told from the others.

use datasets::{listed, shown_name};
use serde::{Deserialize, Serialize};

/// Up to this number of classes, a line shows all of them.
const SHOWN: usize = 6;

/// Number of classes that a line shows if there are more: the classes with the lowest accuracy.
const LOWEST: usize = 3;

/// The samples of one class that an accuracy rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassAccuracy {
    /// Name of the class.
    pub class: String,
    /// How many samples it has.
    pub samples: usize,
    /// How many of these samples were predicted as the class.
    pub correct: usize,
    /// Share of the samples that were predicted as the class; none without samples.
    pub accuracy: Option<f64>,
}

impl ClassAccuracy {
    /// Of every class; `confusion` is `[true class][predicted class]`.
    pub fn of(names: &[String], confusion: &[Vec<u32>]) -> Vec<Self> {
        let rows = names.iter().zip(confusion).enumerate();
        rows.map(|(class, (name, row))| {
            let samples: usize = row.iter().map(|&count| count as usize).sum();
            let correct = row.get(class).map_or(0, |&count| count as usize);
            let accuracy = (samples > 0).then(|| correct as f64 / samples as f64);
            Self { class: name.clone(), samples, correct, accuracy }
        })
        .collect()
    }

    /// Accuracy by class in a line: of all classes if they are few, else of the classes with the
    /// lowest accuracy.
    pub fn line(classes: &[Self]) -> String {
        let mut told: Vec<(&Self, f64)> =
            classes.iter().filter_map(|class| Some((class, class.accuracy?))).collect();
        let are_all_shown = told.len() <= SHOWN;
        if !are_all_shown {
            // Of equals the first.
            told.sort_by(|one, other| one.1.total_cmp(&other.1));
            told.truncate(LOWEST);
        }
        let words = told.iter().map(|(class, accuracy)| {
            let name = shown_name(&class.class);
            format!("{name} {:.1} % of {}", 100.0 * accuracy, class.samples)
        });
        let words: Vec<String> = words.collect();
        let lowest = if are_all_shown { "" } else { "lowest " };
        let empty: Vec<&str> = classes
            .iter()
            .filter(|class| class.samples == 0)
            .map(|class| class.class.as_str())
            .collect();
        let none = if empty.is_empty() {
            String::new()
        } else {
            format!("; no sample of {}", listed(&empty))
        };
        format!("by class: {lowest}{}{none}", words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(confusion: &[Vec<u32>]) -> Vec<ClassAccuracy> {
        let names: Vec<String> = (0..confusion.len()).map(|class| format!("w{class}")).collect();
        ClassAccuracy::of(&names, confusion)
    }

    #[test]
    fn a_few_classes_are_all_told() {
        let some = classes(&[vec![7, 0, 0], vec![0, 0, 0], vec![1, 0, 1]]);
        assert_eq!(some[2].accuracy, Some(0.5));
        assert_eq!((some[1].samples, some[1].accuracy), (0, None));
        let line = ClassAccuracy::line(&some);
        assert_eq!(line, "by class: w0 100.0 % of 7, w2 50.0 % of 2; no sample of w1");
        assert_eq!(ClassAccuracy::line(&classes(&[vec![0]])), "by class: ; no sample of w0");
    }

    #[test]
    fn of_many_classes_the_lowest_are_told() {
        let confusion: Vec<Vec<u32>> = (0..10)
            .map(|class| {
                (0..10).map(|other| if class == other { class as u32 } else { 1 }).collect()
            })
            .collect();
        let line = ClassAccuracy::line(&classes(&confusion));
        assert_eq!(line, "by class: lowest w0 0.0 % of 9, w1 10.0 % of 10, w2 18.2 % of 11");
    }
}
