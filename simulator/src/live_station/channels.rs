//! What can be done with channels: create, change, switch off and on, delete. (Pages "Create channel",
//! "Change channel", "Suspend channel", "Release suspension", "Terminate channel".)

use std::collections::VecDeque;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::behaviour::WhilePublishing;
use super::callbacks::{self, Event};
use super::channel::{Channel, Status};
use super::encoder;
use super::errors::{Code, Refusal};
use super::fields::Settings;
use super::world::{Account, What, World};
use crate::clock::Moment;
use crate::front::Reply;

/// Makes a channel and gives its number.
pub(super) fn create(
    world: &mut World,
    client: u64,
    body: &Map<String, Value>,
    now: Moment,
) -> Result<u64, Refusal> {
    let account = world.account(client);
    let settings = Settings::create(body, &account.behaviour)?;
    check_name(account, &settings, None)?;
    let wait = account.behaviour.creating_seconds;
    let (number, id) = world.take_channel(now);
    let channel = Channel {
        id,
        number,
        settings,
        status: Status::Creating,
        created_at: now,
        gone_at: None,
        stream_key: world.take_letters(32).to_lowercase(),
        backup_key: world.take_letters(32).to_lowercase(),
        keeps_trying: false,
        signal: false,
        losses: 0,
        stream_seq: 0,
        publish_started: None,
        published: 0,
        recording: None,
        callback_endpoint: None,
        events: VecDeque::new(),
        pinned: Map::new(),
    };
    world.account(client).add(channel);
    callbacks::tell(world, client, number, Event::StreamReserve, now);
    world.plan(client, now, wait, What::Created(number));
    Ok(number)
}

/// Whether another channel has this name, where that matters.
fn check_name(account: &Account, settings: &Settings, own: Option<u64>) -> Result<(), Refusal> {
    let name = settings.text("channelName");
    let mut others = account.present().filter(|other| Some(other.number) != own);
    if account.behaviour.unique_names && others.any(|other| other.name() == name) {
        let message = "channelName: is in use.";
        return Err(Refusal::new(Code::FormValidationFailed, message));
    }
    Ok(())
}

/// Changes the whole settings.
pub(super) fn update(
    world: &mut World,
    client: u64,
    number: u64,
    body: &Map<String, Value>,
    now: Moment,
) -> Result<(), Refusal> {
    let account = world.account(client);
    let ways = account.behaviour.clone();
    let channel = account.channel(number)?;
    let busy = channel.status == Status::Publishing
        && ways.update_while_publishing == WhilePublishing::Refused;
    let changeable = matches!(
        channel.status,
        Status::Ready | Status::Publishing | Status::Block
    );
    let settings = channel.settings.update(body, &ways)?;
    if busy || !changeable {
        let message = "The settings cannot be changed now.";
        return Err(Refusal::not_available(message));
    }
    check_name(account, &settings, Some(number))?;
    change(world, client, number, now, |channel| {
        channel.pinned.retain(|name, _| !body.contains_key(name));
        channel.settings = settings;
    });
    Ok(())
}

/// Changes a channel in any way, and tells of it.
pub(super) fn change(
    world: &mut World,
    client: u64,
    number: u64,
    now: Moment,
    edit: impl FnOnce(&mut Channel),
) {
    let account = world.account(client);
    account.remember(number, now);
    if let Some(channel) = account.channels.get_mut(&number) {
        edit(channel);
        callbacks::tell(world, client, number, Event::StreamUpdate, now);
    }
}

/// Off: from `READY` and `PUBLISHING`, whose broadcast is cut.
pub(super) fn off(world: &mut World, client: u64, number: u64, now: Moment) -> Result<(), Refusal> {
    let status = world.account(client).channel(number)?.status;
    if !matches!(status, Status::Ready | Status::Publishing) {
        let message = "The channel is neither READY nor PUBLISHING.";
        return Err(Refusal::not_available(message));
    }
    encoder::turn(world, client, number, Status::Block, now);
    Ok(())
}

/// On: back from off. (What the provider itself has blocked cannot be switched on: this simulator's
/// reading.)
pub(super) fn on(world: &mut World, client: u64, number: u64, now: Moment) -> Result<(), Refusal> {
    if world.account(client).channel(number)?.status != Status::Block {
        return Err(Refusal::not_available("The channel is not in BLOCK."));
    }
    encoder::turn(world, client, number, Status::Ready, now);
    Ok(())
}

/// Deletes a channel: only in `READY`.
pub(super) fn delete(
    world: &mut World,
    client: u64,
    number: u64,
    now: Moment,
) -> Result<(), Refusal> {
    if world.account(client).channel(number)?.status != Status::Ready {
        return Err(Refusal::not_available("The channel is not in READY."));
    }
    remove(world, client, number, Status::Deleted, now);
    Ok(())
}

/// Takes a channel away, whatever its state; its records stay until their time is over. `false`: it is
/// gone already.
pub(super) fn remove(
    world: &mut World,
    client: u64,
    number: u64,
    status: Status,
    now: Moment,
) -> bool {
    let there = world.account(client).channels.get(&number);
    if there.is_none_or(Channel::is_gone) {
        return false;
    }
    encoder::turn(world, client, number, status, now);
    let account = world.account(client);
    account.deleted += 1;
    if let Some(channel) = account.channels.get_mut(&number) {
        channel.gone_at = Some(now);
        channel.keeps_trying = false;
    }
    true
}

/// The channel as an answer.
pub(super) fn shown(account: &Account, number: u64, now: Moment) -> Result<Reply, Refusal> {
    let channel = account.channels.get(&number);
    let channel = channel.ok_or_else(Refusal::no_channel)?;
    let body = json!({"content": channel.view(&account.behaviour, now)});
    Ok(Reply::json(StatusCode::OK, body))
}

/// An answer with no more of the channel than its id, if it is not the whole of it.
pub(super) fn named(
    account: &Account,
    number: u64,
    whole: bool,
    now: Moment,
) -> Result<Reply, Refusal> {
    if whole {
        return shown(account, number, now);
    }
    let channel = account.channels.get(&number);
    let channel = channel.ok_or_else(Refusal::no_channel)?;
    let body = json!({"content": {"channelId": channel.id}});
    Ok(Reply::json(StatusCode::OK, body))
}

/// The events of a channel, the newest first. (Their order is not documented.)
pub(super) fn events(account: &Account, number: u64) -> Result<Reply, Refusal> {
    let channel = account.channels.get(&number);
    let channel = channel.ok_or_else(Refusal::no_channel)?;
    let events: Vec<&Value> = channel.events.iter().rev().collect();
    let body = json!({"content": events, "total": events.len()});
    Ok(Reply::json(StatusCode::OK, body))
}
