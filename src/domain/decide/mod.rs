//! The decision: what to do next for one asset.

mod by_person;
mod unknown;

#[cfg(test)]
mod by_person_tests;
#[cfg(test)]
mod orphan_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod thread_tests;

use jiff::{SignedDuration, Timestamp};

use self::unknown::{remaining_doubt, unknown};
use super::{
    gates::{channel, first_held, gates, reply_to, would_be_missed},
    observed::{Observed, ReceiptFacts},
    plan::{Action, Gate, GateState, Plan, SendOrder},
    receipt::{self, BY_HAND, CONFIRMED, HELD_AFTER_RESTORE, NOT_DONE, PUBLISHED_TWICE, undecided},
};
use crate::api::{AssetPhase, AttemptClass, Intent, ReceiptPhase, ReceiptStatus};

/// How long a request may still be on its way when its sender is gone; the assumption that the README prints.
pub const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);
/// Why an asset is held whose receipt somebody deleted.
pub const RECEIPT_MISSING: &str = "ReceiptMissing";
/// How far two looks that find nothing have to lie apart before they prove it.
pub(super) const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_mins(5);

/// Decides what should happen next for one asset.
///
/// # Guarantees
/// Equal inputs give equal plans. Never proposes to send while an earlier attempt is undecided, unless the platform
/// makes that safe. Never proposes to send what is published.
pub fn decide(observed: &Observed, now: Timestamp) -> Plan {
    let gates = gates(observed, now);
    let mut plan = match &observed.receipt {
        None if observed.unreadable_receipt.is_some() => unreadable_receipt(observed, gates),
        None => without_receipt(observed, gates),
        Some(receipt) => with_receipt(observed, receipt, gates, now),
    };
    if matches!(plan.phase, AssetPhase::Scheduled | AssetPhase::AwaitingApproval) {
        let stale_at = observed.campaign.as_ref().and_then(|campaign| campaign.stale_at);
        let verdict = observed.guards.verdict.as_ref();
        let again_at = verdict.and_then(|verdict| verdict.again_at);
        let wakes = [
            plan.wake_at,
            stale_at.filter(|at| *at > now),
            again_at.filter(|at| *at > now),
        ];
        plan.wake_at = wakes.into_iter().flatten().min();
    }
    plan.would_be_missed = would_be_missed(observed, plan.phase, now);
    plan
}

fn plan(
    gates: Vec<Gate>,
    phase: AssetPhase,
    reason: &str,
    message: impl Into<String>,
    action: Action,
) -> Plan {
    Plan {
        gates,
        phase,
        reason: reason.to_owned(),
        message: message.into(),
        action,
        wake_at: None,
        would_be_missed: None,
    }
}

/// The plan of an asset that a gate holds, if one does.
fn held(gates: &[Gate]) -> Option<Plan> {
    let (phase, reason, message, wake_at) = match first_held(gates)? {
        GateState::Open => return None,
        GateState::Waiting {
            until,
            phase,
            reason,
            message,
        } => (phase, reason, message, Some(*until)),
        GateState::Closed {
            phase,
            reason,
            message,
            until,
        } => (phase, reason, message, *until),
    };
    Some(Plan {
        gates: gates.to_vec(),
        phase: *phase,
        reason: reason.clone(),
        message: message.clone(),
        action: Action::Wait,
        wake_at,
        would_be_missed: None,
    })
}

/// Whatever the receipt says, nothing is done before somebody can read it.
fn unreadable_receipt(observed: &Observed, gates: Vec<Gate>) -> Plan {
    let problem = observed.unreadable_receipt.as_deref().unwrap_or_default();
    let message = format!(
        "The Receipt of this slot cannot be read, so nobody can tell whether this was published: {problem}. Restore the \
         Receipt as Campanile wrote it, or run the version of Campanile that wrote it."
    );
    plan(
        gates,
        AssetPhase::Blocked,
        "ReceiptUnreadable",
        receipt::shortened(&message, 900),
        Action::Wait,
    )
}

fn without_receipt(observed: &Observed, gates: Vec<Gate>) -> Plan {
    if let Some(name) = &observed.asset.remembered_receipt {
        return plan(
            gates,
            AssetPhase::Blocked,
            RECEIPT_MISSING,
            format!(
                "Receipt {name} is gone: nobody can tell whether this was published. Restore the Receipt."
            ),
            Action::Wait,
        );
    }
    if observed.asset.intent == Intent::Posted {
        return by_hand(observed, gates);
    }
    if was_due_before_the_restore(observed) && channel(observed).is_ok() && observed.campaign.is_some() {
        return hold_after_restore(gates);
    }
    held(&gates).unwrap_or_else(|| {
        plan(
            gates,
            AssetPhase::Publishing,
            "Claiming",
            "The slot is being claimed.",
            Action::Claim,
        )
    })
}

fn was_due_before_the_restore(observed: &Observed) -> bool {
    let times = observed.asset.publish_at.zip(observed.process.restored_at);
    times.is_some_and(|(publish_at, restored_at)| publish_at < restored_at)
}

