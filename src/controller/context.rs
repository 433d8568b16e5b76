//! What the controllers share.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
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
    lock::lock,
    outgoing::{Interceptor, ServerClock},
    receipt::Unsettled,
    receipts::Receipts,
    report::Reporter,
    secrets::SecretReader,
    view::{AssetView, ReceiptView},
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
    /// Those of them that are not settled, as they were watched.
    pub(crate) unsettled_receipts: Store<ReceiptView>,
    /// Whose they are.
    pub(crate) unsettled: Unsettled,
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
    /// The leadership that a direct look at the Lease found to be lost, before the election has noticed.
    pub(crate) lost: Mutex<Option<Leadership>>,
    /// Whether `file://` is permitted.
    pub(crate) allow_local_paths: bool,
    /// Wakes the Asset controller.
    pub(crate) asset_wakes: WakeUps<ObjectRef<AssetView>>,
    /// Wakes the Receipt controller.
    pub(crate) receipt_wakes: WakeUps<ObjectRef<ReceiptView>>,
    /// Wakes the Campaign controller.
    pub(crate) campaign_wakes: WakeUps<ObjectRef<Guarded<Campaign>>>,
    /// True once this process was told to stop: it begins nothing, and ends what it began.
    pub(crate) stopping: AtomicBool,
    /// Which kinds have been listed.
    pub(crate) listed: Listed,
    /// Campaigns some of whose Assets changed: woken together, after a while.
    pub(crate) stirred: WakeUps<ObjectRef<Guarded<Campaign>>>,
}

impl Shared {
    /// Whether this process may write and send now; not while it is stopping.
    pub(crate) fn leads(&self) -> Option<Leadership> {
        if self.stopping.load(Ordering::Acquire) {
            return None;
        }
        let leadership = self.leadership.borrow().clone()?;
        let lost = lock(&self.lost).as_ref() == Some(&leadership);
        (!lost && self.clock.steady() < leadership.valid_until).then_some(leadership)
    }

    /// Notes that the Lease shows another holder or term than this leadership.
    pub(crate) fn lose(&self, leadership: Leadership) {
        *lock(&self.lost) = Some(leadership);
    }

    /// Whether clocks that disagree, or a store that went back, keep everything from being sent.
    pub(crate) fn closed(&self) -> Option<Closed> {
        let offset = self.server_clock.offset_seconds().unwrap_or(0);
        if self.store_age.went_back() {
            Some(Closed::StoreWentBack)
        } else if offset.unsigned_abs() > LARGEST_CLOCK_OFFSET.as_secs() {
            Some(Closed::ClockSkew)
        } else {
            None
        }
    }

