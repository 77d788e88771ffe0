//! What the spec wants, in the provider seam's words. Pure.

use k8s_openapi::api::core::v1::Secret as SecretObject;

use crate::{
    account::read_secret,
    api::{LiveStreamSpec, SecretKeyRef},
    outcome::{Outcome, Reason},
    provider::{Source, StreamSettings},
    secret::Secret,
};

/// The Secrets that a spec refers to, as they are now.
#[derive(Clone, Debug, Default)]
pub struct Referenced {
    /// That of `srtPassphraseSecretRef`.
    pub srt_passphrase: Option<SecretObject>,
    /// That of `pull.urlsSecretRef`.
    pub pull_urls: Option<SecretObject>,
}

/// The settings that the spec manages.
///
/// # Errors
/// What is wrong with a Secret, as the outcome of the pass.
pub fn want(spec: &LiveStreamSpec, referenced: &Referenced) -> Result<StreamSettings, Outcome> {
    let passphrase = spec.srt_passphrase_secret_ref.as_ref();
    let dvr = spec.dvr.clone().unwrap_or_default();
    Ok(StreamSettings {
        name: spec.display_name.clone(),
        active: spec.active,
        auto_record: spec.auto_record,
        source: source(spec, referenced)?,
        srt_passphrase: passphrase
            .map(|reference| srt_passphrase(reference, referenced.srt_passphrase.as_ref()))
            .transpose()?,
        dvr_enabled: dvr.enabled,
        dvr_seconds: dvr.duration_seconds,
        gcore: spec.gcore.clone().unwrap_or_default(),
        live_station: spec.live_station.clone().unwrap_or_default(),
    })
}

fn source(spec: &LiveStreamSpec, referenced: &Referenced) -> Result<Option<Source>, Outcome> {
    let Some(pull) = &spec.pull else {
        return Ok(None);
    };
    let urls: Vec<Secret> = match (&pull.urls, &pull.urls_secret_ref) {
        (_, Some(reference)) => pull_urls(reference, referenced.pull_urls.as_ref())?,
        (Some(urls), None) => urls.iter().map(Secret::new).collect(),
        (None, None) => Vec::new(),
    };
    Ok(Some(if urls.is_empty() {
        Source::Push
    } else {
        Source::Pull(urls)
    }))
}

/// From 10 to 80 printable ASCII characters without spaces (`OpenAPI` spec, `createStream`).
fn srt_passphrase(
    reference: &SecretKeyRef,
    object: Option<&SecretObject>,
) -> Result<Secret, Outcome> {
    let passphrase = read_secret(reference, object)?;
    let length = passphrase.expose().chars().count();
    let printable = passphrase
        .expose()
        .bytes()
        .all(|byte| byte.is_ascii_graphic());
    if printable && (10..=80).contains(&length) {
        return Ok(passphrase);
    }
    let what = if printable {
        format!("has {length} characters")
    } else {
        "holds spaces or characters that are not printable ASCII".to_owned()
    };
    Err(Outcome::stalled(
        Reason::InvalidSecret,
        format!(
            "the SRT passphrase in key {} of the Secret {} {what}: it needs 10 to 80 printable ASCII characters without spaces",
            reference.key, reference.name
        ),
    ))
}

fn pull_urls(
    reference: &SecretKeyRef,
    object: Option<&SecretObject>,
) -> Result<Vec<Secret>, Outcome> {
    let text = read_secret(reference, object)?;
    let urls: Vec<&str> = text.expose().split_whitespace().collect();
    let fine = urls.len() <= 10
        && urls.iter().all(|url| {
            url.len() <= 2048
                && url.split_once("://").is_some_and(|(scheme, rest)| {
                    !rest.is_empty()
                        && scheme.starts_with(|c: char| c.is_ascii_lowercase())
                        && scheme.chars().all(|c| {
                            c.is_ascii_lowercase() || c.is_ascii_digit() || "+.-".contains(c)
                        })
                })
        });
    if fine {
        return Ok(urls.into_iter().map(Secret::new).collect());
    }
    Err(Outcome::stalled(
        Reason::InvalidSecret,
        format!(
            "key {} of the Secret {} must hold at most 10 addresses of at most 2048 characters, each with a scheme such as \
             rtmp:// or srt://, one on each line",
            reference.key, reference.name
        ),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::ByteString;

    use super::*;
    use crate::api::Pull;

    fn holding(value: &str) -> SecretObject {
        SecretObject {
            data: Some(BTreeMap::from([(
                "k".to_owned(),
                ByteString(value.as_bytes().to_vec()),
            )])),
            ..SecretObject::default()
        }
    }

    fn reference() -> SecretKeyRef {
        SecretKeyRef {
            name: "s".into(),
            key: "k".into(),
        }
    }

    #[test]
    fn passphrases_have_bounds_and_are_not_repeated_in_the_message() {
        for (text, fine) in [
            ("123456789", false),
            ("1234567890", true),
            ("with a space", false),
            ("pässphrase1", false),
        ] {
            let result = srt_passphrase(&reference(), Some(&holding(text)));
            assert_eq!(result.is_ok(), fine, "{text}");
            if let Err(outcome) = result {
                assert!(!outcome.message().contains(text), "{}", outcome.message());
            }
        }
        let long = "x".repeat(81);
        assert!(srt_passphrase(&reference(), Some(&holding(&long))).is_err());
    }

    #[test]
    fn an_empty_list_of_addresses_is_push_and_none_is_unmanaged() {
        let mut spec = LiveStreamSpec::default();
        assert_eq!(want(&spec, &Referenced::default()).unwrap().source, None);
        spec.pull = Some(Pull {
            urls: Some(vec![]),
            urls_secret_ref: None,
        });
        assert_eq!(
            want(&spec, &Referenced::default()).unwrap().source,
            Some(Source::Push)
        );
        spec.pull = Some(Pull {
            urls: None,
            urls_secret_ref: Some(reference()),
        });
        let referenced = Referenced {
            pull_urls: Some(holding("srt://a:1?passphrase=secret\nrtmp://b/c\n")),
            ..Referenced::default()
        };
        let Some(Source::Pull(urls)) = want(&spec, &referenced).unwrap().source else {
            panic!()
        };
        assert_eq!(urls.len(), 2);
    }

    #[test]
    fn what_the_spec_leaves_out_is_not_wanted() {
        assert_eq!(
            want(&LiveStreamSpec::default(), &Referenced::default()),
            Ok(StreamSettings::default())
        );
    }
}
