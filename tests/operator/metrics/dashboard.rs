//! Every query of the dashboard and every alert's value gives rows, from a real Prometheus that scrapes a
//! real operator which does real things.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};
use simulator::faults::{Action, Fault};

use super::{WEBHOOK_SECRET, annotate, picture, prometheus::Prometheus, until_listening};
use crate::harness::{CLIENT, World, condition, status_of};

/// What Grafana puts in the place of its variables.
const VARIABLES: [(&str, &str); 4] = [
    ("$__rate_interval", "30s"),
    ("$job", ".*"),
    ("$client", ".*"),
    ("${datasource}", ""),
];

/// After so many rounds everything has happened more than once; for a picture there are more.
const ROUNDS: usize = 8;
const ROUNDS_FOR_A_PICTURE: usize = 60;

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A panel of the dashboard: its title, its unit, and the queries with their legends.
pub struct Panel {
    pub title: String,
    pub unit: String,
    pub queries: Vec<(String, String)>,
}

/// The panels, in their order.
pub fn panels() -> Vec<Panel> {
    let dashboard: Value =
        serde_json::from_str(&text("charts/livestream-operator/files/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let panels = panels.filter(|panel| panel["type"] != "row");
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    panels
        .map(|panel| {
            let targets = panel["targets"].as_array().unwrap().iter();
            let queries = targets.map(|target| {
                let query = VARIABLES
                    .iter()
                    .fold(word(&target["expr"]), |query, (name, value)| {
                        query.replace(name, value)
                    });
                assert!(!query.contains('$'), "an unknown variable: {query}");
                (query, word(&target["legendFormat"]))
            });
            Panel {
                title: word(&panel["title"]),
                unit: word(&panel["fieldConfig"]["defaults"]["unit"]),
                queries: queries.collect(),
            }
        })
        .collect()
}

/// The values that alerts compare: what stands before the last comparison.
fn alert_values() -> Vec<String> {
    let rules: Value =
        serde_saphyr::from_str(&text("charts/livestream-operator/files/alerts.yaml")).unwrap();
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    rules
        .map(|rule| {
            let expr = rule["expr"].as_str().unwrap();
            let at = [" > ", " < "]
                .iter()
                .filter_map(|sign| expr.rfind(sign))
                .max();
            expr[..at.unwrap()].to_owned()
        })
        .collect()
}

/// One round of an evening: a name is changed while the provider fails, a stream goes live, is
/// recorded, and ends.
async fn round(world: &World, id: u64, n: usize) {
    let fault = if n.is_multiple_of(2) {
        Action::status(503)
    } else {
        Action::too_many(Some("1"))
    };
    world.sim.fault(Fault::new(fault).method("PATCH").times(1));
    world
        .edit("keynote", json!({"displayName": format!("Keynote {n}")}))
        .await;
    world.until_ready("keynote").await;
    world.sim.set_live(id, true).unwrap();
    world
        .until_sim("it records", |sim| {
            sim.advance(Duration::from_secs(1));
            sim.stream(id).unwrap()["recording"] == true
        })
        .await;
    world
        .until("LiveStream", "keynote", "recording", |it| {
            status_of(it)["recording"] == true
        })
        .await;
    world.sim.set_live(id, false).unwrap();
    world.sim.advance(Duration::from_mins(1));
    world
        .until("LiveStream", "keynote", "idle", |it| {
            status_of(it)["live"] == false
        })
        .await;
    annotate(
        world,
        "LiveStream",
        "keynote",
        "reconcile-requested-at",
        &format!("round {n}"),
    )
    .await;
}

#[tokio::test]
async fn every_query_of_the_dashboard_and_of_the_alerts_gives_rows() {
    let mut world = World::bare("dashboard").await;
    world.account(json!({"pollIntervalSeconds": 5})).await;
    // What is on air is heard of by webhooks.
    world.start(&["--webhook-listen=127.0.0.1:0", "--live-poll=1h"]);
    until_listening(&world).await;
    let address = world.operator().address().await;
    let prometheus = Prometheus::start(&world.namespace, &address).await;
    world
        .until_true("it is scraped", async || {
            prometheus.rows("livestream_operator_leader").await == 1
        })
        .await;

    let path = world
        .secrets()
        .get(WEBHOOK_SECRET)
        .await
        .unwrap()
        .data
        .unwrap()["path"]
        .clone();
    let path = String::from_utf8(path.0).unwrap();
    let hook = format!("http://{}{path}", world.operator().webhooks().await);
    world.sim.webhook(CLIENT, Some(&hook)).unwrap();
    world
        .stream("keynote", json!({"active": true, "recording": true}))
        .await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    let spec = json!({"state": "live", "streams": [{"name": "keynote"}]});
    world.broadcast("show", spec).await;
    world.until_broadcast("show").await;
    let missing = json!({"srtPassphraseSecretRef": {"name": "none", "key": "none"}});
    world.stream("broken", missing).await;
    world
        .until_reason("broken", "Stalled", "SecretNotFound")
        .await;
    world.stream("going", json!({"active": true})).await;
    world.until_ready("going").await;
    let going = world.stream_id("going").await;
    world.sim.set_live(going, true).unwrap();
    world
        .until("LiveStream", "going", "live", |it| {
            condition(it, "Live").is_some_and(|c| c["status"] == "True")
        })
        .await;
    world.delete("LiveStream", "going").await;
    world.until_reason("going", "Ready", "LiveProtected").await;

    let began = jiff::Timestamp::now().as_second();
    let panels = panels();
    let asked = panels
        .iter()
        .flat_map(|panel| panel.queries.iter().map(|(query, _)| query));
    let mut asked: Vec<String> = asked.cloned().collect();
    let alerts = alert_values();
    assert!(
        asked.len() > 30 && alerts.len() > 15,
        "{} {}",
        asked.len(),
        alerts.len()
    );
    asked.extend(alerts.iter().cloned());
    // `make dashboard-picture` draws what is scraped.
    let picture = std::env::var("LIVESTREAM_OPERATOR_PICTURE").ok();
    let rounds = if picture.is_some() {
        ROUNDS_FOR_A_PICTURE
    } else {
        ROUNDS
    };
    let mut empty = Vec::new();
    for n in 0..rounds {
        round(&world, id, n).await;
        empty = Vec::new();
        for query in &asked {
            if prometheus.rows(query).await == 0 {
                empty.push(query.clone());
            }
        }
        if empty.is_empty() && n > 1 && picture.is_none() {
            break;
        }
    }
    assert!(
        empty.is_empty(),
        "no rows after {rounds} rounds: {empty:#?}"
    );
    println!(
        "{} queries of the dashboard and {} of alerts gave rows",
        asked.len() - alerts.len(),
        alerts.len()
    );

    let rules = prometheus.alerts().await;
    assert_eq!(rules.len(), alerts.len());
    for rule in &rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }

    if let Some(file) = picture {
        let now = jiff::Timestamp::now().as_second();
        let svg = picture::draw(&prometheus, &panels, began, now).await;
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), svg).unwrap();
    }
}
