//! Who has to allow what goes out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::one;
use crate::api::{GoDuration, TimeOfDay, Weekday};

/// How approval works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalPolicy {
    /// Required: each text is approved. Window: what goes out needs a decision that was made in the review window. Autonomous: rows with the status approved go out whatever their words are now. A person is needed in every mode for sensitive topics and for the first publication on a channel.
    #[serde(default)]
    pub mode: ApprovalMode,
    /// PerDigest: the status approved approves the words it was first seen with. PerRevision: every pushed revision counts as approved.
    #[serde(default)]
    pub branch: BranchApproval,
    /// When decisions are made, for mode Window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<ReviewWindow>,
    /// Who has to approve. Where this asks for more than one person, for a group or for another person than the author, only Approval objects count: nobody has proven who wrote a commit.
    #[serde(default)]
    pub approvers: Approvers,
    /// For how long after the instant at which it is due an approval still counts; for ever if left out. Nothing is ever approved by waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<GoDuration>,
    /// What needs a person in every mode, beside what always does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub always_for: Vec<AlwaysFor>,
}

/// Who has to allow what goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ApprovalMode {
    /// Each text is approved, on the branch or by an Approval.
    #[default]
    Required,
    /// What goes out needs a decision that was made in the review window.
    Window,
    /// Rows with the status approved go out whatever their words are now.
    Autonomous,
}

/// The time of day in which decisions are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewWindow {
    /// When it opens, HH:MM.
    pub start: TimeOfDay,
    /// For how long it is open, such as 15m.
    pub duration: GoDuration,
    /// The days on which it opens; every day if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    pub days: Vec<Weekday>,
    /// Its time zone; the campaign's if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
}

/// Who has to approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approvers {
    /// How many different people.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 16))]
    pub minimum: u32,
    /// Groups of which each of them is in one; anybody counts if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    pub groups: Vec<String>,
    /// True: whoever last changed the words does not count.
    #[serde(default)]
    pub forbid_author: bool,
}

/// What needs a person in every mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum AlwaysFor {
    /// What a rule of a policy pack calls for a person about; always, also where it is not listed.
    SensitiveTopic,
    /// The first publication on a channel; always, also where it is not listed.
    FirstPublicationOnChannel,
    /// Whatever raises a cap; always, also where it is not listed: a file can lower a cap and never raise one.
    CapRaise,
    /// Every post.
    Post,
    /// Every e-mail to an audience.
    Email,
    /// Every stored e-mail template.
    Template,
    /// Every web page.
    Page,
}

/// What the status `approved` in a file approves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BranchApproval {
    /// The words that it was first seen with.
    #[default]
    PerDigest,
    /// Whatever the pushed revision says.
    PerRevision,
}

impl Default for Approvers {
    fn default() -> Self {
        Self {
            minimum: one(),
            groups: Vec::new(),
            forbid_author: false,
        }
    }
}
