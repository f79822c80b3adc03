use super::*;
use serde_json::Value;
use simd::Instructions;

/// The same rules once more, in `f64`, one parameter at a time, written from the equations.
#[derive(Default, Clone)]
struct Twin {
    t: i32,
    first: f64,
    second: f64,
}

impl Twin {
    fn step(
        &mut self,
        settings: &OptimizerSettings,
        p: f64,
        g: f64,
        rate: f64,
        beta1: Option<f64>,
    ) -> f64 {
        self.t += 1;
        match *settings {
            OptimizerSettings::Adam(Adam { beta1: own, beta2, epsilon, weight_decay }) => {
                p - self.adam(g + weight_decay * p, rate, beta1.unwrap_or(own), beta2, epsilon)
            }
            OptimizerSettings::AdamW(AdamW { beta1: own, beta2, epsilon, weight_decay }) => {
                p * (1.0 - rate * weight_decay)
                    - self.adam(g, rate, beta1.unwrap_or(own), beta2, epsilon)
            }
            OptimizerSettings::Sgd(Sgd { momentum, nesterov, weight_decay }) => {
                let (g, momentum) = (g + weight_decay * p, beta1.unwrap_or(momentum));
                self.first = momentum * self.first + g;
                p - rate * if nesterov { g + momentum * self.first } else { self.first }
            }
        }
    }

