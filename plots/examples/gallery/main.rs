//! Draws every figure from made-up but realistic data:
//! `cargo run -p synfire-plots --example gallery -- FOLDER` writes FOLDER/*.{png,svg}.

mod continual;
mod dice;
mod signs;

use continual::{accuracy_matrix, forgetting, subspaces};
use dice::Dice;
use plots::{
    BestEpoch, ConfusionFigure, CurvesFigure, DelayChange, DelaysFigure, Figure, PopulationSpikes,
    ProjectionDelays, ProjectionWeights, RasterFigure, ReadoutTraces, Series, SeriesStyle,
    WeightSnapshot, WeightsFigure,
};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

const DIGITS: [&str; 20] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "null", "eins",
    "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun",
];
const WORDS: &str = "yes no up down left right on off stop go backward bed bird cat dog eight five \
                     follow forward four happy house \
                     learn marvin nine one seven sheila six three tree two visual wow zero";

/// Channels that sweep like formants.
fn spoken(dice: &mut Dice, count: usize) -> Vec<(f32, u32)> {
    let spike = |i: usize| {
        let formant = i % 4;
        let ms = 60.0 + 700.0 * dice.uniform().powf(0.8) + 8.0 * dice.normal();
        let center =
            90.0 + 150.0 * formant as f64 + 70.0 * (ms / (120.0 + 60.0 * formant as f64)).sin();
        (ms as f32, (center + 24.0 * dice.normal()).clamp(0.0, 699.0) as u32)
    };
    (0..count).map(spike).collect()
}

fn hidden(dice: &mut Dice, name: &str) -> PopulationSpikes {
    let preferred: Vec<f64> = (0..256).map(|_| 100.0 + 600.0 * dice.uniform()).collect();
    let spike = |i: usize| {
        ((preferred[i % 256] + 90.0 * dice.normal()).clamp(0.0, 990.0) as f32, (i % 256) as u32)
    };
    PopulationSpikes {
        name: name.into(),
        unit: "neuron".into(),
        size: 256,
        spikes: (0..3300).map(spike).collect(),
    }
}

fn raster(dice: &mut Dice, spikes: usize, predicted: usize) -> RasterFigure {
    let mut potentials: Vec<Vec<f32>> = Vec::new();
    for class in 0..20 {
        let pull = if class == predicted {
            0.05
        } else if class == 12 {
            0.04
        } else {
            -0.004
        };
        let mut v = 0.0;
        let step = |t: usize| {
            v = 0.97 * v + if (10..80).contains(&t) { pull } else { 0.0 } + 0.03 * dice.normal();
            v as f32
        };
        potentials.push((0..100).map(step).collect());
    }
    let input = PopulationSpikes {
        name: "input".into(),
        unit: "channel".into(),
        size: 700,
        spikes: spoken(dice, spikes),
    };
    RasterFigure {
        title: "shd-delays".into(),
        remark: "epoch 24, best of 30".into(),
        sample: "validation sample 17".into(),
        duration_ms: 1000.0,
        populations: vec![input, hidden(dice, "hidden 1"), hidden(dice, "hidden 2")],
        readout: Some(ReadoutTraces {
            name: "readout".into(),
            step_ms: 10.0,
            potentials,
            classes: DIGITS.map(String::from).into(),
            true_class: Some(12),
            predicted_class: Some(predicted),
        }),
    }
}

const PROJECTIONS: [(&str, usize, f64); 3] = [
    ("input → hidden 1", 35_840, 0.085),
    ("hidden 1 → hidden 2", 65_536, 0.0625),
    ("hidden 2 → readout", 5_120, 0.0625),
];

