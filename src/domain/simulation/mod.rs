//! What would happen: the same decisions on a virtual clock, where platforms take whatever is sent to them.

mod half_open;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    decide::decide,
    gates::channel,
    halts::next_hold,
    observed::{ApprovalFacts, Enforcement, Observed, ReceiptFacts},
    plan::{Action, AskOrder, Plan, SendOrder},
    receipt::{self, NewAttempt, Outcome, Person, Proof},
};
use crate::api::{AssetPhase, Decision, Intent, ReceiptStatus, RetryPolicy, Sender};

/// How many actions follow each other at one instant at most: to release, claim and send are three.
const ACTIONS: usize = 6;
/// How often one asset is looked at, at most: nothing that waits for a clock needs as many looks.
const LOOKS: u32 = 100_000;

/// Something that becomes of an asset at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// Which of the assets, in the order in which they were given.
    pub asset: usize,
    /// True where it is sent at that instant.
    pub sent: bool,
    /// Where the asset is from then on.
    pub phase: AssetPhase,
    /// One word that says why.
    pub reason: String,
    /// A sentence that says why.
    pub message: String,
}

/// What would happen between two instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Everything that changes, in order; how every asset stands at the first instant comes first.
    pub happenings: Vec<Happening>,
    /// What is decided for each asset at the last instant.
    pub ends: Vec<Plan>,
}

/// Plays decisions from one instant to another, both included.
///
/// Assets that act at one instant act in the order in which they are given. A send succeeds at once. What is in doubt stays in
/// doubt: nobody knows what a platform would say.
///
/// # Guarantees
/// Equal inputs give equal simulations. Whatever is sent at an instant, [`decide`] says is to be sent then.
pub fn simulate(assets: Vec<Observed>, from: Timestamp, until: Timestamp) -> Simulation {
    let mut stage = Stage {
        wakes: (0..assets.len()).map(|asset| (from, asset)).collect(),
        looks: vec![0; assets.len()],
        said: vec![None; assets.len()],
        assets,
        happenings: Vec::new(),
    };
    while let Some((at, asset)) = stage.wakes.pop_first().filter(|(at, _)| *at <= until) {
        stage.look(asset, at);
    }
    let ends = stage
        .assets
        .iter()
        .map(|observed| decide(observed, until))
        .collect();
    Simulation {
        happenings: stage.happenings,
        ends,
    }
}

struct Stage {
    assets: Vec<Observed>,
    /// When to look at which.
    wakes: BTreeSet<(Timestamp, usize)>,
    looks: Vec<u32>,
    /// Phase and reason as they were told last.
    said: Vec<Option<(AssetPhase, String)>>,
    happenings: Vec<Happening>,
}

impl Stage {
    fn look(&mut self, asset: usize, now: Timestamp) {
        let Some(observed) = self.assets.get_mut(asset) else {
            return;
        };
        let (mut plan, mut sent) = settle(observed, now);
        if let Some(halt) = half_open::to_be_tried(observed, &plan, now) {
            half_open::try_first(&mut self.assets, asset, &halt);
            let Some(observed) = self.assets.get_mut(asset) else {
                return;
            };
            (plan, sent) = settle(observed, now);
        }
        if sent && half_open::went_well(&mut self.assets, asset, now) {
            self.wakes
                .extend((0..self.assets.len()).map(|asset| (now, asset)));
        }
        let wakes = half_open::wake_at(&plan, now).into_iter().chain(plan.wake_at);
        if let Some(at) = wakes.filter(|at| *at > now).min()
            && self.looks_again(asset)
        {
            self.wakes.insert((at, asset));
        }
        self.note(asset, plan, sent, now);
    }

    fn looks_again(&mut self, asset: usize) -> bool {
        self.looks.get_mut(asset).is_some_and(|looks| {
            *looks += 1;
            *looks < LOOKS
        })
    }

    fn note(&mut self, asset: usize, plan: Plan, sent: bool, now: Timestamp) {
        let said = (plan.phase, plan.reason.clone());
        let Some(before) = self.said.get_mut(asset) else {
            return;
        };
        if before.as_ref() == Some(&said) && !sent {
            return;
        }
        *before = Some(said);
        self.happenings.push(Happening {
            at: now,
            asset,
            sent,
            phase: plan.phase,
            reason: plan.reason,
            message: plan.message,
        });
    }
}