    fn adam(&mut self, g: f64, rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> f64 {
        self.first = beta1 * self.first + (1.0 - beta1) * g;
        self.second = beta2 * self.second + (1.0 - beta2) * g * g;
        let mean = self.first / (1.0 - beta1.powi(self.t));
        let mean_square = self.second / (1.0 - beta2.powi(self.t));
        rate * mean / (mean_square.sqrt() + epsilon)
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("an array")
        .iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

fn every_rule() -> Vec<OptimizerSettings> {
    vec![
        OptimizerSettings::Adam(Adam::default()),
        OptimizerSettings::Adam(Adam { weight_decay: 1e-2, ..Adam::default() }),
        OptimizerSettings::AdamW(AdamW::default()),
        OptimizerSettings::Sgd(Sgd::default()),
        OptimizerSettings::Sgd(Sgd { momentum: 0.9, nesterov: false, weight_decay: 1e-3 }),
        OptimizerSettings::Sgd(Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 }),
    ]
}

/// A gradient without a pattern, of parameter `index` in step `t`.
fn made_up_gradient(index: usize, t: usize) -> f32 {
    ((index * 7919 + t * 104_729) % 1009) as f32 / 504.5 - 1.0
}

#[test]
fn torch_is_reproduced() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/optimizers.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for name in ["adam", "adam_l2", "adamw"] {
        let case = &golden[name];
        let number = |key: &str| case[key].as_f64().unwrap();
        let (betas, rate) = (numbers(&case["betas"]), number("lr"));
        let (beta1, beta2, epsilon, weight_decay) =
            (betas[0], betas[1], number("eps"), number("weight_decay"));
        let settings = match name {
            "adamw" => OptimizerSettings::AdamW(AdamW { beta1, beta2, epsilon, weight_decay }),
            _ => OptimizerSettings::Adam(Adam { beta1, beta2, epsilon, weight_decay }),
        };
        let mut exact = numbers(&case["start"]);
        let mut single: Vec<f32> = exact.iter().map(|&p| p as f32).collect();
        let mut twins = vec![Twin::default(); exact.len()];
        let mut optimizer = settings.build(single.len()).unwrap();
        for (gradient, after) in
            case["grads"].as_array().unwrap().iter().zip(case["after"].as_array().unwrap())
        {
            let (gradient, after) = (numbers(gradient), numbers(after));
            for ((p, twin), g) in exact.iter_mut().zip(&mut twins).zip(&gradient) {
                *p = twin.step(&settings, *p, *g, rate, None);
            }
            let gradient: Vec<f32> = gradient.iter().map(|&g| g as f32).collect();
            optimizer.step(&mut single, &gradient, rate, None);
            for (index, expected) in after.iter().enumerate() {
                assert!(
                    (exact[index] - expected).abs() < 1e-12,
                    "{name} step {}: {} {expected}",
                    optimizer.steps(),
                    exact[index]
                );
                // Half a unit in the last place of the parameter (up to 2.0) per step, and as much
                // for the step itself.
                let rounding =
                    optimizer.steps() as f64 * f64::from(f32::EPSILON) * (expected.abs() + rate);
                assert!(
                    (f64::from(single[index]) - expected).abs() <= rounding,
                    "{name} f32 {index}: {} {expected}",
                    single[index]
                );
            }
        }
    }
}

#[test]
fn single_precision_follows_the_twin_for_hundreds_of_steps_with_beta1_cycling() {
    let parameters = 5;
    for settings in every_rule() {
        let mut optimizer = settings.build(parameters).unwrap();
        let mut single: Vec<f32> = (0..parameters).map(|index| index as f32 * 0.1 - 0.2).collect();
        let mut exact: Vec<f64> = single.iter().map(|&p| f64::from(p)).collect();
        let mut twins = vec![Twin::default(); parameters];
        for t in 0..300 {
            let gradient: Vec<f32> =
                (0..parameters).map(|index| made_up_gradient(index, t)).collect();
            let beta1 = (t % 3 != 0).then(|| 0.85 + 0.1 * (t % 100) as f64 / 100.0);
            optimizer.step(&mut single, &gradient, 1e-3, beta1);
            for (index, (p, twin)) in exact.iter_mut().zip(&mut twins).enumerate() {
                *p = twin.step(&settings, *p, f64::from(gradient[index]), 1e-3, beta1);
            }
        }
        for (p, expected) in single.iter().zip(&exact) {
            assert!((f64::from(*p) - expected).abs() < 2e-6, "{settings:?}: {p} {expected}");
        }
    }
}

#[test]
fn sgd_at_hand_computed_points() {
    let run = |sgd: Sgd| {
        let mut optimizer = OptimizerSettings::Sgd(sgd).build(1).unwrap();
        let mut p = [1.0_f32];
        for _ in 0..2 {
            optimizer.step(&mut p, &[1.0], 0.5, None);
        }
        p[0]
    };
    assert_eq!(run(Sgd::default()), 0.0);
    assert_eq!(run(Sgd { momentum: 0.5, ..Sgd::default() }), 1.0 - 0.5 - 0.75);
    assert_eq!(run(Sgd { momentum: 0.5, nesterov: true, ..Sgd::default() }), 1.0 - 0.75 - 0.875);
    assert_eq!(run(Sgd { weight_decay: 1.0, ..Sgd::default() }), 0.0 - 0.5);
}

#[test]
fn a_restored_optimizer_continues_bit_for_bit() {
    let parameters = 37;
    for settings in every_rule() {
        let mut first = settings.build(parameters).unwrap();
        let mut p = vec![0.5_f32; parameters];
        let step = |optimizer: &mut Optimizer, p: &mut [f32], t: usize| {
            let gradient: Vec<f32> =
                (0..parameters).map(|index| made_up_gradient(index, t)).collect();
            optimizer.step(p, &gradient, 0.01, Some(0.9));
        };
        (0..5).for_each(|t| step(&mut first, &mut p, t));
        let mut second = settings.build(parameters).unwrap();
        let mut saved = first.state();
        saved.reverse();
        second.restore(first.steps(), &saved).unwrap();
        assert_eq!(first, second);
        let mut q = p.clone();
        (5..9).for_each(|t| step(&mut first, &mut p, t));
        (5..9).for_each(|t| step(&mut second, &mut q, t));
        assert_eq!(p, q);
    }
}

#[test]
fn foreign_state_is_refused_and_changes_nothing() {
    let mut adam = OptimizerSettings::default().build(2).unwrap();
    adam.step(&mut [0.0, 0.0], &[1.0, -1.0], 0.1, None);
    let before = adam.clone();
    let ok = [1.0_f32, 2.0];
    for (state, message) in [
        (
            vec![("velocity", &ok[..])],
            "optimizer state \"velocity\" does not belong to a rule that keeps mean, mean_square",
        ),
        (vec![("mean", &ok[..])], "optimizer state \"mean_square\" is missing"),
        (
            vec![("mean", &ok[..]), ("mean_square", &ok[..1])],
            "optimizer state \"mean_square\" has length 1, but must have 2",
        ),
    ] {
        assert_eq!(adam.restore(7, &state).unwrap_err().to_string(), message);
        assert_eq!(adam, before);
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let parameters = 3 * CHUNK + 17;
    for settings in every_rule() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut optimizer = settings.build(parameters).unwrap();
                let mut p = vec![0.1_f32; parameters];
                for t in 0..3 {
                    let gradient: Vec<f32> =
                        (0..parameters).map(|index| made_up_gradient(index, t)).collect();
                    optimizer.step(&mut p, &gradient, 0.01, None);
                }
                p.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            })
        };
        let one = run(1);
        assert!([2, 3, 8].into_iter().all(|threads| run(threads) == one), "{settings:?}");
    }
}

