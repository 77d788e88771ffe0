//! What a panic shows. A program that ends in one prints its message and its backtrace, and a message
//! is often made of a value's `Debug`: so every value with a secret in it is made to end a process, and
//! what that process printed is searched.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "to panic is what this is about"
)]

use std::{fmt::Debug, process::Command};

use livestream_operator::{
    api::{GcoreStream, Playback},
    packed::Packed,
    provider::{
        Connection, Ingest, Mark, ObservedStream, Phase, Source, StreamId, StreamSettings, gcore,
        http::{Deadlines, Http},
    },
    secret::Secret,
    webhooks::{Doors, Token},
};

/// Every secret here holds this.
const CANARY: &str = "canary0word0in0a0secret0canary0word0in0a0secret0canary0word0in0a";

/// Says to the child which value it is to end with.
const WHICH: &str = "LIVESTREAM_OPERATOR_TEST_PANIC";

fn stream() -> ObservedStream {
    let secret = || Some(Secret::new(format!("rtmp://host/in/7?{CANARY}")));
    ObservedStream {
        id: StreamId::new("7"),
        mark: Mark::None,
        settings: settings(),
        live: false,
        recording: None,
        session_started_at: None,
        broadcasts: Vec::new(),
        ingest: Ingest {
            push: secret(),
            backup_push: secret(),
            srt: secret(),
            backup_srt: secret(),
            whip: secret(),
        },
        playback: Some(Playback::default()),
        phase: Phase::Usable,
    }
}

fn settings() -> StreamSettings {
    StreamSettings {
        name: Some("a-name-that-may-be-shown".to_owned()),
        source: Some(Source::Pull(vec![Secret::new(CANARY)])),
        srt_passphrase: Some(Secret::new(CANARY)),
        gcore: GcoreStream::default(),
        ..StreamSettings::default()
    }
}

fn connection() -> Connection {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Http::new(Deadlines::default()).unwrap();
    gcore::connect("https://api.gcore.com", Secret::new(CANARY), &http).unwrap()
}

fn token() -> Token {
    let hex: String = CANARY
        .bytes()
        .map(|b| char::from(b"0123456789abcdef"[b as usize % 16]))
        .collect();
    Token::of_path(&format!("/webhooks/{hex}")).unwrap()
}

/// Ends this process as a wrong `unwrap` would, with the value in the message, while the same is held in
/// a variable.
fn end<T: Debug>(value: T) {
    std::hint::black_box(Err::<(), T>(value)).unwrap();
}

/// Each kind of value that holds a secret: what it is called, and how a process ends with it.
const VALUES: [(&str, fn()); 9] = [
    ("secret", || end(Secret::new(CANARY))),
    ("stream", || end(stream())),
    ("many", || end(vec![Some(stream()), None])),
    ("settings", || end(settings())),
    ("packed", || end(Packed::new(&stream()))),
    ("token", || end(token())),
    ("doors", || {
        let doors = Doors::default();
        doors.open(
            &livestream_operator::object_key::ObjectKey::new("a", "b"),
            vec![token().digest()],
        );
        end(doors);
    }),
    ("bad-key", || {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Http::new(Deadlines::default()).unwrap();
        let bad = Secret::new(format!("{CANARY}\n"));
        gcore::connect("https://api.gcore.com", bad, &http)
            .map(drop)
            .unwrap();
    }),
    ("in-scope", || {
        // Nothing of it is in the message: it is in the frames that are unwound.
        let held = (stream(), connection(), token());
        assert_eq!(
            held.0.id.as_str(),
            "8",
            "it is another stream: {}",
            held.0.id
        );
    }),
];

/// Not a test by itself: what the test below starts.
#[test]
fn child() {
    let Ok(which) = std::env::var(WHICH) else {
        return;
    };
    let found = VALUES.iter().find(|(name, _)| *name == which);
    found.unwrap().1();
    unreachable!("it has not ended");
}

#[test]
fn no_panic_shows_a_secret() {
    let hex: String = token().path().expose().to_owned();
    let hex = hex.trim_start_matches("/webhooks/");
    for (name, _) in VALUES {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(WHICH, name)
            .env("RUST_BACKTRACE", "full")
            .output()
            .unwrap();
        let shown = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        // It has ended in a panic, in our own code, and said so at length.
        assert!(!output.status.success(), "{name} has not ended: {shown}");
        assert!(
            shown.contains("panicked at tests/panics.rs"),
            "{name}: {shown}"
        );
        assert!(shown.contains("stack backtrace"), "{name}: {shown}");
        assert!(!shown.contains("has not ended"), "{name}: {shown}");
        let lower = shown.to_lowercase();
        for secret in [&CANARY[..16], &CANARY[40..], hex] {
            assert!(!lower.contains(secret), "{name}: {shown}");
        }
    }
    // What is no secret is shown: the values were really printed.
    let printed = format!("{:?}", settings());
    assert!(printed.contains("a-name-that-may-be-shown"), "{printed}");
}
