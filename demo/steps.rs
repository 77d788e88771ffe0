//! The steps that the demo shows.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{CLIENT, Demo, Result, event};

pub const FIRST_KEY: &str = "1001$demo-first-key";
const SECOND_KEY: &str = "1001$demo-second-key";

const STREAMS: [&str; 3] = ["get", "livestreams", "-o=wide"];

/// All of them, in order.
pub async fn all(demo: &mut Demo, root: &Path) -> Result<()> {
    // Somebody made this one by hand, long before there was an operator.
    let studio = demo
        .simulator
        .create(CLIENT, json!({"name": "studio (old name)", "active": true}))
        .map_err(|e| format!("{e:?}"))?;
    account(demo, root)?;
    event::play(demo, root).await?;
    let keynote = adopted(demo, root, studio)?;
    edited(demo, keynote).await?;
    drift(demo, keynote).await?;
    rotated(demo, keynote).await?;
    deleted(demo, studio)?;
    account_gone(demo)
}

pub fn example(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join("examples").join(file))
        .map_err(|e| format!("examples/{file}: {e}"))
}

fn account(demo: &Demo, root: &Path) -> Result<()> {
    title("1. An account: a Secret with the key, and a StreamingAccount");
    println!("  (the endpoint is the simulator's here, and the list is read every second)");
    let account = example(root, "account.yaml")?
        .replace("1001$replace-me", FIRST_KEY)
        .replace("https://api.gcore.com", &demo.simulator.url())
        .replace("requestsPerSecond: 4", "requestsPerSecond: 50")
        .replace("pollIntervalSeconds: 60", "pollIntervalSeconds: 1");
    demo.kubectl.apply("examples/account.yaml", &account)?;
    demo.kubectl.show(&[
        "wait",
        "--for=condition=Ready",
        "--timeout=30s",
        "streamingaccount/default",
    ])?;
    Ok(())
}

fn adopted(demo: &Demo, root: &Path, studio: u64) -> Result<u64> {
    title("8. A pull stream, and one that is there already, adopted");
    println!("  (stream {studio} was made by hand; the example's id is replaced by its id)");
    for file in ["pull.yaml", "adopted.yaml"] {
        demo.kubectl.apply(
            &format!("examples/{file}"),
            &example(root, file)?.replace("320423", &studio.to_string()),
        )?;
    }
    demo.kubectl.show(&[
        "wait",
        "--for=condition=Ready",
        "--timeout=30s",
        "livestreams",
        "--all",
    ])?;
    demo.kubectl.show(&STREAMS)?;
    let keynote = id_of(demo, "keynote")?;
    check(
        demo.simulator.created_total(CLIENT) == 3,
        "there are just the one made by hand and two that were created",
    )?;
    check(
        field(demo, studio, "name") == "Studio",
        "the adopted stream has its new name",
    )?;
    let keys = demo.kubectl.quietly(
        &[
            "get",
            "secret",
            "keynote-ingest",
            "-o=go-template={{range $key, $_ := .data}}{{$key}} {{end}}",
        ],
        None,
    )?;
    println!(
        "  the encoder's addresses are in Secret keynote-ingest: {}",
        keys.trim()
    );
    check(
        keys.split_whitespace().count() == 5,
        "the Secret has all addresses",
    )?;
    Ok(keynote)
}

async fn edited(demo: &Demo, keynote: u64) -> Result<()> {
    title("9. Edited: the name in the manifest changes");
    demo.kubectl.show(&[
        "patch",
        "livestream",
        "keynote",
        "--type=merge",
        "--patch={\"spec\":{\"displayName\":\"Keynote, day two\"}}",
    ])?;
    until(demo, "the provider has the new name", |demo| {
        field(demo, keynote, "name") == "Keynote, day two"
    })
    .await?;
    println!(
        "  at the provider, stream {keynote} is now called {:?}",
        "Keynote, day two"
    );
    Ok(())
}

