use super::*;
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/optimizers.json");
    serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()[name].clone()
}

fn assert_matches(name: &str, actual: impl Fn(usize) -> f64, expected: &Value) {
    let expected = expected.as_array().unwrap();
    assert_eq!(expected.len(), 150);
    for (epoch, expected) in expected.iter().enumerate() {
        let expected = expected.as_f64().unwrap();
        assert!(
            (actual(epoch) - expected).abs() < 1e-12,
            "{name} epoch {epoch}: {} {expected}",
            actual(epoch)
        );
    }
}

#[test]
fn torch_one_cycle_is_reproduced_with_its_momentum() {
    let case = golden("one_cycle");
    let schedule = Schedule::OneCycle(OneCycle {
        peak: case["max_lr"].as_f64().unwrap(),
        ..OneCycle::default()
    });
    assert_matches("one_cycle", |epoch| schedule.at(epoch, 150).rate, &case["lr"]);
    assert_matches("beta1", |epoch| schedule.at(epoch, 150).beta1.unwrap(), &case["beta1"]);
}

#[test]
fn torch_cosine_is_reproduced() {
    let case = golden("cosine");
    let schedule =
        Schedule::Cosine(Cosine { peak: case["lr0"].as_f64().unwrap(), ..Cosine::default() });
    assert_matches("cosine", |epoch| schedule.at(epoch, 150).rate, &case["lr"]);
    assert_eq!(schedule.at(0, 150).beta1, None);
}

#[test]
fn one_cycle_passes_its_three_marks_and_stays_at_the_end() {
    let schedule = Schedule::default();
    for (epoch, rate, beta1) in [
        (0, 2e-4, 0.95),
        (44, 5e-3, 0.85),
        (149, 2e-8, 0.95),
        (150, 2e-8, 0.95),
        (9999, 2e-8, 0.95),
    ] {
        let now = schedule.at(epoch, 150);
        assert!((now.rate - rate).abs() < 1e-15, "epoch {epoch}: {}", now.rate);
        assert!((now.beta1.unwrap() - beta1).abs() < 1e-15, "epoch {epoch}: {:?}", now.beta1);
    }
    let still = Schedule::OneCycle(OneCycle { cycle_momentum: false, ..OneCycle::default() });
    assert_eq!(still.at(3, 150).beta1, None);
}

#[test]
fn every_schedule_is_finite_and_bounded_whatever_the_length() {
    let schedules = [
        Schedule::OneCycle(OneCycle { peak: 1.0, ..OneCycle::default() }),
        Schedule::OneCycle(OneCycle { peak: 1.0, pct_start: 0.0, ..OneCycle::default() }),
        Schedule::OneCycle(OneCycle { peak: 1.0, pct_start: 1.0, ..OneCycle::default() }),
        Schedule::OneCycle(OneCycle { peak: 1.0, pct_start: 0.5, ..OneCycle::default() }),
        Schedule::Cosine(Cosine { peak: 1.0, end: 0.1, ..Cosine::default() }),
        Schedule::Constant(Constant { rate: 1.0, ..Constant::default() }),
        Schedule::WarmUp(WarmUp { peak: 1.0, share: 1.0, ..WarmUp::default() }),
        Schedule::WarmUp(WarmUp {
            peak: 1.0,
            share: 0.0,
            then: AfterWarmUp::Cosine,
            end: 0.2,
            ..WarmUp::default()
        }),
    ];
    for schedule in schedules {
        for total in 0..12 {
            for step in 0..14 {
                let rate = schedule.at(step, total).rate;
                assert!((0.0..=1.0).contains(&rate), "{schedule:?} step {step} of {total}: {rate}");
            }
            let largest = (0..total).map(|step| schedule.at(step, total).rate).fold(0.0, f64::max);
            assert!(
                total == 0 || largest >= 0.5,
                "{schedule:?} of {total} never gets going: {largest}"
            );
        }
    }
    assert_eq!(Schedule::default().at(0, 1).rate, 5e-3, "a run of one step makes it at the peak");
}

