//! Channels into the social networks of one company each: LinkedIn.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, SecretReference};

/// Posts on LinkedIn as one organization or one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkedInChannel {
    /// Whom the posts are from: urn:li:organization:5515715, or urn:li:person:AbC-123 for a member.
    #[schemars(
        length(min = 1, max = 128),
        regex(pattern = r"^urn:li:(organization:[0-9]{1,20}|person:[A-Za-z0-9_-]{1,64})$")
    )]
    pub author: String,
    /// The Secret with the key token, the access token of a member who may post as the author.
    pub secret_ref: SecretReference,
    /// Who sees the posts. What an organization posts is always Public.
    #[serde(default)]
    pub visibility: LinkedInVisibility,
    /// The version of the API, as year and month. LinkedIn supports each for a year.
    #[serde(default = "linkedin_version")]
    #[schemars(length(max = 6), regex(pattern = r"^20[0-9]{2}(0[1-9]|1[0-2])$"))]
    pub version: String,
    /// The address of the API, where it is not api.linkedin.com.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "ten_seconds")]
    pub timeout: GoDuration,
}

impl LinkedInChannel {
    /// True where an organization posts: its posts can be read back, those of a member cannot.
    pub fn is_organization(&self) -> bool {
        self.author.starts_with("urn:li:organization:")
    }
}

/// Who sees a post on LinkedIn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LinkedInVisibility {
    /// Everybody.
    #[default]
    Public,
    /// The member's connections.
    Connections,
}

/// The version of the summer of 2026, <https://learn.microsoft.com/en-us/linkedin/marketing/versioning>.
fn linkedin_version() -> String {
    "202607".to_owned()
}

fn ten_seconds() -> GoDuration {
    GoDuration::from_secs(10)
}
