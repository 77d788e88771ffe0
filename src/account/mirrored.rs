//! What a mirror can hold: live streams and broadcasts.

use std::{fmt::Debug, hash::Hash};

use crate::{
    object_key::ObjectKey,
    packed::Pack,
    provider::{BroadcastId, Mark, ObservedBroadcast, ObservedStream, StreamId},
};

/// A thing of a provider, as it was read.
pub trait Mirrored: Clone + PartialEq + Debug + Pack {
    /// The provider's id of it.
    type Id: Clone + Debug + Eq + Ord + Hash;
    /// What says whose it is.
    type Name: Clone + Debug + Eq + Hash;

    /// Its id.
    fn id(&self) -> &Self::Id;

    /// What says whose it is, where something does.
    fn name(&self) -> Option<Self::Name>;

    /// An id as text. Shorter ones are older.
    fn digits(id: &Self::Id) -> &str;

    /// This, with what it leaves out and what such a thing always has taken from the old: lists may
    /// show less than a read by id.
    #[must_use]
    fn completed(self, old: &Self) -> Self;

    /// This, with what we can write taken from the old. What a renewal of the stream key made of the
    /// addresses is known from reads alone.
    #[must_use]
    fn settling(self, old: &Self, rekeyed: bool) -> Self;
}

/// It goes by the object that its mark names, of whatever uid and cluster.
impl Mirrored for ObservedStream {
    type Id = StreamId;
    type Name = ObjectKey;

    fn id(&self) -> &StreamId {
        &self.id
    }

    fn name(&self) -> Option<ObjectKey> {
        self.mark
            .owner()
            .map(|owner| ObjectKey::new(&owner.namespace, &owner.name))
    }

    fn digits(id: &StreamId) -> &str {
        id.as_str()
    }

    fn completed(mut self, old: &Self) -> Self {
        if unshown(&self) {
            self.mark = old.mark.clone();
            let data = &old.settings.gcore.client_entity_data;
            self.settings.gcore.client_entity_data.clone_from(data);
        }
        let (new, old_settings) = (&mut self.settings, &old.settings);
        new.name = new.name.take().or_else(|| old_settings.name.clone());
        new.active = new.active.or(old_settings.active);
        new.auto_record = new.auto_record.or(old_settings.auto_record);
        new.dvr_enabled = new.dvr_enabled.or(old_settings.dvr_enabled);
        new.dvr_seconds = new.dvr_seconds.or(old_settings.dvr_seconds);
        let (gcore, old_gcore) = (&mut new.gcore, &old_settings.gcore);
        gcore.record_type = gcore.record_type.or(old_gcore.record_type);
        gcore.projection = gcore.projection.or(old_gcore.projection);
        gcore.html_overlay = gcore.html_overlay.or(old_gcore.html_overlay);
        gcore.hls_endlist_tag = gcore.hls_endlist_tag.or(old_gcore.hls_endlist_tag);
        let quality_set = &mut new.live_station.quality_set_id;
        *quality_set = quality_set.or(old_settings.live_station.quality_set_id);
        self.ingest = self.ingest.or(&old.ingest);
        self.playback = match (self.playback, &old.playback) {
            (Some(new), Some(old)) => Some(new.or(old)),
            (new, old) => new.or_else(|| old.clone()),
        };
        self
    }

    fn settling(self, old: &Self, rekeyed: bool) -> Self {
        // What the answer to a write left out is taken from whatever shows it.
        let written = old.clone().completed(&self);
        let shown = self.completed(old);
        Self {
            settings: written.settings,
            mark: written.mark,
            ingest: if rekeyed {
                shown.ingest
            } else {
                written.ingest
            },
            ..shown
        }
    }
}

/// Neither the mark nor the text that it stands in was shown.
fn unshown(stream: &ObservedStream) -> bool {
    stream.mark == Mark::Unreadable && stream.settings.gcore.client_entity_data.is_none()
}

/// It goes by its name: the one that it is created under says whose it is.
impl Mirrored for ObservedBroadcast {
    type Id = BroadcastId;
    type Name = String;

    fn id(&self) -> &BroadcastId {
        &self.id
    }

    fn name(&self) -> Option<String> {
        self.settings.name.clone()
    }

    fn digits(id: &BroadcastId) -> &str {
        id.as_str()
    }

    fn completed(mut self, old: &Self) -> Self {
        let (new, old_settings) = (&mut self.settings, &old.settings);
        new.name = new.name.take().or_else(|| old_settings.name.clone());
        new.state = new.state.or(old_settings.state);
        if new.streams.is_none() {
            new.streams.clone_from(&old_settings.streams);
        }
        // A text that is empty is shown as empty.
        for (text, old) in [
            (&mut new.share_url, &old_settings.share_url),
            (&mut new.custom_iframe_url, &old_settings.custom_iframe_url),
            (&mut new.pending_message, &old_settings.pending_message),
        ] {
            if text.is_none() {
                text.clone_from(old);
            }
        }
        new.show_dvr_after_finish = new
            .show_dvr_after_finish
            .or(old_settings.show_dvr_after_finish);
        if self.iframe_url.is_none() {
            self.iframe_url.clone_from(&old.iframe_url);
        }
        self
    }

    fn settling(self, old: &Self, _: bool) -> Self {
        Self {
            settings: old.settings.clone(),
            iframe_url: self.iframe_url.or_else(|| old.iframe_url.clone()),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::Playback,
        provider::{Ingest, Phase, StreamSettings},
        secret::Secret,
    };

    fn stream() -> ObservedStream {
        ObservedStream {
            id: StreamId::new("a"),
            mark: Mark::None,
            settings: StreamSettings::default(),
            live: false,
            recording: None,
            session_started_at: None,
            broadcasts: Vec::new(),
            ingest: Ingest::default(),
            playback: None,
            phase: Phase::Usable,
        }
    }

    /// An answer to a creation may hold little more than the id.
    #[test]
    fn what_a_write_left_out_is_taken_from_the_first_read() {
        let mut read = stream();
        read.settings.active = Some(true);
        read.ingest.push = Some(Secret::new("rtmp://key"));
        let told = read.settling(&stream(), false);
        assert_eq!(told.settings.active, Some(true));
        assert!(told.ingest.push.is_some());
    }

    #[test]
    fn what_was_written_stands_against_an_older_read_and_what_a_list_leaves_out_stays() {
        let mut old = stream();
        old.settings.active = Some(false);
        old.playback = Some(Playback {
            hls: Some("https://a/playlist.m3u8".to_owned()),
            ..Playback::default()
        });
        old.ingest.push = Some(Secret::new("rtmp://new"));
        let mut read = stream();
        read.settings.active = Some(true);
        read.ingest.push = Some(Secret::new("rtmp://old"));
        read.live = true;
        let told = read.settling(&old, false);
        assert_eq!(told.settings.active, Some(false));
        assert_eq!(told.playback, old.playback);
        assert_eq!(told.ingest, old.ingest);
        assert!(told.live);
    }
}
