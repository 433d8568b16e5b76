//! Halts that nobody writes by hand: what a breaker, or a guard whose action says so, orders.

use jiff::Timestamp;

use super::{
    super::{digest, observed::AssetFacts, receipt::shortened},
    BREAKER_OWNER,
};
use crate::api::{HaltResume, HaltSelector};

/// The longest reason that a Halt may have.
const LONGEST_REASON: usize = 500;
/// How much of a name goes into the name of a Halt.
const LONGEST_NAME: usize = 80;

/// What a breaker watches over, and stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Scope {
    /// Everything of a Campaign.
    Campaign(String),
    /// Everything through a ChannelConfig.
    Channel(String),
}

impl Scope {
    /// The selector of its Halts.
    pub fn selector(&self) -> HaltSelector {
        match self {
            Self::Campaign(name) => HaltSelector {
                campaigns: vec![name.clone()],
                ..HaltSelector::default()
            },
            Self::Channel(name) => HaltSelector {
                channels: vec![name.clone()],
                ..HaltSelector::default()
            },
        }
    }

    /// As people read it.
    pub fn words(&self) -> String {
        match self {
            Self::Campaign(name) => format!("Campaign {name}"),
            Self::Channel(name) => format!("ChannelConfig {name}"),
        }
    }

    fn slug(&self) -> String {
        match self {
            Self::Campaign(name) => format!("campaign-{name}"),
            Self::Channel(name) => format!("channel-{name}"),
        }
    }
}

/// A Halt that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HaltOrder {
    /// Its name: equal for equal evidence, so that it is made once.
    pub name: String,
    /// What it stops.
    pub selector: HaltSelector,
    /// The evidence.
    pub reason: String,
    /// Which breaker.
    pub owner: String,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// What becomes of that which was due while it stood.
    pub resume: HaltResume,
}

impl HaltOrder {
    /// An order of a breaker on a scope; `identity` tells it from its earlier ones.
    pub fn of_breaker(scope: &Scope, breaker: &str, identity: &impl serde::Serialize, reason: &str) -> Self {
        let slug: String = scope.slug().chars().take(LONGEST_NAME).collect();
        Self {
            name: format!("breaker-{slug}-{breaker}-{}", short(&(scope, breaker, identity))),
            selector: scope.selector(),
            reason: shortened(reason, LONGEST_REASON),
            owner: format!("{BREAKER_OWNER}{breaker}"),
            until: None,
            resume: HaltResume::default(),
        }
    }
}

fn short(identity: &impl serde::Serialize) -> String {
    let digest = digest::of_json(identity);
    digest.chars().skip("sha256:".len()).take(10).collect()
}

/// What a guard found that stops more than the asset: the rule, and whether it stops the whole campaign or it on this
/// channel alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardStop<'a> {
    /// Name of the rule.
    pub rule: &'a str,
    /// True where the action is HaltCampaign, false where it is HaltChannel.
    pub campaign: bool,
    /// Name of the asset's ChannelConfig.
    pub channel: Option<&'a str>,
}

/// The Halt that a guard failure orders, and what tells that failure from another; none where one was made for it.
///
/// Either way only the asset's own campaign is stopped: other campaigns on the channel have done nothing.
pub fn guard_order(asset: &AssetFacts, stop: &GuardStop<'_>) -> Option<(HaltOrder, String)> {
    let identity = (&asset.name, &asset.content_digest, stop.rule, stop.campaign);
    let failure = digest::of_json(&identity);
    if asset.halted_for.as_deref() == Some(failure.as_str()) {
        return None;
    }
    let scope = Scope::Campaign(asset.campaign.clone());
    let where_ = match stop.channel.filter(|_| !stop.campaign) {
        Some(channel) => format!(" on {channel}"),
        None => String::new(),
    };
    let reason = format!(
        "Rule {} found something in {} for which the whole campaign is to stop{where_}.",
        stop.rule, asset.name
    );
    let mut order = HaltOrder::of_breaker(&scope, "guard", &identity, &reason);
    if !stop.campaign {
        order.selector.channels.extend(stop.channel.map(str::to_owned));
    }
    Some((order, failure))
}
