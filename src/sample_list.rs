//! Samples by their indices, as people type them.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Samples of some data by index, counted from 0: `17`, `0-99`, `3,7,20-29`, or `all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleList(Listed);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    All,
    Ranges(Vec<RangeInclusive<usize>>),
}

impl SampleList {
    /// All samples.
    pub const ALL: Self = Self(Listed::All);

    /// One sample.
    pub fn one(index: usize) -> Self {
        Self(Listed::Ranges(vec![index..=index]))
    }

    /// The indices that the list names among `samples` samples, each once, ascending.
    ///
    /// # Errors
    /// The first index that does not exist.
    pub fn indices(&self, samples: usize) -> Result<Vec<usize>, usize> {
        let Listed::Ranges(ranges) = &self.0 else { return Ok((0..samples).collect()) };
        if let Some(range) = ranges.iter().find(|range| *range.end() >= samples) {
            return Err(samples.max(*range.start()));
        }
        let indices: BTreeSet<usize> = ranges.iter().cloned().flatten().collect();
        Ok(indices.into_iter().collect())
    }
}

impl FromStr for SampleList {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        if typed == "all" {
            return Ok(Self::ALL);
        }
        let range = |part: &str| {
            let part = part.trim();
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (index(first)?, index(last)?);
            (first <= last).then_some(first..=last)
        };
        let ranges: Option<Vec<_>> = typed.split(',').map(range).collect();
        ranges.map(|ranges| Self(Listed::Ranges(ranges))).ok_or_else(|| {
            "indices counted from 0 were expected, such as 17, 0-99 or 3,7,20-29, or all".to_owned()
        })
    }
}

/// A number of digits alone: no sign.
fn index(typed: &str) -> Option<usize> {
    let typed = typed.trim();
    typed.bytes().all(|byte| byte.is_ascii_digit()).then(|| typed.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices(typed: &str, samples: usize) -> Result<Vec<usize>, usize> {
        typed.parse::<SampleList>().unwrap().indices(samples)
    }

    #[test]
    fn each_sample_is_named_once_in_ascending_order() {
        assert_eq!(indices("17", 18), Ok(vec![17]));
        assert_eq!(indices("7, 3,2-4,3", 8), Ok(vec![2, 3, 4, 7]));
        assert_eq!(indices("all", 3), Ok(vec![0, 1, 2]));
        assert_eq!(SampleList::one(2).indices(3), Ok(vec![2]));
    }

    #[test]
    fn the_first_sample_that_is_not_there_is_told() {
        assert_eq!(indices("0-99", 40), Err(40));
        assert_eq!(indices("50-99", 40), Err(50));
        assert_eq!(indices(&format!("0-{}", usize::MAX), 3), Err(3));
        assert_eq!(indices("0", 0), Err(0));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for typed in ["", "-1", "3-", "9-2", "1,,2", "1;2", "0..4", "+3", "All", "1e3"] {
            assert!(typed.parse::<SampleList>().is_err(), "{typed}");
        }
    }
}
