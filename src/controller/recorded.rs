//! What stands on the API server, for whoever only looks: the same facts as the operator's, from the objects alone.
//!
//! What only the process of the operator knows is taken from what it wrote down: its own clocks and store from the Asset's
//! status, what a channel lacks from the ChannelConfig's, and an attempt counts as alive while a send may take that long.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{NamespaceResourceScope, api::core::v1::ConfigMap};
use kube::{Api, Client, Resource, ResourceExt, api::ListParams, core::DeserializeGuard};
use serde::de::DeserializeOwned;

use super::{
    approval,
    asset::{Decided, Read, Witness, assemble, slot},
    campaign::{self, memory_name, remembered, stands},
    channel_config,
    context::Guarded,
    election,
    error::Error,
    fresh::selector,
    halt::Halts,
    receipts::Receipts,
    view::{AssetView, ReceiptView},
};
use crate::{
    api::{
        Approval, Asset, AssetSpec, AssetStatus, Campaign, CampaignSpec, ChannelConfig, ConditionStatus,
        Environment, Halt, PolicyPack, Receipt, ReceiptPhase, Target, condition_type,
    },
    domain::{
        gates::approval::{Setback, takes_words_unseen},
        guarding, items,
        lanes::{Reached, Surroundings, Trace, judge_lanes},
        materialise::{Memory, Standing},
        observed::{
            AssetFacts, CampaignFacts, ChannelFacts, Enforcement, Observed, ProcessFacts, campaign_id,
        },
        receipt::undecided,
        slot::compared,
        wanted,
        why::Origin,
    },
};

/// How many objects a page of a list has.
const PAGE: u32 = 500;
/// How much longer than its own time-out an attempt may be on record before its task counts as gone.
const LONGEST_WRITE: SignedDuration = SignedDuration::from_mins(1);
/// Why the operator itself sends nothing: told on the Assets that it holds back.
const OF_THE_OPERATOR: [&str; 2] = ["ClockSkew", "StoreWentBack"];

/// What stands in one namespace, as far as it was read.
#[derive(Debug, Default)]
pub struct Recorded {
    namespace: String,
    campaigns: Vec<Campaign>,
    channel_configs: Vec<ChannelConfig>,
    halts: Vec<Guarded<Halt>>,
    policy_packs: Vec<PolicyPack>,
    assets: Vec<Asset>,
    /// Those that were not asked for, and take room of an account from those that were.
    beside: Vec<Asset>,
    receipts: Receipts,
    approvals: Vec<Approval>,
    memories: BTreeMap<String, Memory>,
}

/// The Assets that somebody asks about.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// One, by its name.
    Named(&'a str),
    /// Those of a post of a campaign.
    Post {
        /// Name of the Campaign.
        campaign: &'a str,
        /// The id of the post.
        post: &'a str,
    },
    /// All of them.
    All,
}

