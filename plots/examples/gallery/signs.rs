//! Networks under Dale's law.

use crate::dice::Dice;
use plots::{
    CurrentsFigure, PopulationCurrents, ProjectionSizes, PrunedSeries, PruningFigure, SizeSnapshot,
    WeightSizesFigure,
};

/// Log-normal sizes that spread while the network learns.
pub fn sizes(dice: &mut Dice) -> WeightSizesFigure {
    let projection = |(name, synapses, inhibitory): (&str, usize, f64)| {
        let start: Vec<f64> = (0..synapses).map(|_| 0.6 * dice.normal() - 3.0).collect();
        let drift: Vec<f64> = (0..synapses).map(|_| 0.9 * dice.normal() - 0.4).collect();
        let first = (inhibitory * synapses as f64) as usize;
        let at = |epoch: u32| -> Vec<f32> {
            let share = 1.0 - (-f64::from(epoch) / 9.0).exp();
            let weight = |n: usize| {
                let size = (start[n] + share * drift[n]).exp() as f32;
                if n < first { -2.0 * size } else { size }
            };
            (0..synapses).map(weight).collect()
        };
        ProjectionSizes {
            name: name.into(),
            start: at(0),
            end: at(30),
            history: (0..=30).map(|e| SizeSnapshot::of(f64::from(e), &at(e))).collect(),
        }
    };
    let projections = [
        ("input → hidden 1", 35_840, 0.0),
        ("hidden 1 → hidden 2", 65_536, 0.2),
        ("hidden 2 → readout", 5_120, 0.2),
    ];
    WeightSizesFigure {
        title: "shd-dale".into(),
        remark: "end: after epoch 30 of 30".into(),
        projections: projections.map(projection).into(),
    }
}

/// Excitation that comes in waves, and inhibition that follows it.
pub fn currents(dice: &mut Dice) -> CurrentsFigure {
    let mut population = |name: &str, tightness: f64| {
        let gains: Vec<f64> = (0..256).map(|_| (0.4 * dice.normal()).exp()).collect();
        let mut course = |sign: f64, lag: f64, gain: f64| -> Vec<f32> {
            let wave = |step: u32| {
                let t = (f64::from(step) - lag) / 100.0;
                let envelope = (-(t - 0.4).powi(2) / 0.08).exp();
                let ripple = 1.0 + 0.5 * (40.0 * t).sin() + 0.3 * dice.normal();
                (sign * (gain * envelope * ripple.max(0.0))) as f32
            };
            (0..100).map(wave).collect()
        };
        let excitatory = gains.iter().map(|&gain| course(1.0, 0.0, gain)).collect();
        let inhibitory = gains.iter().map(|&gain| course(-0.9, 2.0, gain.powf(tightness)));
        PopulationCurrents {
            name: name.into(),
            inhibitory: inhibitory.collect(),
            excitatory,
            offset: vec![-0.1; 256],
            shown: 17,
        }
    };
    CurrentsFigure {
        title: "shd-dale".into(),
        remark: "epoch 27, best of 30; shd_train.h5, sample 17".into(),
        step_ms: 10.0,
        populations: vec![population("hidden 1", 0.5), population("hidden 2", 1.0)],
    }
}

/// Two kinds of networks that lose accuracy at different shares.
pub fn pruning() -> PruningFigure {
    let series = |label: &str, fall: f64| PrunedSeries {
        label: label.into(),
        points: [0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
            .map(|share: f64| [share, 0.78 - fall * share.powi(6), 0.008 + 0.02 * share.powi(4)])
            .into(),
    };
    PruningFigure {
        title: "pruned by magnitude".into(),
        remark: "norms estimated anew".into(),
        series: vec![series("shd-dale, 5 runs", 0.25), series("shd-delays, 5 runs", 0.65)],
    }
}
