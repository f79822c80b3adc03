use crate::batch_product::BatchProduct;
use crate::demand::Wanted;
use crate::events::StepEvents;
use crate::plan::{Spikes, Write};
use crate::repeated_product::RepeatedProduct;
use crate::spike_product::SpikeProduct;
use crate::tile_product::TileProduct;
use sim_core::{DelayKernel, DenseSynapses, FiredMasks, Granularity, SpikeFrames};
use simd::{Bursts, Instructions, padded};

const PRE: usize = 170;
const POST: usize = 115;

fn number(n: usize) -> f32 {
    ((n * 7919) % 1013) as f32 / 500.0 - 1.0
}

fn synapses() -> DenseSynapses {
    DenseSynapses {
        pre: PRE,
        post: POST,
        elements_per_pair: 1,
        min_delay_steps: 0,
        max_delay_steps: 0,
        granularity: Granularity::Synaptic,
        kernel: DelayKernel::OneTap,
        weight: (0..PRE * POST).map(number).collect(),
        delay: vec![0.0; PRE * POST],
    }
}

fn frames(sample: usize, steps: usize, repeats: bool) -> SpikeFrames {
    if repeats {
        let values: Vec<f32> = (0..PRE).map(|n| number(n + 31 * sample)).collect();
        return SpikeFrames::constant(&values, steps).unwrap();
    }
    let value = |n: usize| if (n + sample).is_multiple_of(5) { number(n) } else { 0.0 };
    let values: Vec<f32> = (0..PRE * steps).map(value).collect();
    SpikeFrames::from_values(PRE, steps, &values).unwrap()
}

/// What a product makes of a batch.
#[derive(Debug, PartialEq)]
struct Outcome {
    currents: Vec<Vec<f32>>,
    source: Vec<Vec<f32>>,
    weight: Vec<f32>,
}

/// Which product, with the input that it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Repeated,
    Spikes(Instructions),
    Tiles,
}

impl Kind {
    fn repeats(self) -> bool {
        self == Self::Repeated
    }

    fn product(self) -> Box<dyn BatchProduct> {
        match self {
            Self::Repeated => Box::new(RepeatedProduct::default()),
            Self::Spikes(isa) => Box::new(SpikeProduct::new(isa)),
            Self::Tiles => Box::new(TileProduct::default()),
        }
    }

    fn frames(self, sample: usize, steps: usize) -> SpikeFrames {
        let frames = frames(sample, steps, self.repeats());
        if self != Self::Tiles {
            return frames;
        }
        let length = steps;
        let spikes = |channel: usize| {
            let steps = frames.channel(channel).0.iter();
            steps.map(move |&step| channel * length + step as usize)
        };
        let mut values = vec![0.0; PRE * steps];
        (0..PRE).flat_map(spikes).for_each(|place| values[place] = HEIGHT);
        SpikeFrames::from_values(PRE, steps, &values).unwrap()
    }
}

/// Height of spikes behind dropout.
const HEIGHT: f32 = 1.25;

/// Bits of the spikes of a sample that is run for some steps, `[block][step]`, with all other
/// neurons dropped; and those that are kept.
fn masks(frames: &SpikeFrames, steps: usize) -> (Vec<u16>, Vec<u16>) {
    let blocks = frames.channels().div_ceil(16);
    let (mut fired, mut kept) = (vec![0; blocks * steps], vec![0; blocks]);
    for neuron in 0..frames.channels() {
        let (at, _) = frames.channel(neuron);
        let bit = 1 << (neuron % 16);
        if at.is_empty() {
            // It fires, but dropout takes it.
            fired[neuron / 16 * steps..][..steps].iter_mut().for_each(|fired| *fired |= bit);
            continue;
        }
        kept[neuron / 16] |= bit;
        at.iter().for_each(|&step| fired[neuron / 16 * steps + step as usize] |= bit);
    }
    (fired, kept)
}

