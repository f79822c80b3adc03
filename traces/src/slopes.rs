//! The slopes of neurons in one step.

use crate::layers::Members;
use sim_core::{State, StepAdjoint};
use simd::{NEURONS_PER_BLOCK, NeuronBlock};

/// What slopes are worked out in, `[column]` of the state.
#[derive(Debug, Default)]
pub(crate) struct Slopes {
    before: Vec<NeuronBlock>,
    d_state: Vec<NeuronBlock>,
}

impl Slopes {
    /// Turns errors of what neurons send (of a readout: of their potentials) to errors of their
    /// current, as if no step followed; `before` is their state before the step.
    pub(crate) fn pass(
        &mut self,
        members: &Members,
        before: &State<NeuronBlock>,
        current: &[NeuronBlock],
        errors: &mut [NeuronBlock],
    ) {
        if !members.neuron.fires() {
            let gain = members.gain as f32;
            return errors.as_flattened_mut().iter_mut().for_each(|error| *error *= gain);
        }
        let columns = before.variables().len();
        for (block, (error, current)) in errors.iter_mut().zip(current).enumerate() {
            self.before.clear();
            self.before.extend((0..columns).map(|column| before.column(column)[block]));
            self.d_state.clear();
            self.d_state.resize(columns, [0.0; NEURONS_PER_BLOCK]);
            let d_spike = *error;
            members.neuron.step_adjoint(StepAdjoint {
                constants: &[],
                before: &self.before,
                input: std::slice::from_ref(current),
                d_spike: &d_spike,
                d_state: &mut self.d_state,
                d_input: std::slice::from_mut(error),
                d_constants: &mut [],
            });
        }
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        (self.before.capacity() + self.d_state.capacity()) * size_of::<NeuronBlock>()
    }
}
