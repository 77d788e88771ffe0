//! The error bodies of the API and of the gateway before it.

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::behaviour::Behaviour;
use crate::front::Reply;

/// The codes that are used here, of the table of error codes (250000 to 250021).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    RequiredHeader,
    NotFound,
    NotAvailable,
    PolicyCheckFailed,
    NeedValue,
    JsonParseGeneralError,
    FormValidationFailed,
    BadRequest,
    InvalidRegion,
    ParamTypeError,
}

impl Code {
    /// Number and name.
    fn words(self) -> (u32, &'static str) {
        match self {
            Self::RequiredHeader => (250_003, "REQUIRED_HEADER"),
            Self::NotFound => (250_004, "NOT_FOUND"),
            Self::NotAvailable => (250_005, "NOT_AVAILABLE"),
            Self::PolicyCheckFailed => (250_010, "POLICY_CHECK_FAILED"),
            Self::NeedValue => (250_011, "NEED_VALUE"),
            Self::JsonParseGeneralError => (250_012, "JSON_PARSE_GENERAL_ERROR"),
            Self::FormValidationFailed => (250_014, "FORMVALIDATION_FAILED"),
            Self::BadRequest => (250_018, "OPEN_API_BAD_REQUEST"),
            Self::InvalidRegion => (250_020, "OPEN_API_INVALID_REGION_CODE"),
            Self::ParamTypeError => (250_021, "OPEN_API_PARAM_TYPE_ERROR"),
        }
    }

    /// No document says which status comes with which code.
    fn status(self, ways: &Behaviour) -> u16 {
        match self {
            Self::NotFound => ways.not_found_status,
            Self::NotAvailable => ways.not_available_status,
            Self::PolicyCheckFailed => ways.policy_status,
            Self::RequiredHeader
            | Self::NeedValue
            | Self::JsonParseGeneralError
            | Self::FormValidationFailed
            | Self::BadRequest
            | Self::InvalidRegion
            | Self::ParamTypeError => ways.bad_request_status,
        }
    }
}

/// Why a call is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }

    pub(super) fn no_channel() -> Self {
        Self::new(Code::NotFound, "The channel could not be found.")
    }

    pub(super) fn not_available(message: impl Into<String>) -> Self {
        Self::new(Code::NotAvailable, message)
    }

    /// `{"error":{"errorCode":250004,"message":"…","errorName":"NOT_FOUND"}}`. The table of codes has them
    /// as text, the sample as a number.
    pub(super) fn body(&self, ways: &Behaviour) -> Value {
        let (number, name) = self.code.words();
        let code = if ways.error_codes_as_text {
            json!(number.to_string())
        } else {
            json!(number)
        };
        json!({"error": {"errorCode": code, "message": self.message, "errorName": name}})
    }

    pub(super) fn reply(&self, ways: &Behaviour) -> Reply {
        let status = StatusCode::from_u16(self.code.status(ways));
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Reply::json(status, self.body(ways))
    }
}

/// What the API gateway says of a call that does not reach Live Station: a code in text, and no name.
/// (Documented for the government zone; that it is the same elsewhere is this simulator's reading.)
pub(super) fn gateway(status: StatusCode) -> Reply {
    let (code, message) = match status.as_u16() {
        400 => ("100", "Bad Request Exception"),
        401 => ("200", "Authentication Failed"),
        403 => ("210", "Permission Denied"),
        404 => ("300", "Not Found Exception"),
        413 => ("430", "Request Entity Too Large"),
        429 => ("420", "Rate Limited"),
        503 => ("500", "Endpoint Error"),
        504 => ("510", "Endpoint Timeout"),
        _ => ("900", "Unexpected Error"),
    };
    Reply::json(
        status,
        json!({"error": {"errorCode": code, "message": message}}),
    )
}

/// 429 of the gateway. Whether it has a `Retry-After` is not documented.
pub(super) fn too_many(retry_after: Option<&str>) -> Reply {
    let reply = gateway(StatusCode::TOO_MANY_REQUESTS);
    match retry_after {
        Some(value) => reply.header(RETRY_AFTER, value),
        None => reply,
    }
}
