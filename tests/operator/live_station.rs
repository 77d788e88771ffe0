//! The same manifest on the second provider: the whole operator, a real apiserver and the Live Station simulator.

use serde_json::{Value, json};
use simulator::live_station::{Options, Simulator};

use crate::harness::{
    World,
    live_station::{ACCESS, DATA, KEYS, SECRET, block},
    message, status_of,
};

pub const CLIENT: u64 = 7;

/// A world whose account is one at Live Station.
pub struct Naver {
    /// The namespace and the operator.
    pub world: World,
    /// The provider.
    pub sim: Simulator,
}

impl Naver {
    pub async fn new(name: &str) -> Self {
        Self::with(name, json!({})).await
    }

    /// With these fields of the account's block besides.
    pub async fn with(name: &str, fields: Value) -> Self {
        let mut world = World::bare(name).await;
        let sim = Simulator::start(Options::default()).await.unwrap();
        sim.add_key(ACCESS, SECRET, CLIENT);
        world.secret(KEYS, &DATA).await;
        let mut live_station = block(&sim.url());
        for (field, value) in fields.as_object().unwrap() {
            live_station[field] = value.clone();
        }
        let spec = json!({
            "liveStation": live_station, "requestsPerSecond": 500, "pollIntervalSeconds": 1,
        });
        world
            .create("StreamingAccount", "default", spec)
            .await
            .unwrap();
        let allow = format!("--allow-endpoint={}", sim.url());
        world.start(&[&allow]);
        Self { world, sim }
    }

    /// The one channel that there is.
    pub fn channel(&self) -> Value {
        let channels = self.sim.channels(CLIENT);
        assert_eq!(channels.len(), 1, "{channels:#?}");
        channels.into_iter().next().unwrap()
    }

