//! The modules of a PyTorch program, as the names in its state dict tell them apart.
//!
//! A name is the path of a module and the name of its tensor: `syn.0.P` is the tensor `P` of the
//! module `syn.0`. Which tensors a module has tells what it is.

use crate::tensor::Tensor;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The tensors of one module.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Module {
    /// Its path: `syn.0`; empty for tensors that belong to no module.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its tensors by their last names.
    pub tensors: BTreeMap<String, Tensor>,
}

/// What a module is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Weights from every neuron to every other: `Linear`, `Dcls1d`.
    Synapses,
    /// `BatchNorm1d`.
    Norm,
    /// A neuron with parameters in the state dict: snnTorch's `Leaky`, SpikingJelly's
    /// `ParametricLIFNode`.
    Neurons,
}

/// What each kind of module may have; the first name of a list must be there.
const TENSORS: [(Kind, &[&str]); 4] = [
    (Kind::Synapses, &["weight", "bias", "P", "SIG"]),
    (Kind::Norm, &["running_mean", "running_var", "weight", "bias", "num_batches_tracked"]),
    (Kind::Neurons, &["beta", "threshold", "graded_spikes_factor", "reset_mechanism_val", "mem"]),
    (Kind::Neurons, &["w"]),
];

/// The modules of a state dict, in the natural order of their paths: `fc2` before `fc10`.
///
/// # Errors
/// A sentence that names the first tensor that belongs to no module that is known here.
pub(super) fn modules(tensors: Vec<(String, Tensor)>) -> Result<Vec<Module>, String> {
    let mut by_path: BTreeMap<String, BTreeMap<String, Tensor>> = BTreeMap::new();
    for (name, tensor) in tensors {
        let (path, last) = name.rsplit_once('.').unwrap_or(("", &name));
        by_path.entry(path.to_owned()).or_default().insert(last.to_owned(), tensor);
    }
    let mut modules = Vec::new();
    for (path, tensors) in by_path {
        let kind = kind(&path, &tensors)?;
        modules.push(Module { path, kind, tensors });
    }
    modules.sort_by(|a, b| natural_order(&a.path, &b.path));
    Ok(without_aliases(modules))
}

fn kind(path: &str, tensors: &BTreeMap<String, Tensor>) -> Result<Kind, String> {
    let dot = if path.is_empty() { "" } else { "." };
    let feedforward = "but networks whose layers follow each other can be read: linear layers, \
                       layers of DCLS, batch norms, and neurons of snnTorch and SpikingJelly";
    let known = |names: &[&str]| {
        let is_known = |name: &&String| names.contains(&name.as_str());
        tensors.contains_key(names[0]) && tensors.keys().all(|name| is_known(&name))
    };
    let shape = tensors.get("weight").map_or(&[][..], |weight| &weight.shape);
    let is_recurrent = path.split('.').any(|part| part.to_lowercase().contains("recurrent"));
    match TENSORS.iter().find(|(_, names)| known(names)) {
        Some((Kind::Synapses, _)) if is_recurrent => {
            Err(format!("{path}{dot}weight joins a layer with itself, {feedforward}"))
        }
        Some((Kind::Synapses, _)) if !matches!(shape.len(), 2 | 3) => Err(format!(
            "{path}{dot}weight has the shape {shape:?}, which is no linear layer's [post, pre] and \
             no delay layer's [post, pre, elements], {feedforward}"
        )),
        Some((kind, _)) => Ok(*kind),
        None => {
            // The name that tells most is the one that no kind of module has.
            let in_any =
                |name: &&String| TENSORS.iter().any(|(_, names)| names.contains(&name.as_str()));
            let stranger = tensors.keys().find(|name| !in_any(name)).or(tensors.keys().next());
            let name = stranger.map_or("", String::as_str);
            Err(format!(
                "{path}{dot}{name} belongs to a module that is not known here, {feedforward}"
            ))
        }
    }
}

/// The modules without those that a program holds under a second name (`self.layers` and
/// `self.model`): all modules below one root are there below another, bit by bit.
fn without_aliases(modules: Vec<Module>) -> Vec<Module> {
    let root = |module: &Module| module.path.split('.').next().unwrap_or_default().to_owned();
    let mut roots: Vec<String> = modules.iter().map(root).collect();
    roots.dedup();
    let below = |name: &str| -> Vec<&Module> {
        modules.iter().filter(|module| root(module) == name).collect()
    };
    let is_alias = |index: usize| {
        let own = below(&roots[index]);
        roots[..index].iter().any(|earlier| {
            let earlier = below(earlier);
            // One layer alone may happen to equal another one, all of them together do not.
            let has_synapses = own.iter().any(|module| module.kind == Kind::Synapses);
            let is_deep = own.iter().all(|module| module.path.contains('.'));
            let same = |(a, b): (&&Module, &&Module)| a.kind == b.kind && a.tensors == b.tensors;
            has_synapses
                && is_deep
                && own.len() == earlier.len()
                && own.iter().zip(&earlier).all(same)
        })
    };
    let aliases: Vec<String> = (0..roots.len())
        .filter(|&index| is_alias(index))
        .map(|index| roots[index].clone())
        .collect();
    modules.into_iter().filter(|module| !aliases.contains(&root(module))).collect()
}

/// The last number in a path, and the path without it.
pub(super) fn numbered(path: &str) -> (Option<u64>, String) {
    let end = path.rfind(|c: char| c.is_ascii_digit()).map_or(0, |last| last + 1);
    let start = path[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |before| before + path[before..].chars().next().map_or(1, char::len_utf8));
    let family = format!("{}#{}", &path[..start], &path[end..]);
    (path[start..end].parse().ok(), family)
}

/// As people count: numbers inside of paths by their value.
fn natural_order(a: &str, b: &str) -> Ordering {
    pieces(a).cmp(&pieces(b))
}

/// A path as its stretches without digits and the numbers between them.
fn pieces(path: &str) -> Vec<(String, u64)> {
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for c in path.chars() {
        let is_digit = c.is_ascii_digit();
        match pieces.last_mut() {
            Some((of_digits, piece)) if *of_digits == is_digit => piece.push(c),
            _ => pieces.push((is_digit, c.to_string())),
        }
    }
    let piece = |(is_digit, piece): (bool, String)| match piece.parse() {
        Ok(number) if is_digit => (String::new(), number),
        _ => (piece, 0),
    };
    pieces.into_iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_in_the_order_in_which_people_count() {
        let mut paths = ["fc10", "fc2", "model.10.a", "model.2.b", "lif1", "2", "10"];
        paths.sort_by(|a, b| natural_order(a, b));
        assert_eq!(paths, ["2", "10", "fc2", "fc10", "lif1", "model.2.b", "model.10.a"]);
    }

    #[test]
    fn the_last_number_of_a_path_is_the_layers() {
        assert_eq!(numbered("fc12"), (Some(12), "fc#".into()));
        assert_eq!(numbered("model.3.syn"), (Some(3), "model.#.syn".into()));
        assert_eq!(numbered("7"), (Some(7), "#".into()));
        assert_eq!(numbered("réseau"), (None, "#réseau".into()));
        assert_eq!(numbered("é1"), (Some(1), "é#".into()));
    }
}
