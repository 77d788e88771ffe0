//! New keys of a Live Station account: the provider does not say whose they are.

use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::{
    harness::{
        live_station::{ACCESS, KEYS, SECRET},
        message, reason, status_of,
    },
    live_station::{CLIENT, Naver},
};

const LATER: &str = "AKIDLATER";
const ELSEWHERE: &str = "AKIDELSEWHERE";
const OTHER: u64 = 8;

async fn put(naver: &Naver, access: &str) {
    let data = [("accessKey", access), ("secretKey", SECRET)];
    naver.world.secret(KEYS, &data).await;
}

async fn until_account(naver: &Naver, why: &str) -> DynamicObject {
    let is = |account: &DynamicObject| reason(account, "Ready") == why;
    let until = naver.world.until("StreamingAccount", "default", why, is);
    until.await
}

async fn until_fingerprint(naver: &Naver, before: &Value) -> DynamicObject {
    let what = "keys that were accepted";
    naver
        .world
        .until("StreamingAccount", "default", what, |account| {
            let now = &status_of(account)["keyFingerprint"];
            now.is_string() && now != before && reason(account, "Ready") == "InStep"
        })
        .await
}

async fn ids(naver: &Naver) -> Vec<Value> {
    let mut ids = Vec::new();
    for name in ["a", "b"] {
        let object = naver.world.until_ready(name).await;
        ids.push(status_of(&object)["streamId"].clone());
    }
    ids
}

/// An account with two channels.
async fn start(name: &str) -> (Naver, Vec<Value>) {
    let naver = Naver::new(name).await;
    naver.sim.add_key(LATER, SECRET, CLIENT);
    naver.sim.add_key(ELSEWHERE, SECRET, OTHER);
    for name in ["a", "b"] {
        naver.world.stream(name, json!({"active": true})).await;
    }
    let held = ids(&naver).await;
    (naver, held)
}

fn created(naver: &Naver) -> u64 {
    naver.sim.count("POST", "/api/v2/channels")
}

#[tokio::test]
async fn keys_of_another_account_are_not_used() {
    let (mut naver, held) = start("naver-elsewhere").await;
    put(&naver, ELSEWHERE).await;
    let account = until_account(&naver, "ClientChanged").await;
    let text = message(&account, "Ready");
    assert!(text.contains("put keys of the same client"), "{text}");
    assert!(text.contains("confirm-disappearance"), "{text}");
    assert!(!text.contains(ELSEWHERE), "{text}");
    // The earlier ones still work.
    naver
        .world
        .edit("a", json!({"dvr": {"enabled": true}}))
        .await;
    naver.world.until_ready("a").await;

    // A restart forgets them, and nothing is done with the new ones.
    let allow = format!("--allow-endpoint={}", naver.sim.url());
    let before = naver.sim.last_call();
    naver.world.start(&[&allow]);
    naver.world.stream("more", json!({})).await;
    naver
        .world
        .until_reason("more", "Ready", "AccountNotReady")
        .await;
    let calls = naver.sim.calls_after(before);
    assert!(!calls.is_empty() && calls.iter().all(|call| call.method == "GET"));
    // A channel that is deleted now is not looked for in the other account: there it is not.
    naver.world.delete("LiveStream", "b").await;
    naver
        .world
        .until_reason("b", "Ready", "DeletionBlocked")
        .await;
    assert_eq!((created(&naver), naver.sim.channels(OTHER).len()), (2, 0));
    assert_eq!(naver.sim.channels(CLIENT).len(), 2);

    put(&naver, ACCESS).await;
    naver.world.until_gone("LiveStream", "b").await;
    naver.world.until_ready("more").await;
    let object = naver.world.until_ready("a").await;
    assert_eq!(status_of(&object)["streamId"], held[0]);
    assert_eq!((created(&naver), naver.sim.channels(OTHER).len()), (3, 0));
    assert_eq!(naver.sim.channels(CLIENT).len(), 2);
}

#[tokio::test]
async fn later_keys_of_the_account_are_taken_over() {
    let (mut naver, held) = start("naver-later").await;
    let before = until_account(&naver, "InStep").await;
    put(&naver, LATER).await;
    let fingerprint = &status_of(&before)["keyFingerprint"];
    let after = until_fingerprint(&naver, fingerprint).await;
    let client = |account: &DynamicObject| status_of(account)["clientId"].clone();
    assert_eq!(client(&after), client(&before));
    assert!(naver.sim.revoke_key(ACCESS));

    // They need no witness any more: one that is gone is created again, and nothing is held up.
    naver.world.operator().kill();
    for id in &held {
        assert!(naver.sim.remove(id.as_str().unwrap()));
    }
    let allow = format!("--allow-endpoint={}", naver.sim.url());
    naver.world.start(&[&allow]);
    naver
        .world
        .until("LiveStream", "a", "another channel", |object| {
            status_of(object)["streamId"] != held[0]
        })
        .await;
    let now = ids(&naver).await;
    assert!(now.iter().all(|id| !held.contains(id)), "{now:?} {held:?}");
    assert_eq!((created(&naver), naver.sim.channels(CLIENT).len()), (4, 2));
}

#[tokio::test]
async fn that_all_channels_are_gone_can_be_confirmed() {
    let (mut naver, held) = start("naver-confirm").await;
    naver.world.operator().kill();
    for id in &held {
        assert!(naver.sim.remove(id.as_str().unwrap()));
    }
    put(&naver, LATER).await;
    let allow = format!("--allow-endpoint={}", naver.sim.url());
    naver.world.start(&[&allow]);
    let account = until_account(&naver, "ClientChanged").await;
    assert_eq!(created(&naver), 2);
    let before = &status_of(&account)["keyFingerprint"];

    let confirm = json!({"livestream-operator.io/confirm-disappearance": "they are gone"});
    let patch = json!({"metadata": {"annotations": confirm}});
    let patched = naver.world.patch("StreamingAccount", "default", patch);
    patched.await.unwrap();
    let account = until_fingerprint(&naver, before).await;
    assert_eq!(
        status_of(&account)["confirmedDisappearance"],
        "they are gone"
    );
    naver
        .world
        .until("LiveStream", "b", "another channel", |object| {
            status_of(object)["streamId"] != held[1]
        })
        .await;
    ids(&naver).await;
    assert_eq!((created(&naver), naver.sim.channels(CLIENT).len()), (4, 2));
}
