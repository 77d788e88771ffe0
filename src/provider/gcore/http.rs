//! The HTTP clients under all calls: how they connect, how long they wait, and that they never send
//! anything twice by themselves.

use std::{error::Error as _, time::Duration};

use super::SetupError;

/// How long a call may take, and how it is repeated. The defaults suit an API that answers within a
/// second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Until there is a connection: name, TCP, TLS.
    pub connect: Duration,
    /// Until the answer begins, connecting included, and between any two parts of it.
    pub read: Duration,
    /// For the whole of one call of the seam, with its repeats and the pauses between them.
    pub call: Duration,
    /// Before the second try and before the third; there is no fourth.
    pub pauses: [Duration; 2],
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(10),
            call: Duration::from_secs(20),
            pauses: [Duration::from_millis(200), Duration::from_millis(500)],
        }
    }
}

/// What makes connections. One is enough for a process: it holds no key, a clone is the same one,
/// and connections are shared by host. It trusts the system's root certificates or, if it is set,
/// `SSL_CERT_FILE`, as they are when it is made, and goes through the proxies that the environment
/// names.
#[derive(Clone)]
pub struct Http {
    /// For what may be sent again: keeps connections.
    pub(super) kept: reqwest::Client,
    /// For what may not: a new connection for each call.
    pub(super) fresh: reqwest::Client,
    pub(super) deadlines: Deadlines,
}

impl Http {
    /// # Errors
    ///
    /// [`SetupError::Http`]: the process has installed no TLS provider, or there are no root
    /// certificates.
    pub fn new(deadlines: Deadlines) -> Result<Self, SetupError> {
        // reqwest panics where there is none.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(SetupError::Http("no TLS provider is installed".to_owned()));
        }
        Ok(Self {
            kept: client(deadlines, true)?,
            fresh: client(deadlines, false)?,
            deadlines,
        })
    }
}

/// Two layers below us send a request again by themselves unless they are told not to (read in
/// reqwest 0.13.5, hyper-util 0.1.21 and hyper 1.12):
///
/// - reqwest's retry layer repeats any request, POST too, up to twice after an HTTP/2 `GOAWAY` with
///   `NO_ERROR` or a `REFUSED_STREAM` (`retry::Builder::default`). Both promise that nothing was
///   done, and a gateway may be wrong about what is behind it. `retry::never()` ends that.
/// - hyper-util's client repeats any request whose *reused* connection closed before hyper took the
///   request up (`retry_canceled_requests`, which is on and which reqwest gives no way to turn
///   off). It does so only for reused connections, and a client without a pool has none: hence
///   `fresh`. That has a second use: a connection that the other side has just closed would make a
///   creation's fate unknown for no good reason.
///
/// What is left is opening connections to several addresses of a host and handing early data to
/// TLS: the first sends no request, the second is off in rustls unless asked for.
fn client(deadlines: Deadlines, keep: bool) -> Result<reqwest::Client, SetupError> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("livestream-operator/", env!("CARGO_PKG_VERSION")))
        .retry(reqwest::retry::never())
        // A redirect would carry the key to another place; 301 to 303 would turn a POST into a GET.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(deadlines.connect)
        .read_timeout(deadlines.read)
        // A connection that swallows everything is found out before the next call needs it.
        .http2_keep_alive_interval(deadlines.read)
        .http2_keep_alive_timeout(deadlines.connect)
        // A few bytes must stay a few bytes. None is built in; another crate could switch one on.
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd();
    let builder = if keep {
        builder
    } else {
        builder.pool_max_idle_per_host(0)
    };
    builder.build().map_err(|error| {
        let source = error.source().map(ToString::to_string);
        SetupError::Http(source.unwrap_or_else(|| error.to_string()))
    })
}