/// Runs samples that are shown for so many steps.
fn run(shown: &[usize], kind: Kind) -> Outcome {
    let (synapses, repeats) = (synapses(), kind.repeats());
    let isa = if let Kind::Spikes(isa) = kind { isa } else { Instructions::detect() };
    let steps = shown.iter().copied().max().unwrap();
    let of_sample = shown.iter().enumerate();
    let samples: Vec<_> = of_sample.map(|(b, &shown)| kind.frames(b, shown)).collect();
    let mut product = kind.product();
    product.prepare(isa, &synapses, [steps, steps + 2]);
    let by_step: Vec<_> = samples
        .iter()
        .map(|frames| {
            let mut events = StepEvents::default();
            events.refill(frames, steps);
            events
        })
        .collect();
    let bursts = Bursts::default();
    let bits: Vec<_> = samples.iter().map(|frames| masks(frames, steps)).collect();
    let spikes = |b: usize| {
        let (fired, kept) = &bits[b];
        let masks = Some(FiredMasks { neurons: PRE, steps, fired, kept, height: HEIGHT });
        Spikes { frames: &samples[b], events: &by_step[b], bursts: &bursts, masks }
    };
    product.forward(&synapses.weight, shown.len(), &spikes);
    let (length_in, length) = (padded(steps), padded(steps + 2));
    let mut currents = vec![vec![0.5; POST * length]; shown.len()];
    for (b, currents) in currents.iter_mut().enumerate() {
        product.currents_of(b, Write::Set, currents);
        let once = currents.clone();
        product.currents_of(b, Write::Add, currents);
        assert!(currents.iter().zip(&once).all(|(&twice, &once)| twice == once + once));
        *currents = once;
    }
    let gradients: Vec<_> = (0..shown.len()).map(|b| gradient(b, steps, length)).collect();
    product.back(&synapses.weight, &|b| &gradients[b][..], !repeats);
    let mut source = vec![vec![0.0; PRE * length_in]; shown.len()];
    if !repeats {
        // Every third neuron is not wanted.
        let wanted = (0..PRE).filter(|neuron| neuron % 3 != 1);
        let wanted: Vec<_> = wanted.map(|neuron| Wanted { neuron, steps: 0..length_in }).collect();
        for (b, source) in source.iter_mut().enumerate() {
            source.fill(f32::NAN);
            product.source_gradient(b, &wanted, Write::Set, source);
            let once = source.clone();
            product.source_gradient(b, &wanted, Write::Add, source);
            assert!(source.iter().zip(&once).all(|(&twice, &once)| twice == once + once));
            *source = once;
        }
    }
    let mut weight = vec![7.0; PRE * POST];
    product.weight_gradient(&spikes, &|_| false, &mut weight);
    Outcome { currents, source, weight }
}

/// dL/dI of sample `b`, `[post][length]`.
fn gradient(b: usize, steps: usize, length: usize) -> Vec<f32> {
    let at = |n: usize| if n % length < steps { number(n + b) } else { 0.0 };
    (0..POST * length).map(at).collect()
}

/// Compares with plain sums.
fn check(shown: &[usize], kind: Kind) {
    let (ours, repeats) = (run(shown, kind), kind.repeats());
    let weights = synapses().weight;
    let weight = |post: usize, pre: usize| f64::from(weights[post * PRE + pre]);
    let near = |ours: f32, theirs: f64| (f64::from(ours) - theirs).abs() < 2e-4;
    let steps = shown.iter().copied().max().unwrap();
    let (length_in, length) = (padded(steps), padded(steps + 2));
    let mut expected = vec![0.0; PRE * POST];
    for (b, &shown) in shown.iter().enumerate() {
        let frames = kind.frames(b, shown);
        let gradient = gradient(b, steps, length);
        let mut dense = vec![0.0; PRE * steps];
        for neuron in 0..PRE {
            let (at, heights) = frames.channel(neuron);
            for (&step, &height) in at.iter().zip(heights) {
                dense[neuron * steps + step as usize] = f64::from(height);
            }
        }
        for post in 0..POST {
            for step in 0..length {
                let term = |pre: usize| weight(post, pre) * dense[pre * steps + step];
                let sum: f64 = if step < steps { (0..PRE).map(term).sum() } else { 0.0 };
                assert!(near(ours.currents[b][post * length + step], sum), "{b} {post} {step}");
            }
            for pre in 0..PRE {
                let term = |step: usize| {
                    dense[pre * steps + step] * f64::from(gradient[post * length + step])
                };
                expected[post * PRE + pre] += (0..steps).map(term).sum::<f64>();
            }
        }
        for pre in 0..PRE {
            for step in 0..length_in {
                let term =
                    |post: usize| weight(post, pre) * f64::from(gradient[post * length + step]);
                let is_wanted = !repeats && pre % 3 != 1 && step < steps;
                let sum: f64 = if is_wanted { (0..POST).map(term).sum() } else { 0.0 };
                assert!(near(ours.source[b][pre * length_in + step], sum), "{b} {pre} {step}");
            }
        }
    }
    let mut pairs = ours.weight.iter().zip(&expected);
    assert!(pairs.all(|(&ours, &theirs)| near(ours / 10.0, theirs / 10.0)));
}

