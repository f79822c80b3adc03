//! Every figure in both formats, with ordinary and with degenerate data.

mod checking;
mod continual;
mod signs;

use checking::{assert_says, check, message, names};
use plots::{
    BestEpoch, ConfusionFigure, CurvesFigure, DelayChange, DelaysFigure, Error, Figure, Format,
    PopulationSpikes, ProjectionDelays, ProjectionWeights, RasterFigure, ReadoutTraces, Series,
    SeriesStyle, WeightSnapshot, WeightsFigure,
};
use std::fs;

/// A sample with `count` spikes spread over 700 channels and a second.
fn raster(count: u32) -> RasterFigure {
    let spikes = (0..count)
        .map(|i| ((f64::from(i) * 0.618_034).fract() as f32 * 1000.0, (i * 7919) % 700))
        .collect();
    let input =
        PopulationSpikes { name: "input".into(), unit: "channel".into(), size: 700, spikes };
    let hidden = PopulationSpikes {
        name: "hidden 1".into(),
        unit: "neuron".into(),
        size: 256,
        spikes: vec![(5.0, 3)],
    };
    RasterFigure {
        title: "run\u{1}<17> & \"more\"".into(),
        remark: "epoch 7, best of 24".into(),
        sample: "validation sample 17".into(),
        duration_ms: 1000.0,
        populations: vec![input, hidden],
        readout: Some(ReadoutTraces {
            name: "readout".into(),
            step_ms: 10.0,
            potentials: (0..3)
                .map(|class| (0..100).map(|t| (class * t) as f32 * 0.01).collect())
                .collect(),
            classes: names(&["null", "eins", "zwei"]),
            true_class: Some(1),
            predicted_class: Some(2),
        }),
    }
}

#[test]
fn raster_of_a_full_sample() {
    let figure = raster(15_000);
    let texts = check(&figure);
    assert_says(
        &texts,
        &[
            "run <17> & \"more\"",
            "eins",
            "zwei",
            "wrong",
            "15,000 spikes",
            "1 spike",
            "time (ms)",
            "channel",
            "potential",
        ],
    );
    assert!(figure.render(Format::Png).unwrap().len() < 300_000);
    assert!(figure.render(Format::Svg).unwrap().len() < 300_000);
}

#[test]
fn raster_without_spikes_or_potentials() {
    assert_says(&check(&raster(0)), &["no spikes"]);
    let mut figure = raster(3);
    figure.populations[0].spikes = vec![(f32::NAN, 1), (-5.0, 2), (2000.0, 3), (7.0, 4)];
    figure.populations[1] = PopulationSpikes::default();
    if let Some(readout) = &mut figure.readout {
        readout.potentials = vec![vec![f32::NAN; 100], vec![], vec![f32::INFINITY]];
        readout.predicted_class = Some(1);
    }
    assert_says(&check(&figure), &["4 spikes, 3 outside", "no potentials", "correct"]);
    check(&RasterFigure { populations: vec![], ..figure.clone() });
    check(&RasterFigure { readout: None, ..figure });
}

#[test]
fn raster_of_many_populations() {
    let mut figure = raster(10);
    figure.populations = (0..7)
        .map(|i| PopulationSpikes { name: format!("hidden {i}"), ..figure.populations[0].clone() })
        .collect();
    assert_says(&check(&figure), &["hidden 6"]);
}

fn weights(epochs: usize) -> WeightsFigure {
    let at = |epoch: usize| {
        (0..5000)
            .map(|i| ((i * 37 % 1000) as f32 / 1000.0 - 0.5) * (1.0 + epoch as f32 * 0.1))
            .collect::<Vec<f32>>()
    };
    let history =
        (0..epochs).map(|epoch| WeightSnapshot::of(epoch as f64, &at(epoch), &[1, 2, 3])).collect();
    let projection = ProjectionWeights {
        name: "input → hidden 1".into(),
        start: at(0),
        end: at(epochs),
        history,
    };
    WeightsFigure {
        title: "weights".into(),
        remark: "end: after epoch 24 of 30".into(),
        projections: vec![projection.clone(), projection],
    }
}

#[test]
fn weights_over_many_epochs_and_few() {
    assert_says(
        &check(&weights(30)),
        &[
            "input → hidden 1",
            "5,000 synapses",
            "start",
            "end",
            "median",
            "5–95 %",
            "epoch",
            "synapses (%)",
        ],
    );
    check(&weights(1));
    assert_says(&check(&weights(0)), &["no epochs"]);
}

