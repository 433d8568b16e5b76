//! What people read: phases, conditions and counts, made from plans.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

use super::{
    guarding,
    halts::next_hold,
    observed::Observed,
    plan::Plan,
    receipt::{PUBLISHED_TWICE, shortened},
};
use crate::api::{
    AssetGuard, AssetHold, AssetPhase, CampaignCounts, Condition, ConditionStatus, MAX_MESSAGE_BYTES,
    condition_type::{PUBLISHED, READY, RECONCILING, STALLED, WOULD_BE_MISSED},
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
    /// What the guards say of its words, while it waits.
    pub guard: Option<AssetGuard>,
    /// Name of the receipt.
    pub receipt: Option<String>,
    /// Where a reader finds it.
    pub url: Option<String>,
    /// When it was published.
    pub published_at: Option<Time>,
    /// What a Halt leaves on it.
    pub halt: Option<AssetHold>,
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
    let stands = if plan.reason == PUBLISHED_TWICE {
        Standing::Stuck
    } else {
        Standing::of_phase(plan.phase)
    };
    let mut statements = standing(stands, &plan.reason, &plan.message).to_vec();
    statements.push(statement(
        PUBLISHED,
        published.is_some(),
        &plan.reason,
        &plan.message,
    ));
    statements.push(match &plan.would_be_missed {
        Some(warning) => statement(WOULD_BE_MISSED, true, &warning.reason, &warning.message),
        None => absent(WOULD_BE_MISSED),
    });
    AssetReport {
        observed_generation: asset.generation,
        phase: plan.phase,
        reason: plan.reason.clone(),
        message: (!plan.message.is_empty()).then(|| shortened(&plan.message, MAX_MESSAGE_BYTES)),
        content_digest: asset.content_digest.clone(),
        publish_at: asset.publish_at.map(Time),
        publish_at_local: local,
        guard: guarding::of_asset(&observed.guards, plan.phase),
        receipt: receipt
            .map(|receipt| receipt.name.clone())
            .or_else(|| asset.remembered_receipt.clone()),
        url: receipt.and_then(|receipt| receipt.status.url.clone()),
        published_at: published,
        halt: next_hold(observed, plan.phase, now),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{Story, due, minutes, no_answer, post, published};

    const PHASES: [AssetPhase; 14] = [
        AssetPhase::Pending,
        AssetPhase::Invalid,
        AssetPhase::Blocked,
        AssetPhase::AwaitingApproval,
        AssetPhase::AwaitingPerson,
        AssetPhase::Scheduled,
        AssetPhase::Publishing,
        AssetPhase::Posted,
        AssetPhase::Failed,
        AssetPhase::Unknown,
        AssetPhase::Missed,
        AssetPhase::Skipped,
        AssetPhase::Halted,
        AssetPhase::Retracted,
    ];

    fn report(observed: &Observed, before: &[Condition], now: Timestamp) -> AssetReport {
        asset_report(observed, &observed.plan(now), None, before, now)
    }

    #[test]
    fn each_phase_is_counted_once_and_stands_for_kstatus() {
        let lines: Vec<String> = PHASES
            .iter()
            .map(|phase| {
                let mut counts = CampaignCounts::default();
                count(&mut counts, *phase);
                let json = serde_json::to_value(&counts).unwrap();
                let counted: Vec<&String> = json
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(_, count)| **count == 1)
                    .map(|(name, _)| name)
                    .collect();
                format!("{phase:?} {counted:?} {:?}", Standing::of_phase(*phase))
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        Pending ["scheduled"] UnderWay
        Invalid ["stopped"] Stuck
        Blocked ["stopped"] Stuck
        AwaitingApproval ["waiting"] InOrder
        AwaitingPerson ["waiting"] InOrder
        Scheduled ["scheduled"] InOrder
        Publishing ["scheduled"] UnderWay
        Posted ["posted"] InOrder
        Failed ["failed"] Stuck
        Unknown ["unknown"] Stuck
        Missed ["stopped"] Stuck
        Skipped ["skipped"] InOrder
        Halted ["stopped"] InOrder
        Retracted ["posted"] InOrder
        "#);
    }

    #[test]
    fn nothing_in_a_report_changes_only_because_time_passed() {
        let story = Story::default()
            .sends("first", minutes(0))
            .hears("first", &published("1"), minutes(1));
        let observed = post().having(&story.0);
        let first = report(&observed, &[], minutes(2));
        let later = report(&observed, &first.conditions, minutes(500));
        assert_eq!(first, later);
        let waiting = report(&post(), &[], minutes(-50));
        assert_eq!(waiting, report(&post(), &waiting.conditions, minutes(-10)));
    }

    #[test]
    fn a_transition_has_the_instant_at_which_the_status_turned() {
        let story = Story::default().sends("first", minutes(0));
        let before = report(&post(), &[], minutes(-50));
        let unknown = story.clone().hears("first", &no_answer(), minutes(1));
        let stuck = report(&post().having(&unknown.0), &before.conditions, minutes(1));
        let find = |report: &AssetReport, type_: &str| {
            report
                .conditions
                .iter()
                .find(|condition| condition.type_ == type_)
                .map(|condition| (condition.status, condition.last_transition_time.0))
        };
        assert_eq!(find(&stuck, STALLED), Some((ConditionStatus::True, minutes(1))));
        assert_eq!(
            find(&stuck, PUBLISHED),
            Some((ConditionStatus::False, minutes(-50)))
        );
        let done = story.hears("first", &published("1"), minutes(2));
        let done = report(&post().having(&done.0), &stuck.conditions, minutes(2));
        assert_eq!(find(&done, STALLED), None);
        assert_eq!(find(&done, PUBLISHED), Some((ConditionStatus::True, minutes(2))));
    }

    #[test]
    fn published_twice_is_stuck_until_a_person_acts() {
        let story = Story::default()
            .sends("first", minutes(0))
            .hears("first", &published("1"), minutes(1))
            .hears("first", &published("2"), minutes(2));
        let report = report(&post().having(&story.0), &[], minutes(3));
        assert!(
            report
                .conditions
                .iter()
                .any(|condition| { condition.type_ == STALLED && condition.reason == PUBLISHED_TWICE })
        );
    }

    #[test]
    fn the_conditions_of_others_stay_and_messages_are_bounded() {
        let theirs = Condition {
            type_: "Drift".to_owned(),
            status: ConditionStatus::True,
            reason: "Theirs".to_owned(),
            message: String::new(),
            observed_generation: 1,
            last_transition_time: Time(due()),
        };
        let long = "ש".repeat(5000);
        let said = [statement(READY, true, "Long", &long)];
        let next = conditions(std::slice::from_ref(&theirs), &said, 2, minutes(1));
        assert_eq!(next.first(), Some(&theirs));
        assert!(
            next.iter()
                .all(|condition| condition.message.len() <= MAX_MESSAGE_BYTES)
        );
    }
}
