//! Delays of every projection: their distribution before and after training, and how far they move
//! in each epoch.

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::histogram::Bins;
use crate::legend::{Legend, Sample};
use crate::panel::Panel;
use crate::panel_rows::{Column, PANEL_HEIGHT, PanelRows, Row};
use crate::scale::{Scale, extent, grouped};
use crate::stroke::{Dash, Stroke};
use crate::theme::{NORMAL, Rgb, SINGLE_COLUMN_MM, Size, mm};
use crate::weights::{height_scale, start_and_end, start_and_end_legend};

const MOST_BINS: usize = 60;
/// More steps of delay than any network has; keeps a wrong unit from asking for a billion bins.
const MOST_STEPS: f64 = 1e7;
const NO_DELAYS: &str = "no delays";
const CHANGE: Stroke = Stroke { color: Rgb::VERMILLION, width: NORMAL, dash: Dash::Solid };

/// How far the delays of a projection moved in one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DelayChange {
    /// Epochs trained so far, counting this one.
    pub epoch: f64,
    /// Mean over the synapses of |delay after - delay before the epoch|, in ms.
    pub mean_ms: f64,
}

impl DelayChange {
    /// Compares the delays (ms, same synapse order) around an epoch; NaN without a pair of finite
    /// delays.
    pub fn between(epoch: f64, before_ms: &[f32], after_ms: &[f32]) -> Self {
        let moved = before_ms
            .iter()
            .zip(after_ms)
            .map(|(&before, &after)| (f64::from(after) - f64::from(before)).abs());
        let (sum, count) = moved
            .filter(|moved| moved.is_finite())
            .fold((0.0, 0.0), |(sum, count), moved| (sum + moved, count + 1.0));
        Self { epoch, mean_ms: sum / count }
    }
}

/// What [`DelaysFigure`] shows of one projection.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionDelays {
    /// For example "input → hidden 1".
    pub name: String,
    /// All delays before training in ms, in any order.
    pub start_ms: Vec<f32>,
    /// All delays after training in ms, in any order.
    pub end_ms: Vec<f32>,
    /// The longest delay the projection allows, in ms, at least 0; with 0 its row says that it has
    /// no delays.
    pub max_ms: f64,
    /// The time step in ms, above 0; bins are centred on its multiples.
    pub step_ms: f64,
    /// Ascending in epochs; may be empty.
    pub changes: Vec<DelayChange>,
}

/// Delay histograms at start and end beside the mean |change| per epoch, a row per projection.
///
/// All rows share the scale of the change, so that they can be compared. Delays outside 0 to
/// `max_ms` count in the first or last bin. Heights are percent of the synapses per ms: the bins at
/// both ends are half as wide as the others. Delays that a clamp holds at an end of their window
/// stand out there as a peak. A network without any delays has nothing to show here: ask
/// [`DelaysFigure::has_delays`] first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DelaysFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside the title: when the end is, for example "after epoch 24"; may be empty.
    pub remark: String,
    /// The projections, one row each.
    pub projections: Vec<ProjectionDelays>,
}

/// Bins of one projection with the densities at start and end.
struct Distribution {
    bins: Bins,
    start: Vec<f64>,
    end: Vec<f64>,
}

impl ProjectionDelays {
    fn is_drawable(&self) -> bool {
        self.step_ms > 0.0 && self.max_ms >= 0.0 && self.max_ms / self.step_ms <= MOST_STEPS
    }

    fn has_delays(&self) -> bool {
        self.max_ms > 0.0
    }

    /// Scale of the delays; for a projection without delays it spans one step, so that the axis
    /// shows no negative times.
    fn delay_scale(&self, bins: Bins) -> Scale {
        let (lo, hi) = bins.ends();
        if hi > lo { Scale::padded(Some((lo, hi))) } else { Scale::linear(0.0, self.step_ms) }
    }

    fn distribution(&self) -> Distribution {
        let bins = if self.is_drawable() {
            Bins::on_steps(self.max_ms, self.step_ms, MOST_BINS)
        } else {
            Bins::on_steps(0.0, 1.0, 1)
        };
        Distribution { bins, start: bins.density(&self.start_ms), end: bins.density(&self.end_ms) }
    }

    fn draw_changes(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        let known: Vec<DelayChange> =
            self.changes.iter().copied().filter(|change| change.mean_ms.is_finite()).collect();
        if !self.has_delays() {
            return panel.nothing(canvas, NO_DELAYS);
        }
        if known.is_empty() {
            return panel.nothing(canvas, "no epochs");
        }
        panel.line(
            canvas,
            self.changes.iter().map(|change| (change.epoch, change.mean_ms)),
            CHANGE,
        );
        // Few points deserve to be seen as such; many would hide their line.
        if known.len() <= 12 {
            known.iter().for_each(|change| {
                canvas.disc(panel.at(change.epoch, change.mean_ms), 1.3, CHANGE.color)
            });
        }
    }
}

