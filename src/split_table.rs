//! `split.csv`: which samples of a run train and which validate, and a digest that identifies each.
//!
//! ```text
//! sample,side,digest
//! 0,train,5feceb66ffc86f38
//! 1,validation,6b86b273ff34fce1
//! ```
//! The digest is computed from the sample's spikes in steps and channels, as the network gets them
//! ([`datasets::digest`]); it is empty for a sample without spikes. The digest finds samples that
//! were trained on in any other file: a file that was packed anew, that holds only some of them, or
//! that holds others, too.

use crate::error::{Error, Result};
use crate::text_file;
use datasets::{Split, digest};
use rayon::prelude::*;
use sim_core::{SampleSource, SpikeFrames};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

const HEADER: &str = "sample,side,digest";

/// A side of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Train,
    Validation,
}

impl Side {
    const ALL: [Self; 2] = [Self::Train, Self::Validation];

    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
        }
    }
}

/// The samples of a run, by their digests.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SplitTable {
    rows: Vec<(usize, Side, Option<u64>)>,
}

impl SplitTable {
    /// The table of `samples` with this split.
    pub(crate) fn new(samples: &dyn SampleSource, split: &Split) -> Self {
        let digests = digests(samples);
        let sides = [(Side::Train, &split.train), (Side::Validation, &split.validation)];
        let mut rows: Vec<_> = sides
            .into_iter()
            .flat_map(|(side, indices)| indices.iter().map(move |&sample| (sample, side)))
            .map(|(sample, side)| (sample, side, digests[sample]))
            .collect();
        rows.sort_by_key(|&(sample, ..)| sample);
        Self { rows }
    }

    /// How many validation samples have the spikes of a training sample.
    pub(crate) fn copies(&self) -> usize {
        let known = self.known();
        let is_copy = |&&(_, side, digest): &&(usize, Side, Option<u64>)| {
            let known = digest.and_then(|digest| known.get(&digest));
            side == Side::Validation && known == Some(&Side::Train)
        };
        self.rows.iter().filter(is_copy).count()
    }

    /// How many samples train, and how many validate.
    pub(crate) fn sizes(&self) -> [usize; 2] {
        Side::ALL.map(|side| self.rows.iter().filter(|row| row.1 == side).count())
    }

    /// Which of `samples` the run trained on and which validated; none if the table knows none of
    /// them.
    pub(crate) fn find(&self, samples: &dyn SampleSource) -> Option<Split> {
        let known = self.known();
        if known.is_empty() {
            return None;
        }
        let digests = digests(samples);
        let [train, validation] = Side::ALL.map(|side| {
            let is_of = |&sample: &usize| {
                digests[sample].and_then(|digest| known.get(&digest)) == Some(&side)
            };
            (0..samples.len()).filter(is_of).collect::<Vec<_>>()
        });
        let is_known = !train.is_empty() || !validation.is_empty();
        is_known.then_some(Split { train, validation })
    }

    /// The side of every digest; training where it is on both.
    fn known(&self) -> HashMap<u64, Side> {
        let of = |side: Side| {
            let rows = self.rows.iter().filter(move |row| row.1 == side);
            rows.filter_map(move |&(_, side, digest)| Some((digest?, side)))
        };
        of(Side::Validation).chain(of(Side::Train)).collect()
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut text = format!("{HEADER}\n");
        for (sample, side, digest) in &self.rows {
            let digest = digest.map_or_else(String::new, |digest| format!("{digest:016x}"));
            writeln!(text, "{sample},{},{digest}", side.name()).expect("a string takes every text");
        }
        Ok(atomic_file::write(path, text.as_bytes())?)
    }

    /// Reads the table of a run; empty where it has none.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = text_file::read_text(path)?;
        let wrong = |line: usize| {
            let problem = format!("line {}: expected a row of {HEADER}", line + 1);
            Error::folder(path, problem)
        };
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, header)| header != HEADER) {
            return Err(wrong(0));
        }
        let parse = |row: &str| {
            let mut cells = row.split(',');
            let (sample, side, digest) = (cells.next()?, cells.next()?, cells.next()?);
            let side = Side::ALL.into_iter().find(|known| known.name() == side)?;
            let digest = match digest {
                "" => None,
                digest => Some(u64::from_str_radix(digest, 16).ok()?),
            };
            let is_whole = cells.next().is_none();
            is_whole.then_some((sample.parse().ok()?, side, digest))
        };
        let rows = lines.map(|(line, row)| parse(row).ok_or_else(|| wrong(line)));
        Ok(Self { rows: rows.collect::<Result<_>>()? })
    }
}

/// The digest of each sample.
fn digests(samples: &dyn SampleSource) -> Vec<Option<u64>> {
    let of = |frames: &mut SpikeFrames, sample: usize| {
        samples.frames_into(sample, None, frames);
        digest(frames)
    };
    (0..samples.len()).into_par_iter().map_init(SpikeFrames::default, of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datasets::LabelledFrames;

    /// One sample per value, of one channel and two steps.
    fn samples(values: &[f32]) -> LabelledFrames {
        let frames = |&value| (SpikeFrames::from_values(1, 2, &[0.0, value]).unwrap(), 0);
        LabelledFrames::new(1, values.iter().map(frames).collect()).unwrap()
    }

    fn table(values: &[f32], train: &[usize], validation: &[usize]) -> SplitTable {
        let split = Split { train: train.into(), validation: validation.into() };
        SplitTable::new(&samples(values), &split)
    }

    #[test]
    fn samples_are_found_in_any_order_and_among_others() {
        let table = table(&[1.0, 2.0, 0.0, 3.0], &[0, 2, 3], &[1]);
        let found = table.find(&samples(&[7.0, 2.0, 3.0, 0.0, 1.0, 1.0])).unwrap();
        assert_eq!((&found.train[..], &found.validation[..]), (&[2, 4, 5][..], &[1][..]));
        assert_eq!(table.find(&samples(&[7.0, 0.0])), None, "silent samples are nobody's");
        assert_eq!(SplitTable::default().find(&samples(&[1.0])), None);
    }

    #[test]
    fn a_sample_on_both_sides_was_trained_on() {
        let table = table(&[1.0, 2.0, 1.0, 0.0, 0.0], &[0, 3], &[1, 2, 4]);
        assert_eq!(table.copies(), 1);
        let found = table.find(&samples(&[1.0, 2.0])).unwrap();
        assert_eq!((&found.train[..], &found.validation[..]), (&[0][..], &[1][..]));
    }

    #[test]
    fn what_is_written_is_read_and_else_the_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        assert_eq!(SplitTable::read(&path).unwrap(), SplitTable::default());
        let table = table(&[1.0, 0.0], &[1], &[0]);
        table.write(&path).unwrap();
        assert_eq!(SplitTable::read(&path).unwrap(), table);
        for (text, line) in [
            ("", 1),
            ("a,b\n", 1),
            ("sample,side,digest\n0,train,\n1,test,00\n", 3),
            ("sample,side,digest\n0,train,xy\n", 2),
            ("sample,side,digest\n0,train,,\n", 2),
            ("sample,side,digest\n-1,train,\n", 2),
        ] {
            std::fs::write(&path, text).unwrap();
            let message = SplitTable::read(&path).unwrap_err().to_string();
            assert!(message.contains(&format!("line {line}: ")), "{text:?}: {message}");
        }
    }
}
