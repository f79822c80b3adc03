//! Tasks that are listed one by one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sim_core::Error as ParameterError;

use crate::error::{Error, Result};
use crate::shown_name::shown_name;
use crate::tasks::class_tasks::check_classes;
use crate::tasks::heads::Heads;
use crate::tasks::pixel_order::PixelOrder;
use crate::tasks::task_plan::TaskPlan;

/// Tasks in the order in which they are listed, each a `[[task]]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TaskList {
    /// Which outputs stand for the classes. Default: all tasks share the outputs.
    pub heads: Heads,
    /// The tasks, at least one.
    pub task: Vec<ListedTask>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedTask {
    /// What tables and figures call it; not blank, and no other task has the same name.
    pub name: String,
    /// A folder with the four files of its images. Default: the images of the sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// Its classes, in the order of their outputs, at least two. Default: all, ascending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<usize>>,
    /// The order in which its pixels are shown. Default: as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permutation: Option<PixelOrder>,
}

impl TaskList {
    /// Checks every field of every task.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        if self.task.is_empty() {
            let problem = "is empty, but needs at least one task";
            return Err(ParameterError::unfit("TaskList::task", problem).into());
        }
        let mut names = BTreeSet::new();
        for (index, task) in self.task.iter().enumerate() {
            let section = format!("task[{index}]");
            task.check().map_err(|error| error.within(&section))?;
            if !names.insert(&task.name) {
                let name = shown_name(&task.name);
                let problem = format!("is {name}, as of a task before, but names must differ");
                let error = Error::from(ParameterError::unfit("ListedTask::name", problem));
                return Err(error.within(&section));
            }
        }
        Ok(())
    }

    /// The tasks.
    pub(crate) fn plans(&self) -> Result<Vec<TaskPlan>> {
        self.check()?;
        let plan = |task: &ListedTask| {
            let ListedTask { name, data, classes, permutation } = task.clone();
            TaskPlan { name, data, classes, order: permutation }
        };
        Ok(self.task.iter().map(plan).collect())
    }
}

impl ListedTask {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(ParameterError::unfit("ListedTask::name", "is blank").into());
        }
        if let Some(classes) = &self.classes {
            check_classes("ListedTask::classes", classes)?;
        }
        let order = self.permutation.as_ref().map_or(Ok(()), PixelOrder::check);
        order.map_err(|error| error.within("permutation"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "\
        heads = \"per_task\"\n\
        [[task]]\n\
        name = \"digits\"\n\
        [[task]]\n\
        name = \"clothes\"\n\
        data = \"fashion\"\n\
        classes = [3, 1]\n\
        permutation = { seed = 5 }\n";

    #[test]
    fn tasks_are_read_as_they_are_listed() {
        let list: TaskList = toml::from_str(LISTED).unwrap();
        let plans = list.plans().unwrap();
        let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!((list.heads, names), (Heads::PerTask, vec!["digits", "clothes"]));
        assert_eq!((&plans[0].data, &plans[0].classes, &plans[0].order), (&None, &None, &None));
        assert_eq!(plans[1].data, Some("fashion".into()));
        assert_eq!(plans[1].classes, Some(vec![3, 1]));
        assert_eq!(plans[1].order, Some(PixelOrder::of_seed(5)));
        let written = toml::to_string(&list).unwrap();
        assert_eq!(toml::from_str::<TaskList>(&written).unwrap(), list);
    }

    #[test]
    fn every_task_is_checked() {
        let refused = |change: fn(&mut Vec<ListedTask>)| {
            let mut list: TaskList = toml::from_str(LISTED).unwrap();
            change(&mut list.task);
            list.check().unwrap_err().to_string()
        };
        assert_eq!(refused(Vec::clear), "TaskList::task is empty, but needs at least one task");
        assert_eq!(refused(|tasks| tasks[1].name = "\t".into()), "task[1].name is blank");
        assert_eq!(
            refused(|tasks| tasks[1].name = "digits".into()),
            "task[1].name is digits, as of a task before, but names must differ"
        );
        assert_eq!(
            refused(|tasks| tasks[0].classes = Some(vec![4])),
            "task[0].classes has 1 class, but a task needs at least two to tell apart"
        );
        assert_eq!(
            refused(|tasks| tasks[1].classes = Some(vec![4, 2, 4])),
            "task[1].classes has the class 4 twice"
        );
        assert_eq!(
            refused(|tasks| tasks[1].permutation = Some(PixelOrder::default())),
            "task[1].permutation.seed is missing; name a seed, or a file of orders"
        );
        assert!(toml::from_str::<TaskList>("[[task]]\nclasses = [1, 2]").is_err(), "no name");
    }
}
