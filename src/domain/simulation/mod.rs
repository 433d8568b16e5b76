//! What would happen: the same decisions on a virtual clock, where platforms take whatever is sent to them.

mod half_open;
#[cfg(test)]
mod lanes_tests;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    decide::decide,
    gates::{channel, needs_a_lane},
    halts::next_hold,
    lanes::{Lanes, Surroundings},
    observed::{ApprovalFacts, Enforcement, Observed, ReceiptFacts},
    plan::{Action, AskOrder, Plan, SendOrder, Warning},
    receipt::{self, NewAttempt, Outcome, Person, Proof},
};
use crate::api::{AssetPhase, Decision, Intent, ReceiptStatus, RetryPolicy, Sender};

/// How many actions follow each other at one instant at most: to release, claim and send are three.
const ACTIONS: usize = 6;
/// How often one asset is looked at, at most: nothing that waits for a clock needs as many looks.
const LOOKS: u32 = 100_000;

/// Why an asset waits whose time has not come.
const WAITING_FOR_TIME: &str = "WaitingForTime";

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
    /// What it had waited for until then, where it was held when its time had come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waited_for: Option<String>,
    /// Why there is no room for it before it is missed, or was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_room: Option<Warning>,
}

/// How an asset stands at the last instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What is decided then.
    pub plan: Plan,
    /// Why there is no room for it before it is missed, or was none.
    pub no_room: Option<Warning>,
}

/// What would happen between two instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Everything that changes, in order; how every asset stands at the first instant comes first.
    pub happenings: Vec<Happening>,
    /// How each asset stands at the last instant.
    pub ends: Vec<End>,
}

/// Plays decisions about the assets of one namespace from one instant to another, both included.
///
/// A send succeeds at once. What is in doubt stays in doubt: nobody knows what a platform would say. Whoever depends on the
/// room of an account, of a campaign or of an app, or on another post, is judged by what went out before, in line.
///
/// # Guarantees
/// Equal inputs give equal simulations. Whatever is sent at an instant, [`decide`] says is to be sent then.
pub fn simulate(
    assets: Vec<Observed>,
    surroundings: Surroundings,
    from: Timestamp,
    until: Timestamp,
) -> Simulation {
    let lanes = Lanes::of(&assets, surroundings);
    Stage::set(assets, lanes, from).played(until)
}

struct Stage {
    assets: Vec<Observed>,
    lanes: Lanes,
    /// When to look at which.
    wakes: BTreeSet<(Timestamp, usize)>,
    looks: Vec<u32>,
    said: Vec<Option<Said>>,
    happenings: Vec<Happening>,
}

/// What was told of an asset last.
#[derive(Clone, Debug)]
struct Said {
    phase: AssetPhase,
    reason: String,
    no_room: Option<Warning>,
}

impl Stage {
    fn set(assets: Vec<Observed>, lanes: Lanes, from: Timestamp) -> Self {
        Self {
            wakes: (0..assets.len()).map(|asset| (from, asset)).collect(),
            looks: vec![0; assets.len()],
            said: vec![None; assets.len()],
            lanes,
            assets,
            happenings: Vec::new(),
        }
    }

    fn played(mut self, until: Timestamp) -> Simulation {
        while let Some((now, _)) = self.wakes.first().copied().filter(|(at, _)| *at <= until) {
            self.play(now);
        }
        let happenings = std::mem::take(&mut self.happenings);
        let ends = (0..self.assets.len()).filter_map(|asset| self.end(asset, until));
        Simulation {
            ends: ends.collect(),
            happenings,
        }
    }

    /// Everything that happens at one instant to those who are awake then.
    fn play(&mut self, now: Timestamp) {
        let mut awake = Vec::new();
        while self.wakes.first().is_some_and(|(at, _)| *at <= now) {
            awake.extend(self.wakes.pop_first().map(|(_, asset)| asset));
        }
        let news = self.lanes.line_up(&mut self.assets, &awake, now);
        self.wakes.extend(news.into_iter().map(|asset| (now, asset)));
        for asset in awake {
            self.look(asset, now);
        }
    }

