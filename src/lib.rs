//! Spiking networks whose synaptic delays learn: simulator and trainer.
//!
//! The crates beneath, re-exported: [`sim_core`] (vocabulary and engines), [`neurons`],
//! [`plasticity`] (everything that learns), [`datasets`], [`plots`], [`exchange`] (other programs'
//! formats), [`atomic_file`]. This crate joins them:
//!
//! | name | question it answers |
//! |---|---|
//! | [`Experiment`], [`Override`] | what is in a configuration file, and how is it changed? |
//! | [`Recipe`] | which experiments ship with synfire? |
//! | [`DataSettings`], [`NetworkSettings`] | which samples, and which network? |
//! | [`TrainingRun`], [`Observer`] | how does an experiment become a trained network? |
//! | [`RunFolder`], [`Metrics`], [`History`] | what does a run leave on disk? |
//! | [`ContinualRun`], [`TaskEvaluation`] | how does a network learn task after task, and how well? |
//! | [`RunSummary`], [`NetworkSummary`] | what is in a run, packed or not, and in a network file? |
//! | [`TrainedRun`] | how good is it, and what does it do with a sample? |
//! | [`ForwardEngine`] | do all engines come to the same verdicts? |
//! | [`StreamingEngine`] | how does it run on input that arrives step by step? |
//! | [`bench()`] | how fast is a recipe on this machine? |
//! | [`UntrainedNetwork`] | what does the network of an experiment do before it has learned? |
//! | [`NetworkFile`] | how is a network described that runs by itself? |
//! | [`RunningCircuit`] | how does a lateral circuit learn and project as a network runs? |
//!
//! The command `synfire` is a thin layer over these names. This is `synfire train` with the default
//! recipe:
//!
//! ```no_run
//! use synfire::Experiment;
//!
//! let outcome = Experiment::recipe("quickstart")?.train("runs/first")?;
//! println!("{:.1} % of the validation samples", 100.0 * outcome.best.accuracy);
//! # Ok::<(), synfire::Error>(())
//! ```
//!
//! A network whose input streams in, here one that tells in which order two ears were reached. A
//! trained one is [`TrainedRun::network`]; `examples/streaming.rs` does that:
//!
//! ```
//! use synfire::neurons::{LeakyIntegrator, Lif};
//! use synfire::sim_core::{Network, Population, Projection, Synapse, Synapses};
//! use synfire::{Spike, StreamingEngine};
//!
//! let synapses = |source, target, synapses| {
//!     Projection::new(source, target, Synapses::Sparse(synapses))
//! };
//! // The right ear's spike takes three steps: the hidden neuron fires if the left one follows at
//! // that distance.
//! let to_hidden = vec![
//!     Synapse { pre: 0, post: 0, weight: 0.6, delay_steps: 0 },
//!     Synapse { pre: 1, post: 0, weight: 0.6, delay_steps: 3 },
//! ];
//! let to_readout = vec![Synapse { pre: 0, post: 0, weight: 1.0, delay_steps: 1 }];
//! let network = Network::new(
//!     1.0,
//!     vec![
//!         Population::source("ears", 2),
//!         Population::neurons("hidden", 1, Lif::default()),
//!         Population::neurons("readout", 1, LeakyIntegrator::default()),
//!     ],
//!     vec![synapses(0, 1, to_hidden), synapses(1, 2, to_readout)],
//! );
//! let mut engine = StreamingEngine::new(&network)?;
//! for step in 0..5 {
//!     let ear = match step {
//!         0 => vec![Spike { neuron: 1, count: 1.0 }],
//!         3 => vec![Spike { neuron: 0, count: 1.0 }],
//!         _ => vec![],
//!     };
//!     engine.step(&ear)?;
//!     assert_eq!(engine.fired(1), if step == 3 { &[0][..] } else { &[] });
//! }
//! assert_eq!(engine.potential(2), [1.0]);
//! # Ok::<(), synfire::sim_core::Error>(())
//! ```
//! # What a run keeps
//!
//! [`RunFolder`] says what is on disk and in which order it gets there. Every file but the log
//! appears whole or not at all. One epoch writes its tables, then the best checkpoint, then the
//! last one; a run that is killed in between repeats that epoch and writes the same rows again. One
//! process at a time trains into a folder; reading, drawing and simulating need no lock, since
//! every file is whole.
//!
//! What a configuration cannot hold (samples in memory, a loss, regularisers, a protection) a
//! program brings as [`OwnParts`], and has to bring again to resume. A checkpoint holds the whole
//! of `[data]` except for the file's name, whose checksum is in `environment.json`: going on with
//! other samples, another split or other changes is refused. An [`Observer`] is told of lines,
//! steps and epochs, and a break after any of them is honoured, be it the last.
//!
//! A run can move. Its configuration holds absolute paths; where nothing is there any more, the
//! last parts of the path are looked for in the run's folder and in all folders above it, and only
//! a file with the checksum of the run's samples counts. Of a checkpoint that it started from, a
//! run keeps a copy, so that resuming, repeating and drawing it need no other run; the samples'
//! classes are numbered as in the run of that checkpoint.
//!
//! Memory is counted before it is asked for ([`MemoryNeed`]): a batch is padded to its longest
//! sample, and currents, gradients, moments and taps are counted before a network is built.
//!
//! # What an error says
//!
//! A number that is not allowed is an error with a field ([`sim_core::Error`]): that of a type
//! where a program is told, and where sections check their parts, each section says where the
//! number stands, until the field is the path of a key. So the line of the key is found in the
//! file, and no sentence is taken apart. What is wrong with recordings is a sentence that leaves
//! open what a setting is called ([`datasets::Sentence`]): a field, a key or an option.
#![forbid(unsafe_code)]

