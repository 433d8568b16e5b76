//! What a person publishes by hand: asked once, taken back where a gate closes, and waited for.

use jiff::{SignedDuration, Timestamp};

use super::{held, plan, send_order};
use crate::{
    api::{AssetPhase, ManualChannel, PersonAsked},
    domain::{
        gates::channel,
        materialise::UNREADABLE,
        observed::{AssetFacts, Observed, ReceiptFacts},
        plan::{Action, AskOrder, Gate, GateName, GateState, Plan},
        receipt::{self, AWAITING_PERSON},
    },
};

/// Why an asset is missed that a person was asked to publish.
const NOT_CONFIRMED: &str = "NotConfirmedInTime";
/// How soon after the last instant it is looked at again, to say that it is missed.
const A_SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Every gate is open: the person of the channel is asked.
pub(super) fn ask(
    observed: &Observed,
    receipt: &ReceiptFacts,
    gates: Vec<Gate>,
    (manual, epoch): (&ManualChannel, u32),
) -> Plan {
    let Some(send) = send_order(observed, receipt, epoch) else {
        return held(&gates).unwrap_or_else(|| super::inconsistent(gates));
    };
    let order = AskOrder {
        send,
        person: manual.person.clone(),
        within: manual.within,
    };
    let message = format!("{} is asked to publish it by hand.", manual.person);
    plan(
        gates,
        AssetPhase::Publishing,
        "Asking",
        message,
        Action::Ask(order),
    )
}

/// A person was asked, and has said nothing yet; `None` where the asset goes its way as if nobody had been asked.
pub(super) fn awaited(
    observed: &Observed,
    receipt: &ReceiptFacts,
    asked: &PersonAsked,
    gates: &[Gate],
    now: Timestamp,
) -> Option<Plan> {
    let manual = channel(observed).ok().and_then(|channel| channel.manual.as_ref());
    let stands = asked.withdrawn_at.is_none();
    let told = Told {
        observed,
        asked,
        manual,
    };
    if let Some(stopped) = stop(gates, observed) {
        return match held(gates) {
            Some(plan) if stands => Some(withdrawn(plan, stopped)),
            held => held,
        };
    }
    // Whoever was asked may have published it, so that no machine takes over without a word.
    if manual.is_none() {
        return Some(told.waiting(gates, None));
    }
    let has_a_new_date = observed.asset.publish_at.is_some_and(|at| at > asked.until.0);
    match (stands, has_a_new_date) {
        (false, _) => None,
        (true, true) => {
            let message = "It has a new date; whoever was asked to publish it by hand is asked again then.";
            let action = withdrawal("Rescheduled");
            Some(plan(
                gates.to_vec(),
                AssetPhase::Scheduled,
                "Rescheduled",
                message,
                action,
            ))
        }
        (true, false) if asked.content_digest != observed.asset.content_digest => {
            let epoch = receipt.status.epoch;
            manual.map(|manual| ask(observed, receipt, gates.to_vec(), (manual, epoch)))
        }
        (true, false) if now > asked.until.0 => Some(told.missed(gates)),
        (true, false) => {
            let look_at = asked.until.0.checked_add(A_SECOND).ok();
            Some(told.waiting(gates, look_at))
        }
    }
}

/// Why a gate takes a request back, if one does.
///
/// A gate that is only closed to our own eyes does not: the host is silent, the clocks disagree, a channel is being looked
/// at. Nor do the limits and the time: both were open when the person was asked.
fn stop(gates: &[Gate], observed: &Observed) -> Option<String> {
    let mut before_limits = gates.iter().filter(|gate| gate.name < GateName::Limits);
    let stops = before_limits.find(|gate| takes_back(gate, observed))?;
    stops.state.reason().map(str::to_owned)
}

fn takes_back(gate: &Gate, observed: &Observed) -> bool {
    let (GateState::Waiting { phase, .. } | GateState::Closed { phase, .. }) = &gate.state else {
        return false;
    };
    match (gate.name, phase) {
        (GateName::Source, AssetPhase::Blocked) => is_given_up(&observed.asset),
        (GateName::Guards, AssetPhase::Blocked) => observed.guards.pending.is_none(),
        (GateName::Target | GateName::Guards, _) | (GateName::Switches, AssetPhase::Blocked) => false,
        _ => true,
    }
}

/// Nobody wants it any more: its row is gone, or it is being deleted.
fn is_given_up(asset: &AssetFacts) -> bool {
    let withdrawn = asset.made.as_ref().map_or("", |made| made.withdrawn.as_str());
    asset.gone || asset.deleting || !(withdrawn.is_empty() || withdrawn == UNREADABLE)
}

fn withdrawn(mut plan: Plan, reason: String) -> Plan {
    plan.action = Action::Withdraw { reason };
    plan
}

fn withdrawal(reason: &str) -> Action {
    Action::Withdraw {
        reason: reason.to_owned(),
    }
}

/// What is told of a request.
struct Told<'a> {
    observed: &'a Observed,
    asked: &'a PersonAsked,
    manual: Option<&'a ManualChannel>,
}

impl Told<'_> {
    fn waiting(&self, gates: &[Gate], wake_at: Option<Timestamp>) -> Plan {
        let PersonAsked {
            person, at, until, ..
        } = self.asked;
        let until = match self.asked.withdrawn_at {
            None => format!(" until {}", until.0),
            Some(_) => String::new(),
        };
        let message = format!(
            "{person} is asked since {} to publish it by hand{until}. {}{}{}",
            at.0,
            self.answers(),
            self.asked_before(),
            self.instructions()
        );
        let mut plan = plan(
            gates.to_vec(),
            AssetPhase::AwaitingPerson,
            AWAITING_PERSON,
            receipt::shortened(&message, 1000),
            Action::Wait,
        );
        plan.wake_at = wake_at;
        plan
    }

    fn missed(&self, gates: &[Gate]) -> Plan {
        let PersonAsked {
            person, at, until, ..
        } = self.asked;
        let message = format!(
            "{person} was asked at {} to publish it by hand, and had not confirmed it by {}. {} To have it asked again, \
             give it a new date.",
            at.0,
            until.0,
            self.answers()
        );
        plan(
            gates.to_vec(),
            AssetPhase::Missed,
            NOT_CONFIRMED,
            message,
            Action::Wait,
        )
    }

    /// How a person answers, and where the words are.
    fn answers(&self) -> String {
        let name = &self.observed.asset.name;
        format!(
            "Then: campanile done asset/{name} --url URL, or campanile not-done asset/{name} --reason WHY. The words: kubectl \
             get asset {name} -o jsonpath='{{.spec.content.text}}'."
        )
    }

    fn asked_before(&self) -> &'static str {
        if self.asked.times > 1 {
            " It was asked before: look first whether it is published already."
        } else {
            ""
        }
    }

    fn instructions(&self) -> String {
        let instructions = self.manual.and_then(|manual| manual.instructions.as_ref());
        instructions.map_or_else(String::new, |instructions| format!(" {instructions}"))
    }
}
