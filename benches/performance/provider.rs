//! The simulated provider as a process of its own, steered over HTTP.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::operator::free_port;

/// The client that most measurements are made with.
pub const CLIENT: u64 = 1001;

/// Another client of the same provider.
pub const OTHER: u64 = 1002;

/// The collection of streams.
pub const STREAMS: &str = "/streaming/streams";

/// One stream.
pub const STREAM: &str = "/streaming/streams/{id}";

/// Whose simulator it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Brand {
    #[default]
    Gcore,
    LiveStation,
}

impl Brand {
    /// The collection of streams.
    pub fn list(self) -> &'static str {
        match self {
            Self::Gcore => STREAMS,
            Self::LiveStation => "/api/v2/channels",
        }
    }

    /// What the query of its first page says.
    pub fn first_page(self) -> &'static str {
        match self {
            Self::Gcore => "page=1",
            Self::LiveStation => "pageNo=1",
        }
    }

    /// How many items a page has, as the operator asks for it.
    pub fn page(self) -> usize {
        match self {
            Self::Gcore => 25,
            Self::LiveStation => 100,
        }
    }

    /// What stands behind the names of figures.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Gcore => "",
            Self::LiveStation => " at Live Station",
        }
    }

    /// The Secret of an account: its name and data.
    pub fn secret(self, client: u64) -> (&'static str, Vec<(&'static str, String)>) {
        match self {
            Self::Gcore => ("gcore", vec![("apiKey", key(client))]),
            Self::LiveStation => {
                let (access, secret) = keys(client);
                ("naver", vec![("accessKey", access), ("secretKey", secret)])
            }
        }
    }

    /// An account's block.
    pub fn block(self, endpoint: &str) -> Value {
        let secret = |key: &str| json!({"name": self.secret(CLIENT).0, "key": key});
        match self {
            Self::Gcore => json!({"gcore": {
                "apiKeySecretRef": secret("apiKey"), "endpoint": endpoint,
            }}),
            Self::LiveStation => json!({"liveStation": {
                "accessKeySecretRef": secret("accessKey"), "secretKeySecretRef": secret("secretKey"),
                "endpoint": endpoint, "qualitySetId": 3, "cdn": {"profileId": 12},
            }}),
        }
    }

    fn binary(self) -> PathBuf {
        binary(match self {
            Self::Gcore => "gcore-simulator",
            Self::LiveStation => "live-station-simulator",
        })
    }

    /// What it is told of a client's keys.
    fn key_flag(self, client: u64) -> String {
        match self {
            Self::Gcore => format!("--api-key={}={client}", key(client)),
            Self::LiveStation => {
                let (access, secret) = keys(client);
                format!("--api-key={access}:{secret}={client}")
            }
        }
    }
}

/// The access key and the secret key of a client.
fn keys(client: u64) -> (String, String) {
    (format!("BENCHKEY{client}"), format!("bench0secret{client}"))
}

/// A simulator that runs. Dropped: it is killed.
pub struct Provider {
    process: Child,
    http: reqwest::Client,
    port: u16,
}

/// A call, of what the simulator writes down.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    pub unix_us: i64,
    pub method: String,
    pub route: String,
    pub query: Option<String>,
    pub id: Option<String>,
    pub client: Option<u64>,
    pub body: Option<Value>,
}

impl Call {
    /// The name that the call gives to a stream.
    pub fn name(&self) -> Option<&str> {
        let body = self.body.as_ref()?;
        body["name"].as_str().or(body["stream"]["name"].as_str())
    }
}

/// Counts of the simulator.
#[derive(Debug, Deserialize)]
pub struct Counts {
    calls: Vec<Count>,
    pub last_call: u64,
    clients: Vec<ClientCounts>,
}

#[derive(Debug, Deserialize)]
struct Count {
    method: String,
    route: String,
    client: Option<u64>,
    #[serde(rename = "count")]
    times: u64,
}

/// What became of one client.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ClientCounts {
    client: u64,
    #[serde(alias = "channels_created")]
    pub streams_created: u64,
}

