//! Campaign: the container of a team's plan, and where on which branch it is written.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BreakerState, Breakers, Condition, GoDuration, Notify, PolicyReference, SecretKeyReference,
    SecretReference, TimeOfDay, Weekday, condition::optional_date_time,
};

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

/// Where the plan is written: a branch, and the files on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignSource {
    /// The branch.
    pub git: GitSource,
    /// Publishing sheets, CSV or JSON. A path may be a glob.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub sheets: Vec<SheetFile>,
    /// E-mail copy in Markdown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub emails: Vec<EmailFile>,
    /// Task queues in JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub queues: Vec<QueueFile>,
    /// How long the last good revision goes on being published when the git host cannot be reached.
    #[serde(default = "default_max_staleness")]
    pub max_staleness: GoDuration,
}

/// A branch of a git repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitSource {
    /// The repository: https, http or ssh.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// The branch, without refs/heads/.
    #[schemars(length(min = 1, max = 255))]
    pub branch: String,
    /// How often the branch is looked at when no webhook wakes us.
    #[serde(default = "default_interval")]
    pub interval: GoDuration,
    /// The Secret with the credentials: username and password, or bearerToken, or identity and known_hosts; and ca.crt for a private authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// The secret that webhooks of the git host are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret_ref: Option<SecretKeyReference>,
}

/// A publishing sheet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SheetFile {
    /// Path on the branch; may be a glob such as docs/gtm/*.csv.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
}

/// A file of e-mail templates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailFile {
    /// Path on the branch; may be a glob.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// The account of the channel on platform email that keeps these templates.
    #[schemars(length(min = 1, max = 128))]
    pub account: String,
    /// Placeholders that the sender fills in and that need no fallback in the copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 64)))]
    pub variables: Vec<String>,
    /// Finished HTML for some of the e-mails; the others are rendered from the copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    pub html: Vec<EmailHtml>,
    /// Words that label the parts of an e-mail in another language; English and Hebrew are known already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub labels: Vec<EmailLabels>,
}

/// Finished HTML for one e-mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailHtml {
    /// The step of the e-mail, such as D0.
    #[schemars(length(min = 1, max = 32))]
    pub step: String,
    /// The locale of the e-mail.
    #[schemars(length(min = 1, max = 35))]
    pub locale: String,
    /// Path of the HTML file on the branch.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
}

/// The words that label the parts of an e-mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailLabels {
    /// The locale that these words belong to.
    #[schemars(length(min = 1, max = 35))]
    pub locale: String,
    /// The word before the subject line.
    #[schemars(length(min = 1, max = 64))]
    pub subject: String,
    /// The words before the preview text.
    #[schemars(length(min = 1, max = 64))]
    pub preview: String,
    /// The word before the body.
    #[schemars(length(min = 1, max = 64))]
    pub body: String,
}

/// A task queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueFile {
    /// Path on the branch; may be a glob.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// Where the pages of content_publish tasks go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<Target>,
}

/// A platform, and the account on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The platform, as the sheet writes it.
    #[schemars(length(min = 1, max = 63))]
    pub platform: String,
    /// The account on the platform, as the sheet writes it.
    #[schemars(length(min = 1, max = 128))]
    pub account: String,
}

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

/// How approval works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalPolicy {
    /// Required: each text is approved. Window: what goes out needs a decision that was made in the review window. Autonomous: rows with the status approved go out whatever their words are now. A person is needed in every mode for sensitive topics and for the first publication on a channel.
    #[serde(default)]
    pub mode: ApprovalMode,
    /// PerDigest: the status approved approves the words it was first seen with. PerRevision: every pushed revision counts as approved.
    #[serde(default)]
    pub branch: BranchApproval,
    /// When decisions are made, for mode Window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<ReviewWindow>,
    /// Who has to approve. Where this asks for more than one person, for a group or for another person than the author, only Approval objects count: nobody has proven who wrote a commit.
    #[serde(default)]
    pub approvers: Approvers,
    /// For how long after the instant at which it is due an approval still counts; for ever if left out. Nothing is ever approved by waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<GoDuration>,
    /// What needs a person in every mode, beside what always does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub always_for: Vec<AlwaysFor>,
}

/// Who has to allow what goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ApprovalMode {
    /// Each text is approved, on the branch or by an Approval.
    #[default]
    Required,
    /// What goes out needs a decision that was made in the review window.
    Window,
    /// Rows with the status approved go out whatever their words are now.
    Autonomous,
}

/// The time of day in which decisions are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewWindow {
    /// When it opens, HH:MM.
    pub start: TimeOfDay,
    /// For how long it is open, such as 15m.
    pub duration: GoDuration,
    /// The days on which it opens; every day if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    pub days: Vec<Weekday>,
    /// Its time zone; the campaign's if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
}

/// Who has to approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approvers {
    /// How many different people.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 16))]
    pub minimum: u32,
    /// Groups of which each of them is in one; anybody counts if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    pub groups: Vec<String>,
    /// True: whoever last changed the words does not count.
    #[serde(default)]
    pub forbid_author: bool,
}

/// What needs a person in every mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum AlwaysFor {
    /// What a rule of a policy pack calls for a person about; always, also where it is not listed.
    SensitiveTopic,
    /// The first publication on a channel; always, also where it is not listed.
    FirstPublicationOnChannel,
    /// Whatever raises a cap; always, also where it is not listed: a file can lower a cap and never raise one.
    CapRaise,
    /// Every post.
    Post,
    /// Every e-mail to an audience.
    Email,
    /// Every stored e-mail template.
    Template,
    /// Every web page.
    Page,
}

/// What the status `approved` in a file approves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BranchApproval {
    /// The words that it was first seen with.
    #[default]
    PerDigest,
    /// Whatever the pushed revision says.
    PerRevision,
}

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

fn default_publish_time() -> TimeOfDay {
    TimeOfDay { hour: 8, minute: 10 }
}

fn default_horizon() -> GoDuration {
    GoDuration::from_secs(14 * 86_400)
}

fn default_max_staleness() -> GoDuration {
    GoDuration::from_secs(6 * 3_600)
}

fn default_interval() -> GoDuration {
    GoDuration::from_secs(60)
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

fn one() -> u32 {
    1
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for Approvers {
    fn default() -> Self {
        Self {
            minimum: one(),
            groups: Vec::new(),
            forbid_author: false,
        }
    }
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
