//! Broadcasts.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Gcore,
    client::{Request, Route},
    decode, failure,
    map::broadcast,
    present, says_nothing, wire,
};
use crate::{
    api::BroadcastState,
    provider::{
        BroadcastId, BroadcastSettings, Broadcasts, Call, ObservedBroadcast, ProviderError,
        http::caller::Answer,
    },
};

impl Broadcasts for Gcore {
    fn list(&self, page: u32) -> Call<'_, Vec<Option<ObservedBroadcast>>> {
        Box::pin(async move {
            let wire::Page(items) = decode(&self.read(Route::BroadcastPage(page)).await?)?;
            let read = |item: Option<wire::Broadcast>| {
                let mut item = item?;
                let id = BroadcastId::new(item.id.take()?);
                Some(broadcast::observed(id, item))
            };
            Ok(items.into_iter().map(read).collect())
        })
    }

    fn get<'a>(&'a self, id: &'a BroadcastId) -> Call<'a, Option<ObservedBroadcast>> {
        Box::pin(async move {
            let body = present(self.read(Route::Broadcast(id)).await)?;
            body.map(|body| the_broadcast(id, &body)).transpose()
        })
    }

    /// Always with a status: one text of the API spec calls it required. The answer is an object
    /// with an id (SDK for Python, tutorial), one without (API spec), or nothing (SDK for Go).
    fn create<'a>(&'a self, settings: &'a BroadcastSettings) -> Call<'a, Option<BroadcastId>> {
        Box::pin(async move {
            let mut fields = broadcast::fields(settings)?;
            let state = broadcast::state_word(BroadcastState::Pending);
            fields.entry("status").or_insert_with(|| json!(state));
            let answer = self
                .0
                .send(Request {
                    body: Some(json!({ "broadcast": fields })),
                    ..Request::bare(Method::POST, Route::Broadcasts)
                })
                .await?;
            if says_nothing(&answer.body) {
                return Ok(None);
            }
            let made = read(&answer.body)?;
            Ok(made.id.map(BroadcastId::new))
        })
    }

    fn update<'a>(
        &'a self,
        id: &'a BroadcastId,
        settings: &'a BroadcastSettings,
    ) -> Call<'a, Option<ObservedBroadcast>> {
        Box::pin(async move {
            let fields = broadcast::fields(settings)?;
            if fields.is_empty() {
                // Nothing to set: what it has now is what it had.
                return self.get(id).await;
            }
            let answer = self
                .0
                .send(Request {
                    body: Some(json!({ "broadcast": fields })),
                    ..Request::bare(Method::PATCH, Route::Broadcast(id))
                })
                .await;
            let read = |answer: Answer| the_broadcast(id, &answer.body);
            present(answer)?.map(read).transpose()
        })
    }

    fn delete<'a>(&'a self, id: &'a BroadcastId) -> Call<'a, ()> {
        Box::pin(self.remove(Route::Broadcast(id)))
    }
}

/// The broadcast that was asked for. It need not say its id, which not all documents have; but a
/// name it has in all of them.
fn the_broadcast(id: &BroadcastId, body: &[u8]) -> Result<ObservedBroadcast, ProviderError> {
    let broadcast = read(body)?;
    match &broadcast.id {
        Some(shown) if shown != id.as_str() => Err(failure::garbled("it is another broadcast")),
        None if broadcast.name.is_none() => Err(failure::garbled("it is no broadcast")),
        Some(_) | None => Ok(broadcast::observed(id.clone(), broadcast)),
    }
}

pub(super) fn read(body: &[u8]) -> Result<wire::Broadcast, ProviderError> {
    let value: Value = decode(body)?;
    wire::object(value).ok_or_else(|| failure::garbled("it is no object"))
}
