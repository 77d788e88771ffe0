//! Faults: which calls they meet, and what happens to those.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lock::lock;

/// Something that goes wrong with the next calls that match.
///
/// ```
/// use simulator::faults::{Action, Fault};
/// let fault = Fault::new(Action::CutAfterApply).method("POST").route("/streaming/streams");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which calls; absent: all.
    #[serde(rename = "match", default)]
    pub matching: Matching,
    /// So many matching calls pass first.
    #[serde(default)]
    pub skip: u64,
    /// So many calls are met. `None`: all, until it is cleared.
    #[serde(default = "once")]
    pub times: Option<u64>,
    /// What happens to them.
    #[serde(rename = "do")]
    pub action: Action,
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn once() -> Option<u64> {
    Some(1)
}

/// Which calls a fault meets: all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matching {
    /// The HTTP method.
    pub method: Option<String>,
    /// The route's template, e.g. `/streaming/streams/{id}`.
    pub route: Option<String>,
    /// The object that the path names.
    pub id: Option<String>,
    /// A part of the object's name: the one in the body, else the one it has.
    pub name_contains: Option<String>,
    /// Whose key it is.
    pub client: Option<u64>,
    /// The page of a list (1 where the call names none).
    pub page: Option<u64>,
}

/// What happens to a call that a fault meets. "Applied" means carried out as if there were no
/// fault; only what the caller is told differs. Milliseconds are real ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Applied at once, answered late. The only one that can meet a call together with another.
    Delay {
        /// How late.
        millis: u64,
    },
    /// Applied late and never answered, even if the caller has gone meanwhile.
    ApplyLater {
        /// How late.
        millis: u64,
    },
    /// Applied; then no answer until the caller gives up.
    TimeoutAfterApply,
    /// Not applied; no answer until the caller gives up.
    TimeoutBeforeApply,
    /// The connection is closed without an answer; not applied.
    CutBeforeApply,
    /// The connection is closed without an answer; applied.
    CutAfterApply,
    /// Answered with this status.
    Status {
        /// The status.
        status: u16,
        /// The value of a `Retry-After` header, sent as it is.
        #[serde(default)]
        retry_after: Option<String>,
        /// What stands in the body.
        #[serde(default)]
        body: ErrorBody,
        /// Whether the call was carried out all the same.
        #[serde(default)]
        applied: bool,
    },
    /// 200 with a gateway's HTML page.
    Html {
        /// Whether the call was carried out all the same.
        #[serde(default)]
        applied: bool,
    },
    /// Applied; the body ends in the middle, short of its `Content-Length`.
    Truncated,
    /// Applied; the body stops in the middle and the connection stays open.
    Stalled,
    /// Applied; the body is no JSON.
    Garbled,
    /// Applied; the body is empty.
    EmptyBody,
    /// Applied; the body never ends.
    EndlessBody,
    /// Applied; the body is the right one behind so many bytes of white space.
    HugeBody {
        /// How many.
        bytes: u64,
    },
}

/// The body of an error answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBody {
    /// `{"status":…,"error":"…"}`.
    #[default]
    Json,
    /// A gateway's page.
    Html,
    /// Nothing.
    Empty,
}

impl Action {
    /// An answer with a status and a JSON body, not applied.
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
            body: ErrorBody::Json,
            applied: false,
        }
    }

    /// An answer with a status and a JSON body although the call was carried out.
    pub fn status_after_apply(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
            body: ErrorBody::Json,
            applied: true,
        }
    }

    /// 429, with this `Retry-After` if there is one.
    pub fn too_many(retry_after: Option<&str>) -> Self {
        Self::Status {
            status: 429,
            retry_after: retry_after.map(str::to_owned),
            body: ErrorBody::Json,
            applied: false,
        }
    }

    /// The word for it in JSON and in the journal.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Delay { .. } => "delay",
            Self::ApplyLater { .. } => "apply_later",
            Self::TimeoutAfterApply => "timeout_after_apply",
            Self::TimeoutBeforeApply => "timeout_before_apply",
            Self::CutBeforeApply => "cut_before_apply",
            Self::CutAfterApply => "cut_after_apply",
            Self::Status { .. } => "status",
            Self::Html { .. } => "html",
            Self::Truncated => "truncated",
            Self::Stalled => "stalled",
            Self::Garbled => "garbled",
            Self::EmptyBody => "empty_body",
            Self::EndlessBody => "endless_body",
            Self::HugeBody { .. } => "huge_body",
        }
    }
}

