//! What the provider tells a client's webhook (product page "Webhooks", its older versions, the
//! tutorial). Unsigned, once, and never of a stream's creation, deletion or settings.

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::stream::Stream;
use super::video::Video;
use super::world::{What, World};
use crate::clock::Moment;
use crate::outbox::{Post, Target};

/// A client's webhook.
#[derive(Clone, Debug, Default)]
pub(super) struct Hook {
    pub(super) target: Option<Target>,
    /// How many there were so far, whatever became of them.
    count: u64,
}

/// What of a stream is told when it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    live: bool,
    backup_live: bool,
    recording: bool,
    transcoding: bool,
}

impl Told {
    fn of(stream: &Stream, ways: &Behaviour) -> Self {
        Self {
            live: stream.primary.live,
            backup_live: stream.backup.live,
            recording: stream.recorder.is_recording(ways),
            transcoding: stream.is_live() && stream.transcoding,
        }
    }
}

/// Tells of a stream, if there is anything new to tell.
pub(super) fn stream(world: &mut World, client: u64, id: u64, now: Moment) {
    let account = world.account(client);
    let ways = &account.behaviour;
    let Some(stream) = account.streams.get_mut(&id) else {
        return;
    };
    let told = Told::of(stream, ways);
    if std::mem::replace(&mut stream.told, told) == told {
        return;
    }
    let mut message = json!({"id": id, "live": told.live, "recording": told.recording});
    if !ways.webhook_old_payload {
        let settings = stream.settings.all();
        message["backup_live"] = json!(told.backup_live);
        message["transcoding"] = json!(told.transcoding);
        for field in ["client_user_id", "client_entity_data", "pull"] {
            message[field] = settings.get(field).cloned().unwrap_or_default();
        }
        // The official example of a PUSH stream has its push key here.
        message["uri"] = if stream.is_pull() {
            settings.get("uri").cloned().unwrap_or_default()
        } else {
            json!(stream.push_url())
        };
        message["stream_source_type"] = json!(stream.source_type());
    }
    tell(world, client, "stream", &json!({"stream": message}), now);
}

/// Tells of a video's status.
pub(super) fn video(world: &mut World, client: u64, id: u64, now: Moment) {
    let account = world.account(client);
    let old = account.behaviour.webhook_old_payload;
    if let Some(video) = account.videos.get(&id) {
        let message = json!({"video": video.told(old)});
        tell(world, client, "video", &message, now);
    }
}

/// Tells that a video has gone.
pub(super) fn video_deleted(world: &mut World, client: u64, video: &Video, now: Moment) {
    let message = json!({"video": {
        "id": video.id,
        "slug": video.slug,
        "name": video.settings.name(),
        "status": video.status.word(),
        "deleted_at": now,
    }});
    tell(world, client, "video_delete", &message, now);
}

/// Tells of a broadcast's status, where that is still done.
pub(super) fn broadcast(world: &mut World, client: u64, id: u64, now: Moment) {
    let account = world.account(client);
    if !account.behaviour.webhook_broadcasts {
        return;
    }
    if let Some(broadcast) = account.broadcasts.get(&id) {
        let message = json!({"broadcast": {"id": id, "status": broadcast.status()}});
        tell(world, client, "broadcast", &message, now);
    }
}

fn tell(world: &mut World, client: u64, kind: &str, message: &Value, now: Moment) {
    let account = world.account(client);
    let Some(target) = account.hook.target.clone() else {
        return;
    };
    account.hook.count += 1;
    let count = account.hook.count;
    let ways = &account.behaviour;
    let post = Post {
        client,
        target,
        happened_at: now,
        body: json!({"type": kind, "message": message}),
    };
    if ways.webhook_lose_every > 0 && count.is_multiple_of(ways.webhook_lose_every) {
        world.outbox.lose(&post, now);
        return;
    }
    let mut late = ways.webhook_late_seconds;
    if !count.is_multiple_of(2) {
        late += ways.webhook_reorder_seconds;
    }
    let again = ways.webhook_double.then(|| post.clone());
    for post in std::iter::once(post).chain(again) {
        if late > 0.0 {
            world.plan(client, now, late, What::Post(Box::new(post)));
        } else {
            world.outbox.send(post, now);
        }
    }
}
