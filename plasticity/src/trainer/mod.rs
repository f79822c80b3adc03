//! Training: single steps, and what is built on them.
//!
//! | file | question it answers |
//! |---|---|
//! | `step` | [`Trainer`]: what does one batch do to the parameters? |
//! | `protected_step` | what becomes of a protected step at the bounds of a parameter? |
//! | `deployed_pass` | how far is a pass of training the network as it is deployed? |
//! | `groups` | [`ParameterGroup`]: which parameters follow which rule? |
//! | `epochs` | [`EpochTrainer`]: how does training go through labelled samples? |
//! | `evaluation` | [`Evaluation`]: how good is a network? |
//! | `kept_checkpoints` | [`KeptCheckpoints`]: which epochs' checkpoints are kept? |
//! | `activity` | [`PopulationActivity`]: which neurons take no part? |
//! | `outcome` | [`SampleOutcome`]: what does a network make of one sample? |
//! | `tally` | [`Tally`]: how many of some samples were right? |
//! | `timing` | [`TrainerTiming`]: what takes how long? |
//! | `selection` | [`Selection`]: which epoch is the best, and when is it enough? |

pub(crate) mod activity;
pub(crate) mod deployed_pass;
pub(crate) mod epochs;
pub(crate) mod evaluation;
pub(crate) mod groups;
pub(crate) mod kept_checkpoints;
pub(crate) mod outcome;
pub(crate) mod protected_step;
pub(crate) mod selection;
pub(crate) mod step;
pub(crate) mod tally;
pub(crate) mod timing;

pub use activity::PopulationActivity;
pub use epochs::{EpochReport, EpochTrainer, Progress};
pub use evaluation::{Evaluation, EvaluationSettings, check_samples, evaluate};
pub use groups::ParameterGroup;
pub use kept_checkpoints::KeptCheckpoints;
pub use outcome::SampleOutcome;
pub use selection::{EarlyStopping, Selection};
pub use step::{StepReport, Trainer};
pub use tally::Tally;
pub use timing::TrainerTiming;
