use super::*;
use crate::continual::small_network::small_network;
use crate::gradient::schedule::{Constant, Cosine, Schedule};
use layered::LayeredEngine;

#[test]
fn rates_follow_epochs_or_batches() {
    let cosine = Schedule::Cosine(Cosine { peak: 0.2, ..Cosine::default() });
    for (follow, expected) in [
        (RatesFollow::Epochs, [(0, 2), (0, 2), (1, 2), (1, 2)]),
        (RatesFollow::Batches, [(0, 8), (1, 8), (4, 8), (7, 8)]),
    ] {
        let mut settings = TrainingSettings { epochs: 2, ..TrainingSettings::default() };
        (settings.rates_follow, settings.weights.schedule) = (follow, cosine);
        let network = small_network();
        let engine = Box::new(LayeredEngine::new(&network).unwrap());
        let mut trainer = Trainer::new(network, engine, settings, Seed(1)).unwrap();
        for ((epoch, batch), (step, steps)) in [(0, 0), (0, 1), (1, 0), (1, 3)].iter().zip(expected)
        {
            trainer.move_to_epoch(*epoch);
            trainer.move_to_batch(*batch, 4);
            assert_eq!(trainer.share_of_task(), (4 * epoch + batch) as f64 / 8.0);
            let rate = cosine.at(step, steps).rate;
            assert_eq!(trainer.rate(Kind::Weight), rate, "{follow:?}: {epoch}, {batch}");
        }
        trainer.move_to_epoch(0);
        assert_eq!(trainer.rate(Kind::Weight), 0.2, "an epoch begins with its first batch");
    }
}

#[test]
fn rates_of_later_tasks_shrink_by_the_factor() {
    let mut settings = TrainingSettings { task_rate_factor: 0.5, ..TrainingSettings::default() };
    settings.weights.schedule = Schedule::Constant(Constant { rate: 0.2, ..Constant::default() });
    let network = small_network();
    let engine = Box::new(LayeredEngine::new(&network).unwrap());
    let mut trainer = Trainer::new(network, engine, settings.clone(), Seed(1)).unwrap();
    for (task, rate) in [(0, 0.2), (1, 0.1), (3, 0.025)] {
        trainer.begin_task(task).unwrap();
        assert_eq!(trainer.rate(Kind::Weight), rate);
    }
    settings.task_rate_factor = 0.0;
    let said = settings.check().unwrap_err().to_string();
    assert!(said.ends_with("task_rate_factor is 0, but must be above 0"), "{said}");
}