fn hold_after_restore(gates: Vec<Gate>) -> Plan {
    let message = "It was due before the store was restored; what became of it may have been lost.";
    plan(
        gates,
        AssetPhase::Unknown,
        HELD_AFTER_RESTORE,
        message,
        Action::HoldAsUnknown,
    )
}

/// What a person published: the slot is taken, so that resetting the column later publishes nothing.
///
/// Only where the branch says so, and where a channel says which slot it is.
fn by_hand(observed: &Observed, gates: Vec<Gate>) -> Plan {
    let nameable = observed.campaign.is_some() && channel(observed).is_ok();
    if !nameable || !observed.asset.is_as_made() {
        return held(&gates).unwrap_or_else(|| inconsistent(gates));
    }
    let message = "A person published it; its status is posted.";
    plan(gates, AssetPhase::Posted, BY_HAND, message, Action::RecordByHand)
}

fn with_receipt(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>, now: Timestamp) -> Plan {
    if super::slot::Slot::new(&receipt.slot).receipt_name() != receipt.name {
        let message = format!(
            "Receipt {} does not name the slot that its name stands for.",
            receipt.name
        );
        return plan(
            gates,
            AssetPhase::Blocked,
            "ReceiptInconsistent",
            message,
            Action::Wait,
        );
    }
    if may_be_older_than_the_restore(observed, &receipt.status) {
        return hold_after_restore(gates);
    }
    if receipt.status.release_requested.is_some() && receipt.status.phase != ReceiptPhase::Sending {
        return release(observed, receipt, gates, now);
    }
    match receipt.status.phase {
        ReceiptPhase::Claimed | ReceiptPhase::Released => claimed(observed, receipt, gates, now),
        ReceiptPhase::Sending => sending(observed, receipt, gates),
        ReceiptPhase::Unknown => unknown(observed, receipt, gates, now),
        ReceiptPhase::Published => published(observed, receipt, gates),
        ReceiptPhase::Failed => failed(observed, receipt, gates, now),
    }
}

/// True for a receipt that is not Published, of a slot that was due before the restore, and was not held for it yet: what
/// stands may be from before the slot was published.
fn may_be_older_than_the_restore(observed: &Observed, status: &ReceiptStatus) -> bool {
    // A receipt keeps whole seconds.
    let held_for = status.held_for_restore_at.as_ref().map(|time| time.0.as_second());
    let live = || undecided(status).any(|attempt| observed.process.live_attempts.contains(&attempt.id));
    was_due_before_the_restore(observed)
        && status.phase != ReceiptPhase::Published
        && held_for < observed.process.restored_at.map(Timestamp::as_second)
        && !live()
}

fn release(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>, now: Timestamp) -> Plan {
    let remaining = remaining_doubt(observed, receipt);
    if remaining.is_zero() {
        let message = "The slot is opened again, as a person asked.";
        return plan(
            gates,
            AssetPhase::Publishing,
            "Releasing",
            message,
            Action::Release,
        );
    }
    let message = "A person asked to open the slot again; an earlier sender could still be alive.";
    let mut plan = plan(
        gates,
        AssetPhase::Unknown,
        "ReleasePending",
        message,
        Action::Wait,
    );
    plan.wake_at = now.checked_add(remaining).ok();
    plan
}

fn claimed(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>, now: Timestamp) -> Plan {
    if stands(observed, &receipt.status) {
        return posted(&receipt.status, gates);
    }
    if observed.asset.intent == Intent::Posted {
        return by_hand(observed, gates);
    }
    let asked = receipt::asked(&receipt.status);
    if let Some(plan) = asked.and_then(|asked| by_person::awaited(observed, receipt, asked, &gates, now)) {
        return plan;
    }
    if let Some(plan) = held(&gates) {
        return plan;
    }
    match receipt.status.not_before.as_ref().map(|time| time.0) {
        Some(at) if at > now => {
            let reason = receipt.status.reason.as_deref().unwrap_or("RetryPending");
            let message = receipt.status.message.as_deref().unwrap_or("It is tried again.");
            let mut plan = plan(gates, AssetPhase::Scheduled, reason, message, Action::Wait);
            plan.wake_at = Some(at);
            plan
        }
        _ => send(observed, receipt, gates, receipt.status.epoch),
    }
}

fn send(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>, epoch: u32) -> Plan {
    let manual = channel(observed).ok().and_then(|channel| channel.manual.as_ref());
    if let Some(manual) = manual {
        return by_person::ask(observed, receipt, gates, (manual, epoch));
    }
    let Some(order) = send_order(observed, receipt, epoch) else {
        return held(&gates).unwrap_or_else(|| inconsistent(gates));
    };
    plan(
        gates,
        AssetPhase::Publishing,
        "Sending",
        "It is on its way.",
        Action::Send(order),
    )
}

