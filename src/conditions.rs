//! Conditions as kstatus reads them, as functions of an outcome.
//!
//! `Ready` is always there. `Reconciling` stands beside it while work or another try is pending,
//! `Stalled` while a human must act; never both.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::outcome::{Outcome, Reason};

/// Condition types, in the order in which a status lists them.
pub const ORDER: [&str; 10] = [
    "Ready",
    "Reconciling",
    "Stalled",
    "Suspended",
    "Synced",
    "Live",
    "Recording",
    "StorageLow",
    "UnreadableStreams",
    "Webhook",
];

/// The longest message, in bytes.
const MESSAGE_LIMIT: usize = 1024;

/// Conditions under construction, from those that stand.
#[derive(Clone, Debug)]
pub struct Conditions {
    old: Vec<Condition>,
    new: Vec<Condition>,
    generation: i64,
    now: Timestamp,
}

impl Conditions {
    /// Starts from the conditions that stand. What is not set again is gone.
    pub fn from_old(old: &[Condition], generation: i64, now: Timestamp) -> Self {
        Self {
            old: old.to_vec(),
            new: Vec::new(),
            generation,
            now,
        }
    }

    /// Sets one. Its transition time moves only when its status does.
    pub fn set(&mut self, kind: &str, status: bool, reason: Reason, message: &str) -> &mut Self {
        let status = if status { "True" } else { "False" };
        let since = find(&self.old, kind)
            .filter(|old| old.status == status)
            .map_or(Time(self.now), |old| old.last_transition_time.clone());
        self.push(Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.as_str().to_owned(),
            message: cut(message, MESSAGE_LIMIT).to_owned(),
            observed_generation: Some(self.generation),
            last_transition_time: since,
        });
        self
    }

    /// Keeps one as it stands.
    pub fn keep(&mut self, kind: &str) -> &mut Self {
        if let Some(old) = find(&self.old, kind).cloned() {
            self.push(old);
        }
        self
    }

    /// Keeps all that say something of their own: not how the last pass went.
    pub fn keep_all(&mut self) -> &mut Self {
        for kind in &ORDER[5..] {
            self.keep(kind);
        }
        self
    }

    /// Sets `Ready`, `Reconciling`, `Stalled`, `Suspended` and `Synced` as the outcome says.
    pub fn judge(&mut self, outcome: &Outcome) -> &mut Self {
        let (reason, message) = (outcome.reason(), outcome.message());
        match outcome {
            Outcome::InStep => self
                .set("Ready", true, reason, message)
                .set("Synced", true, reason, message),
            Outcome::Suspended => {
                if find(&self.old, "Ready").is_some() {
                    self.keep("Ready");
                } else {
                    self.set("Ready", false, reason, message);
                }
                self.set("Suspended", true, reason, message).keep("Synced")
            }
            Outcome::Quiet => {
                for kind in &ORDER[..5] {
                    self.keep(kind);
                }
                self
            }
            Outcome::Waiting { .. } => self
                .set("Ready", false, reason, message)
                .set("Reconciling", true, reason, message)
                .keep("Synced"),
            Outcome::Failed { .. } => self
                .set("Ready", false, reason, message)
                .set("Reconciling", true, reason, message)
                .set("Synced", false, reason, message),
            Outcome::Stalled { .. } => self
                .set("Ready", false, reason, message)
                .set("Stalled", true, reason, message)
                .set("Synced", false, reason, message),
        }
    }

    /// The list, in its fixed order.
    pub fn finish(mut self) -> Vec<Condition> {
        self.new.sort_by_key(|c| {
            ORDER
                .iter()
                .position(|kind| *kind == c.type_)
                .unwrap_or(ORDER.len())
        });
        self.new
    }

    fn push(&mut self, condition: Condition) {
        self.new.retain(|c| c.type_ != condition.type_);
        self.new.push(condition);
    }
}

/// The condition of a type.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == kind)
}

/// The longest beginning of a text that fits, on a character boundary.
pub fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn judged(old: &[Condition], outcome: &Outcome, second: i64) -> Vec<Condition> {
        let mut conditions = Conditions::from_old(old, 7, at(second));
        conditions.judge(outcome);
        conditions.finish()
    }

    fn short(conditions: &[Condition]) -> Vec<String> {
        conditions
            .iter()
            .map(|c| format!("{}={} {}", c.type_, c.status, c.reason))
            .collect()
    }

    #[test]
    fn each_outcome_has_its_conditions() {
        let table = [
            (
                Outcome::InStep,
                vec!["Ready=True InStep", "Synced=True InStep"],
            ),
            (
                Outcome::waiting(Reason::CreationUnknown, "m"),
                vec![
                    "Ready=False CreationUnknown",
                    "Reconciling=True CreationUnknown",
                ],
            ),
            (
                Outcome::Failed {
                    reason: Reason::RateLimited,
                    message: "m".into(),
                    retry_after: None,
                },
                vec![
                    "Ready=False RateLimited",
                    "Reconciling=True RateLimited",
                    "Synced=False RateLimited",
                ],
            ),
            (
                Outcome::stalled(Reason::Refused, "m"),
                vec![
                    "Ready=False Refused",
                    "Stalled=True Refused",
                    "Synced=False Refused",
                ],
            ),
            (
                Outcome::Suspended,
                vec!["Ready=False Suspended", "Suspended=True Suspended"],
            ),
            (Outcome::Quiet, vec![]),
        ];
        for (outcome, expected) in table {
            assert_eq!(short(&judged(&[], &outcome, 1)), expected, "{outcome:?}");
        }
    }

    #[test]
    fn never_reconciling_and_stalled_at_once() {
        let stalled = judged(&[], &Outcome::stalled(Reason::Refused, "m"), 1);
        let waiting = judged(&stalled, &Outcome::waiting(Reason::Progressing, "m"), 2);
        assert!(find(&waiting, "Stalled").is_none() && find(&waiting, "Reconciling").is_some());
    }

    #[test]
    fn the_transition_time_moves_with_the_status_only() {
        let first = judged(&[], &Outcome::stalled(Reason::Refused, "one"), 1);
        let second = judged(&first, &Outcome::stalled(Reason::NotTaking, "two"), 2);
        assert_eq!(
            find(&second, "Ready").unwrap().last_transition_time,
            Time(at(1))
        );
        let third = judged(&second, &Outcome::InStep, 3);
        assert_eq!(
            find(&third, "Ready").unwrap().last_transition_time,
            Time(at(3))
        );
    }

    #[test]
    fn a_message_is_cut_on_a_character_boundary() {
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(cut("añb", 3), "añ");
    }
}
