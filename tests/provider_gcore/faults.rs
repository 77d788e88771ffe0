//! What goes wrong: what the caller is told, and how often the provider was called.

use std::time::Duration;

use futures::future::join_all;
use livestream_operator::{
    clock,
    provider::{Connection, ProviderError, StreamSettings, http::Deadlines},
    secret::Secret,
};
use simulator::{
    faults::{Action, ErrorBody, Fault},
    gcore::{KeyChange, Role, Simulator},
};
use tokio::time::timeout;

use crate::bench::*;

/// A simulator for each of several things to be tried at the same time. All are made beforehand: to
/// make a client takes long enough to let the deadlines of others pass.
async fn started<T>(
    things: impl IntoIterator<Item = T>,
) -> impl Iterator<Item = (T, Simulator, Connection)> {
    let mut all = Vec::new();
    for thing in things {
        let (sim, gcore) = start().await;
        all.push((thing, sim, gcore));
    }
    all.into_iter()
}

/// What is sent once is, whatever happens to it; everything else as often as it says.
#[tokio::test]
async fn what_is_sent_once_is_never_sent_again() {
    let actions = [
        Action::status(500),
        Action::status(502),
        Action::status(503),
        Action::status(504),
        Action::status(408),
        Action::status(409),
        Action::status(425),
        Action::status(429),
        Action::status_after_apply(500),
        Action::status_after_apply(503),
        Action::Delay { millis: 2500 },
        Action::ApplyLater { millis: 1200 },
        Action::TimeoutBeforeApply,
        Action::TimeoutAfterApply,
        Action::CutBeforeApply,
        Action::CutAfterApply,
        Action::Truncated,
        Action::Stalled,
        Action::Garbled,
        Action::EmptyBody,
        Action::EndlessBody,
        Action::HugeBody { bytes: 2 << 20 },
        Action::Html { applied: true },
        Action::Html { applied: false },
    ];
    join_all(started(actions).await.map(async |(action, sim, gcore)| {
        let refused = matches!(action, Action::Status { status: 429, .. });
        for method in Method::ONCE {
            // Always, so that a second call would meet it, too.
            let fault = Fault::new(action.clone()).always();
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            assert_eq!(calls, 1, "{method:?} {action:?}");
            if let Err(error) = result {
                assert_eq!(error.refused_for_certain(), refused, "{action:?}: {error}");
            } else {
                assert!(action == Action::EmptyBody && method.may_say_nothing());
            }
        }
        // The one of each that `meet` makes each time, and at most one more.
        let times = Method::ONCE.len() as u64;
        for made in [sim.created_total(CLIENT), sim.broadcasts_created(CLIENT)] {
            let possible = made == times || (made == times + 1 && !refused);
            assert!(possible, "{action:?}: {made}");
        }
    }))
    .await;
}

#[tokio::test]
async fn what_is_safe_is_sent_again_but_not_for_ever() {
    let methods = started(Method::ALL).await;
    join_all(methods.map(async |(method, sim, gcore)| {
        let tries = method.tries();
        for status in [500, 502, 503, 504] {
            let fault = Fault::new(Action::status(status)).always();
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            let expected = unavailable(&format!("HTTP {status}"));
            assert_eq!((result, calls), (expected, tries), "{method:?} {status}");
        }
        for (action, expected) in [
            (
                Action::CutBeforeApply,
                unavailable("the connection was cut"),
            ),
            (Action::TimeoutBeforeApply, unavailable("no answer in time")),
        ] {
            let fault = Fault::new(action).always();
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            assert_eq!((result, calls), (expected, tries), "{method:?}");
        }
    }))
    .await;
}

