//! The operator as a whole: its watches, its controllers, its election; when one of them ends, all end.

mod connect;
mod surface;
mod touched;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use kube::{
    Api, Client, Resource,
    client::Body,
    runtime::{
        Controller, WatchStreamExt,
        controller::Config as ControllerConfig,
        reflector::{self, ObjectRef, store::Writer},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tower::{BoxError, Layer as _, util::BoxService};

use self::touched::{
    assets_listed, campaign_touched, channel_touched, halt_touched, pack_touched, receipt_watched, sharing,
};
pub use self::{
    connect::connect,
    surface::{Surface, WebhookTarget},
};
use super::{
    admission::{self, Admission},
    approval::{self, Approvals},
    asset, breaker, campaign, channel_config,
    clock::{Clock, SystemClock},
    context::{Guarded, Listed, Shared},
    election::{Election, Leadership},
    error::Error,
    fresh::FreshReads,
    guards::Verdicts,
    halt,
    lane::{self, Lanes},
    links::{self, Links},
    live::LiveAttempts,
    notify::{self, Notifications},
    outgoing::{Interceptor, OutgoingLayer, ServerClock, Unhindered},
    policy_pack::{self, Packs},
    receipt,
    receipts::Receipts,
    relist::telling_deletions,
    repeats::Repeats,
    report::{self, Reporter},
    secrets::SecretReader,
    store_age::{Closed, StoreAge},
    view::{AssetView, ReceiptView},
    wakes::WakeUps,
    written::Written,
};
use crate::{
    api::{Approval, Campaign, ChannelConfig, Halt, PolicyPack, Sender},
    config::OperatorOptions,
    egress::{EgressPolicy, HttpClientOptions, http_client},
    git::{GitSettings, Mirrors},
    notify::NotifierOptions,
    publish::{PublisherOptions, Publishers},
    telemetry::Metrics,
};

/// How often wall and steady clock are compared.
const CLOCK_LOOK: Duration = Duration::from_secs(10);
/// How far they may part before every asset is looked at again.
const CLOCK_JUMP: Duration = Duration::from_secs(2);
/// How long a process that was told to stop waits for its sends; Kubernetes kills it after 30 seconds.
const LONGEST_END: Duration = Duration::from_secs(20);
/// For how long changes of assets are gathered before their campaign is looked at.
const GATHERING: Duration = Duration::from_millis(500);
/// How many objects a list page has.
const PAGE: u32 = 500;
/// How many campaigns and channels are worked on at once.
const FEW: u16 = 8;

/// What every request to the API server goes to: the cluster of the options, or one in the same process.
pub type ApiService = BoxService<Request<Body>, Response<ApiBody>, BoxError>;

/// What it answers.
pub type ApiBody = UnsyncBoxBody<Bytes, BoxError>;

/// What an operator is made from.
#[derive(Debug)]
pub struct OperatorSettings {
    /// Its flags.
    pub options: OperatorOptions,
    /// Its clocks.
    pub clock: Arc<dyn Clock>,
    /// Sees every outgoing request.
    pub interceptor: Arc<dyn Interceptor>,
    /// The API server where it is in this process; none for the cluster that the options name.
    pub api: Option<ApiService>,
    /// What makes publishers where platforms are simulated; none for the real ones.
    pub publishers: Option<Arc<dyn Publishers>>,
}

impl OperatorSettings {
    /// The machine's clocks, the cluster that the options name, the real platforms, and nobody in between.
    pub fn new(options: OperatorOptions) -> Self {
        Self {
            options,
            clock: Arc::new(SystemClock),
            interceptor: Arc::new(Unhindered),
            api: None,
            publishers: None,
        }
    }
}

/// An operator that is ready to run.
pub struct Operator {
    shared: Arc<Shared>,
    leadership: watch::Sender<Option<Leadership>>,
    identity: String,
    namespace: Option<String>,
    concurrency: u16,
    writers: Option<Writers>,
}

struct Writers {
    approvals: Writer<Guarded<Approval>>,
    assets: Writer<AssetView>,
    campaigns: Writer<Guarded<Campaign>>,
    channels: Writer<Guarded<ChannelConfig>>,
    halts: Writer<Guarded<Halt>>,
    receipts: Writer<ReceiptView>,
    packs: Writer<Guarded<PolicyPack>>,
}

/// Waits until every send that has begun has ended, and what came of it is on record; but not for ever.
async fn ended(shared: &Shared) {
    let ended = async {
        while !shared.live.ids().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(LONGEST_END, ended).await.is_err() {
        tracing::warn!("stopping although a send has not ended");
    }
}

impl Operator {
    /// Prepares an operator: nothing is read or written yet.
    ///
    /// # Errors
    /// `Configuration` where there is no cluster to be found or a setting cannot be used.
    #[expect(
        clippy::too_many_lines,
        reason = "one field a line: a table of what the controllers share"
    )]
    pub async fn new(settings: OperatorSettings) -> Result<Self, Error> {
        let OperatorSettings {
            options,
            clock,
            interceptor,
            api,
            publishers,
        } = settings;
        let metrics = Metrics::default();
        let server_clock = Arc::new(ServerClock::default());
        let layer = OutgoingLayer {
            interceptor: Arc::clone(&interceptor),
            metrics: metrics.clone(),
            server_clock: Arc::clone(&server_clock),
            clock: Arc::clone(&clock),
        };
        let client = match api {
            Some(service) => {
                let namespace = options.cluster.namespace.as_deref().unwrap_or("default");
                Client::new(layer.layer(service), namespace)
            }
            None => connect(&options.cluster, Some(layer)).await?,
        };
        let egress = EgressPolicy::new(options.allow_egress_to.clone());
        let sender = Sender {
            pod: pod_name(&options),
            process: process_id(),
        };
        let identity = format!("{}_{}", sender.pod, sender.process);
        let (leadership, leads) = watch::channel(None);
        let (assets, asset_writer) = reflector::store();
        let (campaigns, campaign_writer) = reflector::store();
        let (channel_configs, channel_writer) = reflector::store();
        let (halts, halt_writer) = reflector::store();
        let (unsettled_receipts, receipt_writer) = reflector::store();
        let (policy_packs, pack_writer) = reflector::store();
        let (watched_approvals, approval_writer) = reflector::store();
        let lease_namespace = options
            .lease_namespace
            .clone()
            .unwrap_or_else(|| client.default_namespace().to_owned());
        let shared = Shared {
            leases: options
                .leader_elect
                .then(|| Api::namespaced(client.clone(), &lease_namespace)),
            channels: channel_config::Channels::new(match publishers {
                Some(publishers) => publishers,
                None => Arc::new(publisher_options(&egress, &options)?),
            }),
            sources: campaign::Sources::default(),
            mirrors: mirrors(&egress, &options)?,
            secrets: SecretReader::new(client.clone(), Arc::clone(&clock)),
            reporter: Reporter::new(client.clone(), &sender.pod),
            notifications: notifications(&egress)?,
            approvals: Approvals::default(),
            watched_approvals,
            admission: Admission::default(),
            receipts: Receipts::default(),
            unsettled_receipts,
            unsettled: receipt::Unsettled::default(),
            fresh: FreshReads::default(),
            lanes: Lanes::default(),
            live: LiveAttempts::default(),
            written: Written::default(),
            repeats: Repeats::default(),
            store_age: StoreAge::default(),
            lost: std::sync::Mutex::default(),
            policy_packs,
            packs: Packs::default(),
            verdicts: Verdicts::default(),
            links: links(&egress)?,
            restored_at: options.restored_at,
            allow_local_paths: options.allow_local_paths,
            asset_wakes: WakeUps::default(),
            approval_wakes: WakeUps::default(),
            receipt_wakes: WakeUps::default(),
            campaign_wakes: WakeUps::default(),
            halts,
            halts_told: halt::Told::default(),
            halt_wakes: WakeUps::default(),
            stirred_halts: WakeUps::default(),
            breaker_wakes: WakeUps::default(),
            stopping: AtomicBool::new(false),
            stirred: WakeUps::default(),
            listed: Listed::default(),
            leadership: leads,
            client,
            clock,
            sender,
            metrics,
            interceptor,
            server_clock,
            assets,
            campaigns,
            channel_configs,
        };
        Ok(Self {
            shared: Arc::new(shared),
            leadership,
            identity,
            namespace: options.cluster.namespace.clone(),
            concurrency: options.concurrency.max(1),
            writers: Some(Writers {
                approvals: approval_writer,
                assets: asset_writer,
                campaigns: campaign_writer,
                channels: channel_writer,
                halts: halt_writer,
                receipts: receipt_writer,
                packs: pack_writer,
            }),
        })
    }

    /// A handle for whoever serves health, metrics and webhooks.
    pub fn surface(&self) -> Surface {
        Surface {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Runs until told to stop, or until a part of it fails.
    ///
    /// # Errors
    /// Whatever ended a part that never should end: the process has to exit.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) -> Result<(), Error> {
        let Some(writers) = self.writers.take() else {
            return Err(Error::Ended("the operator"));
        };
        let shared = Arc::clone(&self.shared);
        let mut everything = Box::pin(async {
            tokio::select! {
                () = self.assets(writers.assets) => Err(Error::Ended("the Asset controller")),
                () = self.campaigns(writers.campaigns) => Err(Error::Ended("the Campaign controller")),
                () = self.channels(writers.channels) => Err(Error::Ended("the ChannelConfig controller")),
                () = self.halts(writers.halts) => Err(Error::Ended("the Halt controller")),
                () = self.stirred_halts() => Err(Error::Ended("the look at what Halts match")),
                () = breaker::watch(&self.shared) => Err(Error::Ended("the look at the breakers")),
                () = self.stirred() => Err(Error::Ended("the look at what stirred campaigns")),
                () = lane::keep(&shared) => Err(Error::Ended("the look at the lines of lanes")),
                () = self.receipts(writers.receipts) => Err(Error::Ended("the Receipt controller")),
                () = self.packs(writers.packs) => Err(Error::Ended("the PolicyPack controller")),
                () = links::run(&shared) => Err(Error::Ended("the look at links")),
                () = notify::run(&shared) => Err(Error::Ended("the telling of people")),
                () = self.approvals(writers.approvals) => Err(Error::Ended("the Approval controller")),
                () = self.admission() => Err(Error::Ended("the look at admission policies")),
                () = self.clocks() => Err(Error::Ended("the comparison of clocks")),
                () = self.leading() => Err(Error::Ended("the election")),
                result = self.election() => result,
            }
        });
        let result = tokio::select! {
            result = &mut everything => result,
            () = stop => {
                shared.stopping.store(true, Ordering::Release);
                tokio::select! {
                    result = &mut everything => result,
                    () = ended(&shared) => Ok(()),
                }
            }
        };
        drop(everything);
        if result.is_ok()
            && let Some(leases) = shared.leases.clone()
        {
            let clock = Arc::clone(&shared.clock);
            let election = Election {
                leases,
                identity: self.identity.clone(),
                clock: clock.as_ref(),
                store_age: &shared.store_age,
                leadership: self.leadership,
            };
            drop(tokio::time::timeout(Duration::from_secs(3), election.release()).await);
        }
        result
    }

    fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        match &self.namespace {
            Some(namespace) => Api::namespaced(self.shared.client.clone(), namespace),
            None => Api::all(self.shared.client.clone()),
        }
    }

    /// Watches a kind into its store; answers what was touched.
    fn watch<K>(
        &self,
        writer: Writer<K>,
    ) -> impl futures::Stream<Item = Result<K, watcher::Error>> + Send + use<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug
            + Send
            + Sync
            + 'static,
    {
        let watched = watcher(self.api::<K>(), watcher::Config::default().page_size(PAGE)).default_backoff();
        self.reflect(watched, writer, |_| {})
    }

    /// Keeps what a watch says in a store; answers what was touched, what was deleted while nobody watched included.
    fn reflect<K, S, F>(
        &self,
        watched: S,
        writer: Writer<K>,
        seen: F,
    ) -> impl futures::Stream<Item = Result<K, watcher::Error>> + Send + use<K, S, F>
    where
        K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
        S: futures::Stream<Item = watcher::Result<watcher::Event<K>>> + Send + 'static,
        F: Fn(&watcher::Event<K>) + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        telling_deletions(watched, writer.as_reader())
            .reflect(writer)
            .inspect_ok(move |event| {
                seen(event);
                if matches!(event, watcher::Event::InitDone) {
                    shared.listed.note(&K::kind(&()));
                }
            })
            .touched_objects()
    }

