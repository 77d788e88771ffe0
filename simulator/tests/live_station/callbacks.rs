//! Events and callbacks: what is told when, in which form, to whom, and what can go wrong on the way.

use serde_json::{Value, json};
use simulator::Delivery;
use simulator::live_station::{Control, Simulator};

use crate::support::{
    CHANNELS, CLIENT, Manner, Receiver, SECOND, call, delete, error, get, put, ready, seen, soon,
    start,
};

const DEFAULT: &str = "/api/v2/events/callbackEndpoint";

impl Receiver {
    /// Waits for so many.
    async fn wait(&self, sim: &Simulator, count: usize) -> Vec<Value> {
        soon(sim.until(|_| self.got().len() >= count)).await;
        self.got()
    }
}

fn words(told: &[Value], field: &str) -> Vec<String> {
    told.iter()
        .map(|told| told[field].as_str().expect("a word").to_owned())
        .collect()
}

/// A channel's whole life, as it is told.
#[tokio::test]
async fn what_is_told_of_a_channel() {
    let sim = start().await;
    let receiver = Receiver::start(Manner::Status(200)).await;
    let none = get(&sim, DEFAULT).await;
    assert_eq!(none.json(), json!({"content": {"callbackUrl": null}}));
    let set = call(&sim, "POST", DEFAULT, json!({"callbackUrl": receiver.url})).await;
    assert_eq!(set.status, 200);
    assert_eq!(
        get(&sim, DEFAULT).await.json()["content"]["callbackUrl"],
        receiver.url
    );
    assert_eq!(sim.webhook_of(CLIENT).as_ref(), Some(&receiver.url));
    let id = ready(&sim, json!({"record": {"type": "MANUAL_UPLOAD"}}));
    let change = json!({
        "channelName": "other", "useDvr": false, "immediateOnAir": false,
        "record": {"type": "MANUAL_UPLOAD"},
    });
    let path = format!("{CHANNELS}/{id}");
    assert_eq!(call(&sim, "PUT", &path, change).await.status, 200);
    sim.set_live(&id, true).expect("taken");
    put(&sim, &id, "startRecord").await;
    put(&sim, &id, "stopRecord").await;
    put(&sim, &id, "startRecord").await;
    put(&sim, &id, "off").await;
    let expected = [
        "STREAM_RESERVE",
        "STREAM_UPDATE",
        "PUBLISH_START",
        "ONAIR_START",
        "ONAIR_END",
        "ONAIR_START",
        "ONAIR_END",
        "PUBLISH_END",
    ];
    let told = receiver.wait(&sim, expected.len()).await;
    assert_eq!(words(&told, "event"), expected);
    let last = json!({
        "id": 8, "logLevel": "INFO", "channelId": id, "event": "PUBLISH_END",
        "timestamp": sim.clock().now().as_millis(),
    });
    assert_eq!(told[7], last);
    let head = &receiver.heads()[0];
    assert_eq!(head["Content-Type"], "application/json");
    assert_eq!(head.get("Authorization"), None);
    // The same can be asked for; the newest comes first.
    let events = get(&sim, &format!("{path}/events")).await.json();
    assert_eq!(events["total"], 8);
    let listed = events["content"].as_array().expect("an array");
    let mut codes = words(listed, "eventCode");
    codes.reverse();
    assert_eq!(codes, expected);
    assert_eq!(
        (&listed[0]["channelId"], &listed[0]["logLevel"]),
        (&json!(id), &json!("INFO"))
    );
    // Nothing is told of a deletion.
    put(&sim, &id, "on").await;
    delete(&sim, &id).await;
    assert_eq!(sim.webhooks_sent(CLIENT).len(), 8);
    assert!(
        sim.webhooks_sent(CLIENT)
            .iter()
            .all(|sent| sent.client == CLIENT)
    );
}

#[tokio::test]
async fn a_channels_own_endpoint_comes_first() {
    let sim = start().await;
    let [default, own] = [
        Receiver::start(Manner::Status(200)).await,
        Receiver::start(Manner::Status(200)).await,
    ];
    let [one, two] = [(); 2].map(|()| ready(&sim, json!({})));
    sim.webhook(CLIENT, Some(&default.url)).expect("a good URL");
    let path = format!("{CHANNELS}/{one}/callbackEndpoint");
    for (body, code) in [
        (json!({"callbackUrl": own.url}), 250_011),
        (json!({"callbackEndpoint": 7}), 250_021),
        (json!({"callbackEndpoint": "nowhere"}), 250_014),
    ] {
        assert_eq!(
            error(&call(&sim, "POST", &path, body).await),
            (400, json!(code))
        );
    }
    let answer = call(&sim, "POST", &path, json!({"callbackEndpoint": own.url})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(seen(&sim, &one).await["callbackEndpoint"], own.url);
    for id in [&one, &two] {
        sim.set_live(id, true).expect("taken");
    }
    assert_eq!(words(&own.wait(&sim, 1).await, "channelId"), [one.as_str()]);
    assert_eq!(
        words(&default.wait(&sim, 1).await, "channelId"),
        [two.as_str()]
    );
    // https is taken; nothing here speaks it.
    let https = json!({"callbackUrl": "https://a.example/hook"});
    assert_eq!(call(&sim, "POST", DEFAULT, https).await.status, 200);
    put(&sim, &two, "off").await;
    assert_eq!(sim.webhooks_sent(CLIENT).len(), 2);
}

#[tokio::test]
async fn callbacks_that_are_late_twice_in_another_order_or_lost() {
    let sim = start().await;
    let receiver = Receiver::start(Manner::Status(500)).await;
    let id = ready(&sim, json!({}));
    sim.webhook(CLIENT, Some(&receiver.url))
        .expect("a good URL");
    sim.behaviour(CLIENT, |ways| {
        ways.callback_reorder_seconds = 5.0;
        ways.callback_double = true;
        ways.numbers_as_text = true;
        ways.ready_after_seconds = 0.0;
    });
    sim.set_live(&id, true).expect("taken");
    sim.set_live(&id, false).expect("stopped");
    let first = receiver.wait(&sim, 2).await;
    assert_eq!(words(&first, "event"), ["PUBLISH_END"; 2]);
    assert!(first[0]["id"].is_string() && first[0]["timestamp"].is_string());
    sim.advance(5 * SECOND);
    let all = receiver.wait(&sim, 4).await;
    assert_eq!(words(&all[2..], "event"), ["PUBLISH_START"; 2]);
    let answered = |sim: &Control| {
        let sent = sim.webhooks_sent(CLIENT);
        sent.iter()
            .filter(|sent| sent.delivery == Delivery::Answered { status: 500 })
            .count()
    };
    soon(sim.until(|sim| answered(sim) == 4)).await;
    sim.behaviour(CLIENT, |ways| ways.callback_lose_every = 1);
    sim.set_live(&id, true).expect("taken");
    let last = sim.webhooks_sent(CLIENT).pop().expect("one more");
    assert_eq!(last.delivery, Delivery::Lost);
    assert_eq!(receiver.got().len(), 4);
}
