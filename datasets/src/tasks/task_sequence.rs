//! Tasks that are learned one after the other.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::listing::counted;
use crate::shown_name::shown_name;
use crate::tasks::task::Task;

/// Tasks that are learned one after the other by one network: they have the same channels and the
/// same outputs.
#[derive(Debug, Clone)]
pub struct TaskSequence {
    tasks: Vec<Task>,
    checksum: String,
}

impl TaskSequence {
    /// A sequence of tasks, of samples of any kind. A resumed run compares the `checksum`, which
    /// tells these samples, their tasks and their order from others.
    ///
    /// # Errors
    /// [`Error::Tasks`] for no task, two tasks of the same name or one with a blank name, a task
    /// without samples to train or test on, one with a single class, tasks of different width, and
    /// a label that is none of its task's outputs.
    pub fn of(tasks: Vec<Task>, checksum: String) -> Result<Self> {
        match problem(&tasks) {
            None => Ok(Self { tasks, checksum }),
            Some(problem) => Err(Error::Tasks(problem)),
        }
    }

    /// The tasks in the order in which they are learned, at least one.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Number of tasks, at least 1.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is no task: never.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Channels of every sample.
    pub fn channels(&self) -> usize {
        self.tasks[0].train.channels()
    }

    /// Outputs of the network: those of all tasks.
    pub fn outputs(&self) -> usize {
        self.tasks[0].train.classes()
    }

    /// The outputs that stand for the classes of a task, by its place in the sequence.
    pub fn outputs_of(&self, task: usize) -> Range<usize> {
        self.tasks[task].outputs.clone()
    }

    /// What tells these samples, their tasks and their order from others.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }
}

/// Why these tasks are no sequence, if they are none.
fn problem(tasks: &[Task]) -> Option<String> {
    let Some(first) = tasks.first() else {
        return Some("the sequence of tasks is empty, but needs at least one task".into());
    };
    let of_task = |(index, task): (usize, &Task)| {
        name_problem(&tasks[..index], task)
            .or_else(|| emptiness(task))
            .or_else(|| misfit(task, first))
    };
    tasks.iter().enumerate().find_map(of_task)
}

/// Why the name of a task is none.
fn name_problem(before: &[Task], task: &Task) -> Option<String> {
    let (index, name) = (before.len(), shown_name(&task.name));
    if task.name.trim().is_empty() {
        return Some(format!("task {index} has the blank name {name}"));
    }
    let other = before.iter().position(|other| other.name == task.name)?;
    Some(format!("tasks {other} and {index} are both called {name}, but names must differ"))
}

/// What a task has too little of.
fn emptiness(task: &Task) -> Option<String> {
    let name = shown_name(&task.name);
    for (purpose, samples) in [("training", &task.train), ("test", &task.test)] {
        if samples.is_empty() {
            return Some(format!("task {name} has no {purpose} samples"));
        }
    }
    let classes = task.outputs.len();
    (classes < 2).then(|| {
        let classes = counted(classes, "class");
        format!("task {name} has {classes}, but a task needs at least two to tell apart")
    })
}

