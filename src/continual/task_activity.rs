//! How far tasks overlap: which directions the activity of each takes up when it ends, and the
//! principal angles between these and those of every task before it.

use crate::continual::experiment::ContinualExperiment;
use crate::continual::tables::AngleRow;
use crate::error::Result;
use layered::LayeredEngine;
use plasticity::continual::{
    ActivitySubspace, HebbianProjection, HebbianProjectionSettings, activity_subspaces,
    principal_angles,
};
use sim_core::{Network, SpikeFrames};

/// The directions that samples of a task, counted from 0, take up in `network`: as many as
/// `[methods.hlop]` gives rows to the task, whatever the method, so that methods can be compared.
/// Where that section is missing or does not fit the network, as many as hold 95 % of the activity.
pub(crate) fn task_activity(
    experiment: &ContinualExperiment,
    network: &Network,
    task: usize,
    frames: &[SpikeFrames],
) -> Result<Vec<ActivitySubspace>> {
    let fits = |settings: &&HebbianProjectionSettings| {
        HebbianProjection::new(network, (*settings).clone(), experiment.seed()).is_ok()
    };
    let settings = experiment.methods.hlop.as_ref().filter(fits);
    let projections = settings.and_then(|settings| settings.projections.as_deref());
    let rows = settings.map(|settings| settings.rows_of(task));
    let mut engine = LayeredEngine::new(network)?;
    Ok(activity_subspaces(network, &mut engine, frames, projections, rows)?)
}

/// The angles between the activity of a task and that of an earlier one, both counted from 1; none
/// for a projection in which one of them has no directions.
pub(crate) fn angles(
    (task, own): (usize, &[ActivitySubspace]),
    (earlier_task, earlier): (usize, &[ActivitySubspace]),
) -> Vec<AngleRow> {
    let of_projection = |(earlier, own): (&ActivitySubspace, &ActivitySubspace)| {
        let angles = principal_angles(&own.directions, &earlier.directions, own.inputs);
        let projection = own.projection.clone();
        let row = move |angle: f64| AngleRow {
            task,
            earlier_task,
            projection: projection.clone(),
            degrees: angle.to_degrees(),
        };
        angles.into_iter().flatten().map(row)
    };
    earlier.iter().zip(own).flat_map(of_projection).collect()
}
