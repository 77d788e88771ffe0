//! The Secret that holds the path of an account's webhooks: made by us, and rotated on demand.
//!
//! Which path the provider posts to is set by its support, by hand. So a path once made stays valid
//! until somebody who knows removes it.

mod plan;

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret as SecretObject};
use kube::{Api, ResourceExt as _, api::PostParams};

pub use self::plan::secret_name;
use self::plan::{Held, PATH, PREVIOUS, ROTATED_ANNOTATION, Step};
use crate::{
    api::{self, ROTATE_WEBHOOK_ANNOTATION, StreamingAccount},
    context::Context,
    object_key::ObjectKey,
    owned_secret,
    report::{Happening, WebhookNews},
    webhooks::{Standing, State, Token, Webhooks},
};

/// How the account's webhook stands; `None` where none are received, or not yet. The Secret is read
/// when it or the wish for a rotation has changed, and written when there is something to change.
pub(super) async fn keep(
    account: &StreamingAccount,
    key: &ObjectKey,
    ctx: &Context,
) -> kube::Result<Option<Standing>> {
    let Some(webhooks) = &ctx.webhooks else {
        return Ok(None);
    };
    let uid = account.uid().unwrap_or_default();
    let asked = api::token(account, ROTATE_WEBHOOK_ANNOTATION);
    if let Some(standing) = webhooks.ledger.current(key, &uid, asked.as_ref()) {
        return Ok(Some(standing));
    }
    let changes = webhooks.ledger.changes(key);
    let keeper = Keeper {
        account,
        key,
        name: secret_name(&key.name),
        asked,
        api: Api::namespaced(ctx.client.clone(), &key.namespace),
        webhooks,
        ctx,
    };
    let Some((state, rotated)) = keeper.look().await? else {
        return Ok(None);
    };
    let standing = Standing {
        secret: keeper.name,
        state,
        rotated,
    };
    webhooks
        .ledger
        .write(key, &uid, keeper.asked, changes, standing.clone());
    Ok(Some(standing))
}

/// The account goes: its tokens are not accepted any more, and the Secret goes before it.
pub(super) async fn withdraw(
    account: &StreamingAccount,
    key: &ObjectKey,
    ctx: &Context,
) -> kube::Result<()> {
    let Some(webhooks) = &ctx.webhooks else {
        return Ok(());
    };
    webhooks.doors.close(key);
    let name = ObjectKey::new(&key.namespace, secret_name(&key.name));
    let api = Api::<SecretObject>::namespaced(ctx.client.clone(), &key.namespace);
    let removed = match ctx.secret(&name).await {
        Ok(Some(secret)) if owned_secret::is_of(account, &secret) => {
            owned_secret::remove(&api, &secret).await
        }
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    match removed {
        // Its owner goes, so the garbage collector takes it.
        Err(error) if owned_secret::refused(&error).is_some() => Ok(()),
        other => other,
    }
}

/// How the webhook stands, and the wish for a rotation that was obeyed.
type Found = (State, Option<String>);

/// One look at the Secret, and what it leads to.
struct Keeper<'a> {
    account: &'a StreamingAccount,
    key: &'a ObjectKey,
    name: String,
    asked: Option<String>,
    api: Api<SecretObject>,
    webhooks: &'a Webhooks,
    ctx: &'a Context,
}

