//! The answer of a platform, written to the attempt that asked.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    BY_HAND, HELD_AFTER_RESTORE, PUBLISHED_TWICE, backoff, is_open, pause, published_attempt, say, shortened,
    undecided,
};
use crate::api::{Attempt, AttemptClass, ReceiptPhase, ReceiptStatus, RetryPolicy};

/// How long nothing is tried after a refusal of the account, so that the channel is known to be closed by then.
const AFTER_REFUSAL: SignedDuration = SignedDuration::from_mins(1);

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

impl Outcome {
    fn class(&self) -> AttemptClass {
        match self {
            Self::Published { .. } => AttemptClass::Published,
            Self::NotSent(_) => AttemptClass::NotSent,
            Self::RateLimited(..) => AttemptClass::RateLimited,
            Self::Refused(_) => AttemptClass::Refused,
            Self::Rejected(_) | Self::Drifted(_) => AttemptClass::Rejected,
            Self::Unknown(_) => AttemptClass::Unknown,
        }
    }

    fn said(&self) -> Option<&str> {
        match self {
            Self::Published { .. } => None,
            Self::NotSent(text)
            | Self::RateLimited(text, _)
            | Self::Refused(text)
            | Self::Rejected(text)
            | Self::Drifted(text)
            | Self::Unknown(text) => Some(text),
        }
    }
}

/// What a platform has, by its own word.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) remote_id: Option<&'a String>,
    pub(super) url: Option<&'a String>,
    pub(super) at: Timestamp,
}

impl Found<'_> {
    fn id(&self) -> Option<String> {
        self.remote_id.map(|id| shortened(id, 1000))
    }

    fn differs_from(&self, status: &ReceiptStatus) -> bool {
        matches!((&status.remote_id, self.id()), (Some(standing), Some(id)) if *standing != id)
    }
}

/// Writes an attempt's outcome, whatever the phase has become meanwhile.
///
/// # Guarantees
/// Writing the same outcome again changes nothing. A success ends an Unknown and an unsent later epoch; beside another
/// success it is `PublishedTwice`. The epoch never sinks. Failed only where no attempt of the epoch is undecided.
pub fn record(
    before: &ReceiptStatus,
    attempt_id: &str,
    outcome: &Outcome,
    retry: &RetryPolicy,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = before.clone();
    let found = match outcome {
        Outcome::Published { remote_id, url } => Some(Found {
            remote_id: remote_id.as_ref(),
            url: url.as_ref(),
            at: now,
        }),
        _ => None,
    };
    let Some(attempt) = status
        .attempts
        .iter_mut()
        .find(|attempt| attempt.id == attempt_id)
    else {
        if let Some(found) = found {
            publish_off_record(&mut status, found);
        }
        return status;
    };
    let known = attempt.class;
    if known == Some(AttemptClass::Published) {
        let of_standing = attempt.revision == before.revision;
        say_if_twice(&mut status, found.filter(|_| of_standing));
        return status;
    }
    if known == Some(outcome.class()) {
        return status;
    }
    attempt.ended_at = Some(Time(now));
    attempt.class = Some(outcome.class());
    attempt.message = outcome.said().map(|text| shortened(text, 500));
    let attempt = attempt.clone();
    match found {
        Some(found) => publish(&mut status, &attempt, known, found),
        None if decides_the_phase(&status, &attempt, outcome) => {
            not_published(&mut status, &attempt, outcome, retry, now);
        }
        None => {}
    }
    status
}

/// True where a failure of this attempt may say what becomes of the slot: not for one of an earlier epoch, not beside a
/// later attempt that is under way or has answered, not where the slot is published or held after a restore.
fn decides_the_phase(status: &ReceiptStatus, attempt: &Attempt, outcome: &Outcome) -> bool {
    let overtaken = status
        .attempts
        .iter()
        .any(|other| other.epoch == attempt.epoch && other.number > attempt.number);
    let may_decide = match status.phase {
        ReceiptPhase::Published => false,
        ReceiptPhase::Sending => !overtaken,
        ReceiptPhase::Unknown => status.reason.as_deref() != Some(HELD_AFTER_RESTORE),
        ReceiptPhase::Claimed | ReceiptPhase::Failed | ReceiptPhase::Released => {
            !overtaken || matches!(outcome, Outcome::Unknown(_))
        }
    };
    attempt.epoch == status.epoch && may_decide
}

/// A success that the receipt has no attempt for: one that was lost, or only looked up.
pub(super) fn publish_off_record(status: &mut ReceiptStatus, found: Found<'_>) {
    if status.phase == ReceiptPhase::Published {
        say_if_twice(status, Some(found));
        return;
    }
    stand_published(status, found);
    say(
        status,
        ReceiptPhase::Published,
        "Adopted",
        "It was found on the platform.",
    );
}

