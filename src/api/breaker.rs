//! Breakers: what makes a Halt by itself, on a Campaign or a ChannelConfig.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, HaltResume, condition::optional_date_time};

/// What makes a Halt by itself. Nothing of it is on unless it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Breakers {
    /// So many assets that were due within guardFailureWindow and could not go, because a guard stopped them or their row is Invalid, make a Halt. Each counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_guard_failures_before_halt: Option<u32>,
    /// How far back guard failures count; 24h if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard_failure_window: Option<GoDuration>,
    /// So many sends in a row that failed make a Halt; one that was published begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_consecutive_failures: Option<u32>,
    /// So many slots of which nobody knows whether they arrived make a Halt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_unknown: Option<u32>,
    /// True: credentials that the platform refuses make a Halt, which stands also when they are mended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub halt_on_rejected_credentials: bool,
    /// Until then nothing is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub halt_until: Option<Time>,
    /// How long a Halt of a breaker stands before one asset is tried; left out, it stands until it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt_for: Option<GoDuration>,
    /// What becomes of that which was due while such a Halt stood; AskApproval if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<HaltResume>,
}

/// The breakers that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum BreakerKind {
    /// Assets that were due and that a guard stopped, or whose row is Invalid.
    GuardFailures,
    /// Sends in a row that failed.
    ConsecutiveFailures,
    /// Slots of which nobody knows whether they arrived.
    UnknownOutcomes,
    /// Credentials that the platform refuses.
    RejectedCredentials,
    /// An instant before which nothing is sent.
    HaltUntil,
}

/// How a breaker stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakerState {
    /// Which breaker.
    pub breaker: BreakerKind,
    /// Evidence from before this instant counts no more: it made a Halt that has been lifted. For haltUntil, the instant that somebody lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub count_since: Option<Time>,
    /// The Halt that it has made and that has not been lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub halt: Option<String>,
}
