//! Who shares what: the channels of a bucket, the scope that an asset is judged in, the post that it goes out after.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::{
    limits::{AccountKey, Bucket, Followed, FollowedState, Scope, shared_bucket},
    observed::{AssetFacts, Observed},
    slot::Slot,
};
use crate::api::{AssetPhase, Intent, ReceiptPhase, ReceiptSlot, ReceiptStatus};

/// A channel that draws on a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// Its account.
    pub account: AccountKey,
    /// The bucket, as this channel has it.
    pub bucket: Bucket,
    /// Until when its platform asked to wait.
    pub waits_until: Option<Timestamp>,
}

/// The slot that an asset fills; without a campaign or a channel, the one that its name stands for.
pub fn slot(observed: &Observed) -> Slot {
    let asset = &observed.asset;
    let campaign = observed.campaign.as_ref();
    let id = campaign.map_or(asset.campaign.as_str(), |campaign| &campaign.id);
    let environment = observed.channels.first().map(|channel| channel.environment);
    asset.slot(id, environment.unwrap_or_default())
}

/// Those that draw on the bucket of an asset's account.
fn drawing<'a>(sharing: &'a [Sharing], observed: &Observed) -> impl Iterator<Item = &'a Sharing> {
    let own = own_bucket(observed).map(|bucket| bucket.name.clone());
    sharing
        .iter()
        .filter(move |one| own.as_ref() == Some(&one.bucket.name))
}

fn own_bucket(observed: &Observed) -> Option<&Bucket> {
    observed.channels.first()?.limits.bucket.as_ref()
}

/// The bucket of an asset's account, as strict as the strictest of those that draw on it, and until when one of their
/// platforms asked to wait.
pub fn bucket(sharing: &[Sharing], observed: &Observed) -> (Option<Bucket>, Option<Timestamp>) {
    let Some(own) = own_bucket(observed) else {
        return (None, None);
    };
    let said = drawing(sharing, observed).map(|one| &one.bucket);
    let waits = drawing(sharing, observed).filter_map(|one| one.waits_until);
    (shared_bucket(&own.name, said.chain([own])), waits.max())
}

/// Whose room an asset is judged by.
pub fn scope(sharing: &[Sharing], observed: &Observed, own: &Slot) -> Scope {
    let account = AccountKey::of_slot(own.fields());
    let mut accounts: BTreeSet<AccountKey> = drawing(sharing, observed)
        .map(|one| one.account.clone())
        .collect();
    if own_bucket(observed).is_some() {
        accounts.insert(account.clone());
    }
    let capped = observed
        .campaign
        .as_ref()
        .filter(|campaign| campaign.cap.is_some());
    Scope {
        environment: own.fields().environment,
        account,
        campaign: capped.map(|_| own.fields().campaign.clone()),
        sharing: accounts,
    }
}

/// How far an asset is that another one goes out after, where no receipt says more.
pub fn state_of(facts: &AssetFacts) -> FollowedState {
    match (facts.intent, facts.phase) {
        (Intent::Skip, _) | (_, Some(AssetPhase::Skipped)) => FollowedState::Skipped,
        (_, Some(AssetPhase::Missed)) => FollowedState::Missed,
        _ => FollowedState::Coming,
    }
}

fn state_of_receipt(phase: ReceiptPhase) -> Option<FollowedState> {
    match phase {
        ReceiptPhase::Published => Some(FollowedState::Published),
        ReceiptPhase::Sending | ReceiptPhase::Unknown => Some(FollowedState::InDoubt),
        ReceiptPhase::Failed => Some(FollowedState::Failed),
        ReceiptPhase::Claimed | ReceiptPhase::Released => None,
    }
}

/// How far a receipt is, for what goes out after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Its phase.
    pub phase: ReceiptPhase,
    /// The platform's own id of what it published: empty where there is one and nobody has read which.
    pub remote_id: Option<String>,
    /// When that was.
    pub published_at: Option<Timestamp>,
}

impl Reached {
    /// How far a receipt is by its status.
    pub fn of(status: &ReceiptStatus) -> Self {
        Self {
            phase: status.phase,
            remote_id: status.remote_id.clone(),
            published_at: status.published_at.as_ref().map(|time| time.0),
        }
    }
}

/// How a post stands on each of its targets: by its receipts, and where there is none by its assets.
pub fn followed(
    assets: impl Iterator<Item = (ReceiptSlot, FollowedState)>,
    receipts: impl Iterator<Item = (ReceiptSlot, Reached)>,
) -> Vec<Followed> {
    let unnamed = |(slot, state): (ReceiptSlot, FollowedState)| {
        let standing = Followed {
            slot: slot.clone(),
            state,
            remote_id: None,
            published_at: None,
        };
        (slot, standing)
    };
    let mut standing: BTreeMap<ReceiptSlot, Followed> = assets.map(unnamed).collect();
    for (slot, reached) in receipts {
        let known = standing.get(&slot).map(|followed| followed.state);
        let state = state_of_receipt(reached.phase).or(known);
        let followed = Followed {
            slot: slot.clone(),
            state: state.unwrap_or(FollowedState::Coming),
            remote_id: reached.remote_id,
            published_at: reached.published_at,
        };
        standing.insert(slot, followed);
    }
    standing.into_values().collect()
}