impl Recorded {
    /// Objects that somebody has already, such as those among files.
    pub fn of_objects(
        namespace: &str,
        campaigns: Vec<Campaign>,
        channel_configs: Vec<ChannelConfig>,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            campaigns,
            channel_configs,
            ..Self::default()
        }
    }

    /// Adds receipts to what is known.
    #[must_use]
    pub fn with_receipts(self, receipts: impl IntoIterator<Item = Receipt>) -> Self {
        for receipt in receipts {
            self.receipts.wrote(ReceiptView::of(&receipt), Duration::ZERO);
        }
        self
    }

    /// Adds Assets to what is known.
    #[must_use]
    pub fn with_assets(mut self, assets: Vec<Asset>) -> Self {
        self.assets.extend(assets);
        self
    }

    /// Reads the Assets that are asked for, and everything that a decision about them depends on.
    ///
    /// # Errors
    /// Where the API server does not answer, or refuses; `Unreadable` where the one that is named cannot be read.
    pub async fn read(client: &Client, namespace: &str, asked: Asked<'_>) -> Result<Self, Error> {
        let assets = assets(client, namespace, asked).await?;
        let everything = ListParams::default;
        let campaigns: Vec<Campaign> = list(client, namespace, everything(), "list the Campaigns").await?;
        // Whether a publication is the first on its channel is told by the receipts of all posts.
        let unseen = |campaign: &Campaign| {
            takes_words_unseen(&CampaignFacts::of_spec(&campaign.name_any(), &campaign.spec))
        };
        let doing = "list the ChannelConfigs";
        let channel_configs: Vec<ChannelConfig> = list(client, namespace, everything(), doing).await?;
        let depends = depends_on_others(&assets, &campaigns, &channel_configs);
        let asked_of_receipts = if depends || campaigns.iter().any(unseen) {
            Asked::All
        } else {
            asked
        };
        let beside = if depends {
            others(client, namespace, asked, &assets).await?
        } else {
            Vec::new()
        };
        let receipts = Receipts::default();
        for receipt in receipts_of(client, namespace, asked_of_receipts, &assets).await? {
            receipts.wrote(receipt, Duration::ZERO);
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            campaigns,
            approvals: list(client, namespace, everything(), "list the Approvals").await?,
            channel_configs,
            halts: pages(client, namespace, ListParams::default(), "list the Halts").await?,
            policy_packs: list(client, namespace, ListParams::default(), "list the PolicyPacks").await?,
            assets,
            beside,
            receipts,
            memories: BTreeMap::new(),
        })
    }

    /// Reads what the branch approved of each slot so far, where that may be read.
    ///
    /// # Errors
    /// Where the API server does not answer.
    pub async fn read_memories(&mut self, client: &Client) -> Result<(), Error> {
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &self.namespace);
        for campaign in &self.campaigns {
            let map = match maps.get_opt(&memory_name(campaign)).await {
                Ok(map) => map,
                Err(kube::Error::Api(status)) if status.code == 403 => None,
                Err(error) => return Err(Error::api("read the approvals of a Campaign")(error)),
            };
            let memory = map.as_ref().map(remembered).unwrap_or_default();
            self.memories.insert(campaign.name_any(), memory);
        }
        Ok(())
    }

    /// The Assets that were read.
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// The Campaigns of the namespace.
    pub fn campaigns(&self) -> &[Campaign] {
        &self.campaigns
    }

    /// The PolicyPacks of the namespace.
    pub fn policy_packs(&self) -> &[PolicyPack] {
        &self.policy_packs
    }

    /// The ChannelConfigs of the namespace.
    pub fn channel_configs(&self) -> &[ChannelConfig] {
        &self.channel_configs
    }

    /// Puts other Campaigns and ChannelConfigs in the place of those that stand by the same names, and adds the rest.
    pub fn overlay(&mut self, campaigns: Vec<Campaign>, channel_configs: Vec<ChannelConfig>) {
        overlay(&mut self.campaigns, campaigns);
        overlay(&mut self.channel_configs, channel_configs);
    }

    /// The channels, as the wanted set takes them.
    pub fn channels(&self) -> Vec<wanted::ChannelFacts> {
        campaign::channels_of(self.channel_configs.iter())
    }

    /// What the branch approved of each slot of a campaign, as far as it was read.
    pub fn memory(&self, campaign: &str) -> Memory {
        self.memories.get(campaign).cloned().unwrap_or_default()
    }

    /// The Assets of a campaign that stand, by name.
    pub fn standing(&self, campaign: &Campaign) -> BTreeMap<String, Standing> {
        let name = campaign.name_any();
        let id = campaign_id(&name, &campaign.spec);
        let environment = |target: &Target| self.environment(target);
        let views = self.assets.iter().map(AssetView::of);
        views
            .filter(|view| view.is_of(&self.namespace, &name))
            .filter_map(|view| stands(&view, id, &self.receipts, environment))
            .map(|stands| (stands.name.clone(), stands))
            .collect()
    }

    fn environment(&self, target: &Target) -> Environment {
        let mut configs = self.channel_configs.iter();
        let config = configs.find(|config| channel_config::is_for(config, &target.platform, &target.account));
        config.map(|config| config.spec.environment).unwrap_or_default()
    }

    /// What stands in the namespace that lanes depend on.
    pub fn surroundings(&self) -> Surroundings {
        let mut traces = Vec::new();
        self.receipts.each(&self.namespace, |view| {
            traces.extend(view.spec.as_ref().ok().map(|spec| Trace {
                slot: spec.slot.clone(),
                type_: view.status.type_,
                reached: Reached::of(&view.status),
                effects: view.effects.to_vec(),
            }));
        });
        Surroundings {
            traces,
            sharing: self
                .channel_configs
                .iter()
                .filter_map(channel_config::sharing)
                .collect(),
        }
    }

    /// What the operator would know of each Asset that was asked for when it decides at an instant, its lanes included.
    pub fn observed(&self, now: Timestamp) -> Vec<(&Asset, Observed)> {
        let known = |asset| Some((asset, self.observe(asset, now)?));
        let asked: Vec<(&Asset, Observed)> = self.assets.iter().filter_map(known).collect();
        let beside = self.beside.iter().filter_map(|asset| self.observe(asset, now));
        let (assets, mut crowd): (Vec<&Asset>, Vec<Observed>) = asked.into_iter().unzip();
        crowd.extend(beside);
        judge_lanes(&mut crowd, self.surroundings(), now);
        assets.into_iter().zip(crowd).collect()
    }

    /// What the operator would know of an Asset when it decides at an instant, without what others leave it.
    pub fn observe(&self, asset: &Asset, now: Timestamp) -> Option<Observed> {
        let view = AssetView::of(asset);
        let facts = view.facts()?;
        let named = |campaign: &&Campaign| campaign.name_any() == facts.campaign;
        let campaign = self.campaigns.iter().find(named);
        let configs: Vec<&ChannelConfig> = self.configs_for(&facts.target).collect();
        let halts = Halts::listed(&self.halts, (&facts, campaign, &configs));
        let judges = campaign.and_then(|campaign| campaign.spec.policies.as_deref());
        let guards = guarding::recorded(judges, asset.status.as_ref());
        let decided = self.decided(view.name(), campaign);
        let campaign = campaign.map(|campaign| campaign::facts_on_record(campaign, campaign::Look::Holds));
        let mut channels = self.channels_for(&facts.target);
        let slot = slot(&facts, campaign.as_ref(), &channels);
        let receipt = self.receipts.get(&self.namespace, &slot.receipt_name());
        for channel in &mut channels {
            channel.endpoint_digest = endpoint(asset, receipt.as_deref());
        }
        let source = view.source();
        let elsewhere = source.and_then(|source| {
            self.receipts
                .sent_elsewhere(&self.namespace, slot.fields(), &source)
        });
        let witness = Witness {
            namespace: &self.namespace,
            receipts: &self.receipts,
            steady: Duration::ZERO,
            process: process(asset, receipt.as_deref(), &channels, now),
        };
        let read = Read {
            campaign,
            channels,
            receipt,
            elsewhere,
            halts: halts.matching(&view),
            guards,
            decided,
        };
        Some(assemble(witness, &facts, read))
    }

    /// What people decided about an Asset. Whether that is believed the operator says on the Campaign and on each Approval.
    fn decided(&self, asset: &str, campaign: Option<&Campaign>) -> Decided {
        let status = campaign.and_then(|campaign| campaign.status.as_ref());
        let mut conditions = status.into_iter().flat_map(|status| &status.conditions);
        let honoured = conditions.find(|condition| condition.type_ == condition_type::APPROVALS_HONOURED);
        let enforcement = match honoured {
            None => Enforcement::default(),
            Some(condition) if condition.status == ConditionStatus::True => {
                Enforcement::Since(Timestamp::UNIX_EPOCH)
            }
            Some(condition) => Enforcement::Missing(condition.message.trim_end_matches('.').to_owned()),
        };
        let approvals = self.approvals.iter().cloned().map(as_old_as_told);
        let approvals: Vec<Approval> = approvals.collect();
        Decided {
            approvals: approval::facts(asset, approvals.iter()),
            enforcement,
        }
    }

    fn configs_for(&self, target: &Target) -> impl Iterator<Item = &ChannelConfig> {
        let configs = self.channel_configs.iter();
        configs.filter(|config| channel_config::is_for(config, &target.platform, &target.account))
    }

    fn channels_for(&self, target: &Target) -> Vec<ChannelFacts> {
        let ours = self.configs_for(target);
        let mut channels: Vec<ChannelFacts> = ours.map(channel_config::facts_on_record).collect();
        channels.sort_by(|one, other| one.name.cmp(&other.name));
        channels
    }
}

