//! Does what `synfire train` does in half a minute, then follows one sample; expect over 95 %.

use synfire::sim_core::Variables;
use synfire::{Checkpoint, Experiment, RunFolder, TrainedRun};

fn main() -> synfire::Result<()> {
    let outcome = Experiment::recipe("quickstart")?.train(RunFolder::next("runs", "first")?)?;
    let accuracy = 100.0 * outcome.best.accuracy;
    println!("{accuracy:.1} % of the validation samples, one tap per synapse");
    let run = TrainedRun::open(&outcome.folder, Checkpoint::Best)?;
    let sample = run.sample(None, None)?;
    let simulation = run.simulation(&sample)?;
    let recording = simulation.record(Variables::ALL)?;
    for (index, population) in run.network().populations.iter().enumerate() {
        let (name, spikes) = (&population.name, recording.spikes(index).len());
        println!("{name}: {} neurons, {spikes} spikes", population.size);
    }
    let predicted = simulation.predicted(&recording, run.loss()?);
    println!("predicted class: {predicted}");
    println!("pictures: {}", run.folder().plots().display());
    Ok(())
}
