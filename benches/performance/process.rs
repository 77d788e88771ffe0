//! What the kernel says of a process.

use std::{collections::HashSet, fs};

use serde::{Deserialize, Serialize};

/// The kernel counts processor time in hundredths of a second, whatever its own tick is.
const TICKS_A_SECOND: f64 = 100.0;

/// Megabytes of a process that are in memory.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    pub resident: f64,
    /// Its own: the heap and stacks.
    pub anonymous: f64,
    /// Pages of the binary and of libraries, which the kernel may drop.
    pub file: f64,
}

/// What of a process is in memory.
pub fn memory(pid: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let megabytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes = line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        kilobytes.unwrap_or(f64::NAN) / 1024.0
    };
    Memory {
        resident: megabytes("VmRSS:"),
        anonymous: megabytes("RssAnon:"),
        file: megabytes("RssFile:"),
    }
}

/// Seconds of a processor that a process has used.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field is a name, which may hold anything; after it come the fields from the third.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = after
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    let (user, system) = (fields.get(11), fields.get(12));
    (user.unwrap_or(&0.0) + system.unwrap_or(&0.0)) / TICKS_A_SECOND
}

/// How many sockets of a process are connected to a port of this machine.
pub fn sockets_to(pid: u32, port: u16) -> usize {
    let own = sockets(pid);
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap_or_default();
    let port = format!(":{port:04X}");
    let connected = table.lines().filter(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        matches!((fields.get(2), fields.get(9)), (Some(to), Some(inode))
            if to.ends_with(&port) && own.contains(*inode))
    });
    connected.count()
}

/// The inodes of its sockets.
fn sockets(pid: u32) -> HashSet<String> {
    let Ok(folder) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return HashSet::new();
    };
    let targets = folder.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets
        .filter_map(|target| {
            let text = target.to_str()?.strip_prefix("socket:[")?;
            Some(text.strip_suffix(']')?.to_owned())
        })
        .collect()
}
