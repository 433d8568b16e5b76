//! Reading what the lanes of an asset leave: from memory for planning, as direct lists before anything is done.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use kube::{Api, Resource};

use super::super::{
    campaign,
    channel_config::{self, LimitsOnRecord},
    context::{Guarded, Shared},
    error::Error,
    view::{AssetView, ReceiptView},
};
use crate::{
    api::{AssetPhase, ChannelConfig, Intent, ReceiptPhase},
    domain::{
        gates::needs_a_lane,
        limits::{
            AccountKey, Bucket, EffectKind, Followed, FollowedState, LaneFacts, Record, Scope, shared_bucket,
        },
        observed::{AssetFacts, Observed},
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
    let Some(own) = slot(observed) else { return beside };
    let scope = scope(
        shared.channel_configs.state().as_slice(),
        namespace,
        observed,
        &own,
    );
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
    let followed = match &observed.asset.after {
        None => Vec::new(),
        Some(post) => {
            shared.lanes.followers.note(namespace, post, &observed.asset.name);
            followed_from_memory(shared, namespace, observed, post)
        }
    };
    let (bucket, bucket_waits_until) = bucket(&shared.channel_configs.state(), namespace, observed);
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
    let followed = match &observed.asset.after {
        Some(post) => followed_directly(shared, namespace, observed, post).await?,
        None => Vec::new(),
    };
    let Some(own) = slot(observed).filter(|_| needs_a_lane(observed)) else {
        return Ok(LaneFacts {
            followed,
            ..LaneFacts::default()
        });
    };
    let configs = configs(shared, namespace, observed).await?;
    let scope = scope(&configs, namespace, observed, &own);
    let receipts = listed(shared, namespace, &scope).await?;
    let counted = receipts.values().filter(|view| !comes_after(view, ours));
    let taken = LaneFacts::of(
        &own,
        &scope,
        counted.filter_map(|view| record(view)),
        shared.clock.now(),
    );
    let (bucket, bucket_waits_until) = bucket(&configs, namespace, observed);
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

fn slot(observed: &Observed) -> Option<Slot> {
    let [channel] = observed.channels.as_slice() else {
        return None;
    };
    let campaign = observed.campaign.as_ref()?;
    Some(observed.asset.slot(&campaign.id, channel.environment))
}

/// The limits of the channels of a namespace that name the bucket of an asset's account.
fn sharing(
    configs: &[Arc<Guarded<ChannelConfig>>],
    namespace: &str,
    observed: &Observed,
) -> Vec<(AccountKey, LimitsOnRecord)> {
    let [channel] = observed.channels.as_slice() else {
        return Vec::new();
    };
    let Some(bucket) = &channel.limits.bucket else {
        return Vec::new();
    };
    configs
        .iter()
        .filter_map(|guarded| guarded.0.as_ref().ok())
        .filter(|config| config.metadata.namespace.as_deref() == Some(namespace))
        .map(|config| {
            let account = AccountKey::of(&config.spec.platform, &config.spec.account);
            (account, channel_config::limits_on_record(config))
        })
        .filter(|(_, record)| {
            let named = record.bucket.as_ref();
            named.is_some_and(|named| named.name == bucket.name)
        })
        .collect()
}

fn bucket(
    configs: &[Arc<Guarded<ChannelConfig>>],
    namespace: &str,
    observed: &Observed,
) -> (Option<Bucket>, Option<Timestamp>) {
    let sharing = sharing(configs, namespace, observed);
    let own = observed
        .channels
        .first()
        .and_then(|channel| channel.limits.bucket.as_ref());
    let said = sharing.iter().filter_map(|(_, record)| record.bucket.as_ref());
    let shared = own.and_then(|own| shared_bucket(&own.name, said.chain([own])));
    let waits = sharing.iter().filter_map(|(_, record)| record.rate_limited_until);
    (shared, waits.max())
}

fn scope(configs: &[Arc<Guarded<ChannelConfig>>], namespace: &str, observed: &Observed, own: &Slot) -> Scope {
    let account = AccountKey::of_slot(own.fields());
    let mut sharing: std::collections::BTreeSet<AccountKey> = sharing(configs, namespace, observed)
        .into_iter()
        .map(|(account, _)| account)
        .collect();
    let has_bucket = observed
        .channels
        .iter()
        .any(|channel| channel.limits.bucket.is_some());
    if has_bucket {
        sharing.insert(account.clone());
    }
    let capped = observed
        .campaign
        .as_ref()
        .filter(|campaign| campaign.cap.is_some());
    Scope {
        environment: own.fields().environment,
        account,
        campaign: capped.map(|_| own.fields().campaign.clone()),
        sharing,
    }
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

/// A field selector in which all of these hold.
fn selector(fields: &[(&str, &String)]) -> String {
    let terms: Vec<String> = fields
        .iter()
        .map(|(field, value)| {
            let escaped = value
                .replace('\\', "\\\\")
                .replace(',', "\\,")
                .replace('=', "\\=");
            format!("{field}={escaped}")
        })
        .collect();
    terms.join(",")
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
    followed(shared, namespace, id, (facts, &receipts))
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
    Ok(followed(shared, namespace, id, (facts, &receipts)))
}

/// How a post stands on each of its targets: by its Receipts, and where there is none by its Assets.
fn followed(
    shared: &Shared,
    namespace: &str,
    campaign: &str,
    (assets, receipts): (Vec<AssetFacts>, &Receipts),
) -> Vec<Followed> {
    let mut states = BTreeMap::new();
    for facts in assets {
        let environment = campaign::environment(shared, namespace, &facts.target);
        let slot = facts.slot(campaign, environment);
        states.insert(slot.fields().clone(), of_asset(&facts));
    }
    for view in receipts.values() {
        let Ok(spec) = &view.spec else { continue };
        match of_receipt(view.status.phase) {
            Some(state) => drop(states.insert(spec.slot.clone(), state)),
            None => drop(states.entry(spec.slot.clone()).or_insert(FollowedState::Coming)),
        }
    }
    states
        .into_iter()
        .map(|(slot, state)| Followed { slot, state })
        .collect()
}

fn of_asset(facts: &AssetFacts) -> FollowedState {
    match (facts.intent, facts.phase) {
        (Intent::Skip, _) | (_, Some(AssetPhase::Skipped)) => FollowedState::Skipped,
        (_, Some(AssetPhase::Missed)) => FollowedState::Missed,
        _ => FollowedState::Coming,
    }
}

fn of_receipt(phase: ReceiptPhase) -> Option<FollowedState> {
    match phase {
        ReceiptPhase::Published => Some(FollowedState::Published),
        ReceiptPhase::Sending | ReceiptPhase::Unknown => Some(FollowedState::InDoubt),
        ReceiptPhase::Failed => Some(FollowedState::Failed),
        ReceiptPhase::Claimed | ReceiptPhase::Released => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_says_what_is_meant_whatever_an_account_is_called() {
        let account = r"a\b,c=d".to_owned();
        assert_eq!(
            selector(&[
                ("spec.slot.platform", &"x".to_owned()),
                ("spec.slot.account", &account)
            ]),
            r"spec.slot.platform=x,spec.slot.account=a\\b\,c\=d"
        );
    }
}
