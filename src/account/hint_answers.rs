//! How soon hints show in a status.

use super::{client::Client, desk::Target};
use crate::{clock, metrics::Metrics};

/// A pass has told all that is known of these; `shown`: its status was written. A hint whose news the
/// status had already is not measured: something else had brought them.
pub fn answer(client: &Client, targets: &[Target], shown: bool, metrics: &Metrics) {
    for target in targets {
        if let Some(came) = client.desk.answer_hint(target)
            && shown
        {
            let took = clock::now().mono.saturating_duration_since(came);
            metrics.hint_shown(target.about(), took);
        }
    }
}
