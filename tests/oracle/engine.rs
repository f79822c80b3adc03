//! The oracle behind the seam of the engines.
//!
//! Everything is worked out in `f64` and rounded where the seam asks for `f32`.

use super::{OracleGradients, OracleNetwork, Pass as OraclePass, Signal, Statistics};
use rand::RngExt;
use sim_core::{
    Batch, BatchReport, BatchStatistics, Cells, Dropout, Error, GradientEngine, Gradients, Kind,
    Network, NormStatistics, Owner, Pass, PopulationReport, Purpose, Readout, Result, SpikeCounts,
    SpikeFrames,
};

/// An engine for chains of populations that are alike; see [`OracleNetwork::of`].
#[derive(Debug)]
pub struct OracleEngine {
    /// Shaped like those of the network that the engine was built for.
    shape: Gradients,
    report: BatchReport,
    /// `[layer][sample]`
    activity: Vec<Vec<SpikeFrames>>,
}

impl OracleEngine {
    /// An engine for `network`.
    pub fn new(network: &Network) -> Result<Self> {
        network.check()?;
        OracleNetwork::of(network, &Pass::DEPLOYED)?;
        let shape = Gradients::zeros(network);
        Ok(Self { shape, report: BatchReport::default(), activity: Vec::new() })
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
        let forward = oracle.forward(&signal(batch.frames), statistics);
        let d_readout = self.read_out(forward.readout(), batch)?;
        self.tell(network, &oracle, &forward, batch.frames)?;
        let d_spikes = self.regularize(network, &forward, batch)?;
        if let Some(into) = into {
            let gradients = oracle.backward_with(&forward, &d_readout, &d_spikes);
            round(&gradients, into);
        }
        Ok(())
    }

    fn check(&self, network: &Network, batch: &Batch, pass: &Pass) -> Result<()> {
        self.shape.check(network)?;
        batch.check(network.populations[0].size)?;
        if batch.output + 1 != network.populations.len() {
            return Err(Error::Network(format!("population {} is no output", batch.output)));
        }
        pass.check()
    }

    /// Losses, and the gradient of their mean.
    fn read_out(&mut self, readout: &Signal, batch: &Batch) -> Result<Signal> {
        let Signal { neurons, steps, .. } = *readout;
        let mut gradient = readout.clone();
        let scale = 1.0 / batch.frames.len() as f64;
        let (mut memory, size) = (Vec::new(), neurons * steps);
        let rows = readout.data.chunks_exact(size).zip(gradient.data.chunks_exact_mut(size));
        self.report.losses.clear();
        for (slot, (values, gradient)) in rows.enumerate() {
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

    /// Fills the report by population, and the activity.
    fn tell(
        &mut self,
        network: &Network,
        oracle: &OracleNetwork,
        pass: &OraclePass,
        batch: &[SpikeFrames],
    ) -> Result<()> {
        let input = &pass.layers[0].input;
        let entries = input.data.iter().filter(|&&value| value != 0.0).count() as u64;
        let report = |signal: &Signal, spikes: u64, statistics| PopulationReport {
            steps: signal.steps,
            spikes,
            firing_rate: spikes as f64 / signal.data.len() as f64,
            statistics,
            ..PopulationReport::default()
        };
        self.report.populations.clear();
        self.report.populations.push(report(input, entries, BatchStatistics::default()));
        self.activity.clear();
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
            let mut report = report(&layer.spikes, spikes, statistics);
            if let Cells::Neurons(model) = &network.populations[index + 1].cells {
                let neurons = model.build(network.dt_ms)?;
                if neurons.fires() {
                    let appended = layer.spikes.steps - input.steps;
                    report.counts = vec![0; layer.spikes.neurons];
                    for (sample, frames) in batch.iter().enumerate() {
                        let own_steps = frames.steps() + appended;
                        report.most_spikes += neurons.most_spikes(own_steps) as u64;
                        for (neuron, count) in report.counts.iter_mut().enumerate() {
                            let fired = |&step: &usize| layer.spikes.at(sample, neuron, step) > 0.0;
                            *count += (0..own_steps).filter(fired).count() as u64;
                        }
                    }
                }
            }
            self.report.populations.push(report);
            self.activity.push(frames(&oracle.leaving(index, pass)));
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
        self.report.penalty = 0.0;
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
