//! Reads a network from tensors.

use crate::error::{Error, Result};
use crate::networks::deployed::{
    DeployedNetwork, DeployedNeurons, DeployedPopulation, DeployedProjection,
};
use crate::networks::dynamics_words::with_own_numbers;
use crate::networks::safetensors_network::outline::{
    FORMAT, FORMAT_VERSION, Outline, PopulationOutline, ProjectionOutline, Storage,
};
use crate::networks::soundness::problems;
use crate::safetensors_reader::{SafetensorsContent, read_safetensors};
use crate::tensor::Tensor;
use sim_core::{Polarity, Roles, Synapse};
use std::path::Path;

type Sentence<T> = std::result::Result<T, String>;

/// Reads a network that [`SafetensorsNetwork`](crate::SafetensorsNetwork) wrote: the network that
/// was written, bit by bit.
///
/// # Errors
/// [`Error::Disk`]; [`Error::File`] naming tensor, population or projection.
pub fn read_safetensors_network(path: impl AsRef<Path>) -> Result<DeployedNetwork> {
    let path = path.as_ref();
    let content = read_safetensors(path)?;
    let network = network(&content).map_err(|problem| Error::file(path, problem))?;
    match problems(&network).into_iter().next() {
        Some(problem) => Err(Error::file(path, problem)),
        None => Ok(network),
    }
}

fn network(content: &SafetensorsContent) -> Sentence<DeployedNetwork> {
    let text = |name: &str| content.metadata.get(name).map_or("", String::as_str);
    if text("format") != FORMAT {
        return Err(format!(
            "is no network that synfire exported: the text format of its metadata is {:?}, but \
             must be {FORMAT:?}",
            text("format")
        ));
    }
    if text("format_version") != FORMAT_VERSION {
        return Err(format!(
            "has the layout {:?}, but only the layout {FORMAT_VERSION:?} is known",
            text("format_version")
        ));
    }
    let outline: Outline = serde_json::from_str(text("network"))
        .map_err(|error| format!("the text network of its metadata cannot be read ({error})"))?;
    let populations: Vec<DeployedPopulation> = outline
        .populations
        .iter()
        .map(|population| of_population(content, population))
        .collect::<Sentence<_>>()?;
    let index = |name: &str| {
        let index = populations.iter().position(|population| population.name == name);
        index.ok_or_else(|| format!("there is no population {name}"))
    };
    let projection = |outline: &ProjectionOutline| {
        let (source, target) = (index(&outline.source)?, index(&outline.target)?);
        let sizes = [target, source].map(|p: usize| populations[p].size);
        Ok(DeployedProjection {
            name: outline.name.clone(),
            source,
            target,
            port: outline.port,
            synapses: synapses(content, outline, sizes)?,
            polarity: polarity(content, outline)?,
        })
    };
    let projections = outline.projections.iter().map(projection).collect::<Sentence<Vec<_>>>()?;
    let role = |name: &Option<String>| name.as_deref().map(index).transpose();
    let roles = Roles { input: role(&outline.input)?, output: role(&outline.output)? };
    Ok(DeployedNetwork { dt_ms: outline.dt_ms, populations, projections, roles })
}

fn tensor<'a>(content: &'a SafetensorsContent, name: &str) -> Sentence<&'a Tensor> {
    content.tensors.get(name).ok_or_else(|| format!("tensor {name} is missing"))
}

fn of_population(
    content: &SafetensorsContent,
    outline: &PopulationOutline,
) -> Sentence<DeployedPopulation> {
    let PopulationOutline { name, size, dynamics, own } = outline;
    let neurons = match dynamics {
        None => None,
        Some(words) => {
            let column = |tensor_name: &String| {
                let number = tensor_name.strip_prefix("own_").unwrap_or(tensor_name);
                let values = &tensor(content, &format!("{name}.{tensor_name}"))?.values;
                Ok((number.to_owned(), values.clone()))
            };
            let own = own.iter().map(column).collect::<Sentence<Vec<_>>>()?;
            let bias = tensor(content, &format!("{name}.bias"))?.values.clone();
            let neurons: DeployedNeurons = with_own_numbers(words.clone().into(), *size, &own)
                .map_err(|problem| format!("population {name}: {problem}"))?;
            Some(neurons.with_bias(bias))
        }
    };
    Ok(DeployedPopulation { name: name.clone(), size: *size, neurons })
}

fn synapses(
    content: &SafetensorsContent,
    outline: &ProjectionOutline,
    [post, pre]: [usize; 2],
) -> Sentence<Vec<Synapse>> {
    let name = |column: &str| format!("{}.{column}", outline.name);
    let weight = tensor(content, &name("weight"))?;
    let count = weight.values.len();
    let whole = |column: &str| -> Sentence<&Tensor> {
        let tensor = tensor(content, &name(column))?;
        if tensor.shape != weight.shape {
            return Err(format!(
                "tensor {} has the shape {:?}, but must have {:?} as {} has",
                name(column),
                tensor.shape,
                weight.shape,
                name("weight")
            ));
        }
        let is_whole = |value: &f64| value.fract() == 0.0 && (0.0..4_294_967_296.0).contains(value);
        match tensor.values.iter().position(|value| !is_whole(value)) {
            Some(index) => Err(format!(
                "tensor {} holds {} at {:?}, but must hold whole numbers from 0 to 2^32 - 1",
                name(column),
                tensor.values[index],
                tensor.place(index)
            )),
            None => Ok(tensor),
        }
    };
    let delays = whole("delay_steps")?;
    let ends: Box<dyn Fn(usize) -> (u32, u32)> = match (outline.synapses, &weight.shape[..]) {
        (Storage::Dense, [rows, columns, elements @ ..])
            if (*rows, *columns) == (post, pre) && elements.len() < 2 =>
        {
            let elements = elements.first().copied().unwrap_or(1);
            Box::new(move |index| {
                let pair = index / elements;
                ((pair % pre) as u32, (pair / pre) as u32)
            })
        }
        (Storage::Sparse, [_]) => {
            let (pre, post) = (whole("pre")?, whole("post")?);
            Box::new(move |index| (pre.values[index] as u32, post.values[index] as u32))
        }
        (Storage::Dense, shape) => {
            return Err(format!(
                "tensor {} has the shape {shape:?}, but must be [{post}, {pre}] or [{post}, {pre}, \
                 elements]",
                name("weight")
            ));
        }
        (Storage::Sparse, shape) => {
            return Err(format!(
                "tensor {} has the shape {shape:?}, but must be [synapses]",
                name("weight")
            ));
        }
    };
    let synapse = |index| {
        let (pre, post) = ends(index);
        let delay_steps = delays.values[index] as u32;
        Synapse { pre, post, weight: weight.values[index], delay_steps }
    };
    Ok((0..count).map(synapse).collect())
}

fn polarity(
    content: &SafetensorsContent,
    outline: &ProjectionOutline,
) -> Sentence<Option<Vec<Polarity>>> {
    if !outline.polarity {
        return Ok(None);
    }
    let name = format!("{}.polarity", outline.name);
    let sign = |(index, sign): (usize, &f64)| match *sign {
        1.0 => Ok(Polarity::Excitatory),
        -1.0 => Ok(Polarity::Inhibitory),
        other => Err(format!("tensor {name} holds {other} at [{index}], but must hold 1 or -1")),
    };
    tensor(content, &name)?.values.iter().enumerate().map(sign).collect::<Sentence<_>>().map(Some)
}
