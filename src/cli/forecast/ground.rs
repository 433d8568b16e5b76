//! What files are judged on: the Campaigns, channels and receipts of one namespace.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use serde_json::json;

use super::{
    Crowd, Forecast, ForecastError, Forecasted, Row, Wishes,
    guards::{Judges, KnownPack},
};
use crate::{
    api::{
        Asset, AssetSpec, Campaign, CampaignStatus, ChannelConfig, ChannelConfigStatus, Condition, Target,
        condition_type,
    },
    cli::check::manifest::{CheckedCampaign, CheckedPack, Manifests},
    controller::{Recorded, origin, repository_of},
    domain::{
        channels,
        content::Files,
        materialise::{Change, MadeStatus, Situation, changes},
        observed::ChannelClass,
        status::{conditions, statement},
        wanted::{Inputs, Wanted, WantedAsset, type_for, wanted},
    },
};

/// How an Asset would stand to the one that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(in super::super) enum Difference {
    /// There is none yet.
    New,
    /// Its words, its time or its status are others.
    Changed,
    /// Nothing of it changes.
    Same,
}

/// One namespace, and the Campaigns in it that read the files.
pub(super) struct Ground {
    namespace: String,
    recorded: Recorded,
    campaigns: Vec<Campaign>,
    /// True where nobody knows which channels there are.
    channels_unknown: bool,
    packs: Vec<KnownPack>,
    /// True where every PolicyPack of the namespace is among them.
    packs_complete: bool,
}

/// The grounds that files and a cluster give.
pub(super) fn grounds(
    manifests: Manifests,
    recorded: Option<(String, Recorded)>,
    only: Option<&str>,
) -> Result<Vec<Ground>, ForecastError> {
    let wanted = |campaign: &CheckedCampaign| only.is_none_or(|only| campaign.name == only);
    let grounds = match recorded {
        Some((namespace, recorded)) => vec![beside(manifests, namespace, recorded, only)?],
        None => alone(manifests, wanted),
    };
    match (grounds.iter().any(|ground| !ground.campaigns.is_empty()), only) {
        (true, _) => Ok(grounds),
        (false, Some(name)) => Err(ForecastError::NoSuchCampaign(name.to_owned())),
        (false, None) => Err(ForecastError::NoCampaign),
    }
}

/// Offline: a ground for each namespace that the manifests name.
fn alone(manifests: Manifests, wanted: impl Fn(&CheckedCampaign) -> bool) -> Vec<Ground> {
    let mut by_namespace: BTreeMap<String, Vec<Campaign>> = BTreeMap::new();
    for checked in manifests.campaigns.into_iter().filter(wanted) {
        let of_namespace = by_namespace.entry(checked.namespace.clone()).or_default();
        of_namespace.push(campaign(checked));
    }
    let configs = &manifests.channel_configs;
    let grounds = by_namespace.into_iter().map(|(namespace, campaigns)| {
        let ours = configs
            .iter()
            .filter(|config| config.namespace().unwrap_or_default() == namespace);
        let channels: Vec<ChannelConfig> = ours.cloned().map(|config| ready(config, &namespace)).collect();
        Ground {
            channels_unknown: channels.is_empty(),
            recorded: Recorded::of_objects(&namespace, Vec::new(), channels),
            campaigns,
            packs: among_files(&manifests.packs, |other| other == namespace),
            packs_complete: false,
            namespace,
        }
    });
    grounds.collect()
}

/// Beside a cluster: what the files say of its namespace, or of none, counts over what stands.
fn beside(
    manifests: Manifests,
    namespace: String,
    mut recorded: Recorded,
    only: Option<&str>,
) -> Result<Ground, ForecastError> {
    let ours = |other: &str| other.is_empty() || other == namespace;
    let configs = manifests.channel_configs.into_iter();
    let configs = configs.filter(|config| ours(&config.namespace().unwrap_or_default()));
    let standing: Vec<ChannelConfig> = recorded.channel_configs().to_vec();
    let changed = configs.filter(|config| {
        let same = |other: &ChannelConfig| other.name_any() == config.name_any() && other.spec == config.spec;
        !standing.iter().any(same)
    });
    let changed = changed.map(|config| ready(config, &namespace)).collect();
    recorded.overlay(Vec::new(), changed);
    let mut packs = among_files(&manifests.packs, ours);
    let standing = recorded.policy_packs().iter();
    packs.extend(standing.map(|pack| (pack.name_any(), pack.spec.clone())));
    let among_files = manifests.campaigns.into_iter();
    let among_files = among_files.filter(|campaign| ours(&campaign.namespace));
    let mut campaigns: Vec<Campaign> = among_files
        .filter(|campaign| only.is_none_or(|only| campaign.name == only))
        .map(|checked| CheckedCampaign {
            namespace: namespace.clone(),
            ..checked
        })
        .map(campaign)
        .collect();
    if campaigns.is_empty() {
        campaigns = standing_campaign(&recorded, only)?.into_iter().collect();
    }
    Ok(Ground {
        namespace,
        recorded,
        campaigns,
        channels_unknown: false,
        packs,
        packs_complete: true,
    })
}

