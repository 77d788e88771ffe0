//! Which tokens are accepted, for which account, and how often.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::{
    bucket::Bucket,
    token::{Digest, Token},
};
use crate::object_key::ObjectKey;

/// Webhooks of an account: so many a second, after a burst.
const WELCOME: (u32, u32) = (100, 1000);

/// Requests that no account is for, all together.
const STRANGERS: (u32, u32) = (10, 100);

/// The tokens that open, by account.
#[derive(Debug)]
pub struct Doors(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    doors: HashMap<ObjectKey, Door>,
    strangers: Bucket,
}

#[derive(Debug)]
struct Door {
    tokens: Vec<Digest>,
    bucket: Bucket,
}

/// Who stands before the doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knock {
    /// One who has a token of this account.
    Known(ObjectKey),
    /// The same, and too many of them.
    KnownTooOften(ObjectKey),
    /// Somebody else.
    Stranger,
    /// Somebody else, and too many of them.
    StrangerTooOften,
}

impl Default for Doors {
    fn default() -> Self {
        Self(Mutex::new(Inner {
            doors: HashMap::new(),
            strangers: Bucket::new(STRANGERS.0, STRANGERS.1),
        }))
    }
}

impl Doors {
    /// From now on these tokens are accepted for an account, and no others.
    pub fn open(&self, account: &ObjectKey, tokens: Vec<Digest>) {
        let mut inner = self.lock();
        let door = inner.doors.entry(account.clone()).or_insert_with(|| Door {
            tokens: Vec::new(),
            bucket: Bucket::new(WELCOME.0, WELCOME.1),
        });
        door.tokens = tokens;
    }

    /// No token is accepted for an account any more.
    pub fn close(&self, account: &ObjectKey) {
        self.lock().doors.remove(account);
    }

    /// Whose token a path holds; `None` for what cannot be a path of ours. Every token is compared,
    /// each in constant time, so how long it takes says nothing about them.
    pub fn knock(&self, path: Option<&str>, now: Instant) -> Knock {
        let asked = path.and_then(Token::of_path).map(|token| token.digest());
        let mut inner = self.lock();
        let inner = &mut *inner;
        let mut found = None;
        if let Some(asked) = asked {
            for (account, door) in &mut inner.doors {
                // Counted to the end: none is left out because another one fits.
                let fits = door.tokens.iter().filter(|token| token.is(&asked)).count();
                if fits > 0 {
                    found = Some((account.clone(), &mut door.bucket));
                }
            }
        }
        match found {
            Some((account, bucket)) => {
                if bucket.take(now) {
                    Knock::Known(account)
                } else {
                    Knock::KnownTooOften(account)
                }
            }
            None if inner.strangers.take(now) => Knock::Stranger,
            None => Knock::StrangerTooOften,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn each_account_has_its_tokens_and_its_rate_and_strangers_theirs() {
        let doors = Doors::default();
        let now = clock::now().mono;
        let [a, b] = ["a", "b"].map(|name| ObjectKey::new("ns", name));
        let tokens: Vec<Token> = (0..3).map(|_| Token::random().unwrap()).collect();
        let knock = |token: &Token| doors.knock(Some(token.path().expose()), now);
        doors.open(&a, vec![tokens[0].digest(), tokens[1].digest()]);
        doors.open(&b, vec![tokens[2].digest()]);
        assert_eq!(knock(&tokens[0]), Knock::Known(a.clone()));
        assert_eq!(knock(&tokens[1]), Knock::Known(a.clone()));
        assert_eq!(knock(&tokens[2]), Knock::Known(b.clone()));

        // A flood at one door, and another one of strangers, leave the other door open.
        let flood = (0..5000).map(|_| knock(&tokens[0]));
        let passed = flood.filter(|k| *k == Knock::Known(a.clone())).count();
        assert_eq!(passed, 1000 - 2);
        assert_eq!(knock(&tokens[1]), Knock::KnownTooOften(a.clone()));
        let stranger = Token::random().unwrap();
        let strangers: Vec<Knock> = (0..500).map(|_| knock(&stranger)).collect();
        assert!(strangers[..100].iter().all(|k| *k == Knock::Stranger));
        assert!(
            strangers[100..]
                .iter()
                .all(|k| *k == Knock::StrangerTooOften)
        );
        assert_eq!(doors.knock(None, now), Knock::StrangerTooOften);
        assert_eq!(knock(&tokens[2]), Knock::Known(b.clone()));

        // What is put in the place of tokens does not fill the bucket again.
        doors.open(&a, vec![tokens[1].digest()]);
        assert_eq!(knock(&tokens[0]), Knock::StrangerTooOften);
        assert_eq!(knock(&tokens[1]), Knock::KnownTooOften(a.clone()));
        doors.close(&a);
        assert_eq!(knock(&tokens[1]), Knock::StrangerTooOften);
    }
}
