//! The Receipt controller: looks after receipts that no Asset leads to any more. It settles what is in doubt and carries
//! out what people asked for; it never sends.

mod execute;
mod observe;
mod unsettled;

use std::{sync::Arc, time::Duration};

use kube::{
    Resource,
    runtime::{controller::Action as Requeue, reflector::ObjectRef},
};

pub(super) use execute::{Unsettled as UnsettledReceipt, noted, replace, settle, status_of};
pub(crate) use unsettled::{Unsettled, unsettled_only};

use self::observe::{Lookup, Orphan};
use super::{
    context::Shared,
    error::Error,
    report::{self, Notice},
    view::ReceiptView,
};
use crate::{
    api::{AssetPhase, Receipt, ReceiptPhase},
    domain::{
        decide::decide,
        plan::{Action, Plan},
        slot::Slot,
        status::{Standing, conditions, standing},
    },
};

/// How many actions one reconciliation takes at most; the rest follows in the next.
const ACTIONS: usize = 6;
/// How soon a receipt whose sender is alive in this process is looked at again: its answer may get lost.
const WHILE_LIVE: Duration = Duration::from_secs(30);

/// Looks at one receipt, where no Asset leads to it, and takes its next step.
pub(crate) async fn reconcile(view: Arc<ReceiptView>, shared: Arc<Shared>) -> Result<Requeue, Error> {
    let has_asset = observe::has_asset(&view, &shared);
    if shared.leads().is_none() || (has_asset && view.status.conditions.is_empty()) {
        return Ok(Requeue::await_change());
    }
    for _ in 0..ACTIONS {
        if shared.leads().is_none() {
            return Ok(Requeue::await_change());
        }
        let orphan = match observe::directly(&view, &shared).await? {
            Lookup::Gone => return Ok(Requeue::await_change()),
            Lookup::HasAsset(receipt) => return untold(&receipt, &shared).await,
            Lookup::Orphan(orphan) => orphan,
        };
        let plan = decide(&orphan.observed, shared.clock.now());
        if plan.action == Action::Wait {
            summarise(&orphan, &plan, &shared).await?;
            return Ok(requeue(&plan, &shared));
        }
        let publication = async { Ok(orphan.publication()) };
        settle(&shared, &orphan.unsettled(), &plan.action, publication).await?;
    }
    Ok(Requeue::requeue(Duration::from_millis(100)))
}

/// The shortest time between two looks at one receipt.
const SOONEST: Duration = Duration::from_millis(10);

fn requeue(plan: &Plan, shared: &Shared) -> Requeue {
    match plan.wake_at {
        Some(at) => {
            let pause = at.duration_since(shared.clock.now());
            Requeue::requeue(
                Duration::try_from(pause)
                    .unwrap_or(SOONEST)
                    .clamp(SOONEST, Duration::from_hours(24)),
            )
        }
        None if plan.phase == AssetPhase::Publishing => Requeue::requeue(WHILE_LIVE),
        None => Requeue::await_change(),
    }
}

/// Says on the receipt what is to be said of it, where that changed: there is no Asset to say it on.
async fn summarise(orphan: &Orphan, plan: &Plan, shared: &Shared) -> Result<(), Error> {
    let now = shared.clock.now();
    let generation = orphan.receipt.metadata.generation.unwrap_or(0);
    let statements = standing(Standing::of_phase(plan.phase), &plan.reason, &plan.message);
    let mut status = status_of(&orphan.receipt);
    let next = conditions(&status.conditions, &statements, generation, now);
    if next == status.conditions {
        return Ok(());
    }
    status.conditions = next;
    if replace(shared, &orphan.receipt, status).await?.is_some() && plan.phase == AssetPhase::Unknown {
        notice(orphan, plan, shared).await;
    }
    Ok(())
}

async fn notice(orphan: &Orphan, plan: &Plan, shared: &Shared) {
    let attempts = status_of(&orphan.receipt).attempts;
    let occurrence = attempts.last().map_or("", |attempt| attempt.id.as_str());
    let notice = Notice {
        warns: true,
        reason: &plan.reason,
        action: "Resolve",
        note: &plan.message,
        occurrence,
    };
    let regarding = orphan.receipt.object_ref(&());
    shared.reporter.emit(regarding, notice, shared.clock.now()).await;
}

/// Takes back what was said while no Asset led to it: its Asset tells the rest.
async fn untold(receipt: &Receipt, shared: &Shared) -> Result<Requeue, Error> {
    let mut status = status_of(receipt);
    // What is being sent is not written by anybody but its sender.
    if !status.conditions.is_empty() && status.phase != ReceiptPhase::Sending {
        status.conditions.clear();
        replace(shared, receipt, status).await?;
    }
    Ok(Requeue::await_change())
}

/// Wakes the Receipt controller for the receipt of an Asset, where that is of interest to it.
pub(crate) fn asset_touched(namespace: &str, asset: &str, gone: bool, shared: &Shared) {
    if let Some(receipt) = shared.unsettled.of_asset(namespace, asset, gone) {
        shared
            .receipt_wakes
            .wake(ObjectRef::new(&receipt).within(namespace));
    }
}

/// Wakes the Receipt controller for every receipt of a namespace that is not settled: a Campaign or a ChannelConfig came or
/// went.
pub(crate) fn wake(namespace: &str, shared: &Shared) {
    for receipt in shared.unsettled.of_namespace(namespace) {
        shared
            .receipt_wakes
            .wake(ObjectRef::new(&receipt).within(namespace));
    }
}

/// The Asset that a receipt's slot belongs to; none where the receipt cannot be read.
fn asset_name(view: &ReceiptView) -> Option<String> {
    let spec = view.spec.as_ref().ok()?;
    Some(Slot::new(&spec.slot).asset_name())
}

#[expect(clippy::needless_pass_by_value, reason = "the controller of kube calls it so")]
/// After how long a receipt that could not be looked at is looked at again.
pub(crate) fn error_policy(view: Arc<ReceiptView>, error: &Error, shared: Arc<Shared>) -> Requeue {
    let name = view.meta().name.clone().unwrap_or_default();
    report::reconciled("receipt", &name, Err(error), &shared.metrics);
    Requeue::requeue(error.retry_after())
}
