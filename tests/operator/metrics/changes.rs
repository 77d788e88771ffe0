//! The log has one line for each change at the provider: who, what, before, after; and no secret.

use serde_json::{Value, json};

use super::{documents, end_the_show, inner, record, until_recording};
use crate::harness::{CLIENT, World};

/// The lines about changes, the oldest first.
fn changes(world: &World) -> Vec<Value> {
    let log = world.operator.as_ref().unwrap().log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["target"] == "livestream_operator::changes")
        .collect()
}

fn of<'a>(lines: &'a [Value], what: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["change"] == what).collect()
}

#[tokio::test]
async fn each_change_at_the_provider_is_one_line() {
    let world = World::new("changed").await;
    world
        .secret("srt", &[("passphrase", "canary-passphrase-1")])
        .await;
    let spec = json!({
        "displayName": "Before", "active": false,
        "srtPassphraseSecretRef": {"name": "srt", "key": "passphrase"},
        "gcore": {"clientEntityData": "canary-data"},
    });
    let object = world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world
        .edit("keynote", json!({"displayName": "After", "active": true}))
        .await;
    world.until_ready("keynote").await;
    // Somebody else changes it, and it is mended.
    world.walks(1).await;
    world.sim.edit(id, json!({"name": "Drifted"})).unwrap();
    world
        .until_sim("it is mended", |sim| {
            sim.streams(CLIENT)[0]["name"] == "After"
        })
        .await;
    world.edit("keynote", json!({"recording": true})).await;
    record(&world, "keynote").await;
    world.edit("keynote", json!({"recording": false})).await;
    until_recording(&world, "keynote", false).await;
    end_the_show(&world, id).await;
    let spec = json!({"displayName": "Show", "streams": [{"name": "keynote"}]});
    world.broadcast("show", spec).await;
    world.until_broadcast("show").await;
    world.edit_broadcast("show", json!({"state": "live"})).await;
    world.until_broadcast("show").await;
    world.delete("Broadcast", "show").await;
    world.until_gone("Broadcast", "show").await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;

    let lines = changes(&world);
    let sent = world.sim.calls_where(0, |call| call.method != "GET");
    assert_eq!(lines.len(), sent.len(), "{lines:#?} {sent:#?}");
    for line in &lines {
        assert_eq!(line["result"], "done", "{line}");
        assert_eq!(line["client"], CLIENT.to_string(), "{line}");
        assert_eq!(line["namespace"], world.namespace, "{line}");
        assert!(
            line["id"].is_string() || line["change"] == "create_broadcast",
            "{line}"
        );
        assert_eq!(line["message"], "a change at the provider");
    }
    let streams = lines.iter().filter(|line| line["kind"] == "LiveStream");
    for line in streams {
        assert_eq!(line["name"], "keynote", "{line}");
        assert_eq!(line["id"], id.to_string(), "{line}");
        assert_eq!(line["uid"], json!(object.metadata.uid), "{line}");
    }
    let created = of(&lines, "create")[0];
    assert!(created["before"].is_null(), "{created}");
    let asked = inner(created, "after");
    assert_eq!(asked["displayName"], "Before", "{created}");
    assert_eq!(asked["srtPassphraseSecretRef"], "(secret)", "{created}");
    let updates: Vec<(Value, Value)> = of(&lines, "update")
        .iter()
        .map(|line| (inner(line, "before"), inner(line, "after")))
        .collect();
    let edit = (
        json!({"displayName": "Before", "active": false}),
        json!({"displayName": "After", "active": true}),
    );
    let drift = (
        json!({"displayName": "Drifted"}),
        json!({"displayName": "After"}),
    );
    assert_eq!(updates, [edit, drift]);
    for (what, before, after) in [
        ("start_recording", false, true),
        ("stop_recording", true, false),
    ] {
        let line = of(&lines, what)[0];
        assert_eq!(
            inner(line, "before"),
            json!({"recording": before}),
            "{line}"
        );
        assert_eq!(inner(line, "after"), json!({"recording": after}), "{line}");
    }
    assert_eq!(of(&lines, "reset_ingest_key").len(), 1);
    let deleted = of(&lines, "delete")[0];
    assert_eq!(
        inner(deleted, "before")["displayName"],
        "After",
        "{deleted}"
    );
    assert_eq!(of(&lines, "create_broadcast").len(), 1);
    assert_eq!(of(&lines, "delete_broadcast").len(), 1);
    let live = inner(of(&lines, "update_broadcast").last().unwrap(), "after");
    assert_eq!(live, json!({"state": "live"}));
    // One that was refused has an error besides.
    let mut fields = documents::fields(&lines);
    fields.insert("error".to_owned());
    assert_eq!(fields, documents::fields_of("Changes at the provider"));
    let all = lines.iter().map(Value::to_string).collect::<String>();
    assert!(!all.contains("canary"), "{all}");
}
