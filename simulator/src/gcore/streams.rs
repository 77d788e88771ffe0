//! The operations on streams (API specification, Streams). Each is a plain function on the world.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;
use super::encoder::{self, Plans};
use super::errors::{Invalid, bad_request, not_found};
use super::fields::{STREAM, Settings};
use super::paging::{All, Ask};
use super::recorder::Recorder;
use super::stream::{Leg, Stream};
use super::webhooks::Told;
use super::world::{Account, World};
use super::{broadcasts, links, quota};
use crate::clock::Moment;
use crate::front::Reply;

/// Why nothing was created or changed.
pub(super) type Refusal = Reply;

/// POST: flat (API specification, SDKs); wrapped only where not strict (tutorial).
pub(super) fn create_body(body: &Map<String, Value>, strict: bool) -> &Map<String, Value> {
    match body.get("stream") {
        Some(Value::Object(inner)) if !strict => inner,
        _ => body,
    }
}

/// PATCH: wrapped (API specification, SDKs, tutorial); flat only where not strict (WebRTC guide).
pub(super) fn update_body(
    body: &Map<String, Value>,
    strict: bool,
) -> Result<&Map<String, Value>, Refusal> {
    match body.get("stream") {
        Some(Value::Object(inner)) => Ok(inner),
        None if !strict => Ok(body),
        _ => Err(bad_request(
            "param is missing or the value is empty: stream",
        )),
    }
}

fn check(
    settings: &mut Settings,
    body: &Map<String, Value>,
    account: &Account,
) -> Result<(), Refusal> {
    let there = |id| account.broadcasts.contains_key(&id);
    links::check(settings, links::BROADCASTS, body, &account.behaviour, there)
        .map_err(Invalid::reply)
}

/// Makes a stream and gives its id.
pub(super) fn create(
    world: &mut World,
    client: u64,
    body: &Map<String, Value>,
    now: Moment,
) -> Result<u64, Refusal> {
    let account = world.account(client);
    let made = Settings::create(&STREAM, body, &account.behaviour);
    let mut settings = made.map_err(Invalid::reply)?;
    check(&mut settings, body, account)?;
    if settings.is("active") {
        quota::check(account, None)?;
    }
    let (id, token) = (world.take_id(), world.take_token());
    let mut stream = Stream {
        id,
        client,
        settings,
        token,
        created_at: now,
        primary: Leg::default(),
        backup: Leg::default(),
        protocol: "rtmp",
        transcoding: false,
        idle_since: now,
        pinned: Map::new(),
        recorder: Recorder::default(),
        told: Told::default(),
    };
    let account = world.account(client);
    let pull = stream.is_pull();
    let plans = encoder::settings_changed(&mut stream, false, pull, &account.behaviour, now);
    account.streams.add(id, stream);
    links::follow_stream(account, id, now);
    world.stream_changed(client, id, now, plans);
    Ok(id)
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
    let Some(stream) = account.streams.get(&id) else {
        return Err(missing());
    };
    let changed = stream.settings.updated(body, &account.behaviour);
    let mut settings = changed.map_err(Invalid::reply)?;
    check(&mut settings, body, account)?;
    if settings.is("active") && !stream.is_active() {
        quota::check(account, Some(id))?;
    }
    change(world, client, id, now, |stream| {
        let written = |name: &String| body.contains_key(name) && settings.all().contains_key(name);
        stream.pinned.retain(|name, _| !written(name));
        stream.settings = settings;
    });
    Ok(())
}

/// Changes a stream in any way, with all that follows.
pub(super) fn change(
    world: &mut World,
    client: u64,
    id: u64,
    now: Moment,
    edit: impl FnOnce(&mut Stream),
) {
    let account = world.account(client);
    account.remember(id, now);
    let Some(stream) = account.streams.get_mut(&id) else {
        return;
    };
    let (was_active, was_pull) = (stream.is_active(), stream.is_pull());
    edit(stream);
    let plans: Plans =
        encoder::settings_changed(stream, was_active, was_pull, &account.behaviour, now);
    links::follow_stream(account, id, now);
    world.stream_changed(client, id, now, plans);
}

/// A new push key. The old one is dead at once, and whoever sends with it is cut off; by a switch,
/// that does not succeed (API specification, `reset_push_token`, 202).
pub(super) fn reset_push_token(world: &mut World, client: u64, id: u64, now: Moment) -> Reply {
    let token = world.take_token();
    let account = world.account(client);
    let goes_on = account.behaviour.reset_token_accepted;
    account.remember(id, now);
    let ways = &account.behaviour;
    let Some(stream) = account.streams.get_mut(&id) else {
        return missing();
    };
    stream.token = token;
    if goes_on {
        let message = "The token is changed, but a running ingest could not be interrupted";
        return Reply::json(StatusCode::ACCEPTED, json!({"message": message})).applied();
    }
    let mut plans = Plans::new();
    if !stream.is_pull() {
        let off = encoder::Encoder {
            primary: Some(false),
            backup: Some(false),
            ..Default::default()
        };
        // Stopping is never refused.
        plans = encoder::command(stream, off, ways, now).unwrap_or_default();
    }
    world.stream_changed(client, id, now, plans);
    shown(world, client, id, now).applied()
}

/// The stream as an answer.
pub(super) fn shown(world: &mut World, client: u64, id: u64, now: Moment) -> Reply {
    match world.account(client).stream(id, now) {
        Some(stream) => Reply::json(StatusCode::OK, stream),
        None => missing(),
    }
}

pub(super) fn list(account: &mut Account, page: u64, with_broadcasts: bool, now: Moment) -> Reply {
    let detailed = with_broadcasts || account.behaviour.legacy_fields;
    let ways = detailed.then(|| account.behaviour.clone());
    let broadcasts = &account.broadcasts;
    let trim = |fields: &mut Map<String, Value>| {
        if let Some(ways) = &ways {
            let ids = fields.get(links::BROADCASTS).and_then(Value::as_array);
            let ids = ids.into_iter().flatten().filter_map(Value::as_u64);
            let details = broadcasts::details(broadcasts, &ids.collect::<Vec<_>>(), ways);
            fields.insert("broadcasts".to_owned(), details);
        }
    };
    let ask = Ask {
        page,
        size: account.behaviour.page_size,
        now,
        filter: All,
        show: |stream: &Stream, ways: &Behaviour| stream.view(ways, now),
        trim,
    };
    let items = ask.of(&mut account.streams, &mut account.behaviour);
    Reply::json(StatusCode::OK, items)
}

pub(super) fn missing() -> Reply {
    not_found("Stream")
}
