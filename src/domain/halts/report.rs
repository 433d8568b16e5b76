//! What people read of a Halt, and which asset is tried when the Halt of a breaker has run out.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

use super::{
    super::status::{Statement, conditions, statement},
    HaltFacts, Stage,
};
use crate::api::{
    AssetPhase, AttemptClass, Condition, HaltAffected, HaltProbe, InFlightSend, ProbeOutcome, ReceiptPhase,
    ReceiptStatus, condition_type::EFFECTIVE,
};

/// An asset that a Halt matches, as far as the Halt depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaltView {
    /// Name of the Asset.
    pub name: String,
    /// Name of its campaign.
    pub campaign: String,
    /// Where it is.
    pub phase: AssetPhase,
    /// True where nothing but the asset that is tried first holds it.
    pub waits_for_the_tried: bool,
    /// When it is due.
    pub publish_at: Option<Timestamp>,
}

impl HaltView {
    /// Whether it may still go as the one that is tried: nothing else than that choice holds it, or it is on its way.
    pub fn may_be_tried(&self) -> bool {
        let on_its_way = matches!(
            self.phase,
            AssetPhase::Pending
                | AssetPhase::Scheduled
                | AssetPhase::Publishing
                | AssetPhase::Posted
                | AssetPhase::Failed
                | AssetPhase::Unknown
        );
        self.waits_for_the_tried || on_its_way
    }

    /// What can still be sent is affected; what has gone, or never goes, is not.
    fn is_affected(&self) -> bool {
        !matches!(
            self.phase,
            AssetPhase::Posted | AssetPhase::Skipped | AssetPhase::Missed | AssetPhase::Retracted
        )
    }
}

/// The part of a Halt's status that is made anew at each look.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HaltReport {
    /// The generation it speaks of.
    pub observed_generation: i64,
    /// What it stops, in words.
    pub scope: String,
    /// Since when it stands.
    pub since: Time,
    /// How much it keeps from being sent.
    pub affected: HaltAffected,
    /// Sends that it came too late for.
    pub in_flight: Vec<InFlightSend>,
    /// How many there were.
    pub in_flight_count: u32,
    /// The asset that is tried.
    pub probe: Option<HaltProbe>,
    /// The conditions.
    pub conditions: Vec<Condition>,
}

/// What is told of a Halt, beside what it says itself.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Its generation.
    pub generation: i64,
    /// What its selector says in words.
    pub scope: String,
    /// The assets that it matches.
    pub matched: &'a [HaltView],
    /// Sends that it came too late for, and how many.
    pub in_flight: (Vec<InFlightSend>, u32),
    /// The asset that is tried.
    pub probe: Option<HaltProbe>,
    /// Its conditions before.
    pub before: &'a [Condition],
}

/// How much a Halt keeps from being sent, of what it matches.
pub fn affected(matched: &[HaltView]) -> HaltAffected {
    let stops: Vec<&HaltView> = matched.iter().filter(|view| view.is_affected()).collect();
    let campaigns: BTreeSet<&str> = stops.iter().map(|view| view.campaign.as_str()).collect();
    HaltAffected {
        campaigns: u32::try_from(campaigns.len()).unwrap_or(u32::MAX),
        assets: u32::try_from(stops.len()).unwrap_or(u32::MAX),
    }
}

/// What is to be said of a Halt.
pub fn halt_report(halt: &HaltFacts, seen: Seen<'_>, now: Timestamp) -> HaltReport {
    let stage = halt.stage(now);
    let affected = match stage {
        Stage::Ended => HaltAffected::default(),
        Stage::InForce | Stage::HalfOpen => affected(seen.matched),
    };
    let said = effective(halt, stage, &seen, now);
    HaltReport {
        observed_generation: seen.generation,
        scope: seen.scope,
        since: Time(halt.since),
        affected,
        in_flight: seen.in_flight.0,
        in_flight_count: seen.in_flight.1,
        probe: seen.probe,
        conditions: conditions(seen.before, &[said], seen.generation, now),
    }
}

fn effective(halt: &HaltFacts, stage: Stage, seen: &Seen<'_>, now: Timestamp) -> Statement {
    match stage {
        Stage::Ended => {
            let at = halt.ends().map_or_else(String::new, |at| format!(" at {at}"));
            let message =
                format!("It ended{at}; what it held goes on as its resume policy says. It can be deleted.");
            statement(EFFECTIVE, false, "Ended", &message)
        }
        Stage::HalfOpen => {
            let tried = halt.tries(now).unwrap_or("One asset");
            let message =
                format!("It has run out. {tried} is tried first; the rest follows when it is published.");
            statement(EFFECTIVE, true, "HalfOpen", &message)
        }
        Stage::InForce if seen.matched.is_empty() => {
            let message = format!(
                "It matches no Asset: {}. It stops what comes to match it. Compare it with kubectl get assets,campaigns,channels.",
                seen.scope
            );
            statement(EFFECTIVE, false, "MatchesNothing", &message)
        }
        Stage::InForce => statement(EFFECTIVE, true, "InForce", "Nothing that it matches is sent."),
    }
}

/// The asset that is tried next: the one that is due first of those that nothing else holds.
pub fn probe_candidate(matched: &[HaltView], now: Timestamp) -> Option<&HaltView> {
    let due = |view: &&HaltView| view.waits_for_the_tried && view.publish_at.is_none_or(|at| at <= now);
    let order = |view: &&HaltView| (view.publish_at, view.name.clone());
    matched.iter().filter(due).min_by_key(order)
}

/// How the asset that is tried went, by its receipt; none while nobody knows.
pub fn probed(probe: &HaltProbe, receipt: Option<&ReceiptStatus>) -> Option<ProbeOutcome> {
    let receipt = receipt?;
    let since = |time: Option<&Time>| time.is_some_and(|time| time.0 >= probe.since.0);
    if receipt.phase == ReceiptPhase::Published && since(receipt.published_at.as_ref()) {
        return Some(ProbeOutcome::Passed);
    }
    let last = receipt.attempts.last()?;
    let failed = matches!(
        last.class,
        Some(
            AttemptClass::NotSent
                | AttemptClass::Rejected
                | AttemptClass::Refused
                | AttemptClass::Unknown
                | AttemptClass::Absent
        )
    );
    (failed && since(last.ended_at.as_ref())).then_some(ProbeOutcome::Failed)
}
