//! How many bytes each cached object takes: counted by the allocator, so that it is the same on every
//! machine and in every build. What the allocator adds for itself, and what it keeps for later, is not
//! in it.
//!
//! `cargo test --test memory -- --nocapture` prints the figures; a bound that is far above its figure
//! is lowered.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on ends"
)]

mod objects;
mod served;

use std::{hint::black_box, time::Duration};

use livestream_operator::{
    account::{Mirror, Mirrored},
    api::{Broadcast, LiveStream},
    clock,
    index::Index,
    kept::Keep as _,
    provider::{Connection, ObservedBroadcast, ObservedStream},
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// So many of each: enough that what is paid once does not count.
const COUNT: usize = 1000;

/// The most bytes that one object may take, with about a tenth to spare. Measured by taking a thousand
/// away: what becomes free is what they took. The records of streams and broadcasts are read from
/// lists that the provider's documents show, with every address and a mark; the objects come from an
/// apiserver, with all that the operator writes, field ownership and kubectl's copy of the manifest.
const MOST: [(&str, usize); 6] = [
    ("a stream in the mirror", 910),
    ("a broadcast in the mirror", 530),
    ("a LiveStream in the watch's store", 1150),
    ("a Broadcast in the watch's store", 1020),
    ("a LiveStream in the index", 1370),
    ("a Broadcast in the index", 1840),
];

/// What one of these takes.
fn each<T>(these: T) -> usize {
    let before = HEAP.current_usage();
    drop(black_box(these));
    (before - HEAP.current_usage()) / COUNT
}

/// What the provider shows, as the mirror keeps it.
async fn mirror<T: Mirrored>(list: impl AsyncFn(u32) -> Vec<T>) -> Mirror<T> {
    let began = clock::now().mono;
    let mirror = Mirror::new(Duration::from_secs(60), began);
    for page in 1.. {
        let asked = clock::now().mono;
        let items = list(page).await;
        if items.is_empty() {
            break;
        }
        for item in items {
            mirror.read(asked, item);
        }
    }
    assert_eq!(mirror.ids().len(), COUNT);
    mirror
}

async fn streams(connection: &Connection) -> Mirror<ObservedStream> {
    let list = async |page| {
        let items = connection.streams.list(page).await.unwrap();
        items.into_iter().map(Result::unwrap).collect()
    };
    mirror(list).await
}

async fn broadcasts(connection: &Connection) -> Mirror<ObservedBroadcast> {
    let broadcasts = connection.broadcasts.as_ref().unwrap();
    let list = async |page| {
        let items = broadcasts.list(page).await.unwrap();
        items.into_iter().map(Option::unwrap).collect()
    };
    mirror(list).await
}

#[tokio::test]
async fn a_cached_object_takes_no_more_bytes_than_it_did() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let served = served::Served::start(COUNT).await;
    let connection = served.connection();
    let (streams, broadcasts) = (streams(&connection).await, broadcasts(&connection).await);
    let objects = served.watched::<LiveStream>().await;
    let shows = served.watched::<Broadcast>().await;
    drop((connection, served));

    let (index, show_index) = (Index::default(), Index::default());
    for object in objects.state() {
        index.apply(&object.open().unwrap());
    }
    for show in shows.state() {
        show_index.broadcasts.apply(&show.open().unwrap());
    }
    for id in streams.ids() {
        let seen = streams.sight(&id).seen.unwrap();
        assert!(seen.ingest.whip.is_some());
    }

    let found = [
        each(streams),
        each(broadcasts),
        each(objects),
        each(shows),
        each(index),
        each(show_index),
    ];
    for ((what, most), bytes) in MOST.iter().zip(found) {
        println!("{bytes:>6} bytes for {what}; at most {most}");
    }
    for ((what, most), bytes) in MOST.into_iter().zip(found) {
        assert!(bytes > 0, "{what} was not measured");
        assert!(
            bytes <= most,
            "{what} takes {bytes} bytes, more than {most}"
        );
    }
}
