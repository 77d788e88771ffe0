//! The operations on videos (API specification, Videos). Uploads are not made here: every video is a
//! recording, or was put there by hand.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::errors::{Invalid, bad_request, not_found};
use super::fields::{Settings, VIDEO};
use super::paging::{Ask, Filter};
use super::recorder::Piece;
use super::streams::Refusal;
use super::video::{Due, Fate, Recorded, Video, VideoStatus};
use super::webhooks;
use super::world::{Account, What, World};
use crate::clock::Moment;
use crate::front::{Incoming, Reply};

pub(super) fn missing() -> Reply {
    not_found("Video")
}

/// Only a video's own page has these.
const DETAILS: [&str; 3] = ["iframe_url", "sprite", "sprite_vtt"];

/// What `fields` can ask for.
const CHOICE: [&str; 11] = [
    "id",
    "name",
    "duration",
    "status",
    "created_at",
    "updated_at",
    "hls_url",
    "screenshots",
    "converted_videos",
    "priority",
    "stream_id",
];

/// What a list is asked for: all that is set must hold.
#[derive(Debug, Default)]
struct Wanted {
    ids: Option<Vec<String>>,
    stream: Option<String>,
    status: Option<String>,
    user: Option<String>,
    search: Option<String>,
}

/// What of a video a list can be asked for.
struct Facts<'a> {
    id: u64,
    slug: &'a str,
    name: &'a str,
    status: &'a str,
    stream: Option<u64>,
    user: Option<i64>,
}

impl Wanted {
    fn of(call: &Incoming) -> Self {
        let list = |text: String| text.split(',').map(|id| id.trim().to_owned()).collect();
        Self {
            ids: call.query_text("id").map(list),
            stream: call.query_text("stream_id"),
            status: call.query_text("status"),
            user: call.query_text("client_user_id"),
            search: call.query_text("search").filter(|text| !text.is_empty()),
        }
    }

    fn met_by(&self, facts: &Facts<'_>) -> bool {
        fn same(wanted: Option<&String>, has: Option<impl ToString>) -> bool {
            wanted.is_none_or(|wanted| has.is_some_and(|has| has.to_string() == *wanted))
        }
        let id = facts.id.to_string();
        same(self.stream.as_ref(), facts.stream)
            && same(self.status.as_ref(), Some(facts.status))
            && same(self.user.as_ref(), facts.user)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&id))
            && self.search.as_ref().is_none_or(|text| {
                *text == id || text == facts.slug || facts.name.contains(text.as_str())
            })
    }
}

impl Filter<Video> for Wanted {
    fn meets(&self, video: &Video) -> bool {
        let user = video.settings.all().get("client_user_id");
        self.met_by(&Facts {
            id: video.id,
            slug: &video.slug,
            name: video.settings.name(),
            status: video.status.word(),
            stream: video.recording.as_ref().map(|r| r.stream),
            user: user.and_then(Value::as_i64),
        })
    }

    fn meets_shown(&self, shown: &Value) -> bool {
        let text = |field: &str| shown.get(field).and_then(Value::as_str).unwrap_or("");
        let number = |field: &str| shown.get(field).and_then(Value::as_u64);
        self.met_by(&Facts {
            id: number("id").unwrap_or(0),
            slug: text("slug"),
            name: text("name"),
            status: text("status"),
            stream: number("stream_id"),
            user: shown.get("client_user_id").and_then(Value::as_i64),
        })
    }
}

pub(super) fn list(
    account: &mut Account,
    call: &Incoming,
    page: u64,
    now: Moment,
) -> Result<Reply, Refusal> {
    let ways = &account.behaviour;
    let size = match call.query("per_page").map(str::parse::<u64>) {
        Some(Ok(size)) if size >= 1 => size.min(ways.videos_per_page_max),
        Some(_) if ways.strict => {
            return Err(bad_request("per_page must be 1 or more"));
        }
        Some(_) | None => ways.page_size,
    };
    let choice: Option<Vec<String>> = call.query_text("fields").map(|fields| {
        fields
            .split(',')
            .map(|field| field.trim().to_owned())
            .collect()
    });
    let trim = |fields: &mut Map<String, Value>| {
        fields.retain(|name, _| !DETAILS.contains(&name.as_str()));
        if let Some(choice) = &choice {
            fields.retain(|name, _| CHOICE.contains(&name.as_str()) && choice.contains(name));
        }
    };
    let ask = Ask {
        page,
        size,
        now,
        filter: Wanted::of(call),
        show: Video::view,
        trim,
    };
    let items = ask.of(&mut account.videos, &mut account.behaviour);
    Ok(Reply::json(StatusCode::OK, items))
}

/// The video as an answer.
pub(super) fn shown(world: &mut World, client: u64, id: u64) -> Reply {
    let account = world.account(client);
    match account.videos.get(&id) {
        Some(video) => Reply::json(StatusCode::OK, video.view(&account.behaviour)),
        None => missing(),
    }
}

/// PATCH: flat (API specification), unlike everything else.
pub(super) fn update_body(
    body: &Map<String, Value>,
    strict: bool,
) -> Result<&Map<String, Value>, Refusal> {
    match body.get("video") {
        Some(Value::Object(inner)) if !strict => Ok(inner),
        Some(_) => Err(bad_request("param is not permitted: video")),
        None => Ok(body),
    }
}

