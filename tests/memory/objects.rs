//! A thousand of each, as the provider and the apiserver show them.

use serde_json::{Value, json};

const CONDITIONS: [(&str, &str, &str, &str); 4] = [
    (
        "Ready",
        "True",
        "InStep",
        "the provider has what the spec says",
    ),
    (
        "Synced",
        "True",
        "InStep",
        "the provider has what the spec says",
    ),
    ("Live", "False", "Idle", "nobody sends video"),
    (
        "Recording",
        "False",
        "NotRecording",
        "the stream is not being recorded",
    ),
];

fn id(n: usize) -> usize {
    2_300_000 + n
}

fn uid(n: usize) -> String {
    format!("909af9e0-b115-4e80-a796-a6f5a1ce{n:04}")
}

/// A stream as the API's documents show it, with our mark and addresses of its own.
pub fn stream(n: usize) -> Value {
    let text = include_str!("../fixtures/gcore/stream.json");
    let (id, uid) = (id(n), uid(n));
    let text = text.replace("320423", &id.to_string());
    let mut stream: Value = serde_json::from_str(&text).unwrap();
    let cluster = "57b87f5a-edac-417d-91f6-96c33caae687";
    let mark = format!("livestream-operator.io/owner={cluster}/channels/camera-{n:04}/{uid}");
    stream["client_entity_data"] = json!(mark);
    stream["name"] = json!(format!("Camera {n:04}"));
    stream
}

/// A broadcast of that stream.
pub fn broadcast(n: usize) -> Value {
    let text = include_str!("../fixtures/gcore/broadcast.json");
    let text = text.replace("320423", &id(n).to_string());
    let text = text.replace("192470", &id(n).to_string());
    let mut broadcast: Value = serde_json::from_str(&text).unwrap();
    broadcast["name"] = json!(format!("Event {n:04}"));
    broadcast
}

/// A LiveStream that is in step.
pub fn live_stream(n: usize) -> Value {
    let spec = json!({
        "accountRef": {"name": "default"}, "displayName": format!("Camera {n:04}"), "active": true,
        "dvr": {"enabled": true, "durationSeconds": 3600},
        "ingestSecret": {"name": format!("camera-{n:04}-ingest")},
    });
    let id = id(n);
    let base = "https://58725.gvideo.io";
    let status = json!({
        "streamId": id.to_string(), "active": true, "adopted": false, "live": false,
        "recording": false, "observedGeneration": 1, "videoCount": 0, "playback": {
            "dash": format!("{base}/cmaf/58725_{id}/index.mpd"),
            "hls": format!("{base}/cmaf/58725_{id}/master.m3u8"),
            "hlsMpegts": format!("{base}/mpegts/58725_{id}/master_mpegts.m3u8"),
            "iframe": format!("https://player.gvideo.co/streams/58725_{id}"),
        },
        "conditions": conditions(&CONDITIONS),
    });
    object("LiveStream", &format!("camera-{n:04}"), n, &spec, &status)
}

/// A Broadcast that is in step.
pub fn show(n: usize) -> Value {
    let spec = json!({
        "accountRef": {"name": "default"}, "displayName": format!("Event {n:04}"), "state": "pending",
        "streams": [{"name": format!("camera-{n:04}")}],
    });
    let id = id(n);
    let status = json!({
        "broadcastId": id.to_string(), "adopted": false, "observedGeneration": 1, "state": "pending",
        "streamIds": [id.to_string()],
        "iframeUrl": format!("https://player.gvideo.co/broadcasts/58725_{id}"),
        "conditions": conditions(&CONDITIONS[..3]),
    });
    object("Broadcast", &format!("event-{n:04}"), n, &spec, &status)
}

fn conditions(of: &[(&str, &str, &str, &str)]) -> Vec<Value> {
    let condition = |(kind, status, reason, message): &(&str, &str, &str, &str)| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "observedGeneration": 1, "lastTransitionTime": "2026-11-22T13:29:11Z",
        })
    };
    of.iter().map(condition).collect()
}

/// With what nobody reads: who owns which field, and kubectl's copy of the manifest.
fn object(kind: &str, name: &str, n: usize, spec: &Value, status: &Value) -> Value {
    let version = "livestream-operator.io/v1alpha1";
    let applied =
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec});
    let owner = |manager: &str, part: &str, fields: &Value| {
        json!({
            "manager": manager, "operation": "Update", "apiVersion": version,
            "time": "2026-11-22T13:29:11Z", "fieldsType": "FieldsV1",
            "fieldsV1": {format!("f:{part}"): fields},
        })
    };
    json!({
        "apiVersion": version, "kind": kind, "spec": spec, "status": status,
        "metadata": {
            "name": name, "namespace": "channels", "uid": uid(n), "generation": 1,
            "resourceVersion": (100_000 + n).to_string(),
            "creationTimestamp": "2026-11-22T13:29:11Z",
            "finalizers": ["livestream-operator.io/finalizer"],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied.to_string()},
            "managedFields": [owner("kubectl", "spec", spec), owner("unknown", "status", status)],
        },
    })
}
