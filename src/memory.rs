//! Whether what a run is about to ask for fits into memory: a sentence before, instead of a killed
//! process after.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes that a process may take if the system does not say.
const FALLBACK_BYTES: u64 = 64 << 30;

/// Bytes this process can still take: the least of what the machine has available, what is left
/// below the limit of its control group, and what is left of its address space. If the system says
/// none of these, 64 GiB.
pub(crate) fn available_bytes() -> u64 {
    [machine(), control_group(), older_control_group(), address_space()]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(FALLBACK_BYTES)
}

/// `1.5 GiB`, or `9.5 MiB` where that is too little.
pub(crate) fn gib(bytes: f64) -> String {
    let gib = bytes / (1u64 << 30) as f64;
    match gib {
        ..0.095 => format!("{:.1} MiB", 1024.0 * gib),
        ..100.0 => format!("{gib:.1} GiB"),
        ..1e9 => format!("{gib:.0} GiB"),
        _ => format!("{gib:.1e} GiB"),
    }
}

fn machine() -> Option<u64> {
    available_of(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn available_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find(|line| line.starts_with("MemAvailable:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

/// Least that is left in the process's own control group (version 2) and in all groups above it;
/// the cache of files in a group counts as free.
fn control_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let name = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    let own: PathBuf = root.join(name);
    own.ancestors().take_while(|group| group.starts_with(root)).filter_map(left_in_group).min()
}

fn left_in_group(group: &Path) -> Option<u64> {
    let number = |file: &str| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
    let (limit, used) = (number("memory.max")?, number("memory.current")?);
    Some(limit.saturating_sub(used.saturating_sub(cache_of(group, "inactive_file "))))
}

/// Least that is left in control groups of version 1. Groups of memory are a tree of their own
/// there, and a number beyond all memory stands for no limit.
fn older_control_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let name = groups.lines().find_map(memory_group_of)?;
    let root = Path::new("/sys/fs/cgroup/memory");
    let own: PathBuf = root.join(name);
    own.ancestors()
        .take_while(|group| group.starts_with(root))
        .filter_map(left_in_older_group)
        .min()
}

/// The path in a line such as `4:memory:/slurm/job_7`.
fn memory_group_of(line: &str) -> Option<&str> {
    let mut fields = line.splitn(3, ':').skip(1);
    let of_memory = fields.next()?.split(',').any(|controller| controller == "memory");
    of_memory.then(|| fields.next()?.strip_prefix('/'))?
}

fn left_in_older_group(group: &Path) -> Option<u64> {
    let number = |file: &str| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
    let (limit, used) = (number("memory.limit_in_bytes")?, number("memory.usage_in_bytes")?);
    Some(limit.saturating_sub(used.saturating_sub(cache_of(group, "total_inactive_file "))))
}

/// The cache of files of a group, which gives way.
fn cache_of(group: &Path, key: &str) -> u64 {
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let cache = statistics.lines().find_map(|line| line.strip_prefix(key)?.parse::<u64>().ok());
    cache.unwrap_or(0)
}

/// What `ulimit -v` leaves.
fn address_space() -> Option<u64> {
    let limit = address_limit_of(&fs::read_to_string("/proc/self/limits").ok()?)?;
    let used = size_of(&fs::read_to_string("/proc/self/status").ok()?)?;
    Some(limit.saturating_sub(used))
}

fn address_limit_of(limits: &str) -> Option<u64> {
    limits
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn size_of(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmSize:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_writes_is_understood() {
        assert_eq!(available_of("MemTotal:  100 kB\nMemAvailable:   12 kB\n"), Some(12 << 10));
        assert_eq!(available_of("MemTotal:  100 kB\n"), None);
        let limits = "Limit    Soft Limit   Hard Limit   Units\nMax address space         \
                      12288000000          unlimited            bytes\n";
        assert_eq!(address_limit_of(limits), Some(12_288_000_000));
        assert_eq!(address_limit_of(&limits.replace("12288000000", "unlimited")), None);
        assert_eq!(size_of("Name: x\nVmSize:\t   2000 kB\n"), Some(2000 << 10));
        assert!(available_bytes() > 0);
        let numbers = [1e7, 1.5 * (1u64 << 30) as f64, 5e12, 1e30].map(gib);
        assert_eq!(numbers, ["9.5 MiB", "1.5 GiB", "4657 GiB", "9.3e20 GiB"]);
    }

    #[test]
    fn a_group_without_a_limit_does_not_count() {
        let group = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| fs::write(group.path().join(file), text).unwrap();
        write("memory.current", "700\n");
        write("memory.max", "max\n");
        assert_eq!(left_in_group(group.path()), None);
        write("memory.max", "1000\n");
        assert_eq!(left_in_group(group.path()), Some(300));
        write("memory.stat", "anon 5\ninactive_file 200\n");
        assert_eq!(left_in_group(group.path()), Some(500));
    }

    #[test]
    fn groups_of_version_1_count_too() {
        assert_eq!(memory_group_of("4:memory:/slurm/job_7"), Some("slurm/job_7"));
        assert_eq!(memory_group_of("9:cpu,memory:/"), Some(""));
        assert_eq!(memory_group_of("3:cpuset:/a"), None);
        assert_eq!(memory_group_of("0::/a"), None);
        let group = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| fs::write(group.path().join(file), text).unwrap();
        assert_eq!(left_in_older_group(group.path()), None);
        write("memory.limit_in_bytes", "1000\n");
        write("memory.usage_in_bytes", "700\n");
        assert_eq!(left_in_older_group(group.path()), Some(300));
        write("memory.stat", "inactive_file 1\ntotal_inactive_file 250\n");
        assert_eq!(left_in_older_group(group.path()), Some(550));
    }
}
