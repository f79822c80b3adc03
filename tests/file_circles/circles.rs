//! Which files reach which, and the circles among them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// For each file: the files whose items it names, with those names.
#[derive(Default)]
pub struct Reach(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Reach {
    /// Adds that a file names an item of another.
    pub fn add(&mut self, from: &str, to: &str, name: &str) {
        if from != to {
            let names = self.0.entry(from.to_owned()).or_default();
            names.entry(to.to_owned()).or_default().insert(name.to_owned());
        }
    }

    /// One paragraph per set of files that reach each other: the files, then the shortest circles
    /// that together hold every step between them.
    pub fn circles(&self) -> Vec<String> {
        let mut told = BTreeSet::new();
        let mut paragraphs = Vec::new();
        for file in self.0.keys() {
            let mut circle = self.all_beyond(file);
            circle.retain(|other| self.all_beyond(other).contains(file.as_str()));
            if circle.len() > 1 && told.insert(circle.clone()) {
                let files: Vec<&str> = circle.iter().copied().collect();
                let mut paragraph =
                    format!("{} files reach each other: {}", files.len(), files.join(", "));
                for round in self.rounds(&circle) {
                    paragraph += &format!("\n    {}", self.told(&round));
                }
                paragraphs.push(paragraph);
            }
        }
        paragraphs
    }

    fn next<'a>(&'a self, file: &str) -> impl Iterator<Item = &'a str> {
        self.0.get(file).into_iter().flat_map(|next| next.keys().map(String::as_str))
    }

    /// All files that a file reaches over any number of steps.
    fn all_beyond<'a>(&'a self, file: &str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = self.next(file).collect();
        while let Some(next) = open.pop() {
            if found.insert(next) {
                open.extend(self.next(next));
            }
        }
        found
    }

    /// The shortest circles, the shortest first, until every step within a set of files is in one.
    fn rounds<'a>(&'a self, files: &BTreeSet<&'a str>) -> Vec<Vec<&'a str>> {
        let mut rounds = Vec::new();
        for &from in files {
            for to in self.next(from).filter(|to| files.contains(to)) {
                rounds.push([vec![from], self.shortest(to, from)].concat());
            }
        }
        rounds.sort_by_key(|round| round.len());
        let mut held = BTreeSet::new();
        rounds.retain(|round| {
            let is_new = !held.contains(&(round[0], round[1]));
            held.extend(round.windows(2).map(|step| (step[0], step[1])));
            is_new
        });
        rounds
    }

    /// The shortest way from a file to one that it reaches, both included.
    fn shortest<'a>(&'a self, from: &'a str, to: &str) -> Vec<&'a str> {
        let mut ways = VecDeque::from([vec![from]]);
        let mut seen = BTreeSet::from([from]);
        while let Some(way) = ways.pop_front() {
            let last = way[way.len() - 1];
            if last == to {
                return way;
            }
            let unseen = self.next(last).filter(|next| seen.insert(next));
            ways.extend(unseen.map(|next| [way.as_slice(), &[next]].concat()));
        }
        unreachable!("{from} does not reach {to}")
    }

    fn told(&self, round: &[&str]) -> String {
        let steps = round.windows(2).map(|step| {
            let names = &self.0[step[0]][step[1]];
            let name = names.first().expect("a step has a name");
            let more = names.len() - 1;
            let others = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(" -> {} (names {name}{others})", step[1])
        });
        [round[0].to_owned()].into_iter().chain(steps).collect()
    }
}
