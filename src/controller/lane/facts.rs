//! Reading what the lanes of an asset leave: from memory for planning, as direct lists before anything is done.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use kube::{Api, Resource};

use super::super::{
    campaign, channel_config,
    context::{Guarded, Shared},
    error::Error,
    fresh::selector,
    view::{AssetView, ReceiptView},
};
use crate::{
    api::{ChannelConfig, ReceiptPhase},
    domain::{
        gates::needs_a_lane,
        lanes::{Reached, Sharing, bucket, followed, scope, slot, state_of},
        limits::{AccountKey, EffectKind, Followed, LaneFacts, Record, Scope},
        observed::{AssetFacts, ChannelFacts, Observed},
        slot::Slot,
    },
};

/// Receipts by their names.
type Receipts = BTreeMap<String, Arc<ReceiptView>>;

/// What memory leaves an asset, its turn included.
pub(in super::super) fn from_memory(
    shared: &Shared,
    namespace: &str,
    observed: &Observed,
    now: Timestamp,
) -> LaneFacts {
    let beside = without_receipts(shared, namespace, observed);
    if !needs_a_lane(observed) {
        return beside;
    }
    let Some(own) = limited_slot(observed) else {
        return beside;
    };
    let configs = shared.channel_configs.state();
    let scope = scope(&sharing(&configs, namespace, observed), observed, &own);
    let mut known = Vec::new();
    shared.receipts.each(namespace, |view| {
        if is_within(view, &scope) {
            known.push(Arc::clone(view));
        }
    });
    let records = known.iter().filter_map(|view| record(view));
    let taken = LaneFacts::of(&own, &scope, records, now);
    LaneFacts {
        turn: shared.lanes.turn(namespace, &observed.asset.name),
        bucket: beside.bucket,
        bucket_waits_until: beside.bucket_waits_until,
        followed: beside.followed,
        ..taken
    }
}

/// What memory knows beside receipts of others: the bucket, and the post that the asset goes out after.
pub(in super::super) fn without_receipts(shared: &Shared, namespace: &str, observed: &Observed) -> LaneFacts {
    let followed = match observed.asset.followed_post() {
        None => Vec::new(),
        Some(post) => {
            shared.lanes.followers.note(namespace, post, &observed.asset.name);
            followed_from_memory(shared, namespace, observed, post)
        }
    };
    let sharing = sharing(&shared.channel_configs.state(), namespace, observed);
    let (bucket, bucket_waits_until) = bucket(&sharing, observed);
    LaneFacts {
        bucket,
        bucket_waits_until,
        followed,
        ..LaneFacts::default()
    }
}

/// What the API server's lists leave an asset. `ours` is the version of its own Receipt where that says that it is being
/// sent.
pub(in super::super) async fn directly(
    shared: &Shared,
    namespace: &str,
    observed: &Observed,
    ours: Option<u64>,
) -> Result<LaneFacts, Error> {
    let followed = match observed.asset.followed_post() {
        Some(post) => followed_directly(shared, namespace, observed, post).await?,
        None => Vec::new(),
    };
    let Some(own) = limited_slot(observed).filter(|_| needs_a_lane(observed)) else {
        return Ok(LaneFacts {
            followed,
            ..LaneFacts::default()
        });
    };
    let configs = configs(shared, namespace, observed).await?;
    let sharing = sharing(&configs, namespace, observed);
    let scope = scope(&sharing, observed, &own);
    let receipts = listed(shared, namespace, &scope).await?;
    let counted = receipts.values().filter(|view| !comes_after(view, ours));
    let taken = LaneFacts::of(
        &own,
        &scope,
        counted.filter_map(|view| record(view)),
        shared.clock.now(),
    );
    let (bucket, bucket_waits_until) = bucket(&sharing, observed);
    Ok(LaneFacts {
        bucket,
        bucket_waits_until,
        followed,
        ..taken
    })
}

/// Every ChannelConfig of the namespace, where its bucket depends on others.
async fn configs(
    shared: &Shared,
    namespace: &str,
    observed: &Observed,
) -> Result<Vec<Arc<Guarded<ChannelConfig>>>, Error> {
    let has_bucket = observed
        .channels
        .iter()
        .any(|channel| channel.limits.bucket.is_some());
    if !has_bucket {
        return Ok(Vec::new());
    }
    let api: Api<Guarded<ChannelConfig>> = Api::namespaced(shared.client.clone(), namespace);
    let listed = shared.fresh.list(&api, "list the ChannelConfigs").await?;
    Ok(listed.iter().cloned().map(Arc::new).collect())
}

/// The slot of an asset that has a campaign and one channel.
fn limited_slot(observed: &Observed) -> Option<Slot> {
    let judged = observed.channels.len() == 1 && observed.campaign.is_some();
    judged.then(|| slot(observed))
}

/// The channels of a namespace that draw on a bucket, where an asset draws on one.
fn sharing(configs: &[Arc<Guarded<ChannelConfig>>], namespace: &str, observed: &Observed) -> Vec<Sharing> {
    let has_bucket = |channel: &ChannelFacts| channel.limits.bucket.is_some();
    if !observed.channels.iter().any(has_bucket) {
        return Vec::new();
    }
    configs
        .iter()
        .filter_map(|guarded| guarded.0.as_ref().ok())
        .filter(|config| config.metadata.namespace.as_deref() == Some(namespace))
        .filter_map(channel_config::sharing)
        .collect()
}

