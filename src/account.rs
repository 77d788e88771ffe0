//! `StreamingAccount`: its driver, and the runtime of the client that it belongs to.
//!
//! look → judge → status → write → schedule; an account changes nothing at the provider.

mod access;
mod budget;
mod client;
mod desk;
mod held_up;
mod hint_answers;
mod key;
mod listed;
mod lookup;
mod mirror;
mod mirrored;
mod names;
mod reader;
mod record;
mod registry;
mod status;
mod webhook;

use std::{sync::Arc, time::Duration};

use kube::{
    Api, ResourceExt as _,
    runtime::{controller::Action, reflector::ObjectRef},
};

use self::access::Credentials;
pub use self::{
    access::Access,
    budget::{Budget, Class, Waiting},
    client::{Calling, Client, Health, Scope},
    desk::{NEWEST, Shelf, Target},
    held_up::held_up,
    hint_answers::answer as answer_hints,
    key::read as read_secret,
    listed::Listed,
    lookup::find,
    mirror::{Mirror, Sight, Walk},
    mirrored::Mirrored,
    registry::{Account, Opening, Registry},
    webhook::secret_name as webhook_secret,
};
use crate::{
    api::{self, CONFIRM_DISAPPEARANCE_ANNOTATION, StreamingAccount, StreamingAccountStatus},
    clock::{self, Now},
    context::Context,
    finalizer,
    jitter::jitter,
    object_key::{Kind, ObjectKey},
    outcome::{Outcome, Reason},
    provider::{ClientId, Connection, Known, StreamId},
    report::Happening,
    status_write::{self, Written},
};

/// When an account is looked at again that the watch does not show as it was written last.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How a kind is called in metrics and logs.
pub const KIND: &str = "StreamingAccount";

/// What a pass found out about an account.
#[derive(Debug)]
pub struct Found {
    /// How it went.
    pub outcome: Outcome,
    /// The client that the key belongs to, where that is known.
    pub client: Option<ClientId>,
    /// How the walks of the list go, where the account is open.
    pub health: Option<Health>,
    /// The confirmation of a disappearance that is used up: obeyed, or given when nothing was missing.
    pub confirmed: Option<String>,
    /// What vanished may be created again, once the receipt is written.
    pub excuse: bool,
}

/// One pass over an account.
///
/// # Errors
/// Trouble with the apiserver.
pub async fn reconcile(account: Arc<StreamingAccount>, ctx: Arc<Context>) -> kube::Result<Action> {
    let key = ObjectKey::of(&*account);
    let api = Api::<StreamingAccount>::namespaced(ctx.client.clone(), &key.namespace);
    let leaving = account.metadata.deletion_timestamp.is_some();
    if leaving && !finalizer::present(&*account) {
        return Ok(Action::await_change());
    }
    let users = Users {
        streams: ctx.index.of_account(&key),
        broadcasts: ctx.index.broadcasts.of_account(&key),
    };
    if leaving && users.is_empty() {
        ctx.registry.close(&key);
        webhook::withdraw(&account, &key, &ctx).await?;
        finalizer::remove(&api, &*account).await?;
        return Ok(Action::await_change());
    }

    let now = clock::now();
    ctx.secrets.keep(&key.namespace);
    let (account, mut found) = look(account, &key, &api, &ctx, now).await?;
    ctx.registry.set_tried(&key);
    // What is wrong with the key holds its users up, so that is said first.
    if leaving && matches!(found.outcome, Outcome::InStep | Outcome::Quiet) {
        found.outcome = users.outcome();
    }
    let webhook = webhook::keep(&account, &key, &ctx).await?;
    let before = account.status.clone().unwrap_or_default();
    let status = status::status(&account, &before, &found, webhook.as_ref(), now.wall);
    let written = status_write::write(&api, &*account, account.status.as_ref(), &status).await?;
    if let Written::Stale | Written::Gone = written {
        let failures = ctx.attempts.fail(&account.uid().unwrap_or_default());
        return Ok(Action::requeue(
            ctx.settings.schedule.backoff(failures, jitter()) / 10,
        ));
    }
    // The receipt stands: the confirmation counts once.
    if let (true, Some(open)) = (found.excuse, ctx.registry.get(&key)) {
        open.client.excuse();
        ctx.registry.wake_users(&key);
    }
    ctx.reporter
        .outcome(KIND, &*account, &before.conditions, &found.outcome);
    let failures = ctx
        .attempts
        .count(&account.uid().unwrap_or_default(), &found.outcome);
    let again = match written {
        Written::Changed(now) => {
            let wrote = LastWrite {
                version: version(&now),
                waits: false,
            };
            let uid = account.uid().unwrap_or_default();
            ctx.account_writes.change(&uid, |last| *last = wrote);
            Some(LOOK_AGAIN)
        }
        Written::Same | Written::Stale | Written::Gone => behind(&account, &ctx),
    };
    let schedule = &ctx.settings.schedule;
    Ok(schedule.next_within(&found.outcome, failures, jitter(), again))
}

