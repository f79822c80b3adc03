//! Images with a class each, as samples.
//!
//! | file | holds |
//! |---|---|
//! | `idx` | the reader of IDX files |
//! | `image_set` | images of one size and their classes, in memory |
//! | `image_data` | training and test images |
//! | `image_folder` | the four files that they are published as |
//! | `image_clusters` | made-up images |
//! | `permutation` | orders of pixels |
//! | `image_input` | what pixels become: currents or spikes |
//! | `image_task` | images of a set as samples |

pub(crate) mod idx;
pub(crate) mod image_clusters;
pub(crate) mod image_data;
mod image_folder;
pub(crate) mod image_input;
pub(crate) mod image_set;
pub(crate) mod image_task;
pub(crate) mod permutation;