/// Acts until there is nothing left to do for now; tells whether anything was sent.
fn settle(observed: &mut Observed, now: Timestamp) -> (Plan, bool) {
    let mut sent = false;
    for _ in 0..ACTIONS {
        let plan = decide(observed, now);
        let Some(next) = acted(observed, &plan, now) else {
            let left = next_hold(observed, plan.phase, now);
            if observed.asset.hold == left {
                return (plan, sent);
            }
            // What a Halt leaves on an asset is written into its status, and counts from then on.
            observed.asset.hold = left;
            continue;
        };
        sent |= matches!(plan.action, Action::Send(_) | Action::Ask(_));
        hold(observed, next);
    }
    (decide(observed, now), sent)
}

/// The receipt after an action; none where nothing is to be done, or where only a platform could tell what comes of it.
fn acted(observed: &Observed, plan: &Plan, now: Timestamp) -> Option<ReceiptStatus> {
    let before = observed
        .receipt
        .as_ref()
        .map(|receipt| receipt.status.clone())
        .unwrap_or_default();
    match &plan.action {
        Action::Claim => Some(before),
        Action::RecordByHand => Some(receipt::by_hand(&before, &observed.asset.content_digest, now)),
        Action::Release => Some(receipt::release(&before)),
        Action::Send(order) => Some(sent(observed, &before, order, now)),
        Action::Ask(order) => Some(published_by_hand(&before, order, now)),
        Action::Withdraw { reason } => Some(receipt::withdraw(&before, reason, now)),
        Action::Wait
        | Action::HoldAsUnknown
        | Action::MarkUnknown { .. }
        | Action::LookUp
        | Action::SettleAbsent => None,
    }
}

fn sent(observed: &Observed, before: &ReceiptStatus, order: &SendOrder, now: Timestamp) -> ReceiptStatus {
    let attempt = NewAttempt {
        id: format!("{}-{}", order.epoch, order.revision),
        sender: Sender::default(),
        prepared_id: order.prepared_id.clone(),
    };
    let proof = Proof {
        type_: Some(observed.asset.type_),
        scheduled_for: observed.asset.publish_at,
        ..Proof::default()
    };
    let id = attempt.id.clone();
    let intent = receipt::begin(before, order, attempt, proof, now);
    let taken = Outcome::Published {
        remote_id: None,
        url: None,
    };
    let campaign = observed.campaign.as_ref();
    let retry = campaign.map_or_else(RetryPolicy::default, |campaign| campaign.retry.clone());
    receipt::record(&intent, &id, &taken, &retry, now)
}

/// A person does at once what is asked, as a platform does.
fn published_by_hand(before: &ReceiptStatus, order: &AskOrder, now: Timestamp) -> ReceiptStatus {
    let asked = receipt::ask(before, order, Proof::default(), now);
    let person = Person {
        by: order.person.clone(),
        reason: "assumed".to_owned(),
    };
    receipt::done(&asked, None, &person, now).unwrap_or(asked)
}

fn hold(observed: &mut Observed, status: ReceiptStatus) {
    if let Some(receipt) = &mut observed.receipt {
        receipt.status = status;
        return;
    }
    let asset = &observed.asset;
    let campaign = observed.campaign.as_ref();
    let id = campaign.map_or(asset.campaign.as_str(), |campaign| &campaign.id);
    let environment = channel(observed)
        .map(|channel| channel.environment)
        .unwrap_or_default();
    let slot = asset.slot(id, environment);
    observed.receipt = Some(ReceiptFacts {
        name: slot.receipt_name(),
        slot: slot.fields().clone(),
        status,
        undecided_seen_for: Duration::MAX,
    });
}

/// Changes what is known of an asset as if a person had approved just these words; a draft stays one.
pub fn as_if_approved(observed: &mut Observed) {
    let asset = &mut observed.asset;
    if asset.intent == Intent::Pending {
        asset.intent = Intent::Approved;
    }
    if asset.intent != Intent::Approved {
        return;
    }
    // As in an emergency: one approval is enough, whatever the campaign asks of approvers.
    observed.approvals.push(ApprovalFacts {
        name: "assumed".to_owned(),
        approver: "a person".to_owned(),
        groups: Vec::new(),
        decision: Decision::Approve,
        content_digest: asset.content_digest.clone(),
        publish_at: None,
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
        comment: String::new(),
        break_glass: Some("assumed".to_owned()),
    });
    observed.enforcement = Enforcement::Since(Timestamp::MIN);
}
