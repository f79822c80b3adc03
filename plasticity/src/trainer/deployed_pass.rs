//! How far a pass of training is the network as it is deployed.

use sim_core::{
    Kind, Network, NormStatistics, ParameterId, Pass, SpikeFrames, Synapses, rounded_delay,
};

/// Moves the delays of the parameters that are `kept` to the taps that they are deployed at.
pub(crate) fn round_delays(network: &mut Network, kept: impl Fn(ParameterId) -> bool) {
    for (projection, of_network) in network.projections.iter_mut().enumerate() {
        let Synapses::Dense(dense) = &mut of_network.synapses else { continue };
        if kept(ParameterId::of_projection(projection, Kind::Delay)) {
            let most = dense.max_delay_steps;
            for delay in &mut dense.delay {
                *delay = rounded_delay(f64::from(*delay), most) as f32;
            }
        }
    }
}

/// Whether populations send in a pass of training what they send as the network is deployed.
pub(crate) fn sends_as_deployed(network: &Network, batch: &[SpikeFrames], pass: &Pass) -> bool {
    let Network { populations, projections, .. } = network;
    let is_instant = |synapses: &Synapses| matches!(synapses, Synapses::Dense(dense) if dense.max_delay_steps == 0);
    let steps = batch.first().map_or(0, SpikeFrames::steps);
    pass.dropout.is_none()
        && (pass.norm == NormStatistics::Running
            || populations.iter().all(|population| population.norm.is_none()))
        && projections.iter().all(|projection| is_instant(&projection.synapses))
        && batch.iter().all(|frames| frames.steps() == steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::hebbian_projection::{HebbianProjection, HebbianProjectionSettings};
    use crate::continual::small_network::{end, learn, small_network, step};
    use crate::settings::TrainingSettings;
    use crate::trainer::step::Trainer;
    use layered::LayeredEngine;
    use sim_core::{BatchNorm, Seed};

    /// With delays of up to four steps, a norm and dropout; protected from the first task on.
    fn trainer(dropout: f64) -> Trainer {
        let mut network = small_network();
        network.populations[1].norm = Some(BatchNorm::new(6));
        for projection in &mut network.projections {
            let Synapses::Dense(dense) = &mut projection.synapses else { unreachable!() };
            dense.max_delay_steps = 4;
            for (n, delay) in dense.delay.iter_mut().enumerate() {
                *delay = (n * 7 % 40) as f32 / 10.0;
            }
        }
        let rows = HebbianProjectionSettings::with_rows(vec![vec![3, 2], vec![1, 1]]);
        let protection = HebbianProjection::new(&network, rows, Seed(6)).unwrap();
        let settings = TrainingSettings { dropout, epochs: 8, ..TrainingSettings::default() };
        let engine = Box::new(LayeredEngine::new(&network).unwrap());
        let trainer = Trainer::new(network, engine, settings, Seed(1)).unwrap();
        trainer.with_protection(Box::new(protection))
    }

    fn delays(trainer: &Trainer) -> Vec<f32> {
        let parameters = trainer.network().parameters();
        let delays = parameters.filter(|parameter| parameter.id.kind == Kind::Delay);
        delays.flat_map(|delays| delays.values.to_vec()).collect()
    }

    #[test]
    fn later_tasks_train_rounded_delays_narrow_kernels_and_pinned_norms() {
        let mut trainer = trainer(0.2);
        trainer.begin_task(0).unwrap();
        let wide = trainer.sigma();
        step(&mut trainer, 0, 20);
        let learned = delays(&trainer);
        assert!(learned.iter().any(|delay| delay.fract() != 0.0));
        end(&mut trainer, 0);
        let kept = delays(&trainer);
        for (kept, learned) in kept.iter().zip(learned) {
            assert_eq!(*kept, rounded_delay(f64::from(learned), 4) as f32);
        }
        let norm = trainer.network().populations[1].norm.clone();
        learn(&mut trainer, 1, 20);
        assert!(delays(&trainer) == kept && trainer.network().populations[1].norm == norm);
        let narrow = trainer.settings().sigma.end;
        assert!(trainer.sigma() == narrow && narrow < wide);
    }

    /// Circuits learn from what is deployed, so dropout of the same batch changes nothing.
    #[test]
    fn circuits_do_not_see_dropout() {
        let mut rows = [0.0, 0.5].map(|dropout| {
            let mut trainer = trainer(dropout);
            trainer.begin_task(0).unwrap();
            let before = trainer.protection().state();
            step(&mut trainer, 0, 1);
            let after = trainer.protection().state();
            assert_ne!(before["hidden->output.rows"], after["hidden->output.rows"]);
            after
        });
        let [without, with] = &mut rows;
        assert_eq!(without, with);
    }

    #[test]
    fn a_pass_of_training_can_be_the_deployed_one() {
        let network = small_network();
        let frames = |steps| SpikeFrames::constant(&[1.0; 8], steps).unwrap();
        let pass = Pass { norm: NormStatistics::Batch, ..Pass::DEPLOYED };
        assert!(sends_as_deployed(&network, &[frames(3), frames(3)], &pass));
        assert!(!sends_as_deployed(&network, &[frames(3), frames(4)], &pass));
        let mut normed = network.clone();
        normed.populations[1].norm = Some(BatchNorm::new(6));
        assert!(!sends_as_deployed(&normed, &[frames(3)], &pass));
        assert!(sends_as_deployed(&normed, &[frames(3)], &Pass::DEPLOYED));
        let trainer = trainer(0.0);
        assert!(!sends_as_deployed(trainer.network(), &[frames(3)], &Pass::DEPLOYED));
    }
}
