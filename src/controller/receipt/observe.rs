//! Reading what a decision about a receipt without an Asset needs.

use kube::{Api, Resource, ResourceExt, runtime::reflector::ObjectRef};

use super::{
    super::{
        asset::{channels_for, process, read_receipt, receipt_facts},
        campaign,
        context::Shared,
        error::Error,
        view::{AssetView, ReceiptView},
    },
    UnsettledReceipt, asset_name, status_of,
};
use crate::{
    api::{Asset, AssetContent, Receipt, RetryPolicy, Target},
    domain::{
        observed::{ChannelClass, ChannelFacts, Observed, campaign_id},
        publication::{Publication, Words},
        slot::Slot,
    },
};

/// What a direct look found.
pub(super) enum Lookup {
    /// No receipt, or none that can be read.
    Gone,
    /// A receipt that an Asset leads to: its Asset looks after it.
    HasAsset(Box<Receipt>),
    /// A receipt that nothing leads to.
    Orphan(Box<Orphan>),
}

/// A receipt that no Asset leads to, and what can be known about it.
pub(super) struct Orphan {
    /// Everything that a decision may know.
    pub(super) observed: Observed,
    /// The receipt, with the version that the next write depends on.
    pub(super) receipt: Receipt,
    retry: RetryPolicy,
    words: Option<Words>,
}

impl Orphan {
    /// As it is settled.
    pub(super) fn unsettled(&self) -> UnsettledReceipt<'_> {
        UnsettledReceipt {
            receipt: &self.receipt,
            observed: &self.observed,
            retry: &self.retry,
        }
    }

    /// What an undecided attempt tried to publish, where the receipt has kept its words.
    pub(super) fn publication(&self) -> Option<Publication> {
        let words = self.words.clone()?;
        Some(Publication::of_record(words, &status_of(&self.receipt)))
    }
}

/// Whether memory knows of an Asset that leads to a receipt.
pub(super) fn has_asset(view: &ReceiptView, shared: &Shared) -> bool {
    let namespace = view.meta().namespace.clone().unwrap_or_default();
    let Some(name) = asset_name(view) else { return true };
    let asset = shared.assets.get(&ObjectRef::new(&name).within(&namespace));
    asset.is_some_and(|asset| leads_to(&asset, view.meta().name.as_deref(), shared))
}

/// Whether the slot of an Asset is that of a receipt; an Asset that cannot be read leads nowhere.
fn leads_to(asset: &AssetView, receipt: Option<&str>, shared: &Shared) -> bool {
    let Some(facts) = asset.facts() else { return false };
    let named = shared.campaign(asset.namespace(), &facts.campaign);
    let id = named
        .as_ref()
        .and_then(|guarded| guarded.0.as_ref().ok())
        .map_or(facts.campaign.as_str(), |campaign| {
            campaign_id(&facts.campaign, &campaign.spec)
        });
    let environment = campaign::environment(shared, asset.namespace(), &facts.target);
    receipt == Some(facts.slot(id, environment).receipt_name().as_str())
}

/// Reads a receipt, and whether there is an Asset for it, directly from the API server.
pub(super) async fn directly(view: &ReceiptView, shared: &Shared) -> Result<Lookup, Error> {
    let namespace = view.meta().namespace.clone().unwrap_or_default();
    let name = view.meta().name.clone().unwrap_or_default();
    // Of one that cannot be read nothing can be said, not even on itself.
    let (Some(now), Some(receipt)) = read_receipt(shared, &namespace, &name).await? else {
        return Ok(Lookup::Gone);
    };
    let slot = Slot::new(&receipt.spec.slot);
    let assets: Api<Asset> = Api::namespaced(shared.client.clone(), &namespace);
    let asset = assets
        .get_opt(&slot.asset_name())
        .await
        .map_err(Error::api("read an Asset"))?;
    if asset.is_some_and(|asset| leads_to(&AssetView::of(&asset), Some(&name), shared)) {
        return Ok(Lookup::HasAsset(Box::new(receipt)));
    }
    let Some(facts) = receipt_facts(shared, &now) else {
        return Ok(Lookup::Gone);
    };
    let words = words(slot, &receipt);
    let channels = channels(shared, &namespace, &receipt, words.is_some()).await?;
    Ok(Lookup::Orphan(Box::new(Orphan {
        observed: Observed::of_orphan(facts, channels, process(shared)),
        retry: retry(shared, &namespace, &receipt),
        receipt,
        words,
    })))
}

/// What was sent, where it was short enough for the receipt to keep.
fn words(slot: Slot, receipt: &Receipt) -> Option<Words> {
    let status = receipt.status.as_ref()?;
    let content: AssetContent = serde_json::from_str(status.sent.as_deref()?).ok()?;
    Some(Words {
        slot,
        type_: status.type_?,
        content,
        due: None,
    })
}

/// The channels that the receipt's slot goes through. Without its words nothing can be looked for.
async fn channels(
    shared: &Shared,
    namespace: &str,
    receipt: &Receipt,
    has_words: bool,
) -> Result<Vec<ChannelFacts>, Error> {
    let slot = &receipt.spec.slot;
    let target = Target {
        platform: slot.platform.clone(),
        account: slot.account.clone(),
    };
    let mut channels = channels_for(shared, namespace, &target).await?;
    channels.retain(|channel| channel.environment == slot.environment);
    if !has_words {
        for channel in &mut channels {
            channel.class = ChannelClass::Neither;
        }
    }
    Ok(channels)
}

/// How the slot's campaign wants to try again, where it still stands.
fn retry(shared: &Shared, namespace: &str, receipt: &Receipt) -> RetryPolicy {
    let campaigns = shared.campaigns.state();
    let campaigns = campaigns.iter().filter_map(|guarded| guarded.0.as_ref().ok());
    let ours = |campaign: &&crate::api::Campaign| {
        campaign.namespace().as_deref() == Some(namespace)
            && campaign_id(&campaign.name_any(), &campaign.spec) == receipt.spec.slot.campaign
    };
    let campaign = { campaigns }.find(ours);
    campaign
        .map(|campaign| campaign.spec.retry.clone())
        .unwrap_or_default()
}
