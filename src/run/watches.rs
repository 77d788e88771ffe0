//! What changed in the cluster, and who looks.

use std::sync::Arc;

use kube::{
    ResourceExt as _,
    runtime::reflector::{ObjectRef, Store, store::Writer},
};

use crate::{
    account,
    api::{Broadcast, FINALIZER, LiveStream, StreamingAccount},
    broadcast,
    context::Context,
    index::Index,
    kept::Kept,
    livestream,
    object_key::{Kind, ObjectKey},
    provider::{BroadcastId, StreamId},
    secrets::OnChange,
    wake::Wakes,
    watch::{self, Change},
    webhooks::Webhooks,
};

/// Keeps the store and the index of streams.
pub(super) async fn streams(
    context: Arc<Context>,
    namespaces: Vec<String>,
    writer: Writer<Kept<LiveStream>>,
) {
    let on = |change: Change<'_, LiveStream>| match change {
        Change::Applied { old, new } => stream_applied(&context, old.as_ref(), new),
        Change::Deleted(old) => {
            let account = ObjectKey::new(ObjectKey::of(old).namespace, &old.spec.account_ref.name);
            context.index.remove(old);
            forget(&context, old);
            // An account that waits for its last user may go now; who adopts what this held may act.
            context.account_wakes.wake(account);
            wake_broadcasts_of(&context, old);
            for id in old.spec.external_id.iter().map(StreamId::new) {
                context.wakes.wake_all(context.index.of_stream(&id));
            }
        }
    };
    let vanished = Some(context.vanished_streams.clone());
    watch::watch(context.client.clone(), &namespaces, writer, vanished, on).await;
}

fn stream_applied(context: &Context, old: Option<&LiveStream>, new: &LiveStream) {
    context.index.apply(new);
    if let Some(old) = old.filter(|old| old.metadata.uid != new.metadata.uid) {
        forget(context, old);
    }
    let wiped = old
        .and_then(|old| old.status.as_ref())
        .is_some_and(|old| livestream::wiped(old, new.status.as_ref()));
    if wiped || watch::calls_for_a_pass(old, new, FINALIZER) {
        context.wakes.wake(ObjectKey::of(new));
    }
    let stream = |object: &LiveStream| {
        let id = object.status.as_ref().and_then(|s| s.stream_id.clone());
        let leaving = object.metadata.deletion_timestamp.is_some();
        (object.metadata.uid.clone(), id, leaving)
    };
    if old.is_none_or(|old| stream(old) != stream(new)) {
        wake_broadcasts_of(context, new);
    }
    // One that adopts may come before those that hold the same stream already: they look again.
    if old.is_none_or(|old| old.spec.external_id != new.spec.external_id) {
        for id in new.spec.external_id.iter().map(StreamId::new) {
            context.wakes.wake_all(context.index.of_stream(&id));
        }
    }
}

/// The Broadcasts that name a LiveStream look again: its stream came, or goes.
fn wake_broadcasts_of(context: &Context, stream: &LiveStream) {
    let named = context.index.broadcasts.of_object(&ObjectKey::of(stream));
    context.broadcast_wakes.wake_all(named);
}

/// Nothing is kept of an object that is gone.
fn forget(context: &Context, object: &LiveStream) {
    forget_memory(context, object);
    let seat = Kind::LiveStream.seat(&ObjectKey::of(object));
    for client in context.registry.clients() {
        client.forget(&seat);
    }
}

fn forget_memory(context: &Context, object: &LiveStream) {
    if let Some(uid) = &object.metadata.uid {
        context.memories.forget(uid);
        context.attempts.forget(uid);
    }
}

/// An object may go while a pass over it is under way: what that pass has left is forgotten too.
pub(super) fn stream_pass_ended(context: &Context, object: &LiveStream) {
    match context.index.entry(&ObjectKey::of(object)) {
        Some(now) if object.metadata.uid.as_ref() == Some(&now.uid) => {}
        // Another of its name waits at its seat.
        Some(_) => forget_memory(context, object),
        None => forget(context, object),
    }
}

