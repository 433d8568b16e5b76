//! Approval: somebody approved exactly this.

use jiff::Timestamp;

use super::{
    super::{
        observed::{AssetFacts, CampaignFacts, Observed},
        plan::GateState,
    },
    closed,
};
use crate::api::{AssetPhase, BranchApproval, Intent, MissedPolicyKind};

pub(super) fn approval(observed: &Observed, now: Timestamp) -> GateState {
    let Observed { asset, campaign, .. } = observed;
    let Some(campaign) = campaign else {
        return GateState::Open;
    };
    let held = match asset.intent {
        Intent::Draft => ("Draft", "Its status is draft: nobody says that it is ready."),
        Intent::Pending => (
            "ReviewPending",
            "Its status is pending: it is ready, and a person has to approve it.",
        ),
        Intent::Skip => return GateState::Open,
        Intent::Posted => {
            let message = "A person published it; its status is posted.";
            return closed(AssetPhase::Posted, "ByHand", message);
        }
        Intent::Approved if is_approved(asset, campaign) => return release_approval(observed),
        Intent::Approved => (
            "ChangedSinceApproval",
            "It was approved with other words. Approve it again: commit with the trailer Campanile-Approve: and its post id, or set the status to pending and then to approved.",
        ),
    };
    unapproved(asset, campaign, held, now)
}

/// When somebody last approved exactly the words that the asset has now; none where it was so from the first sight on.
pub(in super::super) fn newest_approval(observed: &Observed) -> Option<Timestamp> {
    let asset = &observed.asset;
    let record = asset.approval.as_ref()?;
    // The instant is that of the newest digest.
    let newest = record.digests.last() == Some(&asset.content_digest);
    record.at.as_ref().map(|time| time.0).filter(|_| newest)
}

fn is_approved(asset: &AssetFacts, campaign: &CampaignFacts) -> bool {
    campaign.branch_approval == BranchApproval::PerRevision
        || asset
            .approval
            .as_ref()
            .is_some_and(|approval| approval.digests.contains(&asset.content_digest))
}

/// An approval serves one epoch: a slot that was opened again needs a new one.
fn release_approval(observed: &Observed) -> GateState {
    let needed = observed
        .receipt
        .as_ref()
        .is_some_and(|receipt| receipt.status.approval_needed_for_epoch == Some(receipt.status.epoch));
    if !needed {
        return GateState::Open;
    }
    closed(
        AssetPhase::AwaitingApproval,
        "ReleasedNeedsApproval",
        "The slot was released, and an approval serves one epoch. Release it with --approve, or approve it anew.",
    )
}

fn unapproved(asset: &AssetFacts, campaign: &CampaignFacts, held: (&str, &str), now: Timestamp) -> GateState {
    let (reason, message) = held;
    let day_ends = asset.day_ends_at.filter(|_| !asset.is_state());
    let waits_for_ever = campaign.missed.policy == MissedPolicyKind::Publish;
    match day_ends {
        Some(end) if now >= end && !waits_for_ever => closed(
            AssetPhase::Missed,
            "NotApprovedInTime",
            "Nobody approved it before its day ended.",
        ),
        Some(end) if !waits_for_ever => GateState::Closed {
            phase: AssetPhase::AwaitingApproval,
            reason: reason.to_owned(),
            message: message.to_owned(),
            until: Some(end),
        },
        _ => closed(AssetPhase::AwaitingApproval, reason, message),
    }
}
