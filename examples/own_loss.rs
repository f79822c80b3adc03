//! Trains with a loss of its own: a margin between the mean potential of the true class and that of
//! the best other class. Half a minute; expect about 100 %.

use std::sync::Arc;
use synfire::plasticity::gradient::Loss;
use synfire::sim_core::{Readout, SampleLoss};
use synfire::{Experiment, OwnParts, RunFolder, Silent, TrainingRun};

/// `L = max(0, 1 - m_label + max_k m_k)` over the other classes `k`, with `m` the mean potentials
/// [Crammer and Singer 2001].
#[derive(Debug)]
struct Margin;

impl Loss for Margin {
    fn evaluate(
        &self,
        readout: Readout<'_>,
        label: usize,
        gradient: Option<(&mut [f32], f64)>,
        means: &mut Vec<f64>,
    ) -> SampleLoss {
        let steps = readout.steps as f64;
        means.clear();
        means.extend(
            readout.rows().map(|row| row.iter().map(|&v| f64::from(v)).sum::<f64>() / steps),
        );
        let best = |classes: &mut dyn Iterator<Item = usize>| {
            classes.max_by(|&a, &b| means[a].total_cmp(&means[b])).expect("there are classes")
        };
        let rival = best(&mut (0..readout.neurons).filter(|&class| class != label));
        let loss = (1.0 - means[label] + means[rival]).max(0.0);
        if let Some((gradient, scale)) = gradient {
            gradient.fill(0.0);
            if loss > 0.0 {
                let slope = (scale / steps) as f32;
                for (class, slope) in [(label, -slope), (rival, slope)] {
                    gradient[class * readout.steps..][..readout.steps].fill(slope);
                }
            }
        }
        SampleLoss { loss, predicted: best(&mut (0..readout.neurons)) }
    }
}

fn main() -> synfire::Result<()> {
    let experiment = Experiment::recipe("quickstart")?;
    let parts = OwnParts { loss: Some(Arc::new(Margin)), ..OwnParts::default() };
    let folder = RunFolder::next("runs", "own-loss")?;
    let run = TrainingRun::create_with(experiment, parts, folder, false, None)?;
    let outcome = run.finish(&mut Silent)?;
    println!("{:.1} % of the validation samples", 100.0 * outcome.best.accuracy);
    Ok(())
}
