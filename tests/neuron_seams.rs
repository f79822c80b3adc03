//! Ports, learned parameters and columns, through the engines: gradients are those of dual numbers
//! and of finite differences, all engines agree, and what an engine cannot run is refused by name.

use crate::relay::Linear;
use layered::LayeredEngine;
use neurons::{AdaptiveLif, CurrentLif, LeakyIntegrator, Surrogate};
use plasticity::local::Oja;
use rand::RngExt;
use sim_core::{
    Batch, BatchNorm, ClockEngine, DelayKernel, DelayTaps, DenseSynapses, Dual, Equations,
    GradientEngine, Gradients, Granularity, Horizon, KernelEvaluation, Kind, Learnable,
    ModelDescription, Network, Neuron, NeuronModel, NormStatistics, Objective, Owner, ParameterId,
    Pass, Population, Projection, Purpose, Readout, Real, Recording, Result, SampleLoss, Seed,
    SpikeFrames, Stepped, Stepwise, StreamingEngine, Synapses, Variable, Variables,
};

const DT_MS: f64 = 1.0;
const LONGEST: usize = 3;

/// A leaky neuron whose second port divides by what arrives at it; it learns its time constant, and
/// how much a spike fatigues it.
#[derive(Debug, Clone, Copy)]
struct Divisive {
    fires: bool,
}

const TAU_MS: f64 = 6.0;
const FATIGUE: f64 = 0.3;

impl NeuronModel for Divisive {
    fn build(&self, _dt_ms: f64) -> Result<Box<dyn Neuron>> {
        let learnable = [
            Learnable::time_constant("tau_mem_ms", TAU_MS, 0.1),
            Learnable::adaptation("fatigue", FATIGUE),
        ];
        Ok(Box::new(Stepwise::new(DivisiveEquations { fires: self.fires, learnable })))
    }

    fn describe(&self) -> ModelDescription {
        let [parameters, defaults] = Default::default();
        ModelDescription { name: "divisive".into(), parameters, defaults }
    }

    fn ports(&self) -> &'static [&'static str] {
        &["driving", "dividing"]
    }
}

#[derive(Debug)]
struct DivisiveEquations {
    fires: bool,
    learnable: [Learnable; 2],
}

/// One step of the neuron: potential and fatigue, spike.
fn divisive_step<T: Real>(
    [beta, strength]: [T; 2],
    [u, fatigue]: [T; 2],
    [driving, dividing]: [T; 2],
) -> ([T; 2], T) {
    let one = T::of(1.0);
    let v = beta * u + driving / (one + dividing * dividing) - fatigue;
    let spike = (v - one).spike(|x| Surrogate::default().slope(x));
    ([v - spike.detached(), T::of(0.8) * fatigue + strength * spike], spike)
}

impl Equations<2, 2, 2> for DivisiveEquations {
    const VARIABLES: &'static [Variable] = &[Variable::POTENTIAL, Variable::new("fatigue")];

    fn learnable(&self) -> &[Learnable] {
        &self.learnable
    }

    fn constants<T: Real>(&self, learned: &[T]) -> [T; 2] {
        [(T::of(-DT_MS) / learned[0]).exp(), learned[1]]
    }

    fn step<T: Real>(&self, constants: &[T; 2], state: [T; 2], input: [T; 2]) -> Stepped<T, 2> {
        let [beta, _] = *constants;
        if !self.fires {
            let one = T::of(1.0);
            let v = beta * state[0] + input[0] / (one + input[1] * input[1]) - state[1];
            // Its fatigue follows its potential.
            let fatigue = T::of(0.8) * state[1] + constants[1] * v;
            return Stepped { state: [v, fatigue], spike: T::of(0.0), drive: v };
        }
        let (state, spike) = divisive_step(*constants, state, input);
        Stepped { state, spike, drive: T::of(0.0) }
    }

    fn fires(&self) -> bool {
        self.fires
    }
}

