use super::factor::TileFactor;
use super::product::{each_panel, multiply_factors, multiply_factors_here};
use super::shape::{PANEL, Place, SIDE, WORDS};
use super::{packing, plain};
use crate::matrix::Matrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

/// `sum a b` in double precision.
fn expected(a: Matrix<f32>, b: Matrix<f32>) -> Vec<f64> {
    let entry = |row: usize, column: usize| -> f64 {
        (0..a.columns()).map(|k| f64::from(a.at(row, k)) * f64::from(b.at(k, column))).sum()
    };
    (0..a.rows() * b.columns()).map(|n| entry(n / b.columns(), n % b.columns())).collect()
}

/// The same in single precision.
fn summed(a: Matrix<f32>, b: Matrix<f32>) -> Vec<f32> {
    let entry = |row: usize, column: usize| -> f32 {
        (0..a.columns()).map(|k| a.at(row, k) * b.at(k, column)).sum()
    };
    (0..a.rows() * b.columns()).map(|n| entry(n / b.columns(), n % b.columns())).collect()
}

fn worst(product: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(product.len(), expected.len());
    product.iter().zip(expected).map(|(&p, e)| (f64::from(p) - e).abs()).fold(0.0, f64::max)
}

/// Both ways that a factor can lie, in sizes around those of tiles and panels; spikes, too.
#[test]
fn a_product_has_the_digits_of_single_precision() {
    for (rows, inner, columns) in
        [(1, 1, 1), (16, 32, 16), (17, 33, 50), (70, 384, 32), (33, 800, 65), (40, 31, 100)]
    {
        let kinds = [numbers(rows * inner, 1), numbers(rows * inner, 1)];
        for (kind, mut a) in kinds.into_iter().enumerate() {
            if kind == 1 {
                a.iter_mut().for_each(|a| *a = f32::from(*a > 0.4));
            }
            let b = numbers(inner * columns, 2);
            let lefts = [Matrix::of_rows(&a, inner), Matrix::of_rows(&a, rows).transposed()];
            let rights = [Matrix::of_rows(&b, columns), Matrix::of_rows(&b, inner).transposed()];
            for a in lefts {
                for b in rights {
                    let (mut left, mut right) = (TileFactor::default(), TileFactor::default());
                    left.pack_left(a);
                    right.pack_right(b);
                    assert_eq!((left.parts(), right.parts()), (if kind == 1 { 1 } else { 3 }, 3));
                    let mut product = vec![f32::NAN; rows * columns];
                    multiply_factors(&mut product, 0.0, &left, &right, 1.0);
                    let expected = expected(a, b);
                    let bound = 1e-7 + 2.0 * super::tests::worst(&summed(a, b), &expected);
                    let worst = worst(&product, &expected);
                    assert!(worst <= bound, "{rows} {inner} {columns}: {worst:e}");
                    // The transposed product swaps the factors.
                    left.pack_left(b.transposed());
                    right.pack_right(a.transposed());
                    let mut turned = vec![f32::NAN; rows * columns];
                    multiply_factors(&mut turned, 0.0, &left, &right, 1.0);
                    let entry = |n: usize| turned[n % columns * rows + n / columns];
                    let turned: Vec<f32> = (0..rows * columns).map(entry).collect();
                    assert!(super::tests::worst(&turned, &expected) <= bound);
                }
            }
        }
    }
}

#[test]
fn registers_agree_with_their_plain_twin_for_any_number_of_parts() {
    let (rows, inner, columns) = (40, 100, 70);
    let spikes = |count: usize, seed: u64| -> Vec<f32> {
        numbers(count, seed).into_iter().map(|value| f32::from(value > 0.4)).collect()
    };
    let lefts = [numbers(rows * inner, 3), spikes(rows * inner, 3)];
    let rights = [numbers(inner * columns, 4), spikes(inner * columns, 4)];
    for a in &lefts {
        for b in &rights {
            let (mut left, mut right) = (TileFactor::default(), TileFactor::default());
            left.pack_left(Matrix::of_rows(a, inner));
            right.pack_right(Matrix::of_rows(b, columns));
            let is_exact = left.parts() == 1 && right.parts() == 1;
            each_panel([&left, &right], 0..left.panels(), |sums, row, column| {
                let mut plain = [[f32::NAN; PANEL]; PANEL];
                plain::multiply_panel([&left, &right], [row / PANEL, column / PANEL], &mut plain);
                for (sum, plain) in sums.iter().flatten().zip(plain.iter().flatten()) {
                    let bound = if is_exact { 0.0 } else { 1e-5 };
                    assert!((sum - plain).abs() <= bound, "{sum} and {plain}");
                }
            });
        }
    }
}

/// The right factor does not fit into the second cache, and comes in parts.
#[test]
fn a_large_right_factor_is_taken_in_parts() {
    let (rows, inner, columns) = (33, 4096, 70);
    let (a, b) = (numbers(rows * inner, 7), numbers(inner * columns, 8));
    let (a, b) = (Matrix::of_rows(&a, inner), Matrix::of_rows(&b, columns));
    let mut factors = <[TileFactor; 2]>::default();
    TileFactor::pack_here(&mut factors, a, b);
    let mut product: Vec<f32> = (0..rows * columns).map(|n| n as f32).collect();
    multiply_factors_here(&mut product, 0.5, &factors, 2.0);
    let mut expected = expected(a, b);
    for (n, entry) in expected.iter_mut().enumerate() {
        *entry = 0.5 * n as f64 + 2.0 * *entry;
    }
    assert!(worst(&product, &expected) < 1e-3);
}

