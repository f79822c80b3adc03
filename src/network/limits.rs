//! How large a network may be: what is beyond these limits is taken for a mistake, and refused
//! before memory is asked for.

use crate::error::Result;
use crate::memory_need::MemoryNeed;
use crate::network::description::{CellsPart, Description, Start};
use sim_core::{Error, Network, Synapses};

/// Most steps of a run.
pub(crate) const MAX_STEPS: f64 = 1e9;
/// Most synapses of all dense projections, 2^28; more are too much for any machine.
const MAX_DENSE: f64 = (1u64 << 28) as f64;
/// Most neurons of all populations.
const MAX_NEURONS: f64 = 1e7;
/// Most pairs of neurons that random projections look at.
const MAX_PAIRS: f64 = 1e10;
/// Most single synapses of all projections, random ones as many as are expected.
const MAX_SYNAPSES: f64 = 1e8;
/// Most random spikes of all populations, as many as are expected.
const MAX_SPIKES: f64 = 1e8;
/// Most inputs on their way: neurons of a population times steps of the longest delay to it, summed
/// over populations.
const MAX_PENDING: f64 = 5e8;

/// Checks the number of dense synapses, which follow from the setting `cause` (its name and its
/// value) and the number of kernel elements, whose key is `elements`.
pub(crate) fn check_dense(cause: (&str, String), elements: &str, synapses: f64) -> Result<()> {
    if synapses <= MAX_DENSE {
        return Ok(());
    }
    let allowed = format!(
        "small enough for at most {MAX_DENSE} synapses (pairs of neurons x {elements}), but there \
         would be {synapses}"
    );
    Err(Error::out_of_range(cause.0, cause.1, allowed).into())
}

impl Description<'_> {
    /// Checks everything that memory or time is in proportion to, for populations of these sizes in
    /// a run of `steps` steps.
    pub(crate) fn check_size(&self, sizes: &[usize], steps: f64, dt_ms: f64) -> Result<()> {
        let neurons: f64 = sizes.iter().map(|&size| size as f64).sum();
        let spikes = self.populations.iter().zip(sizes).map(|(population, &size)| {
            let CellsPart::Poisson(rate_hz) = population.cells else { return 0.0 };
            size as f64 * (rate_hz * dt_ms / 1000.0).clamp(0.0, 1.0) * steps
        });
        let spikes: f64 = spikes.sum();
        let (mut pairs, mut synapses) = (0.0, 0.0);
        for (index, projection) in self.projections.iter().enumerate() {
            match &projection.start {
                Start::Given(given) => synapses += given.len() as f64,
                Start::Random(random) => {
                    let ends = self.ends(index, sizes);
                    pairs += random.pairs_looked_at(ends);
                    synapses += random.expected(ends);
                }
                Start::Dense(_) => {}
            }
        }
        let dense = self.dense_synapses(sizes);
        for (what, value, most) in [
            ("size of all populations", neurons, MAX_NEURONS),
            ("number of pairs of neurons in random projections", pairs, MAX_PAIRS),
            ("number of synapses", synapses.round(), MAX_SYNAPSES),
            ("number of dense synapses", dense, MAX_DENSE),
            ("number of spikes that poisson_hz makes in duration_ms", spikes.round(), MAX_SPIKES),
        ] {
            // What is not a number counts for nothing here, and is refused where its entry is read.
            let value = value.max(0.0);
            Error::check(what, value, value <= most, &format!("at most {most}"))?;
        }
        // Measured, rounded up: a list that grows is copied, and engine and network keep one each.
        let need = MemoryNeed::new([
            ("synapses", 80.0 * (synapses + dense)),
            ("neurons", 200.0 * neurons),
            ("random spikes", 64.0 * spikes),
            ("steps", 24.0 * steps),
        ]);
        need.check("this network", "lower size, probability, poisson_hz or duration_ms")
    }
}

/// Checks what the delays keep on the way; only now are all of them known.
pub(crate) fn check_pending(network: &Network) -> Result<()> {
    let pending = network.populations.iter().enumerate().map(|(index, population)| {
        let reaching = network.projections.iter().filter(|projection| projection.target == index);
        let longest = reaching.map(|projection| match &projection.synapses {
            Synapses::Sparse(synapses) => {
                let delays = synapses.iter().map(|synapse| f64::from(synapse.delay_steps));
                delays.fold(0.0, f64::max)
            }
            Synapses::Dense(dense) => dense.max_delay_steps as f64,
        });
        let inputs = population.input_shape().entries() as f64;
        inputs * longest.fold(0.0, f64::max)
    });
    let what = "number of neurons times steps of the longest delay_ms to them";
    let pending: f64 = pending.sum();
    let allowed = format!("at most {MAX_PENDING}");
    Error::check(what, pending, pending <= MAX_PENDING, &allowed)?;
    let need = MemoryNeed::new([("input on its way", 8.0 * pending)]);
    need.check("this network", "lower size or delay_ms")
}
