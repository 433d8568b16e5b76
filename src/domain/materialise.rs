//! From the wanted set to changes: which Assets are created, updated, withdrawn and deleted, and what the branch approves.

mod remembered;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    digest,
    observed::AssetFacts,
    schedule,
    slot::Slot,
    wanted::{Wanted, WantedAsset},
};
use crate::api::{AssetPhase, AssetSource, AssetType, BranchApprovalRecord, Intent, Made, ReceiptPhase};

pub use remembered::{Memory, Remembered, key, remembering, without_memory};

/// How many digests an approval remembers.
const REMEMBERED_DIGESTS: usize = 8;
/// Why an asset stands although nothing names it any more.
pub const WITHDRAWN: &str = "RowWithdrawn";
/// Why an asset is held although it was not withdrawn: the file that names it cannot be read.
pub const UNREADABLE: &str = "FileUnreadable";

/// An Asset that stands, as far as changes depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Name of the object.
    pub name: String,
    /// The slot that it fills.
    pub slot: Slot,
    /// What it is.
    pub type_: AssetType,
    /// What the team wanted when it was written.
    pub intent: Intent,
    /// True where no finding stops it: only what is sound can be approved.
    pub sound: bool,
    /// Digest of its spec as it stands.
    pub spec_digest: String,
    /// Digest of its content as it stands.
    pub content_digest: String,
    /// Where it is.
    pub phase: AssetPhase,
    /// What Campanile made; none for what was made by hand.
    pub made: Option<Made>,
    /// What the branch approved.
    pub approval: Option<BranchApprovalRecord>,
    /// Where its words were written.
    pub source: Option<AssetSource>,
    /// Since when only a new approval counts: a Halt has ended that stood when it was due.
    pub asks_since: Option<Timestamp>,
    /// How far its slot is.
    pub receipt: Option<ReceiptPhase>,
}

/// The part of an Asset's status that the Campaign controller writes.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeStatus {
    /// What was made.
    pub made: Made,
    /// What the branch approved.
    pub approval: Option<BranchApprovalRecord>,
    /// Where its words were written.
    pub source: Option<AssetSource>,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Create the wanted asset of that index, then write its status.
    Create {
        /// Index in the wanted set.
        wanted: usize,
        /// Its status.
        status: MadeStatus,
    },
    /// Write the status, then the spec where it differs.
    Update {
        /// Index in the wanted set.
        wanted: usize,
        /// Its status.
        status: MadeStatus,
        /// True where the spec differs.
        spec: bool,
    },
    /// Mark an asset that nothing names any more and that has to stay.
    Withdraw {
        /// Name of the object.
        name: String,
        /// Its status.
        status: MadeStatus,
    },
    /// Delete an asset; its receipt stays.
    Delete {
        /// Name of the object.
        name: String,
    },
}

/// What is to be changed, and what a person should know about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The changes, deletions first, then what is due soonest.
    pub changes: Vec<Change>,
    /// Post ids of approved rows that vanished before they were published.
    pub withdrawn: BTreeSet<String>,
}

/// What changes are computed from, beside the wanted set.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The Assets of the campaign that stand, by name.
    pub standing: &'a BTreeMap<String, Standing>,
    /// The repository and the branch, as host/path#branch.
    pub repository: &'a str,
    /// The revision that is applied.
    pub revision: &'a str,
    /// Who last changed the content of each asset, as far as the history tells.
    pub authors: &'a BTreeMap<String, String>,
    /// Who last changed anything of each asset's row, its status included.
    pub changed_by: &'a BTreeMap<String, String>,
    /// Post ids that a commit since the last applied revision approves by its trailer.
    pub approved_by_trailer: &'a BTreeSet<String>,
    /// What the branch approved of each slot so far, whether its asset stands or not.
    pub remembered: &'a Memory,
    /// The time of the clock.
    pub now: Timestamp,
}

/// What has to change so that the Assets are what the branch says.
pub fn changes(wanted: &Wanted, situation: &Situation<'_>) -> Changes {
    let mut changes = Changes::default();
    if !wanted.parsed {
        return changes;
    }
    let names: BTreeSet<&str> = wanted.assets.iter().map(|asset| asset.name.as_str()).collect();
    for standing in situation
        .standing
        .values()
        .filter(|standing| !names.contains(standing.name.as_str()))
    {
        unwanted(wanted, standing, &mut changes);
    }
    for (index, asset) in soonest_first(wanted) {
        let change = match situation.standing.get(&asset.name) {
            None => Some(Change::Create {
                wanted: index,
                status: first_status(asset, situation),
            }),
            Some(standing) if standing.made.is_none() => Some(Change::Update {
                wanted: index,
                status: first_status(asset, situation),
                spec: true,
            }),
            Some(standing) if was_closed_by_a_queue(wanted, asset, standing) => None,
            Some(standing) => update(index, asset, standing, situation),
        };
        changes.changes.extend(change);
    }
    changes
}

