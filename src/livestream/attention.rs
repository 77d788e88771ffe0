//! How closely a stream is followed between the walks of the list, and when it is looked at again.

use std::time::{Duration, Instant};

use super::{
    Pass,
    air::{AFTER_A_STOP, Air},
    look,
    plan::{Known, record},
};
use crate::{
    account::Account,
    clock::Now,
    object_key::Kind,
    outcome::Outcome,
    provider::{ObservedStream, StreamId},
};

/// After a change of ours an encoder may come at any moment.
const AFTER_A_CHANGE: Duration = Duration::from_mins(1);

/// The longest wait between two looks at a stream that is to be recorded as soon as video comes in.
const WAITING: Duration = Duration::from_secs(5);

/// How closely to follow a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attention {
    /// How often to read it; `None`: the walks do.
    pub(super) every: Option<Duration>,
    /// When that is to be thought over, if nothing happens.
    pub(super) again: Option<Duration>,
}

/// How closely to follow a stream. `often` is the least time between two reads, and `written` is when
/// our last write about it ended, if there was one. Pure.
pub(super) fn attention(
    known: &Known,
    air: Option<&Air>,
    stream: &ObservedStream,
    written: Option<Instant>,
    often: Duration,
    now: Now,
) -> Attention {
    let closely = |again| Attention {
        every: Some(often),
        again,
    };
    if known.leaving {
        return Attention::default();
    }
    if stream.live {
        return closely(None);
    }
    let since = |at: Instant| now.mono.saturating_duration_since(at);
    let left = |age: Option<Duration>, span: Duration| {
        age.map(|age| span.saturating_sub(age))
            .filter(|left| !left.is_zero())
    };
    let asked = left(known.request.map(|request| request.age), AFTER_A_CHANGE);
    let stopped = left(air.and_then(|air| air.stopped).map(since), AFTER_A_STOP);
    if let Some(left) = asked.max(stopped) {
        return closely(Some(left));
    }
    // Where nobody can send, nobody needs to be waited for.
    if stream.settings.active == Some(false) {
        return Attention::default();
    }
    if let Some(left) = left(written.map(since), AFTER_A_CHANGE) {
        return closely(Some(left));
    }
    if known.recording != Some(true) || known.suspended {
        return Attention::default();
    }
    // The longer nothing happens, the less closely, down to a few seconds.
    let longest = WAITING.max(often);
    let still = air
        .and_then(|air| air.stirred)
        .map_or(AFTER_A_CHANGE, since);
    let every = (still / 60).clamp(often, longest);
    Attention {
        every: Some(every),
        again: (every < longest).then(|| still.max(AFTER_A_CHANGE)),
    }
}

impl Pass<'_> {
    /// Says what is to be read of this object's stream between the walks, and returns when to look
    /// again if nothing happens.
    pub(super) fn attend(
        &self,
        account: Result<&Account, &Outcome>,
        known: &Known,
        stream: Option<&ObservedStream>,
        now: Now,
    ) -> Option<Duration> {
        let account = account.ok()?;
        let client = &account.client;
        let who = Kind::LiveStream.seat(&self.key);
        let memory = self.memory();
        let air = memory.air.as_deref();
        let status = self.object.status.as_ref();
        let id = stream.map(|stream| &stream.id).or(known.recorded.as_ref());
        if let (Some(air), Some(id)) = (air, id) {
            let videos = status.map_or(&[][..], |status| &status.videos[..]);
            // What was read and could not be told yet need not be read again.
            let expiry = air.shelving.expiry(videos, now);
            let due = air.shelving.due(videos).into_iter().chain(expiry).min();
            let due = due.filter(|_| client.desk.shelf(id).is_none());
            client.desk.videos_at(id, due);
        }
        let Some(stream) = stream else {
            client.desk.follow(who, Vec::new());
            return None;
        };
        let written =
            Some(client.mirror.written(&stream.id)).filter(|at| *at > client.mirror.began());
        let attention = attention(
            known,
            air,
            stream,
            written,
            self.ctx.settings.live_poll,
            now,
        );
        let followed = attention.every.map(|every| (stream.id.clone(), every));
        client.desk.follow(who, followed.into_iter().collect());
        let Some(air) = air else {
            return attention.again;
        };
        let due = match &known.account {
            Ok(provider) if !known.leaving && !known.suspended => {
                record::record(known, provider, air, stream, &self.limits, now).again
            }
            Ok(_) | Err(_) => None,
        };
        due.into_iter().chain(attention.again).min()
    }

    /// What is to be said where a recording should run and the budget does not let it begin, and when
    /// that will be so.
    pub(super) fn late(&self, known: &Known, now: Now) -> (Option<Outcome>, Option<Duration>) {
        let stream = look::held(known, &self.limits);
        let stream = stream.filter(|_| !known.leaving && !known.suspended);
        let (Some(stream), Some(air)) = (stream, self.memory().air) else {
            return (None, None);
        };
        let underway = self.limits.underway;
        (
            record::late(known, &air, &stream, underway, now),
            record::until_late(&air, underway, now),
        )
    }

    /// Nobody follows the streams of an object that goes.
    pub(super) fn leave_alone(&self, account: Result<&Account, &Outcome>, id: Option<&StreamId>) {
        if let Ok(account) = account {
            account
                .client
                .desk
                .follow(Kind::LiveStream.seat(&self.key), Vec::new());
            if let Some(id) = id {
                account.client.desk.drop_videos(id);
            }
        }
    }
}
