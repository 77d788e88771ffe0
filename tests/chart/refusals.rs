//! Wrong values: refused before anything is installed, with the name of the value.

use serde_json::{Value, json};

use crate::helm::{template, values_file};

fn refusal(values: &Value) -> String {
    let file = values_file(values);
    let output = template(&file, &[]);
    std::fs::remove_file(file).unwrap();
    assert!(!output.status.success(), "{values} was not refused");
    String::from_utf8(output.stderr).unwrap()
}

/// A value that is all but one path deep: `a.b` and 1 make `{"a": {"b": 1}}`.
fn at(path: &str, value: &Value) -> Value {
    let keys = path.rsplit('.');
    keys.fold(value.clone(), |inner, key| json!({ key: inner }))
}

#[test]
fn the_schema_names_the_value() {
    for (path, value) in [
        ("replicaCount", json!("two")),
        ("replicaCount", json!(11)),
        ("watchNamespaces", json!(["Team A"])),
        ("watchNamespaces", json!(["a", "a"])),
        ("clusterId", json!("a/b")),
        ("clusterId", json!("a".repeat(64))),
        ("takeOverFrom", json!(["a b"])),
        ("allowEndpoints", json!(["gcore"])),
        ("image.tag", json!("a b")),
        ("image.digest", json!("sha256:abc")),
        ("image.pullPolicy", json!("Sometimes")),
        ("listen.port", json!(0)),
        ("listen.host", json!("localhost")),
        ("settings.settling", json!("soon")),
        ("settings.settling", json!("")),
        ("settings.settling", json!(60)),
        ("settings.concurrency", json!(257)),
        ("leaderElection.duration", json!("1500ms")),
        ("leaderElection.identity", json!("operator")),
        ("leaderElection.leaseName", json!("Not A Name")),
        ("logging.format", json!("xml")),
        ("webhook.sources", json!(["92.223.112.0"])),
        ("webhook.service.type", json!("ExternalName")),
        ("webhook.ingress.host", json!("https://hooks.example.com")),
        ("proxy.https", json!("proxy.example.com")),
        ("networkPolicy.apiserverPorts", json!([])),
        ("metrics.serviceMonitor.interval", json!("often")),
        ("account.requestsPerSecond", json!(1001)),
        ("account.pollIntervalSeconds", json!(0)),
        ("podDisruptionBudget.minAvailable", json!(-1)),
        ("extraEnv", json!([{"value": "nameless"}])),
        ("terminationGracePeriodSeconds", json!(0)),
    ] {
        let said = refusal(&at(path, &value));
        let pointer = format!("/{}", path.replace('.', "/"));
        assert!(said.contains(&pointer), "{path}: {value}: {said}");
    }
}

#[test]
fn a_value_that_does_not_exist_is_refused() {
    for path in [
        "replicas",
        "image.name",
        "settings.setling",
        "livenessProbe.httpGet",
        "webhook.ingress.hosts",
        "account.existingSecret.namespace",
    ] {
        let said = refusal(&at(path, &json!("x")));
        let name = path.rsplit('.').next().unwrap();
        assert!(said.contains(&format!("'{name}'")), "{path}: {said}");
    }
}

#[test]
fn what_does_not_go_together_is_refused_with_what_to_do() {
    for (values, named) in [
        (json!({"watchNamespaces": ["a"]}), "clusterId is needed"),
        (
            json!({"leaderElection": {"enabled": false}}),
            "replicaCount must be 1",
        ),
        (
            json!({"settings": {"settling": "20s"}}),
            "settings.settling (20s) must be longer than settings.callDeadline (20s)",
        ),
        (
            json!({"settings": {"settling": "1m", "callDeadline": "59s999ms"}, "leaderElection": {"duration": "1m29s"}}),
            "leaderElection.duration (1m29s) must be at least",
        ),
        (
            json!({"caBundle": {"configMap": "a", "secret": "b"}}),
            "caBundle.configMap and caBundle.secret",
        ),
        (
            json!({"webhook": {"enabled": true, "port": 8080}}),
            "webhook.port and listen.port",
        ),
        (
            json!({"webhook": {"ingress": {"enabled": true, "host": "a.example.com"}}}),
            "webhook.enabled must be true",
        ),
        (
            json!({"webhook": {"enabled": true, "ingress": {"enabled": true}}}),
            "webhook.ingress.host is needed",
        ),
        (
            json!({"webhook": {"enabled": true, "httpRoute": {"enabled": true}}}),
            "webhook.httpRoute.parentRefs is needed",
        ),
        (
            json!({"metrics": {"service": {"enabled": false}, "serviceMonitor": {"enabled": true}}}),
            "metrics.service.enabled must be true",
        ),
        (
            json!({"metrics": {"podMonitor": {"enabled": true}, "serviceMonitor": {"enabled": true}}}),
            "enable one",
        ),
        (
            json!({"account": {"create": true}}),
            "account.create needs account.apiKey",
        ),
        (
            json!({"account": {"create": true, "apiKey": "1$a", "existingSecret": {"name": "b"}}}),
            "account.apiKey and account.existingSecret.name",
        ),
        (
            json!({"account": {"create": true, "apiKey": "1$a"}, "watchNamespaces": ["a"], "clusterId": "b"}),
            "account.namespace video-system is not in watchNamespaces",
        ),
        (
            json!({"account": {"create": true, "apiKey": "1$a", "endpoint": "http://a.example.com"}}),
            "account.endpoint http://a.example.com is not in allowEndpoints",
        ),
    ] {
        let said = refusal(&values);
        assert!(said.contains(named), "{values}: {said}");
        assert!(!said.contains("1$a"), "{said}");
    }
}