#[test]
fn products_are_those_of_the_plain_sums() {
    for isa in Instructions::available() {
        for shown in [&[6; 40][..], &[6, 4, 1, 6, 5], &[1], &[50, 50, 63]] {
            check(shown, Kind::Spikes(isa));
        }
    }
    for shown in [&[6; 40][..], &[6, 4, 1, 6, 5], &[1], &[50, 50, 63]] {
        check(shown, Kind::Tiles);
    }
    check(&[6, 4, 1, 6, 5], Kind::Repeated);
    check(&[2; 130], Kind::Repeated);
}

/// What synapses learn from may be mapped before the product instead of behind it.
#[test]
fn a_mapped_input_gives_the_mapped_gradient() {
    let (synapses, isa) = (synapses(), Instructions::detect());
    let samples: Vec<_> = (0..70).map(|b| frames(b, 3, true)).collect();
    let mut product = RepeatedProduct::default();
    product.prepare(isa, &synapses, [3, 3]);
    let (events, bursts) = (StepEvents::default(), Bursts::default());
    let spikes =
        |b: usize| Spikes { frames: &samples[b], events: &events, bursts: &bursts, masks: None };
    product.forward(&synapses.weight, samples.len(), &spikes);
    let gradients: Vec<_> = (0..samples.len()).map(|b| gradient(b, 3, padded(3))).collect();
    product.back(&synapses.weight, &|b| &gradients[b][..], false);
    let mut plain = vec![0.0; PRE * POST];
    assert!(!product.weight_gradient(&spikes, &|_| false, &mut plain));
    // Every neuron is mapped to itself less half of its left neighbour.
    let map = |rows: &mut [f32]| {
        for row in rows.chunks_exact_mut(PRE) {
            (1..PRE).rev().for_each(|pre| row[pre] -= 0.5 * row[pre - 1]);
        }
        true
    };
    let mut mapped = vec![0.0; PRE * POST];
    assert!(product.weight_gradient(&spikes, &map, &mut mapped));
    map(&mut plain);
    let largest = plain.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
    assert!(plain.iter().zip(&mapped).all(|(a, b)| (a - b).abs() < 1e-5 * largest));
}

#[test]
fn no_sample_depends_on_those_beside_it_nor_on_threads() {
    for kind in [Kind::Spikes(Instructions::detect()), Kind::Tiles, Kind::Repeated] {
        let (few, many) = (run(&[6; 3], kind), run(&[6; 70], kind));
        assert_eq!(few.currents[..], many.currents[..3]);
        assert_eq!(few.source[..], many.source[..3]);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(|| run(&[6; 70], kind)) == many);
        }
    }
}

#[test]
fn memory_of_other_shapes_leaves_nothing_behind() {
    let isa = Instructions::detect();
    let synapses = synapses();
    let small = DenseSynapses {
        pre: 20,
        post: 17,
        weight: synapses.weight[..340].to_vec(),
        delay: vec![0.0; 340],
        ..synapses.clone()
    };
    let bursts = Bursts::default();
    let step = |product: &mut dyn BatchProduct, synapses: &DenseSynapses, samples: usize| {
        product.prepare(isa, synapses, [4, 4]);
        let active: Vec<_> = (0..synapses.pre as u32).map(|n| (n, n % 4)).collect();
        let frames = SpikeFrames::from_events(synapses.pre, 4, &active).unwrap();
        let mut events = StepEvents::default();
        events.refill(&frames, 4);
        let (fired, kept) = masks(&frames, 4);
        let (fired, kept, neurons) = (&fired[..], &kept[..], synapses.pre);
        let masks = Some(FiredMasks { neurons, steps: 4, fired, kept, height: 1.0 });
        let spikes = |_| Spikes { frames: &frames, events: &events, bursts: &bursts, masks };
        product.forward(&synapses.weight, samples, &spikes);
        let mut currents = vec![0.0; synapses.post * padded(4)];
        product.currents_of(samples - 1, Write::Set, &mut currents);
        let gradient = vec![0.25; synapses.post * padded(4)];
        product.back(&synapses.weight, &|_| &gradient, true);
        let mut weight = vec![0.0; synapses.pre * synapses.post];
        product.weight_gradient(&spikes, &|_| false, &mut weight);
        (currents, weight)
    };
    for kind in [Kind::Spikes(isa), Kind::Tiles] {
        let mut used = kind.product();
        step(&mut *used, &synapses, 9);
        let fresh = step(&mut *kind.product(), &small, 2);
        assert_eq!(step(&mut *used, &small, 2), fresh);
    }
}
