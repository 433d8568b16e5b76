//! Receipt: the claim on a slot, its attempts, and the outcome.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ApprovalMode, AssetSource, AssetType, Condition, Decision, Environment, RuleResult,
    condition::{date_time, optional_date_time},
};

/// The claim on a slot, its attempts and the outcome: the proof of what was published. Only Campanile writes these.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "campanile.dev",
    version = "v1alpha1",
    kind = "Receipt",
    plural = "receipts",
    shortname = "rcpt",
    category = "campanile",
    namespaced,
    status = "ReceiptStatus",
    derive = "PartialEq",
    doc = "The claim on a slot, its attempts and the outcome: the proof of what was published. Only Campanile writes these.",
    selectable = ".spec.slot.campaign",
    selectable = ".spec.slot.postId",
    selectable = ".spec.slot.platform",
    selectable = ".spec.slot.account",
    selectable = ".status.phase",
    validation = Rule::new("self.spec == oldSelf.spec").message("the slot of a Receipt cannot change: it is what was promised to be published at most once"),
    printcolumn(name = "CAMPAIGN", type_ = "string", json_path = ".spec.slot.campaign"),
    printcolumn(name = "POST", type_ = "string", json_path = ".spec.slot.postId"),
    printcolumn(name = "PLATFORM", type_ = "string", json_path = ".spec.slot.platform"),
    printcolumn(name = "ACCOUNT", type_ = "string", json_path = ".spec.slot.account"),
    printcolumn(name = "PHASE", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "PUBLISHED-AT", type_ = "string", json_path = ".status.publishedAt"),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.url"),
    printcolumn(name = "LOCALE", type_ = "string", json_path = ".spec.slot.locale", priority = 1),
    printcolumn(name = "ENVIRONMENT", type_ = "string", json_path = ".spec.slot.environment", priority = 1),
    printcolumn(name = "REASON", type_ = "string", json_path = ".status.reason", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptSpec {
    /// The slot that this claims. Cannot be changed.
    pub slot: ReceiptSlot,
}

/// A slot: one place for one publication. Texts are in their compared form: NFC, trimmed, lower case, aliases resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptSlot {
    /// For real, or for trying out.
    pub environment: Environment,
    /// The campaign's id.
    #[schemars(length(min = 1, max = 63))]
    pub campaign: String,
    /// The id of the post, page task or template.
    #[schemars(length(min = 1, max = 256))]
    pub post_id: String,
    /// The platform.
    #[schemars(length(min = 1, max = 63))]
    pub platform: String,
    /// The account on the platform.
    #[schemars(length(min = 1, max = 128))]
    pub account: String,
    /// The locale.
    #[schemars(length(min = 1, max = 35))]
    pub locale: String,
    /// Which part of the post.
    #[schemars(length(min = 1, max = 32))]
    pub item: String,
    /// Which declared repeat; empty for none.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub occurrence: String,
}

/// How far a slot is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ReceiptPhase {
    /// Ours to publish; nothing was sent.
    #[default]
    Claimed,
    /// An attempt may be under way.
    Sending,
    /// Published.
    Published,
    /// Not published, and nobody is trying.
    Failed,
    /// Sent, and nobody knows whether it arrived.
    Unknown,
    /// A person opened the slot again.
    Released,
}

/// What became of a slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// What is true of the receipt, since when, and why.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub conditions: Vec<Condition>,
    /// How far the slot is.
    #[serde(default)]
    pub phase: ReceiptPhase,
    /// One word that says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub reason: Option<String>,
    /// A sentence that says why, and what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// Counts how often the slot was opened again, by a person or for new words after a refusal.
    #[serde(default)]
    pub epoch: u32,
    /// Counts the versions of a page or template that were written.
    #[serde(default)]
    pub revision: u32,
    /// Digest of what was published last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub content_digest: Option<String>,
    /// The platform's own id of what was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub remote_id: Option<String>,
    /// Where a reader finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
    /// The attempt that was published last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub published_attempt: Option<String>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub published_at: Option<Time>,
    /// What it is.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<AssetType>,
    /// When it was meant to be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub scheduled_for: Option<Time>,
    /// Where the words were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<AssetSource>,
    /// What was sent, to 8 KiB; longer content stands behind its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub sent: Option<String>,
    /// Who allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub approval: Option<String>,
    /// What the guards said of it when it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<ReceiptGuard>,
    /// Each decision that allowed what was sent last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub approvals: Vec<ReceiptApproval>,
    /// The first undecided attempt, the published one, and the last four.
    #[serde(default)]
    #[schemars(length(max = 8))]
    pub attempts: Vec<Attempt>,
    /// What people did about this receipt, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub resolutions: Vec<Resolution>,
    /// Counts the attempts with the newest digest that certainly did not leave.
    #[serde(default)]
    pub not_sent_count: u32,
    /// Before this instant nothing is tried: the platform asked us to wait, or a retry is due then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub not_before: Option<Time>,
    /// A person asked for the slot to be opened again; done as soon as no earlier sender can be alive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_requested: Option<ReleaseRequest>,
    /// The epoch that was opened without a new approval having been given yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_needed_for_epoch: Option<u32>,
    /// Looks that found nothing, while an outcome is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    pub absences: Vec<Absence>,
    /// The restore of the store after which this was held as Unknown, so that it is held once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub held_for_restore_at: Option<Time>,
    /// The person who was asked last to publish it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<PersonAsked>,
}

