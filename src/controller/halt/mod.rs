//! The Halt controller: what a Halt stops, what it came too late for, and when it has ended. The stopping itself is done by
//! every asset for itself, before and in its last look.
//!
//! A Halt that has ended is marked, and deleted by people alone: it says who stopped what, and why.

mod facts;
mod observe;
mod summarise;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use kube::{Resource, ResourceExt, runtime::controller::Action as Requeue};

pub(crate) use facts::{Halts, listed};
pub(crate) use observe::breakers_of;

pub use observe::{Matched, matched_by};

use super::{
    context::{Guarded, Shared},
    error::Error,
    lock::lock,
    report,
};
use crate::{
    api::Halt,
    domain::halts::{HaltFacts, Stage},
};

/// The shortest time between two writes that only count anew.
const BETWEEN_COUNTS: Duration = Duration::from_secs(5);
/// The longest a Halt sleeps before it is looked at again: a wall clock that was set is noticed sooner, by itself.
const LONGEST_SLEEP: Duration = Duration::from_hours(24);
/// How soon a Halt is looked at again while an asset is tried.
const WHILE_TRYING: Duration = Duration::from_secs(5);

/// When the status of each Halt was written last, on the steady clock: counts change with every asset.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<BTreeMap<String, Duration>>);

impl Told {
    /// How long a write that only counts anew has to wait.
    fn pause(&self, uid: &str, now: Duration) -> Option<Duration> {
        let told = lock(&self.0);
        let since = now.saturating_sub(*told.get(uid)?);
        BETWEEN_COUNTS.checked_sub(since).filter(|rest| !rest.is_zero())
    }

    fn note(&self, uid: &str, now: Duration) {
        lock(&self.0).insert(uid.to_owned(), now);
    }

    /// Forgets a Halt that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        lock(&self.0).remove(uid);
    }
}

/// Looks at one Halt.
pub(crate) async fn reconcile(guarded: Arc<Guarded<Halt>>, shared: Arc<Shared>) -> Result<Requeue, Error> {
    // One that cannot be read stops everything; there is nothing to be said on it.
    let Ok(halt) = &guarded.0 else {
        return Ok(Requeue::await_change());
    };
    if shared.leads().is_none() || halt.metadata.deletion_timestamp.is_some() {
        return Ok(Requeue::await_change());
    }
    let observed = observe::observe(halt, &shared);
    let pause = summarise::summarise(halt, &observed, &shared).await?;
    let rest = match pause {
        Some(pause) => Some(pause),
        None => sleep(&observed.facts, &shared),
    };
    Ok(rest.map_or_else(Requeue::await_change, Requeue::requeue))
}

fn sleep(facts: &HaltFacts, shared: &Shared) -> Option<Duration> {
    let now = shared.clock.now();
    match facts.stage(now) {
        Stage::Ended => None,
        Stage::HalfOpen => Some(WHILE_TRYING),
        Stage::InForce => {
            let rest = facts.ends()?.duration_since(now);
            Some(
                Duration::try_from(rest)
                    .unwrap_or(Duration::ZERO)
                    .min(LONGEST_SLEEP),
            )
        }
    }
}

/// Wakes every Halt of a namespace after a while: something that it may match has changed.
pub(crate) fn stir(namespace: &str, shared: &Shared) {
    for halt in shared.halts.state() {
        if halt.meta().namespace.as_deref() == Some(namespace) {
            shared
                .stirred_halts
                .wake(kube::runtime::reflector::ObjectRef::from_obj(halt.as_ref()));
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the controller of kube calls it so")]
/// After how long a Halt that could not be looked at is looked at again.
pub(crate) fn error_policy(guarded: Arc<Guarded<Halt>>, error: &Error, shared: Arc<Shared>) -> Requeue {
    report::reconciled("halt", &guarded.name_any(), Err(error), &shared.metrics);
    Requeue::requeue(error.retry_after())
}
