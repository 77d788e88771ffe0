//! Live Station's simulator.

use std::sync::OnceLock;

use livestream_operator::provider::live_station::fingerprint;
use serde_json::{Value, json};
use simulator::{
    counters::Call,
    live_station::{Options, Simulator},
};

use super::{Provider, Said, name_each};
use crate::harness::{
    CLIENT,
    live_station::{ACCESS, DATA, KEYS, SECRET, block},
};

const NEXT_ACCESS_KEY: &str = "AKIDNEXT";
const NEXT_SECRET_KEY: &str = "canary0next0key";

/// The default.
const REGION: &str = "KR";

/// The one that a run has to itself.
pub struct LiveStation {
    sim: Simulator,
    next_key: OnceLock<u32>,
}

impl LiveStation {
    pub async fn start() -> Self {
        let sim = Simulator::start(Options::default()).await.unwrap();
        sim.add_key(ACCESS, SECRET, CLIENT);
        sim.behaviour(CLIENT, |ways| {
            ways.creating_seconds = 0.3;
            ways.ready_after_seconds = 0.1;
            ways.is_recording_after_seconds = 0.5;
            // The nastier reading of what is not documented.
            ways.off_spoils_recording = true;
            ways.processing_seconds = 0.1;
            ways.transfer_seconds = 0.1;
        });
        Self {
            sim,
            next_key: OnceLock::new(),
        }
    }
}

impl Provider for LiveStation {
    fn url(&self) -> String {
        self.sim.url()
    }

    fn secret(&self) -> (&'static str, Vec<(&'static str, &'static str)>) {
        (KEYS, DATA.to_vec())
    }

    fn block(&self, endpoint: &str) -> Value {
        json!({"liveStation": block(endpoint)})
    }

    fn another_key(&self) -> Vec<(&'static str, &'static str)> {
        let number = self.sim.add_key(NEXT_ACCESS_KEY, NEXT_SECRET_KEY, CLIENT);
        self.next_key.set(number).unwrap();
        vec![
            ("accessKey", NEXT_ACCESS_KEY),
            ("secretKey", NEXT_SECRET_KEY),
        ]
    }

    fn other_key_is_used(&self, endpoint: &str, status: &Value) -> bool {
        let next = self.next_key.get().copied();
        // One shows whose key it is; what comes after it uses the key.
        let calls = self.sim.calls_where(0, |call| call.key == next);
        status["keyFingerprint"] == fingerprint(endpoint, REGION, NEXT_ACCESS_KEY)
            && calls.len() > 1
    }

    fn revoke_first_key(&self) {
        self.sim.revoke_key(ACCESS);
    }

    fn has_broadcasts(&self) -> bool {
        false
    }

    fn spec(&self, said: Said) -> Value {
        match said {
            Said::First => json!({"autoRecord": false}),
            Said::Edited => json!({"autoRecord": true, "dvr": {"enabled": true}}),
            Said::Later => json!({"autoRecord": true}),
        }
    }

    fn streams(&self) -> Vec<Value> {
        self.sim.channels(CLIENT)
    }

    fn id(&self, stream: &Value) -> String {
        stream["channelId"].as_str().unwrap().to_owned()
    }

    fn is_live(&self, stream: &Value) -> bool {
        stream["channelStatus"] == "PUBLISHING"
    }

    fn create_by_hand(&self) {
        let channel = json!({"channelName": "by_hand"});
        self.sim.create(CLIENT, channel).unwrap();
    }

    fn set_live(&self, id: &str, on: bool) {
        self.sim.set_live(id, on).unwrap();
    }

    fn remove(&self, id: &str) {
        assert!(self.sim.remove(id));
    }

    fn videos(&self) -> Vec<Value> {
        let gone = self.sim.gone(CLIENT);
        let channels = gone
            .iter()
            .chain(&self.streams())
            .map(|it| self.id(it))
            .collect::<Vec<_>>();
        let files = channels.iter().flat_map(|id| self.sim.records(id));
        files.collect()
    }

    /// It has three files.
    fn has_one_ready_video(&self) -> bool {
        let files = self.videos();
        files.len() == 3 && files.iter().all(|file| file["status"] == "TRANSFER_READY")
    }

    fn picture(&self) -> Value {
        json!({"channels": self.streams(), "files": self.videos()})
    }

    fn counts(&self) -> Value {
        let started = self.sim.calls_where(0, |call| {
            call.applied && call.route.ends_with("/startRecord")
        });
        json!({
            "channels created": self.sim.created_total(CLIENT),
            "channels deleted": self.sim.deleted_total(CLIENT),
            "files": self.videos().len(),
            "recordings started": started.len(),
        })
    }

    fn names(&self, endpoint: &str) -> Vec<(String, String)> {
        let channel = ["channelId", "channelName", "streamKey", "instanceNo"];
        let channels = [self.sim.gone(CLIENT), self.streams()].concat();
        let mut names: Vec<_> = name_each("channel", &channels, &channel)
            .into_iter()
            .collect();
        // The domain has the id in other letters, the CDN a number of its own.
        let lower: Vec<_> = names
            .iter()
            .map(|(value, name)| (value.to_lowercase(), name.clone()))
            .collect();
        names.extend(lower);
        let cdn: Vec<Value> = channels.iter().map(|it| it["cdn"].clone()).collect();
        names.extend(name_each("channel's CDN", &cdn, &["instanceNo"]));
        let file = ["recordId", "recordSeq", "streamSeq"];
        names.extend(name_each("file", &self.videos(), &file));
        for key in [ACCESS, NEXT_ACCESS_KEY] {
            let fingerprint = fingerprint(endpoint, REGION, key);
            names.push((fingerprint, format!("fingerprint of {key}")));
        }
        names
    }

    /// Its name is its mark: twenty letters, the first of which says that it is owned.
    fn marked(&self) -> Vec<Value> {
        let mut channels = self.streams();
        channels.retain(|channel| {
            let name = channel["channelName"].as_str().unwrap_or_default();
            name.len() == 20 && name.starts_with('o')
        });
        channels
    }

    fn walks(&self) -> usize {
        let pages = self.sim.calls_where(0, |call| {
            let first = |query: &str| query.split('&').any(|part| part == "pageNo=1");
            let named = |query: &str| query.contains("channelName=");
            let query = call.query.as_deref().unwrap_or_default();
            call.route == "/api/v2/channels" && first(query) && !named(query)
        });
        pages.len()
    }

    fn changes(&self) -> Vec<Call> {
        self.sim.calls_where(0, |call| call.method != "GET")
    }
}
