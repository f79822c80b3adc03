//! The last spike that reached a neuron or a synapse.

/// Height and step of the last spike at each of several places: neurons, or synapses. Spikes of one
/// place and step add up.
#[derive(Debug)]
pub(crate) struct LastSpikes {
    height: Vec<f64>,
    step: Vec<f64>,
}

impl LastSpikes {
    /// Of so many places that no spike has reached.
    pub fn new(places: usize) -> Self {
        Self { height: vec![0.0; places], step: vec![0.0; places] }
    }

    /// A spike reaches a place.
    pub fn add(&mut self, place: usize, step: usize, height: f64) {
        self.height[place] = self.height(place, step, 0) + height;
        self.step[place] = step as f64;
    }

    /// The height of the last spike, if that came `ago` steps before `step`; else 0.
    pub fn height(&self, place: usize, step: usize, ago: usize) -> f64 {
        if self.step[place] + ago as f64 == step as f64 { self.height[place] } else { 0.0 }
    }

    /// Everything that is remembered, under two names.
    pub fn columns(&self, names: [&'static str; 2]) -> [(&'static str, &[f64]); 2] {
        let [height, step] = names;
        [(height, &self.height), (step, &self.step)]
    }

    /// As [`columns`](Self::columns), to be overwritten.
    pub fn columns_mut(&mut self) -> [&mut [f64]; 2] {
        [&mut self.height, &mut self.step]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_spike_counts_and_only_at_its_distance() {
        let mut spikes = LastSpikes::new(2);
        assert_eq!(spikes.height(1, 0, 0), 0.0);
        spikes.add(1, 3, 2.0);
        spikes.add(1, 5, -0.5);
        assert_eq!([0, 1, 2].map(|ago| spikes.height(1, 5, ago)), [-0.5, 0.0, 0.0]);
        assert_eq!([0, 1, 2].map(|ago| spikes.height(1, 6, ago)), [0.0, -0.5, 0.0]);
        assert_eq!(spikes.height(0, 6, 1), 0.0);
        spikes.add(1, 5, 2.0);
        assert_eq!(spikes.height(1, 5, 0), 1.5);
    }
}