/// Keeps the store and the index of broadcasts.
pub(super) async fn broadcasts(
    context: Arc<Context>,
    namespaces: Vec<String>,
    writer: Writer<Kept<Broadcast>>,
) {
    let on = |change: Change<'_, Broadcast>| match change {
        Change::Applied { old, new } => broadcast_applied(&context, old.as_ref(), new),
        Change::Deleted(old) => {
            let account = ObjectKey::new(ObjectKey::of(old).namespace, &old.spec.account_ref.name);
            // Streams that wait for it may go now; an account, too.
            wake_streams_of(&context, old);
            context.index.broadcasts.remove(old);
            forget_broadcast(&context, old);
            context.account_wakes.wake(account);
            wake_others(&context, old);
        }
    };
    let vanished = Some(context.vanished_broadcasts.clone());
    watch::watch(context.client.clone(), &namespaces, writer, vanished, on).await;
}

fn broadcast_applied(context: &Context, old: Option<&Broadcast>, new: &Broadcast) {
    context.index.broadcasts.apply(new);
    if let Some(old) = old.filter(|old| old.metadata.uid != new.metadata.uid) {
        forget_broadcast(context, old);
    }
    let id_changed =
        broadcast::id_changed(old.and_then(|old| old.status.as_ref()), new.status.as_ref());
    if id_changed || watch::calls_for_a_pass(old, new, FINALIZER) {
        context.broadcast_wakes.wake(ObjectKey::of(new));
    }
    // One that adopts may come before those that hold the same broadcast already, and one that
    // creates holds what others may look for.
    if id_changed || old.is_none_or(|old| old.spec.external_id != new.spec.external_id) {
        wake_others(context, new);
    }
    let goes = |object: &Broadcast| {
        let meta = &object.metadata;
        (
            meta.deletion_timestamp.is_some(),
            crate::finalizer::present(object),
            object.spec.deletion_policy,
        )
    };
    if old.is_some_and(|old| goes(old) != goes(new)) {
        wake_streams_of(context, new);
    }
}

/// Those who name the same broadcast look again.
fn wake_others(context: &Context, object: &Broadcast) {
    let status = object.status.as_ref();
    let created = status.and_then(|s| s.broadcast_id.as_ref());
    for id in created.into_iter().chain(&object.spec.external_id) {
        let same = context.index.broadcasts.of_broadcast(&BroadcastId::new(id));
        let others = same.into_iter().filter(|key| *key != ObjectKey::of(object));
        context.broadcast_wakes.wake_all(others);
    }
}

/// The LiveStreams that a Broadcast shows look again: some wait for it to go first.
fn wake_streams_of(context: &Context, object: &Broadcast) {
    let Some(entry) = context.index.broadcasts.entry(&ObjectKey::of(object)) else {
        return;
    };
    let shown = entry.streams.iter();
    let shown = shown.flat_map(|id| context.index.of_stream(id));
    context
        .wakes
        .wake_all(entry.objects.iter().cloned().chain(shown));
}

/// Nothing is kept of an object that is gone.
fn forget_broadcast(context: &Context, object: &Broadcast) {
    forget_broadcast_memory(context, object);
    let seat = Kind::Broadcast.seat(&ObjectKey::of(object));
    for client in context.registry.clients() {
        client.forget(&seat);
    }
}

fn forget_broadcast_memory(context: &Context, object: &Broadcast) {
    if let Some(uid) = &object.metadata.uid {
        context.broadcast_memories.forget(uid);
        context.attempts.forget(uid);
    }
}

/// As [`stream_pass_ended`].
pub(super) fn broadcast_pass_ended(context: &Context, object: &Broadcast) {
    match context.index.broadcasts.entry(&ObjectKey::of(object)) {
        Some(now) if object.metadata.uid.as_ref() == Some(&now.uid) => {}
        Some(_) => forget_broadcast_memory(context, object),
        None => forget_broadcast(context, object),
    }
}

