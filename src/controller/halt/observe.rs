//! Reading what is told of a Halt: all of it from memory, since nothing is sent for it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use kube::{Resource, ResourceExt};

use super::{
    super::{
        channel_config::is_for,
        context::Shared,
        view::{AssetView, ReceiptView, Standing, phase, publish_at},
    },
    facts::{labelled, stoppable},
};
use crate::{
    api::{Asset, Campaign, ChannelConfig, Halt, HaltSelector, InFlightSend, ReceiptStatus},
    domain::{
        decide::LONGEST_DELAY,
        halts::{HaltFacts, HaltView, Selector, Stage, Stoppable, affected, in_flight},
        observed::{campaign_id, channel_type},
    },
};

/// What is known of a Halt.
pub(super) struct Observed {
    /// What it says.
    pub(super) facts: HaltFacts,
    /// Its selector in words.
    pub(super) scope: String,
    /// The assets that it matches.
    pub(super) matched: Vec<HaltView>,
    /// Sends that it came too late for.
    pub(super) in_flight: Vec<InFlightSend>,
    /// The receipt of the asset that is tried.
    pub(super) tried: Option<Arc<ReceiptStatus>>,
}

/// Campaigns and channels of a namespace, as selectors need them.
struct Surroundings {
    campaigns: BTreeMap<String, Campaign>,
    configs: Vec<ChannelConfig>,
}

/// What a selector matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// Assets, wherever they are.
    pub assets: usize,
    /// Those of them that can still be sent.
    pub open: u32,
    /// Campaigns with such assets.
    pub campaigns: u32,
}

/// What a selector matches among objects of one namespace, as the operator compares them.
pub fn matched_by(
    selector: &HaltSelector,
    assets: &[Asset],
    campaigns: Vec<Campaign>,
    configs: Vec<ChannelConfig>,
) -> Matched {
    let selector = Selector::new(selector);
    let named = campaigns
        .into_iter()
        .map(|campaign| (campaign.name_any(), campaign));
    let surroundings = Surroundings {
        campaigns: named.collect(),
        configs,
    };
    let views = assets.iter().map(AssetView::of);
    let ours = |view: &AssetView| {
        surroundings
            .asset(view)
            .is_some_and(|thing| selector.matches(&thing))
    };
    let matched: Vec<HaltView> = views.filter(ours).map(|view| seen(&view)).collect();
    let affected = affected(&matched);
    Matched {
        assets: matched.len(),
        open: affected.assets,
        campaigns: affected.campaigns,
    }
}

impl Surroundings {
    fn of(namespace: &str, shared: &Shared) -> Self {
        let campaigns = shared.campaigns.state();
        let campaigns = campaigns.iter().filter_map(|guarded| guarded.0.as_ref().ok());
        let configs = shared.channel_configs.state();
        let configs = configs.iter().filter_map(|guarded| guarded.0.as_ref().ok());
        Self {
            campaigns: campaigns
                .filter(|campaign| campaign.metadata.namespace.as_deref() == Some(namespace))
                .map(|campaign| (campaign.name_any(), campaign.clone()))
                .collect(),
            configs: configs
                .filter(|config| config.metadata.namespace.as_deref() == Some(namespace))
                .cloned()
                .collect(),
        }
    }

    fn channels(&self, platform: &str, account: &str) -> Vec<&ChannelConfig> {
        let configs = self.configs.iter();
        configs
            .filter(|config| is_for(config, platform, account))
            .collect()
    }

    fn asset(&self, view: &AssetView) -> Option<Stoppable> {
        let facts = view.facts()?;
        let channels = self.channels(&facts.target.platform, &facts.target.account);
        let thing = stoppable(&facts, self.campaigns.get(&facts.campaign), &channels);
        Some(labelled(thing, view))
    }

    /// A slot names its campaign by its id.
    fn receipt(&self, view: &ReceiptView) -> Option<Stoppable> {
        let slot = &view.spec.as_ref().ok()?.slot;
        let mut thing = Stoppable::of_slot(slot);
        let ours =
            |(name, campaign): &(&String, &Campaign)| campaign_id(name, &campaign.spec) == slot.campaign;
        if let Some((name, campaign)) = self.campaigns.iter().find(ours) {
            thing.campaigns.push(name.clone());
            let labels = campaign.labels().iter();
            thing
                .labels
                .extend(labels.map(|(key, value)| (key.clone(), value.clone())));
        }
        for config in self.channels(&slot.platform, &slot.account) {
            thing.channels.push(config.name_any());
            thing.channels.push(channel_type(&config.spec).to_owned());
            thing.channel_types.push(channel_type(&config.spec).to_owned());
            let labels = config.labels().iter();
            thing
                .labels
                .extend(labels.map(|(key, value)| (key.clone(), value.clone())));
        }
        Some(thing)
    }
}

