//! This process as the system sees it, under the names that Prometheus' own clients use. Read from /proc
//! by hand: it is four small files, and the crates for it bring hundreds of fields.

use std::{fmt, fs};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// Of processor time and of a start, so many make a second: an old promise of Linux to its programs,
/// whatever the kernel counts in itself.
const TICKS: f64 = 100.0;

/// Reads /proc at each scrape. What cannot be read is not told.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let times = times(&stat);
        if let Some((cpu, _)) = times {
            let counter = ConstCounter::new(cpu);
            let metric = encoder.encode_descriptor(
                "process_cpu_seconds",
                "Seconds of processor time that the process has used",
                None,
                counter.metric_type(),
            )?;
            counter.encode(metric)?;
        }
        let booted = fs::read_to_string("/proc/stat").unwrap_or_default();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let started = times.and_then(|(_, since)| Some(booted_at(&booted)? + since));
        let open = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        // One of them is the listing itself.
        let open = open.and_then(|open| u32::try_from(open.saturating_sub(1)).ok());
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Bytes of the process that are in memory",
                resident(&status),
            ),
            (
                "process_open_fds",
                "Files, sockets and the like that the process has open",
                open.map(f64::from),
            ),
            (
                "process_max_fds",
                "How many of them it may have open",
                most_files(&limits),
            ),
            (
                "process_start_time_seconds",
                "When the process began, in seconds since 1970",
                started,
            ),
        ] {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

/// The processor time, and how long after the system the process began, in seconds.
fn times(stat: &str) -> Option<(f64, f64)> {
    // The name of the program stands before the last bracket and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(((number(11)? + number(12)?) / TICKS, number(19)? / TICKS))
}

fn booted_at(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "));
    line?.trim().parse().ok()
}

/// In pages it would depend on the machine how large they are.
fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = line?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn most_files(limits: &str) -> Option<f64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    line?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_writes_is_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 0 0 0 0 0 250 50 0 0 20 0 1 0 12345 0 0";
        assert_eq!(times(stat), Some((3.0, 123.45)));
        assert_eq!(times("nonsense"), None);
        assert_eq!(
            booted_at("cpu 1 2\nbtime 1700000000\n"),
            Some(1_700_000_000.0)
        );
        assert_eq!(
            resident("VmHWM:\t 9 kB\nVmRSS:\t    2048 kB\n"),
            Some(2_097_152.0)
        );
        let limits = "Max processes  1 2 x\nMax open files            1024   4096   files\n";
        assert_eq!(most_files(limits), Some(1024.0));
    }
}
