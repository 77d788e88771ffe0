//! Recordings: when they begin, when they end, and the videos that they leave.

use reqwest::Method;
use serde_json::Value;

use super::{
    Gcore,
    client::{Request, Route},
    decode, failure,
    map::video,
    present, says_nothing, wire,
};
use crate::provider::{Call, ObservedVideo, ProviderError, Recordings, Start, StreamId};

impl Recordings for Gcore {
    /// 204 without a body is the usual success. 200 has one: warnings, or errors (API spec).
    fn start<'a>(&'a self, stream: &'a StreamId) -> Call<'a, Start> {
        Box::pin(async move {
            let start = Request::bare(Method::PUT, Route::StartRecording(stream));
            match self.0.send(start).await {
                Ok(answer) => self.started(&answer.body),
                Err(ProviderError::Refused { status: 404, .. }) => Ok(Start::Gone),
                Err(ProviderError::Refused { status, message }) => refused(status, message),
                Err(error) => Err(error),
            }
        })
    }

    /// The video, or nothing, where nothing was recorded (API spec). How nothing is said is not
    /// documented: no body, null and 204 are taken for it.
    fn stop<'a>(&'a self, stream: &'a StreamId) -> Call<'a, Option<ObservedVideo>> {
        Box::pin(async move {
            let stop = Request::bare(Method::PUT, Route::StopRecording(stream));
            match present(self.0.send(stop).await)? {
                Some(answer) if !says_nothing(&answer.body) => {
                    let video = wire::object(decode(&answer.body)?);
                    let video = self.video(video, stream)?;
                    video
                        .map(Some)
                        .ok_or_else(|| failure::garbled("it is no video"))
                }
                Some(_) | None => Ok(None),
            }
        })
    }

    fn videos<'a>(
        &'a self,
        stream: &'a StreamId,
        page: u32,
    ) -> Call<'a, Vec<Option<ObservedVideo>>> {
        Box::pin(async move {
            let body = self.read(Route::Videos(stream, page)).await?;
            let wire::Page(items) = decode(&body)?;
            let videos = items.into_iter().map(|item| self.video(item, stream));
            videos.collect()
        })
    }
}

impl Gcore {
    fn started(&self, body: &[u8]) -> Result<Start, ProviderError> {
        if says_nothing(body) {
            return Ok(Start::Accepted { storage: None });
        }
        let started: Option<wire::Started> = wire::object(decode(body)?);
        let started = started.ok_or_else(|| failure::garbled("it is no object"))?;
        if video::names_errors(&started.errors) {
            return refused(200, self.0.words(&started.errors));
        }
        let storage = video::storage(&started);
        Ok(Start::Accepted { storage })
    }

    /// A video of this stream; `None` where it cannot be read.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Garbled`] where it says that it came from another stream: whoever does not
    /// heed what was asked for would have every video of the client counted as this stream's.
    fn video(
        &self,
        video: Option<wire::Video>,
        stream: &StreamId,
    ) -> Result<Option<ObservedVideo>, ProviderError> {
        let words = |said: &Value| self.0.words(said);
        let video = video.and_then(|video| video::observed(video, words));
        let other = |video: &ObservedVideo| video.stream.as_ref().is_some_and(|id| id != stream);
        if video.as_ref().is_some_and(other) {
            return Err(failure::garbled("it is about another stream"));
        }
        Ok(video)
    }
}

fn refused(status: u16, message: String) -> Result<Start, ProviderError> {
    video::refusal(&message).ok_or(ProviderError::Refused { status, message })
}
