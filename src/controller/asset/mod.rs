//! The Asset controller: observe, decide, execute, summarise; for one asset at a time.

mod ask;
mod execute;
mod observe;
mod send;

pub(crate) use execute::labels;
pub(super) use observe::{
    Decided, Read, Witness, alone as observed_alone, assemble, channels_for, from_memory,
    from_memory as observed_from_memory, process, read_receipt, receipt_facts, slot,
};

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::{
    Api, Resource,
    api::{Patch, PatchParams},
    runtime::controller::Action as Requeue,
};
use serde_json::json;

use super::{
    breaker,
    campaign::{SOURCE_NOT_READ_IN_TIME, SOURCE_NOT_READ_YET},
    channel_config::CHANNEL_NOT_READY,
    context::Shared,
    error::Error,
    guards,
    lane::{self, Entry},
    report::{self, Notice},
    view::{AssetView, version_of},
};
use crate::{
    api::{Asset, AssetPhase, Condition},
    domain::{
        decide::{RECEIPT_MISSING, decide},
        halts::{GuardStop, guard_order},
        observed::{GUARDS_NOT_RUN, LINKS_UNCHECKED, Observed},
        plan::{Action, Plan},
        policy::HaltScope,
        status::{asset_report, standing},
    },
};

/// The longest an asset sleeps before it is looked at again: a wall clock that was set is noticed sooner, by itself.
const LONGEST_SLEEP: Duration = Duration::from_hours(24);

/// The shortest time between two looks at one asset: whatever is due and does not come costs no whole processor.
const SOONEST: Duration = Duration::from_millis(10);
/// When an asset is looked at again whose links are being looked at: what is found wakes it, this is for what gets lost.
const LINKS_LOOK: Duration = Duration::from_mins(2);
/// When an asset is looked at again that has changed since the cache was filled.
const CATCHING_UP: Duration = Duration::from_secs(1);

/// Looks at one asset and takes its next step.
pub(crate) async fn reconcile(view: Arc<AssetView>, shared: Arc<Shared>) -> Result<Requeue, Error> {
    if shared.leads().is_none() || shared.written.turns_away(&view) {
        return Ok(Requeue::await_change());
    }
    let Some(observed) = observe::from_memory(&shared, &view) else {
        return unreadable(&view, &shared).await;
    };
    let now = shared.clock.now();
    let plan = decide(&observed, now);
    // Nothing is known yet that would be worth telling: the first look at the branch, or at the channel, wakes every asset.
    if plan.reason == SOURCE_NOT_READ_YET || plan.reason == CHANNEL_NOT_READY {
        return Ok(Requeue::await_change());
    }
    // Of the many that wait for their time nobody is told that the branch is read late.
    if plan.reason == SOURCE_NOT_READ_IN_TIME
        && let Some(at) = observed.asset.publish_at.filter(|at| *at > now)
    {
        return Ok(requeue_at(at, now));
    }
    if plan.reason == GUARDS_NOT_RUN || plan.reason == LINKS_UNCHECKED {
        return guarded_later(&view, &plan.reason, &shared).await;
    }
    // Memory is never trusted for what is missing.
    let (view, observed, plan) = if plan.action == Action::Wait && plan.reason != RECEIPT_MISSING {
        (view, observed, plan)
    } else {
        let pass = match lane_of(&shared, &view, &observed, &plan, now) {
            Entry::Free => None,
            Entry::Entered(pass) => Some(pass),
            Entry::Later(None) => return Ok(Requeue::await_change()),
            Entry::Later(Some(at)) => return Ok(requeue_at(at, now)),
        };
        let presumed_absent = plan.action == Action::Claim && observed.receipt.is_none();
        match Box::pin(execute::run(&shared, &view, presumed_absent, pass.as_ref())).await? {
            Some(settled) => settled,
            None => return Ok(Requeue::await_change()),
        }
    };
    halt_for_its_guards(&view, &observed, &shared).await?;
    match summarise(&view, &observed, &plan, &shared).await? {
        Some(pause) => Ok(Requeue::requeue(pause)),
        None => Ok(requeue(&plan, shared.clock.now())),
    }
}

/// Nothing is told of words that nobody has judged yet: they are judged now, or as soon as their links have been looked at.
async fn guarded_later(view: &Arc<AssetView>, reason: &str, shared: &Arc<Shared>) -> Result<Requeue, Error> {
    if reason == LINKS_UNCHECKED {
        return Ok(Requeue::requeue(LINKS_LOOK));
    }
    guards::judge_by_name(shared, view).await?;
    match observe::from_memory(shared, view) {
        // Its campaign is being judged as a whole, or the cache shows other words or packs than stand by now.
        Some(observed) if guards::is_unjudged(&observed.guards) => Ok(Requeue::requeue(CATCHING_UP)),
        _ => Ok(Requeue::requeue(SOONEST)),
    }
}

/// Only what is to be sent goes through lanes: to settle a doubt takes no room.
fn lane_of(
    shared: &Arc<Shared>,
    view: &AssetView,
    observed: &Observed,
    plan: &Plan,
    now: Timestamp,
) -> Entry {
    if plan.action.publishes() {
        lane::enter(shared, view, observed, now)
    } else {
        Entry::Free
    }
}