/// Changes what the body names.
pub(super) fn update(
    world: &mut World,
    client: u64,
    id: u64,
    body: &Map<String, Value>,
    now: Moment,
) -> Result<(), Refusal> {
    let account = world.account(client);
    let Some(video) = account.videos.get(&id) else {
        return Err(missing());
    };
    let mut settings = video
        .settings
        .updated(body, &account.behaviour)
        .map_err(Invalid::reply)?;
    if body.get("remove_poster") == Some(&Value::Bool(true)) {
        settings.set("poster", Value::Null);
    }
    account.remember_video(id, now);
    if let Some(video) = account.videos.get_mut(&id) {
        let written = |name: &String| body.contains_key(name) && settings.all().contains_key(name);
        video.pinned.retain(|name, _| !written(name));
        video.settings = settings;
        video.updated_at = now;
    }
    Ok(())
}

/// Removes a video for good. `false`: there is none.
pub(super) fn delete(world: &mut World, client: u64, id: u64, now: Moment) -> bool {
    let account = world.account(client);
    account.remember_video(id, now);
    let Some(video) = account.videos.take(id) else {
        return false;
    };
    webhooks::video_deleted(world, client, &video, now);
    true
}

/// Makes the video of a recording.
pub(super) fn record(
    world: &mut World,
    client: u64,
    stream: u64,
    piece: Piece,
    fate: Fate,
    reason: Option<&'static str>,
    now: Moment,
) -> u64 {
    let account = world.account(client);
    let (mut name, mut user) = (String::new(), Value::Null);
    if let Some(stream) = account.streams.get(&stream) {
        stream.settings.name().clone_into(&mut name);
        if account.behaviour.recordings_inherit_user {
            let id = stream.settings.all().get("client_user_id");
            user = id.cloned().unwrap_or_default();
        }
    }
    let name = format!("Stream Record: {name}, {}", piece.ended_at.spaced());
    let id = empty(world, client, name, now);
    if let Some(video) = world.account(client).videos.get_mut(&id) {
        video.settings.set("client_user_id", user);
        video.fate = fate;
        video.reason = reason;
        video.length = piece.length;
        video.recording = Some(Recorded {
            stream,
            started_at: piece.started_at,
            record_type: piece.record_type,
        });
    }
    goes_on(world, client, id, now);
    id
}

/// A video of which nothing is there yet.
pub(super) fn empty(world: &mut World, client: u64, name: String, now: Moment) -> u64 {
    let (id, slug) = (world.take_id(), world.take_slug());
    let mut settings = Settings::defaults(&VIDEO);
    settings.set("name", Value::String(name));
    let account = world.account(client);
    let kept = account.behaviour.original_kept_seconds;
    let video = Video {
        id,
        client,
        slug,
        settings,
        status: VideoStatus::Empty,
        error: None,
        fate: Fate::Ready,
        reason: None,
        held: false,
        length: 0,
        original: kept > 0.0,
        created_at: now,
        updated_at: now,
        recording: None,
        pinned: Map::new(),
    };
    account.videos.add(id, video);
    if kept > 0.0 {
        world.plan(client, now, kept, What::Video(id, Due::OriginalGone));
    }
    id
}

/// Plans what follows from the status that a video has.
fn goes_on(world: &mut World, client: u64, id: u64, now: Moment) {
    let account = world.account(client);
    let video = account.videos.get(&id);
    if let Some((seconds, due)) = video.and_then(|video| video.next(&account.behaviour)) {
        world.plan(client, now, seconds, What::Video(id, due));
    }
}

/// What is due now.
pub(super) fn happen(world: &mut World, client: u64, id: u64, due: Due, now: Moment) {
    let Some(video) = world.account(client).videos.get_mut(&id) else {
        return;
    };
    match due {
        Due::OriginalGone => video.original = false,
        Due::Step(from) => {
            if video.step(from, now) {
                webhooks::video(world, client, id, now);
                goes_on(world, client, id, now);
            }
        }
    }
}

/// Sets fields by hand. A status that there is becomes the video's own, which then stays as it is.
pub(super) fn edit(
    world: &mut World,
    client: u64,
    id: u64,
    fields: &Map<String, Value>,
    now: Moment,
) {
    let account = world.account(client);
    account.remember_video(id, now);
    let Some(video) = account.videos.get_mut(&id) else {
        return;
    };
    let before = video.status;
    video.updated_at = now;
    set(video, fields);
    if video.status != before {
        webhooks::video(world, client, id, now);
    }
}

fn set(video: &mut Video, fields: &Map<String, Value>) {
    for (name, value) in fields {
        if video.force(name, value) {
            video.pinned.remove(name);
        } else {
            video.pinned.insert(name.clone(), value.clone());
        }
    }
}

/// Puts a video there by hand: ready, if nothing else is said. Nobody is told.
pub(super) fn put(world: &mut World, client: u64, fields: &Map<String, Value>, now: Moment) -> u64 {
    let id = empty(world, client, "by hand".to_owned(), now);
    if let Some(video) = world.account(client).videos.get_mut(&id) {
        video.status = VideoStatus::Ready;
        set(video, fields);
    }
    id
}
