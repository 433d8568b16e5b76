//! Breakers: whether what has happened makes a Halt.
//!
//! The evidence is never counted up: it is read off the Assets and Receipts that stand, so that a restart forgets nothing
//! and nothing counts twice. All that is kept is since when it counts.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::halts::{HaltFacts, HaltOrder, Scope, Stage};
use crate::api::{BreakerKind, BreakerState, Breakers, GoDuration};

/// How far back guard failures count where nothing is said.
const GUARD_FAILURE_WINDOW: GoDuration = GoDuration::from_secs(24 * 3600);
/// How many names a reason gives.
const NAMED: usize = 5;
/// Every breaker, in the order in which they are told.
const ALL: [BreakerKind; 5] = [
    BreakerKind::GuardFailures,
    BreakerKind::ConsecutiveFailures,
    BreakerKind::UnknownOutcomes,
    BreakerKind::RejectedCredentials,
    BreakerKind::HaltUntil,
];

/// Something that counts for a breaker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// To which asset or slot.
    pub what: String,
}

/// A send that has ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndedSend {
    /// When.
    pub at: Timestamp,
    /// True where it was published.
    pub published: bool,
    /// Of which slot.
    pub what: String,
}

/// What is known about a campaign or a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Assets that a guard stops or whose row is Invalid, each at its due instant, those of the future included.
    pub guard_failures: Vec<Happened>,
    /// Sends that were published or certainly failed.
    pub sends: Vec<EndedSend>,
    /// Slots of which nobody knows whether they arrived.
    pub unknown: Vec<Happened>,
    /// Sends that the platform refused for the account's sake.
    pub refused: Vec<Happened>,
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The Halts that are to be made, before the states are written.
    pub orders: Vec<HaltOrder>,
    /// How the breakers stand after that.
    pub states: Vec<BreakerState>,
    /// When to look again although nothing happened.
    pub again_at: Option<Timestamp>,
}

/// The Halt that an instant stands for before which nothing is to be sent, unless somebody has lifted it.
pub fn halt_until(scope: &Scope, breakers: &Breakers, before: &[BreakerState]) -> Option<HaltOrder> {
    let until = breakers.halt_until.as_ref()?.0;
    let state = before
        .iter()
        .find(|state| state.breaker == BreakerKind::HaltUntil);
    let lifted = state.and_then(|state| state.count_since.as_ref());
    if lifted.is_some_and(|lifted| lifted.0.as_second() == until.as_second()) {
        return None;
    }
    let reason = format!(
        "{}: nothing is to be sent until {until} (haltUntil).",
        scope.words()
    );
    let order = HaltOrder::of_breaker(scope, name(BreakerKind::HaltUntil), &until.as_second(), &reason);
    Some(HaltOrder {
        until: Some(until),
        resume: breakers.resume.clone().unwrap_or_default(),
        ..order
    })
}

/// The breakers as they count, with what other names of their fields say.
pub fn effective(breakers: &Breakers, other_max: Option<u32>, other_until: Option<&Time>) -> Breakers {
    let mut effective = breakers.clone();
    let limits = [breakers.max_guard_failures_before_halt, other_max];
    effective.max_guard_failures_before_halt = limits.into_iter().flatten().min();
    let untils = [breakers.halt_until.as_ref(), other_until];
    effective.halt_until = untils.into_iter().flatten().max_by_key(|time| time.0).cloned();
    effective
}

/// Whether any of them is on.
pub fn any(breakers: &Breakers) -> bool {
    ALL.iter().any(|kind| is_on(*kind, breakers))
}

fn is_on(kind: BreakerKind, breakers: &Breakers) -> bool {
    match kind {
        BreakerKind::GuardFailures => breakers.max_guard_failures_before_halt.is_some(),
        BreakerKind::ConsecutiveFailures => breakers.max_consecutive_failures.is_some(),
        BreakerKind::UnknownOutcomes => breakers.max_unknown.is_some(),
        BreakerKind::RejectedCredentials => breakers.halt_on_rejected_credentials,
        BreakerKind::HaltUntil => breakers.halt_until.is_some(),
    }
}

