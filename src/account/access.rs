//! The provider of an account: where it is, what it is called with, and how it is connected. The one place that
//! knows every provider.

use k8s_openapi::api::core::v1::Secret as SecretObject;
use serde_json::{Value, json};

use super::key;
use crate::{
    api::{
        GCORE_ENDPOINT, GcoreAccount, LIVE_STATION_ENDPOINT, LiveStationAccount, LiveStationRecord,
        SecretKeyRef, StreamingAccountSpec,
    },
    outcome::Outcome,
    provider::{
        Connection, gcore,
        http::{Http, SetupError},
        live_station,
    },
    secret::Secret,
};

/// What an account's spec says of its provider.
#[derive(Clone, Debug)]
pub enum Access {
    /// Gcore Video Streaming.
    Gcore(GcoreAccount),
    /// NAVER Live Station.
    LiveStation(Box<LiveStationAccount>),
}

/// The keys of an account, as its Secrets hold them.
pub enum Credentials {
    /// A permanent token.
    Gcore(Secret),
    /// A pair of keys.
    LiveStation(live_station::Keys),
}

impl Access {
    /// That of a spec; `None` where it names no provider.
    pub fn of(spec: &StreamingAccountSpec) -> Option<Self> {
        let gcore = spec.gcore.clone().map(Self::Gcore);
        gcore.or_else(|| {
            let live_station = spec.live_station.clone();
            live_station.map(|account| Self::LiveStation(Box::new(account)))
        })
    }

    /// Where the API is.
    pub fn endpoint(&self) -> &str {
        match self {
            Self::Gcore(gcore) => &gcore.endpoint,
            Self::LiveStation(live_station) => &live_station.endpoint,
        }
    }

    /// Where the provider's own API is.
    pub fn public_endpoint(&self) -> &'static str {
        match self {
            Self::Gcore(_) => GCORE_ENDPOINT,
            Self::LiveStation(_) => LIVE_STATION_ENDPOINT,
        }
    }

    /// The keys in Secrets that it needs.
    pub fn references(&self) -> Vec<&SecretKeyRef> {
        match self {
            Self::Gcore(gcore) => vec![&gcore.api_key_secret_ref],
            Self::LiveStation(live_station) => vec![
                &live_station.access_key_secret_ref,
                &live_station.secret_key_secret_ref,
            ],
        }
    }

    /// The keys, from the Secrets of [`Access::references`] in the same order.
    ///
    /// # Errors
    /// What is wrong with a Secret, with what to do.
    pub fn credentials(&self, objects: &[Option<SecretObject>]) -> Result<Credentials, Outcome> {
        let read = |at: usize, reference| {
            key::read_api_key(reference, objects.get(at).and_then(Option::as_ref))
        };
        Ok(match self {
            Self::Gcore(gcore) => Credentials::Gcore(read(0, &gcore.api_key_secret_ref)?),
            Self::LiveStation(live_station) => Credentials::LiveStation(live_station::Keys {
                access: read(0, &live_station.access_key_secret_ref)?,
                secret: read(1, &live_station.secret_key_secret_ref)?,
            }),
        })
    }

    /// All that a connection is made of, to see whether one that is open is made of the same.
    pub fn whole(&self, credentials: &Credentials) -> Secret {
        match (self, credentials) {
            (Self::LiveStation(live_station), Credentials::LiveStation(keys)) => {
                let all = json!([live_station, keys.access.expose(), keys.secret.expose()]);
                Secret::new(all.to_string())
            }
            (_, Credentials::Gcore(key)) => key.clone(),
            (_, Credentials::LiveStation(keys)) => keys.secret.clone(),
        }
    }

    /// Puts the keys to work. Nothing is sent yet.
    ///
    /// # Errors
    /// Why no call can be made with them.
    pub fn connect(&self, credentials: Credentials, http: &Http) -> Result<Connection, SetupError> {
        match (self, credentials) {
            (Self::Gcore(gcore), Credentials::Gcore(key)) => {
                gcore::connect(&gcore.endpoint, key, http)
            }
            (Self::LiveStation(account), Credentials::LiveStation(keys)) => live_station::connect(
                &account.endpoint,
                keys,
                &account.region,
                defaults(account),
                http,
            ),
            _ => Err(SetupError::Key("it is another provider's")),
        }
    }
}

fn defaults(account: &LiveStationAccount) -> live_station::Defaults {
    live_station::Defaults {
        quality_set_id: account.quality_set_id,
        cdn_profile_id: account.cdn.profile_id,
        cdn_region: account.cdn.region.clone(),
        record: record(account.record.as_ref()),
    }
}

/// The record policy, as the API takes it. Without a bucket recordings are kept for three days.
fn record(record: Option<&LiveStationRecord>) -> Value {
    record.map_or_else(
        || json!({"type": "MANUAL_UPLOAD"}),
        |record| {
            json!({
                "type": "AUTO_UPLOAD",
                "format": record.format,
                "bucketName": record.bucket_name,
                "filePath": record.file_path,
                "accessControl": record.access_control,
            })
        },
    )
}
