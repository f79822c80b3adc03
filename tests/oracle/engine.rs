//! The oracle behind the seam of the engines.
//!
//! Everything is worked out in `f64` and rounded where the seam asks for `f32`.

use super::{OracleGradients, OracleNetwork, Pass as OraclePass, Signal, Statistics};
use rand::RngExt;
use sim_core::{
    Batch, BatchReport, BatchStatistics, Cells, Dropout, Error, GradientEngine, Gradients, Horizon,
    Kind, Network, NormStatistics, Owner, Pass, PopulationReport, Purpose, Readout, Result,
    SpikeCounts, SpikeFrames,
};

/// An engine for chains of populations that are alike; see [`OracleNetwork::of`].
#[derive(Debug)]
pub struct OracleEngine {
    /// Shaped like those of the network that the engine was built for.
    shape: Gradients,
    report: BatchReport,
    /// By population.
    neuron_steps: Vec<usize>,
    /// `[layer][sample]`
    activity: Vec<Vec<SpikeFrames>>,
}

impl OracleEngine {
    /// An engine for `network`.
    pub fn new(network: &Network) -> Result<Self> {
        network.check()?;
        OracleNetwork::of(network, &Pass::DEPLOYED)?;
        let shape = Gradients::zeros(network);
        let report = BatchReport::default();
        Ok(Self { shape, report, neuron_steps: Vec::new(), activity: Vec::new() })
    }

    /// Runs a batch forward, and backward where gradients are wanted.
    fn run(
        &mut self,
        network: &Network,
        batch: &Batch,
        pass: &Pass,
        into: Option<&mut Gradients>,
    ) -> Result<()> {
        self.check(network, batch, pass)?;
        let mut oracle = OracleNetwork::of(network, pass)?;
        drop_out(&mut oracle, pass.dropout, batch.frames.len());
        let statistics = match pass.norm {
            NormStatistics::Batch => Statistics::Batch,
            NormStatistics::Running => Statistics::Running,
        };
        self.begin(network);
        if pass.horizon == Horizon::Sample {
            return self.run_one_by_one(network, &oracle, batch, statistics);
        }
        let mut input = signal(batch.frames);
        let mut own_steps: Vec<usize> = batch.frames.iter().map(|f| f.steps().max(1)).collect();
        if let Horizon::Steps(fixed) = pass.horizon {
            oracle.extra_steps = 0;
            input = lengthened(&input, fixed);
            own_steps.fill(fixed);
        }
        let forward = oracle.forward(&input, statistics);
        let d_readout = self.read_out(forward.readout(), batch, 0)?;
        self.tell(network, &oracle, &forward, &own_steps)?;
        self.rate();
        let d_spikes = self.regularize(network, &forward, batch)?;
        if let Some(into) = into {
            let gradients = oracle.backward_with(&forward, &d_readout, &d_spikes);
            round(&gradients, into);
        }
        Ok(())
    }

    /// Runs every sample as a batch of its own.
    fn run_one_by_one(
        &mut self,
        network: &Network,
        oracle: &OracleNetwork,
        batch: &Batch,
        statistics: Statistics,
    ) -> Result<()> {
        for (slot, frames) in batch.frames.iter().enumerate() {
            let mut alone = oracle.clone();
            for layer in &mut alone.layers {
                let mask = layer.mask.take();
                layer.mask = mask.map(|mask| mask[slot * layer.post..][..layer.post].to_vec());
            }
            let forward = alone.forward(&signal(std::slice::from_ref(frames)), statistics);
            self.read_out(forward.readout(), batch, slot)?;
            self.tell(network, &alone, &forward, &[frames.steps().max(1)])?;
        }
        self.rate();
        Ok(())
    }

    /// Forgets the last batch.
    fn begin(&mut self, network: &Network) {
        let populations = network.populations.len();
        self.report.losses.clear();
        self.report.penalty = 0.0;
        self.report.populations = vec![PopulationReport::default(); populations];
        self.neuron_steps = vec![0; populations];
        self.activity = vec![Vec::new(); populations - 1];
    }

    /// Firing rates, when all samples have been told of.
    fn rate(&mut self) {
        for (report, steps) in self.report.populations.iter_mut().zip(&self.neuron_steps) {
            report.firing_rate = report.spikes as f64 / *steps as f64;
        }
    }