    /// Its id.
    pub fn id(&self) -> String {
        self.channel()["channelId"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_channel_is_created_switched_changed_and_deleted() {
    let naver = Naver::new("naver").await;
    let world = &naver.world;
    world.stream("keynote", json!({"active": true})).await;
    let object = world.until_ready("keynote").await;
    let id = naver.id();
    assert_eq!(status_of(&object)["streamId"], json!(id));
    assert_eq!(naver.channel()["channelStatus"], "READY");
    assert_eq!(naver.sim.count("POST", "/api/v2/channels"), 1);

    world.edit("keynote", json!({"active": false})).await;
    world.until_ready("keynote").await;
    assert_eq!(naver.channel()["channelStatus"], "BLOCK");

    let changed = json!({"active": true, "autoRecord": true, "dvr": {"enabled": true}});
    world.edit("keynote", changed).await;
    world.until_ready("keynote").await;
    let channel = naver.channel();
    assert_eq!(channel["channelStatus"], "READY");
    assert_eq!(channel["immediateOnAir"], true);
    assert_eq!(channel["useDVR"], true);
    assert_eq!(channel["channelId"], json!(id));

    world.edit("keynote", json!({"active": false})).await;
    world.until_ready("keynote").await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!(naver.sim.channels(CLIENT), Vec::<Value>::new());
    assert_eq!(naver.sim.count("POST", "/api/v2/channels"), 1);
    assert_eq!(naver.sim.deleted_total(CLIENT), 1);
}

#[tokio::test]
async fn what_is_live_is_recorded_and_its_files_are_one_video() {
    let naver = Naver::new("naver-record").await;
    let world = &naver.world;
    world
        .stream("keynote", json!({"active": true, "recording": true}))
        .await;
    world.until_ready("keynote").await;
    naver.sim.set_live(&naver.id(), true).unwrap();
    world
        .until("LiveStream", "keynote", "live and recording", |object| {
            let status = status_of(object);
            status["live"] == true && status["recording"] == true
        })
        .await;
    world.edit("keynote", json!({"recording": false})).await;
    let object = world
        .until("LiveStream", "keynote", "told of its video", |object| {
            let status = status_of(object);
            status["recording"] == false && status["videoCount"] == 1
        })
        .await;
    let video = &status_of(&object)["videos"][0];
    assert!(
        video["id"].as_str().unwrap().parse::<i64>().is_ok(),
        "{video}"
    );
    assert_eq!(
        naver
            .sim
            .count("PUT", "/api/v2/channels/{channelId}/startRecord"),
        1
    );
    assert_eq!(
        naver
            .sim
            .count("PUT", "/api/v2/channels/{channelId}/stopRecord"),
        1
    );
    // It is deleted although it is live: it is stopped, released and terminated.
    world
        .edit("keynote", json!({"liveProtection": "Disabled"}))
        .await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!(naver.sim.channels(CLIENT), Vec::<Value>::new());
}

#[tokio::test]
async fn what_the_provider_does_not_have_is_named() {
    let naver = Naver::new("naver-lacks").await;
    let world = &naver.world;
    world
        .stream(
            "keynote",
            json!({"displayName": "Keynote", "gcore": {"htmlOverlay": true}}),
        )
        .await;
    let object = world.until_reason("keynote", "Ready", "Unsupported").await;
    let message = message(&object, "Ready");
    assert!(message.contains("displayName, gcore"), "{message}");
    assert_eq!(naver.sim.channels(CLIENT), Vec::<Value>::new());
    world
        .broadcast("show", json!({"streams": [{"name": "keynote"}]}))
        .await;
    world
        .until("Broadcast", "show", "Unsupported", |object| {
            crate::harness::reason(object, "Ready") == "Unsupported"
        })
        .await;
    world
        .edit("keynote", json!({"displayName": null, "gcore": null}))
        .await;
    world.until_ready("keynote").await;
    world
        .edit("keynote", json!({"liveStation": {"qualitySetId": 4}}))
        .await;
    world
        .until_reason("keynote", "Ready", "RequiresReplacement")
        .await;
}

#[tokio::test]
async fn a_channel_whose_creation_was_not_answered_is_found_by_its_name() {
    use simulator::faults::{Action, Fault};
    let naver = Naver::new("naver-lost").await;
    let world = &naver.world;
    for action in [
        Action::TimeoutAfterApply,
        Action::CutAfterApply,
        Action::EmptyBody,
        Action::ApplyLater { millis: 1200 },
    ] {
        let before = naver.sim.count("POST", "/api/v2/channels");
        naver.sim.fault(Fault::new(action).method("POST"));
        world.stream("keynote", json!({"active": true})).await;
        world.until_ready("keynote").await;
        assert_eq!(naver.sim.channels(CLIENT).len(), 1);
        assert_eq!(naver.sim.count("POST", "/api/v2/channels"), before + 1);
        world.delete("LiveStream", "keynote").await;
        world.until_gone("LiveStream", "keynote").await;
        assert_eq!(naver.sim.channels(CLIENT), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_blocked_channel_is_stalled_and_a_reclaimed_one_is_created_again() {
    let naver = Naver::new("naver-block").await;
    let world = &naver.world;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let first = naver.id();
    assert!(naver.sim.force_block(&first));
    world
        .until_reason("keynote", "Ready", "BlockedByProvider")
        .await;
    assert!(naver.sim.reclaim(&first));
    world
        .until("LiveStream", "keynote", "another channel", |object| {
            let id = &status_of(object)["streamId"];
            id.is_string() && *id != json!(first)
        })
        .await;
    world.until_ready("keynote").await;
    world.until_event("keynote", "DeletedOutside").await;
    assert_eq!(naver.sim.count("POST", "/api/v2/channels"), 2);
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_clock_are_told_apart() {
    let naver = Naver::new("naver-clock").await;
    let world = &naver.world;
    let ready = async |what: &str| {
        world
            .until("StreamingAccount", "default", what, |account| {
                let text = message(account, "Ready");
                crate::harness::reason(account, "Ready") == "Unauthorized" && text.contains(what)
            })
            .await
    };
    world
        .until("StreamingAccount", "default", "ready", |account| {
            crate::harness::reason(account, "Ready") == "InStep"
        })
        .await;
    naver.sim.clock().advance(std::time::Duration::from_mins(6));
    ready("seconds slow").await;
}

#[tokio::test]
async fn no_key_is_shown_anywhere() {
    let naver = Naver::new("naver-canary").await;
    let world = &naver.world;
    world
        .stream(
            "keynote",
            json!({"active": true, "ingestSecret": {"name": "ingest"}}),
        )
        .await;
    world.until_ready("keynote").await;
    let channel = naver.channel();
    let key = channel["streamKey"].as_str().unwrap();
    let secret = world.secrets().get("ingest").await.unwrap();
    let text = serde_json::to_string(&secret.data).unwrap();
    let push = secret
        .data
        .unwrap()
        .into_values()
        .any(|value| String::from_utf8_lossy(&value.0).ends_with(key));
    assert!(push, "{text}");
    let object = world.get("LiveStream", "keynote").await.unwrap();
    let log = world.operator.as_ref().unwrap().log();
    for shown in [serde_json::to_string(&object).unwrap(), log] {
        assert!(!shown.contains(key) && !shown.contains(SECRET));
    }
}

#[tokio::test]
async fn a_key_that_is_wrong_or_may_only_read_says_so() {
    use simulator::live_station::{KeyChange, Role};
    let naver = Naver::new("naver-keys").await;
    let world = &naver.world;
    let key = |secret: &str, role| KeyChange {
        access: ACCESS.to_owned(),
        secret: secret.to_owned(),
        client: CLIENT,
        role,
        revoked: false,
    };
    naver.sim.set_key(&key(SECRET, Role::Viewer));
    world.stream("keynote", json!({"active": true})).await;
    let object = world.until_reason("keynote", "Ready", "Unauthorized").await;
    let text = message(&object, "Ready");
    assert!(text.contains("write access"), "{text}");
    assert_eq!(naver.sim.channels(CLIENT), Vec::<Value>::new());
    naver.sim.set_key(&key("another0secret", Role::Manager));
    world
        .until("StreamingAccount", "default", "Unauthorized", |account| {
            crate::harness::reason(account, "Ready") == "Unauthorized"
        })
        .await;
    // The right one is taken over.
    let keys = [("accessKey", ACCESS), ("secretKey", "another0secret")];
    world.secret("naver", &keys).await;
    world.until_ready("keynote").await;
    assert_eq!(naver.sim.channels(CLIENT).len(), 1);
}

#[tokio::test]
async fn two_channels_with_one_mark_are_shown_and_not_touched() {
    let naver = Naver::new("naver-double").await;
    let world = &naver.world;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let name = naver.channel()["channelName"].clone();
    let copy = json!({"channelName": name});
    naver.sim.create(CLIENT, copy).unwrap();
    world
        .until_reason("keynote", "Ready", "DuplicateStreams")
        .await;
    world
        .until("StreamingAccount", "default", "one double", |account| {
            status_of(account)["streams"]["duplicated"] == json!(1)
        })
        .await;
    let changes = |sim: &Simulator| {
        let calls = sim.calls_where(0, |call| call.method != "GET");
        calls.len()
    };
    assert_eq!(changes(&naver.sim), 1, "the creation alone");
}

#[tokio::test]
async fn a_channel_of_somebody_else_is_left_alone() {
    let naver = Naver::new("naver-others").await;
    let world = &naver.world;
    let other = json!({"channelName": "o1234567890123456789"});
    naver.sim.create(CLIENT, other).unwrap();
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    world
        .until("StreamingAccount", "default", "both counted", |account| {
            let counts = &status_of(account)["streams"];
            counts["managed"] == json!(1) && counts["unmanaged"] == json!(1)
        })
        .await;
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    assert_eq!(naver.sim.channels(CLIENT).len(), 1);
}

#[tokio::test]
async fn an_orphan_is_taken_over_by_its_name() {
    let mut naver = Naver::new("naver-orphan").await;
    naver.world.stream("keynote", json!({"active": true})).await;
    naver.world.until_ready("keynote").await;
    let id = naver.id();
    naver.world.operator().kill();
    let world = &naver.world;
    let bare = json!({"metadata": {"finalizers": null}});
    world.patch("LiveStream", "keynote", bare).await.unwrap();
    world.delete("LiveStream", "keynote").await;
    world.until_gone("LiveStream", "keynote").await;
    let allow = format!("--allow-endpoint={}", naver.sim.url());
    naver.world.start(&[&allow]);
    let world = &naver.world;
    world
        // Whose it was cannot be told where only listed namespaces are served.
        .until("StreamingAccount", "default", "not managed", |account| {
            status_of(account)["streams"]["unmanaged"] == json!(1)
        })
        .await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    world.until_event("keynote", "TakenOver").await;
    assert_eq!(naver.id(), id);
    assert_eq!(naver.sim.count("POST", "/api/v2/channels"), 1);
}

#[tokio::test]
async fn what_cannot_be_changed_on_air_waits_for_its_end() {
    let naver = Naver::new("naver-air").await;
    let world = &naver.world;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    naver.sim.set_live(&naver.id(), true).unwrap();
    let live = |object: &kube::core::DynamicObject| status_of(object)["live"] == true;
    world.until("LiveStream", "keynote", "live", live).await;
    // Nothing is said of a change while it publishes: the simulator refuses it.
    world.edit("keynote", json!({"autoRecord": true})).await;
    world.until_reason("keynote", "Ready", "Refused").await;
    naver.sim.set_live(&naver.id(), false).unwrap();
    world.until_ready("keynote").await;
    assert_eq!(naver.channel()["immediateOnAir"], true);
}

#[tokio::test]
async fn switched_off_while_it_is_recorded_its_video_is_told() {
    let naver = Naver::new("naver-off").await;
    let world = &naver.world;
    world
        .stream("keynote", json!({"active": true, "recording": true}))
        .await;
    world.until_ready("keynote").await;
    naver.sim.set_live(&naver.id(), true).unwrap();
    let recorded = |object: &kube::core::DynamicObject| status_of(object)["recording"] == true;
    world
        .until("LiveStream", "keynote", "recording", recorded)
        .await;
    world.edit("keynote", json!({"active": false})).await;
    world
        .until("LiveStream", "keynote", "off, with its video", |object| {
            let status = status_of(object);
            status["active"] == false && status["videoCount"] == 1
        })
        .await;
    assert_eq!(naver.channel()["channelStatus"], "BLOCK");
}