    fn assets(&self, writer: Writer<AssetView>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let known = self.shared.assets.clone();
        let watched = watcher(
            self.api::<AssetView>(),
            watcher::Config::default().page_size(PAGE),
        )
        .default_backoff()
        .map_ok(move |event| sharing(event, &known));
        let listing = Arc::clone(&self.shared);
        let seen = move |event: &watcher::Event<AssetView>| assets_listed(event, &listing);
        let touched = self.reflect(watched, writer, seen).inspect_ok(move |view| {
            let gone = shared.assets.get(&ObjectRef::from_obj(view)).is_none();
            if gone {
                shared.written.deleted(view);
            }
            receipt::asset_touched(view.namespace(), view.name(), gone, &shared);
            halt::stir(view.namespace(), &shared);
            breaker::stir(view.namespace(), &shared);
            lane::asset_touched(view, &shared);
            approval::asset_touched(view.namespace(), view.name(), &shared);
            if let Some(campaign) = view.campaign() {
                let campaign = ObjectRef::new(campaign).within(view.namespace());
                shared.stirred.wake(campaign);
            }
        });
        let reader = self.shared.assets.clone();
        Controller::for_stream(touched, reader)
            .with_config(ControllerConfig::default().concurrency(self.concurrency))
            .reconcile_on(self.shared.asset_wakes.stream())
            .run(asset::reconcile, asset::error_policy, Arc::clone(&self.shared))
            .for_each(|result| self.note("asset", result.err()))
            .boxed()
    }

