//! Conditions: what is true of an object, since when, and why.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The longest message a condition carries, in bytes; longer ones are cut at a character.
pub const MAX_MESSAGE_BYTES: usize = 1024;

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody can tell yet.
    Unknown,
}

/// One observation about an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is observed, for example Ready.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 64))]
    pub type_: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word that says why.
    #[schemars(length(min = 1, max = 128))]
    pub reason: String,
    /// A sentence that says why, and what to do next.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// The generation of the object that this was observed on.
    #[serde(default)]
    pub observed_generation: i64,
    /// Since when the status is what it is.
    #[schemars(schema_with = "date_time")]
    pub last_transition_time: Time,
}

/// The types of condition that Campanile sets.
pub mod condition_type {
    /// The object is in order.
    pub const READY: &str = "Ready";
    /// Work is under way towards the newest generation (present only while true).
    pub const RECONCILING: &str = "Reconciling";
    /// Nothing will change without a person (present only while true).
    pub const STALLED: &str = "Stalled";
    /// The branch was fetched.
    pub const SOURCE_FETCHED: &str = "SourceFetched";
    /// Every file that the campaign names could be read as what it is.
    pub const SOURCE_PARSED: &str = "SourceParsed";
    /// No row or file part is invalid.
    pub const ROWS_HEALTHY: &str = "RowsHealthy";
    /// Every Secret key that the channel names is there.
    pub const CREDENTIALS_READY: &str = "CredentialsReady";
    /// The platform answered the preflight.
    pub const REACHABLE: &str = "Reachable";
    /// PolicyPacks judge what is published.
    pub const GUARDED: &str = "Guarded";
    /// The rules of a PolicyPack can be applied.
    pub const COMPILED: &str = "Compiled";
    /// The test cases of a PolicyPack come out as it expects.
    pub const TESTS_PASSED: &str = "TestsPassed";
    /// Every route of notifications takes what it is sent.
    pub const NOTIFICATIONS_HEALTHY: &str = "NotificationsHealthy";
    /// Its account's limits leave no room for the asset before it is missed (present only while true).
    pub const WOULD_BE_MISSED: &str = "WouldBeMissed";
    /// Approval objects are believed: nobody can make one in another's name.
    pub const APPROVALS_HONOURED: &str = "ApprovalsHonoured";
    /// An Approval counts.
    pub const VALID: &str = "Valid";
    /// The asset is published.
    pub const PUBLISHED: &str = "Published";
    /// The Halt stops something.
    pub const EFFECTIVE: &str = "Effective";
}

/// The schema of an RFC 3339 instant.
pub(crate) fn date_time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time", "maxLength": 40})
}

/// The schema of an optional RFC 3339 instant.
pub(crate) fn optional_date_time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time", "maxLength": 40, "nullable": true})
}
