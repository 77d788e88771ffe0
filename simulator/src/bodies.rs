//! Response bodies that a well-behaved server never sends.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::{Body, Frame};

/// What comes after the first half of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The connection is closed.
    Cut,
    /// Nothing ever again.
    Silence,
}

/// The first part of a body, and then no more.
#[derive(Debug)]
pub(crate) struct Torn {
    part: Option<Bytes>,
    then: Then,
    waited: bool,
}

impl Torn {
    pub(crate) fn new(part: Bytes, then: Then) -> Self {
        Self {
            part: Some(part),
            then,
            waited: false,
        }
    }
}

/// The error that makes the server close the connection.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut on purpose")
    }
}

impl std::error::Error for Cut {}

impl Body for Torn {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(part) = self.part.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if self.then == Then::Silence {
            return Poll::Pending;
        }
        // The server sends what it holds when a body is not ready; an error would throw it away.
        if !self.waited {
            self.waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Cut)))
    }
}

/// White space in front of a body: so many bytes of it, or without end.
#[derive(Debug)]
pub(crate) struct Padded {
    left: Option<u64>,
    rest: Option<Bytes>,
}

const BLANKS: &[u8] = &[b' '; 16 * 1024];

impl Padded {
    pub(crate) fn with(bytes: u64, rest: Bytes) -> Self {
        Self {
            left: Some(bytes),
            rest: Some(rest),
        }
    }

    pub(crate) fn endless() -> Self {
        Self {
            left: None,
            rest: None,
        }
    }
}

impl Body for Padded {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match self.left {
            None => BLANKS.len(),
            Some(0) => return Poll::Ready(self.rest.take().map(|rest| Ok(Frame::data(rest)))),
            Some(left) => {
                let chunk = usize::try_from(left).map_or(BLANKS.len(), |n| n.min(BLANKS.len()));
                self.left = Some(left - chunk as u64);
                chunk
            }
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&BLANKS[..chunk])))))
    }
}