/// What this process wrote last to an account.
#[derive(Clone, Debug, Default)]
pub struct LastWrite {
    /// The version of the object that came of it.
    version: u64,
    /// A pass planned from an older one, and waits for the watch to show this one.
    waits: bool,
}

/// What was planned from may be older than what this process wrote last: a count that has changed back
/// since looks told already. So it is looked again as soon as the watch has caught up ([`caught_up`]),
/// and after a while in any case.
fn behind(account: &StreamingAccount, ctx: &Context) -> Option<Duration> {
    let uid = account.uid().unwrap_or_default();
    let wrote = ctx.account_writes.recall(&uid).version;
    if version(account) >= wrote {
        return None;
    }
    ctx.account_writes.change(&uid, |last| last.waits = true);
    // It may have caught up just now, when nobody waited yet.
    let now = ctx.accounts.get(&ObjectRef::from_obj(account));
    let shown = now.is_some_and(|now| version(&now) >= wrote);
    Some(if shown { Duration::ZERO } else { LOOK_AGAIN })
}

/// The watch shows this: whether a pass waits for it, once.
pub fn caught_up(shown: &StreamingAccount, ctx: &Context) -> bool {
    let uid = shown.uid().unwrap_or_default();
    // Nothing is remembered of one that was not written.
    if ctx.account_writes.recall(&uid).version == 0 {
        return false;
    }
    ctx.account_writes.change(&uid, |last| {
        last.waits && version(shown) >= last.version && std::mem::take(&mut last.waits)
    })
}

/// Which of two states of an object is the newer one.
fn version(object: &StreamingAccount) -> u64 {
    let version = object.resource_version();
    version
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
}

