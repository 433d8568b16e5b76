//! Putting together what a decision may know.

use std::{sync::Arc, time::Duration};

use super::{
    super::super::{
        context::Shared,
        election,
        receipts::Receipts,
        store_age::Closed,
        view::{AssetView, ReceiptView},
    },
    around::Decided,
};
use crate::domain::{
    gates::approval::takes_words_unseen,
    halts::HaltFacts,
    limits::LaneFacts,
    observed::{AssetFacts, CampaignFacts, ChannelFacts, GuardFacts, Observed, ProcessFacts, ReceiptFacts},
    slot::Slot,
};

/// What was read for one asset: from memory, directly, or by somebody who only looks.
pub(in crate::controller) struct Read {
    pub(in crate::controller) campaign: Option<CampaignFacts>,
    pub(in crate::controller) channels: Vec<ChannelFacts>,
    pub(in crate::controller) receipt: Option<Arc<ReceiptView>>,
    pub(in crate::controller) elsewhere: Option<String>,
    pub(in crate::controller) halts: Vec<HaltFacts>,
    pub(in crate::controller) guards: GuardFacts,
    pub(in crate::controller) decided: Decided,
}

/// What a process knows beside what was read.
pub(in crate::controller) struct Witness<'a> {
    /// Where the asset is.
    pub(in crate::controller) namespace: &'a str,
    /// The receipts that it has seen, and since when.
    pub(in crate::controller) receipts: &'a Receipts,
    /// The time on its steady clock.
    pub(in crate::controller) steady: Duration,
    /// What it knows of itself.
    pub(in crate::controller) process: ProcessFacts,
}

impl<'a> Witness<'a> {
    /// This process.
    pub(super) fn of(shared: &'a Shared, namespace: &'a str) -> Self {
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
pub(in crate::controller) fn assemble(witness: Witness<'_>, asset: &AssetFacts, read: Read) -> Observed {
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
pub(super) fn published_elsewhere(
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
pub(in crate::controller) fn slot(
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

pub(in crate::controller) fn receipt_facts(shared: &Shared, view: &ReceiptView) -> Option<ReceiptFacts> {
    Witness::of(shared, "").receipt(view)
}

/// What this process knows of itself.
pub(in crate::controller) fn process(shared: &Shared) -> ProcessFacts {
    ProcessFacts {
        live_attempts: shared.live.ids(),
        lease_duration: election::LEASE_DURATION,
        restored_at: shared.restored_at,
        closed: shared.closed().map(Closed::said),
    }
}
