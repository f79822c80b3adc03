//! Both gradients once more, in double precision, sample by sample and from the formulas alone.
//!
//! Potentials and rates are written for the network of the tests.

use super::{CLASSES, cross_entropy};
use sim_core::{Network, SpikeFrames, Synapses};

/// `beta`, `gain` and threshold of the populations, in their order; the output has none.
const BETA: [f64; 3] = [1.0 - 1.0 / 2.5, 1.0 - 1.0 / 4.0, 0.513_417_119_032_592];
const GAIN: [f64; 3] = [1.0, 0.25, 1.0 - BETA[2]];
const THRESHOLD: [f64; 2] = [0.9, 0.25];
const ALPHA: f64 = 3.0;
/// `(source, target)` by projection; the input is `None`.
const ENDS: [(Option<usize>, usize); 4] = [(Some(1), 2), (None, 0), (Some(0), 1), (Some(0), 2)];

/// What a batch comes to.
pub struct Twin {
    pub loss: f64,
    /// dL/dw by projection.
    pub weights: Vec<Vec<f64>>,
}

/// A sample that was run.
struct Run {
    /// By projection what its source sends, `[step][neuron]`.
    sent: Vec<Vec<Vec<f64>>>,
    /// Potentials before the reset, `[step][population][neuron]`.
    potentials: Vec<Vec<Vec<f64>>>,
}

fn weights(network: &Network) -> Vec<Vec<f64>> {
    let of = |synapses: &Synapses| match synapses {
        Synapses::Dense(dense) => dense.weight.iter().map(|&w| f64::from(w)).collect(),
        Synapses::Sparse(_) => unreachable!(),
    };
    network.projections.iter().map(|projection| of(&projection.synapses)).collect()
}

/// `W x`
fn product(weights: &[f64], x: &[f64]) -> Vec<f64> {
    let dot = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum();
    weights.chunks_exact(x.len()).map(dot).collect()
}

fn run(weights: &[Vec<f64>], sizes: [usize; 3], frames: &SpikeFrames, steps: usize) -> Run {
    let by_step = frames.by_step();
    let mut sent = vec![Vec::new(); 4];
    let mut potentials = Vec::new();
    let mut u: Vec<Vec<f64>> = sizes.iter().map(|&size| vec![0.0; size]).collect();
    for t in 0..steps {
        let mut input = vec![0.0; frames.channels()];
        for spike in by_step.get(t).into_iter().flatten() {
            input[spike.neuron as usize] = f64::from(spike.count);
        }
        let (mut spikes, mut of_step): (Vec<Vec<f64>>, _) = (Vec::new(), Vec::new());
        for p in 0..3 {
            let mut current = vec![0.0; sizes[p]];
            for (projection, &(source, target)) in ENDS.iter().enumerate() {
                if target == p {
                    let from = source.map_or(&input, |source| &spikes[source]);
                    let part = product(&weights[projection], from);
                    current.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                    sent[projection].push(from.clone());
                }
            }
            let v: Vec<f64> =
                u[p].iter().zip(&current).map(|(u, i)| BETA[p] * u + GAIN[p] * i).collect();
            let fires = |&v: &f64| if p < 2 && v >= THRESHOLD[p] { 1.0 } else { 0.0 };
            let fired: Vec<f64> = v.iter().map(fires).collect();
            let reset = |(v, s): (&f64, &f64)| if p < 2 { v - THRESHOLD[p] * s } else { *v };
            u[p] = v.iter().zip(&fired).map(reset).collect();
            spikes.push(fired);
            of_step.push(v);
        }
        potentials.push(of_step);
    }
    Run { sent, potentials }
}

/// `sum over k <= t of beta^(t-k) S[k]`
fn trace(sent: &[Vec<f64>], t: usize, beta: f64) -> Vec<f64> {
    let of_neuron = |n: usize| (0..=t).map(|k| beta.powi((t - k) as i32) * sent[k][n]).sum();
    (0..sent[0].len()).map(of_neuron).collect()
}

fn add_outer(into: &mut [f64], error: &[f64], x: &[f64], share: f64) {
    for (row, e) in into.chunks_exact_mut(x.len()).zip(error) {
        row.iter_mut().zip(x).for_each(|(w, x)| *w += share * e * x);
    }
}

/// Hands an error of population `p` back to the populations before it.
fn hand_back(weights: &[Vec<f64>], p: usize, share: f64, errors: &mut [Vec<f64>]) {
    for (projection, &(source, target)) in ENDS.iter().enumerate() {
        let (true, Some(source)) = (target == p, source) else { continue };
        let error = errors[p].clone();
        let pre = errors[source].len();
        for (row, e) in weights[projection].chunks_exact(pre).zip(&error) {
            errors[source].iter_mut().zip(row).for_each(|(to, w)| *to += share * w * e);
        }
    }
}

fn sizes(network: &Network) -> [usize; 3] {
    std::array::from_fn(|p| network.populations[p + 1].size)
}

