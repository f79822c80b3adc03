//! Which class of a file is which class of a network: names decide, not numbers.
//!
//! Two files of the same words may number them in different orders. Names are compared without
//! blanks at their ends and in composed form (Unicode NFC), so that `fünf` is `fünf` however the ü
//! was typed; upper and lower case differ. Classes without samples need no counterpart.

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};
use crate::listing::listed;
use crate::recordings::SpikeRecordings;

/// How the classes of some recordings were found among those of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// Both have the same names, or no names, and the same numbers.
    Same,
    /// Both have the same names, but other numbers.
    ByName,
    /// By number alone: the recordings name no classes, the network does.
    RecordingsUnnamed,
    /// By number alone: the network names no classes, the recordings do.
    NetworkUnnamed,
}

impl SpikeRecordings {
    /// The recordings with their classes numbered and named as the `classes` classes of a network
    /// with `names`, and how the classes were found.
    ///
    /// # Errors
    /// [`Error::Content`] that names the first class with samples that the network does not have.
    pub fn numbered_as(
        mut self,
        classes: usize,
        names: Option<&[String]>,
    ) -> Result<(Self, Numbering)> {
        // Classes that are named by their own numbers count as unnamed. Unnamed classes are found
        // by their numbers, also where the other side's names are numbers in another order.
        let names = names.filter(|names| !are_own_numbers(names));
        let numbering = match (self.class_names(), names) {
            (Some(own), None) if are_numbers(own) => {
                let numbers: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
                self.renumber(classes, &numbers)?
            }
            (None, Some(names)) if are_numbers(names) => self.renumber(classes, names)?,
            (Some(_), Some(names)) => self.renumber(classes, names)?,
            (None, None) => Numbering::Same,
            (None, Some(_)) => Numbering::RecordingsUnnamed,
            (Some(_), None) => Numbering::NetworkUnnamed,
        };
        if let Some(sample) = self.labels.iter().position(|&label| usize::from(label) >= classes) {
            let label = self.labels[sample];
            let problem = format!("label {label}, but the network has {classes} classes");
            return Err(Error::sample(self.origin(), "labels", sample, problem));
        }
        self.classes = classes;
        self.class_names = names.map(<[String]>::to_vec);
        Ok((self, numbering))
    }

    fn renumber(&mut self, classes: usize, names: &[String]) -> Result<Numbering> {
        let name_of = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
        let known: Vec<String> = (0..classes).map(|class| compared(&name_of(class))).collect();
        let mut place = vec![None; self.classes()];
        for &label in &self.labels {
            let class = usize::from(label);
            if place[class].is_some() {
                continue;
            }
            let name = compared(&self.class_name(class));
            let at: Vec<usize> = (0..classes).filter(|&other| known[other] == name).collect();
            place[class] = match at[..] {
                _ if at.contains(&class) => Some(class),
                [only] => Some(only),
                [] => {
                    let own: Vec<String> = (0..classes).map(name_of).collect();
                    let problem = format!(
                        "class {class} is {:?}, but the network knows {} only",
                        self.class_name(class),
                        listed(&own)
                    );
                    return Err(Error::dataset(self.origin(), "extra/keys", problem));
                }
                [one, other, ..] => {
                    let problem = format!(
                        "class {class} is {:?}, but classes {one} and {other} of the network are \
                         both called so",
                        self.class_name(class)
                    );
                    return Err(Error::dataset(self.origin(), "extra/keys", problem));
                }
            };
        }
        let mut numbering = Numbering::Same;
        for label in &mut self.labels {
            let class = place[usize::from(*label)].expect("every label was looked up above");
            if class != usize::from(*label) {
                numbering = Numbering::ByName;
                *label = class as u16;
            }
        }
        Ok(numbering)
    }
}

impl SpikeRecordings {
    /// The first two classes of the same name.
    pub fn classes_of_one_name(&self) -> Option<(usize, usize)> {
        let names = (0..self.classes()).map(|class| compared(&self.class_name(class)));
        let names: Vec<String> = names.collect();
        let earlier = |class: usize| names[..class].iter().position(|other| *other == names[class]);
        (0..names.len()).find_map(|class| Some((earlier(class)?, class)))
    }
}

/// Whether the names are numbers, in any order.
fn are_numbers(names: &[String]) -> bool {
    names.iter().all(|name| name.trim().parse::<u64>().is_ok())
}

/// Whether every class is called by its own number.
fn are_own_numbers(names: &[String]) -> bool {
    names.iter().enumerate().all(|(class, name)| *name == class.to_string())
}