#[test]
fn weights_that_are_equal_missing_or_not_numbers() {
    for weights in [
        vec![0.0; 50],
        vec![-2.5; 50],
        vec![f32::NAN; 50],
        vec![f32::MAX, f32::MIN],
        vec![f32::INFINITY, 1.0],
        vec![],
    ] {
        let history =
            vec![WeightSnapshot::of(0.0, &weights, &[0]), WeightSnapshot::of(1.0, &weights, &[0])];
        let projection = ProjectionWeights {
            name: "a → b".into(),
            start: weights.clone(),
            end: weights.clone(),
            history,
        };
        check(&WeightsFigure { projections: vec![projection], ..WeightsFigure::default() });
    }
}

fn delays(epochs: usize) -> DelaysFigure {
    let start_ms: Vec<f32> = (0..5000).map(|i| (i * 37 % 2400) as f32 / 10.0).collect();
    let end_ms = start_ms.iter().map(|&delay| (delay * 0.9).round()).collect();
    let changes = (1..=epochs)
        .map(|epoch| DelayChange { epoch: epoch as f64, mean_ms: 10.0 / epoch as f64 })
        .collect();
    let projection = ProjectionDelays {
        name: "input → hidden 1".into(),
        start_ms,
        end_ms,
        max_ms: 240.0,
        step_ms: 10.0,
        changes,
    };
    DelaysFigure {
        title: "delays".into(),
        remark: "end: after epoch 24 of 30".into(),
        projections: vec![projection.clone(), projection],
    }
}

#[test]
fn delays_over_many_epochs_and_few() {
    assert_says(
        &check(&delays(30)),
        &[
            "input → hidden 1",
            "delay (ms)",
            "density (%/ms)",
            "|change| (ms)",
            "mean |change| per epoch",
            "200",
        ],
    );
    check(&delays(1));
    assert_says(&check(&delays(0)), &["no epochs"]);
}

#[test]
fn delays_that_are_zero_missing_or_not_numbers() {
    for delays_ms in [vec![0.0; 50], vec![f32::NAN; 50], vec![-1e30, 1e30], vec![]] {
        let mut figure = delays(3);
        figure.projections[0].start_ms = delays_ms.clone();
        figure.projections[0].end_ms = delays_ms;
        figure.projections[0].max_ms = 0.0;
        figure.projections[0].changes[1].mean_ms = f64::NAN;
        assert_eq!(check(&figure).iter().filter(|text| *text == "no delays").count(), 2);
        assert!(figure.has_delays());
        figure.projections.truncate(1);
        assert!(!check(&figure).iter().any(|text| text.starts_with('−')) && !figure.has_delays());
    }
}

/// Left and right end of a text in points; the figures anchor each at its left or right end.
fn ends_of(figure: &dyn Figure, wanted: &str) -> (f64, f64) {
    let svg = String::from_utf8(figure.render(Format::Svg).unwrap()).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let node = document
        .descendants()
        .find(|node| node.text().is_some_and(|text| text.trim() == wanted))
        .expect("the text is there");
    let number = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap() / 20.0;
    // Half an em is about the mean width of a letter.
    let (x, width) = (number("x"), wanted.chars().count() as f64 * 0.5 * number("font-size"));
    if node.attribute("text-anchor") == Some("end") { (x - width, x) } else { (x, x + width) }
}

#[test]
fn headings_leave_the_name_of_the_right_axis_alone() {
    let mut figure = weights(3);
    figure.projections[1] = ProjectionWeights {
        name: "hidden 1 → hidden 2".into(),
        start: vec![0.5; 65_536],
        ..Default::default()
    };
    let legend = ends_of(&figure, "median").0;
    assert!(
        ends_of(&figure, "hidden 1 → hidden 2").1 < legend - 15.0,
        "the right column begins at its legend"
    );
    assert!(ends_of(&figure, "65,536 synapses").0 > legend);
}

#[test]
fn headings_of_a_raster_stay_clear_of_the_uppermost_tick() {
    let mut figure = raster(10);
    figure.populations[0].size = 20;
    figure.populations[0].spikes.clear();
    figure.title.clear();
    let svg = String::from_utf8(figure.render(Format::Svg).unwrap()).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let y = |wanted: &str| {
        let node = document
            .descendants()
            .find(|node| node.text().is_some_and(|text| text.trim() == wanted))
            .unwrap();
        node.attribute("y").unwrap().parse::<f64>().unwrap() / 20.0
    };
    // Digits are 5 pt high and the heading's letters reach 1.6 pt below its line.
    assert!(y("20") - y("input") > 5.0 + 1.6 + 2.0, "{} {}", y("20"), y("input"));
}

