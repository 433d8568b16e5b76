//! The operator as a whole: its watches, its controllers, its election; when one of them ends, all end.

mod clocks;
mod connect;
mod controllers;
mod leading;
mod prepare;
mod surface;
mod touched;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use kube::{client::Body, runtime::reflector::store::Writer};
use tokio::sync::watch;
use tower::{BoxError, util::BoxService};

pub use self::{
    connect::connect,
    surface::{Surface, WebhookTarget},
};
use super::{
    admission, approval, breaker,
    clock::{Clock, SystemClock},
    context::{Guarded, Shared},
    election::Leadership,
    error::Error,
    lane, links, notify,
    outgoing::{Interceptor, Unhindered},
    view::{AssetView, ReceiptView},
};
use crate::{
    api::{Approval, Campaign, ChannelConfig, Halt, PolicyPack},
    config::OperatorOptions,
    publish::Publishers,
};

/// How long a process that was told to stop waits for its sends; Kubernetes kills it after 30 seconds.
const LONGEST_END: Duration = Duration::from_secs(20);

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

/// Where the watch of each kind writes.
#[derive(Default)]
struct Writers {
    approvals: Writer<Guarded<Approval>>,
    assets: Writer<AssetView>,
    campaigns: Writer<Guarded<Campaign>>,
    channels: Writer<Guarded<ChannelConfig>>,
    halts: Writer<Guarded<Halt>>,
    receipts: Writer<ReceiptView>,
    packs: Writer<Guarded<PolicyPack>>,
}

impl Operator {
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
        let mut everything = Box::pin(self.every_part(writers));
        let result = tokio::select! {
            result = &mut everything => result,
            () = stop => {
                self.shared.stopping.store(true, Ordering::Release);
                tokio::select! {
                    result = &mut everything => result,
                    () = ended(&self.shared) => Ok(()),
                }
            }
        };
        drop(everything);
        if result.is_ok() {
            self.release().await;
        }
        result
    }

    /// Runs every part at once; ends with the first that ends.
    async fn every_part(&self, writers: Writers) -> Result<(), Error> {
        let shared = &self.shared;
        tokio::select! {
            () = self.assets(writers.assets) => Err(Error::Ended("the Asset controller")),
            () = self.campaigns(writers.campaigns) => Err(Error::Ended("the Campaign controller")),
            () = self.channels(writers.channels) => Err(Error::Ended("the ChannelConfig controller")),
            () = self.halts(writers.halts) => Err(Error::Ended("the Halt controller")),
            () = shared.stirred_halts.gather(&shared.halt_wakes) => Err(Error::Ended("the look at what Halts match")),
            () = breaker::watch(shared) => Err(Error::Ended("the look at the breakers")),
            () = shared.stirred.gather(&shared.campaign_wakes) => Err(Error::Ended("the look at what stirred campaigns")),
            () = lane::keep(shared) => Err(Error::Ended("the look at the lines of lanes")),
            () = self.receipts(writers.receipts) => Err(Error::Ended("the Receipt controller")),
            () = self.packs(writers.packs) => Err(Error::Ended("the PolicyPack controller")),
            () = links::run(shared) => Err(Error::Ended("the look at links")),
            () = notify::run(shared) => Err(Error::Ended("the telling of people")),
            () = self.approvals(writers.approvals) => Err(Error::Ended("the Approval controller")),
            () = admission::watch(shared, || approval::enforcement_changed(shared)) => Err(Error::Ended("the look at admission policies")),
            () = self.clocks() => Err(Error::Ended("the comparison of clocks")),
            () = self.leading() => Err(Error::Ended("the election")),
            result = self.election() => result,
        }
    }
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