fn is_within(view: &ReceiptView, scope: &Scope) -> bool {
    view.spec.as_ref().is_ok_and(|spec| {
        scope.account.has(&spec.slot)
            || scope.campaign.as_ref() == Some(&spec.slot.campaign)
            || scope.sharing.iter().any(|account| account.has(&spec.slot))
    })
}

pub(super) fn record(view: &ReceiptView) -> Option<Record<'_>> {
    let spec = view.spec.as_ref().ok()?;
    Some(Record {
        slot: &spec.slot,
        type_: view.status.type_,
        effects: &view.effects,
    })
}

/// True for a Receipt whose only trace is an attempt that was begun after ours was: whoever makes that one sees ours, and
/// gives way.
fn comes_after(view: &ReceiptView, ours: Option<u64>) -> bool {
    let Some(ours) = ours else { return false };
    let only_begun = matches!(&*view.effects, [effect] if effect.kind == EffectKind::Open);
    view.status.phase == ReceiptPhase::Sending && only_begun && view.version() > ours
}

/// The Receipts of a scope, as the API server lists them now.
async fn listed(shared: &Shared, namespace: &str, scope: &Scope) -> Result<Receipts, Error> {
    let account = |key: &AccountKey| {
        selector(&[
            ("spec.slot.platform", &key.platform),
            ("spec.slot.account", &key.account),
        ])
    };
    let mut selectors: Vec<String> = scope.sharing.iter().map(account).collect();
    if !scope.sharing.contains(&scope.account) {
        selectors.push(account(&scope.account));
    }
    selectors.extend(
        scope
            .campaign
            .as_ref()
            .map(|campaign| selector(&[("spec.slot.campaign", campaign)])),
    );
    let lists = selectors
        .iter()
        .map(|selector| receipts(shared, namespace, selector));
    let lists = futures::future::try_join_all(lists).await?;
    Ok(lists.into_iter().flatten().collect())
}

async fn receipts(shared: &Shared, namespace: &str, selector: &str) -> Result<Receipts, Error> {
    let api: Api<ReceiptView> = Api::namespaced(shared.client.clone(), namespace);
    let listed = shared
        .fresh
        .list_selected(&api, selector, "list the Receipts of an account")
        .await?;
    let now = shared.clock.steady();
    Ok(listed
        .iter()
        .map(|view| {
            shared.receipts.wrote(view.clone(), now);
            let name = view.meta().name.clone().unwrap_or_default();
            (name, Arc::new(view.clone()))
        })
        .collect())
}

fn followed_from_memory(shared: &Shared, namespace: &str, observed: &Observed, post: &str) -> Vec<Followed> {
    let campaign = &observed.asset.campaign;
    let assets = shared
        .assets
        .state_filter(|view| view.is_of(namespace, campaign) && view.post_id() == Some(post));
    let id = observed
        .campaign
        .as_ref()
        .map_or(campaign, |campaign| &campaign.id);
    let mut receipts = Receipts::new();
    shared.receipts.each(namespace, |view| {
        let Ok(spec) = &view.spec else { return };
        if spec.slot.post_id == post && spec.slot.campaign == *id {
            let name = view.meta().name.clone().unwrap_or_default();
            receipts.insert(name, Arc::clone(view));
        }
    });
    let facts = assets.iter().filter_map(|view| view.facts()).collect();
    standing(shared, namespace, id, (facts, &receipts))
}

async fn followed_directly(
    shared: &Shared,
    namespace: &str,
    observed: &Observed,
    post: &str,
) -> Result<Vec<Followed>, Error> {
    let campaign = &observed.asset.campaign;
    let id = observed
        .campaign
        .as_ref()
        .map_or(campaign, |campaign| &campaign.id);
    let post = post.to_owned();
    let of_assets = selector(&[("spec.campaign", campaign), ("spec.postId", &post)]);
    let of_receipts = selector(&[("spec.slot.campaign", id), ("spec.slot.postId", &post)]);
    let api: Api<AssetView> = Api::namespaced(shared.client.clone(), namespace);
    let assets = shared
        .fresh
        .list_selected(&api, &of_assets, "list the Assets of a post");
    let (assets, receipts) =
        futures::future::try_join(assets, receipts(shared, namespace, &of_receipts)).await?;
    let facts = assets.iter().filter_map(AssetView::facts).collect();
    Ok(standing(shared, namespace, id, (facts, &receipts)))
}

/// How a post stands on each of its targets: by its Receipts, and where there is none by its Assets.
fn standing(
    shared: &Shared,
    namespace: &str,
    campaign: &str,
    (assets, receipts): (Vec<AssetFacts>, &Receipts),
) -> Vec<Followed> {
    let assets = assets.iter().map(|facts| {
        let environment = campaign::environment(shared, namespace, &facts.target);
        let slot = facts.slot(campaign, environment);
        (slot.fields().clone(), state_of(facts))
    });
    let receipts = receipts.values().filter_map(|view| {
        let spec = view.spec.as_ref().ok()?;
        Some((spec.slot.clone(), Reached::of(&view.status)))
    });
    followed(assets, receipts)
}
