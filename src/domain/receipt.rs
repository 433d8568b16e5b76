//! What becomes of a Receipt: the transitions, each a function from a status to the next one.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use thiserror::Error;

use super::{decide, plan::SendOrder};
use crate::api::{
    Absence, AssetSource, Attempt, AttemptClass, ReceiptPhase, ReceiptStatus, ReleaseRequest, Resolution,
    ResolutionAction, RetryPolicy, Sender,
};

/// How many of the last attempts a receipt keeps, beside the first undecided one.
const KEPT_ATTEMPTS: usize = 4;
/// The longest pause between two tries or looks.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// How much of what was sent a receipt carries, in bytes.
pub const SENT_BYTES: usize = 8 * 1024;

/// The attempts of the receipt's epoch whose outcome nobody knows, oldest first.
pub fn undecided(status: &ReceiptStatus) -> impl Iterator<Item = &Attempt> {
    status
        .attempts
        .iter()
        .filter(|attempt| attempt.epoch == status.epoch && is_undecided(attempt))
}

fn is_undecided(attempt: &Attempt) -> bool {
    matches!(attempt.class, None | Some(AttemptClass::Unknown))
}

/// True for an attempt that ended with an answer about its words.
pub(super) fn was_answered(attempt: &Attempt) -> bool {
    matches!(
        attempt.class,
        Some(AttemptClass::NotSent | AttemptClass::Rejected | AttemptClass::Published)
    )
}

/// What an attempt of that epoch prepared: it and nothing else is committed until the epoch ends.
pub fn prepared_id(status: &ReceiptStatus, epoch: u32) -> Option<String> {
    let undecided = status
        .attempts
        .iter()
        .filter(|attempt| attempt.epoch == epoch && is_undecided(attempt));
    undecided
        .filter_map(|attempt| attempt.prepared_id.clone())
        .next_back()
}

/// True where two looks that found nothing lie far enough apart, and both began after every earlier sender was gone.
pub fn absence_is_proven(status: &ReceiptStatus, doubt_ends_at: Timestamp) -> bool {
    let mut looks = status
        .absences
        .iter()
        .filter(|absence| absence.epoch == status.epoch)
        .map(|absence| absence.began_at.0);
    let (Some(first), Some(second)) = (looks.next(), looks.next()) else {
        return false;
    };
    first >= doubt_ends_at && second.duration_since(first) >= decide::BETWEEN_LOOKS
}

/// The pause before try `count + 1`: `after`, doubled each time, at most an hour or `after` itself.
pub fn backoff(count: usize, after: SignedDuration) -> SignedDuration {
    let doublings = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = after
        .checked_mul(2_i32.saturating_pow(doublings))
        .unwrap_or(SignedDuration::MAX);
    pause.min(LONGEST_PAUSE.max(after))
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
    /// When it was meant to be published.
    pub scheduled_for: Option<Timestamp>,
    /// Where the words were written.
    pub source: Option<AssetSource>,
    /// What is sent.
    pub sent: Option<String>,
    /// Who allowed it.
    pub approval: Option<String>,
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
        status.absences.clear();
        status.not_sent_count = 0;
    }
    status.epoch = order.epoch;
    status.phase = ReceiptPhase::Sending;
    status.reason = Some("Sending".to_owned());
    status.message = None;
    status.not_before = None;
    status.scheduled_for = proof.scheduled_for.map(Time);
    status.source = proof.source;
    status.sent = proof.sent;
    status.approval = proof.approval;
    status.attempts.push(Attempt {
        id: attempt.id,
        number,
        epoch: order.epoch,
        revision: order.revision,
        content_digest: order.content_digest.clone(),
        endpoint_digest: order.endpoint_digest.clone(),
        prepared_id: attempt.prepared_id,
        sender: attempt.sender,
        started_at: Time(now),
        ended_at: None,
        class: None,
        message: None,
    });
    keep_bounded(&mut status.attempts);
    status
}