    fn check(&self, network: &Network, batch: &Batch, pass: &Pass) -> Result<()> {
        self.shape.check(network)?;
        pass.check()?;
        batch.check(network.populations[0].size, pass.horizon)?;
        if batch.output + 1 != network.populations.len() {
            return Err(Error::Network(format!("population {} is no output", batch.output)));
        }
        Ok(())
    }

    /// Losses of the samples from `first` on, and the gradient of their mean.
    fn read_out(&mut self, readout: &Signal, batch: &Batch, first: usize) -> Result<Signal> {
        let Signal { neurons, steps, .. } = *readout;
        let mut gradient = readout.clone();
        let scale = 1.0 / batch.frames.len() as f64;
        let (mut memory, size) = (Vec::new(), neurons * steps);
        let rows = readout.data.chunks_exact(size).zip(gradient.data.chunks_exact_mut(size));
        for (slot, (values, gradient)) in (first..).zip(rows) {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            let readout = Readout { values: &values, neurons, steps };
            let mut d_values = vec![0.0; size];
            let wanted = Some((&mut d_values[..], scale));
            let loss = batch.objective.evaluate(slot, readout, wanted, &mut memory);
            if !loss.loss.is_finite() {
                return Err(Error::NotFinite(format!("the loss of sample {slot} is not finite")));
            }
            self.report.losses.push(loss);
            gradient.iter_mut().zip(d_values).for_each(|(to, from)| *to = f64::from(from));
        }
        Ok(gradient)
    }

    /// Fills the report by population, and the activity. `own_steps` are those of each sample, at
    /// the input.
    fn tell(
        &mut self,
        network: &Network,
        oracle: &OracleNetwork,
        pass: &OraclePass,
        own_steps: &[usize],
    ) -> Result<()> {
        let input = &pass.layers[0].input;
        let entries = input.data.iter().filter(|&&value| value != 0.0).count() as u64;
        let Self { report, neuron_steps, activity, .. } = self;
        let add = |report: &mut PopulationReport, signal: &Signal, spikes: u64, statistics| {
            report.steps = report.steps.max(signal.steps);
            report.spikes += spikes;
            report.statistics = statistics;
        };
        neuron_steps[0] += input.data.len();
        add(&mut report.populations[0], input, entries, BatchStatistics::default());
        for (index, layer) in pass.layers.iter().enumerate() {
            let of_batch = pass.statistics == Statistics::Batch;
            let normed = network.populations[index + 1].norm.is_some();
            let statistics = BatchStatistics {
                mean: layer.mean.clone(),
                variance: layer.variance.clone(),
                count: layer.current.batch * layer.current.steps,
            };
            let statistics =
                if of_batch && normed { statistics } else { BatchStatistics::default() };
            let spikes = layer.spikes.data.iter().sum::<f64>() as u64;
            let report = &mut report.populations[index + 1];
            add(report, &layer.spikes, spikes, statistics);
            neuron_steps[index + 1] += layer.spikes.data.len();
            activity[index].extend(frames(&oracle.leaving(index, pass)));
            let Cells::Neurons(model) = &network.populations[index + 1].cells else { continue };
            let neurons = model.build(network.dt_ms)?;
            if neurons.fires() {
                let appended = layer.spikes.steps - input.steps;
                report.counts.resize(layer.spikes.neurons, 0);
                for (sample, own_steps) in own_steps.iter().enumerate() {
                    let own_steps = own_steps + appended;
                    report.most_spikes += neurons.most_spikes(own_steps) as u64;
                    for (neuron, count) in report.counts.iter_mut().enumerate() {
                        let fired = |&step: &usize| layer.spikes.at(sample, neuron, step) > 0.0;
                        *count += (0..own_steps).filter(fired).count() as u64;
                    }
                }
            }
        }
        Ok(())
    }

    /// Penalties, and their derivatives with respect to the spikes of each hidden layer,
    /// `[sample][neuron]`.
    fn regularize(
        &mut self,
        network: &Network,
        pass: &OraclePass,
        batch: &Batch,
    ) -> Result<Vec<Vec<f64>>> {
        let mut derivatives = Vec::new();
        for (index, layer) in pass.layers[..pass.layers.len() - 1].iter().enumerate() {
            let Signal { neurons, steps, .. } = layer.spikes;
            let rows = layer.spikes.data.chunks_exact(steps);
            let counts: Vec<u32> = rows.map(|row| row.iter().sum::<f64>() as u32).collect();
            let (population, dt_ms) = (&network.populations[index + 1].name, network.dt_ms);
            let activity = SpikeCounts { population, neurons, steps, dt_ms, counts: &counts };
            let mut gradient = vec![0.0; counts.len()];
            for regularizer in batch.regularizers {
                self.report.penalty += regularizer.penalty(&activity, Some(&mut gradient));
            }
            let finite = gradient.iter().all(|slope| slope.is_finite());
            if !finite || !self.report.penalty.is_finite() {
                return Err(Error::NotFinite("a penalty is not finite".into()));
            }
            derivatives.push(gradient.into_iter().map(f64::from).collect());
        }
        Ok(derivatives)
    }
}