    fn campaigns(&self, writer: Writer<Guarded<Campaign>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let mut known = HashMap::new();
        let touched = self
            .watch(writer)
            .inspect_ok(move |guarded| campaign_touched(guarded, &mut known, &shared));
        Controller::for_stream(touched, self.shared.campaigns.clone())
            .with_config(ControllerConfig::default().concurrency(FEW))
            .reconcile_on(self.shared.campaign_wakes.stream())
            .run(
                campaign::reconcile,
                campaign::error_policy,
                Arc::clone(&self.shared),
            )
            .for_each(|result| self.note("campaign", result.err()))
            .boxed()
    }

    fn channels(&self, writer: Writer<Guarded<ChannelConfig>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let mut known = HashMap::new();
        let touched = self
            .watch(writer)
            .inspect_ok(move |guarded| channel_touched(guarded, &mut known, &shared));
        let elected = self.became_leader();
        Controller::for_stream(touched, self.shared.channel_configs.clone())
            .with_config(ControllerConfig::default().concurrency(FEW))
            .reconcile_all_on(elected)
            .run(
                channel_config::reconcile,
                channel_config::error_policy,
                Arc::clone(&self.shared),
            )
            .for_each(|result| self.note("channelconfig", result.err()))
            .boxed()
    }

    fn halts(&self, writer: Writer<Guarded<Halt>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let mut known = HashMap::new();
        let touched = self
            .watch(writer)
            .inspect_ok(move |guarded| halt_touched(guarded, &mut known, &shared));
        Controller::for_stream(touched, self.shared.halts.clone())
            .with_config(ControllerConfig::default().concurrency(FEW))
            .reconcile_on(self.shared.halt_wakes.stream())
            .reconcile_all_on(self.became_leader())
            .run(halt::reconcile, halt::error_policy, Arc::clone(&self.shared))
            .for_each(|result| self.note("halt", result.err()))
            .boxed()
    }

