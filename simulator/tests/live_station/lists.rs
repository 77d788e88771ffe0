//! The list of channels, and walks through it.

use serde_json::{Value, json};
use simulator::live_station::{ListOrder, PageShift, Shift, Simulator, Spoilt, SpoiltItem};

use crate::support::{CHANNELS, CLIENT, SECOND, delete, error, get, put, ready, seen, start};

fn fill(sim: &Simulator, count: usize) -> Vec<String> {
    let made =
        (0..count).map(|n| sim.create(CLIENT, json!({"channelName": format!("channel_{n}")})));
    let made = made.collect::<Result<_, _>>().expect("created");
    sim.advance(5 * SECOND);
    made
}

/// The ids of a page, and `total`.
async fn page(sim: &Simulator, query: &str) -> (Vec<String>, u64) {
    let answer = get(sim, &format!("{CHANNELS}{query}")).await;
    assert_eq!(answer.status, 200, "{query}");
    let body = answer.json();
    let items = body["content"].as_array().expect("an array");
    let id = |item: &Value| item["channelId"].as_str().expect("an id").to_owned();
    (
        items.iter().map(id).collect(),
        body["total"].as_u64().expect("a number"),
    )
}

async fn walk(sim: &Simulator, size: usize) -> Vec<String> {
    let mut all = Vec::new();
    for number in 1.. {
        let (ids, _) = page(sim, &format!("?pageNo={number}&pageSizeNo={size}")).await;
        if ids.is_empty() {
            break;
        }
        all.extend(ids);
    }
    all
}

#[tokio::test]
async fn pages_from_one_to_the_empty_one() {
    let sim = start().await;
    assert_eq!(page(&sim, "").await, (vec![], 0));
    let mut made = fill(&sim, 23);
    made.reverse();
    assert_eq!(
        page(&sim, "").await,
        (made[..10].to_vec(), 23),
        "the newest first"
    );
    assert_eq!(
        page(&sim, "?pageNo=3&pageSizeNo=10").await,
        (made[20..].to_vec(), 23)
    );
    assert_eq!(page(&sim, "?pageNo=4&pageSizeNo=10").await, (vec![], 23));
    assert_eq!(page(&sim, "?pageSizeNo=100").await, (made.clone(), 23));
    assert_eq!(walk(&sim, 7).await, made);
    for wrong in ["pageSizeNo=0", "pageSizeNo=101", "pageNo=0"] {
        let answer = get(&sim, &format!("{CHANNELS}?{wrong}")).await;
        assert_eq!(error(&answer), (400, json!(250_014)), "{wrong}");
    }
    for wrong in ["pageNo=", "pageNo=-1", "pageNo=x", "pageSizeNo=1.5"] {
        let answer = get(&sim, &format!("{CHANNELS}?{wrong}")).await;
        assert_eq!(error(&answer), (400, json!(250_021)), "{wrong}");
    }
    sim.behaviour(CLIENT, |ways| ways.list_order = ListOrder::OldestFirst);
    made.reverse();
    assert_eq!(walk(&sim, 7).await, made);
    sim.behaviour(CLIENT, |ways| ways.list_order = ListOrder::Shuffled);
    let shuffled = walk(&sim, 7).await;
    assert_ne!(shuffled, made);
    assert_eq!(shuffled, walk(&sim, 5).await);
    let item = get(&sim, &format!("{CHANNELS}?id={}", made[0]))
        .await
        .json();
    assert_eq!(
        item,
        json!({"content": [seen(&sim, &made[0]).await], "total": 1})
    );
}

#[tokio::test]
async fn filters() {
    let sim = start().await;
    let [one, two, three] =
        ["keynote", "keynote_2", "other"].map(|name| ready(&sim, json!({"channelName": name})));
    let creating = sim
        .create(CLIENT, json!({"channelName": "other"}))
        .expect("created");
    sim.set_live(&two, true).expect("taken");
    assert_eq!(put(&sim, &three, "off").await.status, 200);
    let none: [&String; 0] = [];
    for (query, found) in [
        ("", &[&creating, &three, &two, &one][..]),
        ("?channelStatus=READY", &[&one]),
        ("?channelStatus=PUBLISHING", &[&two]),
        ("?channelStatus=BLOCK", &[&three]),
        ("?channelName=keynote", &[&two, &one]),
        ("?channelName=keynote_2", &[&two]),
        ("?channelName=note_2", &[&two]),
        ("?channelName=Keynote", &none),
        ("?channelName=other&channelStatus=BLOCK", &[&three]),
        ("?id=unknown", &none),
    ] {
        let found: Vec<String> = found.iter().map(|id| (*id).clone()).collect();
        let total = found.len() as u64;
        assert_eq!(page(&sim, query).await, (found, total), "{query}");
    }
    assert_eq!(
        page(&sim, &format!("?id={one}")).await,
        (vec![one.clone()], 1)
    );
    sim.behaviour(CLIENT, |ways| ways.name_filter_exact = true);
    assert_eq!(page(&sim, "?channelName=keynote").await, (vec![one], 1));
    for status in ["CREATING", "DELETED", "ready", ""] {
        let answer = get(&sim, &format!("{CHANNELS}?channelStatus={status}")).await;
        assert_eq!(error(&answer), (400, json!(250_014)), "{status}");
    }
}

