//! What learning by multiplication is known for: changes of weights are log-normal, and few relevant
//! inputs among many are found early [Cornford et al. 2024; Pogodin et al. 2024].

use crate::gradient::optimizer::{Optimizer, OptimizerSettings, Sgd};
use crate::gradient::weight_geometry::WeightGeometry;
use crate::gradient::weight_update::{SignedUpdate, WeightUpdate};
use rand::RngExt;
use rand_distr::StandardNormal;
use sim_core::{Purpose, Seed};

fn normal(count: usize, stream: u64) -> Vec<f32> {
    let mut random = Seed(17).stream(Purpose::Synthesis, stream, 0);
    (0..count).map(|_| random.sample::<f32, _>(StandardNormal)).collect()
}

/// Gradient descent without momentum; the rate is that of the schedule.
fn descent(weights: usize, update: WeightUpdate) -> Optimizer {
    let settings = SignedUpdate { rate_factor: 1.0, ..SignedUpdate::default() };
    let plain = OptimizerSettings::Sgd(Sgd::default()).build(weights).unwrap();
    plain.with_update(update, settings).unwrap()
}

/// The gradient of `|X w - y|^2 / (2 samples)`.
fn gradient(inputs: &[f32], targets: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut gradient = vec![0.0; weights.len()];
    for (x, y) in inputs.chunks(weights.len()).zip(targets) {
        let error = (dot(x, weights) - y) / targets.len() as f32;
        gradient.iter_mut().zip(x).for_each(|(g, x)| *g += error * x);
    }
    gradient
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A regression with 4000 log-normal weights of either sign learns 50 noisy samples. The update of
/// each kind gives normal changes of what it adds to: of the logarithm, or of the weight.
#[test]
fn changes_show_the_geometry_of_the_update() {
    let (weights, samples) = (4000, 50);
    let start: Vec<f32> = normal(weights, 0)
        .iter()
        .zip(normal(weights, 1))
        .map(|(size, sign)| (0.1 * size.exp()).copysign(sign))
        .collect();
    let inputs = normal(samples * weights, 2);
    let noise = 0.5 * dot(&start, &start).sqrt();
    let targets = inputs.chunks(weights).zip(normal(samples, 3));
    let targets: Vec<f32> = targets.map(|(x, n)| dot(x, &start) + noise * n).collect();
    let learned = |update, rate| {
        let (mut now, mut optimizer) = (start.clone(), descent(weights, update));
        for _ in 0..100 {
            let slope = gradient(&inputs, &targets, &now);
            optimizer.step(&mut now, &slope, rate, None);
        }
        let errors = inputs.chunks(weights).zip(&targets).map(|(x, y)| (dot(x, &now) - y).abs());
        assert!(errors.fold(0.0, f32::max) < 0.01 * noise, "{update:?} learns the samples");
        let WeightGeometry { log_change_distance, change_distance, sign_flips, .. } =
            WeightGeometry::between(&start, &now);
        (log_change_distance, change_distance, sign_flips)
    };
    let (logarithms, changes, flips) = learned(WeightUpdate::Exponentiated, 0.05);
    assert!(logarithms < 0.03 && changes > 0.2 && flips == 0, "{logarithms}, {changes}, {flips}");
    let (logarithms, changes, flips) = learned(WeightUpdate::Additive, 0.005);
    assert!(logarithms > 0.2 && changes < 0.03 && flips > 0, "{logarithms}, {changes}, {flips}");
}

/// 10 of 1000 inputs matter. After 200 batches of 8 new samples, multiplication is far nearer to
/// the true weights than addition at the best of its rates. With multiplication an input has an
/// excitatory and an inhibitory weight, since a weight keeps its sign. The rate of multiplication
/// was not searched: it is the middle of 0.05 to 0.2.
#[test]
fn few_relevant_inputs_are_found_early() {
    let (inputs, relevant, batch) = (1000, 10, 8);
    let truth: Vec<f32> = normal(inputs, 4)
        .iter()
        .enumerate()
        .map(|(n, sign)| if n < relevant { 1.0_f32.copysign(*sign) } else { 0.0 })
        .collect();
    // Weight of an input as the parameters say it, and the gradient of the parameters.
    let error = |update, rate: f64| {
        let twofold = update == WeightUpdate::Exponentiated;
        let mut parameters = if twofold { vec![0.001; 2 * inputs] } else { vec![0.0; inputs] };
        let mut optimizer = descent(parameters.len(), update);
        let weights = |parameters: &[f32]| -> Vec<f32> {
            let (excitatory, inhibitory) = parameters.split_at(inputs);
            match twofold {
                true => excitatory.iter().zip(inhibitory).map(|(e, i)| e - i).collect(),
                false => excitatory.to_vec(),
            }
        };
        for step in 0..200 {
            let samples = normal(batch * inputs, 100 + step);
            let targets: Vec<f32> = samples.chunks(inputs).map(|x| dot(x, &truth)).collect();
            let mut slope = gradient(&samples, &targets, &weights(&parameters));
            if twofold {
                slope.extend_from_within(..);
                slope[inputs..].iter_mut().for_each(|g| *g = -*g);
            }
            optimizer.step(&mut parameters, &slope, rate, None);
        }
        let weights = weights(&parameters);
        let off = weights.iter().zip(&truth).map(|(w, t)| f64::from((w - t).powi(2))).sum::<f64>();
        off / relevant as f64
    };
    let rates = [0.002, 0.004, 0.006, 0.008, 0.01, 0.012, 0.014];
    let added = rates.map(|rate| error(WeightUpdate::Additive, rate));
    let best = added.into_iter().fold(f64::INFINITY, f64::min);
    let multiplied = error(WeightUpdate::Exponentiated, 0.1);
    assert!(5.0 * multiplied < best, "{multiplied} against {added:?}");
}
