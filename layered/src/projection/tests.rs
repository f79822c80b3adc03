use super::*;
use crate::events::StepEvents;
use rand::RngExt;
use sim_core::{GaussianMethod, Purpose, SHARDS, Seed, SpikeFrames, samples_of_shards};
use simd::{Bursts, padded};

const STEPS: usize = 60;

/// A projection run there and back for one sample.
struct Passes {
    /// `sum_jt g_j[t] I_j[t]`
    loss: f64,
    weight: Vec<f32>,
    delay: Vec<f32>,
    spikes: Vec<f32>,
}

fn run(
    isa: Instructions,
    synapses: &DenseSynapses,
    settings: PlanSettings<'_>,
    frames: &SpikeFrames,
    gradient: &[f32],
) -> Passes {
    let mut plan = ProjectionPlan::default();
    plan.prepare(isa, synapses, &settings);
    let (mut events, mut bursts) = (StepEvents::default(), Bursts::default());
    events.refill(frames, settings.steps_in);
    let taps = if let SpikeOrder::Bursts(taps) = plan.spike_order() { taps } else { 1 };
    bursts.refill((0..frames.channels()).map(|channel| frames.channel(channel)), taps);
    let spikes = Spikes { frames, events: &events, bursts: &bursts, masks: None };
    let mut current = vec![0.0; synapses.post * padded(settings.steps_out)];
    let mut input_gradient = vec![0.0; synapses.pre * padded(settings.steps_in)];
    let wanted: Vec<Wanted> = (0..synapses.pre)
        .map(|neuron| Wanted { neuron, steps: 0..padded(settings.steps_in) })
        .collect();
    let mut scratch = PlanScratch::default();
    for panel in 0..plan.panels() {
        plan.forward(isa, panel, spikes, &mut scratch, &mut current, Write::Set);
    }
    plan.input_gradient(isa, 0, gradient, &wanted, &mut scratch, &mut input_gradient);
    let (mut weight, mut delay) =
        (vec![0.0; synapses.weight.len()], vec![0.0; synapses.delay.len()]);
    let (sums, gradients) = (&mut WorkerSums::default(), [&mut weight[..], &mut delay[..]]);
    plan.weight_gradient(isa, synapses, 1, |_| (spikes, gradient), sums, gradients);
    let loss = current
        .chunks_exact(padded(settings.steps_out))
        .zip(gradient.chunks_exact(padded(settings.steps_out)));
    let loss = loss
        .flat_map(|(a, b)| a.iter().zip(b).take(settings.steps_out))
        .map(|(a, b)| (a * b) as f64)
        .sum();
    Passes { loss, weight, delay, spikes: input_gradient }
}

const PRE: usize = 9;
const POST: usize = 37;
const ELEMENTS_PER_PAIR: usize = 2;

fn numbers(random: &mut impl RngExt, count: usize, from: f32, to: f32) -> Vec<f32> {
    (0..count).map(|_| random.random_range(from..to)).collect()
}

fn synapses(random: &mut impl RngExt, max_delay_steps: usize) -> DenseSynapses {
    DenseSynapses {
        pre: PRE,
        post: POST,
        elements_per_pair: ELEMENTS_PER_PAIR,
        weight: numbers(random, PRE * POST * ELEMENTS_PER_PAIR, -1.0, 1.0),
        delay: numbers(random, PRE * POST * ELEMENTS_PER_PAIR, 0.0, max_delay_steps as f32),
        min_delay_steps: 0,
        max_delay_steps,
        granularity: Granularity::Synaptic,
        kernel: DelayKernel::Gaussian,
    }
}

