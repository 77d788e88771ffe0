//! Each call asks its overseer whether it may leave, and tells when its answer is there.

use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use livestream_operator::provider::{Call, Overseer, ProviderError, StreamSettings};
use simulator::faults::{Action, Fault};

use crate::bench::*;

/// Lets so many calls leave, and writes down what it is told.
struct Gate {
    left: Mutex<u64>,
    told: Mutex<Vec<String>>,
}

impl Gate {
    fn of(left: u64) -> Arc<Self> {
        Arc::new(Self {
            left: Mutex::new(left),
            told: Mutex::default(),
        })
    }

    fn tell(&self, what: String) {
        self.told.lock().expect("nobody panicked").push(what);
    }
}

impl Overseer for Gate {
    fn leave(&self, _: bool) -> Call<'_, u64> {
        async {
            let mut left = self.left.lock().expect("nobody panicked");
            if *left == 0 {
                return Err(ProviderError::RateLimited { retry_after: None });
            }
            *left -= 1;
            self.tell(format!("left {left}"));
            Ok(*left)
        }
        .boxed()
    }

    fn arrived(&self, number: u64) {
        self.tell(format!("arrived {number}"));
    }

    fn may_repeat(&self) -> bool {
        true
    }

    fn ended(&self, _: bool, error: Option<&ProviderError>) {
        self.tell(error.map_or("well".to_owned(), |_| "ended".to_owned()));
    }
}

#[tokio::test]
async fn every_try_leaves_by_its_overseer() {
    let (sim, gcore) = start().await;
    let gate = Gate::of(9);
    gcore.line.oversee(Arc::clone(&gate) as Arc<dyn Overseer>);
    sim.fault(Fault::new(Action::status(503)).times(2));
    gcore.streams.list(1).await.unwrap();
    let told = gate.told.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            "left 8",
            "arrived 8",
            "left 7",
            "arrived 7",
            "left 6",
            "arrived 6",
            "well"
        ]
    );
}

#[tokio::test]
async fn what_may_not_leave_is_not_sent_and_that_is_certain() {
    let (sim, gcore) = start().await;
    let gate = Gate::of(1);
    gcore.line.oversee(Arc::clone(&gate) as Arc<dyn Overseer>);
    // A repeat that may not leave says what the try before it was told.
    sim.fault(Fault::new(Action::CutAfterApply));
    let error = gcore.streams.list(1).await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unavailable { .. }),
        "{error}"
    );
    let calls = sim.calls().len();

    let settings = StreamSettings {
        name: Some("keynote".into()),
        ..StreamSettings::default()
    };
    let error = gcore.streams.create(&owner(), &settings).await.unwrap_err();
    assert!(error.refused_for_certain(), "{error}");
    assert_eq!(sim.calls().len(), calls, "it was sent");
    // It says nothing about the provider, so nobody is told that a call has ended.
    let told = gate.told.lock().unwrap().clone();
    assert_eq!(told, ["left 0", "arrived 0", "ended"]);
}
