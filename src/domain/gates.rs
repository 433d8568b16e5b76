//! The gates, in order: each answers open, waiting until an instant, or closed for a reason.

use jiff::{SignedDuration, Timestamp};

use super::{
    materialise::UNREADABLE,
    observed::{AssetFacts, CampaignFacts, ChannelFacts, Observed},
    plan::{Gate, GateName, GateState},
};
use crate::api::{AssetPhase, BranchApproval, Intent, MissedPolicyKind, ReceiptPhase};

/// How late a send may be and still count as on time under the policy Skip: what a busy minute costs.
const ON_TIME: SignedDuration = SignedDuration::from_mins(1);

/// Every gate with its state; the first that is not open says where the asset is.
pub fn gates(observed: &Observed, now: Timestamp) -> Vec<Gate> {
    let states = [
        (GateName::Source, source(observed, now)),
        (GateName::Target, target(observed)),
        (GateName::Guards, GateState::Open),
        (GateName::Approval, approval(observed, now)),
        (GateName::Switches, switches(observed)),
        (GateName::Limits, limits(observed, now)),
        (GateName::Time, time(observed, now)),
    ];
    states
        .into_iter()
        .map(|(name, state)| Gate { name, state })
        .collect()
}

/// The state of the first gate that is not open.
pub fn first_held(gates: &[Gate]) -> Option<&GateState> {
    gates
        .iter()
        .map(|gate| &gate.state)
        .find(|state| **state != GateState::Open)
}

pub(super) fn closed(phase: AssetPhase, reason: &str, message: impl Into<String>) -> GateState {
    GateState::Closed {
        phase,
        reason: reason.to_owned(),
        message: message.into(),
        until: None,
    }
}

fn source(observed: &Observed, now: Timestamp) -> GateState {
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
    let Some(made) = &asset.made else {
        return Some(closed(
            AssetPhase::AwaitingApproval,
            "MadeByHand",
            "This Asset was made by hand; it needs an Approval of its own. Write it into the sheet to publish it from the branch.",
        ));
    };
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

/// The one channel of the asset's target.
pub(super) fn channel(observed: &Observed) -> Result<&ChannelFacts, GateState> {
    let target = &observed.asset.target;
    match observed.channels.as_slice() {
        [channel] => Ok(channel),
        [] => Err(closed(
            AssetPhase::Blocked,
            "NoChannel",
            format!(
                "No ChannelConfig has platform {} and account {}. Create one.",
                target.platform, target.account
            ),
        )),
        several => Err(closed(
            AssetPhase::Blocked,
            "AmbiguousChannel",
            format!(
                "More than one ChannelConfig has platform {} and account {}: {}. Delete all but one.",
                target.platform,
                target.account,
                several
                    .iter()
                    .map(|channel| channel.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )),
    }
}

fn target(observed: &Observed) -> GateState {
    let channel = match channel(observed) {
        Ok(channel) => channel,
        Err(state) => return state,
    };
    if !channel.missing.is_empty() {
        let missing = channel.missing.join(", ");
        return closed(
            AssetPhase::Blocked,
            "MissingConfig",
            format!(
                "ChannelConfig {} needs what is not there: {missing}.",
                channel.name
            ),
        );
    }
    if let Some((reason, message)) = &channel.unusable {
        return closed(AssetPhase::Blocked, reason, message.clone());
    }
    channel.refused.as_ref().map_or(GateState::Open, |said| {
        closed(
            AssetPhase::Blocked,
            "ChannelRefused",
            format!(
                "The platform refused ChannelConfig {}: {said}. Change its Secret or its spec to try again.",
                channel.name
            ),
        )
    })
}

fn approval(observed: &Observed, now: Timestamp) -> GateState {
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

fn switches(observed: &Observed) -> GateState {
    if let Some((reason, message)) = &observed.process.closed {
        return closed(AssetPhase::Blocked, reason, message.clone());
    }
    if observed
        .campaign
        .as_ref()
        .is_some_and(|campaign| campaign.suspend)
    {
        return closed(
            AssetPhase::Halted,
            "CampaignSuspended",
            "The Campaign has suspend: true.",
        );
    }
    if observed
        .campaign
        .as_ref()
        .is_some_and(|campaign| !campaign.publish_enabled)
    {
        return closed(
            AssetPhase::Halted,
            "CampaignDisabled",
            "The Campaign has publishEnabled: false.",
        );
    }
    match channel(observed) {
        Ok(channel) if !channel.publish_enabled => closed(
            AssetPhase::Halted,
            "ChannelDisabled",
            format!("ChannelConfig {} has publishEnabled: false.", channel.name),
        ),
        _ => GateState::Open,
    }
}

fn limits(observed: &Observed, now: Timestamp) -> GateState {
    match channel(observed)
        .ok()
        .and_then(|channel| channel.rate_limited_until)
    {
        Some(until) if until > now => GateState::Waiting {
            until,
            phase: AssetPhase::Scheduled,
            reason: "RateLimited".to_owned(),
            message: "The platform asked us to wait.".to_owned(),
        },
        _ => GateState::Open,
    }
}

fn time(observed: &Observed, now: Timestamp) -> GateState {
    let Observed { asset, campaign, .. } = observed;
    let Some(campaign) = campaign else {
        return GateState::Open;
    };
    let Some(publish_at) = asset.publish_at else {
        return without_time(asset);
    };
    if now < publish_at {
        return GateState::Waiting {
            until: publish_at,
            phase: AssetPhase::Scheduled,
            reason: "WaitingForTime".to_owned(),
            message: format!("It goes out at {publish_at}."),
        };
    }
    if asset.is_state() || campaign.missed.policy == MissedPolicyKind::Publish {
        return GateState::Open;
    }
    let approved_at = approved_at(asset);
    if matches!((approved_at, asset.day_ends_at), (Some(at), Some(end)) if at >= end) {
        let message = "It was approved after its day had ended. Give it a new date.";
        return closed(AssetPhase::Missed, "NotApprovedInTime", message);
    }
    let due_at = approved_at.map_or(publish_at, |at| publish_at.max(at));
    if now.duration_since(due_at) <= allowed_lateness(campaign) {
        return GateState::Open;
    }
    closed(
        AssetPhase::Missed,
        "NotPublishedInTime",
        format!(
            "Its time was {publish_at}, and the campaign publishes nothing that late. Give it a new date."
        ),
    )
}

/// A page or template may go at any time; a post whose time nobody knows goes at none.
fn without_time(asset: &AssetFacts) -> GateState {
    if asset.is_state() {
        return GateState::Open;
    }
    let message = "Nobody can tell when it is to be published. Give it a date.";
    closed(AssetPhase::Invalid, "TimeUnknown", message)
}

/// The instant of an approval that came after the asset was first seen.
fn approved_at(asset: &AssetFacts) -> Option<Timestamp> {
    let approval = asset.approval.as_ref()?;
    approval.at.as_ref().map(|time| time.0)
}

fn allowed_lateness(campaign: &CampaignFacts) -> SignedDuration {
    match campaign.missed.policy {
        MissedPolicyKind::Skip => ON_TIME,
        MissedPolicyKind::PublishWithin => SignedDuration::try_from(campaign.missed.within.0)
            .unwrap_or(SignedDuration::MAX)
            .max(ON_TIME),
        MissedPolicyKind::Publish => SignedDuration::MAX,
    }
}
