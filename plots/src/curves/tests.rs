use super::*;

#[test]
fn lengths_must_agree() {
    let series = Series::new("train", vec![1.0, 2.0], vec![5.0], SeriesStyle::TRAIN);
    let figure = CurvesFigure { loss: vec![series], ..CurvesFigure::default() };
    assert_eq!(
        figure.check().unwrap_err().to_string(),
        "CurvesFigure: loss series \"train\" has 2 epochs, but 1 values"
    );
    assert_eq!(
        CurvesFigure::default().check().unwrap_err().to_string(),
        "CurvesFigure: no series to draw"
    );
}

#[test]
fn rates_far_apart_are_shares_of_their_peaks() {
    let series = |peak: f64| {
        Series::new("rate", vec![1.0, 2.0, 3.0], vec![peak / 25.0, peak, 0.0], SeriesStyle::WEIGHTS)
    };
    let figure = |rates: &[f64]| CurvesFigure {
        learning_rate: rates.iter().copied().map(series).collect(),
        ..CurvesFigure::default()
    };
    assert_eq!(figure(&[1e-3]).rate_plot().y, Scale::from_zero(Some((0.0, 1e-3))));
    assert_eq!(figure(&[0.05, 0.2]).rate_plot().y, Scale::from_zero(Some((0.0, 0.2))));
    let apart = figure(&[1e-3, 0.1]);
    let plot = apart.rate_plot();
    assert_eq!((plot.name, plot.series[0].label.as_str()), ("rate (%)", "rate: 100 % = 0.001"));
    for series in plot.series.iter() {
        assert_eq!(series.ys, [0.04, 1.0, 0.0]);
        assert!(
            series.ys.iter().all(|share| (0.0..=1.0).contains(&plot.y.share(PERCENT * share))),
            "on the axis to the end"
        );
    }
}

#[test]
fn accuracy_stays_within_its_bounds() {
    let series = Series::new("", vec![1.0], vec![1.0], SeriesStyle::TRAIN);
    let figure = CurvesFigure { accuracy: vec![series], ..CurvesFigure::default() };
    assert!(figure.accuracy_plot().y.hi <= 100.0);
}