/// Steps of both rules as compiled for `set`, or plainly where there is none: the bits of the
/// parameters.
fn bits_on(set: Option<Instructions>, update: impl Move) -> Vec<u32> {
    const PARAMETERS: usize = 1003;
    let (mut p, mut q): (Vec<f32>, Vec<f32>) =
        (0..PARAMETERS).map(|n| (made_up_gradient(n, 0), made_up_gradient(n, 1))).unzip();
    let [mut mean, mut square, mut velocity] = [(); 3].map(|()| vec![0.0; PARAMETERS]);
    for t in 1..=30_usize {
        let gradient: Vec<f32> = (0..PARAMETERS).map(|n| made_up_gradient(n, t)).collect();
        let adam = AdamStep::new(0.9, 0.999, 1e-8, 0.01, t as u64);
        let adam = AdamStep { penalty: 1e-3, decay: 1e-3, ..adam };
        let sgd = SgdStep { momentum: 0.9, nesterov: true, penalty: 1e-3, decay: 1e-3, rate: 0.01 };
        let (p, q) = (&mut p[..], &mut q[..]);
        match set {
            Some(set) => set.vectorize(
                #[inline(always)]
                || {
                    adam.apply(update, p, &gradient, &mut mean, &mut square);
                    sgd.apply(update, q, &gradient, &mut velocity);
                },
            ),
            None => {
                adam.apply(update, p, &gradient, &mut mean, &mut square);
                sgd.apply(update, q, &gradient, &mut velocity);
            }
        }
    }
    p.iter().chain(&q).map(|value| value.to_bits()).collect()
}

#[test]
fn every_instruction_set_has_the_same_bits() {
    let signed = SignedUpdate::default();
    for set in Instructions::available() {
        let name = set.name();
        assert!(bits_on(Some(set), Additive) == bits_on(None, Additive), "added on {name}");
        let update = Exponentiated::from(signed);
        assert!(bits_on(Some(set), update) == bits_on(None, update), "multiplied on {name}");
        let update = SignFrozen::from(signed);
        assert!(bits_on(Some(set), update) == bits_on(None, update), "frozen on {name}");
    }
}

#[test]
fn parameters_without_gradient_rest_and_their_moments_reach_zero() {
    let mut optimizer = OptimizerSettings::default().build(2).unwrap();
    let mut p = [0.25_f32, 0.25];
    optimizer.step(&mut p, &[0.0, 1e-3], 0.1, None);
    assert_eq!(p[0], 0.25, "no gradient, no step, no NaN");
    for _ in 0..2000 {
        optimizer.step(&mut p, &[0.0, 0.0], 0.1, None);
    }
    let mean = optimizer.state()[0].1[1];
    assert_eq!(mean, 0.0, "a denormal moment would linger for ever");
    assert!(p[1].is_finite());
}

