//! Who has to approve, and whether they have: people that only Approvals prove.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    super::super::observed::{ApprovalFacts, CampaignFacts, Observed},
    Permission, RELEASED, Refusal,
    objects::Heard,
    refusal, target,
};
use crate::api::Approvers;

/// Why the branch alone is not enough, although it approves; none where it is.
pub(super) fn demanded(observed: &Observed, campaign: &CampaignFacts) -> Option<Refusal> {
    released(observed)
        .or_else(|| sensitive(observed))
        .or_else(|| people(observed, campaign))
}

/// What a rule calls for a person about needs one who is proven to be one: no status of a row is.
fn sensitive(observed: &Observed) -> Option<Refusal> {
    let rules = &observed.guards.verdict.as_ref()?.require_approval;
    let message = format!(
        "A person has to read it, says {}. Approve it: campanile approve.",
        rules.join(", ")
    );
    (!rules.is_empty()).then(|| refusal("ApprovalNeeded", message))
}

/// An approval serves one epoch: a slot that was opened again needs a new one.
fn released(observed: &Observed) -> Option<Refusal> {
    let needed = observed
        .receipt
        .as_ref()
        .is_some_and(|receipt| receipt.status.approval_needed_for_epoch == Some(receipt.status.epoch));
    let message = "The slot was released, and an approval serves one epoch. Release it with --approve, or approve it anew: campanile approve.";
    needed.then(|| refusal(RELEASED, message))
}

fn people(observed: &Observed, campaign: &CampaignFacts) -> Option<Refusal> {
    let demands = Demands::of(observed, campaign);
    let asks = demands.approvers != &Approvers::default() || !demands.owners.is_empty();
    asks.then(|| demands.unmet(&[]))
}

/// What a campaign and a channel ask of the people who approve.
struct Demands<'a> {
    approvers: &'a Approvers,
    owners: &'a [String],
    author: Option<&'a str>,
}

impl<'a> Demands<'a> {
    fn of(observed: &'a Observed, campaign: &'a CampaignFacts) -> Self {
        let owners = target::channel(observed).map_or(&[][..], |channel| channel.approvers.as_slice());
        Self {
            approvers: &campaign.approval.approvers,
            owners,
            author: observed.asset.author.as_deref(),
        }
    }

    /// How many people. One of those whom we count may be the author where nobody knows who that is.
    fn people(&self) -> usize {
        let minimum = usize::try_from(self.approvers.minimum)
            .unwrap_or(usize::MAX)
            .max(1);
        let doubt = self.approvers.forbid_author && self.author.is_none();
        minimum.saturating_add(usize::from(doubt))
    }

    fn takes(&self, approval: &ApprovalFacts) -> bool {
        let Approvers {
            groups,
            forbid_author,
            ..
        } = self.approvers;
        let in_a_group = groups.is_empty() || approval.groups.iter().any(|group| groups.contains(group));
        let author = *forbid_author
            && self
                .author
                .is_some_and(|author| is_author(&approval.approver, author));
        in_a_group && !author
    }

    fn is_owner(&self, approval: &ApprovalFacts) -> bool {
        self.owners.contains(&approval.approver)
    }

    fn unmet(&self, have: &[&str]) -> Refusal {
        let mut asked = format!("It needs Approvals of {} of", self.people());
        match self.approvers.groups.as_slice() {
            [] => asked.push_str(" the people who may approve"),
            groups => asked = format!("{asked} {}", groups.join(", ")),
        }
        match (self.approvers.forbid_author, self.author) {
            (true, Some(author)) => asked = format!("{asked}, other than {author} who wrote it"),
            (true, None) => asked.push_str(" (one more than the minimum: nobody knows who wrote it)"),
            _ => {}
        }
        if !self.owners.is_empty() {
            asked = format!("{asked}; and of {} for this channel", self.owners.join(" or "));
        }
        let have = match have {
            [] => "nobody".to_owned(),
            have => have.join(", "),
        };
        let message = format!("{asked}. So far: {have}. Approve it: campanile approve.");
        refusal("ApproversMissing", message)
    }
}

/// Whether an approver is whom a commit names as author, as `Name <address>`: in doubt they are one.
fn is_author(approver: &str, author: &str) -> bool {
    let compared = |text: &str| text.trim().to_lowercase();
    let (name, address) = author.split_once('<').unwrap_or((author, ""));
    let address = compared(address.trim_end_matches('>'));
    let local = address.split('@').next().unwrap_or_default().to_owned();
    let approver = compared(approver);
    // As in `oidc:dana@example.com`, where the API server puts a prefix before the names of a provider.
    let bare = approver
        .rsplit([':', '#', '/'])
        .next()
        .unwrap_or_default()
        .to_owned();
    let bare_local = bare.split('@').next().unwrap_or_default().to_owned();
    let authors = [compared(name), address, local];
    let approvers = [approver, bare, bare_local];
    approvers
        .iter()
        .any(|approver| !approver.is_empty() && authors.contains(approver))
}

/// What the Approvals that count allow; `Err(None)` where there are none.
pub(super) fn permission<'a>(
    observed: &Observed,
    campaign: &CampaignFacts,
    heard: &Heard<'a>,
) -> Result<Permission<'a>, Option<Refusal>> {
    if heard.counting.is_empty() {
        return Err(None);
    }
    let demands = Demands::of(observed, campaign);
    let mut people: BTreeMap<&str, &ApprovalFacts> = BTreeMap::new();
    for approval in heard.counting.iter().filter(|approval| demands.takes(approval)) {
        people.entry(&approval.approver).or_insert(approval);
    }
    let mut approvals: Vec<&ApprovalFacts> = people.into_values().collect();
    approvals.sort_by_key(|approval| approval.created_at);
    approvals.truncate(demands.people());
    let owner = heard.counting.iter().find(|approval| demands.is_owner(approval));
    let met = approvals.len() == demands.people() && (demands.owners.is_empty() || owner.is_some());
    if !met {
        let have: Vec<&str> = approvals
            .iter()
            .map(|approval| approval.approver.as_str())
            .collect();
        return Err(Some(demands.unmet(&have)));
    }
    if let Some(owner) = owner
        && !approvals.contains(owner)
    {
        approvals.push(owner);
    }
    Ok(Permission {
        since: latest(&approvals),
        approvals,
    })
}

/// The asset is approved from the last of the approvals on that it needs.
fn latest(approvals: &[&ApprovalFacts]) -> Option<Timestamp> {
    approvals.iter().map(|approval| approval.created_at).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_is_known_by_name_address_and_the_name_that_a_provider_gives() {
        let dana = "Dana Levi <dana@example.com>";
        for approver in [
            "dana",
            "Dana",
            "dana@example.com",
            "DANA@example.com",
            "dana levi",
            "oidc:dana@example.com",
            "oidc:dana",
            "https://accounts.example.com#dana",
            "dana@corp.example",
        ] {
            assert!(is_author(approver, dana), "{approver}");
        }
        for approver in ["maya", "dan", "danalevi", "", "example.com"] {
            assert!(!is_author(approver, dana), "{approver}");
        }
        assert!(!is_author("maya", "<>") && !is_author("", "<>"));
    }
}
