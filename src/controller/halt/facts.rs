//! Which Halts match an asset: from memory for planning, listed directly before anything is done.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use kube::{Api, Resource, ResourceExt};

use super::super::{
    breaker,
    context::{Guarded, Shared},
    error::Error,
    view::AssetView,
};
use crate::{
    api::{Campaign, ChannelConfig, Halt},
    domain::{
        halts::{HaltFacts, Selector, Stoppable},
        observed::{AssetFacts, campaign_id, channel_type},
    },
};

/// An asset, its campaign and its channels: what a selector may see of them.
pub(crate) type Surrounded<'a> = (&'a AssetFacts, Option<&'a Campaign>, &'a [&'a ChannelConfig]);

/// The Halts that may match an asset.
#[derive(Debug)]
pub(crate) struct Halts {
    thing: Stoppable,
    all: Vec<HaltFactsAndSelector>,
    /// What `haltUntil` of its Campaign or ChannelConfig stops: it holds before its Halt is made.
    until: Vec<HaltFacts>,
}

/// What a Halt says, and what it matches; without a selector, everything.
type HaltFactsAndSelector = (HaltFacts, Option<Selector>);

impl Halts {
    /// As memory has them.
    pub(crate) fn remembered(shared: &Shared, namespace: &str, surrounded: Surrounded<'_>) -> Self {
        let ours = |halt: &Guarded<Halt>| halt.meta().namespace.as_deref() == Some(namespace);
        let halts = shared.halts.state_filter(ours);
        Self::of(halts.iter().map(AsRef::as_ref), surrounded)
    }

    /// As they were listed.
    pub(crate) fn listed(halts: &[Guarded<Halt>], surrounded: Surrounded<'_>) -> Self {
        Self::of(halts.iter(), surrounded)
    }

    fn of<'a>(
        halts: impl Iterator<Item = &'a Guarded<Halt>>,
        (asset, campaign, configs): Surrounded<'_>,
    ) -> Self {
        let all: Vec<_> = halts.map(said).collect();
        let of_campaign = campaign.and_then(breaker::halt_until);
        let of_channels = configs.iter().filter_map(|config| breaker::halt_until(*config));
        let until: Vec<HaltFacts> = of_campaign.into_iter().chain(of_channels).collect();
        let thing = if all.is_empty() {
            Stoppable::default()
        } else {
            stoppable(asset, campaign, configs)
        };
        Self { thing, all, until }
    }

    /// Those that match the asset, whose own labels count as well.
    pub(crate) fn matching(&self, view: &AssetView) -> Vec<HaltFacts> {
        let thing = labelled(self.thing.clone(), view);
        let matches =
            |selector: &Option<Selector>| selector.as_ref().is_none_or(|selector| selector.matches(&thing));
        let matching = self.all.iter().filter(|(_, selector)| matches(selector));
        let mut halts: Vec<HaltFacts> = matching.map(|(facts, _)| facts.clone()).collect();
        for facts in &self.until {
            if halts.iter().all(|halt| halt.name != facts.name) {
                halts.push(facts.clone());
            }
        }
        halts
    }
}

/// One that cannot be read stops everything.
fn said(guarded: &Guarded<Halt>) -> HaltFactsAndSelector {
    let created = guarded.meta().creation_timestamp.as_ref();
    let since = created.map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let name = guarded.meta().name.as_deref().unwrap_or_default();
    match &guarded.0 {
        Ok(halt) => (
            HaltFacts::of(name, halt, since),
            Some(Selector::new(&halt.spec.selector)),
        ),
        Err(invalid) => (HaltFacts::unreadable(name, &invalid.error, since), None),
    }
}

fn pairs(labels: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let pairs = labels.iter().map(|(key, value)| (key.clone(), value.clone()));
    pairs.collect()
}

/// An asset as a selector sees it, but for its own labels.
pub(super) fn stoppable(
    asset: &AssetFacts,
    campaign: Option<&Campaign>,
    configs: &[&ChannelConfig],
) -> Stoppable {
    let mut campaigns = vec![asset.campaign.clone()];
    campaigns.extend(campaign.map(|campaign| campaign_id(&asset.campaign, &campaign.spec).to_owned()));
    let types = configs.iter().map(|config| channel_type(&config.spec).to_owned());
    let channel_types: Vec<String> = types.collect();
    let names = configs.iter().map(|config| config.name_any());
    let mut labels = campaign
        .map(|campaign| pairs(campaign.labels()))
        .unwrap_or_default();
    labels.extend(configs.iter().flat_map(|config| pairs(config.labels())));
    Stoppable {
        campaigns,
        channels: names.chain(channel_types.iter().cloned()).collect(),
        channel_types,
        platform: asset.target.platform.clone(),
        account: asset.target.account.clone(),
        locale: asset.locale.clone(),
        labels,
    }
}

/// The same with the asset's own labels.
pub(super) fn labelled(mut thing: Stoppable, view: &AssetView) -> Stoppable {
    thing.labels.extend(view.labels().map(pairs).unwrap_or_default());
    thing
}

/// Every Halt of a namespace, listed directly by a read that began after this was called.
pub(crate) async fn listed(shared: &Shared, namespace: &str) -> Result<Arc<Vec<Guarded<Halt>>>, Error> {
    let api: Api<Guarded<Halt>> = Api::namespaced(shared.client.clone(), namespace);
    shared.fresh.list(&api, "list the Halts").await
}