impl GradientEngine for OracleEngine {
    fn evaluate(&mut self, network: &Network, batch: &Batch, pass: &Pass) -> Result<()> {
        self.run(network, batch, pass, None)
    }

    fn train(
        &mut self,
        network: &Network,
        batch: &Batch,
        pass: &Pass,
        into: &mut Gradients,
    ) -> Result<()> {
        pass.check_gradient()?;
        into.check(network)?;
        self.run(network, batch, pass, Some(into))
    }

    fn report(&self) -> &BatchReport {
        &self.report
    }

    fn activity(&self, population: usize, sample: usize) -> &SpikeFrames {
        let hidden = 1..self.activity.len();
        assert!(hidden.contains(&population), "population {population} does not fire");
        &self.activity[population - 1][sample]
    }
}

/// Draws masks as the seam has it: keyed by step, sample and population.
fn drop_out(oracle: &mut OracleNetwork, dropout: Option<Dropout>, samples: usize) {
    let Some(Dropout { rate, seed, step }) = dropout else { return };
    let hidden = oracle.layers.len() - 1;
    for (index, layer) in oracle.layers[..hidden].iter_mut().enumerate() {
        let mask = (0..samples).flat_map(|sample| {
            let key = (sample as u64) << 16 | (index + 1) as u64;
            let mut stream = seed.stream(Purpose::Dropout, step, key);
            let draw = move |_| {
                if stream.random::<f64>() >= rate { 1.0 / (1.0 - rate) } else { 0.0 }
            };
            (0..layer.post).map(draw).collect::<Vec<_>>()
        });
        layer.mask = Some(mask.collect());
    }
}

/// A batch on one grid, as long as its longest sample and at least a step.
pub fn signal(batch: &[SpikeFrames]) -> Signal {
    let steps = batch.iter().map(SpikeFrames::steps).max().unwrap_or(0).max(1);
    let channels = batch.first().map_or(0, SpikeFrames::channels);
    let mut signal = Signal::zeros(batch.len(), channels, steps);
    for (sample, frames) in batch.iter().enumerate() {
        for channel in 0..channels {
            let (steps, values) = frames.channel(channel);
            for (&step, &value) in steps.iter().zip(values) {
                *signal.at_mut(sample, channel, step as usize) = f64::from(value);
            }
        }
    }
    signal
}

/// A signal with silence behind it, `steps` steps in all.
fn lengthened(signal: &Signal, steps: usize) -> Signal {
    let mut longer = Signal::zeros(signal.batch, signal.neurons, steps);
    let rows = longer.data.chunks_exact_mut(steps).zip(signal.data.chunks_exact(signal.steps));
    rows.for_each(|(longer, row)| longer[..signal.steps].copy_from_slice(row));
    longer
}

/// The samples of a signal, one after the other.
pub fn frames(signal: &Signal) -> Vec<SpikeFrames> {
    let Signal { neurons, steps, .. } = *signal;
    let of = |values: &[f64]| {
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        SpikeFrames::from_values(neurons, steps, &values).expect("finite values of the grid")
    };
    signal.data.chunks_exact(neurons * steps).map(of).collect()
}

fn round(from: &OracleGradients, into: &mut Gradients) {
    for (id, gradient) in into.iter_mut() {
        let doubles = match (id.owner, id.kind) {
            (Owner::Projection(index), Kind::Weight) => &from.weight[index],
            (Owner::Projection(index), Kind::Delay) => &from.delay[index],
            (Owner::Population(index), Kind::Gain) => &from.gain[index - 1],
            (Owner::Population(index), Kind::Bias) => &from.bias[index - 1],
            other => panic!("the oracle knows no {other:?}"),
        };
        gradient.iter_mut().zip(doubles).for_each(|(to, &from)| *to = from as f32);
    }
}
