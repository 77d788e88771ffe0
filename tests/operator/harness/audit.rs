//! What the operator wrote, as the apiserver's audit log has it, and what it called.

use std::{collections::BTreeMap, fs};

use kube::{ResourceExt as _, core::DynamicObject};
use serde_json::Value;

use super::World;

/// What the tests call themselves to the apiserver: the operator calls itself nothing.
pub const TESTS: &str = "tests";

/// How often something was done, by what it is called.
pub type Counts = BTreeMap<String, usize>;

impl World {
    /// The operator's writes to this namespace, by verb and resource; leases apart. One that was refused
    /// because the object had changed is none: it comes of a pass that began before the watch showed
    /// what the one before it wrote, and how often that happens is a matter of time.
    pub fn writes(&self) -> Counts {
        let mut counts = Counts::new();
        for entry in self.audited() {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (verb, object) = (word(&entry["verb"]), &entry["objectRef"]);
            let agent = word(&entry["userAgent"]);
            let others = agent == TESTS || agent.contains("kubectl");
            let reads = ["get", "list", "watch"].contains(&verb.as_str());
            if reads
                || others
                || entry["responseStatus"]["code"] == 409
                || entry["user"]["username"] != "admin"
                || object["namespace"] != self.namespace
                || object["resource"] == "leases"
            {
                continue;
            }
            let resource = word(&object["resource"]);
            let part = object["subresource"].as_str();
            let part = part.map(|part| format!("/{part}")).unwrap_or_default();
            *counts
                .entry(format!("{verb} {resource}{part}"))
                .or_insert(0) += 1;
        }
        counts
    }

    /// What the audit log has of this namespace.
    pub fn audited(&self) -> impl Iterator<Item = Value> {
        let log = fs::read_to_string(&self.plane.audit_log).unwrap();
        let ours = log.lines().filter(|line| line.contains(&self.namespace));
        // The last line may not be whole yet.
        let entries = ours.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        entries.collect::<Vec<_>>().into_iter()
    }

    /// Waits until the write is in the audit log that made an object what it is: an answer can be here
    /// before its line is there.
    pub async fn until_audited(&self, object: &DynamicObject) {
        let version = object.resource_version();
        let name = object.name_any();
        self.until_true(&format!("the write of {name} is audited"), async || {
            self.audited().any(|entry| {
                let written = &entry["responseObject"]["metadata"];
                written["resourceVersion"].as_str() == version.as_deref()
            })
        })
        .await;
    }

    /// The calls at the provider after one of them, by method and route.
    pub fn calls_by_route(&self, after: u64) -> Counts {
        let mut counts = Counts::new();
        for call in self.sim.calls_after(after) {
            let name = format!("{} {}", call.method, call.route);
            *counts.entry(name).or_insert(0) += 1;
        }
        counts
    }
}
