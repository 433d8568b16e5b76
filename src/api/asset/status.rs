//! How an Asset stands, and where it comes from.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;
use crate::api::{
    AssetHold, Condition, ContentField, RuleAction, RuleMode, RuleResult, condition::optional_date_time,
};

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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}
