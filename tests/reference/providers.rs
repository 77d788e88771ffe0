//! The page of what each provider has, from their capabilities.

use std::fmt::Write as _;

use livestream_operator::{
    api::{GcoreStream, LiveStationStream},
    provider::{
        Connection, Source, StreamSettings, gcore,
        http::{Deadlines, Http},
        live_station::{self, Defaults, Keys},
    },
    secret::Secret,
};
use serde_json::json;

/// Each provider with a key at work that is never used.
fn connections() -> [Connection; 2] {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Http::new(Deadlines::default()).unwrap();
    let key = || Secret::new("a-key");
    let keys = Keys {
        access: key(),
        secret: key(),
    };
    let defaults = Defaults {
        quality_set_id: 1,
        cdn_profile_id: 1,
        cdn_region: "KOREA".into(),
        record: json!({"type": "MANUAL_UPLOAD"}),
    };
    let here = "http://127.0.0.1:9";
    [
        gcore::connect(here, key(), &http).unwrap(),
        live_station::connect(here, keys, "KR", defaults, &http).unwrap(),
    ]
}

/// What can be asked for, as the user writes it, and settings that ask for nothing else.
fn features() -> Vec<(&'static str, StreamSettings)> {
    let none = StreamSettings::default;
    vec![
        (
            "`active`",
            StreamSettings {
                active: Some(true),
                ..none()
            },
        ),
        (
            "`autoRecord`",
            StreamSettings {
                auto_record: Some(true),
                ..none()
            },
        ),
        (
            "`displayName`",
            StreamSettings {
                name: Some("a".into()),
                ..none()
            },
        ),
        (
            "`pull`",
            StreamSettings {
                source: Some(Source::Pull(vec![Secret::new("rtmp://a")])),
                ..none()
            },
        ),
        (
            "`srtPassphraseSecretRef`",
            StreamSettings {
                srt_passphrase: Some(Secret::new("passphrase")),
                ..none()
            },
        ),
        (
            "`dvr.enabled`",
            StreamSettings {
                dvr_enabled: Some(true),
                ..none()
            },
        ),
        (
            "`dvr.durationSeconds`",
            StreamSettings {
                dvr_seconds: Some(3600),
                ..none()
            },
        ),
        (
            "`gcore`",
            StreamSettings {
                gcore: GcoreStream {
                    html_overlay: Some(true),
                    ..GcoreStream::default()
                },
                ..none()
            },
        ),
        (
            "`liveStation.qualitySetId`",
            StreamSettings {
                live_station: LiveStationStream {
                    quality_set_id: Some(1),
                },
                ..none()
            },
        ),
    ]
}

pub fn page() -> String {
    let connections = connections();
    let mut text = String::from(
        "# What each provider has\n\nWhat a provider does not have is `Unsupported`: nothing is created or changed until the field is taken out of the spec.\n\n| |",
    );
    for connection in &connections {
        let _ = write!(text, " {} |", connection.capabilities.name);
    }
    text.push_str("\n|---|---|---|\n");
    let mut row = |feature: &str, word: &dyn Fn(&Connection) -> &'static str| {
        let words: Vec<&str> = connections.iter().map(word).collect();
        let _ = writeln!(text, "| {feature} | {} |", words.join(" | "));
    };
    let has = |has: bool| if has { "yes" } else { "no" };
    for (feature, want) in features() {
        row(feature, &|connection| {
            let capabilities = &connection.capabilities;
            if !(capabilities.unsupported)(&want).is_empty() {
                "no"
            } else if (capabilities.replaced)(&want).is_empty() {
                "yes"
            } else {
                "when it is created"
            }
        });
    }
    row("`recording`", &|_| "yes");
    row(
        "a whole video where `active: false` ends a recording",
        &|connection| {
            if connection.capabilities.off_ends_recordings {
                "yes"
            } else {
                "yes: it is ended first"
            }
        },
    );
    row("renewing the stream key", &|connection| {
        has(connection.capabilities.key_reset)
    });
    row("Broadcasts", &|connection| {
        has(connection.broadcasts.is_some())
    });
    text
}
