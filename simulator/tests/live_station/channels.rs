//! Channels: their states, what each allows, and how it is said.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::live_station::WorldError;

use crate::support::{
    CHANNELS, CLIENT, SECOND, call, delete, error, get, post, put, ready, seen, start, status,
    wanted,
};

#[tokio::test]
async fn a_channel_takes_its_time_to_be_made() {
    let sim = start().await;
    let made = post(&sim, wanted(json!({"isStreamFailOver": true}))).await;
    assert_eq!(made.status, 200);
    let content = made.json()["content"].clone();
    let fields = content.as_object().expect("an object");
    assert_eq!(fields.len(), 1, "nothing but its id");
    let id = content["channelId"].as_str().expect("an id");
    // ls-20250814000000-PZohi
    let parts: Vec<&str> = id.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    assert_eq!((parts[0], lengths), ("ls", vec![2, 14, 5]), "{id}");
    let channel = seen(&sim, id).await;
    assert_eq!(channel["channelStatus"], "CREATING");
    assert_eq!(channel["cdn"]["statusName"], "CREATING");
    assert!(channel.get("streamKey").is_none() && channel.get("backupStreamKey").is_none());
    for what in ["on", "off", "startRecord", "stopRecord"] {
        assert_eq!(
            error(&put(&sim, id, what).await),
            (400, json!(250_005)),
            "{what}"
        );
    }
    assert_eq!(error(&delete(&sim, id).await), (400, json!(250_005)));
    sim.advance(SECOND / 1000 * 4999);
    assert_eq!(seen(&sim, id).await["channelStatus"], "CREATING");
    sim.advance(SECOND / 1000);
    let channel = seen(&sim, id).await;
    assert_eq!(channel["channelStatus"], "READY");
    let keys: BTreeSet<&str> = ["streamKey", "backupStreamKey"]
        .map(|name| channel[name].as_str().expect("a key"))
        .into();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.len() == 32));
}

#[tokio::test]
async fn what_a_channel_shows() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| {
        ways.create_answer_whole = true;
        ways.creating_seconds = 0.0;
    });
    let record = json!({
        "type": "AUTO_UPLOAD", "format": "ALL", "bucketName": "vod", "filePath": "/live",
        "accessControl": "PRIVATE",
    });
    let body = wanted(json!({
        "channelName": "키노트_1", "useDvr": true, "timemachineMin": 360, "immediateOnAir": true,
        "envType": "DEV", "outputProtocol": "HLS,DASH", "record": record,
    }));
    let made = post(&sim, body).await.json()["content"].clone();
    assert_eq!(made["channelStatus"], "CREATING", "as it was then");
    let id = made["channelId"].as_str().expect("an id");
    let shown = seen(&sim, id).await;
    for (field, value) in [
        ("channelName", json!("키노트_1")),
        ("channelStatus", json!("READY")),
        ("isRecording", json!(false)),
        ("useDVR", json!(true)),
        ("timemachineMin", json!(360)),
        ("immediateOnAir", json!(true)),
        ("qualitySetId", json!(4)),
        ("outputProtocol", json!("HLS,DASH")),
        ("envType", json!("DEV")),
        ("record", record),
        ("uploadPath", json!("/live")),
        ("totalPublishSeconds", json!(0)),
        ("recentPublishStartTime", Value::Null),
        ("createdTime", json!(sim.clock().now().as_millis())),
        ("callbackEndpoint", Value::Null),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_eq!(shown["cdn"]["profileId"], 3);
    assert!(shown.get("useDvr").is_none() && shown["instanceNo"].is_u64());
    sim.behaviour(CLIENT, |ways| {
        ways.numbers_as_text = true;
        ways.old_status_words = true;
    });
    sim.set_live(id, true).expect("taken");
    let shown = seen(&sim, id).await;
    assert!(shown["instanceNo"].is_string());
    assert_eq!(shown["channelStatus"], "PUBLISH");
}

