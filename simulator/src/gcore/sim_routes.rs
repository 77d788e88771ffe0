//! The control over HTTP: routes under `/_sim/`, for callers on this machine. README.md lists them.

use std::time::Duration;

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::control::{Control, KeyChange, WorldError};
use super::encoder::{Encoder, Refused};
use super::sim_routes_by_hand as by_hand;
use crate::faults::Fault;
use crate::server::{Outage, Peer};

/// The control under `/_sim/`, and the API everywhere else.
pub(super) fn router(control: Control) -> Router {
    let front = control.front();
    let sim = Router::new()
        .route("/health", get(async || axum::Json(json!({"ok": true}))))
        .route("/clock", get(clock).post(set_clock))
        .route("/keys", get(keys).put(set_key))
        .route("/keys/revoke", post(revoke_key))
        .route("/clients", get(clients))
        .route("/clients/{client}/streams", get(streams).post(create))
        .route(
            "/clients/{client}/behaviour",
            get(behaviour).patch(change_behaviour),
        )
        .route("/streams/{id}", get(stream).patch(edit).delete(remove))
        .route("/streams/{id}/encoder", put(encoder))
        .merge(by_hand::routes())
        .route("/calls", get(calls).delete(forget_calls))
        .route("/counts", get(counts))
        .route("/faults", get(faults).post(set_fault).delete(clear_faults))
        .route("/faults/{id}", delete(clear_fault))
        .route("/outage", get(outage).put(set_outage).delete(end_outage))
        .fallback(async || problem(StatusCode::NOT_FOUND, "there is no such route"))
        .layer(middleware::from_fn(only_from_here))
        .with_state(control);
    Router::new()
        .nest("/_sim", sim)
        .fallback(move |request: Request| front.clone().handle(request))
}

/// The control shows secrets and changes everything.
async fn only_from_here(peer: Option<Extension<Peer>>, request: Request, next: Next) -> Response {
    match peer {
        Some(Extension(Peer(address))) if !address.ip().to_canonical().is_loopback() => {
            problem(StatusCode::FORBIDDEN, "only for callers on this machine")
        }
        _ => next.run(request).await,
    }
}

pub(super) fn problem(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({"error": message}))).into_response()
}

pub(super) fn ok(body: impl Serialize) -> Response {
    axum::Json(body).into_response()
}

pub(super) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

impl IntoResponse for WorldError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoSuchStream(_) | Self::NoSuchBroadcast(_) | Self::NoSuchVideo(_) => {
                StatusCode::NOT_FOUND
            }
            Self::Refused(_) | Self::Malformed(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        problem(status, &self.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, reason) = self.codes();
        let body = json!({"error": self.to_string(), "status": status, "reason_code": reason});
        (StatusCode::CONFLICT, axum::Json(body)).into_response()
    }
}

/// A JSON body; what is wrong with it is said in the form of all other problems.
pub(super) struct Body<T>(pub(super) T);

impl<T: serde::de::DeserializeOwned> axum::extract::FromRequest<Control> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &Control) -> Result<Self, Response> {
        let read = axum::Json::<T>::from_request(request, state).await;
        read.map(|axum::Json(body)| Self(body))
            .map_err(|error: JsonRejection| {
                problem(StatusCode::UNPROCESSABLE_ENTITY, &error.body_text())
            })
    }
}

