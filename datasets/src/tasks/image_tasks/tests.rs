use std::path::Path;

use sim_core::SpikeFrames;

use super::*;
use crate::images::idx::tests::idx;
use crate::images::image_clusters::ImageClusters;
use crate::images::image_input::{AnalogInput, PoissonInput};
use crate::images::permutation::Permutation;

/// 24 training and eight test images of one row, image `i` of class `i % 4`; no two images have
/// the same pixels.
fn data(width: usize) -> ImageData {
    let set = |name, images: u8| {
        let pixels = (0..images).flat_map(|image| (0..width as u8).map(move |at| 10 * image + at));
        let labels = (0..images).map(|image| image % 4).collect();
        ImageSet::new(name, width, 1, pixels.collect(), labels).unwrap()
    };
    ImageData::new(set("train", 24), set("test", 8)).unwrap()
}

/// Shows pixels as they are.
const PLAIN: ImageInput = ImageInput::Analog(AnalogInput { mean: 0.0, std_dev: 1.0 });

fn settings(text: &str) -> TaskSettings {
    toml::from_str(text).unwrap()
}

fn sequence(text: &str, held_out: usize) -> Result<TaskSequence> {
    TaskSequence::new(&settings(text), Some(&data(5)), &PLAIN, 2, held_out, Seed(1))
}

fn refused(text: &str, held_out: usize) -> String {
    sequence(text, held_out).unwrap_err().to_string()
}

fn labels(samples: &Arc<dyn SampleSource>) -> Vec<usize> {
    (0..samples.len()).map(|sample| samples.label(sample)).collect()
}

/// The pixels of a sample.
fn pixels(frames: &SpikeFrames) -> Vec<u8> {
    let channels = (0..frames.channels()).map(|channel| frames.channel(channel).1);
    channels.map(|values| (255.0 * values.first().unwrap_or(&0.0)).round() as u8).collect()
}

#[test]
fn permutations_show_all_images_in_orders_of_their_own() {
    let sequence = sequence("kind = \"permutations\"\ncount = 3", 6).unwrap();
    assert_eq!((sequence.len(), sequence.channels(), sequence.outputs()), (3, 5, 4));
    for (index, task) in sequence.tasks().iter().enumerate() {
        assert_eq!(
            (task.name.clone(), task.outputs.clone()),
            (format!("permutation {}", index + 1), 0..4)
        );
        assert_eq!((task.train.len(), task.validation.len(), task.test.len()), (18, 6, 8));
        let round = Permutation::shuffled(10, 2022).order()[index];
        let order = Permutation::shuffled(5, 100 * round + index as u32);
        let mut shown = Vec::new();
        order.show(data(5).test().image(3), &mut shown);
        assert_eq!(pixels(&task.test.frames(3, None)), shown);
        assert_eq!((task.test.label(3), task.test.class_name(3)), (3, "3".into()));
    }
}

#[test]
fn the_held_out_images_are_the_same_in_every_task() {
    let sequence = sequence("kind = \"permutations\"\ncount = 2", 6).unwrap();
    let sorted = |samples: &Arc<dyn SampleSource>, sample| {
        let mut pixels = pixels(&samples.frames(sample, None));
        pixels.sort_unstable();
        pixels
    };
    let of = |task: usize| {
        let validation = &sequence.tasks()[task].validation;
        (0..6).map(|sample| sorted(validation, sample)).collect::<Vec<_>>()
    };
    assert_eq!(of(0), of(1));
    let train = &sequence.tasks()[0].train;
    assert!((0..18).all(|sample| !of(0).contains(&sorted(train, sample))));
}

