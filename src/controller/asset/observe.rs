//! Reading what a decision needs: from memory for planning, directly before anything is done.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use kube::{Api, ResourceExt, core::DeserializeGuard};

use super::super::{
    admission, approval, campaign, channel_config,
    context::{Guarded, Shared},
    election,
    error::Error,
    guards::{self, Asked},
    halt::{self, Halts},
    lane,
    receipts::Receipts,
    store_age::Closed,
    view::{AssetView, ReceiptView, version_of},
};
use crate::{
    api::{Approval, Asset, Campaign, ChannelConfig, Decision, Receipt, ReceiptPhase, Target},
    domain::{
        gates::approval::takes_words_unseen,
        halts::HaltFacts,
        limits::LaneFacts,
        observed::{
            ApprovalFacts, AssetFacts, CampaignFacts, ChannelFacts, Enforcement, GuardFacts, Observed,
            ProcessFacts, ReceiptFacts,
        },
        slot::Slot,
    },
};

/// What memory knows of an asset; `None` where its spec cannot be read.
pub(in super::super) fn from_memory(shared: &Shared, view: &AssetView) -> Option<Observed> {
    let mut observed = read_from_memory(shared, view)?;
    observed.lane = lane::from_memory(shared, view.namespace(), &observed, shared.clock.now());
    Some(observed)
}

/// The same, without what others took of the room of its account.
pub(in super::super) fn alone(shared: &Shared, view: &AssetView) -> Option<Observed> {
    let mut observed = read_from_memory(shared, view)?;
    observed.lane = lane::without_receipts(shared, view.namespace(), &observed);
    Some(observed)
}

fn read_from_memory(shared: &Shared, view: &AssetView) -> Option<Observed> {
    let asset = &view.facts()?;
    let around = Around::remembered(shared, view.namespace(), asset);
    let campaign = around.campaign_facts(shared);
    let name = slot(asset, campaign.as_ref(), &around.channels).receipt_name();
    let receipt = shared.receipts.get(view.namespace(), &name);
    let elsewhere = published_elsewhere(shared, view, asset, campaign.as_ref(), &around.channels);
    let asked = Asked {
        namespace: view.namespace(),
        asset,
        receipt: receipt.as_deref(),
    };
    let guards = guards::from_memory(shared, around.campaign(), asked);
    Some(assemble(
        Witness::of(shared, view.namespace()),
        asset,
        Read {
            halts: around.halts.matching(view),
            campaign,
            channels: around.channels,
            receipt,
            elsewhere,
            guards,
            decided: around.decided,
        },
    ))
}

/// A Campaign as memory has it, not copied, or as it was read.
enum Standing {
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

    fn whole(self) -> Option<Arc<Campaign>> {
        match self {
            Self::Remembered(guarded) => guarded.0.as_ref().ok().cloned().map(Arc::new),
            Self::Read(campaign) => Some(campaign),
        }
    }
}

/// What an asset is judged with.
struct Around {
    campaign: Option<Standing>,
    channels: Vec<ChannelFacts>,
    halts: Halts,
    decided: Decided,
}

/// What people decided about an asset, and whether that can be believed.
pub(in super::super) struct Decided {
    pub(in super::super) approvals: Vec<ApprovalFacts>,
    pub(in super::super) enforcement: Enforcement,
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
    fn remembered(shared: &Shared, namespace: &str, asset: &AssetFacts) -> Self {
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

    async fn read(shared: &Shared, namespace: &str, asset: &AssetFacts) -> Result<Self, Error> {
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

    fn campaign_facts(&self, shared: &Shared) -> Option<CampaignFacts> {
        self.campaign().map(|campaign| campaign::facts(campaign, shared))
    }

    fn campaign(&self) -> Option<&Campaign> {
        self.campaign.as_ref().and_then(Standing::campaign)
    }
}

fn serves(config: &ChannelConfig, namespace: &str, target: &Target) -> bool {
    config.metadata.namespace.as_deref() == Some(namespace)
        && channel_config::is_for(config, &target.platform, &target.account)
}

/// What was read for one asset: from memory, directly, or by somebody who only looks.
pub(in super::super) struct Read {
    pub(in super::super) campaign: Option<CampaignFacts>,
    pub(in super::super) channels: Vec<ChannelFacts>,
    pub(in super::super) receipt: Option<Arc<ReceiptView>>,
    pub(in super::super) elsewhere: Option<String>,
    pub(in super::super) halts: Vec<HaltFacts>,
    pub(in super::super) guards: GuardFacts,
    pub(in super::super) decided: Decided,
}

/// What a process knows beside what was read.
pub(in super::super) struct Witness<'a> {
    /// Where the asset is.
    pub(in super::super) namespace: &'a str,
    /// The receipts that it has seen, and since when.
    pub(in super::super) receipts: &'a Receipts,
    /// The time on its steady clock.
    pub(in super::super) steady: Duration,
    /// What it knows of itself.
    pub(in super::super) process: ProcessFacts,
}

impl<'a> Witness<'a> {
    fn of(shared: &'a Shared, namespace: &'a str) -> Self {
        Self {
            namespace,
            receipts: &shared.receipts,
            steady: shared.clock.steady(),
            process: process(shared),
        }
    }