/// The name of a breaker, as it stands in the owner of its Halts.
fn name(kind: BreakerKind) -> &'static str {
    match kind {
        BreakerKind::GuardFailures => "guard-failures",
        BreakerKind::ConsecutiveFailures => "consecutive-failures",
        BreakerKind::UnknownOutcomes => "unknown-outcomes",
        BreakerKind::RejectedCredentials => "rejected-credentials",
        BreakerKind::HaltUntil => "halt-until",
    }
}

/// What breakers are decided from.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// What they watch over.
    pub scope: &'a Scope,
    /// Their settings, as [`effective`] gives them.
    pub breakers: &'a Breakers,
    /// How they stood.
    pub before: &'a [BreakerState],
    /// What is known.
    pub evidence: &'a Evidence,
    /// The Halts that `before` names, as far as they stand.
    pub halts: &'a [HaltFacts],
    /// The time of the clock.
    pub now: Timestamp,
}

/// Decides which breakers open.
///
/// # Guarantees
/// Equal inputs give equal orders, whose names are equal too: making one twice makes one. What a lifted Halt was made for
/// makes no other.
pub fn decide(situation: &Situation<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    for kind in ALL {
        let before = situation.before.iter().find(|state| state.breaker == kind);
        let state = before.cloned().unwrap_or(BreakerState {
            breaker: kind,
            count_since: None,
            halt: None,
        });
        let (order, next) = match &state.halt {
            Some(halt) => (None, situation.after(&state, halt)),
            None if is_on(kind, situation.breakers) => situation.count(&state),
            None => (None, state),
        };
        verdict.orders.extend(order);
        if next.count_since.is_some() || next.halt.is_some() {
            verdict.states.push(next);
        }
    }
    verdict.again_at = situation.again_at();
    verdict
}

