//! Source: the branch was read and can be trusted, and the asset is what it says.

use jiff::Timestamp;

use super::{
    super::{
        materialise::UNREADABLE,
        observed::{AssetFacts, Observed},
        plan::GateState,
    },
    closed,
};
use crate::api::{AssetPhase, Intent, ReceiptPhase};

pub(super) fn source(observed: &Observed, now: Timestamp) -> GateState {
    let Observed { asset, campaign, .. } = observed;
    if asset.gone {
        let message = "No Asset leads to this slot any more: nothing of it is sent. Where its row returns, it goes on from here.";
        return closed(AssetPhase::Blocked, "AssetGone", message);
    }
    let Some(campaign) = campaign else {
        return closed(
            AssetPhase::Blocked,
            "CampaignMissing",
            format!("There is no Campaign {} in this namespace.", asset.campaign),
        );
    };
    if campaign.deleting || asset.deleting {
        return closed(
            AssetPhase::Blocked,
            "BeingDeleted",
            "It is being deleted; nothing is sent any more.",
        );
    }
    if let Some((reason, message)) = &campaign.source_closed {
        return closed(AssetPhase::Blocked, reason, message.clone());
    }
    if campaign.stale_at.is_some_and(|at| now >= at) {
        return closed(
            AssetPhase::Blocked,
            "SourceStale",
            "The git host has not answered for longer than maxStaleness: nobody knows whether the branch still says this.",
        );
    }
    made(asset)
        .or_else(|| wanted(asset))
        .or_else(|| elsewhere(observed))
        .unwrap_or(GateState::Open)
}

/// Holds a row that another campaign has published from the same file, unless this one sent it too.
fn elsewhere(observed: &Observed) -> Option<GateState> {
    let campaign = observed.published_elsewhere.as_ref()?;
    let phase = observed.receipt.as_ref().map(|receipt| receipt.status.phase);
    if !matches!(phase, None | Some(ReceiptPhase::Claimed)) {
        return None;
    }
    Some(closed(
        AssetPhase::Blocked,
        "PublishedElsewhere",
        format!(
            "Campaign {campaign} has published this row of this file. To publish it again, make a Campaign for each \
             week with a file of its own, or give the row an occurrence."
        ),
    ))
}

/// Holds what is not to the letter what Campanile made from the source.
fn made(asset: &AssetFacts) -> Option<GateState> {
    // What was made by hand is judged by the gate of approval.
    let made = asset.made.as_ref()?;
    if !made.withdrawn.is_empty() {
        return Some(closed(
            AssetPhase::Blocked,
            &made.withdrawn,
            if made.withdrawn == UNREADABLE {
                "The file that names this cannot be read; it is kept, and nothing of it is sent until that is repaired."
            } else {
                "The branch no longer names this; it stays for its receipt alone."
            },
        ));
    }
    (!asset.is_as_made()).then(|| {
        closed(
            AssetPhase::Blocked,
            "EditedByHand",
            "This Asset differs from its source; it is restored from the branch. Change the branch instead.",
        )
    })
}

/// Holds what its own row says must not go.
fn wanted(asset: &AssetFacts) -> Option<GateState> {
    if asset.intent == Intent::Skip {
        return Some(closed(AssetPhase::Skipped, "Skip", "Its status is skip."));
    }
    let (code, message) = asset.stopped_by.as_ref()?;
    let phase = if code == "NotHandled" {
        AssetPhase::Blocked
    } else {
        AssetPhase::Invalid
    };
    Some(closed(phase, code, message.clone()))
}
