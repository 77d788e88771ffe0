//! Copies of a mirror, and what tells them apart: a model of the operator goes back and forth in time.

use std::{fmt::Write as _, sync::Mutex, time::Instant};

use tokio::sync::Notify;

use super::{Entry, Inner, Mirror, Mirrored, Walks};

impl<T: Mirrored> Clone for Mirror<T> {
    fn clone(&self) -> Self {
        let inner = self.lock();
        Self {
            inner: Mutex::new(Inner {
                entries: inner.entries.clone(),
                by_name: inner.by_name.clone(),
                not_found: inner.not_found.clone(),
                deleted: inner.deleted.clone(),
                walks: Walks {
                    whole: inner.walks.whole,
                    last: inner.walks.last,
                    provable: inner.walks.provable.clone(),
                    unreadable: inner.walks.unreadable.clone(),
                    pages: inner.walks.pages,
                },
                demands: inner.demands.clone(),
                waiting: inner.waiting.clone(),
                vanished: inner.vanished.clone(),
                excused: inner.excused.clone(),
            }),
            demanded: Notify::new(),
            settling: self.settling,
            began: self.began,
        }
    }
}

impl<T: Mirrored> Mirror<T> {
    /// What it holds, as text. Two mirrors of one settling time that say the same here answer alike from
    /// now on. Demands and who waits for a walk are left out: they say when somebody looks, not what is
    /// seen. It may hold a stream key, so it is not for a log.
    pub fn digest(&self, since: Instant) -> String {
        let at = |at: Option<Instant>| at.map(|at| at.saturating_duration_since(since).as_millis());
        let inner = self.lock();
        let mut text = format!("{:?}", at(Some(self.began)));
        let mut line = |part: String| {
            // Writing to a text does not fail.
            let _ = write!(text, "\n{part}");
        };
        let mut entries: Vec<_> = inner.entries.iter().collect();
        entries.sort_by_key(|(id, _)| *id);
        for (_, entry) in entries {
            let Entry {
                packed,
                told,
                wrote,
                rekeyed,
                lost,
            } = entry;
            let times = [Some(*told), *wrote, *rekeyed, *lost].map(at);
            let thing = packed.open().and_then(|thing| thing.write().ok());
            let thing = thing.map(|text| String::from_utf8_lossy(&text).into_owned());
            line(format!("{thing:?} {times:?}"));
        }
        for (what, known) in [("no", &inner.not_found), ("del", &inner.deleted)] {
            let mut known: Vec<_> = known.iter().collect();
            known.sort_by_key(|(id, _)| *id);
            for (id, asked) in known {
                line(format!("{what} {id:?} {:?}", at(Some(*asked))));
            }
        }
        let mut excused: Vec<_> = inner.excused.iter().collect();
        excused.sort();
        let walks = &inner.walks;
        let provable: Vec<_> = walks
            .provable
            .iter()
            .map(|began| at(Some(*began)))
            .collect();
        line(format!(
            "{} {:?} {provable:?} {:?} {} {:?} {excused:?}",
            walks.whole > 0,
            at(walks.last),
            walks.unreadable,
            walks.pages,
            inner.vanished,
        ));
        text
    }
}