async fn drift(demo: &Demo, keynote: u64) -> Result<()> {
    title("10. Drift mended: somebody switches the stream off at the provider");
    demo.simulator
        .edit(keynote, json!({"active": false}))
        .map_err(|e| format!("{e:?}"))?;
    println!(
        "  at the provider, stream {keynote}: active is {}",
        field(demo, keynote, "active")
    );
    until(demo, "the stream is switched on again", |demo| {
        field(demo, keynote, "active") == true
    })
    .await?;
    println!(
        "  at the provider, stream {keynote}: active is {}",
        field(demo, keynote, "active")
    );
    Ok(())
}

async fn rotated(demo: &Demo, keynote: u64) -> Result<()> {
    title("11. Key rotated: a new key in the Secret, the old one revoked");
    let second = demo.simulator.add_key(SECOND_KEY, CLIENT);
    let patch = json!({"stringData": {"apiKey": SECOND_KEY}}).to_string();
    demo.kubectl.quietly(
        &[
            "patch",
            "secret",
            "gcore",
            "--type=merge",
            "--patch",
            &patch,
        ],
        None,
    )?;
    println!("  $ kubectl patch secret gcore …");
    until(demo, "calls are made with the new key", |demo| {
        demo.simulator
            .calls()
            .last()
            .is_some_and(|call| call.key == Some(second))
    })
    .await?;
    demo.simulator.revoke_key(FIRST_KEY);
    demo.kubectl.show(&[
        "patch",
        "livestream",
        "keynote",
        "--type=merge",
        "--patch={\"spec\":{\"displayName\":\"Keynote\"}}",
    ])?;
    until(demo, "a change is made with the new key", |demo| {
        field(demo, keynote, "name") == "Keynote"
    })
    .await?;
    demo.kubectl.show(&["get", "streaming"])?;
    Ok(())
}

fn deleted(demo: &Demo, studio: u64) -> Result<()> {
    title("12. Deleted: broadcasts and what was created go, what was adopted stays");
    demo.kubectl
        .show(&["delete", "broadcasts,livestreams", "--all", "--timeout=60s"])?;
    check(
        demo.simulator.broadcasts(CLIENT).is_empty(),
        "no broadcast is left",
    )?;
    let left: Vec<Value> = demo.simulator.streams(CLIENT);
    check(
        left.len() == 1 && left[0]["id"] == studio,
        "only the adopted stream is left",
    )?;
    println!("  at the provider there is: stream {studio}, as it was");
    Ok(())
}

fn account_gone(demo: &Demo) -> Result<()> {
    title("13. The account goes, and nothing of ours is left");
    demo.kubectl
        .show(&["delete", "streamingaccount", "default", "--timeout=30s"])?;
    let marked = demo
        .simulator
        .streams_marked(CLIENT, "livestream-operator.io/owner")
        .len();
    check(marked == 0, "no stream carries our mark")?;
    let posts = demo.simulator.count("POST", "/streaming/streams");
    check(
        posts == 2,
        "two streams were wanted, and two creations were sent",
    )?;
    let pages = demo.simulator.count("POST", "/streaming/broadcasts");
    check(
        pages == 2,
        "two broadcasts were wanted, and two creations were sent",
    )?;
    println!(
        "\nAll steps were reached: 2 streams and 2 broadcasts wanted, {} creations sent, 2 videos kept, 0 left behind.",
        posts + pages
    );
    Ok(())
}

pub fn title(text: &str) {
    println!("\n{text}");
}

pub fn check(holds: bool, what: &str) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(format!("it is not so that {what}"))
    }
}

/// A field of a stream at the provider, as the simulator itself shows it.
pub fn field(demo: &Demo, id: u64, name: &str) -> Value {
    demo.simulator
        .stream(id)
        .map(|stream| stream[name].clone())
        .unwrap_or_default()
}

pub fn id_of(demo: &Demo, name: &str) -> Result<u64> {
    let id = demo.kubectl.quietly(
        &["get", "livestream", name, "-o=jsonpath={.status.streamId}"],
        None,
    )?;
    id.parse()
        .map_err(|_| format!("the status of {name} has no stream id"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the demo waits for what people wait for"
)]
pub async fn until(demo: &Demo, what: &str, holds: impl Fn(&Demo) -> bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds(demo) {
        if Instant::now() > deadline {
            return Err(format!("it does not come true that {what}"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
