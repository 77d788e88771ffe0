//! The API's routes: from a call to the operation it names, past signature, limit and permission.

use std::sync::{Arc, Mutex};

use axum::http::header::DATE;
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::behaviour::{Behaviour, GatewayClock};
use super::errors::{Code, Refusal, gateway, too_many};
use super::world::World;
use super::{auth, callbacks, channels, paging, records, service_urls};
use crate::clock::{Clock, Moment};
use crate::front::{Identity, Incoming, Provider, Reply};
use crate::lock::lock;

/// Live Station, behind its front.
#[derive(Debug)]
pub(super) struct LiveStation {
    pub(super) world: Mutex<World>,
    pub(super) clock: Arc<Clock>,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path<'a> {
    Channels,
    Channel(&'a str),
    On(&'a str),
    Off(&'a str),
    StartRecord(&'a str),
    StopRecord(&'a str),
    ServiceUrls(&'a str),
    Records(&'a str),
    Record(&'a str, &'a str),
    Events(&'a str),
    ChannelCallback(&'a str),
    DefaultCallback,
    Unknown,
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Self {
        let Some(path) = path.strip_prefix("/api/v2/") else {
            return Self::Unknown;
        };
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            ["channels"] => Self::Channels,
            ["channels", id] if !id.is_empty() => Self::Channel(id),
            ["channels", id, "on"] => Self::On(id),
            ["channels", id, "off"] => Self::Off(id),
            ["channels", id, "startRecord"] => Self::StartRecord(id),
            ["channels", id, "stopRecord"] => Self::StopRecord(id),
            ["channels", id, "serviceUrls"] => Self::ServiceUrls(id),
            ["channels", id, "records"] => Self::Records(id),
            ["channels", id, "records", record] if !record.is_empty() => Self::Record(id, record),
            ["channels", id, "events"] => Self::Events(id),
            ["channels", id, "callbackEndpoint"] => Self::ChannelCallback(id),
            ["events", "callbackEndpoint"] => Self::DefaultCallback,
            _ => Self::Unknown,
        }
    }

    /// As the documents write it.
    fn template(self) -> &'static str {
        match self {
            Self::Channels => "/api/v2/channels",
            Self::Channel(_) => "/api/v2/channels/{channelId}",
            Self::On(_) => "/api/v2/channels/{channelId}/on",
            Self::Off(_) => "/api/v2/channels/{channelId}/off",
            Self::StartRecord(_) => "/api/v2/channels/{channelId}/startRecord",
            Self::StopRecord(_) => "/api/v2/channels/{channelId}/stopRecord",
            Self::ServiceUrls(_) => "/api/v2/channels/{channelId}/serviceUrls",
            Self::Records(_) => "/api/v2/channels/{channelId}/records",
            Self::Record(..) => "/api/v2/channels/{channelId}/records/{recordId}",
            Self::Events(_) => "/api/v2/channels/{channelId}/events",
            Self::ChannelCallback(_) => "/api/v2/channels/{channelId}/callbackEndpoint",
            Self::DefaultCallback => "/api/v2/events/callbackEndpoint",
            Self::Unknown => "",
        }
    }

    fn id(self) -> Option<&'a str> {
        match self {
            Self::Channel(id)
            | Self::On(id)
            | Self::Off(id)
            | Self::StartRecord(id)
            | Self::StopRecord(id)
            | Self::ServiceUrls(id)
            | Self::Records(id)
            | Self::Record(id, _)
            | Self::Events(id)
            | Self::ChannelCallback(id) => Some(id),
            Self::Channels | Self::DefaultCallback | Self::Unknown => None,
        }
    }
}

impl LiveStation {
    /// What the gateway's clock shows to a client.
    fn gateway_time(&self, ways: &Behaviour) -> Moment {
        let time = match ways.gateway_clock {
            GatewayClock::Provider => self.clock.now(),
            GatewayClock::Machine => self.clock.real(),
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast to whole numbers stops at the ends"
        )]
        let ahead = (ways.gateway_ahead_seconds * 1000.0) as i64;
        Moment::from_millis(time.as_millis().saturating_add(ahead))
    }
}

/// How the world behaves towards who calls, as far as the call says who that is.
fn ways_for<'a>(world: &'a World, call: &Incoming) -> &'a Behaviour {
    let client = world.keys.named(call).map(|key| key.client);
    let account = client.and_then(|client| world.accounts.get(&client));
    account.map_or(&world.defaults, |account| &account.behaviour)
}

impl Provider for LiveStation {
    fn identify(&self, call: &Incoming) -> Identity {
        let path = Path::of(&call.path);
        let world = lock(&self.world);
        let gateway = self.gateway_time(ways_for(&world, call));
        let key = world.keys.check(call, gateway);
        let client = key.map(|key| key.client);
        let said = call.json.as_ref().and_then(|body| body.get("channelName"));
        Identity {
            route: path.template(),
            id: path.id().map(str::to_owned),
            client,
            key: key.map(|key| key.number),
            name: said.and_then(Value::as_str).map(str::to_owned).or_else(|| {
                let account = world.accounts.get(&client?)?;
                Some(account.here(path.id()?)?.name().to_owned())
            }),
            page: paging::page_of(call),
        }
    }

    fn answer(&self, call: &Incoming, _: &Identity) -> Reply {
        let now = self.clock.now();
        let mut world = lock(&self.world);
        world.settle(now);
        let gateway = self.gateway_time(ways_for(&world, call));
        let reply = self.admitted(&mut world, call, gateway, now);
        reply.header(DATE, gateway.http_date())
    }

    fn failure(&self, status: StatusCode) -> Reply {
        gateway(status)
    }
}

impl LiveStation {
    fn admitted(&self, world: &mut World, call: &Incoming, time: Moment, now: Moment) -> Reply {
        let Some(key) = world.keys.check(call, time) else {
            return gateway(StatusCode::UNAUTHORIZED);
        };
        let (client, may) = (key.client, key.may(&call.method));
        let account = world.account(client);
        let ways = account.behaviour.clone();
        if let Some(limit) = ways.calls_per_second
            && !account.calls.admit(self.clock.elapsed(), limit)
        {
            return too_many(ways.retry_after.as_deref());
        }
        let path = Path::of(&call.path);
        if path == Path::Unknown {
            return gateway(StatusCode::NOT_FOUND);
        }
        let allowed = auth::headers(call, &ways).and(may);
        let done = allowed.and_then(|()| route(world, client, path, call, now));
        match done {
            Ok(Some(reply)) => reply,
            // No such method: the gateway knows no such API.
            Ok(None) => gateway(StatusCode::NOT_FOUND),
            Err(refusal) => refusal.reply(&ways),
        }
    }
}

/// Carries a call out. `None`: there is no such method.
fn route(
    world: &mut World,
    client: u64,
    path: Path<'_>,
    call: &Incoming,
    now: Moment,
) -> Result<Option<Reply>, Refusal> {
    let Some(id) = path.id() else {
        return without_id(world, client, path, call, now);
    };
    let number = world.account(client).reachable(id, now)?;
    match call.method {
        Method::GET => read(world, client, number, path, call, now),
        Method::PUT | Method::POST | Method::DELETE => {
            change(world, client, number, path, call, now)
        }
        _ => Ok(None),
    }
}

fn without_id(
    world: &mut World,
    client: u64,
    path: Path<'_>,
    call: &Incoming,
    now: Moment,
) -> Result<Option<Reply>, Refusal> {
    let reply = match (path, &call.method) {
        (Path::Channels, &Method::GET) => paging::list(world.account(client), call, now)?,
        (Path::Channels, &Method::POST) => {
            let number = channels::create(world, client, object(call)?, now)?;
            let account = world.account(client);
            let whole = account.behaviour.create_answer_whole;
            channels::named(account, number, whole, now)?.applied()
        }
        (Path::DefaultCallback, &Method::GET) => callbacks::shown(world, client),
        (Path::DefaultCallback, &Method::POST) => {
            let endpoint = callbacks::endpoint(object(call)?, "callbackUrl")?;
            world.account(client).hook.endpoint = Some(endpoint);
            callbacks::shown(world, client).applied()
        }
        _ => return Ok(None),
    };
    Ok(Some(reply))
}

fn read(
    world: &mut World,
    client: u64,
    number: u64,
    path: Path<'_>,
    call: &Incoming,
    now: Moment,
) -> Result<Option<Reply>, Refusal> {
    let account = world.account(client);
    let reply = match path {
        Path::Channel(_) => channels::shown(account, number, now)?,
        Path::ServiceUrls(_) => service_urls::list(account.channel(number)?, call)?,
        Path::Records(_) => records::list(account, number),
        Path::Record(_, record) => records::one(account, number, record)?,
        Path::Events(_) => channels::events(account, number)?,
        Path::Channels
        | Path::On(_)
        | Path::Off(_)
        | Path::StartRecord(_)
        | Path::StopRecord(_)
        | Path::ChannelCallback(_)
        | Path::DefaultCallback
        | Path::Unknown => return Ok(None),
    };
    Ok(Some(reply))
}

fn change(
    world: &mut World,
    client: u64,
    number: u64,
    path: Path<'_>,
    call: &Incoming,
    now: Moment,
) -> Result<Option<Reply>, Refusal> {
    let reply = match (path, &call.method) {
        (Path::Channel(_), &Method::PUT) => {
            channels::update(world, client, number, object(call)?, now)?;
            let account = world.account(client);
            let whole = account.behaviour.update_answer_whole;
            channels::named(account, number, whole, now)?
        }
        (Path::Channel(_), &Method::DELETE) => {
            channels::delete(world, client, number, now)?;
            channels::shown(world.account(client), number, now)?
        }
        (Path::On(_), &Method::PUT) => {
            channels::on(world, client, number, now)?;
            channels::shown(world.account(client), number, now)?
        }
        (Path::Off(_), &Method::PUT) => {
            channels::off(world, client, number, now)?;
            channels::shown(world.account(client), number, now)?
        }
        (Path::StartRecord(_), &Method::PUT) => {
            let seq = records::start(world, client, number, now)?;
            records::recording(world.account(client), seq)
        }
        (Path::StopRecord(_), &Method::PUT) => {
            let seq = records::stop(world, client, number, now)?;
            records::recording(world.account(client), seq)
        }
        (Path::ChannelCallback(_), &Method::POST) => {
            let endpoint = callbacks::endpoint(object(call)?, "callbackEndpoint")?;
            let account = world.account(client);
            account.remember(number, now);
            account.channel(number)?.callback_endpoint = Some(endpoint);
            channels::named(account, number, false, now)?
        }
        _ => return Ok(None),
    };
    Ok(Some(reply.applied()))
}

/// The body as an object.
fn object(call: &Incoming) -> Result<&Map<String, Value>, Refusal> {
    let body = call.json.as_ref().and_then(Value::as_object);
    let message = "The body is not a JSON object.";
    body.ok_or_else(|| Refusal::new(Code::JsonParseGeneralError, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_their_templates() {
        let id = "ls-20250814000000-PZohi";
        for tail in [
            "",
            "/on",
            "/off",
            "/startRecord",
            "/stopRecord",
            "/serviceUrls",
            "/records",
            "/records/{recordId}",
            "/events",
            "/callbackEndpoint",
        ] {
            let sent = format!("/api/v2/channels/{id}{tail}").replace("{recordId}", "7");
            let path = Path::of(&sent);
            assert_eq!(
                path.template(),
                format!("/api/v2/channels/{{channelId}}{tail}")
            );
            assert_eq!(path.id(), Some(id));
        }
        for path in ["/api/v2/channels", "/api/v2/events/callbackEndpoint"] {
            assert_eq!(
                (Path::of(path).template(), Path::of(path).id()),
                (path, None)
            );
        }
        for path in [
            "/",
            "/channels",
            "/api/v2",
            "/api/v2/channels/",
            "/api/v2/channels/7/stop",
            "/api/v2/channels/7/records/",
            "/api/v1/channels",
        ] {
            assert_eq!(Path::of(path), Path::Unknown, "{path}");
        }
    }
}
