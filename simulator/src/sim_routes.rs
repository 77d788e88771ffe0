//! The control over HTTP, as far as every simulator has it: routes under `/_sim/`, for callers on
//! this machine. README.md lists them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, FromRequest, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::desk::Desk;
use crate::faults::Fault;
use crate::front::{Front, Provider};
use crate::server::{Outage, Peer};

/// A simulator's control.
pub(crate) trait Steer: Clone + Send + Sync + 'static {
    fn desk(&self) -> &Desk;
    /// Puts the clock forward; what was due in between has then happened.
    fn put_forward(&self, by: Duration);
}

/// The control under `/_sim/`, with the routes of its own, and the API everywhere else.
pub(crate) fn router<C: Steer, P: Provider>(
    control: C,
    own: Router<C>,
    front: Arc<Front<P>>,
) -> Router {
    let sim = Router::new()
        .route("/health", get(async || axum::Json(json!({"ok": true}))))
        .route("/clock", get(clock::<C>).post(set_clock::<C>))
        .route("/calls", get(calls::<C>).delete(forget_calls::<C>))
        .route(
            "/faults",
            get(faults::<C>)
                .post(set_fault::<C>)
                .delete(clear_faults::<C>),
        )
        .route("/faults/{id}", delete(clear_fault::<C>))
        .route(
            "/outage",
            get(outage::<C>)
                .put(set_outage::<C>)
                .delete(end_outage::<C>),
        )
        .merge(own)
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

pub(crate) fn problem(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({"error": message}))).into_response()
}

pub(crate) fn ok(body: impl Serialize) -> Response {
    axum::Json(body).into_response()
}

pub(crate) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A JSON body; what is wrong with it is said in the form of all other problems.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let read = axum::Json::<T>::from_request(request, state).await;
        read.map(|axum::Json(body)| Self(body))
            .map_err(|error: JsonRejection| {
                problem(StatusCode::UNPROCESSABLE_ENTITY, &error.body_text())
            })
    }
}

async fn clock<C: Steer>(State(control): State<C>) -> Response {
    let clock = control.desk().clock();
    ok(json!({"now": clock.now(), "speed": clock.speed()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance_seconds: Option<f64>,
    speed: Option<u32>,
}

async fn set_clock<C: Steer>(
    State(control): State<C>,
    Body(change): Body<ClockChange>,
) -> Response {
    if let Some(speed) = change.speed {
        control.desk().clock().set_speed(speed);
    }
    if let Some(seconds) = change.advance_seconds {
        match Duration::try_from_secs_f64(seconds) {
            Ok(length) => control.put_forward(length),
            Err(error) => return problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        }
    }
    clock(State(control)).await
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

async fn calls<C: Steer>(State(control): State<C>, Query(filter): Query<CallFilter>) -> Response {
    ok(control.desk().calls_where(filter.after, |call| {
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

async fn forget_calls<C: Steer>(State(control): State<C>) -> Response {
    control.desk().forget_calls();
    done()
}

async fn faults<C: Steer>(State(control): State<C>) -> Response {
    ok(control.desk().faults())
}

async fn set_fault<C: Steer>(State(control): State<C>, Body(fault): Body<Fault>) -> Response {
    ok(json!({"id": control.desk().fault(fault)}))
}

async fn clear_faults<C: Steer>(State(control): State<C>) -> Response {
    control.desk().clear_faults();
    done()
}

async fn clear_fault<C: Steer>(State(control): State<C>, Path(id): Path<u64>) -> Response {
    control.desk().clear_fault(id);
    done()
}

async fn outage<C: Steer>(State(control): State<C>) -> Response {
    ok(json!({"outage": control.desk().current_outage()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageChange {
    outage: Outage,
    seconds: Option<f64>,
}

async fn set_outage<C: Steer>(
    State(control): State<C>,
    Body(change): Body<OutageChange>,
) -> Response {
    match (
        change.seconds.map(Duration::try_from_secs_f64),
        change.outage,
    ) {
        (Some(Ok(length)), outage) => control.desk().set_outage_for(outage, length),
        (Some(Err(error)), _) => {
            return problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string());
        }
        (None, Outage::Refuse) => {
            let message = "give seconds: while nobody listens, this cannot be ended from here";
            return problem(StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        (None, outage) => control.desk().set_outage(Some(outage)),
    }
    outage(State(control)).await
}

async fn end_outage<C: Steer>(State(control): State<C>) -> Response {
    control.desk().set_outage(None);
    done()
}
