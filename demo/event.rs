//! The event: from preparation to the video that is ready, with the manifests of the tutorial.

use std::{path::Path, time::Duration};

use serde_json::Value;

use crate::{
    CLIENT, Demo, Result,
    steps::{check, example, id_of, title, until},
};

const BOTH: [&str; 2] = ["get", "livestreams,broadcasts"];

/// How long the encoder is away: longer than the provider keeps a recording's file open, and than
/// viewers are to look at nothing.
const DROP: Duration = Duration::from_secs(15);

/// All of it.
pub async fn play(demo: &mut Demo, root: &Path) -> Result<()> {
    let keynote = prepared(demo, root)?;
    on_air(demo, root, keynote).await?;
    dropped(demo, keynote).await?;
    finished(demo, root, keynote)?;
    videos(demo, keynote)?;
    next_event(demo, root)
}

fn apply(demo: &Demo, root: &Path, file: &str) -> Result<()> {
    let file = format!("tutorial/{file}");
    demo.kubectl
        .apply(&format!("examples/{file}"), &example(root, &file)?)
}

fn wait(demo: &Demo, object: &str, what: &str) -> Result<()> {
    demo.kubectl
        .show(&["wait", &format!("--for={what}"), "--timeout=60s", object])
}

fn encoder(demo: &Demo, keynote: u64, on: bool) -> Result<()> {
    let what = if on {
        "begins to send"
    } else {
        "is switched off"
    };
    println!("  (the encoder {what})");
    demo.simulator
        .set_live(keynote, on)
        .map_err(|e| format!("{e:?}"))
}

fn a_minute_passes(demo: &Demo) {
    println!("  (a minute passes at the provider: its clock is put forward)");
    demo.simulator.advance(Duration::from_secs(60));
}

fn prepared(demo: &Demo, root: &Path) -> Result<u64> {
    title("2. An event is prepared: a stream that is off, and the page that will show it");
    apply(demo, root, "1-prepare.yaml")?;
    wait(demo, "livestream/keynote", "condition=Ready")?;
    wait(demo, "broadcast/keynote", "condition=Ready")?;
    demo.kubectl.show(&BOTH)?;
    id_of(demo, "keynote")
}

async fn on_air(demo: &Demo, root: &Path, keynote: u64) -> Result<()> {
    title("3. On air: switched on, the encoder sends, viewers see it, it is recorded");
    apply(demo, root, "2-switch-on.yaml")?;
    wait(demo, "livestream/keynote", "jsonpath={.status.active}=true")?;
    encoder(demo, keynote, true)?;
    wait(demo, "livestream/keynote", "jsonpath={.status.live}=true")?;
    apply(demo, root, "3-go-live.yaml")?;
    apply(demo, root, "4-record.yaml")?;
    wait(
        demo,
        "livestream/keynote",
        "jsonpath={.status.recording}=true",
    )?;
    demo.kubectl.show(&BOTH)?;
    until(demo, "viewers see it", |demo| {
        demo.simulator.broadcasts(CLIENT)[0]["status"] == "live"
    })
    .await?;
    a_minute_passes(demo);
    Ok(())
}

async fn dropped(demo: &Demo, keynote: u64) -> Result<()> {
    title("4. The signal drops for 15 seconds: viewers see a pause, and it goes on by itself");
    encoder(demo, keynote, false)?;
    let back = tokio::time::sleep(DROP);
    tokio::pin!(back);
    // It begins now.
    futures::future::poll_immediate(&mut back).await;
    wait(demo, "broadcast/keynote", "jsonpath={.status.state}=paused")?;
    demo.kubectl.show(&BOTH)?;
    back.await;
    encoder(demo, keynote, true)?;
    wait(demo, "broadcast/keynote", "jsonpath={.status.state}=live")?;
    wait(
        demo,
        "livestream/keynote",
        "jsonpath={.status.recording}=true",
    )?;
    demo.kubectl.show(&BOTH)?;
    a_minute_passes(demo);
    let starts = demo
        .simulator
        .count("PUT", "/streaming/streams/{id}/start_recording");
    check(
        starts == 2,
        "a recording was asked for twice: the drop had ended the first file",
    )
}

fn finished(demo: &Demo, root: &Path, keynote: u64) -> Result<()> {
    title("5. The end: the recording stops, the broadcast is over, the stream is off");
    apply(demo, root, "5-stop-recording.yaml")?;
    wait(
        demo,
        "livestream/keynote",
        "jsonpath={.status.recording}=false",
    )?;
    apply(demo, root, "6-finish.yaml")?;
    wait(
        demo,
        "broadcast/keynote",
        "jsonpath={.status.state}=finished",
    )?;
    encoder(demo, keynote, false)?;
    apply(demo, root, "7-switch-off.yaml")?;
    wait(
        demo,
        "livestream/keynote",
        "jsonpath={.status.active}=false",
    )?;
    demo.kubectl.show(&BOTH)
}

fn videos(demo: &Demo, keynote: u64) -> Result<()> {
    title("6. The videos: two files, for the drop was longer than the provider waits");
    wait(
        demo,
        "livestream/keynote",
        "jsonpath={.status.videoCount}=2",
    )?;
    a_minute_passes(demo);
    for place in 0..2 {
        let ready = format!("jsonpath={{.status.videos[{place}].state}}=ready");
        wait(demo, "livestream/keynote", &ready)?;
    }
    demo.kubectl.show(&[
        "get",
        "livestream",
        "keynote",
        "-o=jsonpath={range .status.videos[*]}{.id}{\"\\t\"}{.state}{\"\\t\"}{.durationSeconds}{\" s\\t\"}{.hlsUrl}{\"\\n\"}{end}",
    ])?;
    let shown: Vec<Value> = demo.simulator.videos_of(keynote);
    check(shown.len() == 2, "the provider has two videos of it")
}

fn next_event(demo: &Demo, root: &Path) -> Result<()> {
    title("7. The next event: the same stream and encoder, another page");
    apply(demo, root, "2-switch-on.yaml")?;
    apply(demo, root, "8-next-event.yaml")?;
    wait(demo, "broadcast/keynote-day-two", "condition=Ready")?;
    demo.kubectl.show(&BOTH)?;
    check(
        demo.simulator.created_total(CLIENT) == 2,
        "there are just the stream made by hand and keynote",
    )
}
