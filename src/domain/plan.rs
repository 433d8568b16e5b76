//! Plans: what is decided for one asset, as a value that can be executed, printed, compared and kept.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::api::{AssetPhase, GoDuration};

/// One gate that an asset has to pass, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// Name of the gate.
    pub name: GateName,
    /// How it stands.
    pub state: GateState,
}

/// The gates, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum GateName {
    /// The branch was read, and the asset is what the branch says.
    Source,
    /// The target resolves to one channel, and its configuration is complete.
    Target,
    /// The content passes the guards.
    Guards,
    /// Somebody approved exactly this.
    Approval,
    /// Nobody has stopped it.
    Switches,
    /// Limits leave room.
    Limits,
    /// The time has come, and has not passed.
    Time,
    /// The slot is ours.
    Claim,
}

/// How a gate stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum GateState {
    /// It lets the asset pass.
    Open,
    /// It opens by itself at an instant.
    Waiting {
        /// When to look again.
        until: Timestamp,
        /// The phase that the asset has meanwhile.
        phase: AssetPhase,
        /// One word.
        reason: String,
        /// A sentence.
        message: String,
    },
    /// Something has to change first.
    Closed {
        /// The phase that the asset has meanwhile.
        phase: AssetPhase,
        /// One word.
        reason: String,
        /// A sentence that says what to do.
        message: String,
        /// When it is worth looking again although nothing changed.
        until: Option<Timestamp>,
    },
}

impl GateState {
    /// The word that says why it is not open.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Open => None,
            Self::Waiting { reason, .. } | Self::Closed { reason, .. } => Some(reason),
        }
    }

    /// The sentence that says why it is not open, and what to do.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Open => None,
            Self::Waiting { message, .. } | Self::Closed { message, .. } => Some(message),
        }
    }

    /// When it opens by itself, or is worth another look.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Open => None,
            Self::Waiting { until, .. } => Some(*until),
            Self::Closed { until, .. } => *until,
        }
    }
}

/// What to do about the slot now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Action {
    /// Nothing.
    Wait,
    /// Create the receipt.
    Claim,
    /// Create the receipt, or turn the one that stands, into one whose outcome nobody knows: it was due before the store
    /// was restored.
    HoldAsUnknown,
    /// Create the receipt, or turn the one that stands, into one that a person published.
    RecordByHand,
    /// Write the intent, look once more, and send.
    Send(SendOrder),
    /// Ask a person to publish it by hand, once.
    Ask(AskOrder),
    /// Take back what a person was asked.
    Withdraw {
        /// One word that says why.
        reason: String,
    },
    /// Write down that an attempt without an outcome may be live.
    MarkUnknown {
        /// The attempt.
        attempt: String,
    },
    /// Ask the platform whether it has what an undecided attempt sent.
    LookUp,
    /// Every undecided attempt certainly arrived nowhere: write that down.
    SettleAbsent,
    /// Open the slot again, as a person asked.
    Release,
}

impl Action {
    /// Whether it leads to a publication, so that it takes room of the account.
    pub const fn publishes(&self) -> bool {
        matches!(self, Self::Claim | Self::Send(_) | Self::Ask(_))
    }
}

/// A send that is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SendOrder {
    /// The slot's epoch.
    pub epoch: u32,
    /// The version of a page or template, from 1; 0 for posts and e-mails.
    pub revision: u32,
    /// Digest of what is sent.
    pub content_digest: String,
    /// Name of the channel.
    pub channel: String,
    /// Digest of where it goes.
    pub endpoint_digest: String,
    /// What an earlier attempt of this epoch prepared; it and nothing else is committed.
    pub prepared_id: Option<String>,
    /// The platform's own id of the item that it replies to: that of the first attempt under the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// A request to a person that is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskOrder {
    /// What is to be published, and under which key.
    pub send: SendOrder,
    /// Who is asked.
    pub person: String,
    /// How long the person has to confirm.
    pub within: GoDuration,
}

/// Something that is said beside what is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// One word.
    pub reason: String,
    /// A sentence that says why, and what to do.
    pub message: String,
}

/// What is decided for one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// How each gate stands.
    pub gates: Vec<Gate>,
    /// Where the asset is.
    pub phase: AssetPhase,
    /// One word that says why.
    pub reason: String,
    /// A sentence that says why, and what to do next.
    pub message: String,
    /// What to do about the slot now.
    pub action: Action,
    /// When to look again although nothing changed.
    pub wake_at: Option<Timestamp>,
    /// Why limits leave no room for it before it is missed, while that is so.
    pub would_be_missed: Option<Warning>,
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {}: {}", self.phase, self.reason, self.message)?;
        if self.action != Action::Wait {
            write!(formatter, " [{:?}]", self.action)?;
        }
        if let Some(wake_at) = self.wake_at {
            write!(formatter, " (next look {wake_at})")?;
        }
        Ok(())
    }
}
