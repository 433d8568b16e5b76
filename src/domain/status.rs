//! What people read: phases, conditions and counts, made from plans.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

use super::{observed::Observed, plan::Plan, receipt::shortened};
use crate::api::{
    AssetPhase, CampaignCounts, Condition, ConditionStatus, MAX_MESSAGE_BYTES,
    condition_type::{PUBLISHED, READY, RECONCILING, STALLED},
};

/// What is to be said in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Type of the condition.
    pub type_: &'static str,
    /// Whether it holds; none removes it.
    pub status: Option<ConditionStatus>,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

/// A condition that is to be present.
pub fn statement(type_: &'static str, holds: bool, reason: &str, message: &str) -> Statement {
    let status = if holds {
        ConditionStatus::True
    } else {
        ConditionStatus::False
    };
    Statement {
        type_,
        status: Some(status),
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

/// A condition that is to be absent.
pub fn absent(type_: &'static str) -> Statement {
    Statement {
        type_,
        status: None,
        reason: String::new(),
        message: String::new(),
    }
}

/// The next conditions: a transition time changes only where a status changes.
pub fn conditions(
    before: &[Condition],
    statements: &[Statement],
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let mut next: Vec<Condition> = before
        .iter()
        .filter(|old| !statements.iter().any(|new| new.type_ == old.type_))
        .cloned()
        .collect();
    for statement in statements {
        let Some(status) = statement.status else { continue };
        let old = before
            .iter()
            .find(|old| old.type_ == statement.type_ && old.status == status);
        next.push(Condition {
            type_: statement.type_.to_owned(),
            status,
            reason: statement.reason.clone(),
            message: shortened(&statement.message, MAX_MESSAGE_BYTES),
            observed_generation: generation,
            last_transition_time: old.map_or(Time(now), |old| old.last_transition_time.clone()),
        });
    }
    next.sort_by(|a, b| a.type_.cmp(&b.type_));
    next
}

/// The kstatus conditions of an object that is in order, under way, or stuck until a person acts.
pub fn standing(standing: Standing, reason: &str, message: &str) -> [Statement; 3] {
    match standing {
        Standing::InOrder => [
            statement(READY, true, reason, message),
            absent(RECONCILING),
            absent(STALLED),
        ],
        Standing::UnderWay => [
            statement(READY, false, reason, message),
            statement(RECONCILING, true, reason, message),
            absent(STALLED),
        ],
        Standing::Stuck => [
            statement(READY, false, reason, message),
            absent(RECONCILING),
            statement(STALLED, true, reason, message),
        ],
    }
}

/// How an object stands, for tools that follow kstatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Done, or waiting for a date or a person.
    InOrder,
    /// Work goes on by itself.
    UnderWay,
    /// Nothing changes without a person.
    Stuck,
}

impl Standing {
    /// How an asset in a phase stands.
    pub fn of_phase(phase: AssetPhase) -> Self {
        match phase {
            AssetPhase::Posted
            | AssetPhase::Scheduled
            | AssetPhase::AwaitingApproval
            | AssetPhase::AwaitingPerson
            | AssetPhase::Skipped
            | AssetPhase::Halted
            | AssetPhase::Retracted => Self::InOrder,
            AssetPhase::Pending | AssetPhase::Publishing => Self::UnderWay,
            AssetPhase::Invalid
            | AssetPhase::Blocked
            | AssetPhase::Failed
            | AssetPhase::Unknown
            | AssetPhase::Missed => Self::Stuck,
        }
    }
}

/// The part of an Asset's status that the Asset controller writes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetReport {
    /// The generation it speaks of.
    pub observed_generation: i64,
    /// Where the asset is.
    pub phase: AssetPhase,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: Option<String>,
    /// Digest of the content.
    pub content_digest: String,
    /// The instant of publication.
    pub publish_at: Option<Time>,
    /// The same as wall-clock time.
    pub publish_at_local: Option<String>,
    /// Name of the receipt.
    pub receipt: Option<String>,
    /// Where a reader finds it.
    pub url: Option<String>,
    /// When it was published.
    pub published_at: Option<Time>,
    /// The conditions.
    pub conditions: Vec<Condition>,
}

/// What is to be said of an asset, given what is decided for it.
pub fn asset_report(
    observed: &Observed,
    plan: &Plan,
    local: Option<String>,
    before: &[Condition],
    now: Timestamp,
) -> AssetReport {
    let asset = &observed.asset;
    let receipt = observed.receipt.as_ref();
    let published = receipt.and_then(|receipt| receipt.status.published_at.clone());
    let mut statements = standing(Standing::of_phase(plan.phase), &plan.reason, &plan.message).to_vec();
    statements.push(statement(
        PUBLISHED,
        published.is_some(),
        &plan.reason,
        &plan.message,
    ));
    AssetReport {
        observed_generation: asset.generation,
        phase: plan.phase,
        reason: plan.reason.clone(),
        message: (!plan.message.is_empty()).then(|| shortened(&plan.message, MAX_MESSAGE_BYTES)),
        content_digest: asset.content_digest.clone(),
        publish_at: asset.publish_at.map(Time),
        publish_at_local: local,
        receipt: receipt
            .map(|receipt| receipt.name.clone())
            .or_else(|| asset.remembered_receipt.clone()),
        url: receipt.and_then(|receipt| receipt.status.url.clone()),
        published_at: published,
        conditions: conditions(before, &statements, asset.generation, now),
    }
}

/// Adds one asset to the counts of its campaign.
pub fn count(counts: &mut CampaignCounts, phase: AssetPhase) {
    let counter = match phase {
        AssetPhase::Posted | AssetPhase::Retracted => &mut counts.posted,
        AssetPhase::Pending | AssetPhase::Scheduled | AssetPhase::Publishing => &mut counts.scheduled,
        AssetPhase::AwaitingApproval | AssetPhase::AwaitingPerson => &mut counts.waiting,
        AssetPhase::Invalid | AssetPhase::Blocked | AssetPhase::Halted | AssetPhase::Missed => {
            &mut counts.stopped
        }
        AssetPhase::Failed => &mut counts.failed,
        AssetPhase::Unknown => &mut counts.unknown,
        AssetPhase::Skipped => &mut counts.skipped,
    };
    *counter += 1;
}
