//! What becomes of a Receipt: the transitions, each a function from a status to the next one.

mod asked;
mod doubt;
mod outcome;
mod person;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{plan::SendOrder, publication::Written};
use crate::api::{
    AssetSource, AssetType, Attempt, AttemptClass, ReceiptApproval, ReceiptGuard, ReceiptPhase,
    ReceiptStatus, RetryPolicy, Sender,
};

pub(super) use asked::{AWAITING_PERSON, CONFIRMED, NOT_DONE};
pub use asked::{ask, asked, done, not_done, withdraw};
pub use doubt::{
    absence_is_proven, backoff, mark_unknown, record_absence, record_found, record_no_answer, settle_absent,
};
pub use outcome::{Outcome, record};
pub use person::{NotAllowed, Person, adopt, release, request_release, retry};

/// How many of the last attempts a receipt keeps, beside the first undecided one and the published one.
const KEPT_ATTEMPTS: usize = 4;
/// How many of the attempts that may have written the published version a receipt keeps.
const KEPT_WRITERS: usize = 3;
/// The longest pause between two tries or looks.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// The shortest pause between two tries or looks, whatever the campaign says.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// How much of what was sent a receipt carries, in bytes.
pub const SENT_BYTES: usize = 8 * 1024;
/// The reason of a receipt that may have been lost in a restore.
pub(super) const HELD_AFTER_RESTORE: &str = "HeldAfterRestore";
/// The reason of a slot that two attempts published.
pub(super) const PUBLISHED_TWICE: &str = "PublishedTwice";
/// The reason of a slot that a person published.
pub(super) const BY_HAND: &str = "ByHand";

/// The attempts of the receipt's epoch whose outcome nobody knows, oldest first.
pub fn undecided(status: &ReceiptStatus) -> impl Iterator<Item = &Attempt> {
    status
        .attempts
        .iter()
        .filter(|attempt| is_open(attempt, status.epoch))
}

/// True for an attempt of an epoch whose outcome nobody knows.
fn is_open(attempt: &Attempt, epoch: u32) -> bool {
    attempt.epoch == epoch && matches!(attempt.class, None | Some(AttemptClass::Unknown))
}

/// True for an attempt that ended with an answer about its words.
pub(super) fn was_answered(attempt: &Attempt) -> bool {
    matches!(
        attempt.class,
        Some(AttemptClass::NotSent | AttemptClass::Rejected | AttemptClass::Published)
    )
}

/// What was prepared under a key from the same words: it and nothing else is committed until the epoch ends.
pub fn prepared_id(
    status: &ReceiptStatus,
    epoch: u32,
    revision: u32,
    content_digest: &str,
) -> Option<String> {
    let alike = status.attempts.iter().filter(|attempt| {
        attempt.epoch == epoch && attempt.revision == revision && attempt.content_digest == content_digest
    });
    alike
        .filter_map(|attempt| attempt.prepared_id.clone())
        .next_back()
}

/// What the undecided attempts of an epoch replied to: a resend says what the first one said.
pub fn reply_to(status: &ReceiptStatus, epoch: u32) -> Option<String> {
    let mut of_epoch = undecided(status).filter(|attempt| attempt.epoch == epoch);
    of_epoch.find_map(|attempt| attempt.reply_to.clone())
}

/// What we wrote at the slot's place, if it is published: what the next revision may replace.
pub fn written(status: &ReceiptStatus) -> Option<Written> {
    let published = published_attempt(status)?;
    Some(Written {
        remote_id: status.remote_id.clone()?,
        epoch: published.epoch,
        revision: published.revision,
        attempts: writers(status),
    })
}

/// The attempt that was published last.
fn published_attempt(status: &ReceiptStatus) -> Option<&Attempt> {
    let id = status.published_attempt.as_ref()?;
    status.attempts.iter().find(|attempt| attempt.id == *id)
}

/// What names one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    /// Drawn at random.
    pub id: String,
    /// Who sends.
    pub sender: Sender,
    /// What was prepared for it.
    pub prepared_id: Option<String>,
}

/// What stands on a receipt beside its attempts while something is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proof {
    /// What it is.
    pub type_: Option<AssetType>,
    /// When it was meant to be published.
    pub scheduled_for: Option<Timestamp>,
    /// Where the words were written.
    pub source: Option<AssetSource>,
    /// What is sent.
    pub sent: Option<String>,
    /// Who allowed it.
    pub approval: Option<String>,
    /// What the guards said of it.
    pub guard: Option<ReceiptGuard>,
    /// Each decision that allowed it.
    pub approvals: Vec<ReceiptApproval>,
}

/// The intent: the status that is written before any byte that the platform could act on.
pub fn begin(
    before: &ReceiptStatus,
    order: &SendOrder,
    attempt: NewAttempt,
    proof: Proof,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = before.clone();
    let number = before
        .attempts
        .iter()
        .map(|attempt| attempt.number)
        .max()
        .unwrap_or(0)
        + 1;
    if order.epoch != before.epoch {
        status.not_sent_count = 0;
    }
    status.absences.clear();
    status.epoch = order.epoch;
    status.phase = ReceiptPhase::Sending;
    status.reason = Some("Sending".to_owned());
    status.message = None;
    status.not_before = None;
    prove(&mut status, proof);
    status.attempts.push(Attempt {
        id: attempt.id,
        number,
        epoch: order.epoch,
        revision: order.revision,
        content_digest: order.content_digest.clone(),
        endpoint_digest: order.endpoint_digest.clone(),
        prepared_id: attempt.prepared_id,
        reply_to: order.reply_to.clone(),
        sender: attempt.sender,
        started_at: Time(now),
        ended_at: None,
        class: None,
        message: None,
    });
    keep_bounded(&mut status);
    status
}

