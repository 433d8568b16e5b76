//! Making an operator: what its controllers share.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use tokio::sync::watch;
use tower::Layer as _;

use super::{
    super::{
        admission::Admission,
        approval::Approvals,
        branches::GitBranches,
        campaign::Sources,
        channel_config::Channels,
        clock::Clock,
        context::{Listed, Shared},
        drawn,
        election::Leadership,
        error::Error,
        fresh::FreshReads,
        guards::Verdicts,
        halt,
        lane::Lanes,
        links::Links,
        live::LiveAttempts,
        notify::Notifications,
        outgoing::{Interceptor, OutgoingLayer, ServerClock},
        policy_pack::Packs,
        receipt::Unsettled,
        receipts::Receipts,
        repeats::Repeats,
        report::Reporter,
        secrets::SecretReader,
        store_age::StoreAge,
        wakes::WakeUps,
        written::Written,
    },
    ApiService, Operator, OperatorSettings, Writers, connect,
};
use crate::{
    api::Sender,
    config::OperatorOptions,
    egress::{EgressPolicy, HttpClientOptions, http_client},
    git::{GitSettings, Mirrors},
    notify::NotifierOptions,
    publish::{PublisherOptions, Publishers},
    telemetry::Metrics,
};

/// How long one request to a link may take.
const LINK_TIMEOUT: Duration = Duration::from_secs(10);
/// The mirrors of branches that channels write to, below those that campaigns are read from: nobody waits for a push.
const WRITTEN: &str = "written";

impl Operator {
    /// Prepares an operator: nothing is read or written yet.
    ///
    /// # Errors
    /// `Configuration` where there is no cluster to be found or a setting cannot be used.
    pub async fn new(settings: OperatorSettings) -> Result<Self, Error> {
        let OperatorSettings {
            options,
            clock,
            interceptor,
            api,
            publishers,
        } = settings;
        let around = around(&options, clock, interceptor, api).await?;
        let reached = reached(&options, publishers)?;
        let identity = format!("{}_{}", around.sender.pod, around.sender.process);
        let (leadership, leads) = watch::channel(None);
        let writers = Writers::default();
        Ok(Self {
            shared: Arc::new(shared(&options, around, reached, &writers, leads)),
            leadership,
            identity,
            namespace: options.cluster.namespace.clone(),
            concurrency: options.concurrency.max(1),
            writers: Some(writers),
        })
    }
}

/// Who this process is, and how it asks the API server.
struct Around {
    client: Client,
    clock: Arc<dyn Clock>,
    interceptor: Arc<dyn Interceptor>,
    metrics: Metrics,
    server_clock: Arc<ServerClock>,
    sender: Sender,
}

async fn around(
    options: &OperatorOptions,
    clock: Arc<dyn Clock>,
    interceptor: Arc<dyn Interceptor>,
    api: Option<ApiService>,
) -> Result<Around, Error> {
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
    // A restart is another sender.
    let sender = Sender {
        pod: pod_name(options),
        process: drawn::id::<8>("id of this process")?,
    };
    Ok(Around {
        client,
        clock,
        interceptor,
        metrics,
        server_clock,
        sender,
    })
}

/// What reaches the world beside the API server.
struct Reached {
    publishers: Arc<dyn Publishers>,
    mirrors: Mirrors,
    notifications: Notifications,
    links: Links,
}

fn reached(options: &OperatorOptions, publishers: Option<Arc<dyn Publishers>>) -> Result<Reached, Error> {
    let egress = EgressPolicy::new(options.allow_egress_to.clone());
    Ok(Reached {
        publishers: match publishers {
            Some(publishers) => publishers,
            None => Arc::new(publisher_options(&egress, options)?),
        },
        mirrors: mirrors(&egress, cache_folder(options))?,
        notifications: notifications(&egress)?,
        links: links(&egress)?,
    })
}

