//! What the controllers share.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client,
    core::DeserializeGuard,
    runtime::reflector::{ObjectRef, Store},
};
use tokio::sync::watch;

use super::{
    campaign::Sources,
    channel_config::Channels,
    clock::Clock,
    election::Leadership,
    fresh::FreshReads,
    outgoing::{Interceptor, ServerClock},
    receipts::Receipts,
    report::Reporter,
    secrets::SecretReader,
    view::AssetView,
};
use crate::{
    api::{Campaign, ChannelConfig, Sender},
    git::Mirrors,
    telemetry::Metrics,
};

/// A kind whose objects are read one by one: one that cannot be read stops no other.
pub(crate) type Guarded<K> = DeserializeGuard<K>;

/// What the controllers share.
pub(crate) struct Shared {
    /// The API server.
    pub(crate) client: Client,
    /// The clocks.
    pub(crate) clock: Arc<dyn Clock>,
    /// This process, as it stands on receipts.
    pub(crate) sender: Sender,
    /// Counts what happens.
    pub(crate) metrics: Metrics,
    /// Sees every call of a channel.
    pub(crate) interceptor: Arc<dyn Interceptor>,
    /// How far the API server's clock is ahead.
    pub(crate) server_clock: Arc<ServerClock>,
    /// Every Asset that is known.
    pub(crate) assets: Store<AssetView>,
    /// Every Campaign that is known.
    pub(crate) campaigns: Store<Guarded<Campaign>>,
    /// Every ChannelConfig that is known.
    pub(crate) channel_configs: Store<Guarded<ChannelConfig>>,
    /// Every Receipt that is known.
    pub(crate) receipts: Receipts,
    /// The publishers, and what they lack.
    pub(crate) channels: Channels,
    /// What is known of each campaign's branch.
    pub(crate) sources: Sources,
    /// The mirrors of git branches.
    pub(crate) mirrors: Mirrors,
    /// Reads Secrets.
    pub(crate) secrets: SecretReader,
    /// Reads that began after a given moment, shared between all who need one.
    pub(crate) fresh: FreshReads,
    /// Events.
    pub(crate) reporter: Reporter,
    /// Whether this process leads.
    pub(crate) leadership: watch::Receiver<Option<Leadership>>,
    /// The Leases of the operator's namespace; none where a single replica holds no lease.
    pub(crate) leases: Option<Api<Lease>>,
    /// Attempts whose sending task is alive in this process.
    pub(crate) live: LiveAttempts,
    /// The newest versions of Assets that this process wrote.
    pub(crate) written: Written,
    /// Slots due before this moment are held where their receipt is missing.
    pub(crate) restored_at: Option<Timestamp>,
    /// The highest resource version seen, to notice a store that went back.
    pub(crate) store_age: StoreAge,
    /// Whether `file://` is permitted.
    pub(crate) allow_local_paths: bool,
    /// Wakes the Asset controller.
    pub(crate) asset_wakes: WakeUps<ObjectRef<AssetView>>,
    /// Wakes the Campaign controller.
    pub(crate) campaign_wakes: WakeUps<ObjectRef<Guarded<Campaign>>>,
}

impl Shared {
    /// Whether this process may write and send now.
    pub(crate) fn leads(&self) -> Option<Leadership> {
        let leadership = self.leadership.borrow().clone()?;
        (self.clock.steady() < leadership.valid_until).then_some(leadership)
    }

    /// Wakes the Asset controller for every asset that a test picks.
    pub(crate) fn wake_assets(&self, picks: impl Fn(&AssetView) -> bool) {
        for view in self.assets.state_filter(|view| picks(view)) {
            self.asset_wakes.wake(ObjectRef::from_obj(view.as_ref()));
        }
    }
}

/// Wake-ups that wait: each at most once, so their number is bounded by the number of objects.
#[derive(Clone, Debug)]
pub(crate) struct WakeUps<T>(Arc<WakeUpsInner<T>>);

#[derive(Debug)]
struct WakeUpsInner<T> {
    waiting: Mutex<Vec<T>>,
    known: Mutex<std::collections::HashSet<T>>,
    rings: tokio::sync::Notify,
}

