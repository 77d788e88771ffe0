//! What is known of the Secrets that hold the paths, so that a pass at rest need not read them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::object_key::ObjectKey;

/// How an account's webhook stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The Secret's name.
    pub secret: String,
    /// Whether webhooks are taken.
    pub state: State,
    /// The wish for a rotation that was obeyed last.
    pub rotated: Option<String>,
}

/// Whether webhooks are taken for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// At the path in the Secret.
    Listening,
    /// There, and at the path from before the rotation.
    PreviousPathValid,
    /// The same, and another rotation is wanted.
    RotationWaits,
    /// The Secret is not ours.
    NotOurs,
    /// The apiserver does not let us read or write it.
    Refused(String),
}

/// What is known, by account.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<HashMap<ObjectKey, Page>>);

#[derive(Debug, Default)]
struct Page {
    /// How often the Secret has changed, as far as we were told.
    changes: u64,
    entry: Option<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// The changes that we knew of when it was read.
    changes: u64,
    uid: String,
    asked: Option<String>,
    standing: Standing,
}

impl Ledger {
    /// How it stands, if nothing has changed since that was written down: neither the account's
    /// wish for a rotation nor the Secret.
    pub fn current(
        &self,
        account: &ObjectKey,
        uid: &str,
        asked: Option<&String>,
    ) -> Option<Standing> {
        let pages = self.lock();
        let page = pages.get(account)?;
        let entry = page.entry.as_ref()?;
        let holds =
            entry.changes == page.changes && entry.uid == uid && entry.asked.as_ref() == asked;
        holds.then(|| entry.standing.clone())
    }

    /// The changes that we know of. Asked before the Secret is read, and given back with what was
    /// found, so that a change in between is not lost.
    pub fn changes(&self, account: &ObjectKey) -> u64 {
        self.lock().get(account).map_or(0, |page| page.changes)
    }

    /// Writes down how it stands.
    pub fn write(
        &self,
        account: &ObjectKey,
        uid: &str,
        asked: Option<String>,
        changes: u64,
        standing: Standing,
    ) {
        self.lock().entry(account.clone()).or_default().entry = Some(Entry {
            changes,
            uid: uid.to_owned(),
            asked,
            standing,
        });
    }

    /// The Secret of an account has changed.
    pub fn changed(&self, account: &ObjectKey) {
        self.lock().entry(account.clone()).or_default().changes += 1;
    }

    /// Each Secret may have changed without our being told.
    pub fn doubt_all(&self) {
        for page in self.lock().values_mut() {
            page.changes += 1;
        }
    }

    /// An account is gone.
    pub fn forget(&self, account: &ObjectKey) {
        self.lock().remove(account);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectKey, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_holds_until_something_changes() {
        let ledger = Ledger::default();
        let account = ObjectKey::new("ns", "a");
        let standing = Standing {
            secret: "a-webhook".into(),
            state: State::Listening,
            rotated: None,
        };
        let write = |changes| ledger.write(&account, "u", None, changes, standing.clone());
        let current = |uid, asked: Option<&String>| ledger.current(&account, uid, asked);
        assert_eq!(current("u", None), None);
        write(ledger.changes(&account));
        assert_eq!(current("u", None), Some(standing.clone()));
        assert_eq!(current("another", None), None);
        assert_eq!(current("u", Some(&"now".to_owned())), None);

        // A change while it is read is not lost.
        let before = ledger.changes(&account);
        ledger.changed(&account);
        write(before);
        assert_eq!(current("u", None), None);
        write(ledger.changes(&account));
        assert_eq!(current("u", None), Some(standing.clone()));
        ledger.doubt_all();
        assert_eq!(current("u", None), None);
    }
}