/// The repository and the branch of a Campaign, as they stand on what is made of it.
pub fn repository_of(spec: &CampaignSpec) -> String {
    campaign::place_text(spec)
}

/// Where the words of an Asset stand.
pub fn origin(asset: &Asset) -> Origin {
    let AssetSpec {
        findings, schedule, ..
    } = &asset.spec;
    Origin {
        source: asset.status.as_ref().and_then(|status| status.source.clone()),
        findings: findings.clone(),
        time_zone: schedule.time_zone.clone(),
    }
}

fn overlay<K: Resource>(standing: &mut Vec<K>, others: Vec<K>) {
    let names: Vec<Option<String>> = others.iter().map(|other| other.meta().name.clone()).collect();
    standing.retain(|object| !names.contains(&object.meta().name));
    standing.extend(others);
}

/// One that the operator found to be older than the policy counts as made before all else here too.
fn as_old_as_told(mut approval: Approval) -> Approval {
    let status = approval.status.as_ref();
    let mut conditions = status.into_iter().flat_map(|status| &status.conditions);
    if conditions.any(|condition| condition.reason == Setback::BeforeThePolicy.reason()) {
        approval.metadata.creation_timestamp = None;
    }
    approval
}

/// Whether the address has moved since the attempt in doubt, only the operator can tell: it says so on the Asset.
fn endpoint(asset: &Asset, receipt: Option<&ReceiptView>) -> String {
    if reason(asset) == Some("EndpointChanged") {
        return String::new();
    }
    let attempt = receipt.and_then(|receipt| undecided(&receipt.status).last());
    attempt.map_or_else(String::new, |attempt| attempt.endpoint_digest.clone())
}

