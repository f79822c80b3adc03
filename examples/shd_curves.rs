//! Draws our 30-epoch runs on SHD over the reference's: loss and accuracy of learned, fixed random
//! and no delays. `cargo run --release --example shd_curves` writes
//! `docs/figures/shd-{learned,fixed,none}.png`.

use serde_json::Value;
use std::path::Path;
use synfire::plots::{CurvesFigure, Figure, Series, SeriesStyle};

/// One epoch: `(loss, train accuracy, validation accuracy)`.
type Epoch = (f64, f64, f64);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = std::fs::read_to_string(root.join("benches/results/shd-30-epochs.csv"))?;
    let reference: Value = serde_json::from_str(&std::fs::read_to_string(
        root.join("tests/golden/shd_training_curves.json"),
    )?)?;
    for (name, key, title) in [
        ("learned", "learned_delays", "learned delays"),
        ("fixed", "fixed_random_delays", "fixed random delays"),
        ("none", "no_delays", "no delays"),
    ] {
        let mut figure = CurvesFigure { title: format!("SHD, {title}"), ..CurvesFigure::default() };
        for seed in ["0", "1", "2"] {
            let epochs: Vec<Epoch> =
                ours.lines().filter_map(|line| epoch(line, name, seed)).collect();
            add(
                &mut figure,
                "synfire, 3 seeds",
                &epochs,
                SeriesStyle::TRAIN,
                SeriesStyle::VALIDATION,
            );
        }
        let rows = reference[key].as_array().ok_or("the reference's curves")?;
        let number = |row: &Value, column: usize| row[column].as_f64().unwrap_or(f64::NAN);
        let epochs: Vec<Epoch> =
            rows.iter().map(|row| (number(row, 1), number(row, 2), number(row, 3))).collect();
        add(
            &mut figure,
            "reference",
            &epochs,
            SeriesStyle::REFERENCE_TRAIN,
            SeriesStyle::REFERENCE_VALIDATION,
        );
        figure.save(&root.join(format!("docs/figures/shd-{name}.png")))?;
    }
    Ok(())
}

/// A line `network,seed,epoch,loss,train,validation,seconds` if it is of that network and seed.
fn epoch(line: &str, network: &str, seed: &str) -> Option<Epoch> {
    let fields: Vec<&str> = line.split(',').collect();
    let number = |column: usize| fields.get(column)?.parse().ok();
    (fields[0] == network && fields[1] == seed)
        .then(|| Some((number(3)?, number(4)?, number(5)?)))?
}

fn add(
    figure: &mut CurvesFigure,
    who: &str,
    epochs: &[Epoch],
    train: SeriesStyle,
    validation: SeriesStyle,
) {
    let xs: Vec<f64> = (1..=epochs.len()).map(|epoch| epoch as f64).collect();
    let column = |of: fn(&Epoch) -> f64| epochs.iter().map(of).collect::<Vec<f64>>();
    figure.loss.push(Series::new(
        format!("{who}: train"),
        xs.clone(),
        column(|epoch| epoch.0),
        train,
    ));
    figure.accuracy.push(Series::new(
        format!("{who}: train"),
        xs.clone(),
        column(|epoch| epoch.1),
        train,
    ));
    figure.accuracy.push(Series::new(
        format!("{who}: validation"),
        xs,
        column(|epoch| epoch.2),
        validation,
    ));
}
