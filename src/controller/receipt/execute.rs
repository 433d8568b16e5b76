//! Settling a receipt: what is done about it without sending, whoever looks after it.

use std::{future::Future, sync::Arc};

use kube::{Api, ResourceExt, api::PostParams};

use super::super::{
    breaker,
    context::Shared,
    error::{Error, ErrorClass},
    fresh::selector,
    outgoing::call,
    view::{ReceiptView, version_of},
};
use crate::{
    api::{Receipt, ReceiptStatus, RetryPolicy},
    domain::{
        observed::{ChannelClass, Observed},
        plan::Action,
        publication::Publication,
        receipt as transitions,
    },
    publish::{Found, Publisher},
};

/// A receipt that is to be settled, and what is known about it.
pub(in super::super) struct Unsettled<'a> {
    /// The receipt, with the version that the write depends on.
    pub(in super::super) receipt: &'a Receipt,
    /// What was decided from.
    pub(in super::super) observed: &'a Observed,
    /// How its campaign wants to try again.
    pub(in super::super) retry: &'a RetryPolicy,
}

/// Takes one action that sends nothing; answers the receipt as it now stands, where that is known.
///
/// `publication` is what an undecided attempt tried, waited for only where the platform is asked about it; a sentence where its
/// words cannot be read.
pub(in super::super) async fn settle(
    shared: &Shared,
    unsettled: &Unsettled<'_>,
    action: &Action,
    publication: impl Future<Output = Result<Option<Publication>, String>> + Send,
) -> Result<Option<Receipt>, Error> {
    let before = status_of(unsettled.receipt);
    let now = shared.clock.now();
    let next = match action {
        Action::MarkUnknown { .. } => {
            transitions::mark_unknown(&before, unsettled.retry, unsettled.asks_first(), now)
        }
        Action::Withdraw { reason } => transitions::withdraw(&before, reason, now),
        Action::SettleAbsent => transitions::settle_absent(&before, now),
        Action::Release => transitions::release(&before),
        Action::HoldAsUnknown => transitions::hold_after_restore(&before, shared.restored_at.unwrap_or(now)),
        Action::LookUp => {
            let Some(publisher) = publisher(shared, unsettled) else {
                return Ok(Some(unsettled.receipt.clone()));
            };
            match publication.await {
                Ok(Some(publication)) => looked_up(shared, unsettled, publisher.as_ref(), &publication).await,
                Ok(None) => return Ok(Some(unsettled.receipt.clone())),
                Err(problem) => transitions::record_no_answer(&before, &problem, unsettled.retry, now),
            }
        }
        Action::Wait | Action::Claim | Action::RecordByHand | Action::Send(_) | Action::Ask(_) => {
            return Ok(Some(unsettled.receipt.clone()));
        }
    };
    replace(shared, unsettled.receipt, next).await
}

impl Unsettled<'_> {
    /// Whether the platform can be asked at once.
    fn asks_first(&self) -> bool {
        let channel = self.observed.channels.first();
        channel
            .is_some_and(|channel| matches!(channel.class, ChannelClass::NaturalKey | ChannelClass::LookUp))
    }
}

/// The publisher of the one channel, if it is ready.
fn publisher(shared: &Shared, unsettled: &Unsettled<'_>) -> Option<Arc<dyn Publisher>> {
    let [channel] = unsettled.observed.channels.as_slice() else {
        return None;
    };
    let namespace = unsettled.receipt.namespace().unwrap_or_default();
    shared.channels.get(&namespace, &channel.name)?.publisher.ok()
}