fn reason(asset: &Asset) -> Option<&str> {
    asset.status.as_ref()?.reason.as_deref()
}

/// What the operator has told of itself on the Asset.
fn process(
    asset: &Asset,
    receipt: Option<&ReceiptView>,
    channels: &[ChannelFacts],
    now: Timestamp,
) -> ProcessFacts {
    let nothing = AssetStatus::default();
    let status = asset.status.as_ref().unwrap_or(&nothing);
    let closed = reason(asset).filter(|reason| OF_THE_OPERATOR.contains(reason));
    ProcessFacts {
        live_attempts: receipt.map_or_else(Vec::new, |receipt| live(receipt, channels, now)),
        lease_duration: election::LEASE_DURATION,
        restored_at: None,
        closed: closed.map(|reason| (reason.to_owned(), status.message.clone().unwrap_or_default())),
    }
}

fn live(receipt: &ReceiptView, channels: &[ChannelFacts], now: Timestamp) -> Vec<String> {
    if receipt.status.phase != ReceiptPhase::Sending {
        return Vec::new();
    }
    let send_timeout = channels.iter().map(|channel| channel.send_timeout).max();
    let longest = SignedDuration::try_from(send_timeout.unwrap_or_default())
        .unwrap_or(SignedDuration::MAX)
        .saturating_add(LONGEST_WRITE);
    undecided(&receipt.status)
        .filter(|attempt| now.duration_since(attempt.started_at.0) <= longest)
        .map(|attempt| attempt.id.clone())
        .collect()
}

/// Whether it depends on others when one of these Assets goes out: on the room of an account, or on another post.
fn depends_on_others(assets: &[Asset], campaigns: &[Campaign], configs: &[ChannelConfig]) -> bool {
    let capped = |asset: &Asset| {
        let mut campaigns = campaigns.iter();
        let campaign = campaigns.find(|campaign| campaign.name_any() == asset.spec.campaign);
        campaign.is_some_and(|campaign| {
            let spec = &campaign.spec;
            spec.max_publishes_per_day
                .or(spec.other_max_publishes_per_day)
                .is_some()
        })
    };
    let limited = |asset: &Asset| {
        let Target { platform, account } = &asset.spec.target;
        let mut configs = configs.iter();
        configs.any(|config| {
            channel_config::is_for(config, platform, account)
                && channel_config::limits_on_record(config).need_a_lane
        })
    };
    let follows = |asset: &Asset| asset.spec.after.is_some() || items::replies_to(&asset.spec.item).is_some();
    let mut assets = assets.iter();
    assets.any(|asset| follows(asset) || capped(asset) || limited(asset))
}

