use super::*;

/// Short forms.
impl CrossEntropy {
    fn value(&self, values: &[f32], neurons: usize, steps: usize, label: usize) -> SampleLoss {
        self.evaluate(Readout { values, neurons, steps }, label, None, &mut Vec::new())
    }

    fn value_and_gradient(
        &self,
        values: &[f32],
        neurons: usize,
        steps: usize,
        label: usize,
        scale: f64,
        gradient: &mut [f32],
    ) -> SampleLoss {
        let readout = Readout { values, neurons, steps };
        self.evaluate(readout, label, Some((gradient, scale)), &mut Vec::new())
    }

    fn scores(&self, values: &[f32], classes: usize, steps: usize) -> Vec<f64> {
        let mut scores = vec![0.0; classes];
        let mut softmax = vec![0.0; self.softmax_numbers(classes, steps)];
        self.score(values, steps, &mut scores, &mut softmax);
        scores
    }
}

const EVERY_LOSS: [CrossEntropy; 5] = [
    CrossEntropy::SumSoftmax,
    CrossEntropy::MaxOverTime,
    CrossEntropy::Mean,
    CrossEntropy::Last,
    CrossEntropy::SpikeCount,
];

/// A readout without a pattern, `[4, 7]`, whose row maxima are far apart compared with the finite
/// differences' step.
fn readout() -> (Vec<f32>, usize, usize) {
    ((0..28).map(|k| ((k * 37 + 11) % 29) as f32 / 9.0 - 1.5).collect(), 4, 7)
}

/// The loss once more, in `f64`, straight from the table.
fn plain(loss: CrossEntropy, v: &[f64], classes: usize, steps: usize, label: usize) -> f64 {
    let row = |c: usize| &v[c * steps..(c + 1) * steps];
    let score = |c: usize| match loss {
        CrossEntropy::SumSoftmax => (0..steps)
            .map(|t| row(c)[t].exp() / (0..classes).map(|k| row(k)[t].exp()).sum::<f64>())
            .sum::<f64>(),
        CrossEntropy::MaxOverTime => row(c).iter().copied().fold(f64::NEG_INFINITY, f64::max),
        CrossEntropy::Mean => row(c).iter().sum::<f64>() / steps as f64,
        CrossEntropy::Last => row(c)[steps - 1],
        CrossEntropy::SpikeCount => row(c).iter().sum(),
    };
    (0..classes).map(|c| score(c).exp()).sum::<f64>().ln() - score(label)
}

#[test]
fn gradients_agree_with_finite_differences_of_the_plain_formula() {
    let (potential, classes, steps) = readout();
    let exact: Vec<f64> = potential.iter().map(|&v| f64::from(v)).collect();
    let (h, scale) = (1e-5, 0.25);
    for loss in EVERY_LOSS {
        for label in 0..classes {
            let mut gradient = vec![f32::NAN; potential.len()];
            let sample =
                loss.value_and_gradient(&potential, classes, steps, label, scale, &mut gradient);
            let expected = plain(loss, &exact, classes, steps, label);
            assert!((sample.loss - expected).abs() < 1e-12, "{loss:?}: {} {expected}", sample.loss);
            for (index, g) in gradient.iter().enumerate() {
                let at = |shift: f64| {
                    let mut moved = exact.clone();
                    moved[index] += shift;
                    plain(loss, &moved, classes, steps, label)
                };
                let numeric = scale * (at(h) - at(-h)) / (2.0 * h);
                assert!(
                    (f64::from(*g) - numeric).abs() < 1e-7,
                    "{loss:?} label {label} entry {index}: {g} {numeric}"
                );
            }
        }
    }
}

#[test]
fn value_and_gradient_tell_the_same_story() {
    let (potential, classes, steps) = readout();
    for loss in EVERY_LOSS {
        let mut gradient = vec![0.0; potential.len()];
        let with_gradient =
            loss.value_and_gradient(&potential, classes, steps, 2, 1.0, &mut gradient);
        assert_eq!(with_gradient, loss.value(&potential, classes, steps, 2));
        let scores = loss.scores(&potential, classes, steps);
        assert!(scores.iter().all(|score| *score <= scores[with_gradient.predicted]));
    }
}

#[test]
fn scores_at_hand_computed_points() {
    let potential = [1.0, 3.0, 2.0, /* class 1 */ 1.0, 0.0, -4.0];
    let scores = |loss: CrossEntropy| loss.scores(&potential, 2, 3);
    assert_eq!(scores(CrossEntropy::MaxOverTime), [3.0, 1.0]);
    assert_eq!(scores(CrossEntropy::Mean), [2.0, -1.0]);
    assert_eq!(scores(CrossEntropy::Last), [2.0, -4.0]);
    assert_eq!(CrossEntropy::SpikeCount.scores(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], 2, 3), [2.0, 1.0]);
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let expected = logistic(0.0) + logistic(3.0) + logistic(6.0);
    assert!((scores(CrossEntropy::SumSoftmax)[0] - expected).abs() < 1e-14);
    assert!(
        (scores(CrossEntropy::SumSoftmax).iter().sum::<f64>() - 3.0).abs() < 1e-14,
        "each step hands out one"
    );
}

#[test]
fn the_gradient_of_a_maximum_goes_to_its_first_step() {
    let mut gradient = [9.0_f32; 6];
    CrossEntropy::MaxOverTime.value_and_gradient(
        &[1.0, 2.0, 2.0, 0.0, 0.0, 0.0],
        2,
        3,
        0,
        1.0,
        &mut gradient,
    );
    let places: Vec<usize> = (0..6).filter(|&k| gradient[k] != 0.0).collect();
    assert_eq!(places, [1, 3]);
    assert_eq!(gradient[1], -gradient[3]);
}

#[test]
fn of_equal_scores_the_first_class_is_predicted() {
    assert_eq!(CrossEntropy::Mean.value(&[0.0, 1.0, 1.0], 3, 1, 0).predicted, 1);
}

#[test]
fn huge_potentials_stay_finite() {
    let potential = [1e30, -1e30, 3e4, 0.0, 3e4, -1e30_f32];
    for loss in EVERY_LOSS {
        let mut gradient = [0.0_f32; 6];
        let sample = loss.value_and_gradient(&potential, 2, 3, 0, 1.0, &mut gradient);
        assert!(sample.loss.is_finite(), "{loss:?}: {sample:?}");
        assert!(gradient.iter().all(|g| g.is_finite()), "{loss:?}: {gradient:?}");
    }
}

#[test]
fn a_potential_that_is_not_a_number_shows_in_the_loss() {
    for loss in EVERY_LOSS {
        assert!(loss.value(&[0.0, f32::NAN, 1.0, 0.0], 2, 2, 1).loss.is_nan(), "{loss:?}");
    }
}

#[test]
fn a_sample_without_steps_is_undecided() {
    for loss in EVERY_LOSS {
        let sample = loss.value_and_gradient(&[], 3, 0, 1, 1.0, &mut []);
        assert_eq!(sample.predicted, 0);
        assert_eq!(loss.scores(&[], 3, 0), [0.0; 3]);
        assert!((sample.loss - 3.0_f64.ln()).abs() < 1e-15);
    }
}

#[test]
fn names_in_a_recipe() {
    for (loss, name) in
        EVERY_LOSS.into_iter().zip(["sum_softmax", "max_over_time", "mean", "last", "spike_count"])
    {
        assert_eq!(serde_json::to_string(&loss).unwrap(), format!("\"{name}\""));
    }
    assert!(CrossEntropy::SpikeCount.reads_spikes() && !CrossEntropy::default().reads_spikes());
}