#[test]
fn classes_share_outputs_or_have_outputs_of_their_own() {
    let shared = sequence("kind = \"classes\"", 0).unwrap();
    assert_eq!((shared.len(), shared.outputs()), (2, 2));
    assert_eq!((shared.outputs_of(0), shared.outputs_of(1)), (0..2, 0..2));
    assert_eq!(labels(&shared.tasks()[1].test), [0, 1, 0, 1]);
    assert_eq!(shared.tasks()[1].train.class_name(1), "3");
    assert!(shared.tasks()[0].validation.is_empty());

    let text = "kind = \"classes\"\ngroups = [[3, 0, 1], [2, 0]]\nheads = \"per_task\"";
    let own = sequence(text, 0).unwrap();
    assert_eq!((own.outputs(), own.outputs_of(0), own.outputs_of(1)), (5, 0..3, 3..5));
    assert_eq!(labels(&own.tasks()[0].test), [1, 2, 0, 1, 2, 0]);
    assert_eq!(labels(&own.tasks()[1].test), [4, 3, 4, 3]);
    let names: Vec<String> = (0..5).map(|output| own.tasks()[0].test.class_name(output)).collect();
    assert_eq!(names, ["3", "classes 3 0 1: 0", "1", "2", "classes 2 0: 0"]);

    let uneven = sequence("kind = \"classes\"\ngroups = [[0, 1, 2], [3, 2]]", 0).unwrap();
    assert_eq!((uneven.outputs(), uneven.outputs_of(1)), (3, 0..2));
    assert_eq!(uneven.tasks()[1].test.class_name(2), "output 2");
}

/// The four files of a folder.
fn write(folder: &Path, images: &ImageData) {
    let sets = [("train", images.train()), ("t10k", images.test())];
    for (name, set) in sets {
        let pixels: Vec<u8> = (0..set.len()).flat_map(|image| set.image(image).to_vec()).collect();
        let sizes = [set.len(), set.height(), set.width()].map(|size| size as u32);
        let images = folder.join(format!("{name}-images-idx3-ubyte"));
        std::fs::write(images, idx(&sizes, &pixels)).unwrap();
        let labels = folder.join(format!("{name}-labels-idx1-ubyte"));
        std::fs::write(labels, idx(&sizes[..1], set.labels())).unwrap();
    }
}

#[test]
fn listed_tasks_may_have_images_and_orders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &data(5));
    let orders = folder.path().join("orders.json");
    std::fs::write(&orders, "[[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]]").unwrap();
    let text = format!(
        "kind = \"list\"\n\
         [[task]]\nname = \"plain\"\nclasses = [1, 2]\n\
         [[task]]\nname = \"backwards\"\ndata = {:?}\npermutation = {{ file = {:?}, index = 1 }}\n\
         [[task]]\nname = \"drawn\"\npermutation = {{ seed = 3 }}\n",
        folder.path(),
        orders
    );
    let sequence = sequence(&text, 4).unwrap();
    let shown = |task: usize| pixels(&sequence.tasks()[task].test.frames(1, None));
    assert_eq!((shown(0), shown(1)), (vec![20, 21, 22, 23, 24], vec![14, 13, 12, 11, 10]));
    let mut drawn = Vec::new();
    Permutation::shuffled(5, 3).show(&[10, 11, 12, 13, 14], &mut drawn);
    assert_eq!(shown(2), drawn);
    assert_eq!(
        (sequence.outputs(), sequence.outputs_of(0), sequence.outputs_of(1)),
        (4, 0..2, 0..4)
    );

    // All tasks have folders, so that the sequence needs no images.
    let alone = format!("kind = \"list\"\n[[task]]\nname = \"a\"\ndata = {:?}", folder.path());
    let made = TaskSequence::new(&settings(&alone), None, &PLAIN, 2, 0, Seed(1)).unwrap();
    assert_eq!(made.tasks()[0].train.len(), 24);
}

#[test]
fn a_checksum_tells_sequences_apart() {
    let of = |text: &str, held_out| sequence(text, held_out).unwrap().checksum().to_owned();
    let text = "kind = \"classes\"";
    let usual = of(text, 8);
    assert_eq!((usual.len(), &usual), (64, &of(text, 8)));
    for other in [
        of(text, 9),
        of("kind = \"classes\"\nheads = \"per_task\"", 8),
        of("kind = \"classes\"\ngroups = [[2, 3], [0, 1]]", 8),
        of("kind = \"permutations\"\ncount = 2", 8),
    ] {
        assert_ne!(usual, other);
    }
    let with = |images: &ImageData, input: &ImageInput, steps, seed| {
        let made = TaskSequence::new(&settings(text), Some(images), input, steps, 8, Seed(seed));
        made.unwrap().checksum().to_owned()
    };
    assert_eq!(usual, with(&data(5), &PLAIN, 2, 1));
    let poisson = ImageInput::Poisson(PoissonInput::default());
    for other in [
        with(&data(6), &PLAIN, 2, 1),
        with(&data(5), &poisson, 2, 1),
        with(&data(5), &PLAIN, 3, 1),
        with(&data(5), &PLAIN, 2, 2),
    ] {
        assert_ne!(usual, other);
    }
    let orders = |seed| of(&format!("kind = \"permutations\"\ncount = 2\nseed = {seed}"), 0);
    assert_ne!(orders(1), orders(2));
}

