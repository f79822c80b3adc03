//! Spike recordings: reading them as published, making them up, splitting, changing and binning
//! them. Images: reading them as published, making them up, showing them as currents or spikes.
//! Tasks that are learned one after the other.
//!
//! | module | what it holds |
//! |---|---|
//! | `recordings` | [`SpikeRecordings`]: all samples of a file, compact, every spike checked |
//! | `layout` | [`Layout`]: what a reader is told about a file |
//! | `spike_times` | [`TimeType`]: the precision of spike times |
//! | `time_unit` | [`TimeUnit`]: seconds, milliseconds, samples, ... |
//! | `clock` | [`Clock`]: whether times lie on a grid, and on which |
//! | `class_names` | [`Numbering`]: which class of a file is which class of a network |
//! | `new_samples` | [`NewSample`]: recordings from samples that were made |
//! | `archive` | [`RecordingFile`]: `.h5`, `.h5.gz` and `.zip`, unpacked once into a cache |
//! | `gzip` | streams of gzip, unpacked as they are read |
//! | `assembly` | samples checked one by one and put together; channels and classes inferred |
//! | `content` | what a file holds, seen from its first bytes |
//! | `container` | HDF5 files as other programs write them: links, filters, texts |
//! | `spiking_speech` | the reader of SHD and SSC files, in Rust alone |
//! | `libhdf5` | the reader that uses the machine's HDF5 library (feature `libhdf5`) |
//! | `recording_writer`, `packing` | write files of the same layout, packed as their name says |
//! | `recording_length` | how long recordings last, and whether that is plausible |
//! | `sentence` | [`Sentence`]: what is wrong, in words that leave open what a setting is called |
//! | `listing`, `shown_name` | [`listed()`], [`counted()`], [`shown_name()`]: words of sentences |
//! | `randman` | [`Randman`]: made-up data whose classes differ in spike timing only |
//! | `echo` | [`Echo`]: made-up data whose classes differ in how late channels repeat others |
//! | `splits` | [`Splitting`]: validation by speaker or by chance |
//! | `augmentation` | [`Augmentation`]: changed samples, keyed by seed, epoch and sample |
//! | `binning` | [`Binning`]: seconds to steps, units to channels |
//! | `dataset` | [`SpikeDataset`]: recordings as a [`sim_core::SampleSource`] |
//! | `joined_samples` | [`JoinedSamples`]: the samples of two sources |
//! | `labelled_frames` | [`LabelledFrames`]: samples that a program made, in memory |
//! | `images` | [`ImageData`], [`ImageTask`]: images of files like those of MNIST, as samples |
//! | `tasks` | [`TaskSettings`], [`TaskSequence`]: tasks that are learned one after the other |
//! | `checksum` | [`checksum()`] of many samples, [`digest()`] of one: by what they are known |
//! | `summary` | [`Summary`]: what is in a file |
//! | `soundness` | [`Soundness`]: whether it is fit to be trained on |
//!
//! ```
//! use std::sync::Arc;
//! use datasets::{Augmentation, Binning, Randman, SpikeDataset, Splitting};
//! use sim_core::{SampleSource, Seed};
//!
//! let randman = Randman { samples_per_class: 10, ..Randman::default() };
//! let recordings = Arc::new(randman.recordings(Seed(1))?);
//! let split = Splitting::random(0.2).split(&recordings, Seed(1))?;
//! let binning = Binning { dt_ms: 2.0, channel_group: 1, ..Binning::default() };
//! let unchanged = Augmentation::default();
//! let dataset = SpikeDataset::new(recordings, binning, unchanged, Seed(1), &split.train)?;
//! assert_eq!((split.train.len(), split.validation.len()), (80, 20));
//! assert_eq!(dataset.frames(split.train[0], Some(0)).channels(), 70);
//! # Ok::<(), datasets::Error>(())
//! ```
//! # From a file to recordings
//!
//! [`RecordingFile`] finds the HDF5 file behind `.h5`, `.h5.gz` or `.zip`, by its first bytes and
//! not by its name, and unpacks archives once into the user's cache, by checksum. `spiking_speech`
//! reads the layout of SHD and SSC, front to back, one sample at a time, into the compact form of
//! [`SpikeRecordings`]; `assembly` checks every time, unit and label on the way. Float16 times are
//! converted before they are scaled, since milliseconds overflow float16.
//!
//! `container` handles what HDF5 files have beside their datasets: links to other places and files,
//! h5py's LZF, strings in Latin-1. It also knows which filters and forms are unsupported, so that
//! only damage is called damage. Data that nothing depends on never stops the reading; a note says
//! what was left out.
//!
//! The reader is pure Rust, so that a plain build needs no system library. With the feature
//! `libhdf5` a second reader goes through the machine's HDF5 library, for filters that the first
//! does not know (`examples/repack.rs`), and a test holds the two equal.
//!
//! # What is inferred, and what is refused
//!
//! What a file means is inferred where possible, and the inference is reported. [`Layout`] holds
//! what a reader is told; `assembly` infers channels and classes, [`Clock`] finds whether times lie
//! on a grid, `recording_length` doubts units, [`Numbering`] finds the classes of one file among
//! those of a network, and [`Soundness`] says whether a file is fit to be trained on.
//!
//! # From recordings to samples
//!
//! [`Randman`] and [`Echo`] make spike data whose classes differ in timing only, and in [`Echo`]
//! only in times so far apart that telling the classes apart takes delays.
//! [`SpikeRecordings::write`] writes any recordings in the published layout. [`Splitting`] holds
//! out speakers or a share of every class; [`JoinedSamples`] takes the samples of another file.
//! [`Augmentation`] changes training samples, [`Binning`] turns seconds and units into steps and
//! channels, and [`SpikeDataset`] joins these into a [`sim_core::SampleSource`], the trait that
//! training asks for frames.
//!
//! # From images to tasks
//!
//! [`ImageData::read`] reads the four files of MNIST and of the data sets that took its place;
//! [`ImageClusters`] makes images up. [`ImageInput`] says whether a pixel is a current that repeats
//! in every step, spikes at random or one spike in time; an [`ImageTask`] shows images in that way,
//! their pixels in the order of a [`Permutation`].
//!
//! [`TaskSettings`] say which tasks there are: all images with their pixels in one order after the
//! other, some of the classes in each task, or a list. [`TaskSequence::new`] chooses the images of
//! each to train, to validate and to test on, and [`Heads`] which outputs stand for its classes.
//! [`TaskSequence::of`] makes a sequence of samples of any other kind.
//!
//! ```
//! use datasets::{ImageClusters, ImageInput, TaskSequence, TaskSettings};
//! use sim_core::Seed;
//!
//! let images = ImageClusters { train: 100, test: 20, ..ImageClusters::default() };
//! let images = images.images(Seed(1))?;
//! // Ten tasks, each with the pixels in an order of its own.
//! let (settings, input) = (TaskSettings::default(), ImageInput::default());
//! let sequence = TaskSequence::new(&settings, Some(&images), &input, 6, 10, Seed(1))?;
//! assert_eq!((sequence.len(), sequence.channels(), sequence.outputs()), (10, 144, 10));
//! let task = &sequence.tasks()[0];
//! assert_eq!((task.train.len(), task.validation.len(), task.test.len()), (90, 10, 20));
//! # Ok::<(), datasets::Error>(())
//! ```
//!
//! # Samples of one's own
//!
//! Samples that a program makes are [`LabelledFrames`], or a source of the program's own.
//! [`checksum()`] tells them from others when a run is resumed. [`digest()`] names each sample by
//! its spikes as the network gets them, so that a sample that was trained on is known in any file.
#![forbid(unsafe_code)]

