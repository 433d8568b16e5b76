//! What an outcome that nobody knows allows: to ask, to send the same once more, or to wait for a person.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{LONGEST_DELAY, held, plan, send};
use crate::{
    api::{AssetPhase, Attempt, ReceiptPhase},
    domain::{
        gates::channel,
        observed::{ChannelClass, ChannelFacts, Observed, ReceiptFacts},
        plan::{Action, Gate, Plan},
        receipt::{self, HELD_AFTER_RESTORE, undecided},
    },
};

/// How far the end of an idempotency window has to be away from a resend's own time-out.
const WINDOW_MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// How long a send may have been allowed to take on a channel that is no longer there to say.
const LONGEST_SEND: Duration = Duration::from_mins(10);

pub(super) fn unknown(observed: &Observed, receipt: &ReceiptFacts, gates: Vec<Gate>, now: Timestamp) -> Plan {
    let Ok(channel) = channel(observed) else {
        let message = "It may be live, and its channel is not there to be asked. Restore the ChannelConfig.";
        return plan(gates, AssetPhase::Unknown, "MayBeLive", message, Action::Wait);
    };
    let attempts: Vec<&Attempt> = undecided(&receipt.status).collect();
    if attempts
        .iter()
        .any(|attempt| observed.process.live_attempts.contains(&attempt.id))
    {
        let message = "An answer to it is still being waited for.";
        return plan(gates, AssetPhase::Unknown, "MayBeLive", message, Action::Wait);
    }
    let moved = attempts
        .iter()
        .any(|attempt| attempt.endpoint_digest != channel.endpoint_digest);
    if moved {
        return ask_a_person(receipt, gates, "EndpointChanged");
    }
    if !(channel.missing.is_empty() && channel.unusable.is_none() && channel.refused.is_none()) {
        return cannot_be_asked(receipt, channel, gates);
    }
    let asks_by_itself = channel.class != ChannelClass::Neither;
    let not_before = receipt.status.not_before.as_ref().map(|time| time.0);
    if let Some(at) = not_before.filter(|at| asks_by_itself && *at > now) {
        let held = receipt.status.reason.as_deref() == Some(HELD_AFTER_RESTORE);
        let (reason, message) = if held {
            (HELD_AFTER_RESTORE, held_after_restore(&receipt.name))
        } else {
            ("MayBeLive", may_be_live(receipt))
        };
        let mut plan = plan(gates, AssetPhase::Unknown, reason, message, Action::Wait);
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
        ChannelClass::Neither => ask_a_person(receipt, gates, "MayBeLive"),
        ChannelClass::IdempotencyKey { .. } if doubt.is_held_after_restore() => {
            ask_a_person(receipt, gates, HELD_AFTER_RESTORE)
        }
        _ if doubt.is_held_after_restore() => doubt.of_look_up(gates),
        ChannelClass::NaturalKey => doubt.of_natural_key(gates),
        ChannelClass::IdempotencyKey { window } => doubt.of_idempotency_key(
            gates,
            SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX),
        ),
        ChannelClass::LookUp => doubt.of_look_up(gates),
    }
}

fn cannot_be_asked(receipt: &ReceiptFacts, channel: &ChannelFacts, gates: Vec<Gate>) -> Plan {
    let message = format!(
        "It may be live, and ChannelConfig {channel} cannot be asked as it stands. Mend it, or look at the account: \
         campanile receipts adopt {name} --remote-id ID, or campanile receipts release {name} --reason WHY",
        channel = channel.name,
        name = receipt.name
    );
    plan(gates, AssetPhase::Unknown, "MayBeLive", message, Action::Wait)
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
        let held = self.is_held_after_restore();
        let (action, message) = if proven {
            (Action::SettleAbsent, "It is certainly not there.".to_owned())
        } else if held {
            (Action::LookUp, held_after_restore(&self.receipt.name))
        } else {
            (Action::LookUp, may_be_live(self.receipt))
        };
        let reason = if held { HELD_AFTER_RESTORE } else { "MayBeLive" };
        plan(gates, AssetPhase::Unknown, reason, message, action)
    }

    fn is_held_after_restore(&self) -> bool {
        self.receipt.status.reason.as_deref() == Some(HELD_AFTER_RESTORE)
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
    let send_timeout = observed
        .channels
        .iter()
        .map(|channel| channel.send_timeout)
        .max()
        .unwrap_or(LONGEST_SEND);
    let known = observed.process.lease_duration + send_timeout;
    SignedDuration::try_from(known)
        .unwrap_or(SignedDuration::MAX)
        .saturating_add(LONGEST_DELAY)
}

pub(super) fn remaining_doubt(observed: &Observed, receipt: &ReceiptFacts) -> SignedDuration {
    let in_doubt =
        receipt.status.phase == ReceiptPhase::Unknown || undecided(&receipt.status).next().is_some();
    if !in_doubt {
        return SignedDuration::ZERO;
    }
    let seen = SignedDuration::try_from(receipt.undecided_seen_for).unwrap_or(SignedDuration::MAX);
    doubt(observed).saturating_sub(seen).max(SignedDuration::ZERO)
}

fn may_be_live(receipt: &ReceiptFacts) -> String {
    format!(
        "It was sent, and no answer came: it may be live. Receipt {} has the attempt.",
        receipt.name
    )
}

fn held_after_restore(name: &str) -> String {
    format!(
        "It was due before the store was restored, and what became of it may have been lost. Look at the account, then: \
         campanile receipts adopt {name} --remote-id ID, or campanile receipts release {name} --reason WHY"
    )
}

fn ask_a_person(receipt: &ReceiptFacts, gates: Vec<Gate>, reason: &str) -> Plan {
    let name = &receipt.name;
    if receipt.status.reason.as_deref() == Some(HELD_AFTER_RESTORE) {
        let message = held_after_restore(name);
        return plan(
            gates,
            AssetPhase::Unknown,
            HELD_AFTER_RESTORE,
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
