//! Tasks that one network learns one after the other.
//!
//! | file | holds |
//! |---|---|
//! | `task`, `task_sequence` | samples of any kind as tasks, and what tasks must have in common |
//! | `task_settings` | which tasks there are, as a configuration says it |
//! | `permutation_tasks` | the same images with their pixels in another order |
//! | `class_tasks` | some of the classes in each task |
//! | `task_list` | tasks that are listed one by one |
//! | `task_plan` | what these three come down to |
//! | `heads` | which outputs stand for the classes of a task |
//! | `pixel_order`, `permutation_files` | orders of pixels by seed or from a file |
//! | `image_source` | the images that tasks choose from, and which of them validate |
//! | `image_tasks` | from settings and images to a sequence |

pub(crate) mod class_tasks;
pub(crate) mod heads;
mod image_source;
mod image_tasks;
mod permutation_files;
pub(crate) mod permutation_tasks;
pub(crate) mod pixel_order;
pub(crate) mod task;
pub(crate) mod task_list;
mod task_plan;
pub(crate) mod task_sequence;
pub(crate) mod task_settings;
