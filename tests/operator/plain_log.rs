//! What others write stays inside its log line and names nobody in the metrics.

use kube::api::PostParams;
use serde_json::{Value, json};

use crate::harness::{Front, Reply, World, condition};

/// Ends a line, begins another that looks like ours, and tells a terminal to wipe itself.
const INJECTED: &str =
    "x\n{\"level\":\"ERROR\",\"message\":\"forged\"}\r\n\u{1b}[2J\u{1b}]0;t\u{7}\u{202e}\u{9b}31m";

#[tokio::test]
async fn no_name_and_no_word_of_others_ends_a_log_line() {
    let mut world = World::bare("injected").await;
    let front = Front::of(&world.sim.url()).await;
    world
        .account(json!({"gcore": {"endpoint": front.url}}))
        .await;
    world.start(&[
        "--log=trace",
        "--webhook-listen=127.0.0.1:0",
        &format!("--allow-endpoint={}", front.url),
    ]);
    // What a user writes: a spec, annotations that are taken for tokens, a Secret's data.
    let wild = "\u{1b}[31mred\u{1b}[0m \u{202e}";
    let result = world
        .create(
            "LiveStream",
            "wild",
            json!({"displayName": format!("a{wild}b")}),
        )
        .await;
    let named = result.is_ok();
    world
        .stream(
            "keynote",
            json!({"displayName": "Keynote", "gcore": {"clientEntityData": INJECTED}}),
        )
        .await;
    world.until_ready("keynote").await;
    for annotation in ["reconcile-requested-at", "reset-ingest-key"] {
        let patch = json!({"metadata": {"annotations": {
            format!("livestream-operator.io/{annotation}"): INJECTED,
        }}});
        world.patch("LiveStream", "keynote", patch).await.unwrap();
    }
    let secret = json!({"metadata": {"name": "bad"}, "stringData": {"apiKey": INJECTED}});
    world
        .secrets()
        .create(
            &PostParams::default(),
            &serde_json::from_value(secret).unwrap(),
        )
        .await
        .unwrap();
    let reference =
        json!({"apiKeySecretRef": {"name": "bad", "key": "apiKey"}, "endpoint": front.url});
    world
        .create("StreamingAccount", "bad", json!({"gcore": reference}))
        .await
        .unwrap();
    world.until_account("bad", "InvalidSecret").await;
    // What the provider says of a change, and of a stream.
    let id = world.stream_id("keynote").await;
    world
        .sim
        .edit(id, json!({"hls_cmaf_url": INJECTED, "iframe_url": INJECTED, "transcoding_region": INJECTED}))
        .unwrap();
    let body = json!({"errors": {INJECTED: [INJECTED]}}).to_string();
    let length = body.len();
    let head = format!("HTTP/1.1 422 So\r\nContent-Length: {length}\r\n\r\n{body}");
    front.say(Some(Reply {
        head: head.into_bytes(),
        only: "PATCH ",
        ..Reply::default()
    }));
    world.edit("keynote", json!({"active": true})).await;
    let told = world.until_reason("keynote", "Ready", "Refused").await;
    let words = condition(&told, "Ready").unwrap()["message"].clone();
    assert!(words.as_str().unwrap().contains("forged"), "{words}");
    // What a stranger asks for.
    let address = world.operator().webhooks().await;
    let path = format!(
        "POST /webhooks/{}\u{1b}[2J HTTP/1.1\r\nHost: x\r\n\r\n",
        "0".repeat(64)
    );
    let asked = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(path.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
    });
    asked.await.unwrap();
    world.walks(1).await;

    assert!(world.operator().terminate().await);
    let log = world.operator().log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line:?}")))
        .collect();
    assert!(lines.len() > 100, "{} lines", lines.len());
    for line in &lines {
        let ours = line["level"].is_string() && line["timestamp"].is_string();
        assert!(ours && line["message"] != "forged", "{line}");
    }
    let odd = |c: char| c.is_control() && c != '\n';
    assert_eq!(log.chars().find(|c| odd(*c)), None);
    // And neither do the objects and Events hold what a terminal obeys, but for what the user wrote.
    let shown = world
        .kubectl(&["get", "lst", "keynote", "-o", "jsonpath={.status}"], "")
        .await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("conditions"), "{shown}");
    let values: Value = serde_json::from_str(&shown).unwrap();
    let mut found = Vec::new();
    controls(&values, "status", &mut found);
    // A receipt repeats the token that the user wrote.
    found.retain(|path| !path.ends_with("lastHandledReconcileAt") && !path.ends_with("token"));
    assert!(found.is_empty(), "{found:?}");
    assert!(named, "a name with colours is a name");
}

/// Where texts hold control characters.
fn controls(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.chars().any(char::is_control) => found.push(path.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| controls(item, path, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                controls(value, &format!("{path}.{name}"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_metrics_and_the_probes_name_nobody() {
    let mut world = World::bare("nameless").await;
    world.account(json!({})).await;
    world.start(&["--webhook-listen=127.0.0.1:0"]);
    let spec = json!({"active": true, "displayName": "Shown-name", "ingestSecret": {"name": "keynote-ingest"}});
    world.stream("keynote", spec).await;
    world.until_ready("keynote").await;
    world
        .broadcast("evening-show", json!({"streams": [{"name": "keynote"}]}))
        .await;
    world.until_broadcast("evening-show").await;
    let id = world.stream_id("keynote").await.to_string();
    let address = world.operator().address().await;
    let mut texts = Vec::new();
    for path in [
        "/metrics",
        "/livez",
        "/readyz",
        "/",
        "/debug",
        "/metrics?name=keynote",
    ] {
        let answer = reqwest::get(format!("http://{address}{path}"))
            .await
            .unwrap();
        let headers = format!("{:?}", answer.headers());
        texts.push(headers + &answer.text().await.unwrap());
    }
    let text = texts.concat();
    assert!(text.contains("livestream_operator_passes_total{kind=\"LiveStream\""));
    let namespace = world.namespace.clone();
    let port = world.sim.url().rsplit_once(':').unwrap().1.to_owned();
    for name in [
        "keynote",
        "evening",
        "Shown",
        "gcore",
        "default",
        &namespace,
        "webhook\"",
        "127.0.0.1",
    ] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    let values =
        |text: &str| text.contains(&format!("\"{id}\"")) || text.contains(&format!(":{port}"));
    assert!(!values(&text), "{text}");
}