#[test]
fn warm_up_rises_along_a_line_to_its_peak_and_goes_on() {
    let line = WarmUp { peak: 1.0, share: 0.4, ..WarmUp::default() };
    let rates = |warm_up| {
        (0..10).map(|step| Schedule::WarmUp(warm_up).at(step, 10).rate).collect::<Vec<_>>()
    };
    assert_eq!(rates(line), [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    let cosine = rates(WarmUp { then: AfterWarmUp::Cosine, end: 0.5, ..line });
    assert_eq!(cosine[..5], [0.2, 0.4, 0.6, 0.8, 1.0]);
    assert!((cosine[7] - 0.75).abs() < 1e-12, "half way down after half of the rest");
}

#[test]
fn numbers_out_of_range_are_named() {
    for (schedule, message) in [
        (
            Schedule::OneCycle(OneCycle { pct_start: 1.5, ..OneCycle::default() }),
            "OneCycle::pct_start is 1.5, but must be between 0 and 1",
        ),
        (
            Schedule::OneCycle(OneCycle { max_momentum: 1.0, ..OneCycle::default() }),
            "OneCycle::max_momentum is 1, but must be at least 0 and below 1",
        ),
        (
            Schedule::Cosine(Cosine { peak: -1.0, ..Cosine::default() }),
            "Cosine::peak is -1, but must be above 0",
        ),
        (
            Schedule::Constant(Constant { rate: f64::NAN, ..Constant::default() }),
            "Constant::rate is NaN, but must be above 0",
        ),
        (
            Schedule::WarmUp(WarmUp { end: -1.0, ..WarmUp::default() }),
            "WarmUp::end is -1, but must be at least 0",
        ),
        (
            Schedule::Cosine(Cosine { peak_ms: Some(0.0), ..Cosine::default() }),
            "Cosine::peak_ms is 0, but must be above 0",
        ),
        (
            Schedule::WarmUp(WarmUp { end_ms: Some(-1.0), ..WarmUp::default() }),
            "WarmUp::end_ms is -1, but must be at least 0",
        ),
    ] {
        assert_eq!(schedule.check().unwrap_err().to_string(), message);
    }
    assert!(Schedule::default().check().is_ok());
}

#[test]
fn schedules_read_from_text_fill_in_defaults_and_refuse_unknown_keys() {
    let read = |text: &str| serde_json::from_str::<Schedule>(text);
    assert_eq!(read(r#"{"kind": "one_cycle", "peak": 0.005}"#).unwrap(), Schedule::default());
    assert_eq!(read(r#"{"kind": "cosine"}"#).unwrap(), Schedule::Cosine(Cosine::default()));
    let warm_up = WarmUp { then: AfterWarmUp::Cosine, ..WarmUp::default() };
    assert_eq!(
        read(r#"{"kind": "warm_up", "then": "cosine"}"#).unwrap(),
        Schedule::WarmUp(warm_up)
    );
    assert!(
        read(r#"{"kind": "constant", "peak": 1}"#)
            .unwrap_err()
            .to_string()
            .contains("unknown field `peak`")
    );
}
#[test]
fn rates_in_ms_are_the_same_ms_on_every_grid() {
    let schedules = [
        Schedule::OneCycle(OneCycle { peak_ms: Some(0.5), ..OneCycle::default() }),
        Schedule::Cosine(Cosine { peak_ms: Some(1.0), end_ms: Some(0.25), ..Cosine::default() }),
        Schedule::Constant(Constant { rate_ms: Some(2.0), ..Constant::default() }),
        Schedule::WarmUp(WarmUp {
            peak_ms: Some(3.0),
            end_ms: Some(1.0),
            then: AfterWarmUp::Cosine,
            ..WarmUp::default()
        }),
    ];
    for schedule in schedules {
        for epoch in 0..20 {
            let ms = |dt_ms: f64| schedule.in_steps(dt_ms).at(epoch, 20).rate * dt_ms;
            assert!((ms(10.0) - ms(5.0)).abs() < 1e-12, "{schedule:?} epoch {epoch}");
            assert!((ms(10.0) - ms(0.3)).abs() < 1e-12, "{schedule:?} epoch {epoch}");
        }
        assert!(schedule.check_without_ms("left out").is_err());
        assert!(schedule.in_steps(5.0).check_without_ms("left out").is_ok());
    }
    let Schedule::Cosine(cosine) = schedules[1].in_steps(5.0) else { unreachable!() };
    assert_eq!((cosine.peak, cosine.end, cosine.peak_ms, cosine.end_ms), (0.2, 0.05, None, None));
    assert_eq!(Schedule::default().in_steps(5.0), Schedule::default());
}
