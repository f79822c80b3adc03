use super::*;
use crate::continual::made_up::normal;
use crate::continual::small_network::{INPUTS, end_of, images, show, small_network};
use sim_core::Kind;

const WEIGHT: ParameterId = ParameterId::of_projection(0, Kind::Weight);

fn protection(alpha: f64) -> OrthogonalWeights {
    let settings = OrthogonalWeightsSettings { alpha, projections: Some(vec![0]) };
    OrthogonalWeights::new(&small_network(), settings).unwrap()
}

/// Mean image of a task.
fn mean(task: u64) -> Vec<f64> {
    let mut values: Vec<f32> = Vec::new();
    images(task).iter().for_each(|image| Activity::Rates.append(image, &mut values));
    let images = values.len() / INPUTS;
    let of_input = |input| values[input..].iter().step_by(INPUTS).map(|&v| f64::from(v));
    (0..INPUTS).map(|input| of_input(input).sum::<f64>() / images as f64).collect()
}

/// `P (I + sum x x^T / alpha) = I`.
#[test]
fn the_matrix_is_the_inverse_of_the_second_moment() {
    let (network, alpha) = (small_network(), 0.3);
    let mut protection = protection(alpha);
    let mut inverse = vec![0.0; INPUTS * INPUTS];
    inverse.iter_mut().step_by(INPUTS + 1).for_each(|entry| *entry = 1.0);
    for task in [0, 1, 1, 2] {
        show(&network, task, &mut [&mut protection]);
        let x = mean(task);
        for (n, entry) in inverse.iter_mut().enumerate() {
            *entry += x[n / INPUTS] * x[n % INPUTS] / alpha;
        }
        let projector = &protection.projectors[0];
        for row in 0..INPUTS {
            for column in 0..INPUTS {
                let terms = (0..INPUTS)
                    .map(|k| f64::from(projector[row * INPUTS + k]) * inverse[k * INPUTS + column]);
                let one = f64::from(u8::from(row == column));
                let off = terms.sum::<f64>() - one;
                assert!(off.abs() < 1e-4, "{row}, {column}: {off:e}");
                let turned = projector[column * INPUTS + row];
                assert!(projector[row * INPUTS + column] == turned, "symmetric to the bit");
            }
        }
    }
}

#[test]
fn gradients_and_steps_are_multiplied_by_the_matrix() {
    let mut protection = protection(1.0);
    show(&small_network(), 0, &mut [&mut protection]);
    let gradient: Vec<f32> = normal(6 * INPUTS, 1);
    let mut projected = gradient.clone();
    protection.gradient(WEIGHT, &[], &mut projected);
    for (row, projected) in gradient.chunks(INPUTS).zip(projected.chunks(INPUTS)) {
        for (column, projected) in projected.iter().enumerate() {
            let terms = row.iter().zip(&protection.projectors[0][column * INPUTS..]);
            let expected: f64 = terms.map(|(&g, &p)| f64::from(g) * f64::from(p)).sum();
            assert!((f64::from(*projected) - expected).abs() < 1e-5);
        }
    }
    let before: Vec<f32> = normal(6 * INPUTS, 2);
    let mut after: Vec<f32> = before.iter().zip(&gradient).map(|(b, g)| b + g).collect();
    protection.step(WEIGHT, &before, &mut after);
    let steps = after.iter().zip(&before).zip(&projected);
    assert!(steps.map(|((a, b), p)| (a - b - p).abs()).fold(0.0, f32::max) < 1e-5);
    // Large inputs are as good as projected out.
    for _ in 0..300 {
        show(&small_network(), 0, &mut [&mut protection]);
    }
    let mut along: Vec<f32> = mean(0).into_iter().map(|x| x as f32).collect();
    let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
    let before = length(&along);
    protection.gradient(WEIGHT, &[], &mut along);
    assert!(length(&along) < 5e-3 * before, "{} of {before}", length(&along));
}

#[test]
fn a_restored_protection_goes_on() {
    let network = small_network();
    let mut whole = protection(1.0);
    whole.begin_task(0).unwrap();
    show(&network, 0, &mut [&mut whole]);
    end_of(&network, 0, 12, &mut whole).unwrap();
    whole.begin_task(1).unwrap();
    let mut resumed = protection(1.0);
    resumed.restore(whole.state()).unwrap();
    show(&network, 1, &mut [&mut whole, &mut resumed]);
    assert_eq!(whole.state(), resumed.state());
    assert!(resumed.freezes(ParameterId::of_projection(0, Kind::Delay)) && resumed.pins_norms());
    assert!(!resumed.freezes(WEIGHT));
    assert_eq!(whole.stored(), Stored { numbers: INPUTS * INPUTS, ..Stored::default() });
    let mut short = whole.state();
    short.get_mut("input->hidden.projector").unwrap().pop();
    let refused = protection(1.0).restore(short).unwrap_err();
    assert_eq!(
        refused,
        "the protection's state input->hidden.projector has length 63, but must have 64"
    );
}

#[test]
fn alpha_must_be_positive() {
    let settings = OrthogonalWeightsSettings { alpha: 0.0, projections: None };
    let refused = OrthogonalWeights::new(&small_network(), settings).unwrap_err().to_string();
    assert_eq!(refused, "OrthogonalWeights::alpha is 0, but must be above 0");
    assert_eq!(
        serde_json::from_str::<OrthogonalWeightsSettings>("{}").unwrap(),
        OrthogonalWeightsSettings::default()
    );
}
