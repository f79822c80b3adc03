//! Writes many spikes in a format, and tells the speed and the greatest use of memory.
//!
//! ```sh
//! cargo run -p synfire-exchange --release --example spike_log_speed -- FORMAT FILE [SPIKES]
//! ```
//! The spikes are those of a simulation: 100,000 neurons, of which 1000 fire in each step of 0.1
//! ms. The time ends when the file is on the disk, so a slow disk shows: in `/dev/shm` there is
//! none. The time of the processor is told, too, for machines that do other things meanwhile. One
//! format per process, since a process remembers its greatest use of memory (Linux tells both). The
//! file is removed.

use exchange::{Log, LogLayout, SpikeFormat, SpikeLog};
use sim_core::Record;
use std::error::Error;
use std::time::Instant;

const NEURONS: u32 = 100_000;
const SPIKES_PER_STEP: u32 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [format, path, rest @ ..] = &arguments[..] else {
        return Err("usage: spike_log_speed FORMAT FILE [SPIKES]".into());
    };
    let format: SpikeFormat = format.parse()?;
    let spikes: usize = rest.first().map_or(Ok(100_000_000), |spikes| spikes.parse())?;
    let layout = LogLayout::new(vec![("hidden".into(), NEURONS as usize)], Some(0.1))?;
    let mut neurons: Vec<u32> = Vec::new();
    let begin = Instant::now();
    let mut log = SpikeLog::create(path, format, &layout, None)?;
    for step in 0..spikes / SPIKES_PER_STEP as usize {
        // Ascending, a hundred apart, and others in the next step.
        let first = step as u32 * 37 % 100;
        neurons.clear();
        neurons.extend((0..SPIKES_PER_STEP).map(|spike| first + 100 * spike));
        let record = Record::Spikes { population: 0, step, neurons };
        Log::write(&mut log, &record)?;
        let Record::Spikes { neurons: again, .. } = record else { unreachable!() };
        neurons = again;
    }
    let streamed = begin.elapsed().as_secs_f64();
    log.finish()?;
    let seconds = begin.elapsed().as_secs_f64();
    let megabytes = std::fs::metadata(path)?.len() as f64 / 1e6;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or(" unknown");
    println!(
        "{format}: {spikes} spikes in {seconds:.2} s ({streamed:.2} s until the last spike), \
         {:.1} M spikes/s, {:.2} s of the processor, file {megabytes:.0} MB, peak memory{}",
        spikes as f64 / seconds / 1e6,
        processor_seconds().unwrap_or(f64::NAN),
        peak.split_whitespace().fold(String::new(), |all, word| all + " " + word)
    );
    std::fs::remove_file(path)?;
    Ok(())
}

/// Time that this process had on processors, in its own code and in the system's.
fn processor_seconds() -> Option<f64> {
    /// Linux counts in these.
    const TICKS_PER_SECOND: f64 = 100.0;
    let status = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = status.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().ok()).sum::<Option<f64>>().map(|t| t / TICKS_PER_SECOND)
}
