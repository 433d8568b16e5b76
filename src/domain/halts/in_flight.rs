//! Sends that had passed their last look when a Halt came: it could not stop them, so it lists them.

use jiff::{SignedDuration, Timestamp};

use super::{
    super::{decide::LONGEST_DELAY, receipt::undecided},
    Stoppable,
};
use crate::api::{
    AttemptClass, InFlightOutcome, InFlightSend, ReceiptPhase, ReceiptSlot, ReceiptStatus, Target,
};

impl Stoppable {
    /// A slot, as far as a selector can see it; the channels of its account are known apart.
    pub fn of_slot(slot: &ReceiptSlot) -> Self {
        Self {
            campaigns: vec![slot.campaign.clone()],
            platform: slot.platform.clone(),
            account: slot.account.clone(),
            locale: slot.locale.clone(),
            ..Self::default()
        }
    }
}

/// The send of a receipt that a Halt came too late for, if there was one.
///
/// `came` is when the Halt was made, on the clock that the receipt was written with, in whole seconds. Whatever ended since
/// then and was not given up had begun its last look before: later looks see the Halt.
pub fn in_flight(
    name: &str,
    slot: &ReceiptSlot,
    status: &ReceiptStatus,
    came: Timestamp,
) -> Option<InFlightSend> {
    let outcome = outcome(status, came)?;
    Some(InFlightSend {
        receipt: name.to_owned(),
        post_id: slot.post_id.clone(),
        target: Target {
            platform: slot.platform.clone(),
            account: slot.account.clone(),
        },
        outcome,
    })
}

fn outcome(status: &ReceiptStatus, came: Timestamp) -> Option<InFlightOutcome> {
    let is_since = |at: Timestamp| at >= came && at.duration_since(came) <= LONGEST_DELAY;
    let published = status.published_at.as_ref().is_some_and(|time| is_since(time.0));
    let by_us = !matches!(status.reason.as_deref(), Some("ByHand" | "Adopted"));
    if status.phase == ReceiptPhase::Published {
        return (published && by_us).then_some(InFlightOutcome::Published);
    }
    // Begun before the Halt, or in the very second in which it came.
    let begun = |at: Timestamp| at < came + SignedDuration::from_secs(1);
    if let Some(attempt) = undecided(status).last() {
        let known = match (status.phase, attempt.class) {
            (ReceiptPhase::Sending, None) => InFlightOutcome::Sending,
            _ => InFlightOutcome::Unknown,
        };
        let ended = attempt.ended_at.as_ref().is_none_or(|time| is_since(time.0));
        return (begun(attempt.started_at.0) && ended).then_some(known);
    }
    let last = status.attempts.last()?;
    let failed = matches!(
        last.class,
        Some(
            AttemptClass::NotSent
                | AttemptClass::Rejected
                | AttemptClass::Refused
                | AttemptClass::RateLimited
        )
    );
    let ended = last.ended_at.as_ref().is_some_and(|time| is_since(time.0));
    (failed && ended && begun(last.started_at.0)).then_some(InFlightOutcome::Failed)
}

/// How many sends a Halt lists.
const LISTED: usize = 20;

/// What a Halt listed before, with what is known now: who was listed stays, unless it was given up.
pub fn merged(before: &[InFlightSend], seen: Vec<InFlightSend>) -> (Vec<InFlightSend>, u32) {
    let mut all = seen;
    let settled = |send: &&InFlightSend| send.outcome != InFlightOutcome::Sending;
    for send in before.iter().filter(settled) {
        if all.iter().all(|other| other.receipt != send.receipt) {
            all.push(send.clone());
        }
    }
    all.sort();
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    all.truncate(LISTED);
    (all, count)
}
