//! Images of a set as the samples of a task.

use std::sync::{Arc, Mutex, MutexGuard};

use sim_core::{Error, Purpose, SampleSource, Seed, SpikeFrames};

use crate::error::Result;
use crate::images::image_input::{Encoder, ImageInput};
use crate::images::image_set::ImageSet;
use crate::images::permutation::Permutation;

/// How a task shows images, and which output of the network stands for which class.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageView {
    /// The order of the pixels; none shows images as they are. One entry for each pixel.
    pub permutation: Option<Arc<Permutation>>,
    /// What the pixels become.
    pub input: ImageInput,
    /// For how many steps an image is shown, 1..=100000.
    pub steps: usize,
    /// The classes of the task, each once. The label of an image is `first_output` + the place of
    /// its class in this list.
    pub classes: Vec<u8>,
    /// The output of the first class.
    pub first_output: usize,
    /// The name of every output of the network, those of other tasks too.
    pub outputs: Vec<String>,
    /// What spikes at random are drawn from.
    pub seed: Seed,
    /// Tells samples apart that have the same image and the same seed: of other tasks, or of
    /// another set.
    pub stream: u32,
}

/// Some images of a set as a [`SampleSource`]. The images are shared, never copied; with input at
/// random, every epoch of training has spikes of its own.
#[derive(Debug, Clone)]
pub struct ImageTask {
    images: Arc<ImageSet>,
    /// The image of each sample.
    samples: Arc<[u32]>,
    permutation: Option<Arc<Permutation>>,
    encoder: Encoder,
    /// The output of each of the 256 classes that there may be.
    label: Vec<Option<usize>>,
    outputs: Vec<String>,
    seed: Seed,
    stream: u32,
    /// As many as threads have asked for samples at the same time; copies of the task share them.
    spare: Arc<Mutex<Vec<SampleMemory>>>,
}

/// What a sample is made in, reused from sample to sample.
#[derive(Debug, Default)]
struct SampleMemory {
    /// Pixels in the order in which they are shown.
    pixels: Vec<u8>,
    /// Values of the pixels.
    values: Vec<f32>,
}

impl ImageTask {
    /// The images of a set whose indices are `samples`, in this order.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] for an index that is none of an image, an image whose class is
    /// none of the task's, a class that is listed twice or has no output, an order of other pixels
    /// than the images have, and an input or a number of steps out of range.
    pub fn new(
        images: Arc<ImageSet>,
        samples: impl Into<Arc<[u32]>>,
        view: &ImageView,
    ) -> Result<Self> {
        let samples = samples.into();
        let encoder = view.input.encoder(images.pixels(), view.steps)?;
        if let Some(permutation) = &view.permutation {
            Error::check_length("order of the pixels", permutation.len(), images.pixels())?;
        }
        let mut label = vec![None; 256];
        for (output, &class) in (view.first_output..).zip(&view.classes) {
            let outputs = view.outputs.len();
            if output >= outputs {
                let allowed = format!("below {outputs}, the number of outputs");
                return Err(Error::out_of_range(
                    format!("output of class {class}"),
                    output,
                    allowed,
                )
                .into());
            }
            if label[usize::from(class)].replace(output).is_some() {
                return Err(Error::unfit(format!("class {class}"), "is listed twice").into());
            }
        }
        for (sample, &image) in samples.iter().enumerate() {
            if image as usize >= images.len() {
                let allowed = format!("below {}, the number of images", images.len());
                return Err(Error::out_of_range(
                    format!("image of sample {sample}"),
                    image,
                    allowed,
                )
                .into());
            }
            let class = images.label(image as usize);
            if label[usize::from(class)].is_none() {
                let problem = format!("is of class {class}, which is none of the task's");
                return Err(Error::unfit(format!("image {image}"), problem).into());
            }
        }
        Ok(Self {
            images,
            samples,
            permutation: view.permutation.clone(),
            encoder,
            label,
            outputs: view.outputs.clone(),
            seed: view.seed,
            stream: view.stream,
            spare: Arc::default(),
        })
    }