#[test]
fn spikes_at_random_differ_between_tasks_and_sets() {
    let set = |name| ImageSet::new(name, 40, 1, vec![128; 80], vec![0, 1]).unwrap();
    let same = ImageData::new(set("train"), set("test")).unwrap();
    let text = "kind = \"list\"\n[[task]]\nname = \"a\"\n[[task]]\nname = \"b\"";
    let poisson = ImageInput::Poisson(PoissonInput::default());
    let made = TaskSequence::new(&settings(text), Some(&same), &poisson, 9, 0, Seed(1)).unwrap();
    let [a, b] = made.tasks() else { panic!("two tasks were listed") };
    let all = [&a.train, &a.test, &b.train, &b.test].map(|samples| samples.frames(0, None));
    for (index, frames) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|other| other != frames), "{index}");
    }
}

#[test]
fn what_cannot_be_learned_is_refused_in_one_sentence() {
    assert_eq!(
        refused("kind = \"classes\"\nper_task = 3", 0),
        "task classes 3 has 1 class, but a task needs at least two to tell apart"
    );
    assert_eq!(
        refused("kind = \"classes\"\ngroups = [[0, 1], [2, 7]]", 0),
        "task classes 2 7 has the class 7, but the classes of train are 0, 1, 2, 3"
    );
    assert!(
        refused("kind = \"classes\"\ngroups = [[0, 300]]", 0).contains("has the class 300, but")
    );
    // One of the two tasks has the only image that is held out.
    let unheld = refused("kind = \"classes\"", 1);
    let expected = "has no validation samples, since none of its images was held out; hold out \
                    more, or none";
    assert!(unheld.ends_with(expected), "{unheld}");
    assert_eq!(
        refused("kind = \"permutations\"", 24),
        "held_out is 24, but must be below 24, the number of training images of train"
    );
    assert!(
        refused("kind = \"permutations\"\ncount = 0", 0).starts_with("PermutationTasks::count")
    );
    let none = |text: &str| {
        let made = TaskSequence::new(&settings(text), None, &PLAIN, 2, 0, Seed(1));
        made.unwrap_err().to_string()
    };
    assert_eq!(
        none("kind = \"classes\""),
        "tasks by permutation or by class need images, but none are named"
    );
    assert_eq!(
        none("kind = \"list\"\n[[task]]\nname = \"a\""),
        "task a names no folder of images, and the sequence has none"
    );
}

#[test]
fn classes_without_images_to_train_or_test_on_are_refused() {
    let set = |name, labels: &[u8]| {
        ImageSet::new(name, 1, 1, vec![0; labels.len()], labels.to_vec()).unwrap()
    };
    let of = |train: &[u8], test: &[u8]| {
        let images = ImageData::new(set("train", train), set("test", test)).unwrap();
        let settings = settings("kind = \"classes\"");
        let made = TaskSequence::new(&settings, Some(&images), &PLAIN, 2, 0, Seed(1));
        made.unwrap_err().to_string()
    };
    assert_eq!(of(&[0, 1, 2, 3], &[0, 1]), "task classes 2 3 has no test samples");
    assert_eq!(of(&[2, 3], &[0, 1, 2, 3]), "task classes 0 1 has no training samples");
}

#[test]
fn images_of_two_sizes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &data(6));
    let text = format!(
        "kind = \"list\"\n[[task]]\nname = \"a\"\n[[task]]\nname = \"b\"\ndata = {:?}",
        folder.path()
    );
    assert_eq!(
        refused(&text, 0),
        "the images of task b have 1 x 6 pixels, but those of task a have 1 x 5; the tasks of a \
         sequence need images of one size"
    );
}

#[test]
fn made_up_images_make_a_sequence() {
    let clusters = ImageClusters { train: 200, test: 50, ..ImageClusters::default() };
    let images = clusters.images(Seed(1)).unwrap();
    let settings = TaskSettings::default();
    let made = TaskSequence::new(&settings, Some(&images), &PLAIN, 4, 20, Seed(1)).unwrap();
    assert_eq!((made.len(), made.channels(), made.outputs()), (10, 144, 10));
}
