//! What the branch approves: the status `approved`, and trailers.

use jiff::Timestamp;

use super::{
    super::super::{
        observed::{AssetFacts, CampaignFacts, Observed},
        schedule::local_text,
    },
    Permission, Refusal, is_expired, keeps, refusal, window,
};
use crate::api::{AlwaysFor, ApprovalMode, AssetType, BranchApproval, BranchApprovalRecord, Intent};

/// How words are approved again.
const AGAIN: &str = "Approve it again: campanile approve, or a commit with the trailer Campanile-Approve: and its post \
                     id, or set the status to pending and then to approved.";

/// What the branch says of the asset as it is now.
pub(super) fn permission<'a>(
    observed: &Observed,
    campaign: &CampaignFacts,
    now: Timestamp,
) -> Result<Permission<'a>, Refusal> {
    let asset = &observed.asset;
    wanted(asset)?;
    let record = of_these_words(asset);
    if !takes_words_unseen(campaign) {
        let record = record.ok_or_else(changed)?;
        if !keeps(record.publish_at.as_ref().map(|time| time.0), asset.publish_at) {
            return Err(moved());
        }
    } else if record.is_none()
        && let Some(refusal) = needs_a_person(observed, campaign)
    {
        return Err(refusal);
    }
    let since = record.and_then(|record| record.at.as_ref()).map(|time| time.0);
    if is_expired(observed, campaign, since, now) {
        let message = format!("It was approved, and the approval has expired. {AGAIN}");
        return Err(refusal("ApprovalExpired", message));
    }
    in_window(campaign, since, now)?;
    Ok(Permission {
        since,
        approvals: Vec::new(),
    })
}

/// What the status of its row asks for.
fn wanted(asset: &AssetFacts) -> Result<(), Refusal> {
    match asset.intent {
        Intent::Draft => Err(refusal(
            "Draft",
            "Its status is draft: nobody says that it is ready.",
        )),
        Intent::Pending => Err(refusal(
            "ReviewPending",
            "Its status is pending: it is ready, and a person has to approve it.",
        )),
        Intent::Approved | Intent::Skip | Intent::Posted => Ok(()),
    }
}

/// The record of the branch, where it has approved these very words.
pub(super) fn of_these_words(asset: &AssetFacts) -> Option<&BranchApprovalRecord> {
    let record = asset.approval.as_ref()?;
    record.digests.contains(&asset.content_digest).then_some(record)
}

/// Whether words may go out that nobody approved one by one.
pub fn takes_words_unseen(campaign: &CampaignFacts) -> bool {
    campaign.approval.mode == ApprovalMode::Autonomous
        || campaign.approval.branch == BranchApproval::PerRevision
}

/// What needs a person although words may go out unseen.
fn needs_a_person(observed: &Observed, campaign: &CampaignFacts) -> Option<Refusal> {
    if observed.first_on_channel {
        let message =
            format!("Nothing was published on this channel yet: the first time needs a person. {AGAIN}");
        return Some(refusal("FirstPublicationOnChannel", message));
    }
    let type_ = match observed.asset.type_ {
        AssetType::Post => AlwaysFor::Post,
        AssetType::Email => AlwaysFor::Email,
        AssetType::Template => AlwaysFor::Template,
        AssetType::Page => AlwaysFor::Page,
    };
    let listed = campaign.approval.always_for.contains(&type_);
    listed.then(|| {
        let message = format!("spec.approval.alwaysFor names {type_:?}: a person has to approve it. {AGAIN}");
        refusal("ApprovalNeeded", message)
    })
}

fn changed() -> Refusal {
    refusal(
        "ChangedSinceApproval",
        format!("It was approved with other words. {AGAIN}"),
    )
}

fn moved() -> Refusal {
    let message = format!("It was approved for a later time, or for one more than 72 hours earlier. {AGAIN}");
    refusal("MovedSinceApproval", message)
}

/// In mode Window a decision counts that was made in the window.
fn in_window(campaign: &CampaignFacts, since: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    let (ApprovalMode::Window, zone) = (campaign.approval.mode, &campaign.review_zone) else {
        return Ok(());
    };
    let Some(review) = &campaign.approval.window else {
        let message = "spec.approval.mode is Window, and spec.approval.window is missing: set it.";
        return Err(refusal("WindowClosed", message));
    };
    if since.is_some_and(|since| window::around(review, zone, since).is_some()) {
        return Ok(());
    }
    Err(undecided(review, zone, now))
}

fn undecided(review: &crate::api::ReviewWindow, zone: &str, now: Timestamp) -> Refusal {
    let local = |instant| local_text(instant, zone).unwrap_or_default();
    if let Some(open) = window::around(review, zone, now) {
        let message = format!(
            "The review window is open until {}: approve it now.",
            local(open.until)
        );
        return refusal("ApprovalNeeded", message);
    }
    let message = match window::next(review, zone, now) {
        Some(opens) => format!(
            "Nobody decided about it in the review window, which opens again {}.",
            local(opens)
        ),
        None => {
            format!("The review window never opens: spec.approval.window or its time zone {zone} is wrong.")
        }
    };
    refusal("WindowClosed", message)
}
