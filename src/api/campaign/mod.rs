//! Campaign: the container of a team's plan, and where on which branch it is written.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

mod approving;
mod newsletter;
mod source;
mod status;
mod timing;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use self::{approving::*, newsletter::*, source::*, status::*, timing::*};
use super::{Breakers, GoDuration, Notify, PolicyReference, TimeOfDay, condition::optional_date_time};

/// A campaign: which files of which git branch say what is published, and the rules of time that hold for all of it.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "campanile.dev",
    version = "v1alpha1",
    kind = "Campaign",
    plural = "campaigns",
    shortname = "camp",
    category = "campanile",
    namespaced,
    status = "CampaignStatus",
    derive = "PartialEq",
    doc = "A campaign: which files of which git branch say what is published, and the rules of time that hold for all of it.",
    validation = Rule::new("size(self.metadata.name) <= 63").message("the name of a Campaign has at most 63 characters"),
    validation = Rule::new("!has(self.spec.approval) || !has(self.spec.approval.mode) || self.spec.approval.mode != 'Window' || has(self.spec.approval.window)").message("approval.mode Window needs approval.window: when decisions are made"),
    validation = Rule::new("!has(self.spec.approval) || !has(self.spec.approval.mode) || self.spec.approval.mode != 'Autonomous' || (has(self.spec.policies) && size(self.spec.policies) > 0 && (has(self.spec.maxPublishesPerDay) || has(self.spec.max_publishes_per_day)))").message("approval.mode Autonomous needs policies and maxPublishesPerDay: what nobody reads is guarded and bounded"),
    validation = Rule::new("has(self.spec.campaignId) == has(oldSelf.spec.campaignId) && (!has(self.spec.campaignId) || self.spec.campaignId == oldSelf.spec.campaignId)").message("campaignId is immutable: receipts are kept under it"),
    printcolumn(name = "READY", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether the newest revision of the branch is read and applied"),
    printcolumn(name = "REVISION", type_ = "string", json_path = ".status.revisionShort", description = "The revision that is applied"),
    printcolumn(name = "POSTED", type_ = "integer", json_path = ".status.counts.posted", description = "Published"),
    printcolumn(name = "SCHEDULED", type_ = "integer", json_path = ".status.counts.scheduled", description = "Waiting for their time"),
    printcolumn(name = "WAITING", type_ = "integer", json_path = ".status.counts.waiting", description = "Waiting for a person"),
    printcolumn(name = "STOPPED", type_ = "integer", json_path = ".status.counts.stopped", description = "Invalid, blocked, halted or missed"),
    printcolumn(name = "FAILED", type_ = "integer", json_path = ".status.counts.failed", description = "Refused by the platform, or never sent"),
    printcolumn(name = "UNKNOWN", type_ = "integer", json_path = ".status.counts.unknown", description = "Sent, but nobody knows whether it arrived"),
    printcolumn(name = "GUARDED", type_ = "string", json_path = ".status.conditions[?(@.type==\"Guarded\")].status", description = "Whether PolicyPacks judge what is published; empty where policies: [] says that none shall"),
    printcolumn(name = "NEXT", type_ = "string", json_path = ".status.nextPublishAtLocal", description = "The next publication, in the campaign's time zone"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "REASON", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    printcolumn(name = "WEEK", type_ = "string", json_path = ".spec.weekId", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct CampaignSpec {
    /// The week or launch that this campaign is, as the task queue names it; a queue of another week is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub week_id: Option<String>,
    /// The name that receipts are kept under, by default the Campaign's own. Keep it when you rename a Campaign, and nothing is published again. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub campaign_id: Option<String>,
    /// Where the plan is written.
    pub source: CampaignSource,
    /// The time zone of dates and times that name none, such as Asia/Jerusalem. There is no default: a date without a zone is no instant.
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: String,
    /// The time of day for rows that name none.
    #[serde(default = "default_publish_time")]
    pub default_publish_time: TimeOfDay,
    /// Times of day for some of the rows: the first entry that matches a row counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub times: Vec<PublishTime>,
    /// How links are told apart.
    #[serde(default)]
    pub tracking: Tracking,
    /// What happens to a post whose time has passed before it could go out.
    #[serde(default)]
    pub missed: MissedPolicy,
    /// How often something that certainly did not leave is tried again.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// How approval works.
    #[serde(default)]
    pub approval: ApprovalPolicy,
    /// The PolicyPacks of this namespace that everything has to pass; an empty list says that nobody shall judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub policies: Option<Vec<PolicyReference>>,
    /// Who is told what happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// How far ahead rows become Assets; later rows are only counted.
    #[serde(default = "default_horizon")]
    pub horizon: GoDuration,
    /// False: the branch is read, planned and reviewed, but nothing is sent.
    #[serde(default = "yes")]
    pub publish_enabled: bool,
    /// True: the branch is not read and nothing is sent.
    #[serde(default)]
    pub suspend: bool,
    /// What makes a Halt on this campaign by itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub breakers: Breakers,
    /// publishEnabled by another name; what is false in either holds.
    #[serde(default, rename = "publish_enabled", skip_serializing_if = "Option::is_none")]
    pub other_publish_enabled: Option<bool>,
    /// breakers.maxGuardFailuresBeforeHalt by another name; the lower of the two holds.
    #[serde(
        default,
        rename = "max_guard_failures_before_halt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 10000))]
    pub other_max_guard_failures_before_halt: Option<u32>,
    /// breakers.haltUntil by another name; the later of the two holds.
    #[serde(default, rename = "halt_until", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub other_halt_until: Option<Time>,
    /// How many targets of this campaign are published on one day of timeZone; what is over it waits for the next day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_publishes_per_day: Option<u32>,
    /// maxPublishesPerDay by another name; the lower of the two holds.
    #[serde(
        default,
        rename = "max_publishes_per_day",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 100_000))]
    pub other_max_publishes_per_day: Option<u32>,
}

fn default_publish_time() -> TimeOfDay {
    TimeOfDay { hour: 8, minute: 10 }
}

fn default_horizon() -> GoDuration {
    GoDuration::from_secs(14 * 86_400)
}

fn one() -> u32 {
    1
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
