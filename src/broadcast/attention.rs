//! How closely the streams of a broadcast are followed between the walks of the list.

use std::time::{Duration, Instant};

use super::{Pass, plan::Known};
use crate::{
    account::Account, api::BroadcastState, clock::Now, object_key::Kind, outcome::Outcome,
};

/// The longest wait between two looks at a stream whose signal is lost.
const WAITING: Duration = Duration::from_secs(5);

/// The least time until that wait is thought over.
const A_WHILE: Duration = Duration::from_mins(1);

/// How often to read the streams, where a lost signal means a pause, and when to think that over;
/// `None`: the walks do. The longer nobody sends, the less often, down to a few seconds. Pure.
fn attention(
    known: &Known,
    silent_since: Option<Instant>,
    often: Duration,
    now: Now,
) -> Option<(Duration, Option<Duration>)> {
    let wanted = known.want.as_ref().ok()?;
    let listens = wanted.settings.state == Some(BroadcastState::Live)
        && wanted.pause_after.is_some()
        && !known.leaving
        && !known.suspended;
    let silent = silent_since.map_or(Duration::ZERO, |since| {
        now.mono.saturating_duration_since(since)
    });
    let longest = WAITING.max(often);
    let every = (silent / 60).clamp(often, longest);
    let again = (silent_since.is_some() && every < longest).then(|| silent.max(A_WHILE));
    listens.then_some((every, again))
}

impl Pass<'_> {
    /// Nobody follows the streams of what goes, or is gone.
    pub(super) fn unfollow(&self, account: Result<&Account, &Outcome>) {
        if let Ok(account) = account {
            let who = Kind::Broadcast.seat(&self.key);
            account.client.desk.follow(who, Vec::new());
        }
    }

    /// Says which streams are to be read between the walks, and returns when to look again if nothing
    /// happens.
    pub(super) fn attend(
        &self,
        account: Result<&Account, &Outcome>,
        known: &Known,
        now: Now,
    ) -> Option<Duration> {
        let desk = &account.ok()?.client.desk;
        let who = Kind::Broadcast.seat(&self.key);
        let silent = self.memory().silent_since;
        let Some((every, again)) = attention(known, silent, self.ctx.settings.live_poll, now)
        else {
            desk.follow(who, Vec::new());
            return None;
        };
        let ids = known.listened_to().unwrap_or_default().into_iter();
        desk.follow(who, ids.map(|id| (id, every)).collect());
        again
    }
}