/// Keeps the first undecided attempt and the last four.
fn keep_bounded(attempts: &mut Vec<Attempt>) {
    while attempts.len() > KEPT_ATTEMPTS + 1 {
        let first_undecided = attempts.iter().position(is_undecided);
        attempts.remove(usize::from(first_undecided == Some(0)));
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The platform has it.
    Published {
        /// Its id there.
        remote_id: Option<String>,
        /// Where a reader finds it.
        url: Option<String>,
    },
    /// Nothing reached the platform.
    NotSent(String),
    /// The platform asked us to come back at an instant.
    RateLimited(String, Timestamp),
    /// The platform refused the account or the endpoint.
    Refused(String),
    /// The platform said no for good.
    Rejected(String),
    /// Somebody else changed what we had written.
    Drifted(String),
    /// It may have been accepted.
    Unknown(String),
}

/// Writes an attempt's outcome, whatever the phase has become meanwhile.
///
/// # Guarantees
/// A success ends an Unknown and an unsent later epoch; beside another success it is `PublishedTwice`. Failed only
/// where no attempt of the epoch is undecided.
pub fn record(
    before: &ReceiptStatus,
    attempt_id: &str,
    outcome: &Outcome,
    retry: &RetryPolicy,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = before.clone();
    let Some(attempt) = status
        .attempts
        .iter_mut()
        .find(|attempt| attempt.id == attempt_id)
    else {
        return status;
    };
    attempt.ended_at = Some(Time(now));
    attempt.class = Some(class_of(outcome));
    attempt.message = said(outcome).map(|text| shortened(text, 500));
    let attempt = attempt.clone();
    match outcome {
        Outcome::Published { remote_id, url } => {
            publish(&mut status, &attempt, remote_id.as_ref(), url.as_ref(), now);
        }
        _ if attempt.epoch == status.epoch && status.phase != ReceiptPhase::Published => {
            not_published(&mut status, &attempt, outcome, retry, now);
        }
        // A page that stays published in its earlier version, or an answer that a later epoch has overtaken.
        _ if status.phase == ReceiptPhase::Sending => {
            not_published(&mut status, &attempt, outcome, retry, now);
        }
        _ => {}
    }
    status
}

fn class_of(outcome: &Outcome) -> AttemptClass {
    match outcome {
        Outcome::Published { .. } => AttemptClass::Published,
        Outcome::NotSent(_) => AttemptClass::NotSent,
        Outcome::RateLimited(..) => AttemptClass::RateLimited,
        Outcome::Refused(_) => AttemptClass::Refused,
        Outcome::Rejected(_) | Outcome::Drifted(_) => AttemptClass::Rejected,
        Outcome::Unknown(_) => AttemptClass::Unknown,
    }
}

fn said(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Published { .. } => None,
        Outcome::NotSent(text)
        | Outcome::RateLimited(text, _)
        | Outcome::Refused(text)
        | Outcome::Rejected(text)
        | Outcome::Drifted(text)
        | Outcome::Unknown(text) => Some(text),
    }
}

fn publish(
    status: &mut ReceiptStatus,
    attempt: &Attempt,
    remote_id: Option<&String>,
    url: Option<&String>,
    now: Timestamp,
) {
    let twice = status.phase == ReceiptPhase::Published
        && (attempt.epoch != status.epoch || attempt.revision == status.revision)
        && status.remote_id.as_ref() != remote_id;
    if twice {
        say(
            status,
            ReceiptPhase::Published,
            "PublishedTwice",
            "Two attempts of this slot were published. Look at the account and take one back.",
        );
        return;
    }
    status.epoch = attempt.epoch;
    status.revision = attempt.revision;
    status.published_attempt = Some(attempt.id.clone());
    settle_earlier(status, attempt);
    status.content_digest = Some(attempt.content_digest.clone());
    status.remote_id = remote_id.map(|id| shortened(id, 1000));
    status.url = url.map(|url| shortened(url, 2000));
    status.published_at = Some(Time(now));
    status.absences.clear();
    status.not_before = None;
    status.not_sent_count = 0;
    status.approval_needed_for_epoch = None;
    status.release_requested = None;
    say(status, ReceiptPhase::Published, "Published", "");
}

