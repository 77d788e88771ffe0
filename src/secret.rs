//! A secret value that cannot be printed.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// A key, passphrase or address with a key in it. It has no `Display` and no `Serialize`, its
/// `Debug` shows three stars, and its memory is wiped when it goes.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn is_not_printed() {
        assert_eq!(
            format!(
                "{:?} {:#?}",
                Secret::new("canary"),
                Some(Secret::new("canary"))
            )
            .find("canary"),
            None
        );
    }
}