fn weights(dice: &mut Dice) -> WeightsFigure {
    let projection = |(name, synapses, bound): (&str, usize, f64)| {
        let start: Vec<f32> =
            (0..synapses).map(|_| (bound * (2.0 * dice.uniform() - 1.0)) as f32).collect();
        let drift: Vec<f32> = (0..synapses)
            .map(|_| (bound * 0.5 * dice.normal() * (0.3 + dice.uniform())) as f32)
            .collect();
        let traced: Vec<usize> = (0..8).map(|k| k * synapses / 8).collect();
        let mut noise: Vec<f32> = vec![0.0; synapses];
        let at = |epoch: u32| {
            let share = 1.0 - (-f64::from(epoch) / 9.0).exp();
            noise.iter_mut().for_each(|n| *n += (0.04 * bound * (dice.uniform() - 0.5)) as f32);
            let now = |i: usize| {
                start[i] * (1.0 - 0.5 * share as f32) + drift[i] * 2.0 * share as f32 + noise[i]
            };
            (0..synapses).map(now).collect::<Vec<f32>>()
        };
        let epochs: Vec<Vec<f32>> = (0..=30).map(at).collect();
        let history = epochs
            .iter()
            .enumerate()
            .map(|(epoch, w)| WeightSnapshot::of(epoch as f64, w, &traced))
            .collect();
        ProjectionWeights { name: name.into(), end: epochs[30].clone(), start, history }
    };
    WeightsFigure {
        title: "shd-delays, seed 1".into(),
        remark: "end: after epoch 30 of 30".into(),
        projections: PROJECTIONS.into_iter().map(projection).collect(),
    }
}

fn delays(dice: &mut Dice) -> DelaysFigure {
    let projection = |(name, synapses, scale): (&str, usize, f64)| {
        let start_ms: Vec<f32> = (0..synapses).map(|_| (240.0 * dice.uniform()) as f32).collect();
        let end_ms = start_ms
            .iter()
            .map(|&d| {
                (f64::from(d) + 25.0 * dice.normal() - 0.12 * f64::from(d)).clamp(0.0, 240.0) as f32
            })
            .collect();
        let change = |epoch: u32| DelayChange {
            epoch: f64::from(epoch),
            mean_ms: 150.0
                * scale
                * (-f64::from(epoch) / 11.0).exp()
                * (1.0 + 0.08 * dice.normal()),
        };
        ProjectionDelays {
            name: name.into(),
            start_ms,
            end_ms,
            max_ms: 240.0,
            step_ms: 10.0,
            changes: (1..=30).map(change).collect(),
        }
    };
    DelaysFigure {
        title: "shd-delays, seed 1".into(),
        remark: "end: after epoch 30 of 30".into(),
        projections: PROJECTIONS.into_iter().map(projection).collect(),
    }
}

/// The same network with its first projection's delays only.
fn without_delays(mut figure: DelaysFigure) -> DelaysFigure {
    for projection in &mut figure.projections[1..] {
        projection.start_ms.fill(0.0);
        projection.end_ms.fill(0.0);
        projection.max_ms = 0.0;
        projection.changes.iter_mut().for_each(|change| change.mean_ms = 0.0);
    }
    figure
}

fn curves(dice: &mut Dice, seeds: usize) -> CurvesFigure {
    let epochs: Vec<f64> = (1..=30).map(f64::from).collect();
    let mut figure = CurvesFigure {
        title: "shd-delays, three seeds, validated on speakers 3 and 9".into(),
        ..CurvesFigure::default()
    };
    let mut add = |name: [&str; 2], styles: [SeriesStyle; 2], offset: f64| {
        let mut along = |from: f64, to: f64, tau: f64, noise: f64| -> Vec<f64> {
            epochs
                .iter()
                .map(|&e| to + (from - to) * (-(e - 1.0) / tau).exp() + noise * dice.normal())
                .collect()
        };
        figure.loss.push(Series::new(
            name[0],
            epochs.clone(),
            along(5.49, 0.25 + offset, 4.0, 0.03),
            styles[0],
        ));
        figure.loss.push(Series::new(
            name[1],
            epochs.clone(),
            along(5.3, 1.55 + offset, 3.6, 0.07),
            styles[1],
        ));
        figure.accuracy.push(Series::new(
            name[0],
            epochs.clone(),
            along(0.12, 0.97 - offset / 10.0, 4.0, 0.004),
            styles[0],
        ));
        figure.accuracy.push(Series::new(
            name[1],
            epochs.clone(),
            along(0.15, 0.785 - offset / 10.0, 3.4, 0.012),
            styles[1],
        ));
    };
    for seed in 0..seeds {
        add(
            ["train", "validation"],
            [SeriesStyle::TRAIN, SeriesStyle::VALIDATION],
            0.04 * seed as f64,
        );
    }
    add(
        ["reference, train", "reference, validation"],
        [SeriesStyle::REFERENCE_TRAIN, SeriesStyle::REFERENCE_VALIDATION],
        0.12,
    );
    let one_cycle = |peak: f64| -> Vec<f64> {
        let rate = |&e: &f64| {
            peak * (if e < 9.0 {
                0.04 + 0.96 * e / 9.0
            } else {
                0.5 + 0.5 * ((e - 9.0) / 21.0 * 3.0).cos()
            })
        };
        epochs.iter().map(rate).collect()
    };
    figure.learning_rate = vec![
        Series::new("weights", epochs.clone(), one_cycle(1e-3), SeriesStyle::WEIGHTS),
        Series::new("delays (steps)", epochs.clone(), one_cycle(0.1), SeriesStyle::DELAYS),
    ];
    let sigma =
        |&e: &f64| if e < 8.0 { 12.0 * (0.23_f64 / 12.0).powf((e - 1.0) / 7.0) } else { 0.23 };
    figure.sigma = vec![Series::new(
        "",
        epochs.clone(),
        epochs.iter().map(sigma).collect(),
        SeriesStyle::solid(plots::Rgb::INK),
    )];
    let validation = figure.accuracy[1].ys.iter().copied().enumerate();
    figure.best = validation
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(i, accuracy)| BestEpoch { epoch: epochs[i], accuracy });
    figure
}

