//! The contract between `provider::live_station` and Live Station's API, over real HTTP: against the simulator,
//! and against a small server that says what the documents' own samples say.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]

mod channels;
mod documented;
mod faults;
mod hostile;
mod keys;
mod lists;
mod methods;
#[path = "../provider_gcore/raw.rs"]
mod raw;
mod sample;
mod secrets;
#[path = "../provider_gcore/server.rs"]
mod server;

use std::{sync::Once, time::Duration};

use livestream_operator::{
    provider::{
        Connection, Owner,
        http::{Deadlines, Http},
        live_station::{self, Defaults, Keys},
    },
    secret::Secret,
};
use serde_json::json;
use simulator::live_station::{Options, Simulator};

const CLIENT: u64 = 7;
const ACCESS: &str = "AKIDEXAMPLE";
const SECRET: &str = "SECRETEXAMPLE0canary";

fn connect(url: &str) -> Connection {
    connect_as(url, ACCESS, SECRET, "KR")
}

fn connect_as(url: &str, access: &str, secret: &str, region: &str) -> Connection {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let http = Http::new(Deadlines {
        connect: Duration::from_secs(2),
        read: Duration::from_secs(1),
        call: Duration::from_secs(10),
        pauses: [Duration::from_millis(5), Duration::from_millis(10)],
    });
    let keys = Keys {
        access: Secret::new(access),
        secret: Secret::new(secret),
    };
    let defaults = Defaults {
        quality_set_id: 3,
        cdn_profile_id: 12,
        cdn_region: "KOREA".into(),
        record: json!({"type": "MANUAL_UPLOAD"}),
    };
    live_station::connect(url, keys, region, defaults, &http.unwrap()).unwrap()
}

async fn start() -> (Simulator, Connection) {
    let sim = Simulator::start(Options::default()).await.unwrap();
    sim.add_key(ACCESS, SECRET, CLIENT);
    // What is created is there at once, unless a test is about that.
    sim.behaviour(CLIENT, |ways| ways.creating_seconds = 0.0);
    let connection = connect(&sim.url());
    (sim, connection)
}

fn owner(uid: &str) -> Owner {
    Owner {
        cluster: "cluster-1".into(),
        namespace: "events".into(),
        name: "keynote".into(),
        uid: uid.into(),
    }
}
