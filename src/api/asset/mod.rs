//! Asset: one publishable thing for one target.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

mod content;
mod status;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{content::*, status::*};
use super::Target;

/// One publishable thing for one target: a post, an e-mail, a template or a page. Campanile makes these from the branch.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "campanile.dev",
    version = "v1alpha1",
    kind = "Asset",
    plural = "assets",
    shortname = "ast",
    category = "campanile",
    namespaced,
    status = "AssetStatus",
    derive = "PartialEq",
    doc = "One publishable thing for one target: a post, an e-mail, a template or a page. Campanile makes these from the branch.",
    selectable = ".spec.campaign",
    selectable = ".spec.postId",
    selectable = ".spec.target.platform",
    selectable = ".spec.target.account",
    selectable = ".spec.locale",
    selectable = ".status.phase",
    selectable = ".status.reason",
    validation = Rule::new("self.spec.campaign == oldSelf.spec.campaign && self.spec.postId == oldSelf.spec.postId && self.spec.target == oldSelf.spec.target && self.spec.locale == oldSelf.spec.locale && self.spec.item == oldSelf.spec.item && self.spec.occurrence == oldSelf.spec.occurrence").message("campaign, postId, target, locale, item and occurrence say which slot this is: they cannot change"),
    printcolumn(name = "CAMPAIGN", type_ = "string", json_path = ".spec.campaign"),
    printcolumn(name = "PLATFORM", type_ = "string", json_path = ".spec.target.platform"),
    printcolumn(name = "ACCOUNT", type_ = "string", json_path = ".spec.target.account"),
    printcolumn(name = "LOCALE", type_ = "string", json_path = ".spec.locale"),
    printcolumn(name = "PUBLISH-AT", type_ = "string", json_path = ".status.publishAtLocal", description = "Local time, with its zone"),
    printcolumn(name = "PHASE", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "REASON", type_ = "string", json_path = ".status.reason"),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.url"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "POST", type_ = "string", json_path = ".spec.postId", priority = 1),
    printcolumn(name = "TYPE", type_ = "string", json_path = ".spec.type", priority = 1),
    printcolumn(name = "MESSAGE", type_ = "string", json_path = ".status.message", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct AssetSpec {
    /// Name of the Campaign that this belongs to.
    #[schemars(length(min = 1, max = 63))]
    pub campaign: String,
    /// The id of the post, page task or template.
    #[schemars(length(min = 1, max = 256))]
    pub post_id: String,
    /// Where it goes.
    pub target: Target,
    /// The locale of its words, as a BCP 47 tag.
    #[schemars(length(min = 1, max = 35))]
    pub locale: String,
    /// Which part of the post this is: main, thread-2, first-comment.
    #[serde(default = "main_item")]
    #[schemars(length(min = 1, max = 32))]
    pub item: String,
    /// Which declared repeat this is; empty unless the row declares one.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub occurrence: String,
    /// What it is.
    #[serde(rename = "type")]
    pub type_: AssetType,
    /// What the team wants of it: the status column of its row.
    pub intent: Intent,
    /// When it is to be published, as wall-clock time.
    pub schedule: Schedule,
    /// The id of the post of the same campaign that has to be published first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub after: Option<String>,
    /// What a reader receives.
    pub content: AssetContent,
    /// Names of the metrics that stand behind its numbers: the claims column of its row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 256)))]
    pub claims: Vec<String>,
    /// What is wrong with its row or file; an asset with findings of severity Error is Invalid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub findings: Vec<Finding>,
}

/// What an asset is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum AssetType {
    /// A post on a platform: a moment, sent once.
    #[default]
    Post,
    /// An e-mail to an audience: a moment, sent once.
    Email,
    /// A stored e-mail template: a state, replaced in place when it changes.
    Template,
    /// A web page: a state, replaced in place when it changes.
    Page,
}

/// What the team wants of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Intent {
    /// It may go.
    Approved,
    /// It is ready for review.
    Pending,
    /// It is not ready.
    Draft,
    /// It never goes.
    Skip,
    /// A person has published it by hand.
    Posted,
}

/// A wall-clock time in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The day, YYYY-MM-DD; left out where the row's own date cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub date: Option<String>,
    /// The time of day, HH:MM.
    #[schemars(length(max = 5), regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub time: String,
    /// The IANA time zone.
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: String,
}

/// Something that was found in a row or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// One word for the kind of problem; it becomes the reason of an Invalid asset.
    #[schemars(length(min = 1, max = 64))]
    pub code: String,
    /// Error stops the asset, Warning does not.
    pub severity: Severity,
    /// What is wrong and what to do.
    #[schemars(length(max = 512))]
    pub message: String,
    /// Path of the file.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub path: String,
    /// Line, from 1.
    #[serde(default)]
    pub line: u32,
    /// Column, from 1, in characters.
    #[serde(default)]
    pub column: u32,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// It is said, and stops nothing.
    Warning,
    /// It stops the asset.
    #[default]
    Error,
}

fn main_item() -> String {
    "main".to_owned()
}