/// Of samples of `steps_in` steps, with a gradient to go with them: `[post][padded steps_out]`.
fn settings(
    random: &mut impl RngExt,
    synapses: &DenseSynapses,
    steps_in: usize,
    (gaussian, tolerance, sigma_raw): (GaussianMethod, f64, f64),
) -> (PlanSettings<'static>, Vec<f32>) {
    let steps_out = steps_in + synapses.max_delay_steps / 2;
    let evaluation = KernelEvaluation { gaussian, tolerance, ..KernelEvaluation::default() };
    let spread = KernelSpread::new(
        DelayKernel::Gaussian,
        evaluation,
        synapses.max_delay_steps,
        sigma_raw,
        PRE,
    );
    let is_smoothed =
        matches!(&spread, KernelSpread::Window(window) if window.smoothing().is_some());
    assert_eq!(is_smoothed, gaussian == GaussianMethod::Smoothed, "{gaussian:?} at {sigma_raw}");
    let mut gradient = numbers(random, POST * padded(steps_out), -1.0, 1.0);
    gradient.chunks_exact_mut(padded(steps_out)).for_each(|row| row[steps_out..].fill(0.0));
    (
        PlanSettings {
            kernel: DelayKernel::Gaussian,
            evaluation,
            sigma_raw,
            steps_in,
            steps_out,
            input: None,
            alike: true,
            batch_repeats: false,
        },
        gradient,
    )
}

/// Rows long enough for several tiles on every instruction set.
#[test]
fn what_is_wanted_has_the_bits_of_whole_rows_and_nothing_else_is_touched() {
    const LONG: usize = 600;
    let mut random = Seed(9).stream(Purpose::Weights, 0, 0);
    for method in [
        (GaussianMethod::Truncated, 1e-2, 0.23),
        (GaussianMethod::Truncated, 1e-2, 1.4),
        (GaussianMethod::Smoothed, 2e-3, 5.0),
    ] {
        let synapses = synapses(&mut random, 40);
        let (settings, gradient) = settings(&mut random, &synapses, LONG, method);
        let length = padded(LONG);
        let whole: Vec<Wanted> =
            (0..PRE).map(|neuron| Wanted { neuron, steps: 0..length }).collect();
        // Of the first neuron and the last nothing, of the others two runs.
        let runs = |neuron: usize| [16 * neuron..160 + 16 * neuron, 432 - 16 * neuron..length - 16];
        let parts: Vec<Wanted> = (1..PRE - 1)
            .flat_map(|neuron| runs(neuron).into_iter().map(move |steps| Wanted { neuron, steps }))
            .collect();
        for isa in Instructions::available() {
            let mut plan = ProjectionPlan::default();
            plan.prepare(isa, &synapses, &settings);
            let mut scratch = PlanScratch::default();
            let mut of = |wanted: &[Wanted]| {
                let mut out = vec![0.0; PRE * length];
                plan.input_gradient(isa, 0, &gradient, wanted, &mut scratch, &mut out);
                out
            };
            let mut expected = of(&whole);
            assert!(expected.iter().all(|number| *number != 0.0));
            for (neuron, row) in expected.chunks_exact_mut(length).enumerate() {
                let wanted = |step: usize| {
                    parts.iter().any(|part| part.neuron == neuron && part.steps.contains(&step))
                };
                row.iter_mut()
                    .enumerate()
                    .filter(|(step, _)| !wanted(*step))
                    .for_each(|(_, number)| *number = 0.0);
            }
            assert!(of(&parts) == expected, "{method:?}, {isa:?}");
            assert!(of(&[]).iter().all(|number| *number == 0.0));
        }
    }
}

