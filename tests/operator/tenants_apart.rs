//! Two tenants of one operator, each with a client of their own: what one of them may try with the
//! other's key, stream and Secrets.

use kube::core::DynamicObject;
use serde_json::{Value, json};
use simulator::{counters::Call, gcore::Simulator};

use crate::harness::{CLIENT, World, message, reason, status_of};

/// The other tenant's client and key.
const OTHER: u64 = 2002;
const OTHER_KEY: &str = "2002$canary-other-key";

/// The one who tries, and the one who has a stream on air with its Secret, behind one operator and one
/// provider.
async fn two(name: &str, other_client: u64) -> (World, World, u64) {
    let mut thief = World::bare(&format!("{name}-thief")).await;
    let owner = World::bare(&format!("{name}-owner")).await;
    let key = if other_client == CLIENT {
        crate::harness::KEY
    } else {
        thief.sim.add_key(OTHER_KEY, other_client);
        OTHER_KEY
    };
    thief.account(json!({})).await;
    owner.secret("owners-key", &[("apiKey", key)]).await;
    let provider = json!({
        "apiKeySecretRef": {"name": "owners-key", "key": "apiKey"}, "endpoint": thief.sim.url(),
    });
    let spec = json!({"gcore": provider, "requestsPerSecond": 500, "pollIntervalSeconds": 1});
    for name in ["default", "owners"] {
        owner
            .create("StreamingAccount", name, spec.clone())
            .await
            .unwrap();
    }
    let flag = format!("--namespace={}", owner.namespace);
    thief.start(&[&flag]);
    owner
        .stream(
            "keynote",
            json!({"active": true, "ingestSecret": {"name": "owners-ingest"}}),
        )
        .await;
    owner.until_ready("keynote").await;
    let id = owner.stream_id("keynote").await;
    thief.until_account("default", "InStep").await;
    (thief, owner, id)
}

/// Calls that concern a stream of the other tenant and were made with the key of the one who tries.
fn touched(sim: &Simulator, id: u64, after: u64) -> Vec<Call> {
    sim.calls_where(after, |call| {
        call.id == Some(id.to_string()) && call.client == Some(CLIENT) && call.method != "GET"
    })
}

async fn until_not_ready(world: &World, kind: &str, name: &str) -> DynamicObject {
    world
        .until(kind, name, "held up", |object| {
            let ready = crate::harness::condition(object, "Ready");
            ready.is_some_and(|ready| ready["status"] == "False" && ready["reason"] != "Pending")
        })
        .await
}

/// What the owner has: the stream, its Secret and the status.
async fn having(owner: &World, sim: &Simulator, id: u64) -> (Value, Value, Value) {
    let secret = owner.secrets().get("owners-ingest").await.unwrap();
    let object = owner.get("LiveStream", "keynote").await.unwrap();
    (
        sim.stream(id).unwrap(),
        serde_json::to_value(secret.data).unwrap(),
        status_of(&object),
    )
}