/// The packs among the files that are of a namespace; they come before those that stand.
fn among_files(packs: &[CheckedPack], of: impl Fn(&str) -> bool) -> Vec<KnownPack> {
    let packs = packs.iter().filter(|pack| of(&pack.namespace));
    packs.map(|pack| (pack.name.clone(), pack.spec.clone())).collect()
}

/// The Campaign of the cluster that is meant: the one that is named, or the only one.
fn standing_campaign(recorded: &Recorded, only: Option<&str>) -> Result<Option<Campaign>, ForecastError> {
    let named = |campaign: &&Campaign| only.is_none_or(|only| campaign.name_any() == only);
    let campaigns: Vec<&Campaign> = recorded.campaigns().iter().filter(named).collect();
    match campaigns.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        several => Err(ForecastError::SeveralCampaigns(
            several.iter().map(|campaign| campaign.name_any()).collect(),
        )),
    }
}

fn campaign(checked: CheckedCampaign) -> Campaign {
    let mut campaign = Campaign::new(&checked.name, checked.spec);
    campaign.metadata.namespace = Some(checked.namespace);
    campaign.metadata.generation = Some(1);
    campaign
}

/// A ChannelConfig of the files as it would stand if all that it needs is there.
fn ready(mut config: ChannelConfig, namespace: &str) -> ChannelConfig {
    config.metadata.namespace = Some(namespace.to_owned());
    config.metadata.generation = Some(1);
    let class = config
        .spec
        .channel()
        .map_or(ChannelClass::Neither, channels::class);
    config.status = Some(ChannelConfigStatus {
        observed_generation: 1,
        conditions: holding(condition_type::READY, true),
        class: Some(class.name().to_owned()),
        ..ChannelConfigStatus::default()
    });
    config
}

fn holding(type_: &'static str, holds: bool) -> Vec<Condition> {
    let said = [statement(type_, holds, "Foretold", "As the files say.")];
    conditions(&[], &said, 1, Timestamp::UNIX_EPOCH)
}

impl Ground {
    /// Foretells every Campaign.
    pub(super) fn foretell(mut self, files: &dyn Files, wishes: &Wishes, forecast: &mut Forecast) {
        let campaigns = std::mem::take(&mut self.campaigns);
        for campaign in campaigns {
            let wanted = self.wanted(&campaign, files, wishes);
            if self.channels_unknown {
                self.assume_channels(&wanted, forecast);
            }
            let known = (self.packs.as_slice(), self.packs_complete);
            let judges = Judges::of(&campaign.spec, known, (files, &wanted));
            if campaign.spec.policies.is_none() {
                forecast.assumptions.push(format!(
                    "Campaign {} names no PolicyPack, so nobody judges what it publishes: name one in spec.policies, or \
                     write policies: [] to say that none is wanted.",
                    campaign.name_any()
                ));
            }
            for name in &judges.unknown {
                forecast.assumptions.push(format!(
                    "PolicyPack {name} is not among the files: what it says is not foretold."
                ));
            }
            forecast
                .campaigns
                .push(self.forecasted(campaign, (wanted, judges), wishes.now));
        }
        let crowd = self.crowd(forecast, wishes.now);
        forecast.crowds.insert(self.namespace, crowd);
    }

    /// What takes room beside the rows: what stands of other Campaigns, and what receipts and channels leave.
    fn crowd(&self, forecast: &Forecast, now: Timestamp) -> Crowd {
        let foretold = |asset: &&Asset| {
            let mut campaigns = forecast.campaigns.iter();
            campaigns
                .any(|campaign| campaign.namespace == self.namespace && campaign.name == asset.spec.campaign)
        };
        let beside = self.recorded.assets().iter().filter(|asset| !foretold(asset));
        Crowd {
            beside: beside
                .filter_map(|asset| self.recorded.observe(asset, now))
                .collect(),
            surroundings: self.recorded.surroundings(),
        }
    }

    fn wanted(&self, campaign: &Campaign, files: &dyn Files, wishes: &Wishes) -> Wanted {
        let mut spec = campaign.spec.clone();
        if let Some(ahead) = wishes.ahead {
            spec.horizon = spec.horizon.max(ahead);
        }
        wanted(&Inputs {
            campaign: &spec,
            campaign_name: &campaign.name_any(),
            files,
            revision: "",
            channels: &self.recorded.channels(),
            now: wishes.now,
        })
    }

