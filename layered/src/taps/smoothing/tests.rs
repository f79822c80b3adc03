use super::*;

#[test]
fn taps_have_the_moments_of_the_narrow_gaussian() {
    for x in [0.0, 0.2, 0.45, 0.9] {
        let moments = |(taps, _): ([f64; MOST_TAPS], [f64; MOST_TAPS]), power: i32| -> f64 {
            taps.iter()
                .zip(-1..)
                .map(|(tap, node): (&f64, i32)| tap * (node as f64).powi(power))
                .sum()
        };
        let normal = [1.0, x, x * x + 0.3, x * x * x + 0.9 * x];
        for (power, moment) in (0..).zip(normal) {
            assert!(
                (moments(four_taps(x, 0.3), power) - moment).abs() < 1e-12,
                "four taps at {x}, moment {power}"
            );
            assert!(
                power == 3 || (moments(three_taps(x, 0.3), power) - moment).abs() < 1e-12,
                "three taps at {x}, moment {power}"
            );
        }
    }
}

#[test]
fn tails_are_orthonormal() {
    let smoothing = Smoothing::new(5.0, 2e-3, 250).unwrap();
    for (r, a) in smoothing.tails.iter().enumerate() {
        for (q, b) in smoothing.tails.iter().enumerate() {
            let product: f64 = a.exact.iter().zip(&b.exact).map(|(a, b)| a * b).sum();
            assert!((product - (r == q) as u8 as f64).abs() < 1e-9, "{r} {q}: {product}");
        }
    }
}

/// Values and slopes, in long windows and in those that cut kernels off at both ends.
#[test]
fn kernels_and_slopes_are_near_the_exact_ones() {
    for (sigma, max_delay) in
        [(1.3, 25), (2.0, 25), (3.3, 25), (6.3, 25), (2.77, 250), (6.0, 250), (14.0, 250)]
    {
        let smoothing = Smoothing::new(sigma, 5e-3, max_delay).unwrap();
        let mut worst = [0.0f64; 2];
        for n in 0..=1000 {
            let delay = max_delay as f64 * n as f64 / 1000.0;
            let exact = DelayKernel::Gaussian.taps(delay, max_delay, sigma);
            for ((mut rest, exact), worst) in
                smoothing.kernel(delay).into_iter().zip([exact.value, exact.slope]).zip(&mut worst)
            {
                rest[smoothing.tail_reach()..]
                    .iter_mut()
                    .zip(&exact)
                    .for_each(|(rest, exact)| *rest -= exact);
                *worst = worst.max(rest.iter().map(|rest| rest.abs()).sum());
            }
        }
        // A kernel's slope has about the L1 norm of 0.8 / sigma.
        assert!(
            worst[0] < 1e-2 && worst[1] < 0.05 / sigma,
            "sigma {sigma}, window {max_delay}: {worst:?}"
        );
    }
}
