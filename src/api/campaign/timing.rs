//! When what a plan names is published, how often it is tried, and how its links are told apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::one;
use crate::api::{GoDuration, TimeOfDay};

/// A time of day for the rows that match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishTime {
    /// Locales that this is for; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 35)))]
    pub locales: Vec<String>,
    /// Platforms that this is for; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 63)))]
    pub platforms: Vec<String>,
    /// Accounts that this is for; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 128)))]
    pub accounts: Vec<String>,
    /// The time of day.
    pub at: TimeOfDay,
    /// Its time zone; the campaign's if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
}

/// How links are told apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tracking {
    /// The query parameter that carries 8 characters of the slot's hash, so that clicks of two accounts can be told apart; empty leaves it out.
    #[serde(default = "default_slot_parameter")]
    #[schemars(length(max = 32), regex(pattern = r"^[A-Za-z0-9_.-]*$"))]
    pub slot_parameter: String,
}

/// What happens to a post whose time has passed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MissedPolicy {
    /// Skip: it is Missed. PublishWithin: it still goes out for a while. Publish: it goes out however late.
    #[serde(default)]
    pub policy: MissedPolicyKind,
    /// How late is still in time, for PublishWithin.
    #[serde(default = "default_within")]
    pub within: GoDuration,
}

/// The ways to treat a post whose time has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MissedPolicyKind {
    /// It is Missed at once.
    Skip,
    /// It still goes out for a while, then it is Missed.
    #[default]
    PublishWithin,
    /// It goes out however late.
    Publish,
}

/// How often something that certainly did not leave is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    /// How many further attempts follow a first one that certainly did not leave.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 100))]
    pub limit: u32,
    /// How long to wait before the next attempt.
    #[serde(default = "ten_minutes")]
    pub after: GoDuration,
}

fn default_within() -> GoDuration {
    GoDuration::from_secs(2 * 3_600)
}

fn default_slot_parameter() -> String {
    "cid".to_owned()
}

fn ten_minutes() -> GoDuration {
    GoDuration::from_secs(600)
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            slot_parameter: default_slot_parameter(),
        }
    }
}

impl Default for MissedPolicy {
    fn default() -> Self {
        Self {
            policy: MissedPolicyKind::default(),
            within: default_within(),
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            limit: one(),
            after: ten_minutes(),
        }
    }
}