fn prove(status: &mut ReceiptStatus, proof: Proof) {
    status.type_ = proof.type_;
    status.scheduled_for = proof.scheduled_for.map(Time);
    status.source = proof.source;
    status.sent = proof.sent;
    status.approval = proof.approval;
    status.guard = proof.guard;
    status.approvals = proof.approvals;
}

/// Keeps the epoch's first undecided attempt, what may have written the published version, and the last four.
///
/// The first undecided one of the epoch carries the start of the idempotency window; one of an earlier epoch has been
/// given up by a person and must not push it out. A page that was written is known again by the attempts that may have
/// written it.
fn keep_bounded(status: &mut ReceiptStatus) {
    let first_undecided = undecided(status).next().map(|attempt| attempt.id.clone());
    let mut needed: Vec<String> = writers(status).into_iter().rev().take(KEPT_WRITERS).collect();
    needed.extend(first_undecided);
    needed.extend(status.published_attempt.clone());
    let old = status.attempts.len().saturating_sub(KEPT_ATTEMPTS);
    let mut position = 0;
    status.attempts.retain(|attempt| {
        position += 1;
        position > old || needed.contains(&attempt.id)
    });
}

/// The attempts that may have written what is published, oldest first: those under its key that count as published.
fn writers(status: &ReceiptStatus) -> Vec<String> {
    let Some(published) = published_attempt(status) else {
        return Vec::new();
    };
    let may_have_written = |attempt: &&Attempt| {
        attempt.epoch == published.epoch
            && attempt.revision == published.revision
            && attempt.class == Some(AttemptClass::Published)
    };
    let attempts = status.attempts.iter().filter(may_have_written);
    attempts.map(|attempt| attempt.id.clone()).collect()
}

/// Gives up an attempt before anything was sent: the receipt is again what it was before the intent.
///
/// `intent` is the status as it stands now. Where more has happened to it since the intent than a doubt about this very
/// attempt, only the attempt is written.
pub fn abandon(
    before_intent: &ReceiptStatus,
    intent: &ReceiptStatus,
    attempt_id: &str,
    why: &str,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = intent.clone();
    let Some(attempt) = status
        .attempts
        .iter_mut()
        .find(|attempt| attempt.id == attempt_id)
    else {
        return status;
    };
    attempt.ended_at = Some(Time(now));
    attempt.class = Some(AttemptClass::Abandoned);
    attempt.message = Some(shortened(why, 500));
    let (epoch, number) = (attempt.epoch, attempt.number);
    let is_newest = status.attempts.iter().all(|other| other.number <= number);
    let in_its_hands = matches!(status.phase, ReceiptPhase::Sending | ReceiptPhase::Unknown)
        && status.reason.as_deref() != Some(HELD_AFTER_RESTORE);
    if !is_newest || !in_its_hands || status.epoch != epoch {
        return status;
    }
    status.epoch = before_intent.epoch;
    status.phase = before_intent.phase;
    status.reason.clone_from(&before_intent.reason);
    status.message.clone_from(&before_intent.message);
    status.not_before.clone_from(&before_intent.not_before);
    status.absences.clone_from(&before_intent.absences);
    status.not_sent_count = before_intent.not_sent_count;
    settle_without_doubt(&mut status);
    status
}

/// An Unknown that has no undecided attempt left is ours to publish again, unless a restore is why it is Unknown.
fn settle_without_doubt(status: &mut ReceiptStatus) {
    let held = status.reason.as_deref() == Some(HELD_AFTER_RESTORE);
    if status.phase == ReceiptPhase::Unknown && !held && undecided(status).next().is_none() {
        say(status, ReceiptPhase::Claimed, "RetryPending", "Nothing was sent.");
    }
}

/// The receipt of what a person published.
pub fn by_hand(before: &ReceiptStatus, content_digest: &str, now: Timestamp) -> ReceiptStatus {
    let mut status = before.clone();
    status.content_digest = Some(content_digest.to_owned());
    status.published_at = Some(Time(now));
    status.not_before = None;
    status.release_requested = None;
    let message = "A person published it.";
    say(&mut status, ReceiptPhase::Published, BY_HAND, message);
    status
}

/// The receipt of a slot that was due before the moment that its store was restored: whatever it says may be old.
pub fn hold_after_restore(before: &ReceiptStatus, restored_at: Timestamp) -> ReceiptStatus {
    let mut status = before.clone();
    status.held_for_restore_at = Some(Time(restored_at));
    status.absences.clear();
    status.not_before = None;
    // A wish from before the restore spoke of another receipt; one made since stands.
    status
        .release_requested
        .take_if(|request| request.requested_at.0 < restored_at);
    let message = "What became of it may have been lost in a restore.";
    say(&mut status, ReceiptPhase::Unknown, HELD_AFTER_RESTORE, message);
    status
}

fn say(status: &mut ReceiptStatus, phase: ReceiptPhase, reason: &str, message: &str) {
    status.phase = phase;
    status.reason = Some(reason.to_owned());
    status.message = (!message.is_empty()).then(|| shortened(message, 1000));
}

/// The pause that a campaign asks for between tries.
fn pause(retry: &RetryPolicy) -> SignedDuration {
    SignedDuration::try_from(retry.after.0)
        .unwrap_or(LONGEST_PAUSE)
        .max(SHORTEST_PAUSE)
}

/// At most `limit` bytes of a text, cut at a character.
pub fn shortened(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub(3);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}
