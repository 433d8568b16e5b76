//! What is kept in memory of Assets and Receipts: what decisions need, without words, managed fields and annotations.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::{NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::Time};
use kube::{Resource, core::ObjectMeta};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    api::{Asset, AssetPhase, AssetSpec, AssetStatus, GROUP, Receipt, ReceiptSpec, ReceiptStatus, VERSION},
    domain::{digest, observed::AssetFacts, schedule},
};

/// The fields of `metadata` that are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LiteMeta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    deletion_timestamp: Option<Time>,
}

impl From<LiteMeta> for ObjectMeta {
    fn from(lite: LiteMeta) -> Self {
        Self {
            name: lite.name,
            namespace: lite.namespace,
            uid: lite.uid,
            resource_version: lite.resource_version,
            generation: lite.generation,
            deletion_timestamp: lite.deletion_timestamp,
            ..Self::default()
        }
    }
}

/// An Asset as it is kept in memory.
#[derive(Clone, Debug)]
pub(crate) struct AssetView {
    meta: ObjectMeta,
    /// Its facts, or why its spec cannot be read.
    pub(crate) facts: Result<Box<AssetFacts>, String>,
    /// What its status says.
    pub(crate) status: Box<AssetStatus>,
    /// The time of publication as it is shown.
    pub(crate) publish_at_local: Option<String>,
}

impl AssetView {
    /// What is kept of a whole Asset.
    pub(crate) fn of(asset: &Asset) -> Self {
        let status = asset.status.clone().unwrap_or_default();
        let meta = ObjectMeta {
            name: asset.metadata.name.clone(),
            namespace: asset.metadata.namespace.clone(),
            uid: asset.metadata.uid.clone(),
            resource_version: asset.metadata.resource_version.clone(),
            generation: asset.metadata.generation,
            deletion_timestamp: asset.metadata.deletion_timestamp.clone(),
            ..ObjectMeta::default()
        };
        Self::assemble(meta, Ok(&asset.spec), status)
    }

    fn assemble(meta: ObjectMeta, spec: Result<&AssetSpec, String>, status: AssetStatus) -> Self {
        let publish_at_local = spec.as_ref().ok().and_then(|spec| local_time(spec));
        let facts = spec.map(|spec| Box::new(facts(&meta, spec, &status)));
        Self {
            meta,
            facts,
            status: Box::new(status),
            publish_at_local,
        }
    }

    /// Its resource version as a number; 0 where it has none.
    pub(crate) fn version(&self) -> u64 {
        version_of(&self.meta)
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.meta.name.as_deref().unwrap_or_default()
    }

    /// Its namespace.
    pub(crate) fn namespace(&self) -> &str {
        self.meta.namespace.as_deref().unwrap_or_default()
    }
}

fn local_time(spec: &AssetSpec) -> Option<String> {
    let instant = schedule::instant(&spec.schedule).ok()?;
    schedule::local_text(instant, &spec.schedule.time_zone).ok()
}

/// A resource version as a number; 0 where there is none.
pub(crate) fn version_of(meta: &ObjectMeta) -> u64 {
    meta.resource_version
        .as_ref()
        .and_then(|version| version.parse().ok())
        .unwrap_or(0)
}

fn facts(meta: &ObjectMeta, spec: &AssetSpec, status: &AssetStatus) -> AssetFacts {
    AssetFacts {
        name: meta.name.clone().unwrap_or_default(),
        generation: meta.generation.unwrap_or(0),
        deleting: meta.deletion_timestamp.is_some(),
        campaign: spec.campaign.clone(),
        post_id: spec.post_id.clone(),
        target: spec.target.clone(),
        locale: spec.locale.clone(),
        item: spec.item.clone(),
        occurrence: spec.occurrence.clone(),
        type_: spec.type_,
        intent: spec.intent,
        publish_at: schedule::instant(&spec.schedule).ok(),
        day_ends_at: schedule::end_of_local_day(&spec.schedule).ok(),
        stopped_by: AssetFacts::stopping_finding(spec),
        content_digest: digest::of_content(spec),
        spec_digest: digest::of_spec(spec),
        made: status.made.clone(),
        approval: status.approval.clone(),
        remembered_receipt: status.receipt.clone(),
        phase: status.phase,
    }
}

/// Where an object with a spec that cannot be read still has to be kept: one bad object must not stop the others.
#[derive(Deserialize)]
struct RawAsset {
    metadata: LiteMeta,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

impl<'de> Deserialize<'de> for AssetView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawAsset::deserialize(deserializer)?;
        let status = serde_json::from_value(raw.status).unwrap_or_default();
        let spec: Result<AssetSpec, String> =
            serde_json::from_value(raw.spec).map_err(|error| error.to_string());
        Ok(Self::assemble(
            raw.metadata.into(),
            spec.as_ref().map_err(Clone::clone),
            status,
        ))
    }
}

/// A Receipt as it is kept in memory: without what was sent.
#[derive(Clone, Debug)]
pub(crate) struct ReceiptView {
    meta: ObjectMeta,
    /// The slot, or why it cannot be read.
    pub(crate) spec: Result<Arc<ReceiptSpec>, String>,
    /// Its status.
    pub(crate) status: Arc<ReceiptStatus>,
}

impl ReceiptView {
    /// What is kept of a whole Receipt.
    pub(crate) fn of(receipt: &Receipt) -> Self {
        let meta = ObjectMeta {
            name: receipt.metadata.name.clone(),
            namespace: receipt.metadata.namespace.clone(),
            uid: receipt.metadata.uid.clone(),
            resource_version: receipt.metadata.resource_version.clone(),
            ..ObjectMeta::default()
        };
        let mut status = receipt.status.clone().unwrap_or_default();
        status.sent = None;
        Self {
            meta,
            spec: Ok(Arc::new(receipt.spec.clone())),
            status: Arc::new(status),
        }
    }

    /// Its resource version as a number; 0 where it has none.
    pub(crate) fn version(&self) -> u64 {
        version_of(&self.meta)
    }
}

#[derive(Deserialize)]
struct RawReceipt {
    metadata: LiteMeta,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

impl<'de> Deserialize<'de> for ReceiptView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawReceipt::deserialize(deserializer)?;
        let mut status: ReceiptStatus = serde_json::from_value(raw.status).unwrap_or_default();
        status.sent = None;
        let spec = serde_json::from_value(raw.spec)
            .map(Arc::new)
            .map_err(|error| error.to_string());
        Ok(Self {
            meta: raw.metadata.into(),
            spec,
            status: Arc::new(status),
        })
    }
}

macro_rules! stands_for {
    ($view:ty, $kind:literal, $plural:literal) => {
        impl Resource for $view {
            type DynamicType = ();
            type Scope = NamespaceResourceScope;

            fn kind((): &()) -> Cow<'_, str> {
                $kind.into()
            }

            fn group((): &()) -> Cow<'_, str> {
                GROUP.into()
            }

            fn version((): &()) -> Cow<'_, str> {
                VERSION.into()
            }

            fn plural((): &()) -> Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &ObjectMeta {
                &self.meta
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.meta
            }
        }
    };
}

stands_for!(AssetView, "Asset", "assets");
stands_for!(ReceiptView, "Receipt", "receipts");

/// The phase that an asset's status shows; Pending before anybody looked.
pub(crate) fn phase(view: &AssetView) -> AssetPhase {
    view.status.phase.unwrap_or(AssetPhase::Pending)
}

/// The instant of publication that an asset's facts name.
pub(crate) fn publish_at(view: &AssetView) -> Option<Timestamp> {
    view.facts.as_ref().ok().and_then(|facts| facts.publish_at)
}
