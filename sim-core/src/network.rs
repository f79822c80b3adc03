//! Description of a network: populations and projections, without state.

use crate::error::{Error, Result, plain};
use crate::learning_rule::LearningRule;
use crate::polarity::Polarity;
use crate::population::{Cells, Population};
use crate::roles::Roles;
use crate::synapses::{Synapse, Synapses};
use std::collections::HashSet;
use std::sync::Arc;

/// A network on a grid of `dt_ms` milliseconds. Populations are referred to by their index.
#[derive(Debug, Clone)]
pub struct Network {
    /// Length of a time step in milliseconds; delays are counted in steps of it.
    pub dt_ms: f64,
    /// The populations.
    pub populations: Vec<Population>,
    /// The projections between them.
    pub projections: Vec<Projection>,
    /// The population that samples enter, and the one that is read.
    pub roles: Roles,
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
    /// The sign that the weights of each presynaptic neuron keep, `[pre]`; none where they may have
    /// any.
    pub polarity: Option<Vec<Polarity>>,
    /// The rule by which the synapses learn while the network runs in the clock engine; `None`
    /// where they stay as they are.
    pub rule: Option<Arc<dyn LearningRule>>,
}

impl Projection {
    /// A projection that ends in the first port of the postsynaptic neurons.
    pub fn new(source: usize, target: usize, synapses: Synapses) -> Self {
        Self { source, target, port: 0, synapses, polarity: None, rule: None }
    }

    /// The same projection, ending in another port.
    pub fn to_port(self, port: usize) -> Self {
        Self { port, ..self }
    }

    /// The same projection, whose weights keep the sign of each presynaptic neuron.
    pub fn with_polarity(self, polarity: Vec<Polarity>) -> Self {
        Self { polarity: Some(polarity), ..self }
    }

    /// The same projection, whose synapses learn by a rule while the network runs.
    pub fn learning_by(self, rule: impl LearningRule + 'static) -> Self {
        Self { rule: Some(Arc::new(rule)), ..self }
    }
}

impl Network {
    /// A network of these populations and projections, whose roles are left open.
    pub fn new(dt_ms: f64, populations: Vec<Population>, projections: Vec<Projection>) -> Self {
        Self { dt_ms, populations, projections, roles: Roles::default() }
    }

    /// The same network with roles.
    pub fn with_roles(self, roles: Roles) -> Self {
        Self { roles, ..self }
    }

    /// The source whose spikes a sample gives: the source that has this role, or the only source.
    ///
    /// # Errors
    /// [`Error::Network`] where there is no such population.
    pub fn input(&self) -> Result<usize> {
        let is_source = |p: &usize| matches!(self.populations[*p].cells, Cells::Source);
        let sources: Vec<usize> = (0..self.populations.len()).filter(is_source).collect();
        match (self.roles.input, &sources[..]) {
            (Some(input), _) | (None, &[input]) => Ok(input),
            (None, several) => {
                Err(self.ambiguous("has no input: samples enter one source", several))
            }
        }
    }

    /// The population that is read: the population that has this role, or the only population of
    /// neurons that no projection leaves.
    ///
    /// # Errors
    /// [`Error::Network`] where there is no such population.
    pub fn output(&self) -> Result<usize> {
        let leads_nowhere = |p: &usize| {
            !matches!(self.populations[*p].cells, Cells::Source)
                && self.projections.iter().all(|projection| projection.source != *p)
        };
        let ends: Vec<usize> = (0..self.populations.len()).filter(leads_nowhere).collect();
        match (self.roles.output, &ends[..]) {
            (Some(output), _) | (None, &[output]) => Ok(output),
            (None, several) => Err(self.ambiguous(
                "has no output: one population is read, which no projection leaves or \
                            which is said to be it",
                several,
            )),
        }
    }

    /// The error that no population, or several populations, could have a role.
    fn ambiguous(&self, problem: &str, populations: &[usize]) -> Error {
        let names: Vec<&str> =
            populations.iter().map(|&p| self.populations[p].name.as_str()).collect();
        let found = match names.len() {
            0 => "there is none".to_owned(),
            several => format!("there are {several}, {}", names.join(", ")),
        };
        Error::Network(format!("the network {problem}, but {found}"))
    }

