//! What an operator is shown of the apiserver: older states, silence, watches that break, and writes
//! that are refused or answered by an error.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{Stream, StreamExt as _, stream};
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Answer, AnyError, Cut, Side, forward, from_bytes, hold, route::Route, whole};

/// How long an event is kept back at most that others overtake.
const OVERTAKEN: Duration = Duration::from_millis(150);

/// What becomes of the events of watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// They come as they are.
    None,
    /// Each comes twice.
    Repeats,
    /// Events about other objects overtake some.
    Overtakes,
    /// After so many the connection breaks, in the middle of the next.
    Breaks(usize),
    /// After so many the next one is lost, and the watch says that its history is gone (410).
    Forgets(usize),
}

/// What becomes of a call instead of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This status; the call is not carried out.
    Status(u16),
    /// It is carried out, and the answer is "etcdserver: request timed out".
    TimedOutButApplied,
    /// It never gets an answer, and is not carried out.
    Hangs,
}

/// What an operator is shown.
#[derive(Debug)]
pub struct View(watch::Sender<Shown>, Mutex<Vec<String>>);

#[derive(Clone, Debug)]
struct Shown {
    /// No call gets an answer.
    cut_off: bool,
    /// Watches of these routes bring nothing; what they did not bring comes when that is over.
    silent: Vec<&'static str>,
    /// Lists are answered as they were first, and watches bring nothing.
    past: bool,
    lists: BTreeMap<String, (StatusCode, Bytes)>,
    twist: Twist,
    /// The next calls of these routes.
    refusals: VecDeque<(String, Refusal, usize)>,
}

impl View {
    /// All as it is.
    pub fn new() -> Arc<Self> {
        let shown = Shown {
            cut_off: false,
            silent: Vec::new(),
            past: false,
            lists: BTreeMap::new(),
            twist: Twist::None,
            refusals: VecDeque::new(),
        };
        Arc::new(Self(watch::Sender::new(shown), Mutex::default()))
    }

    /// The apiserver is out of reach, or is back.
    pub fn cut_off(&self, on: bool) {
        self.0.send_modify(|shown| shown.cut_off = on);
    }

    /// The watches of these routes bring nothing; others go on.
    pub fn silence(&self, routes: &[&'static str]) {
        self.0.send_modify(|shown| shown.silent = routes.to_vec());
    }

    /// Lists show what they showed first, and watches bring nothing; or all is as it is.
    pub fn past(&self, on: bool) {
        self.0.send_modify(|shown| shown.past = on);
    }

    /// What becomes of events.
    pub fn twist(&self, twist: Twist) {
        self.0.send_modify(|shown| shown.twist = twist);
    }

    /// This happens to the next so many calls of this route.
    pub fn refuse(&self, route: &str, refusal: Refusal, times: usize) {
        self.0.send_modify(|shown| {
            let refusal = (route.to_owned(), refusal, times);
            shown.refusals.push_back(refusal);
        });
    }

    /// Nothing is refused any more.
    pub fn forgive(&self) {
        self.0.send_modify(|shown| shown.refusals.clear());
    }

    /// The routes of all calls that were refused.
    pub fn refused(&self) -> Vec<String> {
        self.1.lock().unwrap().clone()
    }

    fn refusal(&self, route: &str) -> Option<Refusal> {
        let mut met = None;
        self.0.send_if_modified(|shown| {
            let found = shown
                .refusals
                .iter_mut()
                .find(|it| it.0 == route && it.2 > 0);
            if let Some((_, refusal, left)) = found {
                *left -= 1;
                met = Some(*refusal);
            }
            false
        });
        if met.is_some() {
            self.1.lock().unwrap().push(route.to_owned());
        }
        met
    }

    /// Waits until it is not so any more.
    async fn over(&self, is_so: impl Fn(&Shown) -> bool) {
        let mut shown = self.0.subscribe();
        let _ = shown.wait_for(|shown| !is_so(shown)).await;
    }
}

/// One call.
pub(super) async fn serve(
    request: Request<Incoming>,
    upstream: Client,
    view: Arc<View>,
) -> Result<Answer, AnyError> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let route = Route::of(Side::Apiserver, &parts);
    if view.0.borrow().cut_off {
        return hold().await;
    }
    match view.refusal(&route.name) {
        None => {}
        Some(Refusal::Status(status)) => return Ok(refused(status)),
        Some(Refusal::TimedOutButApplied) => {
            whole(forward(upstream, parts, body).await?).await?;
            return Ok(super::answer::error(Side::Apiserver, 500));
        }
        Some(Refusal::Hangs) => return hold().await,
    }
    if route.streams {
        // One that begins in the past begins where that ended.
        view.over(|shown| shown.past).await;
        let answer = forward(upstream, parts, body).await?;
        let (parts, body) = answer.into_parts();
        let lines = lines(BodyStream::new(body));
        let body = StreamBody::new(
            told(lines.boxed(), route.name, view).map(|line| line.map(Frame::data)),
        );
        return Ok(Response::from_parts(parts, body.boxed_unsync()));
    }
    let place = parts.uri.path_and_query().map(ToString::to_string);
    let key = place.unwrap_or_default();
    let is_list = route.name.starts_with("list ");
    if is_list && view.0.borrow().past {
        let remembered = view.0.borrow().lists.get(&key).cloned();
        if let Some((status, body)) = remembered {
            let response = Response::builder()
                .status(status)
                .header(CONTENT_TYPE, "application/json");
            return Ok(from_bytes(response.body(())?.into_parts().0, body));
        }
    }
    let answer = whole(forward(upstream, parts, body).await?).await?;
    if !is_list {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    view.0.send_if_modified(|shown| {
        let first = || (parts.status, body.clone());
        shown.lists.entry(key).or_insert_with(first);
        false
    });
    Ok(from_bytes(parts, body))
}

/// An answer of the apiserver that refuses.
fn refused(status: u16) -> Answer {
    let reason = match status {
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "code": status, "reason": reason, "message": format!("refused with {status}"),
    });
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .header(RETRY_AFTER, "1");
    let (parts, ()) = response.body(()).unwrap().into_parts();
    from_bytes(parts, body.to_string().into())
}

