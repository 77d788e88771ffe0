//! The routes under `/_sim/` that only this simulator has.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::control::{Control, KeyChange, WorldError};
use super::encoder::{Encoder, Refused};
use super::sim_routes_by_hand as by_hand;
use crate::sim_routes::{self, Body, done, ok, problem};

/// The control under `/_sim/`, and the API everywhere else.
pub(super) fn router(control: Control) -> Router {
    let front = control.front();
    let own = Router::new()
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
        .route("/counts", get(counts))
        .merge(by_hand::routes());
    sim_routes::router(control, own, front)
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
