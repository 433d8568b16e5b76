//! What is kept in memory of Assets and Receipts: what decisions need, without words, managed fields and annotations.

mod packed;
mod told;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::{NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::Time};
use kube::{Resource, core::ObjectMeta};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use self::{
    packed::{PackedDigest, Texts},
    told::Told,
};
use crate::{
    api::{
        Asset, AssetHold, AssetPhase, AssetSource, AssetSpec, AssetStatus, AssetType, BranchApprovalRecord,
        Condition, GROUP, Intent, LABEL_CAMPAIGN, LABEL_LOCALE, LABEL_PLATFORM, Made, Receipt, ReceiptPhase,
        ReceiptSpec, ReceiptStatus, Target, VERSION,
    },
    domain::{
        digest,
        limits::{Effect, effects},
        observed::AssetFacts,
        receipt::undecided,
        schedule,
        status::AssetReport,
    },
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
    labels: Option<BTreeMap<String, String>>,
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
            labels: lite.labels.and_then(others),
            ..Self::default()
        }
    }
}

/// The labels that are not our own: what those say stands in the spec.
fn others(mut labels: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    labels.retain(|key, _| ![LABEL_CAMPAIGN, LABEL_PLATFORM, LABEL_LOCALE].contains(&key.as_str()));
    (!labels.is_empty()).then_some(labels)
}

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
/// Texts of the facts, in the order of [`Facts::texts_of`].
const FACT_TEXTS: usize = 14;

/// What [`AssetFacts`] says, packed.
#[derive(Clone, Debug)]
struct Facts {
    texts: Texts<FACT_TEXTS>,
    type_: AssetType,
    intent: Intent,
    publish_at: Option<Timestamp>,
    day_ends_at: Option<Timestamp>,
    content: PackedDigest,
    spec: PackedDigest,
    made: Option<PackedDigest>,
    intent_at: Option<Timestamp>,
    approval: Option<Approved>,
}

/// What the branch approved, packed.
#[derive(Clone, Debug)]
struct Approved {
    digests: Box<[PackedDigest]>,
    at: Option<Timestamp>,
    publish_at: Option<Timestamp>,
}

fn instant(time: Option<&Time>) -> Option<Timestamp> {
    time.map(|time| time.0)
}

impl Facts {
    fn of(spec: &AssetSpec, status: &AssetStatus) -> Self {
        let packed = |digest: &String| PackedDigest::of(digest).unwrap_or(PackedDigest::NONE);
        let approval = status.approval.as_ref().map(|approval| {
            let digests = approval
                .digests
                .iter()
                .filter_map(|digest| PackedDigest::of(digest));
            Approved {
                digests: digests.collect(),
                at: instant(approval.at.as_ref()),
                publish_at: instant(approval.publish_at.as_ref()),
            }
        });
        Self {
            texts: Self::texts_of(spec, status),
            type_: spec.type_,
            intent: spec.intent,
            publish_at: schedule::instant(&spec.schedule).ok(),
            day_ends_at: schedule::end_of_local_day(&spec.schedule).ok(),
            content: packed(&digest::of_content(spec)),
            spec: packed(&digest::of_spec(spec)),
            made: status.made.as_ref().map(|made| packed(&made.spec_digest)),
            intent_at: instant(status.made.as_ref().and_then(|made| made.intent_at.as_ref())),
            approval,
        }
    }

    fn texts_of(spec: &AssetSpec, status: &AssetStatus) -> Texts<FACT_TEXTS> {
        let (code, message) = AssetFacts::stopping_finding(spec).unwrap_or_default();
        let approval = status.approval.as_ref();
        Texts::of([
            &spec.campaign,
            &spec.post_id,
            &spec.target.platform,
            &spec.target.account,
            &spec.locale,
            &spec.item,
            &spec.occurrence,
            &code,
            &message,
            status.made.as_ref().map_or("", |made| &made.withdrawn),
            approval
                .and_then(|approval| approval.by.as_deref())
                .unwrap_or_default(),
            approval.map_or("", |approval| &approval.revision),
            &local_time(spec).unwrap_or_default(),
            spec.after.as_deref().unwrap_or_default(),
        ])
    }

    fn campaign(&self) -> &str {
        self.texts.get(0)
    }
}

/// A text of which the empty one means that there is none.
fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

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
        let made = |digest: PackedDigest| Made {
            spec_digest: digest.text(),
            withdrawn: text(9),
            intent_at: facts.intent_at.map(Time),
        };
        let approval = facts.approval.as_ref().map(|approved| BranchApprovalRecord {
            digests: approved.digests.iter().map(|digest| digest.text()).collect(),
            by: some(facts.texts.get(10)),
            revision: text(11),
            at: approved.at.map(Time),
            publish_at: approved.publish_at.map(Time),
        });
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
            occurrence: text(6),
            type_: facts.type_,
            intent: facts.intent,
            publish_at: facts.publish_at,
            day_ends_at: facts.day_ends_at,
            after: some(facts.texts.get(13)),
            stopped_by: some(facts.texts.get(7)).map(|code| (code, text(8))),
            content_digest: facts.content.text(),
            spec_digest: facts.spec.text(),
            made: facts.made.map(made),
            approval,
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