fn curves(epochs: usize) -> CurvesFigure {
    let xs: Vec<f64> = (1..=epochs).map(|epoch| epoch as f64).collect();
    let along = |f: fn(f64) -> f64| xs.iter().map(|&x| f(x)).collect::<Vec<f64>>();
    let series =
        |label: &str, f: fn(f64) -> f64, style| Series::new(label, xs.clone(), along(f), style);
    CurvesFigure {
        title: "shd-delays".into(),
        remark: "2 of 30 epochs".into(),
        loss: vec![
            series("train", |x| 5.5 / x, SeriesStyle::TRAIN),
            series("reference", |x| 5.0 / x, SeriesStyle::REFERENCE_TRAIN),
        ],
        accuracy: vec![series("validation", |x| 1.0 - 0.9 / x, SeriesStyle::VALIDATION.faint())],
        learning_rate: vec![
            series("weights", |x| 1e-3 / x, SeriesStyle::WEIGHTS),
            series("delays", |x| 0.1 / x, SeriesStyle::DELAYS),
        ],
        sigma: vec![series("", |x| 12.0 / x, SeriesStyle::WEIGHTS)],
        best: Some(BestEpoch { epoch: 2.0, accuracy: 0.55 }),
    }
}

#[test]
fn curves_of_many_epochs_and_few() {
    let texts = check(&curves(30));
    let expected = [
        "shd-delays",
        "train",
        "reference",
        "validation",
        "best epoch 2: 55.0 %",
        "loss (nats)",
        "accuracy (%)",
        "rate (%)",
        "weights: 100 % = 0.001",
        "σ (steps)",
        "epoch",
    ];
    assert_says(&texts, &expected);
    check(&curves(2));
    check(&curves(1));
    assert_says(&check(&curves(0)), &["no epochs"]);
}

#[test]
fn curves_with_gaps_and_constants() {
    let mut figure = curves(5);
    figure.loss[0].ys = vec![f64::NAN, 1.0, f64::NAN, f64::INFINITY, 2.0];
    figure.accuracy[0].ys = vec![1.0; 5];
    figure.learning_rate[0].ys = vec![0.0; 5];
    figure.sigma[0].ys = vec![f64::NAN; 5];
    figure.best = Some(BestEpoch { epoch: f64::NAN, accuracy: f64::NAN });
    check(&figure);
    check(&CurvesFigure { loss: vec![], learning_rate: vec![], ..figure.clone() });
    check(&CurvesFigure { loss: vec![], accuracy: vec![], sigma: vec![], best: None, ..figure });
}

#[test]
fn confusion_of_one_class_and_of_many() {
    for size in [1_usize, 2, 20, 35, 120] {
        let classes = (0..size).map(|class| format!("class {class}")).collect();
        let pairs =
            (0..size * 40).map(|i| (i % size, if i % 5 == 0 { (i / 5) % size } else { i % size }));
        let figure = ConfusionFigure::from_pairs("validation", classes, pairs).unwrap();
        let title = format!(
            "validation: accuracy {:.1} ± {:.1} %",
            100.0 * figure.accuracy(),
            100.0 * figure.standard_error()
        );
        assert_says(&check(&figure), &[&title, "true class", "predicted class", "class 0"]);
        assert!(figure.render(Format::Png).unwrap().len() < 300_000, "{size}");
    }
}

#[test]
fn confusion_without_samples() {
    let figure = ConfusionFigure {
        split: "test".into(),
        classes: names(&["a", "b"]),
        counts: vec![0; 4],
        ..ConfusionFigure::default()
    };
    assert_says(&check(&figure), &["test: no samples"]);
}

#[test]
fn contradicting_data_is_an_error() {
    let matrix = ConfusionFigure {
        classes: names(&["a", "b"]),
        counts: vec![0; 3],
        ..ConfusionFigure::default()
    };
    assert_eq!(message(&matrix), "ConfusionFigure: 2 classes need 4 counts, but there are 3");
    assert_eq!(message(&ConfusionFigure::default()), "ConfusionFigure: no classes to draw");
    assert_eq!(message(&WeightsFigure::default()), "WeightsFigure: no projections to draw");
    assert_eq!(message(&DelaysFigure::default()), "DelaysFigure: no projections to draw");
    assert_eq!(message(&CurvesFigure::default()), "CurvesFigure: no series to draw");
    assert_eq!(
        message(&RasterFigure::default()),
        "RasterFigure: duration_ms is 0, but must be > 0"
    );
}