#[test]
fn constants_out_of_range_are_named() {
    let adam = Adam::default();
    let sgd = Sgd::default();
    for (settings, message) in [
        (
            OptimizerSettings::Adam(Adam { beta1: 1.0, ..adam }),
            "Adam::beta1 is 1, but must be at least 0 and below 1",
        ),
        (
            OptimizerSettings::Adam(Adam { beta2: -0.1, ..adam }),
            "Adam::beta2 is -0.1, but must be at least 0 and below 1",
        ),
        (
            OptimizerSettings::AdamW(AdamW { epsilon: 0.0, ..AdamW::default() }),
            "AdamW::epsilon is 0, but must be above 0 and not below the smallest normal f32",
        ),
        (
            OptimizerSettings::Adam(Adam { weight_decay: f64::NAN, ..adam }),
            "Adam::weight_decay is NaN, but must be at least 0",
        ),
        (
            OptimizerSettings::Sgd(Sgd { momentum: 1.5, ..sgd }),
            "Sgd::momentum is 1.5, but must be at least 0 and below 1",
        ),
        (
            OptimizerSettings::Sgd(Sgd { nesterov: true, ..sgd }),
            "Sgd::momentum is 0, but must be above 0 where nesterov is set",
        ),
    ] {
        assert_eq!(settings.check().unwrap_err().to_string(), message);
        assert!(settings.build(1).is_err());
    }
}

#[test]
fn settings_read_from_text_fill_in_defaults_and_refuse_unknown_keys() {
    let read = |text: &str| serde_json::from_str::<OptimizerSettings>(text);
    assert_eq!(read(r#"{"kind": "adam"}"#).unwrap(), OptimizerSettings::default());
    assert_eq!(
        read(r#"{"kind": "adamw", "weight_decay": 0}"#).unwrap().without_weight_decay(),
        OptimizerSettings::AdamW(AdamW { weight_decay: 0.0, ..AdamW::default() })
    );
    assert_eq!(
        read(r#"{"kind": "sgd", "momentum": 0.9, "nesterov": true}"#).unwrap(),
        OptimizerSettings::Sgd(Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 })
    );
    assert!(
        read(r#"{"kind": "adam", "momentum": 0.9}"#)
            .unwrap_err()
            .to_string()
            .contains("unknown field `momentum`")
    );
    assert!(
        read(r#"{"kind": "adagrad"}"#)
            .unwrap_err()
            .to_string()
            .contains("unknown variant `adagrad`")
    );
    for settings in every_rule() {
        assert_eq!(read(&serde_json::to_string(&settings).unwrap()).unwrap(), settings);
    }
}

/// A step of SGD is a sum of gradients; decay of weights, and Adam's squares, are none.
#[test]
fn linear_rules_keep_gradients_in_their_subspace() {
    let momentum = Sgd { momentum: 0.9, ..Sgd::default() };
    for (settings, linear) in [
        (OptimizerSettings::Sgd(Sgd::default()), true),
        (OptimizerSettings::Sgd(momentum), true),
        (OptimizerSettings::Sgd(Sgd { nesterov: true, ..momentum }), true),
        (OptimizerSettings::Sgd(Sgd { weight_decay: 0.1, ..momentum }), false),
        (OptimizerSettings::Adam(Adam::default()), false),
        (OptimizerSettings::AdamW(AdamW::default()), false),
    ] {
        let mut optimizer = settings.build(2).unwrap();
        assert_eq!(optimizer.is_linear(), linear, "{settings:?}");
        // Gradients along (2, 1).
        let mut parameters = [0.5, 0.5];
        for strength in [1.0, -3.0, 2.0] {
            optimizer.step(&mut parameters, &[2.0 * strength, strength], 0.125, None);
        }
        let beside: f32 = (parameters[0] - 0.5) - 2.0 * (parameters[1] - 0.5);
        assert_eq!(beside.abs() < 1e-6, linear, "{settings:?}: {beside:e}");
    }
}

#[test]
fn a_restarted_optimizer_is_a_new_one() {
    let momentum = Sgd { momentum: 0.9, ..Sgd::default() };
    for settings in [
        OptimizerSettings::Adam(Adam::default()),
        OptimizerSettings::AdamW(AdamW::default()),
        OptimizerSettings::Sgd(momentum),
    ] {
        let new = settings.build(3).unwrap();
        let mut used = new.clone();
        used.step(&mut [1.0, 2.0, 3.0], &[0.5, -0.5, 4.0], 0.1, None);
        assert_ne!(used, new);
        used.restart();
        assert_eq!(used, new);
    }
}
