//! Tasks with some of the classes each.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sim_core::Error as ParameterError;

use crate::error::Result;
use crate::listing::counted;
use crate::tasks::heads::Heads;
use crate::tasks::task_plan::TaskPlan;

/// Some of the classes in each task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassTasks {
    /// How many classes each task has, taken in ascending order; the last task may have fewer.
    /// Default 2, which is the least; left out with groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_task: Option<usize>,
    /// The classes of each task, in the order of their outputs: `[[0, 1], [2, 3]]`. Default: none,
    /// which takes `per_task` after `per_task`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Vec<usize>>>,
    /// Which outputs stand for the classes. Default: all tasks share the outputs.
    pub heads: Heads,
}

impl ClassTasks {
    /// Checks every field.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] that names the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        if let Some(per_task) = self.per_task {
            let allowed = "at least 2, since one class alone is told from nothing";
            let value = per_task as f64;
            ParameterError::check("ClassTasks::per_task", value, per_task >= 2, allowed)?;
        }
        let Some(groups) = &self.groups else { return Ok(()) };
        let refused = |field: &str, problem| Err(ParameterError::unfit(field, problem).into());
        if self.per_task.is_some() {
            let problem = "is given beside groups, but one of them is enough";
            return refused("ClassTasks::per_task", problem);
        }
        if groups.is_empty() {
            return refused("ClassTasks::groups", "is empty, but needs at least one task");
        }
        for (index, classes) in groups.iter().enumerate() {
            check_classes(&format!("ClassTasks::groups[{index}]"), classes)?;
        }
        Ok(())
    }

    /// The tasks, of images with these classes.
    pub(crate) fn plans(&self, all: &[u8]) -> Result<Vec<TaskPlan>> {
        self.check()?;
        let groups = match &self.groups {
            Some(groups) => groups.clone(),
            None => {
                let all: Vec<usize> = all.iter().map(|&class| usize::from(class)).collect();
                all.chunks(self.per_task.unwrap_or(2)).map(<[usize]>::to_vec).collect()
            }
        };
        let plan = |classes: Vec<usize>| {
            let names: Vec<String> = classes.iter().map(usize::to_string).collect();
            let name = format!("classes {}", names.join(" "));
            TaskPlan { name, data: None, classes: Some(classes), order: None }
        };
        Ok(groups.into_iter().map(plan).collect())
    }
}

/// Checks that classes of a task are two at least, and each is listed once.
///
/// # Errors
/// One that calls the list `field`.
pub(crate) fn check_classes(field: &str, classes: &[usize]) -> Result<()> {
    if classes.len() < 2 {
        let found = counted(classes.len(), "class");
        let problem = format!("has {found}, but a task needs at least two to tell apart");
        return Err(ParameterError::unfit(field, problem).into());
    }
    let mut came = BTreeSet::new();
    match classes.iter().find(|&&class| !came.insert(class)) {
        Some(class) => {
            Err(ParameterError::unfit(field, format!("has the class {class} twice")).into())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_taken_in_order_or_by_group() {
        let classes = |tasks: ClassTasks| {
            let plans = tasks.plans(&[1, 2, 3, 5, 8, 9, 11]).unwrap();
            plans.into_iter().map(|plan| plan.classes.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(classes(ClassTasks::default()), [vec![1, 2], vec![3, 5], vec![8, 9], vec![11]]);
        let by_three = ClassTasks { per_task: Some(3), ..Default::default() };
        assert_eq!(classes(by_three), [vec![1, 2, 3], vec![5, 8, 9], vec![11]]);
        let groups =
            ClassTasks { groups: Some(vec![vec![9, 1], vec![3, 1, 2]]), ..Default::default() };
        assert_eq!(classes(groups.clone()), [vec![9, 1], vec![3, 1, 2]]);
        assert_eq!(groups.plans(&[]).unwrap()[1].name, "classes 3 1 2");
    }

    #[test]
    fn fields_are_checked() {
        let refused = |per_task, groups: Option<&[&[usize]]>| {
            let groups = groups.map(|groups| groups.iter().map(|group| group.to_vec()).collect());
            let tasks = ClassTasks { per_task, groups, heads: Heads::Shared };
            tasks.check().unwrap_err().to_string()
        };
        assert_eq!(
            refused(Some(1), None),
            "ClassTasks::per_task is 1, but must be at least 2, since one class alone is told from \
             nothing"
        );
        assert_eq!(
            refused(Some(2), Some(&[&[0, 1]])),
            "ClassTasks::per_task is given beside groups, but one of them is enough"
        );
        assert_eq!(
            refused(None, Some(&[])),
            "ClassTasks::groups is empty, but needs at least one task"
        );
        assert_eq!(
            refused(None, Some(&[&[0, 1], &[4]])),
            "ClassTasks::groups[1] has 1 class, but a task needs at least two to tell apart"
        );
        assert_eq!(
            refused(None, Some(&[&[0, 1, 0]])),
            "ClassTasks::groups[0] has the class 0 twice"
        );
    }
}
