//! One live stream, and how the API shows it.

use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;
use super::fields::Settings;
use super::recorder::Recorder;
use super::shelf::Kept;
use super::webhooks::Told;
use crate::clock::Moment;

/// One of the two ways in: the primary or the backup ingest server.
#[derive(Clone, Debug, Default)]
pub(super) struct Leg {
    /// PULL: the source is up. PUSH: an encoder is there and keeps trying.
    pub(super) wanted: bool,
    pub(super) live: bool,
    pub(super) started_at: Option<Moment>,
    pub(super) finished_at: Option<Moment>,
}

/// A stream of the provider.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) id: u64,
    pub(super) client: u64,
    pub(super) settings: Settings,
    pub(super) token: String,
    pub(super) created_at: Moment,
    pub(super) primary: Leg,
    pub(super) backup: Leg,
    /// How an encoder sends: `rtmp`, `srt` or `webrtc`.
    pub(super) protocol: &'static str,
    /// There are renditions: the stream is playable.
    pub(super) transcoding: bool,
    /// PULL: since when there has been nothing to fetch.
    pub(super) idle_since: Moment,
    /// Fields as a person set them in the world, over what would be shown.
    pub(super) pinned: Map<String, Value>,
    pub(super) recorder: Recorder,
    /// What the client's webhook was last told of.
    pub(super) told: Told,
}

/// Two sites, as in the examples of the API specification.
const PRIMARY_REGION: &str = "ed1";
const BACKUP_REGION: &str = "anx2";

impl Kept for Stream {
    fn created_at(&self) -> Moment {
        self.created_at
    }
}

impl Stream {
    pub(super) fn is_live(&self) -> bool {
        self.primary.live || self.backup.live
    }

    pub(super) fn is_pull(&self) -> bool {
        self.settings.is("pull")
    }

    pub(super) fn is_active(&self) -> bool {
        self.settings.is("active")
    }

    /// Where an encoder sends to. It holds the push key.
    pub(super) fn push_url(&self) -> String {
        let Self { id, token, .. } = self;
        format!("rtmp://vp-push-{PRIMARY_REGION}.gvideo.co/in/{id}?{token}")
    }

    /// What is being transcoded.
    pub(super) fn source_type(&self) -> Option<&'static str> {
        let playing = self.is_live() && self.transcoding;
        let source = if self.is_pull() {
            "https"
        } else {
            self.protocol
        };
        playing.then_some(source)
    }

    /// The stream as the API shows it.
    pub(super) fn view(&self, ways: &Behaviour, now: Moment) -> Value {
        let Self {
            id,
            client,
            token,
            primary,
            backup,
            ..
        } = self;
        let playback = format!("https://{client}.gvideo.io");
        let push = format!("vp-push-{PRIMARY_REGION}");
        let push_backup = format!("vp-push-{BACKUP_REGION}");
        let live = self.is_live();
        let playing = live && self.transcoding;
        let mut view = json!({
            "id": id,
            "live": primary.live,
            "backup_live": backup.live,
            "active_ingest_region_primary": primary.live.then_some(PRIMARY_REGION),
            "active_ingest_region_backup": backup.live.then_some(BACKUP_REGION),
            "stream_source_type": self.source_type(),
            "transcoded_qualities": playing.then_some(json!(["audioa", "360pa", "480pa", "720pa", "1080pa"])),
            "transcoding_speed": playing.then_some(1.0),
            "frame_rate": playing.then_some(25.0),
            "video_height": playing.then_some(1080),
            "video_width": playing.then_some(1920),
            "recording_duration": self.recorder.seconds(now),
            "token": token,
            "push_url": self.push_url(),
            "backup_push_url": format!("rtmp://{push_backup}.gvideo.co/in/{id}b?{token}"),
            "push_url_srt": format!("srt://{push}-srt.gvideo.co:5001?streamid={id}#{token}"),
            "backup_push_url_srt":
                format!("srt://{push_backup}-srt.gvideo.co:5001?streamid={id}b#{token}"),
            "push_url_whip": format!("https://whip.gvideo.co/{id}_{token}/whip"),
            "created_at": self.created_at,
            "started_at_primary": primary.started_at,
            "started_at_backup": backup.started_at,
            "finished_at_primary": primary.finished_at,
            "iframe_url": format!("https://player.gvideo.co/streams/{client}_{id}"),
            "dash_url": format!("{playback}/cmaf/{client}_{id}/index.mpd"),
            "hls_cmaf_url": format!("{playback}/cmaf/{client}_{id}/master.m3u8"),
            "hls_mpegts_url": format!("{playback}/mpegts/{client}_{id}/master_mpegts.m3u8"),
            "screenshot": format!("https://static.gvideo.co/videoplatform/screenshots/{client}_{id}.jpg"),
            "html_overlays": [],
        });
        let Value::Object(fields) = &mut view else {
            return view;
        };
        for (name, value) in self.settings.all() {
            fields.insert(name.clone(), value.clone());
        }
        if ways.streams_without_broadcasts {
            fields.insert("broadcast_ids".to_owned(), json!([]));
        }
        if ways.recording_field {
            fields.insert(
                "recording".to_owned(),
                json!(self.recorder.is_recording(ways)),
            );
        }
        if ways.legacy_fields {
            self.add_legacy(fields);
        } else {
            for name in Settings::legacy_names() {
                fields.remove(name);
            }
        }
        for (name, value) in &self.pinned {
            fields.insert(name.clone(), value.clone());
        }
        if ways.omit_nulls {
            fields.retain(|_, value| !value.is_null());
        }
        view
    }

    /// Official Android demo app, 2022, and the tutorial's samples.
    fn add_legacy(&self, fields: &mut Map<String, Value>) {
        let Self { id, client, .. } = self;
        let playing = self.is_live() && self.transcoding;
        let legacy = json!({
            "client_id": client,
            "transcoding_enabled": playing,
            "transcoding_error": null,
            "receiving_speed": null,
            "receiving_error": null,
            "protocol": self.is_live().then_some(self.protocol),
            "cdn_hostname": format!("{client}.gvideo.io"),
            "restreams": [],
            "quality_sets": [],
            "logo_player_id": null,
            "overlay": null,
            "video_bitrate": null,
            "audio_bitrate": null,
            "audio_codec": null,
            "hls_playlist_url":
                format!("https://{client}.gvideo.io/mpegts/{client}_{id}/master_mpegts.m3u8"),
            "rtmp_play_url": [self.push_url()],
        });
        if let Value::Object(legacy) = legacy {
            fields.extend(legacy);
        }
    }
}
