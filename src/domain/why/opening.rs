//! Who or what opens a gate, and when.

use jiff::Timestamp;
use serde::Serialize;

use super::Told;
use crate::{
    api::AssetPhase,
    domain::{
        halts::Stage,
        items,
        plan::{Gate, GateName, GateState},
        receipt::AWAITING_PERSON,
    },
};

/// Who or what can open a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Opener {
    /// An instant, by itself.
    Time,
    /// Whoever commits to the branch.
    Branch,
    /// Whoever may approve.
    Approver,
    /// Whoever keeps the Campaign.
    Campaign,
    /// Whoever keeps the ChannelConfig and its Secrets.
    Channel,
    /// Whoever keeps the PolicyPacks.
    Policy,
    /// Whoever stopped it.
    Halt,
    /// The post that it goes out after.
    Post,
    /// Whoever looks at the account and settles the receipt.
    Receipt,
    /// Whoever was asked to publish it by hand.
    Person,
    /// The operator, or whoever runs it.
    Operator,
    /// Nobody: it is over.
    Nobody,
}

/// Who or what opens a gate, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opening {
    /// Who or what.
    pub by: Opener,
    /// The same in words, with the place or the object that it takes.
    pub how: String,
    /// When it opens by itself, or what it says changes by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What a commit opens that need not touch the row of the asset.
const NOT_IN_ITS_ROW: [&str; 4] = [
    "SourceNotParsed",
    "FileUnreadable",
    "RowWithdrawn",
    "PublishedElsewhere",
];

/// Who or what opens a gate that is not open; nobody opens the last one of what is published.
pub(super) fn opening(gate: &Gate, told: &Told<'_>) -> Option<Opening> {
    let (by, at) = match &gate.state {
        GateState::Open
        | GateState::Closed {
            phase: AssetPhase::Posted,
            ..
        } => return None,
        GateState::Waiting { until, .. } => (Opener::Time, Some(*until)),
        GateState::Closed {
            phase, reason, until, ..
        } => (opener(gate.name, *phase, reason), *until),
    };
    let elsewhere = gate
        .state
        .reason()
        .is_some_and(|reason| NOT_IN_ITS_ROW.contains(&reason));
    let how = if by == Opener::Branch && elsewhere {
        "a commit to the branch".to_owned()
    } else {
        how(by, at, told)
    };
    Some(Opening { by, how, at })
}

/// By the reason where that tells, else by the gate: a reason that nobody listed here still has its gate's opener.
fn opener(gate: GateName, phase: AssetPhase, reason: &str) -> Opener {
    match reason {
        "AssetGone" | "BeingDeleted" => return Opener::Nobody,
        "CampaignMissing" | "TimeZoneUnknown" | "CampaignIdTaken" | "SourceAlreadyOwned"
        | "CampaignSuspended" | "CampaignDisabled" | "ApproversMissing" => return Opener::Campaign,
        "SourceNotReadYet"
        | "SourceNotReadInTime"
        | "SourceStale"
        | "EditedByHand"
        | "ChannelNotReady"
        | "ClockSkew"
        | "StoreWentBack"
        | "LinksUnchecked" => return Opener::Operator,
        "MadeByHand" | "HaltEnded" => return Opener::Approver,
        "Draft" | "SkippedByHalt" => return Opener::Branch,
        "ChannelDisabled" | "ChannelRefused" => return Opener::Channel,
        // Limits that leave no room within a year: what opens by itself waits.
        "OutsideWindow" | "QuietHours" | "MinimumGap" | "RateBucketEmpty" | "DailyCapReached" => {
            return Opener::Channel;
        }
        "WaitingForPost" | "WaitingForItem" => return Opener::Post,
        "PolicyMissing" | "PolicyNotReady" => return Opener::Policy,
        AWAITING_PERSON => return Opener::Person,
        _ => {}
    }
    match (gate, phase) {
        (_, AssetPhase::Missed) | (GateName::Source | GateName::Guards | GateName::Time, _) => Opener::Branch,
        (GateName::Target, _) => Opener::Channel,
        (GateName::Approval, _) => Opener::Approver,
        (GateName::Switches, _) => Opener::Halt,
        (GateName::Limits, _) => Opener::Time,
        (GateName::Claim, _) => Opener::Receipt,
    }
}

fn how(by: Opener, at: Option<Timestamp>, told: &Told<'_>) -> String {
    let Told { observed, origin, .. } = told;
    let asset = &observed.asset;
    match by {
        Opener::Time => match at {
            Some(at) => format!("by itself at {}", origin.local(at)),
            None => "by itself".to_owned(),
        },
        Opener::Branch => match origin.place() {
            Some(place) => format!("a commit that changes {place}"),
            None => "a commit to the branch".to_owned(),
        },
        Opener::Approver => format!(
            "a person who approves {}",
            super::evidence::short(&asset.content_digest)
        ),
        Opener::Campaign => format!("whoever keeps Campaign {}", asset.campaign),
        Opener::Channel => match observed.channels.as_slice() {
            [] => format!(
                "a ChannelConfig for {}/{}",
                asset.target.platform, asset.target.account
            ),
            channels => {
                let names: Vec<&str> = channels.iter().map(|channel| channel.name.as_str()).collect();
                format!("whoever keeps ChannelConfig {}", names.join(", "))
            }
        },
        Opener::Policy => format!("whoever keeps the policies of Campaign {}", asset.campaign),
        Opener::Halt => halts(told),
        Opener::Post => {
            if let Some(item) = items::replies_to(&asset.item) {
                return format!("the item {item} of the same post, when it is published");
            }
            let post = asset.after.as_deref().unwrap_or_default();
            format!("the post {post}, when it is published")
        }
        Opener::Receipt => "whoever looks at the account and settles the receipt".to_owned(),
        Opener::Person => {
            let asked = observed
                .receipt
                .iter()
                .filter_map(|receipt| receipt.status.asked.as_ref());
            let person = asked.map(|asked| asked.person.as_str()).next_back();
            format!(
                "{}, who publishes it by hand and says so: campanile done asset/{}",
                person.unwrap_or("a person"),
                asset.name
            )
        }
        Opener::Operator => "the operator, or whoever runs it".to_owned(),
        Opener::Nobody => "nobody".to_owned(),
    }
}

/// Whoever made the Halts in force, and how each is ended.
fn halts(told: &Told<'_>) -> String {
    let halts = told.observed.halts.iter();
    let ends: Vec<String> = halts
        .filter(|halt| halt.stage(told.now) != Stage::Ended)
        .map(|halt| format!("{} (campanile resume {})", halt.owner, halt.name))
        .collect();
    if ends.is_empty() {
        "whoever stopped it".to_owned()
    } else {
        ends.join(", and ")
    }
}