    /// Wakes the Halts that may match what changed: each look goes over all assets, so many changes are one wake-up.
    async fn stirred_halts(&self) {
        let shared = &self.shared;
        let mut stirred = Box::pin(shared.stirred_halts.stream().ready_chunks(1024));
        while let Some(halts) = stirred.next().await {
            tokio::time::sleep(GATHERING).await;
            for halt in halts {
                shared.halt_wakes.wake(halt);
            }
        }
    }

    /// Fires each time this process becomes the leader.
    fn became_leader(&self) -> impl futures::Stream<Item = ()> + Send + 'static {
        let leads = self.leadership.subscribe();
        futures::stream::unfold((leads, false), |(mut leads, mut led)| async move {
            loop {
                let now = leads.borrow_and_update().is_some();
                let elected = now && !led;
                led = now;
                if elected {
                    return Some(((), (leads, led)));
                }
                leads.changed().await.ok()?;
            }
        })
    }

    /// Wakes everything when this process becomes the leader.
    async fn leading(&self) {
        let shared = &self.shared;
        let mut elected = Box::pin(self.became_leader());
        while elected.next().await.is_some() {
            tracing::info!(identity = self.identity, "this process leads");
            shared.metrics.leads(true);
            shared.wake_assets(|_| true);
            breaker::wake_all(shared);
            for campaign in shared.campaigns.state() {
                shared
                    .lanes
                    .stir(campaign.meta().namespace.as_deref().unwrap_or_default());
                shared.campaign_wakes.wake(ObjectRef::from_obj(campaign.as_ref()));
            }
        }
        std::future::pending::<()>().await;
    }

    fn note<E: std::error::Error + 'static>(
        &self,
        controller: &'static str,
        error: Option<kube::runtime::controller::Error<Error, E>>,
    ) -> futures::future::Ready<()> {
        use kube::runtime::controller::Error as Outcome;
        match error {
            None => report::reconciled(controller, "", Ok(()), &self.shared.metrics),
            // The error policy has reported it, or the object is gone.
            Some(Outcome::ReconcilerFailed(..) | Outcome::ObjectNotFound(_)) => {}
            Some(Outcome::QueueError(error)) => {
                tracing::warn!(controller, "a watch failed: {}", super::error::chain(&error));
            }
            Some(Outcome::RunnerError(error)) => {
                tracing::error!(
                    controller,
                    "the controller failed: {}",
                    super::error::chain(&error)
                );
            }
        }
        futures::future::ready(())
    }

    /// Wakes the campaigns whose assets changed: each look counts all of its assets, so many changes are one wake-up.
    async fn stirred(&self) {
        let shared = &self.shared;
        let mut stirred = Box::pin(shared.stirred.stream().ready_chunks(1024));
        while let Some(campaigns) = stirred.next().await {
            tokio::time::sleep(GATHERING).await;
            for campaign in campaigns {
                shared.campaign_wakes.wake(campaign);
            }
        }
    }

    fn receipts(&self, writer: Writer<ReceiptView>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let watched = watcher(
            self.api::<ReceiptView>(),
            watcher::Config::default().page_size(PAGE),
        )
        .default_backoff()
        .try_filter_map(move |event| std::future::ready(Ok(receipt_watched(event, &shared))));
        let touched = watched.reflect(writer).touched_objects();
        Controller::for_stream(touched, self.shared.unsettled_receipts.clone())
            .with_config(ControllerConfig::default().concurrency(FEW))
            .reconcile_on(self.shared.receipt_wakes.stream())
            .reconcile_all_on(self.became_leader())
            .run(
                receipt::reconcile,
                receipt::error_policy,
                Arc::clone(&self.shared),
            )
            .for_each(|result| self.note("receipt", result.err()))
            .boxed()
    }

    fn packs(&self, writer: Writer<Guarded<PolicyPack>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let touched = self
            .watch(writer)
            .inspect_ok(move |guarded| pack_touched(guarded, &shared));
        Controller::for_stream(touched, self.shared.policy_packs.clone())
            .with_config(ControllerConfig::default().concurrency(FEW))
            .reconcile_all_on(self.became_leader())
            .run(
                policy_pack::reconcile,
                policy_pack::error_policy,
                Arc::clone(&self.shared),
            )
            .for_each(|result| self.note("policypack", result.err()))
            .boxed()
    }

    fn approvals(&self, writer: Writer<Guarded<Approval>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let watched = watcher(
            self.api::<Guarded<Approval>>(),
            watcher::Config::default().page_size(PAGE),
        )
        .default_backoff();
        let seen = move |event: &watcher::Event<Guarded<Approval>>| approval::watched(event, &shared);
        let touched = self.reflect(watched, writer, seen);
        Controller::for_stream(touched, self.shared.watched_approvals.clone())
            .with_config(ControllerConfig::default().concurrency(FEW))
            .reconcile_on(self.shared.approval_wakes.stream())
            .reconcile_all_on(self.became_leader())
            .run(
                approval::reconcile,
                approval::error_policy,
                Arc::clone(&self.shared),
            )
            .for_each(|result| self.note("approval", result.err()))
            .boxed()
    }

    /// Looks whether the API server makes sure of approvers, and wakes whoever depends on it.
    async fn admission(&self) {
        let shared = &self.shared;
        admission::watch(shared, || approval::enforcement_changed(shared)).await;
    }

    /// Looks whether the wall clock was set, and how far it is from the API server's.
    async fn clocks(&self) {
        let shared = &self.shared;
        // Timers stand still while the machine sleeps, and know nothing of a wall clock that is set.
        let timers = tokio::time::Instant::now();
        let ahead = || {
            let wall = shared.clock.now().as_duration().as_millis();
            wall - i128::try_from(timers.elapsed().as_millis()).unwrap_or(0)
        };
        let mut before = ahead();
        let mut closed = shared.closed();
        loop {
            tokio::time::sleep(CLOCK_LOOK).await;
            let after = ahead();
            let jumped = (after - before).unsigned_abs() > CLOCK_JUMP.as_millis();
            if jumped {
                tracing::warn!(milliseconds = %(after - before), "the wall clock was set, or the machine slept");
            }
            let still = shared.closed();
            if still != closed && still == Some(Closed::StoreWentBack) {
                shared.written.forget_versions();
            }
            if jumped || still != closed {
                shared.wake_assets(|_| true);
            }
            (before, closed) = (after, still);
            if let Some(offset) = shared.server_clock.offset_seconds() {
                shared.metrics.clock_offset(offset);
            }
        }
    }

    async fn election(&self) -> Result<(), Error> {
        // Whoever leads has seen everything once: what is missing from memory would be told as missing.
        self.shared.listed().await;
        let Some(leases) = self.shared.leases.clone() else {
            self.leadership
                .send_replace(Some(Leadership::alone(&self.identity)));
            return std::future::pending().await;
        };
        let election = Election {
            leases,
            identity: self.identity.clone(),
            clock: self.shared.clock.as_ref(),
            store_age: &self.shared.store_age,
            leadership: self.leadership.clone(),
        };
        election.run().await
    }
}

