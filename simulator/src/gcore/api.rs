//! The API's routes: from a call to the operation it names, past key, limit and switches.

use std::sync::{Arc, Mutex};

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::errors::{bad_request, plain, too_many};
use super::world::World;
use super::{paging, streams};
use crate::clock::{Clock, Moment};
use crate::front::{Identity, Incoming, Provider, Reply};
use crate::lock::lock;

/// Gcore, behind its front.
#[derive(Debug)]
pub(super) struct Gcore {
    pub(super) world: Mutex<World>,
    pub(super) clock: Arc<Clock>,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path<'a> {
    Me,
    Streams,
    Stream(&'a str),
    ResetPushToken(&'a str),
    Unknown,
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Self {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts[..] {
            ["iam", "clients", "me"] => Self::Me,
            ["streaming", "streams"] => Self::Streams,
            ["streaming", "streams", id] if !id.is_empty() => Self::Stream(id),
            ["streaming", "streams", id, "reset_push_token"] => Self::ResetPushToken(id),
            _ => Self::Unknown,
        }
    }

    /// As the documents write it.
    fn template(self) -> &'static str {
        match self {
            Self::Me => "/iam/clients/me",
            Self::Streams => "/streaming/streams",
            Self::Stream(_) => "/streaming/streams/{id}",
            Self::ResetPushToken(_) => "/streaming/streams/{id}/reset_push_token",
            Self::Unknown => "",
        }
    }

    fn id(self) -> Option<&'a str> {
        match self {
            Self::Stream(id) | Self::ResetPushToken(id) => Some(id),
            Self::Me | Self::Streams | Self::Unknown => None,
        }
    }
}

impl Provider for Gcore {
    fn identify(&self, call: &Incoming) -> Identity {
        let path = Path::of(&call.path);
        let now = self.clock.now();
        let world = lock(&self.world);
        let key = world.keys.check(call.headers.get(AUTHORIZATION), now).ok();
        let client = key.map(|key| key.client);
        Identity {
            route: path.template(),
            id: path.id().map(str::to_owned),
            client,
            key: key.map(|key| key.number),
            name: name_in(call.json.as_ref()).or_else(|| {
                let id: u64 = path.id()?.parse().ok()?;
                let stream = world.accounts.get(&client?)?.streams.get(&id)?;
                Some(stream.settings.name().to_owned())
            }),
        }
    }

    fn answer(&self, call: &Incoming, _: &Identity) -> Reply {
        let now = self.clock.now();
        let mut world = lock(&self.world);
        world.settle(now);
        let key = match world.keys.check(call.headers.get(AUTHORIZATION), now) {
            Ok(key) => key,
            Err(denied) => return denied.reply(),
        };
        let (client, may) = (key.client, key.may(&call.method));
        let account = world.account(client);
        let ways = &account.behaviour;
        if let Some(limit) = ways.calls_per_second
            && !account.calls.admit(self.clock.elapsed(), limit)
        {
            return too_many(ways.retry_after.as_deref());
        }
        if let Err(denied) = may {
            return denied.reply();
        }
        route(&mut world, client, call, now)
    }
}

/// The name in a body, flat or wrapped.
fn name_in(body: Option<&Value>) -> Option<String> {
    let body = body?;
    let name = body.get("name").or_else(|| body.get("stream")?.get("name"));
    name?.as_str().map(str::to_owned)
}

fn route(world: &mut World, client: u64, call: &Incoming, now: Moment) -> Reply {
    let path = Path::of(&call.path);
    match (path, &call.method) {
        (Path::Me, &Method::GET) => me(client),
        (Path::Streams, &Method::GET) => list(world, client, call, now),
        (Path::Streams, &Method::POST) => create(world, client, call, now),
        (Path::Stream(id), &Method::GET) => match reachable(world, client, id, now) {
            Ok(id) => shown(world, client, id),
            Err(reply) => reply,
        },
        (Path::Stream(id), &Method::PATCH) => match reachable(world, client, id, now) {
            Ok(id) => update(world, client, id, call, now),
            Err(reply) => reply,
        },
        (Path::Stream(id), &Method::DELETE) => match reachable(world, client, id, now) {
            Ok(id) => {
                world.account(client).delete(id, now);
                Reply::empty(StatusCode::NO_CONTENT).applied()
            }
            Err(reply) => reply,
        },
        (Path::ResetPushToken(id), &Method::POST) => match reachable(world, client, id, now) {
            Ok(id) => streams::reset_push_token(world, client, id, now),
            Err(reply) => reply,
        },
        (Path::Unknown, _) => plain(StatusCode::NOT_FOUND, "Not Found"),
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
    }
}

