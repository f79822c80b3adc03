//! Writes a network as tensors.

use crate::error::Result;
use crate::networks::deployed::{DeployedNetwork, DeployedPopulation, DeployedProjection};
use crate::networks::dynamics_words::own_numbers;
use crate::networks::format::NetworkFormat;
use crate::networks::safetensors_network::outline::{
    FORMAT, FORMAT_VERSION, Outline, PopulationOutline, ProjectionOutline, Storage,
};
use crate::networks::safetensors_network::step_constants::StepConstants;
use crate::networks::safetensors_network::tensor_writer::{Column, NamedColumn, write_tensors};
use crate::networks::soundness::problems;
use crate::provenance::Provenance;
use sim_core::{Polarity, Synapse};
use std::path::{Path, PathBuf};

/// A network as named tensors in one file, which PyTorch and NumPy open without synfire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SafetensorsNetwork;

impl NetworkFormat for SafetensorsNetwork {
    fn name(&self) -> &'static str {
        "safetensors"
    }

    fn obstacles(&self, network: &DeployedNetwork) -> Vec<String> {
        let mut obstacles = problems(network);
        for DeployedPopulation { name, size, neurons } in &network.populations {
            let is_mixed = neurons.as_ref().is_some_and(|own| own_numbers(own, *size).is_none());
            if is_mixed {
                obstacles.push(format!(
                    "the neurons of population {name} differ in more than numbers; split it into \
                     populations of one kind each"
                ));
            }
        }
        obstacles
    }

    fn write(
        &self,
        network: &DeployedNetwork,
        provenance: &Provenance,
        path: &Path,
    ) -> Result<Vec<PathBuf>> {
        let name = |index: Option<usize>| index.map(|p| network.populations[p].name.clone());
        let mut columns = Vec::new();
        let mut outline = Outline {
            dt_ms: network.dt_ms,
            input: name(network.roles.input),
            output: name(network.roles.output),
            populations: Vec::new(),
            projections: Vec::new(),
        };
        for population in &network.populations {
            outline.populations.push(add_population(&mut columns, population, network.dt_ms));
        }
        for projection in &network.projections {
            outline.projections.push(add_projection(&mut columns, network, projection));
        }
        let outline = serde_json::to_string(&outline).expect("an outline is plain JSON");
        let mut metadata = vec![
            ("format", FORMAT.to_owned()),
            ("format_version", FORMAT_VERSION.to_owned()),
            ("dt_ms", network.dt_ms.to_string()),
            ("network", outline),
        ];
        metadata.extend(provenance.entries());
        write_tensors(path, &metadata, columns)?;
        Ok(vec![path.to_owned()])
    }
}

fn doubles<'a>(
    name: String,
    shape: Vec<usize>,
    numbers: impl Iterator<Item = f64> + 'a,
) -> NamedColumn<'a> {
    NamedColumn { name, shape, numbers: Column::F64(Box::new(numbers)) }
}

fn integers<'a>(
    name: String,
    shape: Vec<usize>,
    numbers: impl Iterator<Item = i64> + 'a,
) -> NamedColumn<'a> {
    NamedColumn { name, shape, numbers: Column::I64(Box::new(numbers)) }
}

