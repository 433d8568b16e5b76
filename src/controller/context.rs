//! What the controllers share.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client,
    core::DeserializeGuard,
    runtime::reflector::{ObjectRef, Store},
};
use tokio::sync::watch;

use super::{
    admission::Admission,
    approval::Approvals,
    breaker,
    campaign::Sources,
    channel_config::Channels,
    clock::Clock,
    election::Leadership,
    fresh::FreshReads,
    guards::Verdicts,
    halt,
    lane::Lanes,
    links::Links,
    live::LiveAttempts,
    lock::lock,
    outgoing::{Interceptor, ServerClock},
    policy_pack::Packs,
    receipt::Unsettled,
    receipts::Receipts,
    repeats::Repeats,
    report::Reporter,
    secrets::SecretReader,
    store_age::{Closed, LARGEST_CLOCK_OFFSET, StoreAge},
    view::{AssetView, ReceiptView},
    wakes::WakeUps,
    written::{AssetWrite, Written},
};
use crate::{
    api::{Approval, Campaign, ChannelConfig, Halt, PolicyPack, Sender},
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
    /// Every Halt that is known.
    pub(crate) halts: Store<Guarded<Halt>>,
    /// When Halts were written last.
    pub(crate) halts_told: halt::Told,
    /// Every Approval that is known, by the assets that it is about.
    pub(crate) approvals: Approvals,
    /// Every Approval, as it was watched.
    pub(crate) watched_approvals: Store<Guarded<Approval>>,
    /// Whether the API server makes sure that nobody approves in another's name.
    pub(crate) admission: Admission,
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
    /// What people are told, and how that fares.
    pub(crate) notifications: super::notify::Notifications,
    /// Whether this process leads.
    pub(crate) leadership: watch::Receiver<Option<Leadership>>,
    /// The Leases of the operator's namespace; none where a single replica holds no lease.
    pub(crate) leases: Option<Api<Lease>>,
    /// Who waits for room, and who is under way.
    pub(crate) lanes: Lanes,
    /// Attempts whose sending task is alive in this process.
    pub(crate) live: LiveAttempts,
    /// The newest versions of Assets that this process wrote.
    pub(crate) written: Written,
    /// What it says of them again and again.
    pub(crate) repeats: Repeats,
    /// Every PolicyPack that is known.
    pub(crate) policy_packs: Store<Guarded<PolicyPack>>,
    /// Compiled packs.
    pub(crate) packs: Packs,
    /// What guards said of every asset.
    pub(crate) verdicts: Verdicts,
    /// What links answer.
    pub(crate) links: Links,
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
    /// Wakes the Approval controller.
    pub(crate) approval_wakes: WakeUps<ObjectRef<Guarded<Approval>>>,
    /// Wakes the Receipt controller.
    pub(crate) receipt_wakes: WakeUps<ObjectRef<ReceiptView>>,
    /// Wakes the Halt controller.
    pub(crate) halt_wakes: WakeUps<ObjectRef<Guarded<Halt>>>,
    /// Halts that may match something that changed: woken together, after a while.
    pub(crate) stirred_halts: WakeUps<ObjectRef<Guarded<Halt>>>,
    /// What breakers watch over, where something happened: looked at together, after a while.
    pub(crate) breaker_wakes: WakeUps<breaker::Key>,
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
    /// The Campaign of that name, as memory knows it; one that cannot be read is none.
    pub(crate) fn campaign(&self, namespace: &str, name: &str) -> Option<Arc<Guarded<Campaign>>> {
        let named = self.campaigns.get(&ObjectRef::new(name).within(namespace))?;
        named.0.is_ok().then_some(named)
    }

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
        AssetWrite::begin(self, namespace, name)
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

/// Which kinds of the stores have been listed to the end since the start.
///
/// The stores of kube wake only one of those who wait for them to be ready; here many wait.
#[derive(Debug, Default)]
pub(crate) struct Listed(watch::Sender<BTreeSet<String>>);

/// How many kinds are kept in stores: Approval, Asset, Campaign, ChannelConfig, Halt, PolicyPack.
const KINDS: usize = 6;

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