/// What is to leave, and under which key; none where nobody knows through which channel.
fn send_order(observed: &Observed, receipt: &ReceiptFacts, epoch: u32) -> Option<SendOrder> {
    let channel = channel(observed).ok()?;
    let order = SendOrder {
        epoch,
        revision: if observed.asset.is_state() {
            receipt.status.revision + 1
        } else {
            0
        },
        content_digest: observed.asset.content_digest.clone(),
        channel: channel.name.clone(),
        endpoint_digest: channel.endpoint_digest.clone(),
        prepared_id: None,
        reply_to: receipt::reply_to(&receipt.status, epoch).or_else(|| reply_to(observed)),
    };
    let prepared_id = receipt::prepared_id(&receipt.status, epoch, order.revision, &order.content_digest);
    Some(SendOrder { prepared_id, ..order })
}

fn inconsistent(gates: Vec<Gate>) -> Plan {
    let message = "The receipt says what cannot be. Compare it with the account, then adopt or release it.";
    plan(
        gates,
        AssetPhase::Blocked,
        "ReceiptInconsistent",
        message,
        Action::Wait,
    )
}

fn sending(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>) -> Plan {
    let Some(attempt) = undecided(&receipt.status).last() else {
        return inconsistent(gates);
    };
    if observed.process.live_attempts.contains(&attempt.id) {
        return plan(
            gates,
            AssetPhase::Publishing,
            "Sending",
            "It is on its way.",
            Action::Wait,
        );
    }
    let action = Action::MarkUnknown {
        attempt: attempt.id.clone(),
    };
    plan(
        gates,
        AssetPhase::Unknown,
        "MayBeLive",
        "An attempt ended without an answer on record.",
        action,
    )
}

/// True for a page or template whose words are the ones that were written last, although a later version failed.
fn stands(observed: &Observed, status: &ReceiptStatus) -> bool {
    observed.asset.is_state() && status.content_digest.as_ref() == Some(&observed.asset.content_digest)
}

fn posted(status: &ReceiptStatus, gates: Vec<Gate>) -> Plan {
    let reason = match status.reason.as_deref() {
        Some(reason) if status.phase == ReceiptPhase::Published => reason,
        _ => "Published",
    };
    let text = match (reason, &status.message, &status.url) {
        (PUBLISHED_TWICE | CONFIRMED, Some(message), _) => message.clone(),
        (_, _, Some(url)) => format!("It is published: {url}"),
        _ => "It is published.".to_owned(),
    };
    plan(gates, AssetPhase::Posted, reason, text, Action::Wait)
}

fn published(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>) -> Plan {
    let status = &receipt.status;
    let unchanged = status.content_digest.as_ref() == Some(&observed.asset.content_digest);
    if unchanged || status.reason.as_deref() == Some(BY_HAND) {
        return posted(status, gates);
    }
    if observed.asset.is_state() {
        return held(&gates).unwrap_or_else(|| send(observed, receipt, gates, status.epoch));
    }
    if status.content_digest.is_none() || status.reason.as_deref() == Some(PUBLISHED_TWICE) {
        return posted(status, gates);
    }
    plan(
        gates,
        AssetPhase::Posted,
        "Drifted",
        "It changed after it was published; nothing is sent again. Put the words back, or edit it on the platform, or \
         repeat it with an occurrence of its own, or take it back and release the slot.",
        Action::Wait,
    )
}

fn failed(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>, now: Timestamp) -> Plan {
    let status = &receipt.status;
    if stands(observed, status) {
        return posted(status, gates);
    }
    if observed.asset.intent == Intent::Posted {
        return by_hand(observed, gates);
    }
    let digest = &observed.asset.content_digest;
    let of_epoch = || {
        status
            .attempts
            .iter()
            .filter(|attempt| attempt.epoch == status.epoch)
    };
    if was_given_up_with_other_words(status, digest) {
        return held(&gates).unwrap_or_else(|| send(observed, receipt, gates, status.epoch));
    }
    let tried = of_epoch().any(|attempt| attempt.content_digest == *digest && receipt::was_answered(attempt));
    let rejected = of_epoch().any(|attempt| attempt.class == Some(AttemptClass::Rejected));
    if tried || !of_epoch().any(receipt::was_answered) {
        let reason = status.reason.as_deref().unwrap_or("Failed");
        let message = status.message.as_deref().unwrap_or("It was not published.");
        return plan(gates, AssetPhase::Failed, reason, message, Action::Wait);
    }
    if rejected {
        return held(&gates).unwrap_or_else(|| send(observed, receipt, gates, status.epoch + 1));
    }
    claimed(observed, receipt, gates, now)
}

/// True where a person did not publish it by hand, and was given other words than it has now.
fn was_given_up_with_other_words(status: &ReceiptStatus, digest: &str) -> bool {
    let asked = status.asked.as_ref();
    status.reason.as_deref() == Some(NOT_DONE) && asked.is_some_and(|asked| asked.content_digest != digest)
}
