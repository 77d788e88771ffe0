//! The API's routes: from a call to the operation it names, past key, limit and switches.

use std::sync::{Arc, Mutex};

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::errors::{bad_request, plain, too_many};
use super::streams::Refusal;
use super::world::World;
use super::{broadcasts, recordings, streams, videos};
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
    StartRecording(&'a str),
    StopRecording(&'a str),
    ResetPushToken(&'a str),
    Broadcasts,
    Broadcast(&'a str),
    Spectators(&'a str),
    Videos,
    Video(&'a str),
    Unknown,
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Self {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts[..] {
            ["iam", "clients", "me"] => Self::Me,
            ["streaming", "streams"] => Self::Streams,
            ["streaming", "streams", id] if !id.is_empty() => Self::Stream(id),
            ["streaming", "streams", id, "start_recording"] => Self::StartRecording(id),
            ["streaming", "streams", id, "stop_recording"] => Self::StopRecording(id),
            ["streaming", "streams", id, "reset_push_token"] => Self::ResetPushToken(id),
            ["streaming", "broadcasts"] => Self::Broadcasts,
            ["streaming", "broadcasts", id] if !id.is_empty() => Self::Broadcast(id),
            ["streaming", "broadcasts", id, "spectators"] => Self::Spectators(id),
            ["streaming", "videos"] => Self::Videos,
            ["streaming", "videos", id] if !id.is_empty() => Self::Video(id),
            _ => Self::Unknown,
        }
    }

    /// As the documents write it.
    fn template(self) -> &'static str {
        match self {
            Self::Me => "/iam/clients/me",
            Self::Streams => "/streaming/streams",
            Self::Stream(_) => "/streaming/streams/{id}",
            Self::StartRecording(_) => "/streaming/streams/{id}/start_recording",
            Self::StopRecording(_) => "/streaming/streams/{id}/stop_recording",
            Self::ResetPushToken(_) => "/streaming/streams/{id}/reset_push_token",
            Self::Broadcasts => "/streaming/broadcasts",
            Self::Broadcast(_) => "/streaming/broadcasts/{id}",
            Self::Spectators(_) => "/streaming/broadcasts/{id}/spectators",
            Self::Videos => "/streaming/videos",
            Self::Video(_) => "/streaming/videos/{id}",
            Self::Unknown => "",
        }
    }

    fn id(self) -> Option<&'a str> {
        match self {
            Self::Stream(id)
            | Self::StartRecording(id)
            | Self::StopRecording(id)
            | Self::ResetPushToken(id)
            | Self::Broadcast(id)
            | Self::Spectators(id)
            | Self::Video(id) => Some(id),
            Self::Me | Self::Streams | Self::Broadcasts | Self::Videos | Self::Unknown => None,
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
                let account = world.accounts.get(&client?)?;
                let settings = if let Path::Broadcast(_) | Path::Spectators(_) = path {
                    &account.broadcasts.get(&id)?.settings
                } else if let Path::Video(_) = path {
                    &account.videos.get(&id)?.settings
                } else {
                    &account.streams.get(&id)?.settings
                };
                Some(settings.name().to_owned())
            }),
            page: call.query("page").and_then(|p| p.parse().ok()).unwrap_or(1),
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
    let wrapped = || {
        let inner = ["stream", "broadcast", "video"].map(|kind| body.get(kind));
        inner.into_iter().flatten().find_map(|it| it.get("name"))
    };
    let name = body.get("name").or_else(wrapped);
    name?.as_str().map(str::to_owned)
}

fn route(world: &mut World, client: u64, call: &Incoming, now: Moment) -> Reply {
    let path = Path::of(&call.path);
    let done = match path {
        Path::Me => match call.method {
            Method::GET => Ok(me(client)),
            _ => Err(not_allowed()),
        },
        Path::Streams
        | Path::Stream(_)
        | Path::StartRecording(_)
        | Path::StopRecording(_)
        | Path::ResetPushToken(_) => on_streams(world, client, path, call, now),
        Path::Broadcasts | Path::Broadcast(_) | Path::Spectators(_) => {
            on_broadcasts(world, client, path, call, now)
        }
        Path::Videos | Path::Video(_) => on_videos(world, client, path, call, now),
        Path::Unknown => Err(plain(StatusCode::NOT_FOUND, "Not Found")),
    };
    done.unwrap_or_else(|refusal| refusal)
}

fn on_streams(
    world: &mut World,
    client: u64,
    path: Path<'_>,
    call: &Incoming,
    now: Moment,
) -> Result<Reply, Refusal> {
    let account = world.account(client);
    let strict = account.behaviour.strict;
    let id = path.id().and_then(|id| {
        let ways = &account.behaviour;
        account.streams.reachable(id, ways, now)
    });
    let id = || id.ok_or_else(streams::missing);
    Ok(match (path, &call.method) {
        (Path::Streams, &Method::GET) => {
            let page = page(call, strict)?;
            let with_broadcasts = call.query("with_broadcasts") == Some("1");
            streams::list(account, page, with_broadcasts, now)
        }
        (Path::Streams, &Method::POST) => {
            let body = streams::create_body(object(call, strict)?, strict);
            // 200, not 201: API specification, createStream.
            let id = streams::create(world, client, body, now)?;
            streams::shown(world, client, id, now).applied()
        }
        (Path::Stream(_), &Method::GET) => streams::shown(world, client, id()?, now),
        (Path::Stream(_), &Method::PATCH) => {
            let id = id()?;
            let body = streams::update_body(object(call, strict)?, strict)?;
            streams::update(world, client, id, body, now)?;
            streams::shown(world, client, id, now).applied()
        }
        (Path::Stream(_), &Method::DELETE) => {
            world.delete_stream(client, id()?, now);
            Reply::empty(StatusCode::NO_CONTENT).applied()
        }
        (Path::StartRecording(_), &Method::PUT) => recordings::start(world, client, id()?, now),
        (Path::StopRecording(_), &Method::PUT) => recordings::stop(world, client, id()?, now),
        (Path::ResetPushToken(_), &Method::POST) => {
            streams::reset_push_token(world, client, id()?, now)
        }
        _ => return Err(not_allowed()),
    })
}

fn on_broadcasts(
    world: &mut World,
    client: u64,
    path: Path<'_>,
    call: &Incoming,
    now: Moment,
) -> Result<Reply, Refusal> {
    let account = world.account(client);
    let strict = account.behaviour.strict;
    let id = path.id().and_then(|id| {
        let ways = &account.behaviour;
        account.broadcasts.reachable(id, ways, now)
    });
    let id = || id.ok_or_else(broadcasts::missing);
    Ok(match (path, &call.method) {
        (Path::Broadcasts, &Method::GET) => broadcasts::list(account, page(call, strict)?, now),
        (Path::Broadcasts, &Method::POST) => {
            let body = broadcasts::body(object(call, strict)?, strict)?;
            let id = broadcasts::create(world, client, body, now)?;
            broadcasts::created(world, client, id).applied()
        }
        (Path::Broadcast(_), &Method::GET) => broadcasts::shown(world, client, id()?),
        (Path::Broadcast(_), &Method::PATCH) => {
            let id = id()?;
            let body = broadcasts::body(object(call, strict)?, strict)?;
            broadcasts::update(world, client, id, body, now)?;
            broadcasts::shown(world, client, id).applied()
        }
        (Path::Broadcast(_), &Method::DELETE) => {
            broadcasts::delete(account, id()?, now);
            Reply::empty(StatusCode::NO_CONTENT).applied()
        }
        (Path::Spectators(_), &Method::GET) => broadcasts::spectators(account, id()?),
        _ => return Err(not_allowed()),
    })
}

fn on_videos(
    world: &mut World,
    client: u64,
    path: Path<'_>,
    call: &Incoming,
    now: Moment,
) -> Result<Reply, Refusal> {
    let account = world.account(client);
    let strict = account.behaviour.strict;
    let id = path.id().and_then(|id| {
        let ways = &account.behaviour;
        account.videos.reachable(id, ways, now)
    });
    let id = || id.ok_or_else(videos::missing);
    Ok(match (path, &call.method) {
        (Path::Videos, &Method::GET) => {
            let page = page(call, strict)?;
            videos::list(account, call, page, now)?
        }
        (Path::Video(_), &Method::GET) => videos::shown(world, client, id()?),
        (Path::Video(_), &Method::PATCH) => {
            let id = id()?;
            let body = videos::update_body(object(call, strict)?, strict)?;
            videos::update(world, client, id, body, now)?;
            videos::shown(world, client, id).applied()
        }
        (Path::Video(_), &Method::DELETE) => {
            videos::delete(world, client, id()?, now);
            Reply::empty(StatusCode::NO_CONTENT).applied()
        }
        _ => return Err(not_allowed()),
    })
}

fn not_allowed() -> Reply {
    plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

/// The page of a list that is asked for.
fn page(call: &Incoming, strict: bool) -> Result<u64, Refusal> {
    match call.query("page").map(str::parse::<u64>) {
        Some(Ok(page)) if page >= 1 => Ok(page),
        Some(_) if strict => Err(bad_request("page must be 1 or more")),
        Some(_) | None => Ok(1),
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
            (
                "/streaming/streams/7/start_recording",
                "/streaming/streams/{id}/start_recording",
                Some("7"),
            ),
            (
                "/streaming/streams/7/stop_recording",
                "/streaming/streams/{id}/stop_recording",
                Some("7"),
            ),
            ("/streaming/broadcasts", "/streaming/broadcasts", None),
            (
                "/streaming/broadcasts/7",
                "/streaming/broadcasts/{id}",
                Some("7"),
            ),
            (
                "/streaming/broadcasts/7/spectators",
                "/streaming/broadcasts/{id}/spectators",
                Some("7"),
            ),
            ("/streaming/videos", "/streaming/videos", None),
            ("/streaming/videos/7", "/streaming/videos/{id}", Some("7")),
            ("/streaming/streams/", "", None),
            ("/streaming/streams/7/other", "", None),
            ("/", "", None),
        ] {
            assert_eq!(Path::of(path).template(), template, "{path}");
            assert_eq!(Path::of(path).id(), id, "{path}");
        }
    }
}
