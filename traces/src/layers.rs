//! The shape of a network that the engine can step, and the constants of its neurons.

use crate::method::TraceMethod;
use sim_core::{
    Cells, DenseSynapses, Error, Network, Neuron, NeuronModel, Population, PortDynamics,
    Projection, Reset, Result, Synapses,
};

/// Populations and projections of a network, by their indices.
#[derive(Debug)]
pub(crate) struct Layers {
    /// Neurons by population.
    pub sizes: Vec<usize>,
    /// The population whose spikes are given.
    pub input: usize,
    /// The population that the loss reads.
    pub output: usize,
    /// All populations but the input, each after its sources.
    pub order: Vec<usize>,
    /// `(source, target)` by projection.
    pub ends: Vec<(usize, usize)>,
    /// By population; none for the source.
    pub members: Vec<Option<Members>>,
}

/// The neurons of a population: `V[t] = beta U[t-1] + gain I[t]`, and a spike subtracts the
/// threshold.
#[derive(Debug)]
pub(crate) struct Members {
    pub neuron: Box<dyn Neuron>,
    pub beta: f64,
    pub gain: f64,
    /// None for a readout.
    pub threshold: Option<f64>,
}

impl Layers {
    /// Checks that `network` is what the method knows how to train.
    ///
    /// # Errors
    /// A sentence that names what does not fit.
    pub(crate) fn new(network: &Network, method: TraceMethod) -> Result<Self> {
        network.check()?;
        let refuse = |problem: String| Err(Error::Network(format!("gradient {method}: {problem}")));
        for (index, projection) in network.projections.iter().enumerate() {
            if let Err(problem) = check_projection(projection) {
                return refuse(format!("{} {problem}", network.projection_name(index)));
            }
        }
        let (input, output) = (network.input()?, network.output()?);
        let mut members = Vec::new();
        for (p, population) in network.populations.iter().enumerate() {
            let built = match &population.cells {
                Cells::Source if p == input => Ok(None),
                Cells::Source => Err("is a second source of spikes".into()),
                Cells::Neurons(model) => {
                    build(population, &**model, network.dt_ms, p == output)?.map(Some)
                }
            };
            match built {
                Ok(built) => members.push(built),
                Err(problem) => {
                    return refuse(format!("population {} {problem}", population.name));
                }
            }
        }
        let ends: Vec<_> = ends(network).collect();
        if ends.iter().any(|&(source, _)| source == output) {
            let name = &network.populations[output].name;
            return refuse(format!("projections leave the output, population {name}"));
        }
        let Some(order) = order(network.populations.len(), &ends, input) else {
            return refuse("a population is not reached from the input, or is in a loop".into());
        };
        Ok(Self { sizes: sizes(network).collect(), input, output, order, ends, members })
    }

    /// Checks that `network` has the shape that these were made from. Neuron models are not
    /// compared: the engine uses the models that it was built with.
    ///
    /// # Errors
    /// [`Error::Network`] otherwise.
    pub(crate) fn check(&self, network: &Network) -> Result<()> {
        let dense = |projection: &Projection| matches!(projection.synapses, Synapses::Dense(_));
        let same = sizes(network).eq(self.sizes.iter().copied())
            && ends(network).eq(self.ends.iter().copied())
            && network.projections.iter().all(dense);
        let problem = "the engine was built for a network of other populations or projections";
        if same { Ok(()) } else { Err(Error::Network(problem.into())) }
    }

    /// The projections that end at population `p`, ascending.
    pub(crate) fn ending_at(&self, p: usize) -> impl Iterator<Item = usize> + Clone {
        (0..self.ends.len()).filter(move |&projection| self.ends[projection].1 == p)
    }

    /// The neurons of a population.
    pub(crate) fn members(&self, p: usize) -> &Members {
        self.members[p].as_ref().expect("the source has no neurons")
    }
}

/// The synapses of a projection.
pub(crate) fn dense(network: &Network, projection: usize) -> &DenseSynapses {
    match &network.projections[projection].synapses {
        Synapses::Dense(dense) => dense,
        Synapses::Sparse(_) => unreachable!("the engine was built for dense projections"),
    }
}

/// What is wrong with a projection, as the end of a sentence.
fn check_projection(projection: &Projection) -> std::result::Result<(), String> {
    let Synapses::Dense(dense) = &projection.synapses else {
        return Err("has single synapses, but dense ones are needed".into());
    };
    if projection.rule.is_some() {
        return Err("learns while the network runs, but not by gradients".into());
    }
    if dense.max_delay_steps > 0 {
        return Err(format!(
            "has delays of up to {} steps, but traces know none; gradients of networks with delays \
             are those of bptt",
            dense.max_delay_steps
        ));
    }
    if dense.elements_per_pair != 1 {
        let elements = dense.elements_per_pair;
        return Err(format!("has {elements} kernel elements per pair, but one is needed"));
    }
    Ok(())
}

/// The neurons of a population; inside, what is wrong with them, as the end of a sentence.
///
/// # Errors
/// What the model refuses.
fn build(
    population: &Population,
    model: &dyn NeuronModel,
    dt_ms: f64,
    is_output: bool,
) -> Result<std::result::Result<Members, String>> {
    let neuron = model.build(dt_ms)?;
    let refuse = |problem: &str| Ok(Err(problem.to_owned()));
    if population.norm.is_some() {
        return refuse("has a batch norm, which needs all steps at once");
    }
    if !population.learned.is_empty() {
        return refuse("learns parameters of its neurons, whose gradient is that of bptt only");
    }
    let Some(dynamics) = model.dynamics() else {
        return refuse("has neurons of a model that does not tell its dynamics");
    };
    if dynamics.ports != [PortDynamics::Delta] {
        return refuse(
            "has neurons with currents or ports of their own, but traces know one input",
        );
    }
    let membrane = dynamics.membrane;
    let beta = membrane.decay.per_step("tau_mem_ms", membrane.tau_ms, dt_ms)?;
    let gain = if membrane.input_scaling { 1.0 - beta } else { 1.0 };
    let Some(firing) = dynamics.firing else {
        return match is_output {
            true => Ok(Ok(Members { neuron, beta, gain, threshold: None })),
            false => refuse("never fires, so nothing can follow it"),
        };
    };
    if is_output {
        return refuse("fires, but the output must be a readout of potentials");
    }
    if firing.adaptation.is_some() {
        return refuse("has adaptive thresholds, which traces do not know");
    }
    if firing.refractory_ms > 0.0 {
        return refuse("has a refractory time, which traces do not know");
    }
    if firing.reset != Reset::Soft {
        return refuse("has a hard reset, but traces need one that subtracts the threshold (soft)");
    }
    Ok(Ok(Members { neuron, beta, gain, threshold: Some(firing.threshold) }))
}

fn sizes(network: &Network) -> impl Iterator<Item = usize> {
    network.populations.iter().map(|population| population.size)
}

fn ends(network: &Network) -> impl Iterator<Item = (usize, usize)> {
    network.projections.iter().map(|projection| (projection.source, projection.target))
}

/// Populations other than `input`, each after its sources, of which it has at least one; `None` if
/// there is no such order.
fn order(populations: usize, ends: &[(usize, usize)], input: usize) -> Option<Vec<usize>> {
    let mut order = vec![input];
    while order.len() < populations {
        let ready = |p: &usize| {
            let mut sources = ends.iter().filter(|end| end.1 == *p).map(|end| end.0).peekable();
            !order.contains(p)
                && sources.peek().is_some()
                && sources.all(|source| order.contains(&source))
        };
        order.push((0..populations).find(ready)?);
    }
    order.remove(0);
    Some(order)
}
