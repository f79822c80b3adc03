use super::*;
use crate::continual::made_up::normal;
use crate::gradient::optimizer::{Adam, AdamW, Optimizer, OptimizerSettings, Sgd};
use proptest::prelude::*;

/// The rules once more, in `f64`, for one weight, written from the equations.
#[derive(Default)]
struct Twin {
    t: i32,
    first: f64,
    second: f64,
}

impl Twin {
    fn step(&mut self, rule: &OptimizerSettings, g: f64, rate: f64) -> (f64, f64) {
        self.t += 1;
        match *rule {
            OptimizerSettings::Adam(Adam { beta1, beta2, epsilon, weight_decay })
            | OptimizerSettings::AdamW(AdamW { beta1, beta2, epsilon, weight_decay }) => {
                self.first = beta1 * self.first + (1.0 - beta1) * g;
                self.second = beta2 * self.second + (1.0 - beta2) * g * g;
                let mean = self.first / (1.0 - beta1.powi(self.t));
                let square = self.second / (1.0 - beta2.powi(self.t));
                (rate * mean / (square.sqrt() + epsilon), rate * weight_decay)
            }
            OptimizerSettings::Sgd(Sgd { momentum, weight_decay, .. }) => {
                self.first = momentum * self.first + g;
                (rate * self.first, rate * weight_decay)
            }
        }
    }
}

fn exponentiated(weight: f64, (step, decay): (f64, f64), settings: SignedUpdate) -> f64 {
    let SignedUpdate { rate_factor, largest_exponent, .. } = settings;
    let exponent = -rate_factor * (weight.signum() * step + decay);
    weight * exponent.clamp(-largest_exponent, largest_exponent).exp()
}

#[test]
fn every_rule_follows_its_twin_step_by_step() {
    let sgd = Sgd { momentum: 0.9, weight_decay: 0.01, ..Sgd::default() };
    for rule in [
        OptimizerSettings::Sgd(Sgd::default()),
        OptimizerSettings::Sgd(sgd),
        OptimizerSettings::Adam(Adam { weight_decay: 0.01, ..Adam::default() }),
        OptimizerSettings::AdamW(AdamW::default()),
    ] {
        let settings = SignedUpdate { rate_factor: 10.0, ..SignedUpdate::default() };
        let update = WeightUpdate::Exponentiated;
        let mut weights: Vec<f32> = normal(50, 0);
        let mut expected: Vec<f64> = weights.iter().map(|&w| w.into()).collect();
        let mut twins: Vec<Twin> = weights.iter().map(|_| Twin::default()).collect();
        let mut optimizer = rule.build(50).unwrap().with_update(update, settings).unwrap();
        for t in 0..60 {
            let gradient: Vec<f32> = normal(50, 1 + t);
            optimizer.step(&mut weights, &gradient, 0.004, None);
            for ((expected, twin), &g) in expected.iter_mut().zip(&mut twins).zip(&gradient) {
                *expected = exponentiated(*expected, twin.step(&rule, g.into(), 0.004), settings);
            }
        }
        let errors = weights.iter().zip(&expected).map(|(&w, e)| (f64::from(w) / e - 1.0).abs());
        let worst = errors.fold(0.0, f64::max);
        assert!(worst < 5e-5, "{rule:?}: {worst:e}");
    }
}

/// `log |w|` moves by `-c rate sign(w) g`.
#[test]
fn a_step_is_gradient_descent_on_the_logarithm() {
    let settings = SignedUpdate { rate_factor: 3.0, ..SignedUpdate::default() };
    let before: Vec<f32> = normal(100, 0);
    let (mut weights, gradient) = (before.clone(), normal::<f32>(100, 1));
    let rule = OptimizerSettings::Sgd(Sgd::default()).build(100).unwrap();
    let mut optimizer = rule.with_update(WeightUpdate::Exponentiated, settings).unwrap();
    optimizer.step(&mut weights, &gradient, 0.05, None);
    for ((before, after), g) in before.iter().zip(&weights).zip(&gradient) {
        let moved = f64::from(after.abs()).ln() - f64::from(before.abs()).ln();
        let expected = -3.0 * 0.05 * f64::from(before.signum() * g);
        assert!((moved - expected).abs() < 1e-6, "{moved} and {expected}");
    }
}

