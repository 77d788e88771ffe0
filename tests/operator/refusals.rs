//! What the apiserver refuses, with what to do, and what it lets through; what users see of it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::{Value, json};

use crate::harness::{CLIENT, World, status_of};

/// A word that must not come out anywhere.
const CANARY: &str = "canary-word";

/// The message with which the apiserver refuses this object; that it is not stored, too.
async fn refusal(world: &World, kind: &str, spec: &Value) -> String {
    let result = world.create(kind, "refused", spec.clone()).await;
    assert!(
        world.get(kind, "refused").await.is_none(),
        "stored all the same: {spec}"
    );
    told(result, spec)
}

/// The message with which the apiserver refuses this change of a LiveStream's spec.
async fn refused_edit(world: &World, name: &str, spec: Value) -> String {
    let before = world.get("LiveStream", name).await.unwrap();
    let patch = json!({"spec": spec});
    let result = world.patch("LiveStream", name, patch).await;
    let after = world.get("LiveStream", name).await.unwrap();
    assert_eq!(
        before.data["spec"], after.data["spec"],
        "stored all the same"
    );
    told(result, &spec)
}

fn told<T: std::fmt::Debug>(result: kube::Result<T>, spec: &Value) -> String {
    match result {
        Err(kube::Error::Api(status)) if status.code == 422 => status.message,
        other => panic!("{spec} is not refused as invalid: {other:?}"),
    }
}

/// Each of these specs is refused, and the message has these words.
async fn all_refused(world: &World, kind: &str, specs: &[Value], words: &[&str]) {
    for spec in specs {
        let message = refusal(world, kind, spec).await;
        for word in words {
            assert!(message.contains(word), "{spec}: no {word:?} in {message}");
        }
    }
}

/// Each of these specs passes.
async fn all_taken(world: &World, kind: &str, specs: &[Value]) {
    for (i, spec) in specs.iter().enumerate() {
        let result = world
            .create(kind, &format!("taken-{i}"), spec.clone())
            .await;
        assert!(result.is_ok(), "{spec}: {result:?}");
    }
}

fn account(gcore: &Value) -> Value {
    json!({"gcore": gcore})
}

fn endpoint(endpoint: &str) -> Value {
    let reference = json!({"name": "gcore", "key": "apiKey"});
    account(&json!({"apiKeySecretRef": reference, "endpoint": endpoint}))
}

#[tokio::test]
async fn a_name_of_a_thousand_characters_is_refused_with_the_limit() {
    let world = World::bare("long-name").await;
    let specs = [1000, 256].map(|n| json!({"displayName": "x".repeat(n)}));
    all_refused(&world, "LiveStream", &specs, &["spec.displayName", "255"]).await;
    let fit = [
        json!({"displayName": "x".repeat(255)}),
        json!({"displayName": "🎬".repeat(255)}),
    ];
    all_taken(&world, "LiveStream", &fit).await;
}

#[tokio::test]
async fn a_name_that_would_be_trimmed_is_refused_because_it_would_never_be_in_step() {
    let world = World::bare("trimmed").await;
    let names = [" a", "a ", "a\n", "a\nb", "\ta", " ", "\n", "a\r"];
    let specs = names.map(|name| json!({"displayName": name}));
    all_refused(
        &world,
        "LiveStream",
        &specs,
        &["spec.displayName", "white space"],
    )
    .await;
    all_refused(
        &world,
        "LiveStream",
        &[json!({"displayName": ""})],
        &["spec.displayName", "1"],
    )
    .await;
}

