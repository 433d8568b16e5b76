//! Channels: the one seam through which something leaves for a platform.
//!
//! A [`Publisher`] is told everything in a [`Publication`] and knows nothing of Kubernetes. [`select()`] makes the
//! one that a ChannelConfig describes. `tests/it/conformance.rs` is the suite that each of them passes.

mod bluesky;
mod branch;
mod devto;
mod discord;
mod document;
mod error;
mod facebook_page;
mod linkedin;
mod manual;
mod mastodon;
mod object_store;
mod platform;
mod reddit;
mod said;
mod select;
mod slack;
mod smtp;
mod telegram;
mod webhook;
mod wire;
mod wordpress;
mod x;

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

use crate::domain::publication::Publication;
pub use branch::{Branch, BranchFile, BranchWrite, BranchWritten, Branches};
pub use document::{AssetPublish, AssetPublishType, PublishedAsset, webhook_schema};
pub use error::{Outcome, PublishError};
pub use select::{PublisherOptions, Publishers, Secrets, SelectError, required_secrets, select};

/// Longest id of a platform that is kept, in bytes (`Receipt.status.remoteId`).
const MAX_REMOTE_ID: usize = 1024;
/// Longest address that is kept, in bytes (`Receipt.status.url`).
const MAX_URL: usize = 2048;

/// What makes a second request for the same publication safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A: we choose the name of what is published, and the platform refuses the name a second time.
    NaturalKey,
    /// B: the platform remembers our key and acts once on it.
    IdempotencyKey {
        /// For how long it remembers.
        window: Duration,
    },
    /// C: the platform can be asked what it has.
    LookUp,
    /// D: nothing does; a person has to look.
    Neither,
}

impl Class {
    /// The letter in the table of channels.
    pub const fn letter(self) -> char {
        match self {
            Self::NaturalKey => 'A',
            Self::IdempotencyKey { .. } => 'B',
            Self::LookUp => 'C',
            Self::Neither => 'D',
        }
    }

    /// The name in `ChannelConfig.status.class`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NaturalKey => "NaturalKey",
            Self::IdempotencyKey { .. } => "IdempotencyKey",
            Self::LookUp => "LookUp",
            Self::Neither => "Neither",
        }
    }
}

/// What a preflight proved, in a sentence for the channel's condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// What was proved, and what was not.
    pub message: String,
}

/// What was prepared invisibly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What commit is told: a draft, a path, a key; at most 1024 bytes.
    pub id: String,
}

/// What a platform has published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The platform's own id, at most 1024 bytes, without control characters and marks that hide or reorder text.
    pub remote_id: Option<String>,
    /// Where a reader finds it: http or https, at most 2048 bytes, no user information.
    pub url: Option<String>,
}

impl Published {
    /// Keeps an id and an address that a platform named, where they can be believed; a cut one would be a wrong one.
    pub(crate) fn named(remote_id: Option<String>, url: Option<&str>) -> Self {
        Self {
            remote_id: remote_id.filter(|id| {
                !id.is_empty()
                    && id.len() <= MAX_REMOTE_ID
                    && !id.chars().any(|c| c.is_control() || said::invisible(c))
            }),
            url: url.and_then(readers_url),
        }
    }
}

fn readers_url(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let shown = url.to_string();
    (matches!(url.scheme(), "http" | "https") && plain && shown.len() <= MAX_URL).then_some(shown)
}

/// What a look at the platform found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One of our attempts was published.
    Published(Published),
    /// What stands there has the words of our attempts and nothing that says whose slot it is: ours, unless another receipt
    /// has it.
    Alike(Published),
    /// None was, as of this look. An earlier request that is still under way may yet arrive.
    Absent,
    /// The platform cannot be asked.
    CannotTell,
}

/// A channel to one account on one platform.
///
/// # Guarantees
/// No method sends a request twice, follows a redirect, or uses a proxy of the environment. Every wait is bounded.
#[async_trait]
pub trait Publisher: Debug + Send + Sync {
    /// Which channel this is, as `ChannelConfig.status.type` names it.
    fn channel_type(&self) -> &'static str;

    /// What makes a second request safe.
    fn class(&self) -> Class;

    /// Digest, `sha256:` and hex, of where it sends: an outcome that is not known is only settled at the same place.
    fn endpoint_digest(&self) -> String;

    /// The longest that [`Publisher::commit`] takes.
    fn send_timeout(&self) -> Duration;

    /// Proves that the platform can be reached, and that it keeps the promises of [`Publisher::class`] as far as
    /// this can be seen without publishing.
    ///
    /// Safe to repeat, also at the same time as other replicas.
    ///
    /// # Errors
    /// The outcome says what stands in the way; nothing was published.
    async fn preflight(&self) -> Result<Preflight, PublishError>;

    /// Does everything that no reader can see yet.
    ///
    /// # Errors
    /// `Rejected` where the publication lacks what the channel needs.
    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError>;

    /// Publishes what was prepared: the one step that cannot be undone.
    ///
    /// A future that is dropped before its end has an outcome too: `Unknown`.
    ///
    /// # Errors
    /// The outcome says what is known. `Unknown` whenever the platform may have acted.
    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError>;

    /// Looks whether any recorded attempt of this publication was published.
    ///
    /// # Errors
    /// `Drifted` where it was published and then changed by somebody, `Rejected` where another's stands in its
    /// place; any other outcome says why the look failed, and nothing about the publication.
    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_only_where_a_reader_could_open_it() {
        let url = |text: &str| Published::named(None, Some(text)).url;
        assert_eq!(
            url("https://example.com/a").as_deref(),
            Some("https://example.com/a")
        );
        for text in [
            "javascript:alert(1)",
            "not a url",
            "https://user:word@example.com/",
            "ftp://example.com/",
        ] {
            assert_eq!(url(text), None, "{text}");
        }
        assert_eq!(url(&format!("https://example.com/{}", "a".repeat(MAX_URL))), None);
    }

    #[test]
    fn an_id_that_is_too_long_is_dropped_rather_than_cut() {
        let id = |text: String| Published::named(Some(text), None).remote_id;
        assert_eq!(id("7".into()).as_deref(), Some("7"));
        assert_eq!(id("7".repeat(MAX_REMOTE_ID + 1)), None);
        assert_eq!(id("a\u{0}b".into()), None);
        assert_eq!(id("a\u{202E}b".into()), None);
        assert_eq!(id(String::new()), None);
    }
}
