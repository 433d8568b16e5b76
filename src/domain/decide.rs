//! The decision: what to do next for one asset.

use jiff::{SignedDuration, Timestamp};

use super::{
    gates::{channel, first_held, gates},
    observed::{ChannelClass, ChannelFacts, Observed, ReceiptFacts},
    plan::{Action, Gate, GateState, Plan, SendOrder},
    receipt::{self, backoff, undecided},
};
use crate::api::{AssetPhase, Attempt, AttemptClass, Intent, ReceiptPhase};

/// How long a request may still be on its way when its sender is gone; the assumption that the README prints.
pub const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);
/// How far the end of an idempotency window has to be away from a resend's own time-out.
const WINDOW_MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// How far two looks that find nothing have to lie apart before they prove it.
pub(super) const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_mins(5);

/// Decides what should happen next for one asset.
///
/// # Guarantees
/// Equal inputs give equal plans. Never proposes to send while an earlier attempt is undecided, unless the platform
/// makes that safe. Never proposes to send what is published.
pub fn decide(observed: &Observed, now: Timestamp) -> Plan {
    let gates = gates(observed, now);
    match &observed.receipt {
        None => without_receipt(observed, gates),
        Some(receipt) => with_receipt(observed, receipt, gates, now),
    }
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
    })
}