impl Fault {
    /// Meets the next call, whatever it is.
    pub fn new(action: Action) -> Self {
        Self {
            matching: Matching::default(),
            skip: 0,
            times: once(),
            action,
        }
    }

    /// Only calls of this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.matching.method = Some(method.to_owned());
        self
    }

    /// Only calls of this route's template.
    #[must_use]
    pub fn route(mut self, route: &str) -> Self {
        self.matching.route = Some(route.to_owned());
        self
    }

    /// Only calls whose path names this object.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "called with a number or a text"
    )]
    pub fn id(mut self, id: impl ToString) -> Self {
        self.matching.id = Some(id.to_string());
        self
    }

    /// Only calls about an object whose name contains this.
    #[must_use]
    pub fn name_contains(mut self, part: &str) -> Self {
        self.matching.name_contains = Some(part.to_owned());
        self
    }

    /// Only calls with a key of this client.
    #[must_use]
    pub fn client(mut self, client: u64) -> Self {
        self.matching.client = Some(client);
        self
    }

    /// Only calls for this page of a list.
    #[must_use]
    pub fn page(mut self, page: u64) -> Self {
        self.matching.page = Some(page);
        self
    }

    /// The next `times` matching calls.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// All matching calls, until it is cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// After so many matching calls have passed.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }
}

/// A fault as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultReport {
    /// The number that setting it gave.
    pub id: u64,
    /// The fault as it was set.
    pub fault: Fault,
    /// How many calls it has met.
    pub fired: u64,
    /// It will meet no more.
    pub spent: bool,
}

/// What of a call a fault can match on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
    pub(crate) id: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) client: Option<u64>,
    pub(crate) page: u64,
}

impl Matching {
    fn meets(&self, facts: Facts<'_>) -> bool {
        fn holds<T>(wanted: Option<&T>, check: impl Fn(&T) -> bool) -> bool {
            wanted.is_none_or(check)
        }
        holds(self.method.as_ref(), |m| {
            m.eq_ignore_ascii_case(facts.method)
        }) && holds(self.route.as_ref(), |r| r == facts.route)
            && holds(self.id.as_ref(), |id| facts.id == Some(id))
            && holds(self.name_contains.as_ref(), |part| {
                facts.name.is_some_and(|name| name.contains(part.as_str()))
            })
            && holds(self.client.as_ref(), |c| facts.client == Some(*c))
            && holds(self.page.as_ref(), |p| facts.page == *p)
    }
}

/// What happens to one call.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Met {
    pub(crate) delay: Duration,
    pub(crate) action: Option<Action>,
}

impl Met {
    /// The word for it in the journal.
    pub(crate) fn word(&self) -> Option<&'static str> {
        match &self.action {
            Some(action) => Some(action.word()),
            None => (!self.delay.is_zero()).then_some("delay"),
        }
    }
}

/// The faults that are set, in the order of their setting.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    last: u64,
    set: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    id: u64,
    fault: Fault,
    skip_left: u64,
    fired: u64,
}

impl Armed {
    fn spent(&self) -> bool {
        self.fault.times.is_some_and(|times| self.fired >= times)
    }
}

impl Faults {
    pub(crate) fn set(&self, fault: Fault) -> u64 {
        let mut all = lock(&self.0);
        all.last += 1;
        let id = all.last;
        all.set.push(Armed {
            id,
            skip_left: fault.skip,
            fault,
            fired: 0,
        });
        id
    }

    /// What happens to this call: all delays that meet it, and the first other fault that does.
    /// Each is then used once more.
    pub(crate) fn take(&self, facts: Facts<'_>) -> Met {
        let mut met = Met::default();
        let mut all = lock(&self.0);
        for armed in &mut all.set {
            let delay = if let Action::Delay { millis } = armed.fault.action {
                Some(Duration::from_millis(millis))
            } else {
                None
            };
            let late = met.action.is_some() && delay.is_none();
            if armed.spent() || late || !armed.fault.matching.meets(facts) {
                continue;
            }
            if armed.skip_left > 0 {
                armed.skip_left -= 1;
                continue;
            }
            armed.fired += 1;
            match delay {
                Some(delay) => met.delay += delay,
                None => met.action = Some(armed.fault.action.clone()),
            }
        }
        met
    }