    fn look(&mut self, asset: usize, now: Timestamp) {
        self.tell_lanes(asset, now);
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
        self.tell_others(asset, &plan, sent, now);
        self.note(asset, plan, sent, now);
    }

    /// What others leave an asset by now.
    fn tell_lanes(&mut self, asset: usize, now: Timestamp) {
        if !self.lanes.asks(asset) {
            return;
        }
        let lane = self.lanes.facts(&self.assets, asset, now);
        if let Some(observed) = self.assets.get_mut(asset) {
            observed.lane = lane;
        }
    }

    /// What has become of an asset counts for its lanes, and for those that go out after it.
    fn tell_others(&mut self, asset: usize, plan: &Plan, sent: bool, now: Timestamp) {
        let Some(observed) = self.assets.get_mut(asset) else {
            return;
        };
        let moved = observed.asset.phase.replace(plan.phase) != Some(plan.phase);
        self.lanes.note(asset, observed, sent);
        if sent || moved {
            let followers = self.lanes.followers(observed);
            self.wakes
                .extend(followers.into_iter().map(|follower| (now, follower)));
        }
    }

    fn looks_again(&mut self, asset: usize) -> bool {
        self.looks.get_mut(asset).is_some_and(|looks| {
            *looks += 1;
            *looks < LOOKS
        })
    }

    fn note(&mut self, asset: usize, plan: Plan, sent: bool, now: Timestamp) {
        let no_room = self.no_room(asset, &plan);
        let Some(said) = self
            .said
            .get_mut(asset)
            .filter(|_| !has_no_turn(&plan, self.assets.get(asset)))
        else {
            return;
        };
        let before = said.replace(Said {
            phase: plan.phase,
            reason: plan.reason.clone(),
            no_room: no_room.clone(),
        });
        let same = |before: &Said| {
            (before.phase, &before.reason, before.no_room.is_some())
                == (plan.phase, &plan.reason, no_room.is_some())
        };
        if !sent && before.as_ref().is_some_and(same) {
            return;
        }
        let held = |before: &Said| before.phase == AssetPhase::Scheduled && before.reason != WAITING_FOR_TIME;
        self.happenings.push(Happening {
            at: now,
            asset,
            sent,
            phase: plan.phase,
            reason: plan.reason,
            message: plan.message,
            waited_for: before.filter(held).map(|before| before.reason),
            no_room,
        });
    }

    /// Why there is no room for an asset; for one that is missed, why there was none.
    fn no_room(&self, asset: usize, plan: &Plan) -> Option<Warning> {
        let before = self.said.get(asset).and_then(Option::as_ref);
        let waited = |before: &&Said| matches!(before.phase, AssetPhase::Scheduled | AssetPhase::Missed);
        let was = before.filter(|_| plan.phase == AssetPhase::Missed).filter(waited);
        let was = was.and_then(|before| before.no_room.clone());
        plan.would_be_missed.clone().or(was)
    }

    fn end(&mut self, asset: usize, until: Timestamp) -> Option<End> {
        self.tell_lanes(asset, until);
        let plan = decide(self.assets.get(asset)?, until);
        let no_room = self.no_room(asset, &plan);
        Some(End { plan, no_room })
    }
}

/// True for what is to be sent, and found no place in the line yet: it follows when others have gone.
fn has_no_turn(plan: &Plan, observed: Option<&Observed>) -> bool {
    let acts = matches!(plan.action, Action::Claim | Action::Send(_));
    acts && observed.is_some_and(|observed| observed.lane.turn.is_none() && needs_a_lane(observed))
}

/// Acts until there is nothing left to do for now; tells whether anything was sent.
fn settle(observed: &mut Observed, now: Timestamp) -> (Plan, bool) {
    let mut sent = false;
    for _ in 0..ACTIONS {
        let plan = decide(observed, now);
        if has_no_turn(&plan, Some(observed)) {
            return (plan, sent);
        }
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
        remote_id: Some(id.clone()),
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