    /// The set that the images are from.
    pub fn images(&self) -> &Arc<ImageSet> {
        &self.images
    }

    /// The image of each sample.
    pub fn samples(&self) -> &[u32] {
        &self.samples
    }

    /// Memory that no sample is being made in.
    fn spare(&self) -> MutexGuard<'_, Vec<SampleMemory>> {
        self.spare.lock().expect("nothing panics while it holds the lock")
    }
}

impl SampleSource for ImageTask {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn channels(&self) -> usize {
        self.images.pixels()
    }

    fn classes(&self) -> usize {
        self.outputs.len()
    }

    fn class_name(&self, class: usize) -> String {
        self.outputs[class].clone()
    }

    fn label(&self, sample: usize) -> usize {
        let class = self.images.label(self.samples[sample] as usize);
        self.label[usize::from(class)].expect("the classes of all samples were checked")
    }

    fn steps(&self, _sample: usize) -> usize {
        self.encoder.steps()
    }

    /// They are: each is shown for as many steps, by the same encoder.
    fn are_alike(&self) -> bool {
        true
    }

    fn frames_into(&self, sample: usize, epoch: Option<u64>, frames: &mut SpikeFrames) {
        let image = self.samples[sample];
        let mut memory = self.spare().pop().unwrap_or_default();
        let SampleMemory { pixels, values } = &mut memory;
        let shown = match &self.permutation {
            Some(permutation) => {
                permutation.show(self.images.image(image as usize), pixels);
                pixels
            }
            None => self.images.image(image as usize),
        };
        let random = || {
            let a = epoch.map_or(0, |epoch| epoch.saturating_add(1));
            let b = u64::from(self.stream) << 32 | u64::from(image);
            self.seed.stream(Purpose::Encoding, a, b)
        };
        self.encoder.encode(shown, random, values, frames);
        self.spare().push(memory);
    }

