//! What the provider tells of a channel: its events, and the callbacks that bring them. Unsigned, once
//! (of repeats no document says anything), with no more in them than that something happened.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::errors::{Code, Refusal};
use super::world::{What, World};
use crate::clock::Moment;
use crate::front::Reply;
use crate::outbox::{Post, Target};

/// A client's callbacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Hook {
    /// Where they go, but for channels that have an endpoint of their own.
    pub(super) endpoint: Option<String>,
    /// How many there were so far, whatever became of them.
    count: u64,
}

/// What is told. (Page "Callback information"; there are more, which need more than there is here.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    StreamReserve,
    StreamUpdate,
    PublishStart,
    PublishEnd,
    /// Recording has begun, whatever its name says.
    OnairStart,
    OnairEnd,
}

impl Event {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::StreamReserve => ("STREAM_RESERVE", "The channel was created"),
            Self::StreamUpdate => ("STREAM_UPDATE", "The settings were changed"),
            Self::PublishStart => ("PUBLISH_START", "The broadcast has begun"),
            Self::PublishEnd => ("PUBLISH_END", "The broadcast has ended"),
            Self::OnairStart => ("ONAIR_START", "Recording has begun"),
            Self::OnairEnd => ("ONAIR_END", "Recording has ended"),
        }
    }
}

/// Notes an event of a channel, and tells it to whom it concerns.
pub(super) fn tell(world: &mut World, client: u64, number: u64, event: Event, now: Moment) {
    let (code, description) = event.words();
    let account = world.account(client);
    let Some(channel) = account.channels.get_mut(&number) else {
        return;
    };
    channel.event(json!({
        "logLevel": "INFO",
        "eventCode": code,
        "description": description,
        "timestamp": now.as_millis(),
        "channelId": channel.id,
    }));
    let id = channel.id.clone();
    let endpoint = channel.callback_endpoint.as_ref();
    let Some(endpoint) = endpoint.or(account.hook.endpoint.as_ref()) else {
        return;
    };
    // https is taken, as the provider does, but there is nobody here who could speak it.
    let Ok(target) = Target::parse(endpoint) else {
        return;
    };
    account.hook.count += 1;
    let count = account.hook.count;
    let ways = &account.behaviour;
    let (entry, at) = (json!(count), json!(now.as_millis()));
    let as_text = |number: Value| {
        if ways.numbers_as_text {
            json!(number.to_string())
        } else {
            number
        }
    };
    let post = Post {
        client,
        target,
        happened_at: now,
        body: json!({
            "id": as_text(entry),
            "logLevel": "INFO",
            "channelId": id,
            "event": code,
            "timestamp": as_text(at),
        }),
    };
    if ways.callback_lose_every > 0 && count.is_multiple_of(ways.callback_lose_every) {
        world.outbox.lose(&post, now);
        return;
    }
    let mut late = ways.callback_late_seconds;
    if !count.is_multiple_of(2) {
        late += ways.callback_reorder_seconds;
    }
    let again = ways.callback_double.then(|| post.clone());
    for post in std::iter::once(post).chain(again) {
        if late > 0.0 {
            world.plan(client, now, late, What::Post(Box::new(post)));
        } else {
            world.outbox.send(post, now);
        }
    }
}

/// The address in a body. The default endpoint is named `callbackUrl`, a channel's `callbackEndpoint`.
pub(super) fn endpoint(body: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    let address = match body.get(name) {
        None | Some(Value::Null) => {
            return Err(Refusal::new(
                Code::NeedValue,
                format!("{name} is required."),
            ));
        }
        Some(Value::String(address)) => address,
        Some(_) => {
            let message = format!("{name} has the wrong type.");
            return Err(Refusal::new(Code::ParamTypeError, message));
        }
    };
    let good = ["http://", "https://"];
    if !good.iter().any(|scheme| address.starts_with(scheme)) {
        let message = format!("{name} is no URL.");
        return Err(Refusal::new(Code::FormValidationFailed, message));
    }
    Ok(address.clone())
}

/// The default endpoint, as an answer. (What it looks like is not documented.)
pub(super) fn shown(world: &mut World, client: u64) -> Reply {
    let endpoint = &world.account(client).hook.endpoint;
    Reply::json(
        StatusCode::OK,
        json!({"content": {"callbackUrl": endpoint}}),
    )
}
