//! Channels into the social networks of one company each: LinkedIn, X, Reddit, Facebook.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, SecretReference, duration};

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
    /// The address of the API, where it is not `https://api.linkedin.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
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

/// Posts as one account of X.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct XChannel {
    /// The handle of the account, without @; the channel is refused where its credentials are another's.
    #[schemars(length(min = 1, max = 15), regex(pattern = r"^[A-Za-z0-9_]{1,15}$"))]
    pub handle: String,
    /// The Secret: for OAuth1 with the keys consumer_key, consumer_secret, access_token and access_token_secret, for OAuth2 with the key token.
    pub secret_ref: SecretReference,
    /// How requests prove whose they are.
    #[serde(default)]
    pub authentication: XAuthentication,
    /// The address of the API, where it is not `https://api.x.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

/// How requests to X prove whose they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum XAuthentication {
    /// By a signature with the keys of an app and of the account, OAuth 1.0a: they do not expire by themselves.
    #[default]
    OAuth1,
    /// By a token of the account, OAuth 2.0: it lives for two hours, so something of yours has to renew the Secret.
    OAuth2,
}

/// Posts in one subreddit, the account of the ChannelConfig, as one user of Reddit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedditChannel {
    /// The user who posts, without u/: the token has to be theirs.
    #[schemars(length(min = 3, max = 20), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub user: String,
    /// The Secret with the keys clientId, clientSecret and refreshToken: an app, and the user's consent to it.
    pub secret_ref: SecretReference,
    /// The id of the flair template that the posts bear, where the subreddit asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 36), regex(pattern = r"^[0-9a-f-]{36}$"))]
    pub flair: Option<String>,
    /// The address of the API, where it is not `https://oauth.reddit.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// Where access tokens are fetched, where it is not `https://www.reddit.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub token_endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

/// Posts as one page of Facebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FacebookPageChannel {
    /// The number of the page.
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[0-9]+$"))]
    pub page: String,
    /// The Secret with the key token, the access token of the page, not of a person.
    pub secret_ref: SecretReference,
    /// The version of the Graph API.
    #[serde(default = "graph_version")]
    #[schemars(length(max = 8), regex(pattern = r"^v[0-9]{1,3}\.[0-9]{1,2}$"))]
    pub version: String,
    /// The address of the Graph API, where it is not `https://graph.facebook.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

/// The version of the summer of 2026, <https://learn.microsoft.com/en-us/linkedin/marketing/versioning>.
fn linkedin_version() -> String {
    "202607".to_owned()
}

/// That of July 2026, <https://developers.facebook.com/docs/graph-api/changelog>.
fn graph_version() -> String {
    "v26.0".to_owned()
}
