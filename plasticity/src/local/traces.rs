//! What synapses remember of spikes: one trace for each.

/// Traces that rise by the height of every spike and decay exponentially, by synapse. A trace is
/// worked out when it is asked for: steps without spikes cost nothing.
#[derive(Debug)]
pub(crate) struct Traces {
    /// `dt / tau`: after some steps `exp(-steps * rate)` is left.
    rate: f64,
    /// Value behind the last spike.
    value: Vec<f64>,
    /// Value before the spikes of the last spike's step.
    before: Vec<f64>,
    /// Step of the last spike.
    step: Vec<f64>,
}

impl Traces {
    /// Traces of `synapses` synapses that have seen no spike; `tau_ms` may be 0.
    pub fn new(synapses: usize, tau_ms: f64, dt_ms: f64) -> Self {
        let zeros = || vec![0.0; synapses];
        Self { rate: dt_ms / tau_ms, value: zeros(), before: zeros(), step: zeros() }
    }

    /// A spike reaches a synapse.
    pub fn add(&mut self, synapse: usize, step: usize, height: f64) {
        if step as f64 > self.step[synapse] {
            self.before[synapse] = self.decayed(synapse, step);
            self.value[synapse] = self.before[synapse];
            self.step[synapse] = step as f64;
        }
        self.value[synapse] += height;
    }

    /// The trace in a step, not before that of the last spike; spikes of the step itself count.
    pub fn with(&self, synapse: usize, step: usize) -> f64 {
        if step as f64 > self.step[synapse] {
            self.decayed(synapse, step)
        } else {
            self.value[synapse]
        }
    }

    /// As [`with`](Self::with), but spikes of the step itself do not count.
    pub fn before(&self, synapse: usize, step: usize) -> f64 {
        if step as f64 > self.step[synapse] {
            self.decayed(synapse, step)
        } else {
            self.before[synapse]
        }
    }

    fn decayed(&self, synapse: usize, step: usize) -> f64 {
        if self.value[synapse] == 0.0 {
            return 0.0;
        }
        self.value[synapse] * (-(step as f64 - self.step[synapse]) * self.rate).exp()
    }

    /// Everything that the traces hold, under three names.
    pub fn columns(&self, names: [&'static str; 3]) -> [(&'static str, &[f64]); 3] {
        let [value, before, step] = names;
        [(value, &self.value), (before, &self.before), (step, &self.step)]
    }

    /// As [`columns`](Self::columns), to be overwritten.
    pub fn columns_mut(&mut self) -> [&mut [f64]; 3] {
        [&mut self.value, &mut self.before, &mut self.step]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_rises_with_every_spike_and_decays_between_them() {
        let mut traces = Traces::new(2, 10.0, 1.0);
        traces.add(1, 3, 1.0);
        traces.add(1, 8, 0.5);
        let first = (-0.5_f64).exp();
        assert_eq!((traces.before(1, 8), traces.with(1, 8)), (first, first + 0.5));
        traces.add(1, 8, 1.0);
        assert_eq!((traces.before(1, 8), traces.with(1, 8)), (first, first + 1.5));
        assert_eq!(traces.before(1, 28), (first + 1.5) * (-2.0_f64).exp());
        assert_eq!(traces.with(0, 28), 0.0);
    }

    #[test]
    fn without_a_time_constant_only_the_step_itself_counts() {
        let mut traces = Traces::new(1, 0.0, 1.0);
        traces.add(0, 4, 2.0);
        assert_eq!((traces.with(0, 4), traces.with(0, 5)), (2.0, 0.0));
    }
}
