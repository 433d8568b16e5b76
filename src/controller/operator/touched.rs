//! Who is woken by what a watch shows.

use std::{collections::HashMap, sync::Arc};

use kube::{
    Resource, ResourceExt,
    runtime::{
        reflector::{ObjectRef, Store},
        watcher,
    },
};

use super::super::{
    approval, breaker, campaign, channel_config,
    context::{Guarded, Shared},
    halt, lane, policy_pack, receipt,
    view::{AssetView, ReceiptView},
};
use crate::{
    api::{BreakerState, Campaign, ChannelConfig, Halt, PolicyPack, ReceiptSpec},
    domain::{digest, observed::CampaignFacts, slot::Slot},
};

/// Compares a list of all Assets with what this process wrote before it.
pub(super) fn assets_listed(event: &watcher::Event<AssetView>, shared: &Shared) {
    match event {
        watcher::Event::Init => shared.written.list_begins(),
        watcher::Event::InitDone => {
            let shown = |namespace: &str, name: &str| {
                let asset = ObjectRef::new(name).within(namespace);
                shared
                    .assets
                    .get(&asset)
                    .map(|view: Arc<AssetView>| view.version())
            };
            if !shared.written.list_has_ended(shown) {
                shared.store_age.goes_back();
            }
        }
        _ => {}
    }
}

/// What is listed again and has not changed is not kept twice.
pub(super) fn sharing(
    event: watcher::Event<AssetView>,
    known: &Store<AssetView>,
) -> watcher::Event<AssetView> {
    match event {
        watcher::Event::InitApply(view) => {
            let before = known.get(&ObjectRef::from_obj(&view));
            let same = before.filter(|before| before.is_same_as(&view));
            watcher::Event::InitApply(same.map_or(view, |same| (*same).clone()))
        }
        event => event,
    }
}

/// Tells whoever depends on an asset that it changed or has gone.
pub(super) fn asset_touched(view: &AssetView, shared: &Shared) {
    let gone = shared.assets.get(&ObjectRef::from_obj(view)).is_none();
    if gone {
        shared.written.deleted(view);
    }
    receipt::asset_touched(view.namespace(), view.name(), gone, shared);
    halt::stir(view.namespace(), shared);
    breaker::stir(view.namespace(), shared);
    lane::asset_touched(view, shared);
    approval::asset_touched(view.namespace(), view.name(), shared);
    if let Some(campaign) = view.campaign() {
        let campaign = ObjectRef::new(campaign).within(view.namespace());
        shared.stirred.wake(campaign);
    }
}

/// Keeps what a watch says of receipts, wakes their assets, and answers what is of interest to the Receipt controller.
pub(super) fn receipt_watched(
    event: watcher::Event<ReceiptView>,
    shared: &Shared,
) -> Option<watcher::Event<ReceiptView>> {
    for view in shared.receipts.watched(event.clone(), shared.clock.steady()) {
        if let Ok(spec) = &view.spec {
            wake_asset_of(spec, &view, shared);
        }
        breaker::stir(view.meta().namespace.as_deref().unwrap_or_default(), shared);
        lane::receipt_touched(&view, shared);
    }
    if shared.receipts.went_back() {
        shared.store_age.goes_back();
    }
    receipt::unsettled_only(event, &shared.unsettled_receipts, &shared.unsettled)
}

pub(super) fn wake_asset_of(spec: &ReceiptSpec, view: &ReceiptView, shared: &Shared) {
    let namespace = view.meta().namespace.clone().unwrap_or_default();
    let asset = Slot::new(&spec.slot).asset_name();
    shared.asset_wakes.wake(ObjectRef::new(&asset).within(&namespace));
}

/// The generation of a campaign, how its breakers stand, and what decisions need of it.
pub(super) type KnownCampaign = (Option<i64>, Vec<BreakerState>, CampaignFacts);

