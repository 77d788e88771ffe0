//! Recordings: when they can be started and stopped, their files, and what becomes of those.

use serde_json::{Map, Value, json};
use simulator::live_station::{Fate, Simulator};

use crate::support::{
    Answer, CHANNELS, CLIENT, SECOND, error, get, on_air, put, ready, seen, start, status,
};

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

/// A record policy that uploads.
fn uploads() -> Value {
    json!({
        "type": "AUTO_UPLOAD", "format": "MP4", "bucketName": "vod", "filePath": "/live/a",
        "accessControl": "PUBLIC_READ",
    })
}

/// The map of files in an answer, and that it says how many they are.
fn files(answer: &Answer) -> Map<String, Value> {
    assert_eq!(answer.status, 200, "{}", answer.json());
    let body = answer.json();
    let list = body["content"]["recordList"]
        .as_object()
        .expect("a map")
        .clone();
    assert_eq!(body["total"], list.len());
    list
}

/// The statuses of a channel's files in the world.
fn statuses(sim: &Simulator, id: &str) -> Vec<String> {
    let records = sim.records(id);
    let status = |record: &Value| record["status"].as_str().expect("a status").to_owned();
    records.iter().map(status).collect()
}

#[tokio::test]
async fn recording_is_started_only_where_it_can_be() {
    let sim = start().await;
    let refused = (400, json!(250_005));
    let id = ready(&sim, json!({"record": {"type": "MANUAL_UPLOAD"}}));
    for what in ["startRecord", "stopRecord"] {
        assert_eq!(error(&put(&sim, &id, what).await), refused, "{what}, READY");
    }
    sim.set_live(&id, true).expect("taken");
    assert_eq!(error(&put(&sim, &id, "stopRecord").await), refused, "idle");
    assert_eq!(put(&sim, &id, "startRecord").await.status, 200);
    assert_eq!(
        error(&put(&sim, &id, "startRecord").await),
        refused,
        "twice"
    );
    assert_eq!(put(&sim, &id, "stopRecord").await.status, 200);
    assert_eq!(error(&put(&sim, &id, "stopRecord").await), refused, "twice");
    assert_eq!(put(&sim, &id, "startRecord").await.status, 200, "once more");
    let other = ready(&sim, json!({}));
    sim.set_live(&other, true).expect("taken");
    assert_eq!(
        error(&put(&sim, &other, "startRecord").await),
        refused,
        "NO_RECORD"
    );
    assert_eq!(
        error(&put(&sim, "ls-none", "startRecord").await),
        (404, json!(250_004))
    );
    assert_eq!(sim.records(&id).len(), 6);
    assert!(sim.set_recording(&id, true).is_err() && sim.set_recording(&id, false).is_ok());
}

#[tokio::test]
async fn one_recording_gives_three_files_in_a_map() {
    let sim = start().await;
    let id = on_air(&sim);
    let began = sim.clock().now().as_millis();
    let started = files(&put(&sim, &id, "startRecord").await);
    assert_eq!(started.len(), 3);
    assert!(started.values().all(|file| file["status"] == "RECORDING"));
    assert!(started.values().all(|file| file.get("duration").is_none()));
    // It is said of the channel a little later.
    assert_eq!(seen(&sim, &id).await["isRecording"], false);
    sim.advance(3 * SECOND);
    assert_eq!(seen(&sim, &id).await["isRecording"], true);
    sim.advance(135 * SECOND);
    let stopped = files(&put(&sim, &id, "stopRecord").await);
    assert_eq!(seen(&sim, &id).await["isRecording"], false);
    assert!(stopped.keys().eq(started.keys()));
    let ended = sim.clock().now().as_millis();
    let kinds: Vec<&str> = stopped
        .values()
        .map(|file| file["recordType"].as_str().expect("text"))
        .collect();
    assert_eq!(kinds, ["MP4", "HLS", "HLS"]);
    let first = stopped.values().next().expect("a file");
    for file in stopped.values() {
        for (field, value) in [
            ("status", json!("PROCESSING")),
            ("channelId", json!(id)),
            ("recordSeq", first["recordSeq"].clone()),
            ("streamSeq", first["streamSeq"].clone()),
            ("recordBeginTime", json!(began)),
            ("createdTime", json!(ended)),
            ("shouldDeleteTime", json!(ended + 3 * 24 * 3_600_000)),
            ("objectStorageUrl", json!("-")),
        ] {
            assert_eq!(file[field], value, "{field}");
        }
        let mp4 = file["recordType"] == "MP4";
        assert_eq!(file.get("duration"), mp4.then_some(&json!(138_000)));
        let name = file["fileName"].as_str().expect("a name");
        assert!(
            name.ends_with(if mp4 { ".mp4" } else { "/playlist.m3u8" }),
            "{name}"
        );
    }
    // All of the channel's, and one of them.
    assert_eq!(
        files(&get(&sim, &format!("{CHANNELS}/{id}/records")).await),
        stopped
    );
    let (number, file) = stopped.iter().next().expect("a file");
    let one = get(&sim, &format!("{CHANNELS}/{id}/records/{number}")).await;
    assert_eq!(one.json(), json!({"content": {number: file}}));
    for unknown in ["1", "x"] {
        let one = get(&sim, &format!("{CHANNELS}/{id}/records/{unknown}")).await;
        assert_eq!(error(&one), (404, json!(250_004)));
    }
    let other = ready(&sim, json!({}));
    let one = get(&sim, &format!("{CHANNELS}/{other}/records/{number}")).await;
    assert_eq!(error(&one), (404, json!(250_004)), "another channel's");
    // The next one is another recording of the same broadcast.
    sim.advance(SECOND);
    let second = files(&put(&sim, &id, "startRecord").await);
    assert_eq!(second.len(), 3, "only its own files");
    let next = second.values().next().expect("a file");
    assert_eq!(next["streamSeq"], first["streamSeq"]);
    assert!(next["recordSeq"].as_u64() > first["recordSeq"].as_u64());
    assert_eq!(
        files(&get(&sim, &format!("{CHANNELS}/{id}/records")).await).len(),
        6
    );
}