#[test]
fn the_exponent_and_the_size_have_bounds() {
    let settings = SignedUpdate {
        rate_factor: 1.0,
        largest_exponent: 0.5,
        floor: 1e-3,
        ..SignedUpdate::default()
    };
    let update = Exponentiated::from(settings);
    let grown = 2.0 * 0.5_f32.exp();
    assert!((update.moved(2.0, -1e9, 0.0) - grown).abs() < 1e-6);
    assert!((update.moved(-2.0, 1e9, 0.0) + grown).abs() < 1e-6);
    assert_eq!(update.moved(1.2e-3, 1e9, 0.0), 1e-3);
    assert_eq!(update.moved(-1.2e-3, -1e9, 0.0), -1e-3);
    assert_eq!(update.moved(0.0, -1.0, 0.0).to_bits(), 0.0_f32.to_bits());
    let frozen = SignFrozen::from(settings);
    assert_eq!(frozen.moved(0.5, 0.25, 0.5), 0.0_f32.max(1e-3));
    assert_eq!([frozen.moved(0.5, 0.75, 0.0), frozen.moved(-0.5, -9.0, 0.0)], [1e-3, -1e-3]);
    assert_eq!([frozen.moved(-0.5, 0.25, 0.0), frozen.moved(0.0, 1.0, 0.0)], [-0.75, 0.0]);
}

#[test]
fn the_sum_of_a_neurons_weights_stays_where_it_is_asked_for() {
    const ROW: usize = 25;
    let settings = SignedUpdate { keep_sums: true, ..SignedUpdate::default() };
    let sum = |row: &[f32]| row.iter().map(|w| f64::from(w.abs())).sum::<f64>();
    for update in [WeightUpdate::Additive, WeightUpdate::Exponentiated, WeightUpdate::SignFrozen] {
        let before: Vec<f32> = normal(4 * ROW, 0);
        let mut weights = before.clone();
        let rule = OptimizerSettings::Adam(Adam::default()).build(4 * ROW).unwrap();
        let mut optimizer = rule.with_update(update, settings).unwrap().with_rows(ROW, &before);
        for t in 0..40 {
            optimizer.step(&mut weights, &normal::<f32>(4 * ROW, 1 + t), 0.01, None);
            // What confines a step may take weights away.
            weights[..3].fill(0.0);
            optimizer.restore_sums(&mut weights);
        }
        for (before, after) in before.chunks(ROW).zip(weights.chunks(ROW)) {
            assert!((sum(after) / sum(before) - 1.0).abs() < 1e-5, "{update:?}");
            assert!(before != after);
        }
    }
}

/// The sides of weights are a part of what a checkpoint brings back.
#[test]
fn a_two_sided_optimizer_goes_on_with_the_same_bits() {
    let start: Vec<f32> = normal(30, 0);
    let make = || {
        let rule = OptimizerSettings::Adam(Adam::default()).build(30).unwrap();
        let rule = rule.with_update(WeightUpdate::TwoSided, SignedUpdate::default()).unwrap();
        rule.with_rows(10, &start)
    };
    let (mut whole, mut weights) = (make(), start.clone());
    let step = |optimizer: &mut Optimizer, weights: &mut Vec<f32>, t: u64| {
        optimizer.step(weights, &normal::<f32>(30, 1 + t), 0.01, None);
    };
    (0..5).for_each(|t| step(&mut whole, &mut weights, t));
    let mut resumed = make();
    resumed.restore(whole.steps(), &whole.state()).unwrap();
    let mut again = weights.clone();
    (5..10).for_each(|t| step(&mut whole, &mut weights, t));
    (5..10).for_each(|t| step(&mut resumed, &mut again, t));
    assert_eq!((weights, whole.state()), (again, resumed.state()));
    let names: Vec<_> = whole.state().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mean", "mean_square", "excitatory", "inhibitory"]);
}

