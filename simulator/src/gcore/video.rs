//! One video, how the API shows it, and how it is processed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;
use super::fields::Settings;
use super::shelf::Kept;
use crate::clock::Moment;

/// How far a video has come (API specification, `status`; product page "VOD status").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoStatus {
    /// It is there, its file is not.
    Empty,
    /// Queued, or transcoding; nothing is done.
    Pending,
    /// The first rendition is done.
    Viewable,
    /// All renditions are done.
    Ready,
    /// Processing has failed.
    Error,
}

impl VideoStatus {
    /// The word in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Pending => "pending",
            Self::Viewable => "viewable",
            Self::Ready => "ready",
            Self::Error => "error",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        [
            Self::Empty,
            Self::Pending,
            Self::Viewable,
            Self::Ready,
            Self::Error,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }
}

/// What becomes of a recording: all that the documents and their demo videos show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// `empty`, `pending`, `viewable`, `ready`.
    #[default]
    Ready,
    /// After `pending`: `error`, and the text of it.
    Error,
    /// After `viewable` there is a text in `error`, and it stays so.
    ViewableWithError,
    /// It stays `empty`, with a text in `error`.
    EmptyWithError,
    /// It stays `empty`, and no more is said.
    StaysEmpty,
    /// It stays `pending`, and no more is said.
    StaysPending,
}

/// Product page "VOD status".
pub(super) const NO_SPACE: &str = "The storage limit has been exceeded";
const FAILED: &str = "Transcoding has failed";
const PARTLY: &str = "Some renditions could not be made";
const NO_FILE: &str = "The file could not be read";

/// Name, width, height, megabytes in a minute.
const RENDITIONS: [(&str, u32, u32, u64); 3] = [
    ("vod360p", 640, 360, 6),
    ("vod720p", 1280, 720, 18),
    ("vod1080p", 1920, 1080, 36),
];

/// Megabytes in a minute of an original: about 4 Mbit/s.
pub(super) const MEGABYTES_PER_MINUTE: f64 = 30.0;

/// A video of the provider.
#[derive(Clone, Debug)]
pub(super) struct Video {
    pub(super) id: u64,
    pub(super) client: u64,
    pub(super) slug: String,
    pub(super) settings: Settings,
    pub(super) status: VideoStatus,
    pub(super) error: Option<String>,
    pub(super) fate: Fate,
    /// What `error` will say, where the fate does not.
    pub(super) reason: Option<&'static str>,
    /// A person has said how far it is, and there it stays.
    pub(super) held: bool,
    /// Milliseconds; not said while it is empty.
    pub(super) length: i64,
    /// There is an original file to download.
    pub(super) original: bool,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    pub(super) recording: Option<Recorded>,
    /// Fields as a person set them in the world, over what would be shown.
    pub(super) pinned: Map<String, Value>,
}

/// Where a recording comes from. The stream may be gone.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) stream: u64,
    pub(super) started_at: Moment,
    pub(super) record_type: String,
}

/// What can become due for a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The next status.
    Step(VideoStatus),
    /// The original file is no longer kept.
    OriginalGone,
}

impl Kept for Video {
    fn created_at(&self) -> Moment {
        self.created_at
    }
}

impl Video {
    /// What follows from its being in this status, and in how many seconds.
    pub(super) fn next(&self, ways: &Behaviour) -> Option<(f64, Due)> {
        let seconds = match self.status {
            VideoStatus::Empty => ways.video_pending_after_seconds,
            VideoStatus::Pending => ways.video_viewable_after_seconds,
            VideoStatus::Viewable => ways.video_ready_after_seconds,
            VideoStatus::Ready | VideoStatus::Error => return None,
        };
        Some((seconds, Due::Step(self.status)))
    }

    /// Goes on from a status, as its fate has it. `true`: its status has changed.
    pub(super) fn step(&mut self, from: VideoStatus, now: Moment) -> bool {
        if self.held || self.status != from || self.error.is_some() {
            return false;
        }
        let (status, error) = match (from, self.fate) {
            (VideoStatus::Empty, Fate::StaysEmpty)
            | (VideoStatus::Pending, Fate::StaysPending)
            | (VideoStatus::Ready | VideoStatus::Error, _) => return false,
            (VideoStatus::Empty, Fate::EmptyWithError) => (from, Some(NO_FILE)),
            (VideoStatus::Viewable, Fate::ViewableWithError) => (from, Some(PARTLY)),
            (VideoStatus::Pending, Fate::Error) => (VideoStatus::Error, Some(FAILED)),
            (VideoStatus::Empty, _) => (VideoStatus::Pending, None),
            (VideoStatus::Pending, _) => (VideoStatus::Viewable, None),
            (VideoStatus::Viewable, _) => (VideoStatus::Ready, None),
        };
        self.error = error.map(|text| self.reason.unwrap_or(text).to_owned());
        self.updated_at = now;
        std::mem::replace(&mut self.status, status) != status
    }

