//! Why an asset is where it is: every gate with what it was judged by, who or what opens it, and when it is judged again.

mod evidence;
mod opening;
mod room;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    decide::decide,
    gates::first_held,
    observed::Observed,
    plan::{Action, Gate, GateName, GateState, Plan, Warning},
    schedule,
};
use crate::api::{AssetPhase, AssetSource, AssetType, Finding, Target};
pub use opening::{Opener, Opening};

/// Where the words of an asset stand: what people need and no decision does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// The row, page or e-mail, as of its revision.
    pub source: Option<AssetSource>,
    /// What was found in it.
    pub findings: Vec<Finding>,
    /// The IANA zone of its schedule; times are shown in it. Empty for UTC.
    pub time_zone: String,
}

impl Origin {
    /// An instant as the asset's own people read it: `2026-02-16 09:00 Asia/Jerusalem`.
    pub fn local(&self, instant: Timestamp) -> String {
        let zone = if self.time_zone.is_empty() {
            "UTC"
        } else {
            &self.time_zone
        };
        schedule::local_text(instant, zone).unwrap_or_else(|_| instant.to_string())
    }

    /// Where the first finding that stops it stands, else the row: path, line, and a column where one is known.
    pub fn place(&self) -> Option<Place> {
        let finding = self
            .findings
            .iter()
            .find(|finding| finding.severity == crate::api::Severity::Error && !finding.path.is_empty());
        let found = finding.map(|finding| Place {
            path: finding.path.clone(),
            line: finding.line,
            column: finding.column,
        });
        found.or_else(|| {
            self.source.as_ref().map(|source| Place {
                path: source.path.clone(),
                line: source.line,
                column: 0,
            })
        })
    }
}

/// A place in a file of the branch.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Path on the branch.
    pub path: String,
    /// From 1; 0 where the whole file is meant.
    pub line: u32,
    /// From 1, in characters; 0 where the whole line is meant.
    pub column: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(formatter, "{}", self.path),
            (line, 0) => write!(formatter, "{}:{line}", self.path),
            (line, column) => write!(formatter, "{}:{line}:{column}", self.path),
        }
    }
}

/// Why one asset is where it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Name of the Asset.
    pub asset: String,
    /// Name of its Campaign.
    pub campaign: String,
    /// The id of the post.
    pub post_id: String,
    /// Where it goes.
    pub target: Target,
    /// The locale.
    pub locale: String,
    /// What it is.
    #[serde(rename = "type")]
    pub type_: AssetType,
    /// When it is to be published.
    pub publish_at: Option<Timestamp>,
    /// The same as its own people read it.
    pub publish_at_local: Option<String>,
    /// Where its words stand.
    pub place: Option<Place>,
    /// Digest of everything that a reader would receive.
    pub content_digest: String,
    /// Where it is.
    pub phase: AssetPhase,
    /// One word that says why.
    pub reason: String,
    /// A sentence that says why, and what to do: the message of the Asset's conditions.
    pub message: String,
    /// Why limits leave no room for it before it is missed, while that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_be_missed: Option<Warning>,
    /// Every gate, in order.
    pub gates: Vec<ExplainedGate>,
    /// What is done about the slot now.
    pub action: Action,
    /// When it is judged again although nothing changed; none where only a change makes a difference.
    pub next_look_at: Option<Timestamp>,
    /// The same as its own people read it.
    pub next_look_at_local: Option<String>,
}

/// Whether a gate lets an asset pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Passage {
    /// It does.
    Open,
    /// It will, by itself.
    Waiting,
    /// It does not.
    Closed,
    /// It has passed: the last gate of what is published.
    Passed,
}

/// A gate, what it was judged by, and what would open it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedGate {
    /// Name of the gate.
    pub name: GateName,
    /// Whether it lets the asset pass.
    pub state: Passage,
    /// One word, where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A sentence, where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What it was judged by.
    pub evidence: Vec<String>,
    /// Who or what opens it, where it is not open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<Opening>,
}

/// Explains where an asset is, by the very gates and plan that [`decide`] makes.
pub fn explain(observed: &Observed, origin: &Origin, now: Timestamp) -> Explanation {
    let plan = decide(observed, now);
    let asset = &observed.asset;
    let claim = claim(&plan);
    let told = Told {
        observed,
        origin,
        now,
    };
    let gates = plan.gates.iter().chain([&claim]);
    Explanation {
        asset: asset.name.clone(),
        campaign: asset.campaign.clone(),
        post_id: asset.post_id.clone(),
        target: asset.target.clone(),
        locale: asset.locale.clone(),
        type_: asset.type_,
        publish_at: asset.publish_at,
        publish_at_local: asset.publish_at.map(|at| origin.local(at)),
        place: origin.place(),
        content_digest: asset.content_digest.clone(),
        gates: gates.map(|gate| explained(gate, &told)).collect(),
        next_look_at_local: plan.wake_at.map(|at| origin.local(at)),
        phase: plan.phase,
        reason: plan.reason,
        message: plan.message,
        would_be_missed: plan.would_be_missed,
        action: plan.action,
        next_look_at: plan.wake_at,
    }
}

/// What an explanation is made from.
struct Told<'a> {
    observed: &'a Observed,
    origin: &'a Origin,
    now: Timestamp,
}

fn explained(gate: &Gate, told: &Told<'_>) -> ExplainedGate {
    let state = match &gate.state {
        GateState::Open => Passage::Open,
        GateState::Waiting { .. } => Passage::Waiting,
        GateState::Closed {
            phase: AssetPhase::Posted,
            ..
        } => Passage::Passed,
        GateState::Closed { .. } => Passage::Closed,
    };
    ExplainedGate {
        name: gate.name,
        state,
        reason: gate.state.reason().map(str::to_owned),
        message: gate.state.message().map(str::to_owned),
        evidence: evidence::evidence(gate.name, told),
        opens: opening::opening(gate, told),
    }
}

/// The last gate: what the receipt says, where that and no gate before it decides.
fn claim(plan: &Plan) -> Gate {
    let held = first_held(&plan.gates);
    let by_a_gate = held.is_some_and(|state| state.reason() == Some(&plan.reason));
    let goes = plan.action.publishes();
    let (phase, reason, message) = (plan.phase, plan.reason.clone(), plan.message.clone());
    let state = match plan.wake_at {
        _ if by_a_gate || goes => GateState::Open,
        Some(until) if phase == AssetPhase::Scheduled => GateState::Waiting {
            until,
            phase,
            reason,
            message,
        },
        until => GateState::Closed {
            phase,
            reason,
            message,
            until,
        },
    };
    Gate {
        name: GateName::Claim,
        state,
    }
}