#[tokio::test]
async fn nobody_reaches_the_key_the_stream_or_the_secret_of_another_tenant() {
    let (thief, owner, id) = two("apart", OTHER).await;
    let before = having(&owner, &thief.sim, id).await;
    let from = thief.sim.last_call();

    // The key: by the name of a Secret that is only in the other namespace, and by paths to it.
    let endpoint = thief.sim.url();
    let account = |name: &str| {
        let reference = json!({"name": name, "key": "apiKey"});
        json!({"gcore": {"apiKeySecretRef": reference, "endpoint": endpoint}, "requestsPerSecond": 500})
    };
    thief
        .create("StreamingAccount", "stolen", account("owners-key"))
        .await
        .unwrap();
    thief
        .until("StreamingAccount", "stolen", "no Secret", |object| {
            reason(object, "Ready") == "SecretNotFound"
        })
        .await;
    for path in [
        format!("{}/owners-key", owner.namespace),
        format!("../{}/secrets/owners-key", owner.namespace),
        format!("..%2f{}%2fsecrets%2fowners-key", owner.namespace),
    ] {
        let result = thief
            .create("StreamingAccount", "path", account(&path))
            .await;
        assert!(
            matches!(&result, Err(kube::Error::Api(status)) if status.code == 422),
            "{path}: {result:?}"
        );
    }
    // A namespace beside a name is no field, so it is dropped, or refused where that is asked for.
    let mut other = account("owners-key");
    other["gcore"]["apiKeySecretRef"]["namespace"] = json!(owner.namespace);
    thief
        .create("StreamingAccount", "elsewhere", other)
        .await
        .unwrap();
    thief.until_account("elsewhere", "SecretNotFound").await;

    // The account: by a name that is only in the other namespace.
    thief
        .stream("borrowed", json!({"accountRef": {"name": "owners"}}))
        .await;
    let borrowed = until_not_ready(&thief, "LiveStream", "borrowed").await;
    assert_eq!(reason(&borrowed, "Ready"), "AccountNotFound");

    // The stream: by its id, in one's own account.
    thief
        .stream(
            "adopted",
            json!({"externalId": id.to_string(), "displayName": "Mine", "active": false,
                   "deletionPolicy": "Delete", "ingestSecret": {"name": "loot"}}),
        )
        .await;
    let adopted = until_not_ready(&thief, "LiveStream", "adopted").await;
    assert_eq!(reason(&adopted, "Ready"), "StreamNotFound");
    thief.delete("LiveStream", "adopted").await;
    thief.until_gone("LiveStream", "adopted").await;

    // The Secret of the encoder: by its name, which is one's own in one's own namespace.
    thief
        .stream(
            "mine",
            json!({"active": true, "ingestSecret": {"name": "owners-ingest"},
                   "srtPassphraseSecretRef": {"name": "owners-key", "key": "apiKey"}}),
        )
        .await;
    let mine = until_not_ready(&thief, "LiveStream", "mine").await;
    assert_eq!(reason(&mine, "Ready"), "SecretNotFound");
    let spec = json!({"srtPassphraseSecretRef": null});
    thief.edit("mine", spec).await;
    thief.until_ready("mine").await;
    let own = thief.secrets().get("owners-ingest").await.unwrap();
    let pushed = serde_json::to_value(own.data).unwrap()["pushUrl"].clone();
    assert_ne!(pushed, before.1["pushUrl"]);

    // A broadcast: of a stream that is only in the other namespace.
    thief
        .broadcast("show", json!({"streams": [{"name": "keynote"}]}))
        .await;
    until_not_ready(&thief, "Broadcast", "show").await;
    assert_eq!(thief.broadcast_posts(), 0);

    thief.walks(2).await;
    assert_eq!(touched(&thief.sim, id, from), []);
    let other_key = thief.sim.calls_where(from, |call| {
        call.client == Some(OTHER) && call.method != "GET"
    });
    assert_eq!(other_key, []);
    assert_eq!(having(&owner, &thief.sim, id).await, before);
    assert!(!thief.told().await.contains("canary-other"));
}

/// Where both have a key of the same client, the owner mark stands between them.
#[tokio::test]
async fn of_one_client_nobody_takes_what_carries_the_mark_of_another_tenant() {
    let (thief, owner, id) = two("one-client", CLIENT).await;
    let before = having(&owner, &thief.sim, id).await;
    let changing = thief.sim.changing_calls();
    thief
        .stream(
            "adopted",
            json!({"externalId": id.to_string(), "displayName": "Mine", "active": false,
                   "deletionPolicy": "Delete", "ingestSecret": {"name": "loot"}}),
        )
        .await;
    let adopted = until_not_ready(&thief, "LiveStream", "adopted").await;
    assert_eq!(reason(&adopted, "Ready"), "OwnedElsewhere");
    thief.delete("LiveStream", "adopted").await;
    thief.until_gone("LiveStream", "adopted").await;
    assert!(thief.secrets().get_opt("loot").await.unwrap().is_none());

    // A mark of the other's object, written by hand into one's own stream.
    let object = owner.get("LiveStream", "keynote").await.unwrap();
    let uid = object.metadata.uid.unwrap();
    let mark = thief.sim.stream(id).unwrap()["client_entity_data"].clone();
    assert!(mark.as_str().unwrap().contains(&uid), "{mark}");
    let member =
        json!({"livestream-operator.io/owner": format!("c/{}/keynote/{uid}", owner.namespace)});
    for text in [mark.as_str().unwrap().to_owned(), member.to_string()] {
        let spec = json!({"gcore": {"clientEntityData": text}});
        let result = thief.create("LiveStream", "forged", spec).await;
        assert!(
            matches!(&result, Err(kube::Error::Api(status)) if status.code == 422
                && status.message.contains("owner mark")),
            "{text}: {result:?}"
        );
    }
    // The apiserver knows no JSON in texts; the operator does.
    let escaped = member
        .to_string()
        .replace("operator.io/owner", "operator.io\\/owner");
    thief
        .stream("forged", json!({"gcore": {"clientEntityData": escaped}}))
        .await;
    let forged = until_not_ready(&thief, "LiveStream", "forged").await;
    let words = message(&forged, "Ready");
    assert!(words.contains("the operator writes them"), "{words}");
    thief.walks(2).await;
    assert_eq!(thief.sim.changing_calls(), changing);
    assert_eq!(thief.posts(), 1);
    assert_eq!(having(&owner, &thief.sim, id).await, before);
}
