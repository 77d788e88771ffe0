//! What the spec wants, in the provider seam's words. Pure.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    api::{BroadcastSpec, InterruptionAction},
    outcome::{Outcome, Reason},
    provider::{BroadcastSettings, StreamId},
};

/// How long no stream is live before the pause, where the spec does not say.
const AFTER: Duration = Duration::from_secs(10);

/// What the spec wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// The streams that it lists, as far as they are known.
    pub listed: Vec<StreamId>,
    /// The settings that it manages; without the streams while one of them is waited for.
    pub settings: BroadcastSettings,
    /// The broadcast is paused when no stream was live for so long.
    pub pause_after: Option<Duration>,
    /// Why the streams are not known yet.
    pub waiting: Option<Outcome>,
}

/// What a stream that the spec lists turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is this one.
    Stream(StreamId),
    /// There is no LiveStream of this name.
    Missing(String),
    /// The LiveStream is being deleted.
    Leaving(String),
    /// The LiveStream has no stream yet.
    Uncreated(String),
    /// The account of the LiveStream is not open.
    Unopened {
        /// The LiveStream.
        name: String,
        /// Its account.
        account: String,
    },
    /// Nothing is known of the account of the LiveStream yet, or it cannot be used for now while all
    /// is in step.
    Untold,
    /// The account of the LiveStream is another client's.
    Elsewhere {
        /// The LiveStream.
        name: String,
        /// Its account.
        account: String,
    },
}

/// The settings that the spec manages; `streams` are those that it lists, in order.
///
/// # Errors
/// What is wrong with the streams, as the outcome of the pass.
pub(super) fn want(spec: &BroadcastSpec, streams: Option<&[Found]>) -> Result<Want, Outcome> {
    let (mut ids, mut waits) = (Vec::new(), Vec::new());
    for found in streams.into_iter().flatten() {
        match found {
            Found::Stream(id) => ids.push(id.clone()),
            Found::Missing(name) => waits.push(format!("there is no LiveStream {name}")),
            Found::Leaving(name) => waits.push(format!("LiveStream {name} is being deleted")),
            Found::Uncreated(name) => waits.push(format!("LiveStream {name} has no stream yet")),
            Found::Unopened { name, account } => waits.push(format!(
                "the StreamingAccount {account} of LiveStream {name} cannot be used yet"
            )),
            Found::Untold => return Err(Outcome::Quiet),
            Found::Elsewhere { name, account } => {
                return Err(Outcome::stalled(
                    Reason::StreamInOtherAccount,
                    format!(
                        "LiveStream {name} belongs to the StreamingAccount {account}, which is another client of the provider: \
                         a broadcast shows streams of its own account only. Name another stream, or create the Broadcast in that account"
                    ),
                ));
            }
        }
    }
    let different: BTreeSet<&StreamId> = ids.iter().collect();
    if different.len() < ids.len() {
        let twice = ids
            .iter()
            .enumerate()
            .find(|(i, id)| ids[..*i].contains(id))
            .map_or("?", |(_, id)| id.as_str());
        return Err(Outcome::stalled(
            Reason::StreamListedTwice,
            format!(
                "stream {twice} is listed twice, by its id and by the name of a LiveStream, or by two LiveStreams: take one of the two out"
            ),
        ));
    }
    let waiting = (!waits.is_empty()).then(|| {
        Outcome::waiting(
            Reason::WaitingForStream,
            format!("{}: it is waited for", waits.join("; ")),
        )
    });
    let interruption = spec.interruption.as_ref();
    let pauses =
        interruption.filter(|interruption| interruption.action == Some(InterruptionAction::Pause));
    let after = |seconds: i32| Duration::from_secs(u64::try_from(seconds).unwrap_or(1));
    Ok(Want {
        listed: ids.clone(),
        settings: BroadcastSettings {
            name: spec.display_name.clone(),
            state: spec.state,
            streams: (streams.is_some() && waiting.is_none()).then_some(ids),
            share_url: spec.share_url.clone(),
            custom_iframe_url: spec.custom_iframe_url.clone(),
            pending_message: spec.pending_message.clone(),
            show_dvr_after_finish: spec.show_dvr_after_finish,
            ad_id: spec.ad_id,
            player_id: spec.player_id,
        },
        pause_after: pauses.map(|pause| pause.after_seconds.map_or(AFTER, after)),
        waiting,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Interruption;

    fn id(id: &str) -> Found {
        Found::Stream(StreamId::new(id))
    }

    #[test]
    fn the_order_of_the_streams_is_kept() {
        let want = want(&BroadcastSpec::default(), Some(&[id("9"), id("8")])).unwrap();
        assert_eq!(
            want.settings.streams,
            Some(vec![StreamId::new("9"), StreamId::new("8")])
        );
    }

    #[test]
    fn what_the_spec_leaves_out_is_not_wanted() {
        assert_eq!(want(&BroadcastSpec::default(), None), Ok(Want::default()));
        let none = want(&BroadcastSpec::default(), Some(&[])).unwrap();
        assert_eq!(none.settings.streams, Some(vec![]));
    }

    #[test]
    fn one_that_is_waited_for_holds_up_the_streams_only() {
        let spec = BroadcastSpec {
            display_name: Some("Keynote".into()),
            ..BroadcastSpec::default()
        };
        let found = [
            id("9"),
            Found::Missing("a".into()),
            Found::Leaving("b".into()),
            Found::Uncreated("c".into()),
        ];
        let want = want(&spec, Some(&found)).unwrap();
        assert_eq!(want.settings.streams, None);
        assert_eq!(want.settings.name.as_deref(), Some("Keynote"));
        let waiting = want.waiting.unwrap();
        assert_eq!(waiting.reason(), Reason::WaitingForStream);
        for words in [
            "no LiveStream a",
            "LiveStream b is being deleted",
            "LiveStream c has no stream yet",
        ] {
            assert!(waiting.message().contains(words), "{}", waiting.message());
        }
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        let elsewhere = Found::Elsewhere {
            name: "a".into(),
            account: "other".into(),
        };
        for (found, reason) in [
            (vec![id("9"), elsewhere], Reason::StreamInOtherAccount),
            (vec![id("9"), id("9")], Reason::StreamListedTwice),
            (vec![id("9"), Found::Untold], Reason::Progressing),
        ] {
            let refused = want(&BroadcastSpec::default(), Some(&found)).unwrap_err();
            assert_eq!(refused.reason(), reason);
        }
    }

    #[test]
    fn an_interruption_pauses_after_ten_seconds_if_it_pauses() {
        let with = |action, after_seconds| BroadcastSpec {
            interruption: Some(Interruption {
                action,
                after_seconds,
            }),
            ..BroadcastSpec::default()
        };
        let pause = Some(InterruptionAction::Pause);
        for (spec, after) in [
            (with(None, Some(3)), None),
            (with(Some(InterruptionAction::None), None), None),
            (with(pause, None), Some(10)),
            (with(pause, Some(3)), Some(3)),
        ] {
            let want = want(&spec, None).unwrap();
            assert_eq!(want.pause_after, after.map(Duration::from_secs), "{spec:?}");
        }
    }
}