mod archive;
mod assembly;
mod augmentation;
mod binning;
mod checksum;
mod class_names;
mod clock;
mod container;
mod content;
mod dataset;
mod echo;
mod error;
mod float16;
mod gzip;
mod images;
mod joined_samples;
mod labelled_frames;
mod layout;
#[cfg(feature = "libhdf5")]
mod libhdf5;
mod listing;
mod new_samples;
mod packing;
mod randman;
mod recording_length;
mod recording_writer;
mod recordings;
mod sentence;
mod shown_name;
mod soundness;
mod spike_times;
mod spiking_speech;
mod splits;
mod summary;
mod tasks;
mod time_unit;

pub use archive::{RecordingFile, cache_folder, sha256};
pub use augmentation::Augmentation;
pub use binning::{Align, Binning};
pub use checksum::{checksum, digest, hexadecimal};
pub use class_names::Numbering;
pub use clock::Clock;
pub use dataset::SpikeDataset;
pub use echo::Echo;
pub use error::{Error, Result};
pub use images::image_clusters::ImageClusters;
pub use images::image_data::ImageData;
pub use images::image_input::{AnalogInput, ImageInput, LatencyInput, PoissonInput};
pub use images::image_set::ImageSet;
pub use images::image_task::{ImageTask, ImageView};
pub use images::permutation::Permutation;
pub use joined_samples::JoinedSamples;
pub use labelled_frames::LabelledFrames;
pub use layout::{Known, Layout};
pub use listing::{counted, listed};
pub use new_samples::NewSample;
pub use randman::Randman;
pub use recordings::{MetaInfo, SpikeRecordings};
pub use sentence::{Sentence, Setting};
pub use shown_name::shown_name;
pub use soundness::Soundness;
pub use spike_times::TimeType;
pub use splits::{Split, SplitBy, Splitting};
pub use summary::{ClassCount, SpeakerCount, Spread, Summary};
pub use tasks::class_tasks::ClassTasks;
pub use tasks::heads::Heads;
pub use tasks::permutation_tasks::PermutationTasks;
pub use tasks::pixel_order::PixelOrder;
pub use tasks::task::Task;
pub use tasks::task_list::{ListedTask, TaskList};
pub use tasks::task_sequence::TaskSequence;
pub use tasks::task_settings::TaskSettings;
pub use time_unit::TimeUnit;
