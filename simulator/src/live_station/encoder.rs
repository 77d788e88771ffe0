//! Encoders come and go, and channels with them: from `READY` to `PUBLISHING` and back.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::callbacks::{self, Event};
use super::channel::Status;
use super::records;
use super::world::{What, World};
use crate::clock::Moment;

/// A command to the encoder of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoder {
    /// Send, or stop.
    pub on: bool,
    /// Where the channel takes nothing now, or is switched off later, come back when it does, instead of
    /// going away.
    #[serde(default)]
    pub keep_trying: bool,
}

/// Why an encoder is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// There is no such channel.
    NoSuchChannel,
    /// The channel is neither `READY` nor `PUBLISHING`.
    NotReady,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchChannel => "there is no such channel",
            Self::NotReady => "the channel is neither READY nor PUBLISHING",
        })
    }
}

impl std::error::Error for Refused {}

/// Carries out a command at once: it says what the ingest servers have noticed already.
pub(super) fn command(
    world: &mut World,
    client: u64,
    number: u64,
    encoder: Encoder,
    now: Moment,
) -> Result<(), Refused> {
    let account = world.account(client);
    let Some(channel) = account.channels.get_mut(&number) else {
        return Err(Refused::NoSuchChannel);
    };
    if channel.is_gone() {
        return Err(Refused::NoSuchChannel);
    }
    if !encoder.on {
        channel.keeps_trying = false;
        lose_signal(world, client, number, now);
        return Ok(());
    }
    let takes = matches!(channel.status, Status::Ready | Status::Publishing);
    if !takes && !encoder.keep_trying {
        return Err(Refused::NotReady);
    }
    channel.keeps_trying = encoder.keep_trying;
    if takes {
        signal(world, client, number, now);
    }
    Ok(())
}

/// An encoder sends from now on.
fn signal(world: &mut World, client: u64, number: u64, now: Moment) {
    let account = world.account(client);
    account.remember(number, now);
    let Some(channel) = account.channels.get_mut(&number) else {
        return;
    };
    channel.signal = true;
    if channel.status != Status::Ready {
        return;
    }
    channel.status = Status::Publishing;
    channel.publish_started = Some(now);
    let automatic = channel.settings.is("immediateOnAir") && channel.settings.records();
    let seq = world.take_number();
    if let Some(channel) = world.account(client).channels.get_mut(&number) {
        channel.stream_seq = seq;
    }
    callbacks::tell(world, client, number, Event::PublishStart, now);
    if automatic {
        records::begin(world, client, number, now);
    }
}

/// Nobody sends any more. The broadcast is over a little later.
fn lose_signal(world: &mut World, client: u64, number: u64, now: Moment) {
    let account = world.account(client);
    let wait = account.behaviour.ready_after_seconds;
    let Some(channel) = account.channels.get_mut(&number) else {
        return;
    };
    if !std::mem::take(&mut channel.signal) {
        return;
    }
    channel.losses += 1;
    let loss = channel.losses;
    if wait > 0.0 {
        world.plan(client, now, wait, What::Over(number, loss));
    } else {
        over(world, client, number, loss, now);
    }
}

/// The signal was lost for long enough, unless it came back.
pub(super) fn over(world: &mut World, client: u64, number: u64, loss: u64, now: Moment) {
    let channel = world.account(client).channels.get(&number);
    let waiting = channel.is_some_and(|channel| {
        channel.status == Status::Publishing && !channel.signal && channel.losses == loss
    });
    if waiting {
        turn(world, client, number, Status::Ready, now);
    }
}

/// A new channel can be used.
pub(super) fn created(world: &mut World, client: u64, number: u64, now: Moment) {
    let channel = world.account(client).channels.get(&number);
    if channel.is_some_and(|channel| channel.status == Status::Creating) {
        turn(world, client, number, Status::Ready, now);
    }
}

/// An encoder that kept trying is let in.
pub(super) fn reconnect(world: &mut World, client: u64, number: u64, now: Moment) {
    let channel = world.account(client).channels.get(&number);
    if channel.is_some_and(|channel| channel.keeps_trying && channel.status == Status::Ready) {
        signal(world, client, number, now);
    }
}

/// The channel gets another status, with all that follows: a broadcast and its recording end, and an
/// encoder that keeps trying is expected back.
pub(super) fn turn(world: &mut World, client: u64, number: u64, status: Status, now: Moment) {
    let account = world.account(client);
    account.remember(number, now);
    let spoils = status != Status::Ready && account.behaviour.off_spoils_recording;
    let reconnect = account.behaviour.reconnect_seconds;
    let Some(channel) = account.channels.get(&number) else {
        return;
    };
    let was_publishing = channel.status == Status::Publishing;
    if was_publishing {
        records::finish(world, client, number, spoils, now);
    }
    let Some(channel) = world.account(client).channels.get_mut(&number) else {
        return;
    };
    channel.status = status;
    channel.signal = false;
    if was_publishing && let Some(since) = channel.publish_started {
        channel.published += now.millis_since(since);
    }
    let expected = channel.keeps_trying && status == Status::Ready;
    if was_publishing {
        callbacks::tell(world, client, number, Event::PublishEnd, now);
    }
    if expected {
        world.plan(client, now, reconnect, What::Reconnect(number));
    }
}
