//! Asset: one publishable thing for one target.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AssetHold, Condition, ContentField, RuleAction, RuleMode, RuleResult, Target,
    condition::optional_date_time,
};

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

/// Where an asset is, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// What is true of the asset, since when, and why.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub conditions: Vec<Condition>,
    /// Where the asset is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<AssetPhase>,
    /// One word that says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub reason: Option<String>,
    /// A sentence that says why, and what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// Digest of everything a reader would receive; approvals bind to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub content_digest: Option<String>,
    /// The instant of publication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub publish_at: Option<Time>,
    /// The instant of publication as wall-clock time, with its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 96))]
    pub publish_at_local: Option<String>,
    /// Where its words were written, as of that revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<AssetSource>,
    /// What Campanile made from the source: an Asset that differs is restored, and not sent meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
    /// What the branch approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<BranchApprovalRecord>,
    /// The Halt that holds it, and what follows when that has gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt: Option<AssetHold>,
    /// The guard failure for which a Halt was made, so that one that was lifted is not made again for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub halted_for: Option<String>,
    /// What the guards say of its words, while it waits to be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<AssetGuard>,
    /// Name of the Receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub receipt: Option<String>,
    /// Where a reader finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub published_at: Option<Time>,
}

/// Where the words of an asset were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetSource {
    /// The commit.
    #[schemars(length(max = 64))]
    pub revision: String,
    /// The repository and the branch, as host/path#branch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2400))]
    pub repository: String,
    /// Path on the branch.
    #[schemars(length(max = 1024))]
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Who last changed its content; left out where the history does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub author: Option<String>,
    /// Where each part of it stands, so that what is found in it can be shown in its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub places: Option<Vec<FieldPlace>>,
}

/// Where a part of an asset stands in a file: one of its lines, and those that follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldPlace {
    /// The part.
    pub field: ContentField,
    /// Path of the file, where it is another one than the asset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub path: Option<String>,
    /// The line of the part, from 1.
    pub from: u32,
    /// The line of the file, from 1.
    pub line: u32,
    /// The column at which that line of the part begins, from 1, in characters.
    pub column: u32,
    /// True where it stands in double quotes, in which a quote is written twice.
    #[serde(default, skip_serializing_if = "is_false")]
    pub quoted: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What Campanile made from the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// Digest of the spec that was written.
    #[schemars(length(max = 80))]
    pub spec_digest: String,
    /// Why the source no longer stands behind this asset; empty while it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub withdrawn: String,
    /// Since when its row asks for what it asks; an approval of a draft or of what is pending counts only from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub intent_at: Option<Time>,
}

/// What the guards say of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetGuard {
    /// What it comes to.
    pub result: RuleResult,
    /// The PolicyPacks that judged.
    #[serde(default)]
    #[schemars(length(max = 16), inner(length(min = 1, max = 253)))]
    pub policies: Vec<String>,
    /// The first findings, those that stop it before those that do not; the command campanile check prints all.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub findings: Vec<AssetGuardFinding>,
    /// How many findings there are in all.
    #[serde(default)]
    pub finding_count: u32,
}

/// What a rule of a PolicyPack found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetGuardFinding {
    /// Name of the rule.
    #[schemars(length(max = 63))]
    pub rule: String,
    /// Name of the PolicyPack.
    #[schemars(length(max = 253))]
    pub pack: String,
    /// Fail, or Inconclusive.
    pub result: RuleResult,
    /// Error stops the asset, Warning does not.
    pub severity: Severity,
    /// Audit stops nothing.
    pub mode: RuleMode,
    /// What follows from it.
    pub action: RuleAction,
    /// What is wrong and what to do.
    #[schemars(length(max = 512))]
    pub message: String,
    /// The words that are meant.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub excerpt: String,
    /// Path of the file.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub path: String,
    /// Line, from 1; 0 where nobody knows.
    #[serde(default)]
    pub line: u32,
    /// Column, from 1, in characters; 0 where nobody knows.
    #[serde(default)]
    pub column: u32,
}

/// What the branch approved, in whose name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BranchApprovalRecord {
    /// The content digests that the branch approved, newest last.
    #[schemars(length(max = 8), inner(length(max = 80)))]
    pub digests: Vec<String>,
    /// Who last changed the row that was approved; left out where the history does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub by: Option<String>,
    /// The commit in which the approval was first seen.
    #[schemars(length(max = 64))]
    pub revision: String,
    /// When the newest of them was first seen; left out where the row was approved from the first sight on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub at: Option<Time>,
    /// The time of publication that it was approved for: up to 72 hours later is approved too, earlier is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub publish_at: Option<Time>,
}

/// Where an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum AssetPhase {
    /// Not looked at yet.
    Pending,
    /// Its row or file is wrong.
    Invalid,
    /// Something that it needs is missing or not allowed.
    Blocked,
    /// A person has to approve it.
    AwaitingApproval,
    /// A person has to publish it by hand.
    AwaitingPerson,
    /// It waits for its time.
    Scheduled,
    /// It is on its way.
    Publishing,
    /// It is published.
    Posted,
    /// It was refused, or never left.
    Failed,
    /// It was sent, and nobody knows whether it arrived.
    Unknown,
    /// Its time passed.
    Missed,
    /// Nobody wants it published.
    Skipped,
    /// A person or a breaker stopped it.
    Halted,
    /// It was taken back.
    Retracted,
}

fn main_item() -> String {
    "main".to_owned()
}
