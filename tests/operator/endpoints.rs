//! Where an account may send its key: to the provider, and to what the operator was started with.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::harness::{World, condition, message, reason};

fn account(endpoint: &str) -> Value {
    json!({
        "gcore": {"apiKeySecretRef": {"name": "gcore", "key": "apiKey"}, "endpoint": endpoint},
        "requestsPerSecond": 500, "pollIntervalSeconds": 1,
    })
}

/// Ways to write an address of this machine or of a cloud's metadata, and to make an allowed address
/// look like another; `{port}` is that of a provider who would take the call.
const EVIL: [&str; 65] = [
    // This machine.
    "http://127.0.0.1:{port}",
    "http://127.0.0.2:{port}",
    "http://127.1:{port}",
    "http://127.0.1:{port}",
    "http://0.0.0.0:{port}",
    "http://0:{port}",
    "http://2130706433:{port}",
    "http://0x7f000001:{port}",
    "http://0x7f.0.0.1:{port}",
    "http://0x7f.1:{port}",
    "http://017700000001:{port}",
    "http://0177.0.0.1:{port}",
    "http://0177.1:{port}",
    "http://127.0.0.01:{port}",
    "http://127.0.0.1.:{port}",
    "http://localhost:{port}",
    "http://LOCALHOST:{port}",
    "http://localhost.:{port}",
    "http://localhost.localdomain:{port}",
    "http://[::1]:{port}",
    "http://[0:0:0:0:0:0:0:1]:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://[::ffff:7f00:1]:{port}",
    "http://[::127.0.0.1]:{port}",
    "http://[::]:{port}",
    "http://[64:ff9b::7f00:1]:{port}",
    "http://[fe80::1%25lo]:{port}",
    "https://127.0.0.1:{port}",
    "HTTP://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/x/..",
    "http://127.0.0.1:{port}#",
    "http://127.0.0.1:{port}?",
    "http:\\\\127.0.0.1:{port}",
    "http:/127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "http://127。0。0。1:{port}",
    "http://①②⑦.0.0.1:{port}",
    "http://user@127.0.0.1:{port}",
    "http://api.gcore.com@127.0.0.1:{port}",
    "https://api.gcore.com:443@127.0.0.1:{port}",
    "https://api.gcore.com%40127.0.0.1:{port}",
    "https://api.gcore.com\\@127.0.0.1:{port}",
    // A cloud's metadata, and the cluster.
    "http://169.254.169.254",
    "http://2852039166",
    "http://0xa9fea9fe",
    "http://0251.0376.0251.0376",
    "http://[::ffff:169.254.169.254]",
    "http://[::ffff:a9fe:a9fe]",
    "http://[fd00:ec2::254]",
    "http://metadata.google.internal",
    "https://kubernetes.default.svc",
    "https://10.0.0.1",
    "https://[fc00::1]",
    "gopher://127.0.0.1:{port}",
    "file:///etc/passwd",
    // Nearly the provider.
    "http://api.gcore.com",
    "https://api.gcore.com.",
    "https://API.GCORE.COM",
    "https://api.gcore.com:443",
    "https://api.gcore.com:8443",
    "https://api.gcore.com.evil.example",
    "https://api-gcore.com",
    "https://xn--pi-7ka.gcore.com",
    "https://аpi.gcore.com", // the first letter is Cyrillic
];

