//! Description of a network: populations and projections, without state.

use crate::error::{Error, Result};
use crate::population::{Cells, Population};
use crate::synapses::Synapses;
use std::collections::HashSet;

/// A network on a grid of `dt_ms` milliseconds. Populations are referred to by their index.
#[derive(Debug, Clone)]
pub struct Network {
    /// Length of a time step in milliseconds; delays are counted in steps of it.
    pub dt_ms: f64,
    /// The populations.
    pub populations: Vec<Population>,
    /// The projections between them.
    pub projections: Vec<Projection>,
}

/// Synapses from one population to another.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Index of the presynaptic population.
    pub source: usize,
    /// Index of the postsynaptic population.
    pub target: usize,
    /// Index of the port of the postsynaptic neurons in which it ends; 0 is the only one of most
    /// models.
    pub port: usize,
    /// The synapses.
    pub synapses: Synapses,
}

impl Projection {
    /// A projection that ends in the first port of the postsynaptic neurons.
    pub fn new(source: usize, target: usize, synapses: Synapses) -> Self {
        Self { source, target, port: 0, synapses }
    }

    /// The same projection, ending in another port.
    pub fn to_port(self, port: usize) -> Self {
        Self { port, ..self }
    }
}

impl Network {
    /// A network of these populations and projections.
    pub fn new(dt_ms: f64, populations: Vec<Population>, projections: Vec<Projection>) -> Self {
        Self { dt_ms, populations, projections }
    }

    /// Checks names, sizes, indices, array lengths and ranges.
    ///
    /// # Errors
    /// The first thing that does not fit, by name.
    pub fn check(&self) -> Result<()> {
        Error::check("Network::dt_ms", self.dt_ms, self.dt_ms > 0.0, "above 0")?;
        for (index, population) in self.populations.iter().enumerate() {
            let name = &population.name;
            if self.populations[..index].iter().any(|other| other.name == *name) {
                return Err(Error::Network(format!("two populations are called {name}")));
            }
            if population.size == 0 {
                return Err(Error::out_of_range(
                    format!("size of population {name}"),
                    0,
                    "at least 1",
                ));
            }
        }
        for projection in &self.projections {
            self.check_projection(projection)?;
        }
        let mut names = HashSet::new();
        for name in (0..self.projections.len()).map(|index| self.projection_name(index)) {
            if let Some(name) = names.replace(name) {
                return Err(Error::Network(format!("two projections are called {name}")));
            }
        }
        self.tensors().try_for_each(|tensor| tensor.check(&self.parameter_name(tensor.id)))
    }

    fn check_projection(&self, projection: &Projection) -> Result<()> {
        let (Some(source), Some(target)) =
            (self.populations.get(projection.source), self.populations.get(projection.target))
        else {
            return Err(Error::Network(format!(
                "a projection joins populations {} and {}, but there are {}",
                projection.source,
                projection.target,
                self.populations.len()
            )));
        };
        let name = format!("projection {} -> {}", source.name, target.name);
        if matches!(target.cells, Cells::Source) {
            return Err(Error::Network(format!("{name}: a source takes no input")));
        }
        match &projection.synapses {
            Synapses::Dense(dense) => {
                Error::check_length(&format!("{name}: presynaptic side"), dense.pre, source.size)?;
                Error::check_length(
                    &format!("{name}: postsynaptic side"),
                    dense.post,
                    target.size,
                )?;
                let elements = format!("{name}: kernel elements per pair of neurons");
                Error::check(
                    &elements,
                    dense.elements_per_pair as f64,
                    dense.elements_per_pair > 0,
                    "at least 1",
                )
            }
            Synapses::Sparse(synapses) => {
                for (index, synapse) in synapses.iter().enumerate() {
                    let outside = |what: &str, value: String, allowed: String| {
                        Error::out_of_range(
                            format!("{name}: {what} of synapse {index}"),
                            value,
                            allowed,
                        )
                    };
                    if synapse.pre as usize >= source.size {
                        return Err(outside(
                            "pre",
                            synapse.pre.to_string(),
                            format!("below {}", source.size),
                        ));
                    }
                    if synapse.post as usize >= target.size {
                        return Err(outside(
                            "post",
                            synapse.post.to_string(),
                            format!("below {}", target.size),
                        ));
                    }
                    if !synapse.weight.is_finite() {
                        return Err(outside(
                            "weight",
                            synapse.weight.to_string(),
                            "a finite number".into(),
                        ));
                    }
                }
                Ok(())
            }
        }
    }

    /// The populations that no projection leaves: what a loss may read.
    pub fn outputs(&self) -> impl Iterator<Item = usize> {
        let is_source = |p: usize| self.projections.iter().any(|from| from.source == p);
        (0..self.populations.len()).filter(move |&p| !is_source(p))
    }

    /// The populations that projections reach and leave: those that fire and hand their spikes on.
    pub fn hidden(&self) -> impl Iterator<Item = usize> {
        let is_source = |p: usize| self.projections.iter().any(|from| from.source == p);
        let is_target = |p: usize| self.projections.iter().any(|to| to.target == p);
        (0..self.populations.len()).filter(move |&p| is_source(p) && is_target(p))
    }

    /// Name of a projection: `source->target`, and `source->target#2` of the second between the
    /// same populations.
    pub fn projection_name(&self, projection: usize) -> String {
        let Projection { source, target, .. } = self.projections[projection];
        let same = |other: &&Projection| (other.source, other.target) == (source, target);
        let number = self.projections[..projection].iter().filter(same).count() + 1;
        let [source, target] = [source, target].map(|p| &self.populations[p].name);
        if number == 1 {
            format!("{source}->{target}")
        } else {
            format!("{source}->{target}#{number}")
        }
    }
}
