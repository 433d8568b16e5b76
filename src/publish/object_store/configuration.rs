//! What a bucket needs of the ChannelConfig and of its Secret.

use std::sync::Arc;

use url::Url;

use super::s3::{Access, S3};
use crate::{
    api::{GitPagesChannel, ObjectStoreChannel, SecretKeyReference},
    publish::{Branch, PublisherOptions, Secrets, SelectError, select::secret_name},
    secret::SecretString,
};

/// Keys of the Secret of a bucket.
const ACCESS_KEY: &str = "accesskey";
const SECRET_KEY: &str = "secretkey";
/// The keys of Secrets that a bucket needs; a folder needs none.
pub(in crate::publish) fn required_secrets(channel: &ObjectStoreChannel) -> Vec<SecretKeyReference> {
    let Some(secret) = channel.secret_ref.as_ref().filter(|_| in_a_bucket(channel)) else {
        return Vec::new();
    };
    [ACCESS_KEY, SECRET_KEY]
        .map(|key| SecretKeyReference {
            name: secret.name.clone(),
            key: key.to_owned(),
        })
        .into()
}

/// The keys of the Secret of a branch: what its address needs, and no other.
pub(in crate::publish) fn required_secrets_of_pages(channel: &GitPagesChannel) -> Vec<SecretKeyReference> {
    let keys = if channel.url.starts_with("http") {
        ["username", "password"]
    } else {
        ["identity", "known_hosts"]
    };
    keys.map(|key| SecretKeyReference {
        name: channel.secret_ref.name.clone(),
        key: key.to_owned(),
    })
    .into()
}

pub(super) fn branch(
    channel: &GitPagesChannel,
    secrets: &Secrets,
    options: &PublisherOptions,
) -> Result<Arc<dyn Branch>, SelectError> {
    let Some(branches) = &options.branches else {
        return Err(SelectError::invalid(
            "spec.gitPages",
            "needs a git that is not here",
        ));
    };
    let of_this = secrets
        .iter()
        .filter(|(wanted, _)| wanted.name == channel.secret_ref.name);
    let data = of_this
        .map(|(wanted, value)| (wanted.key.clone(), value.clone()))
        .collect();
    branches.open(&channel.url, &channel.branch, &data)
}

/// The fields that a bucket needs and the spec leaves out.
pub(in crate::publish) fn missing_fields(channel: &ObjectStoreChannel) -> Vec<String> {
    if !in_a_bucket(channel) {
        return Vec::new();
    }
    [
        ("spec.objectStore.region", channel.region.is_none()),
        ("spec.objectStore.secretRef", channel.secret_ref.is_none()),
    ]
    .into_iter()
    .filter(|(_, missing)| *missing)
    .map(|(name, _)| name.to_owned())
    .collect()
}

fn in_a_bucket(channel: &ObjectStoreChannel) -> bool {
    !channel.url.starts_with("file:")
}

pub(super) fn bucket_store(
    bucket: &str,
    channel: &ObjectStoreChannel,
    secrets: &Secrets,
    options: &PublisherOptions,
) -> Result<S3, SelectError> {
    let [key_id, secret] = [ACCESS_KEY, SECRET_KEY].map(|key| credential(channel, secrets, key));
    let access = Access {
        bucket: bucket.to_owned(),
        endpoint: channel.endpoint.as_deref().map(endpoint).transpose()?,
        region: region(channel)?,
        key_id: key_id?,
        secret: secret?,
        timeout: channel.timeout.0,
    };
    S3::new(&access, options.wire())
        .map_err(|_| SelectError::invalid("spec.objectStore", "cannot be used to reach a bucket"))
}

/// A credential, without the line break that Secrets made from files end in.
fn credential(
    channel: &ObjectStoreChannel,
    secrets: &Secrets,
    key: &str,
) -> Result<SecretString, SelectError> {
    let name = channel
        .secret_ref
        .as_ref()
        .map(|secret| secret.name.clone())
        .unwrap_or_default();
    let reference = SecretKeyReference {
        name,
        key: key.to_owned(),
    };
    let value = secrets
        .get(&reference)
        .map(|value| value.expose().trim().to_owned())
        .unwrap_or_default();
    if value.is_empty() || !value.chars().all(|c| c.is_ascii_graphic()) {
        return Err(SelectError::invalid(
            secret_name(&reference),
            "is empty, or holds what no S3 key holds",
        ));
    }
    Ok(value.into())
}

fn endpoint(text: &str) -> Result<String, SelectError> {
    let invalid = || {
        SelectError::invalid(
            "spec.objectStore.endpoint",
            "is no http or https address of a host alone",
        )
    };
    let url: Url = text.parse().map_err(|_| invalid())?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !bare || !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn region(channel: &ObjectStoreChannel) -> Result<String, SelectError> {
    let region = channel.region.clone().unwrap_or_default();
    let plain = !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if plain {
        Ok(region)
    } else {
        Err(SelectError::invalid(
            "spec.objectStore.region",
            "is no name of a region",
        ))
    }
}
