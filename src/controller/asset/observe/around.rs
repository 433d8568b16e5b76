//! What an asset is judged with: its campaign, its channels, the Halts that match it and what people decided.

use std::sync::Arc;

use kube::{Api, ResourceExt};

use super::super::super::{
    admission, approval, campaign, channel_config,
    context::{Guarded, Shared},
    error::Error,
    halt::{self, Halts},
};
use crate::{
    api::{Approval, Campaign, ChannelConfig, Decision, Target},
    domain::observed::{ApprovalFacts, AssetFacts, CampaignFacts, ChannelFacts, Enforcement},
};

/// A Campaign as memory has it, not copied, or as it was read.
pub(super) enum Standing {
    Remembered(Arc<Guarded<Campaign>>),
    Read(Arc<Campaign>),
}

impl Standing {
    fn campaign(&self) -> Option<&Campaign> {
        match self {
            Self::Remembered(guarded) => guarded.0.as_ref().ok(),
            Self::Read(campaign) => Some(campaign),
        }
    }

    /// The Campaign for itself.
    pub(super) fn whole(self) -> Option<Arc<Campaign>> {
        match self {
            Self::Remembered(guarded) => guarded.0.as_ref().ok().cloned().map(Arc::new),
            Self::Read(campaign) => Some(campaign),
        }
    }
}

/// What an asset is judged with.
pub(super) struct Around {
    pub(super) campaign: Option<Standing>,
    pub(super) channels: Vec<ChannelFacts>,
    pub(super) halts: Halts,
    pub(super) decided: Decided,
}

/// What people decided about an asset, and whether that can be believed.
pub(in crate::controller) struct Decided {
    pub(in crate::controller) approvals: Vec<ApprovalFacts>,
    pub(in crate::controller) enforcement: Enforcement,
}

impl Decided {
    fn remembered(shared: &Shared, namespace: &str, asset: &str) -> Self {
        Self {
            approvals: shared.approvals.about(namespace, asset),
            enforcement: shared.admission.enforcement(),
        }
    }

    /// Lists the Approvals directly, so that one that was made since is not overlooked, and reads whether they can be
    /// believed, where one of them may be needed.
    async fn read(shared: &Shared, namespace: &str, asset: &str) -> Result<Self, Error> {
        let api: Api<Guarded<Approval>> = Api::namespaced(shared.client.clone(), namespace);
        let listed = shared.fresh.list(&api, "list the Approvals").await?;
        let readable = listed.iter().filter_map(|guarded| guarded.0.as_ref().ok());
        let approvals = approval::facts(asset, readable);
        let approves = |approval: &ApprovalFacts| approval.decision == Decision::Approve;
        let enforcement = if approvals.iter().any(approves) {
            admission::read(shared).await?
        } else {
            shared.admission.enforcement()
        };
        Ok(Self {
            approvals,
            enforcement,
        })
    }
}

impl Around {
    /// As memory has it.
    pub(super) fn remembered(shared: &Shared, namespace: &str, asset: &AssetFacts) -> Self {
        let campaign = shared
            .campaign(namespace, &asset.campaign)
            .map(Standing::Remembered);
        let configs = shared.channel_configs.state_filter(|guarded| {
            guarded
                .0
                .as_ref()
                .is_ok_and(|config| serves(config, namespace, &asset.target))
        });
        let configs: Vec<&ChannelConfig> = configs
            .iter()
            .filter_map(|guarded| guarded.0.as_ref().ok())
            .collect();
        let mut channels = channel_facts(shared, namespace, &configs);
        channels.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            halts: Halts::remembered(
                shared,
                namespace,
                (asset, campaign.as_ref().and_then(Standing::campaign), &configs),
            ),
            campaign,
            channels,
            decided: Decided::remembered(shared, namespace, &asset.name),
        }
    }

    /// Read directly.
    pub(super) async fn read(shared: &Shared, namespace: &str, asset: &AssetFacts) -> Result<Self, Error> {
        let campaigns: Api<Campaign> = Api::namespaced(shared.client.clone(), namespace);
        let (campaign, configs, halts, decided) = futures::future::try_join4(
            shared.fresh.read(&campaigns, &asset.campaign, "read a Campaign"),
            configs_for(shared, namespace, &asset.target),
            halt::listed(shared, namespace),
            Box::pin(Decided::read(shared, namespace, &asset.name)),
        )
        .await?;
        let configs: Vec<&ChannelConfig> = configs.iter().collect();
        Ok(Self {
            channels: channel_facts(shared, namespace, &configs),
            halts: Halts::listed(&halts, (asset, campaign.as_deref(), &configs)),
            campaign: campaign.map(Standing::Read),
            decided,
        })
    }

    /// What decisions need of its campaign.
    pub(super) fn campaign_facts(&self, shared: &Shared) -> Option<CampaignFacts> {
        self.campaign().map(|campaign| campaign::facts(campaign, shared))
    }

    /// Its campaign, where that stands and can be read.
    pub(super) fn campaign(&self) -> Option<&Campaign> {
        self.campaign.as_ref().and_then(Standing::campaign)
    }
}

fn serves(config: &ChannelConfig, namespace: &str, target: &Target) -> bool {
    config.metadata.namespace.as_deref() == Some(namespace)
        && channel_config::is_for(config, &target.platform, &target.account)
}

/// Every channel for the target, listed directly: one that was made since is not overlooked.
pub(in crate::controller) async fn channels_for(
    shared: &Shared,
    namespace: &str,
    target: &Target,
) -> Result<Vec<ChannelFacts>, Error> {
    let configs = configs_for(shared, namespace, target).await?;
    let configs: Vec<&ChannelConfig> = configs.iter().collect();
    Ok(channel_facts(shared, namespace, &configs))
}

async fn configs_for(shared: &Shared, namespace: &str, target: &Target) -> Result<Vec<ChannelConfig>, Error> {
    let api: Api<Guarded<ChannelConfig>> = Api::namespaced(shared.client.clone(), namespace);
    let configs = shared.fresh.list(&api, "list the ChannelConfigs").await?;
    Ok(configs
        .iter()
        .filter_map(|guarded| guarded.0.as_ref().ok())
        .filter(|config| serves(config, namespace, target))
        .cloned()
        .collect())
}

fn channel_facts(shared: &Shared, namespace: &str, configs: &[&ChannelConfig]) -> Vec<ChannelFacts> {
    let state = |config: &ChannelConfig| shared.channels.get(namespace, &config.name_any());
    let facts = configs
        .iter()
        .map(|config| channel_config::facts(config, state(config).as_ref()));
    facts.collect()
}
