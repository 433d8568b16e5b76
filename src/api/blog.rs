//! Channels into blogs: articles with a title.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, SecretReference, duration};

/// Publishes articles as one author of DEV, dev.to, or of another community that runs Forem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DevtoChannel {
    /// The author's name as it stands in the address of the profile. A key of somebody else is refused.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_]+$"))]
    pub username: String,
    /// The Secret with the key apiKey, of the author's settings.
    pub secret_ref: SecretReference,
    /// The address of the API, where it is not `https://dev.to/api`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::twenty_seconds")]
    pub timeout: GoDuration,
}

/// Publishes posts on one WordPress site, as one of its users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WordpressChannel {
    /// The address of the site.
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub url: String,
    /// The login name of the user, who has to be an author at least. A password of somebody else is refused.
    #[schemars(length(min = 1, max = 60), regex(pattern = r"^[^:\x00-\x1f]+$"))]
    pub username: String,
    /// The Secret with the key applicationPassword, made for this purpose in the user's profile.
    pub secret_ref: SecretReference,
    /// How long an answer may take.
    #[serde(default = "duration::twenty_seconds")]
    pub timeout: GoDuration,
}