#[tokio::test]
async fn names_of_any_script_arrive_as_they_are_written_and_stay_in_step() {
    let world = World::new("scripts").await;
    let names = [
        "🎬 Keynote – Zürich",
        "../../etc/passwd",
        "a/b?c=d#e%2F&f",
        "\"quoted\" \\ and {\"json\": 1}",
        "日本語 العربية",
    ];
    for (i, name) in names.iter().enumerate() {
        world
            .stream(&format!("s{i}"), json!({"displayName": name}))
            .await;
    }
    for (i, name) in names.iter().enumerate() {
        world.until_ready(&format!("s{i}")).await;
        let id = world.stream_id(&format!("s{i}")).await;
        assert_eq!(world.sim.stream(id).unwrap()["name"], **name);
    }
    world.walks(3).await;
    assert_eq!((world.patches(), world.sim.changing_calls()), (0, 5));
}

#[tokio::test]
async fn to_record_every_session_and_to_record_nothing_contradict_each_other() {
    let world = World::bare("auto-record").await;
    let both = json!({"autoRecord": true, "recording": false});
    all_refused(
        &world,
        "LiveStream",
        &[both],
        &["spec.recording", "autoRecord", "leave it out"],
    )
    .await;
    let fit = [
        json!({"autoRecord": true, "recording": true}),
        json!({"autoRecord": true}),
        json!({"autoRecord": false, "recording": false}),
        json!({"recording": false}),
    ];
    all_taken(&world, "LiveStream", &fit).await;
    let message = refused_edit(&world, "taken-1", json!({"recording": false})).await;
    assert!(message.contains("autoRecord"), "{message}");
}

#[tokio::test]
async fn the_source_of_a_pull_stream_is_named_in_exactly_one_way() {
    let world = World::bare("pull-one-way").await;
    let reference = json!({"name": "sources", "key": "urls"});
    let specs = [
        json!({"pull": {}}),
        json!({"pull": {"urls": ["rtmp://a/b"], "urlsSecretRef": reference}}),
    ];
    all_refused(
        &world,
        "LiveStream",
        &specs,
        &["spec.pull", "exactly one", "urlsSecretRef"],
    )
    .await;
    let fit = [
        json!({"pull": {"urls": []}}),
        json!({"pull": {"urls": ["rtmp://a/b", "srt://c:5000", "https://d/e.m3u8"]}}),
        json!({"pull": {"urlsSecretRef": reference}}),
    ];
    all_taken(&world, "LiveStream", &fit).await;
}

#[tokio::test]
async fn an_address_with_a_password_is_refused_and_neither_stored_nor_repeated() {
    let world = World::bare("pull-password").await;
    let urls = [
        format!("rtmp://user:{CANARY}@host/app"),
        format!("rtmp://{CANARY}@host/app"),
        format!("srt://host:5000?passphrase={CANARY}"),
        format!("srt://host:5000?mode=caller&PassPhrase={CANARY}"),
        format!("srt://host:5000?streamid={CANARY}"),
        format!("https://host/live.m3u8?token={CANARY}"),
        format!("https://host/live.m3u8?a=b&password={CANARY}"),
    ];
    world
        .stream("standing", json!({"pull": {"urls": ["rtmp://host/app"]}}))
        .await;
    for url in &urls {
        let spec = json!({"pull": {"urls": ["rtmp://other/app", url]}});
        let messages = [
            refusal(&world, "LiveStream", &spec).await,
            refused_edit(&world, "standing", spec).await,
        ];
        for message in messages {
            assert!(message.contains("pull.urlsSecretRef"), "{url}: {message}");
            assert!(!message.contains(CANARY), "{message}");
        }
    }
    assert!(!world.told().await.contains(CANARY));
    // What only looks a little like it passes.
    let fit = [
        "https://host/a@b/live.m3u8",
        "https://host/live.m3u8?keyframes=2",
        "srt://host:5000?latency=200",
    ];
    all_taken(
        &world,
        "LiveStream",
        &fit.map(|url| json!({"pull": {"urls": [url]}})),
    )
    .await;
}

