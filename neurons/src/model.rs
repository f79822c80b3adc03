//! Any neuron model, as a configuration file names it.

use crate::adaptive_lif::AdaptiveLif;
use crate::current_lif::CurrentLif;
use crate::leaky_integrator::LeakyIntegrator;
use crate::lif::Lif;
use crate::linear_rate::LinearRate;
use serde::{Deserialize, Serialize};
use sim_core::{Dynamics, ModelDescription, Neuron, NeuronModel, Result};

/// A neuron model told apart by the key `model`: `model = "lif"` next to the fields of [`Lif`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Model {
    /// Leaky integrate-and-fire.
    Lif(Lif),
    /// Leaky integrate-and-fire with a threshold that every spike raises.
    AdaptiveLif(AdaptiveLif),
    /// Leaky integrate-and-fire, driven by an excitatory and an inhibitory synaptic current.
    CurrentLif(CurrentLif),
    /// Readout without threshold.
    LeakyIntegrator(LeakyIntegrator),
    /// Sends its summed input on as graded spikes of either sign, all of it or in levels; runs in
    /// the clock engine only.
    LinearRate(LinearRate),
}

impl Model {
    fn model(&self) -> &dyn NeuronModel {
        match self {
            Self::Lif(model) => model,
            Self::AdaptiveLif(model) => model,
            Self::CurrentLif(model) => model,
            Self::LeakyIntegrator(model) => model,
            Self::LinearRate(model) => model,
        }
    }
}

impl NeuronModel for Model {
    fn describe(&self) -> ModelDescription {
        self.model().describe()
    }

    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>> {
        self.model().build(dt_ms)
    }

    fn dynamics(&self) -> Option<Dynamics> {
        self.model().dynamics()
    }

    fn ports(&self) -> &'static [&'static str] {
        self.model().ports()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surrogate::Surrogate;
    use sim_core::{Decay, Reset};

    #[test]
    fn every_model_says_what_it_computes_as_it_runs() {
        for model in [
            Model::Lif(Lif::default()),
            Model::AdaptiveLif(AdaptiveLif::default()),
            Model::CurrentLif(CurrentLif::default()),
            Model::LeakyIntegrator(LeakyIntegrator::default()),
        ] {
            let (dynamics, neuron) = (model.dynamics().unwrap(), model.build(1.0).unwrap());
            assert_eq!(dynamics.ports.len(), model.ports().len(), "{model:?}");
            assert_eq!(neuron.ports(), model.ports().len(), "{model:?}");
            assert_eq!(dynamics.firing.is_some(), neuron.fires(), "{model:?}");
            assert_eq!(neuron.variables()[0], sim_core::Variable::POTENTIAL);
            // What can be learned is a key of the model, with the model's own value.
            let keys = model.describe().parameters;
            for learnable in neuron.learnable() {
                let value: f64 = keys[learnable.name].parse().unwrap();
                assert_eq!(value, learnable.initial, "{model:?}, {}", learnable.name);
            }
        }
    }

    #[test]
    fn the_types_have_no_word_for_graded_spikes() {
        let model = toml::from_str::<Model>("model = 'linear_rate'\nlevels = 40").unwrap();
        let quantised = LinearRate { levels: 40, ..LinearRate::default() };
        assert_eq!(model, Model::LinearRate(quantised));
        assert!(model.dynamics().is_none() && model.build(1.0).unwrap().is_graded());
    }

    #[test]
    fn a_configuration_survives_a_round_trip() {
        let model = Model::Lif(Lif {
            tau_mem_ms: 10.05,
            decay: Decay::Euler,
            surrogate: Surrogate::Triangle { half_width: 0.5, peak: 1.0 },
            ..Lif::default()
        });
        let text = toml::to_string(&model).unwrap();
        assert_eq!(toml::from_str::<Model>(&text).unwrap(), model, "{text}");
    }

    #[test]
    fn a_description_names_model_and_parameters_as_configuration_files_do() {
        let model = Model::Lif(Lif { reset: Reset::Soft, ..Lif::default() });
        let described = model.describe();
        let text = toml::to_string(&model).unwrap();
        assert!(text.contains(&format!("model = \"{}\"", described.name)), "{text}");
        assert_eq!(
            (described.parameters["reset"].as_str(), described.defaults["reset"].as_str()),
            ("soft", "hard")
        );
        assert_eq!(described.parameters["surrogate.slope"], "atan");
        assert_eq!(
            Model::LeakyIntegrator(LeakyIntegrator::default()).describe().name,
            "leaky_integrator"
        );
    }

    #[test]
    fn what_is_left_out_takes_its_default_and_unknown_keys_are_refused() {
        assert_eq!(toml::from_str::<Model>("model = 'lif'").unwrap(), Model::Lif(Lif::default()));
        let readout = Model::LeakyIntegrator(LeakyIntegrator {
            tau_mem_ms: 5.0,
            ..LeakyIntegrator::default()
        });
        assert_eq!(
            toml::from_str::<Model>("model = 'leaky_integrator'\ntau_mem_ms = 5.0").unwrap(),
            readout
        );
        let error = toml::from_str::<Model>("model = 'lif'\ntau_ms = 5.0").unwrap_err();
        assert!(error.to_string().contains("tau_ms"), "{error}");
    }
}