#[test]
fn each_constant_has_its_sentence() {
    let good = SignedUpdate::default();
    for (settings, sentence) in [
        (
            SignedUpdate { rate_factor: 0.0, ..good },
            "rate_factor is 0, but must be above 0 and at most 1e6",
        ),
        (
            SignedUpdate { largest_exponent: 81.0, ..good },
            "largest_exponent is 81, but must be above 0 and at most 80",
        ),
        (SignedUpdate { floor: 0.0, ..good }, "floor is 0, but must be at least 1e-30 and below 1"),
        (SignedUpdate { budget: -1.0, ..good }, "budget is -1, but must be from 1 to 1000"),
    ] {
        let refused = settings.check().unwrap_err().to_string();
        assert_eq!(refused, format!("SignedUpdate::{sentence}"));
    }
}

/// A gradient that is not a number must be seen in the weights, where the trainer looks for it.
#[test]
fn what_is_not_a_number_is_not_hidden() {
    for update in [WeightUpdate::Additive, WeightUpdate::Exponentiated, WeightUpdate::SignFrozen] {
        for rule in
            [OptimizerSettings::Sgd(Sgd::default()), OptimizerSettings::Adam(Adam::default())]
        {
            let rule = rule.build(3).unwrap();
            let mut optimizer = rule.with_update(update, SignedUpdate::default()).unwrap();
            let mut weights = [0.5, -0.5, 0.25];
            optimizer.step(&mut weights, &[f32::NAN, 1.0, f32::NAN], 0.01, None);
            let bad = weights.map(|weight| weight.is_nan());
            assert_eq!(bad, [true, false, true], "{update:?}");
        }
    }
}

/// A weight of any sign, or exactly zero.
fn any_weight() -> impl Strategy<Value = f32> {
    prop_oneof![
        Just(0.0_f32),
        (-30.0..30.0_f32, prop::bool::ANY).prop_map(|(exponent, negative)| {
            let size = exponent.exp2();
            if negative { -size } else { size }
        })
    ]
}

/// A rule, with and without momentum and decay.
fn any_rule() -> impl Strategy<Value = OptimizerSettings> {
    let decay = prop_oneof![Just(0.0), 1e-6..10.0];
    (prop::bool::ANY, prop::bool::ANY, decay).prop_map(|(adam, moves_on, weight_decay)| {
        if adam {
            OptimizerSettings::Adam(Adam { weight_decay, ..Adam::default() })
        } else {
            let momentum = if moves_on { 0.9 } else { 0.0 };
            OptimizerSettings::Sgd(Sgd { momentum, nesterov: false, weight_decay })
        }
    })
}

proptest! {
    /// No weight changes its sign or becomes zero, and zero stays zero, whatever the gradient: from
    /// denormal numbers to 1e30.
    #[test]
    fn signs_stay(
        weights in prop::collection::vec(any_weight(), 1..40),
        rule in any_rule(),
        update in prop_oneof![Just(WeightUpdate::Exponentiated), Just(WeightUpdate::SignFrozen)],
        keep_sums in prop::bool::ANY,
        row in 1_usize..9,
        stream in 0_u64..1000,
        scale in -140.0..100.0_f32,
    ) {
        let settings = SignedUpdate { keep_sums, ..SignedUpdate::default() };
        let optimizer = rule.build(weights.len()).unwrap().with_update(update, settings).unwrap();
        let mut optimizer = optimizer.with_rows(row, &weights);
        let mut moved = weights.clone();
        for t in 0..20 {
            let gradient: Vec<f32> =
                normal::<f32>(weights.len(), stream + t).iter().map(|g| g * scale.exp2()).collect();
            optimizer.step(&mut moved, &gradient, 0.1, None);
            optimizer.restore_sums(&mut moved);
        }
        for (before, after) in weights.iter().zip(&moved) {
            let sign = |weight: f32| if weight == 0.0 { 0.0 } else { weight.signum() };
            prop_assert!(after.is_finite(), "{before} became {after}");
            prop_assert!(sign(*before) == sign(*after), "{before} became {after}");
        }
    }
}