/// What is due soon does not wait behind a long sheet.
fn soonest_first(wanted: &Wanted) -> Vec<(usize, &WantedAsset)> {
    let mut assets: Vec<(usize, &WantedAsset)> = wanted.assets.iter().enumerate().collect();
    assets.sort_by(|(_, a), (_, b)| {
        let (a, b) = (&a.spec.schedule, &b.spec.schedule);
        (&a.date, &a.time).cmp(&(&b.date, &b.time))
    });
    assets
}

/// A row that a task queue may have closed stays closed while that queue cannot be read.
fn was_closed_by_a_queue(wanted: &Wanted, asset: &WantedAsset, standing: &Standing) -> bool {
    wanted.queue_unread
        && matches!(standing.intent, Intent::Skip | Intent::Posted)
        && asset.spec.intent != standing.intent
}

fn unwanted(wanted: &Wanted, standing: &Standing, changes: &mut Changes) {
    let Some(made) = &standing.made else { return };
    let path = standing
        .source
        .as_ref()
        .map(|source| source.path.as_str())
        .unwrap_or_default();
    if wanted.keeps(path, standing.type_) {
        changes.changes.extend(hold(standing, made, UNREADABLE));
        return;
    }
    let vanished = !wanted.slots.contains(&standing.slot);
    let is_state = matches!(standing.type_, AssetType::Page | AssetType::Template);
    let undecided = matches!(
        standing.receipt,
        Some(ReceiptPhase::Sending | ReceiptPhase::Unknown)
    );
    if vanished && was_to_be_published(standing) {
        changes.withdrawn.insert(standing.slot.fields().post_id.clone());
    }
    if !is_state && !undecided {
        changes.changes.push(Change::Delete {
            name: standing.name.clone(),
        });
    } else if vanished {
        changes.changes.extend(hold(standing, made, WITHDRAWN));
    }
}

/// Keeps an asset from being sent, for a reason, where that does not stand on it yet.
fn hold(standing: &Standing, made: &Made, reason: &str) -> Option<Change> {
    if made.withdrawn == reason {
        return None;
    }
    let made = Made {
        withdrawn: reason.to_owned(),
        ..made.clone()
    };
    let status = MadeStatus {
        made,
        approval: standing.approval.clone(),
        source: standing.source.clone(),
    };
    Some(Change::Withdraw {
        name: standing.name.clone(),
        status,
    })
}

fn was_to_be_published(standing: &Standing) -> bool {
    let published = matches!(
        standing.receipt,
        Some(ReceiptPhase::Published | ReceiptPhase::Failed | ReceiptPhase::Sending | ReceiptPhase::Unknown)
    );
    standing.intent == Intent::Approved && !published && standing.phase != AssetPhase::Missed
}

fn source(asset: &WantedAsset, situation: &Situation<'_>) -> AssetSource {
    AssetSource {
        revision: situation.revision.to_owned(),
        repository: situation.repository.to_owned(),
        path: asset.path.clone(),
        line: asset.line,
        author: situation.authors.get(&asset.name).cloned(),
        places: Some(asset.places.clone()),
    }
}

/// The status of an asset that does not stand: a slot first seen `approved` approves what it says; one that was seen
/// before has the approvals that it had, however its asset went.
fn first_status(asset: &WantedAsset, situation: &Situation<'_>) -> MadeStatus {
    let digest = digest::of_content(&asset.spec);
    let remembered = situation.remembered.get(&key(&asset.slot));
    let trailer = situation
        .approved_by_trailer
        .contains(&asset.slot.fields().post_id);
    let approval = match remembered {
        Some(remembered) => {
            let record = remembered.record();
            Some(if trailer {
                approved(Some(&record), &digest, asset, situation)
            } else {
                record
            })
        }
        None if is_approvable(asset) => Some(record(vec![digest], asset, situation, None)),
        None if trailer => Some(approved(None, &digest, asset, situation)),
        None => None,
    };
    MadeStatus {
        made: Made {
            spec_digest: digest::of_spec(&asset.spec),
            withdrawn: String::new(),
            intent_at: Some(second(situation.now)),
        },
        approval,
        source: Some(source(asset, situation)),
    }
}

