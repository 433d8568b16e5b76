//! What a campaign has come to.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{BreakerState, Condition, condition::optional_date_time};

/// What a campaign has come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// What is true of the campaign, since when, and why.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub conditions: Vec<Condition>,
    /// The revision of the branch that is applied, as branch@sha1:hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub applied_revision: Option<String>,
    /// The revision that was last tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub attempted_revision: Option<String>,
    /// When the git host last answered: exact while it does not, and else behind by at most an eighth of maxStaleness. Empty while suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub last_fetched_at: Option<Time>,
    /// The first characters of the applied revision, for the eye.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub revision_short: Option<String>,
    /// How many assets are where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<CampaignCounts>,
    /// The next publication, in the campaign's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub next_publish_at_local: Option<String>,
    /// The next publication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub next_publish_at: Option<Time>,
    /// The first problems of the files, with where they are; the command campanile check prints all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub problems: Vec<SourceProblem>,
    /// How many problems there are in all.
    #[serde(default)]
    pub problem_count: u32,
    /// What the branch approved of each slot is in this ConfigMap: it outlives the Assets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub approval_memory: Option<String>,
    /// How its breakers stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub breakers: Vec<BreakerState>,
    /// When a webhook that reached a standby asked for a look at the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub woken_at: Option<String>,
    /// The value of the annotation campanile.dev/requestedAt that was last answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub last_handled_requested_at: Option<String>,
}

/// How many assets of a campaign are where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignCounts {
    /// Published.
    pub posted: u32,
    /// Waiting for their time, or on their way.
    pub scheduled: u32,
    /// Waiting for a person.
    pub waiting: u32,
    /// Invalid, blocked, halted or missed.
    pub stopped: u32,
    /// Refused, or never sent.
    pub failed: u32,
    /// Sent, outcome not known.
    pub unknown: u32,
    /// Rows that want nothing published.
    pub skipped: u32,
    /// Rows outside the horizon, which are no Assets.
    pub outside: u32,
}

/// One problem of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceProblem {
    /// Path of the file on the branch.
    #[schemars(length(max = 1024))]
    pub path: String,
    /// Line, from 1; left out where the file as a whole is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, from 1, in characters; left out where the line as a whole is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// One word for the kind of problem.
    #[schemars(length(max = 64))]
    pub code: String,
    /// What is wrong and what to do.
    #[schemars(length(max = 512))]
    pub message: String,
}
