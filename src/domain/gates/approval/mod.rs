//! Approval: somebody allowed exactly this, and nobody denied it.

mod branch;
mod objects;
mod quorum;
mod record;
mod window;

#[cfg(test)]
mod orderings;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

pub(super) use self::record::since;
pub use self::{
    branch::takes_words_unseen,
    objects::{Setback, setback},
    record::{recorded, told},
};
use super::{
    super::{
        observed::{ApprovalFacts, AssetFacts, CampaignFacts, Observed},
        plan::GateState,
        receipt::shortened,
    },
    closed, target,
};
use crate::api::{ApprovalMode, AssetPhase, Decision, Intent, MissedPolicyKind};

/// Since when and until when the review window is open that an instant lies in; none outside of it, and in other modes.
pub fn open_review(campaign: &CampaignFacts, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let review = campaign.approval.window.as_ref();
    let review = review.filter(|_| campaign.approval.mode == ApprovalMode::Window)?;
    let opening = window::around(review, &campaign.review_zone, now)?;
    Some((opening.from, opening.until))
}

/// How much later than the time that was approved something may go out: longer is another plan.
const LATER: SignedDuration = SignedDuration::from_hours(72);

/// Why a slot waits that a person opened again.
const RELEASED: &str = "ReleasedNeedsApproval";

/// What allows an asset to go out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Permission<'a> {
    /// Since when; none where its row was approved from the first sight on.
    since: Option<Timestamp>,
    /// The Approvals that allow it; none where the branch does.
    approvals: Vec<&'a ApprovalFacts>,
}

/// Why nothing allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    reason: &'static str,
    message: String,
}

fn refusal(reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal {
        reason,
        message: message.into(),
    }
}

pub(super) fn approval(observed: &Observed, now: Timestamp) -> GateState {
    let Observed { asset, campaign, .. } = observed;
    let Some(campaign) = campaign else {
        return GateState::Open;
    };
    match asset.intent {
        Intent::Skip => return GateState::Open,
        Intent::Posted if asset.made.is_some() => {
            let message = "A person published it; its status is posted.";
            return closed(AssetPhase::Posted, "ByHand", message);
        }
        _ => {}
    }
    if let Some(denial) = denial(observed) {
        return denied(denial);
    }
    match permission(observed, campaign, now) {
        Ok(_) => GateState::Open,
        Err(refusal) => unapproved(asset, campaign, refusal, now),
    }
}

/// When somebody last approved exactly the words that the asset has now, as far as that can be believed; none where it was
/// so from the first sight on.
pub(in super::super) fn newest_approval(observed: &Observed) -> Option<Timestamp> {
    let asset = &observed.asset;
    let record = asset.approval.as_ref();
    // The instant is that of the newest digest.
    let newest = record.filter(|record| record.digests.last() == Some(&asset.content_digest));
    let on_the_branch = newest.and_then(|record| record.at.as_ref()).map(|time| time.0);
    let by_approvals = observed.approvals.iter();
    let by_approvals = by_approvals
        .filter(|approval| objects::approves_these_words(observed, approval))
        .map(|approval| approval.created_at);
    by_approvals.chain(on_the_branch).max()
}

/// What allows the asset to go out with these words at this time.
fn permission<'a>(
    observed: &'a Observed,
    campaign: &CampaignFacts,
    now: Timestamp,
) -> Result<Permission<'a>, Refusal> {
    let heard = objects::heard(observed, campaign, now);
    if let Some(glass) = heard.break_glass() {
        return Ok(Permission {
            since: Some(glass.created_at),
            approvals: vec![glass],
        });
    }
    let by_hand = made_by_hand(&observed.asset);
    let branch = branch::permission(observed, campaign, now);
    let refusal = match (by_hand, branch) {
        (Some(refusal), _) | (None, Err(refusal)) => refusal,
        (None, Ok(permission)) => match quorum::demanded(observed, campaign) {
            None => return Ok(permission),
            Some(refusal) => refusal,
        },
    };
    quorum::permission(observed, campaign, &heard)
        .map_err(|missing| heard.explained(missing.unwrap_or(refusal)))
}

/// Nothing that stands on an Asset that somebody made says that anybody approved it.
fn made_by_hand(asset: &AssetFacts) -> Option<Refusal> {
    let message = "This Asset was made by hand; it needs an Approval of its own. Write it into the sheet to publish it from the branch.";
    asset.made.is_none().then(|| refusal("MadeByHand", message))
}

/// A denial of these words; it stands as long as they do, whoever approves them, and whether or not it can be believed.
fn denial(observed: &Observed) -> Option<&ApprovalFacts> {
    let digest = &observed.asset.content_digest;
    let denials = observed.approvals.iter();
    { denials }.find(|approval| approval.decision == Decision::Deny && approval.content_digest == *digest)
}

fn denied(denial: &ApprovalFacts) -> GateState {
    let ApprovalFacts {
        name,
        approver,
        comment,
        ..
    } = denial;
    let comment: String = comment.chars().filter(|letter| !letter.is_control()).collect();
    let message = format!(
        "{approver} denied these words ({name}): {} Change the words, and have those approved.",
        shortened(&comment, 400)
    );
    closed(AssetPhase::Blocked, "Denied", message)
}

/// Whether what was approved for one time is approved for another: up to 72 hours later, never earlier.
fn keeps(approved_for: Option<Timestamp>, publish_at: Option<Timestamp>) -> bool {
    match (approved_for, publish_at) {
        (Some(approved), Some(at)) => approved <= at && at.duration_since(approved) <= LATER,
        _ => true,
    }
}

/// Whether an approval has expired: that counts from the instant at which it is due, so nobody is hurried.
fn is_expired(
    observed: &Observed,
    campaign: &CampaignFacts,
    since: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let Some(after) = campaign.approval.expires_after else {
        return false;
    };
    let due = observed.asset.publish_at.into_iter().chain(since).max();
    let expires = due.and_then(|due| due.checked_add(SignedDuration::try_from(after.0).ok()?).ok());
    expires.is_some_and(|expires| now > expires)
}

fn unapproved(asset: &AssetFacts, campaign: &CampaignFacts, refusal: Refusal, now: Timestamp) -> GateState {
    let Refusal { reason, message } = refusal;
    // A slot is released long after its day: it was published then, and not missed.
    let has_a_day = !asset.is_state() && reason != RELEASED;
    let day_ends = asset.day_ends_at.filter(|_| has_a_day);
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
            message,
            until: Some(end),
        },
        _ => closed(AssetPhase::AwaitingApproval, reason, message),
    }
}
