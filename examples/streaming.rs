//! Trains for a moment, then sends one sample through the deployed network step by step and prints
//! how its decision grows, with the time that each step took. The decision is right long before the
//! sample ends; a step takes microseconds.

use std::time::Instant;
use synfire::{Checkpoint, Experiment, StreamingEngine, TrainedRun};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let outcome = Experiment::recipe("quickstart")?.train("runs/streaming")?;
    let run = TrainedRun::open(&outcome.folder, Checkpoint::Best)?;
    let sample = run.sample(None, None)?;
    println!("the sample is of class {}", sample.data.dataset.label(sample.index));

    // One list of spikes per step, as a sensor would send them; behind the end there is silence.
    let spikes = sample.data.dataset.frames(sample.index, None).by_step();
    let mut engine = StreamingEngine::new(run.network())?;
    let output = run.network().output()?;
    let mut sums = vec![0.0; run.network().populations[output].size];
    let mut longest_us: f64 = 0.0;
    let mut ends = Vec::new();
    run.horizon().ends(run.network(), spikes.len(), &mut ends)?;
    engine.set_ends(&ends);
    let steps = ends[output];
    while engine.next_step() < steps {
        let start = Instant::now();
        engine.step(spikes.get(engine.next_step()).map_or(&[], Vec::as_slice))?;
        longest_us = longest_us.max(1e6 * start.elapsed().as_secs_f64());
        // The recipe's loss: softmax of the potentials, summed over the steps.
        let exponentials: Vec<f32> = engine.potential(output).iter().map(|v| v.exp()).collect();
        let total: f32 = exponentials.iter().sum();
        sums.iter_mut().zip(&exponentials).for_each(|(sum, e)| *sum += e / total);
        let done = engine.next_step();
        if done.is_multiple_of(8) || done == steps {
            let best = (0..sums.len())
                .max_by(|&a, &b| sums[a].total_cmp(&sums[b]))
                .expect("there are classes");
            let ms = done as f64 * run.network().dt_ms;
            println!(
                "after {ms:>3} ms: class {best}, {:.0} % of the evidence",
                100.0 * sums[best] / done as f32
            );
        }
    }
    println!("longest step: {longest_us:.1} us");
    Ok(())
}