/// The most calls in any one second.
pub fn peak(calls: &[Call]) -> usize {
    let times: Vec<i64> = calls.iter().map(|call| call.unix_us).collect();
    let mut first = 0;
    let within = times.iter().enumerate().map(|(last, at)| {
        while times[first] + 1_000_000 <= *at {
            first += 1;
        }
        last + 1 - first
    });
    within.max().unwrap_or_default()
}

impl Counts {
    /// How often a route was called by a client.
    pub fn of(&self, client: u64, method: &str, route: &str) -> u64 {
        let calls = self.calls.iter().filter(|call| {
            call.client == Some(client) && call.method == method && call.route == route
        });
        calls.map(|call| call.times).sum()
    }

    /// The client's own.
    pub fn client(&self, client: u64) -> ClientCounts {
        let found = self.clients.iter().find(|c| c.client == client);
        found.copied().unwrap_or(ClientCounts {
            client,
            streams_created: 0,
        })
    }
}

/// The key of a client.
pub fn key(client: u64) -> String {
    format!("{client}$bench-api-key")
}

/// It is built beside the operator.
fn binary(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_livestream-operator")).with_file_name(name);
    assert!(
        path.exists(),
        "{} is not built: run this by `make bench`, or build it with `cargo build -p simulator` in the same profile",
        path.display()
    );
    path
}

impl Provider {
    /// Starts one in which so many of its seconds pass in a real one.
    pub async fn start(name: &str, speed: u32, brand: Brand) -> Self {
        let port = free_port();
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("performance-{name}-simulator.log"));
        let file = File::create(log).unwrap();
        let process = Command::new(brand.binary())
            .arg(format!("--listen=127.0.0.1:{port}"))
            .arg(format!("--speed={speed}"))
            .args([CLIENT, OTHER].map(|client| brand.key_flag(client)))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let provider = Self {
            process,
            http: reqwest::Client::new(),
            port,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        let health = format!("{}/_sim/health", provider.url());
        while provider.http.get(&health).send().await.is_err() {
            assert!(Instant::now() < deadline, "the simulator does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        provider
    }

    /// Its endpoint.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let answer = request.timeout(Duration::from_secs(60)).send().await;
        let answer = answer.expect("the simulator answers");
        assert!(
            answer.status().is_success(),
            "{}: {}",
            answer.url(),
            answer.status()
        );
        answer
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let request = self.http.get(format!("{}/_sim{path}", self.url()));
        self.send(request).await.json().await.unwrap()
    }

    /// All counts.
    pub async fn counts(&self) -> Counts {
        self.get("/counts").await
    }

    /// The number of the last call.
    pub async fn mark(&self) -> u64 {
        self.counts().await.last_call
    }

    /// The calls after one, of this method where one is given.
    pub async fn calls(&self, after: u64, method: Option<&str>) -> Vec<Call> {
        let method = method.map_or(String::new(), |method| format!("&method={method}"));
        self.get(&format!("/calls?after={after}{method}")).await
    }

    /// Changes a stream behind everybody's back.
    pub async fn edit(&self, id: &str, fields: &Value) {
        let url = format!("{}/_sim/streams/{id}", self.url());
        self.send(self.http.patch(url).json(fields)).await;
    }

    /// Switches the encoder of a stream on or off.
    pub async fn encoder(&self, id: &str, on: bool) {
        let url = format!("{}/_sim/streams/{id}/encoder", self.url());
        self.send(self.http.put(url).json(&json!({"primary": on})))
            .await;
    }

    /// Where webhooks of the client go; nowhere without an address.
    pub async fn webhook(&self, url: Option<&str>) {
        let path = format!("{}/_sim/clients/{CLIENT}/webhook", self.url());
        let request = match url {
            Some(url) => self.http.put(path).json(&json!({"url": url})),
            None => self.http.delete(path),
        };
        self.send(request).await;
    }

    /// Puts the provider's clock forward.
    pub async fn advance(&self, seconds: u32) {
        let url = format!("{}/_sim/clock", self.url());
        let body = json!({"advance_seconds": seconds});
        self.send(self.http.post(url).json(&body)).await;
    }

    /// Calls the API itself, as an operator would; gives the answer.
    pub async fn api(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Value {
        let request = self
            .http
            .request(method, format!("{}{path}", self.url()))
            .header("Authorization", format!("APIKey {}", key(CLIENT)));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let text = self.send(request).await.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
