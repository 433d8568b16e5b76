//! Who last changed the content of each asset, and which posts a commit approves by its trailer.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{context::Shared, guards::Named},
    observe,
    sources::{Key, SourceState},
};
use crate::{
    api::Campaign,
    domain::{digest, observed::GuardFacts},
    git::{CommitInfo, Mirror, Snapshot},
};

/// How many commits between two looks are read; where there are more, authors are not known.
const MAX_COMMITS: usize = 64;

/// What the history tells.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The author of each asset whose content changed, by the asset's name.
    pub(crate) authors: BTreeMap<String, String>,
    /// Who changed anything of each asset's row, its status included, by the asset's name.
    pub(crate) changed_by: BTreeMap<String, String>,
    /// Post ids that a commit approves by its trailer.
    pub(crate) approved_by_trailer: BTreeSet<String>,
}

/// What the commits since the last applied revision tell; nothing where the history is not known to be complete.
pub(crate) async fn since(
    campaign: &Campaign,
    key: &Key,
    state: &SourceState,
    now: &Snapshot,
    shared: &Shared,
) -> Told {
    let mut told = Told::default();
    let (Some(mirror), Some(old)) = (&state.mirror, last_applied(campaign, state)) else {
        return told;
    };
    if old == now.revision() {
        return told;
    }
    let Ok(history) = mirror.history(Some(&old), &now.revision(), MAX_COMMITS + 1).await else {
        return told;
    };
    if !history.complete || !history.descends || history.commits.len() > MAX_COMMITS {
        return told;
    }
    let mut known = digests_at(campaign, key, mirror, &old, shared)
        .await
        .unwrap_or_default();
    for commit in &history.commits {
        told.approved_by_trailer.extend(
            commit
                .approved_post_ids
                .iter()
                .map(|id| crate::domain::slot::compared(id)),
        );
        let Some(next) = digests_at(campaign, key, mirror, &commit.id, shared).await else {
            continue;
        };
        for (name, digests) in &next {
            let before = known.get(name);
            if before != Some(digests) {
                told.changed_by.insert(name.clone(), author(commit));
            }
            if before.map(|before| &before.content) != Some(&digests.content) {
                told.authors.insert(name.clone(), author(commit));
            }
        }
        known = next;
    }
    told
}

/// The revision that was applied last, as this process or the status knows it.
fn last_applied(campaign: &Campaign, state: &SourceState) -> Option<String> {
    let applied = state.applied.as_ref().map(|applied| applied.revision.clone());
    let of_status = || {
        let revision = campaign.status.as_ref()?.applied_revision.clone()?;
        revision.rsplit(':').next().map(str::to_owned)
    };
    applied.or_else(of_status)
}

/// What one row asked for at a commit.
#[derive(Debug, PartialEq, Eq)]
struct Digests {
    /// Of what a reader would receive.
    content: String,
    /// Of everything, status and time included.
    spec: String,
}

async fn digests_at(
    campaign: &Campaign,
    key: &Key,
    mirror: &Mirror,
    revision: &str,
    shared: &Shared,
) -> Option<BTreeMap<String, Digests>> {
    let snapshot = mirror.snapshot_at(revision).await.ok()?;
    let nobody_judges = Named::Nobody(GuardFacts::default());
    let (wanted, _) = observe::compute(&campaign.spec, key, &snapshot, nobody_judges, shared)
        .await
        .ok()?;
    let digests = wanted.assets.into_iter().map(|asset| {
        let (content, spec) = (digest::of_content(&asset.spec), digest::of_spec(&asset.spec));
        (asset.name, Digests { content, spec })
    });
    Some(digests.collect())
}

fn author(commit: &CommitInfo) -> String {
    crate::domain::receipt::shortened(&format!("{} <{}>", commit.author_name, commit.author_email), 300)
}
