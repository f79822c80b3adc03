use super::*;

fn row(epoch: usize, validation_accuracy: f64) -> EpochMetrics {
    EpochMetrics {
        epoch,
        train_loss: 1.25,
        train_accuracy: 0.5,
        validation_loss: 1.0 / 3.0,
        validation_accuracy,
        validation_standard_error: 0.01,
        sigma_steps: 12.0,
        rate_weights: 2e-8,
        rate_delays: 0.1,
        gradient_norm: f64::NAN,
        seconds: 3.5,
        firing_rates: vec![("hidden1".into(), 0.16), ("hidden2".into(), 0.14)],
        penalty: 0.125,
        passive: ["hidden1", "hidden2"].map(passive_neurons).into(),
        weights: ["input->hidden1", "hidden1->output"]
            .map(|name| (name.to_owned(), weight_geometry()))
            .into(),
    }
}

fn weight_geometry() -> WeightGeometry {
    WeightGeometry {
        sign_flips: 3,
        log_skew: -0.5,
        log_kurtosis: 1.0 / 3.0,
        change_distance: 0.25,
        log_change_distance: 0.125,
    }
}

fn passive_neurons(population: &str) -> PassiveNeurons {
    PassiveNeurons {
        population: population.into(),
        train: PassiveCounts { silent: 1, saturated: 2 },
        validation: PassiveCounts { silent: 3, saturated: 4 },
    }
}

#[test]
fn a_table_is_read_back_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.csv");
    let mut metrics = Metrics { epochs: vec![row(1, 0.25), row(2, 0.75)] };
    metrics.write(&path).unwrap();
    let mut read = Metrics::read(&path).unwrap();
    for metrics in [&mut metrics, &mut read] {
        metrics.epochs.iter_mut().for_each(|row| row.gradient_norm = 0.0);
    }
    assert_eq!(read, metrics);
}

#[test]
fn columns_are_appended_behind_those_that_were_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.csv");
    Metrics { epochs: vec![row(1, 0.25)] }.write(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let names: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    assert_eq!(names[..11], columns().collect::<Vec<_>>());
    assert_eq!(
        names[11..15],
        ["firing_rate_hidden1", "firing_rate_hidden2", "penalty", "silent_hidden1"]
    );
    assert_eq!(names[21..23], ["validation_saturated_hidden2", "sign_flips_input->hidden1"]);
    assert_eq!(names.last(), Some(&"log_change_distance_hidden1->output"));
}

#[test]
fn rows_that_do_not_tell_stay_beside_rows_that_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.csv");
    Metrics { epochs: vec![row(1, 0.25)] }.write(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    // As a program wrote it that counted no silent neurons.
    let cut = |line: &str| line.split(',').take(13).collect::<Vec<_>>().join(",");
    let old: Vec<String> = text.lines().map(cut).collect();
    std::fs::write(&path, old.join("\n")).unwrap();
    let mut metrics = Metrics::read(&path).unwrap();
    assert!(metrics.epochs[0].penalty.is_nan() && metrics.epochs[0].passive.is_empty());
    assert_eq!(metrics.epochs[0].firing_rates, row(1, 0.25).firing_rates);
    metrics.epochs.push(row(2, 0.5));
    for _ in 0..2 {
        metrics.write(&path).unwrap();
        metrics = Metrics::read(&path).unwrap();
    }
    assert!(metrics.epochs[0].penalty.is_nan() && metrics.epochs[0].passive.is_empty());
    assert!(metrics.epochs[0].weights.is_empty());
    assert_eq!(metrics.epochs[1].passive, row(2, 0.5).passive);
    assert_eq!(metrics.epochs[1].weights, row(2, 0.5).weights);
    let text = std::fs::read_to_string(&path).unwrap();
    let cells = |line: &str| line.split(',').count();
    assert!(text.lines().all(|line| cells(line) == 32), "{text}");
}

#[test]
fn the_best_epoch_is_the_first_of_the_best() {
    let metrics = Metrics { epochs: vec![row(1, 0.2), row(2, 0.7), row(3, 0.7), row(4, 0.6)] };
    assert_eq!(metrics.best().unwrap().epoch, 2);
    assert_eq!(Metrics::default().best(), None);
}

#[test]
fn missing_rows_are_named() {
    let path = Path::new("run/metrics.csv");
    let metrics = |epochs: &[usize]| Metrics {
        epochs: epochs.iter().map(|&epoch| row(epoch, 0.5)).collect(),
    };
    assert_eq!(metrics(&[1, 2, 3]).up_to(2, path).unwrap().epochs.len(), 2);
    let message = |epochs: &[usize]| metrics(epochs).up_to(3, path).unwrap_err().to_string();
    let end = "so this run cannot be resumed";
    assert_eq!(message(&[1, 2]), format!("run/metrics.csv: the row of epoch 3 is missing, {end}"));
    assert_eq!(
        message(&[1, 3]),
        format!("run/metrics.csv: epoch 3 stands where the row of epoch 2 was expected, {end}")
    );
}

#[test]
fn a_damaged_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.csv");
    Metrics { epochs: vec![row(1, 0.2)] }.write(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("1.25", "one")).unwrap();
    let message = Metrics::read(&path).unwrap_err().to_string();
    assert_eq!(message, format!("{}: line 2: \"one\" is not a number", path.display()));
}