/// A success settles the undecided attempts that carried the same key.
fn settle_earlier(status: &mut ReceiptStatus, success: &Attempt) {
    let same_key = |other: &&mut Attempt| other.epoch == success.epoch && other.revision == success.revision;
    for other in status
        .attempts
        .iter_mut()
        .filter(same_key)
        .filter(|other| is_undecided(other))
    {
        other.class = Some(AttemptClass::Published);
        other.message = Some(format!("Settled by attempt {}.", success.number));
    }
}

fn not_published(
    status: &mut ReceiptStatus,
    attempt: &Attempt,
    outcome: &Outcome,
    retry: &RetryPolicy,
    now: Timestamp,
) {
    let after = SignedDuration::try_from(retry.after.0).unwrap_or(LONGEST_PAUSE);
    let doubts = undecided(status).count();
    let text = said(outcome).unwrap_or_default();
    if doubts > 0 {
        status.not_before = Some(Time(decide::next_try(doubts, after, now)));
        say(status, ReceiptPhase::Unknown, "MayBeLive", text);
        return;
    }
    match outcome {
        Outcome::NotSent(_) => not_sent(
            status,
            attempt,
            retry,
            text,
            now.checked_add(after).unwrap_or(now),
        ),
        Outcome::RateLimited(_, until) => {
            status.not_before = Some(Time(*until));
            say(status, ReceiptPhase::Claimed, "RateLimited", text);
        }
        Outcome::Refused(_) => say(status, ReceiptPhase::Claimed, "ChannelRefused", text),
        Outcome::Drifted(_) => say(status, ReceiptPhase::Failed, "Drifted", text),
        _ => say(status, ReceiptPhase::Failed, "Rejected", text),
    }
}

fn not_sent(
    status: &mut ReceiptStatus,
    attempt: &Attempt,
    retry: &RetryPolicy,
    text: &str,
    again_at: Timestamp,
) {
    let earlier = status
        .attempts
        .iter()
        .rev()
        .filter(|other| other.epoch == attempt.epoch && other.id != attempt.id);
    let same_words = earlier
        .take(1)
        .all(|other| other.content_digest == attempt.content_digest);
    status.not_sent_count = if same_words { status.not_sent_count + 1 } else { 1 };
    if status.not_sent_count > retry.limit {
        say(status, ReceiptPhase::Failed, "NotSent", text);
    } else {
        status.not_before = Some(Time(again_at));
        say(status, ReceiptPhase::Claimed, "RetryPending", text);
    }
}

fn say(status: &mut ReceiptStatus, phase: ReceiptPhase, reason: &str, message: &str) {
    status.phase = phase;
    status.reason = Some(reason.to_owned());
    status.message = (!message.is_empty()).then(|| shortened(message, 1000));
}

/// Gives up an attempt before anything was sent: the receipt is again what it was before the intent.
pub fn abandon(
    before_intent: &ReceiptStatus,
    intent: &ReceiptStatus,
    attempt_id: &str,
    why: &str,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = intent.clone();
    status.epoch = before_intent.epoch;
    status.phase = before_intent.phase;
    status.reason.clone_from(&before_intent.reason);
    status.message.clone_from(&before_intent.message);
    status.not_before.clone_from(&before_intent.not_before);
    status.absences.clone_from(&before_intent.absences);
    status.not_sent_count = before_intent.not_sent_count;
    if let Some(attempt) = status
        .attempts
        .iter_mut()
        .find(|attempt| attempt.id == attempt_id)
    {
        attempt.ended_at = Some(Time(now));
        attempt.class = Some(AttemptClass::Abandoned);
        attempt.message = Some(shortened(why, 500));
    }
    status
}

/// Writes down that an attempt without an outcome may be live.
pub fn mark_unknown(
    before: &ReceiptStatus,
    retry: &RetryPolicy,
    asks_first: bool,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = before.clone();
    let after = SignedDuration::try_from(retry.after.0).unwrap_or(LONGEST_PAUSE);
    let doubts = undecided(before).count();
    status.not_before = (!asks_first).then(|| Time(decide::next_try(doubts, after, now)));
    say(
        &mut status,
        ReceiptPhase::Unknown,
        "MayBeLive",
        "An attempt ended without an answer on record.",
    );
    status
}

