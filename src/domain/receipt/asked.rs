//! What a person is asked to publish by hand, and what the person says of it.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{NotAllowed, Person, Proof, person::resolve, prove, say, shortened};
use crate::{
    api::{PersonAsked, ReceiptPhase, ReceiptStatus, ResolutionAction},
    domain::plan::AskOrder,
};

/// The reason of a receipt whose slot waits for a person who publishes by hand.
pub(in super::super) const AWAITING_PERSON: &str = "AwaitingPerson";
/// The reason of a slot of which a person says that it is published.
pub(in super::super) const CONFIRMED: &str = "ConfirmedByHand";
/// The reason of a slot of which a person says that it is not published.
pub(in super::super) const NOT_DONE: &str = "NotDone";

/// The request to a person, where one was made in the receipt's epoch and none was settled since.
pub fn asked(status: &ReceiptStatus) -> Option<&PersonAsked> {
    status
        .asked
        .as_ref()
        .filter(|_| status.phase == ReceiptPhase::Claimed)
}

/// Asks a person to publish it by hand.
///
/// # Guarantees
/// The slot stays claimed: whoever reads the receipt knows that a person may have published it.
pub fn ask(before: &ReceiptStatus, order: &AskOrder, proof: Proof, now: Timestamp) -> ReceiptStatus {
    let mut status = before.clone();
    let same_epoch = before.epoch == order.send.epoch;
    let times = before
        .asked
        .as_ref()
        .filter(|_| same_epoch)
        .map_or(0, |asked| asked.times);
    let within = SignedDuration::try_from(order.within.0).unwrap_or(SignedDuration::MAX);
    status.epoch = order.send.epoch;
    status.not_before = None;
    status.absences.clear();
    prove(&mut status, proof);
    status.asked = Some(PersonAsked {
        person: shortened(&order.person, 300),
        at: Time(now),
        until: Time(now.checked_add(within).unwrap_or(Timestamp::MAX)),
        times: times + 1,
        revision: order.send.revision,
        content_digest: order.send.content_digest.clone(),
        withdrawn_at: None,
        withdrawn_for: None,
    });
    let message = format!("{} was asked to publish it by hand.", order.person);
    say(&mut status, ReceiptPhase::Claimed, AWAITING_PERSON, &message);
    status
}

/// Takes back what a person was asked. What was not asked, or was taken back before, stays as it is.
pub fn withdraw(before: &ReceiptStatus, reason: &str, now: Timestamp) -> ReceiptStatus {
    let mut status = before.clone();
    let claimed = status.phase == ReceiptPhase::Claimed;
    let Some(asked) = status
        .asked
        .as_mut()
        .filter(|asked| claimed && asked.withdrawn_at.is_none())
    else {
        return status;
    };
    asked.withdrawn_at = Some(Time(now));
    asked.withdrawn_for = Some(shortened(reason, 100));
    let message = format!("{} is no longer asked to publish it by hand.", asked.person);
    say(&mut status, ReceiptPhase::Claimed, "RequestWithdrawn", &message);
    status
}

/// A person says that it is published: also where the request was taken back, or its time has passed, because what has
/// happened has happened.
///
/// # Errors
/// `NotAsked` where no person was asked in this epoch, `Phase` where the receipt is settled otherwise.
pub fn done(
    before: &ReceiptStatus,
    url: Option<&str>,
    person: &Person,
    now: Timestamp,
) -> Result<ReceiptStatus, NotAllowed> {
    let asked = before.asked.clone().ok_or(NotAllowed::NotAsked)?;
    if !matches!(
        before.phase,
        ReceiptPhase::Claimed | ReceiptPhase::Failed | ReceiptPhase::Unknown
    ) {
        return Err(NotAllowed::Phase {
            phase: before.phase,
            wish: "confirmed",
            allowed: "Claimed, Failed or Unknown",
        });
    }
    let mut status = resolve(before, ResolutionAction::Done, person, now)?;
    status.revision = asked.revision;
    status.content_digest = Some(asked.content_digest);
    status.published_at = Some(Time(now));
    status.published_attempt = None;
    status.remote_id = None;
    status.url = url.map(|url| shortened(url, 2000));
    status.not_before = None;
    status.absences.clear();
    status.approval_needed_for_epoch = None;
    let place = url.map_or_else(|| ".".to_owned(), |url| format!(": {url}"));
    let message = format!("{} published it by hand{place}", person.by);
    say(&mut status, ReceiptPhase::Published, CONFIRMED, &message);
    Ok(status)
}

/// A person says that it is not published and will not be: nobody is asked again before another person says so, or the
/// words are other ones.
///
/// # Errors
/// `NotAsked` where no person was asked in this epoch, `Phase` where the receipt is settled otherwise.
pub fn not_done(
    before: &ReceiptStatus,
    person: &Person,
    now: Timestamp,
) -> Result<ReceiptStatus, NotAllowed> {
    if before.asked.is_none() {
        return Err(NotAllowed::NotAsked);
    }
    if before.phase != ReceiptPhase::Claimed {
        return Err(NotAllowed::Phase {
            phase: before.phase,
            wish: "given up",
            allowed: "Claimed",
        });
    }
    let mut status = resolve(before, ResolutionAction::NotDone, person, now)?;
    let message = format!("{} did not publish it: {}", person.by, person.reason);
    say(&mut status, ReceiptPhase::Failed, NOT_DONE, &message);
    Ok(status)
}
