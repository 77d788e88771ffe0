//! The HTTP clients under all calls: how they connect, how long they wait, and that they never send
//! anything twice by themselves.

pub(in crate::provider) mod body;
pub(in crate::provider) mod caller;
pub(in crate::provider) mod failure;
pub(in crate::provider) mod message;

use std::{error::Error as _, sync::Arc, time::Duration};

use super::Meter;

/// Why no call can be made at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The endpoint is no address of an API.
    #[error("the endpoint cannot be used: {0}")]
    Endpoint(&'static str),
    /// The key cannot be sent. It is not shown.
    #[error("the key cannot be used: {0}")]
    Key(&'static str),
    /// The machine lacks what HTTPS needs.
    #[error("no HTTPS client can be made: {0}")]
    Http(String),
}

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
    pub(super) meter: Option<Arc<dyn Meter>>,
}

impl Http {
    /// The same, whose requests are counted.
    #[must_use]
    pub fn metered(self, meter: Arc<dyn Meter>) -> Self {
        Self {
            meter: Some(meter),
            ..self
        }
    }

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
            meter: None,
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
fn builder(deadlines: Deadlines, keep: bool) -> reqwest::ClientBuilder {
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
    if keep {
        builder
    } else {
        builder.pool_max_idle_per_host(0)
    }
}

fn client(deadlines: Deadlines, keep: bool) -> Result<reqwest::Client, SetupError> {
    builder(deadlines, keep).build().map_err(|error| {
        let source = error.source().map(ToString::to_string);
        SetupError::Http(source.unwrap_or_else(|| error.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// What a server says instead of carrying a request out: both promise that it was not.
    #[derive(Clone, Copy, Debug)]
    enum Nack {
        RefusedStream,
        GoAway,
    }

    impl Nack {
        /// Its frame (RFC 9113, sections 4.1, 6.4 and 6.8).
        fn frame(self, stream: [u8; 4]) -> Vec<u8> {
            match self {
                Self::RefusedStream => [&[0, 0, 4, 3, 0][..], &stream, &[0, 0, 0, 7]].concat(),
                Self::GoAway => [&[0, 0, 8, 7, 0][..], &[0; 4], &[0; 8]].concat(),
            }
        }
    }

    /// Speaks just enough HTTP/2 to refuse every request; counts them.
    async fn refusing(nack: Nack) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(refuse(stream, nack, count.clone()));
            }
        });
        (url, requests)
    }

    async fn refuse(
        mut stream: TcpStream,
        nack: Nack,
        requests: Arc<AtomicUsize>,
    ) -> std::io::Result<()> {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await?;
        stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await?;
            let [a, b, c, kind, flags, id @ ..] = head;
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            stream.read_exact(&mut vec![0; length]).await?;
            match kind {
                1 => {
                    requests.fetch_add(1, Ordering::SeqCst);
                    stream.write_all(&nack.frame(id)).await?;
                }
                4 if flags & 1 == 0 => stream.write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0]).await?,
                _ => {}
            }
        }
    }

    /// How many requests one POST becomes.
    async fn posted(builder: reqwest::ClientBuilder, nack: Nack) -> usize {
        let (url, requests) = refusing(nack).await;
        let client = builder.http2_prior_knowledge().no_proxy().build().unwrap();
        let sent = client.post(url).body("{}").send().await;
        assert!(sent.is_err(), "{nack:?}");
        requests.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn nothing_below_sends_a_post_again() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let deadlines = Deadlines::default();
        for nack in [Nack::RefusedStream, Nack::GoAway] {
            for keep in [false, true] {
                assert_eq!(posted(builder(deadlines, keep), nack).await, 1, "{nack:?}");
            }
        }
        // It is not so by itself.
        assert_eq!(
            posted(reqwest::Client::builder(), Nack::RefusedStream).await,
            3
        );
    }
}