impl DelaysFigure {
    /// Whether any projection allows delays; if none does, the figure is best left out.
    pub fn has_delays(&self) -> bool {
        self.projections.iter().any(ProjectionDelays::has_delays)
    }

    fn distributions(&self) -> Vec<Distribution> {
        self.projections.iter().map(ProjectionDelays::distribution).collect()
    }

    fn layout(&self, distributions: &[Distribution]) -> PanelRows<'_> {
        let changes = || self.projections.iter().flat_map(|projection| &projection.changes);
        let epochs = Scale::counting(extent(changes().map(|change| change.epoch)));
        let change = Scale::from_zero(extent(changes().map(|change| change.mean_ms)));
        let row = |(projection, distribution): (&ProjectionDelays, &Distribution)| {
            let Distribution { bins, start, end } = distribution;
            let synapses = projection.start_ms.len().max(projection.end_ms.len()) as u64;
            Row {
                name: projection.name.clone(),
                note: format!("{} synapses", grouped(synapses)),
                scales: vec![
                    (projection.delay_scale(*bins), height_scale(start, end)),
                    (epochs, change),
                ],
            }
        };
        let mut changes = Legend::default();
        changes.add(Sample::Line(CHANGE), "mean |change| per epoch");
        PanelRows {
            width: mm(SINGLE_COLUMN_MM),
            panel_height: PANEL_HEIGHT,
            title: &self.title,
            remark: &self.remark,
            columns: vec![
                Column {
                    legend: start_and_end_legend(),
                    x_name: "delay (ms)",
                    y_name: "density (%/ms)",
                    share: 0.5,
                },
                Column { legend: changes, x_name: "epoch", y_name: "|change| (ms)", share: 0.5 },
            ],
            rows: self.projections.iter().zip(distributions).map(row).collect(),
        }
    }

    fn check(&self) -> Result<()> {
        let error = |message| Err(Error::Data { figure: "DelaysFigure", message });
        if self.projections.is_empty() {
            return error("no projections to draw".to_owned());
        }
        match self.projections.iter().find(|projection| !projection.is_drawable()) {
            None => Ok(()),
            Some(ProjectionDelays { name, max_ms, step_ms, .. }) => error(format!(
                "projection \"{name}\" has max_ms {max_ms} and step_ms {step_ms}, but 0 <= max_ms, \
                 0 < step_ms and at most {MOST_STEPS} steps are needed"
            )),
        }
    }
}

impl Figure for DelaysFigure {
    fn size(&self) -> Size {
        self.layout(&self.distributions()).size()
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        self.check()?;
        let distributions = self.distributions();
        self.layout(&distributions).draw(canvas, |canvas, index, column, panel| match column {
            0 if !self.projections[index].has_delays() => panel.nothing(canvas, NO_DELAYS),
            0 => {
                let Distribution { bins, start, end } = &distributions[index];
                start_and_end(canvas, panel, *bins, start, end);
            }
            _ => self.projections[index].draw_changes(canvas, panel),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_the_mean_distance() {
        assert_eq!(
            DelayChange::between(1.0, &[10.0, 20.0, 5.0], &[13.0, 19.0, f32::NAN]).mean_ms,
            2.0
        );
        assert!(DelayChange::between(1.0, &[], &[]).mean_ms.is_nan());
    }

    #[test]
    fn delays_are_never_shown_as_negative() {
        let scale = |max_ms| {
            let projection = ProjectionDelays {
                name: String::new(),
                start_ms: vec![0.0],
                end_ms: vec![0.0],
                max_ms,
                step_ms: 2.0,
                changes: vec![],
            };
            projection.delay_scale(projection.distribution().bins)
        };
        assert_eq!(scale(0.0), Scale::linear(0.0, 2.0));
        assert_eq!(scale(50.0), Scale::padded(Some((0.0, 50.0))));
    }

    #[test]
    fn a_wrong_step_is_named() {
        let projection = ProjectionDelays {
            name: "a → b".into(),
            start_ms: vec![],
            end_ms: vec![],
            max_ms: 240.0,
            step_ms: 0.0,
            changes: vec![],
        };
        let message = DelaysFigure { projections: vec![projection], ..DelaysFigure::default() }
            .check()
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with(
                "DelaysFigure: projection \"a → b\" has max_ms 240 and step_ms 0, but"
            ),
            "{message}"
        );
    }
}
