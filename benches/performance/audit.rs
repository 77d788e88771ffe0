//! What the operator wrote at the apiserver, by the apiserver's own log.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead as _, BufReader, Seek as _, SeekFrom},
};

use serde::Deserialize;

use super::{cluster::AGENT, control_plane::control_plane};

/// A place in the log.
#[derive(Clone, Copy, Debug)]
pub struct Mark(u64);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    verb: String,
    #[serde(default)]
    user_agent: String,
    user: User,
    object_ref: Option<Reference>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    resource: String,
    subresource: Option<String>,
}

/// The end of the log as it is now.
pub fn mark() -> Mark {
    let length = fs::metadata(&control_plane().audit_log).map(|file| file.len());
    Mark(length.unwrap_or_default())
}

/// The operator's writes since then, by verb and resource. Leases are apart: they are renewed at rest.
pub fn writes_since(mark: Mark) -> BTreeMap<String, usize> {
    let mut file = File::open(&control_plane().audit_log).unwrap();
    file.seek(SeekFrom::Start(mark.0)).unwrap();
    let mut counts = BTreeMap::new();
    for line in BufReader::with_capacity(1 << 20, file).lines() {
        // The last line may be half there.
        let Ok(line) = serde_json::from_str::<Line>(&line.unwrap()) else {
            continue;
        };
        let Some(object) = line.object_ref else {
            continue;
        };
        let reads = ["get", "list", "watch"].contains(&line.verb.as_str());
        let own = line.user.username == "admin"
            && line.user_agent != AGENT
            && !line.user_agent.contains("kubectl");
        if reads || !own || object.resource == "leases" {
            continue;
        }
        let part = object
            .subresource
            .map_or(String::new(), |part| format!("/{part}"));
        let what = format!("{} {}{part}", line.verb, object.resource);
        *counts.entry(what).or_default() += 1;
    }
    counts
}

/// `2 patch livestreams, 1 create events`.
pub fn told(counts: &BTreeMap<String, usize>) -> String {
    let parts: Vec<String> = counts
        .iter()
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}
