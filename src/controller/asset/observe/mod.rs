//! Reading what a decision needs: from memory for planning, directly before anything is done.

mod around;
mod assemble;
mod direct;

use self::around::Around;
pub(super) use self::direct::{Direct, Known, directly};
pub(in crate::controller) use self::{
    around::{Decided, channels_for},
    assemble::{Read, Witness, assemble, process, receipt_facts, slot},
    direct::read_receipt,
};
use super::super::{
    context::Shared,
    guards::{self, Asked},
    lane,
    view::AssetView,
};
use crate::domain::observed::Observed;

use self::assemble::published_elsewhere;

/// What memory knows of an asset; `None` where its spec cannot be read.
pub(in crate::controller) fn from_memory(shared: &Shared, view: &AssetView) -> Option<Observed> {
    let mut observed = read_from_memory(shared, view)?;
    observed.lane = lane::from_memory(shared, view.namespace(), &observed, shared.clock.now());
    Some(observed)
}

/// The same, without what others took of the room of its account.
pub(in crate::controller) fn alone(shared: &Shared, view: &AssetView) -> Option<Observed> {
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
