//! Measures.
use std::time::Instant;
use datasets::*;
use sim_core::{SampleSource, Seed};
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let t = Instant::now();
    let file = RecordingFile::open(&path).unwrap();
    println!("open/unpack {:?}", t.elapsed());
    for _ in 0..3 {
        let t = Instant::now();
        let r = file.read(&Layout::default()).unwrap();
        println!("read {:?} {} spikes", t.elapsed(), r.spikes());
    }
    let r = std::sync::Arc::new(file.read(&Layout::default()).unwrap());
    let t = Instant::now();
    let s = Summary::new(&file, &r).unwrap();
    println!("summary {:?}\n{s}", t.elapsed());
    for (name, a) in [("plain", Augmentation::default()), ("shift", Augmentation{channel_shift:40,..Default::default()}), ("all", Augmentation{channel_shift:40,time_jitter_ms:3.0,spike_drop:0.1,blend:0.5})] {
        for b in [Binning::default(), Binning{dt_ms:1.0,channel_group:1,..Default::default()}] {
            let t = Instant::now();
            let d = SpikeDataset::new(r.clone(), b, a, Seed(1), &(0..r.len()).collect::<Vec<_>>()).unwrap();
            let tn = t.elapsed();
            let t = Instant::now();
            let n = 500.min(d.len());
            let mut k=0; let mut st=0;
            for i in 0..n { let f = d.frames(i, Some(0)); k+=f.len(); st+=f.steps(); }
            println!("{name} dt {} : {:?}/sample entries {} steps {} new {:?}", b.dt_ms, t.elapsed()/n as u32, k/n, st/n, tn);
        }
    }
    let out = std::env::args().nth(2);
    if let Some(out) = out {
        let t = Instant::now();
        r.select(&(0..200.min(r.len())).collect::<Vec<_>>()).write(&out).unwrap();
        println!("write {:?}", t.elapsed());
    }
    if let Ok(s) = std::fs::read_to_string("/proc/self/status") { println!("{}", s.lines().find(|l| l.starts_with("VmHWM")).unwrap()); }
    for p in [Randman::default(), Randman{smoothness:1.0,..Default::default()}] {
        let t = Instant::now();
        let r = p.recordings(Seed(1)).unwrap();
        println!("randman {:?} {}", t.elapsed(), r.len());
    }
}
