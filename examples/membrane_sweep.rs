//! Can a network without delays do what the default recipe does with them, whatever its membranes?
//!
//! `cargo run --release --example membrane_sweep [FILE.csv]` trains networks without delays over
//! membranes, resets, sizes and learning rates, each as long as the recipe, and the recipe itself.
//! Finished trainings are kept in the file (`membrane-sweep.csv`); the command goes on from there.
//! All accuracies are of the last epoch. Seed 0 alone chooses the five best without delays; seeds 1
//! to 3, which make samples of their own, compare these with the recipe. Expect about 20 %, which
//! is chance, against about 100 %.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use synfire::layered::LayeredEngine;
use synfire::neurons::{LeakyIntegrator, Model};
use synfire::plasticity::EpochTrainer;
use synfire::sim_core::{BatchNorm, Cells, Network, Population, Projection, Synapses};
use synfire::{Experiment, Override};

const MEMBRANES_MS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];
const RATES: [&str; 3] = ["3e-3", "1e-2", "3e-2"];
const RESETS: [&str; 2] = ["hard", "soft"];
const SEEDS: [u64; 3] = [1, 2, 3];

/// One training but for its seed.
#[derive(Clone)]
struct Trial {
    /// Its row in the file, without commas.
    name: String,
    /// What differs from the recipe.
    changes: Vec<String>,
    /// Membranes of each hidden population in ms, whose neurons they share equally; the recipe's
    /// where empty.
    hidden_ms: Vec<Vec<f64>>,
    /// Membrane of the readout in ms, where that of hidden neurons is given.
    readout_ms: f64,
}

impl Trial {
    fn recipe(name: &str, changes: &[&str]) -> Self {
        let changes = changes.iter().map(|&change| change.to_owned()).collect();
        Self { name: name.into(), changes, hidden_ms: Vec::new(), readout_ms: 0.0 }
    }

    /// Without delays: hidden populations of `size` neurons each.
    fn without(
        size: usize,
        hidden_ms: &[Vec<f64>],
        readout_ms: f64,
        reset: &str,
        rate: &str,
    ) -> Self {
        let sizes = vec![size; hidden_ms.len()];
        let membranes = |of: &Vec<f64>| match of[..] {
            [one] => format!("{one} ms"),
            _ => format!("{} to {} ms mixed", of[0], of[of.len() - 1]),
        };
        let layers: Vec<String> =
            hidden_ms.iter().map(|of| format!("{size} of {}", membranes(of))).collect();
        let (layers, changes) = (
            layers.join(" then "),
            vec![
                "network.delays=none".into(),
                format!("network.hidden={sizes:?}"),
                format!("network.neuron.reset={reset}"),
                format!("training.weights.schedule.peak={rate}"),
            ],
        );
        let name = format!("{layers}; readout {readout_ms} ms; {reset} reset; rate {rate}");
        Self { name, changes, hidden_ms: hidden_ms.to_vec(), readout_ms }
    }

    /// Five times the samples, and no fewer steps of training.
    fn with_more_samples(mut self) -> Self {
        self.name += "; 5000 samples a class";
        self.changes
            .extend(["data.source.samples_per_class=5000", "training.epochs=4"].map(str::to_owned));
        self
    }

    fn network(&self, experiment: &Experiment) -> synfire::Result<Network> {
        let (channels, classes) = experiment.data.shape().expect("made-up data");
        let mut network = experiment.build_network(channels, classes)?;
        if self.hidden_ms.is_empty() {
            return Ok(network);
        }
        let readout = LeakyIntegrator { tau_mem_ms: self.readout_ms, ..Default::default() };
        let last = network.output()?;
        network.populations[last].cells = Cells::Neurons(Arc::new(readout));
        for (index, membranes_ms) in self.hidden_ms.iter().enumerate() {
            network.populations[index + 1].cells = cells(experiment, membranes_ms[0]);
        }
        match &self.hidden_ms[..] {
            [mixed] if mixed.len() > 1 => Ok(side_by_side(experiment, &network, mixed)),
            _ => Ok(network),
        }
    }

    /// Validation accuracy after the last epoch.
    fn accuracy(&self, seed: u64) -> synfire::Result<f64> {
        let changes = self.changes.iter().map(|change| Override::parse(change));
        let changes = changes.collect::<synfire::Result<Vec<_>>>()?;
        let mut experiment = Experiment::recipe_with("quickstart", &changes)?;
        experiment.seed = seed;
        let (data, split) = experiment.data.load_split(experiment.seed())?;
        let network = self.network(&experiment)?;
        let engine = Box::new(LayeredEngine::new(&network)?);
        let settings = experiment.training.clone();
        let mut trainer = EpochTrainer::new(network, engine, settings, experiment.seed())?;
        let samples = &*data.dataset;
        for _ in 0..experiment.training.epochs {
            let mut watch = |_: &_| ControlFlow::Continue(());
            let _ = trainer.train_epoch(samples, &split.train, &mut watch)?;
        }
        trainer.recalibrate_norm(samples, &split.train)?;
        Ok(trainer.evaluate(samples, &split.validation)?.accuracy())
    }
}

/// The recipe's hidden neurons, with another membrane.
fn cells(experiment: &Experiment, tau_mem_ms: f64) -> Cells {
    match experiment.network.feed_forward().expect("the recipe is feed-forward").neuron {
        Model::Lif(lif) => Cells::Neurons(Arc::new(synfire::neurons::Lif { tau_mem_ms, ..lif })),
        _ => unreachable!("the recipe's hidden neurons are of the first kind"),
    }
}

