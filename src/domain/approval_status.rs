//! What people read on an Approval: whether it counts, why not, and what went out by it.

use jiff::Timestamp;

use super::{
    gates::approval::Setback,
    status::{Standing, Statement, standing, statement},
};
use crate::api::{Decision, condition_type::VALID};

/// How an Approval stands for one of its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetStanding {
    /// It counts: the asset may go by it, or must not.
    Counts,
    /// Something went out by it.
    Used,
    /// There is no such asset.
    AssetMissing,
    /// It does not count.
    SetBack(Setback),
}

/// One target of an Approval, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name of the asset.
    pub asset: String,
    /// How the Approval stands for it.
    pub standing: TargetStanding,
}

impl TargetStanding {
    fn reason(&self) -> &'static str {
        match self {
            Self::Counts => "Counts",
            Self::Used => "Used",
            Self::AssetMissing => "AssetMissing",
            Self::SetBack(setback) => setback.reason(),
        }
    }

    fn holds(&self) -> bool {
        matches!(self, Self::Counts | Self::Used)
    }
}

/// What is to be said of an Approval.
pub fn statements(decision: Decision, targets: &[Target]) -> Vec<Statement> {
    let holding = targets.iter().filter(|target| target.standing.holds()).count();
    let first_other = targets.iter().find(|target| !target.standing.holds());
    let (holds, reason, message) = match (holding, first_other) {
        (0, other) => {
            let reason = other.map_or("NoTarget", |other| other.standing.reason());
            (false, reason, other.map_or_else(String::new, why))
        }
        (_, None) => (true, whole(targets), whole_message(decision, targets)),
        (_, Some(other)) => {
            let message = format!("It counts for {holding} of {}. {}", targets.len(), why(other));
            (true, "CountsInPart", message)
        }
    };
    let stands = if holds { Standing::InOrder } else { Standing::Stuck };
    let mut said = standing(stands, reason, &message).to_vec();
    said.push(statement(VALID, holds, reason, &message));
    said
}

fn whole(targets: &[Target]) -> &'static str {
    if targets
        .iter()
        .all(|target| target.standing == TargetStanding::Used)
    {
        "Used"
    } else {
        "Counts"
    }
}

fn whole_message(decision: Decision, targets: &[Target]) -> String {
    let used = targets
        .iter()
        .filter(|target| target.standing == TargetStanding::Used);
    match (decision, used.count()) {
        (Decision::Deny, _) => "It stands until the words change.".to_owned(),
        (Decision::Approve, 0) => "It counts.".to_owned(),
        (Decision::Approve, used) => format!("It counts; {used} of {} went out by it.", targets.len()),
    }
}

fn why(target: &Target) -> String {
    let asset = &target.asset;
    match &target.standing {
        TargetStanding::Counts | TargetStanding::Used => String::new(),
        TargetStanding::AssetMissing => {
            format!("There is no Asset {asset}: see kubectl get assets, and approve by campanile approve.")
        }
        TargetStanding::SetBack(setback @ Setback::NotEnforced(_)) => {
            format!("For Asset {asset} it does not count: {setback}.")
        }
        TargetStanding::SetBack(setback) => {
            format!("For Asset {asset} it does not count: {setback}. Decide anew: campanile approve {asset}.")
        }
    }
}

/// When an Approval is worth another look although nothing changed.
pub fn next_look(expires_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    expires_at.filter(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{due, minutes};

    fn said(decision: Decision, standings: &[TargetStanding]) -> String {
        let targets: Vec<Target> = standings
            .iter()
            .enumerate()
            .map(|(number, standing)| Target {
                asset: format!("asset-{number}"),
                standing: standing.clone(),
            })
            .collect();
        let statements = statements(decision, &targets);
        let valid = statements
            .iter()
            .find(|statement| statement.type_ == VALID)
            .unwrap();
        format!("{:?} {}: {}", valid.status.unwrap(), valid.reason, valid.message)
    }

    #[test]
    fn each_standing_says_whether_it_counts_and_what_to_do() {
        use TargetStanding::{AssetMissing, Counts, SetBack, Used};
        let unknown = SetBack(Setback::OtherWords {
            now: "sha256:now".to_owned(),
        });
        let unproven = SetBack(Setback::NotEnforced("the policy is not there".to_owned()));
        let lines = [
            said(Decision::Approve, &[Counts]),
            said(Decision::Deny, &[Counts]),
            said(Decision::Approve, &[Used, Counts]),
            said(Decision::Approve, &[Used]),
            said(Decision::Approve, &[Counts, SetBack(Setback::Moved)]),
            said(Decision::Approve, &[AssetMissing]),
            said(Decision::Approve, &[unknown]),
            said(Decision::Approve, &[unproven]),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        True Counts: It counts.
        True Counts: It stands until the words change.
        True Counts: It counts; 1 of 2 went out by it.
        True Used: It counts; 1 of 1 went out by it.
        True CountsInPart: It counts for 1 of 2. For Asset asset-1 it does not count: it was for a later time than the asset has now, or for one more than 72 hours earlier. Decide anew: campanile approve asset-1.
        False AssetMissing: There is no Asset asset-0: see kubectl get assets, and approve by campanile approve.
        False OtherWords: For Asset asset-0 it does not count: it is about words that the asset does not have; its digest is sha256:now now. Decide anew: campanile approve asset-0.
        False NotEnforced: For Asset asset-0 it does not count: Approvals are not believed here: the policy is not there.
        ");
    }

    #[test]
    fn an_approval_is_looked_at_again_when_it_ends_and_not_after() {
        assert_eq!(next_look(Some(due()), minutes(-1)), Some(due()));
        assert_eq!(next_look(Some(due()), due()), None);
        assert_eq!(next_look(None, due()), None);
    }
}
