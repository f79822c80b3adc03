//! What excitatory and inhibitory synapses bring to each neuron while a sample runs.

use crate::figure_labels::spaced;
use plots::PopulationCurrents;
use sim_core::{Network, Recording};

/// Neurons of a population whose currents are worked out: enough for a figure, whatever the size of
/// a population.
const MOST_NEURONS: usize = 1024;

/// The currents of a population over `steps` steps, from the spikes of all populations; none for a
/// population that receives nothing. Currents are as the network is deployed: one tap per synapse,
/// scaled by the deployed norm. The neuron that is shown is the one that fired most.
pub(crate) fn synaptic_currents(
    network: &Network,
    population: usize,
    recording: &Recording,
    steps: usize,
) -> Option<PopulationCurrents> {
    let target = &network.populations[population];
    let neurons = target.size.min(MOST_NEURONS);
    let mut excitatory = vec![vec![0.0_f32; steps]; neurons];
    let mut inhibitory = excitatory.clone();
    let mut offset = vec![0.0_f32; neurons];
    if let Some(norm) = &target.norm {
        // An entry per port and neuron: what all ports add reaches the neuron.
        for entry in 0..norm.gain.len() {
            if let Some(offset) = offset.get_mut(entry % target.size) {
                *offset += norm.deployed(entry).1;
            }
        }
    }
    let mut receives = false;
    for projection in network.projections.iter().filter(|one| one.target == population) {
        receives = true;
        let mut by_neuron = vec![Vec::new(); network.populations[projection.source].size];
        for synapse in projection.synapses.deployed() {
            if (synapse.post as usize) < neurons && synapse.weight != 0.0 {
                by_neuron[synapse.pre as usize].push(synapse);
            }
        }
        let scale = |post: usize| {
            let norm = target.norm.as_ref();
            norm.map_or(1.0, |norm| norm.deployed(projection.port * target.size + post).0)
        };
        let scales: Vec<f32> = (0..neurons).map(scale).collect();
        for &(step, neuron) in recording.spikes(projection.source) {
            for synapse in &by_neuron[neuron as usize] {
                let (post, arrival) = (synapse.post as usize, step + synapse.delay_steps);
                let current = synapse.weight as f32 * scales[post];
                let side = if current > 0.0 { &mut excitatory } else { &mut inhibitory };
                if let Some(sum) = side[post].get_mut(arrival as usize) {
                    *sum += current;
                }
            }
        }
    }
    if !receives {
        return None;
    }
    let mut fired = vec![0_usize; neurons];
    for &(_, neuron) in recording.spikes(population) {
        if let Some(count) = fired.get_mut(neuron as usize) {
            *count += 1;
        }
    }
    // Of equals, the first.
    let shown = (0..neurons).rev().max_by_key(|&neuron| fired[neuron]).unwrap_or(0);
    let name = match neurons < target.size {
        true => format!("{}, first {neurons} neurons", spaced(&target.name)),
        false => spaced(&target.name),
    };
    Some(PopulationCurrents { name, excitatory, inhibitory, offset, shown })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::overrides::Override;
    use crate::simulation::Simulation;
    use sim_core::{SpikeFrames, Variables};

    /// The sum of both sides and of the offset is what the neurons integrate.
    #[test]
    fn both_sides_and_the_offset_are_the_input_of_the_neuron() {
        let changes = [
            "network.hidden=[6]",
            "network.excitatory=0.5",
            "network.readout.tau_mem_ms=4",
            "network.readout.decay=\"euler\"",
            "network.readout.input_scaling=false",
        ];
        let changes: Vec<Override> =
            changes.iter().map(|change| Override::parse(change).unwrap()).collect();
        let experiment = Experiment::recipe_with("quickstart", &changes).unwrap();
        let mut network = experiment.build_network(20, 5).unwrap();
        let norm = network.populations[1].norm.as_mut().unwrap();
        norm.bias.iter_mut().for_each(|bias| *bias = 1.25);
        norm.running_variance.iter_mut().for_each(|variance| *variance = 0.25);
        let steps = 40;
        let spikes: Vec<(u32, u32)> = (0..steps as u32).map(|step| (step % 20, step)).collect();
        let frames = SpikeFrames::from_events(20, steps, &spikes).unwrap();
        let mut recording =
            Recording::selecting(vec![Variables::SPIKES, Variables::SPIKES, Variables::ALL]);
        Simulation::new(network.clone(), vec![frames], steps).run(&mut recording).unwrap();
        assert!(recording.spikes(1).len() > 20);

        assert!(synaptic_currents(&network, 0, &recording, steps).is_none());
        let hidden = synaptic_currents(&network, 1, &recording, steps).unwrap();
        assert!(hidden.offset.iter().all(|offset| *offset == 1.25));
        let output = synaptic_currents(&network, 2, &recording, steps).unwrap();
        assert!(output.inhibitory.iter().flatten().any(|current| *current < 0.0));
        // The readout leaks and integrates: with tau = dt nothing is left of a step in the next.
        for neuron in 0..5 {
            for step in 0..steps {
                let sum = output.excitatory[neuron][step] + output.inhibitory[neuron][step];
                let potential = recording.potentials(2)[step * 5 + neuron];
                assert!((f64::from(sum) - potential).abs() < 1e-5, "{neuron}, {step}: {sum}");
            }
        }
    }
}
