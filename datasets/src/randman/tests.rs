use super::*;

fn small() -> Randman {
    Randman { classes: 5, neurons: 40, samples_per_class: 60, ..Randman::default() }
}

/// Spike time of every neuron.
fn times(recordings: &SpikeRecordings, sample: usize) -> Vec<f64> {
    let mut times = vec![f64::NAN; recordings.channels()];
    for (second, &unit) in recordings.seconds(sample).zip(recordings.units(sample)) {
        times[usize::from(unit)] = second;
    }
    times
}

#[test]
fn counts_carry_no_information() {
    let recordings = Randman { spikes_per_neuron: 3, jitter_ms: 5.0, stretch: 0.2, ..small() }
        .recordings(Seed(1))
        .unwrap();
    assert_eq!((recordings.len(), recordings.channels(), recordings.classes()), (300, 40, 5));
    for sample in 0..recordings.len() {
        let mut counts = [0; 40];
        recordings.units(sample).iter().for_each(|&unit| counts[usize::from(unit)] += 1);
        assert_eq!(counts, [3; 40]);
        assert_eq!(recordings.label(sample), sample % 5);
    }
}

#[test]
fn timing_tells_the_class_and_fills_the_duration() {
    let recordings = small().recordings(Seed(2)).unwrap();
    let all: Vec<Vec<f64>> = (0..300).map(|sample| times(&recordings, sample)).collect();
    assert!(all.iter().flatten().all(|time| (0.0..=0.2001).contains(time)));
    let spread = |neuron: usize| {
        let of_class = (0..300).filter(|sample| sample % 5 == 0).map(|sample| all[sample][neuron]);
        of_class.clone().fold(0.0, f64::max) - of_class.fold(1.0, f64::min)
    };
    assert!((0..40).all(|neuron| spread(neuron) > 0.15), "each neuron uses its whole range");
    // The nearest of the first 200 samples names the class of the last 100.
    let nearest = |sample: usize| {
        let distance = |other: &usize| {
            all[*other].iter().zip(&all[sample]).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
        };
        (0..200).min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap() % 5
    };
    let right = (200..300).filter(|&sample| nearest(sample) == sample % 5).count();
    assert!(right >= 95, "{right}");
}

#[test]
fn the_seed_fixes_the_data_and_a_sample_stands_alone() {
    let make = |samples_per_class, seed| {
        Randman { samples_per_class, jitter_ms: 2.0, ..small() }.recordings(Seed(seed)).unwrap()
    };
    let recordings = make(6, 3);
    assert_eq!(recordings, make(6, 3));
    assert_ne!(recordings, make(6, 4));
    assert_eq!(recordings, make(9, 3).select(&(0..30).collect::<Vec<_>>()));
}

#[test]
fn two_dimensions_work_and_wrong_fields_are_named() {
    assert_eq!(
        Randman { dimension: 2, smoothness: 1.0, samples_per_class: 2, ..small() }
            .recordings(Seed(1))
            .unwrap()
            .len(),
        10
    );
    let message = |randman: Randman| randman.recordings(Seed(0)).unwrap_err().to_string();
    assert_eq!(
        message(Randman { classes: 1, ..small() }),
        "Randman::classes is 1, but must be from 2 to 1000"
    );
    assert_eq!(
        message(Randman { smoothness: 0.1, ..small() }),
        "Randman::smoothness is 0.1, but must be from 0.7 to 20"
    );
    assert_eq!(
        message(Randman { duration_ms: 0.0, ..small() }),
        "Randman::duration_ms is 0, but must be > 0 and at most 1000000"
    );
    assert!(toml::from_str::<Randman>("neuron = 3").is_err());
}

#[test]
fn what_no_memory_holds_is_refused_at_once() {
    let message = |randman: Randman| randman.recordings(Seed(0)).unwrap_err().to_string();
    assert_eq!(
        message(Randman { neurons: 65_536, samples_per_class: 10_000_000, ..Randman::default() }),
        "Randman::samples_per_class is 10000000, but must be smaller: at most 268435456 spikes \
         (classes * samples_per_class * neurons * spikes_per_neuron) are made, but there are \
         6553600000000"
    );
    let many = message(Randman { neurons: 1, samples_per_class: 10_000_000, ..Randman::default() });
    assert!(
        many.starts_with(
            "Randman::samples_per_class is 10000000, but must be smaller: at most 33554432 \
             samples"
        ),
        "{many}"
    );
    let rough = Randman {
        classes: 1000,
        neurons: 65_536,
        samples_per_class: 1,
        dimension: 16,
        smoothness: 0.7,
        ..Randman::default()
    };
    assert!(message(rough).starts_with("Randman::smoothness is 0.7, but must be larger, or"));
    assert!(
        Randman { classes: 20, neurons: 700, samples_per_class: 10_000, ..Randman::default() }
            .check()
            .is_ok()
    );
}
