//! Telling people: looks at every campaign that wants it told, delivers, and remembers what was delivered.
//!
//! Nothing waits for this: what stands is read from memory, a sink that fails is tried again later, and only the
//! leader sends.

mod health;
mod observe;
mod remember;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use kube::ResourceExt;
use tokio::time::MissedTickBehavior;

use self::{health::Health, remember::Kept};
use super::{
    context::{Guarded, Shared},
    error::chain,
    lock::lock,
};
use crate::{
    api::{Campaign, Notify, NotifyRoute},
    domain::notify::{Mark, Memory, Message, Round, RouteMemory, Situation, messages},
    notify::{NotifierOptions, NotifyError, SinkSecrets, select},
};

/// How often campaigns are looked at: a branch that cannot be read is told of after this at the latest.
const LOOK: Duration = Duration::from_secs(5);
/// Campaigns that are told of at one time.
const AT_ONCE: usize = 32;

/// Namespace and name of a campaign.
type Key = (String, String);

/// What the controllers share of notifications.
#[derive(Debug)]
pub(crate) struct Notifications {
    options: NotifierOptions,
    kept: Mutex<BTreeMap<Key, Kept>>,
    health: Health,
    withdrawn: Mutex<BTreeMap<Key, Vec<Situation>>>,
}

impl Notifications {
    /// Sends through a guarded client.
    pub(crate) fn new(options: NotifierOptions) -> Self {
        Self {
            options,
            kept: Mutex::default(),
            health: Health::default(),
            withdrawn: Mutex::default(),
        }
    }

    /// How the routes of a campaign fare, for its status.
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// What a process that does not lead knows of what was told is worth nothing.
    fn forget(&self) {
        lock(&self.kept).clear();
        self.health.forget_all();
    }

    /// Forgets campaigns that are gone.
    fn retain(&self, standing: &BTreeSet<Key>) {
        lock(&self.kept).retain(|key, _| standing.contains(key));
        lock(&self.withdrawn).retain(|key, _| standing.contains(key));
        self.health.retain(standing);
    }
}

/// Looks at every campaign again and again; never ends.
pub(crate) async fn run(shared: &Shared) {
    shared.listed().await;
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut busy: BTreeSet<Key> = BTreeSet::new();
    let mut looks = FuturesUnordered::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                for (key, campaign) in due(shared, &busy) {
                    if looks.len() >= AT_ONCE {
                        break;
                    }
                    busy.insert(key.clone());
                    looks.push(async move {
                        look(&campaign, &key, shared).await;
                        key
                    });
                }
            }
            Some(key) = looks.next(), if !looks.is_empty() => {
                busy.remove(&key);
            }
        }
    }
}

/// The campaigns that want something told and that nobody looks at just now.
fn due(shared: &Shared, busy: &BTreeSet<Key>) -> Vec<(Key, Arc<Guarded<Campaign>>)> {
    if shared.leads().is_none() {
        shared.notifications.forget();
        return Vec::new();
    }
    let wants = |guarded: &Guarded<Campaign>| {
        let campaign = guarded.0.as_ref().ok()?;
        campaign.spec.notify.as_ref()?;
        campaign
            .metadata
            .deletion_timestamp
            .is_none()
            .then(|| key_of(campaign))
    };
    let standing: Vec<(Key, Arc<Guarded<Campaign>>)> = shared
        .campaigns
        .state()
        .into_iter()
        .filter_map(|guarded| Some((wants(&guarded)?, guarded)))
        .collect();
    let keys = standing.iter().map(|(key, _)| key.clone()).collect();
    shared.notifications.retain(&keys);
    standing
        .into_iter()
        .filter(|(key, _)| !busy.contains(key))
        .collect()
}

fn key_of(campaign: &Campaign) -> Key {
    (campaign.namespace().unwrap_or_default(), campaign.name_any())
}

/// Tells what is to be told of one campaign; a failure is logged, and the next look tries again.
async fn look(guarded: &Guarded<Campaign>, key: &Key, shared: &Shared) {
    let Ok(campaign) = &guarded.0 else { return };
    let Some(notify) = &campaign.spec.notify else {
        return;
    };
    if let Err(error) = tell(campaign, notify, key, shared).await {
        lock(&shared.notifications.kept).remove(key);
        let unkept = NotifyError::NotKept(chain(&error));
        for route in &notify.routes {
            let now = shared.clock.steady();
            shared.notifications.health.failed(key, &route.name, &unkept, now);
        }
        tracing::warn!(
            campaign = key.1,
            reason = error.reason(),
            "failed to keep what was told: {}",
            chain(&error)
        );
    }
}