#[tokio::test]
async fn trouble_that_passes_is_not_noticed() {
    let actions = [
        Action::status(503),
        // Carried out, though the answer says otherwise: a repeated deletion finds nothing.
        Action::status_after_apply(500),
        Action::CutBeforeApply,
        Action::CutAfterApply,
        Action::Delay { millis: 2500 },
        Action::TimeoutAfterApply,
        Action::Truncated,
        Action::Stalled,
    ];
    let methods = Method::ALL.into_iter().filter(|m| m.tries() > 1);
    join_all(started(methods).await.map(async |(method, sim, gcore)| {
        for action in &actions {
            let fault = Fault::new(action.clone());
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            assert_eq!((result, calls), (Ok(()), 2), "{method:?} {action:?}");
        }
        let twice = Fault::new(Action::status(502)).times(2);
        let (result, calls) = meet(&sim, &gcore, method, twice).await;
        assert_eq!((result, calls), (Ok(()), 3), "{method:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_garbled_and_not_asked_for_again() {
    let (sim, gcore) = start().await;
    let table = [
        (Action::Garbled, "it is no JSON"),
        (Action::Html { applied: false }, "it is no JSON"),
        (Action::Html { applied: true }, "it is no JSON"),
        (Action::EmptyBody, "it is empty"),
        (Action::EndlessBody, "it is too large"),
        (Action::HugeBody { bytes: 9 << 20 }, "it is too large"),
    ];
    for method in Method::ALL {
        if method.deletes() {
            continue;
        }
        for (action, what) in &table {
            let fault = Fault::new(action.clone()).always();
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            // The garbled body begins as an object, which a list is not.
            let object = method.lists() && *action == Action::Garbled;
            let what = if object { "it is something else" } else { what };
            let expected = if *action == Action::EmptyBody && method.may_say_nothing() {
                Ok(())
            } else {
                garbled(what)
            };
            assert_eq!((result, calls), (expected, 1), "{method:?} {action:?}");
        }
        // A body that ends in the middle is a cut connection, so it is.
        let fault = Fault::new(Action::Truncated).always();
        let (result, calls) = meet(&sim, &gcore, method, fault).await;
        assert_eq!((result, calls), (garbled("it was cut off"), method.tries()));
    }
    // A deletion needs no body, but it does not take a gateway's page for a success.
    for method in [Method::Delete, Method::DeleteBroadcast] {
        for applied in [true, false] {
            let fault = Fault::new(Action::Html { applied });
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            assert_eq!((result, calls), (garbled("it is no JSON"), 1));
        }
        let (result, _) = meet(&sim, &gcore, method, Fault::new(Action::EmptyBody)).await;
        assert_eq!(result, Ok(()));
    }
    // Only a page may be large.
    for method in Method::ALL {
        if method.deletes() {
            continue;
        }
        let padded = Fault::new(Action::HugeBody { bytes: 2 << 20 });
        let (result, _) = meet(&sim, &gcore, method, padded).await;
        let expected = if method.lists() {
            Ok(())
        } else {
            garbled("it is too large")
        };
        assert_eq!(result, expected, "{method:?}");
    }
}

#[tokio::test]
async fn each_status_has_its_kind() {
    let (sim, gcore) = start().await;
    for method in Method::ALL {
        let by_id = method.call().1.contains("{id}");
        for status in [
            400, 401, 402, 403, 404, 405, 408, 409, 410, 412, 418, 422, 425, 501, 520,
        ] {
            for body in [ErrorBody::Json, ErrorBody::Html, ErrorBody::Empty] {
                let fault = Fault::new(Action::Status {
                    status,
                    retry_after: None,
                    body,
                    applied: false,
                });
                let (result, calls) = meet(&sim, &gcore, method, fault).await;
                let said = |text: &str| if body == ErrorBody::Json { text } else { "" }.to_owned();
                let expected = match status {
                    404 if by_id => Ok(()),
                    400 => refused(400, &said("Bad Request")),
                    404 => refused(404, &said("Not Found")),
                    422 => refused(422, &said("Unprocessable Entity")),
                    401 => Err(ProviderError::Unauthorized {
                        status,
                        message: said("Unauthorized"),
                    }),
                    403 => Err(ProviderError::Unauthorized {
                        status,
                        message: said("Forbidden"),
                    }),
                    _ => unavailable(&format!("HTTP {status}")),
                };
                assert_eq!(
                    (result, calls),
                    (expected, 1),
                    "{method:?} {status} {body:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn too_many_calls_says_for_how_long() {
    let (sim, gcore) = start().await;
    let table = [
        (None, None),
        (Some("0"), Some(0)),
        (Some("7"), Some(7)),
        (Some("-7"), None),
        (Some("later"), None),
        (Some("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0)),
        (Some("Fri, 31 Dec 2100 23:59:59 GMT"), Some(24 * 60 * 60)),
    ];
    for (header, seconds) in table {
        for method in Method::ALL {
            let fault = Fault::new(Action::too_many(header)).always();
            let (result, calls) = meet(&sim, &gcore, method, fault).await;
            let expected = ProviderError::RateLimited {
                retry_after: seconds.map(Duration::from_secs),
            };
            assert_eq!((result, calls), (Err(expected), 1), "{method:?} {header:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_not_good_is_told_why() {
    let (sim, gcore) = start().await;
    let unauthorized = |status, message: &str| {
        Err(ProviderError::Unauthorized {
            status,
            message: message.into(),
        })
    };
    let viewer = KeyChange {
        key: KEY.into(),
        client: CLIENT,
        role: Role::Viewer,
        ..Default::default()
    };
    sim.set_key(&viewer);
    assert!(gcore.streams.list(1).await.is_ok());
    let made = gcore
        .streams
        .create(&owner(), &StreamSettings::default())
        .await;
    assert_eq!(
        made.map(drop),
        unauthorized(403, "You do not have permission to perform this action.")
    );
    sim.revoke_key(KEY);
    assert_eq!(
        gcore.identity.client(None).await.map(drop),
        unauthorized(401, "Given token not valid for any token type")
    );
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong() {
    let (_sim, gcore) = start().await;
    let mut wanted = secretive();
    wanted.name = Some(" ".into());
    wanted.dvr_seconds = Some(1);
    wanted.srt_passphrase = Some(Secret::new("short"));
    let made = gcore.streams.create(&owner(), &wanted).await;
    let expected = "dvr_duration: must be greater than or equal to 30, name: can't be blank, \
                    srt_passphrase: is too *** (minimum is 10 characters)";
    // "short" is a word of this provider, and a secret of ours: nothing of it is shown.
    assert_ne!(made.clone().map(drop), refused(422, expected));
    assert_eq!(made.map(drop), refused(422, ""));
    wanted.srt_passphrase = None;
    let made = gcore.streams.create(&owner(), &wanted).await;
    assert_eq!(
        made.map(drop),
        refused(
            422,
            "dvr_duration: must be greater than or equal to 30, name: can't be blank"
        )
    );
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let (sim, _) = start().await;
    let gcore = connect(&sim.url(), Deadlines::default());
    sim.outage(true);
    let before = clock::now().mono;
    let refused = unavailable("connection refused");
    assert_eq!(gcore.identity.client(None).await.map(drop), refused);
    assert!(before.elapsed() >= Duration::from_millis(700), "two pauses");
    let made = gcore.streams.create(&owner(), &active(false)).await;
    assert_eq!(made.map(drop), refused);
    sim.outage(false);
    assert!(gcore.identity.client(None).await.is_ok());
}

#[tokio::test]
async fn no_call_outlives_its_deadline() {
    let (sim, patient) = start().await;
    let deadlines = Deadlines {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(30),
        call: Duration::from_millis(150),
        ..hasty()
    };
    let gcore = connect(&sim.url(), deadlines);
    let seen = on_air(&sim, &patient).await;
    for action in [
        Action::TimeoutBeforeApply,
        Action::Stalled,
        Action::Delay { millis: 5000 },
    ] {
        sim.fault(Fault::new(action.clone()).always());
        // The answer of a deletion has no body that could stop.
        let stalls = action == Action::Stalled;
        let methods = Method::ALL.into_iter();
        let methods = methods.filter(|m| !(stalls && m.deletes()));
        join_all(methods.map(async |method| {
            let result = timeout(Duration::from_secs(5), method.run(&gcore, &seen)).await;
            let expected = unavailable("no answer in time");
            assert_eq!(result.expect("an end"), expected, "{method:?}");
        }))
        .await;
        sim.clear_faults();
    }
    // What was told before time ran out is what is passed on.
    sim.fault(Fault::new(Action::status(503)));
    sim.fault(Fault::new(Action::TimeoutBeforeApply).always());
    assert_eq!(gcore.streams.delete(&seen).await, unavailable("HTTP 503"));
}
