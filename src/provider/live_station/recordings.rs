//! Recordings: when they begin, when they end, and the files that they leave.
//!
//! One recording leaves several files: an MP4 and HLS renditions, all with one `recordSeq` (sample of the page
//! "Stop recording"). Here that is one video, and the number is its id.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    LiveStation,
    client::{Request, Route},
    decode, failure, present,
    wire::{self, File},
};
use crate::{
    api::{VideoFile, VideoFileState, VideoState},
    provider::{
        Call, ObservedVideo, ProviderError, Recordings, Start, StreamId, VideoId,
        http::body::public,
    },
};

impl Recordings for LiveStation {
    /// Only a channel that is publishing can be recorded. How it is said that one is not is not documented:
    /// whatever refuses the state is taken for it.
    fn start<'a>(&'a self, stream: &'a StreamId) -> Call<'a, Start> {
        Box::pin(async move {
            let start = Request::put(Route::StartRecord(stream), None);
            match self.api.send(start).await {
                Ok(answer) => {
                    let wire::Envelope { content } =
                        decode::<wire::Envelope<wire::Records>>(&answer.body)?;
                    videos(content, stream, self.uploads())?;
                    Ok(Start::Accepted { storage: None })
                }
                Err(ProviderError::Refused { status: 404, .. }) => Ok(Start::Gone),
                Err(ProviderError::Refused {
                    status: failure::NOT_AVAILABLE,
                    ..
                }) => Ok(Start::NotLive),
                Err(error) => Err(error),
            }
        })
    }

    fn stop<'a>(&'a self, stream: &'a StreamId) -> Call<'a, Option<ObservedVideo>> {
        Box::pin(async move {
            let stop = Request::put(Route::StopRecord(stream), None);
            let answer = match self.api.send(stop).await {
                // Nothing is recorded.
                Err(ProviderError::Refused {
                    status: failure::NOT_AVAILABLE,
                    ..
                }) => return Ok(None),
                other => present(other)?,
            };
            let Some(answer) = answer else {
                return Ok(None);
            };
            let wire::Envelope { content } = decode::<wire::Envelope<wire::Records>>(&answer.body)?;
            // The newest has the highest number.
            Ok(videos(content, stream, self.uploads())?.pop().flatten())
        })
    }

    /// The whole list is one answer: the page has no parameters.
    fn videos<'a>(
        &'a self,
        stream: &'a StreamId,
        page: u32,
    ) -> Call<'a, Vec<Option<ObservedVideo>>> {
        Box::pin(async move {
            if page > 1 {
                return Ok(Vec::new());
            }
            let Some(answer) = present(self.api.send(Request::get(Route::Records(stream))).await)?
            else {
                return Ok(Vec::new());
            };
            let wire::Envelope { content } = decode::<wire::Envelope<wire::Records>>(&answer.body)?;
            videos(content, stream, self.uploads())
        })
    }
}

/// The recordings of a channel, each from its files, the oldest first. `None` stands for a file that names no
/// recording.
///
/// # Errors
///
/// [`ProviderError::Garbled`] where a file says that it is another channel's.
pub(super) fn videos(
    records: wire::Records,
    stream: &StreamId,
    uploads: bool,
) -> Result<Vec<Option<ObservedVideo>>, ProviderError> {
    let mut recordings: BTreeMap<i64, Vec<File>> = BTreeMap::new();
    let mut videos = Vec::new();
    // The order of a map says nothing, and another one each time would be another status each time.
    let mut files = records.files().0;
    files.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    for (_, file) in files {
        let number = |file: &File| file.record_seq.filter(|number| *number >= 0);
        let Some((number, file)) = file.and_then(|file| Some((number(&file)?, file))) else {
            videos.push(None);
            continue;
        };
        if file
            .channel_id
            .as_deref()
            .is_some_and(|id| id != stream.as_str())
        {
            return Err(failure::garbled("it is about another channel"));
        }
        recordings.entry(number).or_default().push(file);
    }
    let whole = recordings
        .into_iter()
        .map(|(number, files)| Some(video(number, &files, stream, uploads)));
    videos.extend(whole);
    Ok(videos)
}