/// Numbers from -1 to 1 that depend on nothing but their place.
fn numbers(stream: u64, count: usize) -> Vec<f32> {
    let mut random = Seed(11).stream(Purpose::Synthesis, stream, 0);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

/// Dense synapses with delays of up to [`LONGEST`] steps, whole ones where told.
fn dense(stream: u64, pre: usize, post: usize, scale: f32, whole: bool) -> Synapses {
    let delay = numbers(stream + 100, pre * post).into_iter().map(|x| 1.5 + 1.45 * x);
    Synapses::Dense(DenseSynapses {
        pre,
        post,
        elements_per_pair: 1,
        min_delay_steps: 0,
        max_delay_steps: LONGEST,
        granularity: Granularity::Synaptic,
        kernel: DelayKernel::Linear,
        weight: numbers(stream, pre * post).into_iter().map(|x| scale * x).collect(),
        delay: delay.map(|delay| if whole { delay.round() } else { delay }).collect(),
    })
}

/// Values that differ between neurons.
fn spread(population: &mut Population, stream: u64) {
    for learned in &mut population.learned {
        let factors = numbers(stream, learned.values.len());
        learned.values.iter_mut().zip(factors).for_each(|(value, x)| *value *= 1.0 + 0.4 * x);
    }
}

fn samples(channels: usize, steps: usize, count: usize) -> Vec<SpikeFrames> {
    let sample = |index: usize| {
        let mut random = Seed(12).stream(Purpose::Synthesis, index as u64, 1);
        let event =
            |_| (random.random_range(0..channels as u32), random.random_range(0..steps as u32));
        let events: Vec<_> = (0..channels * steps / 3).map(event).collect();
        SpikeFrames::from_events(channels, steps, &events).unwrap()
    };
    (0..count).map(sample).collect()
}

/// A weighted sum of potentials.
struct Weighted;

fn factor(slot: usize, neuron: usize, step: usize) -> f64 {
    ((slot * 5 + neuron * 3 + step) as f64 * 0.9).cos()
}

impl Objective for Weighted {
    fn evaluate(
        &self,
        slot: usize,
        readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        let place = |index: usize| factor(slot, index / readout.steps, index % readout.steps);
        if let Some((gradient, scale)) = gradient {
            let entries = gradient.iter_mut().enumerate();
            entries.for_each(|(index, entry)| *entry = (scale * place(index)) as f32);
        }
        let parts = readout.values.iter().enumerate();
        let loss = parts.map(|(index, &v)| place(index) * f64::from(v)).sum();
        SampleLoss { loss, predicted: 0 }
    }
}

fn training_pass() -> Pass {
    let evaluation = KernelEvaluation::default();
    Pass {
        delay_taps: DelayTaps::Trained { sigma_raw: 0.0, evaluation },
        norm: NormStatistics::Batch,
        dropout: None,
        horizon: Horizon::Batch,
    }
}

/// Gradients of the loss, and the steps that each population ran for.
fn gradients(network: &Network, samples: &[SpikeFrames], output: usize) -> (Gradients, Vec<usize>) {
    let mut gradients = Gradients::zeros(network);
    let batch = Batch::new(samples, output, &Weighted);
    let mut engine = LayeredEngine::new(network).unwrap();
    engine.train(network, &batch, &training_pass(), &mut gradients).unwrap();
    let steps = engine.report().populations.iter().map(|population| population.steps).collect();
    (gradients, steps)
}

/// Two projections into ports of 18 hidden neurons, and an output with time constants of its own.
fn spiking() -> Network {
    let (inputs, hidden, outputs) = (4, 18, 3);
    let neurons = Population::neurons("hidden", hidden, Divisive { fires: true });
    let mut neurons = neurons.learning(&["fatigue", "tau_mem_ms"], DT_MS).unwrap();
    let readout = Population::neurons("output", outputs, LeakyIntegrator::default());
    let mut readout = readout.learning(&["tau_mem_ms"], DT_MS).unwrap();
    spread(&mut neurons, 7);
    spread(&mut readout, 8);
    Network::new(
        DT_MS,
        vec![Population::source("input", inputs), neurons, readout],
        vec![
            Projection::new(0, 1, dense(1, inputs, hidden, 1.5, true)),
            Projection::new(0, 1, dense(2, inputs, hidden, 0.7, true)).to_port(1),
            Projection::new(1, 2, dense(3, hidden, outputs, 1.0, true)),
        ],
    )
}

/// The loss of the spiking network in dual numbers, with the slope by entry `moves` of a parameter.
fn twin(
    network: &Network,
    samples: &[SpikeFrames],
    steps: &[usize],
    moves: (ParameterId, usize),
) -> Dual<f64> {
    let value = |id: ParameterId, entry: usize| {
        let parameter = network.parameters().find(|parameter| parameter.id == id).unwrap();
        let slope = if (id, entry) == moves { 1.0 } else { 0.0 };
        Dual { value: f64::from(parameter.values[entry]), slope }
    };
    let of = |value| <Dual<f64> as Real>::of(value);
    let current = |projection: usize, spikes: &dyn Fn(usize, usize) -> Dual<f64>, post, step| {
        let Synapses::Dense(dense) = &network.projections[projection].synapses else {
            unreachable!()
        };
        let id = ParameterId::of_projection(projection, Kind::Weight);
        let part = |pre: usize| {
            let synapse = post * dense.pre + pre;
            let delay = dense.delay[synapse] as usize;
            let spike = if step >= delay { spikes(pre, step - delay) } else { of(0.0) };
            value(id, synapse) * spike
        };
        (0..dense.pre).map(part).fold(of(0.0), |sum, part| sum + part)
    };
    let mut sum = of(0.0);
    for (slot, frames) in samples.iter().enumerate() {
        let input = |channel: usize, step: usize| {
            let (steps, counts) = frames.channel(channel);
            let found = steps.iter().position(|&at| at as usize == step);
            of(found.map_or(0.0, |index| f64::from(counts[index])))
        };
        let mut hidden = vec![vec![of(0.0); steps[1]]; network.populations[1].size];
        for (n, train) in hidden.iter_mut().enumerate() {
            let strength = value(ParameterId::of_neurons(1, Kind::Adaptation, 0), n);
            let tau = value(ParameterId::of_neurons(1, Kind::TimeConstant, 1), n);
            let constants = [(of(-DT_MS) / tau).exp(), strength];
            let mut state = [of(0.0); 2];
            for (step, spike) in train.iter_mut().enumerate() {
                let input = [0, 1].map(|port| current(port, &input, n, step));
                (state, *spike) = divisive_step(constants, state, input);
            }
        }
        let spikes = |pre: usize, step: usize| hidden[pre].get(step).copied().unwrap_or(of(0.0));
        for n in 0..network.populations[2].size {
            let tau = value(ParameterId::of_neurons(2, Kind::TimeConstant, 0), n);
            let beta = (of(-DT_MS) / tau).exp();
            let mut v = of(0.0);
            for step in 0..steps[2] {
                v = beta * v + current(2, &spikes, n, step);
                sum = sum + of(factor(slot, n, step) / samples.len() as f64) * v;
            }
        }
    }
    sum
}

#[test]
fn gradients_through_ports_and_of_learned_parameters_are_those_of_dual_numbers() {
    let (network, samples) = (spiking(), samples(4, 25, 3));
    let (gradients, steps) = gradients(&network, &samples, 2);
    let mut compared = 0;
    for (id, gradient) in gradients.iter().filter(|(id, _)| id.kind != Kind::Delay) {
        let largest = gradient.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
        assert!(largest > 0.0, "{id:?}");
        let few = (gradient.len() / 20).max(1);
        for (entry, &ours) in gradient.iter().enumerate().step_by(few) {
            let theirs = twin(&network, &samples, &steps, (id, entry)).slope;
            let error = (f64::from(ours) - theirs).abs();
            let name = network.parameter_name(id);
            assert!(error < 2e-4 * f64::from(largest), "{name}, entry {entry}: {ours}, {theirs}");
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn gradients_of_neurons_behind_a_norm_of_all_ports_are_those_of_finite_differences() {
    let (inputs, outputs) = (4, 17);
    for normed in [false, true] {
        let readout = Population::neurons("output", outputs, Divisive { fires: false });
        let mut readout = readout.learning(&["tau_mem_ms", "fatigue"], DT_MS).unwrap();
        spread(&mut readout, 9);
        readout.norm = normed.then(|| BatchNorm::new(2 * outputs));
        let mut network = Network::new(
            DT_MS,
            vec![Population::source("input", inputs), readout],
            vec![
                Projection::new(0, 1, dense(4, inputs, outputs, 1.0, false)),
                Projection::new(0, 1, dense(5, inputs, outputs, 0.4, false)).to_port(1),
                // A second one at the same port.
                Projection::new(0, 1, dense(6, inputs, outputs, 0.3, false)).to_port(1),
            ],
        );
        let samples = samples(inputs, 20, 4);
        let (gradients, _) = gradients(&network, &samples, 1);
        let mut engine = LayeredEngine::new(&network).unwrap();
        let mut loss = |network: &Network| {
            let batch = Batch::new(&samples, 1, &Weighted);
            engine.evaluate(network, &batch, &training_pass()).unwrap();
            engine.report().total_loss() / samples.len() as f64
        };
        for (id, gradient) in gradients.iter() {
            let largest = gradient.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
            assert!(largest > 0.0, "{id:?}");
            for entry in (0..gradient.len()).step_by((gradient.len() / 9).max(1)) {
                let mut moved = |by: f32| {
                    let of_id = |parameter: &sim_core::ParameterMut| parameter.id == id;
                    let mut value = 0.0;
                    let mut parameters = network.parameters_mut();
                    let parameter = parameters.find(of_id).unwrap();
                    std::mem::swap(&mut value, &mut parameter.values[entry]);
                    parameter.values[entry] = value + by;
                    drop(parameters);
                    let loss = loss(&network);
                    let mut parameters = network.parameters_mut();
                    parameters.find(of_id).unwrap().values[entry] = value;
                    loss
                };
                let by = 4e-3;
                let numeric = (moved(by) - moved(-by)) / f64::from(2.0 * by);
                let error = (f64::from(gradient[entry]) - numeric).abs();
                let name = network.parameter_name(id);
                assert!(
                    error < 0.01 * f64::from(largest),
                    "{name}, entry {entry}, norm {normed}: {}, differences {numeric}",
                    gradient[entry]
                );
            }
        }
    }
}

/// A network of the shipped models with parameters of each neuron's own: two ports, a chain.
fn shipped() -> Network {
    let sizes = [5, 19, 18, 2];
    let learning = |population: Population, names: &[&str], stream| {
        let mut population = population.learning(names, DT_MS).unwrap();
        spread(&mut population, stream);
        population
    };
    let current = CurrentLif { refractory_ms: 2.0, ..CurrentLif::default() };
    let adaptive = AdaptiveLif { adaptation: 0.4, ..AdaptiveLif::default() };
    let of_current = ["tau_mem_ms", "tau_excitatory_ms", "tau_inhibitory_ms", "threshold"];
    let of_adaptive = ["tau_mem_ms", "threshold", "tau_adaptation_ms", "adaptation"];
    let current = Population::neurons("current", sizes[1], current);
    let adaptive = Population::neurons("adaptive", sizes[2], adaptive);
    let mut current = learning(current, &of_current, 21);
    current.norm = Some(BatchNorm::new(2 * sizes[1]));
    let readout = Population::neurons("output", sizes[3], LeakyIntegrator::default());
    Network::new(
        DT_MS,
        vec![
            Population::source("input", sizes[0]),
            current,
            learning(adaptive, &of_adaptive, 22),
            learning(readout, &["tau_mem_ms"], 23),
        ],
        vec![
            Projection::new(0, 1, dense(31, sizes[0], sizes[1], 1.2, true)),
            Projection::new(0, 1, dense(32, sizes[0], sizes[1], 0.8, true)).to_port(1),
            Projection::new(1, 2, dense(33, sizes[1], sizes[2], 0.9, true)),
            Projection::new(2, 3, dense(34, sizes[2], sizes[3], 0.5, true)),
        ],
    )
}

#[test]
fn all_engines_agree_on_shipped_models_with_parameters_of_their_own() {
    let network = shipped();
    let sample = samples(5, 80, 1).remove(0);
    let mut layered = LayeredEngine::new(&network).unwrap();
    let batch = Batch::new(std::slice::from_ref(&sample), 3, &Weighted);
    let pass = Pass { horizon: Horizon::Batch, ..Pass::DEPLOYED };
    layered.evaluate(&network, &batch, &pass).unwrap();
    let ends: Vec<usize> = layered.report().populations.iter().map(|own| own.steps).collect();
    let steps = ends[3];
    let mut recording = Recording::new(4, Variables::ALL);
    let mut clock = ClockEngine::build(&network).unwrap();
    clock.set_ends(&ends);
    clock.run(std::slice::from_ref(&sample), steps, &mut recording).unwrap();
    let mut streaming = StreamingEngine::new(&network).unwrap();
    streaming.set_ends(&ends);
    let mut streamed = Recording::new(4, Variables::ALL);
    let mut trains = sample.by_step();
    trains.resize(steps, Vec::new());
    for (step, train) in trains.iter().enumerate() {
        if step == 33 {
            let snapshot = streaming.snapshot();
            streaming = StreamingEngine::new(&network).unwrap();
            streaming.restore(&snapshot).unwrap();
            streaming.set_ends(&ends);
        }
        streaming.step_recorded(train, &mut streamed).unwrap();
    }
    for population in [1, 2] {
        let spikes = recording.spikes(population);
        assert!(spikes.len() > 100, "population {population}: {}", spikes.len());
        assert_eq!(spikes, streamed.spikes(population));
        let of_layer = layered.activity(population, 0).by_step();
        let of_layer: Vec<(u32, u32)> = (0_u32..)
            .zip(&of_layer)
            .flat_map(|(step, spikes)| spikes.iter().map(move |spike| (step, spike.neuron)))
            .collect();
        assert_eq!(of_layer, spikes, "population {population}");
    }
    let (ours, theirs) = (recording.potentials(3), streamed.potentials(3));
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() < 1e-4, "{index}: {ours} {theirs}");
    }
}

#[test]
fn what_an_engine_cannot_run_is_refused_by_name() {
    let mut graded = shipped();
    graded.populations[2] = Population::neurons("adaptive", 18, Linear);
    let expected = "population adaptive: graded spikes need the clock engine";
    assert_eq!(LayeredEngine::new(&graded).unwrap_err().to_string(), expected);
    assert_eq!(StreamingEngine::new(&graded).unwrap_err().to_string(), expected);
    assert!(ClockEngine::build(&graded).is_ok());

    let mut learning = shipped();
    let projection = learning.projections.remove(2);
    learning.projections.insert(2, projection.learning_by(Oja::default()));
    let refused = |error: sim_core::Error| {
        let text = error.to_string();
        assert!(text.contains("current->adaptive learns while the network runs"), "{text}");
    };
    refused(LayeredEngine::new(&learning).unwrap_err());
    refused(StreamingEngine::new(&learning).unwrap_err());

    let mut elsewhere = shipped();
    elsewhere.projections[0].port = 2;
    assert_eq!(
        elsewhere.check().unwrap_err().to_string(),
        "projection input -> current: port is 2, but must be below 2: the ports are excitatory, \
         inhibitory"
    );
    let population = Population::neurons("hidden", 3, AdaptiveLif::default());
    assert_eq!(
        population.learning(&["surrogate"], DT_MS).unwrap_err().to_string(),
        "learn is surrogate, but must be among what this neuron model can learn: tau_mem_ms, \
         threshold, tau_adaptation_ms, adaptation"
    );
    let mut short = shipped();
    short.populations[1].learned[0].values[4] = -1.0;
    let text = short.check().unwrap_err().to_string();
    assert!(text.starts_with("current.neuron.tau_mem_ms, entry 4 is -1, but must be"), "{text}");
}

#[test]
fn parameters_of_neurons_are_part_of_the_walk_and_of_the_outline() {
    let network = shipped();
    let names: Vec<String> = network
        .parameters()
        .filter(|parameter| parameter.id.kind.is_of_neurons())
        .map(|parameter| network.parameter_name(parameter.id))
        .collect();
    assert_eq!(names.len(), 9);
    assert_eq!(names[1], "current.neuron.tau_excitatory_ms");
    let of_population =
        |parameter: &sim_core::Parameter| matches!(parameter.id.owner, Owner::Population(_));
    let shapes = |network: &Network| -> Vec<_> {
        let parameters = network.parameters().filter(of_population);
        parameters.map(|parameter| (parameter.id, parameter.shape, parameter.range)).collect()
    };
    let outline: sim_core::Outline =
        serde_json::from_str(&serde_json::to_string(&network.outline()).unwrap()).unwrap();
    assert_eq!(network.outline().difference(&outline), None);
    assert_eq!(shapes(&outline.bare_network().unwrap()), shapes(&network));
    let mut other = network.clone();
    other.populations[2].learned.pop();
    assert_eq!(
        other.outline().difference(&outline).unwrap(),
        "population adaptive: its neurons learn tau_mem_ms, threshold, tau_adaptation_ms, \
         adaptation in the checkpoint, tau_mem_ms, threshold, tau_adaptation_ms in the \
         configuration"
    );
}