impl Situation<'_> {
    /// A breaker that has made a Halt: it may have been lifted, or have run out.
    fn after(&self, state: &BreakerState, name: &str) -> BreakerState {
        let lifted = |at: Timestamp| BreakerState {
            count_since: Some(match (state.breaker, &self.breakers.halt_until) {
                (BreakerKind::HaltUntil, Some(until)) => until.clone(),
                _ => Time(at),
            }),
            halt: None,
            ..state.clone()
        };
        let Some(halt) = self.halts.iter().find(|halt| halt.name == name) else {
            return lifted(self.now);
        };
        match halt.stage(self.now) {
            Stage::Ended => lifted(halt.closed().unwrap_or(self.now)),
            Stage::InForce | Stage::HalfOpen => state.clone(),
        }
    }

    /// A closed breaker counts.
    fn count(&self, state: &BreakerState) -> (Option<HaltOrder>, BreakerState) {
        let order = match state.breaker {
            BreakerKind::HaltUntil => halt_until(self.scope, self.breakers, self.before)
                .filter(|order| order.until.is_some_and(|until| self.now < until)),
            kind => {
                let since = state.count_since.as_ref().map(|time| time.0);
                self.objection(kind, since)
                    .map(|why| self.order(kind, since, &format!("{}: {why}", self.scope.words())))
            }
        };
        let halt = order.as_ref().map(|order| order.name.clone());
        (
            order,
            BreakerState {
                halt,
                ..state.clone()
            },
        )
    }

    fn order(&self, kind: BreakerKind, since: Option<Timestamp>, reason: &str) -> HaltOrder {
        let order = HaltOrder::of_breaker(self.scope, name(kind), &since.map(Timestamp::as_second), reason);
        let stands_for = self.breakers.halt_for.and_then(duration);
        HaltOrder {
            until: stands_for.and_then(|time| self.now.checked_add(time).ok()),
            resume: self.breakers.resume.clone().unwrap_or_default(),
            ..order
        }
    }

    /// Why a breaker opens, with the evidence; none while it stays closed.
    fn objection(&self, kind: BreakerKind, since: Option<Timestamp>) -> Option<String> {
        let breakers = self.breakers;
        match kind {
            BreakerKind::GuardFailures => {
                let limit = breakers.max_guard_failures_before_halt?;
                let failed = self.guard_failures(since);
                let window = breakers.guard_failure_window.unwrap_or(GUARD_FAILURE_WINDOW);
                reached(&failed, limit).then(|| {
                    format!(
                        "{} assets could not go within {window} (maxGuardFailuresBeforeHalt is {limit}): {}.",
                        failed.len(),
                        named(&failed)
                    )
                })
            }
            BreakerKind::ConsecutiveFailures => {
                let limit = breakers.max_consecutive_failures?;
                let failed = self.failures_in_a_row(since);
                reached(&failed, limit).then(|| {
                    format!(
                        "{} sends in a row failed (maxConsecutiveFailures is {limit}): {}.",
                        failed.len(),
                        named(&failed)
                    )
                })
            }
            BreakerKind::UnknownOutcomes => {
                let limit = breakers.max_unknown?;
                let unknown = later(&self.evidence.unknown, since);
                reached(&unknown, limit).then(|| {
                    format!(
                        "of {} slots nobody knows whether they arrived (maxUnknown is {limit}): {}.",
                        unknown.len(),
                        named(&unknown)
                    )
                })
            }
            BreakerKind::RejectedCredentials => {
                let refused = later(&self.evidence.refused, since);
                (breakers.halt_on_rejected_credentials && !refused.is_empty()).then(|| {
                    format!(
                        "the platform refused the credentials (haltOnRejectedCredentials): {}.",
                        named(&refused)
                    )
                })
            }
            BreakerKind::HaltUntil => None,
        }
    }

    /// The assets that could not go when they were due, within the window, each once.
    fn guard_failures(&self, since: Option<Timestamp>) -> Vec<String> {
        let window = self.breakers.guard_failure_window.unwrap_or(GUARD_FAILURE_WINDOW);
        let from = duration(window).and_then(|window| self.now.checked_sub(window).ok());
        let counts = |at: Timestamp| {
            at <= self.now && from.is_none_or(|from| at > from) && since.is_none_or(|since| at > since)
        };
        let failed = self.evidence.guard_failures.iter();
        let names: BTreeSet<&String> = failed
            .filter(|failure| counts(failure.at))
            .map(|failure| &failure.what)
            .collect();
        names.into_iter().cloned().collect()
    }

    /// The sends since the last one that was published, newest first.
    fn failures_in_a_row(&self, since: Option<Timestamp>) -> Vec<String> {
        let mut sends: Vec<&EndedSend> = self.evidence.sends.iter().collect();
        sends.sort_by(|a, b| b.cmp(a));
        sends
            .into_iter()
            .take_while(|send| !send.published && since.is_none_or(|since| send.at > since))
            .map(|send| send.what.clone())
            .collect()
    }

    /// When the next asset that a guard stops is due.
    fn again_at(&self) -> Option<Timestamp> {
        self.breakers.max_guard_failures_before_halt?;
        let dues = self.evidence.guard_failures.iter().map(|failure| failure.at);
        dues.filter(|at| *at > self.now).min()
    }
}

fn duration(duration: GoDuration) -> Option<SignedDuration> {
    SignedDuration::try_from(duration.0).ok()
}

fn later(all: &[Happened], since: Option<Timestamp>) -> Vec<String> {
    let later = all.iter().filter(|one| since.is_none_or(|since| one.at > since));
    later.map(|one| one.what.clone()).collect()
}

fn reached(found: &[String], limit: u32) -> bool {
    u32::try_from(found.len()).unwrap_or(u32::MAX) >= limit
}

fn named(found: &[String]) -> String {
    let named: Vec<&str> = found.iter().take(NAMED).map(String::as_str).collect();
    let rest = found.len().saturating_sub(NAMED);
    if rest == 0 {
        named.join(", ")
    } else {
        format!("{} and {rest} more", named.join(", "))
    }
}

#[cfg(test)]
mod tests;