/// Finds out whether the account can be used, and opens it if so. Returns the account as it was
/// written last.
async fn look(
    account: Arc<StreamingAccount>,
    key: &ObjectKey,
    objects: &Api<StreamingAccount>,
    ctx: &Context,
    now: Now,
) -> kube::Result<(Arc<StreamingAccount>, Found)> {
    let spec = &account.spec;
    let rate = u32::try_from(spec.requests_per_second).unwrap_or(1);
    let poll = Duration::from_secs(u64::try_from(spec.poll_interval_seconds).unwrap_or(1));
    ctx.registry.tune(key, rate, poll);
    let pinned = pinned(&account);
    let trouble = |outcome| Found {
        outcome,
        client: None,
        health: None,
        confirmed: None,
        excuse: false,
    };

    let Some(access) = Access::of(spec) else {
        let outcome = Outcome::stalled(
            Reason::Refused,
            "name exactly one provider: set spec.gcore or spec.liveStation",
        );
        return Ok((account, trouble(outcome)));
    };
    if let Some(outcome) = forbidden_endpoint(&access, &ctx.settings.allowed_endpoints) {
        ctx.registry.close(key);
        return Ok((account, trouble(outcome)));
    }
    // Some tools drop the finalizer; a key that was used must outlive the objects that used it.
    let account = if pinned.is_some() {
        match keep_finalizer(account, objects).await? {
            Ok(account) => account,
            Err(account) => return Ok((account, trouble(Outcome::Quiet))),
        }
    } else {
        account
    };
    let mut secrets = Vec::new();
    for reference in access.references() {
        let secret = ObjectKey::new(&key.namespace, &reference.name);
        secrets.push(ctx.secret(&secret).await?);
    }
    let credentials = match access.credentials(&secrets) {
        Ok(credentials) => credentials,
        Err(outcome) => {
            let outcome = ctx.with_grace(outcome, now.age(&*account));
            return Ok((account, trouble(outcome)));
        }
    };
    let whole = access.whole(&credentials);
    if !ctx.registry.serves(key, access.endpoint(), &whole) {
        // What was found out about whose key it is, is a call of that client.
        let budget = pinned
            .as_ref()
            .and_then(|pinned| ctx.registry.budget(access.endpoint(), &pinned.client));
        let seat = Kind::StreamingAccount.seat(key);
        if budget.is_some_and(|budget| !budget.try_key(&seat, now.mono)) {
            // The grant wakes the account.
            return Ok((account, trouble(Outcome::Quiet)));
        }
        let known = pinned.as_ref().map(|pinned| Known {
            streams: ctx.index.held_by(key),
            ..pinned.clone()
        });
        let confirmation = Confirmation::of(&account);
        let identified = identify(&access, credentials, known.as_ref(), &confirmation, ctx).await;
        let (connection, client, confirmed) = match identified {
            Ok(known) => known,
            Err(outcome) => return Ok((account, trouble(outcome))),
        };
        // The client is pinned, and the finalizer stands, before anything is done with the key.
        let fingerprint = connection.identity.fingerprint();
        let account = match pin(account, objects, &client, fingerprint).await? {
            Ok(account) => account,
            Err(account) => return Ok((account, trouble(Outcome::Quiet))),
        };
        let news = pinned
            .is_none()
            .then(|| Happening::<StreamId>::Opened(client.as_str().to_owned()));
        ctx.reporter.happened(&*account, news.as_slice());
        let opening = Opening {
            endpoint: access.endpoint().to_owned(),
            key: whole,
            client: client.clone(),
            connection,
            requests_per_second: rate,
            poll_interval: poll,
        };
        ctx.registry.open(key, opening);
        let found = Found {
            outcome: Outcome::InStep,
            client: Some(client),
            health: None,
            // A confirmation that was there from the start was given for something else.
            confirmed: confirmation.asked.filter(|_| confirmed || pinned.is_none()),
            excuse: false,
        };
        return Ok((account, found));
    }
    let found = examine(&account, key, ctx).await;
    Ok((account, found))
}

