//! Gcore's simulator.

use std::sync::OnceLock;

use serde_json::{Value, json};
use simulator::{counters::Call, gcore::Control};

use super::{Provider, Said, name_each};
use crate::harness::{CLIENT, KEY, World};

/// The key after a rotation.
const NEXT_KEY: &str = "1001$the-next-key";

/// The simulator that every world has.
pub struct Gcore {
    sim: Control,
    url: String,
    next_key: OnceLock<u32>,
}

impl Gcore {
    pub fn of(world: &World) -> Self {
        world.sim.behaviour(CLIENT, |b| {
            b.transcoding_after_seconds = 0.1;
            b.live_ends_after_seconds = 0.1;
            b.recording_starts_after_seconds = 0.5;
            b.recording_gap_seconds = 0.5;
            b.recording_shortest_seconds = 0.0;
            b.video_pending_after_seconds = 0.1;
            b.video_viewable_after_seconds = 0.1;
            b.video_ready_after_seconds = 0.1;
        });
        Self {
            sim: world.sim.control(),
            url: world.sim.url(),
            next_key: OnceLock::new(),
        }
    }

    fn applied(&self, route: &str) -> usize {
        let calls = self
            .sim
            .calls_where(0, |call| call.applied && call.route.ends_with(route));
        calls.len()
    }
}

impl Provider for Gcore {
    fn url(&self) -> String {
        self.url.clone()
    }

    fn secret(&self) -> (&'static str, Vec<(&'static str, &'static str)>) {
        ("gcore", vec![("apiKey", KEY)])
    }

    fn block(&self, endpoint: &str) -> Value {
        let key = json!({"name": "gcore", "key": "apiKey"});
        json!({"gcore": {"apiKeySecretRef": key, "endpoint": endpoint}})
    }

    fn another_key(&self) -> Vec<(&'static str, &'static str)> {
        let number = self.sim.add_key(NEXT_KEY, CLIENT);
        self.next_key.set(number).unwrap();
        vec![("apiKey", NEXT_KEY)]
    }

    fn other_key_is_used(&self, _: &str, _: &Value) -> bool {
        let next = self.next_key.get().copied();
        let pages = self.sim.calls_where(0, |call| {
            call.key == next && call.route == "/streaming/streams"
        });
        !pages.is_empty()
    }

    fn revoke_first_key(&self) {
        self.sim.revoke_key(KEY);
    }

    fn has_broadcasts(&self) -> bool {
        true
    }

    fn spec(&self, said: Said) -> Value {
        match said {
            Said::First => json!({"displayName": "Keynote"}),
            Said::Edited => json!({
                "displayName": "Edited", "dvr": {"enabled": true, "durationSeconds": 600},
            }),
            Said::Later => json!({"displayName": "Later"}),
        }
    }

    fn streams(&self) -> Vec<Value> {
        self.sim.streams(CLIENT)
    }

    fn id(&self, stream: &Value) -> String {
        stream["id"].to_string()
    }

    fn is_live(&self, stream: &Value) -> bool {
        stream["live"] == true
    }

    fn create_by_hand(&self) {
        let stream = json!({"name": "by hand", "active": true});
        self.sim.create(CLIENT, stream).unwrap();
    }

    fn set_live(&self, id: &str, on: bool) {
        self.sim.set_live(id.parse().unwrap(), on).unwrap();
    }

    fn remove(&self, id: &str) {
        assert!(self.sim.remove(id.parse().unwrap()));
    }

    fn videos(&self) -> Vec<Value> {
        self.sim.videos(CLIENT)
    }

    fn has_one_ready_video(&self) -> bool {
        let videos = self.videos();
        videos.len() == 1 && videos[0]["status"] == "ready"
    }

    fn picture(&self) -> Value {
        json!({
            "streams": self.streams(), "broadcasts": self.sim.broadcasts(CLIENT),
            "videos": self.videos(),
        })
    }

    fn counts(&self) -> Value {
        json!({
            "streams created": self.sim.created_total(CLIENT),
            "streams deleted": self.sim.deleted_total(CLIENT),
            "broadcasts created": self.sim.broadcasts_created(CLIENT),
            "broadcasts deleted": self.sim.broadcasts_deleted(CLIENT),
            "videos": self.videos().len(),
            "recordings started": self.applied("/start_recording"),
            "keys renewed": self.applied("/reset_push_token"),
        })
    }

    fn names(&self, _: &str) -> Vec<(String, String)> {
        let fields = ["id", "token", "slug"];
        let broadcasts = self.sim.broadcasts(CLIENT);
        let mut names = Vec::new();
        for (kind, things) in [
            ("stream", self.streams()),
            ("broadcast", broadcasts),
            ("video", self.videos()),
        ] {
            names.extend(name_each(kind, &things, &fields));
        }
        names
    }

    fn marked(&self) -> Vec<Value> {
        self.sim
            .streams_marked(CLIENT, "livestream-operator.io/owner")
    }

    fn walks(&self) -> usize {
        let pages = self.sim.calls_where(0, |call| {
            call.route == "/streaming/streams" && call.query.as_deref() == Some("page=1")
        });
        pages.len()
    }

    fn changes(&self) -> Vec<Call> {
        self.sim.calls_where(0, |call| call.method != "GET")
    }
}