    /// Sets a field without asking; its type must be right. `false`: it can only be shown otherwise.
    pub(super) fn force(&mut self, name: &str, value: &Value) -> bool {
        let word = value.as_str().and_then(VideoStatus::of);
        if let ("status", Some(status)) = (name, word) {
            self.status = status;
            self.held = true;
            return true;
        }
        match (name, value.as_i64()) {
            ("error", _) if value.is_null() || value.is_string() => {
                self.error = value.as_str().map(str::to_owned);
                true
            }
            ("duration", Some(length)) => {
                self.length = length;
                true
            }
            ("stream_id", Some(stream)) => {
                let created = self.created_at;
                let recording = self.recording.get_or_insert_with(|| Recorded {
                    stream: 0,
                    started_at: created,
                    record_type: "origin".to_owned(),
                });
                recording.stream = stream.unsigned_abs();
                true
            }
            _ => self.settings.force(name, value),
        }
    }

    /// The video as a webhook tells of it.
    pub(super) fn told(&self, old: bool) -> Value {
        let renditions = self.renditions().into_iter().map(|mut rendition| {
            let keep = |name: &String| match name.as_str() {
                "name" | "status" => true,
                "mp4_url" => !old,
                _ => false,
            };
            if let Value::Object(fields) = &mut rendition {
                fields.retain(|name, _| keep(name));
            }
            rendition
        });
        let mut told = json!({
            "id": self.id,
            "slug": self.slug,
            "name": self.settings.name(),
            "duration": self.known_length(),
            "status": self.status.word(),
            "converted_videos": renditions.collect::<Vec<_>>(),
        });
        if !old {
            told["stream_id"] = json!(self.recording.as_ref().map(|r| r.stream));
        }
        told
    }

    fn known_length(&self) -> Option<i64> {
        (self.status != VideoStatus::Empty).then_some(self.length)
    }

    fn renditions(&self) -> Vec<Value> {
        if self.status == VideoStatus::Empty {
            return Vec::new();
        }
        let partly = self.error.is_some();
        let one = |(n, (name, width, height, rate)): (u64, _)| {
            let (progress, status) = match (self.status, n) {
                (VideoStatus::Error, _) => (0, "error"),
                (VideoStatus::Ready, _) | (VideoStatus::Viewable, 0) => (100, "complete"),
                (VideoStatus::Viewable, _) if partly => (0, "error"),
                (VideoStatus::Viewable, _) => (50, "processing"),
                (VideoStatus::Pending | VideoStatus::Empty, _) => (0, "processing"),
            };
            let done = progress == 100;
            let seconds = self.length.unsigned_abs() / 1000;
            json!({
                "id": self.id * 10 + n,
                "name": name,
                "width": done.then_some(width),
                "height": done.then_some(height),
                "size": done.then_some(seconds * rate * 1_000_000 / 60),
                "progress": progress,
                "status": status,
                "error": (status == "error").then_some(FAILED),
                "mp4_url": done.then(|| format!("{}/{name}.mp4", self.folder())),
            })
        };
        (0..).zip(RENDITIONS).map(one).collect()
    }

    fn folder(&self) -> String {
        let Self { client, slug, .. } = self;
        format!("https://{client}.gvideo.io/videos/{client}_{slug}")
    }

    /// The video as GET shows it.
    pub(super) fn view(&self, ways: &Behaviour) -> Value {
        let Self {
            id, client, slug, ..
        } = self;
        let folder = self.folder();
        let length = self.known_length();
        let has_file = length.is_some();
        let size = || bytes(self.length);
        let pictures = format!("https://static.gvideo.co/videoplatform/videos/{client}_{slug}");
        let screenshot = || format!("{pictures}/screenshot.jpg");
        let recording = self.recording.as_ref();
        let mut fields = self.settings.all().clone();
        let poster = fields
            .get("poster")
            .is_some_and(Value::is_string)
            .then(|| format!("{pictures}/poster.jpg"));
        let made = json!({
            "id": id,
            "client_id": client,
            "slug": slug,
            "status": self.status.word(),
            "error": self.error,
            "stream_id": recording.map(|r| r.stream),
            "recording_started_at": recording.map(|r| r.started_at),
            "record_type": recording.map(|r| &r.record_type),
            "duration": length,
            "origin_video_duration": length,
            "origin_size": has_file.then(size),
            "origin_url": (has_file && self.original).then(|| format!("{folder}/origin.mp4")),
            "origin_height": has_file.then_some(1080),
            "origin_width": has_file.then_some(1920),
            "origin_audio_channels": has_file.then_some(2),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "hls_url": format!("{folder}/master.m3u8"),
            "hls_cmaf_url": format!("{folder}/master-cmaf.m3u8"),
            "dash_url": format!("{folder}/index.mpd"),
            "iframe_url": format!("https://player.gvideo.co/videos/{client}_{slug}"),
            "poster": poster,
            "poster_thumb": poster,
            "screenshot": has_file.then(screenshot),
            "screenshots": if has_file { json!([screenshot()]) } else { json!([]) },
            "sprite": has_file.then(|| format!("{pictures}/sprite.jpg")),
            "sprite_vtt": has_file.then(|| format!("{pictures}/sprite.vtt")),
            "converted_videos": self.renditions(),
            "views": 0,
            "cdn_views": 0,
        });
        if let Value::Object(made) = made {
            fields.extend(made);
        }
        for (name, value) in &self.pinned {
            fields.insert(name.clone(), value.clone());
        }
        if ways.omit_nulls {
            fields.retain(|_, value| !value.is_null());
        }
        Value::Object(fields)
    }
}

/// Milliseconds to bytes of an original.
fn bytes(length: i64) -> u64 {
    length.unsigned_abs() * 500
}
