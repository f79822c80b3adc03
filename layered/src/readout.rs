//! The loss of a sample, and its gradient with respect to what the loss reads.

use crate::population::{PopulationPass, potentials, spike_rows};
use crate::workspace::{PopulationState, ShardScratch};
use sim_core::{Objective, Readout, SampleLoss, Stage};
use simd::padded;

/// The loss of sample `b` over its first `end` steps. With the `scale` of a gradient, also writes
/// the gradient; the sample must then run for as many steps as the population.
pub(crate) fn read_out(
    population: &PopulationPass,
    (b, end): (usize, usize),
    state: &mut PopulationState,
    scratch: &mut ShardScratch,
    objective: &dyn Objective,
    scale: Option<f32>,
) -> SampleLoss {
    let ShardScratch { timing, blocks, neurons, fired, output, output_gradient, loss, .. } =
        scratch;
    let PopulationPass { size, steps, .. } = *population;
    timing.time(Stage::Loss, || {
        output.resize(size * end, 0.0);
        if population.neurons.fires() {
            spike_rows(&state.fired, size, (steps, end), output);
        } else {
            potentials(population, &state.current, end, (blocks, neurons), fired, output);
        }
        let readout = Readout { values: output, neurons: size, steps: end };
        let Some(scale) = scale else { return objective.evaluate(b, readout, None, loss) };
        debug_assert_eq!(end, steps, "a gradient is of whole batches");
        output_gradient.resize(size * steps, 0.0);
        let gradient = Some((&mut output_gradient[..], f64::from(scale)));
        let sample = objective.evaluate(b, readout, gradient, loss);
        let rows = state.gradient.chunks_exact_mut(padded(steps));
        for (row, gradient) in rows.zip(output_gradient.chunks_exact(steps)) {
            row[..steps].copy_from_slice(gradient);
        }
        sample
    })
}