mod bench;
mod bench_samples;
mod checkpoint;
mod chosen_samples;
mod class_accuracy;
mod configuration;
mod continual;
mod dale_law;
mod data_notes;
mod data_origin;
mod data_settings;
mod drawing;
mod dry_run;
mod environment;
mod error;
mod experiment;
mod export_format;
mod exported_recordings;
mod figure_labels;
mod file_kind;
mod forward_engine;
mod gradient_engine;
mod history;
mod imported_weights;
mod loaded_data;
mod log_folder;
mod memory;
mod memory_need;
mod metrics;
mod moved_recordings;
mod nearest;
mod nearest_threshold;
mod network;
mod network_export;
mod network_summary;
mod observer;
mod outcome;
mod overrides;
mod own_parts;
mod packed_run;
mod passive_neurons;
mod passive_remarks;
mod picture;
mod prepared_run;
mod provenance;
mod pruned_run;
mod received_network;
mod recipes;
mod recordings_place;
mod relative_paths;
mod roofline;
mod run_creation;
mod run_files;
mod run_folder;
mod run_lock;
mod run_mark;
mod run_names;
mod run_part;
mod run_place;
mod run_result;
mod run_summary;
mod running_circuit;
mod sample_file;
mod sample_list;
mod sample_spikes;
mod simulated_samples;
mod simulation;
mod simulation_state;
mod split_evaluation;
mod split_table;
mod start;
mod started_network;
mod stepper;
mod synaptic_currents;
mod text_file;
mod threads;
mod toml_place;
mod trained_run;
mod training_run;
mod training_work;
mod twin_keys;
mod untrained_network;

pub use bench::{BenchPoint, BenchReport, BenchSettings, Latency, bench};
pub use checkpoint::Checkpoint;
pub use chosen_samples::{ChosenSample, ChosenSamples, SampleChoice};
pub use class_accuracy::ClassAccuracy;
pub use continual::data::{ContinualData, ImageFolderSettings, ImageSourceSettings};
pub use continual::drawing::TaskPicture;
pub use continual::experiment::ContinualExperiment;
pub use continual::method::{Method, MethodSettings, ReplaySettings};
pub use continual::progress::CurveRow;
pub use continual::result::{ContinualResult, StoredCounts, SubspaceUse};
pub use continual::run::{ContinualFinish, ContinualRun};
pub use continual::seeds::{SeedMean, SeedTable};
pub use continual::summary::ContinualSummary;
pub use continual::tables::TaskRow;
pub use continual::task_evaluation::{TaskAccuracy, TaskEvaluation};
pub use dale_law::{DaleReport, SentSigns};
pub use data_origin::DataOrigin;
pub use data_settings::{DataSettings, DataSource, FileSource, MemorySource};
pub use dry_run::DryRun;
pub use environment::Environment;
pub use error::{Error, Result};
pub use exchange::NirDelays;
pub use experiment::Experiment;
pub use export_format::{ExportFormat, NetworkTarget};
pub use exported_recordings::{RecordingLogs, labels_of, write_labels};
pub use forward_engine::ForwardEngine;
pub use history::History;
pub use loaded_data::{LoadedData, ValidationFile};
pub use memory_need::MemoryNeed;
pub use metrics::{EpochMetrics, Metrics};
pub use nearest_threshold::{NearestThreshold, recorded_columns};
pub use network::dense_connections::{Delays, DenseConnections, WeightStart};
pub use network::entries::{PopulationEntry, ProjectionEntry, SynapseEntry};
pub use network::feed_forward::FeedForward;
pub use network::file::NetworkFile;
pub use network::graph::Graph;
pub use network::random_synapses::{RandomSynapses, RegularPairs};
pub use network::recurrent::Recurrent;
pub use network::settings::NetworkSettings;
pub use network_export::{ExportedNetwork, NetworkExport};
pub use network_summary::{NetworkSummary, SynapseSummary};
pub use observer::{Event, Observer, Silent};
pub use outcome::{BestEpoch, Finish, Outcome};
pub use overrides::Override;
pub use own_parts::{OwnParts, Samples};
pub use packed_run::PackedFiles;
pub use passive_neurons::{PassiveCounts, PassiveNeurons};
pub use picture::Picture;
pub use provenance::provenance_of;
pub use pruned_run::{PrunedAccuracy, check_shares, pruning_figure};
pub use received_network::ReceivedNetwork;
pub use recipes::Recipe;
pub use roofline::{Roofline, StageRoofline, Work};
pub use run_folder::RunFolder;
pub use run_lock::Writer;
pub use run_part::RunPart;
pub use run_place::FileSize;
pub use run_result::RunResult;
pub use run_summary::{EpochAccuracy, RunSummary};
pub use running_circuit::{RunningCircuit, RunningCircuitSettings};
pub use sample_list::SampleList;
pub use sample_spikes::{SampleNearest, SampleSpikes};
pub use simulated_samples::SimulatedSample;
pub use simulation::{LogSettings, Simulation, SimulationLog};
pub use simulation_state::{continue_from, read_state, write_state};
pub use split_evaluation::{EvaluatedSplit, SplitEvaluation};
pub use start::{Regrowth, Start, StartOrigin};
pub use trained_run::TrainedRun;
pub use training_run::TrainingRun;
pub use training_run::import::ImportedRun;
pub use untrained_network::UntrainedNetwork;

pub use sim_core::{Spike, StreamingEngine};

pub use {
    atomic_file, datasets, exchange, layered, neurons, plasticity, plots, sim_core, simd, traces,
};