async fn clock(State(control): State<Control>) -> Response {
    let clock = control.clock();
    ok(json!({"now": clock.now(), "speed": clock.speed()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance_seconds: Option<f64>,
    speed: Option<u32>,
}

async fn set_clock(State(control): State<Control>, Body(change): Body<ClockChange>) -> Response {
    if let Some(speed) = change.speed {
        control.clock().set_speed(speed);
    }
    if let Some(seconds) = change.advance_seconds {
        match Duration::try_from_secs_f64(seconds) {
            Ok(length) => control.advance(length),
            Err(error) => return problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        }
    }
    clock(State(control)).await
}

async fn keys(State(control): State<Control>) -> Response {
    ok(control.keys())
}

async fn set_key(State(control): State<Control>, Body(change): Body<KeyChange>) -> Response {
    ok(json!({"number": control.set_key(&change)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneKey {
    key: String,
}

async fn revoke_key(State(control): State<Control>, Body(one): Body<OneKey>) -> Response {
    if control.revoke_key(&one.key) {
        done()
    } else {
        problem(StatusCode::NOT_FOUND, "there is no such key")
    }
}

async fn clients(State(control): State<Control>) -> Response {
    ok(control.clients())
}

async fn streams(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(control.streams(client))
}

async fn create(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(stream): Body<Value>,
) -> Response {
    match control.create(client, stream) {
        Ok(id) => ok(control.stream(id)),
        Err(error) => error.into_response(),
    }
}

async fn behaviour(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(control.behaviour_of(client))
}

async fn change_behaviour(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(changes): Body<Map<String, Value>>,
) -> Response {
    let mut error = None;
    control.behaviour(client, |ways| match ways.with(&changes) {
        Ok(new) => *ways = new,
        Err(message) => error = Some(message),
    });
    match error {
        None => ok(control.behaviour_of(client)),
        Some(message) => problem(StatusCode::UNPROCESSABLE_ENTITY, &message),
    }
}

async fn stream(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    match control.stream(id) {
        Some(stream) => ok(stream),
        None => WorldError::NoSuchStream(id).into_response(),
    }
}

async fn edit(
    State(control): State<Control>,
    Path(id): Path<u64>,
    Body(fields): Body<Value>,
) -> Response {
    match control.edit(id, fields) {
        Ok(()) => stream(State(control), Path(id)).await,
        Err(error) => error.into_response(),
    }
}

async fn remove(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    if control.remove(id) {
        done()
    } else {
        WorldError::NoSuchStream(id).into_response()
    }
}

async fn encoder(
    State(control): State<Control>,
    Path(id): Path<u64>,
    Body(encoder): Body<Encoder>,
) -> Response {
    match control.encoder(id, encoder) {
        Ok(()) => stream(State(control), Path(id)).await,
        Err(refused) => refused.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct CallFilter {
    after: u64,
    method: Option<String>,
    route: Option<String>,
    client: Option<u64>,
    id: Option<String>,
}

async fn calls(State(control): State<Control>, Query(filter): Query<CallFilter>) -> Response {
    ok(control.calls_where(filter.after, |call| {
        let same = |wanted: &Option<String>, has: &str| wanted.as_deref().is_none_or(|w| w == has);
        same(&filter.method, &call.method)
            && same(&filter.route, &call.route)
            && filter.client.is_none_or(|c| call.client == Some(c))
            && filter
                .id
                .as_ref()
                .is_none_or(|id| call.id.as_ref() == Some(id))
    }))
}

async fn forget_calls(State(control): State<Control>) -> Response {
    control.forget_calls();
    done()
}

async fn counts(State(control): State<Control>) -> Response {
    let clients: Vec<Value> = control
        .clients()
        .iter()
        .map(|client| {
            json!({
                "client": client.id,
                "streams_created": client.created,
                "streams_deleted": client.deleted,
                "broadcasts_created": control.broadcasts_created(client.id),
                "broadcasts_deleted": control.broadcasts_deleted(client.id),
                "peak_calls_per_second": control.peak_per_second(client.id),
            })
        })
        .collect();
    ok(json!({
        "calls": control.counts(),
        "last_call": control.last_call(),
        "changing_calls": control.changing_calls(),
        "clients": clients,
        "connections": control.connections(),
    }))
}

async fn faults(State(control): State<Control>) -> Response {
    ok(control.faults())
}

async fn set_fault(State(control): State<Control>, Body(fault): Body<Fault>) -> Response {
    ok(json!({"id": control.fault(fault)}))
}

async fn clear_faults(State(control): State<Control>) -> Response {
    control.clear_faults();
    done()
}

async fn clear_fault(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    control.clear_fault(id);
    done()
}

async fn outage(State(control): State<Control>) -> Response {
    ok(json!({"outage": control.current_outage()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageChange {
    outage: Outage,
    seconds: Option<f64>,
}

async fn set_outage(State(control): State<Control>, Body(change): Body<OutageChange>) -> Response {
    match (
        change.seconds.map(Duration::try_from_secs_f64),
        change.outage,
    ) {
        (Some(Ok(length)), outage) => control.set_outage_for(outage, length),
        (Some(Err(error)), _) => {
            return problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string());
        }
        (None, Outage::Refuse) => {
            let message = "give seconds: while nobody listens, this cannot be ended from here";
            return problem(StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        (None, outage) => control.set_outage(Some(outage)),
    }
    outage(State(control)).await
}

async fn end_outage(State(control): State<Control>) -> Response {
    control.set_outage(None);
    done()
}