/// The Halts of breakers in force that stop something of a campaign; that of `haltUntil` is no news to whoever wrote it.
pub(crate) fn breakers_of(namespace: &str, campaign: &str, shared: &Shared) -> Vec<HaltFacts> {
    let now = shared.clock.now();
    let standing = |halt: &Halt| {
        let facts = HaltFacts::of(&halt.name_any(), halt, created(halt));
        let ours = halt.metadata.namespace.as_deref() == Some(namespace);
        (ours && facts.was_tripped() && facts.stage(now) != Stage::Ended).then_some(facts)
    };
    let halts = shared.halts.state();
    let halts = halts.iter().filter_map(|guarded| guarded.0.as_ref().ok());
    let halts: Vec<_> = halts.filter_map(|halt| Some((halt, standing(halt)?))).collect();
    if halts.is_empty() {
        return Vec::new();
    }
    let surroundings = Surroundings::of(namespace, shared);
    let views = shared.assets.state_filter(|view| view.is_of(namespace, campaign));
    let stops = |halt: &Halt| {
        let selector = Selector::new(&halt.spec.selector);
        let mut things = views.iter().filter_map(|view| surroundings.asset(view));
        things.any(|thing| selector.matches(&thing))
    };
    let ours = halts.into_iter().filter(|(halt, _)| stops(halt));
    ours.map(|(_, facts)| facts).collect()
}

fn created(halt: &Halt) -> Timestamp {
    let created = halt.metadata.creation_timestamp.as_ref();
    created.map_or(Timestamp::UNIX_EPOCH, |time| time.0)
}

pub(super) fn observe(halt: &Halt, shared: &Shared) -> Observed {
    let namespace = halt.namespace().unwrap_or_default();
    let since = created(halt);
    let facts = HaltFacts::of(&halt.name_any(), halt, since);
    let selector = Selector::new(&halt.spec.selector);
    let surroundings = Surroundings::of(&namespace, shared);
    let ours = |view: &AssetView| {
        view.namespace() == namespace
            && surroundings
                .asset(view)
                .is_some_and(|thing| selector.matches(&thing))
    };
    let views = shared.assets.state_filter(ours);
    let matched = views.iter().map(|view| seen(view)).collect();
    Observed {
        tried: tried(halt, &namespace, shared),
        in_flight: sends(&selector, &surroundings, (&namespace, since), shared),
        facts,
        scope: selector.scope(),
        matched,
    }
}

/// The sends that had passed their last look when the Halt came; nothing is sent that long after its last look that it would
/// have to be looked for for ever.
fn sends(
    selector: &Selector,
    surroundings: &Surroundings,
    (namespace, since): (&str, Timestamp),
    shared: &Shared,
) -> Vec<InFlightSend> {
    // The Halt was made on the API server's clock, receipts are written on ours.
    let ahead = SignedDuration::from_secs(shared.server_clock.offset_seconds().unwrap_or(0));
    let came = since.checked_sub(ahead).unwrap_or(since);
    if shared.clock.now().duration_since(came) > LONGEST_DELAY + LONGEST_DELAY {
        return Vec::new();
    }
    let all = shared.receipts.of_namespace(namespace, |_| true);
    all.iter()
        .filter_map(|view| {
            let slot = &view.spec.as_ref().ok()?.slot;
            let name = view.meta().name.as_deref()?;
            let send = in_flight(name, slot, &view.status, came)?;
            selector.matches(&surroundings.receipt(view)?).then_some(send)
        })
        .collect()
}

fn seen(view: &AssetView) -> HaltView {
    HaltView {
        name: view.name().to_owned(),
        campaign: view.campaign().unwrap_or_default().to_owned(),
        phase: phase(view),
        waits_for_the_tried: view.standing() == Standing::HalfOpen,
        publish_at: publish_at(view),
    }
}

/// The receipt that the asset names that is tried.
fn tried(halt: &Halt, namespace: &str, shared: &Shared) -> Option<Arc<ReceiptStatus>> {
    let probe = halt.status.as_ref()?.probe.as_ref()?;
    let asset = kube::runtime::reflector::ObjectRef::new(&probe.asset).within(namespace);
    let view = shared.assets.get(&asset)?;
    let receipt = shared.receipts.get(namespace, view.receipt())?;
    Some(Arc::clone(&receipt.status))
}
