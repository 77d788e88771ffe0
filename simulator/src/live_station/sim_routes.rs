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
use super::record::Fate;
use crate::sim_routes::{self, Body, done, ok, problem};

/// The control under `/_sim/`, and the API everywhere else.
pub(super) fn router(control: Control) -> Router {
    let front = control.front();
    let own = Router::new()
        .route("/keys", get(keys).put(set_key))
        .route("/keys/revoke", post(revoke_key))
        .route("/clients", get(clients))
        .route("/clients/{client}/channels", get(channels).post(create))
        .route("/clients/{client}/gone", get(gone))
        .route(
            "/clients/{client}/behaviour",
            get(behaviour).patch(change_behaviour),
        )
        .route("/clients/{client}/next_recording", post(next_recording))
        .route(
            "/clients/{client}/webhook",
            get(webhook).put(set_webhook).delete(end_webhook),
        )
        .route(
            "/clients/{client}/webhooks",
            get(webhooks).delete(forget_webhooks),
        )
        .route("/channels/{id}", get(channel).patch(edit).delete(remove))
        .route("/channels/{id}/encoder", put(encoder))
        .route("/channels/{id}/on", put(switch))
        .route("/channels/{id}/recording", put(set_recording))
        .route("/channels/{id}/records", get(records))
        .route("/channels/{id}/events", get(events))
        .route("/channels/{id}/block", put(block).delete(lift_block))
        .route("/channels/{id}/reclaim", post(reclaim))
        .route("/records/{id}", get(record).patch(edit_record))
        .route("/counts", get(counts));
    sim_routes::router(control, own, front)
}

impl IntoResponse for WorldError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoSuchChannel(_) | Self::NoSuchRecord(_) => StatusCode::NOT_FOUND,
            Self::Refused(_) | Self::Malformed(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        problem(status, &self.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoSuchChannel => StatusCode::NOT_FOUND,
            Self::NotReady => StatusCode::CONFLICT,
        };
        problem(status, &self.to_string())
    }
}

fn no_channel(id: String) -> Response {
    WorldError::NoSuchChannel(id).into_response()
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
    access: String,
}

async fn revoke_key(State(control): State<Control>, Body(one): Body<OneKey>) -> Response {
    if control.revoke_key(&one.access) {
        done()
    } else {
        problem(StatusCode::NOT_FOUND, "there is no such key")
    }
}

async fn clients(State(control): State<Control>) -> Response {
    ok(control.clients())
}

async fn channels(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(control.channels(client))
}

async fn gone(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(control.gone(client))
}

async fn create(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(fields): Body<Value>,
) -> Response {
    match control.create(client, fields) {
        Ok(id) => channel(State(control), Path(id)).await,
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

async fn channel(State(control): State<Control>, Path(id): Path<String>) -> Response {
    match control.channel(&id) {
        Some(channel) => ok(channel),
        None => no_channel(id),
    }
}

async fn edit(
    State(control): State<Control>,
    Path(id): Path<String>,
    Body(fields): Body<Value>,
) -> Response {
    match control.edit(&id, fields) {
        Ok(()) => channel(State(control), Path(id)).await,
        Err(error) => error.into_response(),
    }
}

async fn remove(State(control): State<Control>, Path(id): Path<String>) -> Response {
    if control.remove(&id) {
        done()
    } else {
        no_channel(id)
    }
}

async fn encoder(
    State(control): State<Control>,
    Path(id): Path<String>,
    Body(encoder): Body<Encoder>,
) -> Response {
    match control.encoder(&id, encoder) {
        Ok(()) => channel(State(control), Path(id)).await,
        Err(refused) => refused.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct On {
    on: bool,
}

async fn switch(
    State(control): State<Control>,
    Path(id): Path<String>,
    Body(On { on }): Body<On>,
) -> Response {
    match control.switch(&id, on) {
        Ok(()) => channel(State(control), Path(id)).await,
        Err(error) => error.into_response(),
    }
}

async fn set_recording(
    State(control): State<Control>,
    Path(id): Path<String>,
    Body(On { on }): Body<On>,
) -> Response {
    match control.set_recording(&id, on) {
        Ok(seq) => ok(json!({"recordSeq": seq})),
        Err(error) => error.into_response(),
    }
}

async fn records(State(control): State<Control>, Path(id): Path<String>) -> Response {
    ok(control.records(&id))
}

async fn events(State(control): State<Control>, Path(id): Path<String>) -> Response {
    ok(control.events(&id))
}

async fn block(State(control): State<Control>, Path(id): Path<String>) -> Response {
    if control.force_block(&id) {
        channel(State(control), Path(id)).await
    } else {
        no_channel(id)
    }
}

async fn lift_block(State(control): State<Control>, Path(id): Path<String>) -> Response {
    if control.lift_block(&id) {
        channel(State(control), Path(id)).await
    } else {
        no_channel(id)
    }
}

async fn reclaim(State(control): State<Control>, Path(id): Path<String>) -> Response {
    if control.reclaim(&id) {
        done()
    } else {
        no_channel(id)
    }
}

async fn record(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    match control.record(id) {
        Some(record) => ok(record),
        None => WorldError::NoSuchRecord(id).into_response(),
    }
}

async fn edit_record(
    State(control): State<Control>,
    Path(id): Path<u64>,
    Body(fields): Body<Value>,
) -> Response {
    match control.edit_record(id, fields) {
        Ok(()) => record(State(control), Path(id)).await,
        Err(error) => error.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Next {
    fate: Fate,
}

async fn next_recording(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(next): Body<Next>,
) -> Response {
    control.next_recording(client, next.fate);
    done()
}

async fn webhook(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(json!({"url": control.webhook_of(client)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    url: String,
}

async fn set_webhook(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(address): Body<Address>,
) -> Response {
    match control.webhook(client, Some(&address.url)) {
        Ok(()) => webhook(State(control), Path(client)).await,
        Err(error) => error.into_response(),
    }
}

async fn end_webhook(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    match control.webhook(client, None) {
        Ok(()) => done(),
        Err(error) => error.into_response(),
    }
}

async fn webhooks(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(control.webhooks_sent(client))
}

async fn forget_webhooks(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    control.forget_webhooks(client);
    done()
}

async fn counts(State(control): State<Control>) -> Response {
    let clients: Vec<Value> = control
        .clients()
        .iter()
        .map(|client| {
            json!({
                "client": client.id,
                "channels_created": client.created,
                "channels_deleted": client.deleted,
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