#[test]
fn long_names_are_shortened() {
    let long =
        "a name much longer than any column of any page could ever hold, and then some more of it"
            .repeat(3);
    let mut figure = raster(10);
    figure.title = long.clone();
    figure.sample = long.clone();
    figure.populations[0].name = long.clone();
    figure.populations[0].unit = long.clone();
    if let Some(readout) = &mut figure.readout {
        readout.classes = vec![long.clone(); 3];
    }
    let texts = check(&figure);
    assert_says(&texts, &["epoch 7, best of 24"]);
    assert!(texts.iter().any(|text| text.ends_with("… (true)")), "{texts:?}");
    let mut figure = weights(2);
    figure.title = long.clone();
    figure.projections[0].name = long.clone();
    check(&figure);
    let mut figure = curves(3);
    figure.loss[0].label = long.clone();
    check(&figure);
    check(&ConfusionFigure {
        title: long.clone(),
        remark: long.clone(),
        split: long.clone(),
        classes: vec![long.clone(), String::new()],
        counts: vec![1, u64::MAX / 8, 3, 4],
    });
}

/// Names as files have them; what the typeface lacks is an escape, in both formats.
const FOREIGN: [(&str, &str); 6] = [
    ("日本", r"\u65e5\u672c"),
    ("שלום", r"\u05e9\u05dc\u05d5\u05dd"),
    ("نعم", r"\u0646\u0639\u0645"),
    ("zwo\u{308}lf", "zwölf"),
    ("a\tb\nc", "a b c"),
    ("🙂", r"\U0001f642"),
];

#[test]
fn no_text_is_blank() {
    let (foreign, drawn): (Vec<&str>, Vec<&str>) = FOREIGN.into_iter().unzip();
    let matrix = ConfusionFigure {
        title: foreign[0].into(),
        remark: foreign[5].into(),
        split: foreign[1].into(),
        classes: names(&foreign),
        counts: vec![1; 36],
    };
    let texts = check(&matrix);
    assert_says(&texts, &[drawn[0], drawn[5]]);
    for name in &drawn {
        let of_axes = texts.iter().filter(|text| text == name).count();
        assert!(of_axes >= 2, "{name} is on both axes: {texts:?}");
    }
    let mut figure = raster(10);
    figure.title = foreign[1].into();
    figure.sample = foreign[3].into();
    figure.populations[0].name = foreign[4].into();
    figure.populations[0].unit = foreign[0].into();
    if let Some(readout) = &mut figure.readout {
        readout.classes = names(&[foreign[1], foreign[2], foreign[0]]);
    }
    let texts = check(&figure);
    assert_says(&texts, &[drawn[1], drawn[3], drawn[4], drawn[0]]);
    assert_says(&texts, &["true", "epoch 7, best of 24"]);
    assert!(texts.iter().any(|text| text == &format!("{} (predicted)", drawn[0])), "{texts:?}");
    let mut figure = curves(3);
    figure.loss[0].label = foreign[0].into();
    assert_says(&check(&figure), &[drawn[0], "2 of 30 epochs"]);
}

#[test]
fn names_that_differ_are_drawn_apart() {
    let texts = check(&ConfusionFigure {
        classes: names(&["一", "二", "三", "四"]),
        counts: vec![1; 16],
        ..ConfusionFigure::default()
    });
    let drawn: std::collections::BTreeSet<_> =
        texts.iter().filter(|text| text.starts_with('\\')).collect();
    assert_eq!(drawn.len(), 4, "{texts:?}");
}

#[test]
fn saving_writes_whole_files_of_the_asked_format() {
    let folder = tempfile::tempdir().unwrap();
    let figure = curves(3);
    for (name, format) in [("curves.png", Format::Png), ("curves.SVG", Format::Svg)] {
        let path = folder.path().join(name);
        figure.save(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), figure.render(format).unwrap());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left behind");
}

#[test]
fn failures_name_the_file_and_leave_the_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("curves.pdf");
    assert!(
        matches!(curves(3).save(&path), Err(Error::UnknownFormat { path: named }) if named == path)
    );

    let path = folder.path().join("missing").join("curves.png");
    let error = curves(3).save(&path).unwrap_err();
    assert!(matches!(error, Error::Disk(_)));
    assert!(
        error.to_string().starts_with(&format!("{}: cannot write the file: ", path.display())),
        "{error}"
    );

    let path = folder.path().join("curves.svg");
    fs::write(&path, "earlier").unwrap();
    assert!(CurvesFigure::default().save(&path).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "earlier");

    // A folder stands where the file should go: the rename fails, and its temporary file goes away.
    let path = folder.path().join("taken.svg");
    fs::create_dir(&path).unwrap();
    assert!(matches!(curves(3).save(&path), Err(Error::Disk(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