#[tokio::test]
async fn files_are_stored_for_a_time_or_uploaded() {
    let sim = start().await;
    let stored = on_air(&sim);
    let uploaded = ready(&sim, json!({"record": uploads()}));
    sim.set_live(&uploaded, true).expect("taken");
    for id in [&stored, &uploaded] {
        sim.set_recording(id, true).expect("started");
    }
    sim.advance(60 * SECOND);
    for id in [&stored, &uploaded] {
        sim.set_recording(id, false).expect("stopped");
    }
    let both = || (statuses(&sim, &stored), statuses(&sim, &uploaded));
    let all = |word: &str| vec![word.to_owned(); 3];
    assert_eq!(both(), (all("PROCESSING"), all("PROCESSING")));
    sim.advance(20 * SECOND);
    assert_eq!(both(), (all("TRANSFER_READY"), all("TRANSFER")));
    assert_eq!(sim.records(&uploaded)[0]["objectStorageUrl"], "-");
    sim.advance(20 * SECOND);
    assert_eq!(both(), (all("TRANSFER_READY"), all("TRANSFER_FINISH")));
    let record = sim.records(&uploaded)[0].clone();
    let (url, name) = (&record["objectStorageUrl"], &record["fileName"]);
    let url = url.as_str().expect("an address");
    assert!(
        url.ends_with(&format!("/vod/live/a/{}", name.as_str().expect("a name"))),
        "{url}"
    );
    sim.advance((3 * 24 * 3600 - 40) * SECOND);
    assert_eq!(both(), (all("DELETED"), all("DELETED")));
    assert_eq!(sim.records(&stored)[0]["objectStorageUrl"], "-");
    assert_eq!(sim.records(&uploaded)[0]["objectStorageUrl"], url);
    sim.advance(24 * HOUR);
    assert_eq!(both(), (vec![], vec![]));
    // At once, by a switch.
    sim.behaviour(CLIENT, |ways| ways.deleted_records_listed_seconds = 0.0);
    sim.set_recording(&stored, true).expect("started");
    sim.set_recording(&stored, false).expect("stopped");
    sim.advance((3 * 24 * 3600 - 1) * SECOND);
    assert_eq!(statuses(&sim, &stored), all("TRANSFER_READY"));
    sim.advance(SECOND);
    assert!(sim.records(&stored).is_empty());
}

#[tokio::test]
async fn a_recording_ends_with_its_broadcast() {
    let sim = start().await;
    let ends = ["signal", "off", "block", "reclaim", "by hand"];
    for how in ends {
        let id = on_air(&sim);
        sim.set_recording(&id, true).expect("started");
        sim.advance(60 * SECOND);
        match how {
            "signal" => {
                sim.set_live(&id, false).expect("stopped");
                sim.advance(3 * SECOND);
            }
            "off" => assert_eq!(put(&sim, &id, "off").await.status, 200),
            "block" => assert!(sim.force_block(&id)),
            "reclaim" => assert!(sim.reclaim(&id)),
            _ => assert!(sim.remove(&id)),
        }
        assert_eq!(statuses(&sim, &id), ["PROCESSING"; 3], "{how}");
        sim.advance(20 * SECOND);
        assert_eq!(statuses(&sim, &id), ["TRANSFER_READY"; 3], "{how}");
    }
    sim.behaviour(CLIENT, |ways| ways.off_spoils_recording = true);
    let id = on_air(&sim);
    sim.set_recording(&id, true).expect("started");
    assert_eq!(put(&sim, &id, "off").await.status, 200);
    sim.advance(20 * SECOND);
    assert_eq!(statuses(&sim, &id), ["PROCESSING_FAIL"; 3]);
}

