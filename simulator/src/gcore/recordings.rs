//! `start_recording`, `stop_recording`, and what becomes of a recorder's files.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::behaviour::{NothingStopped, StartErrors};
use super::errors::Invalid;
use super::recorder::{Order, Piece, Turn};
use super::streams;
use super::video::{Fate, MEGABYTES_PER_MINUTE, NO_SPACE, VideoStatus};
use super::world::{Account, World};
use super::{videos, webhooks};
use crate::clock::Moment;
use crate::front::Reply;

/// How full a client's storage is.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Storage {
    /// Minutes of video that are stored: what was there before, all videos, and open files.
    pub used_minutes: f64,
    /// Minutes that may be.
    pub limit_minutes: f64,
}

impl Storage {
    pub(super) fn of(account: &Account, now: Moment) -> Self {
        // What failed before it had a file takes no room.
        let videos = account.videos.values();
        let videos = videos.filter(|v| v.status != VideoStatus::Empty || v.error.is_none());
        let videos = videos.map(|video| video.length);
        let open = account.streams.values();
        let open = open.map(|stream| stream.recorder.open_length(now));
        let ways = &account.behaviour;
        Self {
            used_minutes: ways.storage_used_minutes + minutes(videos.chain(open).sum()),
            limit_minutes: ways.storage_limit_minutes,
        }
    }

    fn is_full(self) -> bool {
        self.used_minutes >= self.limit_minutes
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of any time are far below 2^52"
)]
fn minutes(millis: i64) -> f64 {
    millis as f64 / 60_000.0
}

/// Megabytes, as the API counts storage.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast to whole numbers stops at the ends"
)]
fn megabytes(minutes: f64) -> u64 {
    (minutes * MEGABYTES_PER_MINUTE) as u64
}

/// What a start does, and says.
pub(super) fn start(world: &mut World, client: u64, id: u64, now: Moment) -> Reply {
    let account = world.account(client);
    let storage = Storage::of(account, now);
    let ways = account.behaviour.clone();
    let Some(stream) = account.streams.get(&id) else {
        return streams::missing();
    };
    if !stream.is_live() {
        return ways.not_live.reply();
    }
    if stream.recorder.is_busy() {
        return match &ways.already_recording {
            Some(canned) => canned.reply(),
            None => Reply::empty(StatusCode::NO_CONTENT).applied(),
        };
    }
    if storage.is_full() {
        let message = "Error text: No space for recording the stream.";
        return Invalid::one("name", message).reply();
    }
    let errors = ways.start_errors.as_ref();
    let starts = errors.is_none_or(|errors| errors.starts);
    if starts {
        begin(world, client, id, true, now);
    }
    let nearly_full = storage.used_minutes >= storage.limit_minutes * ways.storage_warning_share;
    let reply = if nearly_full || errors.is_some() {
        let body = started(client, id, storage, nearly_full, errors);
        Reply::json(StatusCode::OK, body)
    } else {
        Reply::empty(StatusCode::NO_CONTENT)
    };
    if starts { reply.applied() } else { reply }
}

/// API specification, 200 of `start_recording`.
fn started(
    client: u64,
    id: u64,
    storage: Storage,
    nearly_full: bool,
    errors: Option<&StartErrors>,
) -> Value {
    let usage = megabytes(storage.used_minutes);
    let limit = megabytes(storage.limit_minutes);
    let warning = json!({
        "key": "client_storage_almost_exceeded",
        "source_object": {"id": client, "type": "client"},
        "meta": {"storage_usage_mb": usage, "storage_limit_mb": limit},
    });
    json!({
        "data": {"stream": {
            "id": id,
            "client": {"id": client, "storage_usage_mb": usage, "storage_limit_mb": limit},
        }},
        "warnings": if nearly_full { json!([warning]) } else { json!([]) },
        "errors": errors.map_or_else(Vec::new, |errors| errors.errors.clone()),
    })
}

/// What a stop does, and says.
pub(super) fn stop(world: &mut World, client: u64, id: u64, now: Moment) -> Reply {
    if !world.account(client).streams.contains_key(&id) {
        return streams::missing();
    }
    let video = end(world, client, id, now);
    let account = world.account(client);
    let video = video.and_then(|video| account.videos.get(&video));
    let reply = match video {
        Some(video) => Reply::json(StatusCode::OK, video.view(&account.behaviour)),
        None => match account.behaviour.nothing_stopped {
            NothingStopped::Empty => Reply::empty(StatusCode::OK),
            NothingStopped::Null => Reply::json(StatusCode::OK, Value::Null),
            NothingStopped::NoContent => Reply::empty(StatusCode::NO_CONTENT),
        },
    };
    reply.applied()
}

/// Recording ends now; the video that this made.
pub(super) fn end(world: &mut World, client: u64, id: u64, now: Moment) -> Option<u64> {
    let account = world.account(client);
    account.remember(id, now);
    let video = cut_off(world, client, id, now);
    webhooks::stream(world, client, id, now);
    video
}

/// The same, and nobody is told.
pub(super) fn cut_off(world: &mut World, client: u64, id: u64, now: Moment) -> Option<u64> {
    let account = world.account(client);
    let stream = account.streams.get_mut(&id)?;
    let piece = stream.recorder.stop(&account.behaviour, now)?;
    Some(keep(world, client, id, piece, now))
}

fn begin(world: &mut World, client: u64, id: u64, called: bool, now: Moment) {
    let account = world.account(client);
    if let Some(stream) = account.streams.get_mut(&id) {
        let record_type = stream.settings.text("record_type").to_owned();
        let order = Order {
            record_type,
            called,
        };
        stream.recorder.start(order, &account.behaviour, now);
    }
    look(world, client, id, now);
}

/// After anything that may have changed a stream's ingest.
pub(super) fn follow(world: &mut World, client: u64, id: u64, now: Moment) {
    let account = world.account(client);
    let Some(stream) = account.streams.get_mut(&id) else {
        return;
    };
    let (live, automatic) = (stream.is_live(), stream.settings.is("auto_record"));
    match stream.recorder.ingest(live, &account.behaviour, now) {
        Turn::Look => look(world, client, id, now),
        // Without room nothing is begun, and nobody is told.
        Turn::Session { resumes } if resumes || automatic => {
            if !Storage::of(account, now).is_full() {
                begin(world, client, id, resumes, now);
            }
        }
        Turn::None | Turn::Session { .. } => {}
    }
}

/// Lets the recorder do what is due.
pub(super) fn look(world: &mut World, client: u64, id: u64, now: Moment) {
    let account = world.account(client);
    let Some(stream) = account.streams.get_mut(&id) else {
        return;
    };
    let (piece, again) = stream.recorder.look(&account.behaviour, now);
    if let Some(seconds) = again {
        world.look_at_recorder(client, id, now, seconds);
    }
    if let Some(piece) = piece {
        keep(world, client, id, piece, now);
    }
}

/// Makes a video of a file.
fn keep(world: &mut World, client: u64, id: u64, piece: Piece, now: Moment) -> u64 {
    let account = world.account(client);
    let storage = Storage::of(account, now);
    let over = storage.used_minutes + minutes(piece.length) > storage.limit_minutes;
    let (fate, reason) = match account.fates.pop_front() {
        Some(fate) => (fate, None),
        None if over => (Fate::EmptyWithError, Some(NO_SPACE)),
        None => (Fate::Ready, None),
    };
    videos::record(world, client, id, piece, fate, reason, now)
}
