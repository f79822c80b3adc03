//! The `f64` oracle against one training step of the reference implementation, and against its
//! deployed network.

use crate::oracle::{
    Firing, GoldenCase, Kernel, OracleLayer, OracleNetwork, Pass, Reset, Signal, Statistics,
    assert_close, golden_cases, sum_softmax,
};

/// Both sides are `f64` and differ in the order of their sums only.
const TOLERANCE: f64 = 1e-9;
/// An entry a million times smaller than the largest of its array is what sums of larger terms left
/// over.
const FLOOR: f64 = 1e-6;

fn close(case: &GoldenCase, name: &str, actual: &[f64], expected: &[f64]) {
    assert_close(&format!("{} {name}", case.name), actual, expected, TOLERANCE, FLOOR);
}

fn all_close(case: &GoldenCase, name: &str, actual: &[Vec<f64>], expected: &[Vec<f64>]) {
    assert!(actual.len() >= expected.len(), "{name} of every layer");
    for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        close(case, &format!("{name} {index}"), actual, expected);
    }
}

fn each(pass: &Pass, what: impl Fn(&crate::oracle::LayerPass) -> &Signal) -> Vec<Vec<f64>> {
    pass.layers.iter().map(|layer| what(layer).data.clone()).collect()
}

#[test]
fn four_cases_are_there() {
    let names: Vec<String> = golden_cases().into_iter().map(|case| case.name).collect();
    assert_eq!(names, ["gauss_leaky", "gauss_narrow", "gauss_wide", "linear_leaky"]);
}

#[test]
fn the_forward_pass_is_the_references() {
    for case in golden_cases() {
        let pass = case.network.forward(&case.input, Statistics::Batch);
        let hidden = case.spikes.len();
        assert_eq!(
            each(&pass, |layer| &layer.spikes)[..hidden],
            case.spikes,
            "{}: every spike",
            case.name
        );
        all_close(&case, "current", &each(&pass, |layer| &layer.current), &case.current);
        all_close(&case, "normalised", &each(&pass, |layer| &layer.normalised), &case.normalised);
        close(&case, "readout", &pass.readout().data, &case.readout);
        let loss = sum_softmax(pass.readout(), &case.labels);
        close(&case, "scores", &loss.scores, &case.scores);
        close(&case, "loss", &[loss.loss], &[case.loss]);
    }
}

#[test]
fn every_gradient_is_the_references() {
    for case in golden_cases() {
        let pass = case.network.forward(&case.input, Statistics::Batch);
        let loss = sum_softmax(pass.readout(), &case.labels);
        let gradients = case.network.backward(&pass, &loss.gradient);
        all_close(&case, "grad weight", &gradients.weight, &case.grad_weight);
        all_close(&case, "grad delay", &gradients.delay, &case.grad_delay);
        all_close(&case, "grad gain", &gradients.gain, &case.grad_gain);
        all_close(&case, "grad bias", &gradients.bias, &case.grad_bias);
    }
}

#[test]
fn the_deployed_network_is_the_references() {
    for mut case in golden_cases() {
        let pass = case.network.forward(&case.input, Statistics::Batch);
        case.network.update_running_statistics(&pass);
        for (index, norm) in
            case.network.layers.iter().filter_map(|layer| layer.norm.as_ref()).enumerate()
        {
            close(&case, "running mean", &norm.running_mean, &case.running_mean[index]);
            close(&case, "running variance", &norm.running_variance, &case.running_variance[index]);
        }
        let deployed = case.network.deployed();
        for (layer, expected) in deployed.layers.iter().zip(&case.deployed.delay_steps) {
            for (delay, expected) in layer.delay.iter().zip(expected) {
                let taps = deployed.kernel.value(*delay, deployed.max_delay, deployed.sigma);
                let place = taps.iter().position(|phi| *phi > 0.5).expect("one tap");
                assert_eq!(place as f64, *expected, "{}: delay {delay}", case.name);
            }
        }
        let pass = deployed.forward(&case.input, Statistics::Running);
        let hidden = case.deployed.spikes.len();
        assert_eq!(
            each(&pass, |layer| &layer.spikes)[..hidden],
            case.deployed.spikes,
            "{}: every spike",
            case.name
        );
        all_close(
            &case,
            "deployed current",
            &each(&pass, |layer| &layer.current),
            &case.deployed.current,
        );
        close(&case, "deployed readout", &pass.readout().data, &case.deployed.readout);
        let scores = sum_softmax(pass.readout(), &case.labels).scores;
        close(&case, "deployed scores", &scores, &case.deployed.scores);
    }
}

/// The reference's position axis runs backwards: with 25 taps, a spike at step 30 arrives at 54,
/// 47, 42, 35 and 30 for the positions -12, -5, 0, 7 and 12, and 100 steps become 112.
#[test]
fn positions_run_backwards() {
    let positions = [-12.0, -5.0, 0.0, 7.0, 12.0];
    for kernel in [Kernel::OneTap, Kernel::Linear] {
        let layer = OracleLayer {
            pre: 1,
            post: 5,
            elements_per_pair: 1,
            weight: vec![1.0; 5],
            delay: positions.iter().map(|position| 12.0 - position).collect(),
            norm: None,
            mask: None,
        };
        let network = OracleNetwork {
            layers: vec![layer],
            kernel,
            sigma: 0.0,
            max_delay: 24,
            extra_steps: 12,
            beta: 0.0,
            threshold: 1.0,
            alpha: 5.0,
            firing: Firing::Threshold,
            reset: Reset::Hard,
            detach_reset: true,
        };
        let mut input = Signal::zeros(1, 1, 100);
        *input.at_mut(0, 0, 30) = 1.0;
        let current = &network.forward(&input, Statistics::Batch).layers[0].current;
        assert_eq!(current.steps, 112);
        for (neuron, arrival) in [54, 47, 42, 35, 30].into_iter().enumerate() {
            let steps: Vec<usize> =
                (0..current.steps).filter(|&step| current.at(0, neuron, step) != 0.0).collect();
            assert_eq!(steps, [arrival], "{kernel:?}, position {}", positions[neuron]);
        }
    }
}