/// The Assets of the namespace that are not among these.
async fn others(
    client: &Client,
    namespace: &str,
    asked: Asked<'_>,
    these: &[Asset],
) -> Result<Vec<Asset>, Error> {
    if matches!(asked, Asked::All) {
        return Ok(Vec::new());
    }
    let names: BTreeSet<String> = these.iter().map(ResourceExt::name_any).collect();
    let mut others = assets(client, namespace, Asked::All).await?;
    others.retain(|asset| !names.contains(&asset.name_any()));
    Ok(others)
}

async fn assets(client: &Client, namespace: &str, asked: Asked<'_>) -> Result<Vec<Asset>, Error> {
    let parameters = match asked {
        Asked::Named(name) => {
            let api: Api<Asset> = Api::namespaced(client.clone(), namespace);
            let asset = api.get_opt(name).await.map_err(Error::api("read the Asset"))?;
            return Ok(asset.into_iter().collect());
        }
        Asked::Post { campaign, post } => {
            let post = compared(post);
            let fields = selector(&[("spec.campaign", campaign), ("spec.postId", &post)]);
            ListParams::default().fields(&fields)
        }
        Asked::All => ListParams::default(),
    };
    list(client, namespace, parameters, "list the Assets").await
}

/// The receipts that decisions about these assets depend on: those of their posts, in whatever campaign.
async fn receipts_of(
    client: &Client,
    namespace: &str,
    asked: Asked<'_>,
    assets: &[Asset],
) -> Result<Vec<ReceiptView>, Error> {
    let doing = "list the Receipts";
    if matches!(asked, Asked::All) {
        return guarded(client, namespace, ListParams::default(), doing).await;
    }
    let mut posts: Vec<String> = assets
        .iter()
        .filter_map(|asset| AssetView::of(asset).facts())
        .map(|facts: AssetFacts| {
            facts
                .slot(&facts.campaign, Environment::Production)
                .fields()
                .post_id
                .clone()
        })
        .collect();
    posts.sort();
    posts.dedup();
    let mut receipts = Vec::new();
    for post in posts {
        let parameters = ListParams::default().fields(&selector(&[("spec.slot.postId", &post)]));
        receipts.extend(guarded(client, namespace, parameters, doing).await?);
    }
    Ok(receipts)
}

async fn guarded(
    client: &Client,
    namespace: &str,
    parameters: ListParams,
    doing: &'static str,
) -> Result<Vec<ReceiptView>, Error> {
    let receipts: Vec<Guarded<Receipt>> = pages(client, namespace, parameters, doing).await?;
    let views = receipts.into_iter().map(|DeserializeGuard(read)| match read {
        Ok(receipt) => ReceiptView::of(&receipt),
        Err(invalid) => ReceiptView::unreadable(invalid.metadata, invalid.error),
    });
    Ok(views.collect())
}

/// Every object of a kind that can be read.
async fn list<K>(
    client: &Client,
    namespace: &str,
    parameters: ListParams,
    doing: &'static str,
) -> Result<Vec<K>, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let objects: Vec<Guarded<K>> = pages(client, namespace, parameters, doing).await?;
    Ok(objects.into_iter().filter_map(|guarded| guarded.0.ok()).collect())
}

async fn pages<K>(
    client: &Client,
    namespace: &str,
    parameters: ListParams,
    doing: &'static str,
) -> Result<Vec<K>, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let mut parameters = parameters.limit(PAGE);
    let mut objects = Vec::new();
    loop {
        let page = api.list(&parameters).await.map_err(Error::api(doing))?;
        objects.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(objects),
        }
    }
}