    /// Begins to write an Asset: nothing that the cache shows of it is judged until the write has ended.
    pub(crate) fn begin_write<'a>(&'a self, namespace: &'a str, name: &'a str) -> AssetWrite<'a> {
        self.written.begin(namespace, name);
        AssetWrite {
            shared: self,
            namespace,
            name,
            version: None,
        }
    }

    /// Waits until every kind has been listed once: before that, nobody can tell what is missing.
    pub(crate) async fn listed(&self) {
        self.listed.complete().await;
        self.receipts.wait_until_listed().await;
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

/// Which kinds of the stores have been listed to the end since the start.
///
/// The stores of kube wake only one of those who wait for them to be ready; here many wait.
#[derive(Debug, Default)]
pub(crate) struct Listed(watch::Sender<BTreeSet<String>>);

/// How many kinds are kept in stores: Asset, Campaign, ChannelConfig.
const KINDS: usize = 3;

impl Listed {
    /// Notes that a kind has been listed to the end.
    pub(crate) fn note(&self, kind: &str) {
        self.0.send_if_modified(|kinds| kinds.insert(kind.to_owned()));
    }

    /// Waits until every kind has been listed.
    pub(crate) async fn complete(&self) {
        // The sender is ours: it cannot be gone.
        drop(self.0.subscribe().wait_for(|kinds| kinds.len() >= KINDS).await);
    }
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
pub(crate) struct Written(Mutex<BTreeMap<(String, String), WrittenAsset>>);

/// One Asset that this process writes or wrote.
#[derive(Debug, Default)]
struct WrittenAsset {
    /// How many write it now.
    writers: u32,
    /// The newest version that a write of ours was given.
    version: u64,
    /// True where somebody was turned away because of a write that had not ended.
    turned_away: bool,
}

impl WrittenAsset {
    fn is_ahead_of(&self, view: &AssetView) -> bool {
        self.writers > 0 || view.version() < self.version
    }
}

impl Written {
    /// From now on nothing that the cache shows of this Asset is judged, until [`Written::end`].
    fn begin(&self, namespace: &str, name: &str) {
        lock(&self.0).entry(key(namespace, name)).or_default().writers += 1;
    }

    /// A write has ended, in that version; none where nobody knows. True where somebody was turned away meanwhile, whom
    /// no event of the watch may wake any more.
    fn end(&self, namespace: &str, name: &str, version: Option<u64>) -> bool {
        let mut written = lock(&self.0);
        let key = key(namespace, name);
        let Some(asset) = written.get_mut(&key) else {
            return false;
        };
        asset.writers = asset.writers.saturating_sub(1);
        asset.version = asset.version.max(version.unwrap_or(0));
        if asset.writers > 0 {
            return false;
        }
        let turned_away = std::mem::take(&mut asset.turned_away);
        if asset.version == 0 {
            written.remove(&key);
        }
        turned_away
    }

    /// The Asset was written in that version.
    pub(crate) fn wrote(&self, namespace: &str, name: &str, version: u64) {
        let mut written = lock(&self.0);
        let asset = written.entry(key(namespace, name)).or_default();
        asset.version = asset.version.max(version);
    }

    /// True where this process wrote that Asset, and nobody saw it in the cache since.
    pub(crate) fn awaits(&self, namespace: &str, name: &str) -> bool {
        lock(&self.0).contains_key(&key(namespace, name))
    }

    /// The Asset is gone.
    pub(crate) fn forget(&self, namespace: &str, name: &str) {
        lock(&self.0).remove(&key(namespace, name));
    }

    /// True where the cache shows less than what this process wrote.
    pub(crate) fn is_ahead_of(&self, view: &AssetView) -> bool {
        let mut written = lock(&self.0);
        let key = key(view.namespace(), view.name());
        let ahead = written.get(&key).is_some_and(|asset| asset.is_ahead_of(view));
        if !ahead {
            written.remove(&key);
        }
        ahead
    }

    /// The same, for whoever has to be woken when the write has ended.
    pub(crate) fn turns_away(&self, view: &AssetView) -> bool {
        let ahead = self.is_ahead_of(view);
        if ahead && let Some(asset) = lock(&self.0).get_mut(&key(view.namespace(), view.name())) {
            asset.turned_away = true;
        }
        ahead
    }
}

fn key(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

/// A write of an Asset that has begun; it ends when this is dropped, whatever became of it.
pub(crate) struct AssetWrite<'a> {
    shared: &'a Shared,
    namespace: &'a str,
    name: &'a str,
    version: Option<u64>,
}

impl AssetWrite<'_> {
    /// The write was answered with that version.
    pub(crate) fn answered(mut self, version: Option<u64>) {
        self.version = version;
    }
}

impl Drop for AssetWrite<'_> {
    fn drop(&mut self) {
        if self.shared.written.end(self.namespace, self.name, self.version) {
            let asset = ObjectRef::new(self.name).within(self.namespace);
            self.shared.asset_wakes.wake(asset);
        }
    }
}

/// Notices an API server whose store went back in time: what is written last must have the highest version of all.
#[derive(Debug, Default)]
pub(crate) struct StoreAge(Mutex<(u64, bool)>);

impl StoreAge {
    /// Notes the version that a write of ours over another version was given; one that is not the highest closes the gate
    /// for good. What changed nothing was not written, and keeps its version.
    pub(crate) fn wrote(&self, version: u64, over: u64, seen_before: u64) {
        if version == over {
            return;
        }
        self.compare(version, seen_before);
        let mut age = lock(&self.0);
        age.0 = age.0.max(version);
    }

