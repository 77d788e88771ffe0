//! What is said of a provider that accepts a change and shows something else. Pure.

use std::time::Duration;

use crate::{
    outcome::{Outcome, Reason},
    schedule::Schedule,
};

/// How often in a row the provider may not take what it accepts before a human is asked.
const LIMIT: u32 = 5;

/// A change that is needed again within so many settling times was not taken to last.
pub const REVERT_PATIENCE: u32 = 10;

/// What a change means that was sent so often in a row: `left` are the fields that the reply shows
/// otherwise, `sent` those that were sent. With it, for how long nothing is sent again.
pub fn verdict(
    times: u32,
    left: Option<&str>,
    sent: &str,
    schedule: &Schedule,
) -> Option<(Outcome, Duration)> {
    let names = left.unwrap_or(sent);
    if times >= LIMIT {
        let message = format!(
            "the provider accepts {names} and keeps another value: correct the spec, or leave the field out of it"
        );
        let outcome = Outcome::stalled(Reason::NotTaking, message);
        return Some((outcome, schedule.stalled));
    }
    left.map(|_| {
        let message = format!("the provider has not taken {names} yet; it is sent again");
        let wait = schedule.backoff(times, 0.0);
        let outcome = Outcome::waiting_for(Reason::NotTaking, message, wait);
        (outcome, wait)
    })
}
