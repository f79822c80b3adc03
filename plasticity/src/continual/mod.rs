//! Learning task after task without forgetting.
//!
//! | type | question it answers |
//! |---|---|
//! | [`LateralCircuit`], [`CircuitSettings`], [`LateralAnswer`] | what does a population use? |
//! | [`HebbianProjection`] | how do lateral circuits protect weights? |
//! | [`GradientProjectionMemory`], [`Directions`] | how do principal directions protect them? |
//! | [`OrthogonalWeights`] | how do recursive least squares protect them? |
//! | [`ElasticWeights`] | how do springs hold parameters that mattered? |
//! | [`Activity`] | what of a population's activity is a sample? |
//! | [`SubspaceReport`], [`Stored`] | what does a protection keep of a task? |
//! | [`activity_subspaces`] | which directions does the activity of a task itself take up? |
//! | [`principal_angles`] | how do two subspaces lie to each other? |
//! | [`AccuracyMatrix`] | what did a sequence of tasks come to? |
//!
//! A protection hears of each task's beginning, its batches and its end; see
//! [`Protection`](crate::Protection). Training on task after task without one is sequential
//! training, which forgets.

pub(crate) mod activity_subspaces;
pub(crate) mod circuit_settings;
pub(crate) mod dense;
pub(crate) mod elastic_weights;
pub(crate) mod gradient_projection_memory;
pub(crate) mod hebbian_projection;
pub(crate) mod lateral_circuit;
#[cfg(test)]
pub(crate) mod made_up;
pub(crate) mod metrics;
pub(crate) mod orthogonal_weights;
pub(crate) mod orthonormal;
pub(crate) mod presynaptic;
pub(crate) mod principal_angles;
pub(crate) mod projector;
pub(crate) mod protected_weights;
#[cfg(test)]
mod resumed_tasks;
pub(crate) mod saved_state;
#[cfg(test)]
pub(crate) mod small_network;
pub(crate) mod subspace_report;
pub(crate) mod task_count;

pub use activity_subspaces::{ActivitySubspace, activity_subspaces};
pub use circuit_settings::{CircuitSettings, LateralAnswer};
pub use dense::Number;
pub use elastic_weights::{ElasticWeights, ElasticWeightsSettings};
pub use gradient_projection_memory::{
    Directions, GradientProjectionMemory, GradientProjectionMemorySettings,
};
pub use hebbian_projection::{HebbianProjection, HebbianProjectionSettings};
pub use lateral_circuit::LateralCircuit;
pub use metrics::AccuracyMatrix;
pub use orthogonal_weights::{OrthogonalWeights, OrthogonalWeightsSettings};
pub use presynaptic::Activity;
pub use principal_angles::principal_angles;
pub use subspace_report::{Stored, SubspaceReport};