fn shared(
    options: &OperatorOptions,
    around: Around,
    reached: Reached,
    writers: &Writers,
    leadership: watch::Receiver<Option<Leadership>>,
) -> Shared {
    Shared {
        leases: leases(options, &around.client),
        secrets: SecretReader::new(around.client.clone(), Arc::clone(&around.clock)),
        reporter: Reporter::new(around.client.clone(), &around.sender.pod),
        client: around.client,
        clock: around.clock,
        sender: around.sender,
        metrics: around.metrics,
        interceptor: around.interceptor,
        server_clock: around.server_clock,
        channels: Channels::new(reached.publishers),
        mirrors: reached.mirrors,
        notifications: reached.notifications,
        links: reached.links,
        assets: writers.assets.as_reader(),
        campaigns: writers.campaigns.as_reader(),
        channel_configs: writers.channels.as_reader(),
        halts: writers.halts.as_reader(),
        unsettled_receipts: writers.receipts.as_reader(),
        policy_packs: writers.packs.as_reader(),
        watched_approvals: writers.approvals.as_reader(),
        restored_at: options.restored_at,
        allow_local_paths: options.allow_local_paths,
        leadership,
        sources: Sources::default(),
        approvals: Approvals::default(),
        admission: Admission::default(),
        receipts: Receipts::default(),
        unsettled: Unsettled::default(),
        fresh: FreshReads::default(),
        lanes: Lanes::default(),
        live: LiveAttempts::default(),
        written: Written::default(),
        repeats: Repeats::default(),
        store_age: StoreAge::default(),
        lost: std::sync::Mutex::default(),
        packs: Packs::default(),
        verdicts: Verdicts::default(),
        asset_wakes: WakeUps::default(),
        approval_wakes: WakeUps::default(),
        receipt_wakes: WakeUps::default(),
        campaign_wakes: WakeUps::default(),
        halts_told: halt::Told::default(),
        halt_wakes: WakeUps::default(),
        stirred_halts: WakeUps::default(),
        breaker_wakes: WakeUps::default(),
        stopping: AtomicBool::new(false),
        stirred: WakeUps::default(),
        listed: Listed::default(),
    }
}

/// The Leases of the operator's namespace; none where it runs without an election.
fn leases(options: &OperatorOptions, client: &Client) -> Option<Api<Lease>> {
    let namespace = options.lease_namespace.as_deref();
    let namespace = namespace.unwrap_or_else(|| client.default_namespace());
    options
        .leader_elect
        .then(|| Api::namespaced(client.clone(), namespace))
}

fn pod_name(options: &OperatorOptions) -> String {
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    options
        .pod_name
        .clone()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(host)
}

fn publisher_options(egress: &EgressPolicy, options: &OperatorOptions) -> Result<PublisherOptions, Error> {
    Ok(PublisherOptions {
        client: client(egress, &HttpClientOptions::default())?,
        egress: egress.clone(),
        allow_local_paths: options.allow_local_paths,
        branches: Some(Arc::new(GitBranches::new(
            mirrors(egress, cache_folder(options).join(WRITTEN))?,
            options.allow_local_paths,
        ))),
    })
}

fn links(egress: &EgressPolicy) -> Result<Links, Error> {
    let options = HttpClientOptions {
        timeout: Some(LINK_TIMEOUT),
        ..HttpClientOptions::default()
    };
    Ok(Links::new(client(egress, &options)?, egress.clone()))
}

fn notifications(egress: &EgressPolicy) -> Result<Notifications, Error> {
    Ok(Notifications::new(NotifierOptions {
        client: client(egress, &HttpClientOptions::default())?,
        egress: egress.clone(),
    }))
}

fn client(egress: &EgressPolicy, options: &HttpClientOptions) -> Result<reqwest::Client, Error> {
    http_client(egress, options).map_err(|error| Error::Configuration(Box::new(error)))
}

fn cache_folder(options: &OperatorOptions) -> PathBuf {
    let own = || std::env::temp_dir().join("campanile");
    options.cache.clone().unwrap_or_else(own)
}

fn mirrors(egress: &EgressPolicy, cache: PathBuf) -> Result<Mirrors, Error> {
    let settings = GitSettings::new(cache, egress.clone());
    Mirrors::new(settings).map_err(|error| Error::Git(Box::new(error)))
}
