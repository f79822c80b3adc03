//! Does what `synfire train` does, then follows one sample through the network. Half a minute on two cores; above 95 % is to be expected.

use synfire::sim_core::Variables;
use synfire::{Checkpoint, Experiment, RunFolder, Simulation, TrainedRun};

fn main() -> synfire::Result<()> {
    let outcome = Experiment::recipe("quickstart")?.train(RunFolder::next("runs", "first")?)?;
    println!("{:.1} % of the validation samples, one tap per synapse", 100.0 * outcome.best.accuracy);

    let run = TrainedRun::open(&outcome.folder, Checkpoint::Best)?;
    let sample = run.sample(None, None)?;
    let simulation = Simulation::of_sample(run.network(), &sample.data, sample.index);
    let recording = simulation.record(Variables::ALL)?;
    for (index, population) in run.network().populations.iter().enumerate() {
        println!("{}: {} neurons, {} spikes", population.name, population.size, recording.spikes(index).len());
    }
    println!("predicted class: {}", simulation.predicted(&recording, run.experiment().training.loss));
    println!("pictures: {}", run.folder().plots().display());
    Ok(())
}
