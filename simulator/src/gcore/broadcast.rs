//! One broadcast, and how the API shows it.

use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;
use super::fields::Settings;
use super::shelf::Kept;
use crate::clock::Moment;

/// It has a call of its own.
pub(super) const SPECTATORS: &str = "spectators_count";

/// A broadcast of the provider.
#[derive(Clone, Debug)]
pub(super) struct Broadcast {
    pub(super) id: u64,
    pub(super) client: u64,
    pub(super) settings: Settings,
    /// No answer shows it.
    pub(super) created_at: Moment,
    /// Fields as a person set them in the world, over what would be shown.
    pub(super) pinned: Map<String, Value>,
}

impl Kept for Broadcast {
    fn created_at(&self) -> Moment {
        self.created_at
    }
}

impl Broadcast {
    pub(super) fn status(&self) -> &str {
        self.settings.text("status")
    }

    /// The broadcast as the API shows it.
    pub(super) fn view(&self, ways: &Behaviour) -> Value {
        let Self { id, client, .. } = self;
        let player = format!("https://player.gvideo.co/broadcasts/{client}_{id}");
        let poster = |size: &str| {
            let given = !self.settings.text("poster").is_empty();
            let host = "https://static.gvideo.co/videoplatform/posters/broadcast";
            given.then(|| format!("{host}/{id}{size}.jpg"))
        };
        let mut fields = self.settings.all().clone();
        let made = json!({
            "id": id,
            "client_id": client,
            "client_user_id": null,
            "custom_messages": {},
            "iframe_url": player,
            "iframe_embed_code": format!(
                "<iframe width=\"560\" height=\"315\" src=\"{player}\" frameborder=\"0\" allowfullscreen></iframe>"
            ),
            "poster": poster(""),
            "poster_thumb": poster("_thumb"),
        });
        if let Value::Object(made) = made {
            fields.extend(made);
        }
        for (name, value) in &self.pinned {
            fields.insert(name.clone(), value.clone());
        }
        fields.remove(SPECTATORS);
        if ways.omit_nulls {
            fields.retain(|_, value| !value.is_null());
        }
        Value::Object(fields)
    }

    /// How many watch now; nobody, until a person in the world says otherwise.
    pub(super) fn spectators(&self) -> Value {
        let said = self.pinned.get(SPECTATORS);
        said.cloned().unwrap_or_else(|| json!(0))
    }
}