/// Wakes a campaign's assets where what decisions need of it has changed, and its neighbours, who may have waited for it.
pub(super) fn campaign_touched(
    guarded: &Guarded<Campaign>,
    known: &mut HashMap<ObjectRef<Guarded<Campaign>>, KnownCampaign>,
    shared: &Shared,
) {
    let Ok(campaign) = &guarded.0 else { return };
    let (namespace, name) = (campaign.namespace().unwrap_or_default(), campaign.name_any());
    let reference = ObjectRef::from_obj(guarded);
    let gone = shared.campaigns.get(&reference).is_none();
    if gone || campaign.metadata.deletion_timestamp.is_some() {
        shared.sources.forget(&(namespace.clone(), name.clone()));
        shared.verdicts.forget(&(namespace.clone(), name.clone()));
    }
    if !gone {
        breaker::wake_campaign(campaign, shared);
    }
    let breakers = campaign.status.as_ref().map(|status| status.breakers.clone());
    let now = (!gone).then(|| {
        let facts = campaign::facts(campaign, shared);
        (campaign.metadata.generation, breakers.unwrap_or_default(), facts)
    });
    let before = match now.clone() {
        Some(now) => known.insert(reference, now),
        None => known.remove(&reference),
    };
    if !gone && before == now {
        return;
    }
    campaign::wake_assets(&namespace, &name, shared);
    shared.lanes.stir(&namespace);
    let spec =
        |known: Option<KnownCampaign>| known.map(|(generation, _, facts)| (generation, facts.deleting));
    if gone || spec(before) != spec(now) {
        receipt::wake(&namespace, shared);
        approval::wake(&namespace, shared);
        wake_campaigns(&namespace, shared);
    }
}

/// The uid of a Halt, and a digest of what decisions need of it.
pub(super) type KnownHalt = (Option<String>, String);

/// Wakes every asset of a namespace where what decisions need of a Halt has changed: it may match any of them.
pub(super) fn halt_touched(
    guarded: &Guarded<Halt>,
    known: &mut HashMap<ObjectRef<Guarded<Halt>>, KnownHalt>,
    shared: &Shared,
) {
    let namespace = guarded.meta().namespace.clone().unwrap_or_default();
    let reference = ObjectRef::from_obj(guarded);
    let uid = guarded.meta().uid.clone();
    let gone = shared.halts.get(&reference).is_none();
    let said = guarded.0.as_ref().map_err(|invalid| &invalid.error).map(|halt| {
        let probe = halt.status.as_ref().and_then(|status| status.probe.as_ref());
        digest::of_json(&(&halt.spec, probe))
    });
    let said = (uid.clone(), said.unwrap_or_else(Clone::clone));
    let changed = if gone {
        shared.halts_told.forget(uid.as_deref().unwrap_or_default());
        known.remove(&reference);
        true
    } else {
        known.insert(reference, said.clone()).as_ref() != Some(&said)
    };
    if changed {
        shared.wake_assets(|view| view.namespace() == namespace);
        breaker::stir(&namespace, shared);
    }
}

pub(super) fn wake_campaigns(namespace: &str, shared: &Shared) {
    for campaign in shared.campaigns.state() {
        if campaign.meta().namespace.as_deref() == Some(namespace) {
            shared.campaign_wakes.wake(ObjectRef::from_obj(campaign.as_ref()));
        }
    }
}

/// Wakes the campaigns that name a pack which is gone; of the others the PolicyPack controller tells.
pub(super) fn pack_touched(guarded: &Guarded<PolicyPack>, shared: &Shared) {
    if shared.policy_packs.get(&ObjectRef::from_obj(guarded)).is_some() {
        return;
    }
    let (namespace, name) = (guarded.namespace().unwrap_or_default(), guarded.name_any());
    shared.packs.forget(&namespace, &name);
    policy_pack::wake_campaigns(&namespace, &name, shared);
}

/// Wakes the assets and campaigns that depend on a channel where what decisions need of it has changed.
pub(super) fn channel_touched(
    guarded: &Guarded<ChannelConfig>,
    known: &mut HashMap<ObjectRef<Guarded<ChannelConfig>>, String>,
    shared: &Shared,
) {
    let Ok(config) = &guarded.0 else { return };
    let namespace = config.namespace().unwrap_or_default();
    let status = config.status.as_ref();
    let facts = digest::of_json(&(
        &config.spec,
        status.and_then(|status| status.refused.as_ref()),
        status.and_then(|status| status.rate_limited_until.as_ref()),
        status.map(|status| &status.breakers),
        &config.metadata.uid,
    ));
    let gone = shared
        .channel_configs
        .get(&ObjectRef::from_obj(guarded))
        .is_none();
    shared.lanes.stir(&namespace);
    if !gone {
        breaker::wake_channel(config, shared);
    }
    if gone {
        shared.channels.forget(&namespace, &config.name_any());
        known.remove(&ObjectRef::from_obj(guarded));
        channel_config::wake(config, &namespace, shared);
    } else if known.insert(ObjectRef::from_obj(guarded), facts.clone()).as_ref() != Some(&facts) {
        channel_config::wake(config, &namespace, shared);
    }
}
