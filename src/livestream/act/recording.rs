//! Beginning and ending a recording.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::{
    Acted, Pass,
    air::{Air, RecordGate},
    plan::Known,
};
use crate::{
    account::Account,
    api::{LiveStreamStatus, RecordingRequest},
    clock,
    outcome::{Outcome, Reason},
    provider::{ProviderError, Start, StreamId},
    report::{Change, ChangeResult, Happening, RecordingNews},
    status_write,
    status_write::Written,
};

/// When a start is tried again that was refused because nobody sends video, although somebody does.
const NOT_LIVE_PAUSE: Duration = Duration::from_secs(2);

/// What a start's answer says of it: some refusals are successes to the caller.
fn told(result: &Result<Start, ProviderError>) -> ChangeResult {
    let refused = |why: &str| ChangeResult::Refused(why.to_owned());
    match result {
        Ok(Start::NoSpace) => refused("there is no room"),
        Ok(Start::NotLive) => refused("nobody sends video"),
        Ok(Start::Gone) => refused("there is no such stream"),
        Ok(Start::Accepted { .. }) | Err(_) => ChangeResult::of(result),
    }
}

impl Pass<'_> {
    /// Asks for a recording: the time stands in the status before the call is made.
    pub(super) async fn start_recording(
        &mut self,
        id: &StreamId,
        account: &Account,
        known: &Known,
    ) -> kube::Result<Acted> {
        if !self.mark_intent(known).await? {
            return Ok(Acted::Stale);
        }
        let at = clock::now();
        let session = account.client.mirror.sight(id).seen;
        let session = session.and_then(|stream| stream.session_started_at);
        let status = LiveStreamStatus {
            recording_request: Some(RecordingRequest {
                at: Time(at.wall),
                session: session.map(Time),
            }),
            ..self.old_status()
        };
        let written = status_write::write(
            &self.api,
            &*self.object,
            self.object.status.as_ref(),
            &status,
        )
        .await;
        if written.is_err() {
            // The request may stand there now, with whole seconds. This process knows that nothing was sent, so
            // the recording does not wait for one that nobody asked for.
            let void = Timestamp::from_second(at.wall.as_second()).ok();
            self.air(|air| air.void = void);
        }
        match written? {
            Written::Changed(written) => self.object = std::sync::Arc::new(*written),
            Written::Same => {}
            Written::Stale | Written::Gone => return Ok(Acted::Stale),
        }
        let requested = self
            .old_status()
            .recording_request
            .map(|request| request.at.0);
        self.air(|air| {
            // Times are kept to the second, so that this one may look like one that was refused.
            air.void = None;
            air.requested = requested.map(|request| (request, at.mono));
            air.starts = air.starts.saturating_add(1);
        });
        let result = account.connection.recordings.start(id).await;
        let change = Change::of("start_recording", id).word("recording", false, true);
        self.changed(account, &change, &told(&result));
        let asked = clock::now().mono;
        // What was refused for certain was not asked for.
        let refused = match &result {
            Ok(Start::Accepted { .. }) => false,
            Ok(Start::NoSpace | Start::NotLive | Start::Gone) => true,
            Err(error) => error.refused_for_certain(),
        };
        if refused {
            let void = self
                .old_status()
                .recording_request
                .map(|request| request.at.0);
            self.air(|air| air.void = void);
        }
        match result {
            Ok(Start::Accepted { storage }) => {
                let low = self
                    .old_status()
                    .conditions
                    .iter()
                    .any(|c| c.type_ == "StorageLow");
                if let Some(storage) = storage.filter(|_| !low) {
                    self.tell_of(RecordingNews::StorageLow(storage));
                }
                self.air(|air| air.storage = Some(storage));
                self.tell_of(RecordingNews::Requested(id.clone()));
            }
            Ok(Start::NoSpace) => {
                let outcome = Outcome::stalled(
                    Reason::StorageFull,
                    "the provider has no room for a recording: delete videos there or have the limit raised; it is tried again every few minutes",
                );
                let schedule = &self.ctx.settings.schedule;
                self.shut(
                    account,
                    known,
                    true,
                    schedule.stalled.min(schedule.cap),
                    Some(outcome),
                );
            }
            Ok(Start::NotLive) => {
                let wait = NOT_LIVE_PAUSE.saturating_mul(self.memory().air().starts.clamp(1, 5));
                self.shut(account, known, true, wait, None);
            }
            // The list shows it; whether it is gone is found out as for any other.
            Ok(Start::Gone) => {
                account.client.mirror.not_found(asked, id);
                let wait = NOT_LIVE_PAUSE.saturating_mul(self.memory().air().starts.clamp(1, 5));
                self.shut(account, known, true, wait, None);
            }
            Err(error) => self.recording_failed(account, known, true, &error),
        }
        Ok(Acted::Done)
    }

    /// Ends a recording. Every video is found by the list, so that a lost answer loses nothing.
    pub(super) async fn stop_recording(
        &mut self,
        id: &StreamId,
        account: &Account,
        known: &Known,
    ) -> kube::Result<Acted> {
        if !self.mark_intent(known).await? {
            return Ok(Acted::Stale);
        }
        let void = self
            .old_status()
            .recording_request
            .map(|request| request.at.0);
        let result = account.connection.recordings.stop(id).await;
        let change = Change::of("stop_recording", id).word("recording", true, false);
        self.changed(account, &change, &ChangeResult::of(&result));
        let ended = clock::now().mono;
        let answered = match &result {
            Ok(_) => true,
            Err(error) => error.refused_for_certain(),
        };
        self.air(|air| {
            air.stopped = Some(ended);
            air.stops = air.stops.saturating_add(u32::from(answered));
            air.void = void;
        });
        match result {
            Ok(video) => {
                account.client.mirror.stopped_recording(ended, id);
                let video = video.map(|video| video.id);
                self.tell_of(RecordingNews::Ended {
                    stream: id.clone(),
                    video: video.clone(),
                });
                self.air(|air| air.shelving.stopped(video, ended));
            }
            Err(error) => {
                if !answered {
                    self.air(|air| air.shelving.perhaps_stopped(ended));
                }
                self.recording_failed(account, known, false, &error);
            }
        }
        Ok(Acted::Done)
    }

    fn tell_of(&mut self, news: RecordingNews) {
        self.happenings.push(Happening::Recording(news));
    }

    /// A call about a recording failed. What may have been carried out is seen on the stream; what was
    /// refused is said.
    fn recording_failed(
        &self,
        account: &Account,
        known: &Known,
        wanted: bool,
        error: &ProviderError,
    ) {
        tracing::warn!(object = %self.key, %error, "a call about a recording failed");
        let schedule = &self.ctx.settings.schedule;
        match error {
            ProviderError::RateLimited { retry_after } => {
                account.client.budget.pause(*retry_after, clock::now().mono);
            }
            ProviderError::Unauthorized { .. } | ProviderError::Refused { .. } => {
                let wait = schedule.stalled.min(schedule.cap);
                self.shut(account, known, wanted, wait, Some(Outcome::from(error)));
            }
            ProviderError::Unavailable { .. } | ProviderError::Garbled { .. } => {}
        }
    }

    fn shut(
        &self,
        account: &Account,
        known: &Known,
        wanted: bool,
        wait: Duration,
        outcome: Option<Outcome>,
    ) {
        self.air(|air| {
            air.gate = Some(RecordGate {
                until: clock::now().mono + wait,
                wanted,
                generation: known.generation,
                opened: account.opened,
                outcome,
            });
        });
    }

    /// Changes what is remembered of the time on air.
    pub(in crate::livestream) fn air(&self, change: impl FnOnce(&mut Air)) {
        self.ctx
            .memories
            .change(&self.uid, |memory| change(memory.air_mut()));
    }
}