fn confusion(
    dice: &mut Dice,
    split: &str,
    classes: Vec<String>,
    samples: usize,
    accuracy: f64,
) -> Result<ConfusionFigure, plots::Error> {
    let size = classes.len();
    let pair = |i: usize| {
        let wrong = ((i * 7 + (dice.normal().abs() * 3.0) as usize * 5) % size, (i * 7 + 3) % size);
        let truth = i % size;
        (
            truth,
            if dice.uniform() < accuracy {
                truth
            } else if dice.uniform() < 0.5 {
                wrong.1
            } else {
                wrong.0
            },
        )
    };
    ConfusionFigure::from_pairs(split, classes, (0..samples).map(pair))
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: gallery FOLDER")?);
    std::fs::create_dir_all(&folder)?;
    let dice = &mut Dice(7);
    let words: Vec<String> = WORDS.split_whitespace().map(String::from).collect();
    let figures: Vec<(&str, Box<dyn Figure>)> = vec![
        ("raster", Box::new(raster(dice, 15_000, 12))),
        ("raster_wrong", Box::new(raster(dice, 900, 17))),
        ("weights", Box::new(weights(dice))),
        ("sizes", Box::new(signs::sizes(dice))),
        ("currents", Box::new(signs::currents(dice))),
        ("pruning", Box::new(signs::pruning())),
        ("delays", Box::new(delays(dice))),
        ("delays_none", Box::new(without_delays(delays(dice)))),
        ("curves", Box::new(curves(dice, 3))),
        (
            "confusion",
            Box::new(confusion(
                dice,
                "validation (20 % of each class, by chance)",
                DIGITS.map(String::from).into(),
                2011,
                0.8,
            )?),
        ),
        ("confusion_words", Box::new(confusion(dice, "Validation", words, 9981, 0.77)?)),
        ("accuracy_matrix", Box::new(accuracy_matrix(dice, 10, 0.002))),
        ("accuracy_matrix_forgetful", Box::new(accuracy_matrix(dice, 20, 0.05))),
        ("forgetting", Box::new(forgetting(dice, 10, 0.002))),
        ("forgetting_forgetful", Box::new(forgetting(dice, 20, 0.05))),
        ("subspaces", Box::new(subspaces(dice, 10))),
    ];
    for (name, figure) in figures {
        for ending in ["png", "svg"] {
            let path = folder.join(name).with_extension(ending);
            let started = Instant::now();
            figure.save(&path)?;
            println!(
                "{:<22} {:>5.0} kB {:>5.0} ms",
                path.file_name().unwrap_or_default().to_string_lossy(),
                std::fs::metadata(&path)?.len() as f64 / 1e3,
                started.elapsed().as_secs_f64() * 1e3
            );
        }
    }
    Ok(())
}