    /// Compares the version that a write was given with one that was seen before it; a lower one closes the gate for good.
    pub(crate) fn compare(&self, version: u64, seen_before: u64) {
        let mut age = lock(&self.0);
        if version != 0 && version < seen_before && !age.1 {
            age.1 = true;
            tracing::error!(
                version,
                seen_before,
                "the API server's store went back in time; nothing is sent"
            );
        }
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

/// Why nothing may be sent by this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The API server's store went back in time.
    StoreWentBack,
    /// Our clock and the API server's disagree.
    ClockSkew,
}

impl Closed {
    /// As reason and sentence.
    pub(crate) fn said(self) -> (String, String) {
        let (reason, message) = match self {
            Self::StoreWentBack => (
                "StoreWentBack",
                "The API server's store went back in time. Start the operator with --restored-at and the moment that \
                 it was restored to.",
            ),
            Self::ClockSkew => (
                "ClockSkew",
                "The clocks of the operator and of the API server disagree by minutes.",
            ),
        };
        (reason.to_owned(), message.to_owned())
    }
}

/// How far the API server's clock may be from ours before nothing is sent.
const LARGEST_CLOCK_OFFSET: Duration = Duration::from_mins(2);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn view(version: &str) -> AssetView {
        serde_json::from_value(json!({
            "metadata": {"name": "a", "namespace": "n", "resourceVersion": version},
        }))
        .unwrap()
    }

    #[test]
    fn a_cache_that_has_not_caught_up_is_not_judged() {
        let written = Written::default();
        assert!(!written.is_ahead_of(&view("5")));
        written.wrote("n", "a", 7);
        assert!(written.is_ahead_of(&view("6")));
        assert!(!written.is_ahead_of(&view("7")));
        assert!(!written.awaits("n", "a"), "what was seen is not waited for");
    }

    #[test]
    fn whoever_is_turned_away_while_an_asset_is_written_is_woken_when_that_has_ended() {
        let written = Written::default();
        written.begin("n", "a");
        assert!(written.turns_away(&view("9")));
        assert!(written.end("n", "a", Some(9)), "no event will come any more");
        assert!(!written.turns_away(&view("9")));
        written.begin("n", "a");
        assert!(!written.end("n", "a", Some(11)), "nobody asked");
        assert!(written.turns_away(&view("10")), "an event will come");
    }

    #[test]
    fn a_write_without_an_answer_neither_holds_for_ever_nor_forgets_an_earlier_one() {
        let written = Written::default();
        written.begin("n", "a");
        written.turns_away(&view("1"));
        assert!(written.end("n", "a", None));
        assert!(!written.awaits("n", "a"));
        written.wrote("n", "a", 7);
        written.begin("n", "a");
        written.end("n", "a", None);
        assert!(written.is_ahead_of(&view("6")));
    }

    #[test]
    fn two_writers_of_one_asset_both_have_to_end() {
        let written = Written::default();
        written.begin("n", "a");
        written.begin("n", "a");
        assert!(!written.end("n", "a", Some(5)));
        assert!(written.turns_away(&view("5")));
        assert!(written.end("n", "a", Some(4)));
        assert!(!written.is_ahead_of(&view("5")));
    }

    #[test]
    fn a_store_that_went_back_is_noticed_by_what_is_written_next() {
        let age = StoreAge::default();
        age.wrote(100, 0, age.highest());
        // Answered out of order: it was sent when less was known.
        let seen = age.highest();
        age.wrote(120, 100, seen);
        age.wrote(110, 90, seen);
        assert!(!age.went_back());
        // What changes nothing is not written, and keeps its version.
        age.wrote(90, 90, age.highest());
        assert!(!age.went_back());
        age.wrote(91, 90, age.highest());
        assert!(age.went_back());
    }

    #[tokio::test]
    async fn each_object_is_woken_once_and_again_after_it_was_taken() {
        let wakes = WakeUps::default();
        let mut stream = Box::pin(wakes.stream());
        wakes.wake(1);
        wakes.wake(2);
        wakes.wake(1);
        assert_eq!(stream.next().await, Some(1));
        wakes.wake(1);
        assert_eq!(stream.next().await, Some(2));
        assert_eq!(stream.next().await, Some(1));
    }

    #[test]
    fn an_attempt_is_live_until_it_is_dropped() {
        let attempts = LiveAttempts::default();
        let live = attempts.enter("one");
        assert_eq!(attempts.ids(), ["one"]);
        drop(live);
        assert!(attempts.ids().is_empty());
    }
}
