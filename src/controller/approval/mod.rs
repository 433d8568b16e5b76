//! The Approval controller: says of each Approval whether it counts, why not, and what went out by it. It decides nothing:
//! the gate of each asset does.

mod index;

use std::{sync::Arc, time::Duration};

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    runtime::{controller::Action as Requeue, reflector::ObjectRef, watcher::Event},
};
use serde_json::json;

use self::index::assets_of;
pub(crate) use self::index::{Approvals, facts};
use super::{
    asset::from_memory,
    context::{Guarded, Shared},
    error::Error,
    report,
    view::{AssetView, phase},
};
use crate::{
    api::{Approval, ApprovalStatus, AssetPhase, Consumption, Receipt},
    domain::{
        approval_status::{Target, TargetStanding, next_look, statements},
        gates::approval::setback,
        observed::ApprovalFacts,
        status::conditions,
    },
};

/// How many publications an Approval lists.
const CONSUMPTIONS: usize = 200;

/// Looks at one Approval.
pub(crate) async fn reconcile(
    guarded: Arc<Guarded<Approval>>,
    shared: Arc<Shared>,
) -> Result<Requeue, Error> {
    let Ok(approval) = &guarded.0 else {
        return Ok(Requeue::await_change());
    };
    if shared.leads().is_none() {
        return Ok(Requeue::await_change());
    }
    let before = approval.status.clone().unwrap_or_default();
    let consumed_by = consumed_by(approval, &before, &shared).await?;
    let next = status(approval, &before, consumed_by, &shared);
    if next != before {
        let (uid, steady) = (approval.uid().unwrap_or_default(), shared.clock.steady());
        let telling = match shared.repeats.telling(&uid, &next, steady) {
            Ok(telling) => telling,
            Err(pause) => return Ok(Requeue::requeue(pause)),
        };
        write(approval, &next, &shared).await?;
        telling.told();
    }
    let expires_at = approval.spec.expires_at.as_ref().map(|time| time.0);
    let now = shared.clock.now();
    let pause = next_look(expires_at, now).map(|at| Duration::try_from(at.duration_since(now)));
    Ok(match pause {
        Some(Ok(pause)) => Requeue::requeue(pause.min(Duration::from_hours(24))),
        _ => Requeue::await_change(),
    })
}

fn status(
    approval: &Approval,
    before: &ApprovalStatus,
    consumed_by: Vec<Consumption>,
    shared: &Shared,
) -> ApprovalStatus {
    let generation = approval.metadata.generation.unwrap_or(0);
    let targets: Vec<Target> = assets_of(approval)
        .into_iter()
        .map(|asset| Target {
            standing: target_standing(approval, &asset, &consumed_by, shared),
            asset,
        })
        .collect();
    let said = statements(approval.spec.decision, &targets);
    ApprovalStatus {
        observed_generation: generation,
        conditions: conditions(&before.conditions, &said, generation, shared.clock.now()),
        assets: u32::try_from(targets.len()).ok(),
        consumed_by,
    }
}

fn target_standing(
    approval: &Approval,
    asset: &str,
    consumed_by: &[Consumption],
    shared: &Shared,
) -> TargetStanding {
    if consumed_by.iter().any(|consumption| consumption.asset == asset) {
        return TargetStanding::Used;
    }
    let observed = view_of(approval, asset, shared).and_then(|view| from_memory(shared, &view));
    let Some(observed) = observed else {
        return TargetStanding::AssetMissing;
    };
    let now = shared.clock.now();
    let about = ApprovalFacts::about(asset, approval);
    let setbacks: Vec<_> = about.iter().map(|facts| setback(&observed, facts, now)).collect();
    if setbacks.iter().any(Option::is_none) {
        return TargetStanding::Counts;
    }
    let first = setbacks.into_iter().flatten().next();
    first.map_or(TargetStanding::AssetMissing, TargetStanding::SetBack)
}

fn view_of(approval: &Approval, asset: &str, shared: &Shared) -> Option<Arc<AssetView>> {
    let namespace = approval.namespace().unwrap_or_default();
    shared.assets.get(&ObjectRef::new(asset).within(&namespace))
}

