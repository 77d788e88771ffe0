//! A namespace, a provider and an operator for one population.

use std::time::{Duration, Instant};

use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{
    board::Board,
    cluster::Cluster,
    operator::Operator,
    provider::{Brand, CLIENT, Provider},
};

/// How long a condition may take that is not itself measured.
const PATIENCE: Duration = Duration::from_mins(3);

/// The most calls a second that an account takes: it does not bind on two cores.
pub const UNLIMITED: u32 = 1000;

/// The seconds between two walks as shipped.
pub const POLL: u32 = 60;

/// Every interval of the operator and of the provider is a tenth of what is shipped. Four calls a
/// second are then forty.
pub const SCALE: u32 = 10;

/// How a world differs from what is shipped.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Calls a second.
    pub rate: u32,
    /// Seconds between two walks of the list.
    pub poll: u32,
    /// Every interval is a tenth.
    pub scaled: bool,
    /// Webhooks are received and sent.
    pub webhooks: bool,
    /// At which provider.
    pub brand: Brand,
    /// More flags.
    pub flags: Vec<String>,
}

impl Ways {
    /// As shipped, but for the rate.
    pub fn at(rate: u32) -> Self {
        Self {
            rate,
            poll: POLL,
            scaled: false,
            webhooks: false,
            brand: Brand::Gcore,
            flags: Vec::new(),
        }
    }

    /// Every interval a tenth, at this rate.
    pub fn scaled(rate: u32) -> Self {
        Self {
            poll: POLL / SCALE,
            scaled: true,
            ..Self::at(rate)
        }
    }

    fn flags(&self) -> Vec<String> {
        let tenths = [
            "--settling=6s",
            "--call-deadline=2s",
            "--connect-deadline=500ms",
            "--grace=6s",
            "--reactivation=6m",
            "--recording-patience=3s",
            "--live-poll=200ms",
            "--retry-base=100ms",
            "--stalled-retry=6m",
            "--resync=1m",
        ];
        let tenths = tenths.iter().filter(|_| self.scaled);
        let tenths = tenths.map(|flag| (*flag).to_owned());
        tenths.chain(self.flags.iter().cloned()).collect()
    }
}

/// All that a population needs.
pub struct World {
    pub cluster: Cluster,
    pub provider: Provider,
    pub board: Board,
    operator: Option<Operator>,
    ways: Ways,
}

impl World {
    /// A namespace and a provider, nothing else.
    pub async fn bare(name: &str, ways: Ways) -> Self {
        let provider = Provider::start(name, if ways.scaled { SCALE } else { 1 }, ways.brand).await;
        let cluster = Cluster::new(name).await;
        let board = Board::new(&cluster);
        Self {
            cluster,
            provider,
            board,
            operator: None,
            ways,
        }
    }

    /// With an account that works, and an operator.
    pub async fn new(name: &str, ways: Ways) -> Self {
        let mut world = Self::bare(name, ways).await;
        world.account(&world.cluster, CLIENT).await;
        world.start();
        world.operator().ready().await;
        until_account(&world.cluster).await;
        if world.ways.webhooks {
            world.hook().await;
        }
        world
    }

    /// An account of a client in a namespace.
    pub async fn account(&self, cluster: &Cluster, client: u64) {
        let (name, data) = self.ways.brand.secret(client);
        cluster.secret(name, &data).await;
        let mut spec = self.ways.brand.block(&self.provider.url());
        spec["requestsPerSecond"] = json!(self.ways.rate);
        spec["pollIntervalSeconds"] = json!(self.ways.poll);
        cluster.create("StreamingAccount", "default", spec).await;
    }

    /// Starts an operator; the one that runs is killed before.
    pub fn start(&mut self) {
        self.stop();
        self.operator = Some(Operator::start(
            &self.cluster.namespace,
            &self.provider.url(),
            self.ways.webhooks,
            &self.ways.flags(),
        ));
    }