fn add_population<'a>(
    columns: &mut Vec<NamedColumn<'a>>,
    population: &'a DeployedPopulation,
    dt_ms: f64,
) -> PopulationOutline {
    let DeployedPopulation { name, size, neurons } = population;
    let size = *size;
    let Some(neurons) = neurons else {
        return PopulationOutline { name: name.clone(), size, dynamics: None, own: Vec::new() };
    };
    let own = own_numbers(neurons, size).unwrap_or_default();
    let shared = neurons.common().map(|common| StepConstants::of(common, dt_ms));
    let constants: Vec<StepConstants> = match shared {
        Some(shared) => vec![shared],
        None => (0..size).map(|n| StepConstants::of(neurons.of(n), dt_ms)).collect(),
    };
    let ports = neurons.ports();
    let mut add = |constant: &str, of: &dyn Fn(&StepConstants) -> f64| {
        let each: Vec<f64> = constants.iter().map(of).collect();
        let all = move |n: usize| *each.get(n).unwrap_or(&each[0]);
        columns.push(doubles(format!("{name}.{constant}"), vec![size], (0..size).map(all)));
    };
    add("beta", &|own| own.beta);
    add("gain", &|own| own.gain);
    if let Some(firing) = &constants[0].firing {
        let firing_of = |own: &StepConstants| own.firing.clone().expect("all of them fire");
        add("threshold", &|own| firing_of(own).threshold);
        if firing.adaptation.is_some() {
            let adaptation = |own: &StepConstants| firing_of(own).adaptation.unwrap_or_default();
            add("rho", &|own| adaptation(own).0);
            add("adaptation", &|own| adaptation(own).1);
        }
        let steps: Vec<i64> =
            constants.iter().map(|own| firing_of(own).refractory_steps.into()).collect();
        let all = move |n: usize| *steps.get(n).unwrap_or(&steps[0]);
        let name = format!("{name}.refractory_steps");
        columns.push(integers(name, vec![size], (0..size).map(all)));
    }
    let inputs = if ports == 1 { vec![size] } else { vec![ports, size] };
    if constants[0].couple.iter().any(|couple| *couple != 0.0) {
        let mut add = |constant: &str, of: &dyn Fn(&StepConstants, usize) -> f64| {
            let value = |input: usize| {
                let own = constants.get(input % size).unwrap_or(&constants[0]);
                of(own, input / size)
            };
            let values: Vec<f64> = (0..ports * size).map(value).collect();
            let name = format!("{name}.{constant}");
            columns.push(doubles(name, inputs.clone(), values.into_iter()));
        };
        add("alpha", &|own, port| own.alpha[port]);
        add("couple", &|own, port| own.couple[port]);
    }
    let bias = neurons.bias();
    let input = move |n: usize| *bias.get(n).unwrap_or(&0.0);
    columns.push(doubles(format!("{name}.bias"), inputs, (0..ports * size).map(input)));
    let names = own.iter().map(|(name, _)| format!("own_{name}")).collect();
    for (number, values) in own {
        columns.push(doubles(format!("{name}.own_{number}"), vec![size], values.into_iter()));
    }
    PopulationOutline { name: name.clone(), size, dynamics: Some(neurons.of(0).into()), own: names }
}

fn add_projection<'a>(
    columns: &mut Vec<NamedColumn<'a>>,
    network: &DeployedNetwork,
    projection: &'a DeployedProjection,
) -> ProjectionOutline {
    let DeployedProjection { name, source, target, port, synapses, polarity } = projection;
    let [pre, post] = [*source, *target].map(|p| network.populations[p].size);
    let dense = dense_shape(synapses, pre, post);
    let shape = dense.clone().unwrap_or_else(|| vec![synapses.len()]);
    let weights = synapses.iter().map(|synapse| synapse.weight);
    columns.push(doubles(format!("{name}.weight"), shape.clone(), weights));
    let mut add = |column: &str, of: fn(&Synapse) -> u32, shape: &[usize]| {
        let numbers = synapses.iter().map(move |synapse| i64::from(of(synapse)));
        columns.push(integers(format!("{name}.{column}"), shape.to_vec(), numbers));
    };
    add("delay_steps", |synapse| synapse.delay_steps, &shape);
    if dense.is_none() {
        add("pre", |synapse| synapse.pre, &shape);
        add("post", |synapse| synapse.post, &shape);
    }
    if let Some(polarity) = polarity {
        let sign = |sign: &Polarity| if *sign == Polarity::Excitatory { 1 } else { -1 };
        let name = format!("{name}.polarity");
        columns.push(integers(name, vec![pre], polarity.iter().map(sign)));
    }
    let population = |p: usize| network.populations[p].name.clone();
    ProjectionOutline {
        name: name.clone(),
        source: population(*source),
        target: population(*target),
        port: *port,
        synapses: if dense.is_some() { Storage::Dense } else { Storage::Sparse },
        polarity: polarity.is_some(),
    }
}

/// `[post, pre]` or `[post, pre, element]` of synapses that join all pairs in this order.
fn dense_shape(synapses: &[Synapse], pre: usize, post: usize) -> Option<Vec<usize>> {
    let pairs = pre.checked_mul(post)?;
    let elements = synapses.len().checked_div(pairs)?;
    if elements == 0 || elements * pairs != synapses.len() {
        return None;
    }
    let is_in_place = |(index, synapse): (usize, &Synapse)| {
        let pair = index / elements;
        (synapse.post as usize, synapse.pre as usize) == (pair / pre, pair % pre)
    };
    let in_order = synapses.iter().enumerate().all(is_in_place);
    let shape = if elements == 1 { vec![post, pre] } else { vec![post, pre, elements] };
    in_order.then_some(shape)
}
