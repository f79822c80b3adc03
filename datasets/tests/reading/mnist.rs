//! MNIST, where `SYNFIRE_DATA` names a folder with its four files in `mnist`.

use std::path::PathBuf;

use datasets::{ImageData, ImageInput, Permutation, TaskSequence, TaskSettings};
use sim_core::Seed;

/// The folder of MNIST.
fn folder() -> PathBuf {
    let folder = std::env::var_os("SYNFIRE_DATA").expect("SYNFIRE_DATA names a folder with mnist");
    PathBuf::from(folder).join("mnist")
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs recordings: SYNFIRE_DATA=FOLDER, see CONTRIBUTING.md")]
fn the_published_images_are_read() {
    let data = ImageData::read(folder()).unwrap();
    assert_eq!((data.train().len(), data.test().len()), (60_000, 10_000));
    assert_eq!((data.train().width(), data.train().height()), (28, 28));
    assert_eq!(data.classes(), (0..10).collect::<Vec<u8>>());
    let count = |class| data.train().labels().iter().filter(|label| **label == class).count();
    let published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(count), published);
    assert_eq!(&data.train().labels()[..8], [5, 0, 4, 1, 9, 2, 1, 3]);

    // The mean and the standard deviation that everybody normalises with.
    let mut of_value = [0u64; 256];
    for image in 0..data.train().len() {
        data.train().image(image).iter().for_each(|&pixel| of_value[usize::from(pixel)] += 1);
    }
    let pixels = (60_000 * 784) as f64;
    let moment = |power: i32| {
        let share = |(value, &count): (usize, &u64)| {
            count as f64 * (value as f64 / 255.0).powi(power) / pixels
        };
        of_value.iter().enumerate().map(share).sum::<f64>()
    };
    let (mean, std_dev) = (moment(1), (moment(2) - moment(1).powi(2)).sqrt());
    assert!((mean - 0.1307).abs() < 5e-5 && (std_dev - 0.3081).abs() < 5e-5, "{mean}, {std_dev}");
}

/// The orders of the released code of HLOP, by which its figures on permuted MNIST were made.
#[test]
#[cfg_attr(not(recordings), ignore = "needs recordings: SYNFIRE_DATA=FOLDER, see CONTRIBUTING.md")]
fn the_orders_of_pixels_are_those_of_the_reference() {
    let path = folder().join("pmnist_permutations.json");
    let text = std::fs::read(&path).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let orders: Vec<Vec<u32>> = serde_json::from_value(file["permutation"].clone()).unwrap();
    let round = Permutation::shuffled(10, 2022);
    assert_eq!(orders.len(), 10);
    for (task, (order, r)) in (0..).zip(orders.iter().zip(round.order())) {
        assert_eq!(Permutation::shuffled(784, 100 * r + task).order(), order, "task {task}");
    }

    // Drawn or read, the tasks are the same.
    let data = ImageData::read(folder()).unwrap();
    let sequence = |settings: &str| {
        let settings: TaskSettings = toml::from_str(settings).unwrap();
        let input = ImageInput::default();
        TaskSequence::new(&settings, Some(&data), &input, 6, 10_000, Seed(0)).unwrap()
    };
    let drawn = sequence("kind = \"permutations\"");
    let read = sequence(&format!("kind = \"permutations\"\nfile = {path:?}"));
    assert_eq!((drawn.len(), drawn.checksum()), (10, read.checksum()));
    let task = &drawn.tasks()[3];
    assert_eq!(
        (task.train.len(), task.validation.len(), task.test.len()),
        (50_000, 10_000, 10_000)
    );

    // Pixel i of what is shown is pixel order[i] of the image.
    let frames = task.test.frames(7, None);
    for (channel, &pixel) in orders[3].iter().enumerate() {
        let pixel = data.test().image(7)[pixel as usize];
        let value = (f32::from(pixel) / 255.0 - 0.1307) / 0.3081;
        assert_eq!(frames.channel(channel).1, [value; 6]);
    }
}
