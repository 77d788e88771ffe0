//! Recordings: `startRecord`, `stopRecord`, what becomes of the files, and their lists.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::callbacks::{self, Event};
use super::channel::{Recording, Status};
use super::errors::{Code, Refusal};
pub(super) use super::record::{Fate, Record};
use super::record::{RecordStatus, Shape};
use super::world::{Account, What, World};
use crate::clock::Moment;
use crate::front::Reply;

/// What is due for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Processed,
    Transferred,
    Expired,
    Forgotten,
}

/// `startRecord`: only while `PUBLISHING` (documented), with a record type that records, and not while it
/// records (this simulator's reading). Gives the seq of the recording.
pub(super) fn start(
    world: &mut World,
    client: u64,
    number: u64,
    now: Moment,
) -> Result<u64, Refusal> {
    let channel = world.account(client).channel(number)?;
    if channel.status != Status::Publishing {
        return Err(Refusal::not_available("The channel is not publishing."));
    }
    if !channel.settings.records() {
        return Err(Refusal::not_available("The channel is set not to record."));
    }
    if channel.recording.is_some() {
        return Err(Refusal::not_available("The channel is recording already."));
    }
    begin(world, client, number, now).ok_or_else(Refusal::no_channel)
}

/// `stopRecord`: only while it records. Gives the seq of the recording.
pub(super) fn stop(
    world: &mut World,
    client: u64,
    number: u64,
    now: Moment,
) -> Result<u64, Refusal> {
    world.account(client).channel(number)?;
    let stopped = finish(world, client, number, false, now);
    stopped.ok_or_else(|| Refusal::not_available("The channel is not recording."))
}

/// A recording begins. Its files are there at once.
pub(super) fn begin(world: &mut World, client: u64, number: u64, now: Moment) -> Option<u64> {
    let seq = world.take_number();
    let account = world.account(client);
    account.remember(number, now);
    let fate = account.fates.pop_front().unwrap_or_default();
    let kept = account.behaviour.records_kept_seconds;
    let follows = account.behaviour.files_follow_format;
    let channel = account.channels.get_mut(&number)?;
    channel.recording = Some(Recording { seq, began: now });
    let settings = channel.settings.clone();
    let (channel_id, stream_seq) = (channel.id.clone(), channel.stream_seq);
    let part = |name| settings.part("record", name);
    let uploads = part("type") == Some("AUTO_UPLOAD");
    let upload = uploads.then(|| {
        let part = |name| part(name).unwrap_or_default().to_owned();
        (part("bucketName"), part("filePath"))
    });
    let format = part("format").filter(|_| follows && uploads);
    for shape in Shape::of(format) {
        let record = Record {
            channel: number,
            channel_id: channel_id.clone(),
            shape,
            status: RecordStatus::Recording,
            seq,
            stream_seq,
            began: now,
            created: now,
            should_delete: now.plus(kept),
            duration: None,
            upload: upload.clone(),
            uploaded: false,
            fate,
            pinned: Map::new(),
        };
        let id = world.take_number();
        world.account(client).records.insert(id, record);
    }
    if fate == Fate::OneProcessingFails {
        spare_all_but_the_last(world.account(client), seq);
    }
    callbacks::tell(world, client, number, Event::OnairStart, now);
    Some(seq)
}

fn spare_all_but_the_last(account: &mut Account, seq: u64) {
    let mut files: Vec<&mut Record> = of_recording(account, seq).collect();
    if let Some(last) = files.pop() {
        last.fate = Fate::ProcessingFails;
    }
    for file in files {
        file.fate = Fate::Good;
    }
}

fn of_recording(account: &mut Account, seq: u64) -> impl Iterator<Item = &mut Record> {
    let records = account.records.values_mut();
    records.filter(move |record| record.seq == seq)
}

