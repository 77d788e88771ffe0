//! Access keys: whose they are, what they may, and whether a call is signed with one.

use std::collections::HashMap;

use axum::http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};

use super::behaviour::Behaviour;
use super::errors::{Code, Refusal};
use super::signature;
use crate::clock::Moment;
use crate::front::Incoming;

/// A call is good for so long before and after the gateway's time, in milliseconds.
const WINDOW: u64 = 5 * 60 * 1000;

/// What a key may do: the policies `NCP_LIVE_STATION_MANAGER` and `NCP_LIVE_STATION_VIEWER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    #[default]
    Manager,
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
    /// No longer good.
    pub revoked: bool,
}

/// All keys that the provider ever gave out, by access key.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<String, Key>);

#[derive(Debug)]
pub(super) struct Key {
    secret: String,
    pub(super) view: KeyView,
}

impl Keys {
    /// Adds a key or, if its access key is known, gives it this secret key and this client, good and
    /// with every right.
    pub(super) fn add(&mut self, access: &str, secret: &str, client: u64) -> u32 {
        let number = match self.0.get(access) {
            Some(known) => known.view.number,
            None => u32::try_from(self.0.len()).map_or(u32::MAX, |n| n + 1),
        };
        let view = KeyView {
            number,
            client,
            role: Role::Manager,
            revoked: false,
        };
        let secret = secret.to_owned();
        self.0.insert(access.to_owned(), Key { secret, view });
        number
    }

    pub(super) fn get_mut(&mut self, access: &str) -> Option<&mut KeyView> {
        self.0.get_mut(access).map(|key| &mut key.view)
    }

    pub(super) fn views(&self) -> Vec<KeyView> {
        let mut views: Vec<_> = self.0.values().map(|key| key.view.clone()).collect();
        views.sort_by_key(|view| view.number);
        views
    }

    /// The key that a call names, whether or not it is signed with it.
    pub(super) fn named(&self, call: &Incoming) -> Option<&KeyView> {
        let access = text(&call.headers, "x-ncp-iam-access-key")?;
        self.0.get(access).map(|key| &key.view)
    }

    /// The key that a call is signed with, if it is good and the call is of this time. The gateway says
    /// nothing of what else it may be.
    pub(super) fn check(&self, call: &Incoming, gateway: Moment) -> Option<&KeyView> {
        let access = text(&call.headers, "x-ncp-iam-access-key")?;
        let timestamp = text(&call.headers, "x-ncp-apigw-timestamp")?;
        let signed = text(&call.headers, "x-ncp-apigw-signature-v2")?;
        let key = self.0.get(access).filter(|key| !key.view.revoked)?;
        let target = match &call.query {
            Some(query) => format!("{}?{query}", call.path),
            None => call.path.clone(),
        };
        let expected = signature::of(
            call.method.as_str(),
            &target,
            timestamp,
            access,
            &key.secret,
        );
        let sent_at: i64 = timestamp.parse().ok()?;
        let in_time = gateway.as_millis().abs_diff(sent_at) <= WINDOW;
        (in_time && signed == expected).then_some(&key.view)
    }
}

impl KeyView {
    pub(super) fn may(&self, method: &Method) -> Result<(), Refusal> {
        match self.role {
            Role::Viewer if method != Method::GET => Err(Refusal::new(
                Code::PolicyCheckFailed,
                "You do not have the permission for this action.",
            )),
            Role::Viewer | Role::Manager => Ok(()),
        }
    }
}

/// The headers that every call must have, besides those of the signature.
pub(super) fn headers(call: &Incoming, ways: &Behaviour) -> Result<(), Refusal> {
    match text(&call.headers, "x-ncp-region_code") {
        Some("KR") => {}
        Some(_) => {
            let message = "The region code is not valid.";
            return Err(Refusal::new(Code::InvalidRegion, message));
        }
        None => {
            let message = "x-ncp-region_code is required.";
            return Err(Refusal::new(Code::RequiredHeader, message));
        }
    }
    let kind = text(&call.headers, "content-type").unwrap_or_default();
    if ways.require_content_type && !kind.starts_with("application/json") {
        let message = "Content-Type must be application/json.";
        return Err(Refusal::new(Code::RequiredHeader, message));
    }
    Ok(())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