#[test]
fn what_is_not_a_number_or_too_large_is_told() {
    let (inner, columns) = (40, 50);
    for (value, is_told) in
        [(f32::NAN, true), (f32::INFINITY, true), (2f32.powi(112), true), (2f32.powi(111), false)]
    {
        let (mut a, b) = (numbers(2 * inner, 1), numbers(inner * columns, 2));
        a[inner + 3] = value;
        let mut factors = <[TileFactor; 2]>::default();
        TileFactor::pack_here(
            &mut factors,
            Matrix::of_rows(&a, inner),
            Matrix::of_rows(&b, columns),
        );
        let mut product = vec![0.0; 2 * columns];
        multiply_factors_here(&mut product, 0.0, &factors, 1.0);
        assert!(product[..columns].iter().all(|entry| entry.is_finite()), "the other row");
        assert!(product[columns..].iter().all(|entry| entry.is_finite() != is_told), "{value}");
    }
}

#[test]
#[should_panic(expected = "packed for the places in which they stand")]
fn factors_packed_for_the_other_side_are_refused() {
    let square = numbers(64 * 64, 1);
    let (mut left, mut right) = (TileFactor::default(), TileFactor::default());
    left.pack_left(Matrix::of_rows(&square, 64));
    right.pack_right(Matrix::of_rows(&square, 64));
    multiply_factors(&mut vec![0.0; 64 * 64], 0.0, &right, &left, 1.0);
}

#[test]
fn what_is_kept_and_the_factor_are_those_asked_for() {
    let (a, b) = ([1.0, 2.0, 3.0, 4.0], [1.0, 0.5, 0.25, 2.0]);
    let mut factors = <[TileFactor; 2]>::default();
    TileFactor::pack_here(&mut factors, Matrix::of_rows(&a, 2), Matrix::of_rows(&b, 2));
    let mut product = [1.0, 2.0, 3.0, 4.0];
    multiply_factors_here(&mut product, 0.5, &factors, -2.0);
    assert_eq!(product, [-2.5, -8.0, -6.5, -17.0]);
}

#[test]
fn masks_are_matrices_of_zeros_and_ones() {
    let (rows, neurons, columns) = (45, 70, 37);
    let mask = |row: usize, block: usize| (row * 40_503 + block * 10_007 + 9 * row * block) as u16;
    let at = |row: usize, neuron: usize| f32::from(mask(row, neuron / 16) >> (neuron % 16) & 1);
    let spikes: Vec<f32> = (0..rows * neurons).map(|n| at(n / neurons, n % neurons)).collect();
    let (others, mut packed) = (numbers(neurons * columns, 5), <[TileFactor; 4]>::default());
    let [spikes_left, spikes_right, bits_left, bits_right] = &mut packed;
    let spikes = Matrix::of_rows(&spikes, neurons);
    spikes_left.pack_left(spikes);
    spikes_right.pack_right(spikes);
    // Bits behind the last neuron are none.
    let last = |block: usize| if block == neurons / 16 { (1 << (neurons % 16)) - 1 } else { !0 };
    bits_left.pack_left_bits([rows, neurons], |row, block| mask(row, block) & last(block));
    bits_right.pack_right_bits([rows, neurons], |row, block| mask(row, block) & last(block));
    for panel in 0..2 {
        assert_eq!(spikes_left.panel(panel), bits_left.panel(panel));
    }
    for panel in 0..3 {
        assert_eq!(spikes_right.panel(panel), bits_right.panel(panel));
    }
    let mut right = TileFactor::default();
    let others = Matrix::of_rows(&others, columns);
    right.pack_right(others);
    let mut product = vec![0.0; rows * columns];
    multiply_factors(&mut product, 0.0, bits_left, &right, 1.0);
    assert!(worst(&product, &expected(spikes, others)) < 1e-5);
}

#[test]
fn parts_are_those_of_the_plain_twin() {
    let values = numbers(40 * 70, 6);
    let matrix = Matrix::of_rows(&values, 70);
    for (matrix, place) in [(matrix, Place::Left), (matrix.transposed(), Place::Right)]
        .into_iter()
        .flat_map(|(matrix, _)| [Place::Left, Place::Right].map(|p| (matrix, p)))
    {
        let source = packing::Source::new(matrix, place);
        let (mut fast, mut plain) = (vec![[9.0; WORDS]; 6], vec![[9.0; WORDS]; 6]);
        for half in 0..2 {
            source.pack_tile(half * SIDE, 32, half, fast.as_flattened_mut());
            let size = [source.width(), source.inner()];
            let inside = [(size[0] - half * SIDE).min(16), (size[1] - 32).min(32)];
            source.pack_plainly([half * SIDE, 32], inside, half, &mut plain);
        }
        let bits = |tiles: &[[f32; WORDS]]| -> Vec<u32> {
            tiles.as_flattened().iter().map(|word| word.to_bits()).collect()
        };
        assert_eq!(bits(&fast), bits(&plain));
    }
}

#[test]
fn no_inner_dimension_adds_nothing() {
    let none: [f32; 0] = [];
    let (mut left, mut right) = (TileFactor::default(), TileFactor::default());
    left.pack_left(Matrix::of_rows(&none, 2).transposed());
    right.pack_right(Matrix::of_rows(&none, 3));
    let mut product = [1.0; 6];
    multiply_factors(&mut product, 1.0, &left, &right, 1.0);
    assert_eq!(product, [1.0; 6]);
}
