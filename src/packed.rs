//! Values of which there is one for each object, and which passes need only now and then: kept as text
//! that is compressed against a text like it.
//!
//! Ten thousand objects are mostly the same words, addresses and field names. Against a dictionary of
//! those a value takes what is its own: a tenth of its memory as a struct with its strings.

use std::{fmt, marker::PhantomData};

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use secrecy::{ExposeSecret as _, SecretSlice};

/// What can be packed.
pub trait Pack: Sized {
    /// A text like those that it is written as. Only how small it gets depends on it.
    const LIKE: &'static str;

    /// It as text; the same text for equal values.
    fn write(&self) -> serde_json::Result<Vec<u8>>;

    /// It from its text.
    fn read(text: &[u8]) -> serde_json::Result<Self>;
}

/// A packed value. It is not printed and its memory is wiped, because it may hold a stream key.
pub struct Packed<T> {
    bytes: SecretSlice<u8>,
    of: PhantomData<fn() -> T>,
}

impl<T: Pack> Packed<T> {
    /// Packs a value.
    pub fn new(value: &T) -> Self {
        let text = value.write().unwrap_or_else(|error| {
            tracing::error!(%error, "a value cannot be packed");
            Vec::new()
        });
        let bytes = compress_prepend_size_with_dict(&text, T::LIKE.as_bytes());
        Self {
            bytes: SecretSlice::from(bytes),
            of: PhantomData,
        }
    }

    /// The value. `None`, and a line in the log, if it is not to be read again: that would be a defect
    /// of this program, and whoever asks must take it as not knowing.
    pub fn open(&self) -> Option<T> {
        let bytes = self.bytes.expose_secret();
        let opened = decompress_size_prepended_with_dict(bytes, T::LIKE.as_bytes())
            .map_err(|error| error.to_string())
            .and_then(|text| T::read(&text).map_err(|error| error.to_string()));
        opened
            .inspect_err(|error| tracing::error!(error, "a packed value cannot be read"))
            .ok()
    }
}

impl<T> Clone for Packed<T> {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            of: PhantomData,
        }
    }
}

impl<T> PartialEq for Packed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.expose_secret() == other.bytes.expose_secret()
    }
}

impl<T> Eq for Packed<T> {}

impl<T> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.expose_secret().len())
    }
}
