//! How weights and delays moved: `weights.csv` and `delays.csv`, small enough to write anew every
//! epoch.
//!
//! A row of `weights.csv` has five quantiles of the weights of a projection, eight weights that are
//! followed one by one, and five quantiles of the sizes of excitatory and of inhibitory weights
//! each. Rows that a program wrote which did not tell signs apart have `NaN` there.

use crate::error::{Error, Result};
use crate::metrics::check_epochs;
use crate::text_file;
use plots::{DelayChange, SizeSnapshot, WeightSnapshot};
use sim_core::{Kind, Network, Parameter};
use std::path::Path;

/// Synapses of a projection whose weights are followed one by one.
const TRACED: usize = 8;
/// Numbers in a row of `weights.csv` before the sizes.
const OF_WEIGHTS: usize = 5 + TRACED;
/// Sizes in a row of `weights.csv`.
const OF_SIZES: usize = 2 * 5;

/// One row of either table per projection and epoch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Names of the projections, `source->target`.
    pub projections: Vec<String>,
    /// By projection: quantiles and traces of the weights at the start (epoch 0) and after every
    /// epoch.
    pub weights: Vec<Vec<WeightSnapshot>>,
    /// The same of the sizes of excitatory and of inhibitory weights.
    pub sizes: Vec<Vec<SizeSnapshot>>,
    /// By projection: how far its delays moved in every epoch.
    pub delays: Vec<Vec<DelayChange>>,
}

impl History {
    /// A history that begins with the untrained network.
    pub(crate) fn new(network: &Network) -> Self {
        let projections: Vec<String> =
            (0..network.projections.len()).map(|index| network.projection_name(index)).collect();
        let all = of_kind(network, Kind::Weight).map(|weights| snapshot(0, &weights));
        let (weights, sizes) = all.map(|(weights, sizes)| (vec![weights], vec![sizes])).unzip();
        Self { weights, sizes, delays: vec![Vec::new(); projections.len()], projections }
    }

    /// Adds the rows of epoch `epoch`, counted from 1: `before_ms` are the delays before it, as
    /// [`delays_ms`] gives them.
    pub(crate) fn push(&mut self, epoch: usize, network: &Network, before_ms: &[Vec<f32>]) {
        let rows = self.weights.iter_mut().zip(&mut self.sizes);
        for ((weights, sizes), now) in rows.zip(of_kind(network, Kind::Weight)) {
            let (of_weights, of_sizes) = snapshot(epoch, &now);
            weights.push(of_weights);
            sizes.push(of_sizes);
        }
        for ((rows, before), after) in self.delays.iter_mut().zip(before_ms).zip(delays_ms(network))
        {
            rows.push(DelayChange::between(epoch as f64, before, &after));
        }
    }

    /// The rows of the first `epochs` epochs; rows of an epoch that was not finished are dropped.
    ///
    /// # Errors
    /// When a row is missing or out of order.
    pub(crate) fn up_to(mut self, epochs: usize, weights: &Path, delays: &Path) -> Result<Self> {
        let rows = self.weights.iter_mut().zip(&mut self.sizes).zip(&mut self.delays);
        for (name, ((snapshots, sizes), changes)) in self.projections.iter().zip(rows) {
            let whose = format!("{name}: ");
            check_epochs(weights, &whose, 0, epochs, snapshots.iter().map(|row| row.epoch))?;
            check_epochs(delays, &whose, 1, epochs, changes.iter().map(|row| row.epoch))?;
            snapshots.truncate(epochs + 1);
            sizes.truncate(epochs + 1);
            changes.truncate(epochs);
        }
        Ok(self)
    }

    pub(crate) fn write(&self, weights: &Path, delays: &Path) -> Result<()> {
        let mut text =
            "epoch,projection,quantile_05,quantile_25,median,quantile_75,quantile_95".to_owned();
        (1..=TRACED).for_each(|index| text.push_str(&format!(",synapse_{index}")));
        for sign in ["excitatory", "inhibitory"] {
            let shares = ["05", "25", "50", "75", "95"];
            shares.iter().for_each(|share| text.push_str(&format!(",{sign}_{share}")));
        }
        text.push('\n');
        let rows = self.projections.iter().zip(&self.weights).zip(&self.sizes);
        for (name, row, sizes) in rows.flat_map(|((name, rows), sizes)| {
            rows.iter().zip(sizes).map(move |(r, s)| (name, r, s))
        }) {
            text.push_str(&format!("{},{name}", row.epoch));
            row.quantiles.iter().for_each(|quantile| text.push_str(&format!(",{quantile}")));
            row.traced.iter().for_each(|weight| text.push_str(&format!(",{weight}")));
            let sizes = sizes.quantiles.as_flattened().iter();
            sizes.for_each(|size| text.push_str(&format!(",{size}")));
            text.push('\n');
        }
        atomic_file::write(weights, text.as_bytes())?;
        let mut text = "epoch,projection,mean_change_ms\n".to_owned();
        for (name, row) in self
            .projections
            .iter()
            .zip(&self.delays)
            .flat_map(|(name, rows)| rows.iter().map(move |row| (name, row)))
        {
            text.push_str(&format!("{},{name},{}\n", row.epoch, row.mean_ms));
        }
        Ok(atomic_file::write(delays, text.as_bytes())?)
    }