#[tokio::test]
async fn an_address_needs_a_scheme_and_has_no_white_space() {
    let world = World::bare("pull-scheme").await;
    let urls = [
        "host/app",
        "//host/app",
        "rtmp:/host",
        "rtmp://",
        "rtmp://a b",
        "rtmp://a\nb",
        "RTMP://host/app",
    ];
    let specs = urls.map(|url| json!({"pull": {"urls": [url]}}));
    all_refused(&world, "LiveStream", &specs, &["spec.pull.urls", "scheme"]).await;
}

#[tokio::test]
async fn eleven_addresses_are_too_many_and_long_ones_too_long() {
    let world = World::bare("pull-eleven").await;
    let urls: Vec<String> = (0..11).map(|n| format!("rtmp://host{n}/app")).collect();
    let eleven = json!({"pull": {"urls": urls}});
    all_refused(&world, "LiveStream", &[eleven], &["spec.pull.urls", "10"]).await;
    let long = json!({"pull": {"urls": [format!("rtmp://host/{}", "x".repeat(2048))]}});
    all_refused(
        &world,
        "LiveStream",
        &[long],
        &["spec.pull.urls[0]", "2048"],
    )
    .await;
    all_taken(
        &world,
        "LiveStream",
        &[json!({"pull": {"urls": urls[..10]}})],
    )
    .await;
}

#[tokio::test]
async fn the_time_that_viewers_can_go_back_has_bounds() {
    let world = World::bare("dvr").await;
    let dvr = |seconds: i64| json!({"dvr": {"durationSeconds": seconds}});
    all_refused(
        &world,
        "LiveStream",
        &[dvr(29), dvr(0), dvr(-1)],
        &["spec.dvr.durationSeconds", "30"],
    )
    .await;
    all_refused(
        &world,
        "LiveStream",
        &[dvr(14401), dvr(i64::from(i32::MAX))],
        &["spec.dvr.durationSeconds", "14400"],
    )
    .await;
    all_taken(&world, "LiveStream", &[dvr(30), dvr(14400)]).await;
}

#[tokio::test]
async fn an_id_to_adopt_is_an_id_and_no_path() {
    let world = World::bare("external-id").await;
    let ids = ["../1", "a b", "1/2", "1?x", "1\n", "", ".", "é"].map(str::to_owned);
    let specs: Vec<Value> = ids.iter().map(|id| json!({"externalId": id})).collect();
    all_refused(&world, "LiveStream", &specs, &["spec.externalId"]).await;
    all_refused(
        &world,
        "LiveStream",
        &[json!({"externalId": "1".repeat(65)})],
        &["spec.externalId", "64"],
    )
    .await;
    // A number is none of the strings that ids are.
    all_refused(
        &world,
        "LiveStream",
        &[json!({"externalId": 320_423})],
        &["spec.externalId", "string"],
    )
    .await;
}

#[tokio::test]
async fn an_adopted_id_can_be_neither_changed_nor_taken_away() {
    let world = World::bare("adopted-id").await;
    world
        .stream("channel", json!({"externalId": "320423"}))
        .await;
    for id in [json!("320424"), Value::Null] {
        let message = refused_edit(&world, "channel", json!({"externalId": id})).await;
        assert!(
            message.contains("cannot change") && message.contains("Retain"),
            "{message}"
        );
    }
    // Without a status there is none to hold it against.
    world.stream("other", json!({})).await;
    let message = refused_edit(&world, "other", json!({"externalId": "320423"})).await;
    assert!(message.contains("status.streamId"), "{message}");
}

#[tokio::test]
async fn an_id_that_is_added_later_is_that_of_the_stream_that_is_held() {
    let world = World::new("added-id").await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    let before = world.sim.stream(id).unwrap();

    let message = refused_edit(&world, "keynote", json!({"externalId": "1"})).await;
    assert!(
        message.contains("status.streamId") && message.contains("another LiveStream"),
        "{message}"
    );

    world
        .edit("keynote", json!({"externalId": id.to_string()}))
        .await;
    let object = world.until_ready("keynote").await;
    world.walks(2).await;
    assert_eq!(status_of(&object)["streamId"], id.to_string());
    assert_eq!(world.sim.stream(id).unwrap(), before);
    assert_eq!((world.posts(), world.sim.changing_calls()), (1, 1));
}