async fn tell(
    campaign: &Campaign,
    notify: &Notify,
    key: &Key,
    shared: &Shared,
) -> Result<(), super::error::Error> {
    let mut kept = remember::kept(campaign, key, shared).await?;
    let now = shared.clock.now();
    let mut before = kept.memory.clone();
    remember::align(&mut kept, campaign, notify, now);
    if kept.is_new() {
        // Whatever cannot be remembered is not told: it would be told again at every look.
        kept = remember::store(campaign, key, kept, shared).await?;
        before.clone_from(&kept.memory);
    }
    let mut standing = observe::standing(campaign, key, shared);
    let happened = observe::happened(campaign, key, &kept.memory, &standing, shared);
    // Only what is about to be told is read whole, for its words.
    let told_now = pending(
        notify,
        &kept.memory,
        &round(campaign, key, (&standing, &happened), now),
    );
    if told_now {
        observe::explain(&mut standing, &kept.memory, key, shared).await;
    }
    let round = round(campaign, key, (&standing, &happened), now);
    let routes = notify
        .routes
        .iter()
        .map(|route| deliver(notify, route, &kept.memory, &round, shared));
    let delivered: Vec<Delivered> = join_all(routes).await;
    for (route, marks) in delivered {
        if let Some(memory) = kept.memory.get_mut(&route) {
            memory.apply(&marks);
        }
    }
    if shared.notifications.health.take_change(key, notify) {
        shared
            .campaign_wakes
            .wake(kube::runtime::reflector::ObjectRef::new(&key.1).within(&key.0));
    }
    if kept.memory != before {
        remember::store(campaign, key, kept, shared).await?;
    }
    Ok(())
}

fn round<'r>(
    campaign: &'r Campaign,
    key: &'r Key,
    (standing, happened): (&'r [Situation], &'r [Situation]),
    now: jiff::Timestamp,
) -> Round<'r> {
    Round {
        namespace: &key.0,
        campaign: &key.1,
        time_zone: &campaign.spec.time_zone,
        standing,
        happened,
        now,
    }
}

fn pending(notify: &Notify, memory: &Memory, round: &Round<'_>) -> bool {
    let mut routes = notify.routes.iter();
    routes.any(|route| !messages(notify, route, memory, round).0.is_empty())
}

/// A route, and what its deliveries change in its memory.
type Delivered = (String, Vec<Mark>);

/// Delivers what one route is to be told, in order, up to the first that fails.
async fn deliver(
    notify: &Notify,
    route: &NotifyRoute,
    memory: &BTreeMap<String, RouteMemory>,
    round: &Round<'_>,
    shared: &Shared,
) -> Delivered {
    let (messages, mut marks) = messages(notify, route, memory, round);
    let key = (round.namespace.to_owned(), round.campaign.to_owned());
    let health = &shared.notifications.health;
    if messages.is_empty() || health.rests(&key, &route.name, shared.clock.steady()) {
        return (route.name.clone(), marks);
    }
    let result = send_all(route, &key.0, &messages, &mut marks, shared).await;
    match &result {
        Ok(()) => health.well(&key, &route.name),
        Err(error) => {
            health.failed(&key, &route.name, error, shared.clock.steady());
            tracing::warn!(
                campaign = key.1,
                route = route.name,
                reason = error.reason(),
                "{}",
                chain(error)
            );
        }
    }
    (route.name.clone(), marks)
}

async fn send_all(
    route: &NotifyRoute,
    namespace: &str,
    messages: &[Message],
    marks: &mut Vec<Mark>,
    shared: &Shared,
) -> Result<(), NotifyError> {
    let secrets = secrets(route, namespace, shared).await?;
    let notifier = select(route, &secrets, &shared.notifications.options)?;
    for message in messages {
        if shared.leads().is_none() {
            return Ok(());
        }
        let sent = notifier.send(message).await;
        let result = sent.as_ref().map_or_else(NotifyError::reason, |()| "Delivered");
        shared.metrics.notified(notifier.kind(), result);
        sent?;
        marks.extend_from_slice(message.marks());
    }
    Ok(())
}

async fn secrets(route: &NotifyRoute, namespace: &str, shared: &Shared) -> Result<SinkSecrets, NotifyError> {
    let name = &route.secret_ref.name;
    let read = shared.secrets.read(namespace, name).await;
    let data = read
        .map_err(|error| NotifyError::Configuration(format!("Secret {name} could not be read: {error}")))?;
    let data = data.ok_or_else(|| NotifyError::Configuration(format!("there is no Secret {name}")))?;
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
    let values = data
        .0
        .iter()
        .filter_map(|(key, bytes)| Some((key.clone(), text(bytes)?.into())));
    Ok(values.collect())
}

/// Notes that approved rows vanished from the branch.
pub(crate) fn rows_withdrawn(campaign: &Campaign, revision: &str, note: &str, shared: &Shared) {
    if campaign.spec.notify.is_none() {
        return;
    }
    let situation = observe::withdrawn(campaign, revision, note, shared.clock.now());
    let mut withdrawn = lock(&shared.notifications.withdrawn);
    let kept = withdrawn.entry(key_of(campaign)).or_default();
    kept.push(situation);
    let surplus = kept.len().saturating_sub(observe::MAX_WITHDRAWN);
    kept.drain(..surplus);
}