#[tokio::test]
async fn a_new_channel_is_hidden_for_a_time() {
    let sim = start().await;
    sim.behaviour(CLIENT, |ways| {
        ways.hide_new_from_list_seconds = 60.0;
        ways.hide_new_from_get_seconds = 30.0;
    });
    let id = sim.create(CLIENT, json!({})).expect("created");
    let path = format!("{CHANNELS}/{id}");
    let state = async || (get(&sim, &path).await.status, page(&sim, "").await.1);
    assert_eq!(state().await, (404, 0));
    assert_eq!(delete(&sim, &id).await.status, 404);
    sim.advance(30 * SECOND);
    assert_eq!(state().await, (200, 0));
    sim.advance(30 * SECOND);
    assert_eq!(state().await, (200, 1));
}

#[tokio::test]
async fn lists_lag_behind_changes_and_deletions() {
    let sim = start().await;
    let id = ready(&sim, json!({}));
    sim.behaviour(CLIENT, |ways| ways.stale_list_seconds = 60.0);
    let status = async || {
        let items = get(&sim, CHANNELS).await.json()["content"].clone();
        items[0]["channelStatus"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    put(&sim, &id, "off").await;
    assert_eq!(
        (
            status().await.as_str(),
            &seen(&sim, &id).await["channelStatus"]
        ),
        ("READY", &json!("BLOCK"))
    );
    assert_eq!(page(&sim, "?channelStatus=READY").await.1, 1);
    assert_eq!(page(&sim, "?channelStatus=BLOCK").await.1, 0);
    sim.advance(60 * SECOND);
    assert_eq!(status().await, "BLOCK");
    put(&sim, &id, "on").await;
    delete(&sim, &id).await;
    assert_eq!(status().await, "BLOCK");
    assert_eq!(get(&sim, &format!("{CHANNELS}/{id}")).await.status, 404);
    sim.advance(60 * SECOND);
    assert_eq!(page(&sim, "").await, (vec![], 0));
}

#[tokio::test]
async fn pages_that_mislead() {
    let sim = start().await;
    let mut made = fill(&sim, 6);
    made.reverse();
    for (how, missed, twice) in [(Shift::Skip, 1, 0), (Shift::Double, 0, 1)] {
        let shift = PageShift {
            after_page: 1,
            how,
            walks: Some(1),
        };
        sim.behaviour(CLIENT, |ways| ways.page_shift = Some(shift));
        let walked = walk(&sim, 2).await;
        assert_eq!(
            made.iter().filter(|id| !walked.contains(id)).count(),
            missed
        );
        assert_eq!(walked.len(), 6 - missed + twice);
        assert_eq!(walk(&sim, 2).await, made, "only once");
    }
    sim.behaviour(CLIENT, |ways| {
        ways.page_shift = None;
        ways.unlisted = vec![made[0].clone()];
    });
    assert_eq!(walk(&sim, 2).await, made[1..]);
    let two = |page: u64| format!("?pageNo={page}&pageSizeNo=2");
    sim.behaviour(CLIENT, |ways| {
        ways.unlisted = vec![];
        ways.empty_page = Some(2);
        ways.repeated_page = Some(3);
        ways.last_page_again = true;
    });
    assert_eq!(page(&sim, &two(2)).await, (vec![], 6));
    assert_eq!(page(&sim, &two(3)).await.0, made[2..4]);
    assert_eq!(page(&sim, &two(9)).await.0, made[4..]);
    sim.behaviour(CLIENT, |ways| ways.empty_lists = true);
    assert_eq!(page(&sim, "").await, (vec![], 0));
    assert_eq!(sim.channels(CLIENT).len(), 6);
}

#[tokio::test]
async fn items_that_cannot_be_read() {
    let sim = start().await;
    let id = ready(&sim, json!({}));
    let item = async || get(&sim, CHANNELS).await.json()["content"][0].clone();
    for (how, field, value) in [
        (Spoilt::IdMissing, "channelId", Value::Null),
        (Spoilt::NameMissing, "channelName", Value::Null),
        (
            Spoilt::NameOfWrongType,
            "channelName",
            json!({"not": "a text"}),
        ),
        (Spoilt::StatusUnknown, "channelStatus", json!("RESTING")),
    ] {
        let spoilt = SpoiltItem {
            id: id.clone(),
            how,
        };
        sim.behaviour(CLIENT, |ways| ways.spoilt_item = Some(spoilt));
        assert_eq!(item().await[field], value, "{how:?}");
    }
    let spoilt = SpoiltItem {
        id: id.clone(),
        how: Spoilt::NotAnObject,
    };
    sim.behaviour(CLIENT, |ways| ways.spoilt_item = Some(spoilt));
    assert_eq!(item().await, "not an object");
    sim.behaviour(CLIENT, |ways| {
        ways.spoilt_item = None;
        ways.thin_lists = vec!["streamKey".into(), "record".into()];
    });
    let thin = item().await;
    assert!(thin.get("streamKey").is_none() && thin.get("record").is_none());
    assert!(seen(&sim, &id).await["streamKey"].is_string());
}
