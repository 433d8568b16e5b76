//! An attempt whose outcome nobody knows, and what looks at the platform say about it.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    HELD_AFTER_RESTORE, LONGEST_PAUSE, is_open,
    outcome::{Found, publish, publish_off_record},
    pause, say, shortened, undecided,
};
use crate::{
    api::{Absence, AttemptClass, ReceiptPhase, ReceiptStatus, RetryPolicy},
    domain::decide::BETWEEN_LOOKS,
};

/// How many looks that found nothing a receipt keeps.
const KEPT_LOOKS: usize = 2;

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
    first >= doubt_ends_at && second.duration_since(first) >= BETWEEN_LOOKS
}

/// The pause before try `count + 1`: `after`, doubled each time, at most an hour or `after` itself.
pub fn backoff(count: usize, after: SignedDuration) -> SignedDuration {
    let doublings = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = after
        .checked_mul(2_i32.saturating_pow(doublings))
        .unwrap_or(SignedDuration::MAX);
    pause.min(LONGEST_PAUSE.max(after))
}

/// Writes down that an attempt without an outcome may be live. `asks_first` where the platform can be asked at once.
pub fn mark_unknown(
    before: &ReceiptStatus,
    retry: &RetryPolicy,
    asks_first: bool,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = before.clone();
    if before.phase != ReceiptPhase::Sending {
        return status;
    }
    let next = now.checked_add(backoff(undecided(before).count(), pause(retry)));
    status.not_before = next.ok().filter(|_| !asks_first).map(Time);
    let message = "An attempt ended without an answer on record.";
    say(&mut status, ReceiptPhase::Unknown, "MayBeLive", message);
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
    if !doubt_over {
        status.absences.clear();
    }
    status.absences.push(Absence {
        began_at: Time(began_at),
        epoch: before.epoch,
    });
    if status.absences.len() > KEPT_LOOKS {
        status.absences.remove(0);
    }
    let pause = if doubt_over {
        BETWEEN_LOOKS
    } else {
        backoff(undecided(before).count(), pause(retry))
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
    let next = now.checked_add(backoff(undecided(before).count(), pause(retry)));
    status.not_before = next.ok().map(Time);
    status.message = Some(shortened(said, 1000));
    status
}

/// Every undecided attempt certainly arrived nowhere: it is ours to send again, or Failed where a later attempt was
/// rejected meanwhile.
pub fn settle_absent(before: &ReceiptStatus, now: Timestamp) -> ReceiptStatus {
    let mut status = before.clone();
    let epoch = status.epoch;
    let last_open = undecided(before).last().map_or(0, |attempt| attempt.number);
    let rejected = before.attempts.iter().find(|attempt| {
        attempt.epoch == epoch
            && attempt.number > last_open
            && attempt.class == Some(AttemptClass::Rejected)
            && last_open > 0
    });
    for attempt in status
        .attempts
        .iter_mut()
        .filter(|attempt| is_open(attempt, epoch))
    {
        attempt.class = Some(AttemptClass::Absent);
        attempt.ended_at.get_or_insert(Time(now));
    }
    status.absences.clear();
    status.not_before = None;
    if let Some(attempt) = rejected {
        let message = attempt.message.as_deref().unwrap_or_default();
        say(&mut status, ReceiptPhase::Failed, "Rejected", message);
    } else {
        let message = "It was looked for twice and is not there.";
        say(&mut status, ReceiptPhase::Claimed, "Absent", message);
    }
    status
}

/// A publication that a look found. A receipt that is being sent or published meanwhile keeps what it says.
pub fn record_found(
    before: &ReceiptStatus,
    remote_id: Option<&String>,
    url: Option<&String>,
    now: Timestamp,
) -> ReceiptStatus {
    let mut status = before.clone();
    if matches!(before.phase, ReceiptPhase::Sending | ReceiptPhase::Published) {
        return status;
    }
    let found = Found {
        remote_id,
        url,
        at: now,
    };
    let held = before.reason.as_deref() == Some(HELD_AFTER_RESTORE);
    let Some(attempt) = undecided(before).last().filter(|_| !held).cloned() else {
        publish_off_record(&mut status, found);
        return status;
    };
    if let Some(recorded) = status.attempts.iter_mut().find(|other| other.id == attempt.id) {
        recorded.class = Some(AttemptClass::Published);
        recorded.ended_at = Some(Time(now));
    }
    publish(&mut status, &attempt, attempt.class, found);
    status
}