/// Currents are linear in weights and in spikes, so the gradients are their adjoints: `sum w
/// dL/dw = L = sum s dL/ds`. Along delays the gradient is compared with a difference.
#[test]
fn gradients_are_the_adjoints_of_the_currents() {
    let mut random = Seed(8).stream(Purpose::Weights, 0, 0);
    // What is cut off or joined makes small jumps, which a difference sees and a derivative
    // does not: so tolerances are tight.
    for (method, max_delay) in [
        ((GaussianMethod::Exact, 5e-3, 0.23), 20),
        ((GaussianMethod::Truncated, 1e-4, 1.4), 20),
        ((GaussianMethod::Smoothed, 2e-3, 1.3), 20),
        ((GaussianMethod::Smoothed, 1e-3, 1.8), 30),
        ((GaussianMethod::Smoothed, 1e-3, 5.0), 40),
        ((GaussianMethod::Polynomial, 1e-3, 9.0), 20),
    ] {
        let mut synapses = synapses(&mut random, max_delay);
        let (settings, gradient) = settings(&mut random, &synapses, STEPS, method);
        let change = numbers(&mut random, PRE * POST * ELEMENTS_PER_PAIR, -1.0, 1.0);
        let events: Vec<(u32, u32)> = (0..160)
            .map(|_| (random.random_range(0..PRE as u32), random.random_range(0..STEPS as u32)))
            .collect();
        let frames = SpikeFrames::from_events(PRE, STEPS, &events).unwrap();
        let delay = synapses.delay.clone();
        for isa in Instructions::available() {
            let name = format!("{method:?}, {isa:?}");
            let passes = run(isa, &synapses, settings, &frames, &gradient);
            let scale = passes
                .weight
                .iter()
                .zip(&synapses.weight)
                .map(|(a, b)| (a * b).abs() as f64)
                .sum::<f64>();
            let by_weight: f64 =
                passes.weight.iter().zip(&synapses.weight).map(|(a, b)| (a * b) as f64).sum();
            assert!(
                (by_weight - passes.loss).abs() < 1e-5 * scale,
                "{name}: weights {by_weight}, {}",
                passes.loss
            );
            let row = padded(STEPS);
            let of_channel = |c: usize| {
                let (steps, counts) = frames.channel(c);
                let at = |(&step, &count): (&u32, &f32)| {
                    (passes.spikes[c * row + step as usize] * count) as f64
                };
                steps.iter().zip(counts).map(at).sum::<f64>()
            };
            let by_spikes: f64 = (0..PRE).map(of_channel).sum();
            assert!(
                (by_spikes - passes.loss).abs() < 1e-5 * scale,
                "{name}: spikes {by_spikes}, {}",
                passes.loss
            );

            let step = 1e-2;
            let mut moved = |by: f32| {
                synapses.delay = delay
                    .iter()
                    .zip(&change)
                    .map(|(a, b)| (a + by * b).clamp(0.0, max_delay as f32))
                    .collect();
                run(isa, &synapses, settings, &frames, &gradient).loss
            };
            let numeric = (moved(step) - moved(-step)) / (2.0 * step as f64);
            synapses.delay.clone_from(&delay);
            let by_delay: f64 = passes.delay.iter().zip(&change).map(|(a, b)| (a * b) as f64).sum();
            let scale =
                passes.delay.iter().zip(&change).map(|(a, b)| (a * b).abs() as f64).sum::<f64>();
            assert!(
                (by_delay - numeric).abs() < 1e-2 * scale,
                "{name}: delays {by_delay}, {numeric} of {scale}"
            );
        }
    }
}

