//! A watch and a controller for each kind.

use std::{collections::HashMap, sync::Arc};

use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};
use kube::{
    Api, Resource,
    runtime::{
        Controller, WatchStreamExt,
        controller::Config as ControllerConfig,
        reflector::{ObjectRef, store::Writer},
        watcher,
    },
};
use serde::de::DeserializeOwned;

use super::{
    super::{
        approval, asset, breaker, campaign, channel_config,
        context::Guarded,
        error::{Error, chain},
        halt, lane, policy_pack, receipt,
        relist::telling_deletions,
        report,
        view::{AssetView, ReceiptView},
    },
    Operator,
    touched::{
        assets_listed, campaign_touched, channel_touched, halt_touched, pack_touched, receipt_watched,
        sharing,
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

    pub(super) fn campaigns(&self, writer: Writer<Guarded<Campaign>>) -> BoxFuture<'_, ()> {
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

    pub(super) fn channels(&self, writer: Writer<Guarded<ChannelConfig>>) -> BoxFuture<'_, ()> {
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

    pub(super) fn halts(&self, writer: Writer<Guarded<Halt>>) -> BoxFuture<'_, ()> {
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

    pub(super) fn receipts(&self, writer: Writer<ReceiptView>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let watched = self
            .events::<ReceiptView>()
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

    pub(super) fn packs(&self, writer: Writer<Guarded<PolicyPack>>) -> BoxFuture<'_, ()> {
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

    pub(super) fn approvals(&self, writer: Writer<Guarded<Approval>>) -> BoxFuture<'_, ()> {
        let shared = Arc::clone(&self.shared);
        let seen = move |event: &watcher::Event<Guarded<Approval>>| approval::watched(event, &shared);
        let touched = self.reflect(self.events(), writer, seen);
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