#[tokio::test]
async fn a_stream_cannot_move_to_another_account() {
    let world = World::bare("moved").await;
    world.stream("keynote", json!({})).await;
    let message = refused_edit(&world, "keynote", json!({"accountRef": {"name": "other"}})).await;
    assert!(
        message.contains("spec.accountRef") && message.contains("create another LiveStream"),
        "{message}"
    );
    // To say what is the default anyway is no move.
    world
        .edit("keynote", json!({"accountRef": {"name": "default"}}))
        .await;
}

#[tokio::test]
async fn a_text_of_ones_own_leaves_room_for_the_owner_mark() {
    let world = World::new("user-text").await;
    let data = |n: usize| json!({"gcore": {"clientEntityData": "é".repeat(n)}});
    all_refused(
        &world,
        "LiveStream",
        &[data(3585)],
        &["spec.gcore.clientEntityData", "3584"],
    )
    .await;
    let object = world.stream("keynote", data(3584)).await;
    world.until_ready("keynote").await;
    let stream = world.sim.stream(world.stream_id("keynote").await).unwrap();
    let stored = stream["client_entity_data"].as_str().unwrap();
    assert!(stored.starts_with(&"é".repeat(3584)) && stored.chars().count() <= 4096);
    assert!(stored.contains(object.metadata.uid.as_ref().unwrap()));
    world.walks(2).await;
    assert_eq!(world.sim.changing_calls(), 1);
}

#[tokio::test]
async fn a_reference_to_a_secret_has_a_name_and_a_key_that_secrets_can_have() {
    let world = World::bare("secret-ref").await;
    let references = [
        json!({}),
        json!({"name": "a"}),
        json!({"key": "a"}),
        json!({"name": "", "key": "a"}),
        json!({"name": "a", "key": ""}),
        // Names become parts of a path.
        json!({"name": "../pods/a", "key": "a"}),
        json!({"name": "a/b", "key": "a"}),
        json!({"name": "a b", "key": "a"}),
        json!({"name": "a?b", "key": "a"}),
        json!({"name": "A", "key": "a"}),
        json!({"name": "a", "key": "a/b"}),
        json!({"name": "a", "key": "a b"}),
    ];
    for reference in references {
        let specs = [
            json!({"srtPassphraseSecretRef": reference}),
            json!({"pull": {"urlsSecretRef": reference}}),
        ];
        all_refused(&world, "LiveStream", &specs, &["SecretRef"]).await;
        let spec = account(&json!({"apiKeySecretRef": reference}));
        all_refused(&world, "StreamingAccount", &[spec], &["apiKeySecretRef"]).await;
    }
    all_taken(
        &world,
        "LiveStream",
        &[json!({"srtPassphraseSecretRef": {"name": "my.secret-1", "key": "A_b-c.d"}})],
    )
    .await;
}

#[tokio::test]
async fn an_unknown_word_is_refused_with_the_known_ones() {
    let world = World::bare("words").await;
    let table = [
        (
            json!({"gcore": {"recordType": "raw"}}),
            vec!["recordType", "origin", "transcoded"],
        ),
        (
            json!({"gcore": {"projection": "VR360"}}),
            vec!["projection", "regular", "vr360", "vr180", "vr360tb"],
        ),
        (
            json!({"deletionPolicy": "Orphan"}),
            vec!["deletionPolicy", "Delete", "Retain"],
        ),
        (
            json!({"liveProtection": true}),
            vec!["liveProtection", "string"],
        ),
        (
            json!({"liveProtection": "On"}),
            vec!["liveProtection", "Enabled", "Disabled"],
        ),
        (
            json!({"gcore": {"transcodingRegion": "ED1"}}),
            vec!["transcodingRegion"],
        ),
        (
            json!({"gcore": {"cdnResourceId": 0}}),
            vec!["cdnResourceId", "1"],
        ),
        (json!({"active": "yes"}), vec!["active", "boolean"]),
    ];
    for (spec, words) in table {
        all_refused(&world, "LiveStream", &[spec], &words).await;
    }
}

