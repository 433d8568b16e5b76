//! Approval: what one person decided about exactly these words.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Condition,
    condition::{date_time, optional_date_time},
};

/// What one person decided about exactly these words, for this time. It cannot be changed: decide anew, or delete it.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "campanile.dev",
    version = "v1alpha1",
    kind = "Approval",
    plural = "approvals",
    shortname = "appr",
    category = "campanile",
    namespaced,
    status = "ApprovalStatus",
    derive = "PartialEq",
    doc = "What one person decided about exactly these words, for this time. It cannot be changed: decide anew, or delete it.",
    selectable = ".spec.approver",
    selectable = ".spec.decision",
    validation = Rule::new("self.spec == oldSelf.spec").message("an Approval cannot change: make another one"),
    validation = Rule::new("self.spec.decision != 'Deny' || (has(self.spec.comment) && size(self.spec.comment) > 0)").message("say in spec.comment why you deny it"),
    validation = Rule::new("self.spec.decision != 'Deny' || (!has(self.spec.breakGlass) && !has(self.spec.expiresAt))").message("breakGlass and expiresAt are for Approve: a denial stands until the words change"),
    printcolumn(name = "APPROVER", type_ = "string", json_path = ".spec.approver"),
    printcolumn(name = "DECISION", type_ = "string", json_path = ".spec.decision"),
    printcolumn(name = "ASSET", type_ = "string", json_path = ".spec.targets[0].asset", description = "The first asset that it is about"),
    printcolumn(name = "ASSETS", type_ = "integer", json_path = ".status.assets", description = "How many assets it is about"),
    printcolumn(name = "VALID", type_ = "string", json_path = ".status.conditions[?(@.type==\"Valid\")].status", description = "Whether it counts"),
    printcolumn(name = "REASON", type_ = "string", json_path = ".status.conditions[?(@.type==\"Valid\")].reason"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "COMMENT", type_ = "string", json_path = ".spec.comment", priority = 1),
    printcolumn(name = "MESSAGE", type_ = "string", json_path = ".status.conditions[?(@.type==\"Valid\")].message", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalSpec {
    /// Who decides: the name under which the API server knows who makes this. Another name is refused.
    #[schemars(length(min = 1, max = 320))]
    pub approver: String,
    /// Groups of the approver that count here, such as marketing-leads. A group that the API server does not know the approver by is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    pub groups: Vec<String>,
    /// What is decided about.
    #[schemars(length(min = 1, max = 200))]
    pub targets: Vec<ApprovalTarget>,
    /// Approve or Deny.
    pub decision: Decision,
    /// Why; a denial needs it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1024))]
    pub comment: String,
    /// Set in an emergency: this approval alone is enough, whatever the campaign asks of approvers and windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
    /// From then on it approves nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub expires_at: Option<Time>,
}

/// One asset, its words, and the time that they were approved for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalTarget {
    /// Name of the Asset.
    #[schemars(length(min = 1, max = 253))]
    pub asset: String,
    /// Its status.contentDigest, as sha256:hex: other words are not decided about.
    #[schemars(length(min = 71, max = 71), regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub content_digest: String,
    /// Its status.publishAt: up to 72 hours later is approved too, earlier is not. Left out: whatever its time is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub publish_at: Option<Time>,
}

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Decision {
    /// It may go.
    Approve,
    /// It must not go with these words.
    Deny,
}

/// An emergency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakGlass {
    /// What the emergency is; it is kept on the Receipt.
    #[schemars(length(min = 10, max = 512))]
    pub reason: String,
}

/// Whether an approval counts, and what went out by it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// What is true of the approval, since when, and why.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub conditions: Vec<Condition>,
    /// How many assets it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<u32>,
    /// What went out by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub consumed_by: Vec<Consumption>,
}

/// A publication that an approval allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consumption {
    /// Name of the Asset.
    #[schemars(length(max = 253))]
    pub asset: String,
    /// Name of the Receipt.
    #[schemars(length(max = 253))]
    pub receipt: String,
    /// The epoch of the slot: a released slot needs a new approval.
    pub epoch: u32,
    /// When it was published.
    #[schemars(schema_with = "date_time")]
    pub at: Time,
}
