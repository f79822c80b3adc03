//! All integration tests of the library in one binary, so that it links once, but for
//! `allocations.rs`, whose allocator would count them all.
//!
//! | module | holds against each other |
//! |---|---|
//! | `golden_delay_training`, `gradient_check` | the `f64` oracle, the reference, differences |
//! | `gradient_engines` | every engine for gradients and the reference's numbers, and each other |
//! | `layered_oracle` | the layered engine and the oracle, on random networks |
//! | `engines_agree` | the clock, the layered and the streaming engine |
//! | `joined_projections` | projections side by side and merged ones |
//! | `short_samples` | products over a batch, by every instruction set |
//! | `nest_network`, `nest_neurons`, `nest_stdp` | neurons, pair STDP and NEST |
//! | `neuron_seams` | ports, learned parameters: dual numbers, all engines |
//! | `oja` | Oja's rule and principal components; snapshots of networks that learn |
//! | `running_circuit` | lateral circuits in the clock engine, the batch rule, two tasks in turn |
//! | `quickstart` | the default recipe, and the same without delays |
//! | `open_trainer`, `open_run` | what a program brings and gets; a break anywhere |
//! | `locked_run` | two runs and one folder |
//! | `verdicts` | evaluations of the same samples in other company, and by other engines |
//! | `training_contracts` | thread counts, save and resume; initial rates |
//! | `architecture_paths`, `documents` | the documents and what they speak of |
//! | `file_circles` | the files of each crate: none reach each other, none import through a face |

mod architecture_paths;
mod configuration_reference;
mod documents;
mod engines_agree;
mod file_circles;
mod golden_cases;
mod golden_delay_training;
mod gradient_check;
mod gradient_engines;
mod joined_projections;
mod layered_oracle;
mod locked_run;
mod nest_network;
mod nest_neurons;
mod nest_stdp;
mod neuron_seams;
mod oja;
mod open_run;
mod open_trainer;
mod oracle;
mod parameter_of;
mod quickstart;
mod relay;
mod running_circuit;
mod short_samples;
mod training_contracts;
mod verdicts;
