//! API tokens: whose they are, what they may, and what a bad one is told.

use std::collections::HashMap;

use axum::http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::errors::denied;
use crate::clock::Moment;
use crate::front::Reply;

/// What a token may do: product page "API tokens", Streaming Viewer and Streaming Editor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    #[default]
    Editor,
    /// Reading only.
    Viewer,
}

/// A key as it stands, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// The number that adding it gave; calls in the journal name it.
    pub number: u32,
    /// Whose it is.
    pub client: u64,
    /// What it may.
    pub role: Role,
    /// When it stops being good.
    pub expires_at: Option<Moment>,
    /// No longer good.
    pub revoked: bool,
}

/// All keys that the provider ever gave out.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<String, KeyView>);

/// Why a call is refused at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    NoHeader,
    NotValid,
    ReadOnly,
}

impl Denied {
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::NoHeader => denied(
                StatusCode::UNAUTHORIZED,
                "not_authenticated",
                "Authentication credentials were not provided.",
            ),
            Self::NotValid => denied(
                StatusCode::UNAUTHORIZED,
                "token_not_valid",
                "Given token not valid for any token type",
            ),
            Self::ReadOnly => denied(
                StatusCode::FORBIDDEN,
                "permission_denied",
                "You do not have permission to perform this action.",
            ),
        }
    }
}

impl Keys {
    /// Adds a key or, if it is known, gives it to this client again, good and with every right.
    pub(super) fn add(&mut self, key: &str, client: u64) -> u32 {
        let number = match self.0.get(key) {
            Some(known) => known.number,
            None => u32::try_from(self.0.len()).map_or(u32::MAX, |n| n + 1),
        };
        let view = KeyView {
            number,
            client,
            role: Role::Editor,
            expires_at: None,
            revoked: false,
        };
        self.0.insert(key.to_owned(), view);
        number
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut KeyView> {
        self.0.get_mut(key)
    }

    pub(super) fn views(&self) -> Vec<KeyView> {
        let mut views: Vec<_> = self.0.values().cloned().collect();
        views.sort_by_key(|view| view.number);
        views
    }

    /// Whose call this is. The scheme may be written in any case (API specification: `apikey`, SDKs:
    /// `APIKey`); a permanent token under `Bearer` is refused (developer guide, "Authentication").
    pub(super) fn check(
        &self,
        header: Option<&HeaderValue>,
        now: Moment,
    ) -> Result<&KeyView, Denied> {
        let header = header.ok_or(Denied::NoHeader)?;
        let (scheme, token) = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .ok_or(Denied::NotValid)?;
        if !scheme.eq_ignore_ascii_case("apikey") {
            return Err(Denied::NotValid);
        }
        let key = self.0.get(token).ok_or(Denied::NotValid)?;
        let expired = key.expires_at.is_some_and(|end| end <= now);
        if key.revoked || expired {
            return Err(Denied::NotValid);
        }
        Ok(key)
    }
}

impl KeyView {
    pub(super) fn may(&self, method: &Method) -> Result<(), Denied> {
        match self.role {
            Role::Viewer if method != Method::GET => Err(Denied::ReadOnly),
            Role::Viewer | Role::Editor => Ok(()),
        }
    }
}
