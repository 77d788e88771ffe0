//! What an object says while its change is held up by more than the rate. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{
    conditions::find,
    outcome::{Outcome, Reason},
    provider::ProviderError,
};

/// What is told of an object of this generation whose call cannot be made now; `None` where its
/// conditions say that already, in whatever words. `account` is the name of its account.
pub fn held_up(
    trouble: &ProviderError,
    account: &str,
    conditions: &[Condition],
    generation: i64,
) -> Option<Outcome> {
    let outcome = match Outcome::from(trouble) {
        // It is the account that a human must mend.
        Outcome::Stalled { message, .. } => Outcome::waiting(
            Reason::AccountNotReady,
            format!("the StreamingAccount {account} cannot be used: {message}"),
        ),
        told @ (Outcome::InStep
        | Outcome::Suspended
        | Outcome::Quiet
        | Outcome::Waiting { .. }
        | Outcome::Failed { .. }) => told,
    };
    // Between two tries the words may change; who waits is not written for that.
    let said = find(conditions, "Ready").is_some_and(|ready| {
        ready.status == "False"
            && ready.observed_generation == Some(generation)
            && (ready.reason == outcome.reason().as_str()
                || ready.reason == Reason::Unauthorized.as_str()
                || ready.reason == Reason::CreationUnknown.as_str())
    });
    (!said).then_some(outcome)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::conditions::Conditions;

    fn down(what: &str) -> ProviderError {
        ProviderError::Unavailable {
            what: what.to_owned(),
        }
    }

    #[test]
    fn it_is_said_once_a_generation() {
        let mut conditions = Conditions::from_old(&[], 1, Timestamp::UNIX_EPOCH);
        conditions.judge(&Outcome::InStep);
        let in_step = conditions.finish();
        let told = held_up(&down("503"), "default", &in_step, 2).unwrap();
        assert_eq!(told.reason(), Reason::ProviderUnavailable);
        let mut conditions = Conditions::from_old(&in_step, 2, Timestamp::UNIX_EPOCH);
        conditions.judge(&told);
        let told = conditions.finish();
        assert_eq!(held_up(&down("502"), "default", &told, 2), None);
        assert!(held_up(&down("503"), "default", &told, 3).is_some());
        let paused = ProviderError::RateLimited { retry_after: None };
        let paused = held_up(&paused, "default", &told, 2);
        assert_eq!(paused.unwrap().reason(), Reason::RateLimited);
    }

    #[test]
    fn a_bad_key_is_the_accounts_fault_and_not_the_objects() {
        let bad = ProviderError::Unauthorized {
            status: 401,
            message: String::new(),
        };
        let told = held_up(&bad, "main", &[], 1).unwrap();
        assert!(
            matches!(&told, Outcome::Waiting { reason: Reason::AccountNotReady, message, .. } if message.contains("main"))
        );
    }
}