/// The gradient of a batch is what the sums of its shards give, added in pairs, and pairs in pairs.
#[test]
fn weight_gradients_are_summed_in_shards() {
    const SAMPLES: usize = 21;
    let isa = Instructions::detect();
    let mut random = Seed(10).stream(Purpose::Weights, 0, 0);
    for (method, max_delay, elements_per_pair) in [
        ((GaussianMethod::Exact, 5e-3, 0.23), 20, ELEMENTS_PER_PAIR),
        ((GaussianMethod::Smoothed, 1e-3, 1.8), 30, ELEMENTS_PER_PAIR),
        ((GaussianMethod::Polynomial, 1e-3, 9.0), 20, ELEMENTS_PER_PAIR),
        ((GaussianMethod::Exact, 5e-3, 0.23), 0, 1),
    ] {
        let mut synapses = synapses(&mut random, max_delay.max(1));
        (synapses.elements_per_pair, synapses.max_delay_steps) = (elements_per_pair, max_delay);
        synapses.weight.truncate(PRE * POST * elements_per_pair);
        synapses.delay.truncate(PRE * POST * elements_per_pair);
        synapses.delay.iter_mut().for_each(|delay| *delay = delay.min(max_delay as f32));
        let (settings, _) = settings(&mut random, &synapses, STEPS, method);
        let mut projection = ProjectionPlan::default();
        projection.prepare(isa, &synapses, &settings);
        let wanted = if let SpikeOrder::Bursts(taps) = projection.spike_order() { taps } else { 1 };
        let samples: Vec<_> = (0..SAMPLES)
            .map(|_| {
                let at = |random: &mut dyn rand::Rng| {
                    (random.random_range(0..PRE as u32), random.random_range(0..STEPS as u32))
                };
                let events: Vec<_> = (0..160).map(|_| at(&mut random)).collect();
                let frames = SpikeFrames::from_events(PRE, STEPS, &events).unwrap();
                let (mut by_step, mut bursts) = (StepEvents::default(), Bursts::default());
                by_step.refill(&frames, STEPS);
                bursts.refill((0..PRE).map(|channel| frames.channel(channel)), wanted);
                let length = padded(settings.steps_out);
                let mut gradient = numbers(&mut random, POST * length, -1.0, 1.0);
                gradient
                    .chunks_exact_mut(length)
                    .for_each(|row| row[settings.steps_out..].fill(0.0));
                (frames, by_step, bursts, gradient)
            })
            .collect();
        let sample = |b: usize| {
            let (frames, events, bursts, gradient) = &samples[b];
            (Spikes { frames, events, bursts, masks: None }, &gradient[..])
        };
        let (mut weight, mut delay) =
            (vec![0.0; synapses.weight.len()], vec![0.0; synapses.delay.len()]);
        let into = [&mut weight[..], &mut delay[..]];
        let workers = &mut WorkerSums::default();
        projection.weight_gradient(isa, &synapses, SAMPLES, sample, workers, into);

        let (plan, layout) = (projection.plan(), projection.plan().layout());
        let mut differ = false;
        for task in 0..layout.panels() * layout.tasks {
            let mut scratch = TaskScratch::default();
            let mut of_shards = |order: &dyn Fn(&mut Vec<Vec<f32>>)| {
                let mut sums: Vec<_> = (0..SHARDS)
                    .map(|shard| {
                        let samples = samples_of_shards(SAMPLES, shard..shard + 1);
                        let mut sums = vec![0.0; plan.correlations(task)];
                        let shard = Shard { samples, of: &sample };
                        plan.correlate(isa, task, shard, &mut scratch, &mut sums);
                        sums
                    })
                    .collect();
                order(&mut sums);
                let mut slots = [0, 1].map(|_| vec![0.0; layout.slots_per_task()]);
                let [weight, delay] = &mut slots;
                plan.fold(task, &sums[0], weight, delay);
                slots
            };
            let add = |sums: &mut Vec<Vec<f32>>, to: usize, from: usize| {
                let other = std::mem::take(&mut sums[from]);
                sums[to].iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
            };
            let in_pairs = of_shards(&|sums| {
                for width in [1, 2, 4, 8] {
                    (0..SHARDS).step_by(2 * width).for_each(|to| add(sums, to, to + width));
                }
            });
            let in_turn = of_shards(&|sums| (1..SHARDS).for_each(|from| add(sums, 0, from)));
            differ |= in_pairs != in_turn;
            let first = task * layout.slots_per_task();
            for slot in first..first + layout.slots_per_task() {
                let Some((post, element)) = layout.synapse(slot) else { continue };
                let index = post * layout.elements() + element;
                assert_eq!(weight[index], in_pairs[0][slot - first], "{method:?}: weight {index}");
                let slope = synapses.weight[index] * in_pairs[1][slot - first];
                assert_eq!(delay[index], slope, "{method:?}: delay {index}");
            }
        }
        assert!(differ, "{method:?}: another order gives other bits");
    }
}
