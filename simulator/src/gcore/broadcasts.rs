//! The operations on broadcasts (API specification, Broadcasts).

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::behaviour::{Behaviour, BroadcastAnswer};
use super::broadcast::Broadcast;
use super::errors::{Invalid, bad_request, not_found};
use super::fields::{BROADCAST, Settings};
use super::links;
use super::paging::{All, Ask};
use super::shelf::Shelf;
use super::streams::Refusal;
use super::webhooks;
use super::world::{Account, World};
use crate::clock::Moment;
use crate::front::Reply;

pub(super) fn missing() -> Reply {
    not_found("Broadcast")
}

/// POST and PATCH: wrapped (API specification, SDKs, tutorial); flat only where not strict (an old
/// official demo app).
pub(super) fn body(
    body: &Map<String, Value>,
    strict: bool,
) -> Result<&Map<String, Value>, Refusal> {
    match body.get("broadcast") {
        Some(Value::Object(inner)) => Ok(inner),
        None if !strict => Ok(body),
        _ => Err(bad_request(
            "param is missing or the value is empty: broadcast",
        )),
    }
}

pub(super) fn list(account: &mut Account, page: u64, now: Moment) -> Reply {
    let without_id = account.behaviour.broadcasts_without_id;
    let trim = |fields: &mut Map<String, Value>| {
        if without_id {
            fields.remove("id");
        }
    };
    let ask = Ask {
        page,
        size: account.behaviour.page_size,
        now,
        filter: All,
        show: Broadcast::view,
        trim,
    };
    let items = ask.of(&mut account.broadcasts, &mut account.behaviour);
    Reply::json(StatusCode::OK, items)
}

/// The broadcast as an answer.
pub(super) fn shown(world: &mut World, client: u64, id: u64) -> Reply {
    let account = world.account(client);
    match account.broadcasts.get(&id) {
        Some(broadcast) => Reply::json(StatusCode::OK, broadcast.view(&account.behaviour)),
        None => missing(),
    }
}

/// The answer to a POST.
pub(super) fn created(world: &mut World, client: u64, id: u64) -> Reply {
    let mut reply = shown(world, client, id);
    match world.account(client).behaviour.broadcast_answer {
        BroadcastAnswer::Whole => reply,
        BroadcastAnswer::WithoutId => {
            if let Some(Value::Object(fields)) = &mut reply.body {
                fields.remove("id");
            }
            reply
        }
        BroadcastAnswer::Empty => Reply::empty(StatusCode::OK),
    }
}

pub(super) fn spectators(account: &Account, id: u64) -> Reply {
    match account.broadcasts.get(&id) {
        Some(broadcast) => Reply::json(
            StatusCode::OK,
            json!({"spectators_count": broadcast.spectators()}),
        ),
        None => missing(),
    }
}

fn check(
    settings: &mut Settings,
    body: &Map<String, Value>,
    account: &Account,
) -> Result<(), Refusal> {
    let there = |id| account.streams.contains_key(&id);
    links::check(settings, links::STREAMS, body, &account.behaviour, there).map_err(Invalid::reply)
}

/// Makes a broadcast and gives its id.
pub(super) fn create(
    world: &mut World,
    client: u64,
    body: &Map<String, Value>,
    now: Moment,
) -> Result<u64, Refusal> {
    let account = world.account(client);
    let made = Settings::create(&BROADCAST, body, &account.behaviour);
    let mut settings = made.map_err(Invalid::reply)?;
    check(&mut settings, body, account)?;
    let id = world.take_id();
    let account = world.account(client);
    let broadcast = Broadcast {
        id,
        client,
        settings,
        created_at: now,
        pinned: Map::new(),
    };
    account.broadcasts.add(id, broadcast);
    links::follow_broadcast(account, id, now);
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
    let Some(broadcast) = account.broadcasts.get(&id) else {
        return Err(missing());
    };
    let changed = broadcast.settings.updated(body, &account.behaviour);
    let mut settings = changed.map_err(Invalid::reply)?;
    check(&mut settings, body, account)?;
    change(world, client, id, now, |broadcast| {
        let written = |name: &String| body.contains_key(name) && settings.all().contains_key(name);
        broadcast.pinned.retain(|name, _| !written(name));
        broadcast.settings = settings;
    });
    Ok(())
}

/// Changes a broadcast in any way, with all that follows.
pub(super) fn change(
    world: &mut World,
    client: u64,
    id: u64,
    now: Moment,
    edit: impl FnOnce(&mut Broadcast),
) {
    let account = world.account(client);
    account.remember_broadcast(id, now);
    let Some(broadcast) = account.broadcasts.get_mut(&id) else {
        return;
    };
    let status = broadcast.status().to_owned();
    edit(broadcast);
    let told = broadcast.status() != status;
    links::follow_broadcast(account, id, now);
    if told {
        webhooks::broadcast(world, client, id, now);
    }
}

/// Removes a broadcast for good. `false`: there is none.
pub(super) fn delete(account: &mut Account, id: u64, now: Moment) -> bool {
    account.remember_broadcast(id, now);
    let gone = account.broadcasts.take(id).is_some();
    links::follow_broadcast(account, id, now);
    gone
}

/// The broadcasts with these ids, as a stream in a list shows them.
pub(super) fn details(all: &Shelf<Broadcast>, ids: &[u64], ways: &Behaviour) -> Value {
    let there = ids.iter().filter_map(|id| all.get(id));
    there.map(|broadcast| broadcast.view(ways)).collect()
}
