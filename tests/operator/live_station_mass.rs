//! Many objects at the second provider, bad weather there, and a kill in the middle.
//!
//! `LIVE_STATION_OBJECTS` says how many (60), `MASS_SEED` which weather (another one each time, printed).

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use futures::{StreamExt as _, stream};
use kube::api::ListParams;
use serde_json::json;
use simulator::{live_station::GatewayClock, weather::Weather};

use crate::{
    harness::{is_ready, status_of},
    live_station::{CLIENT, Naver},
};

/// So many requests of the test are under way at once.
const AT_ONCE: usize = 8;

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

async fn each(names: &[String], act: impl AsyncFn(&str)) {
    stream::iter(names)
        .for_each_concurrent(AT_ONCE, |name| act(name))
        .await;
}

/// Waits until so many objects are there and all are ready; gives the ids of their channels.
async fn until_all_ready(naver: &Naver, many: usize) -> BTreeSet<String> {
    let api = naver.world.api("LiveStream");
    naver
        .world
        .until_true(&format!("{many} are ready"), async || {
            let all = api.list(&ListParams::default()).await.unwrap().items;
            all.len() == many && all.iter().all(is_ready)
        })
        .await;
    let all = api.list(&ListParams::default()).await.unwrap().items;
    let id = |object| status_of(object)["streamId"].as_str().map(str::to_owned);
    all.iter().filter_map(id).collect()
}

#[tokio::test]
async fn in_bad_weather_and_through_a_kill_each_object_gets_its_one_channel() {
    let many = usize::try_from(setting("LIVE_STATION_OBJECTS").unwrap_or(60)).unwrap();
    let seed = setting("MASS_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("LIVE_STATION_OBJECTS={many} MASS_SEED={seed}");
    let mut naver = Naver::new("naver-mass").await;
    naver.sim.behaviour(CLIENT, |ways| {
        ways.gateway_clock = GatewayClock::Machine;
    });
    let allow = format!("--allow-endpoint={}", naver.sim.url());
    let flags = [
        &*allow,
        "--settling=3s",
        "--call-deadline=2s",
        "--stalled-retry=2s",
        "--log=info",
    ];
    naver.world.start(&flags);
    naver.sim.clock().set_speed(10);
    naver.sim.set_weather(Weather {
        per_cent: 10,
        seed,
        late_millis: 500,
        length: Duration::from_mins(10),
    });

    let names: Vec<String> = (0..many).map(|n| format!("camera-{n:04}")).collect();
    let (first, second) = names.split_at(many / 2);
    let create = async |naver: &Naver, names: &[String]| {
        each(names, async |name| {
            let spec = json!({"active": !name.ends_with('3')});
            naver.world.stream(name, spec).await;
        })
        .await;
    };
    create(&naver, first).await;
    // In the middle, whatever it is about: half are there, some are created, none is finished with.
    let eighth = u64::try_from(many / 8).unwrap();
    let under_way = async || naver.sim.created_total(CLIENT) >= eighth;
    let world = &naver.world;
    world.until_true("creations are under way", under_way).await;
    naver.world.operator().kill();
    naver.world.start(&flags);
    create(&naver, second).await;
    let edited: Vec<String> = names.iter().step_by(7).cloned().collect();
    each(&edited, async |name| {
        naver.world.edit(name, json!({"autoRecord": true})).await;
    })
    .await;
    let gone: Vec<String> = names.iter().skip(1).step_by(10).cloned().collect();
    each(&gone, async |name| {
        naver.world.delete("LiveStream", name).await;
    })
    .await;
    let left = many - gone.len();
    let over = async || naver.sim.weather_is_over();
    naver.world.until_true("the weather is over", over).await;
    let held = until_all_ready(&naver, left).await;

    // One channel for each object, as its spec wants it; nothing else.
    let channels = naver.sim.channels(CLIENT);
    let id = |channel: &serde_json::Value| channel["channelId"].as_str().unwrap().to_owned();
    let there: BTreeSet<String> = channels.iter().map(id).collect();
    assert_eq!(there, held);
    let count = |field: &str, value: serde_json::Value| {
        let found = channels.iter().filter(|channel| channel[field] == value);
        found.count()
    };
    let kept = |name: &&String| !gone.contains(*name);
    let off = names.iter().filter(kept).filter(|name| name.ends_with('3'));
    assert_eq!(count("channelStatus", json!("BLOCK")), off.count());
    let auto = edited.iter().filter(kept).count();
    assert_eq!(count("immediateOnAir", json!(true)), auto);
    // Every channel that there ever was had a mark of its own.
    let mut ever: BTreeMap<String, usize> = BTreeMap::new();
    for channel in [naver.sim.gone(CLIENT), channels.clone()].concat() {
        let name = channel["channelName"].as_str().unwrap_or_default();
        *ever.entry(name.to_owned()).or_default() += 1;
    }
    assert!(ever.values().all(|count| *count == 1), "{ever:?}");
    println!("the weather met {} calls", naver.sim.met_by_weather());

    let rest: Vec<String> = names.iter().filter(kept).cloned().collect();
    each(&rest, async |name| {
        naver.world.delete("LiveStream", name).await;
    })
    .await;
    let none = async || naver.sim.channels(CLIENT).is_empty();
    naver.world.until_true("no channel is left", none).await;
    for name in &rest {
        naver.world.until_gone("LiveStream", name).await;
    }
    let (created, deleted) = (
        naver.sim.created_total(CLIENT),
        naver.sim.deleted_total(CLIENT),
    );
    assert_eq!(created, deleted);
    assert!(usize::try_from(created).unwrap() <= many, "{created}");
}
