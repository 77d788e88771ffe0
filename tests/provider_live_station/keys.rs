//! Whose keys they are: the API does not say, so a channel has to show it.

use livestream_operator::provider::{ClientId, Connection, Known, ProviderError, StreamId};
use serde_json::json;
use simulator::faults::{Action, Fault};

use crate::{ACCESS, CLIENT, SECRET, connect, connect_as, start};

const LATER: &str = "AKIDLATER";
const ELSEWHERE: &str = "AKIDELSEWHERE";
const OTHER_CLIENT: u64 = 8;

fn known(fingerprint: Option<String>, streams: &[&str]) -> Known {
    Known {
        client: ClientId::new("ncp-first"),
        fingerprint,
        streams: streams.iter().map(|id| StreamId::new(*id)).collect(),
    }
}

async fn are_taken(keys: &Connection, known: &Known) -> bool {
    let client = keys.identity.client(Some(known)).await.unwrap();
    assert!(client.is_none() || client.as_ref() == Some(&known.client));
    client.is_some()
}

#[tokio::test]
async fn other_keys_are_taken_if_they_show_a_channel_of_the_client() {
    let (sim, keys) = start().await;
    sim.add_key(LATER, SECRET, CLIENT);
    sim.add_key(ELSEWHERE, SECRET, OTHER_CLIENT);
    let channel = sim.create(CLIENT, json!({})).unwrap();
    sim.create(OTHER_CLIENT, json!({})).unwrap();
    let fingerprint = keys.identity.fingerprint();
    let held = known(fingerprint.clone(), &["gone-long-ago", &channel]);
    let lost = known(fingerprint.clone(), &["gone-long-ago"]);
    let none = known(fingerprint, &[]);

    let later = connect_as(&sim.url(), LATER, SECRET, "KR");
    assert!(are_taken(&later, &held).await);
    assert!(!are_taken(&later, &lost).await);
    assert!(are_taken(&later, &none).await);

    let elsewhere = connect_as(&sim.url(), ELSEWHERE, SECRET, "KR");
    assert!(!are_taken(&elsewhere, &held).await);
    assert!(!are_taken(&elsewhere, &lost).await);
    // Nothing is at stake.
    assert!(are_taken(&elsewhere, &none).await);

    // Those that were accepted last need no witness.
    let before = sim.last_call();
    for known in [&held, &lost, &none] {
        assert!(are_taken(&keys, known).await);
    }
    assert_eq!(sim.calls_after(before).len(), 3, "one call each");
}

#[tokio::test]
async fn what_is_not_on_the_first_page_is_read() {
    let (sim, keys) = start().await;
    let channels: Vec<String> = (0..150)
        .map(|_| sim.create(CLIENT, json!({})).unwrap())
        .collect();
    for at in [0, 149] {
        let held = known(None, &[&channels[at]]);
        assert!(are_taken(&keys, &held).await, "{at}");
    }
    assert_eq!(sim.count("GET", "/api/v2/channels/{channelId}"), 1);
}

#[tokio::test]
async fn a_witness_that_cannot_be_asked_shows_nothing() {
    let (sim, keys) = start().await;
    let fault = Fault::new(Action::status(503));
    sim.fault(fault.route("/api/v2/channels/{channelId}").always());
    let held = known(None, &["gone-long-ago"]);
    let error = keys.identity.client(Some(&held)).await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unavailable { .. }),
        "{error}"
    );
}

#[test]
fn another_key_region_or_endpoint_is_another_fingerprint() {
    let here = "http://127.0.0.1:9";
    let of = |connection: Connection| connection.identity.fingerprint().unwrap();
    let ours = of(connect(here));
    assert_eq!(ours, of(connect_as(here, ACCESS, "another secret", "KR")));
    for other in [
        connect_as(here, LATER, SECRET, "KR"),
        connect_as(here, ACCESS, SECRET, "JP"),
        connect_as("http://127.0.0.1:10", ACCESS, SECRET, "KR"),
    ] {
        assert_ne!(of(other), ours);
    }
    assert!(!ours.contains(ACCESS) && ours.len() == 12, "{ours}");
}
