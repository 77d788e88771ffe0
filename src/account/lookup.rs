//! The account of an object, or why it cannot be used.

use kube::Resource;

use super::Account;
use crate::{
    clock::Now,
    context::Context,
    object_key::ObjectKey,
    outcome::{Outcome, Reason},
};

/// The open account that an object names. `in_step` says that its spec was carried out.
///
/// # Errors
/// What the object's pass says instead.
pub fn find<K: Resource>(
    ctx: &Context,
    object: &K,
    account: &ObjectKey,
    in_step: bool,
    now: Now,
) -> Result<Account, Outcome> {
    if let Some(open) = ctx.registry.get(account) {
        return Ok(open);
    }
    let Some(found) = ctx.accounts.get(&account.reference()) else {
        let outcome = Outcome::stalled(
            Reason::AccountNotFound,
            format!(
                "there is no StreamingAccount {} in this namespace: create it, or name another one in spec.accountRef",
                account.name
            ),
        );
        return Err(ctx.with_grace(outcome, now.age(object)));
    };
    // What was in step stays so: the account says what is wrong with it. And what this process
    // has not tried yet, nobody can say anything about.
    if in_step || !ctx.registry.tried(account) {
        return Err(Outcome::Quiet);
    }
    let ready = found
        .status
        .iter()
        .flat_map(|s| &s.conditions)
        .find(|c| c.type_ == "Ready" && c.status == "False");
    Err(ready.map_or(Outcome::Quiet, |ready| {
        Outcome::waiting(
            Reason::AccountNotReady,
            format!(
                "the StreamingAccount {} cannot be used: {}",
                account.name, ready.message
            ),
        )
    }))
}