fn say_if_twice(status: &mut ReceiptStatus, found: Option<Found<'_>>) {
    if let Some(found) = found.filter(|found| found.differs_from(status))
        && status.phase == ReceiptPhase::Published
    {
        say_twice(status, found);
    }
}

fn say_twice(status: &mut ReceiptStatus, found: Found<'_>) {
    let first = status.remote_id.as_deref().unwrap_or("without an id");
    let second = found.id();
    let second = second.as_deref().unwrap_or("without an id");
    let message = format!(
        "This slot was published twice: {} and {}. Look at the account and take one back.",
        shortened(first, 300),
        shortened(second, 300)
    );
    say(status, ReceiptPhase::Published, PUBLISHED_TWICE, &message);
}

/// Makes an attempt the published one, or says what it means beside the one that is.
pub(super) fn publish(
    status: &mut ReceiptStatus,
    attempt: &Attempt,
    known: Option<AttemptClass>,
    found: Found<'_>,
) {
    let overtaken = attempt.revision < status.revision;
    let stands = status.phase == ReceiptPhase::Published && attempt.revision == status.revision;
    if overtaken {
        return;
    }
    if stands {
        if is_second(status, attempt, known, found) {
            say_twice(status, found);
        }
        return;
    }
    status.revision = attempt.revision;
    status.published_attempt = Some(attempt.id.clone());
    status.content_digest = Some(attempt.content_digest.clone());
    settle_same_key(status, attempt);
    stand_published(status, found);
    say(status, ReceiptPhase::Published, "Published", "");
}

fn stand_published(status: &mut ReceiptStatus, found: Found<'_>) {
    status.remote_id = found.id();
    status.url = found.url.map(|url| shortened(url, 2000));
    status.published_at = Some(Time(found.at));
    status.absences.clear();
    status.not_before = None;
    status.not_sent_count = 0;
    status.approval_needed_for_epoch = None;
    status.release_requested = None;
}

/// True where a success beside the standing one is another publication: another id, another key, or an attempt that was
/// proven absent before the standing one was sent.
fn is_second(
    status: &ReceiptStatus,
    attempt: &Attempt,
    known: Option<AttemptClass>,
    found: Found<'_>,
) -> bool {
    if status.remote_id.is_some() && found.remote_id.is_some() {
        return found.differs_from(status);
    }
    let other_key = published_attempt(status).is_some_and(|standing| standing.epoch != attempt.epoch);
    other_key || known == Some(AttemptClass::Absent) || status.reason.as_deref() == Some(BY_HAND)
}

/// A success settles the undecided attempts that carried the same key.
pub(super) fn settle_same_key(status: &mut ReceiptStatus, success: &Attempt) {
    let same_key = |other: &&mut Attempt| {
        is_open(other, success.epoch) && other.revision == success.revision && other.id != success.id
    };
    for other in status.attempts.iter_mut().filter(same_key) {
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
    let text = outcome.said().unwrap_or_default();
    let doubts = undecided(status).count();
    if doubts > 0 {
        let next = now.checked_add(backoff(doubts, pause(retry))).unwrap_or(now);
        let asked = match outcome {
            Outcome::RateLimited(_, until) => *until,
            _ => next,
        };
        status.not_before = Some(Time(next.max(asked)));
        say(status, ReceiptPhase::Unknown, "MayBeLive", text);
        return;
    }
    match outcome {
        Outcome::NotSent(_) => {
            count_not_sent(status, attempt);
            let again_at = now.checked_add(pause(retry)).unwrap_or(now);
            not_sent(status, retry.limit, text, again_at);
        }
        Outcome::RateLimited(_, until) => {
            status.not_before = Some(Time(*until));
            say(status, ReceiptPhase::Claimed, "RateLimited", text);
        }
        Outcome::Refused(_) => {
            status.not_before = now.checked_add(AFTER_REFUSAL).ok().map(Time);
            say(status, ReceiptPhase::Claimed, "ChannelRefused", text);
        }
        Outcome::Drifted(_) => say(status, ReceiptPhase::Failed, "Drifted", text),
        _ => say(status, ReceiptPhase::Failed, "Rejected", text),
    }
}

/// Counts the attempts of one digest that certainly did not leave: other words begin at one.
fn count_not_sent(status: &mut ReceiptStatus, attempt: &Attempt) {
    let last_counted = status.attempts.iter().rev().find(|other| {
        other.epoch == attempt.epoch && other.id != attempt.id && other.class == Some(AttemptClass::NotSent)
    });
    let same_words = last_counted.is_none_or(|other| other.content_digest == attempt.content_digest);
    status.not_sent_count = if same_words { status.not_sent_count + 1 } else { 1 };
}

fn not_sent(status: &mut ReceiptStatus, limit: u32, text: &str, again_at: Timestamp) {
    if status.not_sent_count > limit {
        say(status, ReceiptPhase::Failed, "NotSent", text);
    } else {
        status.not_before = Some(Time(again_at));
        say(status, ReceiptPhase::Claimed, "RetryPending", text);
    }
}
