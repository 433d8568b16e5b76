//! Breakers: looks at what happened to a Campaign or through a ChannelConfig, and makes the Halts that follow.

mod execute;
mod observe;

use std::{collections::BTreeMap, time::Duration};

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::ResourceExt;

pub(super) use execute::make;

use self::observe::Watched;
use super::{context::Shared, error::Error, report};
use crate::{
    api::{Campaign, ChannelConfig},
    domain::{
        breakers::{Situation, any, decide},
        halts::{HaltFacts, Scope},
    },
};

/// Namespace, and what a breaker watches over in it.
pub(crate) type Key = (String, Scope);

/// For how long what happens is gathered before the breakers are looked at.
const GATHERING: Duration = Duration::from_millis(100);
/// The longest the breakers sleep: a wall clock that was set is noticed sooner, by itself.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

/// What `haltUntil` of a Campaign or a ChannelConfig stops, before its Halt is made.
pub(crate) fn halt_until<K: Watched>(object: &K) -> Option<HaltFacts> {
    let created = object.meta().creation_timestamp.as_ref();
    let since = created.map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let order = crate::domain::breakers::halt_until(&object.scope(), &object.breakers(), object.states())?;
    Some(HaltFacts::ordered(order, since))
}

/// Looks at the breakers of a Campaign, where it has any.
pub(crate) fn wake_campaign(campaign: &Campaign, shared: &Shared) {
    wake(campaign, shared);
}

/// Looks at the breakers of a ChannelConfig, where it has any.
pub(crate) fn wake_channel(config: &ChannelConfig, shared: &Shared) {
    wake(config, shared);
}

fn wake<K: Watched>(object: &K, shared: &Shared) {
    if any(&object.breakers()) || !object.states().is_empty() {
        let namespace = object.meta().namespace.clone().unwrap_or_default();
        shared.breaker_wakes.wake((namespace, object.scope()));
    }
}

/// Looks at every breaker of a namespace, after a while: something happened to an asset or a receipt of it.
pub(crate) fn stir(namespace: &str, shared: &Shared) {
    each(shared, |of| of == namespace);
}

/// Looks at every breaker.
pub(crate) fn wake_all(shared: &Shared) {
    each(shared, |_| true);
}

fn each(shared: &Shared, picks: impl Fn(&str) -> bool) {
    let picked = |namespace: Option<&String>| namespace.is_some_and(|namespace| picks(namespace));
    for guarded in shared.campaigns.state() {
        if let Ok(campaign) = &guarded.0
            && picked(campaign.metadata.namespace.as_ref())
        {
            wake(campaign, shared);
        }
    }
    for guarded in shared.channel_configs.state() {
        if let Ok(config) = &guarded.0
            && picked(config.metadata.namespace.as_ref())
        {
            wake(config, shared);
        }
    }
}

/// Looks at breakers for ever, whenever something happened, or an asset that a guard stops is due.
pub(crate) async fn watch(shared: &Shared) {
    let mut wakes = Box::pin(shared.breaker_wakes.stream().ready_chunks(1024));
    let mut dues: BTreeMap<Key, Timestamp> = BTreeMap::new();
    loop {
        let woken = tokio::select! {
            woken = wakes.next() => woken.unwrap_or_default(),
            () = tokio::time::sleep(until_next(&dues, shared)) => Vec::new(),
        };
        if !woken.is_empty() {
            tokio::time::sleep(GATHERING).await;
        }
        let now = shared.clock.now();
        let due = dues
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(key, _)| key.clone());
        for key in woken.into_iter().chain(due.collect::<Vec<_>>()) {
            dues.remove(&key);
            if let Some(at) = looked_at(&key, shared).await {
                dues.insert(key, at);
            }
        }
    }
}

fn until_next(dues: &BTreeMap<Key, Timestamp>, shared: &Shared) -> Duration {
    let Some(next) = dues.values().min() else {
        return LONGEST_SLEEP;
    };
    let rest = next.duration_since(shared.clock.now());
    Duration::try_from(rest)
        .unwrap_or(Duration::ZERO)
        .min(LONGEST_SLEEP)
}

/// Looks once; answers when to look again although nothing happened.
async fn looked_at(key: &Key, shared: &Shared) -> Option<Timestamp> {
    shared.leads()?;
    let (namespace, scope) = key;
    match look(namespace, scope, shared).await {
        Ok(again_at) => again_at,
        Err(error) => {
            report::reconciled("breaker", &scope.words(), Err(&error), &shared.metrics);
            let pause = jiff::SignedDuration::try_from(error.retry_after()).ok()?;
            shared.clock.now().checked_add(pause).ok()
        }
    }
}

async fn look(namespace: &str, scope: &Scope, shared: &Shared) -> Result<Option<Timestamp>, Error> {
    match scope {
        Scope::Campaign(name) => match shared.campaign(namespace, name).as_ref().map(|known| &known.0) {
            Some(Ok(campaign)) => settle(campaign, namespace, shared).await,
            _ => Ok(None),
        },
        Scope::Channel(name) => match observe::channel(namespace, name, shared) {
            Some(config) => settle(&config, namespace, shared).await,
            None => Ok(None),
        },
    }
}

/// Observe, decide, execute, summarise; for the breakers of one object.
async fn settle<K: Watched>(
    object: &K,
    namespace: &str,
    shared: &Shared,
) -> Result<Option<Timestamp>, Error> {
    let (scope, breakers) = (object.scope(), object.breakers());
    let halts = observe::halts(object, namespace, shared).await?;
    let evidence = object.evidence(namespace, shared);
    let verdict = decide(&Situation {
        scope: &scope,
        breakers: &breakers,
        before: object.states(),
        evidence: &evidence,
        halts: &halts,
        now: shared.clock.now(),
    });
    for order in &verdict.orders {
        execute::make(order, object, namespace, shared).await?;
    }
    let same =
        crate::domain::digest::of_json(&verdict.states) == crate::domain::digest::of_json(&object.states());
    if !same {
        tracing::debug!(object = object.name_any(), "breakers changed");
        execute::summarise(object, namespace, &verdict.states, shared).await?;
    }
    Ok(verdict.again_at)
}