impl Keeper<'_> {
    async fn look(&self) -> kube::Result<Option<Found>> {
        let status = self.account.status.as_ref();
        let receipt = status.and_then(|status| status.rotated_webhook.clone());
        let leaving = self.account.metadata.deletion_timestamp.is_some();
        let name = ObjectKey::new(&self.key.namespace, &self.name);
        let secret = match self.ctx.secret(&name).await {
            Ok(secret) => secret,
            Err(error) => return refused(error, receipt).map(Some),
        };
        let Some(secret) = secret else {
            self.webhooks.doors.close(self.key);
            // Whose key it is must be known, for support is told; and what goes gets nothing new.
            let known = status.is_some_and(|status| status.client_id.is_some());
            if leaving || !known {
                return Ok(None);
            }
            return self.make(receipt).await.map(Some);
        };
        if !owned_secret::is_of(self.account, &secret) {
            self.webhooks.doors.close(self.key);
            return Ok(Some((State::NotOurs, receipt)));
        }
        let held = Held::of(&secret);
        // Until what follows is done, and if it cannot be done, what stands there is accepted.
        self.open(&[&held.path, &held.previous]);
        let step = plan::plan(&held, self.asked.as_ref(), receipt.as_ref());
        let state = match (step, &held.previous) {
            (Step::Replace | Step::Rotate, _) if !leaving => {
                return self.renew(secret, held, receipt).await.map(Some);
            }
            (Step::Wait, _) => State::RotationWaits,
            (_, Some(_)) => State::PreviousPathValid,
            (_, None) => State::Listening,
        };
        Ok(Some((state, held.rotated.or(receipt))))
    }

    /// Makes the Secret, with a first path.
    async fn make(&self, receipt: Option<String>) -> kube::Result<Found> {
        let Ok(token) = Token::random() else {
            return Ok((no_randomness(), receipt));
        };
        let mut secret = owned_secret::new(self.account, &self.name, BTreeMap::new());
        self.put(&mut secret, &token);
        if let Err(error) = self.api.create(&PostParams::default(), &secret).await {
            return refused(error, receipt);
        }
        self.open(&[&Some(token)]);
        let status = self.account.status.as_ref();
        let had_one = status.is_some_and(|status| status.webhook_secret_name.is_some());
        self.tell(if had_one {
            WebhookNews::Replaced(self.name.clone())
        } else {
            WebhookNews::Made(self.name.clone())
        });
        Ok((State::Listening, self.asked.clone().or(receipt)))
    }

    /// Puts a new path in the place of the one that stands there, which becomes the previous one.
    async fn renew(
        &self,
        mut secret: SecretObject,
        held: Held,
        receipt: Option<String>,
    ) -> kube::Result<Found> {
        let Ok(token) = Token::random() else {
            return Ok((no_randomness(), receipt));
        };
        let rotated = held.path.is_some();
        let previous = held.path.or(held.previous);
        self.put(&mut secret, &token);
        let data = secret.data.get_or_insert_default();
        match &previous {
            Some(previous) => data.insert(PREVIOUS.to_owned(), bytes(previous)),
            None => data.remove(PREVIOUS),
        };
        // It carries the resourceVersion of what was read.
        let params = PostParams::default();
        if let Err(error) = self.api.replace(&self.name, &params, &secret).await {
            return refused(error, receipt);
        }
        let state = if previous.is_some() {
            State::PreviousPathValid
        } else {
            State::Listening
        };
        self.open(&[&Some(token), &previous]);
        self.tell(if rotated {
            WebhookNews::Rotated(self.name.clone())
        } else {
            WebhookNews::Replaced(self.name.clone())
        });
        Ok((state, self.asked.clone().or(receipt)))
    }

    /// A new path, and with it the wish that it fulfils.
    fn put(&self, secret: &mut SecretObject, token: &Token) {
        let data = secret.data.get_or_insert_default();
        data.insert(PATH.to_owned(), bytes(token));
        if let Some(asked) = &self.asked {
            secret
                .annotations_mut()
                .insert(ROTATED_ANNOTATION.to_owned(), asked.clone());
        }
    }

    fn open(&self, tokens: &[&Option<Token>]) {
        let digests = tokens.iter().filter_map(|token| token.as_ref());
        let digests = digests.map(Token::digest).collect();
        self.webhooks.doors.open(self.key, digests);
    }

    fn tell(&self, news: WebhookNews) {
        let happening: Happening = Happening::Webhook(news);
        self.ctx.reporter.happened(self.account, &[happening]);
    }
}

fn bytes(token: &Token) -> ByteString {
    ByteString(token.path().expose().as_bytes().to_vec())
}

/// What stands where the apiserver will not do it; other trouble is tried again by another pass.
fn refused(error: kube::Error, receipt: Option<String>) -> kube::Result<Found> {
    match owned_secret::refused(&error) {
        Some(outcome) => Ok((State::Refused(outcome.message().to_owned()), receipt)),
        None => Err(error),
    }
}

fn no_randomness() -> State {
    State::Refused("a path cannot be made: the system gives no random bytes".to_owned())
}
