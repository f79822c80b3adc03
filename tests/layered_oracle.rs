//! The layered engine against the `f64` oracle on random networks: forward, loss and every
//! gradient, for whatever kernel, leak, reset, norm and number of kernel elements.

use crate::oracle::{
    Case, Firing, Kernel, OracleGradients, OracleNetwork, Pass as OraclePass, Statistics,
    assert_close_to_scale, doubles, frames, largest, random_cases, signal, sum_softmax,
};
use crate::parameter_of;
use layered::LayeredEngine;
use plasticity::gradient::{CrossEntropy, Labelled};
use proptest::prelude::*;
use sim_core::{
    Batch, DelayTaps, GradientEngine, Gradients, Horizon, KernelEvaluation, NormStatistics, Pass,
    effective_sigma,
};

/// Single against double precision through up to three layers, relative to the largest entry of an
/// array.
const TOLERANCE: f64 = 1e-3;
/// Arrays smaller than this share of the largest gradient are what larger terms left over: behind a
/// norm, for instance, the gradient along a weight vector vanishes.
const FLOOR: f64 = 5e-2;
/// A potential this near the threshold may fall on either side of it in single precision.
const MARGIN: f64 = 1e-4;

/// The case as both sides can run it: no dropout, the reference's tail, parameters that `f32`
/// holds.
fn runnable(mut case: Case) -> Case {
    let network = &mut case.network;
    network.extra_steps = network.max_delay / 2;
    network.firing = Firing::Threshold;
    let single = |value: &mut f64| *value = f64::from(*value as f32);
    network.sigma = effective_sigma((network.sigma - 0.27).max(0.05));
    for layer in &mut network.layers {
        layer.mask = None;
        layer.weight.iter_mut().chain(&mut layer.delay).for_each(single);
        if let Some(norm) = &mut layer.norm {
            let all = [
                &mut norm.gain,
                &mut norm.bias,
                &mut norm.running_mean,
                &mut norm.running_variance,
            ];
            all.into_iter().flatten().for_each(single);
        }
    }
    case
}

/// Whether rounding could change a spike, or a norm divides by next to nothing.
fn is_delicate(oracle: &OracleNetwork, pass: &OraclePass) -> bool {
    let hidden = &pass.layers[..pass.layers.len() - 1];
    let near = hidden
        .iter()
        .any(|layer| layer.potential.data.iter().any(|v| (v - oracle.threshold).abs() < MARGIN));
    near || pass.layers.iter().any(|layer| layer.variance.iter().any(|&variance| variance < 1e-2))
}

/// Asserts that two arrays agree within [`TOLERANCE`] of their largest entry, or of `floor` if that
/// is more.
fn assert_close(name: &str, actual: &[f64], expected: &[f64], floor: f64) {
    assert_close_to_scale(name, actual, expected, TOLERANCE, floor);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        max_global_rejects: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn engine_and_oracle_agree(case in random_cases().prop_map(runnable)) {
        let oracle = &case.network;
        let expected = oracle.forward(&case.input, Statistics::Batch);
        prop_assume!(!is_delicate(oracle, &expected));
        let loss = sum_softmax(expected.readout(), &case.labels);
        let OracleGradients { weight, delay, gain, bias, .. } =
            oracle.backward(&expected, &loss.gradient);

        let network = oracle.to_network();
        let mut engine = LayeredEngine::new(&network).unwrap();
        let evaluation = KernelEvaluation::default();
        let pass = Pass {
            delay_taps: DelayTaps::Trained { sigma_raw: oracle.sigma - 0.27, evaluation },
            norm: NormStatistics::Batch,
            dropout: None,
            horizon: Horizon::Batch,
        };
        let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &case.labels };
        let (input, output) = (frames(&case.input), oracle.layers.len());
        let mut gradients = Gradients::zeros(&network);
        engine
            .train(&network, &Batch::new(&input, output, &objective), &pass, &mut gradients)
            .unwrap();

        for (index, layer) in expected.layers.iter().enumerate() {
            prop_assert_eq!(engine.report().populations[index + 1].steps, layer.spikes.steps);
            if index + 1 < output {
                let activity: Vec<_> = (0..input.len())
                    .map(|sample| engine.activity(index + 1, sample).clone())
                    .collect();
                prop_assert_eq!(&signal(&activity), &layer.spikes, "spikes of layer {}", index);
            }
        }
        let mean_loss = engine.report().losses.iter().map(|sample| sample.loss).sum::<f64>()
            / case.labels.len() as f64;
        assert_close("loss", &[mean_loss], &[loss.loss], 0.0);
        let floor = FLOOR
            * weight
                .iter()
                .chain(&delay)
                .chain(&gain)
                .chain(&bias)
                .map(|values| largest(values))
                .fold(0.0, f64::max);
        for index in 0..oracle.layers.len() {
            assert_close(
                &format!("weight {index}"),
                &doubles(gradients.of(parameter_of::weight(index))),
                &weight[index],
                floor,
            );
            if oracle.kernel != Kernel::OneTap && oracle.max_delay > 0 {
                assert_close(
                    &format!("delay {index}"),
                    &doubles(gradients.of(parameter_of::delay(index))),
                    &delay[index],
                    floor,
                );
            }
            if oracle.layers[index].norm.is_some() {
                let (of_gain, of_bias) =
                    (parameter_of::gain(index + 1), parameter_of::bias(index + 1));
                assert_close(
                    &format!("gain {index}"),
                    &doubles(gradients.of(of_gain)),
                    &gain[index],
                    floor,
                );
                assert_close(
                    &format!("bias {index}"),
                    &doubles(gradients.of(of_bias)),
                    &bias[index],
                    floor,
                );
            }
        }
    }
}