/// Keeps the store of accounts.
pub(super) async fn accounts(
    context: Arc<Context>,
    namespaces: Vec<String>,
    writer: Writer<StreamingAccount>,
) {
    let on = |change: Change<'_, StreamingAccount>| match change {
        Change::Applied { old, new } => account_applied(&context, old.as_ref(), new),
        Change::Deleted(old) => {
            let key = ObjectKey::of(old);
            context.registry.forget(&key);
            if let Some(webhooks) = &context.webhooks {
                webhooks.doors.close(&key);
                webhooks.ledger.forget(&key);
            }
            if let Some(uid) = &old.metadata.uid {
                context.attempts.forget(uid);
                context.account_writes.forget(uid);
            }
            let others = context.accounts.state_filter(|account: &StreamingAccount| {
                account.metadata.namespace.as_deref() == Some(&*key.namespace)
            });
            if others.is_empty() {
                context.secrets.drop(&key.namespace);
            }
            context.registry.wake_users(&key);
        }
    };
    // Nothing at a provider is an account's own.
    watch::watch(context.client.clone(), &namespaces, writer, None, on).await;
}

/// As [`stream_pass_ended`].
pub(super) fn account_pass_ended(context: &Context, object: &StreamingAccount) {
    let now = context.accounts.get(&ObjectRef::from_obj(object));
    let there = now.is_some_and(|now| now.metadata.uid == object.metadata.uid);
    if let Some(uid) = object.metadata.uid.as_ref().filter(|_| !there) {
        context.attempts.forget(uid);
        context.account_writes.forget(uid);
    }
}

fn account_applied(context: &Context, old: Option<&StreamingAccount>, new: &StreamingAccount) {
    let key = ObjectKey::of(new);
    // Streams tell why their account cannot be used, so they look again when that changes.
    let ready = |object: &StreamingAccount| {
        let conditions = object.status.iter().flat_map(|s| &s.conditions);
        let mut ready = conditions.filter(|c| c.type_ == "Ready");
        ready.next().map(|c| (c.status.clone(), c.message.clone()))
    };
    if context.registry.get(&key).is_none() && old.is_none_or(|old| ready(old) != ready(new)) {
        context.registry.wake_users(&key);
    }
    let wiped = old
        .and_then(|old| old.status.as_ref())
        .is_some_and(|old| account::wiped(old, new.status.as_ref()));
    let waited_for = account::caught_up(new, context);
    if wiped || waited_for || watch::calls_for_a_pass(old, new, FINALIZER) {
        context.account_wakes.wake(key);
    }
}

/// Who looks when a Secret changes: the accounts and the streams that name it, and the account whose
/// webhook path it holds.
pub(super) fn on_secret(
    accounts: Store<StreamingAccount>,
    index: Arc<Index>,
    stream_wakes: Wakes,
    account_wakes: Wakes,
    webhooks: Option<Arc<Webhooks>>,
) -> OnChange {
    Arc::new(move |secret: ObjectKey| {
        let users = accounts.state_filter(|account: &StreamingAccount| {
            let access = account::Access::of(&account.spec);
            account.metadata.namespace.as_deref() == Some(&*secret.namespace)
                && access.is_some_and(|access| {
                    let mut references = access.references().into_iter();
                    references.any(|reference| *reference.name == *secret.name)
                })
        });
        account_wakes.wake_all(users.iter().map(|account| ObjectKey::of(&**account)));
        stream_wakes.wake_all(index.of_secret(&secret));
        if let Some(webhooks) = &webhooks {
            let holders = accounts.state_filter(|account: &StreamingAccount| {
                account.metadata.namespace.as_deref() == Some(&*secret.namespace)
                    && *account::webhook_secret(&account.name_any()) == *secret.name
            });
            for account in holders.iter().map(|account| ObjectKey::of(&**account)) {
                webhooks.ledger.changed(&account);
                account_wakes.wake(account);
            }
        }
    })
}