    fn longest(&self) -> Option<(usize, usize)> {
        (!self.is_empty()).then(|| (0, self.encoder.steps()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::image_input::{AnalogInput, LatencyInput, PoissonInput};

    /// Four images of 2 x 2 pixels, of the classes 7, 3, 7 and 5.
    fn images() -> Arc<ImageSet> {
        let pixels = (0..16).map(|pixel| 17 * pixel).collect();
        Arc::new(ImageSet::new("four", 2, 2, pixels, vec![7, 3, 7, 5]).unwrap())
    }

    fn names(outputs: usize) -> Vec<String> {
        (0..outputs).map(|output| format!("output {output}")).collect()
    }

    fn view() -> ImageView {
        ImageView {
            permutation: None,
            input: ImageInput::Analog(AnalogInput { mean: 0.0, std_dev: 1.0 / 255.0 }),
            steps: 3,
            classes: vec![3, 7],
            first_output: 2,
            outputs: names(5),
            seed: Seed(1),
            stream: 0,
        }
    }

    fn task(samples: &[u32], view: &ImageView) -> ImageTask {
        ImageTask::new(images(), samples, view).unwrap()
    }

    fn pixels(frames: &SpikeFrames) -> Vec<f32> {
        (0..4).map(|channel| frames.channel(channel).1.first().copied().unwrap_or(0.0)).collect()
    }

    #[test]
    fn samples_are_the_images_that_were_chosen() {
        let task = task(&[2, 0, 1], &view());
        assert_eq!((task.len(), task.channels(), task.classes()), (3, 4, 5));
        assert_eq!([0, 1, 2].map(|sample| task.label(sample)), [3, 3, 2]);
        assert_eq!((task.class_name(4), task.steps(1)), ("output 4".into(), 3));
        assert_eq!(task.longest(), Some((0, 3)));
        let shown = pixels(&task.frames(0, None));
        let expected = [136.0, 153.0, 170.0, 187.0];
        assert!(shown.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-3));
    }

    #[test]
    fn without_samples_it_is_empty() {
        let none = task(&[], &view());
        assert_eq!((none.is_empty(), none.longest()), (true, None));
    }

    #[test]
    fn pixels_are_shown_in_the_order_of_the_permutation() {
        let permutation = Permutation::new(vec![3, 0, 2, 1]).unwrap();
        let permuted = ImageView { permutation: Some(Arc::new(permutation)), ..view() };
        let plain = pixels(&task(&[1], &view()).frames(0, Some(4)));
        let shown = pixels(&task(&[1], &permuted).frames(0, Some(4)));
        assert_eq!(shown, [plain[3], plain[0], plain[2], plain[1]]);
    }

    #[test]
    fn spikes_at_random_are_keyed_by_epoch_image_and_stream() {
        let input = ImageInput::Poisson(PoissonInput { most_per_step: 0.9 });
        let view = ImageView { input, steps: 40, ..view() };
        let drawn = |samples: &[u32], view: &ImageView, epoch| {
            let task = task(samples, view);
            (0..samples.len()).map(|sample| task.frames(sample, epoch)).collect::<Vec<_>>()
        };
        let recorded = drawn(&[0, 1, 2], &view, None);
        assert_eq!(recorded, drawn(&[0, 1, 2], &view, None));
        let epochs = [0, 1].map(|epoch| drawn(&[0, 1, 2], &view, Some(epoch)));
        assert!(recorded != epochs[0] && epochs[0] != epochs[1]);
        let mut backwards = drawn(&[2, 1, 0], &view, Some(1));
        backwards.reverse();
        assert_eq!(backwards, epochs[1], "an image does not depend on the others");
        for other in
            [ImageView { seed: Seed(2), ..view.clone() }, ImageView { stream: 1, ..view.clone() }]
        {
            assert_ne!(recorded, drawn(&[0, 1, 2], &other, None));
        }
        // Other inputs are the same in every epoch.
        for input in [ImageInput::default(), ImageInput::Latency(LatencyInput::default())] {
            let view = ImageView { input, ..view.clone() };
            assert_eq!(drawn(&[0, 1, 2], &view, None), drawn(&[0, 1, 2], &view, Some(5)));
        }
    }

    #[test]
    fn memory_is_reused_from_sample_to_sample() {
        let order = Permutation::new(vec![3, 0, 2, 1]).unwrap();
        let task = task(&[0, 1, 2], &ImageView { permutation: Some(Arc::new(order)), ..view() });
        let mut frames = SpikeFrames::default();
        let mut places = Vec::new();
        for sample in [0, 1, 2, 0] {
            task.frames_into(sample, None, &mut frames);
            let [memory] = &task.spare()[..] else { panic!("one thread asked") };
            places.push((memory.pixels.as_ptr(), memory.values.as_ptr()));
        }
        assert!(places.iter().all(|place| *place == places[0]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |samples: &[u32], view: ImageView| {
            ImageTask::new(images(), samples, &view).unwrap_err().to_string()
        };
        assert_eq!(
            refused(&[0, 4], view()),
            "image of sample 1 is 4, but must be below 4, the number of images"
        );
        assert_eq!(refused(&[0, 3], view()), "image 3 is of class 5, which is none of the task's");
        assert_eq!(
            refused(&[0], ImageView { classes: vec![7, 3, 7], ..view() }),
            "class 7 is listed twice"
        );
        assert_eq!(
            refused(&[0], ImageView { outputs: names(3), ..view() }),
            "output of class 7 is 3, but must be below 3, the number of outputs"
        );
        let short = Permutation::new(vec![0, 1]).unwrap();
        assert_eq!(
            refused(&[0], ImageView { permutation: Some(Arc::new(short)), ..view() }),
            "order of the pixels has length 2, but must have 4"
        );
        let steps = refused(&[0], ImageView { steps: 0, ..view() });
        assert!(steps.starts_with("steps of an image is 0"), "{steps}");
    }
}
