//! What is wrong with a crate, as sentences.

use super::circles::Reach;
use super::mentions::{Mention, mentions};
use super::modules::Crate;
use super::resolver::{Found, Target};
use std::collections::BTreeSet;

/// Everything that is wrong with the paths of a crate.
pub struct Report {
    /// One paragraph per set of files that reach each other.
    pub circles: Vec<String>,
    /// One line per path that goes through a face.
    pub face_imports: Vec<String>,
    /// One line per path into the crate that leads nowhere, where the resolver has a hole.
    pub lost: Vec<String>,
}

impl Report {
    /// Reads all code of a crate.
    pub fn new(of: &Crate) -> Self {
        let mentions = mentions(of);
        let lost = mentions.iter().filter(|mention| mention.found.is_empty());
        Self {
            circles: reach(of, &mentions).circles(),
            face_imports: lines(of, mentions.iter().filter_map(|it| Some((it, advice(of, it)?)))),
            lost: lines(of, lost.map(|it| (it, format!("{} leads nowhere", it.path)))),
        }
    }
}

fn reach(of: &Crate, mentions: &[Mention]) -> Reach {
    let path = |file: usize| of.files[file].path.as_str();
    let mut reach = Reach::default();
    for mention in mentions {
        for Found { target, .. } in &mention.found {
            if let Target::Item { module, name } = target {
                reach.add(path(mention.file), path(of.modules[*module].file), name);
            }
        }
    }
    reach
}

/// The sentence about a path through a face, which says what to write instead. A path that leads
/// to another crate may go through the face.
fn advice(of: &Crate, mention: &Mention) -> Option<String> {
    let mut through_face = mention.found.iter().filter(|found| found.through_face);
    let instead = through_face.find_map(|found| match &found.target {
        Target::Item { module, name } => Some(format!("{}::{name}", of.modules[*module].path)),
        Target::Module(module) => Some(of.modules[*module].path.clone()),
        Target::Elsewhere => None,
    })?;
    Some(format!("{} is imported through the face; import {instead}", mention.path))
}

fn lines<'a>(of: &Crate, told: impl Iterator<Item = (&'a Mention, String)>) -> Vec<String> {
    let sorted: BTreeSet<(&str, usize, String)> =
        told.map(|(it, text)| (of.files[it.file].path.as_str(), it.line, text)).collect();
    sorted.into_iter().map(|(file, line, text)| format!("{file}:{line}: {text}")).collect()
}
