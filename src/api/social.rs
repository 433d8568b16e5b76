//! Channels into social networks that anybody may host.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, SecretReference, duration};

/// Posts as one account of a Mastodon instance, or of a server that speaks its API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MastodonChannel {
    /// The address of the instance, such as `https://mastodon.social`.
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: String,
    /// The Secret with the key token, the access token of the account.
    pub secret_ref: SecretReference,
    /// Who sees the posts.
    #[serde(default)]
    pub visibility: MastodonVisibility,
    /// How long a post may be on this instance; it is refused where the instance allows less.
    #[serde(default = "five_hundred")]
    #[schemars(range(min = 1, max = 65536))]
    pub max_characters: u32,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

/// Who sees a post on Mastodon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MastodonVisibility {
    /// Everybody, in public timelines as well.
    #[default]
    Public,
    /// Everybody who looks at the account.
    Unlisted,
    /// Followers.
    Private,
}

/// Posts as one account of Bluesky, or of another server of the AT Protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlueskyChannel {
    /// The account's handle, such as acme.bsky.social or acme.com. An app password of somebody else is refused.
    #[schemars(
        length(min = 3, max = 253),
        regex(
            pattern = r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
        )
    )]
    pub handle: String,
    /// The Secret with the key appPassword, made for this purpose in the account's settings.
    pub secret_ref: SecretReference,
    /// The address of the account's server, where it is not `https://bsky.social`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

fn five_hundred() -> u32 {
    500
}