/// A name as it is compared.
fn compared(name: &str) -> String {
    name.trim().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_samples::NewSample;
    use crate::spike_times::TimeType;

    fn recordings(names: &[&str], labels: &[u16]) -> SpikeRecordings {
        let samples = labels.iter().map(|&label| NewSample { label, ..NewSample::default() });
        let classes = names.len().max(4);
        let made =
            SpikeRecordings::from_samples("b.h5", 1, classes, TimeType::Float32, samples).unwrap();
        if names.is_empty() { made } else { made.with_class_names(owned(names)) }
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn names_decide_and_not_numbers() {
        let network = owned(&["yes", "no", "up", "fu\u{308}nf"]);
        for (names, expected, numbering) in [
            (&["yes", "no", "up", "f\u{fc}nf"][..], [0, 1, 2, 3], Numbering::Same),
            (&["f\u{fc}nf", "up", "no", "yes"], [3, 2, 1, 0], Numbering::ByName),
            (&[" no", "yes ", "up", "f\u{fc}nf\n"], [1, 0, 2, 3], Numbering::ByName),
            (&[], [0, 1, 2, 3], Numbering::RecordingsUnnamed),
        ] {
            let (mapped, found) =
                recordings(names, &[0, 1, 2, 3]).numbered_as(4, Some(&network)).unwrap();
            assert_eq!((mapped.labels(), found), (&expected[..], numbering), "{names:?}");
            assert_eq!(mapped.class_names(), Some(&network[..]), "the network's own names");
        }
        let (plain, found) =
            recordings(&["a", "b", "c", "d"], &[3, 0]).numbered_as(4, None).unwrap();
        assert_eq!((plain.labels(), found), (&[3, 0][..], Numbering::NetworkUnnamed));
        assert_eq!(plain.class_name(3), "3");
        let same = recordings(&[], &[2]).numbered_as(4, None).unwrap();
        assert_eq!(same.1, Numbering::Same);
    }

    #[test]
    fn classes_of_one_name_are_found() {
        let of = |names: &[&str]| recordings(names, &[0]).classes_of_one_name();
        assert_eq!(of(&["a", "b", "c", "d"]), None);
        assert_eq!(of(&["a", "b", " b", "a"]), Some((1, 2)));
        assert_eq!(of(&["fu\u{308}nf", "b", "c", "f\u{fc}nf"]), Some((0, 3)));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn classes_without_names_are_called_by_their_numbers() {
        let reversed = owned(&["3", "2", "1", "0"]);
        let own = owned(&["0", "1", "2", "3"]);
        for (names, network, expected, numbering) in [
            (&["3", "2", "1", "0"][..], None, [3, 2, 1, 0], Numbering::ByName),
            (&["3", "2", "1", "0"], Some(&own), [3, 2, 1, 0], Numbering::ByName),
            (&["3", "2", "1", "0"], Some(&reversed), [0, 1, 2, 3], Numbering::Same),
            (&[], Some(&reversed), [3, 2, 1, 0], Numbering::ByName),
            (&[], Some(&own), [0, 1, 2, 3], Numbering::Same),
        ] {
            let made = recordings(names, &[0, 1, 2, 3]);
            let (mapped, found) = made.numbered_as(4, network.map(Vec::as_slice)).unwrap();
            assert_eq!((mapped.labels(), found), (&expected[..], numbering), "{names:?}");
        }
        let shifted = recordings(&["1", "2", "3", "4"], &[0, 3]).numbered_as(4, None).unwrap_err();
        assert!(shifted.to_string().contains("class 3 is \"4\", but the network knows 0, 1, 2, 3"));
    }

    #[test]
    fn some_of_the_classes_are_enough() {
        let network = owned(&["yes", "no", "up", "down"]);
        let (mapped, found) =
            recordings(&["down", "no"], &[0, 1, 0]).numbered_as(4, Some(&network)).unwrap();
        assert_eq!((mapped.labels(), found), (&[3, 1, 3][..], Numbering::ByName));
        // "left" has no sample.
        let names = ["left", "down", "no", "up", "yes"];
        let (mapped, _) = recordings(&names, &[1, 4]).numbered_as(4, Some(&network)).unwrap();
        assert_eq!((mapped.labels(), mapped.classes()), (&[3, 0][..], 4));
    }

    #[test]
    fn the_first_class_that_is_not_there_is_named() {
        let network = owned(&["yes", "no", "up", "down"]);
        let message = |names: &[&str], labels: &[u16], network: Option<&[String]>| {
            recordings(names, labels).numbered_as(4, network).unwrap_err().to_string()
        };
        assert_eq!(
            message(&["yes", "No", "up", "down"], &[0, 1], Some(&network)),
            "b.h5: extra/keys: class 1 is \"No\", but the network knows yes, no, up, down only"
        );
        let twice = owned(&["yes", "yes", "up", "down"]);
        assert_eq!(
            message(&["up", "down", "yes", "no"], &[2], Some(&twice)),
            "b.h5: extra/keys: class 2 is \"yes\", but classes 0 and 1 of the network are both \
             called so"
        );
        assert_eq!(
            message(&["a", "b", "c", "d", "e"], &[0, 4], None),
            "b.h5: labels, sample 1: label 4, but the network has 4 classes"
        );
    }
}