/// What may not be what it should: one bad object must not stop the others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Fine(Box<T>),
    Other(Value),
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self::Other(Value::Null)
    }
}

impl<T: serde::de::DeserializeOwned> Lenient<T> {
    fn read(self) -> Result<Box<T>, String> {
        match self {
            Self::Fine(value) => Ok(value),
            // Read again for the sake of the message.
            Self::Other(value) => serde_json::from_value(value)
                .map(Box::new)
                .map_err(|error| error.to_string()),
        }
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "S: serde::de::DeserializeOwned, T: serde::de::DeserializeOwned"))]
struct Raw<S, T> {
    metadata: LiteMeta,
    #[serde(default)]
    spec: Lenient<S>,
    #[serde(default)]
    status: Lenient<T>,
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

/// A Receipt as it is kept in memory: without what was sent and what the guards said of it.
#[derive(Clone, Debug)]
pub(crate) struct ReceiptView {
    meta: ObjectMeta,
    /// The slot, or why that or the status cannot be read.
    pub(crate) spec: Result<Arc<ReceiptSpec>, String>,
    /// Its status.
    pub(crate) status: Arc<ReceiptStatus>,
    /// What it leaves of the room of its account.
    pub(crate) effects: Box<[Effect]>,
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
        status.guard = None;
        Self {
            meta,
            effects: effects(&status).into(),
            spec: Ok(Arc::new(receipt.spec.clone())),
            status: Arc::new(status),
        }
    }

    /// What is kept of a Receipt that cannot be read.
    pub(crate) fn unreadable(meta: ObjectMeta, problem: String) -> Self {
        Self {
            meta,
            spec: Err(problem),
            status: Arc::default(),
            effects: Box::default(),
        }
    }

    /// Without its history where everything is decided: what follows from it is read directly.
    pub(crate) fn settled(mut self) -> Self {
        let status = Arc::make_mut(&mut self.status);
        let decided = status.phase == ReceiptPhase::Published
            && undecided(status).next().is_none()
            && status.release_requested.is_none();
        if decided {
            status.attempts = Vec::new();
            status.conditions = Vec::new();
            status.resolutions = Vec::new();
            status.approval = None;
            status.approvals = Vec::new();
            status.remote_id = None;
        }
        self
    }

    /// Its resource version as a number; 0 where it has none.
    pub(crate) fn version(&self) -> u64 {
        version_of(&self.meta)
    }
}

impl<'de> Deserialize<'de> for ReceiptView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::<ReceiptSpec, ReceiptStatus>::deserialize(deserializer)?;
        let (mut status, unread) = match raw.status {
            Lenient::Other(Value::Null) => (ReceiptStatus::default(), None),
            status => match status.read() {
                Ok(status) => (*status, None),
                Err(problem) => (ReceiptStatus::default(), Some(problem)),
            },
        };
        status.sent = None;
        status.guard = None;
        // A status that cannot be read is not that of a claim.
        let spec = match unread {
            None => raw.spec.read().map(Arc::from),
            Some(problem) => Err(format!("status: {problem}")),
        };
        Ok(Self {
            meta: raw.metadata.into(),
            spec,
            effects: effects(&status).into(),
            status: Arc::new(status),
        })
    }
}

macro_rules! stands_for {
    ($view:ty, $kind:literal, $plural:literal, $meta:expr, $meta_mut:expr) => {
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
                let meta: fn(&Self) -> &ObjectMeta = $meta;
                meta(self)
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                let meta: fn(&mut Self) -> &mut ObjectMeta = $meta_mut;
                meta(self)
            }
        }
    };
}

stands_for!(AssetView, "Asset", "assets", |view| &view.0.meta, |view| {
    &mut Arc::make_mut(&mut view.0).meta
});
stands_for!(ReceiptView, "Receipt", "receipts", |view| &view.meta, |view| {
    &mut view.meta
});

/// The phase that an asset's status shows; Pending before anybody looked.
pub(crate) fn phase(view: &AssetView) -> AssetPhase {
    view.0.phase.unwrap_or(AssetPhase::Pending)
}

/// The instant of publication that an asset's spec names.
pub(crate) fn publish_at(view: &AssetView) -> Option<Timestamp> {
    view.0.facts.as_ref().ok().and_then(|facts| facts.publish_at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn receipt(status: &Value) -> ReceiptView {
        serde_json::from_value(json!({
            "metadata": {"name": "r1-a", "namespace": "n"},
            "spec": {"slot": {
                "environment": "Production", "campaign": "week1", "postId": "launch", "platform": "linkedin",
                "account": "company", "locale": "en", "item": "main", "occurrence": "",
            }},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn a_receipt_whose_status_cannot_be_read_is_not_a_claim() {
        assert!(receipt(&json!({"phase": "Published"})).spec.is_ok());
        assert!(receipt(&Value::Null).spec.is_ok(), "a claim has no status yet");
        let problem = receipt(&json!({"phase": "Whatever"})).spec.unwrap_err();
        assert!(problem.starts_with("status: "), "{problem}");
    }
}