    fn receipt(&self, view: &ReceiptView) -> Option<ReceiptFacts> {
        let spec = view.spec.as_ref().ok()?;
        Some(ReceiptFacts {
            name: kube::Resource::meta(view).name.clone().unwrap_or_default(),
            slot: spec.slot.clone(),
            status: (*view.status).clone(),
            undecided_seen_for: self.receipts.undecided_seen_for(view, self.steady),
        })
    }
}

/// Puts together what a decision may know: for the operator as for whoever asks what it would decide.
pub(in super::super) fn assemble(witness: Witness<'_>, asset: &AssetFacts, read: Read) -> Observed {
    Observed {
        first_on_channel: first_on_channel(&witness, asset, &read),
        approvals: read.decided.approvals,
        asset: asset.clone(),
        campaign: read.campaign,
        channels: read.channels,
        published_elsewhere: read.elsewhere,
        halts: read.halts,
        unreadable_receipt: read
            .receipt
            .as_ref()
            .and_then(|receipt| receipt.spec.clone().err()),
        receipt: read.receipt.and_then(|receipt| witness.receipt(&receipt)),
        enforcement: read.decided.enforcement,
        process: witness.process,
        guards: read.guards,
        lane: LaneFacts::default(),
    }
}

/// Whether nothing is known to have been published on the asset's channel. What memory knows is enough: what was published
/// stays so. It is looked for only where words may go out unseen.
fn first_on_channel(witness: &Witness<'_>, asset: &AssetFacts, read: &Read) -> bool {
    let unseen = read.campaign.as_ref().is_some_and(takes_words_unseen);
    let like = || slot(asset, read.campaign.as_ref(), &read.channels);
    unseen && !witness.receipts.any_published(witness.namespace, like().fields())
}

/// Another campaign whose receipt shows the same row of the same file as sent.
fn published_elsewhere(
    shared: &Shared,
    view: &AssetView,
    asset: &AssetFacts,
    campaign: Option<&CampaignFacts>,
    channels: &[ChannelFacts],
) -> Option<String> {
    let source = view.source()?;
    let slot = slot(asset, campaign, channels);
    shared
        .receipts
        .sent_elsewhere(view.namespace(), slot.fields(), &source)
}

/// The slot that an asset fills; without a channel, the one for real.
pub(in super::super) fn slot(
    asset: &AssetFacts,
    campaign: Option<&CampaignFacts>,
    channels: &[ChannelFacts],
) -> Slot {
    let id = campaign.map_or(asset.campaign.as_str(), |campaign| &campaign.id);
    asset.slot(
        id,
        channels
            .first()
            .map(|channel| channel.environment)
            .unwrap_or_default(),
    )
}

pub(in super::super) fn receipt_facts(shared: &Shared, view: &ReceiptView) -> Option<ReceiptFacts> {
    Witness::of(shared, "").receipt(view)
}

/// What this process knows of itself.
pub(in super::super) fn process(shared: &Shared) -> ProcessFacts {
    ProcessFacts {
        live_attempts: shared.live.ids(),
        lease_duration: election::LEASE_DURATION,
        restored_at: shared.restored_at,
        closed: shared.closed().map(Closed::said),
    }
}

/// What was read directly: facts, the whole asset, and the receipt as it stands.
pub(super) struct Direct {
    /// Everything that a decision may know.
    pub(super) observed: Observed,
    /// The asset with its words.
    pub(super) asset: Arc<Asset>,
    /// What is kept of it.
    pub(super) view: Arc<AssetView>,
    /// The receipt, with the version that the next write depends on.
    pub(super) receipt: Option<Receipt>,
    /// The campaign, as it stands on record.
    pub(super) campaign: Option<Arc<Campaign>>,
}

/// What the caller knows of the receipt.
#[derive(Clone, Copy)]
pub(super) enum Known<'a> {
    /// Nothing that counts: it is to be read.
    Nothing,
    /// This process knows of none. Only a claim may follow from it: the API server refuses that where there is one.
    PresumedAbsent,
    /// This is what the last write of it answered.
    Holds(&'a Receipt),
}

impl Direct {
    /// The same, with the receipt as a write has answered it; what this process knows of itself is looked up again.
    pub(super) fn holding(self, shared: &Shared, receipt: Receipt) -> Self {
        let facts = receipt_facts(shared, &ReceiptView::of(&receipt));
        let observed = Observed {
            receipt: facts,
            process: process(shared),
            ..self.observed
        };
        Self {
            observed,
            receipt: Some(receipt),
            ..self
        }
    }
}

/// Reads asset, campaign, channels and, unless the caller knows it, the receipt directly from the API server.
///
/// Before a claim memory is good enough for campaign and channels: a claim sends nothing, and the last look reads them.
/// `None` where the asset is gone or its spec cannot be read.
pub(super) fn directly<'a>(
    shared: &'a Shared,
    view: &'a AssetView,
    known: Known<'a>,
) -> BoxFuture<'a, Result<Option<Direct>, Error>> {
    // Whoever waits for it holds many other things: on the heap it weighs nothing there.
    Box::pin(read_directly(shared, view, known))
}