pub fn ottt(network: &Network, samples: &[SpikeFrames]) -> Twin {
    let (weights, sizes) = (weights(network), sizes(network));
    let steps = samples.iter().map(SpikeFrames::steps).max().unwrap();
    let mut gradients: Vec<Vec<f64>> = weights.iter().map(|w| vec![0.0; w.len()]).collect();
    let (share, mut sum) = (1.0 / (steps * samples.len()) as f64, 0.0);
    for (slot, frames) in samples.iter().enumerate() {
        let Run { sent, potentials } = run(&weights, sizes, frames, steps);
        for (t, potentials) in potentials.iter().enumerate() {
            let (loss, q) = cross_entropy(&potentials[2], slot % CLASSES);
            sum += share * loss;
            let mut errors: Vec<Vec<f64>> = sizes.iter().map(|&size| vec![0.0; size]).collect();
            errors[2] = q;
            for p in (0..3).rev() {
                for (error, v) in errors[p].iter_mut().zip(&potentials[p]) {
                    let slope = |threshold: f64| {
                        let s = 1.0 / (1.0 + (-ALPHA * (v - threshold)).exp());
                        ALPHA * s * (1.0 - s)
                    };
                    *error *= GAIN[p] * THRESHOLD.get(p).map_or(1.0, |&threshold| slope(threshold));
                }
                hand_back(&weights, p, 1.0, &mut errors);
            }
            for (projection, &(_, target)) in ENDS.iter().enumerate() {
                let trace = trace(&sent[projection], t, BETA[target]);
                add_outer(&mut gradients[projection], &errors[target], &trace, share);
            }
        }
    }
    Twin { loss: sum, weights: gradients }
}

pub fn dsr(network: &Network, samples: &[SpikeFrames]) -> Twin {
    let (weights, sizes) = (weights(network), sizes(network));
    let steps = samples.iter().map(SpikeFrames::steps).max().unwrap();
    let mut gradients: Vec<Vec<f64>> = weights.iter().map(|w| vec![0.0; w.len()]).collect();
    let (share, mut sum) = (1.0 / samples.len() as f64, 0.0);
    for (slot, frames) in samples.iter().enumerate() {
        let Run { sent, potentials } = run(&weights, sizes, frames, steps);
        // The factor of each step in what a source means to a target: its weighted rate; for the
        // output, its share in the mean potential.
        let factors = |target: usize| -> Vec<f64> {
            let powers = |t: usize| BETA[target].powi((steps - 1 - t) as i32);
            let total: f64 = (0..steps).map(powers).sum();
            let of_step = |t: usize| match target {
                2 => (t..steps).map(|k| BETA[2].powi((k - t) as i32)).sum::<f64>() / steps as f64,
                _ => powers(t) / total,
            };
            (0..steps).map(of_step).collect()
        };
        let represented: Vec<Vec<f64>> = ENDS
            .iter()
            .enumerate()
            .map(|(projection, &(_, target))| {
                let factors = factors(target);
                let of_neuron = |n: usize| {
                    factors.iter().zip(&sent[projection]).map(|(f, sent)| f * sent[n]).sum()
                };
                (0..sent[projection][0].len()).map(of_neuron).collect()
            })
            .collect();
        let mean =
            |class: usize| potentials.iter().map(|v| v[2][class]).sum::<f64>() / steps as f64;
        let means: Vec<f64> = (0..CLASSES).map(mean).collect();
        let (loss, q) = cross_entropy(&means, slot % CLASSES);
        sum += share * loss;
        let mut errors: Vec<Vec<f64>> = sizes.iter().map(|&size| vec![0.0; size]).collect();
        errors[2] = q;
        for p in (0..3).rev() {
            let mut current = vec![0.0; sizes[p]];
            for (projection, &(_, target)) in ENDS.iter().enumerate() {
                if target == p {
                    let part = product(&weights[projection], &represented[projection]);
                    current.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                }
            }
            if p == 2 {
                // Mean potentials are linear in what the sources send.
                let pairs = current.iter().zip(&means);
                assert!(pairs.clone().all(|(i, m)| (GAIN[2] * i - m).abs() < 1e-9));
            }
            for (error, current) in errors[p].iter_mut().zip(&current) {
                *error *= match THRESHOLD.get(p) {
                    None => GAIN[2],
                    Some(&threshold) => {
                        // The clamp, by its difference quotient.
                        let rate = |i: f64| (GAIN[p] * i / threshold).clamp(0.0, 1.0);
                        (rate(current + 1e-7) - rate(current - 1e-7)) / 2e-7
                    }
                };
            }
            let share = if p == 2 { factors(2).iter().sum() } else { 1.0 };
            hand_back(&weights, p, share, &mut errors);
        }
        for (projection, &(_, target)) in ENDS.iter().enumerate() {
            add_outer(&mut gradients[projection], &errors[target], &represented[projection], share);
        }
    }
    Twin { loss: sum, weights: gradients }
}
