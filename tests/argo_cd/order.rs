//! In what order things were written, as the apiserver's audit log has it.

use std::fs;

use serde_json::Value;

use crate::harness::control_plane;

/// When an object was first written by somebody, and when it first was Ready.
#[derive(Debug)]
pub struct Times {
    /// Microseconds, as text that sorts.
    pub made: String,
    pub ready: String,
}

/// The times of one object in a namespace; `None` where the log does not have both yet.
pub fn times(namespace: &str, resource: &str) -> Option<Times> {
    let log = fs::read_to_string(&control_plane().audit_log).unwrap();
    let entries: Vec<Value> = log
        .lines()
        .filter(|line| line.contains(namespace))
        // The last line may not be whole yet.
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|entry: &Value| {
            let object = &entry["objectRef"];
            object["namespace"] == namespace
                && object["resource"] == resource
                && entry["stage"] == "ResponseComplete"
                && entry["responseStatus"]["code"]
                    .as_u64()
                    .is_some_and(|code| code < 300)
                && !entry["requestURI"]
                    .as_str()
                    .unwrap_or_default()
                    .contains("dryRun")
        })
        .collect();
    let made = entries.iter().find(|entry| {
        ["create", "patch", "update"].contains(&entry["verb"].as_str().unwrap_or_default())
            && entry["objectRef"]["subresource"].is_null()
    })?;
    let ready = entries.iter().find(|entry| {
        let conditions = entry["responseObject"]["status"]["conditions"].as_array();
        conditions.is_some_and(|all| {
            all.iter()
                .any(|one| one["type"] == "Ready" && one["status"] == "True")
        })
    })?;
    Some(Times {
        made: made["requestReceivedTimestamp"].as_str()?.to_owned(),
        // When it was told, not when it was asked.
        ready: ready["requestReceivedTimestamp"].as_str()?.to_owned(),
    })
}
