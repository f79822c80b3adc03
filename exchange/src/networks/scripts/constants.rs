//! The factors per step of every neuron, in the terms of [`Dynamics`].

use crate::error::Result;
use crate::networks::deployed::DeployedPopulation;
use sim_core::{Decay, Dynamics, Membrane, PortDynamics, whole_steps};

/// Columns of the constants of a population, one entry per neuron; what a neuron lacks is 0, and
/// the threshold of one that does not fire is infinite.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct NeuronConstants {
    /// What is left of the potential after a step.
    pub beta: Vec<f64>,
    /// What an input of 1 adds to the potential by way of a delta port.
    pub gain: Vec<f64>,
    /// Potential at which the neuron fires.
    pub threshold: Vec<f64>,
    /// Steps for which it does not fire after a spike.
    pub refractory_steps: Vec<u32>,
    /// What is left of the adaptation after a step.
    pub rho: Vec<f64>,
    /// By how much a spike raises the threshold.
    pub strength: Vec<f64>,
    /// What is left of the current of each port after a step, `[port][neuron]`; 0 of delta ports.
    pub alpha: Vec<f64>,
    /// What a current of 1 before a step adds to the potential in it, `[port][neuron]`; 0 of delta
    /// ports.
    pub couple: Vec<f64>,
}

impl NeuronConstants {
    /// The constants of the neurons of a population with steps of `dt_ms`; none of a source.
    ///
    /// # Errors
    /// [`sim_core::Error`] for a time constant or refractory time that does not fit the step.
    pub fn of(population: &DeployedPopulation, dt_ms: f64) -> Result<Self> {
        let mut constants = Self::default();
        let Some(neurons) = &population.neurons else { return Ok(constants) };
        let ports = neurons.ports();
        constants.alpha = vec![0.0; ports * population.size];
        constants.couple = constants.alpha.clone();
        for n in 0..population.size {
            constants.push(n, population, neurons.of(n), dt_ms)?;
        }
        Ok(constants)
    }

    fn push(
        &mut self,
        n: usize,
        population: &DeployedPopulation,
        Dynamics { membrane, ports, firing }: &Dynamics,
        dt_ms: f64,
    ) -> Result<()> {
        let named = |what: &str| format!("{what} of population {}", population.name);
        let &Membrane { tau_ms, decay, input_scaling } = membrane;
        let beta = decay.per_step(&named("the membrane time constant"), tau_ms, dt_ms)?;
        self.beta.push(beta);
        self.gain.push(if input_scaling { 1.0 - beta } else { 1.0 });
        for (port, dynamics) in ports.iter().enumerate() {
            let PortDynamics::Exponential { tau_ms, decay } = *dynamics else { continue };
            let place = port * population.size + n;
            let name = named("a current's time constant");
            self.alpha[place] = decay.per_step(&name, tau_ms, dt_ms)?;
            self.couple[place] = coupling(membrane, tau_ms, dt_ms);
        }
        self.threshold.push(firing.map_or(f64::INFINITY, |firing| firing.threshold));
        let refractory_ms = firing.map_or(0.0, |firing| firing.refractory_ms);
        self.refractory_steps.push(whole_steps(
            named("the refractory time"),
            refractory_ms,
            dt_ms,
        )?);
        let adaptation = firing.and_then(|firing| firing.adaptation);
        let name = named("the time constant of the adaptation");
        let rho = adaptation.map(|own| own.decay.per_step(&name, own.tau_ms, dt_ms)).transpose()?;
        self.rho.push(rho.unwrap_or(0.0));
        self.strength.push(adaptation.map_or(0.0, |adaptation| adaptation.strength));
        Ok(())
    }
}

/// What a current of 1 before a step adds to the potential in it.
fn coupling(membrane: &Membrane, tau_current: f64, dt_ms: f64) -> f64 {
    let Membrane { tau_ms, decay, input_scaling } = *membrane;
    let capacity = if input_scaling { tau_ms } else { dt_ms };
    match decay {
        Decay::Euler => dt_ms / capacity,
        Decay::Exact => {
            // The slower of the two goes in front: no factor can overflow.
            let apart = -(dt_ms / tau_ms - dt_ms / tau_current).abs();
            let mean_growth = if apart == 0.0 { 1.0 } else { apart.exp_m1() / apart };
            decay.factor(tau_ms.max(tau_current), dt_ms) * dt_ms * mean_growth / capacity
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::deployed::DeployedNetwork;
    use neurons::{AdaptiveLif, CurrentLif, LeakyIntegrator, Lif};
    use sim_core::{Network, NeuronModel, Population};

    /// The constants of one neuron, and those of the model's engine.
    fn both(model: impl NeuronModel + 'static, learned: &[f64]) -> (NeuronConstants, Vec<f64>) {
        let neuron = model.build(0.5).expect("sound parameters");
        let network = Network::new(0.5, vec![Population::neurons("cells", 1, model)], vec![]);
        let deployed = DeployedNetwork::of(&network).expect("it has words");
        let constants = NeuronConstants::of(&deployed.populations[0], 0.5).expect("sound");
        (constants, neuron.constants(learned))
    }

    fn near(ours: &[f64], theirs: &[f64]) {
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() <= 4e-16 * theirs.abs(), "{ours} {theirs}");
        }
    }

    #[test]
    fn constants_are_those_of_the_engine() {
        for decay in [Decay::Exact, Decay::Euler] {
            for input_scaling in [false, true] {
                let model = Lif { tau_mem_ms: 3.0, decay, input_scaling, ..Lif::default() };
                let (own, engine) = both(model, &[3.0, 1.0]);
                near(&[own.beta[0], own.gain[0], own.threshold[0]], &engine);

                let model = LeakyIntegrator { tau_mem_ms: 3.0, decay, input_scaling };
                let (own, engine) = both(model, &[3.0]);
                near(&[own.beta[0], own.gain[0]], &engine);
                assert_eq!(own.threshold[0], f64::INFINITY);

                let model = AdaptiveLif {
                    tau_mem_ms: 3.0,
                    decay,
                    input_scaling,
                    refractory_ms: 1.5,
                    ..AdaptiveLif::default()
                };
                let (own, engine) = both(model, &[3.0, 1.0, 200.0, 1.8]);
                let columns = [&own.beta, &own.gain, &own.threshold, &own.rho, &own.strength];
                near(&columns.map(|column| column[0]), &engine);
                assert_eq!(own.refractory_steps, [3]);

                for tau_inhibitory_ms in [0.6, 3.0, 3.000_001, 40.0] {
                    let model = CurrentLif {
                        tau_mem_ms: 3.0,
                        tau_excitatory_ms: 7.0,
                        tau_inhibitory_ms,
                        decay,
                        input_scaling,
                        ..CurrentLif::default()
                    };
                    let (own, engine) = both(model, &[3.0, 7.0, tau_inhibitory_ms, 1.0]);
                    let ports = [own.alpha, own.couple].concat();
                    near(&[own.beta, ports, own.threshold].concat(), &engine);
                }
            }
        }
    }
}