/// What each state allows. `CREATING` is in another test.
#[tokio::test]
async fn on_off_and_delete_want_the_right_state() {
    let sim = start().await;
    let refused = (400, json!(250_005));
    let id = ready(&sim, json!({}));
    let allowed = async |what: &str| {
        let answer = match what {
            "delete" => delete(&sim, &id).await,
            _ => put(&sim, &id, what).await,
        };
        if answer.status != 200 {
            assert_eq!(error(&answer), refused, "{what}");
            return false;
        }
        let after = match what {
            "on" => "READY",
            "off" => "BLOCK",
            _ => "DELETED",
        };
        assert_eq!(answer.json()["content"]["channelStatus"], after);
        true
    };
    assert!(!allowed("on").await && status(&sim, &id) == "READY");
    assert!(allowed("off").await && status(&sim, &id) == "BLOCK");
    assert!(!allowed("off").await && !allowed("delete").await);
    assert!(allowed("on").await && status(&sim, &id) == "READY");
    sim.set_live(&id, true).expect("taken");
    assert!(!allowed("on").await && !allowed("delete").await);
    assert_eq!(status(&sim, &id), "PUBLISHING");
    assert!(allowed("off").await && status(&sim, &id) == "BLOCK");
    assert!(allowed("on").await);
    sim.force_block(&id);
    for what in ["on", "off", "delete"] {
        assert!(!allowed(what).await, "{what}");
    }
    assert!(sim.lift_block(&id) && !sim.lift_block(&id));
    assert!(allowed("delete").await);
    assert_eq!(
        (sim.created_total(CLIENT), sim.deleted_total(CLIENT)),
        (1, 1)
    );
    assert!(sim.channels(CLIENT).is_empty());
    assert_eq!(sim.gone(CLIENT)[0]["channelStatus"], "DELETED");
    sim.behaviour(CLIENT, |ways| ways.not_available_status = 409);
    let id = ready(&sim, json!({}));
    assert_eq!(error(&put(&sim, &id, "on").await), (409, json!(250_005)));
}

#[tokio::test]
async fn a_channel_that_is_gone() {
    let sim = start().await;
    let not_found = |status: u16| (status, json!(250_004));
    let [mine, taken] = [(); 2].map(|()| ready(&sim, json!({})));
    assert_eq!(delete(&sim, &mine).await.status, 200);
    assert!(sim.reclaim(&taken) && !sim.reclaim(&taken) && !sim.remove(&taken));
    for id in [mine.as_str(), &taken, "ls-20250814000000-PZohi"] {
        let path = format!("{CHANNELS}/{id}");
        for path in [
            path.clone(),
            format!("{path}/records"),
            format!("{path}/events"),
        ] {
            assert_eq!(error(&get(&sim, &path).await), not_found(404), "{path}");
        }
        assert_eq!(error(&put(&sim, id, "on").await), not_found(404));
        assert_eq!(error(&delete(&sim, id).await), not_found(404));
    }
    let path = format!("{CHANNELS}/{mine}");
    for status in [400, 500, 200] {
        sim.behaviour(CLIENT, |ways| ways.not_found_status = status);
        assert_eq!(error(&get(&sim, &path).await), not_found(status));
    }
    sim.behaviour(CLIENT, |ways| {
        ways.not_found_status = 404;
        ways.deleted_shown_seconds = 60.0;
        ways.deleted_listed_seconds = 30.0;
    });
    for (id, word) in [(&mine, "DELETED"), (&taken, "FORCE_DELETED")] {
        assert_eq!(seen(&sim, id).await["channelStatus"], word);
        assert_eq!(error(&delete(&sim, id).await), (400, json!(250_005)));
    }
    let listed = async || get(&sim, CHANNELS).await.json()["total"].clone();
    assert_eq!(listed().await, 2);
    sim.advance(30 * SECOND);
    assert_eq!(
        (listed().await, get(&sim, &path).await.status),
        (json!(0), 200)
    );
    sim.advance(30 * SECOND);
    assert_eq!(error(&get(&sim, &path).await), not_found(404));
    assert_eq!(sim.deleted_total(CLIENT), 2);
}