impl<T> Default for WakeUps<T> {
    fn default() -> Self {
        Self(Arc::new(WakeUpsInner {
            waiting: Mutex::default(),
            known: Mutex::default(),
            rings: tokio::sync::Notify::new(),
        }))
    }
}

impl<T: Clone + Eq + std::hash::Hash + Send + 'static> WakeUps<T> {
    /// Wakes for one object.
    pub(crate) fn wake(&self, object: T) {
        if lock(&self.0.known).insert(object.clone()) {
            lock(&self.0.waiting).push(object);
            self.0.rings.notify_one();
        }
    }

    /// The objects to wake for, in the order in which they were asked for.
    pub(crate) fn stream(&self) -> impl futures::Stream<Item = T> + Send + 'static {
        let inner = Arc::clone(&self.0);
        futures::stream::unfold(inner, |inner| async move {
            loop {
                let batch = std::mem::take(&mut *lock(&inner.waiting));
                if !batch.is_empty() {
                    let mut known = lock(&inner.known);
                    for object in &batch {
                        known.remove(object);
                    }
                    drop(known);
                    return Some((futures::stream::iter(batch), inner));
                }
                inner.rings.notified().await;
            }
        })
        .flatten()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Attempts whose sending task is alive in this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveAttempts(Arc<Mutex<BTreeSet<String>>>);

/// Keeps an attempt on the list of live ones until it is dropped.
#[derive(Debug)]
pub(crate) struct LiveAttempt {
    attempts: LiveAttempts,
    id: String,
}

impl LiveAttempts {
    /// Puts an attempt on the list.
    pub(crate) fn enter(&self, id: &str) -> LiveAttempt {
        lock(&self.0).insert(id.to_owned());
        LiveAttempt {
            attempts: self.clone(),
            id: id.to_owned(),
        }
    }

    /// The ids on the list.
    pub(crate) fn ids(&self) -> Vec<String> {
        lock(&self.0).iter().cloned().collect()
    }
}

impl Drop for LiveAttempt {
    fn drop(&mut self) {
        lock(&self.attempts.0).remove(&self.id);
    }
}

/// The newest version of each Asset that this process wrote: what the cache shows before it has caught up is not judged.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<BTreeMap<(String, String), u64>>);

impl Written {
    /// From now on nothing that the cache shows of this Asset is judged, until [`Written::done`].
    pub(crate) fn begin(&self, namespace: &str, name: &str) {
        lock(&self.0).insert((namespace.to_owned(), name.to_owned()), u64::MAX);
    }

    /// The Asset was written in that version; none where the write failed.
    pub(crate) fn done(&self, namespace: &str, name: &str, version: Option<u64>) {
        let key = (namespace.to_owned(), name.to_owned());
        let mut written = lock(&self.0);
        match version {
            Some(version) => written.insert(key, version),
            None => written.remove(&key),
        };
    }

    /// True where the cache shows less than what this process wrote.
    pub(crate) fn is_ahead_of(&self, view: &AssetView) -> bool {
        let key = (view.namespace().to_owned(), view.name().to_owned());
        let mut written = lock(&self.0);
        match written.get(&key) {
            Some(version) if view.version() < *version => true,
            Some(_) => {
                written.remove(&key);
                false
            }
            None => false,
        }
    }
}

/// Notices an API server whose store went back in time: what is written last must have the highest version of all.
#[derive(Debug, Default)]
pub(crate) struct StoreAge(Mutex<(u64, bool)>);

impl StoreAge {
    /// Notes the version that a write of ours was given; one that is not the highest closes the gate for good.
    pub(crate) fn wrote(&self, version: u64, seen_before: u64) {
        let mut age = lock(&self.0);
        if version != 0 && version < seen_before && !age.1 {
            age.1 = true;
            tracing::error!(
                version,
                seen_before,
                "the API server's store went back in time; nothing is sent"
            );
        }
        age.0 = age.0.max(version);
    }

    /// The highest version seen so far; to be asked before a write.
    pub(crate) fn highest(&self) -> u64 {
        lock(&self.0).0
    }

    /// True once the store went back.
    pub(crate) fn went_back(&self) -> bool {
        lock(&self.0).1
    }
}

/// How far the API server's clock may be from ours before nothing is sent.
pub(crate) const LARGEST_CLOCK_OFFSET: Duration = Duration::from_mins(2);
