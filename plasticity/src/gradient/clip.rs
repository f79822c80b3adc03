//! Bounds the length of a gradient without turning it.

/// Length of several slices taken as one vector: `sqrt(sum g^2)`, summed in `f64` and in the order given.
pub fn global_norm<'a>(gradients: impl IntoIterator<Item = &'a [f32]>) -> f64 {
    let squares = |slice: &[f32]| slice.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>();
    gradients.into_iter().map(squares).sum::<f64>().sqrt()
}

/// Scales all slices by `max_norm / (norm + 1e-6)` where their common length exceeds `max_norm` (above 0), as `torch.nn.utils` does
/// [Pascanu et al. 2013, algorithm 1]. Returns the length *before*.
///
/// A length that is not finite is returned with the gradients left as they are: scaling would only hide which entry is to blame.
pub fn clip_global_norm(gradients: &mut [&mut [f32]], max_norm: f64) -> f64 {
    let norm = global_norm(gradients.iter().map(|slice| &**slice));
    let scale = max_norm / (norm + 1e-6);
    if norm.is_finite() && scale < 1.0 {
        for g in gradients.iter_mut().flat_map(|slice| slice.iter_mut()) {
            *g = (f64::from(*g) * scale) as f32;
        }
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_gradient_is_shortened_across_slices_and_keeps_its_direction() {
        let (mut weight, mut delay) = ([3.0_f32, 0.0], [4.0_f32]);
        assert_eq!(clip_global_norm(&mut [&mut weight, &mut delay], 1.0), 5.0);
        assert!((global_norm([&weight[..], &delay[..]]) - 1.0).abs() < 1e-6);
        assert!((weight[0] / delay[0] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn a_short_gradient_stays_as_it_is() {
        let mut gradient = [0.3_f32, -0.4];
        assert!((clip_global_norm(&mut [&mut gradient], 1.0) - 0.5).abs() < 1e-7);
        assert_eq!(gradient, [0.3, -0.4]);
        assert_eq!(clip_global_norm(&mut [], 1.0), 0.0);
    }

    #[test]
    fn a_gradient_that_is_not_finite_is_reported_and_left_alone() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut gradient = [1.0, bad];
            assert!(!clip_global_norm(&mut [&mut gradient], 0.5).is_finite());
            assert_eq!(gradient[0], 1.0);
        }
    }

    #[test]
    fn squares_of_f32_never_overflow() {
        assert!(global_norm([&[f32::MAX; 4][..]]).is_finite());
    }
}