#[tokio::test]
async fn the_name_of_the_encoders_secret_is_one_that_secrets_can_have() {
    let world = World::bare("ingest-name").await;
    let names = ["A", "a_b", "../x", "a/b", "-a", "a-", "a b", ""];
    let specs = names.map(|name| json!({"ingestSecret": {"name": name}}));
    all_refused(&world, "LiveStream", &specs, &["spec.ingestSecret.name"]).await;
    all_refused(
        &world,
        "LiveStream",
        &[json!({"ingestSecret": {}})],
        &["spec.ingestSecret.name", "Required"],
    )
    .await;
}

#[tokio::test]
async fn null_is_as_good_as_left_out() {
    let world = World::new("null").await;
    let nothing = json!({
        "displayName": null, "active": null, "autoRecord": null, "recording": null, "pull": null,
        "srtPassphraseSecretRef": null, "ingestSecret": null, "dvr": null, "gcore": null,
        "externalId": null, "deletionPolicy": null, "liveProtection": null, "suspend": null,
    });
    world.stream("keynote", nothing).await;
    world.until_ready("keynote").await;
    let stream = world.sim.stream(world.stream_id("keynote").await).unwrap();
    assert_eq!(
        (&stream["name"], &stream["active"]),
        (&json!("keynote"), &json!(false))
    );
    all_taken(
        &world,
        "LiveStream",
        &[
            json!({"dvr": {"enabled": null, "durationSeconds": null}}),
            json!({"pull": {"urls": null, "urlsSecretRef": {"name": "a", "key": "b"}}}),
            json!({"pull": {"urls": ["rtmp://a/b"], "urlsSecretRef": null}}),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_account_names_its_provider_and_keeps_it() {
    let world = World::bare("no-provider").await;
    all_refused(
        &world,
        "StreamingAccount",
        &[json!({}), json!({"requestsPerSecond": 1})],
        &["exactly one provider", "spec.gcore"],
    )
    .await;
    all_refused(
        &world,
        "StreamingAccount",
        &[account(&json!({}))],
        &["spec.gcore.apiKeySecretRef", "Required"],
    )
    .await;
    world.account(json!({})).await;
    let result = world
        .patch(
            "StreamingAccount",
            "default",
            json!({"spec": {"gcore": null}}),
        )
        .await;
    let message = told(result, &json!({"gcore": null}));
    assert!(message.contains("provider"), "{message}");
}

#[tokio::test]
async fn an_endpoint_is_a_scheme_and_a_host() {
    let world = World::bare("endpoint").await;
    let bad = [
        "https://api.gcore.com/",
        "https://api.gcore.com/streaming",
        "https://user@api.gcore.com",
        "https://user:word@api.gcore.com",
        "https://api.gcore.com?a=b",
        "https://api.gcore.com#a",
        "https://api gcore.com",
        "https://",
        "ftp://api.gcore.com",
        "api.gcore.com",
        "https://api.gcore.com\n",
        "https://аpi.gcore.com", // the first letter is Cyrillic
    ];
    all_refused(
        &world,
        "StreamingAccount",
        &bad.map(endpoint),
        &["spec.gcore.endpoint", "scheme and a host"],
    )
    .await;
    let fit = [
        "https://api.gcore.com",
        "http://127.0.0.1:8090",
        "http://[::1]:8090",
        "https://gateway.example",
    ];
    all_taken(&world, "StreamingAccount", &fit.map(endpoint)).await;
}

#[tokio::test]
async fn rates_and_intervals_have_bounds_and_defaults() {
    let world = World::bare("rates").await;
    let spec = |name: &str, value: i64| {
        let mut spec = endpoint("https://api.gcore.com");
        spec[name] = json!(value);
        spec
    };
    let rate = |n| spec("requestsPerSecond", n);
    let interval = |n| spec("pollIntervalSeconds", n);
    let kind = "StreamingAccount";
    all_refused(
        &world,
        kind,
        &[rate(0), rate(-1)],
        &["spec.requestsPerSecond", "to 1"],
    )
    .await;
    all_refused(
        &world,
        kind,
        &[rate(1001)],
        &["spec.requestsPerSecond", "1000"],
    )
    .await;
    all_refused(
        &world,
        kind,
        &[interval(0)],
        &["spec.pollIntervalSeconds", "to 1"],
    )
    .await;
    all_refused(
        &world,
        kind,
        &[interval(3601)],
        &["spec.pollIntervalSeconds", "3600"],
    )
    .await;
    let bare = account(&json!({"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}}));
    let stored = world.create(kind, "bare", bare).await.unwrap();
    let spec = &stored.data["spec"];
    assert_eq!(
        (&spec["requestsPerSecond"], &spec["pollIntervalSeconds"]),
        (&json!(4), &json!(60))
    );
    assert_eq!(spec["gcore"]["endpoint"], "https://api.gcore.com");
}

#[tokio::test]
async fn a_field_that_nobody_knows_is_reported() {
    let world = World::bare("unknown-field").await;
    let stream = json!({
        "apiVersion": "livestream-operator.io/v1alpha1", "kind": "LiveStream",
        "metadata": {"name": "keynote"}, "spec": {"displayname": "Keynote", "dvr": {"seconds": 60}},
    });
    let output = world
        .kubectl(&["apply", "-f", "-"], &stream.to_string())
        .await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{told}");
    for field in ["spec.displayname", "spec.dvr.seconds"] {
        assert!(
            told.contains(&format!("unknown field \"{field}\"")),
            "{told}"
        );
    }
    assert!(world.get("LiveStream", "keynote").await.is_none());
}

#[tokio::test]
async fn nothing_is_ready_before_the_operator_has_seen_it() {
    let mut world = World::bare("unseen").await;
    world.account(json!({})).await;
    let stream = world.stream("keynote", json!({})).await;
    let account = world.get("StreamingAccount", "default").await.unwrap();
    for object in [&stream, &account] {
        assert_eq!(status_of(object), json!({"observedGeneration": -1}));
    }
    let wait = async |world: &World, what: &str, limit: &str| {
        let arguments = ["wait", "--for=condition=Ready", what, limit];
        world.kubectl(&arguments, "").await
    };
    for what in ["lst/keynote", "sacc/default"] {
        let output = wait(&world, what, "--timeout=1s").await;
        assert!(!output.status.success(), "{what}: {output:?}");
    }
    world.start(&[]);
    for what in ["lst/keynote", "sacc/default"] {
        let output = wait(&world, what, "--timeout=60s").await;
        assert!(output.status.success(), "{what}: {output:?}");
    }
}

/// One kind's schema as the apiserver has it.
async fn schema(world: &World, plural: &str) -> Value {
    let api = Api::<CustomResourceDefinition>::all(world.client.clone());
    let name = format!("{plural}.livestream-operator.io");
    let definition = serde_json::to_value(api.get(&name).await.unwrap()).unwrap();
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// What is wrong with a schema and all below it.
fn faults(path: &str, schema: &Value, is_spec: bool, found: &mut Vec<String>) {
    let has = |key: &str| schema.get(key).is_some_and(|value| *value != json!(""));
    let mut want = |holds: bool, what: &str| {
        if !holds {
            found.push(format!("{path} has no {what}"));
        }
    };
    match schema["type"].as_str() {
        Some("string") => want(
            has("maxLength") || has("enum") || schema["format"] == "date-time",
            "maxLength, enum or format",
        ),
        Some("array") => want(has("maxItems"), "maxItems"),
        Some("integer" | "number") if is_spec => {
            want(has("minimum") && has("maximum"), "minimum and maximum");
        }
        _ => {}
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        // Kubernetes' own type, which every kind has like this.
        if path == "status" && name == "conditions" {
            continue;
        }
        let below = format!("{path}.{name}");
        let described = property["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        if !described {
            found.push(format!("{below} has no description"));
        }
        faults(&below, property, is_spec, found);
    }
    if has("items") {
        faults(&format!("{path}[]"), &schema["items"], is_spec, found);
    }
}

/// Every default below a schema.
fn defaults(path: &str, schema: &Value, found: &mut Vec<String>) {
    if schema.get("default").is_some() {
        found.push(path.to_owned());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        defaults(&format!("{path}.{name}"), property, found);
    }
    if let Some(items) = schema.get("items") {
        defaults(&format!("{path}[]"), items, found);
    }
}

#[tokio::test]
async fn every_field_is_explained_and_bounded_and_none_that_is_sent_has_a_default() {
    let world = World::bare("schema").await;
    for (plural, kind) in [
        ("livestreams", "livestream"),
        ("streamingaccounts", "streamingaccount"),
    ] {
        let schema = schema(&world, plural).await;
        let mut found = Vec::new();
        for part in ["spec", "status"] {
            faults(
                part,
                &schema["properties"][part],
                part == "spec",
                &mut found,
            );
        }
        assert!(found.is_empty(), "{kind}: {found:#?}");

        let output = world
            .kubectl(&["explain", &format!("{kind}.spec")], "")
            .await;
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("<no description>"), "{text}");
        for name in schema["properties"]["spec"]["properties"]
            .as_object()
            .unwrap()
            .keys()
        {
            assert!(
                text.contains(&format!("  {name}\t<")),
                "no {name} in {text}"
            );
        }
    }
    let schema = schema(&world, "livestreams").await;
    let mut found = Vec::new();
    defaults("spec", &schema["properties"]["spec"], &mut found);
    assert_eq!(found, ["spec.accountRef", "spec.accountRef.name"]);
}

#[tokio::test]
async fn what_a_field_does_when_it_is_left_out_is_explained() {
    let world = World::bare("left-out").await;
    let schema = schema(&world, "livestreams").await;
    let spec = &schema["properties"]["spec"]["properties"];
    for (name, words) in [
        ("deletionPolicy", "Left out"),
        ("liveProtection", "the default"),
    ] {
        let text = spec[name]["description"].as_str().unwrap();
        assert!(text.contains(words), "{name}: {text}");
    }
    let text = spec["gcore"]["properties"]["recordType"]["description"]
        .as_str()
        .unwrap();
    assert!(text.contains("before a recording starts"), "{text}");
}

#[tokio::test]
async fn kubectl_shows_the_columns_that_matter_and_both_kinds_by_one_word() {
    let world = World::new("columns").await;
    world.stream("keynote", json!({"active": true})).await;
    world.until_ready("keynote").await;
    let id = world.stream_id("keynote").await;
    world.sim.set_live(id, true).unwrap();
    world
        .until("LiveStream", "keynote", "live", |object| {
            status_of(object)["live"] == true
        })
        .await;

    let output = world.kubectl(&["get", "lst"], "").await;
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        [
            "NAME",
            "READY",
            "ACTIVE",
            "LIVE",
            "RECORDING",
            "VIDEOS",
            "ID",
            "AGE",
            "REASON"
        ],
        "{text}"
    );
    assert_eq!(
        rows[1][..5],
        ["keynote", "True", "true", "true", "NotRecording"],
        "{text}"
    );
    assert!(rows[1].contains(&id.to_string().as_str()), "{text}");

    let output = world.kubectl(&["get", "streaming", "-o", "name"], "").await;
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<&str> = text.lines().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "livestream.livestream-operator.io/keynote",
            "streamingaccount.livestream-operator.io/default"
        ]
    );
    assert_eq!(world.sim.created_total(CLIENT), 1);
}