    /// Checks names, sizes, roles, indices, array lengths, ranges and signs.
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
        self.check_roles()?;
        for projection in &self.projections {
            self.check_projection(projection)?;
        }
        self.check_polarity()?;
        let mut names = HashSet::new();
        for name in (0..self.projections.len()).map(|index| self.projection_name(index)) {
            if let Some(name) = names.replace(name) {
                return Err(Error::Network(format!("two projections are called {name}")));
            }
        }
        self.tensors().try_for_each(|tensor| tensor.check(&self.parameter_name(tensor.id)))
    }

    fn check_roles(&self) -> Result<()> {
        for (role, population, takes) in [
            ("input", self.roles.input, "a source"),
            ("output", self.roles.output, "a population of neurons"),
        ] {
            let Some(index) = population else { continue };
            let Some(population) = self.populations.get(index) else {
                let problem = format!(
                    "the {role} is population {index}, but there are {}",
                    self.populations.len()
                );
                return Err(Error::Network(problem));
            };
            if matches!(population.cells, Cells::Source) != (role == "input") {
                let name = &population.name;
                return Err(Error::Network(format!("the {role} is {name}, but must be {takes}")));
            }
        }
        Ok(())
    }

    /// Checks that a neuron has one sign in all projections that leave it.
    fn check_polarity(&self) -> Result<()> {
        for (index, later) in self.projections.iter().enumerate() {
            let of_same = |other: &usize| self.projections[*other].source == later.source;
            for earlier in (0..index).filter(of_same) {
                let signs = (&self.projections[earlier].polarity, &later.polarity);
                let (Some(earlier_signs), Some(later_signs)) = signs else { continue };
                let mut both = earlier_signs.iter().zip(later_signs);
                if let Some(neuron) = both.position(|(one, other)| one != other) {
                    return Err(Error::Network(format!(
                        "neuron {neuron} of {} is {} in projection {} and {} in projection {}",
                        self.populations[later.source].name,
                        earlier_signs[neuron].word(),
                        self.projection_name(earlier),
                        later_signs[neuron].word(),
                        self.projection_name(index)
                    )));
                }
            }
        }
        Ok(())
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
        if let Some(polarity) = &projection.polarity {
            let signs = format!("{name}: polarity");
            Error::check_length(&signs, polarity.len(), source.size)?;
        }
        let ports = target.ports();
        if projection.port >= ports.len() {
            return Err(Error::out_of_range(
                format!("{name}: port"),
                projection.port,
                format!("below {}: the ports are {}", ports.len(), ports.join(", ")),
            ));
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
                )?;
                let (shortest, longest) = (dense.min_delay_steps, dense.max_delay_steps);
                let allowed = format!("at most {longest}, the largest");
                let smallest = format!("{name}: smallest delay in steps");
                Error::check(&smallest, shortest as f64, shortest <= longest, &allowed)
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
                    if let Some(polarity) = &projection.polarity {
                        let sign = polarity[synapse.pre as usize];
                        check_sign(synapse, sign, &source.name)
                            .map_err(|allowed| outside("weight", plain(synapse.weight), allowed))?;
                    }
                }
                Ok(())
            }
        }
    }

    /// The populations that fire and hand their spikes on: projections reach and leave them, and
    /// they are not the output.
    pub fn hidden(&self) -> impl Iterator<Item = usize> {
        let is_source = |p: usize| self.projections.iter().any(|from| from.source == p);
        let is_target = |p: usize| self.projections.iter().any(|to| to.target == p);
        let is_output = |p: usize| self.roles.output == Some(p);
        (0..self.populations.len()).filter(move |&p| is_source(p) && is_target(p) && !is_output(p))
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

/// Checks that a weight has the sign of its presynaptic neuron, one of `source`; otherwise what is
/// allowed.
fn check_sign(
    synapse: &Synapse,
    polarity: Polarity,
    source: &str,
) -> std::result::Result<(), String> {
    let (is_allowed, allowed) = match polarity {
        Polarity::Excitatory => (synapse.weight >= 0.0, "at least 0"),
        Polarity::Inhibitory => (synapse.weight <= 0.0, "at most 0"),
    };
    let (neuron, word) = (synapse.pre, polarity.word());
    is_allowed
        .then_some(())
        .ok_or_else(|| format!("{allowed}, since neuron {neuron} of {source} is {word}"))
}

#[cfg(test)]
mod tests;