/// Asks the platform whether it has what an undecided attempt sent.
async fn looked_up(
    shared: &Shared,
    unsettled: &Unsettled<'_>,
    publisher: &dyn Publisher,
    publication: &Publication,
) -> ReceiptStatus {
    let before = status_of(unsettled.receipt);
    let retry = unsettled.retry;
    let began = shared.clock.now();
    let doubt_over = doubt_is_over(shared, unsettled, publisher.send_timeout());
    let resolve = publisher.resolve(publication);
    match call(shared.interceptor.as_ref(), "resolve", resolve).await {
        Ok(Found::Published(live)) => {
            let (id, url) = (live.remote_id.as_ref(), live.url.as_ref());
            transitions::record_found(&before, id, url, shared.clock.now())
        }
        Ok(Found::Alike(live)) => {
            let (id, url) = (live.remote_id.as_ref(), live.url.as_ref());
            match is_of_another(shared, unsettled.receipt, id).await {
                Ok(false) => transitions::record_found(&before, id, url, shared.clock.now()),
                Ok(true) => {
                    let said = "What is there with these words is the publication of another receipt.";
                    transitions::record_no_answer(&before, said, retry, began)
                }
                Err(error) => transitions::record_no_answer(&before, &error.to_string(), retry, began),
            }
        }
        Ok(Found::Absent) => transitions::record_absence(&before, began, doubt_over, retry),
        Ok(Found::CannotTell) => {
            transitions::record_no_answer(&before, "The platform cannot be asked.", retry, began)
        }
        Err(error) => transitions::record_no_answer(&before, &error.to_string(), retry, began),
    }
}

/// Whether another receipt of the account has what was found.
async fn is_of_another(shared: &Shared, receipt: &Receipt, id: Option<&String>) -> Result<bool, Error> {
    let api: Api<Receipt> = Api::namespaced(shared.client.clone(), &receipt.namespace().unwrap_or_default());
    let slot = &receipt.spec.slot;
    let account = selector(&[
        ("spec.slot.platform", &slot.platform),
        ("spec.slot.account", &slot.account),
    ]);
    let listed = shared
        .fresh
        .list_selected(&api, &account, "list the Receipts of an account")
        .await?;
    Ok(listed.iter().any(|other| {
        let held = other.status.as_ref().and_then(|status| status.remote_id.as_ref());
        other.metadata.uid != receipt.metadata.uid && held.is_some() && held == id
    }))
}

fn doubt_is_over(shared: &Shared, unsettled: &Unsettled<'_>, send_timeout: std::time::Duration) -> bool {
    let view = ReceiptView::of(unsettled.receipt);
    let seen_for = shared.receipts.undecided_seen_for(&view, shared.clock.steady());
    let longest = std::time::Duration::try_from(crate::domain::decide::LONGEST_DELAY).unwrap_or_default();
    seen_for >= unsettled.observed.process.lease_duration + send_timeout + longest
}

/// The status of a receipt; that of a claim where it has none yet.
pub(in super::super) fn status_of(receipt: &Receipt) -> ReceiptStatus {
    receipt.status.clone().unwrap_or_default()
}

/// Writes a receipt's status, conditional on the version that was read; `None` where somebody else wrote first.
pub(in super::super) async fn replace(
    shared: &Shared,
    receipt: &Receipt,
    status: ReceiptStatus,
) -> Result<Option<Receipt>, Error> {
    let mut next = receipt.clone();
    next.metadata.managed_fields = None;
    next.status = Some(ReceiptStatus {
        observed_generation: receipt.metadata.generation.unwrap_or(0),
        ..status
    });
    let seen = shared.store_age.highest();
    let over = version_of(&receipt.metadata);
    let namespace = receipt.namespace().unwrap_or_default();
    let api: Api<Receipt> = Api::namespaced(shared.client.clone(), &namespace);
    match api
        .replace_status(&receipt.name_any(), &PostParams::default(), &next)
        .await
    {
        Ok(written) => Ok(Some(noted(shared, written, (over, seen)))),
        Err(source) => {
            let error = Error::api("write the status of a Receipt")(source);
            if error.class() == ErrorClass::Conflict {
                Ok(None)
            } else {
                Err(error)
            }
        }
    }
}

/// Notes what was written: over which version, and the highest version that was known before.
pub(in super::super) fn noted(shared: &Shared, receipt: Receipt, (over, seen): (u64, u64)) -> Receipt {
    shared.store_age.wrote(version_of(&receipt.metadata), over, seen);
    shared
        .receipts
        .wrote(ReceiptView::of(&receipt), shared.clock.steady());
    // The watch shows nothing that is new here, and of a send that is tried again the Asset may say the same as before.
    breaker::stir(receipt.metadata.namespace.as_deref().unwrap_or_default(), shared);
    receipt
}
