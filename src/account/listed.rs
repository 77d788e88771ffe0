//! The lists that are walked for a mirror.

use std::sync::Mutex;

use super::{
    client::{Client, Health},
    mirror::{Mirror, News},
    mirrored::Mirrored,
};
use crate::{
    api::StreamCounts,
    provider::{
        BroadcastId, Call, Connection, Mark, ObservedBroadcast, ObservedStream, StreamId,
        Unreadable,
    },
};

/// A thing that a provider lists.
pub trait Listed: Mirrored + Send + Sync {
    /// How many of it are called.
    const WHAT: &'static str;

    /// The mirror that holds it.
    fn mirror(client: &Client) -> &Mirror<Self>;

    /// How the walks go.
    fn health(client: &Client) -> &Mutex<Health>;

    /// Whether anybody needs the list.
    fn wanted(client: &Client) -> bool;

    /// Those that objects hold.
    fn held(client: &Client) -> Vec<Self::Id>;

    /// The standing of each, where that is counted.
    fn counts(client: &Client) -> Option<StreamCounts>;

    /// One page of the list.
    fn list(connection: &Connection, page: u32) -> Call<'_, Vec<Result<Self, Unreadable>>>;

    /// Wakes those whom news concern.
    fn tell(client: &Client, news: &News<Self>);

    /// Why it cannot be told whose it is, if so: it could be the one that is looked for.
    fn doubt(&self) -> Option<Unreadable>;
}

impl Listed for ObservedStream {
    const WHAT: &'static str = "streams";

    fn mirror(client: &Client) -> &Mirror<Self> {
        &client.mirror
    }

    fn health(client: &Client) -> &Mutex<Health> {
        &client.health
    }

    fn wanted(_: &Client) -> bool {
        true
    }

    fn held(client: &Client) -> Vec<StreamId> {
        client.held()
    }

    fn counts(client: &Client) -> Option<StreamCounts> {
        Some(client.counts())
    }

    fn list(connection: &Connection, page: u32) -> Call<'_, Vec<Result<Self, Unreadable>>> {
        connection.streams.list(page)
    }

    fn tell(client: &Client, news: &News<Self>) {
        client.tell(news);
    }

    fn doubt(&self) -> Option<Unreadable> {
        (self.mark == Mark::Unreadable).then(|| Unreadable {
            id: Some(self.id.clone()),
            what: "its owner mark cannot be read".to_owned(),
        })
    }
}

impl Listed for ObservedBroadcast {
    const WHAT: &'static str = "broadcasts";

    fn mirror(client: &Client) -> &Mirror<Self> {
        &client.broadcasts
    }

    fn health(client: &Client) -> &Mutex<Health> {
        &client.broadcasts_health
    }

    fn wanted(client: &Client) -> bool {
        client.has_broadcasts()
    }

    fn held(client: &Client) -> Vec<BroadcastId> {
        client.broadcasts_held()
    }

    fn counts(_: &Client) -> Option<StreamCounts> {
        None
    }

    fn list(connection: &Connection, page: u32) -> Call<'_, Vec<Result<Self, Unreadable>>> {
        Box::pin(async move {
            let Some(broadcasts) = &connection.broadcasts else {
                return Ok(Vec::new());
            };
            let items = broadcasts.list(page).await?.into_iter();
            Ok(items.map(|item| item.ok_or_else(unreadable)).collect())
        })
    }

    fn tell(client: &Client, news: &News<Self>) {
        client.tell_broadcasts(news);
    }

    /// Without a name it could be one that was just created.
    fn doubt(&self) -> Option<Unreadable> {
        self.settings.name.is_none().then(unreadable)
    }
}

fn unreadable() -> Unreadable {
    Unreadable {
        id: None,
        what: "it shows no id, or no name".to_owned(),
    }
}
