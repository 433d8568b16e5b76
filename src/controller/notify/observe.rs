//! What stands and what happened in a campaign, read from memory.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt};

use super::{
    super::{
        context::Shared,
        halt,
        lock::lock,
        view::{ReceiptView, phase},
    },
    Key,
};
use crate::{
    api::{
        Asset, Campaign, ConditionStatus, NotifyEvent,
        condition_type::{SOURCE_FETCHED, SOURCE_PARSED},
    },
    domain::{
        notify::{Memory, Situation, event_of, review_opens},
        observed::{CampaignFacts, campaign_id},
        slot::{Slot, compared},
    },
};

/// Withdrawals that are remembered until they are told.
pub(super) const MAX_WITHDRAWN: usize = 50;
/// Assets that are read whole for what they say, in one look.
const MAX_READ: usize = 20;
/// Publications that one look considers, the newest.
const MAX_PUBLISHED: usize = 2_000;
/// Older withdrawals are no news.
const WITHDRAWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What stands: assets that cannot go on by themselves, and a branch that cannot be read.
pub(super) fn standing(campaign: &Campaign, (namespace, name): &Key, shared: &Shared) -> Vec<Situation> {
    let views = shared.assets.state_filter(|view| view.is_of(namespace, name));
    let assets = views.iter().filter_map(|view| {
        let event = event_of(phase(view), view.reason())?;
        let facts = view.facts()?;
        Some(Situation {
            object: format!("asset/{}", view.name()),
            event,
            reason: view.reason().to_owned(),
            digest: facts.content_digest,
            channel: format!("{}/{}", facts.target.platform, facts.target.account),
            message: String::new(),
            at: None,
        })
    });
    let breakers = halt::breakers_of(namespace, name, shared).into_iter();
    let breakers = breakers.map(|halt| Situation {
        object: format!("halt/{}", halt.name),
        event: NotifyEvent::Breaker,
        reason: halt.owner,
        digest: String::new(),
        channel: String::new(),
        message: halt.reason,
        at: None,
    });
    let conditions = campaign.status.iter().flat_map(|status| &status.conditions);
    let source = conditions.filter_map(|condition| {
        let failed = condition.status == ConditionStatus::False
            && [SOURCE_FETCHED, SOURCE_PARSED].contains(&condition.type_.as_str());
        failed.then(|| Situation {
            object: format!("campaign/{name}"),
            event: NotifyEvent::SourceFailed,
            reason: condition.reason.clone(),
            digest: String::new(),
            channel: String::new(),
            message: condition.message.clone(),
            at: None,
        })
    });
    assets.chain(breakers).chain(source).collect()
}

/// What happened since the oldest memory: publications, rows that vanished, and a review window that opened while something
/// that stands waits for it.
pub(super) fn happened(
    campaign: &Campaign,
    key: &Key,
    memory: &Memory,
    standing: &[Situation],
    shared: &Shared,
) -> Vec<Situation> {
    let since = memory
        .values()
        .map(|route| route.happened_until.min(route.summed_up))
        .min();
    let since = since.unwrap_or_else(|| shared.clock.now());
    let id = campaign_id(&key.1, &campaign.spec);
    let mut receipts = shared
        .receipts
        .of_namespace(&key.0, |slot| compared(&slot.campaign) == compared(id));
    let at = |receipt: &ReceiptView| receipt.status.published_at.as_ref().map(|time| time.0);
    receipts.retain(|receipt| at(receipt).is_some_and(|at| at > since));
    receipts.sort_by_key(|receipt| std::cmp::Reverse(at(receipt)));
    receipts.truncate(MAX_PUBLISHED);
    let mut happened: Vec<Situation> = receipts
        .iter()
        .filter_map(|receipt| {
            let spec = receipt.spec.as_ref().ok()?;
            let status = &receipt.status;
            Some(Situation {
                object: format!("asset/{}", Slot::new(&spec.slot).asset_name()),
                event: NotifyEvent::Published,
                reason: "Posted".to_owned(),
                digest: format!("{}/{}/{}", status.epoch, status.revision, spec.slot.item),
                channel: format!("{}/{}", spec.slot.platform, spec.slot.account),
                message: status.url.clone().unwrap_or_default(),
                at: Some(status.published_at.as_ref()?.0),
            })
        })
        .collect();
    let now = shared.clock.now();
    let waiting = standing
        .iter()
        .filter(|one| one.event == NotifyEvent::ApprovalNeeded);
    let facts = CampaignFacts::of_spec(&key.1, &campaign.spec);
    happened.extend(review_opens(&key.1, &facts, waiting.count(), now));
    if let Some(withdrawn) = lock(&shared.notifications.withdrawn).get_mut(key) {
        withdrawn.retain(|one| one.at.is_some_and(|at| now.duration_since(at) < WITHDRAWN_FOR));
        happened.extend(withdrawn.iter().cloned());
    }
    happened
}

/// Adds what the status of an asset says to what was told to nobody yet; what cannot be read is told without.
pub(super) async fn explain(standing: &mut [Situation], memory: &Memory, key: &Key, shared: &Shared) {
    let told: BTreeSet<&String> = memory.values().flat_map(|route| route.told.keys()).collect();
    let api: Api<Asset> = Api::namespaced(shared.client.clone(), &key.0);
    let news = standing
        .iter_mut()
        .filter(|one| one.message.is_empty() && !told.contains(&one.key()));
    for situation in news.take(MAX_READ) {
        let Some(name) = situation.object.strip_prefix("asset/") else {
            continue;
        };
        let asset = api.get_opt(name).await.ok().flatten();
        let status = asset.and_then(|asset| asset.status);
        situation.message = status.and_then(|status| status.message).unwrap_or_default();
    }
}

/// Approved rows that vanished from the branch.
pub(super) fn withdrawn(campaign: &Campaign, revision: &str, note: &str, now: Timestamp) -> Situation {
    Situation {
        object: format!("campaign/{}", campaign.name_any()),
        event: NotifyEvent::RowsWithdrawn,
        reason: "RowsWithdrawn".to_owned(),
        digest: revision.to_owned(),
        channel: String::new(),
        message: note.to_owned(),
        at: Some(now),
    }
}
