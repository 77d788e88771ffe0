//! The routes under `/_sim/` for broadcasts, recordings, videos and webhooks.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Value, json};

use super::control::{Control, WorldError};
use super::video::Fate;
use crate::sim_routes::{Body, done, ok, problem};

pub(super) fn routes() -> Router<Control> {
    Router::new()
        .route(
            "/clients/{client}/broadcasts",
            get(broadcasts).post(create_broadcast),
        )
        .route(
            "/broadcasts/{id}",
            get(broadcast)
                .patch(edit_broadcast)
                .delete(remove_broadcast),
        )
        .route("/clients/{client}/videos", get(videos).post(create_video))
        .route(
            "/videos/{id}",
            get(video).patch(edit_video).delete(remove_video),
        )
        .route("/clients/{client}/next_video", post(next_video))
        .route("/clients/{client}/storage", get(storage))
        .route("/streams/{id}/videos", get(videos_of))
        .route("/streams/{id}/recording", put(record))
        .route(
            "/clients/{client}/webhook",
            get(webhook).put(set_webhook).delete(end_webhook),
        )
        .route(
            "/clients/{client}/webhooks",
            get(webhooks).delete(forget_webhooks),
        )
}

async fn broadcasts(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(control.broadcasts(client))
}

async fn create_broadcast(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(fields): Body<Value>,
) -> Response {
    match control.create_broadcast(client, fields) {
        Ok(id) => broadcast(State(control), Path(id)).await,
        Err(error) => error.into_response(),
    }
}

async fn broadcast(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    match control.broadcast(id) {
        Some(broadcast) => ok(broadcast),
        None => WorldError::NoSuchBroadcast(id).into_response(),
    }
}

async fn edit_broadcast(
    State(control): State<Control>,
    Path(id): Path<u64>,
    Body(fields): Body<Value>,
) -> Response {
    match control.edit_broadcast(id, fields) {
        Ok(()) => broadcast(State(control), Path(id)).await,
        Err(error) => error.into_response(),
    }
}

async fn remove_broadcast(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    if control.remove_broadcast(id) {
        done()
    } else {
        WorldError::NoSuchBroadcast(id).into_response()
    }
}

async fn videos(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(control.videos(client))
}

async fn create_video(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(fields): Body<Value>,
) -> Response {
    match control.create_video(client, fields) {
        Ok(id) => video(State(control), Path(id)).await,
        Err(error) => error.into_response(),
    }
}

async fn video(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    match control.video(id) {
        Some(video) => ok(video),
        None => WorldError::NoSuchVideo(id).into_response(),
    }
}

async fn edit_video(
    State(control): State<Control>,
    Path(id): Path<u64>,
    Body(fields): Body<Value>,
) -> Response {
    match control.edit_video(id, fields) {
        Ok(()) => video(State(control), Path(id)).await,
        Err(error) => error.into_response(),
    }
}

async fn remove_video(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    if control.remove_video(id) {
        done()
    } else {
        WorldError::NoSuchVideo(id).into_response()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextVideo {
    fate: Fate,
}

async fn next_video(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(next): Body<NextVideo>,
) -> Response {
    control.next_video(client, next.fate);
    done()
}

async fn storage(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(control.storage(client))
}

async fn videos_of(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    ok(control.videos_of(id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    on: bool,
}

async fn record(
    State(control): State<Control>,
    Path(id): Path<u64>,
    Body(recording): Body<Recording>,
) -> Response {
    match control.record(id, recording.on) {
        Ok(video) => ok(json!({"video": video})),
        Err(error) => error.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hook {
    url: String,
}

async fn webhook(State(control): State<Control>, Path(client): Path<u64>) -> Response {
    ok(json!({"url": control.webhook_of(client)}))
}

async fn set_webhook(
    State(control): State<Control>,
    Path(client): Path<u64>,
    Body(hook): Body<Hook>,
) -> Response {
    match control.webhook(client, Some(&hook.url)) {
        Ok(()) => webhook(State(control), Path(client)).await,
        Err(error) => problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
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
