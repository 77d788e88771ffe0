//! Webhooks on their way: each is posted once, in order for each client, and what became of it is
//! written down. Whoever hands one in never waits.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Moment;
use crate::lock::lock;

/// What became of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Delivery {
    /// It is never sent, by a switch.
    Lost,
    /// It is on its way.
    Sent,
    /// It was answered. With what is of no consequence.
    Answered {
        /// The status.
        status: u16,
    },
    /// There was no connection, or no answer.
    Failed {
        /// In words.
        error: String,
    },
}

/// A webhook that was posted, or that a switch has swallowed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Webhook {
    /// Counts up from 1 over all of them, in the order in which they were posted.
    pub seq: u64,
    /// Whose it is.
    pub client: u64,
    /// When what it tells of happened. The provider's time.
    pub happened_at: Moment,
    /// When it was posted.
    pub at: Moment,
    /// What was posted.
    pub body: Value,
    /// What became of it.
    pub delivery: Delivery,
}

/// Where a client's webhooks go: `http://host[:port]/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target(Uri);

impl Target {
    /// Reads a URL, or says what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| "this is no URL".to_owned())?;
        if uri.scheme_str() != Some("http") || uri.authority().is_none() {
            return Err("the URL of webhooks must begin with http://".to_owned());
        }
        Ok(Self(uri))
    }

    pub(crate) fn url(&self) -> String {
        self.0.to_string()
    }

    fn authority(&self) -> &str {
        self.0
            .authority()
            .map_or("", |authority| authority.as_str())
    }
}

/// A webhook to be posted.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) client: u64,
    pub(crate) target: Target,
    pub(crate) happened_at: Moment,
    pub(crate) body: Value,
}

/// Takes webhooks in, and remembers them.
#[derive(Debug)]
pub(crate) struct Outbox {
    limit: usize,
    /// A receiver that has not answered after this real time never will.
    patience: Duration,
    book: Mutex<Book>,
    queue: UnboundedSender<(u64, Post)>,
    /// Changes with every entry and every answer.
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Book {
    last: u64,
    webhooks: VecDeque<Webhook>,
}

/// The other end of the queue.
pub(crate) type Queue = UnboundedReceiver<(u64, Post)>;

impl Outbox {
    pub(crate) fn new(limit: usize, patience: Duration) -> (Arc<Self>, Queue) {
        let (queue, posts) = unbounded_channel();
        let outbox = Self {
            limit: limit.max(1),
            patience,
            book: Mutex::default(),
            queue,
            changed: watch::Sender::new(()),
        };
        (Arc::new(outbox), posts)
    }

    /// Posts it as soon as it is its turn.
    pub(crate) fn send(&self, post: Post, now: Moment) {
        let seq = self.write(&post, now, Delivery::Sent);
        // Nobody takes them any more: the simulator has stopped.
        let _ = self.queue.send((seq, post));
    }

    /// It is written down, and that is all.
    pub(crate) fn lose(&self, post: &Post, now: Moment) {
        self.write(post, now, Delivery::Lost);
    }

    fn write(&self, post: &Post, now: Moment, delivery: Delivery) -> u64 {
        let mut book = lock(&self.book);
        book.last += 1;
        let seq = book.last;
        if book.webhooks.len() == self.limit {
            book.webhooks.pop_front();
        }
        book.webhooks.push_back(Webhook {
            seq,
            client: post.client,
            happened_at: post.happened_at,
            at: now,
            body: post.body.clone(),
            delivery,
        });
        drop(book);
        self.changed.send_replace(());
        seq
    }

    fn answered(&self, seq: u64, delivery: Delivery) {
        let mut book = lock(&self.book);
        if let Some(webhook) = book.webhooks.iter_mut().find(|w| w.seq == seq) {
            webhook.delivery = delivery;
        }
        drop(book);
        self.changed.send_replace(());
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn webhooks(&self, client: u64) -> Vec<Webhook> {
        let book = lock(&self.book);
        let webhooks = book.webhooks.iter();
        webhooks.filter(|w| w.client == client).cloned().collect()
    }

    pub(crate) fn forget(&self, client: u64) {
        lock(&self.book).webhooks.retain(|w| w.client != client);
    }
}

/// Posts what is handed in, until it is dropped. A receiver that hangs holds up its own client only.
pub(crate) async fn deliver(outbox: Arc<Outbox>, mut posts: Queue) {
    let mut clients: HashMap<u64, UnboundedSender<(u64, Post)>> = HashMap::new();
    let mut running = JoinSet::new();
    while let Some((seq, post)) = posts.recv().await {
        let lane = clients.entry(post.client).or_insert_with(|| {
            let (lane, mut turns) = unbounded_channel::<(u64, Post)>();
            let outbox = Arc::clone(&outbox);
            running.spawn(async move {
                while let Some((seq, post)) = turns.recv().await {
                    let delivery = post_once(&post, outbox.patience).await;
                    outbox.answered(seq, delivery);
                }
            });
            lane
        });
        let _ = lane.send((seq, post));
    }
}

async fn post_once(post: &Post, patience: Duration) -> Delivery {
    let answer = tokio::time::timeout(patience, exchange(&post.target, &post.body)).await;
    let delivery = match answer {
        Ok(Ok(status)) => Delivery::Answered { status },
        Ok(Err(error)) => Delivery::Failed { error },
        Err(_) => Delivery::Failed {
            error: "no answer in time".to_owned(),
        },
    };
    // The body holds a stream key, and the URL may be secret.
    tracing::debug!(client = post.client, ?delivery, "webhook");
    delivery
}

/// One connection, one POST, its status.
async fn exchange(target: &Target, body: &Value) -> Result<u16, String> {
    let authority = target.authority();
    let address = match target.0.port() {
        Some(_) => authority.to_owned(),
        None => format!("{authority}:80"),
    };
    let stream = TcpStream::connect(address).await.map_err(text)?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(text)?;
    let path = target.0.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::post(path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .body(Body::from(body.to_string()))
        .map_err(text)?;
    // The connection must be driven while the answer is waited for. It may end with the answer, or
    // without one; which of these, the answer says.
    let mut response = std::pin::pin!(sender.send_request(request));
    let response = tokio::select! {
        response = &mut response => response,
        _ = connection => response.await,
    };
    Ok(response.map_err(text)?.status().as_u16())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for good in [
            "http://a.example",
            "http://127.0.0.1:9000/hook/abc?x=1",
            "http://[::1]:80/",
        ] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a.example/hook",
            "https://a.example/",
            "/hook",
            "http://",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }
}
