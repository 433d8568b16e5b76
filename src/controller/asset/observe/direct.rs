//! Reading directly from the API server.

use std::sync::Arc;

use futures::future::BoxFuture;
use kube::{Api, core::DeserializeGuard};

use super::{
    super::super::{
        context::{Guarded, Shared},
        error::Error,
        guards::{self, Asked},
        lane,
        view::{AssetView, ReceiptView, version_of},
    },
    around::{Around, Standing},
    assemble::{Read, Witness, assemble, process, published_elsewhere, receipt_facts, slot},
};
use crate::{
    api::{Asset, Campaign, Receipt, ReceiptPhase},
    domain::{limits::LaneFacts, observed::Observed},
};

/// What was read directly: facts, the whole asset, and the receipt as it stands.
pub(in crate::controller::asset) struct Direct {
    /// Everything that a decision may know.
    pub(in crate::controller::asset) observed: Observed,
    /// The asset with its words.
    pub(in crate::controller::asset) asset: Arc<Asset>,
    /// What is kept of it.
    pub(in crate::controller::asset) view: Arc<AssetView>,
    /// The receipt, with the version that the next write depends on.
    pub(in crate::controller::asset) receipt: Option<Receipt>,
    /// The campaign, as it stands on record.
    pub(in crate::controller::asset) campaign: Option<Arc<Campaign>>,
}

/// What the caller knows of the receipt.
#[derive(Clone, Copy)]
pub(in crate::controller::asset) enum Known<'a> {
    /// Nothing that counts: it is to be read.
    Nothing,
    /// This process knows of none. Only a claim may follow from it: the API server refuses that where there is one.
    PresumedAbsent,
    /// This is what the last write of it answered.
    Holds(&'a Receipt),
}

impl Direct {
    /// The same, with the receipt as a write has answered it; what this process knows of itself is looked up again.
    pub(in crate::controller::asset) fn holding(self, shared: &Shared, receipt: Receipt) -> Self {
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
pub(in crate::controller::asset) fn directly<'a>(
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
pub(in crate::controller) async fn read_receipt(
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