/// A person who was asked to publish something by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonAsked {
    /// Who.
    #[schemars(length(max = 320))]
    pub person: String,
    /// When.
    #[schemars(schema_with = "date_time")]
    pub at: Time,
    /// Until when it is to be confirmed.
    #[schemars(schema_with = "date_time")]
    pub until: Time,
    /// Counts how often this was asked in its epoch, from 1.
    pub times: u32,
    /// The revision of a page or template; 0 for posts and e-mails.
    #[serde(default)]
    pub revision: u32,
    /// Digest of the words that the person was given.
    #[schemars(length(max = 80))]
    pub content_digest: String,
    /// When it was taken back; left out while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub withdrawn_at: Option<Time>,
    /// One word that says why it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub withdrawn_for: Option<String>,
}

/// What the guards said of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptGuard {
    /// What it came to.
    pub result: RuleResult,
    /// The PolicyPacks that judged.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub policies: Vec<PolicyVersion>,
    /// What was found and did not stop it, each with its pack, rule and result; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 512)))]
    pub findings: Vec<String>,
}

/// A PolicyPack as it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVersion {
    /// Its name.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Digest of its rules.
    #[schemars(length(max = 80))]
    pub digest: String,
}

/// A decision that allowed a publication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptApproval {
    /// Name of the Approval; left out for what the branch approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub name: Option<String>,
    /// Who decided. Proven where it was an Approval; what a commit says of its author otherwise; left out where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub approver: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// Digest of the words that were decided about.
    #[schemars(length(max = 80))]
    pub digest: String,
    /// How approval worked in the campaign then.
    pub mode: ApprovalMode,
    /// When; left out where the row was approved from the first sight on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub at: Option<Time>,
    /// The commit in which the branch approved it; left out for an Approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub revision: Option<String>,
    /// The emergency for which the campaign's demands were set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub break_glass: Option<String>,
}

/// One attempt to publish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The id that names this attempt, drawn at random.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// Counts the attempts of the slot, from 1.
    pub number: u32,
    /// The epoch it belongs to.
    pub epoch: u32,
    /// The revision of a page or template that it writes; 0 for posts and e-mails.
    #[serde(default)]
    pub revision: u32,
    /// Digest of what it sends.
    #[schemars(length(max = 80))]
    pub content_digest: String,
    /// Digest of where it sends it.
    #[schemars(length(max = 80))]
    pub endpoint_digest: String,
    /// What was prepared and is now committed: an id, a path, a draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub prepared_id: Option<String>,
    /// The platform's own id of the item that it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reply_to: Option<String>,
    /// Who sends.
    pub sender: Sender,
    /// When the intent was written.
    #[schemars(schema_with = "date_time")]
    pub started_at: Time,
    /// When the outcome was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub ended_at: Option<Time>,
    /// How it ended; left out while nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<AttemptClass>,
    /// What the platform said, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub message: Option<String>,
}

/// The process that makes an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sender {
    /// Name of the pod or host.
    #[schemars(length(max = 253))]
    pub pod: String,
    /// An id drawn when the process started.
    #[schemars(length(max = 64))]
    pub process: String,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AttemptClass {
    /// The platform has it.
    Published,
    /// Nothing reached the platform.
    NotSent,
    /// The platform said no for good.
    Rejected,
    /// It may have been accepted.
    Unknown,
    /// Given up before anything was sent, because a gate had closed.
    Abandoned,
    /// The platform asked us to come back later.
    RateLimited,
    /// The platform refused the account or the endpoint, not the words.
    Refused,
    /// It was looked for when no sender could be alive any more, and was not there.
    Absent,
}

/// What a person did about a receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    /// What was done.
    pub action: ResolutionAction,
    /// Why.
    #[schemars(length(min = 1, max = 512))]
    pub reason: String,
    /// By whom, as far as the command could tell.
    #[schemars(length(max = 320))]
    pub by: String,
    /// When.
    #[schemars(schema_with = "date_time")]
    pub at: Time,
}

/// What people can do about a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResolutionAction {
    /// The publication was found, and its id recorded.
    Adopt,
    /// A failed one may be tried again, as the same publication.
    Retry,
    /// The slot is open again for a new publication.
    Release,
    /// A person who was asked to publish it by hand has.
    Done,
    /// A person who was asked to publish it by hand has not, and will not.
    NotDone,
}

/// A wish of a person to open a slot again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseRequest {
    /// When it was asked for.
    #[schemars(schema_with = "date_time")]
    pub requested_at: Time,
    /// True where the request also approves what the source says then.
    #[serde(default)]
    pub approve: bool,
}

/// A look at the platform that found nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Absence {
    /// When the look began.
    #[schemars(schema_with = "date_time")]
    pub began_at: Time,
    /// The epoch that was looked for.
    pub epoch: u32,
}