/// How an open account fares.
async fn examine(account: &StreamingAccount, key: &ObjectKey, ctx: &Context) -> Found {
    let Some(open) = ctx.registry.get(key) else {
        return Found {
            outcome: Outcome::Quiet,
            client: None,
            health: None,
            confirmed: None,
            excuse: false,
        };
    };
    let health = open.client.health();
    let broadcasts = open.client.broadcasts_health();
    let vanished = (
        open.client.mirror.vanished(),
        open.client.broadcasts.vanished(),
    );
    let vanished = match vanished {
        (Some(streams), _) => Some((streams, "streams")),
        (None, Some(broadcasts)) => Some((broadcasts, "broadcasts")),
        (None, None) => None,
    };
    let Confirmation { asked, fresh } = Confirmation::of(account);
    let excuse = fresh && vanished.is_some();
    let used_up = excuse || (fresh && health.walked.is_some());
    let unanswered = open.client.budget.unanswered();
    let refused = match &unanswered {
        // One probe at a time: the walks make them.
        Some(_) => None,
        None => refused(&open, key).await,
    };
    // That the list of broadcasts cannot be had is said where that of streams can.
    let failing = health.failing.as_ref().or(broadcasts.failing.as_ref());
    let outcome = match (failing, vanished) {
        _ if refused.is_some() => refused.unwrap_or(Outcome::Quiet),
        _ if unanswered.is_some() => unanswered.as_ref().map_or(Outcome::Quiet, Outcome::from),
        (Some((error, failures)), _) if *failures >= 2 || error.refused_for_certain() => {
            Outcome::from(error)
        }
        (_, Some((vanished, what))) if !excuse => Outcome::stalled(
            Reason::MassDisappearance,
            format!(
                "{} of {} {what} are missing from the provider's list; nothing is created again. Check the key and the endpoint; \
                 if they really are gone, set the annotation {CONFIRM_DISAPPEARANCE_ANNOTATION} to a new value",
                vanished.missing, vanished.held
            ),
        ),
        _ => Outcome::InStep,
    };
    Found {
        outcome,
        client: Some(open.client.id.clone()),
        health: Some(health),
        confirmed: asked.filter(|_| used_up),
        excuse,
    }
}

/// Another account's key may keep the walks going while this one's is refused: it is asked for.
async fn refused(open: &Account, key: &ObjectKey) -> Option<Outcome> {
    if !open.client.refused(key) {
        return None;
    }
    let seat = Kind::StreamingAccount.seat(key);
    if !open.client.budget.try_key(&seat, clock::now().mono) {
        // The grant wakes the account.
        return Some(Outcome::Quiet);
    }
    let identity = &open.connection.identity;
    let known = Known {
        client: open.client.id.clone(),
        fingerprint: identity.fingerprint(),
        streams: Vec::new(),
    };
    match identity.client(Some(&known)).await {
        Ok(Some(client)) if client == open.client.id => {
            open.client.accepted(key);
            None
        }
        Ok(_) => Some(Outcome::Quiet),
        Err(error) => Some(Outcome::from(&error)),
    }
}

/// The client that an account was opened with first.
fn pinned(account: &StreamingAccount) -> Option<Known> {
    let status = account.status.as_ref()?;
    Some(Known {
        client: ClientId::new(status.client_id.as_deref()?),
        fingerprint: status.key_fingerprint.clone(),
        streams: Vec::new(),
    })
}

/// That somebody says what is missing is really gone.
struct Confirmation {
    asked: Option<String>,
    /// It was not obeyed yet.
    fresh: bool,
}

impl Confirmation {
    fn of(account: &StreamingAccount) -> Self {
        let asked = api::token(account, CONFIRM_DISAPPEARANCE_ANNOTATION);
        let status = account.status.as_ref();
        let handled = status.and_then(|status| status.confirmed_disappearance.as_ref());
        let fresh = asked.is_some() && asked.as_ref() != handled;
        Self { asked, fresh }
    }
}

/// Asks the provider whose key it is. With it comes whether the confirmation was needed to believe it.
async fn identify(
    access: &Access,
    credentials: Credentials,
    known: Option<&Known>,
    confirmation: &Confirmation,
    ctx: &Context,
) -> Result<(Connection, ClientId, bool), Outcome> {
    let connection = access
        .connect(credentials, &ctx.http)
        .map_err(|error| Outcome::stalled(Reason::InvalidSecret, error.to_string()))?;
    let answer = connection.identity.client(known).await;
    let answer = answer.map_err(|error| Outcome::from(&error))?;
    match (answer, known) {
        (Some(client), Some(known)) if client != known.client => Err(Outcome::stalled(
            Reason::ClientChanged,
            format!(
                "the key belongs to client {}, and this account is client {}: put a key of that client into the Secret, \
                 or create another StreamingAccount",
                client.as_str(),
                known.client.as_str()
            ),
        )),
        (Some(client), _) => Ok((connection, client, false)),
        (None, Some(known)) if confirmation.fresh => Ok((connection, known.client.clone(), true)),
        (None, _) => Err(Outcome::stalled(
            Reason::ClientChanged,
            format!(
                "none of the streams that objects of this account hold is there with these keys, so they may be another client's: \
                 put keys of the same client, and its region and endpoint, or create another StreamingAccount; if the streams really \
                 are gone, set the annotation {CONFIRM_DISAPPEARANCE_ANNOTATION} to a new value"
            ),
        )),
    }
}