    pub(crate) fn fired(&self, id: u64) -> u64 {
        let all = lock(&self.0);
        let found = all.set.iter().find(|armed| armed.id == id);
        found.map_or(0, |armed| armed.fired)
    }

    pub(crate) fn reports(&self) -> Vec<FaultReport> {
        lock(&self.0)
            .set
            .iter()
            .map(|armed| FaultReport {
                id: armed.id,
                fault: armed.fault.clone(),
                fired: armed.fired,
                spent: armed.spent(),
            })
            .collect()
    }

    /// Removes one fault, or all.
    pub(crate) fn clear(&self, id: Option<u64>) {
        lock(&self.0)
            .set
            .retain(|armed| id.is_some_and(|id| armed.id != id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: Facts<'_> = Facts {
        method: "POST",
        route: "/streaming/streams",
        id: None,
        name: Some("keynote"),
        client: Some(1001),
        page: 1,
    };

    #[test]
    fn all_that_is_set_must_hold() {
        let plain = || Fault::new(Action::Garbled);
        let table = [
            (plain(), true),
            (plain().method("post"), true),
            (plain().method("GET"), false),
            (plain().route("/streaming/streams"), true),
            (plain().route("/streaming/streams/{id}"), false),
            (plain().id(7), false),
            (plain().name_contains("note"), true),
            (plain().name_contains("other"), false),
            (plain().client(1001), true),
            (plain().client(2), false),
            (plain().page(1), true),
            (plain().page(2), false),
            (plain().method("POST").client(2), false),
        ];
        for (fault, meets) in table {
            assert_eq!(fault.matching.meets(POST), meets, "{fault:?}");
        }
    }

    #[test]
    fn consumed_in_order_and_counted() {
        let faults = Faults::default();
        let first = faults.set(Fault::new(Action::Garbled).times(2));
        let second = faults.set(Fault::new(Action::Truncated).always());
        let taken: Vec<_> = (0..4).map(|_| faults.take(POST).word()).collect();
        assert_eq!(
            taken,
            [
                Some("garbled"),
                Some("garbled"),
                Some("truncated"),
                Some("truncated")
            ]
        );
        assert_eq!((faults.fired(first), faults.fired(second)), (2, 2));
        assert!(faults.reports()[0].spent && !faults.reports()[1].spent);
        faults.clear(Some(second));
        assert_eq!(faults.take(POST), Met::default());
    }

    #[test]
    fn skips_first() {
        let faults = Faults::default();
        faults.set(Fault::new(Action::Garbled).skip(2));
        let taken: Vec<_> = (0..4).map(|_| faults.take(POST).action.is_some()).collect();
        assert_eq!(taken, [false, false, true, false]);
    }

    #[test]
    fn delays_add_to_what_else_happens() {
        let faults = Faults::default();
        faults.set(Fault::new(Action::Delay { millis: 2 }).always());
        faults.set(Fault::new(Action::Garbled));
        faults.set(Fault::new(Action::Delay { millis: 3 }).times(2));
        let words = [0, 1, 2].map(|_| {
            let met = faults.take(POST);
            (met.delay.as_millis(), met.word())
        });
        assert_eq!(
            words,
            [(5, Some("garbled")), (5, Some("delay")), (2, Some("delay"))]
        );
    }

    #[test]
    fn json_form() {
        let fault: Fault = serde_json::from_value(serde_json::json!({
            "match": {"method": "POST"}, "times": 3,
            "do": {"kind": "status", "status": 503, "applied": true, "body": "html"},
        }))
        .expect("a fault");
        assert_eq!(
            fault,
            Fault::new(Action::Status {
                status: 503,
                retry_after: None,
                body: ErrorBody::Html,
                applied: true
            })
            .method("POST")
            .times(3)
        );
        for wrong in [
            serde_json::json!({"do": {"kind": "nothing"}}),
            serde_json::json!({"do": {"kind": "garbled"}, "time": 1}),
            serde_json::json!({"do": {"kind": "garbled"}, "match": {"verb": "POST"}}),
        ] {
            assert!(serde_json::from_value::<Fault>(wrong).is_err());
        }
    }
}