/// The recording that runs ends now; `None`: none does.
pub(super) fn finish(
    world: &mut World,
    client: u64,
    number: u64,
    spoilt: bool,
    now: Moment,
) -> Option<u64> {
    let account = world.account(client);
    account.remember(number, now);
    let (kept, wait) = (
        account.behaviour.records_kept_seconds,
        account.behaviour.processing_seconds,
    );
    let recording = account.channels.get_mut(&number)?.recording.take()?;
    let mut ids = Vec::new();
    for (id, record) in &mut account.records {
        if record.seq != recording.seq {
            continue;
        }
        record.status = RecordStatus::Processing;
        record.created = now;
        record.should_delete = now.plus(kept);
        record.duration = Some(now.millis_since(record.began));
        if spoilt {
            record.fate = Fate::ProcessingFails;
        }
        ids.push(*id);
    }
    for id in ids {
        world.plan(client, now, wait, What::Record(id, Step::Processed));
        world.plan(client, now, kept, What::Record(id, Step::Expired));
    }
    callbacks::tell(world, client, number, Event::OnairEnd, now);
    Some(recording.seq)
}

/// What is due for a file now.
pub(super) fn happen(world: &mut World, client: u64, id: u64, step: Step, now: Moment) {
    let account = world.account(client);
    let (transfer, listed) = (
        account.behaviour.transfer_seconds,
        account.behaviour.deleted_records_listed_seconds,
    );
    let Some(record) = account.records.get_mut(&id) else {
        return;
    };
    let next = match (step, record.status) {
        (Step::Processed, RecordStatus::Processing) => match record.fate {
            Fate::ProcessingFails | Fate::OneProcessingFails => {
                record.status = RecordStatus::ProcessingFail;
                None
            }
            Fate::StaysProcessing => None,
            Fate::Good | Fate::TransferFails | Fate::StaysTransferring => {
                let uploads = record.upload.is_some();
                record.status = if uploads {
                    RecordStatus::Transfer
                } else {
                    RecordStatus::TransferReady
                };
                uploads.then_some((transfer, Step::Transferred))
            }
        },
        (Step::Transferred, RecordStatus::Transfer) => {
            if record.fate == Fate::TransferFails {
                record.status = RecordStatus::TransferFail;
            } else if record.fate != Fate::StaysTransferring {
                record.status = RecordStatus::TransferFinish;
                record.uploaded = true;
            }
            None
        }
        (Step::Expired, _) => {
            record.status = RecordStatus::Deleted;
            Some((listed, Step::Forgotten))
        }
        (Step::Forgotten, _) => {
            account.records.remove(&id);
            None
        }
        (Step::Processed | Step::Transferred, _) => None,
    };
    match next {
        Some((wait, step)) if wait > 0.0 => world.plan(client, now, wait, What::Record(id, step)),
        Some((_, step)) => happen(world, client, id, step, now),
        None => {}
    }
}

/// Files as answers have them: a map by id, and their number.
fn map<'a>(records: impl Iterator<Item = (&'a u64, &'a Record)>) -> Reply {
    let list: Map<String, Value> = records
        .map(|(id, record)| (id.to_string(), record.view()))
        .collect();
    let total = list.len();
    let body = json!({"content": {"recordList": list}, "total": total});
    Reply::json(StatusCode::OK, body)
}

/// The files of one recording: the answer to `startRecord` and `stopRecord`.
pub(super) fn recording(account: &Account, seq: u64) -> Reply {
    let records = account.records.iter();
    map(records.filter(|(_, record)| record.seq == seq))
}

/// All files of a channel. There are no pages.
pub(super) fn list(account: &Account, number: u64) -> Reply {
    let records = account.records.iter();
    map(records.filter(|(_, record)| record.channel == number))
}

/// One file of a channel: again a map by id.
pub(super) fn one(account: &Account, number: u64, id: &str) -> Result<Reply, Refusal> {
    let record = id.parse().ok().and_then(|id: u64| account.records.get(&id));
    let record = record.filter(|record| record.channel == number);
    let message = "The record could not be found.";
    let record = record.ok_or_else(|| Refusal::new(Code::NotFound, message))?;
    let body = json!({"content": {id: record.view()}});
    Ok(Reply::json(StatusCode::OK, body))
}