fn pod_name(options: &OperatorOptions) -> String {
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    options
        .pod_name
        .clone()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(host)
}

/// Drawn when the process starts: a restart is another sender.
fn process_id() -> String {
    let mut bytes = [0_u8; 8];
    if getrandom::fill(&mut bytes).is_err() {
        bytes = std::process::id()
            .to_be_bytes()
            .repeat(2)
            .try_into()
            .unwrap_or_default();
    }
    data_encoding::HEXLOWER.encode(&bytes)
}

fn publisher_options(egress: &EgressPolicy, options: &OperatorOptions) -> Result<PublisherOptions, Error> {
    let client = http_client(egress, &HttpClientOptions::default())
        .map_err(|error| Error::Configuration(Box::new(error)))?;
    Ok(PublisherOptions {
        client,
        egress: egress.clone(),
        allow_local_paths: options.allow_local_paths,
    })
}

/// How long one request to a link may take.
const LINK_TIMEOUT: Duration = Duration::from_secs(10);

fn links(egress: &EgressPolicy) -> Result<Links, Error> {
    let options = HttpClientOptions {
        timeout: Some(LINK_TIMEOUT),
        ..HttpClientOptions::default()
    };
    let client = http_client(egress, &options).map_err(|error| Error::Configuration(Box::new(error)))?;
    Ok(Links::new(client, egress.clone()))
}

fn notifications(egress: &EgressPolicy) -> Result<Notifications, Error> {
    let client = http_client(egress, &HttpClientOptions::default())
        .map_err(|error| Error::Configuration(Box::new(error)))?;
    Ok(Notifications::new(NotifierOptions {
        client,
        egress: egress.clone(),
    }))
}

fn mirrors(egress: &EgressPolicy, options: &OperatorOptions) -> Result<Mirrors, Error> {
    let cache = options
        .cache
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join("campanile"));
    let settings = GitSettings::new(cache, egress.clone());
    Mirrors::new(settings).map_err(|error| Error::Git(Box::new(error)))
}