/// What went out by an Approval: what the receipts of its assets say. They are read, for memory does not keep it.
async fn consumed_by(
    approval: &Approval,
    before: &ApprovalStatus,
    shared: &Shared,
) -> Result<Vec<Consumption>, Error> {
    let mut consumed_by = before.consumed_by.clone();
    for asset in assets_of(approval) {
        let known = consumed_by.iter().any(|consumption| consumption.asset == asset);
        if known || consumed_by.len() >= CONSUMPTIONS {
            continue;
        }
        let posted = view_of(approval, &asset, shared).filter(|view| phase(view) == AssetPhase::Posted);
        if let Some(view) = posted {
            consumed_by.extend(consumption(approval, &view, shared).await?);
        }
    }
    Ok(consumed_by)
}

async fn consumption(
    approval: &Approval,
    view: &AssetView,
    shared: &Shared,
) -> Result<Option<Consumption>, Error> {
    let receipts: Api<Receipt> = Api::namespaced(shared.client.clone(), view.namespace());
    let receipt = receipts
        .get_opt(view.receipt())
        .await
        .map_err(Error::api("read a Receipt"))?;
    let status = receipt.and_then(|receipt| receipt.status).unwrap_or_default();
    let name = approval.name_any();
    let by_this = status
        .approvals
        .iter()
        .any(|recorded| recorded.name.as_deref() == Some(&name));
    Ok(status.published_at.filter(|_| by_this).map(|at| Consumption {
        asset: view.name().to_owned(),
        receipt: view.receipt().to_owned(),
        epoch: status.epoch,
        at,
    }))
}

async fn write(approval: &Approval, next: &ApprovalStatus, shared: &Shared) -> Result<(), Error> {
    let namespace = approval.namespace().unwrap_or_default();
    let api: Api<Approval> = Api::namespaced(shared.client.clone(), &namespace);
    let patch = json!({"status": next});
    let written = api
        .patch_status(
            &approval.name_any(),
            &PatchParams::default(),
            &Patch::Merge(&patch),
        )
        .await;
    match written {
        Ok(_) => Ok(()),
        // It was deleted meanwhile: there is nobody to tell.
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        Err(source) => Err(Error::api("write the status of an Approval")(source)),
    }
}

/// Takes in what a watch says of Approvals, and wakes the assets that they are about.
pub(crate) fn watched(event: &Event<Guarded<Approval>>, shared: &Shared) {
    let (guarded, gone) = match event {
        Event::Apply(guarded) | Event::InitApply(guarded) => (guarded, false),
        Event::Delete(guarded) => (guarded, true),
        Event::Init | Event::InitDone => return,
    };
    // One that cannot be read approves nothing.
    let Ok(approval) = &guarded.0 else { return };
    if gone {
        shared.approvals.remove(approval);
    } else {
        shared.approvals.put(approval);
    }
    let namespace = approval.namespace().unwrap_or_default();
    for asset in assets_of(approval) {
        shared.asset_wakes.wake(ObjectRef::new(&asset).within(&namespace));
    }
}

/// Wakes the Approvals that are about an asset: its words, its time or its receipt may have changed.
pub(crate) fn asset_touched(namespace: &str, asset: &str, shared: &Shared) {
    for name in shared.approvals.names_about(namespace, asset) {
        shared
            .approval_wakes
            .wake(ObjectRef::new(&name).within(namespace));
    }
}

/// Wakes the Approvals of a namespace: a Campaign or a ChannelConfig may ask for something else.
pub(crate) fn wake(namespace: &str, shared: &Shared) {
    for (of, name) in shared.approvals.all() {
        if of == namespace {
            shared
                .approval_wakes
                .wake(ObjectRef::new(&name).within(namespace));
        }
    }
}

/// Wakes whatever depends on whether Approvals are believed.
pub(crate) fn enforcement_changed(shared: &Shared) {
    for (namespace, asset) in shared.approvals.assets() {
        shared.asset_wakes.wake(ObjectRef::new(&asset).within(&namespace));
    }
    for (namespace, name) in shared.approvals.all() {
        shared
            .approval_wakes
            .wake(ObjectRef::new(&name).within(&namespace));
    }
    for campaign in shared.campaigns.state() {
        shared.campaign_wakes.wake(ObjectRef::from_obj(campaign.as_ref()));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the controller of kube calls it so")]
/// After how long an Approval that could not be looked at is looked at again.
pub(crate) fn error_policy(guarded: Arc<Guarded<Approval>>, error: &Error, shared: Arc<Shared>) -> Requeue {
    let name = guarded.meta().name.clone().unwrap_or_default();
    report::reconciled("approval", &name, Err(error), &shared.metrics);
    Requeue::requeue(error.retry_after())
}
