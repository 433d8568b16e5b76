//! An Asset as it is kept in memory.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use kube::{Resource, core::ObjectMeta};
use serde::{Deserialize, Deserializer};

use super::{
    facts::{Facts, some},
    packed::{PackedDigest, Texts},
    raw::{Raw, others},
    told::Told,
    version_of,
};
use crate::{
    api::{
        Asset, AssetHold, AssetPhase, AssetSource, AssetSpec, AssetStatus, Condition, GROUP, Target, VERSION,
    },
    domain::{observed::AssetFacts, status::AssetReport},
};

/// An Asset as it is kept in memory; copies share it.
#[derive(Clone, Debug)]
pub(crate) struct AssetView(Arc<Kept>);

#[derive(Clone, Debug)]
struct Kept {
    meta: ObjectMeta,
    facts: Result<Facts, Box<str>>,
    told: Told,
    phase: Option<AssetPhase>,
    standing: Standing,
    hold: Option<Box<AssetHold>>,
    source_line: u32,
    texts: Texts<SOURCE_TEXTS>,
}

/// What the reason of a status tells of its phase, as far as others than the asset depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A guard stopped it.
    GuardFailed,
    /// It waits for the asset that is tried first after the Halt of a breaker.
    HalfOpen,
    /// Anything else.
    Other,
}

impl Standing {
    fn of(status: &AssetStatus) -> Self {
        match (status.phase, status.reason.as_deref()) {
            (Some(AssetPhase::Blocked), Some("GuardFailed")) => Self::GuardFailed,
            (Some(AssetPhase::Halted), Some("HalfOpen")) => Self::HalfOpen,
            _ => Self::Other,
        }
    }
}

/// Texts of the status: path, repository, revision, author, receipt, the guard failure that made a Halt, reason.
const SOURCE_TEXTS: usize = 7;
impl AssetView {
    /// What is kept of a whole Asset.
    pub(crate) fn of(asset: &Asset) -> Self {
        let meta = ObjectMeta {
            name: asset.metadata.name.clone(),
            namespace: asset.metadata.namespace.clone(),
            uid: asset.metadata.uid.clone(),
            resource_version: asset.metadata.resource_version.clone(),
            generation: asset.metadata.generation,
            deletion_timestamp: asset.metadata.deletion_timestamp.clone(),
            labels: asset.metadata.labels.clone().and_then(others),
            ..ObjectMeta::default()
        };
        let nothing = AssetStatus::default();
        Self::assemble(meta, Ok(&asset.spec), asset.status.as_ref().unwrap_or(&nothing))
    }

    fn assemble(meta: ObjectMeta, spec: Result<&AssetSpec, String>, status: &AssetStatus) -> Self {
        let source = status.source.clone().unwrap_or_default();
        let texts = Texts::of([
            &source.path,
            &source.repository,
            &source.revision,
            source.author.as_deref().unwrap_or_default(),
            status.receipt.as_deref().unwrap_or_default(),
            status.halted_for.as_deref().unwrap_or_default(),
            status.reason.as_deref().unwrap_or_default(),
        ]);
        Self(Arc::new(Kept {
            facts: spec
                .map(|spec| Facts::of(spec, status))
                .map_err(String::into_boxed_str),
            told: Told::of(status),
            phase: status.phase,
            standing: Standing::of(status),
            hold: status.halt.clone().map(Box::new),
            source_line: source.line,
            texts,
            meta,
        }))
    }

    /// Its facts; `None` where its spec cannot be read.
    pub(crate) fn facts(&self) -> Option<AssetFacts> {
        let facts = self.0.facts.as_ref().ok()?;
        let text = |number| facts.texts.get(number).to_owned();
        Some(AssetFacts {
            name: self.name().to_owned(),
            generation: self.0.meta.generation.unwrap_or(0),
            deleting: self.0.meta.deletion_timestamp.is_some(),
            gone: false,
            campaign: text(0),
            post_id: text(1),
            target: Target {
                platform: text(2),
                account: text(3),
            },
            locale: text(4),
            item: text(5),
            is_of_several: facts.is_of_several,
            occurrence: text(6),
            type_: facts.type_,
            intent: facts.intent,
            publish_at: facts.publish_at,
            day_ends_at: facts.day_ends_at,
            after: some(facts.texts.get(13)),
            stopped_by: some(facts.texts.get(7)).map(|code| (code, text(8))),
            content_digest: facts.content.text(),
            spec_digest: facts.spec.text(),
            made: facts.made(),
            approval: facts.approval(),
            hold: self.0.hold.as_deref().cloned(),
            halted_for: some(self.0.texts.get(5)),
            author: some(self.0.texts.get(3)),
            remembered_receipt: some(self.receipt()),
            phase: self.0.phase,
        })
    }

