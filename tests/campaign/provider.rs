//! The provider of a run: one of two simulators, in words that both have.

mod gcore;
mod live_station;

use clap::ValueEnum;
use serde_json::Value;
use simulator::counters::Call;

use crate::harness::World;

/// Whose simulator a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum At {
    /// Gcore.
    Gcore,
    /// NAVER Live Station.
    LiveStation,
}

impl At {
    /// What stands before the names of flows that run there.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Gcore => "",
            Self::LiveStation => "ls-",
        }
    }

    /// A simulator in which nothing takes long.
    pub async fn start(self, world: &World) -> Box<dyn Provider> {
        match self {
            Self::Gcore => Box::new(gcore::Gcore::of(world)),
            Self::LiveStation => Box::new(live_station::LiveStation::start().await),
        }
    }
}

/// What a stream can be told to be, in fields that the provider has.
#[derive(Clone, Copy, Debug)]
pub enum Said {
    /// As it is created.
    First,
    /// With two other settings.
    Edited,
    /// With one other setting.
    Later,
}

/// A simulator, as flows and pictures need it.
pub trait Provider: Send + Sync {
    /// Where it is.
    fn url(&self) -> String;

    /// The Secret with its key: the name, and the data.
    fn secret(&self) -> (&'static str, Vec<(&'static str, &'static str)>);

    /// The account's block for it.
    fn block(&self, endpoint: &str) -> Value;

    /// Makes another key good, and gives the data of the Secret with it.
    fn another_key(&self) -> Vec<(&'static str, &'static str)>;

    /// Whether an account at this endpoint with this status has taken the other key over.
    fn other_key_is_used(&self, endpoint: &str, status: &Value) -> bool;

    /// Makes the first key no good.
    fn revoke_first_key(&self);

    /// Whether Broadcasts can be there.
    fn has_broadcasts(&self) -> bool;

    /// Fields of a LiveStream's spec.
    fn spec(&self, said: Said) -> Value;

    /// All streams that there are.
    fn streams(&self) -> Vec<Value>;

    /// The id of such a one.
    fn id(&self, stream: &Value) -> String;

    /// Whether such a one is on air.
    fn is_live(&self, stream: &Value) -> bool;

    /// Somebody creates a stream, and no operator has it.
    fn create_by_hand(&self);

    /// An encoder begins or ends to send.
    fn set_live(&self, id: &str, on: bool);

    /// Somebody deletes a stream.
    fn remove(&self, id: &str);

    /// All that was recorded, also of streams that are gone.
    fn videos(&self) -> Vec<Value>;

    /// Whether one recording has become a video that is ready.
    fn has_one_ready_video(&self) -> bool;

    /// All that there is, as people would see it.
    fn picture(&self) -> Value;

    /// How many things were ever made and unmade, and how often what is neither, and is to happen once, was
    /// carried out. Ends of recordings are not counted: one is asked for again before a stream is deleted that
    /// this process has seen on air, and asking for what has ended does nothing.
    fn counts(&self) -> Value;

    /// Values that differ from run to run, each with its name.
    fn names(&self, endpoint: &str) -> Vec<(String, String)>;

    /// The streams whose mark says that an operator has them.
    fn marked(&self) -> Vec<Value>;

    /// How many walks of the list have begun.
    fn walks(&self) -> usize;

    /// The calls, but for those that only look.
    fn changes(&self) -> Vec<Call>;
}

/// Names for these fields of these things.
fn name_each(
    kind: &str,
    things: &[Value],
    fields: &[&str],
) -> impl IntoIterator<Item = (String, String)> {
    let text = |value: &Value| value.to_string().trim_matches('"').to_owned();
    let mut names = Vec::new();
    for (number, thing) in things.iter().enumerate() {
        for field in fields {
            if !thing[field].is_null() {
                names.push((text(&thing[field]), format!("{kind} {number}'s {field}")));
            }
        }
    }
    names
}
