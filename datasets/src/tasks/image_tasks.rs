//! Sequences of tasks with images.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sim_core::{SampleSource, Seed};

use crate::checksum::hexadecimal;
use crate::error::{Error, Result};
use crate::images::image_data::ImageData;
use crate::images::image_input::ImageInput;
use crate::images::image_set::ImageSet;
use crate::images::image_task::{ImageTask, ImageView};
use crate::listing::listed;
use crate::shown_name::shown_name;
use crate::tasks::heads::Heads;
use crate::tasks::image_source::{Chosen, ImageSource};
use crate::tasks::permutation_files::PermutationFiles;
use crate::tasks::task::Task;
use crate::tasks::task_plan::TaskPlan;
use crate::tasks::task_sequence::TaskSequence;
use crate::tasks::task_settings::TaskSettings;

impl TaskSequence {
    /// The tasks that `settings` name, of the images of `data` where a task names no folder of its
    /// own. `input` says what an image becomes in its `steps` steps. Of the training images
    /// `held_out` validate instead, the same ones in every task; 0 holds out none. `seed` chooses
    /// them, and draws spikes at random.
    ///
    /// # Errors
    /// As [`TaskSettings::check`], [`ImageInput::check`] and [`TaskSequence::of`]; as
    /// [`ImageData::read`] for a folder that a task names; [`Error::Tasks`] for a task without
    /// images, a class that the images do not have, images of different size, and a task of whose
    /// images none were held out though some should be; one that names the file for an order of
    /// pixels that cannot be read or does not fit.
    pub fn new(
        settings: &TaskSettings,
        data: Option<&ImageData>,
        input: &ImageInput,
        steps: usize,
        held_out: usize,
        seed: Seed,
    ) -> Result<Self> {
        settings.check()?;
        if data.is_none() && !matches!(settings, TaskSettings::List(_)) {
            let problem = "tasks by permutation or by class need images, but none are named";
            return Err(Error::Tasks(problem.into()));
        }
        let mut files = PermutationFiles::default();
        let plans = settings.plans(&data.map_or(Vec::new(), ImageData::classes), &mut files)?;
        let mut sources = Sources { read: Vec::new(), data, held_out, seed };
        let classes = classes_of(&plans, &mut sources)?;
        let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
        let (ranges, outputs) = settings.heads().outputs(&sizes);
        let names = output_names(settings.heads(), &plans, &classes, &ranges, outputs);

        let mut hash = Sha256::new();
        let described = serde_json::to_vec(input).expect("an input is a few plain numbers");
        update(&mut hash, &described);
        [steps as u64, seed.0].into_iter().for_each(|number| hash.update(number.to_le_bytes()));
        let mut tasks = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            let source = sources.of(plan)?;
            let order = plan.order.as_ref();
            let order = order.map(|order| order.permutation(source.data.pixels(), &mut files));
            let view = ImageView {
                permutation: order.transpose()?,
                input: *input,
                steps,
                classes: classes[index].clone(),
                first_output: ranges[index].start,
                outputs: names[index].clone(),
                seed,
                stream: 2 * index as u32,
            };
            let chosen = source.chosen(&view.classes);
            if held_out > 0 && chosen.validation.is_empty() {
                let name = shown_name(&plan.name);
                return Err(Error::Tasks(format!(
                    "task {name} has no validation samples, since none of its images was held out; \
                     hold out more, or none"
                )));
            }
            update(&mut hash, plan.name.as_bytes());
            update(&mut hash, source.checksum.as_bytes());
            update_view(&mut hash, &view, &chosen);
            tasks.push(task(&plan.name, &source.data, chosen, ranges[index].clone(), view)?);
        }
        Self::of(tasks, hexadecimal(hash))
    }
}

/// The images of the sequence and of all folders that tasks name, each read once.
struct Sources<'a> {
    read: Vec<(Option<PathBuf>, ImageSource)>,
    /// The images of the sequence.
    data: Option<&'a ImageData>,
    held_out: usize,
    seed: Seed,
}

impl Sources<'_> {
    /// The images of a task.
    fn of(&mut self, plan: &TaskPlan) -> Result<&mut ImageSource> {
        let known = self.read.iter().position(|(folder, _)| *folder == plan.data);
        let index = match known {
            Some(index) => index,
            None => {
                let data = match (&plan.data, self.data) {
                    (Some(folder), _) => ImageData::read(folder)?,
                    (None, Some(data)) => data.clone(),
                    (None, None) => {
                        let name = shown_name(&plan.name);
                        let problem = format!(
                            "task {name} names no folder of images, and the sequence has none"
                        );
                        return Err(Error::Tasks(problem));
                    }
                };
                let source = ImageSource::new(data, self.held_out, self.seed)?;
                self.read.push((plan.data.clone(), source));
                self.read.len() - 1
            }
        };
        Ok(&mut self.read[index].1)
    }
}

