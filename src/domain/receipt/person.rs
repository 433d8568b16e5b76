//! What people do about a receipt.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use thiserror::Error;

use super::{outcome::settle_same_key, say, shortened, undecided};
use crate::api::{
    Attempt, AttemptClass, ReceiptPhase, ReceiptStatus, ReleaseRequest, Resolution, ResolutionAction,
};

/// How many resolutions a receipt keeps.
const KEPT_RESOLUTIONS: usize = 8;

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
    /// Nobody was asked to publish it by hand.
    #[error(
        "nobody was asked to publish it by hand: campanile why says how it stands; of what was published all the same, set the \
         status column of its row to posted"
    )]
    NotAsked,
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

pub(super) fn resolve(
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
    if status.resolutions.len() > KEPT_RESOLUTIONS {
        status.resolutions.remove(0);
    }
    status.release_requested = None;
    Ok(status)
}

/// A person found the publication: its id is recorded. For Unknown and Failed.
///
/// # Guarantees
/// The attempt that may have made it counts as the published one; an earlier wish to release the slot is dropped.
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
    let attempt = undecided(before).last().or_else(|| last_sent(before)).cloned();
    status.published_at = Some(
        attempt
            .as_ref()
            .map_or(Time(now), |attempt| attempt.started_at.clone()),
    );
    if let Some(attempt) = attempt {
        status.content_digest = Some(attempt.content_digest.clone());
        status.revision = status.revision.max(attempt.revision);
        settle_adopted(&mut status, &attempt, now);
        status.published_attempt = Some(attempt.id);
    }
    status.remote_id = Some(shortened(remote_id, 1000));
    status.url = url.map(|url| shortened(url, 2000));
    status.not_before = None;
    status.not_sent_count = 0;
    status.absences.clear();
    status.approval_needed_for_epoch = None;
    let message = "A person found it on the platform.";
    say(&mut status, ReceiptPhase::Published, "Adopted", message);
    Ok(status)
}

/// The newest attempt that was not given up before anything was sent.
fn last_sent(status: &ReceiptStatus) -> Option<&Attempt> {
    status
        .attempts
        .iter()
        .rev()
        .find(|attempt| attempt.class != Some(AttemptClass::Abandoned))
}

fn settle_adopted(status: &mut ReceiptStatus, adopted: &Attempt, now: Timestamp) {
    for attempt in status
        .attempts
        .iter_mut()
        .filter(|attempt| attempt.id == adopted.id)
    {
        attempt.class = Some(AttemptClass::Published);
        attempt.ended_at.get_or_insert(Time(now));
    }
    settle_same_key(status, adopted);
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
    status.asked = None;
    let message = "A person asked for another try.";
    say(&mut status, ReceiptPhase::Claimed, "Retried", message);
    Ok(status)
}

/// Asks for the slot to be opened again; it is, once no earlier sender can be alive.
///
/// For Unknown, Failed, Published, and for Released, so that an approval can be given with `approve` afterwards.
pub fn request_release(
    before: &ReceiptStatus,
    approve: bool,
    person: &Person,
    now: Timestamp,
) -> Result<ReceiptStatus, NotAllowed> {
    if !matches!(
        before.phase,
        ReceiptPhase::Unknown | ReceiptPhase::Failed | ReceiptPhase::Published | ReceiptPhase::Released
    ) {
        return Err(NotAllowed::Phase {
            phase: before.phase,
            wish: "released",
            allowed: "Unknown, Failed, Published or Released",
        });
    }
    let mut status = resolve(before, ResolutionAction::Release, person, now)?;
    status.release_requested = Some(ReleaseRequest {
        requested_at: Time(now),
        approve,
    });
    Ok(status)
}

/// Opens the slot again: the next epoch. Without a request that was made, nothing changes.
pub fn release(before: &ReceiptStatus) -> ReceiptStatus {
    let mut status = before.clone();
    let Some(request) = status.release_requested.take() else {
        return status;
    };
    let newest_epoch = status.attempts.iter().map(|attempt| attempt.epoch).max();
    status.epoch = newest_epoch.unwrap_or(0).max(status.epoch) + 1;
    status.approval_needed_for_epoch = (!request.approve).then_some(status.epoch);
    status.content_digest = None;
    status.remote_id = None;
    status.url = None;
    status.published_at = None;
    status.published_attempt = None;
    status.not_before = None;
    status.not_sent_count = 0;
    status.absences.clear();
    status.asked = None;
    let message = "A person opened the slot again.";
    say(&mut status, ReceiptPhase::Released, "Released", message);
    status
}
