//! Halt: "stop". While it stands, nothing that its selector matches is sent.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    Condition, GoDuration, Target,
    condition::{date_time, optional_date_time},
};

/// Stop: while this exists, nothing that it selects is sent. Delete it, or let `until` come, to go on. Never managed by git.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "campanile.dev",
    version = "v1alpha1",
    kind = "Halt",
    plural = "halts",
    category = "campanile",
    namespaced,
    status = "HaltStatus",
    derive = "PartialEq",
    doc = "Stop: while this exists, nothing that it selects is sent. Delete it, or let `until` come, to go on. Never managed by git.",
    validation = Rule::new("!has(self.spec.resume) || self.spec.resume.policy != 'PublishWithin' || has(self.spec.resume.within)").message("resume.policy PublishWithin needs resume.within: how long after its due instant a post may still go out"),
    printcolumn(name = "SCOPE", type_ = "string", json_path = ".status.scope", description = "What it stops"),
    printcolumn(name = "REASON", type_ = "string", json_path = ".spec.reason"),
    printcolumn(name = "OWNER", type_ = "string", json_path = ".spec.owner"),
    printcolumn(name = "SINCE", type_ = "string", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "UNTIL", type_ = "string", json_path = ".spec.until"),
    printcolumn(name = "AFFECTED", type_ = "integer", json_path = ".status.affected.assets", description = "Assets that it keeps from being sent"),
    printcolumn(name = "EFFECTIVE", type_ = "string", json_path = ".status.conditions[?(@.type==\"Effective\")].status", priority = 1),
    printcolumn(name = "STATE", type_ = "string", json_path = ".status.conditions[?(@.type==\"Effective\")].reason", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct HaltSpec {
    /// What it stops: what every given field matches. `{}` is everything in the namespace.
    pub selector: HaltSelector,
    /// Why, for everybody who is stopped by it.
    #[schemars(length(min = 10, max = 512))]
    pub reason: String,
    /// Whom to ask; breaker/... where a breaker made it.
    #[schemars(length(min = 1, max = 253))]
    pub owner: String,
    /// When it ends by itself; left out, it stands until it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub until: Option<Time>,
    /// What becomes of that which was due while it stood.
    #[serde(default)]
    pub resume: HaltResume,
}

/// What a Halt stops. Fields that are given have to match all; of the entries of one field, any. Upper and lower case count
/// the same, and aliases are resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HaltSelector {
    /// Campaigns, by name or campaignId.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 63)))]
    pub campaigns: Vec<String>,
    /// Channels: the name of a ChannelConfig, its type (webhook), a platform (linkedin), or platform/account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 253)))]
    pub channels: Vec<String>,
    /// Platforms, as the sheet writes them, or types of channels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 63)))]
    pub platforms: Vec<String>,
    /// Accounts, as the sheet writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 128)))]
    pub accounts: Vec<String>,
    /// Locales; en is also en-GB.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 35)))]
    pub locales: Vec<String>,
    /// Labels, all of which stand on the Asset, its Campaign or its ChannelConfig.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    pub labels: BTreeMap<String, String>,
}

/// What becomes of that which was due while a Halt stood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HaltResume {
    /// AskApproval: a person approves it anew. Skip: it is not sent. PublishWithin: it goes out where it is not too late.
    #[serde(default)]
    pub policy: ResumePolicy,
    /// How long after its due instant it may still go out, for PublishWithin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<GoDuration>,
}

/// The ways to go on after a Halt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResumePolicy {
    /// A person approves anew what was due while the Halt stood.
    #[default]
    AskApproval,
    /// What was due while the Halt stood is not sent.
    Skip,
    /// What was due while the Halt stood goes out, unless it is too late.
    PublishWithin,
}

/// What a Halt has come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HaltStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// What is true of the Halt, since when, and why. Effective is False where it matches nothing, and once it has ended.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub conditions: Vec<Condition>,
    /// What it stops, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub scope: Option<String>,
    /// Since when it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub since: Option<Time>,
    /// How much it keeps from being sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<HaltAffected>,
    /// Sends that had passed their last look when it came, and that it could not stop: the first twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub in_flight: Vec<InFlightSend>,
    /// How many such sends there were.
    #[serde(default)]
    pub in_flight_count: u32,
    /// The one asset that is tried first after the Halt of a breaker has run out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<HaltProbe>,
}

/// How much a Halt keeps from being sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HaltAffected {
    /// Campaigns with such assets.
    pub campaigns: u32,
    /// Assets.
    pub assets: u32,
}

/// A send that a Halt came too late for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InFlightSend {
    /// Name of the Receipt.
    #[schemars(length(max = 253))]
    pub receipt: String,
    /// The id of the post.
    #[schemars(length(max = 256))]
    pub post_id: String,
    /// Where it went.
    pub target: Target,
    /// What became of it.
    pub outcome: InFlightOutcome,
}

/// What became of a send that a Halt came too late for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum InFlightOutcome {
    /// It is still on its way, or was given up a moment ago.
    Sending,
    /// It was published.
    Published,
    /// It did not arrive.
    Failed,
    /// Nobody knows.
    Unknown,
}

// What is not known is written as null in the next two: they are merged into what stands.

/// The one asset that is tried after the Halt of a breaker has run out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HaltProbe {
    /// Name of the Asset.
    #[schemars(length(max = 253))]
    pub asset: String,
    /// Since when it may go.
    #[schemars(schema_with = "date_time")]
    pub since: Time,
    /// How it went; left out while nobody knows.
    #[serde(default)]
    pub outcome: Option<ProbeOutcome>,
    /// When that was known.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_time")]
    pub ended_at: Option<Time>,
}

/// How the one asset went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProbeOutcome {
    /// It was published: the rest follows.
    Passed,
    /// It was not: the breaker opens again.
    Failed,
}

/// What the Halt of an asset leaves behind: what becomes of the asset when the Halt has gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetHold {
    /// Name of the Halt.
    #[schemars(length(max = 253))]
    pub halt: String,
    /// Whose Halt it was.
    #[schemars(length(max = 253))]
    pub owner: String,
    /// What follows for this asset where it was due while the Halt stood.
    pub policy: ResumePolicy,
    /// How long after its due instant it may still go out, for PublishWithin.
    #[serde(default)]
    pub within: Option<GoDuration>,
    /// Since when the Halt holds this asset.
    #[schemars(schema_with = "date_time")]
    pub since: Time,
    /// When the Halt was seen to have ended; left out while it stands.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_time")]
    pub ended_at: Option<Time>,
}

fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object", "maxProperties": 16, "additionalProperties": {"type": "string", "maxLength": 63},
    })
}