/// The hidden population cut into as many as there are membranes.
fn side_by_side(experiment: &Experiment, whole: &Network, membranes_ms: &[f64]) -> Network {
    let size = whole.populations[1].size / membranes_ms.len();
    let output = membranes_ms.len() + 1;
    let mut network = Network::new(whole.dt_ms, vec![whole.populations[0].clone()], Vec::new());
    let [Synapses::Dense(to_hidden), Synapses::Dense(to_output)] =
        [0, 1].map(|index| &whole.projections[index].synapses)
    else {
        unreachable!("networks that train are dense");
    };
    for (part, &tau_mem_ms) in membranes_ms.iter().enumerate() {
        network.populations.push(Population {
            norm: Some(BatchNorm::new(size)),
            ..Population::new(
                format!("hidden of {tau_mem_ms} ms"),
                size,
                cells(experiment, tau_mem_ms),
            )
        });
        let neurons = part * size..(part + 1) * size;
        let mut into = to_hidden.clone();
        into.post = size;
        into.weight = to_hidden.weight[neurons.start * into.pre..neurons.end * into.pre].to_vec();
        into.delay = vec![0.0; into.weight.len()];
        let mut out = to_output.clone();
        out.pre = size;
        let rows = to_output.weight.chunks_exact(to_output.pre);
        out.weight = rows.flat_map(|row| row[neurons.clone()].to_vec()).collect();
        out.delay = vec![0.0; out.weight.len()];
        for (source, target, synapses) in [(0, part + 1, into), (part + 1, output, out)] {
            let synapses = Synapses::Dense(synapses);
            network.projections.push(Projection::new(source, target, synapses));
        }
    }
    network.populations.push(whole.populations[2].clone());
    network
}

/// All networks without delays. 192 hidden neurons have as many weights as the recipe's 96 have
/// weights and delays.
fn without_delays() -> Vec<Trial> {
    let mut trials = Vec::new();
    for reset in RESETS {
        for rate in RATES {
            for size in [96, 192] {
                for ms in MEMBRANES_MS {
                    trials.push(Trial::without(size, &[vec![ms]], ms, reset, rate));
                }
                trials.push(Trial::without(size, &[MEMBRANES_MS.to_vec()], 50.0, reset, rate));
            }
        }
        for (one, two, readout) in [
            (2.0, 2.0, 2.0),
            (20.0, 20.0, 20.0),
            (100.0, 100.0, 100.0),
            (2.0, 100.0, 20.0),
            (100.0, 2.0, 20.0),
        ] {
            let layers = [vec![one], vec![two]];
            trials.push(Trial::without(96, &layers, readout, reset, "1e-2"));
        }
        for ms in [5.0, 20.0, 100.0] {
            let trial = Trial::without(192, &[vec![ms]], ms, reset, "1e-2");
            trials.push(trial.with_more_samples());
        }
    }
    trials
}

/// Trainings that are finished, kept in a file.
struct Results<'a> {
    path: &'a Path,
    accuracy: BTreeMap<(String, u64), f64>,
}

impl<'a> Results<'a> {
    fn read(path: &'a Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let row = |line: &str| {
            let mut fields = line.split(',');
            let (name, seed) = (fields.next()?.to_owned(), fields.next()?.parse().ok()?);
            Some(((name, seed), fields.next()?.parse().ok()?))
        };
        Self { path, accuracy: text.lines().filter_map(row).collect() }
    }

    /// Trains unless that is done.
    fn accuracy(&mut self, trial: &Trial, seed: u64) -> synfire::Result<f64> {
        let key = (trial.name.clone(), seed);
        if let Some(&accuracy) = self.accuracy.get(&key) {
            return Ok(accuracy);
        }
        let accuracy = trial.accuracy(seed)?;
        eprintln!("{:5.1} %  seed {seed}  {}", 100.0 * accuracy, trial.name);
        self.accuracy.insert(key, accuracy);
        let mut text = "network,seed,last epoch accuracy\n".to_owned();
        for ((name, seed), accuracy) in &self.accuracy {
            text += &format!("{name},{seed},{accuracy}\n");
        }
        synfire::atomic_file::write(self.path, text.as_bytes())?;
        Ok(accuracy)
    }

    /// Prints a row of the seeds that chose nothing; the mean is returned.
    fn compare(&mut self, trial: &Trial) -> synfire::Result<f64> {
        let mut accuracies = Vec::new();
        for seed in SEEDS {
            accuracies.push(100.0 * self.accuracy(trial, seed)?);
        }
        let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        let list: Vec<String> = accuracies.iter().map(|one| format!("{one:.1}")).collect();
        println!("| {} | {} | {mean:.1} |", trial.name, list.join(", "));
        Ok(mean)
    }
}

fn main() -> synfire::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "membrane-sweep.csv".into());
    let mut results = Results::read(Path::new(&path));
    let mut trials = Vec::new();
    for trial in without_delays() {
        trials.push((results.accuracy(&trial, 0)?, trial));
    }
    trials.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (best, worst) = (trials[0].0, trials[trials.len() - 1].0);
    println!(
        "seed 0: {} networks without delays, {:.1} to {:.1} %\n",
        trials.len(),
        100.0 * worst,
        100.0 * best
    );
    println!("| last epoch, % | seeds 1, 2, 3 | mean |\n|---|---|---|");
    let mut without = 0.0f64;
    for (_, trial) in &trials[..5] {
        without = without.max(results.compare(trial)?);
    }
    results.compare(&Trial::recipe("fixed random delays", &["network.delays=fixed_random"]))?;
    let learned = results.compare(&Trial::recipe("the recipe: learned delays", &[]))?;
    println!("\nlearned delays are {:.1} points above the best without", learned - without);
    Ok(())
}
