//! Which tasks are learned one after the other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::tasks::class_tasks::ClassTasks;
use crate::tasks::heads::Heads;
use crate::tasks::permutation_files::PermutationFiles;
use crate::tasks::permutation_tasks::PermutationTasks;
use crate::tasks::task_list::TaskList;
use crate::tasks::task_plan::TaskPlan;

/// Which tasks are learned one after the other; told apart by the key `kind`. Default: by
/// permutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskSettings {
    /// All images in every task, their pixels in another order.
    Permutations(PermutationTasks),
    /// Some of the classes in each task.
    Classes(ClassTasks),
    /// Tasks that are listed one by one.
    List(TaskList),
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self::Permutations(PermutationTasks::default())
    }
}

impl TaskSettings {
    /// Checks every field that can be checked without images.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] that names the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Permutations(tasks) => tasks.check(),
            Self::Classes(tasks) => tasks.check(),
            Self::List(tasks) => tasks.check(),
        }
    }

    /// Whether a task is made of images that all tasks share; each task of a list may have a folder
    /// of its own.
    pub fn needs_images(&self) -> bool {
        match self {
            Self::Permutations(_) | Self::Classes(_) => true,
            Self::List(TaskList { task, .. }) => task.iter().any(|task| task.data.is_none()),
        }
    }

    /// The folders of images that tasks have for themselves, in the order of the tasks.
    pub fn folders_mut(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Permutations(_) | Self::Classes(_) => Vec::new(),
            Self::List(list) => {
                list.task.iter_mut().filter_map(|task| task.data.as_mut()).collect()
            }
        }
    }

    /// Which outputs stand for the classes.
    pub fn heads(&self) -> Heads {
        match self {
            Self::Permutations(PermutationTasks { heads, .. })
            | Self::Classes(ClassTasks { heads, .. })
            | Self::List(TaskList { heads, .. }) => *heads,
        }
    }

    /// All files and folders that are named, so that relative ones can begin elsewhere than in the
    /// working directory.
    pub fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Permutations(tasks) => tasks.file.iter_mut().collect(),
            Self::Classes(_) => Vec::new(),
            Self::List(list) => {
                let of_task = list.task.iter_mut().flat_map(|task| {
                    let order = task.permutation.as_mut().and_then(|order| order.file.as_mut());
                    task.data.as_mut().into_iter().chain(order)
                });
                of_task.collect()
            }
        }
    }

    /// The tasks; `classes` are those of the images of the sequence.
    pub(crate) fn plans(
        &self,
        classes: &[u8],
        files: &mut PermutationFiles,
    ) -> Result<Vec<TaskPlan>> {
        match self {
            Self::Permutations(tasks) => tasks.plans(files),
            Self::Classes(tasks) => tasks.plans(classes),
            Self::List(tasks) => tasks.plans(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> TaskSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_configuration_names_the_kind() {
        assert_eq!(read("kind = \"permutations\""), TaskSettings::default());
        let classes = read("kind = \"classes\"\ngroups = [[0, 1], [2, 3]]\nheads = \"per_task\"");
        assert_eq!(classes.heads(), Heads::PerTask);
        let list = read("kind = \"list\"\n[[task]]\nname = \"a\"\nclasses = [1, 2]");
        for settings in [TaskSettings::default(), classes, list] {
            settings.check().unwrap();
            assert_eq!(read(&toml::to_string(&settings).unwrap()), settings);
        }
        for wrong in ["count = 3", "kind = \"speakers\"", "kind = \"classes\"\ncount = 3"] {
            assert!(toml::from_str::<TaskSettings>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_paths_are_found() {
        let mut list = read(
            "kind = \"list\"\n[[task]]\nname = \"a\"\n[[task]]\nname = \"b\"\ndata = \"x\"\n\
             permutation = { file = \"y\" }",
        );
        assert_eq!(list.paths_mut(), ["x", "y"].map(PathBuf::from).each_mut());
        assert!(list.needs_images() && TaskSettings::default().needs_images());
        assert!(!read("kind = \"list\"\n[[task]]\nname = \"b\"\ndata = \"x\"").needs_images());
        let mut file = read("kind = \"permutations\"\nfile = \"z\"");
        file.paths_mut().into_iter().for_each(|path| *path = PathBuf::from("/").join(&*path));
        assert_eq!(file.paths_mut(), [&mut PathBuf::from("/z")]);
        assert!(TaskSettings::default().paths_mut().is_empty());
    }
}