#[tokio::test]
async fn no_spelling_of_an_address_that_was_not_allowed_is_called() {
    let mut world = World::bare("ssrf").await;
    world.account(json!({})).await;
    // The one that is allowed is this machine, too, but in just one spelling.
    world.start(&[]);
    world.until_account("default", "InStep").await;
    let evil = World::bare("ssrf-evil").await;
    let port = evil.sim.url().rsplit_once(':').unwrap().1.to_owned();

    let apply = EVIL.iter().enumerate().map(async |(i, url)| {
        let url = url.replace("{port}", &port);
        let result = world
            .create("StreamingAccount", &format!("evil-{i}"), account(&url))
            .await;
        match result {
            Ok(_) => None,
            Err(kube::Error::Api(status)) if status.code == 422 => Some(url),
            Err(error) => panic!("{url}: {error}"),
        }
    });
    let refused: Vec<String> = join_all(apply).await.into_iter().flatten().collect();
    // What is no scheme and host at all is not even stored.
    assert!((15..40).contains(&refused.len()), "{refused:#?}");
    for i in 0..EVIL.len() {
        let name = format!("evil-{i}");
        if world.get("StreamingAccount", &name).await.is_none() {
            continue;
        }
        let object = world.until_account(&name, "EndpointNotAllowed").await;
        assert_eq!(condition(&object, "Stalled").unwrap()["status"], "True");
    }
    // An account that works can neither be turned to it.
    let edit = json!({"spec": {"gcore": {"endpoint": format!("http://localhost:{port}")}}});
    world
        .patch("StreamingAccount", "default", edit)
        .await
        .unwrap();
    world.until_account("default", "EndpointNotAllowed").await;
    assert_eq!(evil.sim.calls(), []);
    assert_eq!(evil.sim.connections().accepted, 0);
    // The provider who would take the call would have been reached.
    world.start(&[&format!("--allow-endpoint=http://localhost:{port}")]);
    world
        .until("StreamingAccount", "default", "called", |object| {
            reason(object, "Ready") != "EndpointNotAllowed"
        })
        .await;
    evil.until_sim("it is called", |sim| !sim.calls().is_empty())
        .await;
}

/// A provider, or what pretends to be it, sends the key nowhere.
#[tokio::test]
async fn an_allowed_endpoint_that_redirects_gets_the_key_and_nobody_else() {
    use std::io::{Read as _, Write as _};
    let mut world = World::bare("redirects").await;
    let elsewhere = World::bare("redirects-to").await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = elsewhere.sim.url();
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let status = [301, 302, 303, 307, 308]
                [count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 5];
            let _ = stream.read(&mut [0; 4096]);
            let answer = format!(
                "HTTP/1.1 {status} Elsewhere\r\nLocation: {target}/iam/clients/me\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    world.account(json!({"gcore": {"endpoint": url}})).await;
    world.start(&[&format!("--allow-endpoint={url}")]);
    world
        .until("StreamingAccount", "default", "a redirect", |object| {
            message(object, "Ready").contains("a redirect, which is not followed")
        })
        .await;
    world
        .until_true("each kind was answered", async || {
            asked.load(std::sync::atomic::Ordering::SeqCst) >= 5
        })
        .await;
    assert_eq!(elsewhere.sim.calls(), []);
}

/// Whoever cannot prove to be the provider gets no key: the apiserver of this test has a certificate, and
/// the simulator has none.
#[tokio::test]
async fn a_server_whose_certificate_is_not_trusted_gets_no_key() {
    let mut world = World::bare("untrusted").await;
    let apiserver = world.apiserver.trim_end_matches('/').to_owned();
    let plain = world.sim.url().replace("http://", "https://");
    let named = |endpoint: &str| json!({"gcore": {"endpoint": endpoint}});
    world.account(named(&apiserver)).await;
    world.start(&[&format!("--allow-endpoint={apiserver},{plain}")]);
    let until = async |words: &str| {
        world
            .until("StreamingAccount", "default", words, |object| {
                message(object, "Ready").contains(words)
            })
            .await
    };
    until("its TLS certificate is not trusted").await;
    let asked = world.audited().any(|entry| {
        let uri = entry["requestURI"].as_str().unwrap_or_default();
        uri.starts_with("/iam/") || uri.starts_with("/streaming/")
    });
    assert!(!asked);
    world
        .patch(
            "StreamingAccount",
            "default",
            json!({"spec": named(&plain)}),
        )
        .await
        .unwrap();
    until("the TLS handshake failed").await;
    assert_eq!(world.sim.calls(), []);
}
