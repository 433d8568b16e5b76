//! What is kept of the decisions that allowed a send.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    super::super::{
        observed::{ApprovalFacts, CampaignFacts, Observed},
        receipt::shortened,
    },
    Permission, branch, permission,
};
use crate::api::{Decision, ReceiptApproval};

/// Since when an asset is approved, where that was after it was first seen.
pub(in super::super) fn since(observed: &Observed, now: Timestamp) -> Option<Timestamp> {
    permission(observed, observed.campaign.as_ref()?, now).ok()?.since
}

/// Each decision that allows the asset to go out now; none where nothing does.
pub fn recorded(observed: &Observed, now: Timestamp) -> Vec<ReceiptApproval> {
    let Some(campaign) = &observed.campaign else {
        return Vec::new();
    };
    match permission(observed, campaign, now) {
        Err(_) => Vec::new(),
        Ok(Permission { since, approvals }) if approvals.is_empty() => {
            vec![of_the_branch(observed, campaign, since)]
        }
        Ok(Permission { approvals, .. }) => approvals
            .into_iter()
            .map(|approval| of_an_approval(approval, campaign))
            .collect(),
    }
}

fn of_the_branch(observed: &Observed, campaign: &CampaignFacts, since: Option<Timestamp>) -> ReceiptApproval {
    let record = branch::of_these_words(&observed.asset);
    ReceiptApproval {
        name: None,
        approver: record.and_then(|record| record.by.clone()),
        decision: Decision::Approve,
        digest: observed.asset.content_digest.clone(),
        mode: campaign.approval.mode,
        at: since.map(Time),
        revision: record.map(|record| record.revision.clone()),
        break_glass: None,
    }
}

fn of_an_approval(approval: &ApprovalFacts, campaign: &CampaignFacts) -> ReceiptApproval {
    ReceiptApproval {
        name: Some(approval.name.clone()),
        approver: Some(approval.approver.clone()),
        decision: approval.decision,
        digest: approval.content_digest.clone(),
        mode: campaign.approval.mode,
        at: Some(Time(approval.created_at)),
        revision: None,
        break_glass: approval.break_glass.clone(),
    }
}

/// The decisions that allowed a send in one line, for people; none where there were none.
pub fn told(approvals: &[ReceiptApproval]) -> Option<String> {
    let lines: Vec<String> = approvals.iter().map(line).collect();
    (!lines.is_empty()).then(|| shortened(&lines.join("; "), 500))
}

fn line(approval: &ReceiptApproval) -> String {
    let approver = approval
        .approver
        .as_deref()
        .unwrap_or("an author that the history does not tell");
    match (&approval.name, &approval.break_glass, &approval.revision) {
        (Some(name), Some(emergency), _) => format!("{approver}, {name}, in an emergency: {emergency}"),
        (Some(name), None, _) => format!("{approver}, {name}"),
        (None, _, Some(revision)) => format!("branch, {approver}, {revision}"),
        (None, _, None) => format!(
            "branch, mode {:?}: nobody approved these words one by one",
            approval.mode
        ),
    }
}
