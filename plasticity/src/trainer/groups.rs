//! Parameters that learn by the same rule.

use crate::gradient::delay_rate::{ONLY_DELAYS, check_milliseconds};
use crate::gradient::optimizer::{Optimizer, OptimizerSettings};
use crate::gradient::schedule::Schedule;
use crate::gradient::weight_update::{SignedUpdate, WeightUpdate};
use serde::{Deserialize, Serialize};
use sim_core::{Error, Kind, Network, Result};

/// A rule, and the parameters that follow it: those of its kinds *and* its names. A parameter
/// belongs to the first group that has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParameterGroup {
    /// Kinds of parameters that learn, as [`Kind`] has them; all where the list is empty.
    pub kinds: Vec<Kind>,
    /// Names of parameters, such as `input->hidden1.weight`; a `*` stands for any text. All where
    /// the list is empty.
    pub names: Vec<String>,
    /// Whether they learn at all; true.
    pub learn: bool,
    /// Optimiser; Adam.
    pub optimizer: OptimizerSettings,
    /// How the weights of the group take the steps of the optimiser; they are added. Steps of all
    /// other parameters always are.
    #[serde(skip_serializing_if = "WeightUpdate::is_additive")]
    pub update: WeightUpdate,
    /// Constants of updates that are not plainly added.
    #[serde(skip_serializing_if = "SignedUpdate::is_default")]
    pub signed_update: SignedUpdate,
    /// Rate by epoch.
    pub schedule: Schedule,
}

impl Default for ParameterGroup {
    /// All parameters, with Adam and a one-cycle rate.
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            names: Vec::new(),
            learn: true,
            optimizer: OptimizerSettings::default(),
            update: WeightUpdate::default(),
            signed_update: SignedUpdate::default(),
            schedule: Schedule::default(),
        }
    }
}

impl ParameterGroup {
    /// Checks kinds, optimiser and schedule.
    ///
    /// # Errors
    /// The first setting that is not allowed.
    pub fn check(&self) -> Result<()> {
        if let Some(kind) = self.kinds.iter().find(|kind| !kind.is_learned()) {
            let allowed = "of a kind that a gradient teaches, such as weight or delay";
            return Err(Error::out_of_range("ParameterGroup::kinds", kind.word(), allowed));
        }
        self.optimizer.check().map_err(|error| error.within("optimizer"))?;
        self.signed_update.check().map_err(|error| error.within("signed_update"))?;
        self.schedule.check().map_err(|error| error.within("schedule"))?;
        self.check_milliseconds().map_err(|error| error.within("schedule"))
    }

    /// Checks that only delays have rates in ms.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a rate in ms of anything else.
    pub fn check_milliseconds(&self) -> Result<()> {
        if self.kinds == [Kind::Delay] {
            check_milliseconds(&self.optimizer, &self.schedule)
        } else {
            self.schedule.check_without_ms(ONLY_DELAYS)
        }
    }

    fn has(&self, kind: Kind, name: &str) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && (self.names.is_empty() || self.names.iter().any(|pattern| matches(pattern, name)))
    }
}

/// Whether `name` is `pattern`, in which every `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    let ends = (0..=name.len()).filter(|&end| name.is_char_boundary(end));
    ends.into_iter().any(|end| matches(rest, &name[end..]))
}

fn unknown(names: &str, allowed: String) -> Error {
    Error::out_of_range("ParameterGroup::names", format!("{names:?}"), allowed)
}

fn words(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" or ")
}

/// Checks that every group that a person wrote has a parameter to teach, or to keep.
///
/// # Errors
/// [`Error::OutOfRange`] for the first group whose kinds no parameter of the network has.
pub(crate) fn check_kinds(network: &Network, groups: &[ParameterGroup]) -> Result<()> {
    let known = |kind: &Kind| network.parameters().any(|parameter| parameter.id.kind == *kind);
    for group in groups {
        if !group.kinds.is_empty() && !group.kinds.iter().any(known) {
            let mut there: Vec<Kind> = network.parameters().map(|p| p.id.kind).collect();
            there.sort_by_key(|kind| kind.word());
            there.dedup();
            let allowed = format!("a kind of this network: {}", words(&there));
            return Err(Error::out_of_range("ParameterGroup::kinds", words(&group.kinds), allowed));
        }
    }
    Ok(())
}

/// An optimiser at work on one parameter, and the group whose rate it follows.
#[derive(Debug)]
pub(crate) struct GroupedOptimizer {
    pub optimizer: Optimizer,
    pub group: usize,
}

/// The optimisers of a network, in the order of [`Network::parameters`]; none for a parameter that
/// stays as it is.
///
/// # Errors
/// What [`ParameterGroup::check`] finds; a name that no parameter has, or no parameter of the
/// group's kinds.
pub(crate) fn optimizers(
    network: &Network,
    groups: &[ParameterGroup],
) -> Result<Vec<Option<GroupedOptimizer>>> {
    let names: Vec<String> =
        network.parameters().map(|parameter| network.parameter_name(parameter.id)).collect();
    for group in groups {
        group.check()?;
        for pattern in &group.names {
            if !names.iter().any(|name| matches(pattern, name)) {
                let allowed = format!("the name of a parameter: {}", names.join(", "));
                return Err(unknown(pattern, allowed));
            }
        }
        let mut named = network.parameters().zip(&names);
        if !group.names.is_empty() && !named.any(|(p, name)| group.has(p.id.kind, name)) {
            let allowed = format!("the name of a parameter of the kind {}", words(&group.kinds));
            return Err(unknown(&group.names.join(", "), allowed));
        }
    }
    let grouped = |(parameter, name): (sim_core::Parameter, &String)| {
        let found = groups.iter().position(|group| group.has(parameter.id.kind, name));
        let Some(group) = found.filter(|&group| groups[group].learn) else { return Ok(None) };
        let ParameterGroup { optimizer, update, signed_update, .. } = &groups[group];
        let mut optimizer = optimizer.build(parameter.values.len())?;
        if parameter.id.kind == Kind::Weight {
            let incoming: usize = parameter.shape.lengths()[1..].iter().product();
            optimizer = optimizer.with_update(*update, *signed_update)?;
            optimizer = optimizer.with_rows(incoming, parameter.values);
        }
        Ok(Some(GroupedOptimizer { optimizer, group }))
    };
    network.parameters().zip(&names).map(grouped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("input->hidden1.weight", "input->hidden1.weight", true),
            ("input->hidden1.weight", "input->hidden1.weights", false),
            ("hidden*", "hidden1.norm.gain", true),
            ("*.gain", "hidden1.norm.gain", true),
            ("*->*.delay", "input->hidden1.delay", true),
            ("*->*.delay", "input->hidden1.weight", false),
            ("*", "", true),
            ("", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} and {name}");
        }
    }
}
