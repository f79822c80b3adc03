use super::*;
use crate::theme::{SINGLE_COLUMN_MM, mm};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn accuracy_and_its_error() {
    let pairs = [(0, 0), (0, 1), (1, 1), (1, 1)];
    let figure = ConfusionFigure::from_pairs("test", names(&["a", "b"]), pairs).unwrap();
    assert_eq!(figure.counts, [1, 1, 0, 2]);
    assert_eq!(figure.accuracy(), 0.75);
    assert_eq!(figure.standard_error(), (0.75_f64 * 0.25 / 4.0).sqrt());
}

#[test]
fn a_class_out_of_range_is_named() {
    let error =
        ConfusionFigure::from_pairs("test", names(&["a", "b"]), [(0, 0), (2, 1)]).unwrap_err();
    assert_eq!(error.to_string(), "ConfusionFigure: sample 1 has classes 2 and 1, but there are 2");
}

#[test]
fn a_long_split_leaves_the_accuracy_its_own_line() {
    let figure = |split: &str| ConfusionFigure {
        split: split.into(),
        classes: names(&["a", "b"]),
        counts: vec![3, 1, 0, 4],
        ..ConfusionFigure::default()
    };
    let room = mm(SINGLE_COLUMN_MM) - 2.0 * MARGIN;
    assert_eq!(figure("test").verdict(room), ["test: accuracy 87.5 ± 11.7 %"]);
    assert_eq!(figure("").verdict(room), ["accuracy 87.5 ± 11.7 %"]);
    let split = "validation (20 % of each class, by chance)";
    assert_eq!(figure(split).verdict(room), [split, "accuracy 87.5 ± 11.7 %"]);
    let longest = figure(&split.repeat(5)).verdict(room);
    assert!(longest[0].ends_with('…') && longest[1] == "accuracy 87.5 ± 11.7 %", "{longest:?}");
    assert_eq!(figure(split).size().height, figure("test").size().height + TITLE_LINE);
}

#[test]
fn counts_are_written_only_where_they_can_be_read() {
    let size = |classes: usize| {
        let classes: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
        let counts = vec![100; classes.len() * classes.len()];
        let figure = ConfusionFigure { classes, counts, ..ConfusionFigure::default() };
        figure.count_size(&figure.layout())
    };
    assert!(size(20).is_some());
    assert_eq!(size(120), None);
}