/// A rule whose action says so stops more than the asset that it found something in: once for these words.
async fn halt_for_its_guards(view: &AssetView, observed: &Observed, shared: &Shared) -> Result<(), Error> {
    let verdict = observed.guards.verdict.as_ref();
    let Some(found) = verdict.and_then(|verdict| verdict.halt.as_ref()) else {
        return Ok(());
    };
    let stop = GuardStop {
        rule: &found.rule,
        campaign: found.scope == HaltScope::Campaign,
        channel: observed.channels.first().map(|channel| channel.name.as_str()),
    };
    let Some((order, failure)) = guard_order(&observed.asset, &stop) else {
        return Ok(());
    };
    breaker::make(&order, view, view.namespace(), shared).await?;
    write(view, &json!({"status": {"haltedFor": failure}}), shared).await
}

fn requeue(plan: &Plan, now: Timestamp) -> Requeue {
    match plan.wake_at {
        Some(at) => requeue_at(at, now),
        None if plan.action != Action::Wait => Requeue::requeue(Duration::from_millis(100)),
        None => Requeue::await_change(),
    }
}

fn requeue_at(at: Timestamp, now: Timestamp) -> Requeue {
    let pause = Duration::try_from(at.duration_since(now)).unwrap_or(SOONEST);
    Requeue::requeue(pause.clamp(SOONEST, LONGEST_SLEEP))
}

/// Writes what is to be said of the asset, where that changed; answers how long to wait where somebody says otherwise.
async fn summarise(
    view: &AssetView,
    observed: &Observed,
    plan: &Plan,
    shared: &Shared,
) -> Result<Option<Duration>, Error> {
    let now = shared.clock.now();
    let report = asset_report(observed, plan, view.publish_at_local(), &view.conditions(), now);
    if view.tells(&report) {
        return Ok(None);
    }
    let telling = match shared.repeats.telling(view.uid(), &report, shared.clock.steady()) {
        Ok(telling) => telling,
        Err(pause) => return Ok(Some(pause)),
    };
    write(view, &json!({"status": report}), shared).await?;
    telling.told();
    notice(view, observed, plan, shared).await;
    Ok(None)
}

async fn write(view: &AssetView, patch: &serde_json::Value, shared: &Shared) -> Result<(), Error> {
    let api: Api<Asset> = Api::namespaced(shared.client.clone(), view.namespace());
    let result = api
        .patch_status(view.name(), &PatchParams::default(), &Patch::Merge(patch))
        .await;
    match result {
        Ok(asset) => {
            shared
                .written
                .wrote(view.namespace(), view.name(), version_of(&asset.metadata));
            Ok(())
        }
        // It was deleted meanwhile: there is nobody to tell.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(source) => Err(Error::api("write the status of an Asset")(source)),
    }
}

/// An Event where a person would look for it: when something was published, or stopped in a way that needs somebody.
async fn notice(view: &AssetView, observed: &Observed, plan: &Plan, shared: &Shared) {
    let warns = match plan.phase {
        AssetPhase::Posted if plan.reason == "Drifted" || plan.reason == "PublishedTwice" => true,
        AssetPhase::Posted | AssetPhase::AwaitingPerson => false,
        AssetPhase::Invalid
        | AssetPhase::Blocked
        | AssetPhase::Failed
        | AssetPhase::Unknown
        | AssetPhase::Missed => true,
        _ => return,
    };
    let occurrence = format!("{:?}/{}", plan.phase, occasion(observed));
    let reason = if plan.reason.is_empty() {
        "Published"
    } else {
        &plan.reason
    };
    let notice = Notice {
        warns,
        reason,
        action: "Publish",
        note: &plan.message,
        occurrence: &occurrence,
    };
    shared
        .reporter
        .emit(view.object_ref(&()), notice, shared.clock.now())
        .await;
}

/// What makes one notice of a phase another than the next: the attempt, the request to a person, or the words.
fn occasion(observed: &Observed) -> String {
    let status = observed.receipt.as_ref().map(|receipt| &receipt.status);
    let attempt = status.and_then(|status| status.published_attempt.clone());
    let asked = || Some(status?.asked.as_ref()?.at.0.to_string());
    attempt
        .or_else(asked)
        .unwrap_or_else(|| observed.asset.content_digest.clone())
}

/// An asset whose spec cannot be read says so, and stops no other.
async fn unreadable(view: &AssetView, shared: &Shared) -> Result<Requeue, Error> {
    let Some(problem) = view.problem() else {
        return Ok(Requeue::await_change());
    };
    let message = format!("Its spec cannot be read: {problem}.");
    let statements = standing(crate::domain::status::Standing::Stuck, "SpecUnreadable", &message);
    let generation = view.meta().generation.unwrap_or(0);
    let conditions: Vec<Condition> =
        crate::domain::status::conditions(&view.conditions(), &statements, generation, shared.clock.now());
    if view.states(&conditions) {
        return Ok(Requeue::await_change());
    }
    let patch = json!({"status": {
        "phase": AssetPhase::Invalid, "reason": "SpecUnreadable",
        "message": crate::domain::receipt::shortened(&message, 1000),
        "observedGeneration": generation, "conditions": conditions,
    }});
    write(view, &patch, shared).await?;
    Ok(Requeue::await_change())
}

#[expect(clippy::needless_pass_by_value, reason = "the controller of kube calls it so")]
/// After how long an asset that could not be looked at is looked at again.
pub(crate) fn error_policy(view: Arc<AssetView>, error: &Error, shared: Arc<Shared>) -> Requeue {
    report::reconciled("asset", view.name(), Err(error), &shared.metrics);
    Requeue::requeue(error.retry_after())
}
