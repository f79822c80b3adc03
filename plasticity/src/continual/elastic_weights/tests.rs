use super::*;
use crate::continual::small_network::{
    LABELS, end_of, images, learn, small_network, step, trainer, weights,
};
use crate::gradient::cross_entropy::CrossEntropy;
use crate::gradient::optimizer::OptimizerSettings;
use layered::LayeredEngine;
use sim_core::{GradientEngine, Horizon, Kind, NormStatistics, Pass, Synapses};

const WEIGHT: ParameterId = ParameterId::of_projection(0, Kind::Weight);

fn protection(strength: f64) -> ElasticWeights {
    ElasticWeights::new(&small_network(), ElasticWeightsSettings { strength }).unwrap()
}

/// Ends a task of this number of images, as the protection's next one.
fn end(protection: &mut ElasticWeights, network: &Network, task: u64) {
    protection.begin_task(protection.tasks.begun()).unwrap();
    end_of(network, task, 12, protection).unwrap();
}

/// The network with all weights of its first projection moved.
fn moved(by: f32) -> Network {
    let mut network = small_network();
    let Synapses::Dense(dense) = &mut network.projections[0].synapses else { unreachable!() };
    dense.weight.iter_mut().for_each(|weight| *weight += by);
    network
}

/// The pull on the first projection at these weights.
fn pull(protection: &ElasticWeights, at: &[f32]) -> Vec<f32> {
    let mut gradient = vec![0.0; at.len()];
    protection.gradient(WEIGHT, at, &mut gradient);
    gradient
}

#[test]
fn stiffness_is_the_mean_square_of_the_gradient_of_each_sample() {
    let network = small_network();
    let mut protection = protection(1.0);
    end(&mut protection, &network, 0);
    let mut engine = LayeredEngine::new(&network).unwrap();
    let pass = Pass { norm: NormStatistics::Batch, horizon: Horizon::Batch, ..Pass::DEPLOYED };
    let (mut gradients, frames) = (Gradients::zeros(&network), images(0));
    let mut expected = vec![0.0f64; weights(&network, 0).len()];
    for (sample, label) in LABELS.iter().enumerate() {
        let objective =
            Labelled { loss: &CrossEntropy::SumSoftmax, labels: std::slice::from_ref(label) };
        let batch = Batch::new(&frames[sample..=sample], 2, &objective);
        engine.train(&network, &batch, &pass, &mut gradients).unwrap();
        let squares = gradients.of(WEIGHT).iter().map(|&g| f64::from(g).powi(2) / 12.0);
        expected.iter_mut().zip(squares).for_each(|(sum, square)| *sum += square);
    }
    let stiffness = &protection.springs[0].stiffness;
    assert!(expected.iter().sum::<f64>() > 1e-6, "samples have gradients");
    let pairs = stiffness.iter().zip(&expected);
    assert!(pairs.clone().all(|(&s, e)| (f64::from(s) - e).abs() <= 1e-6 * e));
    let resting = &protection.springs[0];
    let is_at_rest =
        |((rest, stiff), weight): ((&f32, &f32), &f32)| *stiff == 0.0 || rest == weight;
    let of_network = weights(&network, 0);
    assert!(resting.rest.iter().zip(&resting.stiffness).zip(&of_network).all(is_at_rest));
}

/// Springs of two tasks pull as the sum of the springs of each.
#[test]
fn springs_of_all_tasks_add_up() {
    let networks = [small_network(), moved(0.05)];
    let mut both = protection(3.0);
    let apart = [0, 1].map(|task| {
        let mut one = protection(3.0);
        end(&mut one, &networks[task], task as u64);
        end(&mut both, &networks[task], task as u64);
        one
    });
    let at: Vec<f32> = weights(&small_network(), 0).iter().map(|weight| weight - 0.1).collect();
    let [first, second] = [&apart[0], &apart[1]].map(|one| pull(one, &at));
    let together = pull(&both, &at);
    let largest = together.iter().fold(0.0, |most: f32, pull| pull.abs().max(most));
    assert!(largest > 1e-4, "springs pull: {largest}");
    for ((together, first), second) in together.iter().zip(first).zip(second) {
        assert!((together - first - second).abs() < 1e-5 * largest);
    }
    // Delays without a window have no springs.
    let entries: usize = [0, 1].map(|place| weights(&small_network(), place).len()).iter().sum();
    assert_eq!(both.stored(), Stored { numbers: 2 * entries, ..Stored::default() });
}

#[test]
fn what_mattered_moves_less_with_stronger_springs() {
    // The energy of springs of strength 1, after the second task.
    let moves = |strength: f64| {
        let plain = OptimizerSettings::Sgd(Default::default());
        let mut trainer = trainer(plain, 0.05, Box::new(protection(strength)));
        learn(&mut trainer, 0, 60);
        let state = trainer.protection().state();
        let of = |what: &str| state[&format!("input->hidden.weight.{what}")].clone();
        let (stiffness, rest) = (of("stiffness"), of("rest"));
        trainer.begin_task(1).unwrap();
        step(&mut trainer, 1, 60);
        let after = weights(trainer.network(), 0);
        let springs = after.iter().zip(rest).zip(stiffness);
        springs.map(|((after, rest), stiffness)| stiffness * (after - rest).powi(2)).sum::<f32>()
    };
    let (free, held) = (moves(0.0), moves(100.0));
    assert!(free > 0.0 && held < 0.9 * free, "{held} of {free}");
}

#[test]
fn a_restored_protection_goes_on() {
    let network = small_network();
    let mut whole = protection(2.0);
    end(&mut whole, &network, 0);
    let mut resumed = protection(2.0);
    resumed.restore(whole.state()).unwrap();
    for protection in [&mut whole, &mut resumed] {
        end(protection, &moved(0.1), 1);
    }
    assert_eq!(whole.state(), resumed.state());
    assert!(resumed.protects(WEIGHT) && !resumed.freezes(WEIGHT) && !resumed.pins_norms());
    let mut state = whole.state();
    state.remove("input->hidden.weight.rest");
    let refused = protection(2.0).restore(state).unwrap_err();
    assert_eq!(refused, "the protection has no state input->hidden.weight.rest");
}

#[test]
fn a_negative_strength_is_refused() {
    let settings = ElasticWeightsSettings { strength: -1.0 };
    let refused = ElasticWeights::new(&small_network(), settings).unwrap_err().to_string();
    assert_eq!(refused, "ElasticWeights::strength is -1, but must be at least 0");
}