/// The classes of each task, whose images all have one size.
fn classes_of(plans: &[TaskPlan], sources: &mut Sources) -> Result<Vec<Vec<u8>>> {
    let mut classes = Vec::new();
    let mut first: Option<(&str, [usize; 2])> = None;
    for plan in plans {
        let data = &sources.of(plan)?.data;
        let size = [data.train().height(), data.train().width()];
        let (other, expected) = *first.get_or_insert((&plan.name, size));
        if size != expected {
            let [name, other] = [&*plan.name, other].map(shown_name);
            let [[height, width], [rows, columns]] = [size, expected];
            return Err(Error::Tasks(format!(
                "the images of task {name} have {height} x {width} pixels, but those of task \
                 {other} have {rows} x {columns}; the tasks of a sequence need images of one size"
            )));
        }
        classes.push(known_classes(plan, data)?);
    }
    Ok(classes)
}

/// The classes of a task, all of which its images have.
fn known_classes(plan: &TaskPlan, data: &ImageData) -> Result<Vec<u8>> {
    let all = data.classes();
    let Some(classes) = &plan.classes else { return Ok(all) };
    let known = classes.iter().map(|&class| {
        let known = u8::try_from(class).ok().filter(|class| all.contains(class));
        known.ok_or_else(|| {
            let (name, set) = (shown_name(&plan.name), data.train().name());
            let there: Vec<String> = all.iter().map(u8::to_string).collect();
            let there = listed(&there);
            Error::Tasks(format!(
                "task {name} has the class {class}, but the classes of {set} are {there}"
            ))
        })
    });
    known.collect()
}

/// The name of every output, for each task: that of the class it stands for. Where tasks have
/// outputs of their own, the task is named beside a class that several have. Where they share them,
/// an output that stands for no class of the task has a number.
fn output_names(
    heads: Heads,
    plans: &[TaskPlan],
    classes: &[Vec<u8>],
    ranges: &[Range<usize>],
    outputs: usize,
) -> Vec<Vec<String>> {
    let own = |task: usize| ranges[task].clone().zip(&classes[task]);
    match heads {
        Heads::Shared => {
            let of_task = |task| {
                let mut names: Vec<String> =
                    (0..outputs).map(|output| format!("output {output}")).collect();
                own(task).for_each(|(output, class)| names[output] = class.to_string());
                names
            };
            (0..plans.len()).map(of_task).collect()
        }
        Heads::PerTask => {
            let mut tasks_with = [0; 256];
            classes.iter().flatten().for_each(|&class| tasks_with[usize::from(class)] += 1);
            let of_task = |task: usize| {
                own(task).map(move |(_, &class)| match tasks_with[usize::from(class)] {
                    1 => class.to_string(),
                    _ => format!("{}: {class}", plans[task].name),
                })
            };
            vec![(0..plans.len()).flat_map(of_task).collect(); plans.len()]
        }
    }
}

/// The task with these images; those to test on have the stream after that of the view.
fn task(
    name: &str,
    data: &ImageData,
    chosen: Chosen,
    outputs: Range<usize>,
    view: ImageView,
) -> Result<Task> {
    let samples = |images: &Arc<ImageSet>, chosen, view: &ImageView| {
        let task = ImageTask::new(images.clone(), chosen, view)?;
        Ok::<Arc<dyn SampleSource>, Error>(Arc::new(task))
    };
    let train = samples(data.train(), chosen.train, &view)?;
    let validation = samples(data.train(), chosen.validation, &view)?;
    let view = ImageView { stream: view.stream + 1, ..view };
    let test = samples(data.test(), chosen.test, &view)?;
    Ok(Task { name: name.to_owned(), train, validation, test, outputs })
}

/// Hashes bytes and how many they are.
fn update(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// Hashes which images a task has, what they look like and what they are called.
fn update_view(hash: &mut Sha256, view: &ImageView, chosen: &Chosen) {
    let mut numbers = |numbers: &[u32]| {
        hash.update((numbers.len() as u64).to_le_bytes());
        numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
    };
    numbers(view.permutation.as_ref().map_or(&[], |order| order.order()));
    let classes: Vec<u32> = view.classes.iter().map(|&class| class.into()).collect();
    numbers(&classes);
    numbers(&[view.first_output as u32, view.outputs.len() as u32]);
    [&chosen.train, &chosen.validation, &chosen.test]
        .into_iter()
        .for_each(|images| numbers(images));
}

#[cfg(test)]
mod tests;
