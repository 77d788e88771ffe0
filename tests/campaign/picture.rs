//! What both worlds look like, without what differs from run to run by itself.

use std::collections::BTreeMap;

use kube::{ResourceExt as _, api::ListParams};
use serde_json::{Map, Value, json};

use crate::{flow::Trace, stage::Stage};

/// Fields that follow from when something was, and how long it took.
const TAKEN: [&str; 14] = [
    "createdTime",
    "fileName",
    "recentPublishStartTime",
    "recordBeginTime",
    "shouldDeleteTime",
    "totalPublishSeconds",
    "duration",
    "durationSeconds",
    "recording_duration",
    "origin_size",
    "origin_video_duration",
    "size",
    "generation",
    "observedGeneration",
];

/// Names that stand for what has another value in each run, the longest value first.
struct Names(Vec<(String, String)>);

/// Both worlds as they are now.
pub async fn picture(stage: &Stage, traces: &[Trace]) -> Value {
    let world = &stage.world;
    let names = Names::of(stage).await;
    let mut objects = Map::new();
    for kind in ["LiveStream", "Broadcast", "StreamingAccount"] {
        for object in world.api(kind).list(&ListParams::default()).await.unwrap() {
            let mut shown = json!({
                "annotations": object.annotations(), "labels": object.labels(),
                "finalizers": object.finalizers(), "owners": object.owner_references(),
                "leaving": object.metadata.deletion_timestamp.is_some(),
                "handled": object.data["status"]["observedGeneration"] == json!(object.metadata.generation),
                "spec": object.data["spec"], "status": object.data["status"],
            });
            if let Some(conditions) = shown["status"]["conditions"].as_array_mut() {
                conditions.sort_by_key(|condition| condition["type"].to_string());
            }
            objects.insert(format!("{kind} {}", object.name_any()), shown);
        }
    }
    for secret in world.secrets().list(&ListParams::default()).await.unwrap() {
        let data = secret.data.iter().flatten();
        let data: BTreeMap<_, _> = data
            .map(|(key, value)| (key.clone(), String::from_utf8_lossy(&value.0).into_owned()))
            .collect();
        let shown = json!({"data": data, "owners": secret.owner_references()});
        objects.insert(format!("Secret {}", secret.name_any()), shown);
    }
    let provider = &stage.provider;
    let mut all = json!({
        "objects": objects, "provider": provider.picture(), "counts": provider.counts(),
    });
    names.mask(&mut all, "");
    for trace in traces {
        trace.hide(&mut all);
    }
    all
}

impl Names {
    async fn of(stage: &Stage) -> Self {
        let world = &stage.world;
        let mut names: BTreeMap<_, _> = stage.provider.names(&stage.endpoint).into_iter().collect();
        for kind in ["LiveStream", "Broadcast", "StreamingAccount"] {
            for object in world.api(kind).list(&ListParams::default()).await.unwrap() {
                let name = format!("{kind} {}'s uid", object.name_any());
                names.insert(object.uid().unwrap(), name);
            }
        }
        names.insert(world.namespace.clone(), "the namespace".to_owned());
        names.insert(stage.endpoint.clone(), "the endpoint".to_owned());
        names.insert(stage.provider.url(), "the provider".to_owned());
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        Self(names)
    }

    fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (value, name) in &self.0 {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), &format!("<{name}>"));
            }
        }
        let text = like(
            &text,
            "00000000-0000-0000-0000-000000000000",
            "<uid of what is gone>",
        );
        like(&text, "0000-00-00 00:00:00", "<time>")
    }

    fn mask(&self, value: &mut Value, key: &str) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields.iter_mut() {
                    self.mask(value, key);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask(item, key)),
            Value::Number(_) | Value::String(_) if TAKEN.contains(&key) => {
                *value = json!("<taken>");
            }
            Value::Number(number) => {
                let (was, is) = (number.to_string(), self.named(&number.to_string()));
                if was != is {
                    *value = json!(is);
                }
            }
            Value::String(_) if key == "lastTransitionTime" => *value = json!("<time>"),
            Value::String(text) => {
                *text = if text.parse::<jiff::Timestamp>().is_ok() {
                    "<time>".to_owned()
                } else {
                    self.named(text)
                };
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// Replaces what looks like this, where a 0 stands for any hexadecimal digit.
fn like(text: &str, pattern: &str, name: &str) -> String {
    let fits = |part: &str| {
        let mut pairs = part.bytes().zip(pattern.bytes());
        pairs.all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_hexdigit(),
            wanted => byte == wanted,
        })
    };
    let (mut done, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let part = rest.get(..pattern.len()).filter(|part| fits(part));
        let taken = if part.is_some() {
            done.push_str(name);
            pattern.len()
        } else {
            done.push(first);
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    done
}

/// The lines in which two pictures differ: `-` is the undisturbed one.
pub fn difference(undisturbed: &Value, disturbed: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", undisturbed, disturbed, &mut lines);
    lines
}

fn compare(path: &str, undisturbed: &Value, disturbed: &Value, lines: &mut Vec<String>) {
    match (undisturbed, disturbed) {
        (Value::Object(was), Value::Object(is)) => {
            let keys: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for key in keys {
                let path = format!("{path}/{key}");
                let side = |side: &Map<String, Value>| side.get(key).cloned().unwrap_or_default();
                compare(&path, &side(was), &side(is), lines);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (at, (was, is)) in was.iter().zip(is).enumerate() {
                compare(&format!("{path}/{at}"), was, is, lines);
            }
        }
        (was, is) if was != is => {
            lines.push(format!("- {path}: {was}"));
            lines.push(format!("+ {path}: {is}"));
        }
        _ => {}
    }
}
