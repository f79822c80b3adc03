//! Which networks the gradient engine can train, and why not another: told from the description
//! alone, before samples are read.

use crate::error::{Error, Result};
use crate::network::description::{CellsPart, Description, Start};
use sim_core::NeuronModel;

impl Description<'_> {
    /// Checks that the layered engine trains such a network on a grid of `dt_ms`: feed-forward, of
    /// dense projections, with the samples as its only source and one output behind everything.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the first population or projection that does not fit, and what
    /// can be done with the network instead.
    pub(crate) fn check_trainable(&self, dt_ms: f64) -> Result<()> {
        let Some(problem) = self.obstacle(dt_ms)? else { return Ok(()) };
        let problem = format!(
            "this network cannot be trained: {problem}; synfire simulate FILE.toml runs it as it is \
             described"
        );
        Err(Error::Setting { field: None, problem })
    }

    /// The first thing that keeps the layered engine from training such a network.
    fn obstacle(&self, dt_ms: f64) -> Result<Option<String>> {
        for population in &self.populations {
            if matches!(population.cells, CellsPart::Spikes(_) | CellsPart::Poisson(_)) {
                return Ok(Some(format!(
                    "population {} brings spikes of its own, and training knows one source, the \
                     samples",
                    population.name
                )));
            }
        }
        for (index, projection) in self.projections.iter().enumerate() {
            if projection.rule.is_some() {
                let name = self.projection_name(index);
                return Ok(Some(format!("{name} learns by a rule of its own while it runs")));
            }
            let what = match &projection.start {
                Start::Dense(_) if self.closes_loop(index) => {
                    "closes a loop, and training runs through feed-forward networks"
                }
                Start::Dense(_) => continue,
                Start::Given(_) | Start::Random(_) => {
                    "has single synapses, and training needs dense ones (dense = {})"
                }
            };
            return Ok(Some(format!("{} {what}", self.projection_name(index))));
        }
        for (index, population) in self.populations.iter().enumerate() {
            let CellsPart::Neurons(model) = &population.cells else { continue };
            let is_reached = self.projections.iter().any(|part| part.target == index);
            let is_left = self.projections.iter().any(|part| part.source == index);
            let is_output = self.output == Some(index);
            let problem = if !is_reached {
                "has no input: no projection ends there".to_owned()
            } else if is_output && is_left {
                "is the output, and training needs one that no projection leaves".to_owned()
            } else if !is_output && !is_left {
                let output = self.output.map_or("none", |output| &*self.populations[output].name);
                format!("leads nowhere, so nothing can teach it: the output is {output}")
            } else if !is_output && !model.build(dt_ms)?.fires() {
                "never fires, so nothing can follow it".to_owned()
            } else {
                continue;
            };
            return Ok(Some(format!("population {} {problem}", population.name)));
        }
        Ok(None)
    }
}