/// A recording from its files.
fn video(number: i64, files: &[File], stream: &StreamId, uploads: bool) -> ObservedVideo {
    let time = |millis: i64| Timestamp::from_second(millis / 1000).ok();
    let began = files.iter().filter_map(|file| file.record_begin_time).min();
    // Milliseconds, whatever older pages say: the sample has 137590 for a recording of 138 seconds.
    let duration = files.iter().filter_map(|file| file.duration).max();
    let url = |kind: &str| {
        let file = files
            .iter()
            .find(|file| file.record_type.as_deref() == Some(kind))?;
        // "-" until it is uploaded.
        let url = public(file.object_storage_url.clone())?;
        url.contains("://").then_some(url)
    };
    ObservedVideo {
        id: VideoId::new(number.to_string()),
        stream: Some(stream.clone()),
        state: state(files, uploads),
        started_at: began.and_then(time),
        duration_seconds: duration
            .filter(|millis| *millis >= 0)
            .map(|millis| millis / 1000),
        hls_url: url("HLS"),
        dash_url: None,
        iframe_url: None,
        error: failed(files),
        expires_at: expires(files),
        files: files.iter().map(shown).collect(),
    }
}

/// A file as the status shows it.
fn shown(file: &File) -> VideoFile {
    let plain = |text: &String| text.len() <= 32 && text.bytes().all(|it| it.is_ascii_graphic());
    let short = |text: &Option<String>| text.clone().filter(plain);
    let url = public(file.object_storage_url.clone());
    VideoFile {
        format: short(&file.record_type),
        resolution: short(&file.resolution),
        state: file_state(file),
        // "-" until it is uploaded.
        url: url.filter(|url| url.contains("://") && url.len() <= 512),
    }
}

fn file_state(file: &File) -> VideoFileState {
    match file.status.as_deref() {
        Some("RECORDING") => VideoFileState::Recording,
        Some("PROCESSING") => VideoFileState::Processing,
        Some("TRANSFER_READY") => VideoFileState::Stored,
        Some("TRANSFER") => VideoFileState::Uploading,
        Some("TRANSFER_FINISH") => VideoFileState::Uploaded,
        Some("PROCESSING_FAIL" | "TRANSFER_FAIL") => VideoFileState::Failed,
        Some("DELETED") => VideoFileState::Deleted,
        Some(_) | None => VideoFileState::Unknown,
    }
}

/// When the first file goes that can be taken and is in no bucket yet. What is uploaded stays, and there is
/// nothing to take of what could not be processed.
fn expires(files: &[File]) -> Option<Timestamp> {
    let kept_for_a_while = |file: &&File| {
        matches!(
            file.status.as_deref(),
            Some("TRANSFER_READY" | "TRANSFER" | "TRANSFER_FAIL")
        )
    };
    let ends = files.iter().filter(kept_for_a_while);
    let first = ends.filter_map(|file| file.should_delete_time).min()?;
    Timestamp::from_millisecond(first).ok()
}

/// How far a recording has come: as far as the file that is behind the others. What was uploaded, or waits for
/// somebody to upload it, is finished; where the account has files uploaded, what waits for that is not.
fn state(files: &[File], uploads: bool) -> VideoState {
    // What was uploaded of a file stays when the provider deletes it.
    let gone = |file: &File| {
        let url = file.object_storage_url.as_deref().unwrap_or_default();
        file.status.as_deref() == Some("DELETED") && !url.contains("://")
    };
    if !files.is_empty() && files.iter().all(gone) {
        return VideoState::Deleted;
    }
    let mut state = VideoState::Ready;
    for file in files {
        let one = match file.status.as_deref() {
            Some("PROCESSING_FAIL" | "TRANSFER_FAIL") => return VideoState::Error,
            Some("RECORDING") => VideoState::Empty,
            Some("TRANSFER_READY") if uploads => VideoState::Pending,
            Some("PROCESSING" | "TRANSFER") => VideoState::Pending,
            Some("TRANSFER_READY" | "TRANSFER_FINISH" | "DELETED") => VideoState::Ready,
            Some(_) | None => VideoState::Unknown,
        };
        let behind = |state: VideoState| match state {
            VideoState::Empty => 0,
            VideoState::Pending => 1,
            VideoState::Unknown => 2,
            VideoState::Viewable | VideoState::Ready | VideoState::Error | VideoState::Deleted => 3,
        };
        if behind(one) < behind(state) {
            state = one;
        }
    }
    state
}

