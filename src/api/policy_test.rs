//! Test cases that a PolicyPack carries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AssetType;

/// A post, and what a rule says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyTest {
    /// What the test shows, in a sentence.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// The post.
    pub asset: TestAsset,
    /// What is expected.
    pub expect: TestExpectation,
}

/// The post of a test; what is left out is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestAsset {
    /// Its text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 16384))]
    pub text: String,
    /// Its HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub html: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub title: Option<String>,
    /// The subject of an e-mail.
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
    /// The language.
    #[schemars(length(min = 2, max = 35))]
    pub locale: String,
    /// The platform.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub platform: String,
    /// The account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 128))]
    pub account: String,
    /// The id of the post.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub post_id: String,
    /// The campaign.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub campaign: String,
    /// What it is; a post if left out.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<AssetType>,
    /// Its links; links that stand in the text count by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub links: Vec<TestLink>,
    /// Its pictures, each by the words for those who cannot see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 4096)))]
    pub alt_texts: Vec<String>,
    /// The names of its claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 256)))]
    pub claims: Vec<String>,
    /// Texts of other posts on the same account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(length(max = 16384)))]
    pub other_posts: Vec<String>,
    /// The text of the file of claims that the test is judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub registry: Option<String>,
    /// The day on which the test is judged, YYYY-MM-DD; 2026-02-16 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub on: Option<String>,
}

/// A link of a test, and what asking for it gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestLink {
    /// Where it leads.
    #[schemars(length(min = 1, max = 4096))]
    pub url: String,
    /// The HTTP status of the answer; left out where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 100, max = 999))]
    pub status: Option<u16>,
}

/// What a rule is expected to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestExpectation {
    /// The rule.
    #[schemars(length(min = 1, max = 63))]
    pub rule: String,
    /// What it says: Pass, Fail or Inconclusive. A rule that does not select the post passes it.
    pub result: RuleResult,
}

/// What a rule says of a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum RuleResult {
    /// Nothing is wrong.
    #[default]
    Pass,
    /// Nobody can tell; it never passes by itself.
    Inconclusive,
    /// Something is wrong.
    Fail,
}