    /// At which provider it is.
    pub fn brand(&self) -> Brand {
        self.ways.brand
    }

    /// Kills the operator.
    pub fn stop(&mut self) {
        self.operator = None;
    }

    /// The operator.
    pub fn operator(&self) -> &Operator {
        self.operator.as_ref().expect("an operator runs")
    }

    /// Changes how often may be called, and how often the list is read.
    pub async fn pace(&self, rate: u32, poll: u32) {
        let spec = json!({"requestsPerSecond": rate, "pollIntervalSeconds": poll});
        self.cluster
            .patch("StreamingAccount", "default", json!({"spec": spec}))
            .await;
        until_account(&self.cluster).await;
    }

    /// Waits until an object of any kind is so.
    pub async fn until(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        holds: impl Fn(&DynamicObject) -> bool,
    ) -> DynamicObject {
        until(&self.cluster, kind, name, what, holds).await
    }

    /// Tells the provider where the operator receives webhooks.
    async fn hook(&self) {
        let what = "has a webhook";
        let named = |object: &DynamicObject| object.data["status"]["webhookSecretName"].is_string();
        let account = self.until("StreamingAccount", "default", what, named);
        let account = account.await;
        let name = account.data["status"]["webhookSecretName"].as_str();
        let secret = self.cluster.secrets().get(name.unwrap()).await.unwrap();
        let path = String::from_utf8(secret.data.unwrap()["path"].0.clone()).unwrap();
        let port = self.operator().webhooks;
        let url = format!("http://127.0.0.1:{port}{path}");
        self.provider.webhook(Some(&url)).await;
    }

    /// Takes away what is left without the operator, which might want to see the last videos first.
    /// The provider goes, too.
    pub async fn abandon(mut self) {
        self.stop();
        self.cluster.strike("LiveStream").await;
        self.cluster.strike("Broadcast").await;
        self.cluster.strike("StreamingAccount").await;
    }

    /// Deletes what is left, as quickly as it goes, and the account.
    pub async fn end(self) {
        let names = self.board.look(super::board::Objects::names);
        if !names.is_empty() {
            self.pace(UNLIMITED, POLL).await;
            self.cluster.delete_many(names).await;
        }
        let patience = Duration::from_mins(10);
        let gone = self
            .board
            .within(patience, |objects| (objects.count() == 0).then_some(()));
        assert!(gone.await.is_some(), "the objects do not go");
        drop_account(&self.cluster).await;
    }
}

/// Deletes the account of a namespace.
pub async fn drop_account(cluster: &Cluster) {
    cluster.delete("StreamingAccount", "default").await;
    let deadline = Instant::now() + PATIENCE;
    let api = cluster.api("StreamingAccount");
    while api.get_opt("default").await.unwrap().is_some() {
        assert!(Instant::now() < deadline, "the account does not go");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the account of a namespace is ready for its newest generation.
pub async fn until_account(cluster: &Cluster) {
    until(cluster, "StreamingAccount", "default", "ready", is_ready).await;
}

/// Waits until an object is so.
pub async fn until(
    cluster: &Cluster,
    kind: &str,
    name: &str,
    what: &str,
    holds: impl Fn(&DynamicObject) -> bool,
) -> DynamicObject {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let object = cluster.api(kind).get_opt(name).await.unwrap();
        if let Some(object) = object.as_ref().filter(|object| holds(object)) {
            return object.clone();
        }
        assert!(
            Instant::now() < deadline,
            "{kind} {name} does not become: {what}. It is {object:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// It is ready for its newest generation.
pub fn is_ready(object: &DynamicObject) -> bool {
    let none = Vec::new();
    let conditions = object.data["status"]["conditions"].as_array();
    conditions.unwrap_or(&none).iter().any(|condition| {
        condition["type"] == "Ready"
            && condition["status"] == "True"
            && condition["observedGeneration"] == Value::from(object.metadata.generation)
    })
}
