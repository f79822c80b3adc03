//! By which method earlier tasks are kept.

use crate::error::{Error, Result};
use plasticity::Protection;
use plasticity::continual::{
    ElasticWeights, ElasticWeightsSettings, GradientProjectionMemory,
    GradientProjectionMemorySettings, HebbianProjection, HebbianProjectionSettings,
    OrthogonalWeights, OrthogonalWeightsSettings,
};
use serde::{Deserialize, Serialize};
use sim_core::{Network, Seed};
use std::fmt;
use std::ops::Range;

/// A way to learn task after task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Hebbian orthogonal projection: lateral circuits learn which directions tasks use, and
    /// weights change beside them only [Xiao et al. 2024].
    #[default]
    Hlop,
    /// Task after task without protection: the lower bound.
    Sequential,
    /// All tasks at once, each sample as often as in any other method and by one schedule: the
    /// upper bound. Where other methods end a task, a part of the samples of all tasks ends.
    Joint,
    /// Task after task, among stored samples of earlier ones.
    Replay,
    /// Elastic weight consolidation [Kirkpatrick et al. 2017].
    Ewc,
    /// Gradient projection memory [Saha, Garg and Roy 2021].
    Gpm,
    /// Orthogonal weights modification [Zeng et al. 2019].
    Owm,
}

impl Method {
    /// All methods, in the order of tables.
    pub const ALL: [Self; 7] =
        [Self::Hlop, Self::Sequential, Self::Joint, Self::Replay, Self::Ewc, Self::Gpm, Self::Owm];

    /// Whether it looks at what neurons send in every batch.
    pub(crate) fn observes(self) -> bool {
        matches!(self, Self::Hlop | Self::Owm)
    }

    /// The tasks, of so many in all, that a network has learned once `ended` of them have ended:
    /// all from the first part on, where they are trained at once.
    pub(crate) fn learned(self, ended: usize, tasks: usize) -> Range<usize> {
        match self {
            Self::Joint if ended > 0 => 0..tasks,
            _ => 0..ended.min(tasks),
        }
    }

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hlop => "hlop",
            Self::Sequential => "sequential",
            Self::Joint => "joint",
            Self::Replay => "replay",
            Self::Ewc => "ewc",
            Self::Gpm => "gpm",
            Self::Owm => "owm",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the methods need to know; a run reads the section of its method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MethodSettings {
    /// Hebbian orthogonal projection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hlop: Option<HebbianProjectionSettings>,
    /// Stored samples.
    pub replay: ReplaySettings,
    /// Elastic weight consolidation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ewc: Option<ElasticWeightsSettings>,
    /// Gradient projection memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpm: Option<GradientProjectionMemorySettings>,
    /// Orthogonal weights modification.
    pub owm: OrthogonalWeightsSettings,
}

/// Samples of earlier tasks among those of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplaySettings {
    /// Samples of each class that are stored when a task ends, at least 1; 50.
    pub per_class: usize,
    /// Share of the samples of an epoch that are stored ones, above 0 and at most 0.99; 0.5. They
    /// repeat as often as that takes.
    pub share: f64,
}

impl Default for ReplaySettings {
    fn default() -> Self {
        Self { per_class: 50, share: 0.5 }
    }
}

impl ReplaySettings {
    /// Checks every field.
    ///
    /// # Errors
    /// [`sim_core::Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> sim_core::Result<()> {
        let count = self.per_class as f64;
        sim_core::Error::check(
            "ReplaySettings::per_class",
            count,
            self.per_class > 0,
            "at least 1",
        )?;
        let allowed = "above 0 and at most 0.99";
        let is_share = self.share > 0.0 && self.share <= 0.99;
        sim_core::Error::check("ReplaySettings::share", self.share, is_share, allowed)
    }
}

impl MethodSettings {
    /// The settings of `method` alone; the others are their defaults.
    pub(crate) fn of(&self, method: Method) -> Self {
        let none = Self::default();
        match method {
            Method::Sequential | Method::Joint => none,
            Method::Hlop => Self { hlop: self.hlop.clone(), ..none },
            Method::Replay => Self { replay: self.replay, ..none },
            Method::Ewc => Self { ewc: self.ewc, ..none },
            Method::Gpm => Self { gpm: self.gpm.clone(), ..none },
            Method::Owm => Self { owm: self.owm.clone(), ..none },
        }
    }

    /// What `method` protects of `network` while it learns so many `tasks`.
    ///
    /// # Errors
    /// A section that is missing; a setting that is not allowed, or does not fit the network.
    pub(crate) fn protection(
        &self,
        method: Method,
        (network, tasks): (&Network, usize),
        seed: Seed,
    ) -> Result<Box<dyn Protection>> {
        let of = |section: &'static str| {
            move |error: sim_core::Error| {
                Error::setting(error.within(&format!("methods.{section}")))
            }
        };
        Ok(match method {
            Method::Sequential | Method::Joint | Method::Replay => Box::new(()),
            Method::Hlop => {
                let settings =
                    needed(self.hlop.clone(), "hlop", "rows = [[80, 200, 100], [70, 70, 70]]")?;
                let protection =
                    HebbianProjection::new(network, settings, seed).map_err(of("hlop"))?;
                protection.check_tasks(tasks).map_err(of("hlop"))?;
                Box::new(protection)
            }
            Method::Ewc => {
                let settings = needed(self.ewc, "ewc", "strength = 1000.0")?;
                Box::new(ElasticWeights::new(network, settings).map_err(of("ewc"))?)
            }
            Method::Gpm => {
                let settings =
                    needed(self.gpm.clone(), "gpm", "directions = { thresholds = [0.95, 0.99] }")?;
                Box::new(GradientProjectionMemory::new(network, settings).map_err(of("gpm"))?)
            }
            Method::Owm => {
                let settings = self.owm.clone();
                Box::new(OrthogonalWeights::new(network, settings).map_err(of("owm"))?)
            }
        })
    }
}

fn needed<T>(section: Option<T>, name: &str, example: &str) -> Result<T> {
    section.ok_or_else(|| Error::Setting {
        field: Some(format!("methods.{name}")),
        problem: format!(
            "methods.{name} is missing, which the method {name} needs: e.g. {example}"
        ),
    })
}
