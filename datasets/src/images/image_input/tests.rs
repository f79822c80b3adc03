use sim_core::{Purpose, Seed};

use super::*;

/// Frames of an image; random numbers descend from `seed`.
fn encoded(input: ImageInput, image: &[u8], steps: usize, seed: u64) -> SpikeFrames {
    let mut frames = SpikeFrames::default();
    let random = || Seed(seed).stream(Purpose::Encoding, 0, 0);
    let encoder = input.encoder(image.len(), steps).unwrap();
    encoder.encode(image, random, &mut Vec::new(), &mut frames);
    frames
}

#[test]
fn analog_input_is_the_normalised_pixel_in_every_step() {
    let frames = encoded(ImageInput::default(), &[0, 255, 51], 3, 0);
    assert!(frames.repeats());
    assert_eq!((frames.channels(), frames.steps()), (3, 3));
    for (channel, value) in [(0, -0.4242), (1, 2.8215), (2, 0.2249)] {
        let (steps, values) = frames.channel(channel);
        assert_eq!(steps, [0, 1, 2]);
        // To half of the last digit.
        assert!(values.iter().all(|found| (found - value).abs() <= 5e-5), "{values:?}");
    }
    let plain = ImageInput::Analog(AnalogInput { mean: 0.0, std_dev: 1.0 });
    assert!(encoded(plain, &[0], 3, 0).is_empty(), "black is no entry");
}

#[test]
fn bright_pixels_fire_early_and_dark_ones_do_not() {
    let latency = ImageInput::Latency(LatencyInput { threshold: 0.4 });
    let frames = encoded(latency, &[255, 204, 102, 101, 0], 11, 0);
    let fired: Vec<&[u32]> = (0..5).map(|channel| frames.channel(channel).0).collect();
    assert_eq!(fired, [&[0][..], &[2], &[6], &[], &[]]);
    assert_eq!(frames.channel(1).1, [1.0]);
    assert!(!frames.repeats());
    let one_step = encoded(latency, &[255, 110], 1, 0);
    assert_eq!((one_step.channel(0).0, one_step.channel(1).0), (&[0][..], &[0][..]));
}

#[test]
fn pixels_fire_as_often_as_they_are_bright() {
    let steps = 40_000;
    let poisson = |most_per_step| ImageInput::Poisson(PoissonInput { most_per_step });
    let frames = encoded(poisson(0.5), &[255, 51, 0, 1], steps, 3);
    for (channel, probability) in [(0, 0.5f64), (1, 0.1), (2, 0.0), (3, 0.5 / 255.0)] {
        let (at, counts) = frames.channel(channel);
        assert!(
            at.is_sorted_by(|one, next| one < next) && counts.iter().all(|&count| count == 1.0)
        );
        let deviation = (probability * (1.0 - probability) * steps as f64).sqrt();
        let expected = probability * steps as f64;
        assert!((at.len() as f64 - expected).abs() <= 4.0 * deviation, "{channel}: {}", at.len());
    }
    let always = encoded(poisson(1.0), &[255, 0], 100, 3);
    assert_eq!((always.channel(0).0.len(), always.len()), (100, 100));
    assert_eq!(frames, encoded(poisson(0.5), &[255, 51, 0, 1], steps, 3));
    assert_ne!(frames, encoded(poisson(0.5), &[255, 51, 0, 1], steps, 4));
}

#[test]
fn what_was_in_the_frames_is_gone() {
    let all = [
        ImageInput::default(),
        ImageInput::Poisson(PoissonInput::default()),
        ImageInput::Latency(LatencyInput::default()),
    ];
    for before in all {
        for after in all {
            let mut frames = encoded(before, &[200; 7], 5, 1);
            let encoder = after.encoder(3, 2).unwrap();
            let random = || Seed(2).stream(Purpose::Encoding, 0, 0);
            encoder.encode(&[90, 0, 255], random, &mut vec![1.0; 9], &mut frames);
            assert_eq!(frames, encoded(after, &[90, 0, 255], 2, 2));
        }
    }
}

#[test]
fn every_field_is_checked() {
    for (input, message) in [
        (
            ImageInput::Analog(AnalogInput { mean: f64::NAN, std_dev: 1.0 }),
            "AnalogInput::mean is NaN, but must be from -1000000 to 1000000",
        ),
        (
            ImageInput::Analog(AnalogInput { mean: 0.0, std_dev: 0.0 }),
            "AnalogInput::std_dev is 0, but must be from 0.000001 to 1000000",
        ),
        (
            ImageInput::Poisson(PoissonInput { most_per_step: 1.5 }),
            "PoissonInput::most_per_step is 1.5, but must be above 0 and at most 1",
        ),
        (
            ImageInput::Latency(LatencyInput { threshold: 0.0 }),
            "LatencyInput::threshold is 0, but must be above 0 and at most 1",
        ),
    ] {
        assert_eq!(input.check().unwrap_err().to_string(), message);
    }
    let steps = |steps| ImageInput::default().encoder(784, steps).map(|_| ());
    assert!(steps(1).is_ok() && steps(100_000).is_ok());
    assert_eq!(
        steps(0).unwrap_err().to_string(),
        "steps of an image is 0, but must be from 1 to 100000"
    );
    assert!(steps(100_001).is_err());
    let many = ImageInput::default().encoder(1 << 20, 1 << 13).unwrap_err().to_string();
    assert_eq!(many, "pixels x steps of an image is 8589934592, but must be fewer than 2^32");
}

#[test]
fn a_configuration_names_the_kind() {
    let read = |text: &str| toml::from_str::<ImageInput>(text);
    assert_eq!(read("kind = \"analog\"").unwrap(), ImageInput::default());
    assert_eq!(
        read("kind = \"poisson\"\nmost_per_step = 0.2").unwrap(),
        ImageInput::Poisson(PoissonInput { most_per_step: 0.2 })
    );
    let latency = read("kind = \"latency\"").unwrap();
    assert_eq!(latency, ImageInput::Latency(LatencyInput::default()));
    assert_eq!(read(&toml::to_string(&latency).unwrap()).unwrap(), latency);
    for wrong in ["kind = \"latency\"\nmean = 0.1", "kind = \"rate\"", "mean = 0.1"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
