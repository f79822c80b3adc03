use super::*;

fn readout(truth: Option<usize>, predicted: Option<usize>) -> ReadoutTraces {
    ReadoutTraces {
        step_ms: 10.0,
        potentials: vec![vec![0.0, 1.0]; 3],
        classes: ["null", "eins", "zwei"].map(String::from).into(),
        true_class: truth,
        predicted_class: predicted,
        ..ReadoutTraces::default()
    }
}

#[test]
fn verdicts() {
    let words = |truth, predicted| {
        readout(truth, predicted)
            .verdict()
            .into_iter()
            .map(|(word, ..)| word)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(words(Some(1), Some(1)), "true eins · predicted eins · correct");
    assert_eq!(words(Some(1), Some(2)), "true eins · predicted zwei · wrong");
    assert_eq!(words(None, Some(0)), "predicted null");
    assert_eq!(words(None, None), "");
}

#[test]
fn contradictions_are_named() {
    let message = |figure: RasterFigure| figure.check().unwrap_err().to_string();
    let population = PopulationSpikes {
        name: "input".into(),
        size: 4,
        spikes: vec![(1.0, 3), (2.0, 4)],
        ..Default::default()
    };
    let figure =
        RasterFigure { duration_ms: 10.0, populations: vec![population], ..Default::default() };
    assert_eq!(
        message(figure.clone()),
        "RasterFigure: population \"input\", spike 1: row 4, but the population has 4"
    );
    assert_eq!(
        message(RasterFigure { duration_ms: f64::NAN, ..figure }),
        "RasterFigure: duration_ms is NaN, but must be > 0"
    );
    let figure = RasterFigure {
        duration_ms: 10.0,
        readout: Some(readout(Some(3), None)),
        ..Default::default()
    };
    assert_eq!(message(figure), "RasterFigure: true class is 3, but there are 3 classes");
}