/// Writes down that a look found nothing, and when the next step is due.
pub fn record_absence(
    before: &ReceiptStatus,
    began_at: Timestamp,
    doubt_over: bool,
    retry: &RetryPolicy,
) -> ReceiptStatus {
    let mut status = before.clone();
    let after = SignedDuration::try_from(retry.after.0).unwrap_or(LONGEST_PAUSE);
    if !doubt_over {
        status.absences.clear();
    }
    status.absences.push(Absence {
        began_at: Time(began_at),
        epoch: before.epoch,
    });
    if status.absences.len() > 2 {
        status.absences.remove(1);
    }
    let pause = if doubt_over {
        decide::BETWEEN_LOOKS
    } else {
        backoff(undecided(before).count(), after)
    };
    status.not_before = began_at.checked_add(pause).ok().map(Time);
    status
}

/// Writes down that a look could not tell, and when to look again.
pub fn record_no_answer(
    before: &ReceiptStatus,
    said: &str,
    retry: &RetryPolicy,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = before.clone();
    let after = SignedDuration::try_from(retry.after.0).unwrap_or(LONGEST_PAUSE);
    status.not_before = now
        .checked_add(backoff(undecided(before).count(), after))
        .ok()
        .map(Time);
    say(&mut status, ReceiptPhase::Unknown, "MayBeLive", said);
    status
}

/// Every undecided attempt certainly arrived nowhere.
pub fn settle_absent(before: &ReceiptStatus, now: Timestamp) -> ReceiptStatus {
    let mut status = before.clone();
    let epoch = status.epoch;
    for attempt in status
        .attempts
        .iter_mut()
        .filter(|attempt| attempt.epoch == epoch && is_undecided(attempt))
    {
        attempt.class = Some(AttemptClass::Absent);
        attempt.ended_at.get_or_insert(Time(now));
    }
    status.absences.clear();
    status.not_before = None;
    say(
        &mut status,
        ReceiptPhase::Claimed,
        "Absent",
        "It was looked for twice and is not there.",
    );
    status
}

/// A publication that a look found.
pub fn record_found(
    before: &ReceiptStatus,
    remote_id: Option<&String>,
    url: Option<&String>,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = before.clone();
    let Some(attempt) = undecided(before).last().cloned() else {
        status.remote_id = remote_id.cloned();
        status.url = url.cloned();
        status.published_at = Some(Time(now));
        say(
            &mut status,
            ReceiptPhase::Published,
            "Adopted",
            "It was found on the platform.",
        );
        return status;
    };
    if let Some(recorded) = status.attempts.iter_mut().find(|other| other.id == attempt.id) {
        recorded.class = Some(AttemptClass::Published);
        recorded.ended_at = Some(Time(now));
    }
    publish(&mut status, &attempt, remote_id, url, now);
    status
}

/// The receipt of what a person published.
pub fn by_hand(before: &ReceiptStatus, content_digest: &str, now: Timestamp) -> ReceiptStatus {
    let mut status = before.clone();
    status.content_digest = Some(content_digest.to_owned());
    status.published_at = Some(Time(now));
    say(
        &mut status,
        ReceiptPhase::Published,
        "ByHand",
        "A person published it.",
    );
    status
}

/// The receipt of a slot that was due before the moment that a store was restored to.
pub fn hold_after_restore(before: &ReceiptStatus) -> ReceiptStatus {
    let mut status = before.clone();
    say(
        &mut status,
        ReceiptPhase::Unknown,
        "HeldAfterRestore",
        "Its receipt may have been lost in a restore.",
    );
    status
}

/// A person's wish that a receipt does not allow.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NotAllowed {
    /// Only some phases allow it.
    #[error("a receipt in phase {phase:?} cannot be {wish}: it has to be {allowed}")]
    Phase {
        /// The phase it has.
        phase: ReceiptPhase,
        /// What was wanted.
        wish: &'static str,
        /// Which phases allow it.
        allowed: &'static str,
    },
    /// A reason is required.
    #[error("say why with --reason: it is kept on the receipt")]
    NoReason,
}