/// The developer guide checks a token with this call; of its answer only `id` matters here.
fn me(client: u64) -> Reply {
    let body = json!({
        "id": client,
        "name": format!("client-{client}"),
        "companyName": format!("Client {client}"),
        "email": format!("client-{client}@example.com"),
        "status": "active",
    });
    Reply::json(StatusCode::OK, body)
}

fn list(world: &mut World, client: u64, call: &Incoming, now: Moment) -> Reply {
    let account = world.account(client);
    let page = match call.query("page").map(str::parse::<u64>) {
        Some(Ok(page)) if page >= 1 => page,
        Some(_) if account.behaviour.strict => return bad_request("page must be 1 or more"),
        Some(_) | None => 1,
    };
    let with_broadcasts = call.query("with_broadcasts") == Some("1");
    let items = paging::page(account, page, with_broadcasts, now);
    Reply::json(StatusCode::OK, items)
}

fn create(world: &mut World, client: u64, call: &Incoming, now: Moment) -> Reply {
    let strict = world.account(client).behaviour.strict;
    let made = object(call, strict)
        .map(|body| streams::create_body(body, strict))
        .and_then(|body| streams::create(world, client, body, now));
    match made {
        // 200, not 201: OpenAPI spec, createStream.
        Ok(id) => shown(world, client, id).applied(),
        Err(reply) => reply,
    }
}

fn update(world: &mut World, client: u64, id: u64, call: &Incoming, now: Moment) -> Reply {
    let strict = world.account(client).behaviour.strict;
    let done = object(call, strict)
        .and_then(|body| streams::update_body(body, strict))
        .and_then(|body| streams::update(world, client, id, body, now));
    match done {
        Ok(()) => shown(world, client, id).applied(),
        Err(reply) => reply,
    }
}

/// The body as an object.
fn object(call: &Incoming, strict: bool) -> Result<&Map<String, Value>, Reply> {
    let kind = call.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let is_json = kind.is_some_and(|kind| kind.starts_with("application/json"));
    if strict && !is_json {
        return Err(bad_request("Content-Type must be application/json"));
    }
    match &call.json {
        Some(Value::Object(body)) => Ok(body),
        _ => Err(bad_request("The body is not a JSON object")),
    }
}

/// The stream that a path names, if this client can reach it by id now.
fn reachable(world: &mut World, client: u64, id: &str, now: Moment) -> Result<u64, Reply> {
    let account = world.account(client);
    let hidden = account.behaviour.hide_new_from_get_seconds;
    id.parse()
        .ok()
        .and_then(|id: u64| account.streams.get(&id))
        .filter(|stream| hidden <= 0.0 || stream.created_at.plus(hidden) <= now)
        .map(|stream| stream.id)
        .ok_or_else(streams::missing)
}

/// The stream as an answer.
fn shown(world: &mut World, client: u64, id: u64) -> Reply {
    let account = world.account(client);
    match account.streams.get(&id) {
        Some(stream) => Reply::json(StatusCode::OK, stream.view(&account.behaviour)),
        None => streams::missing(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_their_templates() {
        for (path, template, id) in [
            ("/iam/clients/me", "/iam/clients/me", None),
            ("/streaming/streams", "/streaming/streams", None),
            ("/streaming/streams/7", "/streaming/streams/{id}", Some("7")),
            (
                "/streaming/streams/7/reset_push_token",
                "/streaming/streams/{id}/reset_push_token",
                Some("7"),
            ),
            ("/streaming/streams/", "", None),
            ("/streaming/streams/7/other", "", None),
            ("/", "", None),
        ] {
            assert_eq!(Path::of(path).template(), template, "{path}");
            assert_eq!(Path::of(path).id(), id, "{path}");
        }
    }
}
