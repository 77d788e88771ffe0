//! Streams and broadcasts name each other (`broadcast_ids`, `stream_ids`). Either side can be written,
//! and the other follows.

use serde_json::{Map, Value, json};

use super::behaviour::{Behaviour, UnknownIds};
use super::errors::Invalid;
use super::fields::Settings;
use super::world::Account;
use crate::clock::Moment;

/// Looks through the ids that a body has written into this field: each is kept once, and those that
/// `exists` does not know are refused, or dropped, by a switch.
pub(super) fn check(
    settings: &mut Settings,
    field: &'static str,
    body: &Map<String, Value>,
    ways: &Behaviour,
    exists: impl Fn(u64) -> bool,
) -> Result<(), Invalid> {
    if !body.contains_key(field) || ways.ignore_fields.iter().any(|f| f == field) {
        return Ok(());
    }
    let mut ids: Vec<u64> = Vec::new();
    // A number below zero is no id of anything.
    let written = settings.all().get(field).and_then(Value::as_array);
    for id in written.into_iter().flatten() {
        match id.as_u64().filter(|id| exists(*id)) {
            Some(id) if ids.contains(&id) => {}
            Some(id) => ids.push(id),
            None if ways.unknown_ids == UnknownIds::Refused => {
                return Err(Invalid::one(field, &format!("not found: {id}")));
            }
            None => {}
        }
    }
    settings.set(field, json!(ids));
    Ok(())
}

/// After a stream's `broadcast_ids` may have changed: the broadcasts follow. New ones get the stream
/// behind those that they have.
pub(super) fn follow_stream(account: &mut Account, id: u64, now: Moment) {
    let Some(stream) = account.streams.get(&id) else {
        return;
    };
    let wanted = stream.settings.ids(BROADCASTS);
    let broadcasts = account.broadcasts.iter();
    let changed: Vec<(u64, Vec<u64>)> = broadcasts
        .filter_map(|(other, broadcast)| {
            let named = broadcast.settings.ids(STREAMS);
            Some((*other, with(named, id, wanted.contains(other))?))
        })
        .collect();
    for (other, ids) in changed {
        account.remember_broadcast(other, now);
        if let Some(broadcast) = account.broadcasts.get_mut(&other) {
            broadcast.settings.set(STREAMS, json!(ids));
        }
    }
}

/// After a broadcast's `stream_ids` may have changed, or it has gone: the streams follow.
pub(super) fn follow_broadcast(account: &mut Account, id: u64, now: Moment) {
    let broadcast = account.broadcasts.get(&id);
    let wanted = broadcast.map_or_else(Vec::new, |b| b.settings.ids(STREAMS));
    let streams = account.streams.iter();
    let changed: Vec<(u64, Vec<u64>)> = streams
        .filter_map(|(other, stream)| {
            let named = stream.settings.ids(BROADCASTS);
            Some((*other, with(named, id, wanted.contains(other))?))
        })
        .collect();
    for (other, ids) in changed {
        account.remember(other, now);
        if let Some(stream) = account.streams.get_mut(&other) {
            stream.settings.set(BROADCASTS, json!(ids));
        }
    }
}

/// A stream has gone: broadcasts no longer name it, unless a switch lets them.
pub(super) fn stream_gone(account: &mut Account, id: u64, now: Moment) {
    if !account.behaviour.deletion_detaches {
        return;
    }
    let broadcasts = account.broadcasts.iter();
    let naming: Vec<u64> = broadcasts
        .filter(|(_, broadcast)| broadcast.settings.ids(STREAMS).contains(&id))
        .map(|(other, _)| *other)
        .collect();
    for other in naming {
        account.remember_broadcast(other, now);
        if let Some(broadcast) = account.broadcasts.get_mut(&other) {
            let mut ids = broadcast.settings.ids(STREAMS);
            ids.retain(|named| *named != id);
            broadcast.settings.set(STREAMS, json!(ids));
        }
    }
}

pub(super) const STREAMS: &str = "stream_ids";
pub(super) const BROADCASTS: &str = "broadcast_ids";

/// These ids with or without this one; `None`: they are so already.
fn with(mut ids: Vec<u64>, id: u64, named: bool) -> Option<Vec<u64>> {
    match (ids.contains(&id), named) {
        (true, true) | (false, false) => return None,
        (false, true) => ids.push(id),
        (true, false) => ids.retain(|has| *has != id),
    }
    Some(ids)
}