/// In what a task does not fit the first, or its samples do not fit its outputs.
fn misfit(task: &Task, first: &Task) -> Option<String> {
    let (name, other) = (shown_name(&task.name), shown_name(&first.name));
    let (channels, outputs) = (first.train.channels(), first.train.classes());
    for (purpose, samples) in
        [("training", &task.train), ("validation", &task.validation), ("test", &task.test)]
    {
        for (what, found, expected) in
            [("channels", samples.channels(), channels), ("outputs", samples.classes(), outputs)]
        {
            if found != expected {
                return Some(format!(
                    "the {purpose} samples of task {name} have {found} {what}, but task {other} \
                     has {expected}; the tasks of a sequence need the same number"
                ));
            }
        }
        let mut labels = (0..samples.len()).map(|sample| samples.label(sample));
        if let Some(sample) = labels.position(|label| !task.outputs.contains(&label)) {
            let (label, Range { start, end }) = (samples.label(sample), &task.outputs);
            return Some(format!(
                "{purpose} sample {sample} of task {name} has the label {label}, but the outputs \
                 of the task are {start}..{end}"
            ));
        }
    }
    (task.outputs.end > outputs).then(|| {
        let last = task.outputs.end - 1;
        format!("task {name} has the output {last}, but there are {outputs}, counted from 0")
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sim_core::{SampleSource, SpikeFrames};

    use super::*;
    use crate::labelled_frames::LabelledFrames;

    /// One sample of each label; without labels, none of that shape can be made.
    fn samples(channels: usize, classes: usize, labels: &[usize]) -> Arc<dyn SampleSource> {
        let frames = || SpikeFrames::from_events(channels, 3, &[]).unwrap();
        let samples = labels.iter().map(|&label| (frames(), label)).collect();
        Arc::new(LabelledFrames::new(classes, samples).unwrap())
    }

    /// No samples.
    #[derive(Debug)]
    struct Nothing;

    impl SampleSource for Nothing {
        fn len(&self) -> usize {
            0
        }

        fn channels(&self) -> usize {
            4
        }

        fn classes(&self) -> usize {
            6
        }

        fn label(&self, _sample: usize) -> usize {
            unreachable!("there is no sample")
        }

        fn frames_into(&self, _sample: usize, _epoch: Option<u64>, _frames: &mut SpikeFrames) {
            unreachable!("there is no sample")
        }
    }

    fn task(name: &str, outputs: Range<usize>) -> Task {
        let labels: Vec<usize> = outputs.clone().collect();
        let all = samples(4, 6, &labels);
        Task {
            name: name.into(),
            train: all.clone(),
            validation: Arc::new(Nothing),
            test: all,
            outputs,
        }
    }

    #[test]
    fn samples_of_any_kind_make_a_sequence() {
        let sequence = vec![task("speaker 3", 0..2), task("speaker 9", 2..6)];
        let sequence = TaskSequence::of(sequence, "sum".into()).unwrap();
        assert_eq!((sequence.len(), sequence.channels(), sequence.outputs()), (2, 4, 6));
        assert_eq!((sequence.outputs_of(1), sequence.checksum()), (2..6, "sum"));
        assert_eq!(sequence.tasks()[1].name, "speaker 9");
    }

    #[test]
    fn what_is_no_sequence_is_refused() {
        let refused = |tasks| TaskSequence::of(tasks, String::new()).unwrap_err().to_string();
        assert_eq!(refused(vec![]), "the sequence of tasks is empty, but needs at least one task");
        assert_eq!(refused(vec![task(" ", 0..2)]), "task 0 has the blank name \" \"");
        assert_eq!(
            refused(vec![task("a", 0..2), task("b", 0..2), task("a", 0..2)]),
            "tasks 0 and 2 are both called a, but names must differ"
        );
        assert_eq!(
            refused(vec![task("a", 3..4)]),
            "task a has 1 class, but a task needs at least two to tell apart"
        );
        let untrained = Task { train: Arc::new(Nothing), ..task("a", 0..2) };
        assert_eq!(refused(vec![untrained]), "task a has no training samples");
        let untested = Task { test: Arc::new(Nothing), ..task("a", 0..2) };
        assert_eq!(refused(vec![untested]), "task a has no test samples");
        let wide = Task { train: samples(5, 6, &[0, 1]), ..task("b", 0..2) };
        assert_eq!(
            refused(vec![task("a", 0..2), wide]),
            "the training samples of task b have 5 channels, but task a has 4; the tasks of a \
             sequence need the same number"
        );
        let more = Task { test: samples(4, 7, &[0, 1]), ..task("b", 0..2) };
        assert_eq!(
            refused(vec![task("a", 0..2), more]),
            "the test samples of task b have 7 outputs, but task a has 6; the tasks of a sequence \
             need the same number"
        );
        let other = Task { test: samples(4, 6, &[1, 5]), ..task("b", 0..2) };
        assert_eq!(
            refused(vec![other]),
            "test sample 1 of task b has the label 5, but the outputs of the task are 0..2"
        );
        let beyond = Task { outputs: 0..7, ..task("b", 0..2) };
        assert_eq!(
            refused(vec![beyond]),
            "task b has the output 6, but there are 6, counted from 0"
        );
    }
}