fn record(
    digests: Vec<String>,
    asset: &WantedAsset,
    situation: &Situation<'_>,
    at: Option<Timestamp>,
) -> BranchApprovalRecord {
    BranchApprovalRecord {
        digests,
        by: situation
            .changed_by
            .get(&asset.name)
            .or_else(|| situation.authors.get(&asset.name))
            .cloned(),
        revision: situation.revision.to_owned(),
        at: at.map(Time),
        publish_at: publish_at(asset),
    }
}

/// The time that an approval is for; none where the row's time cannot be read.
fn publish_at(asset: &WantedAsset) -> Option<Time> {
    schedule::instant(&asset.spec.schedule).ok().map(Time)
}

/// An instant as it stands on record, in whole seconds.
fn second(instant: Timestamp) -> Time {
    Time(Timestamp::from_second(instant.as_second()).unwrap_or(instant))
}

/// True where the row says `approved` and nothing is wrong with it.
fn is_approvable(asset: &WantedAsset) -> bool {
    asset.spec.intent == Intent::Approved && AssetFacts::stopping_finding(&asset.spec).is_none()
}

/// The record with one more digest, approved now.
fn approved(
    before: Option<&BranchApprovalRecord>,
    digest: &str,
    asset: &WantedAsset,
    situation: &Situation<'_>,
) -> BranchApprovalRecord {
    let mut digests = before.map(|before| before.digests.clone()).unwrap_or_default();
    digests.retain(|known| known != digest);
    digests.push(digest.to_owned());
    if digests.len() > REMEMBERED_DIGESTS {
        digests.remove(0);
    }
    record(digests, asset, situation, Some(situation.now))
}

fn update(
    index: usize,
    asset: &WantedAsset,
    standing: &Standing,
    situation: &Situation<'_>,
) -> Option<Change> {
    let spec_digest = digest::of_spec(&asset.spec);
    let digest = digest::of_content(&asset.spec);
    let spec = standing.spec_digest != spec_digest;
    let made_before = standing.made.clone().unwrap_or_default();
    let content_changed = made_before.spec_digest != spec_digest;
    let approval = next_approval(&digest, asset, standing, situation);
    let status = MadeStatus {
        made: Made {
            spec_digest,
            withdrawn: String::new(),
            intent_at: if standing.intent == asset.spec.intent {
                made_before.intent_at.clone()
            } else {
                Some(second(situation.now))
            },
        },
        source: if content_changed {
            Some(next_source(&digest, asset, standing, situation))
        } else {
            standing.source.clone()
        },
        approval,
    };
    let status_changed = status.made != made_before
        || status.approval != standing.approval
        || status.source != standing.source;
    (spec || status_changed).then_some(Change::Update {
        wanted: index,
        status,
        spec,
    })
}

/// Where the words were written; the author stays while only other things than the content changed.
fn next_source(
    digest: &str,
    asset: &WantedAsset,
    standing: &Standing,
    situation: &Situation<'_>,
) -> AssetSource {
    let mut next = source(asset, situation);
    if standing.content_digest == digest {
        next.author = standing
            .source
            .as_ref()
            .and_then(|source| source.author.clone())
            .or(next.author);
    }
    next
}

/// A status that turns to `approved`, or a trailer, approves the words of now; a later change of the words does not.
fn next_approval(
    digest: &str,
    asset: &WantedAsset,
    standing: &Standing,
    situation: &Situation<'_>,
) -> Option<BranchApprovalRecord> {
    let before = standing.approval.as_ref();
    let known = before.is_some_and(|before| before.digests.iter().any(|known| known == digest))
        && before.and_then(|before| before.publish_at.clone()) == publish_at(asset);
    let turned_in_the_file = is_approvable(asset) && standing.intent != Intent::Approved;
    // A row that could never have been published was never approved; one that was approved before it broke keeps that.
    let repaired = is_approvable(asset) && !standing.sound && before.is_none();
    let turned = turned_in_the_file || repaired;
    let trailer = situation
        .approved_by_trailer
        .contains(&asset.slot.fields().post_id);
    // An edit by hand of the spec must not count as a status that turned.
    let untouched = standing
        .made
        .as_ref()
        .is_some_and(|made| made.spec_digest == standing.spec_digest);
    // Once, and not at each look: an approval that came since is what was asked for.
    let asked_anew = standing.asks_since.is_some_and(|since| {
        let at = before.and_then(|before| before.at.as_ref());
        at.is_none_or(|at| at.0 < since)
    });
    if ((turned && untouched) || trailer) && (!known || asked_anew) {
        return Some(approved(before, digest, asset, situation));
    }
    before.cloned()
}

#[cfg(test)]
mod tests;
