//! Keeps three directions of the input untouched while the rest learns with Adam: what an input in
//! those directions brings to the hidden neurons is the same before and after, up to rounding.

use synfire::layered::LayeredEngine;
use synfire::plasticity::gradient::{Constant, CrossEntropy, Labelled, Schedule};
use synfire::plasticity::{Protection, Trainer, TrainingSettings};
use synfire::sim_core::{Batch, Kind, ParameterId, Seed, SpikeFrames};
use synfire::{Delays, FeedForward};

const INPUTS: usize = 12;
const WEIGHT: ParameterId = ParameterId::of_projection(0, Kind::Weight);

/// The directions `u`: each all alike in four inputs of its own. They are orthonormal.
const DIRECTIONS: [[f32; INPUTS]; 3] = [
    [0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5],
];

/// A change `dw` of a hidden neuron's weights becomes `dw - sum u (u dw)`.
#[derive(Debug)]
struct Subspace;

impl Protection for Subspace {
    fn protects(&self, id: ParameterId) -> bool {
        id == WEIGHT
    }

    fn gradient(&self, _id: ParameterId, _values: &[f32], gradient: &mut [f32]) {
        for row in gradient.chunks_exact_mut(INPUTS) {
            for u in &DIRECTIONS {
                let along = dot(u, row);
                row.iter_mut().zip(u).for_each(|(w, u)| *w -= along * u);
            }
        }
    }

    /// Adam turns a gradient: its step, too, has to stay out of the directions.
    fn step(&self, id: ParameterId, before: &[f32], after: &mut [f32]) {
        after.iter_mut().zip(before).for_each(|(after, before)| *after -= before);
        self.gradient(id, before, after);
        after.iter_mut().zip(before).for_each(|(after, before)| *after += before);
    }
}

fn dot(u: &[f32], w: &[f32]) -> f32 {
    u.iter().zip(w).map(|(u, w)| u * w).sum()
}

/// Trains, and tells by how much what the directions bring has moved.
fn train(name: &str, protection: Box<dyn Protection>) -> synfire::Result<f32> {
    let shape = FeedForward { hidden: vec![32], delays: Delays::None, ..FeedForward::default() };
    // A norm would move what reaches the neurons, whatever the weights do.
    let network = FeedForward { batch_norm: false, ..shape }.build(INPUTS, 4, 1.0, Seed(0))?;
    let engine = Box::new(LayeredEngine::new(&network)?);
    let mut settings = TrainingSettings::default();
    settings.weights.schedule = Schedule::Constant(Constant { rate: 0.01, ..Constant::default() });
    let mut trainer = Trainer::new(network, engine, settings, Seed(0))?.with_protection(protection);

    // Four images that are shown for 20 steps: every fourth input is bright, the others are dark.
    let value = |class, input| if input % 4 == class { 1.5 } else { -0.5 };
    let image = |class| std::array::from_fn::<f32, INPUTS, _>(|input| value(class, input));
    let images: Result<Vec<_>, _> = (0..4).map(|c| SpikeFrames::constant(&image(c), 20)).collect();
    let (images, labels) = (images?, [0, 1, 2, 3]);
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &labels };
    let batch = Batch::new(&images, 2, &objective);

    let weights = |trainer: &Trainer| {
        let weight = trainer.network().parameters().find(|parameter| parameter.id == WEIGHT);
        weight.map_or(Vec::new(), |weight| weight.values.to_vec())
    };
    let (before, mut loss) = (weights(&trainer), f64::INFINITY);
    for _ in 0..200 {
        loss = trainer.step(&batch)?.loss;
    }
    let after = weights(&trainer);
    let change: Vec<f32> = before.iter().zip(after).map(|(before, after)| after - before).collect();
    let along = change.chunks_exact(INPUTS).flat_map(|row| DIRECTIONS.map(|u| dot(&u, row)));
    let all = change.iter().fold(0.0, |most, change| change.abs().max(most));
    let along = along.fold(0.0, |most: f32, change| change.abs().max(most));
    println!(
        "{name}: loss {loss:.1e}, weights move by {all:.1e}, what the directions bring by \
         {along:.1e}"
    );
    Ok(along)
}

fn main() -> synfire::Result<()> {
    train("free", Box::new(()))?;
    let along = train("protected", Box::new(Subspace))?;
    assert!(along < 1e-5, "what is protected moves by rounding only");
    Ok(())
}
