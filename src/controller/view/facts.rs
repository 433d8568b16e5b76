//! What decisions need of an Asset, packed.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::packed::{PackedDigest, Texts};
use crate::{
    api::{AssetSpec, AssetStatus, AssetType, BranchApprovalRecord, Intent, Made},
    domain::{digest, items, observed::AssetFacts, schedule},
};

/// Texts of the facts, in the order of [`Facts::texts_of`].
const FACT_TEXTS: usize = 14;

/// What [`AssetFacts`] says, packed.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) texts: Texts<FACT_TEXTS>,
    pub(super) type_: AssetType,
    pub(super) intent: Intent,
    pub(super) publish_at: Option<Timestamp>,
    pub(super) day_ends_at: Option<Timestamp>,
    pub(super) content: PackedDigest,
    pub(super) spec: PackedDigest,
    pub(super) made: Option<PackedDigest>,
    intent_at: Option<Timestamp>,
    approval: Option<Approved>,
    pub(super) is_of_several: bool,
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
    /// Packs what a spec and a status say.
    pub(super) fn of(spec: &AssetSpec, status: &AssetStatus) -> Self {
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
            is_of_several: items::is_of_several(spec),
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

    /// Name of the campaign.
    pub(super) fn campaign(&self) -> &str {
        self.texts.get(0)
    }

    /// What Campanile made.
    pub(super) fn made(&self) -> Option<Made> {
        self.made.map(|digest| Made {
            spec_digest: digest.text(),
            withdrawn: self.texts.get(9).to_owned(),
            intent_at: self.intent_at.map(Time),
        })
    }

    /// What the branch approved.
    pub(super) fn approval(&self) -> Option<BranchApprovalRecord> {
        self.approval.as_ref().map(|approved| BranchApprovalRecord {
            digests: approved.digests.iter().map(|digest| digest.text()).collect(),
            by: some(self.texts.get(10)),
            revision: self.texts.get(11).to_owned(),
            at: approved.at.map(Time),
            publish_at: approved.publish_at.map(Time),
        })
    }
}

/// A text of which the empty one means that there is none.
pub(super) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn local_time(spec: &AssetSpec) -> Option<String> {
    let instant = schedule::instant(&spec.schedule).ok()?;
    schedule::local_text(instant, &spec.schedule.time_zone).ok()
}