/// The lines of a body, each with its end.
fn lines<B>(body: BodyStream<B>) -> impl Stream<Item = Result<Bytes, AnyError>>
where
    B: hyper::body::Body<Data = Bytes, Error = AnyError> + Unpin,
{
    stream::unfold((body, Vec::new()), async |(mut body, mut left)| {
        loop {
            if let Some(end) = left.iter().position(|byte| *byte == b'\n') {
                let rest = left.split_off(end + 1);
                return Some((Ok(Bytes::from(left)), (body, rest)));
            }
            match body.next().await? {
                Ok(frame) => left.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(error) => return Some((Err(error), (body, left))),
            }
        }
    })
}

/// Who an event is about.
fn about(line: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(line).ok()?;
    if event["type"] == "BOOKMARK" {
        return None;
    }
    event["object"]["metadata"]["uid"]
        .as_str()
        .map(ToOwned::to_owned)
}

/// What of a watch is still to be told.
struct Telling<S> {
    lines: S,
    route: String,
    view: Arc<View>,
    /// What is told next.
    ready: VecDeque<Result<Bytes, AnyError>>,
    /// What others overtake.
    held: Option<Bytes>,
    told: usize,
    over: bool,
}

/// The events as they are shown.
fn told<S>(lines: S, route: String, view: Arc<View>) -> impl Stream<Item = Result<Bytes, AnyError>>
where
    S: Stream<Item = Result<Bytes, AnyError>> + Unpin,
{
    let telling = Telling {
        lines,
        route,
        view,
        ready: VecDeque::new(),
        held: None,
        told: 0,
        over: false,
    };
    stream::unfold(telling, async |mut telling| {
        loop {
            if let Some(line) = telling.ready.pop_front() {
                // Also what was on its way when silence fell.
                let view = Arc::clone(&telling.view);
                view.over(|shown| {
                    let silent = shown.silent.iter().any(|route| *route == telling.route);
                    silent || shown.cut_off || shown.past
                })
                .await;
                return Some((line, telling));
            }
            if telling.over {
                return None;
            }
            telling.next().await;
        }
    })
}

impl<S> Telling<S>
where
    S: Stream<Item = Result<Bytes, AnyError>> + Unpin,
{
    async fn next(&mut self) {
        let waits = async {
            if self.held.is_some() {
                tokio::time::sleep(OVERTAKEN).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        let line = tokio::select! {
            line = self.lines.next() => line,
            () = waits => {
                self.ready.extend(self.held.take().map(Ok));
                return;
            }
        };
        let line = match line {
            Some(Ok(line)) => line,
            Some(Err(error)) => {
                self.ready.push_back(Err(error));
                self.over = true;
                return;
            }
            None => {
                self.ready.extend(self.held.take().map(Ok));
                self.over = true;
                return;
            }
        };
        let Some(uid) = about(&line) else {
            self.ready.push_back(Ok(line));
            return;
        };
        self.told += 1;
        let twist = self.view.0.borrow().twist;
        match twist {
            Twist::Repeats => self.ready.extend([Ok(line.clone()), Ok(line)]),
            Twist::Overtakes => {
                let same = self
                    .held
                    .as_ref()
                    .is_some_and(|held| about(held) == Some(uid));
                if same {
                    self.ready.extend(self.held.take().map(Ok));
                }
                if self.held.is_none() && self.told % 2 == 1 && !same {
                    self.held = Some(line);
                } else {
                    self.ready.push_back(Ok(line));
                }
            }
            Twist::Breaks(after) if self.told > after => {
                let half = line.slice(..line.len() / 2);
                self.ready.extend([Ok(half), Err(Cut.into())]);
                self.over = true;
            }
            Twist::Forgets(after) if self.told > after => {
                let gone = json!({"type": "ERROR", "object": {
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                    "code": 410, "reason": "Expired", "message": "too old resource version",
                }});
                self.ready.push_back(Ok(format!("{gone}\n").into()));
                self.over = true;
            }
            Twist::None | Twist::Breaks(_) | Twist::Forgets(_) => {
                self.ready.push_back(Ok(line));
            }
        }
    }
}
