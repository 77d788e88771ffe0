//! What a whole event costs, from its preparation to its video.

use std::{fs, io::Write as _, path::Path, process::Stdio};

use serde_json::{Value, json};

use crate::{
    bench::Bench,
    control_plane::control_plane,
    figure::Figure,
    provider::Call,
    stats::count,
    world::{UNLIMITED, Ways, World, is_ready},
};

/// What the tutorial's own application calls: nine changes.
const CHANGES: f64 = 9.0;

/// Plays it as fast as it goes.
pub async fn measure(bench: &Bench) {
    let mut ways = Ways::at(UNLIMITED);
    ways.poll = 3600;
    ways.webhooks = true;
    let world = World::new("tutorial", ways).await;
    let mark = world.provider.mark().await;
    play(&world).await;
    let calls = world.provider.calls(mark, None).await;
    let calls: Vec<&Call> = calls.iter().filter(|call| call.client.is_some()).collect();
    let of = |holds: &dyn Fn(&Call) -> bool| calls.iter().filter(|call| holds(call)).count();
    let changing = of(&|call| call.method != "GET");
    let videos = of(&|call| call.route == "/streaming/videos");
    let single = of(&|call| call.method == "GET" && call.id.is_some());
    let what = "(c1) changing calls for the whole tutorial, with webhooks";
    let figure = Figure::one("c1-tutorial", what, "", count(changing));
    let figure = figure.limit(CHANGES, "the provider's own tutorial");
    bench.tell(figure.note(format!(
        "beside them {} pages of lists, {videos} pages of videos, {single} reads of single things",
        calls.len() - changing - videos - single
    )));
    world.abandon().await;
}

async fn play(world: &World) {
    let stream = async |pointer: &str, value: Value| {
        let what = format!("{pointer} is {value}");
        world
            .until("LiveStream", "keynote", &what, |object| {
                object.data.pointer(pointer) == Some(&value)
            })
            .await;
    };
    let page = async |state: &str| {
        world
            .until("Broadcast", "keynote", state, |object| {
                object.data["status"]["state"] == state
            })
            .await;
    };
    apply(world, "1-prepare.yaml").await;
    let ready = world.board.until_ready("keynote").await;
    world.until("Broadcast", "keynote", "ready", is_ready).await;
    let id = ready.stream_id.unwrap();
    apply(world, "2-switch-on.yaml").await;
    stream("/status/active", json!(true)).await;
    world.provider.encoder(&id, true).await;
    stream("/status/live", json!(true)).await;
    apply(world, "3-go-live.yaml").await;
    page("live").await;
    apply(world, "4-record.yaml").await;
    stream("/status/recording", json!(true)).await;
    world.provider.advance(60).await;
    apply(world, "5-stop-recording.yaml").await;
    stream("/status/recording", json!(false)).await;
    stream("/status/videoCount", json!(1)).await;
    apply(world, "6-finish.yaml").await;
    page("finished").await;
    world.provider.encoder(&id, false).await;
    apply(world, "7-switch-off.yaml").await;
    stream("/status/live", json!(false)).await;
    world.cluster.delete("Broadcast", "keynote").await;
    world.provider.advance(60).await;
    stream("/status/videos/0/state", json!("ready")).await;
}

/// One of its manifests, as a user applies it.
async fn apply(world: &World, file: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tutorial");
    let manifest = fs::read_to_string(folder.join(file)).unwrap();
    let namespace = world.cluster.namespace.clone();
    let output = tokio::task::spawn_blocking(move || {
        let mut process = control_plane()
            .kubectl()
            .args(["--namespace", &namespace, "apply", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = process.stdin.take().unwrap();
        stdin.write_all(manifest.as_bytes()).unwrap();
        drop(stdin);
        process.wait_with_output().unwrap()
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{output:?}");
}