#[tokio::test]
async fn immediate_on_air_records_each_broadcast_by_itself() {
    let sim = start().await;
    let record = json!({"type": "MANUAL_UPLOAD"});
    let id = ready(&sim, json!({"immediateOnAir": true, "record": record}));
    for broadcast in 1..=2 {
        sim.set_live(&id, true).expect("taken");
        assert_eq!(sim.records(&id).len(), 3 * broadcast);
        sim.advance(60 * SECOND);
        assert_eq!(seen(&sim, &id).await["isRecording"], true);
        if broadcast == 1 {
            assert_eq!(put(&sim, &id, "stopRecord").await.status, 200);
            sim.advance(60 * SECOND);
            assert_eq!(
                seen(&sim, &id).await["isRecording"],
                false,
                "not before the next one"
            );
        }
        sim.set_live(&id, false).expect("stopped");
        sim.advance(3 * SECOND);
        assert_eq!(status(&sim, &id), "READY");
    }
    let seqs = |name: &str| {
        let records = sim.records(&id);
        let mut seqs: Vec<u64> = records
            .iter()
            .map(|record| record[name].as_u64().expect("a number"))
            .collect();
        seqs.dedup();
        seqs.len()
    };
    assert_eq!((seqs("recordSeq"), seqs("streamSeq")), (2, 2));
    // It does nothing where nothing may be recorded.
    let id = ready(&sim, json!({"immediateOnAir": true}));
    sim.set_live(&id, true).expect("taken");
    assert!(sim.records(&id).is_empty());
}

#[tokio::test]
async fn recordings_that_fail() {
    let good = "TRANSFER_FINISH";
    for (fate, expected) in [
        (Fate::Good, [good; 3]),
        (Fate::ProcessingFails, ["PROCESSING_FAIL"; 3]),
        (Fate::OneProcessingFails, [good, good, "PROCESSING_FAIL"]),
        (Fate::StaysProcessing, ["PROCESSING"; 3]),
        (Fate::TransferFails, ["TRANSFER_FAIL"; 3]),
        (Fate::StaysTransferring, ["TRANSFER"; 3]),
    ] {
        let sim = start().await;
        let id = ready(&sim, json!({"record": uploads()}));
        sim.next_recording(CLIENT, fate);
        sim.set_live(&id, true).expect("taken");
        for _ in 0..2 {
            sim.set_recording(&id, true).expect("started");
            sim.set_recording(&id, false).expect("stopped");
        }
        sim.advance(HOUR);
        let mut wanted = expected.to_vec();
        wanted.extend([good; 3]);
        assert_eq!(
            statuses(&sim, &id),
            wanted,
            "{fate:?}: of one recording only"
        );
    }
}

#[tokio::test]
async fn files_of_the_format_only_by_a_switch() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| ways.files_follow_format = true);
    let id = ready(&sim, json!({"record": uploads()}));
    sim.set_live(&id, true).expect("taken");
    let started = files(&put(&sim, &id, "startRecord").await);
    assert!(started.len() == 1 && started.values().all(|file| file["recordType"] == "MP4"));
    // Only uploads have a format.
    let stored = ready(
        &sim,
        json!({"record": {"type": "MANUAL_UPLOAD", "format": "MP4"}}),
    );
    sim.set_live(&stored, true).expect("taken");
    assert_eq!(files(&put(&sim, &stored, "startRecord").await).len(), 3);
}

#[tokio::test]
async fn by_hand_anything_can_be_set_of_a_file() {
    let sim = start().await;
    let id = on_air(&sim);
    sim.set_recording(&id, true).expect("started");
    let number = sim.records(&id)[0]["recordId"].as_u64().expect("an id");
    for (field, value) in [
        ("status", "TRANSFER_FAIL"),
        ("status", "RESTING"),
        ("fileName", "x"),
    ] {
        sim.edit_record(number, json!({field: value}))
            .expect("edited");
        assert_eq!(sim.record(number).expect("there")[field], value);
    }
    sim.edit_record(number, json!({"status": "DELETED"}))
        .expect("edited");
    assert_eq!(statuses(&sim, &id), ["DELETED", "RECORDING", "RECORDING"]);
    // It is its status, not a word over it: what comes next changes it.
    sim.set_recording(&id, false).expect("stopped");
    assert_eq!(statuses(&sim, &id), ["PROCESSING"; 3]);
    assert!(sim.edit_record(1, json!({})).is_err() && sim.record(1).is_none());
}
