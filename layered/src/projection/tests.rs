use super::*;
use crate::events::StepEvents;
use rand::RngExt;
use sim_core::{GaussianMethod, Purpose, Seed, SpikeFrames};
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
    with: Instructions,
    synapses: &DenseSynapses,
    settings: PlanSettings<'_>,
    frames: &SpikeFrames,
    gradient: &[f32],
) -> Passes {
    let mut plan = ProjectionPlan::default();
    plan.prepare(with, synapses, &settings);
    let (mut events, mut bursts) = (StepEvents::default(), Bursts::default());
    events.refill(frames, settings.steps_in);
    let taps = if let SpikeOrder::Bursts(taps) = plan.spike_order() { taps } else { 1 };
    bursts.refill((0..frames.channels()).map(|channel| frames.channel(channel)), taps);
    let spikes = Spikes { frames, events: &events, bursts: &bursts };
    let mut current = vec![0.0; synapses.post * padded(settings.steps_out)];
    let mut input_gradient = vec![0.0; synapses.pre * padded(settings.steps_in)];
    let wanted: Vec<Wanted> = (0..synapses.pre)
        .map(|neuron| Wanted { neuron, steps: 0..padded(settings.steps_in) })
        .collect();
    let mut scratch = PlanScratch::default();
    for block in 0..plan.blocks() {
        plan.forward(with, block, spikes, &mut scratch, &mut current, Write::Set);
    }
    plan.input_gradient(with, 0, gradient, &wanted, &mut scratch, &mut input_gradient);
    let (mut weight, mut delay) =
        (vec![0.0; synapses.weight.len()], vec![0.0; synapses.delay.len()]);
    let (sums, gradients) = (&mut WorkerSums::default(), [&mut weight[..], &mut delay[..]]);
    plan.weight_gradient(with, synapses, 1, |_| (spikes, gradient), sums, gradients);
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
const TAPS: usize = 2;

fn numbers(random: &mut impl RngExt, count: usize, from: f32, to: f32) -> Vec<f32> {
    (0..count).map(|_| random.random_range(from..to)).collect()
}

fn synapses(random: &mut impl RngExt, max_delay_steps: usize) -> DenseSynapses {
    DenseSynapses {
        pre: PRE,
        post: POST,
        taps: TAPS,
        weight: numbers(random, PRE * POST * TAPS, -1.0, 1.0),
        delay: numbers(random, PRE * POST * TAPS, 0.0, max_delay_steps as f32),
        max_delay_steps,
        granularity: Granularity::Synaptic,
        kernel: DelayKernel::Gaussian,
        polarity: None,
    }
}

/// Of samples of `steps_in` steps, with a gradient to go with them: `[post][padded steps_out]`.
fn settings(
    random: &mut impl RngExt,
    synapses: &DenseSynapses,
    steps_in: usize,
    (gaussian, tolerance, sigma_raw): (GaussianMethod, f64, f64),
) -> (PlanSettings<'static>, Vec<f32>) {
    let steps_out = ProjectionPlan::steps_out(synapses, steps_in);
    let evaluation = KernelEvaluation { gaussian, tolerance, ..KernelEvaluation::default() };
    let spread =
        Spread::new(DelayKernel::Gaussian, evaluation, synapses.max_delay_steps, sigma_raw, PRE);
    let is_smoothed = matches!(&spread, Spread::Window(window) if window.smoothing().is_some());
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
        for with in Instructions::available() {
            let mut plan = ProjectionPlan::default();
            plan.prepare(with, &synapses, &settings);
            let mut scratch = PlanScratch::default();
            let mut of = |wanted: &[Wanted]| {
                let mut out = vec![0.0; PRE * length];
                plan.input_gradient(with, 0, &gradient, wanted, &mut scratch, &mut out);
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
            assert!(of(&parts) == expected, "{method:?}, {with:?}");
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
        let change = numbers(&mut random, PRE * POST * TAPS, -1.0, 1.0);
        let events: Vec<(u32, u32)> = (0..160)
            .map(|_| (random.random_range(0..PRE as u32), random.random_range(0..STEPS as u32)))
            .collect();
        let frames = SpikeFrames::from_events(PRE, STEPS, &events).unwrap();
        let delay = synapses.delay.clone();
        for with in Instructions::available() {
            let name = format!("{method:?}, {with:?}");
            let passes = run(with, &synapses, settings, &frames, &gradient);
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
                run(with, &synapses, settings, &frames, &gradient).loss
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