    /// Reads both tables of a run.
    pub(crate) fn read(network: &Network, weights: &Path, delays: &Path) -> Result<Self> {
        let mut history = Self::new(network);
        history.weights.iter_mut().for_each(Vec::clear);
        history.sizes.iter_mut().for_each(Vec::clear);
        for (name, epoch, mut numbers) in rows(weights, &[OF_WEIGHTS, OF_WEIGHTS + OF_SIZES])? {
            let projection = history.projection(weights, &name)?;
            numbers.resize(OF_WEIGHTS + OF_SIZES, f64::NAN);
            let (weights, sizes) = numbers.split_at(OF_WEIGHTS);
            let (quantiles, traced) = weights.split_at(5);
            history.weights[projection].push(WeightSnapshot {
                epoch,
                quantiles: quantiles.try_into().expect("split at five"),
                traced: traced.iter().map(|&weight| weight as f32).collect(),
            });
            let quantiles = [&sizes[..5], &sizes[5..]];
            let quantiles = quantiles.map(|five| five.try_into().expect("split at five"));
            history.sizes[projection].push(SizeSnapshot { epoch, quantiles });
        }
        for (name, epoch, numbers) in rows(delays, &[1])? {
            let projection = history.projection(delays, &name)?;
            history.delays[projection].push(DelayChange { epoch, mean_ms: numbers[0] });
        }
        Ok(history)
    }

    fn projection(&self, path: &Path, name: &str) -> Result<usize> {
        let found = self.projections.iter().position(|projection| projection == name);
        found.ok_or_else(|| {
            Error::folder(path, format!("there is no projection {name} in this run's network"))
        })
    }
}

/// Delays of every projection in ms.
pub(crate) fn delays_ms(network: &Network) -> Vec<Vec<f32>> {
    let ms = |&steps: &f32| (f64::from(steps) * network.dt_ms) as f32;
    of_kind(network, Kind::Delay).map(|delays| delays.values.iter().map(ms).collect()).collect()
}

/// The weights of every projection.
pub(crate) fn weights(network: &Network) -> Vec<Vec<f32>> {
    of_kind(network, Kind::Weight).map(|weights| weights.values.to_vec()).collect()
}

/// The parameters of one kind, in the order of the network.
pub(crate) fn of_kind(network: &Network, kind: Kind) -> impl Iterator<Item = Parameter<'_>> {
    network.parameters().filter(move |parameter| parameter.id.kind == kind)
}

/// The followed synapses; a projection with fewer synapses repeats some. Along each dimension of
/// the weights they lie at equal distances: the presynaptic neurons are spread over those that
/// excite, which come first, and those that inhibit.
fn traced(weights: &Parameter) -> impl Iterator<Item = usize> {
    let shape = weights.shape;
    (0..TRACED).map(move |index| {
        let along = |length: usize| (2 * index + 1) * length / (2 * TRACED);
        shape.lengths().iter().fold(0, |entry, &length| entry * length + along(length))
    })
}

fn snapshot(epoch: usize, weights: &Parameter) -> (WeightSnapshot, SizeSnapshot) {
    let traced: Vec<usize> = traced(weights).collect();
    let (epoch, values) = (epoch as f64, weights.values);
    (WeightSnapshot::of(epoch, values, &traced), SizeSnapshot::of(epoch, values))
}

/// Rows of a table after its header: projection, epoch and numbers, as many as one of `counts`.
fn rows(path: &Path, counts: &[usize]) -> Result<Vec<(String, f64, Vec<f64>)>> {
    let text = text_file::read_text(path)?;
    let parse = |(line, row): (usize, &str)| {
        let mut cells = row.split(',');
        let epoch = cells.next().and_then(|cell| cell.parse().ok());
        let name = cells.next().map(str::to_owned);
        let numbers: Option<Vec<f64>> = cells.map(|cell| cell.parse().ok()).collect();
        match (name, epoch, numbers) {
            (Some(name), Some(epoch), Some(numbers)) if counts.contains(&numbers.len()) => {
                Ok((name, epoch, numbers))
            }
            _ => {
                let count = counts[counts.len() - 1];
                let expected = format!("expected an epoch, a projection and {count} numbers");
                Err(Error::folder(path, format!("line {}: {expected}", line + 1)))
            }
        }
    };
    text.lines().enumerate().skip(1).map(parse).collect()
}
