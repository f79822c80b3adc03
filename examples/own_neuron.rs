//! A neuron model of one's own, in one file: a leaky neuron behind a synaptic current, which every
//! spike fatigues. It has two state variables beside its potential, and each neuron learns how much
//! it is fatigued. All engines, the gradient, recordings and snapshots follow from its equations.

use synfire::layered::LayeredEngine;
use synfire::neurons::Surrogate;
use synfire::plasticity::gradient::{CrossEntropy, Labelled};
use synfire::plasticity::{Trainer, TrainingSettings};
use synfire::sim_core::{
    Batch, ClockEngine, Equations, Error, GradientEngine, Learnable, ModelDescription, Neuron,
    NeuronModel, Pass, Population, Real, Recording, Result, Seed, SpikeFrames, Stepped, Stepwise,
    StreamingEngine, Variable, Variables, gradient_error,
};
use synfire::{Delays, FeedForward};

/// `fatigue` is what one spike takes from the drive of the steps after it.
#[derive(Debug, Clone, Default, serde::Serialize)]
struct Fatigued {
    fatigue: f64,
}

impl NeuronModel for Fatigued {
    fn build(&self, _dt_ms: f64) -> Result<Box<dyn Neuron>> {
        Error::check("Fatigued::fatigue", self.fatigue, self.fatigue >= 0.0, "at least 0")?;
        Ok(Box::new(Stepwise::new(self.equations())))
    }

    fn describe(&self) -> ModelDescription {
        ModelDescription::of("fatigued", self)
    }
}

#[derive(Debug)]
struct FatiguedEquations([Learnable; 1]);

impl Fatigued {
    fn equations(&self) -> FatiguedEquations {
        FatiguedEquations([Learnable::adaptation("fatigue", self.fatigue)])
    }
}

/// Three state variables, one port, one constant.
impl Equations<3, 1, 1> for FatiguedEquations {
    const VARIABLES: &'static [Variable] =
        &[Variable::POTENTIAL, Variable::new("current"), Variable::new("fatigue")];

    fn learnable(&self) -> &[Learnable] {
        &self.0
    }

    fn constants<T: Real>(&self, learned: &[T]) -> [T; 1] {
        [learned[0]]
    }

    fn step<T: Real>(
        &self,
        &[strength]: &[T; 1],
        [potential, current, fatigue]: [T; 3],
        [input]: [T; 1],
    ) -> Stepped<T, 3> {
        let current = T::of(0.7) * current + input;
        let v = T::of(0.9) * potential + current - fatigue;
        let spike = (v - T::of(1.0)).spike(|x| Surrogate::default().slope(x));
        let fatigue = T::of(0.95) * fatigue + strength * spike;
        Stepped { state: [v - spike.detached(), current, fatigue], spike, drive: v }
    }
}

fn main() -> synfire::Result<()> {
    let input: Vec<[f32; 1]> = (0..50).map(|t| [0.3 + 0.3 * (t as f32).sin()]).collect();
    let model = Fatigued { fatigue: 0.2 };
    let error = gradient_error(model.equations(), &[model.fatigue], &input);
    println!("the gradient is {error:.0e} from finite differences");
    assert!(error < 1e-3);

    // Four classes: in each, another quarter of the channels is busy.
    let shape = FeedForward { delays: Delays::None, batch_norm: false, ..FeedForward::default() };
    let mut network = FeedForward { hidden: vec![32], ..shape }.build(12, 4, 1.0, Seed(0))?;
    let hidden = Population::neurons("hidden", 32, model);
    network.populations[1] = hidden.learning(&["fatigue"], 1.0)?;
    let busy = |class: u32| (0..60).map(move |k| (class * 3 + k % 3, k * 7 % 40));
    let sample = |class| SpikeFrames::from_events(12, 40, &busy(class).collect::<Vec<_>>());
    let samples = (0..4).map(sample).collect::<Result<Vec<_>>>()?;
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &[0, 1, 2, 3] };
    let batch = Batch::new(&samples, 2, &objective);
    let engine = Box::new(LayeredEngine::new(&network)?);
    let mut trainer = Trainer::new(network, engine, TrainingSettings::default(), Seed(0))?;
    let losses = (0..100).map(|_| Ok(trainer.step(&batch)?.loss)).collect::<Result<Vec<_>>>()?;
    let network = trainer.network();
    println!("loss {:.2}, after 100 steps {:.2}", losses[0], losses[99]);
    println!("learned: {:?}", &network.populations[1].learned[0].values[..3]);
    assert!(losses[99] < 0.5 * losses[0]);

    // As many spikes in all engines, also from a snapshot on.
    let mut layered = LayeredEngine::new(network)?;
    layered.evaluate(network, &batch, &Pass::DEPLOYED)?;
    let (mut streaming, mut streamed) = (StreamingEngine::new(network)?, 0);
    let mut recording = Recording::new(3, Variables::SPIKES.with_columns(&["fatigue"]));
    let mut clock = ClockEngine::build(network)?;
    for (step, train) in samples[0].by_step().into_iter().enumerate() {
        streaming.step(&train)?;
        streamed += streaming.fired(1).len();
        if step == 20 {
            let snapshot = clock.snapshot();
            clock = ClockEngine::build(network)?;
            clock.restore(&snapshot)?;
        }
        clock.step(&[train], &mut recording)?;
    }
    let spikes = [layered.activity(1, 0).len(), streamed, recording.spikes(1).len()];
    let most = recording.column(1, "fatigue").iter().fold(0.0_f64, |most, own| most.max(*own));
    println!("spikes: {spikes:?}; largest fatigue {most:.2}");
    assert!(spikes[0] > 0 && spikes == [spikes[0]; 3]);
    Ok(())
}
