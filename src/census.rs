//! The objects in the cluster, counted for a scrape: from the index, where how each fares stands ready.

use std::collections::HashMap;

use crate::{
    api::StreamingAccount, clock::Now, context::Context, metrics::Census, object_key::ObjectKey,
    object_state::ObjectState,
};

const LIVE_STREAM: &str = "LiveStream";
const BROADCAST: &str = "Broadcast";
const ACCOUNT: &str = "StreamingAccount";

/// Counts all objects, and the streams that the provider had at the last walk.
pub fn take(context: &Context, now: Now) -> Census {
    let clients = context.registry.clients();
    let ids = clients.iter().map(|client| client.id.as_str());
    let kinds = [LIVE_STREAM, BROADCAST, ACCOUNT];
    let mut census = Census::new(&kinds, ids, now.wall.as_second());
    for client in &clients {
        if let Some(counts) = client.health().counts {
            census.streams(client.id.as_str(), counts);
        }
    }
    let owners: HashMap<ObjectKey, String> = context.registry.owners();
    let owner = |account: &ObjectKey| owners.get(account).map(String::as_str);
    context.index.each_state(|account, state| {
        census.count(LIVE_STREAM, owner(account), state);
    });
    context.index.broadcasts.each_state(|account, state| {
        census.count(BROADCAST, owner(account), state);
    });
    for account in context.accounts.state() {
        let account: &StreamingAccount = &account;
        let state = ObjectState::of_account(account);
        census.count(ACCOUNT, owner(&ObjectKey::of(account)), &state);
    }
    census
}
