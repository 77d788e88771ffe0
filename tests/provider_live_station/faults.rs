//! What goes wrong: what the caller is told, and how often the provider was called.

use std::time::Duration;

use futures::future::join_all;
use livestream_operator::provider::ProviderError;
use simulator::faults::{Action, Fault};

use crate::{CLIENT, methods::*, start};

/// What is sent once is, whatever happens to it; everything else as often as it says.
#[tokio::test]
async fn what_is_sent_once_is_never_sent_again() {
    let actions = [
        Action::status(500),
        Action::status(502),
        Action::status(503),
        Action::status(504),
        Action::status(408),
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
        Action::HugeBody { bytes: 9 << 20 },
        Action::Html { applied: true },
        Action::Html { applied: false },
    ];
    let mut all = Vec::new();
    for action in actions {
        all.push((action, start().await));
    }
    let tried = all.into_iter().map(async |(action, (sim, connection))| {
        let refused = matches!(action, Action::Status { status: 429, .. });
        for method in Method::ONCE {
            // Always, so that a second call would meet it, too.
            let fault = Fault::new(action.clone()).always();
            let (result, calls) = meet(&sim, &connection, method, fault).await;
            assert_eq!(calls, 1, "{method:?} {action:?}");
            let error = result.expect_err("nothing of it can be believed");
            assert_eq!(error.refused_for_certain(), refused, "{action:?}: {error}");
        }
        // The one of each that `meet` makes each time, and at most one more.
        let (made, times) = (sim.created_total(CLIENT), Method::ONCE.len() as u64);
        let possible = made == times || (made == times + 1 && !refused);
        assert!(possible, "{action:?}: {made}");
    });
    join_all(tried).await;
}

#[tokio::test]
async fn what_is_safe_is_sent_again_but_not_for_ever() {
    let (sim, connection) = start().await;
    for method in Method::ALL {
        for action in [Action::status(503), Action::CutBeforeApply] {
            let fault = Fault::new(action.clone()).always();
            let (result, calls) = meet(&sim, &connection, method, fault).await;
            let unavailable = matches!(result, Err(ProviderError::Unavailable { .. }));
            assert!(unavailable, "{method:?} {action:?}: {result:?}");
            assert_eq!(calls, method.tries(), "{method:?} {action:?}");
        }
    }
}

/// A repeat has a time and a signature of its own, which the simulator checks.
#[tokio::test]
async fn trouble_that_passes_is_not_noticed() {
    let (sim, connection) = start().await;
    for method in Method::ALL.into_iter().filter(|m| m.tries() > 1) {
        for action in [
            Action::status(503),
            // Carried out, though the answer says otherwise.
            Action::status_after_apply(500),
            Action::CutAfterApply,
            Action::Truncated,
        ] {
            let fault = Fault::new(action.clone());
            let (result, calls) = meet(&sim, &connection, method, fault).await;
            assert_eq!((result, calls), (Ok(()), 2), "{method:?} {action:?}");
        }
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_garbled_and_not_asked_for_again() {
    let (sim, connection) = start().await;
    for method in Method::ALL {
        for (action, what) in [
            (Action::Garbled, "it is no JSON"),
            (Action::Html { applied: false }, "it is no JSON"),
            (Action::EmptyBody, "it is empty"),
            (Action::EndlessBody, "it is too large"),
            (Action::HugeBody { bytes: 9 << 20 }, "it is too large"),
        ] {
            let fault = Fault::new(action.clone()).always();
            let (result, calls) = meet(&sim, &connection, method, fault).await;
            let fits = result == garbled(what) || (method.looks_again() && result == Ok(()));
            assert!(fits, "{method:?} {action:?}: {result:?}");
            assert_eq!(calls, 1, "{method:?} {action:?}");
        }
    }
}

#[tokio::test]
async fn too_many_calls_says_for_how_long() {
    let (sim, connection) = start().await;
    for (header, seconds) in [
        (None, None),
        (Some("0"), Some(0)),
        (Some("7"), Some(7)),
        (Some("-7"), None),
        (Some("later"), None),
        (Some("Fri, 31 Dec 2100 23:59:59 GMT"), Some(24 * 60 * 60)),
    ] {
        for method in Method::ALL {
            let fault = Fault::new(Action::too_many(header)).always();
            let (result, calls) = meet(&sim, &connection, method, fault).await;
            let expected = ProviderError::RateLimited {
                retry_after: seconds.map(Duration::from_secs),
            };
            assert_eq!((result, calls), (Err(expected), 1), "{method:?} {header:?}");
        }
    }
}