/// Who wants something of a receipt, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// As far as the command can tell.
    pub by: String,
    /// Kept on the receipt.
    pub reason: String,
}

fn resolve(
    before: &ReceiptStatus,
    action: ResolutionAction,
    person: &Person,
    now: Timestamp,
) -> Result<ReceiptStatus, NotAllowed> {
    if person.reason.trim().is_empty() {
        return Err(NotAllowed::NoReason);
    }
    let mut status = before.clone();
    status.resolutions.push(Resolution {
        action,
        reason: shortened(&person.reason, 500),
        by: shortened(&person.by, 300),
        at: Time(now),
    });
    if status.resolutions.len() > 8 {
        status.resolutions.remove(0);
    }
    Ok(status)
}

/// A person found the publication: its id is recorded. For Unknown and Failed.
pub fn adopt(
    before: &ReceiptStatus,
    remote_id: &str,
    url: Option<&str>,
    person: &Person,
    now: Timestamp,
) -> Result<ReceiptStatus, NotAllowed> {
    if !matches!(before.phase, ReceiptPhase::Unknown | ReceiptPhase::Failed) {
        return Err(NotAllowed::Phase {
            phase: before.phase,
            wish: "adopted",
            allowed: "Unknown or Failed",
        });
    }
    let mut status = resolve(before, ResolutionAction::Adopt, person, now)?;
    if let Some(last) = before.attempts.last() {
        status.content_digest = Some(last.content_digest.clone());
        status.revision = last.revision;
    }
    status.remote_id = Some(shortened(remote_id, 1000));
    status.url = url.map(|url| shortened(url, 2000));
    status.published_at = Some(
        before
            .attempts
            .last()
            .map_or(Time(now), |last| last.started_at.clone()),
    );
    status.not_before = None;
    status.absences.clear();
    say(
        &mut status,
        ReceiptPhase::Published,
        "Adopted",
        "A person found it on the platform.",
    );
    Ok(status)
}

/// A failed one may be tried again as the same publication: the epoch stays. For Failed.
pub fn retry(before: &ReceiptStatus, person: &Person, now: Timestamp) -> Result<ReceiptStatus, NotAllowed> {
    if before.phase != ReceiptPhase::Failed {
        return Err(NotAllowed::Phase {
            phase: before.phase,
            wish: "retried",
            allowed: "Failed",
        });
    }
    let mut status = resolve(before, ResolutionAction::Retry, person, now)?;
    status.not_before = None;
    status.not_sent_count = 0;
    say(
        &mut status,
        ReceiptPhase::Claimed,
        "Retried",
        "A person asked for another try.",
    );
    Ok(status)
}

/// Asks for the slot to be opened again; it is, once no earlier sender can be alive. For Unknown, Failed, Published.
pub fn request_release(
    before: &ReceiptStatus,
    approve: bool,
    person: &Person,
    now: Timestamp,
) -> Result<ReceiptStatus, NotAllowed> {
    if !matches!(
        before.phase,
        ReceiptPhase::Unknown | ReceiptPhase::Failed | ReceiptPhase::Published
    ) {
        return Err(NotAllowed::Phase {
            phase: before.phase,
            wish: "released",
            allowed: "Unknown, Failed or Published",
        });
    }
    let mut status = resolve(before, ResolutionAction::Release, person, now)?;
    status.release_requested = Some(ReleaseRequest {
        requested_at: Time(now),
        approve,
    });
    Ok(status)
}

/// Opens the slot again: the next epoch.
pub fn release(before: &ReceiptStatus) -> ReceiptStatus {
    let mut status = before.clone();
    let approved = before
        .release_requested
        .as_ref()
        .is_some_and(|request| request.approve);
    status.epoch += 1;
    status.release_requested = None;
    status.approval_needed_for_epoch = (!approved).then_some(status.epoch);
    status.content_digest = None;
    status.remote_id = None;
    status.url = None;
    status.published_at = None;
    status.not_before = None;
    status.not_sent_count = 0;
    status.absences.clear();
    say(
        &mut status,
        ReceiptPhase::Released,
        "Released",
        "A person opened the slot again.",
    );
    status
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
