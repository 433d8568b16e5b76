//! A watch and a controller for each kind.

use std::{collections::HashMap, sync::Arc};

use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};
use kube::{
    Api, Resource,
    runtime::{
        Controller, WatchStreamExt,
        controller::{Action as Requeue, Config as ControllerConfig},
        reflector::store::Writer,
        watcher,
    },
};
use serde::de::DeserializeOwned;

use super::{
    super::{
        approval, asset, campaign, channel_config,
        context::{Guarded, Shared},
        error::{Error, chain},
        halt, policy_pack, receipt,
        relist::telling_deletions,
        report,
        view::{AssetView, ReceiptView},
    },
    Operator,
    touched::{
        asset_touched, assets_listed, campaign_touched, channel_touched, halt_touched, pack_touched,
        receipt_watched, sharing,
    },
};
use crate::api::{Approval, Campaign, ChannelConfig, Halt, PolicyPack};

/// How many objects a list page has.
const PAGE: u32 = 500;
/// How many objects of a kind other than Asset are worked on at once.
const FEW: u16 = 8;

impl Operator {
    fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        match &self.namespace {
            Some(namespace) => Api::namespaced(self.shared.client.clone(), namespace),
            None => Api::all(self.shared.client.clone()),
        }
    }

    /// What the API server says of a kind, from the first list on.
    fn events<K>(&self) -> impl futures::Stream<Item = watcher::Result<watcher::Event<K>>> + Send + use<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug
            + Send
            + 'static,
    {
        watcher(self.api::<K>(), watcher::Config::default().page_size(PAGE)).default_backoff()
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
        self.reflect(self.events(), writer, |_| {})
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

    pub(super) fn assets(&self, writer: Writer<AssetView>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let known = self.shared.assets.clone();
        let watched = self
            .events::<AssetView>()
            .map_ok(move |event| sharing(event, &known));
        let listing = Arc::clone(&self.shared);
        let seen = move |event: &watcher::Event<AssetView>| assets_listed(event, &listing);
        let touched = self
            .reflect(watched, writer, seen)
            .inspect_ok(move |view| asset_touched(view, &shared));
        let controller = Controller::for_stream(touched, self.shared.assets.clone())
            .reconcile_on(self.shared.asset_wakes.stream());
        self.work(
            ("asset", self.concurrency),
            controller,
            asset::reconcile,
            asset::error_policy,
        )
    }

    pub(super) fn campaigns(&self, writer: Writer<Guarded<Campaign>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let mut known = HashMap::new();
        let touched = self
            .watch(writer)
            .inspect_ok(move |guarded| campaign_touched(guarded, &mut known, &shared));
        let controller = Controller::for_stream(touched, self.shared.campaigns.clone())
            .reconcile_on(self.shared.campaign_wakes.stream());
        self.work(
            ("campaign", FEW),
            controller,
            campaign::reconcile,
            campaign::error_policy,
        )
    }

    pub(super) fn channels(&self, writer: Writer<Guarded<ChannelConfig>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let mut known = HashMap::new();
        let touched = self
            .watch(writer)
            .inspect_ok(move |guarded| channel_touched(guarded, &mut known, &shared));
        let elected = self.became_leader();
        let controller =
            Controller::for_stream(touched, self.shared.channel_configs.clone()).reconcile_all_on(elected);
        self.work(
            ("channelconfig", FEW),
            controller,
            channel_config::reconcile,
            channel_config::error_policy,
        )
    }

    pub(super) fn halts(&self, writer: Writer<Guarded<Halt>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let mut known = HashMap::new();
        let touched = self
            .watch(writer)
            .inspect_ok(move |guarded| halt_touched(guarded, &mut known, &shared));
        let controller = Controller::for_stream(touched, self.shared.halts.clone())
            .reconcile_on(self.shared.halt_wakes.stream())
            .reconcile_all_on(self.became_leader());
        self.work(("halt", FEW), controller, halt::reconcile, halt::error_policy)
    }

    pub(super) fn receipts(&self, writer: Writer<ReceiptView>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let watched = self
            .events::<ReceiptView>()
            .try_filter_map(move |event| std::future::ready(Ok(receipt_watched(event, &shared))));
        let touched = watched.reflect(writer).touched_objects();
        let controller = Controller::for_stream(touched, self.shared.unsettled_receipts.clone())
            .reconcile_on(self.shared.receipt_wakes.stream())
            .reconcile_all_on(self.became_leader());
        self.work(
            ("receipt", FEW),
            controller,
            receipt::reconcile,
            receipt::error_policy,
        )
    }

    pub(super) fn packs(&self, writer: Writer<Guarded<PolicyPack>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let touched = self
            .watch(writer)
            .inspect_ok(move |guarded| pack_touched(guarded, &shared));
        let controller = Controller::for_stream(touched, self.shared.policy_packs.clone())
            .reconcile_all_on(self.became_leader());
        self.work(
            ("policypack", FEW),
            controller,
            policy_pack::reconcile,
            policy_pack::error_policy,
        )
    }

    pub(super) fn approvals(&self, writer: Writer<Guarded<Approval>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let seen = move |event: &watcher::Event<Guarded<Approval>>| approval::watched(event, &shared);
        let touched = self.reflect(self.events(), writer, seen);
        let controller = Controller::for_stream(touched, self.shared.watched_approvals.clone())
            .reconcile_on(self.shared.approval_wakes.stream())
            .reconcile_all_on(self.became_leader());
        self.work(
            ("approval", FEW),
            controller,
            approval::reconcile,
            approval::error_policy,
        )
    }

    /// Works on the objects of a kind, so many at once, and counts what came of it.
    fn work<K, Reconciling>(
        &self,
        (kind, at_once): (&'static str, u16),
        controller: Controller<K>,
        reconcile: impl FnMut(Arc<K>, Arc<Shared>) -> Reconciling + Send + 'static,
        error_policy: impl Fn(Arc<K>, &Error, Arc<Shared>) -> Requeue + Send + Sync + 'static,
    ) -> BoxFuture<'_, ()>
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
        Reconciling: Future<Output = Result<Requeue, Error>> + Send + 'static,
    {
        controller
            .with_config(ControllerConfig::default().concurrency(at_once))
            .run(reconcile, error_policy, Arc::clone(&self.shared))
            .for_each(move |result| self.note(kind, result.err()))
            .boxed()
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
                tracing::warn!(controller, "a watch failed: {}", chain(&error));
            }
            Some(Outcome::RunnerError(error)) => {
                tracing::error!(controller, "the controller failed: {}", chain(&error));
            }
        }
        futures::future::ready(())
    }
}