fn failed(files: &[File]) -> Option<String> {
    let all = files.len();
    for (status, what) in [
        ("PROCESSING_FAIL", "could not be processed"),
        ("TRANSFER_FAIL", "could not be uploaded to the bucket"),
    ] {
        let failed = files
            .iter()
            .filter(|file| file.status.as_deref() == Some(status))
            .count();
        if failed > 0 {
            return Some(format!("{failed} of {all} files {what}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(status: &str, should_delete: i64, url: &str) -> File {
        File {
            status: Some(status.to_owned()),
            should_delete_time: Some(should_delete),
            object_storage_url: Some(url.to_owned()),
            record_type: Some("HLS".to_owned()),
            ..File::default()
        }
    }

    #[test]
    fn it_expires_with_the_first_file_that_can_still_be_taken() {
        for (files, expected) in [
            (vec![("TRANSFER_READY", 9), ("TRANSFER_READY", 7)], Some(7)),
            (vec![("TRANSFER", 9), ("TRANSFER_FINISH", 7)], Some(9)),
            (vec![("TRANSFER_FAIL", 9)], Some(9)),
            (vec![("TRANSFER_FINISH", 9), ("TRANSFER_FINISH", 7)], None),
            (vec![("PROCESSING_FAIL", 7), ("DELETED", 7)], None),
            (vec![("RECORDING", 7), ("PROCESSING", 7), ("NEW", 7)], None),
            (vec![], None),
        ] {
            let of = |(status, second): &(&str, i64)| file(status, second * 1000, "-");
            let made: Vec<File> = files.iter().map(of).collect();
            let expected = expected.and_then(|second| Timestamp::from_second(second).ok());
            assert_eq!(expires(&made), expected, "{files:?}");
        }
        let odd = File {
            should_delete_time: Some(i64::MAX),
            ..file("TRANSFER_READY", 0, "-")
        };
        assert_eq!(expires(&[odd]), None);
    }

    #[test]
    fn a_recording_is_deleted_when_nothing_is_left_of_it() {
        let url = "https://kr.object.example/b/x.m3u8";
        let deleted = || file("DELETED", 1, "-");
        assert_eq!(state(&[deleted(), deleted()], false), VideoState::Deleted);
        assert_eq!(
            state(&[deleted(), file("DELETED", 1, url)], false),
            VideoState::Ready
        );
        assert_eq!(
            state(&[deleted(), file("TRANSFER", 1, "-")], false),
            VideoState::Pending
        );
        assert_eq!(state(&[], false), VideoState::Ready);
    }

    #[test]
    fn what_waits_for_its_upload_is_not_finished() {
        for (status, uploads, expected) in [
            ("TRANSFER_READY", false, VideoState::Ready),
            ("TRANSFER_READY", true, VideoState::Pending),
            ("TRANSFER_FINISH", true, VideoState::Ready),
        ] {
            assert_eq!(
                state(&[file(status, 1, "-")], uploads),
                expected,
                "{status}"
            );
        }
    }

    #[test]
    fn a_file_is_shown_with_its_address_once_it_has_one() {
        let url = |url: &str| shown(&file("TRANSFER_FINISH", 0, url)).url;
        let there = "https://kr.object.example/b/x.m3u8";
        assert_eq!(url(there).as_deref(), Some(there));
        assert_eq!(url("-"), None);
        assert_eq!(url(&format!("{there}{}", "x".repeat(512))), None);
        for (status, state) in [
            ("RECORDING", VideoFileState::Recording),
            ("PROCESSING", VideoFileState::Processing),
            ("TRANSFER_READY", VideoFileState::Stored),
            ("TRANSFER", VideoFileState::Uploading),
            ("TRANSFER_FINISH", VideoFileState::Uploaded),
            ("PROCESSING_FAIL", VideoFileState::Failed),
            ("TRANSFER_FAIL", VideoFileState::Failed),
            ("DELETED", VideoFileState::Deleted),
            ("NEW", VideoFileState::Unknown),
        ] {
            assert_eq!(shown(&file(status, 0, "-")).state, state, "{status}");
        }
        let long = File {
            resolution: Some("x".repeat(33)),
            ..file("TRANSFER", 0, "-")
        };
        assert_eq!(shown(&long).resolution, None);
    }
}
