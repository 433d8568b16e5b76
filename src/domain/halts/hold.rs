//! What a Halt leaves in the status of an asset, and what follows from it when the Halt has gone.
//!
//! The resume policy is written when the Halt takes effect on the asset, and not when it ends: nobody may be awake then, and
//! a Halt that was deleted tells nobody what it wanted.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    super::observed::{AssetFacts, Observed},
    HaltFacts, Stage,
};
use crate::api::{AssetHold, AssetPhase, HaltResume, ResumePolicy};

/// What a Halt that has gone means for an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumption {
    /// Nothing: it was not due while the Halt stood, or a person has approved it since.
    Free,
    /// It may still go out, but not after this instant.
    Within(Timestamp),
    /// A person has to approve it anew.
    Ask {
        /// When the Halt ended: only approvals since then count.
        ended: Timestamp,
    },
    /// It is not sent.
    Skip,
}

/// What the Halt that left its mark on an asset means, now that no Halt is in force.
pub fn resumption(observed: &Observed, now: Timestamp) -> Option<Resumption> {
    let hold = observed.asset.hold.as_ref()?;
    let ended = ended(hold, observed, now);
    if !was_due(&observed.asset, ended) {
        return Some(Resumption::Free);
    }
    Some(match hold.policy {
        // A page or template is a state: it is put off, never given up.
        ResumePolicy::Skip if !observed.asset.is_state() => Resumption::Skip,
        ResumePolicy::PublishWithin => {
            Resumption::Within(latest(&observed.asset, within(hold)).unwrap_or(Timestamp::MAX))
        }
        _ if approved_since(observed, ended) => Resumption::Free,
        _ => Resumption::Ask { ended },
    })
}

/// The same, as long as it keeps the asset from being sent or bounds when it may go.
pub fn holds_on(observed: &Observed, now: Timestamp) -> Option<Resumption> {
    resumption(observed, now).filter(|resumption| *resumption != Resumption::Free)
}

/// When the Halt ended. One that was deleted while nobody looked ended now, for all that anybody knows.
fn ended(hold: &AssetHold, observed: &Observed, now: Timestamp) -> Timestamp {
    if let Some(ended) = &hold.ended_at {
        return ended.0;
    }
    let stands = observed.halts.iter().find(|halt| halt.name == hold.halt);
    stands
        .and_then(HaltFacts::ends)
        .filter(|end| *end <= now)
        .unwrap_or(now)
}

/// A page or template may have been due at any time.
fn was_due(asset: &AssetFacts, ended: Timestamp) -> bool {
    asset.publish_at.is_none_or(|at| at <= ended)
}

fn within(hold: &AssetHold) -> SignedDuration {
    hold.within
        .and_then(|within| SignedDuration::try_from(within.0).ok())
        .unwrap_or(SignedDuration::ZERO)
}

/// `within` counts from the due instant; for a page or template there is no too late.
fn latest(asset: &AssetFacts, within: SignedDuration) -> Option<Timestamp> {
    let due = asset.publish_at.filter(|_| !asset.is_state())?;
    due.checked_add(within).ok()
}

/// Whether a person approved these very words since an instant.
fn approved_since(observed: &Observed, instant: Timestamp) -> bool {
    super::super::gates::newest_approval(observed).is_some_and(|at| at >= instant)
}

/// What has to stand in the asset's status about Halts, given the phase that it has now.
///
/// # Guarantees
/// Equal inputs give equal records: nothing in it changes only because time passed.
pub fn next_hold(observed: &Observed, phase: AssetPhase, now: Timestamp) -> Option<AssetHold> {
    if matches!(phase, AssetPhase::Posted | AssetPhase::Retracted) {
        return None;
    }
    let before = observed.asset.hold.as_ref();
    let in_force = observed
        .halts
        .iter()
        .filter(|halt| halt.stage(now) == Stage::InForce)
        .map(|halt| hold_of(halt, before, now))
        .reduce(stricter);
    let Some(new) = in_force else {
        let ended = ended(before?, observed, now);
        holds_on(observed, now)?;
        return before.cloned().map(|hold| AssetHold {
            ended_at: Some(Time(ended)),
            ..hold
        });
    };
    // What cannot go out by itself is not held by a Halt.
    if before.is_none()
        && matches!(
            phase,
            AssetPhase::Skipped | AssetPhase::Missed | AssetPhase::Invalid
        )
    {
        return None;
    }
    let left = before.filter(|hold| {
        let is_another = hold.halt != new.halt || hold.ended_at.is_some();
        is_another && still_counts(hold, observed, now)
    });
    let merged = match left.cloned() {
        Some(left) => stricter(left, new),
        None => new,
    };
    Some(AssetHold {
        ended_at: None,
        ..merged
    })
}

/// An earlier Halt that has not ended, or whose end still holds the asset.
fn still_counts(hold: &AssetHold, observed: &Observed, now: Timestamp) -> bool {
    let in_force = |halt: &HaltFacts| halt.name == hold.halt && halt.stage(now) == Stage::InForce;
    let stands = hold.ended_at.is_none() && observed.halts.iter().any(in_force);
    stands || holds_on(observed, now).is_some()
}

fn hold_of(halt: &HaltFacts, before: Option<&AssetHold>, now: Timestamp) -> AssetHold {
    let HaltResume { policy, within } = halt.resume.clone();
    let known = before.filter(|hold| hold.halt == halt.name && hold.ended_at.is_none());
    AssetHold {
        halt: halt.name.clone(),
        owner: halt.owner.clone(),
        policy,
        within,
        since: known.map_or(Time(now), |hold| hold.since.clone()),
        ended_at: None,
    }
}

/// Of two Halts the one that lets less out counts; of equal ones, the first.
fn stricter(first: AssetHold, second: AssetHold) -> AssetHold {
    let rank = |hold: &AssetHold| match hold.policy {
        ResumePolicy::Skip => (0, SignedDuration::ZERO),
        ResumePolicy::AskApproval => (1, SignedDuration::ZERO),
        ResumePolicy::PublishWithin => (2, within(hold)),
    };
    if rank(&second) < rank(&first) {
        second
    } else {
        first
    }
}
