//! Halts: what they stop, when they stand, and what becomes of an asset when they have gone.

mod breaker_halt;
mod hold;
mod in_flight;
mod report;
mod selector;

#[cfg(test)]
mod orderings;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub use self::{
    breaker_halt::{GuardStop, HaltOrder, Scope, guard_order},
    hold::{Resumption, holds_on, next_hold, resumption},
    in_flight::{in_flight, merged},
    report::{HaltReport, HaltView, Seen, affected, halt_report, probe_candidate, probed},
    selector::{Selector, Stoppable},
};
use crate::api::{Halt, HaltResume, HaltStatus, ProbeOutcome};

/// The owner of a breaker's Halt begins so.
pub const BREAKER_OWNER: &str = "breaker/";
/// Who makes the Halt of an instant before which nothing is to be sent: nothing has failed, so it just ends.
pub const HALT_UNTIL_OWNER: &str = "breaker/halt-until";

/// A Halt whose selector matches an asset.
#[derive(Clone, Debug, PartialEq)]
pub struct HaltFacts {
    /// Name of the object.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Whom to ask.
    pub owner: String,
    /// Since when it stands.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// What becomes of that which was due while it stood.
    pub resume: HaltResume,
    /// The one asset that is tried first, where it is known.
    pub probe: Option<Probe>,
}

/// The one asset that is tried after the Halt of a breaker has run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Name of the Asset.
    pub asset: String,
    /// How it went, and when that was known.
    pub outcome: Option<(ProbeOutcome, Timestamp)>,
}

/// How far a Halt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing that it matches is sent.
    InForce,
    /// The Halt of a breaker has run out: one asset is tried before the rest.
    HalfOpen,
    /// It stops nothing any more.
    Ended,
}

impl HaltFacts {
    /// What a Halt says, whatever it matches.
    pub fn of(name: &str, halt: &Halt, since: Timestamp) -> Self {
        let nothing = HaltStatus::default();
        let probe = halt.status.as_ref().unwrap_or(&nothing).probe.as_ref();
        Self {
            name: name.to_owned(),
            reason: halt.spec.reason.clone(),
            owner: halt.spec.owner.clone(),
            since,
            until: halt.spec.until.as_ref().map(|time| time.0),
            resume: halt.spec.resume.clone(),
            probe: probe.map(|probe| Probe {
                asset: probe.asset.clone(),
                outcome: probe.outcome.zip(probe.ended_at.as_ref().map(|time| time.0)),
            }),
        }
    }

    /// A Halt that is ordered, and may not have been made yet.
    pub fn ordered(order: HaltOrder, since: Timestamp) -> Self {
        Self {
            name: order.name,
            reason: order.reason,
            owner: order.owner,
            since,
            until: order.until,
            resume: order.resume,
            probe: None,
        }
    }

    /// A Halt that cannot be read stops everything: nobody knows what it was made for.
    pub fn unreadable(name: &str, problem: &str, since: Timestamp) -> Self {
        let problem = super::receipt::shortened(problem, 200);
        Self {
            name: name.to_owned(),
            reason: format!("This Halt cannot be read, so it stops everything: {problem}"),
            owner: "nobody knows whom".to_owned(),
            since,
            until: None,
            resume: HaltResume::default(),
            probe: None,
        }
    }

    /// How far it is at an instant.
    pub fn stage(&self, now: Timestamp) -> Stage {
        if self.ends().is_none_or(|end| now < end) {
            return Stage::InForce;
        }
        let passed = self.last_tried() == Some(ProbeOutcome::Passed);
        if passed || !self.was_tripped() {
            Stage::Ended
        } else {
            Stage::HalfOpen
        }
    }

    /// Whether a breaker made it because something failed: then one asset is tried before the rest when it has run out.
    pub fn was_tripped(&self) -> bool {
        self.owner.starts_with(BREAKER_OWNER) && self.owner != HALT_UNTIL_OWNER
    }

    /// When it ends by itself; where the asset that was tried was not published, the Halt of a breaker stands again for as
    /// long as it did.
    pub fn ends(&self) -> Option<Timestamp> {
        let until = self.until?;
        let tried = self.probe.as_ref().and_then(|probe| probe.outcome);
        match tried {
            Some((ProbeOutcome::Failed, at)) => at.checked_add(until.duration_since(self.since)).ok(),
            _ => Some(until),
        }
    }

    /// The one asset that may go now although the Halt of a breaker has not let the rest go.
    pub fn tries(&self, now: Timestamp) -> Option<&str> {
        let probe = self.probe.as_ref().filter(|probe| probe.outcome.is_none())?;
        (self.stage(now) == Stage::HalfOpen).then_some(probe.asset.as_str())
    }

    /// When it stopped nothing any more, given that it does not: that of a breaker, when the asset that was tried was
    /// published.
    pub fn closed(&self) -> Option<Timestamp> {
        let tried = self.probe.as_ref().and_then(|probe| probe.outcome);
        tried.map(|(_, at)| at).or(self.until)
    }

    fn last_tried(&self) -> Option<ProbeOutcome> {
        let (outcome, _) = self.probe.as_ref()?.outcome?;
        Some(outcome)
    }
}