    /// Where no ChannelConfig is known at all, every account is taken to have one: to call each row blocked would tell nobody
    /// anything.
    fn assume_channels(&mut self, wanted: &Wanted, forecast: &mut Forecast) {
        let targets: BTreeSet<&Target> = wanted.assets.iter().map(|asset| &asset.spec.target).collect();
        let configs: Vec<ChannelConfig> = targets.into_iter().filter_map(assumed).collect();
        if configs.is_empty() {
            return;
        }
        let configs = configs
            .into_iter()
            .map(|config| ready(config, &self.namespace))
            .collect();
        self.recorded.overlay(Vec::new(), configs);
        let said = "No ChannelConfig is among the files: every account is taken to have one.".to_owned();
        if !forecast.assumptions.contains(&said) {
            forecast.assumptions.push(said);
        }
    }

    fn forecasted(
        &mut self,
        mut campaign: Campaign,
        (mut wanted, mut judges): (Wanted, Judges),
        now: Timestamp,
    ) -> Forecasted {
        wanted.find(std::mem::take(&mut judges.problems));
        campaign.status = Some(CampaignStatus {
            conditions: holding(condition_type::SOURCE_PARSED, wanted.parsed),
            last_fetched_at: Some(Time(now)),
            ..CampaignStatus::default()
        });
        self.recorded.overlay(vec![campaign.clone()], Vec::new());
        let (rows, withdrawn) = self.rows(&campaign, (&wanted, &judges), now);
        Forecasted {
            namespace: self.namespace.clone(),
            name: campaign.name_any(),
            spec: campaign.spec,
            wanted,
            withdrawn,
            rows,
        }
    }

    fn rows(
        &self,
        campaign: &Campaign,
        (wanted, judges): (&Wanted, &Judges),
        now: Timestamp,
    ) -> (Vec<Row>, Vec<String>) {
        let (standing, name) = (self.recorded.standing(campaign), campaign.name_any());
        let changes = changes(
            wanted,
            &Situation {
                standing: &standing,
                repository: &repository_of(&campaign.spec),
                revision: "",
                authors: &BTreeMap::new(),
                changed_by: &BTreeMap::new(),
                approved_by_trailer: &BTreeSet::new(),
                remembered: &self.recorded.memory(&name),
                now,
            },
        );
        let made = made(changes.changes);
        let assets = self.recorded.assets().iter();
        let standing_assets: BTreeMap<&str, &Asset> = assets
            .filter_map(|asset| Some((asset.metadata.name.as_deref()?, asset)))
            .collect();
        let (whole, channels) = (wanted, self.recorded.channels());
        let rows = wanted.assets.iter().enumerate().filter_map(|(index, wanted)| {
            let standing = standing_assets.get(wanted.name.as_str()).copied();
            let asset = self.asset(wanted, standing, made.get(&index));
            let mut observed = self.recorded.observe(&asset, now)?;
            let channel_type = type_for(&channels, &wanted.spec.target);
            observed.guards = judges.facts(wanted, (whole, channel_type), now);
            Some(Row {
                origin: origin(&asset),
                observed,
                changed: difference(wanted, standing),
                asset,
            })
        });
        (rows.collect(), changes.withdrawn.into_iter().collect())
    }

    /// An Asset as it would stand: the spec that is wanted, over the status that stands and what is made of it.
    fn asset(&self, wanted: &WantedAsset, standing: Option<&Asset>, made: Option<&MadeStatus>) -> Asset {
        let mut asset = Asset::new(&wanted.name, wanted.spec.clone());
        asset.metadata.namespace = Some(self.namespace.clone());
        asset.metadata.generation = standing.map_or(Some(1), |standing| standing.metadata.generation);
        let mut status = standing
            .and_then(|standing| standing.status.clone())
            .unwrap_or_default();
        if let Some(made) = made {
            status.made = Some(made.made.clone());
            status.approval.clone_from(&made.approval);
            status.source.clone_from(&made.source);
        }
        asset.status = Some(status);
        asset
    }
}

/// What a reader, or a date, would notice: that another row moved to the same instant is told among the warnings.
fn difference(wanted: &WantedAsset, standing: Option<&Asset>) -> Difference {
    let told = |spec: &AssetSpec| AssetSpec {
        findings: Vec::new(),
        ..spec.clone()
    };
    match standing {
        None => Difference::New,
        Some(standing) if told(&standing.spec) == told(&wanted.spec) => Difference::Same,
        Some(_) => Difference::Changed,
    }
}

/// The status of each wanted asset of which something is made, by its index.
fn made(changes: Vec<Change>) -> BTreeMap<usize, MadeStatus> {
    let made = changes.into_iter().filter_map(|change| match change {
        Change::Create { wanted, status } | Change::Update { wanted, status, .. } => Some((wanted, status)),
        Change::Withdraw { .. } | Change::Delete { .. } => None,
    });
    made.collect()
}

fn assumed(target: &Target) -> Option<ChannelConfig> {
    let name = format!("{}-{}", target.platform, target.account);
    let spec = json!({
        "platform": target.platform, "account": target.account, "webhook": {"url": "https://localhost/"},
    });
    serde_json::from_value(spec)
        .ok()
        .map(|spec| ChannelConfig::new(&name, spec))
}