#[tokio::test]
async fn names_are_not_unique_but_by_a_switch() {
    let sim = start().await;
    for total in 1..=2 {
        assert_eq!(post(&sim, wanted(json!({}))).await.status, 200);
        assert_eq!(sim.channels_named(CLIENT, "keynote").len(), total);
    }
    sim.behaviour(CLIENT, |ways| ways.unique_names = true);
    assert_eq!(
        error(&post(&sim, wanted(json!({}))).await),
        (400, json!(250_014))
    );
    let other = wanted(json!({"channelName": "other"}));
    assert_eq!(post(&sim, other.clone()).await.status, 200);
    let by_hand = sim.create(CLIENT, other).expect_err("refused");
    assert!(matches!(by_hand, WorldError::Refused(_)));
    assert_eq!(sim.created_total(CLIENT), 3);
}

#[tokio::test]
async fn error_bodies() {
    let sim = start().await;
    let path = format!("{CHANNELS}/ls-1");
    let answer = get(&sim, &path).await;
    let body = json!({"error": {
        "errorCode": 250_004, "message": "The channel could not be found.", "errorName": "NOT_FOUND",
    }});
    assert_eq!((answer.status, answer.json()), (404, body));
    sim.behaviour(CLIENT, |ways| ways.error_codes_as_text = true);
    assert_eq!(
        get(&sim, &path).await.json()["error"]["errorCode"],
        "250004"
    );
    // What the API does not know, the gateway answers.
    for (method, path) in [
        ("GET", "/api/v2/nothing"),
        ("GET", "/"),
        ("PATCH", CHANNELS),
        ("DELETE", "/api/v2/events/callbackEndpoint"),
    ] {
        let answer = call(&sim, method, path, Value::Null).await;
        let error = json!({"errorCode": "300", "message": "Not Found Exception"});
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (404, &error),
            "{method} {path}"
        );
    }
    for body in [json!([]), json!("text"), Value::Null] {
        assert_eq!(error(&post(&sim, body).await), (400, json!("250012")));
    }
    sim.behaviour(CLIENT, |ways| ways.calls_per_second = Some(0));
    let answer = get(&sim, CHANNELS).await;
    assert_eq!(error(&answer), (429, json!("420")));
    assert_eq!(answer.header("Retry-After"), None);
    sim.behaviour(CLIENT, |ways| ways.retry_after = Some("7".into()));
    assert_eq!(get(&sim, CHANNELS).await.header("Retry-After"), Some("7"));
}

#[tokio::test]
async fn service_urls() {
    let sim = start().await;
    let id = sim
        .create(
            CLIENT,
            json!({"useDvr": true, "timemachineMin": 360, "outputProtocol": "HLS,DASH"}),
        )
        .expect("created");
    let urls = async |kind: &str| {
        let path = format!("{CHANNELS}/{id}/serviceUrls{kind}");
        get(&sim, &path).await
    };
    assert_eq!(
        error(&urls("?serviceUrlType=GENERAL").await),
        (400, json!(250_005))
    );
    sim.advance(5 * SECOND);
    assert_eq!(error(&urls("").await), (400, json!(250_011)));
    assert_eq!(
        error(&urls("?serviceUrlType=OTHER").await),
        (400, json!(250_014))
    );
    let general = urls("?serviceUrlType=GENERAL").await.json();
    let items = general["content"].as_array().expect("an array");
    assert_eq!(general["total"], items.len());
    let ends = |ending: &str| {
        items
            .iter()
            .filter(|item| item["url"].as_str().expect("text").ends_with(ending))
            .count()
    };
    assert_eq!((ends(".m3u8"), ends(".mpd")), (3, 3));
    assert!(items.iter().all(|item| item["videoBitrate"].is_string()));
    let thumbnails = urls("?serviceUrlType=THUMBNAIL").await.json();
    assert!(thumbnails["content"][0]["resizedUrl"][0]["url"].is_string());
    assert_eq!(
        error(&urls("?serviceUrlType=TIMEMACHINE").await),
        (400, json!(250_005))
    );
    sim.set_live(&id, true).expect("taken");
    assert_eq!(urls("?serviceUrlType=TIMEMACHINE").await.status, 200);
}
