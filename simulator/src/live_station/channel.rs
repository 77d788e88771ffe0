//! One channel, and how the API shows it.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;
use super::fields::Settings;
use crate::clock::Moment;

/// So many of a channel's events are kept.
const MOST_EVENTS: usize = 1000;

/// What a channel is doing: `channelStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Creating,
    Ready,
    Publishing,
    /// Switched off by its owner.
    Block,
    /// Switched off by the provider.
    ForceBlock,
    Deleted,
    /// Taken back by the provider.
    ForceDeleted,
}

impl Status {
    pub(super) fn word(self, ways: &Behaviour) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Ready => "READY",
            Self::Publishing if ways.old_status_words => "PUBLISH",
            Self::Publishing => "PUBLISHING",
            Self::Block => "BLOCK",
            Self::ForceBlock => "FORCE_BLOCK",
            Self::Deleted => "DELETED",
            Self::ForceDeleted => "FORCE_DELETED",
        }
    }
}

/// A channel of the provider. Those that are gone are kept, to be shown for a while.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) id: String,
    /// Counts up over all channels: the order of their creation.
    pub(super) number: u64,
    pub(super) settings: Settings,
    pub(super) status: Status,
    pub(super) created_at: Moment,
    pub(super) gone_at: Option<Moment>,
    pub(super) stream_key: String,
    pub(super) backup_key: String,
    /// An encoder keeps trying, and comes back when it is let in.
    pub(super) keeps_trying: bool,
    /// An encoder sends.
    pub(super) signal: bool,
    /// How often the signal was lost.
    pub(super) losses: u64,
    /// The number of the broadcast that runs or was the last: `streamSeq`.
    pub(super) stream_seq: u64,
    pub(super) publish_started: Option<Moment>,
    /// Milliseconds in broadcasts that are over.
    pub(super) published: i64,
    /// The recording that runs.
    pub(super) recording: Option<Recording>,
    /// The channel's own endpoint for callbacks.
    pub(super) callback_endpoint: Option<String>,
    pub(super) events: VecDeque<Value>,
    /// Fields as a person set them in the world, over what would be shown.
    pub(super) pinned: Map<String, Value>,
}

/// A recording that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recording {
    /// `recordSeq`.
    pub(super) seq: u64,
    pub(super) began: Moment,
}

impl Channel {
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.status, Status::Deleted | Status::ForceDeleted)
    }

    /// Whether it is shown although it is gone.
    pub(super) fn shown_for(&self, seconds: f64, now: Moment) -> bool {
        self.gone_at.is_none_or(|gone| now < gone.plus(seconds))
    }

    pub(super) fn name(&self) -> &str {
        self.settings.text("channelName")
    }

    pub(super) fn event(&mut self, event: Value) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    fn published(&self, now: Moment) -> i64 {
        let running = self.publish_started;
        let running = running.filter(|_| self.status == Status::Publishing);
        self.published + running.map_or(0, |since| now.millis_since(since))
    }

    fn is_recording(&self, ways: &Behaviour, now: Moment) -> bool {
        let seen = |recording: Recording| recording.began.plus(ways.is_recording_after_seconds);
        self.recording
            .is_some_and(|recording| seen(recording) <= now)
    }

    /// As GET shows it.
    pub(super) fn view(&self, ways: &Behaviour, now: Moment) -> Value {
        let settings = &self.settings;
        let instance = 20_000_000 + self.number;
        let number = |number: u64| {
            if ways.numbers_as_text {
                json!(number.to_string())
            } else {
                json!(number)
            }
        };
        let started = self.publish_started.map(Moment::as_millis);
        let mut view = json!({
            "channelId": self.id,
            "channelName": settings.get("channelName"),
            "instanceNo": number(instance),
            "qualitySetId": settings.get("qualitySetId"),
            "qualitySetName": "standard",
            "outputProtocol": settings.get("outputProtocol"),
            "channelStatus": self.status.word(ways),
            "isRecording": self.is_recording(ways, now),
            // Requests write it `useDvr`.
            "useDVR": settings.get("useDvr"),
            "immediateOnAir": settings.get("immediateOnAir"),
            "timemachineMin": settings.get("timemachineMin"),
            "uploadPath": settings.part("record", "filePath").unwrap_or_default(),
            "record": settings.get("record"),
            "cdn": self.cdn(&number(instance + 1)),
            "publishUrl": "rtmp://rtmp-ls-k1.video.media.example/relay",
            "globalPublishUrl": "rtmp://rtmp-ls-gb.video.media.example/relay",
            "isStreamFailOver": settings.get("isStreamFailOver"),
            "totalPublishSeconds": self.published(now) / 1000,
            "recentPublishStartTime": started,
            "createdTime": self.created_at.as_millis(),
            "alertOn": false,
            "alertOptions": {
                "alertChangeStatus": false,
                "alertVodUploadFail": false,
                "alertReStreamFail": false,
            },
            "envType": settings.get("envType"),
            "callbackEndpoint": self.callback_endpoint,
        });
        // One client waits for it; so it is not there at once.
        if self.status != Status::Creating {
            view["streamKey"] = json!(self.stream_key);
            if settings.is("isStreamFailOver") {
                view["backupStreamKey"] = json!(self.backup_key);
            }
        }
        for (name, value) in &self.pinned {
            view[name] = value.clone();
        }
        view
    }

    fn cdn(&self, instance: &Value) -> Value {
        let made = |name: &str| self.settings.get("cdn")[name].clone();
        let mut domain = made("cdnDomain");
        if domain.is_null() {
            domain = json!(format!("{}.cdn.media.example", self.id.to_lowercase()));
        }
        let status = if self.status == Status::Creating {
            "CREATING"
        } else {
            "RUNNING"
        };
        json!({
            "cdnType": made("cdnType"),
            "instanceNo": instance,
            "profileId": made("profileId"),
            "statusName": status,
            "serviceName": self.name(),
            "cdnDomain": domain,
        })
    }
}