/// Puts the finalizer, and whose key it is, where they survive us. `Err` is an account that has
/// changed meanwhile.
async fn pin(
    account: Arc<StreamingAccount>,
    objects: &Api<StreamingAccount>,
    client: &ClientId,
    key_fingerprint: Option<String>,
) -> kube::Result<Result<Arc<StreamingAccount>, Arc<StreamingAccount>>> {
    let account = match keep_finalizer(account, objects).await? {
        Ok(account) => account,
        Err(account) => return Ok(Err(account)),
    };
    let mut status = account.status.clone().unwrap_or_default();
    status.client_id = Some(client.as_str().to_owned());
    status.key_fingerprint = key_fingerprint;
    match status_write::write(objects, &*account, account.status.as_ref(), &status).await? {
        Written::Same => Ok(Ok(account)),
        Written::Changed(written) => Ok(Ok(Arc::new(*written))),
        Written::Stale | Written::Gone => Ok(Err(account)),
    }
}

/// The finalizer stands on an account that is to stay. `Err` is one that has changed meanwhile.
async fn keep_finalizer(
    account: Arc<StreamingAccount>,
    objects: &Api<StreamingAccount>,
) -> kube::Result<Result<Arc<StreamingAccount>, Arc<StreamingAccount>>> {
    if finalizer::present(&*account) || account.metadata.deletion_timestamp.is_some() {
        return Ok(Ok(account));
    }
    Ok(match finalizer::add(objects, &*account).await? {
        Some(written) => Ok(Arc::new(written)),
        None => Err(account),
    })
}

/// Who may be called is for those to say who run the operator, not for those who write accounts.
fn forbidden_endpoint(access: &Access, allowed: &[String]) -> Option<Outcome> {
    let (endpoint, public) = (access.endpoint(), access.public_endpoint());
    let fine = endpoint == public || allowed.iter().any(|allowed| allowed == endpoint);
    (!fine).then(|| {
        Outcome::stalled(
            Reason::EndpointNotAllowed,
            format!("the operator may not call {endpoint}: use {public}, or start the operator with --allow-endpoint={endpoint}"),
        )
    })
}

/// The objects that name an account.
struct Users {
    streams: Vec<ObjectKey>,
    broadcasts: Vec<ObjectKey>,
}

impl Users {
    fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.broadcasts.is_empty()
    }

    fn outcome(&self) -> Outcome {
        let counted = |kind: &str, keys: &[ObjectKey]| {
            let names: Vec<&str> = keys.iter().take(5).map(|key| &*key.name).collect();
            let more = if keys.len() > names.len() {
                " and others"
            } else {
                ""
            };
            (!keys.is_empty())
                .then(|| format!("{} {kind} ({}{more})", keys.len(), names.join(", ")))
        };
        let kinds: Vec<String> = [
            counted("LiveStreams", &self.streams),
            counted("Broadcasts", &self.broadcasts),
        ]
        .into_iter()
        .flatten()
        .collect();
        Outcome::waiting(
            Reason::InUse,
            format!(
                "{} still use this account: it goes when they are gone",
                kinds.join(" and ")
            ),
        )
    }
}

/// What the watch saw: a status that was wiped is made again.
pub fn wiped(old: &StreamingAccountStatus, new: Option<&StreamingAccountStatus>) -> bool {
    old.client_id.is_some() && new.is_none_or(|new| new.client_id.is_none())
}