    /// Why its spec cannot be read.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.0.facts.as_ref().err().map(AsRef::as_ref)
    }

    /// Name of its campaign; `None` where its spec cannot be read.
    pub(crate) fn campaign(&self) -> Option<&str> {
        self.0.facts.as_ref().ok().map(Facts::campaign)
    }

    /// The id of its post; `None` where its spec cannot be read.
    pub(crate) fn post_id(&self) -> Option<&str> {
        self.0.facts.as_ref().ok().map(|facts| facts.texts.get(1))
    }

    /// Which part of its post it is; `None` where its spec cannot be read.
    pub(crate) fn item(&self) -> Option<&str> {
        self.0.facts.as_ref().ok().map(|facts| facts.texts.get(5))
    }

    /// Whether it belongs to a campaign of a namespace.
    pub(crate) fn is_of(&self, namespace: &str, campaign: &str) -> bool {
        self.namespace() == namespace && self.campaign() == Some(campaign)
    }

    /// Where it goes: platform and account.
    pub(crate) fn target(&self) -> Option<(&str, &str)> {
        let facts = self.0.facts.as_ref().ok()?;
        Some((facts.texts.get(2), facts.texts.get(3)))
    }

    /// Whether its spec has that digest and is what Campanile made.
    pub(crate) fn is_made_as(&self, spec_digest: &str) -> bool {
        let digest = PackedDigest::of(spec_digest);
        let facts = self.0.facts.as_ref().ok();
        digest.is_some() && facts.is_some_and(|facts| Some(facts.spec) == digest && facts.made == digest)
    }

    /// The time of publication as it is shown.
    pub(crate) fn publish_at_local(&self) -> Option<String> {
        some(self.0.facts.as_ref().ok()?.texts.get(12))
    }

    /// Where its words were written.
    pub(crate) fn source(&self) -> Option<AssetSource> {
        let text = |number| self.0.texts.get(number);
        (!text(0).is_empty()).then(|| AssetSource {
            path: text(0).to_owned(),
            repository: text(1).to_owned(),
            revision: text(2).to_owned(),
            line: self.0.source_line,
            author: some(text(3)),
            places: None,
        })
    }

    /// Name of the receipt that it remembers; empty where it remembers none.
    pub(crate) fn receipt(&self) -> &str {
        self.0.texts.get(4)
    }

    /// Its labels but our own.
    pub(crate) fn labels(&self) -> Option<&BTreeMap<String, String>> {
        self.0.meta.labels.as_ref()
    }

    /// What the reason of its phase tells others.
    pub(crate) fn standing(&self) -> Standing {
        self.0.standing
    }

    /// The one word of its status; empty before anybody looked.
    pub(crate) fn reason(&self) -> &str {
        self.0.texts.get(6)
    }

    /// Its conditions, as far as the next ones depend on them.
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        self.0.told.conditions()
    }

    /// Whether its status says just what a report says.
    pub(crate) fn tells(&self, report: &AssetReport) -> bool {
        self.0.told.is(report)
    }

    /// Whether its status has just these conditions.
    pub(crate) fn states(&self, conditions: &[Condition]) -> bool {
        self.0.told.states(conditions)
    }

    /// Its resource version as a number; 0 where it has none.
    pub(crate) fn version(&self) -> u64 {
        version_of(&self.0.meta)
    }

    /// Whether another copy is the same object in the same version.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.0.meta, &other.0.meta);
        ours.uid == theirs.uid && ours.resource_version == theirs.resource_version
    }

    /// What the API server made of it when it was created: another one for each that has had its name.
    pub(crate) fn uid(&self) -> &str {
        self.0.meta.uid.as_deref().unwrap_or_default()
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.0.meta.name.as_deref().unwrap_or_default()
    }

    /// Its namespace.
    pub(crate) fn namespace(&self) -> &str {
        self.0.meta.namespace.as_deref().unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for AssetView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::<AssetSpec, AssetStatus>::deserialize(deserializer)?;
        let status = raw.status.read().unwrap_or_default();
        let spec = raw.spec.read();
        let spec = spec.as_deref().map_err(Clone::clone);
        Ok(Self::assemble(raw.metadata.into(), spec, &status))
    }
}

stands_for!(AssetView, "Asset", "assets", |view| &view.0.meta, |view| {
    &mut Arc::make_mut(&mut view.0).meta
});
/// The phase that an asset's status shows; Pending before anybody looked.
pub(crate) fn phase(view: &AssetView) -> AssetPhase {
    view.0.phase.unwrap_or(AssetPhase::Pending)
}

/// The instant of publication that an asset's spec names.
pub(crate) fn publish_at(view: &AssetView) -> Option<Timestamp> {
    view.0.facts.as_ref().ok().and_then(|facts| facts.publish_at)
}