async fn read_directly(shared: &Shared, view: &AssetView, known: Known<'_>) -> Result<Option<Direct>, Error> {
    let namespace = view.namespace();
    let (asset, around) = futures::future::join(read_asset(shared, view), around(shared, view, known)).await;
    let (Some(asset), around) = (asset?, around?) else {
        return Ok(None);
    };
    let newest = Arc::new(AssetView::of(&asset));
    let Some(facts) = &newest.facts() else {
        return Ok(None);
    };
    let same = view
        .facts()
        .is_some_and(|told| told.campaign == facts.campaign && told.target == facts.target);
    let around = match around.filter(|_| same) {
        Some(around) => around,
        None => Around::read(shared, namespace, facts).await?,
    };
    let campaign = around.campaign_facts(shared);
    let (receipt_view, receipt) = match known {
        Known::Holds(receipt) => (Some(ReceiptView::of(receipt)), Some(receipt.clone())),
        Known::PresumedAbsent => (None, None),
        Known::Nothing => {
            let name = slot(facts, campaign.as_ref(), &around.channels).receipt_name();
            read_receipt(shared, namespace, &name).await?
        }
    };
    let asked = Asked {
        namespace,
        asset: facts,
        receipt: receipt_view.as_ref(),
    };
    let named = around.campaign();
    let guards = match known {
        Known::PresumedAbsent => guards::from_memory(shared, named, asked),
        Known::Nothing | Known::Holds(_) => Box::pin(guards::directly(shared, named, &asset, asked)).await?,
    };
    let read = Read {
        elsewhere: published_elsewhere(shared, &newest, facts, campaign.as_ref(), &around.channels),
        halts: around.halts.matching(&newest),
        campaign,
        channels: around.channels,
        receipt: receipt_view.map(Arc::new),
        guards,
        decided: around.decided,
    };
    let mut observed = assemble(Witness::of(shared, namespace), facts, read);
    if lane::asks(&observed) {
        observed.lane = Box::pin(lane_of(shared, namespace, &observed, known)).await?;
    }
    Ok(Some(Direct {
        observed,
        asset,
        view: Arc::clone(&newest),
        receipt,
        campaign: around.campaign.and_then(Standing::whole),
    }))
}

/// What its lanes leave an asset; before a claim as memory knows it.
async fn lane_of(
    shared: &Shared,
    namespace: &str,
    observed: &Observed,
    known: Known<'_>,
) -> Result<LaneFacts, Error> {
    match known {
        Known::PresumedAbsent => {
            let now = shared.clock.now();
            Ok(lane::from_memory(shared, namespace, observed, now))
        }
        Known::Holds(receipt) if is_being_sent(receipt) => {
            let ours = version_of(&receipt.metadata);
            lane::directly(shared, namespace, observed, Some(ours)).await
        }
        Known::Nothing | Known::Holds(_) => lane::directly(shared, namespace, observed, None).await,
    }
}

async fn read_asset(shared: &Shared, view: &AssetView) -> Result<Option<Arc<Asset>>, Error> {
    let assets: Api<Asset> = Api::namespaced(shared.client.clone(), view.namespace());
    let asset = assets.get_opt(view.name()).await;
    Ok(asset.map_err(Error::api("read an Asset"))?.map(Arc::new))
}

/// What an asset is judged with by what memory knows of it, while itself is read; none where memory cannot tell.
async fn around(shared: &Shared, view: &AssetView, known: Known<'_>) -> Result<Option<Around>, Error> {
    let Some(told) = view.facts() else { return Ok(None) };
    match known {
        Known::PresumedAbsent => Ok(Some(Around::remembered(shared, view.namespace(), &told))),
        Known::Nothing | Known::Holds(_) => Around::read(shared, view.namespace(), &told).await.map(Some),
    }
}

fn is_being_sent(receipt: &Receipt) -> bool {
    let status = receipt.status.as_ref();
    status.is_some_and(|status| status.phase == ReceiptPhase::Sending)
}

/// A receipt as it stands, and what decisions need of it; that alone where it cannot be read.
pub(in super::super) async fn read_receipt(
    shared: &Shared,
    namespace: &str,
    name: &str,
) -> Result<(Option<ReceiptView>, Option<Receipt>), Error> {
    let receipts: Api<Guarded<Receipt>> = Api::namespaced(shared.client.clone(), namespace);
    let guarded = receipts
        .get_opt(name)
        .await
        .map_err(Error::api("read a Receipt"))?;
    let Some(DeserializeGuard(read)) = guarded else {
        return Ok((None, None));
    };
    match read {
        Ok(receipt) => {
            let view = ReceiptView::of(&receipt);
            shared.receipts.wrote(view.clone(), shared.clock.steady());
            Ok((Some(view), Some(receipt)))
        }
        Err(invalid) => Ok((
            Some(ReceiptView::unreadable(invalid.metadata, invalid.error)),
            None,
        )),
    }
}

/// Every channel for the target, listed directly: one that was made since is not overlooked.
pub(in super::super) async fn channels_for(
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