fn without_receipt(observed: &Observed, gates: Vec<Gate>) -> Plan {
    if let Some(name) = &observed.asset.remembered_receipt {
        return plan(
            gates,
            AssetPhase::Blocked,
            "ReceiptMissing",
            format!(
                "Receipt {name} is gone: nobody can tell whether this was published. Restore the Receipt."
            ),
            Action::Wait,
        );
    }
    if observed.asset.intent == Intent::Posted {
        return by_hand(observed, gates);
    }
    let was_due = |at: Timestamp| {
        observed
            .asset
            .publish_at
            .is_some_and(|publish_at| publish_at < at)
    };
    if observed.process.restored_at.is_some_and(was_due) && channel(observed).is_ok() {
        let message =
            "It was due before the moment that the store was restored to; its receipt may have been lost.";
        return plan(
            gates,
            AssetPhase::Unknown,
            "HeldAfterRestore",
            message,
            Action::HoldAsUnknown,
        );
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

/// What a person published: the slot is taken, so that resetting the column later publishes nothing.
fn by_hand(observed: &Observed, gates: Vec<Gate>) -> Plan {
    let action = if observed.asset.is_as_made() {
        Action::RecordByHand
    } else {
        Action::Wait
    };
    plan(
        gates,
        AssetPhase::Posted,
        "ByHand",
        "A person published it; its status is posted.",
        action,
    )
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
    if observed.asset.intent == Intent::Posted {
        return by_hand(observed, gates);
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
    let Ok(channel) = channel(observed) else {
        return held(&gates).unwrap_or_else(|| inconsistent(gates));
    };
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
        prepared_id: receipt::prepared_id(&receipt.status, epoch),
    };
    plan(
        gates,
        AssetPhase::Publishing,
        "Sending",
        "It is on its way.",
        Action::Send(order),
    )
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

fn published(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>) -> Plan {
    let status = &receipt.status;
    let reason = status.reason.as_deref().unwrap_or("Published");
    let unchanged = status.content_digest.as_ref() == Some(&observed.asset.content_digest);
    let text = status.url.as_ref().map_or_else(
        || "It is published.".to_owned(),
        |url| format!("It is published: {url}"),
    );
    if unchanged || reason == "ByHand" {
        return plan(gates, AssetPhase::Posted, reason, text, Action::Wait);
    }
    if observed.asset.is_state() {
        return held(&gates).unwrap_or_else(|| send(observed, receipt, gates, status.epoch));
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
    let digest = &observed.asset.content_digest;
    let of_epoch = || {
        status
            .attempts
            .iter()
            .filter(|attempt| attempt.epoch == status.epoch)
    };
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

fn unknown(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>, now: Timestamp) -> Plan {
    let Ok(channel) = channel(observed) else {
        let message = "It may be live, and its channel is not there to be asked. Restore the ChannelConfig.";
        return plan(gates, AssetPhase::Unknown, "MayBeLive", message, Action::Wait);
    };
    let attempts: Vec<&Attempt> = undecided(&receipt.status).collect();
    let moved = attempts
        .iter()
        .any(|attempt| attempt.endpoint_digest != channel.endpoint_digest);
    let usable = channel.missing.is_empty() && channel.unusable.is_none();
    if moved || !usable {
        return ask_a_person(
            receipt,
            gates,
            if moved { "EndpointChanged" } else { "MayBeLive" },
        );
    }
    if let Some(at) = receipt
        .status
        .not_before
        .as_ref()
        .map(|time| time.0)
        .filter(|at| *at > now)
    {
        let mut plan = plan(
            gates,
            AssetPhase::Unknown,
            "MayBeLive",
            may_be_live(receipt),
            Action::Wait,
        );
        plan.wake_at = Some(at);
        return plan;
    }
    let doubt = Doubt {
        observed,
        receipt,
        channel,
        attempts: &attempts,
        now,
    };
    match channel.class {
        ChannelClass::NaturalKey => doubt.of_natural_key(gates),
        ChannelClass::IdempotencyKey { window } => doubt.of_idempotency_key(
            gates,
            SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX),
        ),
        ChannelClass::LookUp => doubt.of_look_up(gates),
        ChannelClass::Neither => ask_a_person(receipt, gates, "MayBeLive"),
    }
}

/// An attempt whose outcome nobody knows, and what the platform allows us to do about it.
struct Doubt<'a> {
    observed: &'a Observed,
    receipt: &'a ReceiptFacts,
    channel: &'a ChannelFacts,
    attempts: &'a [&'a Attempt],
    now: Timestamp,
}

impl Doubt<'_> {
    /// Asks first; sends the same once more under the same name where it is absent, waiting for nobody.
    fn of_natural_key(&self, gates: Vec<Gate>) -> Plan {
        if self.looked_since_the_last_attempt() && self.same_words() && held(&gates).is_none() {
            return send(self.observed, self.receipt, gates, self.receipt.status.epoch);
        }
        self.of_look_up(gates)
    }

    /// Sends the same once more under the same key while the platform remembers the first.
    fn of_idempotency_key(&self, gates: Vec<Gate>, window: SignedDuration) -> Plan {
        let margin = SignedDuration::try_from(self.channel.send_timeout).unwrap_or(SignedDuration::MAX)
            + WINDOW_MARGIN;
        let closes_at = self
            .attempts
            .first()
            .and_then(|first| first.started_at.0.checked_add(window - margin).ok());
        let open = closes_at.is_some_and(|closes_at| self.now <= closes_at);
        if !open || !self.same_words() {
            return ask_a_person(self.receipt, gates, "MayBeLive");
        }
        match held(&gates) {
            None => send(self.observed, self.receipt, gates, self.receipt.status.epoch),
            Some(waiting) => {
                let mut plan = plan(
                    gates,
                    AssetPhase::Unknown,
                    "MayBeLive",
                    may_be_live(self.receipt),
                    Action::Wait,
                );
                plan.wake_at = [waiting.wake_at, closes_at].into_iter().flatten().min();
                plan
            }
        }
    }

    /// Asks twice, both times when no earlier sender can be alive; then it certainly arrived nowhere.
    fn of_look_up(&self, gates: Vec<Gate>) -> Plan {
        let proven = receipt::absence_is_proven(&self.receipt.status, self.doubt_ends_at());
        let (action, message) = if proven {
            (Action::SettleAbsent, "It is certainly not there.".to_owned())
        } else {
            (Action::LookUp, may_be_live(self.receipt))
        };
        plan(gates, AssetPhase::Unknown, "MayBeLive", message, action)
    }

    fn same_words(&self) -> bool {
        !self.attempts.is_empty()
            && self
                .attempts
                .iter()
                .all(|attempt| attempt.content_digest == self.observed.asset.content_digest)
    }

    fn looked_since_the_last_attempt(&self) -> bool {
        let last = self.attempts.last().map(|attempt| attempt.started_at.0);
        let looked = self
            .receipt
            .status
            .absences
            .last()
            .map(|absence| absence.began_at.0);
        matches!((last, looked), (Some(last), Some(looked)) if looked >= last)
    }

    /// The instant from which no earlier sender can be alive, by this observer's own clock.
    fn doubt_ends_at(&self) -> Timestamp {
        let seen = SignedDuration::try_from(self.receipt.undecided_seen_for).unwrap_or(SignedDuration::MAX);
        let first_seen = self.now.checked_sub(seen).unwrap_or(Timestamp::MIN);
        first_seen
            .checked_add(doubt(self.observed))
            .unwrap_or(Timestamp::MAX)
    }
}

/// How long an earlier sender can be alive after an observer first saw its attempt.
fn doubt(observed: &Observed) -> SignedDuration {
    let send_timeout = channel(observed)
        .map(|channel| channel.send_timeout)
        .unwrap_or_default();
    let known = observed.process.lease_duration + send_timeout;
    SignedDuration::try_from(known)
        .unwrap_or(SignedDuration::MAX)
        .saturating_add(LONGEST_DELAY)
}

fn remaining_doubt(observed: &Observed, receipt: &ReceiptFacts) -> SignedDuration {
    if undecided(&receipt.status).next().is_none() {
        return SignedDuration::ZERO;
    }
    let seen = SignedDuration::try_from(receipt.undecided_seen_for).unwrap_or(SignedDuration::MAX);
    (doubt(observed) - seen).max(SignedDuration::ZERO)
}

fn may_be_live(receipt: &ReceiptFacts) -> String {
    format!(
        "It was sent, and no answer came: it may be live. Receipt {} has the attempt.",
        receipt.name
    )
}

fn ask_a_person(receipt: &ReceiptFacts, gates: Vec<Gate>, reason: &str) -> Plan {
    let name = &receipt.name;
    if receipt.status.reason.as_deref() == Some("HeldAfterRestore") {
        let message = format!(
            "It was due before the moment that the store was restored to, and its receipt may have been lost. Look at \
             the account, then: campanile receipts adopt {name} --remote-id ID, or campanile receipts release {name} \
             --reason WHY"
        );
        return plan(
            gates,
            AssetPhase::Unknown,
            "HeldAfterRestore",
            message,
            Action::Wait,
        );
    }
    let message = format!(
        "It was sent, no answer came, and nobody but a person can tell whether it is live. Look at the account, then: \
         campanile receipts adopt {name} --remote-id ID, or campanile receipts release {name} --reason WHY"
    );
    plan(gates, AssetPhase::Unknown, reason, message, Action::Wait)
}

/// When an undecided attempt is tried or looked for again.
pub(super) fn next_try(attempts: usize, after: SignedDuration, from: Timestamp) -> Timestamp {
    from.checked_add(backoff(attempts, after))
        .unwrap_or(Timestamp::MAX)
}
