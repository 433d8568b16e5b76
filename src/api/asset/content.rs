//! What a reader receives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a reader receives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetContent {
    /// The rendered text: copy, blank line, link.
    #[serde(default)]
    #[schemars(length(max = 65536))]
    pub text: String,
    /// The rendered, sanitised HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub html: Option<String>,
    /// The title, where the platform has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub title: Option<String>,
    /// The subject line of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub subject: Option<String>,
    /// The preview text of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub preview_text: Option<String>,
    /// The excerpt or description of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub excerpt: Option<String>,
    /// The tags of a page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 128)))]
    pub tags: Vec<String>,
    /// The date that a page carries, YYYY-MM-DD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    pub date: Option<String>,
    /// Links of the post, with tracking, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub links: Vec<Link>,
    /// Where the link stands.
    #[serde(default)]
    pub link_placement: LinkPlacement,
    /// Pictures and videos, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub media: Vec<Media>,
    /// The further items of the thread that this begins, in order; each is an Asset of its own, published by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 25), inner(length(max = 65536)))]
    pub thread: Vec<String>,
    /// The first comment under what this begins; an Asset of its own, published by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub first_comment: Option<String>,
    /// The language of the words, as a BCP 47 tag.
    #[serde(default)]
    #[schemars(length(max = 35))]
    pub language: String,
    /// Which way the words run.
    #[serde(default)]
    pub direction: Direction,
    /// Text and HTML that are too long to stand here: where on the branch they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredContent>,
}

/// A link of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Where it leads, tracking included.
    #[schemars(length(min = 1, max = 4096))]
    pub url: String,
}

/// Where the link of a post stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LinkPlacement {
    /// At the end of the text.
    #[default]
    End,
    /// As a card under the text.
    Card,
    /// In the first comment.
    FirstComment,
    /// Nowhere.
    None,
}

/// A picture or video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// Path on the branch.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// Digest of the bytes, sha256:hex.
    #[serde(default)]
    #[schemars(length(max = 80))]
    pub digest: String,
    /// What it shows, for those who cannot see it.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    pub alt_text: String,
}

/// Which way words run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From left to right.
    #[default]
    Ltr,
    /// From right to left.
    Rtl,
}

/// Where on the branch content stands that is too long for an Asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoredContent {
    /// The commit.
    #[schemars(length(min = 1, max = 64))]
    pub revision: String,
    /// Path on the branch.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// Digest of the rendered text and HTML, sha256:hex.
    #[schemars(length(min = 1, max = 80))]
    pub digest: String,
}
