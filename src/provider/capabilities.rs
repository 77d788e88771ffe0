//! What a provider can do, as values that plans read.

use super::{Owner, StreamSettings};

/// What differs between providers and is no call.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// Its name, for people.
    pub name: &'static str,
    /// What of wanted settings it does not have, as the user writes it.
    pub unsupported: fn(&StreamSettings) -> Vec<&'static str>,
    /// What of a difference can be set only when a stream is created, as the user writes it.
    pub replaced: fn(&StreamSettings) -> Vec<&'static str>,
    /// A stream that is switched off while it is recorded has a whole video all the same.
    pub off_ends_recordings: bool,
    /// Stream keys can be renewed.
    pub key_reset: bool,
    /// An owner as the provider's marks hold it. Done twice it is the same.
    pub owner: fn(&Owner) -> Owner,
}

/// Everything can be done, and marks hold owners as they are.
impl Default for Capabilities {
    fn default() -> Self {
        Self {
            name: "the provider",
            unsupported: |_| Vec::new(),
            replaced: |_| Vec::new(),
            off_ends_recordings: true,
            key_reset: true,
            owner: Owner::clone,
        }
    }
}
