//! What a reader is told about a file before it reads it.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::time_unit::TimeUnit;

/// What a reader is told about a file. Whatever is left out is inferred from the file.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    /// Number of channels; every unit must be below it. Range 1..=65536. Left out: the number in
    /// `extra/channels`, else one more than the highest unit, or 700, as SHD and SSC have, where
    /// that is 641 to 700.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Number of classes; every label must be below it. Range 1..=65536. Left out: as many as
    /// `extra/keys` has names, else one more than the highest label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// What one unit of the times is. Left out: a second, if the times are no integers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<TimeUnit>,
}

impl Layout {
    /// Checks every number.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] that names the first number out of range.
    pub fn check(&self) -> Result<()> {
        for (name, number) in
            [("Layout::channels", self.channels), ("Layout::classes", self.classes)]
        {
            let number = number.unwrap_or(1);
            let is_allowed = (1..=1 << 16).contains(&number);
            sim_core::Error::check(name, number as f64, is_allowed, "from 1 to 65536")?;
        }
        self.time_unit.unwrap_or_default().check()
    }
}

/// Where the number of channels or classes of some recordings is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The caller gave it.
    Given,
    /// The file tells: `extra/channels`, or the names in `extra/keys`.
    Stored,
    /// It follows from the highest unit or label.
    Inferred,
}
