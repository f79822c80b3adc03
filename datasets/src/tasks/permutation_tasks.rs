//! Tasks with the same images, whose pixels each task shows in an order of its own.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sim_core::Error as ParameterError;

use crate::error::Result;
use crate::images::permutation::Permutation;
use crate::tasks::heads::Heads;
use crate::tasks::permutation_files::PermutationFiles;
use crate::tasks::pixel_order::PixelOrder;
use crate::tasks::task_plan::TaskPlan;

/// Most tasks.
const MOST_TASKS: usize = 10_000;
/// Tasks of the reference [Xiao et al. 2024].
const REFERENCE_TASKS: usize = 10;

/// All images in every task, the pixels of each task in an order of its own, which is none of
/// `0, 1, 2, ..` but by chance.
///
/// Without a file, the order of task `i` is [`Permutation::shuffled`] with the seed `100 r_i + i`,
/// where `r` is `0..max(count, 10)` shuffled in the same way with `seed`. For the default seed and
/// ten tasks these are the orders of the released code of [Xiao et al. 2024], and fewer tasks are
/// the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PermutationTasks {
    /// Number of tasks. Default 10, or with a file all orders that it holds; in 1..=10000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// What the orders are drawn from. Default 2022; left out with a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// A JSON file with the orders, see [`PixelOrder::file`]; task `i` has its order `i`. Default:
    /// none, which draws them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Which outputs stand for the classes. Default: all tasks share the outputs.
    pub heads: Heads,
}

impl PermutationTasks {
    /// Checks every field.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] that names the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        let count = self.count.unwrap_or(1);
        let fits = (1..=MOST_TASKS).contains(&count);
        let allowed = format!("from 1 to {MOST_TASKS}");
        ParameterError::check("PermutationTasks::count", count as f64, fits, &allowed)?;
        if self.file.is_some() && self.seed.is_some() {
            let problem = "is given beside a file, whose permutations are not drawn";
            return Err(ParameterError::unfit("PermutationTasks::seed", problem).into());
        }
        Ok(())
    }

    /// The tasks.
    pub(crate) fn plans(&self, files: &mut PermutationFiles) -> Result<Vec<TaskPlan>> {
        self.check()?;
        let orders: Vec<PixelOrder> = match &self.file {
            None => {
                let count = self.count.unwrap_or(REFERENCE_TASKS);
                // Fewer tasks than the reference has are its first ones.
                let drawn = count.max(REFERENCE_TASKS) as u32;
                let round = Permutation::shuffled(drawn, self.seed.unwrap_or(2022));
                let seeds = (0..).zip(round.order()).map(|(task, r)| 100 * r + task);
                seeds.take(count).map(PixelOrder::of_seed).collect()
            }
            Some(file) => {
                let count = match self.count {
                    Some(count) => count,
                    None => files.number(file)?,
                };
                (0..count).map(|index| PixelOrder::of_file(file.clone(), index)).collect()
            }
        };
        let plan = |(task, order)| TaskPlan {
            // Tasks are counted from 1 wherever people see them.
            name: format!("permutation {}", task + 1),
            data: None,
            classes: None,
            order: Some(order),
        };
        Ok(orders.into_iter().enumerate().map(plan).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_orders_have_the_seeds_of_the_reference() {
        let plans =
            |tasks: PermutationTasks| tasks.plans(&mut PermutationFiles::default()).unwrap();
        let ten = plans(PermutationTasks::default());
        // 0..10 shuffled by NumPy with the seed 2022 is 4 7 3 5 2 6 9 8 1 0.
        let seeds = [400, 701, 302, 503, 204, 605, 906, 807, 108, 9];
        let orders: Vec<_> = ten.iter().map(|plan| plan.order.clone().unwrap()).collect();
        assert_eq!(orders, seeds.map(PixelOrder::of_seed));
        assert_eq!((ten[9].name.as_str(), &ten[9].classes), ("permutation 10", &None));
        let few = PermutationTasks { count: Some(3), seed: Some(1), ..Default::default() };
        assert_eq!(plans(few).len(), 3);
        let first = PermutationTasks { count: Some(4), ..Default::default() };
        assert_eq!(plans(first)[..], ten[..4]);
    }

    #[test]
    fn a_file_gives_as_many_tasks_as_it_has_orders_or_fewer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.json");
        std::fs::write(&path, "[[1, 0], [0, 1], [1, 0]]").unwrap();
        let plans = |count| {
            let tasks = PermutationTasks { count, file: Some(path.clone()), ..Default::default() };
            tasks.plans(&mut PermutationFiles::default()).unwrap()
        };
        assert_eq!((plans(None).len(), plans(Some(2)).len()), (3, 2));
        assert_eq!(plans(None)[1].order, Some(PixelOrder::of_file(path.clone(), 1)));
    }

    #[test]
    fn fields_are_checked() {
        let refused = |tasks: PermutationTasks| tasks.check().unwrap_err().to_string();
        assert_eq!(
            refused(PermutationTasks { count: Some(0), ..Default::default() }),
            "PermutationTasks::count is 0, but must be from 1 to 10000"
        );
        let both = PermutationTasks {
            seed: Some(1),
            file: Some("orders.json".into()),
            ..Default::default()
        };
        assert_eq!(
            refused(both),
            "PermutationTasks::seed is given beside a file, whose permutations are not drawn"
        );
    }
}
