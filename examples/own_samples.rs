//! Trains on samples made in memory: a spot that moves to the left or to the right over 40 sensors.
//! The run is stopped after three epochs and resumed from its folder; it ends when validation no
//! longer gets better.

use std::ops::ControlFlow;
use std::sync::Arc;
use synfire::datasets::{LabelledFrames, Split};
use synfire::plasticity::EarlyStopping;
use synfire::sim_core::{Seed, SpikeFrames};
use synfire::{Event, Experiment, Finish, OwnParts, RunFolder, Samples, Silent, TrainingRun};

const SENSORS: u32 = 40;
const STEPS: u32 = 60;

/// Every other sample moves to the right. It starts anywhere, and passes a sensor per step.
fn moving_spot(sample: u32) -> synfire::Result<(SpikeFrames, usize)> {
    let to_the_right = sample % 2;
    let start = sample * 7919 % SENSORS;
    let place = |step: u32| match to_the_right {
        1 => (start + step) % SENSORS,
        _ => (start + SENSORS * STEPS - step) % SENSORS,
    };
    // One spike in five is missing.
    let seen = (0..STEPS).filter(|step| !(step * 31 + sample * 17).is_multiple_of(5));
    let spikes: Vec<(u32, u32)> = seen.map(|step| (place(step), step)).collect();
    let frames = SpikeFrames::from_events(SENSORS as usize, STEPS as usize, &spikes)?;
    Ok((frames, to_the_right as usize))
}

/// What the experiment's file cannot hold has to be there again when the run is resumed.
fn parts() -> synfire::Result<OwnParts> {
    let made = (0..400).map(moving_spot).collect::<synfire::Result<_>>()?;
    let source = Arc::new(LabelledFrames::new(2, made)?);
    let split = Split::by_chance(&*source, 0.25, Seed(0))?;
    Ok(OwnParts::of_samples(Samples { name: "moving spots".into(), source, split }))
}

fn main() -> synfire::Result<()> {
    let mut experiment = Experiment::recipe("quickstart")?;
    experiment.name = "moving-spots".into();
    experiment.network.feed_forward_mut().expect("it is in a row").hidden = vec![16];
    experiment.training.early_stopping = Some(EarlyStopping { patience: 5, min_delta: 0.0 });

    let folder = RunFolder::next("runs", "own-samples")?;
    let run = TrainingRun::create_with(experiment, parts()?, folder.clone(), false, None)?;
    let mut stop_after_three = |event: Event| match event {
        Event::Epoch(epoch) if epoch.epoch == 3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    if let Finish::Stopped { epochs, .. } = run.run(&mut stop_after_three)? {
        println!("stopped after {epochs} epochs");
    }
    let outcome = TrainingRun::resume_with(&folder, parts()?, None, None)?.finish(&mut Silent)?;
    let (accuracy, epoch) = (100.0 * outcome.best.accuracy, outcome.best.epoch);
    println!("{accuracy:.1} % of the validation samples, from epoch {epoch}");
    println!("pictures: {}", folder.join("plots").display());
    Ok(())
}
