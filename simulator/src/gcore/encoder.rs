//! What happens to a stream with time: encoders come and go, sources are fetched, idle PULL is
//! switched off.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::behaviour::Behaviour;
use super::stream::{Leg, Stream};
use crate::clock::Moment;

/// How an encoder sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// RTMP or RTMPS.
    #[default]
    Rtmp,
    /// SRT.
    Srt,
    /// WebRTC by WHIP.
    Webrtc,
}

/// A command to the encoder of a stream, or to the source that a PULL stream fetches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Encoder {
    /// Send to the primary server, or stop. PULL: the source is up, or down. Absent: as it is.
    pub primary: Option<bool>,
    /// The same for the backup server. PULL has none.
    pub backup: Option<bool>,
    /// How it sends. PULL: always `https`.
    pub protocol: Option<Protocol>,
    /// Where the stream takes nothing now, come back when it does, instead of being refused.
    pub keep_trying: bool,
}

/// Why an encoder is turned away, as WHIP says it in `X-Reason-Code` (product page "WebRTC").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// 401, reason 2001: there is no such stream.
    NoSuchStream,
    /// 403, reason 2004: the stream is not active.
    Disabled,
}

impl Refused {
    /// HTTP status and reason code.
    pub fn codes(self) -> (u16, u16) {
        match self {
            Self::NoSuchStream => (401, 2001),
            Self::Disabled => (403, 2004),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, reason) = self.codes();
        match self {
            Self::NoSuchStream => write!(f, "{status}, reason {reason}: no such stream"),
            Self::Disabled => write!(f, "{status}, reason {reason}: the stream is not active"),
        }
    }
}

impl std::error::Error for Refused {}

/// Something that will be looked at later. Whether it still holds is decided then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Whoever wants to send may connect.
    Connect,
    /// What may not send any longer is cut off.
    Disconnect,
    /// What is live is now playable.
    Playable,
    /// PULL has had no source for too long?
    Idle,
}

/// What is due, and in how many seconds.
pub(super) type Plans = Vec<(f64, Due)>;

impl Leg {
    fn start(&mut self, now: Moment) {
        if !self.live {
            self.live = true;
            self.started_at = Some(now);
        }
    }

    fn end(&mut self, now: Moment) {
        if self.live {
            self.live = false;
            self.finished_at = Some(now);
        }
    }
}

/// Carries out a command at once: it says what the ingest servers have noticed already.
pub(super) fn command(
    stream: &mut Stream,
    encoder: Encoder,
    ways: &Behaviour,
    now: Moment,
) -> Result<Plans, Refused> {
    let starts = encoder.primary == Some(true) || encoder.backup == Some(true);
    let pull = stream.is_pull();
    if starts && !pull && !encoder.keep_trying && !stream.is_active() {
        return Err(Refused::Disabled);
    }
    if let Some(protocol) = encoder.protocol {
        stream.protocol = match protocol {
            Protocol::Rtmp => "rtmp",
            Protocol::Srt => "srt",
            Protocol::Webrtc => "webrtc",
        };
    }
    let was_live = stream.is_live();
    let active = stream.is_active();
    let backup = encoder.backup.filter(|_| !pull);
    for (leg, on) in [
        (&mut stream.primary, encoder.primary),
        (&mut stream.backup, backup),
    ] {
        match on {
            None => {}
            Some(true) => {
                leg.wanted = pull || encoder.keep_trying;
                if !pull && active {
                    leg.start(now);
                }
            }
            Some(false) => {
                leg.wanted = false;
                leg.end(now);
            }
        }
    }
    let mut plans = after_legs(stream, was_live, ways, now);
    if pull && active && stream.primary.wanted {
        plans.push((ways.pull_live_after_seconds, Due::Connect));
    }
    Ok(plans)
}

/// What follows from a change of settings.
pub(super) fn settings_changed(
    stream: &mut Stream,
    was_active: bool,
    was_pull: bool,
    ways: &Behaviour,
    now: Moment,
) -> Plans {
    let (active, pull) = (stream.is_active(), stream.is_pull());
    let mut plans = Plans::new();
    if was_pull != pull {
        stream.primary.wanted = false;
        stream.backup.wanted = false;
    }
    if was_active && !active || was_pull != pull {
        plans.push((ways.live_ends_after_seconds, Due::Disconnect));
    }
    if active && (!was_active || was_pull != pull) {
        let delay = if pull {
            ways.pull_live_after_seconds
        } else {
            ways.reconnect_seconds
        };
        plans.push((delay, Due::Connect));
        if pull {
            stream.idle_since = now;
            plans.push((ways.pull_idle_seconds, Due::Idle));
        }
    }
    plans
}

/// What is due now.
pub(super) fn happen(stream: &mut Stream, due: Due, ways: &Behaviour, now: Moment) -> Plans {
    let was_live = stream.is_live();
    match due {
        Due::Connect => {
            if stream.is_active() {
                for leg in [&mut stream.primary, &mut stream.backup] {
                    if leg.wanted {
                        leg.start(now);
                    }
                }
            }
        }
        Due::Disconnect => {
            if !stream.is_active() || stream.is_pull() && !stream.primary.wanted {
                stream.primary.end(now);
                stream.backup.end(now);
            }
        }
        Due::Playable => stream.transcoding = stream.is_live(),
        Due::Idle => return idle(stream, ways, now),
    }
    after_legs(stream, was_live, ways, now)
}

/// API specification, `active`: PULL without a source for long enough is switched off.
fn idle(stream: &mut Stream, ways: &Behaviour, now: Moment) -> Plans {
    if !stream.is_pull() || !stream.is_active() || stream.is_live() {
        return Plans::new();
    }
    let end = stream.idle_since.plus(ways.pull_idle_seconds);
    if end <= now {
        stream.settings.set("active", json!(false));
    }
    Plans::new()
}

fn after_legs(stream: &mut Stream, was_live: bool, ways: &Behaviour, now: Moment) -> Plans {
    match (was_live, stream.is_live()) {
        (false, true) => vec![(ways.transcoding_after_seconds, Due::Playable)],
        (true, false) => {
            stream.transcoding = false;
            if stream.is_pull() && stream.is_active() {
                stream.idle_since = now;
                return vec![(ways.pull_idle_seconds, Due::Idle)];
            }
            Plans::new()
        }
        (true, true) | (false, false) => Plans::new(),
    }
}
