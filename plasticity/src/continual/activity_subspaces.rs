//! The directions that the activity of samples itself takes up, whatever a protection keeps.

use crate::continual::orthonormal::{ROUNDING, principal_directions};
use crate::continual::presynaptic::{Activity, sent_in_samples};
use crate::continual::protected_weights::{ProtectedWeight, ProtectedWeights};
use rayon::prelude::*;
use sim_core::{Error, GradientEngine, Network, Result, SpikeFrames};

/// Share of the second moment that the directions hold where no number of them is given.
const HELD: f64 = 0.95;

/// The principal directions of what the source of a projection sends in some samples.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivitySubspace {
    /// Name of the projection.
    pub projection: String,
    /// Neurons of its source.
    pub inputs: usize,
    /// The directions `[direction][neuron]`, orthonormal; that of the largest second moment first.
    pub directions: Vec<f64>,
}

/// The principal directions of the mean rates that the sources of projections send in these
/// samples, with the network as it is deployed: the eigenvectors of the second moment `E[x x^T]`,
/// not centred, as lateral circuits and gradient projection memories see it. Two tasks share a
/// direction as far as their subspaces have a small [`principal_angles`].
///
/// `projections` are indices; without them, all dense ones of neurons that fire and of sources.
/// `rows` says how many directions each gets, of which samples may have fewer; without it, a
/// projection gets as many as hold 95 % of the second moment. `engine` must have been built for the
/// network. Without `projections`, a network that has no dense ones has no subspaces.
///
/// [`principal_angles`]: crate::continual::principal_angles
///
/// # Errors
/// Listed projections that are not dense or come from neurons that never fire; [`Error::Length`]
/// unless there are rows for each; what the engine refuses.
pub fn activity_subspaces(
    network: &Network,
    engine: &mut dyn GradientEngine,
    frames: &[SpikeFrames],
    projections: Option<&[usize]>,
    rows: Option<&[usize]>,
) -> Result<Vec<ActivitySubspace>> {
    let weights = match ProtectedWeights::new(network, projections) {
        Err(_) if projections.is_none() => return Ok(Vec::new()),
        weights => weights?,
    };
    if let Some(rows) = rows {
        Error::check_length("rows, one entry for each projection,", rows.len(), weights.0.len())?;
    }
    let sources = weights.sources();
    let samples = sent_in_samples(network, engine, frames, &sources, Activity::Rates)?;
    let of_projection = |(place, samples): (usize, &Vec<f32>)| {
        let ProtectedWeight { name, pre, .. } = &weights.0[place];
        let directions = directions(samples, *pre, rows.map(|rows| rows[place]));
        ActivitySubspace { projection: name.clone(), inputs: *pre, directions }
    };
    Ok(samples.par_iter().enumerate().with_max_len(1).map(of_projection).collect())
}

/// The first principal directions of `samples` `[sample][neuron]`.
fn directions(samples: &[f32], neurons: usize, rows: Option<usize>) -> Vec<f64> {
    let samples: Vec<f64> = samples.iter().map(|&rate| f64::from(rate)).collect();
    if samples.is_empty() {
        return Vec::new();
    }
    let (values, mut directions) = principal_directions(&samples, neurons);
    let squares: Vec<f64> = values.iter().map(|value| value * value).collect();
    let total: f64 = squares.iter().sum();
    let mut held = 0.0;
    let is_needed = |(index, square): &(usize, &f64)| {
        let is_missing = rows.map_or(held < HELD * total, |rows| *index < rows);
        held += **square;
        is_missing && **square > ROUNDING * total
    };
    let count = squares.iter().enumerate().take_while(is_needed).count();
    directions.truncate(count * neurons);
    directions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::principal_angles::principal_angles;
    use crate::continual::small_network::{INPUTS, images, small_network};
    use layered::LayeredEngine;

    /// Three samples: 3 along the first neuron, 1 along the second, 0.1 along the third.
    const ALONG: [f32; 12] = [3.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.0];

    #[test]
    fn the_strongest_directions_come_first() {
        let absolute = |rows| -> Vec<f64> {
            directions(&ALONG, 4, rows).iter().map(|entry| entry.abs().round()).collect()
        };
        let axes = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        assert_eq!(absolute(Some(2)), axes[..8]);
        // The fourth neuron never sends.
        assert_eq!(absolute(Some(4)), axes);
        // Nine tenths are too few, and 99.9 % enough.
        assert_eq!(absolute(None), axes[..8]);
        assert!(directions(&[0.0; 8], 4, Some(3)).is_empty());
        assert!(directions(&[], 4, None).is_empty());
    }

    #[test]
    fn tasks_that_send_the_same_share_all_directions() {
        let network = small_network();
        let mut engine = LayeredEngine::new(&network).unwrap();
        let mut of_task = |task| {
            activity_subspaces(&network, &mut engine, &images(task), None, Some(&[3, 2])).unwrap()
        };
        let (one, same, other) = (of_task(0), of_task(0), of_task(1));
        assert_eq!(one, same);
        assert_eq!((one.len(), one[0].inputs, one[0].directions.len()), (2, INPUTS, 3 * INPUTS));
        let angles = |a: &ActivitySubspace, b: &ActivitySubspace| {
            principal_angles(&a.directions, &b.directions, a.inputs).unwrap()
        };
        assert!(angles(&one[0], &same[0]).iter().all(|angle| *angle < 1e-12));
        assert!(angles(&one[0], &other[0])[2] > 0.1);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let network = small_network();
        let mut engine = LayeredEngine::new(&network).unwrap();
        let mut refused = |projections: Option<&[usize]>, rows: Option<&[usize]>| {
            let subspaces =
                activity_subspaces(&network, &mut engine, &images(0), projections, rows);
            subspaces.unwrap_err().to_string()
        };
        assert!(refused(Some(&[7]), None).contains("projections is 7"));
        assert!(refused(None, Some(&[1])).contains("one entry for each projection"));
    }
}
