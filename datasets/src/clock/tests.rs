use half::f16;
use rand::RngExt;
use sim_core::{Purpose, Seed};

use super::*;

/// The grid of some times in seconds, in each precision.
fn rates_of(seconds: &[f64]) -> [Option<f64>; 3] {
    fn rate<T: Time>(seconds: &[f64]) -> Option<f64> {
        let times: Vec<T> = seconds.iter().map(|&second| T::from_value(second)).collect();
        Clock::of(&times, 1.0, false).map(|clock| clock.per_second)
    }
    [rate::<f16>(seconds), rate::<f32>(seconds), rate::<f64>(seconds)]
}

fn grid(per_second: f64, count: usize) -> Vec<f64> {
    (0..count).map(|number| number as f64 / per_second).collect()
}

#[test]
fn clocked_times_are_known_in_every_precision() {
    for rate in [100.0, 200.0, 500.0, 1000.0, 2000.0] {
        let seconds = grid(rate, rate as usize);
        assert_eq!(rates_of(&seconds), [Some(rate); 3], "{rate}");
    }
    // Float16 tells of finer grids only early in a sample, but there it does.
    for rate in [3000.0, 10_000.0, 44_100.0, 48_000.0, 1_000_000.0] {
        let seconds = grid(rate, 5000);
        assert_eq!(rates_of(&seconds)[1..], [Some(rate); 2], "{rate}");
    }
    assert_eq!(rates_of(&grid(10_000.0, 5000))[0], Some(10_000.0));
}

#[test]
fn late_times_that_float16_cannot_tell_apart_do_not_matter() {
    let seconds = grid(1000.0, 4000);
    assert_eq!(rates_of(&seconds), [Some(1000.0); 3]);
    // From 1 s on the rounding of float16 is half of a ms.
    let late: Vec<f64> = seconds.iter().map(|second| second + 1.0).collect();
    assert_eq!(rates_of(&late), [None, Some(1000.0), Some(1000.0)]);
}

#[test]
fn a_grid_that_few_times_show_is_none() {
    // Spread over a second, float16 shows 24 kHz in the first 30 ms only.
    let seconds: Vec<f64> = grid(24_000.0, 24_000);
    assert_eq!(rates_of(&seconds), [None, Some(24_000.0), Some(24_000.0)]);
    let seconds: Vec<f64> = grid(1000.0, 9000);
    assert_eq!(rates_of(&seconds)[0], Some(1000.0), "one time in nine");
    let seconds: Vec<f64> = grid(1000.0, 12_000);
    assert_eq!(rates_of(&seconds)[0], None, "one time in twelve");
}

#[test]
fn times_that_were_added_up_are_clocked_all_the_same() {
    let (mut single, mut double) = (0.0_f32, 0.0_f64);
    let (mut singles, mut doubles, mut products) = (vec![], vec![], vec![]);
    for number in 0..1000 {
        singles.push(single);
        doubles.push(double);
        products.push(number as f32 * 0.001_f32);
        single += 0.001;
        double += 0.001;
    }
    assert_eq!(Clock::of(&singles, 1.0, false), Some(Clock { per_second: 1000.0 }));
    assert_eq!(Clock::of(&doubles, 1.0, false), Some(Clock { per_second: 1000.0 }));
    assert_eq!(Clock::of(&products, 1.0, false), Some(Clock { per_second: 1000.0 }));
}

#[test]
fn the_coarsest_grid_is_found() {
    let seconds: Vec<f64> = grid(1000.0, 900).into_iter().step_by(3).collect();
    assert_eq!(rates_of(&seconds), [Some(1000.0); 3], "3 ms are no whole rate");
    let seconds: Vec<f64> = grid(1000.0, 900).into_iter().step_by(20).collect();
    assert_eq!(rates_of(&seconds)[1..], [Some(50.0); 2]);
    // A finer grid that only one late sample shows.
    let mut seconds = grid(100.0, 100_000);
    seconds.push(0.003);
    assert_eq!(rates_of(&seconds)[2], Some(1000.0));
}

#[test]
fn continuous_and_few_times_are_not_clocked() {
    let mut random = Seed(3).stream(Purpose::Synthesis, 0, 0);
    for longest in [0.01, 0.2, 1.0, 30.0] {
        let mut uniform: Vec<f64> =
            (0..20_000).map(|_| random.random_range(0.0..longest)).collect();
        uniform.sort_by(f64::total_cmp);
        assert_eq!(rates_of(&uniform), [None; 3], "{longest}");
    }
    assert_eq!(rates_of(&[]), [None; 3]);
    assert_eq!(rates_of(&[0.0; 100]), [None; 3]);
    assert_eq!(rates_of(&grid(1000.0, 8)), [None; 3], "seven beside time zero");
    assert_eq!(rates_of(&grid(1000.0, 9))[1..], [Some(1000.0); 2]);
    // One time off the grid makes another grid.
    let mut almost = grid(1000.0, 900);
    almost[500] += 0.0004;
    assert_eq!(rates_of(&almost)[2], Some(2500.0 * 2.0), "0.2 ms");
}

#[test]
fn units_other_than_seconds_are_told_apart() {
    let ms: Vec<f32> = (0..900).map(|number| number as f32).collect();
    assert_eq!(Clock::of(&ms, 1e3, false), Some(Clock { per_second: 1000.0 }));
    let samples: Vec<f64> = (0..5000).map(|number| 7.0 * f64::from(number)).collect();
    assert_eq!(Clock::of(&samples, 16e3, true), Some(Clock { per_second: 16e3 }));
    assert_eq!(Clock::of(&samples, 22_050.5, true), Some(Clock { per_second: 22_050.5 }));
    assert_eq!(Clock::of(&samples, 12_345.678, true), Some(Clock { per_second: 12_345.678 }));
    assert_eq!(Clock::of(&[3.0_f64], 1e9, true), Some(Clock { per_second: 1e9 }));
}

#[test]
fn a_grid_is_said_as_people_say_it() {
    let text = |per_second| Clock { per_second }.to_string();
    assert_eq!(text(1000.0), "1 ms");
    assert_eq!(text(10_000.0), "0.1 ms");
    assert_eq!(text(3000.0), "1/3000 s");
    assert_eq!(text(44_100.0), "1/44100 s");
    assert_eq!(text(2.0), "500 ms");
}
